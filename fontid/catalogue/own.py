"""Catalogues of one's own, beside the shipped one: `FONTID_DATA/catalogues/NAME.zip`, which holds

catalogue.json       format, digest of the encoder that made the prototypes, faces, and twins:
                     pairs of face ids, at least one of each of this catalogue
prototypes.npy       (F, D) float16, one a face
ID.woff2             a small font to draw with for each face, see `fontid.letters.letterforms`

Format 1 was a folder of that name, without ".zip". It is read still, and becomes a file when it is changed.
"""

import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fontid.catalogue.faces import Face, read_faces
from fontid.catalogue.ranking import Catalogue
from fontid.catalogue.usage import OWN
from fontid.commands import Refusal, counted
from fontid.identifier import FontIdentifier
from fontid.letters.letterforms import Letterforms
from fontid.paths import data_home

try:
    import fcntl
except ImportError:  # Windows, where nothing keeps two enrolments apart
    fcntl = None  # type: ignore[assignment]

FORMAT = 2
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


class EnrolmentError(Refusal, ValueError):
    """Fonts cannot be enrolled, or a catalogue not opened; the message says what to do."""


@dataclass(frozen=True)
class OwnCatalogue:
    """Somebody's faces; `prototypes` (F, D) float16 in their order, `twins` pairs of face ids.

    letterforms: the zip file of their small fonts, in memory.
    """

    faces: tuple[Face, ...]
    prototypes: np.ndarray
    twins: frozenset[tuple[str, str]]
    letterforms: BinaryIO

    def keeping(self, wanted: Callable[[Face], bool]) -> "OwnCatalogue":
        """The same with the wanted faces only."""
        rows = [row for row, face in enumerate(self.faces) if wanted(face)]
        gone = {face.id for face in self.faces if not wanted(face)}
        twins = frozenset(pair for pair in self.twins if not gone & set(pair))
        faces = tuple(self.faces[row] for row in rows)
        return replace(self, faces=faces, prototypes=self.prototypes[rows], twins=twins)


def catalogue_file(name: str) -> Path:
    """Where a catalogue lies. Raises: EnrolmentError for what is no name."""
    if not NAME.fullmatch(name):
        raise EnrolmentError(f"{name!r} cannot name a catalogue: use small letters, digits, dots and hyphens.")
    return data_home() / "catalogues" / f"{name}.zip"


def _old_folder(name: str) -> Path:
    """Where a catalogue of format 1 lies."""
    return catalogue_file(name).with_name(name)


def catalogue_names() -> list[str]:
    places = data_home() / "catalogues"
    files = {path.stem for path in places.glob("[!.]*.zip") if path.is_file()}
    return sorted(files | {path.parent.name for path in places.glob("[!.]*/catalogue.json")})


def exists(name: str) -> bool:
    return catalogue_file(name).is_file() or _old_folder(name).is_dir()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Whoever else wants to change the catalogue waits. Hold it from reading the catalogue until it is saved."""
    place = catalogue_file(name).with_name(f".{name}.lock")  # it stays: another may wait for it
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = open(place, "ab")
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise EnrolmentError(f"The catalogue {name} cannot be changed: {place} cannot be locked ({error}).") from error
    with lock:
        yield


def read_own(name: str) -> tuple[OwnCatalogue, str]:
    """A catalogue and its encoder's digest. Raises: EnrolmentError where it is damaged."""
    file = catalogue_file(name)
    try:
        letterforms = io.BytesIO(file.read_bytes() if file.is_file() else _packed(_old_folder(name)))
        with zipfile.ZipFile(letterforms) as archive:
            made = json.loads(archive.read("catalogue.json"))
            prototypes = np.load(io.BytesIO(archive.read("prototypes.npy")))
            fonts = set(archive.namelist())
        faces = tuple(Face(**face) for face in made["faces"])
        whole = len(faces) == len(prototypes) and {f"{face.id}.woff2" for face in faces} <= fonts
        if made["format"] != FORMAT or not whole:
            raise ValueError("its parts do not belong together")
        return OwnCatalogue(faces, prototypes, frozenset(map(tuple, made["twins"])), letterforms), made["encoder"]
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise EnrolmentError(f"The catalogue {name} is damaged: remove it and enroll its fonts again.") from error


def _packed(folder: Path) -> bytes:
    """What a catalogue of format 1 would be as a file. Raises: what damaged parts do."""
    made = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
    faces = [asdict(face) for face in read_faces(folder / "faces.jsonl.gz")]
    twins = json.loads((folder / "twins.json").read_text(encoding="utf-8"))
    packed = io.BytesIO((folder / "letterforms-0.zip").read_bytes())
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("prototypes.npy", (folder / "prototypes.npy").read_bytes())
        archive.writestr(
            "catalogue.json",
            json.dumps({"format": made["format"] + 1, "encoder": made["encoder"], "faces": faces, "twins": twins}),
        )
    return packed.getvalue()


