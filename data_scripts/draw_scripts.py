"""Pictures of one line each in Latin letters and in those of other scripts, for telling these apart.

    python -m data_scripts.draw_scripts [--out DIR] [--scripts DIR] [--split train]

Needs data_scripts.fetch_scripts and data_scripts.fetch_grounds. OUT (default FONTID_DATA/script-lines) gets `train` and
`validation`, each a folder for `fontid evaluate`: the condition is the script, and the manifest also says the `box` of
the ink. No family and no word is in both. A quarter is drawn on photographs, the others on plain grounds, half of these
coloured.
"""

import io
import json
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, islice
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from tqdm import tqdm
from wordfreq import top_n_list

from data_scripts.fetch_scripts import FILE, LATIN, SCRIPTS
from data_scripts.photograph import LUMA
from data_scripts.renderers import unpack
from data_scripts.texts import split_of
from fontid.catalogue.faces import read_faces
from fontid.commands import command_line
from fontid.paths import data_home

COUNTS = {
    "train": {"latin": 2400, "cyrillic": 900, "greek": 700},
    "validation": {"latin": 900, "cyrillic": 300, "greek": 200},
}
OTHERS = {"train": 50, "validation": 12}  # of each other script
LANGUAGES = {
    "latin": [
        "en", "en", "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "pl", "cs", "hu", "tr", "ro", "lt",
        "lv", "sk", "sl", "vi", "is", "id",
    ],
    "cyrillic": ["ru", "ru", "uk", "bg", "mk"],
    "greek": ["el"],
    "arabic": ["ar", "fa", "ur"],
    "hebrew": ["he"],
    "devanagari": ["hi"],
    "bengali": ["bn"],
    "tamil": ["ta"],
    "korean": ["ko"],
    "japanese": ["ja"],
    "chinese-simplified": ["zh"],
}  # fmt: skip
WORDS = 8000  # of each language, the most frequent
VALIDATION_SHARE = 0.2  # of the families
FROM_CATALOGUE = 0.6  # of Latin lines; the others are in families that have other scripts, too
SMALLEST, LARGEST = 13, 80  # pixels of the font size
LEAST_HEIGHT = 6  # likewise: of the ink
LEAST_LUMA_DIFFERENCE = 70


@dataclass(frozen=True)
class Line:
    """What is drawn: characters are taken from the first of the `fonts` that has them."""

    family: str
    text: str
    fonts: tuple[Path, ...]


def is_validation(family: str) -> bool:
    return zlib.crc32(family.encode()) % 1000 < 1000 * VALIDATION_SHARE


@lru_cache(300)
def opened(path: Path, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.RAQM)


