"""The web app: drop in a picture, read which font it shows.

    python app.py

GRADIO_SERVER_NAME, GRADIO_SERVER_PORT and Gradio's other variables are respected; FONTID_MODEL names another model, by
folder or hub id. The parts lie in `web/`; they only format what `fontid` returns.
"""

import os
import sys
from pathlib import Path
from threading import Thread

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # no request leaves the machine

import gradio as gr  # noqa: E402 (reads the variable when imported)

from fontid.artifact import ArtifactError  # noqa: E402
from fontid.identifier import FontIdentifier  # noqa: E402
from web.page import DELETE_UPLOADS, EXAMPLES, build  # noqa: E402
from web.uploads import delete_for_ever  # noqa: E402

LARGEST_UPLOAD = "60mb"
CONTRAST = {  # the theme's own greys and indigos are too pale to be read by everybody
    f"{part}{mode}": colour
    for part in (
        "block_label_text_color",
        "block_title_text_color",
        "body_text_color_subdued",
        "input_placeholder_color",
    )
    for mode, colour in (("", "*neutral_700"), ("_dark", "*neutral_200"))
} | {"button_primary_background_fill": "*primary_600", "button_primary_background_fill_dark": "*primary_700"}


def warm_up(identifier: FontIdentifier) -> None:
    """Have the first visitor wait no longer than the next ones: networks and letters are loaded when first used."""
    for example in EXAMPLES:
        identifier.identify(example)


def main() -> None:
    try:
        identifier = FontIdentifier.from_pretrained(os.environ.get("FONTID_MODEL"))
    except ArtifactError as error:
        sys.exit(str(error))
    Thread(target=warm_up, args=(identifier,), daemon=True).start()
    theme = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]).set(**CONTRAST)
    page = build(identifier)
    Thread(target=delete_for_ever, args=(page, *DELETE_UPLOADS), daemon=True).start()
    page.launch(
        theme=theme,
        css_paths=Path(__file__).parent / "web" / "style.css",
        max_file_size=LARGEST_UPLOAD,
        mcp_server=True,
        ssr_mode=False,
        enable_monitoring=False,  # Gradio's own page on who asked what
        run_history=False,  # would keep pictures in the browser, and send them to a hub with a visitor's key
    )


if __name__ == "__main__":
    main()
