"""What people bring instead of plain words: a table of conditions, each drawn by CSS and SVG, and pictures of no text.

Training draws its effects by code of its own and imports nothing from here. Some of the conditions are never trained
on: `HELD_OUT_CONDITIONS` names them.
"""

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.drawing import Drawing, Opener, a_few_words, contrasting_colours, jpeg, png
from benchmarks.grounds import cover_of, css, ground_photos
from data_scripts.chromium import TextBox
from data_scripts.photograph import LUMA
from data_scripts.renderers import OpenFace
from fontid.catalogue.faces import Face, by_family, regular_face

# Drawn by lot before training began: sorted(random.Random(21).sample(list(CONDITIONS), 6)).
HELD_OUT_CONDITIONS = ("engraving", "glow", "halftone", "marker", "stretched", "turned-90")
EDGES = ("edge-1px", "edge-3px")
NO_EDGE = "no-edge"  # the same words as in `EDGES`, without the edge
WEIGHT_SHOWN_BOLD = 600


@dataclass(frozen=True)
class Subject:
    """Words in a face, two colours (rgb, 0-255) and a photograph, for a condition to make a picture of.

    `width` is that of the text as the face sets it, in pixels.
    """

    rng: np.random.Generator
    face: Face
    opened: OpenFace
    text: str
    pixels: int
    ink: tuple[int, ...]
    ground: tuple[int, ...]
    photo: Path
    split: str

    @cached_property
    def width(self) -> float:
        return self.opened.at(self.pixels).getlength(self.text)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def sized(self, low: int, high: int) -> "Subject":
        """The same at another size, in pixels."""
        return replace(self, pixels=int(self.rng.integers(low, high + 1)))

    def coloured(self, ink: tuple[int, ...], ground: tuple[int, ...]) -> "Subject":
        return replace(self, ink=ink, ground=ground)

    def quiet(self) -> "Subject":
        """Dark on pale, or in a quarter of the cases the other way round."""
        dark, pale = grey(int(self.rng.integers(0, 60))), grey(int(self.rng.integers(225, 256)))
        return self.coloured(pale, dark) if self.rng.random() < 0.25 else self.coloured(dark, pale)

    def words(self, low: int, high: int) -> str:
        return a_few_words(self.rng, self.split, self.opened.charset, low, high)

    def another_colour(self, beside: tuple[int, ...], least: float = 70) -> tuple[int, ...]:
        """Its luma differs from `beside` by `least` or more."""
        while True:
            colour = tuple(int(value) for value in self.rng.integers(0, 256, 3))
            if abs((np.array(colour) - beside) @ LUMA) >= least:
                return colour

    @cached_property
    def photo_cover(self) -> str:
        return cover_of(self.photo)

    @cached_property
    def photo_luma(self) -> float:
        return float((np.asarray(Image.open(self.photo).convert("RGB"), float) @ LUMA).mean())


def grey(value: int) -> tuple[int, ...]:
    return (value, value, value)


def towards(colour: tuple[int, ...], other: tuple[int, ...], share: float) -> tuple[int, ...]:
    return tuple(round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))


def span(text: str, style: str = "") -> str:
    return f'<span style="display:inline-block;{style}">{html.escape(text)}</span>'


def picture(
    subject: Subject,
    letters: str = "",
    ground: str = "",
    size: tuple[float, float] | None = None,
    markup: str = "",
    finish: Callable[[Image.Image], bytes] | None = None,
) -> Drawing:
    """`letters`: CSS of the words; `ground`: of what is behind; `size`: of the picture without its margins, pixels;
    `markup`: what stands there instead of the words alone; `finish`: else PNG or a good JPEG."""
    width, height = size or (subject.width, 1.5 * subject.pixels)
    width = round(width + subject.between(1.0, 2.2) * subject.pixels)
    height = round(height + subject.between(0.5, 1.6) * subject.pixels)
    style = (
        f"display:inline-flex;align-items:center;justify-content:center;padding:0;overflow:hidden;width:{width}px;"
        f"height:{height}px;color:{css(subject.ink)};background:{ground or css(subject.ground)};"
    )
    box = TextBox(subject.face, subject.text, subject.pixels, style, markup or span(subject.text, letters), height)
    if finish is None and subject.rng.random() < 0.5:
        finish = partial(jpeg, quality=int(subject.rng.integers(70, 96)))
    return Drawing(box, finish or png, ".png" if finish is None or finish is png else ".jpg")