@cache
def characters(path: Path) -> frozenset[str]:
    with TTFont(path, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


@cache
def letters_of(path: Path, script: str) -> list[str]:
    """Letters of a font's file for a script; some such files hold nothing but marks and digits."""
    letters = (character for character in characters(path) if character.isalpha())
    return sorted(c for c in letters if unicodedata.name(c, "").startswith("LATIN") == (script == "latin"))


@cache
def words_of(language: str, split: str) -> tuple[str, ...]:
    """Of a split, without those of a language in other letters than its own."""
    listed = [word for word in top_n_list(language, WORDS) if (split_of(word) == "train") == (split == "train")]
    is_latin = language in LANGUAGES["latin"]
    return tuple(
        word
        for word in listed
        if all(unicodedata.category(c)[0] in "LM" for c in word)
        and all(unicodedata.name(c).startswith("LATIN") == is_latin for c in word if c.isalpha())
    )


def a_number(rng: np.random.Generator) -> str:
    """Digits as they stand alone: a count, a price, a time, a date."""
    number = int(10 ** rng.uniform(0, 6))
    hour, minute = rng.integers(0, 24), rng.integers(0, 60)
    time, date = f"{hour}:{minute:02d}", f"{hour + 1}.{minute + 1}.2026"
    kinds = (str(number), f"{number:,}", f"${number / 100:.2f}", time, date, "2024")
    return kinds[rng.integers(len(kinds))]


def a_text(rng: np.random.Generator, script: str, split: str, letters: Sequence[str]) -> str:
    """One to four words, letters at random, or a single one; some of them with digits and marks.

    Args: letters: of the script, as far as the face has them.
    """
    kind = rng.random()
    if kind < 0.05:
        text = letters[rng.integers(len(letters))]
    elif kind < 0.15 or script not in LANGUAGES:
        lengths = rng.integers(2, 9, rng.integers(1, 4))
        text = " ".join("".join(rng.choice(letters, length)) for length in lengths)
    elif script == "latin" and kind < 0.22:
        return a_number(rng)
    else:
        languages = LANGUAGES[script]
        known = words_of(languages[rng.integers(len(languages))], split)
        text = " ".join(known[int(len(known) * rng.random() ** 1.5)] for _ in range(rng.integers(1, 5)))
    text = (str, str, str.title, str.upper)[rng.integers(4)](text)
    if rng.random() < 0.12:
        text += (".", "!", "?", ",", "…", ":", " – " + a_number(rng), " " + a_number(rng))[rng.integers(8)]
    return text


def draw_letters(fonts: Sequence[Path], text: str, pixels: int) -> Image.Image | None:
    """Coverage of the letters, mode "L", cropped to it; None where a character is in none of the fonts."""
    places = [next((n for n, font in enumerate(fonts) if character in characters(font)), None) for character in text]
    if None in places:
        return None
    runs, start = [], 0
    for place, run in groupby(places):
        end = start + len(list(run))
        runs.append((opened(fonts[place], pixels), text[start:end]))
        start = end
    width = sum(font.getlength(run) for font, run in runs)
    canvas = Image.new("L", (int(width) + 4 * pixels, 6 * pixels))
    draw, x = ImageDraw.Draw(canvas), 2.0 * pixels
    for font, run in runs:
        draw.text((round(x), 3 * pixels), run, 255, font, anchor="ls")
        x += font.getlength(run)
    box = canvas.getbbox()
    return canvas.crop(box) if box else None


def on_ground(
    rng: np.random.Generator, letters: Image.Image, pixels: int, photos: list[Path]
) -> tuple[Image.Image, list]:
    """The picture, and the box of its ink: left, top, right, bottom in pixels."""
    left, top, right, bottom = (int(value * pixels) + 2 for value in rng.uniform(0.2, 1.2, 4))
    size = letters.width + left + right, letters.height + top + bottom
    kind = rng.random()
    if kind < 0.25:
        photo = Image.open(photos[rng.integers(len(photos))]).convert("RGB")
        ground = photo.resize(size, Image.Resampling.BILINEAR)
        around = np.asarray(ground, float).mean((0, 1))
    else:
        around = np.full(3, 255.0) if kind < 0.62 else rng.integers(0, 256, 3).astype(float)
    ink = np.zeros(3) if kind < 0.55 and kind >= 0.25 else rng.integers(0, 256, 3).astype(float)
    while abs((ink - around) @ LUMA) < LEAST_LUMA_DIFFERENCE * (1.4 if kind < 0.25 else 1):
        ink = rng.integers(0, 256, 3).astype(float)
    if kind >= 0.25:
        if rng.random() < 0.12:
            ink, around = around, ink
        ground = Image.new("RGB", size, tuple(around.astype(int)))
    ground.paste(tuple(ink.astype(int)), (left, top), letters)
    if rng.random() < 0.2:
        ground = ground.filter(ImageFilter.GaussianBlur(rng.uniform(0.02, 0.06) * letters.height))
    return ground, [left, top, left + letters.width, top + letters.height]


class Faces:
    """The faces of a split to draw in: of each script, and of the whole catalogue."""

    def __init__(self, split: str, scripts: Path, faces: Path, fonts: Path) -> None:
        wanted = split == "validation"
        self._styles: dict[str, list[tuple[str, tuple[Path, ...]]]] = {script: [] for script in ("latin", *SCRIPTS)}
        for folder in sorted(path for path in scripts.iterdir() if (path / "metadata.json").exists()):
            if is_validation(folder.name) != wanted:
                continue
            parts: dict[str, dict[str, Path]] = {}
            for file in folder.glob("*.woff2"):
                if named := FILE.fullmatch(file.name):
                    parts.setdefault(named["face"], {})[named["part"]] = file
            for _, files in sorted(parts.items()):
                latin = tuple(files[part] for part in LATIN if part in files)
                self._styles["latin"].append((folder.name, latin))
                for script in SCRIPTS:
                    if script in files and letters_of(files[script], script):
                        self._styles[script].append((folder.name, (*latin, files[script])))
        known = [face for face in read_faces(faces) if is_validation(face.family) == wanted]
        self._catalogue = [(face.family, fonts / face.file, face.axes) for face in known]

    def can_draw(self, script: str) -> bool:
        return bool(self._styles[script])

    def a_line(self, rng: np.random.Generator, script: str, split: str) -> Line:
        if script == "latin" and rng.random() < FROM_CATALOGUE:
            family, file, axes = self._catalogue[rng.integers(len(self._catalogue))]
            fonts = (unpack(file, data_home() / "ttf", axes),)
        else:
            styles = self._styles[script]
            families = sorted({family for family, _ in styles})
            family = families[rng.integers(len(families))]
            of_family = [files for one, files in styles if one == family]
            fonts = of_family[rng.integers(len(of_family))]
        letters = letters_of(fonts[0] if script == "latin" else fonts[-1], script)
        return Line(family, a_text(rng, script, split, letters), fonts)


def draw(
    rng: np.random.Generator, script: str, faces: Faces, split: str, photos: list[Path]
) -> Iterator[tuple[bytes, dict]]:
    """JPEG files, and what the manifest says of them; endless, or none where there is no face to draw in."""
    while faces.can_draw(script):
        line = faces.a_line(rng, script, split)
        pixels = int(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
        try:
            letters = draw_letters(line.fonts, line.text, pixels)
        except OSError:  # FreeType cannot draw some faces at some sizes
            continue
        if letters is None or letters.height < LEAST_HEIGHT:
            continue
        picture, box = on_ground(rng, letters, pixels, photos)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(50, 97)), subsampling=0)
        family = line.family if script == "latin" else None
        yield buffer.getvalue(), {"family": family, "condition": script, "text": line.text, "box": box}


