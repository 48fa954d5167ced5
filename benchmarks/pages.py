"""Screenshots of whole pages with every visible line known: protocols `pages` and `editors` of benchmarks.render.

The pages are made from the templates beside this module, their words from one `split` of `data_scripts.texts`. Half of
the families are drawn by how often they are downloaded, half at random; but for an editor's code, see `EDITORS`.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from PIL import Image
from tqdm import tqdm

from benchmarks.drawing import Opener, jpeg, png
from data_scripts.chromium import font_rule, open_browser
from data_scripts.texts import LETTERS, drawable_words, running_text
from fontid.catalogue.faces import Face, by_family, regular_face
from fontid.catalogue.usage import read_usage

TEMPLATES = ("article", "landing", "dashboard", "shop", "slide", "poster", "editor", "terminal", "phone")
COUNT = 180
EDITORS = ("jetbrains-mono", "fira-code", "source-code-pro", "ibm-plex-mono", "cascadia-code")  # families of code
SCREEN = 1920, 1080  # pixels
NEEDED = frozenset(LETTERS + "0123456789.,:-/()!?%$")
NEEDED_BY_CODE = NEEDED | frozenset("{}[]<>=_;#*+\"'&|@~")
PLAIN, MONOSPACE = ("sans-serif", "serif"), ("monospace",)  # categories of families
ANY_KIND = (*PLAIN, "display", "handwriting")
LARGEST = 64  # pixels of the picture
SMALLEST = 11  # likewise
HIGHEST = 3200  # CSS pixels of a full page
# widths and heights of windows and of what people cut out of them, in CSS pixels, by pixels to one of those
WINDOWS = {
    1.0: ((640, 400), (800, 500), (1024, 600), (1280, 720)),
    1.25: ((560, 360), (720, 420), (1024, 560)),
    2.0: ((480, 360), (600, 420), (800, 480)),
    3.0: ((360, 560), (390, 640), (430, 760)),
}
SCALES = {1.0: 0.62, 1.25: 0.2, 2.0: 0.18}
PHONE_SCALES = {2.0: 0.5, 3.0: 0.5}
INK_APART = 40  # of 765: how far from the ground's colour a pixel is ink
# One entry for each run of characters in one face on one row: its box in CSS pixels, and its computed style.
RUNS = """() => {
  const runs = [], blocks = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement, style = getComputedStyle(parent);
    const block = parent.closest('div, p, li, td, th, h1, h2, h3, blockquote, small, pre, header, footer') || parent;
    if (!block.id) block.id = 'block-' + blocks.push(block);
    const role = parent.closest('[data-role]');
    let run = null;
    for (let i = 0; i < node.length; i++) {
      range.setStart(node, i); range.setEnd(node, i + 1);
      const box = range.getBoundingClientRect(), character = node.data[i];
      if (!box.width) continue;
      if (!run || Math.abs(box.top - run.box[1]) > 2 || box.left < run.box[2] - 2) {
        run = {text: '', box: [box.left, box.top, box.right, box.bottom], block: block.id,
          family: style.fontFamily.replaceAll('"', ''), weight: +style.fontWeight, italic: style.fontStyle == 'italic',
          size: parseFloat(style.fontSize), role: role ? role.dataset.role : 'text', upper: style.textTransform};
        runs.push(run);
      }
      run.text += character;
      if (character.trim()) run.box[2] = box.right;
      if (!run.text.trim()) run.box[0] = box.right;
    }
  }
  return runs.filter(run => {
    const [left, top, right, bottom] = run.box;
    if (!run.text.trim() || left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return false;
    return [left + 1, right - 1].every(x => {
      const seen = document.elementFromPoint(x, (top + bottom) / 2);
      return seen && document.getElementById(run.block).contains(seen);
    });
  });
}"""


@dataclass(frozen=True)
class Plan:
    """A page to be drawn: width and height in CSS pixels, `scale` pixels to one of those.

    dark, code: None where chance decides, the second the family of code.
    """

    template: str
    scale: float
    width: int
    height: int
    dark: bool | None = None
    code: str | None = None


@dataclass(frozen=True)
class PageLine:
    """A visible line, or the part of one that is in one face: `box` and `size` in pixels of the picture."""

    box: tuple[int, int, int, int]
    text: str
    family: str
    weight: int
    italic: bool
    size: float
    role: str


@dataclass(frozen=True)
class Page:
    """A screenshot: PNG or JPEG bytes."""

    data: bytes
    suffix: str
    template: str
    scale: float
    dark: bool
    lines: list[PageLine]

    def row(self, name: str) -> dict:
        """A line of the manifest."""
        lines = [asdict(line) for line in self.lines]
        return {"file": name, "template": self.template, "scale": self.scale, "dark": self.dark, "lines": lines}


class Pool:
    """Families to choose from."""

    def __init__(self, faces: list[Face], open_face: Opener, usage: Path) -> None:
        """Args: usage: a table of families and their downloads a month."""
        self.families, self._open_face = by_family(faces), open_face
        self._downloads = read_usage(usage)

    def choose(self, rng: np.random.Generator, categories: tuple[str, ...], needed: frozenset[str]) -> list[Face]:
        """The faces of a family that can spell what a page needs."""
        fitting = [name for name, faces in self.families.items() if faces[0].category in categories]
        by_usage = rng.random() < 0.5
        downloads = np.array([self._downloads.get(name, 0) if by_usage else 1 for name in fitting], float)
        while True:
            faces = self.families[rng.choice(fitting, p=downloads / downloads.sum())]
            mapped = self._open_face(regular_face(faces)).shaper.face.unicodes
            if all(ord(character) in mapped for character in needed):
                return faces


def plan_pages(rng: np.random.Generator, count: int) -> Iterator[Plan]:
    """Pages of all templates in turn."""
    for number in tqdm(range(count), "pages"):
        name = TEMPLATES[number % len(TEMPLATES)]
        scales = PHONE_SCALES if name == "phone" else SCALES
        scale = float(rng.choice(list(scales), p=list(scales.values())))
        windows = WINDOWS[3.0] if name == "phone" else WINDOWS[scale]
        width, height = windows[rng.integers(len(windows))]
        if name == "editor" and scale == 1.0 and rng.random() < 0.5:
            width, height = SCREEN
        if name == "poster":
            width, height = sorted((width, height))
        yield Plan(name, scale, width, height)


def plan_editors() -> Iterator[Plan]:
    """Whole screens of code: editors with a side bar and numbers of lines, and terminals, light and dark."""
    for family, name, dark in tqdm(list(product(EDITORS, ("editor", "terminal"), (False, True))), "editors"):
        yield Plan(name, 1.0, *SCREEN, dark, family)


def draw_pages(rng: np.random.Generator, plans: Iterable[Plan], pool: Pool, split: str, fonts: Path) -> Iterator[Page]:
    """Args: plans: the pages, of which each is drawn before the next is planned; fonts: folder of the faces' files."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    with open_browser() as browser:
        for plan in plans:
            name, scale, width, height = plan.template, plan.scale, plan.width, plan.height
            look = _look(rng, pool, plan, fonts)
            html = environment.get_template(f"{name}.html").render(look | Words(rng, split, look["charset"]).helpers)
            page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
            page.set_content(html)
            page.evaluate("Promise.all([...document.fonts].map(font => font.load()))")
            if name in ("article", "landing", "dashboard", "shop", "phone") and rng.random() < 0.06:
                height = min(HIGHEST, page.evaluate("document.documentElement.scrollHeight"))
                page.set_viewport_size({"width": width, "height": height})
            runs = page.evaluate(RUNS)
            image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            page.close()
            data, suffix = saved(rng, image)
            yield Page(data, suffix, name, scale, look["dark"], lines_of(runs, np.asarray(image), scale))