# What lies around the words


def edge(widths: tuple[int, int], subject: Subject) -> Iterator[Drawing]:
    """Words cut out by hand, with `widths` pixels of another colour on one to four sides, and the same without."""
    without = picture(subject, finish=png)
    sides = subject.rng.permutation([(0, 1), (-1, 0), (0, -1), (1, 0)])[: subject.rng.integers(1, 5)]
    wide = subject.rng.integers(*widths, size=len(sides), endpoint=True)
    colour = css(subject.another_colour(subject.ground, 40))
    # shadows, for a border would move the letters
    edges = ",".join(f"inset {x * by}px {y * by}px 0 {colour}" for (x, y), by in zip(sides, wide, strict=True))
    box = replace(without.box, style=f"{without.box.style}box-shadow:{edges};")
    yield replace(without, box=box)
    yield replace(without, condition=NO_EDGE)


def window_frame(subject: Subject) -> Drawing:
    subject = subject.quiet().sized(18, 44)
    wide, high = subject.width + 2 * subject.pixels, 3 * subject.pixels + 26
    dots = "".join(
        f'<i style="width:11px;height:11px;border-radius:50%;background:{colour}"></i>'
        for colour in ("#ff5f57", "#febc2e", "#28c840")
    )
    bar = towards(subject.ground, (128, 128, 128), subject.between(0.15, 0.4))
    markup = (
        f'<div style="width:{wide:.0f}px;height:{high:.0f}px;border:1px solid {css(grey(120))};border-radius:8px;'
        f'overflow:hidden;background:{css(subject.ground)};box-shadow:0 4px 14px rgba(0,0,0,.35)">'
        f'<div style="height:26px;display:flex;gap:7px;align-items:center;padding-left:9px;background:{css(bar)}">'
        f'{dots}</div><div style="text-align:center;line-height:3">{span(subject.text, "line-height:1.5")}</div></div>'
    )
    return picture(subject, ground=css(subject.another_colour(subject.ground, 30)), size=(wide, high), markup=markup)


def card(subject: Subject) -> Drawing:
    subject = subject.quiet().sized(18, 48)
    wide, high = subject.width + 1.6 * subject.pixels, 4 * subject.pixels
    bars = "".join(
        f'<div style="height:{0.22 * subject.pixels:.0f}px;width:{subject.between(40, 95):.0f}%;'
        f'margin:.35em 0;background:{css(towards(subject.ground, subject.ink, 0.2))}"></div>'
        for _ in range(2)
    )
    markup = (
        f'<div style="box-sizing:border-box;width:{wide:.0f}px;height:{high:.0f}px;padding:.4em .8em;'
        f"background:{css(subject.ground)};border:{subject.rng.integers(1, 3)}px solid "
        f"{css(towards(subject.ground, subject.ink, 0.25))};border-radius:{subject.rng.integers(0, 17)}px;"
        f'box-shadow:0 3px 10px rgba(0,0,0,.25)">{span(subject.text)}{bars}</div>'
    )
    page = towards(subject.ground, (128, 128, 128), 0.15)
    return picture(subject, ground=css(page), size=(wide, high), markup=markup)


def table_rules(subject: Subject) -> Drawing:
    subject = subject.quiet().sized(16, 30)
    rows = [(subject.text, subject.words(1, 1)), *((subject.words(1, 3), subject.words(1, 1)) for _ in range(2))]
    rule = f"{subject.rng.integers(1, 3)}px solid {css(towards(subject.ground, subject.ink, subject.between(0.4, 1)))}"
    look, cells = f"border:{rule};padding:.15em .6em", ""
    for row in rows:
        columns = "".join(f'<td style="{look}">{html.escape(cell)}</td>' for cell in row)
        cells += f"<tr>{columns}</tr>"
    longest = [max(subject.opened.at(subject.pixels).getlength(row[column]) for row in rows) for column in (0, 1)]
    size = (sum(longest) + 3 * subject.pixels, 5.6 * subject.pixels)
    return picture(subject, size=size, markup=f'<table style="border-collapse:collapse">{cells}</table>')


