"""What each benchmark draws: one function a protocol, from random numbers and faces to drawings in order.

Words come from one `split` of `data_scripts.texts`. What each of them is to be compared with stands in
benchmarks.render.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
from PIL import Image

from benchmarks.drawing import Drawing, Opener, a_few_words, contrasting_colours, jpeg, png
from benchmarks.effects import effects
from benchmarks.grounds import grounds
from benchmarks.recipes import fontbench, photolike
from data_scripts.chromium import TextBox
from data_scripts.photograph import photograph
from data_scripts.renderers import OpenFace
from data_scripts.texts import LETTERS, keep_drawable, running_text
from fontid.catalogue.faces import Face, by_family, face_id, regular_face, regular_faces

GOOGLE_FONTS_BENCH = (
    "bricolage-grotesque", "crimson-pro", "dm-sans", "geist", "hedvig-letters-serif", "instrument-sans",
    "instrument-serif", "jetbrains-mono", "lexend-deca", "lora", "montserrat", "newsreader", "nunito-sans", "onest",
    "petrona", "playfair-display", "plus-jakarta-sans", "poppins", "pt-serif-caption", "rethink-sans",
    "roboto-serif", "shippori-mincho", "sora", "space-grotesk", "ultra", "urbanist", "inter", "work-sans",
    "merriweather", "open-sans", "roboto",
)  # fmt: skip
FRB = (
    "baskervville-sc", "merriweather", "roboto-slab", "monoton", "lobster", "great-vibes", "pacifico", "satisfy",
)  # fmt: skip
FRB_SENTENCES = (
    "The ferry leaves at seven and returns before dark.",
    "Fresh bread is sold here every morning but Monday.",
    "Please keep the garden gate closed behind you.",
    "Her brother plays the violin in a village band.",
    "We found a quiet road along the edge of the lake.",
    "Two boxes of ripe plums stood by the kitchen door.",
    "A good map is worth more than a fast horse.",
    "Winter came early and covered the hills with snow.",
    "He mends old clocks in a room above the market.",
    "Nobody knew why the lighthouse had been painted blue.",
)
EARLIER = 12  # pictures in each face of a family's earlier version
BLACK_ON_WHITE = (0, 0, 0), (255, 255, 255)

Protocol = Callable[[np.random.Generator, list[Face], Opener, str], Iterator[Drawing]]


def chars(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in regular_faces(faces):
        text = "".join(rng.choice(list(LETTERS), rng.integers(5, 11)))
        yield Drawing(TextBox(face, text, int(rng.integers(16, 65))))


def abrupt(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in regular_faces(faces):
        yield Drawing(TextBox(face, "Abrupt", 72))


def words(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in regular_faces(faces):
        text = a_few_words(rng, split, open_face(face).charset, 2, 5)
        ink, ground = contrasting_colours(rng)
        spacing = rng.uniform(-0.03, 0.2) if rng.random() < 0.4 else 0.0
        look = style(ink, ground, f"letter-spacing:{spacing:.3f}em")
        yield in_jpeg(rng, 55, TextBox(face, text, int(rng.integers(20, 73)), look))


def para(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in regular_faces(faces):
        pixels, light = int(rng.integers(18, 29)), rng.random() < 0.2
        yield Drawing(running_box(rng, split, face, open_face(face), pixels, 3, light=light))


def body(rng, faces, open_face, split) -> Iterator[Drawing]:
    for number, face in enumerate(regular_faces(faces)):
        pixels, light = int(rng.integers(13, 18)), number % 2 == 1
        yield Drawing(running_box(rng, split, face, open_face(face), pixels, 5, light=light))


def styles(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in faces:
        yield plain(rng, split, face, open_face)


def axes(rng, faces, open_face, split) -> Iterator[Drawing]:
    for rows in by_family(faces).values():
        unusual = [face for face in rows if face.unusual]
        if unusual:
            yield plain(rng, split, unusual[rng.integers(len(unusual))], open_face)


def earlier(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in faces:
        for _ in range(EARLIER if face.version else 0):
            yield plain(rng, split, face, open_face)


def sizes(rng, faces, open_face, split) -> Iterator[Drawing]:
    for rows in by_family(faces).values():
        known = [face.axes["opsz"] for face in rows if "opsz" in face.axes]
        for face in rows:
            if known and face.id == face_id(face.family, face.weight, False):
                pixels = int(rng.integers(16, 97))
                # the size that CSS gives by itself (font-optical-sizing: auto)
                axes = face.axes | {"opsz": float(min(max(pixels, min(known)), max(known)))}
                text = a_few_words(rng, split, open_face(face).charset, 2, 4)
                drawn = replace(face, id=f"{face.id}-{pixels}", axes=axes)
                yield Drawing(TextBox(drawn, text, pixels, style(*BLACK_ON_WHITE)))


def numbers(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in regular_faces(faces):
        text = keep_drawable(a_number(rng), open_face(face).charset)
        yield in_jpeg(rng, 70, TextBox(face, text, int(rng.integers(24, 97)), style(*contrasting_colours(rng))))


def small(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in regular_faces(faces):
        pixels = int(rng.integers(8, 19))
        text = cut(running_text(rng, split, open_face(face).charset), int(rng.integers(12, 46)))
        colours = BLACK_ON_WHITE if rng.random() < 0.5 else contrasting_colours(rng)
        box = TextBox(face, text, pixels, style(*colours))
        drawn = in_jpeg(rng, 70, box) if rng.random() < 0.3 else Drawing(box)
        yield replace(drawn, condition=f"{pixels} px")


def googlefontsbench(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in faces:
        if face.family not in GOOGLE_FONTS_BENCH:
            continue
        opened = open_face(face)
        for _ in range(3):
            text = cut(running_text(rng, split, opened.charset), int(rng.integers(21, 101)))
            lines = "\n".join(wrap(text.split(), opened.at(40).getlength, rng.uniform(10, 20) * 40))
            box = TextBox(face, lines, 40, style(*contrasting_colours(rng)))
            yield Drawing(box, partial(noisy_at_224, seed=int(rng.integers(2**32))))


def frb(rng, faces, open_face, split) -> Iterator[Drawing]:
    rows = by_family(faces)
    fonts = [regular_face(rows[name]) for name in FRB if name in rows]
    for face in fonts:
        others = [other.name for other in fonts if other.family != face.family]
        for condition, texts in (("easy", FRB_SENTENCES), ("hard", others)):
            for text in texts:
                text = keep_drawable(text, open_face(face).charset)
                for pixels in (32, 40):
                    yield in_jpeg(rng, 70, TextBox(face, text, pixels, style(*BLACK_ON_WHITE)), condition)


def photo(rng, faces, open_face, split) -> Iterator[Drawing]:
    for face in regular_faces(faces):
        few = a_few_words(rng, split, open_face(face).charset, 1, 4).split()
        lines = [" ".join(few)] if len(few) < 3 or rng.random() < 0.4 else [" ".join(few[:2]), " ".join(few[2:])]
        align = ("left", "center")[rng.integers(2)]
        look = style(*BLACK_ON_WHITE, f"text-align:{align};line-height:1.5")
        finish = partial(photographed, seed=int(rng.integers(2**32)), quality=int(rng.integers(60, 93)))
        yield Drawing(TextBox(face, "\n".join(lines), 110, look), finish, ".jpg")


PROTOCOLS: dict[str, Protocol] = {
    protocol.__name__: protocol
    for protocol in (
        chars, abrupt, words, para, body, styles, axes, earlier, sizes, numbers, small, googlefontsbench, frb,
        photo, effects, grounds, fontbench, photolike,
    )
}  # fmt: skip


def in_jpeg(rng: np.random.Generator, least: int, box: TextBox, condition: str | None = None) -> Drawing:
    """As a JPEG of a quality from `least` to 95."""
    return Drawing(box, partial(jpeg, quality=int(rng.integers(least, 96))), ".jpg", condition)


def plain(rng: np.random.Generator, split: str, face: Face, open_face: Opener) -> Drawing:
    """Two to four words, black on white."""
    text = a_few_words(rng, split, open_face(face).charset, 2, 4)
    return Drawing(TextBox(face, text, int(rng.integers(24, 65)), style(*BLACK_ON_WHITE)))


def style(ink: Iterable[int], ground: Iterable[int], more: str = "") -> str:
    """CSS of a box in two colours with room for swashes; what still overflows does not reach the next box.

    Colour fonts keep the colours inside them, whatever the style says.
    """
    ink, ground = (f"rgb({','.join(str(int(value)) for value in colour)})" for colour in (ink, ground))
    return f"color:{ink};background:{ground};padding:.95em .7em;overflow:hidden;{more}"


def a_number(rng: np.random.Generator) -> str:
    """A year, price, share, date, time or count, without a letter."""
    some = "".join(map(str, rng.integers(0, 10, 12)))
    day, month, year = f"{rng.integers(1, 32):02d}", f"{rng.integers(1, 13):02d}", str(rng.integers(1900, 2060))
    mark = ("$", "€", "£", "")[rng.integers(4)]
    whole = str(rng.integers(1, 1000))
    return (
        year,
        f"{mark}{whole}.{some[:2]}",
        f"{mark}{some[0]},{some[1:4]}.{some[4:6]}",
        f"{rng.integers(0, 101)}%",
        f"{day}.{month}.{year}",
        f"{year}-{month}-{day}",
        f"{month}/{day}/{year}",
        f"{rng.integers(0, 24)}:{some[0]}{some[1]}",
        some[: rng.integers(4, 13)],
    )[rng.integers(9)]


def running_box(
    rng: np.random.Generator, split: str, face: Face, opened: OpenFace, pixels: int, count: int, light: bool
) -> TextBox:
    """`count` lines of running text in quiet colours of the web, 20-34 ems wide; `light`: on a dark ground."""
    words = running_text(rng, split, opened.charset)
    lines = wrap(words, opened.at(pixels).getlength, rng.uniform(20, 34) * pixels)
    dark, pale = rng.integers(0, 70) + rng.integers(0, 12, 3), rng.integers(215, 244) + rng.integers(0, 12, 3)
    colours = (pale, dark) if light else (dark, pale)
    text = "\n".join(islice(lines, count))
    return TextBox(face, text, pixels, style(*colours, f"line-height:{rng.uniform(1.3, 1.6):.2f}"))


def wrap(running: Iterable[str], width_of: Callable[[str], float], width: float) -> Iterator[str]:
    """Lines as wide as `width` lets them be; a word that is wider stands alone."""
    line = ""
    for word in running:
        longer = f"{line} {word}" if line else word
        if line and width_of(longer) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def cut(running: Iterator[str], length: int) -> str:
    """The first `length` characters, one fewer where the last would be a blank."""
    text = ""
    while len(text) < length:
        text += next(running) + " "
    return text[:length].rstrip()


def noisy_at_224(image: Image.Image, seed: int) -> bytes:
    """224 pixels high by Lanczos, with Gaussian noise of sigma 25.5 (a tenth of the scale)."""
    resized = image.resize((round(image.width * 224 / image.height), 224), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(seed).normal(0, 25.5, (224, resized.width, 3))
    return png(Image.fromarray(np.clip(np.round(np.asarray(resized) + noise), 0, 255).astype(np.uint8)))


def photographed(image: Image.Image, seed: int, quality: int) -> bytes:
    return jpeg(photograph(image, np.random.default_rng(seed)), quality)