def saved(rng: np.random.Generator, image: Image.Image) -> tuple[bytes, str]:
    """Most screenshots are PNG, some became JPEG on their way."""
    if rng.random() < 0.8:
        return png(image), ".png"
    return jpeg(image, int(rng.integers(75, 96))), ".jpg"


def lines_of(runs: list[dict], pixels: np.ndarray, scale: float) -> list[PageLine]:
    """Neighbouring runs of one face joined; boxes drawn around the ink of (H, W, 3) uint8."""
    joined: list[dict] = []
    style = ("block", "family", "weight", "italic", "size", "role")
    for run in runs:
        last = joined[-1] if joined else None
        same = last and all(last[key] == run[key] for key in style) and abs(last["box"][1] - run["box"][1]) < 2
        if same and -1 < run["box"][0] - last["box"][2] < run["size"]:
            last["text"] += run["text"]
            last["box"][2] = max(last["box"][2], run["box"][2])
        else:
            joined.append(run)
    lines = []
    for run in joined:
        box = _around_ink(pixels, [side * scale for side in run["box"]])
        if box is not None and any(map(str.isalnum, run["text"])):
            text = run["text"].upper() if run["upper"] == "uppercase" else run["text"]
            size = round(run["size"] * scale, 1)
            lines.append(
                PageLine(box, " ".join(text.split()), run["family"], run["weight"], run["italic"], size, run["role"])
            )
    return lines


