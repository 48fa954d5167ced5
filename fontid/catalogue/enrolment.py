"""Make somebody's font files searchable in seconds, without training: prototypes, twins and letterforms of faces."""

import io
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fontid.artifact import digest
from fontid.catalogue.faces import Face
from fontid.catalogue.own import (
    EnrolmentError,
    OwnCatalogue,
    catalogue_names,
    exists,
    locked,
    merge,
    read_own,
    save_own,
    searching,
    write_letterforms,
)
from fontid.catalogue.ranking import Catalogue
from fontid.fonts.files import font_files_in
from fontid.fonts.reading import read_apart
from fontid.identifier import FontIdentifier
from fontid.letters.letterforms import Letterforms
from fontid.letters.outlines import draw_letters_by_freetype, outlines_apart

LOG = logging.getLogger(__name__)
REFERENCES = (
    "Hamburgefonstiv", "The quick brown fox", "JUMPS OVER THE LAZY DOG", "Sphinx of black quartz",
    "judge my vow", "Portez ce vieux whisky", "Franz jagt im komplett", "verwahrlosten Taxi", "Quizdeltagerne spiste",
    "PACK MY BOX", "with five dozen jugs", "gRaKxWmQbEyT", "NvUhSdZpLoJc", "aegsrtnlicou", "RSGAQMKWBDEF", "0123456789",
)  # fmt: skip
SIZES = (24, 32, 48, 64)  # pixels to the em, taken in turns
TOLERANCE = 0.192  # pixels between the outlines of twins: about the renderers' own noise, results/once.jsonl#twins
NEAR, LEAST_COSINE = 10, 0.8  # how many faces may be twins of one, and how near the encoder must find them


def read_fonts(folder: Path, problems: dict[str, str], total_seconds: float = math.inf) -> dict[Face, bytes]:
    """The faces under a folder with their small fonts, WOFF2; what is skipped goes into `problems`, with the reason.

    Args: total_seconds: as in `read_apart`.
    """
    files = font_files_in(folder)
    if not files:
        raise EnrolmentError(f"{folder} is, or holds, no ttf, otf, woff or woff2 file.")
    made: dict[str, tuple[Face, bytes]] = {}
    for file, face, found in read_apart(files, total_seconds=total_seconds):
        if face is None or isinstance(found, str):
            problems[str(file)] = str(found)
        elif face.id in made:
            problems[str(file)] = f"holds the same face as {made[face.id][0].file}, which was kept"
        else:
            made[face.id] = (face, found)
    if not made:
        reasons = "; ".join(f"{file} {reason}" for file, reason in list(problems.items())[:3])
        raise EnrolmentError(f"No font file in {folder} can be used: {reasons}.")
    return dict(made.values())


def make_prototype(
    data: bytes, embed_line: Callable[[np.ndarray], np.ndarray | None], axes: Mapping[str, float] | None = None
) -> np.ndarray:
    """Mean embedding (D,) float32, L2-normalised, of `REFERENCES` drawn in a font, at `axes` of a variable one."""
    embeddings = []
    for number, text in enumerate(REFERENCES):
        lines = embed_line(draw_reference(data, text, SIZES[number % len(SIZES)], axes))
        if lines is not None:
            embeddings.append(lines.mean(0))
    mean = np.mean(embeddings, 0)
    return mean / np.linalg.norm(mean)


def draw_reference(data: bytes, text: str, pixels: int, axes: Mapping[str, float] | None = None) -> np.ndarray:
    """One line, drawn large and scaled down: (H, W) uint8, black on white. Args: axes: as in `Face`."""
    scale = 3
    font = ImageFont.truetype(io.BytesIO(data), scale * pixels, layout_engine=ImageFont.Layout.BASIC)
    if axes:
        font.set_variation_by_axes(list(axes.values()))
    left, top, right, bottom = font.getbbox(text)
    margin = scale * pixels // 3
    picture = Image.new("L", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), 255)
    ImageDraw.Draw(picture).text((margin - left, margin - top), text, fill=0, font=font)
    return np.asarray(picture.reduce(scale))


def find_twins(new: dict[str, bytes], catalogue: Catalogue, letterforms: Letterforms) -> set[tuple[str, str]]:
    """Pairs of faces of different families that draw the same letters, with a new one in each.

    Args:
        new: small fonts by face id; their faces are in the catalogue.
        letterforms: of the others. Faces without any are nobody's twins.
    """
    drawn: dict[str, np.ndarray] = {}

    def letters(face: str) -> np.ndarray:
        if face not in drawn:
            drawn[face] = draw_letters_by_freetype(io.BytesIO(new.get(face) or letterforms.font_data(face)))
        return drawn[face]

    ids = [face.id for face in catalogue.faces]
    drawable = np.array([face in new or face in letterforms for face in ids])
    twins = set()
    for row in (ids.index(face) for face in new):
        cosines = catalogue.score_faces(catalogue.prototypes_of(row))
        cosines[(catalogue.family_of == catalogue.family_of[row]) | ~drawable] = -np.inf
        for other in np.argsort(-cosines)[:NEAR]:
            pair = ids[row], ids[other]
            if cosines[other] > LEAST_COSINE and outlines_apart(*map(letters, pair)).max() <= TOLERANCE:
                twins.add(tuple(sorted(pair)))
    return twins


