"""Fonts that somebody uploads to search among them, for one visit: nothing of them is kept on disk."""

import shutil
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from fontid.catalogue.enrolment import own_of
from fontid.catalogue.own import EnrolmentError, OwnCatalogue, searching
from fontid.fonts.files import FONT_SUFFIXES
from fontid.identifier import FontIdentifier

MOST_FILES = 40
LARGEST = 20_000_000  # bytes of a file
MOST_SECONDS = 20  # of the processor, to read all of them


class OwnFonts:
    """A visit's fonts, compared by identity so that what searches them can be cached."""

    def __init__(self, catalogue: OwnCatalogue, alone: bool) -> None:
        self.catalogue, self.alone = catalogue, alone


def take(identifier: FontIdentifier, files: Sequence[Path], alone: bool) -> tuple[OwnFonts, list[str]]:
    """Returns: the fonts, and a sentence for each file that was skipped. Raises: EnrolmentError."""
    if len(files) > MOST_FILES:
        raise EnrolmentError(f"These are {len(files)} files: choose {MOST_FILES} at most.")
    problems: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            if file.suffix.lower() not in FONT_SUFFIXES:
                problems[file.name] = "is no ttf, otf, woff or woff2 file"
            elif file.stat().st_size > LARGEST:
                problems[file.name] = f"is larger than {LARGEST // 10**6} MB"
            else:
                place = Path(folder) / str(number)
                place.mkdir()
                shutil.copyfile(file, place / file.name)
        try:
            own = own_of(identifier, Path(folder), problems, MOST_SECONDS)
        except EnrolmentError as error:
            if not problems:
                raise
            raise EnrolmentError(" ".join(_told(problems))) from error  # its own sentence names the server's folder
    return OwnFonts(own, alone), _told(problems)


def _told(problems: dict[str, str]) -> list[str]:
    return [f"{Path(name).name} {reason}." for name, reason in problems.items()]


@lru_cache(maxsize=4)  # each holds prototypes and drawn glyphs, some 40 MB
def identifier_for(identifier: FontIdentifier, own: OwnFonts | None) -> FontIdentifier:
    """What searches a visit's fonts, or the shipped catalogue alone where there are none."""
    return identifier if own is None else searching(identifier, own.catalogue, own.alone)
