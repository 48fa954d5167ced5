"""Screenshots of other people's web pages set anew in known families: the protocol `sites` of benchmarks.render.

Text, headings and code are each in a family of their own; layout, sizes, weights and colours are the pages'. Pictures,
icons and logos stay as they are, so a list of fonts may rightly hold some that the manifest does not know.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks import pages
from benchmarks.pages import RUNS, Page, Pool, font_face_rule, lines_of, saved
from data_scripts.chromium import open_browser
from data_scripts.fetch_sites import pages_of
from fontid.catalogue.faces import Face

COUNT = 100
# widths and heights of windows in CSS pixels, and pixels to one of those
WINDOWS = (
    (1280, 800, 1.0), (1440, 900, 1.0), (1024, 700, 1.0), (900, 500, 1.0), (640, 420, 1.0), (1280, 720, 1.25),
    (1280, 800, 2.0), (640, 400, 2.0), (390, 844, 2.0), (390, 844, 3.0),
)  # fmt: skip
SCROLLED = 0.6  # of the pages: they are seen from somewhere below their top
LEAST_LINES = 3  # of a page
LEAST_SIZE = 10  # pixels of the picture
PATIENCE = 15_000  # milliseconds for a page to load, and to be drawn
# what is drawn by a font of icons keeps it
TEXT = '*:not([class*="icon"]):not([class*="fa-"]):not([class~="fa"]):not([class~="fas"]):not(i):not([class*="glyph"])'
HEADINGS = (
    "h1", "h2", "h3", "h4", "h5", "h6", ".navbar-brand", ".brand", ".logo", ".display-1", ".display-2", ".display-3",
    ".display-4", ".masthead-heading", ".section-heading", ".card-title",
)  # fmt: skip
CODE = ("code", "pre", "kbd", "samp")
STILL = (
    "*{animation:none!important;transition:none!important}"
    "[data-aos],.wow,.reveal{opacity:1!important;transform:none!important;visibility:visible!important}"
)


def draw_sites(rng: np.random.Generator, pool: Pool, folder: Path, fonts: Path, count: int = COUNT) -> Iterator[Page]:
    """Pages of packages drawn by lot, as much of them as a window shows.

    Args: folder: of unpacked packages; fonts: that of the faces' files. Raises: SystemExit where no package holds any.
    """
    sites = [found for package in sorted(folder.glob("*")) if (found := pages_of(package))]
    if not sites:
        raise SystemExit(f"{folder} holds no pages: run python -m data_scripts.fetch_sites first.")
    from playwright.sync_api import Error  # here, so that the rest works without a browser driver

    with tqdm(total=count, desc="sites") as done, open_browser() as browser:
        while done.n < count:
            site = sites[rng.integers(len(sites))]
            address = site[rng.integers(len(site))]
            width, height, scale = WINDOWS[rng.integers(len(WINDOWS))]
            text, heading = (pool.choose(rng, kind, pages.NEEDED) for kind in (pages.PLAIN, pages.ANY_KIND))
            code = pool.choose(rng, pages.MONOSPACE, pages.NEEDED_BY_CODE)
            page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
            try:
                runs, image = _seen(page, address, _style(text, heading, code, fonts), rng.random(2))
            except Error as error:  # it does not load, or cannot be drawn
                tqdm.write(f"{address}: {str(error).splitlines()[0]}")
                continue
            finally:
                page.close()
            known = {text[0].family, heading[0].family, code[0].family}
            lines = [
                line
                for line in lines_of(runs, np.asarray(image), scale)
                if line.family in known and line.text.isascii() and line.size >= LEAST_SIZE
            ]
            if len(lines) >= LEAST_LINES:
                done.update()
                data, suffix = saved(rng, image)
                yield Page(data, suffix, address.relative_to(folder).parts[0], scale, False, lines)


def _seen(page, address: Path, style: str, lot: np.ndarray) -> tuple[list[dict], Image.Image]:
    """The runs of text of a page and its screenshot. Args: lot: (2,) 0-1, whether it is scrolled, and how far."""
    page.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith(("file:", "data:")) else route.abort()
    )
    page.goto(address.as_uri(), wait_until="load", timeout=PATIENCE)
    page.add_style_tag(content=style)
    page.evaluate("Promise.all([...document.fonts].map(font => font.load().catch(() => null)))")
    page.wait_for_timeout(300)
    below = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    if lot[0] < SCROLLED and below > 0:
        page.evaluate(f"window.scrollTo(0, {int(lot[1] * below)})")
        page.wait_for_timeout(200)
    return page.evaluate(RUNS), Image.open(io.BytesIO(page.screenshot(timeout=PATIENCE))).convert("RGB")


def _style(text: list[Face], heading: list[Face], code: list[Face], fonts: Path) -> str:
    """CSS that sets a page in three families."""
    faces = {face.id: face for face in (*text, *heading, *code)}.values()
    rules = "".join(font_face_rule(face, fonts) for face in faces)
    for selector, family in ((TEXT, text), (_within(HEADINGS), heading), (_within(CODE), code)):
        rules += f"{selector}{{font-family:'{family[0].family}'!important}}"
    return rules + STILL


def _within(selectors: tuple[str, ...]) -> str:
    """What these select, and all inside it, with more weight than `TEXT` has."""
    return ",".join(f"{one}{TEXT[1:]},{one} {TEXT}" for one in selectors)
