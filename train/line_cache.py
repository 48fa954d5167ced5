"""Prepared lines of a data set's split in one memory-mapped file, so that an epoch decodes no picture."""

import json
import os
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from datasets import Dataset, load_dataset
from tqdm import tqdm

from fontid.encoder.preprocessing import Preprocessing, prepare_line

WIDEST = 512  # columns kept of a line; training windows are cut from these
PART = 2048  # lines a job


class LineCache:
    """Lines of one split, each a slice of one flat array of columns.

    Attributes:
        columns: (sum of widths, height) uint8, memory-mapped; ink 255.
        starts: (N + 1,) int64; line i is `columns[starts[i]:starts[i + 1]].T`.
        face, family: (N,) int64, labels of the data set.
        pixel_size: (N,) int64, font size in pixels; renderer: (N,) names.
        face_names, family_names: the data set's `ClassLabel` names, in their order.
    """

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "about.json").read_text())
        self.face_names, self.family_names = about["face"], about["family"]
        with np.load(folder / "rows.npz") as rows:
            self.starts, self.face, self.family = rows["starts"], rows["face"], rows["family"]
            self.pixel_size, self.renderer = rows["pixel_size"], rows["renderer"]
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
    widths, kept = [], []
    with Pool(len(os.sched_getaffinity(0))) as pool, open(folder / "columns.bin", "wb") as file:
        prepared = pool.imap(partial(_prepare, rows, settings), parts)
        for columns, part_widths, part_kept in tqdm(prepared, f"prepare {folder.name}", len(parts)):
            file.write(columns)
            widths += part_widths
            kept += part_kept
    np.savez(
        folder / "rows.npz",
        starts=np.concatenate([[0], np.cumsum(widths)]).astype(np.int64),
        face=np.asarray(rows["face"])[kept].astype(np.int64),
        family=np.asarray(rows["family"])[kept].astype(np.int64),
        pixel_size=np.asarray(rows["pixel_size"])[kept].astype(np.int64),
        renderer=np.asarray(rows["renderer"])[kept],
    )
    about = {label: rows.features[label].names for label in ("face", "family")} | {"height": settings.height}
    (folder / "about.json").write_text(json.dumps(about))  # last: its presence says that the cache is whole


def _prepare(rows: Dataset, settings: Preprocessing, part: range) -> tuple[bytes, list[int], list[int]]:
    chunks, widths, kept = [], [], []
    for index, image in zip(part, rows[part.start : part.stop]["image"], strict=True):
        line = prepare_line(np.asarray(image), settings)
        if line is not None:
            first = _cut(index, line.shape[1] - WIDEST) if line.shape[1] > WIDEST else 0
            piece = line[:, first : first + WIDEST]
            chunks.append(np.ascontiguousarray(piece.T).tobytes())
            widths.append(piece.shape[1])
            kept.append(index)
    return b"".join(chunks), widths, kept


def _cut(index: int, room: int) -> int:
    """Where a long line is cut: spread over the line, the same at every call."""
    return index * 7919 % (room + 1)
