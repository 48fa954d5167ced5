"""Files that a browser or a program sent; nothing else of the server is ever read for them."""

import tempfile
import time
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder


def file_of(payload: gr.FileData | None) -> str | None:
    """The uploaded file as it came: `fontid` opens it, and says so kindly where it cannot.

    Raises: gr.Error for a path that is no upload. Gradio checks paths that are marked as files, not unmarked ones.
    """
    return None if payload is None else uploaded(payload.path)


def uploaded(path: str) -> str:
    if not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise gr.Error("Upload the picture itself: paths on the server are not read.", print_exception=False)
    return path


def keep(name: str, content: bytes) -> str:
    """Put a file of our own among the uploads, from where it is deleted as they are. Returns: its path."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=folder)) / name
    place.write_bytes(content)
    return str(place)


def delete_old(page: gr.Blocks, age: float) -> None:
    """Delete what has lain in the upload folder for more than `age` seconds, whoever put it there.

    Gradio's `delete_cache` forgets what came before a restart, what a page wrote itself and what came over MCP. The
    page's own pictures, such as its examples, stay.
    """
    own = set().union(*(getattr(component, "keep_in_cache", set()) for component in page.blocks.values()))
    kept = {Path(file).resolve() for file in own}
    for file in Path(get_upload_folder()).rglob("*"):
        try:
            if file.is_file() and file.resolve() not in kept and time.time() - file.stat().st_mtime > age:
                file.unlink()
        except FileNotFoundError:
            continue


def delete_for_ever(page: gr.Blocks, every: float, age: float) -> None:
    """`delete_old` again and again, in seconds; for a thread."""
    while True:
        delete_old(page, age)
        time.sleep(every)
