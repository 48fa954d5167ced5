"""Batches of training windows: which lines, and which part of each."""

from collections.abc import Iterator

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from train.line_cache import LineCache

SPARE = 64  # columns beyond the encoder's window, so that geometric augmentation has letters to draw in


class WindowDataset(Dataset):
    """Windows cut from cached lines; an item is asked for by (line, position), position 0-1 along the line."""

    def __init__(self, lines: LineCache, width: int) -> None:
        self.lines, self.width = lines, width

    def __len__(self) -> int:
        return len(self.lines)

    def __getitems__(self, wanted: list[tuple[int, float]]) -> dict[str, Tensor]:
        """`window` (N, 1, height, width) uint8; `face` and `line`, its place in the cache, (N,) int64."""
        windows = np.zeros((len(wanted), 1, self.lines.columns.shape[1], self.width), np.uint8)
        for window, (line, position) in zip(windows, wanted, strict=True):
            pixels = self.lines[line]
            room = pixels.shape[1] - self.width
            if room >= 0:
                start = round(position * room)
                window[0] = pixels[:, start : start + self.width]
            else:
                start = round(position * -room)
                window[0, :, start : start + pixels.shape[1]] = pixels
        lines = np.array([line for line, _ in wanted])
        labels = {"face": torch.from_numpy(self.lines.face[lines]), "line": torch.from_numpy(lines)}
        return {"window": torch.from_numpy(windows)} | labels


class MiddleWindows(WindowDataset):
    """A window of each of the `chosen` lines, at the same position of all: for validation."""

    def __init__(self, lines: LineCache, width: int, chosen: np.ndarray, position: float = 0.5) -> None:
        super().__init__(lines, width)
        self.chosen, self.position = chosen, position

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitems__(self, wanted: list[int]) -> dict[str, Tensor]:
        return super().__getitems__([(int(self.chosen[index]), self.position) for index in wanted])


class FamilySampler(Sampler[tuple[int, float]]):
    """Draws families by the square root of their number of faces, then a face, then one of its lines.

    Args:
        among: lines that may be drawn, ascending.
        lines_per_face: how often in a row a face is drawn, each time with a line of its own.
        regular: for each family its regular face, which gets `regular_share` of the draws where there are others.
    """

    def __init__(
        self,
        lines: LineCache,
        among: np.ndarray,
        regular: set[int],
        regular_share: float,
        images: int,
        seed: int,
        lines_per_face: int = 1,
    ) -> None:
        self.images, self.seed, self.epoch, self.lines_per_face = images, seed, 0, lines_per_face
        drawn = lines.face[among]
        order = np.argsort(drawn, kind="stable")
        self.by_face = among[order]  # lines of the first face, of the second...
        faces, self.firsts, self.counts = np.unique(drawn[order], return_index=True, return_counts=True)
        families = lines.family[self.by_face[self.firsts]]
        weights = np.zeros(len(faces))
        for family in np.unique(families):
            members = np.flatnonzero(families == family)
            is_regular = np.array([faces[m] in regular for m in members])
            share = np.full(len(members), 1 / len(members))
            if is_regular.any() and not is_regular.all():
                share = np.where(is_regular, regular_share, (1 - regular_share) / (~is_regular).sum())
            weights[members] = share * np.sqrt(len(members))
        self.weights = weights / weights.sum()

    def __len__(self) -> int:
        return self.images

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """The epoch's lines, (images,) int64, and positions along them, (images,) float64 0-1."""
        rng = np.random.default_rng([self.seed, self.epoch])
        faces = rng.choice(len(self.weights), self.images // self.lines_per_face, p=self.weights)
        faces = faces.repeat(self.lines_per_face)
        which = (rng.random(len(faces)) * self.counts[faces]).astype(np.int64)
        return self.by_face[self.firsts[faces] + which], rng.random(len(faces))

    def __iter__(self) -> Iterator[tuple[int, float]]:
        lines, positions = self.draw()
        yield from zip(lines.tolist(), positions.tolist(), strict=True)


class ResidentBatches:
    """Batches of windows cut from lines that lie in the accelerator's memory: for one that outruns its processors.

    Iterated, it gives what a `DataLoader` of `WindowDataset` and the sampler gives, each process its part of a batch.
    """

    def __init__(
        self, lines: LineCache, width: int, sampler: FamilySampler, batch_size: int, accelerator: Accelerator
    ) -> None:
        device = accelerator.device
        self.columns = torch.from_numpy(np.array(lines.columns)).to(device)
        self.starts, self.face = torch.from_numpy(lines.starts).to(device), torch.from_numpy(lines.face).to(device)
        self.width, self.sampler, self.batch_size = width, sampler, batch_size
        self.part = slice(accelerator.process_index, None, accelerator.num_processes)

    def __len__(self) -> int:
        return len(self.sampler) // self.batch_size

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        lines, positions = (torch.from_numpy(drawn).to(self.columns.device) for drawn in self.sampler.draw())
        for first in range(0, len(self) * self.batch_size, self.batch_size):
            mine = slice(first, first + self.batch_size)
            yield self.cut(lines[mine][self.part], positions[mine][self.part])

    def cut(self, lines: Tensor, positions: Tensor) -> dict[str, Tensor]:
        """As `WindowDataset.__getitems__`, from (N,) int64 lines and (N,) float64 positions."""
        starts, lengths = self.starts[lines], self.starts[lines + 1] - self.starts[lines]
        room = lengths - self.width
        first = (positions * room).round().long()  # below 0 where the line is shorter than the window
        column = first[:, None] + torch.arange(self.width, device=first.device)
        inside = (column >= 0) & (column < lengths[:, None])
        windows = self.columns[(starts[:, None] + column).where(inside, 0)] * inside[:, :, None]
        return {"window": windows.transpose(1, 2)[:, None], "face": self.face[lines], "line": lines}


class WholeLines(ResidentBatches):
    """The same, each line from its first column."""

    def cut(self, lines: Tensor, positions: Tensor) -> dict[str, Tensor]:
        return super().cut(lines, positions * 0)


class SideBySide:
    """Batches of two loaders, one behind the other: `first` and `second` as they come, and the `face` of both."""

    def __init__(self, first: ResidentBatches, second: ResidentBatches) -> None:
        self.first, self.second = first, second

    def __len__(self) -> int:
        return min(len(self.first), len(self.second))

    def __iter__(self) -> Iterator[dict]:
        for first, second in zip(self.first, self.second, strict=False):
            yield {"first": first, "second": second, "face": torch.cat([first["face"], second["face"]])}


def as_fetched(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """`collate_fn` for `WindowDataset`, which fetches whole batches."""
    return batch
