"""Draw text in faces by headless Chromium, the renderer of the web and of most screenshots. For testing."""

import base64
import html
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from data_scripts.renderers import unpack
from fontid.catalogue.faces import Face
from fontid.paths import data_home

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-lcd-text")
BOXES_PER_PAGE = 60
HIGHEST_PAGE = 14_000  # pixels, by a generous estimate; Chromium draws no more than 16384


class ChromiumMissing(RuntimeError):
    """No browser here; the message says what to install."""


@dataclass(frozen=True)
class TextBox:
    """A text to draw: `style` is further CSS for its box, which is as wide as the text unless told otherwise.

    `markup` is HTML that stands in the box instead of the plain text; `height` is the box's where the style tells one.
    """

    face: Face | None  # None: there is no text
    text: str
    pixels: int
    style: str = ""
    markup: str = ""
    height: int | None = None


def find_chromium() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise ChromiumMissing("install Chromium (Debian: apt-get install chromium).")
    return found


@contextmanager
def open_browser() -> Iterator:
    """A browser of Playwright's. Raises: ChromiumMissing."""
    try:
        from playwright.sync_api import sync_playwright  # here, so that the rest works without a browser driver
    except ImportError as error:
        raise ChromiumMissing("pip install playwright (it drives Debian's Chromium).") from error

    executable = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()


def draw_boxes(boxes: list[TextBox], fonts: Path) -> Iterator[Image.Image]:
    """One picture a box, mode "RGB" if its style has colour in it, in the order of the boxes."""
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1600, "height": 1200})
        yield from tqdm(_draw(page, boxes, fonts), "chromium", len(boxes))


def _draw(page, boxes: list[TextBox], fonts: Path) -> Iterator[Image.Image]:
    for part in _parts(boxes):
        page.set_content(_page_of(part, fonts))
        page.evaluate("Promise.all([...document.fonts].map(font => font.load()))")
        page.evaluate("document.fonts.ready")
        places = page.evaluate(
            "[...document.querySelectorAll('.box')].map(e => {const r = e.getBoundingClientRect();"
            " return [r.left, r.top, r.right, r.bottom].map(Math.round)})"
        )
        right, bottom = (max(place[side] for place in places) for side in (2, 3))
        clip = {"x": 0, "y": 0, "width": right, "height": bottom}
        picture = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip))).convert("RGB")
        for box, place in zip(part, places, strict=True):
            image = picture.crop(place)
            yield image if box.style else image.convert("L")


def _parts(boxes: list[TextBox]) -> Iterator[list[TextBox]]:
    """The boxes in order, as many together as a page holds."""
    part, height = [], 0.0
    for box in boxes:
        box_height = box.height or 1.6 * box.pixels * (2 + box.text.count("\n"))
        if part and (len(part) == BOXES_PER_PAGE or height + box_height > HIGHEST_PAGE):
            yield part
            part, height = [], 0.0
        part.append(box)
        height += box_height
    if part:
        yield part


def font_rule(family: str, face: Face, fonts: Path, style: str = "") -> str:
    """CSS with the face's font inside, so that neither cache nor installed fonts can stand in for it.

    Of a variable font it is the static one at the face's place on its axes.
    """
    file = fonts / face.file
    if face.axes:
        file = unpack(file, data_home() / "ttf", face.axes)
    source = f"data:font/{file.suffix[1:]};base64,{base64.b64encode(file.read_bytes()).decode()}"
    return f"@font-face{{font-family:'{family}';{style}src:url({source})}}"


def _page_of(boxes: list[TextBox], fonts: Path) -> str:
    """Each font once, inside the page."""
    faces = {box.face.id: box.face for box in boxes if box.face}
    rules = "".join(font_rule(name, face, fonts) for name, face in faces.items())
    body = "".join(
        f'<div><div class="box" style="font-family:\'{box.face.id if box.face else ""}\';'
        f'font-size:{box.pixels}px;{box.style}">'
        f"{box.markup or html.escape(box.text)}</div></div>"
        for box in boxes
    )
    return (
        f"<!doctype html><meta charset=utf-8><style>{rules} body{{margin:0;background:#fff;color:#000;width:6000px}}"
        ".box{display:inline-block;white-space:pre;padding:.35em .4em;line-height:1.5}</style>" + body
    )
