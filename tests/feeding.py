"""Feed hostile files to ways in, in a process of its own whose memory is limited, and print what came of each.

    python -m tests.feeding FOLDER --ways picture batch [--kinds fonts] [--big] [--whole]

One JSON object a line: way, kind, name, outcome ("right", "refused" or what went wrong), said (the answer or the
sentence), seconds (of the processor, other processes that it starts included), megabytes (growth of the peak),
written (files opened for writing outside FOLDER).
"""

import faulthandler
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from fontid.catalogue.enrolment import read_fonts
from fontid.catalogue.own import EnrolmentError
from fontid.commands import command_line
from fontid.identifier import FontIdentifier
from fontid.picture.opening import PictureError, open_picture
from tests import hostile
from tests.conftest import MODEL
from web import batch, own_fonts

HANG = 120  # seconds: whoever has not answered by then is ended, with a look at where it was
MEGABYTES = 3000  # of address space beyond what the interpreter has: an end to the worst
DOCUMENTED = (PictureError, EnrolmentError, batch.BatchError)


def as_picture(file: Path, identifier: FontIdentifier | None) -> str:
    return str(open_picture(file).size)


def as_question(file: Path, identifier: FontIdentifier | None) -> str:
    return identifier.identify(file).matches[0].family


def as_batch(file: Path, identifier: FontIdentifier | None) -> str:
    """Every picture in it, each with its own right to be refused."""
    said = []
    for _, place, entry in batch.pictures_in([file]):
        try:
            said.append(str(open_picture(batch.read_picture(place, entry)).size))
        except PictureError as error:
            said.append(str(error))
    return " ".join(dict.fromkeys(said))


def as_font(file: Path, identifier: FontIdentifier | None) -> str:
    if identifier:
        own, _ = own_fonts.take(identifier, [file], alone=True)
        searching = own_fonts.identifier_for(identifier, own)
        return searching.identify(hostile.picture()).matches[0].family
    return " ".join(face.id[:60] for face in read_fonts(file.parent, {}))


WAYS: dict[str, Callable[[Path, FontIdentifier | None], str]] = {
    "picture": as_picture,
    "question": as_question,
    "batch": as_batch,
    "font": as_font,
}
KINDS = {"pictures": hostile.pictures, "fonts": hostile.fonts, "zips": hostile.zips}


def peak() -> float:
    """Megabytes, since it was last forgotten."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def spent() -> float:
    """Seconds of the processor."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def feed(way: str, file: Path, identifier: FontIdentifier | None) -> dict:
    """What came of one file."""
    forget_peak()
    before, started = peak(), spent()
    faulthandler.dump_traceback_later(HANG, exit=True)
    try:
        outcome, said = "right", WAYS[way](file, identifier)
    except DOCUMENTED as error:
        outcome, said = "refused", str(error)
    except BaseException as error:
        outcome, said = type(error).__name__, str(error)[:300]
    faulthandler.cancel_dump_traceback_later()
    seconds, grown = spent() - started, peak() - before
    return {"outcome": outcome, "said": said[:600], "seconds": round(seconds, 2), "megabytes": round(grown)}


def watch_writing(folder: Path) -> list[str]:
    """The list that files opened for writing, made or moved outside a folder are put into."""
    outside: list[str] = []
    making = {"os.mkdir": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1, "os.remove": 0, "os.rmdir": 0}

    def hook(event: str, arguments: tuple) -> None:
        path = None
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            written = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            path = arguments[0] if written else None
        elif event in making:
            path = arguments[making[event]]
        if isinstance(path, str | bytes | os.PathLike):
            folder_of = arguments[-1] if event in ("os.remove", "os.rmdir", "os.mkdir") else -1  # a descriptor
            base = os.readlink(f"/proc/self/fd/{folder_of}") if folder_of >= 0 else os.getcwd()
            place = os.path.abspath(os.path.join(base, os.fsdecode(path)))
            if not place.startswith((f"{folder}{os.sep}", "/proc/self/", "/dev/null")) and "__pycache__" not in place:
                outside.append(place)

    sys.addaudithook(hook)
    return outside


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--big", action="store_true")
    parser.add_argument("--whole", action="store_true", help="with the model, to the answer")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    identifier = FontIdentifier.from_pretrained(MODEL) if arguments.whole or "question" in arguments.ways else None
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEGABYTES * hostile.MEGA
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    outside = watch_writing(arguments.folder.resolve())
    number = 0
    for kind in arguments.kinds:
        for name, data in KINDS[kind](arguments.big):
            for way in arguments.ways:
                number += 1
                place = arguments.folder / str(number)
                place.mkdir()
                file = place / name
                file.write_bytes(data)
                found = feed(way, file, identifier)
                print(json.dumps({"way": way, "kind": kind, "name": name, **found, "written": outside[:3]}), flush=True)
                outside.clear()
                for left in place.iterdir():
                    left.unlink()


if __name__ == "__main__":
    main()