def _around_ink(pixels: np.ndarray, box: list[float]) -> tuple[int, int, int, int] | None:
    left, top, right, bottom = (max(0, round(side)) for side in box)
    part = pixels[top:bottom, left:right].astype(int)
    if not part.size:
        return None
    colours, counts = np.unique(part.reshape(-1, 3), axis=0, return_counts=True)
    ink = np.abs(part - colours[counts.argmax()]).sum(2) > INK_APART
    inked = Image.fromarray(ink).getbbox()
    return inked and (left + inked[0], top + inked[1], left + inked[2], top + inked[3])


def _look(rng: np.random.Generator, pool: Pool, plan: Plan, fonts: Path) -> dict:
    """What a template needs besides words: families, sizes in CSS pixels and colours."""
    template, scale = plan.template, plan.scale
    has_code = template in ("editor", "terminal") or rng.random() < 0.3
    text = pool.choose(rng, PLAIN, NEEDED)
    heading = text if template == "editor" and rng.random() < 0.5 else pool.choose(rng, ANY_KIND, NEEDED)
    label = pool.choose(rng, PLAIN, NEEDED) if rng.random() < 0.25 else text
    code = pool.choose(rng, MONOSPACE, NEEDED_BY_CODE) if has_code else text
    code = pool.families[plan.code] if plan.code else code
    least = SMALLEST / scale
    on_paper = template in ("slide", "poster")
    size = float(rng.choice((18, 20, 24) if on_paper else (13, 14, 14, 15, 16, 16, 17)))
    small = max(least, size - float(rng.choice((2, 3, 4) if on_paper else (1, 2, 3))))
    growth = rng.uniform(1.15, 1.5)
    sizes = [round(min(LARGEST / scale, size * growth**power)) for power in (4 if on_paper else 3, 2, 0.7)]
    weights = [face.weight for face in heading if not face.italic and face.weight >= 400] or [400]
    dark = bool(rng.random() < (0.75 if template in ("editor", "terminal") else 0.35))
    dark = dark if plan.dark is None else plan.dark
    tint = rng.integers(-8, 9, 3)
    ground = (rng.integers(12, 42) if dark else rng.choice((255, 255, 250, 244))) + tint
    panel = ground + (rng.integers(6, 18) if dark else -rng.integers(4, 14))
    ink = (rng.integers(205, 250) if dark else rng.integers(8, 60)) + tint
    quiet = ground + (ink - ground) * rng.uniform(0.55, 0.8)
    accent = _colour(rng, bright=dark)
    used = {face.id: face for face in (*text, *heading, *label, *code)}
    return {
        "font_faces": Markup("".join(font_face_rule(face, fonts) for face in used.values())),
        "charset": frozenset(LETTERS),
        "has_code": has_code, "dark": dark,
        "text": text[0].family, "heading": heading[0].family, "label": label[0].family, "code": code[0].family,
        "heading_weight": int(rng.choice(weights)),
        "heading_spacing": round(float(rng.choice((0, 0, 0, -0.02, 0.02))), 3),
        "size": size, "small": small, "sizes": sizes, "leading": round(rng.uniform(1.35, 1.7), 2),
        "code_size": max(least, float(rng.choice((12, 13, 14, 15)))), "code_leading": round(rng.uniform(1.25, 1.65), 2),
        "ink": _css(ink), "ground": _css(ground), "panel": _css(panel), "quiet": _css(quiet),
        "rim": _css(ground + (ink - ground) * 0.15), "accent": _css(accent), "on_accent": "#111" if dark else "#fff",
        "radius": int(rng.choice((0, 4, 8, 14))),
        "art": f"linear-gradient({rng.integers(360)}deg, {_css(_colour(rng, False))}, {_css(_colour(rng, True))})",
        "syntax": [_css(_colour(rng, bright=dark)) for _ in range(4)] + [_css(quiet)],
        "strong_keywords": rng.random() < 0.3, "slanted_comments": rng.random() < 0.5,
        "plain_links": rng.random() < 0.6,
    }  # fmt: skip


def font_face_rule(face: Face, fonts: Path) -> str:
    """CSS that brings a face into a page under its family's id, weight and slope. Args: fonts: folder of the files."""
    slope = "italic" if face.italic else "normal"
    return font_rule(face.family, face, fonts, f"font-weight:{face.weight};font-style:{slope};")