def button(subject: Subject) -> Drawing:
    page = grey(255) if subject.rng.random() < 0.6 else subject.another_colour(subject.ground, 30)
    letters = (
        f"background:{css(subject.ground)};padding:.25em .8em;border-radius:{subject.between(0.1, 1):.2f}em;"
        + (f"border:2px solid {css(towards(subject.ground, (0, 0, 0), 0.3))};" if subject.rng.random() < 0.5 else "")
        + ("box-shadow:0 .08em .2em rgba(0,0,0,.45)" if subject.rng.random() < 0.5 else "")
    )
    size = (subject.width + 1.6 * subject.pixels, 2 * subject.pixels)
    return picture(subject, letters, css(page), size)


def neighbours(subject: Subject) -> Drawing:
    """A line cut out of a text, with pieces of the lines above and below."""
    subject = subject.quiet().sized(20, 44)
    apart = subject.between(1.2, 1.5)
    lines = "<br>".join(map(html.escape, (subject.words(2, 5), subject.text, subject.words(2, 5))))
    drawing = picture(subject, markup=f'<span style="line-height:{apart:.2f}">{lines}</span>')
    height = round((apart + subject.between(0.7, 1.3)) * subject.pixels)
    style = drawing.box.style + f"height:{height}px;width:{subject.width + subject.pixels:.0f}px;"
    style += f"justify-content:flex-start;padding-left:{0.4 * subject.pixels:.0f}px;"
    return replace(drawing, box=replace(drawing.box, style=style, height=height))


# Lines through and blocks behind


def underline_bold(subject: Subject) -> Drawing:
    return picture(subject, f"text-decoration:underline;text-decoration-thickness:{subject.between(0.07, 0.12):.3f}em")


def marker(subject: Subject) -> Drawing:
    """A pen's stroke behind one or more of the words."""
    subject = subject.coloured(grey(int(subject.rng.integers(0, 60))), grey(int(subject.rng.integers(240, 256))))
    pen = ("#ffe84d", "#b6f36a", "#ffb0d4", "#8fe3ff", "#ffc36b")[subject.rng.integers(5)]
    words = subject.text.split()
    first = int(subject.rng.integers(len(words)))
    last = int(subject.rng.integers(first, len(words)))
    marked = (
        f'<b style="font-weight:inherit;border-radius:.2em;padding:0 .12em;background:linear-gradient('
        f"{subject.between(-2, 2):.1f}deg,transparent 12%,{pen} 14%,{pen} 84%,transparent 87%)"
        f'">{html.escape(" ".join(words[first : last + 1]))}</b>'
    )
    parts = [*map(html.escape, words[:first]), marked, *map(html.escape, words[last + 1 :])]
    return picture(subject, markup=f"<span>{' '.join(parts)}</span>")


def label(subject: Subject) -> Drawing:
    """Blocks behind each line over a photograph, as on the stories of social networks."""
    words = subject.text.split()
    half = (len(words) + 1) // 2
    lines = [" ".join(part) for part in (words[:half], words[half:]) if part]
    colours = ((grey(10), grey(255)), (grey(255), grey(10)), (subject.ink, subject.ground))
    subject = subject.coloured(*colours[subject.rng.integers(3)])
    block = f"background:{css(subject.ground)};padding:.05em .3em;border-radius:.12em"
    markup = '<div style="text-align:center">' + "<br>".join(span(line, block) for line in lines) + "</div>"
    wide = max(subject.opened.at(subject.pixels).getlength(line) for line in lines) + 0.6 * subject.pixels
    subject = replace(subject, text="\n".join(lines))
    return picture(subject, ground=subject.photo_cover, size=(wide, 1.6 * len(lines) * subject.pixels), markup=markup)


# Letters other than filled ones


def outline(widths: tuple[float, float], subject: Subject) -> Drawing:
    subject = subject.sized(36, 80)
    stroke = max(1.0, subject.between(*widths) * subject.pixels)
    return picture(subject, f"color:transparent;-webkit-text-stroke:{stroke:.1f}px {css(subject.ink)}")


