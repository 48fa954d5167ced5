"""Somebody's font files read in a process of its own, with an end to its time and memory: a few hundred bytes can ask
for gigabytes (a packed table of nothing, a range of all characters) or for hours (letters made of letters of letters).

    python -m fontid.fonts.reading          paths and a limit in, as JSON; out, one JSON object a face or file
"""

import base64
import hashlib
import io
import json
import math
import os
import signal
import string
import subprocess  # nosec B404: commands are lists that this project writes
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont

from fontid.catalogue.faces import Face, face_id
from fontid.fonts.files import FontError, faces_in, family_id, family_name, relative_width
from fontid.fonts.subsetting import plain, scaled, small_font, woff2
from fontid.letters.letterforms import CHARACTERS
from fontid.letters.outlines import draw_letters_by_freetype

SECONDS = 6  # of the processor, for a face
MEGABYTES = 450  # of address space; a font of 17 MB with 60,000 glyphs needs 270
LARGEST_LETTER, SMALLEST_LETTERS = 5.0, 0.1  # ems: how far one may reach, how high they are on average
MOST_TOLD = 10  # letters
TOO_MUCH = "takes too much time or memory to read"
DAMAGED = "is damaged, or is no font file: download it again, or export it anew"
NO_TIME_LEFT = "was not read, for the fonts before it took all the time there is"


def read_apart(
    files: Sequence[Path], seconds: float = SECONDS, total_seconds: float = math.inf
) -> Iterator[tuple[Path, Face | None, bytes | str]]:
    """File, face and small font (WOFF2) of each face in the files; or file, None and why it cannot be used.

    Args:
        seconds: of the processor, for a face.
        total_seconds: of the same, after which no further face is begun.
    """
    left = list(files)
    problem = NO_TIME_LEFT
    while left and total_seconds > 0:
        done, limit = 0, min(seconds, total_seconds)
        try:
            for number, row in _rows(left, limit):
                total_seconds -= row["seconds"]
                if "face" in row:
                    yield left[number], Face(**row["face"]), base64.b64decode(row["font"])
                elif row["problem"]:
                    yield left[number], None, row["problem"]
                done = number + ("face" not in row)
                if total_seconds <= 0:
                    break
            else:
                if done < len(left):  # the process was ended while it read this one
                    total_seconds -= limit
                    yield left[done], None, TOO_MUCH
                    done += 1
        except OSError as error:
            problem = f"cannot be read, for no process can be started to do so ({error})"
            total_seconds = 0
        left = left[done:]
    for file in left:
        yield file, None, problem


def _rows(files: list[Path], seconds: float) -> Iterator[tuple[int, dict]]:
    """What the other process says, with the number of the file, until it has done or dies."""
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(  # nosec B603: a list, no shell
        [sys.executable or "python3", "-m", "fontid.fonts.reading"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    with process:
        try:
            assert process.stdin and process.stdout  # nosec B101: pipes, as was asked for
            process.stdin.write(json.dumps({"files": [str(file) for file in files], "seconds": seconds}).encode())
            process.stdin.close()
            for line in process.stdout:
                row = json.loads(line)
                yield row.pop("number"), row
        finally:
            process.kill()


def small_faces(file: Path) -> Iterator[tuple[Face, bytes]]:
    """The faces of a font file with their small fonts, WOFF2. Raises: whatever fontTools does on broken files."""
    for instance, font in faces_in(file):
        face = _face_of(font, instance.weight, instance.italic, file)
        yield face, _small(font, face, file, bool(instance.location))


def _face_of(font: TTFont, weight: int, italic: bool, file: Path) -> Face:
    name = family_name(font)
    family = family_id(name)
    names = font["name"]
    return Face(
        id=face_id(family, weight, italic),
        family=family,
        name=name,
        category="own",
        weight=weight,
        italic=italic,
        license=(names.getDebugName(13) or "").strip(),
        copyright=(names.getDebugName(0) or "").strip(),
        url="",
        file=str(file),
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        width=relative_width(font),
    )


def _small(font: TTFont, face: Face, file: Path, variable: bool) -> bytes:
    """Raises: FontError for a font without the Latin letters, or whose letters cannot be drawn."""
    missing = [letter for letter in string.ascii_letters if ord(letter) not in (font.getBestCmap() or {})]
    if missing:
        more = f" and {len(missing) - MOST_TOLD} more" if len(missing) > MOST_TOLD else ""
        raise FontError(f"{face.name} lacks the Latin letters {''.join(missing[:MOST_TOLD])}{more}")
    source = io.BytesIO(plain(font)) if variable else file
    data = woff2(scaled(small_font(source)))  # as the shipped ones are, so that a copy draws the same
    _check_proportions(data, face.name)
    if not draw_letters_by_freetype(io.BytesIO(data)).any((1, 2)).all():
        raise FontError(f"{face.name} draws nothing for some letter")
    return data


def _check_proportions(data: bytes, name: str) -> None:
    """Raises: FontError for letters so large or small that drawing them would take gigabytes."""
    em = 100
    font = ImageFont.truetype(io.BytesIO(data), em, layout_engine=ImageFont.Layout.BASIC)
    boxes = {letter: font.getbbox(letter, anchor="ls") for letter in CHARACTERS}
    reach = max(*(abs(edge) for box in boxes.values() for edge in box), *map(font.getlength, CHARACTERS))
    heights = [boxes[letter][3] - boxes[letter][1] for letter in string.ascii_letters]
    if reach > LARGEST_LETTER * em or sum(heights) < SMALLEST_LETTERS * em * len(heights):
        raise FontError(f"the letters of {name} are out of all proportion")


def _limit_memory() -> None:
    if os.name == "posix":
        import resource

        most = MEGABYTES * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time(seconds: float) -> None:
    """Of what is done until the next call; whoever takes longer is ended by the system."""
    if os.name == "posix":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # whoever prints besides
    asked = json.load(sys.stdin)
    _limit_memory()
    began = time.process_time()

    def tell(number: int, **found) -> None:
        nonlocal began
        now = time.process_time()
        print(json.dumps({"number": number, "seconds": now - began} | found), file=answers, flush=True)
        began = now
        _limit_time(asked["seconds"])

    _limit_time(asked["seconds"])
    for number, file in enumerate(asked["files"]):
        problem = ""
        try:
            for face, font in small_faces(Path(file)):
                tell(number, face=asdict(face), font=base64.b64encode(font).decode())
        except MemoryError:
            problem = TOO_MUCH
        except FontError as error:
            problem = f"cannot be used: {error}"
        except Exception:  # fontTools raises nearly anything on broken files, and says it for programmers
            problem = DAMAGED
        tell(number, problem=problem)


if __name__ == "__main__":
    main()