def draw_split(split: str, folder: Path, faces: Faces, seed: int) -> None:
    photos = sorted((data_home() / "grounds" / "train").glob("*.jpg"))
    photos = [photo for photo in photos if is_validation(photo.stem) == (split == "validation")]
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    for script in tqdm(("latin", *SCRIPTS), split, unit="script"):
        rng = np.random.default_rng([seed, zlib.crc32(f"{split} {script}".encode())])
        count = COUNTS[split].get(script, OTHERS[split])
        for content, row in islice(draw(rng, script, faces, split, photos), count):
            name = f"{len(rows):05d}.jpg"
            (folder / name).write_bytes(content)
            rows.append(json.dumps({"file": name, **row}, ensure_ascii=False) + "\n")
    (folder / "manifest.jsonl").write_text("".join(rows), encoding="utf-8")


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--out", type=Path, default=data_home() / "script-lines")
    parser.add_argument("--scripts", type=Path, default=data_home() / "scripts")
    parser.add_argument("--faces", type=Path, default=data_home() / "faces.jsonl")
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--split", choices=tuple(COUNTS), help="one of both only")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    for split in [arguments.split] if arguments.split else COUNTS:
        faces = Faces(split, arguments.scripts, arguments.faces, arguments.fonts)
        draw_split(split, arguments.out / split, faces, arguments.seed)


if __name__ == "__main__":
    main()
