"""Files that a browser or a program sent; nothing else of the server is ever read for them."""

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