def rim(subject: Subject, fill: tuple[int, ...], colour: tuple[int, ...], ground: str) -> Drawing:
    wide = subject.between(0.08, 0.18)
    letters = f"color:{css(fill)};-webkit-text-stroke:{wide:.3f}em {css(colour)};paint-order:stroke fill"
    return picture(subject, letters, ground)


def rim_dark(subject: Subject) -> Drawing:
    """White with a black rim over a photograph, as on every meme."""
    return rim(subject, grey(255), grey(0), subject.photo_cover)


def rim_colour(subject: Subject) -> Drawing:
    return rim(subject, subject.ink, subject.another_colour(subject.ink), css(subject.another_colour(subject.ink, 40)))


def shadow_hard(subject: Subject) -> Drawing:
    x, y = subject.between(0.03, 0.09) * subject.rng.choice([-1, 1]), subject.between(0.03, 0.09)
    colour = towards(subject.ground, subject.another_colour(subject.ground), 0.8)
    return picture(subject, f"text-shadow:{x:.3f}em {y:.3f}em 0 {css(colour)}")


def shadow_soft(subject: Subject) -> Drawing:
    x, y, blur = subject.between(-0.05, 0.08), subject.between(0.03, 0.1), subject.between(0.06, 0.2)
    return picture(subject, f"text-shadow:{x:.3f}em {y:.3f}em {blur:.3f}em {css(grey(0), subject.between(0.5, 0.9))}")


def bright(subject: Subject) -> tuple[int, ...]:
    """A strong light colour."""
    colour = [255, int(subject.rng.integers(40, 256)), int(subject.rng.integers(0, 120))]
    return tuple(int(value) for value in subject.rng.permutation(colour))


def glow(subject: Subject) -> Drawing:
    light = bright(subject)
    ink = towards(light, grey(255), subject.between(0.4, 1))
    subject = subject.coloured(ink, tuple(subject.rng.integers(0, 60, 3).tolist()))
    rings = ",".join(f"0 0 {radius}em {css(light)}" for radius in (0.06, 0.15, 0.35, 0.6))
    return picture(subject, f"text-shadow:{rings}")


def neon(subject: Subject) -> Drawing:
    """Tubes along the outlines in half of the pictures, else filled ones."""
    light = bright(subject)
    subject = subject.sized(40, 80).coloured(light, tuple(subject.rng.integers(0, 40, 3).tolist()))
    core = css(towards(light, grey(255), 0.7))
    tube = f"color:{core}"
    if subject.rng.random() < 0.5:
        tube = f"color:transparent;-webkit-text-stroke:{max(1.5, subject.pixels / 26):.1f}px {core}"
    lamps = " ".join(f"drop-shadow(0 0 {radius}em {css(light)})" for radius in (0.03, 0.1, 0.25))
    return picture(subject, f"{tube};filter:{lamps}")


def clipped(subject: Subject, paint: str, ground: str = "") -> Drawing:
    """Letters cut out of `paint`, CSS of a background."""
    letters = f"background:{paint};-webkit-background-clip:text;background-clip:text;color:transparent;padding:0 .35em"
    return picture(subject, letters, ground, (subject.width + 0.7 * subject.pixels, 1.5 * subject.pixels))


def gradient_fill(subject: Subject) -> Drawing:
    other, third = (subject.another_colour(subject.ground, 50) for _ in range(2))
    stops = ",".join(css(colour) for colour in (subject.ink, other, third)[: subject.rng.integers(2, 4)])
    return clipped(subject, f"linear-gradient({subject.rng.integers(0, 360)}deg,{stops})")


def gradient_ground(subject: Subject) -> Drawing:
    other = subject.another_colour(subject.ink, 70)
    radial = subject.rng.random() < 0.3
    kind = "radial-gradient(circle at 30% 20%" if radial else f"linear-gradient({subject.rng.integers(360)}deg"
    return picture(subject, ground=f"{kind},{css(subject.ground)},{css(other)})")


