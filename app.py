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
from gradio.utils import get_upload_folder  # noqa: E402

from fontid.artifact import ArtifactError  # noqa: E402
from fontid.calibration import KNOWN  # noqa: E402
from fontid.catalogue import Match  # noqa: E402
from fontid.identifier import Answer, FontIdentifier, Group  # noqa: E402
from fontid.images import PictureError  # noqa: E402

DELETE_UPLOADS = (60, 300)  # every minute, whatever is older than five
LARGEST_UPLOAD = "60mb"

INTRODUCTION = """# fontid
Which font is this? Drop in a picture of text, and read which Google Fonts family and style it is."""
UNKNOWN = "<p class='unknown'>Probably not in the catalogue: the nearest free fonts are</p>"
NOTHING_YET = "<p class='hint'>The answer appears here.</p>"
CSS = """
.matches { display: grid; gap: .6rem; padding: 0; margin: 0; list-style: none; }
.matches li { border: 1px solid var(--border-color-primary); border-radius: .6rem; padding: .7rem .9rem;
  background: var(--background-fill-primary); color: var(--body-text-color); }
.matches .family { font-size: 1.15rem; font-weight: 600; text-align: left; padding: 0; }
.matches .style, .matches .twins, .hint { opacity: .8; }
.matches .row { display: grid; grid-template-columns: 1fr auto auto; gap: 1rem; align-items: baseline; }
.matches meter { width: 4.5rem; }
.problem { border-left: .3rem solid #b42318; padding: .5rem .9rem; color: var(--body-text-color); }
"""


def file_of(payload: gr.FileData | None) -> str | None:
    """The uploaded file as it came: `fontid` opens it, and says so kindly where it cannot.

    Raises: gr.Error for a path that is no upload. Gradio checks paths that are marked as files, not unmarked ones.
    """
    if payload is None:
        return None
    if not Path(payload.path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise gr.Error("Upload the picture itself: paths on the server are not read.", print_exception=False)
    return payload.path


def style_of(match: Match) -> str:
    return f"{match.weight}{' italic' if match.italic else ''}"


def card(match: Match) -> str:
    """One match as a list item."""
    name, url = html.escape(match.name), html.escape(match.url, quote=True)
    twins = (
        f"<div class='twins'>Draws the same letters: {html.escape(', '.join(match.twins))}</div>" if match.twins else ""
    )
    return (
        f"<li><div class='row'><a class='family' href='{url}' target='_blank' rel='noopener'>{name}</a>"
        f"<span class='style'>{style_of(match)}</span>"
        f"<span><meter min='0' max='1' value='{match.probability:.3f}' aria-label='probability of {name}'></meter> "
        f"{match.probability:.0%}</span></div>{twins}</li>"
    )


def section(group: Group) -> str:
    """One group's reading, a plain word where the font seems to be unknown, and its matches."""
    text = " / ".join(line.text for line in group.lines if line.text)
    reading = f"<p class='hint'>{html.escape(text)}</p>" if text else ""
    warning = UNKNOWN if group.in_catalogue < KNOWN else ""
    return f"{reading}{warning}<ol class='matches'>{''.join(map(card, group.matches))}</ol>"


def show(answer: Answer) -> str:
    return "".join(map(section, answer.groups))


def build(identifier: FontIdentifier) -> gr.Blocks:
    """The page and its API, around an identifier that is loaded once."""

    def answer_page(picture: str | None) -> str:
        """Ranked matches as HTML for the page; a sentence where the picture cannot be used."""
        if picture is None:
            return NOTHING_YET
        try:
            return show(identifier.identify(picture))
        except PictureError as error:
            return f"<p class='problem' role='alert'>{html.escape(str(error))}</p>"

    def identify(picture: str | None) -> dict:
        """Identify the font in a picture: the object that `fontid identify --json` prints."""
        try:
            if picture is None:
                raise PictureError("No picture came with this request: send one as the first argument.")
            return {"image": Path(picture).name} | identifier.identify(picture).to_dict()
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from error

    with gr.Blocks(title="fontid", delete_cache=DELETE_UPLOADS) as page:
        gr.Markdown(INTRODUCTION)
        with gr.Row():
            picture = gr.Image(
                label="Picture with text",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard", "webcam"],
                height=320,
                buttons=[],
                elem_id="picture",
            )
            picture.preprocess = file_of  # gr.Image would open it with Pillow, and fail with a stack trace
            answer = gr.HTML(NOTHING_YET, label="Matches", elem_id="answer")
        picture.change(answer_page, picture, answer, api_visibility="private", show_progress="minimal")
        gr.Button(visible=False).click(identify, picture, gr.JSON(visible=False), api_name="identify")
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
