"""Prepared lines of a data set's split in one memory-mapped file, so that an epoch decodes no picture."""

import json
import os
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from datasets import Dataset, load_dataset
from tqdm import tqdm

from fontid.encoder.preprocessing import Preprocessing, find_ink, fit_line

WIDEST = 512  # columns kept of a line; training windows are cut from these
PART = 2048  # lines a job


class LineCache:
    """Lines of one split, each a slice of one flat array of columns.

    Attributes:
        columns: (sum of widths, height) uint8, memory-mapped; ink 255.
        starts: (N + 1,) int64; line i is `columns[starts[i]:starts[i + 1]].T`.
        face, family: (N,) int64, labels of the data set.
        pixel_size: (N,) int64, font size in pixels; renderer: (N,) names.
        baseline, x_height: (N,) float32, the baseline's row and the x-height in pixels of the prepared line; NaN
            where the data set does not say.
        face_names, family_names: the data set's `ClassLabel` names, in their order.
    """

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "about.json").read_text())
        self.face_names, self.family_names = about["face"], about["family"]
        with np.load(folder / "rows.npz") as rows:
            self.starts, self.face, self.family = rows["starts"], rows["face"], rows["family"]
            self.pixel_size, self.renderer = rows["pixel_size"], rows["renderer"]
            self.baseline, self.x_height = rows["baseline"], rows["x_height"]
        shape = (int(self.starts[-1]), about["height"])
        self.columns = np.memmap(folder / "columns.bin", np.uint8, "r", shape=shape)

    def __len__(self) -> int:
        return len(self.face)

    def warm(self) -> None:
        """Read the file once from end to end, so that the random reads of training find it in memory."""
        with open(self.columns.filename, "rb", buffering=0) as file:
            while file.read(1 << 24):
                pass

    def __getitem__(self, index: int) -> np.ndarray:
        """(height, W) uint8. Raises: IndexError past the end."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.columns[self.starts[index] : self.starts[index + 1]].T


def open_cache(data: Path, split: str, settings: Preprocessing) -> LineCache:
    """The cache of a split, made on first use beside the data set, by all processors."""
    folder = data / "prepared" / f"{split}-{settings.height}-{settings.ink_height}"
    if not (folder / "about.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make(load_dataset(str(data), split=split), folder, settings)  # nosec B615: a folder on this machine
    return LineCache(folder)


def _make(rows: Dataset, folder: Path, settings: Preprocessing) -> None:
    parts = [range(start, min(start + PART, len(rows))) for start in range(0, len(rows), PART)]
    kept = []
    jobs = min(len(os.sched_getaffinity(0)), len(parts))
    with get_context("spawn").Pool(jobs) as pool, open(folder / "columns.bin", "wb") as file:
        prepared = pool.imap(partial(_prepare, rows, settings), parts)
        for columns, of_part in tqdm(prepared, f"prepare {folder.name}", len(parts)):
            file.write(columns)
            kept += of_part
    index, widths, tops, scales = (np.array(column) for column in zip(*kept, strict=True))
    margin = (settings.height - settings.ink_height) // 2
    baseline, x_height = (np.asarray(rows[name], np.float32)[index] for name in ("baseline", "x_height"))
    np.savez(
        folder / "rows.npz",
        starts=np.concatenate([[0], np.cumsum(widths)]).astype(np.int64),
        **{name: np.asarray(rows[name])[index].astype(np.int64) for name in ("face", "family", "pixel_size")},
        renderer=np.asarray(rows["renderer"])[index],
        baseline=((baseline - tops) * scales + margin).astype(np.float32),
        x_height=(x_height * scales).astype(np.float32),
    )
    about = {label: rows.features[label].names for label in ("face", "family")} | {"height": settings.height}
    (folder / "about.json").write_text(json.dumps(about))  # last: its presence says that the cache is whole


def _prepare(rows: Dataset, settings: Preprocessing, part: range) -> tuple[bytes, list[tuple[int, int, int, float]]]:
    """Columns of the lines that hold ink, and of each its index, width, its ink's first row and how much it grew."""
    chunks, kept = [], []
    for index, image in zip(part, rows[part.start : part.stop]["image"], strict=True):
        ink = find_ink(np.asarray(image))
        if ink is not None:
            line, (_, top, _, bottom) = fit_line(ink, settings), ink.box
            first = _cut(index, line.shape[1] - WIDEST) if line.shape[1] > WIDEST else 0
            piece = line[:, first : first + WIDEST]
            chunks.append(np.ascontiguousarray(piece.T).tobytes())
            kept.append((index, piece.shape[1], top, settings.ink_height / (bottom - top)))
    return b"".join(chunks), kept


def _cut(index: int, room: int) -> int:
    """Where a long line is cut: spread over the line, the same at every call."""
    return index * 7919 % (room + 1)
