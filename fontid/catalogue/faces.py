"""The table of faces: a face is one family, weight and slope."""

import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

STYLES = {
    100: "Thin", 200: "Extra Light", 300: "Light", 400: "Regular", 500: "Medium", 600: "Semi Bold", 700: "Bold",
    800: "Extra Bold", 900: "Black", 1000: "Extra Black",
}  # fmt: skip
WIDTH_WORDS = {  # as CSS names them
    62.5: "Extra Condensed", 75.0: "Condensed", 87.5: "Semi Condensed", 112.5: "Semi Expanded", 125.0: "Expanded",
    150.0: "Extra Expanded",
}  # fmt: skip
WIDTHS = {"narrow": 0.0, "normal": 0.88, "wide": 1.13}  # least `Face.width`


@dataclass(frozen=True)
class Face:
    """One row of the table.

    `family` is the @fontsource id, `name` the display name, `weight` 1-1000, `file` a path relative to the folder of
    font files, `sha256` that file's digest in hexadecimal, `width` its `fontid.fonts.files.relative_width`.
    `axes` says where the face lies on each axis of a variable font, {} in a static one; `source` is google, debian,
    npm or local. `version` is that of the font, where the family draws its letters otherwise today; it ends the id.
    """

    id: str
    family: str
    name: str
    category: str
    weight: int
    italic: bool
    license: str
    copyright: str
    url: str
    file: str
    sha256: str
    width: float = 0.0
    axes: dict[str, float] = field(default_factory=dict, hash=False)
    source: str = "google"
    version: str = ""

    @property
    def unusual(self) -> dict[str, float]:
        """The axes beside weight and slope that are not where the family's text usually is: they end its id."""
        return unusual_axes(self.id, self.axes)

    @property
    def unusual_words(self) -> str:
        """`unusual` and `version` for people: "Condensed", "opsz 72", "version 2.001"."""
        words = [
            (tag == "wdth" and WIDTH_WORDS.get(value)) or f"{tag} {value:g}" for tag, value in self.unusual.items()
        ]
        return ", ".join([*words, *([f"version {self.version}"] if self.version else [])])

    @property
    def style(self) -> str:
        """As `style_words`, with what is unusual: "Bold, Condensed", "Bold, version 2.001"."""
        return ", ".join(filter(None, [style_words(self.weight, self.italic), self.unusual_words]))

    @property
    def width_class(self) -> str:
        """One of `WIDTHS`."""
        return next(name for name, least in reversed(WIDTHS.items()) if self.width >= least)


def unusual_axes(id: str, axes: Mapping[str, float]) -> dict[str, float]:
    """As `Face.unusual`. Args: id: of a face, "saira-400-normal-wdth75"."""
    ending = re.split("-(?:normal|italic)", id)[-1]
    return {tag: axes[tag] for tag in re.findall(r"-([A-Za-z]{4})-?[0-9.e]+", ending) if tag in axes}


def face_id(family: str, weight: int, italic: bool) -> str:
    return f"{family}-{weight}-{'italic' if italic else 'normal'}"


def style_words(weight: int, italic: bool) -> str:
    """As CSS names the nearest weight: "Regular", "Italic", "Bold", "Bold Italic"."""
    words = STYLES[min(STYLES, key=lambda known: abs(known - weight))]
    if not italic:
        return words
    return "Italic" if words == "Regular" else f"{words} Italic"


def write_faces(faces: Iterable[Face], path: Path) -> None:
    """One JSON object a line, in the order given; compressed where the name ends in .gz."""
    data = "".join(json.dumps(asdict(face), ensure_ascii=False) + "\n" for face in faces).encode()
    Path(path).write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def read_faces(path: Path) -> list[Face]:
    data = Path(path).read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    rows = json.loads("[" + ",".join(filter(None, text.split("\n"))) + "]")
    names = {field.name for field in fields(Face)}
    return [_whole_face(row) if row.keys() == names else Face(**row) for row in rows]


def _whole_face(row: dict) -> Face:
    """`Face(**row)` of all fields: set one by one, as those of a frozen class are, ten thousand take a tenth second."""
    face = object.__new__(Face)
    object.__setattr__(face, "__dict__", {name: _shared(value) for name, value in row.items()})
    return face


def _shared(value: Any) -> Any:
    """A text kept once, however many faces have it."""
    return sys.intern(value) if type(value) is str else value


def regular_face(faces: Iterable[Face]) -> Face:
    """The face nearest to 400 upright (an upright one before any italic): what "Regular" means for a family."""
    return min(faces, key=lambda face: (face.italic, abs(face.weight - 400), face.weight))


def style_apart(face: Face, weight: int, italic: bool) -> tuple[bool, int]:
    """How far a face is from a style, as a key to sort by: slope counts before weight."""
    return face.italic != italic, abs(face.weight - weight)


def by_family(faces: Iterable[Face]) -> dict[str, list[Face]]:
    """Family id -> its faces, both in the order of the table."""
    families: dict[str, list[Face]] = {}
    for face in faces:
        families.setdefault(face.family, []).append(face)
    return families


def regular_faces(faces: Iterable[Face]) -> Iterator[Face]:
    """The regular face of every family, in the order of the table."""
    return map(regular_face, by_family(faces).values())


def nested_order(families: Iterable[str]) -> list[str]:
    """Families in an order of which every beginning is a fair sample: by a hash of their names, largest first.

    The first 20 lie within the first 200, and those within all, whatever the catalogue; the families that the data set
    holds out, whose hashes are the smallest, come last.
    """
    return sorted(families, key=lambda family: hashlib.sha256(family.encode()).hexdigest(), reverse=True)
