"""Files that a browser or a program sent; nothing else of the server is ever read for them."""

import base64
import shutil
import tempfile
import time
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from fontid.picture.opening import pixels_of
from web.limits import LARGE, LONGEST, ROOM, SMALL
from web.remembered import ANSWERS
from web.watching import log, note, places, size_class

BROKEN = "This did not come whole: send it again."
GONE = "This is no longer here, uploads are deleted after some minutes: send it again."


def take_files_as_they_come() -> None:
    """Have every `gr.Image` give the uploaded file: `fontid` opens it, and says so kindly where it cannot.

    The class is changed, since Gradio makes a component that is updated anew, from its class.
    """
    gr.Image.preprocess = lambda _, payload: None if payload is None else uploaded(payload.path)


def uploaded(path: str) -> str:
    """The path. Raises: gr.Error for one that is no upload: Gradio checks paths that are marked as files, no others."""
    if not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise gr.Error("Upload the picture itself: paths on the server are not read.", print_exception=False)
    try:
        note(size=size_class(Path(path).stat().st_size))
    except FileNotFoundError as error:  # swept since it came: its visitor waited too long with it
        raise gr.Error(GONE, print_exception=False) from error
    return path


def sent(asked: dict) -> str:
    """The path of a picture that a page uploaded, or that came inside of its question. Raises: gr.Error."""
    if "content" not in asked:
        return uploaded(str(asked.get("path")))
    try:
        content = base64.b64decode(str(asked["content"]))
    except ValueError as error:
        raise gr.Error(BROKEN, print_exception=False) from error
    return uploaded(keep("sent", content))


def kind_of_work(path: str) -> str:
    """Which kind of work, of those in `USUAL`, a picture's answer is: its size tells roughly how long that takes."""
    pixels = pixels_of(path)
    return "small" if pixels < SMALL else "picture" if pixels < LARGE else "large"


def keep(name: str, content: bytes) -> str:
    """Put a file of our own among the uploads, from where it is deleted as they are. Returns: its path."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=folder)) / name
    try:
        place.write_bytes(content)
    except OSError:  # half of it would only take the room that is wanting
        place.unlink(missing_ok=True)
        raise
    return str(place)


def free_space() -> int:
    """Bytes left where uploads lie; none where nothing can be written."""
    try:
        Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(get_upload_folder()).free
    except OSError:
        return 0


def age_with(free: int, age: float) -> float:
    """Seconds after which uploads go: `age`, or sooner where newcomers need the room, but not before their turn.

    Args: free: bytes left where they lie.
    """
    return max(min(age, LONGEST), age * min(1.0, free / ROOM))


class Sweeper:
    """Deletes old files among the uploads, also those that others left.

    Gradio's `delete_cache` forgets what came before a restart, what a page wrote itself and what came over MCP, and
    goes by the clock on the wall, which may jump: this one counts from when it first saw a file.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple, float] = {}  # a file or folder as it is now -> when it was first like that

    def sweep(self, age: float) -> None:
        """Delete what has been as it is for `age` seconds."""
        now, seen = time.monotonic(), {}
        for place in Path(get_upload_folder()).rglob("*"):
            try:
                found = place.stat()
                state = (place, found.st_ino, found.st_mtime_ns)
                seen[state] = since = self._seen.get(state, now)
                if now - since >= age:
                    place.rmdir() if place.is_dir() else place.unlink()
            except OSError:  # gone, or a folder that holds something
                continue
        self._seen = seen  # only now: what breaks a sweep off makes nothing look new to the next one

    def sweep_for_ever(self, every: float, age: float) -> None:
        """For a thread; in seconds."""
        while True:
            try:
                ANSWERS.forget()
                self.sweep(age_with(free_space(), age))
            except Exception as error:  # such as a folder that vanished; visitors are promised that it goes on
                log("failed", task="sweep", **places(error))
            time.sleep(every)