def stripes_fill(subject: Subject) -> Drawing:
    step = max(2.0, subject.between(0.05, 0.12) * subject.pixels)
    other = css(towards(subject.ink, subject.ground, subject.between(0.35, 0.6)))
    stripes = f"{css(subject.ink)} 0 {step:.1f}px,{other} {step:.1f}px {2 * step:.1f}px"
    return clipped(
        subject.sized(36, 80), f"repeating-linear-gradient({subject.rng.choice([0, 45, 90, 135])}deg,{stripes})"
    )


def photo_inside(subject: Subject) -> Drawing:
    light = subject.photo_luma > 128
    veil = css(grey(255 if light else 0), 0.4)
    paint = f"linear-gradient({veil},{veil}),{subject.photo_cover}"
    return clipped(subject.sized(44, 90), paint, css(grey(8 if light else 255)))


def photo_behind(subject: Subject) -> Drawing:
    """White or dark letters, whichever stands out; a photograph of middling light is dimmed."""
    dark = subject.photo_luma > 165
    dim = 0.35 if 90 < subject.photo_luma <= 165 else 0.0
    subject = subject.coloured(grey(15) if dark else grey(255), grey(128))
    ground = f"linear-gradient({css(grey(0), dim)},{css(grey(0), dim)}),{subject.photo_cover}"
    return picture(subject, ground=ground)


def emboss(subject: Subject) -> Drawing:
    """Raised letters of the ground's own colour."""
    ground = tuple(subject.rng.integers(90, 220, 3).tolist())
    subject = subject.coloured(ground, ground).sized(36, 80)
    by = max(1.0, 0.025 * subject.pixels)
    light, shade = css(towards(ground, grey(255), 0.7)), css(towards(ground, grey(0), 0.55))
    letters = f"text-shadow:{-by:.1f}px {-by:.1f}px {by / 2:.1f}px {light},{by:.1f}px {by:.1f}px {by:.1f}px {shade}"
    return picture(subject, letters)


def engraving(subject: Subject) -> Drawing:
    """Cut into stone: dark where the light comes from, bright on the other side."""
    subject = subject.sized(40, 80)
    by = max(1.0, 0.025 * subject.pixels)
    letters = (
        f"color:{css(grey(25), 0.5)};text-shadow:{by:.1f}px {by:.1f}px {by / 2:.1f}px {css(grey(255), 0.5)},"
        f"{-by:.1f}px {-by:.1f}px {by / 2:.1f}px {css(grey(0), 0.6)}"
    )
    stone = f"linear-gradient({css(grey(150), 0.55)},{css(grey(150), 0.55)}),{subject.photo_cover}"
    return picture(subject, letters, stone)


