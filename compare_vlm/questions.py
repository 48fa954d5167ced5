"""The data set as questions: a picture of a line, and the name of the family it is set in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import Dataset, disable_progress_bars, load_dataset
from PIL import Image, ImageOps

from fontid.catalogue.faces import Face, by_family, nested_order, read_faces, regular_face
from fontid.evaluation.experiment import SettingsError

disable_progress_bars()


@dataclass(frozen=True)
class Names:
    """What families are called in answers, in `fontid.catalogue.faces.nested_order`: ids, names, and categories."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Question:
    """One picture of a line, (H, W) grayscale, dark on light, cropped to its ink.

    family: its number in `Names`; text: what the line spells.
    """

    picture: Image.Image
    family: int
    text: str


def open_split(folder: Path, split: str) -> Dataset:
    """Raises: SettingsError where the data set or the split is not there."""
    files = sorted(map(str, (folder / "data").glob(f"{split}-*.parquet")))
    if not files:
        command = f"python -m data_scripts.render_dataset --preset {folder.name}"
        raise SettingsError(f"No split {split!r} in {folder}: run {command} first.")
    return load_dataset("parquet", data_files={split: files}, split=split)  # nosec B615: a folder on this machine


def open_names(folder: Path, families: int | None, faces_file: Path) -> Names:
    """The first `families` (None: all) of those that the data set's training split holds."""
    train = open_split(folder, "train")
    labels = train.features["family"].names
    order = nested_order({labels[number] for number in np.unique(train.with_format("numpy")["family"][:])})[:families]
    faces: dict[str, list[Face]] = by_family(read_faces(faces_file))
    missing = [family for family in order if family not in faces]
    if missing:
        raise SettingsError(f"{missing[0]} is in {folder} but not in {faces_file}: make both of one catalogue.")
    regular = [regular_face(faces[family]) for family in order]
    return Names(tuple(order), tuple(face.name for face in regular), tuple(face.category for face in regular))


class Questions:
    """The rows of one split that are of certain families. Indexing gives a `Question`; may be used by a DataLoader."""

    def __init__(self, folder: Path, split: str, names: Names, limit: int | None = None) -> None:
        rows = open_split(folder, split)
        labels = rows.features["family"].names
        number = {labels.index(family): position for position, family in enumerate(names.ids)}
        of_rows = np.asarray(rows.with_format("numpy")["family"][:])
        chosen = np.flatnonzero(np.isin(of_rows, list(number)))
        if limit is not None and limit < len(chosen):
            chosen = chosen[np.arange(limit) * len(chosen) // limit]
        self.rows = rows.select(chosen)
        self.families = np.array([number[label] for label in of_rows[chosen]], np.int64)

    def __len__(self) -> int:
        return len(self.families)

    def __getitem__(self, index: int) -> Question:
        row = self.rows[int(index)]
        return Question(row["image"].convert("L"), int(self.families[index]), row["text"])


def square(picture: Image.Image, fold: bool) -> Image.Image:
    """A line as the square RGB picture that vision models take, on white.

    fold: the line is cut into as many rows as fill the square best, which a line ten times as wide as high needs to be
        seen at all; else it is padded.
    """
    width, height = picture.size
    rows = max(1, round((width / height) ** 0.5)) if fold else 1
    part = -(-width // rows)
    side = max(part, rows * height)
    sheet = Image.new("L", (side, side), 255)
    top = (side - rows * height) // 2
    for row in range(rows):
        piece = picture.crop((row * part, 0, min(width, (row + 1) * part), height))
        sheet.paste(piece, ((side - part) // 2, top + row * height))
    return ImageOps.expand(sheet, max(1, side // 32), 255).convert("RGB")
