"""Catalogues of one's own, beside the shipped one: folders `FONTID_DATA/catalogues/NAME`.

catalogue.json       format, and the digest of the encoder that made the prototypes
faces.jsonl.gz       the faces, see `fontid.catalogue.faces`
prototypes.npy       (F, D) float16, one a face
twins.json           pairs of face ids, at least one of each of this catalogue
letterforms-0.zip    small fonts to draw with, see `fontid.letters.letterforms`
"""

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fontid.artifact import digest
from fontid.catalogue.faces import Face, read_faces, write_faces
from fontid.catalogue.ranking import Catalogue
from fontid.identifier import FontIdentifier
from fontid.letters.letterforms import Letterforms
from fontid.paths import data_home

FORMAT = 1
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
LETTERFORMS = "letterforms-0.zip"


class EnrolmentError(ValueError):
    """Fonts cannot be enrolled, or a catalogue not opened; the message says what to do."""


@dataclass(frozen=True)
class OwnCatalogue:
    """Somebody's faces; `prototypes` (F, D) float16 in their order, `twins` pairs of face ids.

    letterforms: the zip file of their small fonts, on disk or in memory.
    """

    faces: tuple[Face, ...]
    prototypes: np.ndarray
    twins: frozenset[tuple[str, str]]
    letterforms: Path | BinaryIO

    def keeping(self, wanted: Callable[[Face], bool]) -> "OwnCatalogue":
        """The same with the wanted faces only."""
        rows = [row for row, face in enumerate(self.faces) if wanted(face)]
        gone = {face.id for face in self.faces if not wanted(face)}
        twins = frozenset(pair for pair in self.twins if not gone & set(pair))
        faces = tuple(self.faces[row] for row in rows)
        return replace(self, faces=faces, prototypes=self.prototypes[rows], twins=twins)


def catalogue_folder(name: str) -> Path:
    """Where a catalogue lies. Raises: EnrolmentError for what is no name."""
    if not NAME.fullmatch(name):
        raise EnrolmentError(f"{name!r} cannot name a catalogue: use small letters, digits, dots and hyphens.")
    return data_home() / "catalogues" / name


def catalogue_names() -> list[str]:
    return sorted(path.parent.name for path in (data_home() / "catalogues").glob("[!.]*/catalogue.json"))


def open_own(name: str, encoder: Path) -> OwnCatalogue:
    """Open a catalogue. Args: encoder: the ONNX file of the model that is going to search it.

    Raises: EnrolmentError where there is none of that name, it is damaged, or another encoder made it.
    """
    if not (catalogue_folder(name) / "catalogue.json").is_file():
        known = ", ".join(catalogue_names()) or "there is none yet"
        raise EnrolmentError(f"No catalogue is named {name} ({known}): fontid enroll FOLDER --name {name} makes one.")
    own, made_with = _read(name)
    if made_with != digest(encoder):
        raise EnrolmentError(f"The catalogue {name} was made with another model: remove it and enroll its fonts again.")
    return own


def _read(name: str) -> tuple[OwnCatalogue, str]:
    """A catalogue and its encoder's digest."""
    folder = catalogue_folder(name)
    try:
        made = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
        own = OwnCatalogue(
            faces=tuple(read_faces(folder / "faces.jsonl.gz")),
            prototypes=np.load(folder / "prototypes.npy"),
            twins=frozenset(map(tuple, json.loads((folder / "twins.json").read_text(encoding="utf-8")))),
            letterforms=folder / LETTERFORMS,
        )
        with zipfile.ZipFile(own.letterforms) as archive:
            whole = {f"{face.id}.woff2" for face in own.faces} <= set(archive.namelist())
        if made["format"] != FORMAT or len(own.faces) != len(own.prototypes) or not whole:
            raise ValueError("its parts do not belong together")
        return own, made["encoder"]
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise EnrolmentError(f"The catalogue {name} is damaged: remove it and enroll its fonts again.") from error


def save_own(name: str, own: OwnCatalogue, letterforms: dict[str, bytes], encoder: str) -> None:
    """Put a catalogue in place of what has its name, whole or not at all.

    Args: letterforms: WOFF2 by face id; encoder: digest of the ONNX file that made the prototypes.
    """
    folder = catalogue_folder(name)
    partial = folder.with_name(f".{name}-partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{name}-"))
        write_faces(own.faces, partial / "faces.jsonl.gz")
        np.save(partial / "prototypes.npy", own.prototypes.astype(np.float16))
        (partial / "twins.json").write_text(json.dumps(sorted(own.twins)), encoding="utf-8")
        write_letterforms(partial / LETTERFORMS, {face.id: letterforms[face.id] for face in own.faces})
        made = {"format": FORMAT, "encoder": encoder}
        (partial / "catalogue.json").write_text(json.dumps(made), encoding="utf-8")
        before = folder.with_name(f".{name}-before")
        shutil.rmtree(before, ignore_errors=True)
        if folder.exists():
            folder.rename(before)
        partial.rename(folder)
        shutil.rmtree(before, ignore_errors=True)
    except OSError as error:
        raise EnrolmentError(f"The catalogue {name} cannot be written ({error}); it is what it was before.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_letterforms(target: Path | BinaryIO, fonts: dict[str, bytes]) -> None:
    """Write what `fontid.letters.letterforms` reads. Args: fonts: WOFF2 by face id."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for face, data in fonts.items():
            archive.writestr(f"{face}.woff2", data)


def remove(name: str, family: str | None = None) -> str:
    """Remove a catalogue, or one family of it. Returns: what was done. Raises: EnrolmentError where it is not there."""
    folder = catalogue_folder(name)
    if not folder.is_dir():
        raise EnrolmentError(f"No catalogue is named {name}; there are: {', '.join(catalogue_names()) or 'none'}.")
    if family is None:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise EnrolmentError(f"The catalogue {name} cannot be removed ({error}): see to its folder.") from error
        return f"The catalogue {name} is removed."
    own, encoder = _read(name)
    left = own.keeping(lambda face: face.family != family)
    if len(left.faces) == len(own.faces):
        known = ", ".join(dict.fromkeys(face.family for face in own.faces))
        raise EnrolmentError(f"{name} has no family {family}; it has {known}.")
    if not left.faces:
        return remove(name)
    letterforms = Letterforms([own.letterforms])
    save_own(name, left, {face.id: letterforms.font_data(face.id) for face in left.faces}, encoder)
    return f"{len(own.faces) - len(left.faces)} faces of {family} are removed from {name}."


def searching_own(identifier: FontIdentifier, name: str, alone: bool = False) -> FontIdentifier:
    """The identifier with a catalogue of one's own beside its own, or in its stead. Raises: EnrolmentError."""
    return searching(identifier, open_own(name, identifier.encoder), alone)


def searching(identifier: FontIdentifier, own: OwnCatalogue, alone: bool = False) -> FontIdentifier:
    """The same with a catalogue that is open."""
    catalogue = merge(identifier.catalogue, own, alone)
    return identifier.searching(catalogue, identifier.letterforms.with_files([own.letterforms]))


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
    )