def extrusion(subject: Subject) -> Drawing:
    subject = subject.sized(40, 80)
    deep = int(subject.rng.integers(3, 3 + max(2, subject.pixels // 10)))
    toward = int(subject.rng.choice([-1, 1]))
    shade = grey(0) if subject.rng.random() < 0.7 else subject.ground
    side = css(towards(subject.ink, shade, subject.between(0.4, 0.6)))
    layers = ",".join(f"{toward * step}px {step}px 0 {side}" for step in range(1, deep + 1))
    return picture(subject, f"text-shadow:{layers}")


def distressed(subject: Subject) -> Drawing:
    """Worn print: specks of the ground all over the letters."""
    name = f"worn{subject.rng.integers(2**31)}"
    markup = (
        f'<svg width="0" height="0" style="position:absolute"><filter id="{name}" x="0" y="0" width="1" height="1">'
        f'<feTurbulence type="fractalNoise" baseFrequency="{subject.between(0.1, 0.3):.3f}" numOctaves="3" '
        f'seed="{subject.rng.integers(10_000)}"/><feColorMatrix values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -14 '
        f'{subject.between(8.2, 9.2):.2f}"/><feComposite in="SourceGraphic" operator="in"/></filter></svg>'
    )
    return picture(subject, markup=markup + span(subject.text, f"padding:0 .4em;filter:url(#{name})"))


# Bent, slanted and turned


MIDDLE = 'startOffset="50%" text-anchor="middle"'


def along(subject: Subject, path: str, size: tuple[float, float], more: str = "", place: str = MIDDLE) -> Drawing:
    """Words on an SVG path in a picture of `size`. Args: more: further SVG; place: where on the path, as attributes."""
    name = f"path{subject.rng.integers(2**31)}"
    wide, high = size
    markup = (
        f'<svg width="{wide:.0f}" height="{high:.0f}" style="overflow:visible">{more}<path id="{name}" d="{path}" '
        f'fill="none"/><text fill="currentColor"><textPath href="#{name}" {place}>'
        f"{html.escape(subject.text)}</textPath></text></svg>"
    )
    return picture(subject, size=size, markup=markup)


def arc(degrees: tuple[float, float], downward: float, subject: Subject) -> Drawing:
    """`degrees`: how much of a circle the words take; `downward`: share of those that hang like a smile."""
    subject = replace(subject, text=subject.words(2, 3)).sized(28, 60)
    angle = np.radians(subject.between(*degrees))
    radius = subject.width / angle
    reach, rise = radius * np.sin(min(angle / 2, np.pi / 2)), radius * (1 - np.cos(angle / 2))
    ends, room = radius * np.sin(angle / 2), 1.1 * subject.pixels
    wide, high = 2 * (reach + room), rise + 1.6 * subject.pixels
    if subject.rng.random() < downward:
        start, sweep = 0.9 * subject.pixels, 0
    else:
        start, sweep = room + rise, 1
    path = f"M{wide / 2 - ends:.1f} {start:.1f}A{radius:.1f} {radius:.1f} 0 0 {sweep} {wide / 2 + ends:.1f} {start:.1f}"
    return along(subject, path, (wide, high))


def wave(subject: Subject) -> Drawing:
    subject = subject.sized(28, 56)
    half = subject.width / int(subject.rng.integers(2, 4))
    up = subject.between(0.35, 0.7) * subject.pixels * 2
    middle = up / 2 + 1.2 * subject.pixels
    path = f"M0 {middle:.1f}Q{half / 2:.1f} {middle - up:.1f} {half:.1f} {middle:.1f}"
    path += "".join(f"T{half * step:.1f} {middle:.1f}" for step in range(2, 5))
    return along(subject, path, (subject.width * 1.02, up + 1.8 * subject.pixels), place='startOffset="0"')


def badge(subject: Subject) -> Drawing:
    """Words all around a circle, between two rings."""
    subject = replace(subject, text=subject.words(3, 5)).sized(22, 40)
    radius = (subject.width * 1.08 + subject.pixels) / (2 * np.pi)
    middle = radius + 1.7 * subject.pixels
    path = f"M{middle:.1f} {middle + radius:.1f}a{radius:.1f} {radius:.1f} 0 1 1 .01 0"
    stroke = f'fill="none" stroke="currentColor" stroke-width="{subject.between(1, 4):.1f}"'
    rings = "".join(
        f'<circle cx="{middle:.1f}" cy="{middle:.1f}" r="{radius + by * subject.pixels:.1f}" {stroke}/>'
        for by in (-0.55, 1.3)
    )
    return along(subject, path, (2 * middle, 2 * middle), rings)


def leaning(subject: Subject, low: float, high: float) -> str:
    """CSS that turns a board in space by `low` to `high` degrees around its vertical axis."""
    yaw = subject.between(low, high) * subject.rng.choice([-1, 1])
    turn = f"rotateY({yaw:.1f}deg) rotateX({subject.between(-18, 18):.1f}deg) rotateZ({subject.between(-7, 7):.1f}deg)"
    return f"transform:perspective({1.5 * subject.width:.0f}px) {turn}"


def sign(subject: Subject) -> Drawing:
    """A board on a photograph, seen from the side, in uneven light."""
    subject = subject.sized(34, 60)
    shine = f"linear-gradient({subject.rng.integers(360)}deg,{css(grey(255), 0.25)},{css(grey(0), 0.3)})"
    board = (
        f"{leaning(subject, 15, 40)};background:{shine},{css(subject.ground)};padding:.35em .7em;"
        f"box-shadow:.05em .1em .3em rgba(0,0,0,.6);filter:blur({subject.between(0, 0.7):.2f}px)"
    )
    size = (1.3 * subject.width + 1.5 * subject.pixels, 3.2 * subject.pixels + 0.15 * subject.width)
    return picture(subject, board, subject.photo_cover, size)


def perspective(subject: Subject) -> Drawing:
    subject = subject.sized(34, 60)
    size = (1.1 * subject.width, 2 * subject.pixels + 0.1 * subject.width)
    return picture(subject, leaning(subject, 25, 45), size=size)


def turned(degrees: int, subject: Subject) -> Drawing:
    return picture(subject, f"transform:rotate({degrees}deg)", size=(1.5 * subject.pixels, subject.width))


# Small and scaled


def small(pixels: int, subject: Subject) -> Drawing:
    subject = replace(subject.quiet(), text=subject.words(4, 5), pixels=pixels)
    return picture(subject, finish=png)


def scaled(low: float, high: float, subject: Subject) -> Drawing:
    factor = subject.between(low, high)
    return picture(subject, f"transform:scaleX({factor:.3f})", size=(subject.width * factor, 1.5 * subject.pixels))


# Screens, print and files


def lcd(subject: Subject) -> Drawing:
    """Three times as wide, so that each third of a pixel becomes one colour of it."""
    subject = replace(subject.quiet(), text=subject.words(3, 5)).sized(13, 24)
    size = (3 * subject.width + 3 * subject.pixels, 1.5 * subject.pixels)
    return picture(subject, "transform:scaleX(3)", size=size, finish=fringed)


def fringed(image: Image.Image) -> bytes:
    """The colours of a pixel from the thirds of it, (H, W, 3), smoothed over five of them as FreeType does."""
    array = np.asarray(image.crop((0, 0, image.width // 3 * 3, image.height)), float)
    padded = np.pad(array, ((0, 0), (2, 2), (0, 0)), mode="edge")
    taps = np.array([8, 77, 86, 77, 8]) / 256
    smooth = sum(tap * padded[:, shift : shift + array.shape[1]] for shift, tap in enumerate(taps))
    fringes = np.stack([smooth[:, channel::3, channel] for channel in range(3)], -1)
    return png(Image.fromarray(np.clip(np.round(fringes), 0, 255).astype(np.uint8)))


def moire(subject: Subject) -> Drawing:
    """A screen's pixels under a camera whose own do not fit them."""
    subject = subject.quiet().sized(70, 110)
    grid = (
        "repeating-linear-gradient(90deg,#ff8080 0 2px,#80ff80 2px 4px,#8080ff 4px 6px),"
        "repeating-linear-gradient(0deg,#fff 0 4px,#888 4px 6px)"
    )
    blend = "background-blend-mode:multiply;mix-blend-mode:multiply"
    cover = f'<i style="position:absolute;inset:0;background:{grid};{blend}"></i>'
    scale, degrees = subject.between(0.3, 0.5), subject.between(-5, 5)
    finish = partial(sampled, scale=scale, degrees=degrees, quality=int(subject.rng.integers(60, 90)))
    drawing = picture(subject, markup=span(subject.text) + cover, finish=finish)
    return replace(drawing, box=replace(drawing.box, style=drawing.box.style + "position:relative;"))


def sampled(image: Image.Image, scale: float, degrees: float, quality: int) -> bytes:
    """Points taken from a turned picture without any smoothing, brightened for what the grid took."""
    mean = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=mean)
    size, shrunk = (round(image.width * scale), round(image.height * scale)), (1 / scale, 0, 0, 0, 1 / scale, 0)
    points = turned.transform(size, Image.Transform.AFFINE, shrunk, Image.Resampling.BILINEAR)
    return jpeg(points.point(lambda value: min(255, int(value * 1.35))), quality)


def halftone(subject: Subject) -> Drawing:
    """Dots as large as the tone is dark, in one ink on paper."""
    subject = subject.sized(56, 96).coloured(grey(int(subject.rng.integers(20, 90))), grey(246))
    step = subject.between(4, 5.5)
    angle = subject.rng.choice([15, 30, 45, 75])
    ink = tuple(subject.rng.integers(0, 120, 3).tolist())
    layers = (
        f'<i style="position:absolute;inset:-2000px;opacity:.5;transform:rotate({angle}deg);background:'
        f'radial-gradient(closest-side,#000,#fff) 0 0/{step:.2f}px {step:.2f}px"></i>'
    )
    tint = f'<i style="position:absolute;inset:0;mix-blend-mode:screen;background:{css(ink)}"></i>'
    sheet = (
        "position:absolute;inset:0;overflow:hidden;display:flex;align-items:center;justify-content:center;"
        f"background:{css(subject.ground)};filter:contrast(9)"
    )
    markup = f'<div style="{sheet}">{span(subject.text, "filter:blur(.6px)")}{layers}</div>{tint}'
    drawing = picture(subject, markup=markup)
    return replace(drawing, box=replace(drawing.box, style=drawing.box.style + "position:relative;"))


def jpeg_15(subject: Subject) -> Drawing:
    return picture(subject.sized(24, 56), finish=partial(jpeg, quality=15))


Condition = Callable[[Subject], Drawing | Iterator[Drawing]]


def named(*conditions: Condition) -> dict[str, Condition]:
    """Each by the name of its function, with hyphens."""
    return {condition.__name__.replace("_", "-"): condition for condition in conditions}


# In this order they are drawn, each with random numbers of its own.
CONDITIONS: dict[str, Condition] = {
    "edge-1px": partial(edge, (1, 1)),
    "edge-3px": partial(edge, (2, 3)),
    **named(window_frame, card, table_rules, button, neighbours),
    "underline": partial(picture, letters="text-decoration:underline"),
    **named(underline_bold),
    "strike-through": partial(picture, letters="text-decoration:line-through"),
    **named(marker, label),
    "outline-thin": partial(outline, (0.015, 0.025)),
    "outline-thick": partial(outline, (0.04, 0.06)),
    **named(rim_dark, rim_colour, shadow_hard, shadow_soft, glow, neon, gradient_fill, gradient_ground, stripes_fill),
    **named(photo_inside, photo_behind, emboss, engraving, extrusion, distressed),
    "arc-wide": partial(arc, (40, 90), 0.3),
    "arc-half": partial(arc, (140, 180), 0.0),
    **named(wave, badge, sign, perspective),
    **{f"{pixels}px": partial(small, pixels) for pixels in (12, 10, 8)},
    "faux-bold": partial(picture, letters="font-weight:bold"),  # the browser's own: the page declares no bold face
    "faux-italic": partial(picture, letters="font-style:italic"),
    "stretched": partial(scaled, 1.25, 1.4),
    "squeezed": partial(scaled, 0.7, 0.8),
    **named(lcd, moire, halftone, jpeg_15),
    "turned-90": partial(turned, 90),
    "turned-270": partial(turned, 270),
}


def effects(
    rng, faces: list[Face], open_face: Opener, split: str, count: int = 20, chances: np.ndarray | None = None
) -> Iterator[Drawing]:
    """`count` pictures a condition, each in a family drawn from all; edges have twins without them besides.

    Args: chances: of each family in the order of `faces`, adding up to 1; None: all alike.
    """
    photos = ground_photos(split)
    families = by_family(faces)
    for (name, condition), own in zip(CONDITIONS.items(), rng.spawn(len(CONDITIONS)), strict=True):
        for _ in range(count):
            face = face_for(name, own, families[own.choice(list(families), p=chances)])
            opened = open_face(face)
            ink, ground = (tuple(colour.tolist()) for colour in contrasting_colours(own))
            text = a_few_words(own, split, opened.charset, 2, 5)
            photo = photos[own.integers(len(photos))]
            subject = Subject(own, face, opened, text, int(own.integers(24, 73)), ink, ground, photo, split)
            drawn = condition(subject)
            for drawing in [drawn] if isinstance(drawn, Drawing) else drawn:
                yield replace(drawing, condition=drawing.condition or name)


def face_for(condition: str, rng: np.random.Generator, family: list[Face]) -> Face:
    """The regular face or any, as likely; only such as the condition makes sense of, where the family has one."""
    fits = {
        "underline-bold": lambda face: face.weight >= WEIGHT_SHOWN_BOLD,
        "faux-bold": lambda face: face.weight < WEIGHT_SHOWN_BOLD,
        "faux-italic": lambda face: not face.italic,
    }.get(condition, lambda face: True)
    fitting = [face for face in family if fits(face)] or family
    return regular_face(fitting) if rng.random() < 0.5 else fitting[rng.integers(len(fitting))]