def save_own(name: str, own: OwnCatalogue, letterforms: dict[str, bytes], encoder: str) -> None:
    """Put a catalogue in place of what has its name, whole or not at all. It is `locked`.

    Args: letterforms: WOFF2 by face id; encoder: digest of the ONNX file that made the prototypes.
    """
    file = catalogue_file(name)
    partial = file.with_name(f".{name}.partial")
    faces = [asdict(face) for face in own.faces]
    made = {"format": FORMAT, "encoder": encoder, "faces": faces, "twins": sorted(own.twins)}
    prototypes = io.BytesIO()
    np.save(prototypes, own.prototypes.astype(np.float16))
    try:
        with open(partial, "wb") as target:
            write_letterforms(target, {face.id: letterforms[face.id] for face in own.faces})
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr("catalogue.json", json.dumps(made, ensure_ascii=False))
            archive.writestr("prototypes.npy", prototypes.getvalue())
        with open(partial, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(partial, file)
    except OSError as error:
        raise EnrolmentError(f"The catalogue {name} cannot be written ({error}); it is what it was before.") from error
    finally:
        partial.unlink(missing_ok=True)
    shutil.rmtree(_old_folder(name), ignore_errors=True)  # the file counts, whatever is left of it


def write_letterforms(target: BinaryIO, fonts: dict[str, bytes]) -> None:
    """Write what `fontid.letters.letterforms` reads. Args: fonts: WOFF2 by face id."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for face, data in fonts.items():
            archive.writestr(f"{face}.woff2", data)


def remove(name: str, family: str | None = None) -> str:
    """Remove a catalogue, or one family of it. Returns: what was done. Raises: EnrolmentError where it is not there."""
    if not exists(name):
        raise EnrolmentError(f"No catalogue is named {name}; you have {', '.join(catalogue_names()) or 'none yet'}.")
    with locked(name):
        if family is None:
            return _remove_all(name)
        own, encoder = read_own(name)
        left = own.keeping(lambda face: face.family != family)
        if len(left.faces) == len(own.faces):
            known = ", ".join(dict.fromkeys(face.family for face in own.faces))
            raise EnrolmentError(f"{name} has no family {family}; it has {known}.")
        if not left.faces:
            return _remove_all(name)
        letterforms = Letterforms([own.letterforms])
        save_own(name, left, {face.id: letterforms.font_data(face.id) for face in left.faces}, encoder)
    return f"Removed {counted(len(own.faces) - len(left.faces), 'face', 'faces')} of {family} from {name}."


def _remove_all(name: str) -> str:
    try:
        if _old_folder(name).is_dir():
            shutil.rmtree(_old_folder(name))  # first: without the file it would count again
        catalogue_file(name).unlink(missing_ok=True)
    except OSError as error:
        raise EnrolmentError(f"The catalogue {name} cannot be removed ({error}): see to its folder.") from error
    return f"The catalogue {name} is removed."


def searching(identifier: FontIdentifier, own: OwnCatalogue, alone: bool = False) -> FontIdentifier:
    """The identifier with a catalogue of one's own beside its own, or in its stead."""
    letterforms = identifier.letterforms.with_files([own.letterforms])
    both = identifier.searching(merge(identifier.catalogue, own, alone=False), letterforms)
    return both.searching(merge(identifier.catalogue, own, alone=True), letterforms, both) if alone else both


def merge(shipped: Catalogue, own: OwnCatalogue, alone: bool) -> Catalogue:
    """One catalogue of both, or (`alone`) of one's own faces; an own face stands in for a shipped one of its id."""
    replaced = {face.id for face in own.faces}
    kept = [row for row, face in enumerate(shipped.faces) if not alone and face.id not in replaced]
    place = {row: index for index, row in enumerate(kept)}
    owners = [place.get(int(face), -1) for face in shipped.prototype_faces]
    chosen = [row for row, face in enumerate(owners) if face >= 0]
    faces = [shipped.faces[row] for row in kept] + list(own.faces)
    number = {face.id: index for index, face in enumerate(faces)}
    pairs = {(shipped.faces[a].id, shipped.faces[b].id) for a, b in shipped.twins} | own.twins
    twins = [(number[a], number[b]) for a, b in pairs if a in number and b in number]
    return Catalogue(
        faces,
        np.concatenate([shipped.prototypes[chosen], own.prototypes.astype(np.float32)]),
        np.concatenate([np.array([owners[row] for row in chosen], int), np.arange(len(kept), len(faces))]),
        np.array(sorted(twins), np.int32).reshape(-1, 2),
        {face.family: OWN for face in own.faces} | dict(shipped.usage),
    )