def _colour(rng: np.random.Generator, bright: bool) -> np.ndarray:
    colour = rng.integers(0, 256, 3)
    return 255 - (255 - colour) * 0.5 if bright else colour * 0.65


def _css(colour: np.ndarray) -> str:
    return f"rgb({','.join(str(int(value)) for value in np.clip(colour, 0, 255))})"


class Words:
    """Functions that templates call: each fills a place with words of one split."""

    def __init__(self, rng: np.random.Generator, split: str, charset: frozenset[str]) -> None:
        self._rng = rng
        self._words = drawable_words(rng, split, charset)
        self._running = running_text(rng, split, charset | {",", "."})
        self.helpers = {name: getattr(self, name) for name in vars(Words) if not name.startswith("_")}

    def _few(self, low: int, high: int) -> list[str]:
        return list(islice(self._words, int(self._rng.integers(low, high + 1))))

    def words(self, low: int, high: int) -> str:
        text = " ".join(self._few(low, high))
        return text[:1].upper() + text[1:]

    def title(self, low: int, high: int) -> str:
        return " ".join(word[:1].upper() + word[1:] for word in self._few(low, high))

    def prose(self, low: int, high: int) -> Markup:
        """Running text, a few words of it in bold, in italics or linked."""
        words = list(islice(self._running, int(self._rng.integers(low, high + 1))))
        for tag in ("b", "em", "a"):
            for start in np.flatnonzero(self._rng.random(len(words)) < 0.015):
                end = min(len(words) - 1, start + int(self._rng.integers(0, 3)))
                if not any("<" in word for word in words[start : end + 1]):
                    words[start] = f"<{tag}>{words[start]}"
                    words[end] += f"</{tag}>"
        return Markup(" ".join(words))

    def number(self, low: int, high: int) -> str:
        return str(self._rng.integers(low, high + 1))

    def price(self) -> str:
        return f"${self._rng.integers(2, 3000):,}.{self._rng.integers(100):02}"

    def date(self) -> str:
        months = ("January", "March", "April", "June", "July", "October", "November", "December")
        return f"{self._rng.choice(months)} {self._rng.integers(1, 29)}, {self._rng.integers(2012, 2027)}"

    def pick(self, *values):
        return values[self._rng.integers(len(values))]

    def some(self, low: int, high: int) -> range:
        return range(int(self._rng.integers(low, high + 1)))

    def chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _name(self, low: int = 1, high: int = 2) -> str:
        return "_".join(self._few(low, high)).lower()

    def file(self) -> str:
        return self._name() + self.pick(".py", ".js", ".rs", ".md", ".css", ".json")

    def output(self) -> str:
        """A line that a program wrote."""
        rights, size = self.pick("-rw-r--r--", "drwxr-xr-x"), self.number(100, 99999)
        return self.pick(
            f"{rights}  {self.number(1, 9)} {self._name(1, 1)} {size} {self.file()}",
            f"[{self.number(10, 23)}:{self.number(10, 59)}] INFO  {self.words(3, 9)}",
            f"  {self._name()} = {self.number(0, 9999)}",
            self.words(4, 12),
        )

    def listing(self, low: int, high: int) -> Markup:
        """Lines of code, parts of them in spans as highlighters make them."""
        lines, depth = [], 0
        for _ in self.some(low, high):
            a, b, c = (self._name() for _ in range(3))
            kind = self._rng.integers(9)
            code = (
                f'<span class="k">def</span> <span class="f">{a}</span>({b}, {c}):',
                f'<span class="k">if</span> {a}.{b} == <span class="n">{self.number(0, 99)}</span>:',
                f'{a} = <span class="f">{b}</span>({c}, <span class="n">{self.number(0, 999)}</span>)',
                f'<span class="k">return</span> {a}[{b}] + {c}',
                f'<span class="c"># {self.words(3, 8)}</span>',
                f'<span class="k">import</span> {a}.{b}',
                f'{a}.<span class="f">{b}</span>(<span class="s">"{self.words(1, 4)}"</span>)',
                f'<span class="k">for</span> {a} <span class="k">in</span> {b}.{c}():',
                "",
            )[kind]  # fmt: skip
            if kind in (0, 5):
                depth = 0
            lines.append("    " * depth + code)
            depth = min(4, depth + 1) if code.endswith(":") else max(0, depth - int(self._rng.random() < 0.3))
        return Markup("\n".join(lines))