def own_of(
    identifier: FontIdentifier, folder: Path, problems: dict[str, str], total_seconds: float = math.inf
) -> OwnCatalogue:
    """A catalogue of the fonts under a folder that is in memory alone; what is skipped goes into `problems`.

    Args: total_seconds: as in `read_apart`.
    Raises: EnrolmentError where none of them can be used.
    """
    return _made(identifier, read_fonts(folder, problems, total_seconds))


def _made(identifier: FontIdentifier, fonts: dict[Face, bytes]) -> OwnCatalogue:
    """A catalogue of small fonts, WOFF2, whose twins are among the identifier's faces too."""
    data = {face.id: small for face, small in fonts.items()}
    prototypes = np.stack([make_prototype(small, identifier.embed_line) for small in data.values()])
    letterforms = io.BytesIO()
    write_letterforms(letterforms, data)
    own = OwnCatalogue(tuple(fonts), prototypes.astype(np.float16), frozenset(), letterforms)
    twins = find_twins(data, merge(identifier.catalogue, own, alone=False), identifier.letterforms)
    return replace(own, twins=frozenset(twins))


def searching_own(identifier: FontIdentifier, name: str, alone: bool = False) -> FontIdentifier:
    """The identifier with a catalogue of one's own beside its own, or in its stead. Raises: as `open_own`."""
    return searching(identifier, open_own(identifier, name), alone)


def open_own(identifier: FontIdentifier, name: str) -> OwnCatalogue:
    """A catalogue that the identifier can search. Args: identifier: with the shipped catalogue.

    Raises: EnrolmentError where there is none of that name, or it is damaged.
    """
    if not exists(name):
        known = ", ".join(catalogue_names()) or "there is none yet"
        raise EnrolmentError(f"No catalogue is named {name} ({known}): fontid enroll FOLDER --name {name} makes one.")
    own, made_with = read_own(name)
    if made_with == digest(identifier.encoder):
        return own
    with locked(name):
        return _renewed(identifier, name)


def _renewed(identifier: FontIdentifier, name: str) -> OwnCatalogue:
    """The catalogue, made anew from its small fonts and saved where another encoder made it. It is `locked`."""
    own, made_with = read_own(name)  # once more: another may have renewed it before the lock was had
    encoder = digest(identifier.encoder)
    if made_with == encoder:
        return own
    LOG.warning("The catalogue %s is of another model: it is made anew for this one, once.", name)
    letterforms = Letterforms([own.letterforms])
    fonts = {face: letterforms.font_data(face.id) for face in own.faces}
    own = _made(identifier, fonts)
    save_own(name, own, {face.id: small for face, small in fonts.items()}, encoder)
    return own


@dataclass(frozen=True)
class Enrolled:
    """What came of it: faces added or renewed, all faces of the catalogue now, and files skipped with the reason."""

    added: tuple[Face, ...]
    faces: tuple[Face, ...]
    problems: dict[str, str]


def enroll(identifier: FontIdentifier, folder: Path, name: str) -> Enrolled:
    """Add a font file, or those under a folder, to a catalogue, which is made where there is none.

    Args: identifier: with the shipped catalogue, among whose faces twins are looked for too.
    Raises: EnrolmentError; the catalogue is what it was then.
    """
    if not Path(folder).exists():
        raise EnrolmentError(f"{folder} does not exist: name a font file, or a folder that holds some.")
    problems: dict[str, str] = {}
    with locked(name):
        before = _renewed(identifier, name) if exists(name) else None
        base = searching(identifier, before) if before else identifier
        own = own_of(base, Path(folder), problems)
        added = own.faces
        letterforms = base.letterforms.with_files([own.letterforms])
        if before:
            renewed = {face.id for face in added}
            kept = before.keeping(lambda face: face.id not in renewed)
            prototypes = np.concatenate([kept.prototypes, own.prototypes])
            own = OwnCatalogue(kept.faces + added, prototypes, kept.twins | own.twins, own.letterforms)
        fonts = {face.id: letterforms.font_data(face.id) for face in own.faces}
        save_own(name, own, fonts, digest(identifier.encoder))
    return Enrolled(added, own.faces, problems)
