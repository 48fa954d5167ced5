"""The web app: drop in a picture, read which font it shows.

    python app.py

GRADIO_SERVER_NAME, GRADIO_SERVER_PORT and Gradio's other variables are respected; FONTID_MODEL names another model, by
folder or hub id. The app only formats what `fontid` returns.
"""

import html
import os
import sys
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # no request leaves the machine

import gradio as gr  # noqa: E402 (reads the variable when imported)

from fontid.artifact import ArtifactError  # noqa: E402
from fontid.catalogue import Match  # noqa: E402
from fontid.identifier import Answer, FontIdentifier  # noqa: E402
from fontid.images import PictureError  # noqa: E402

DELETE_UPLOADS = (60, 300)  # every minute, whatever is older than five
LARGEST_UPLOAD = "60mb"

INTRODUCTION = """# fontid
Which font is this? Drop in a picture of text, and read which Google Fonts family and style it is."""
NOTHING_YET = "<p class='hint'>The answer appears here.</p>"
CSS = """
.matches { display: grid; gap: .6rem; padding: 0; margin: 0; list-style: none; }
.matches li { border: 1px solid var(--border-color-primary); border-radius: .6rem; padding: .7rem .9rem;
  background: var(--background-fill-primary); color: var(--body-text-color); }
.matches .name { font-size: 1.15rem; font-weight: 600; }
.matches .style, .matches .twins, .hint { color: var(--body-text-color-subdued); }
.matches .row { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
.matches meter { width: 7rem; }
.problem { border-left: .3rem solid #b42318; padding: .5rem .9rem; color: var(--body-text-color); }
"""

from gradio.events import Dependency

class Picture(gr.Image):
    """An image input that hands over the file as it came: `fontid` opens it, and says so kindly where it cannot."""

    is_template = True  # drawn by gr.Image's own front end

    def preprocess(self, payload):
        if payload is not None and payload.path is not None:
            return payload.path
        return super().preprocess(payload)
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


def style_of(match: Match) -> str:
    return f"{match.weight}{' italic' if match.italic else ''}"


def card(match: Match) -> str:
    """One match as a list item."""
    name, url = html.escape(match.name), html.escape(match.url, quote=True)
    twins = (
        f"<div class='twins'>Draws the same letters: {html.escape(', '.join(match.twins))}</div>" if match.twins else ""
    )
    return (
        f"<li><div class='row'><a class='name' href='{url}' target='_blank' rel='noopener'>{name}</a>"
        f"<span class='style'>{style_of(match)}</span>"
        f"<span><meter min='0' max='1' value='{max(0.0, match.score):.3f}' aria-label='similarity of {name}'></meter> "
        f"{match.score:.2f}</span></div>{twins}</li>"
    )


def show(answer: Answer) -> str:
    return f"<ol class='matches'>{''.join(map(card, answer.matches))}</ol>"


def build(identifier: FontIdentifier) -> gr.Blocks:
    """The page and its API, around an identifier that is loaded once."""

    def identify(picture: str | None) -> str:
        """Ranked matches as HTML for the page; a sentence where the picture cannot be used."""
        if picture is None:
            return NOTHING_YET
        try:
            return show(identifier.identify(picture))
        except PictureError as error:
            return f"<p class='problem' role='alert'>{html.escape(str(error))}</p>"

    def identify_api(picture: str) -> dict:
        """Identify the font in a picture: the object that `fontid identify --json` prints."""
        try:
            return {"image": Path(picture).name} | identifier.identify(picture).to_dict()
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from error

    with gr.Blocks(title="fontid", delete_cache=DELETE_UPLOADS) as page:
        gr.Markdown(INTRODUCTION)
        with gr.Row():
            picture = Picture(
                label="Picture with text",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard", "webcam"],
                buttons=[],
                elem_id="picture",
            )
            answer = gr.HTML(NOTHING_YET, label="Matches", elem_id="answer")
        picture.change(identify, picture, answer, api_visibility="private", show_progress="minimal")
        gr.api(identify_api, api_name="identify")
    return page


def main() -> None:
    try:
        identifier = FontIdentifier.from_pretrained(os.environ.get("FONTID_MODEL"))
    except ArtifactError as error:
        sys.exit(str(error))
    theme = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    build(identifier).launch(theme=theme, css=CSS, max_file_size=LARGEST_UPLOAD, ssr_mode=False)


if __name__ == "__main__":
    main()