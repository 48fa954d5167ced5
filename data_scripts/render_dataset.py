"""Render text lines of every face into a Hugging Face data set.

    python -m data_scripts.render_dataset --preset tiny|small|full|letters|scenes|plain [--out DIR] [--seed 0]
        [--num-proc 2] [--ray ADDRESS] [--splits train validation] [--renderers freetype freetype-large]
        [--smallest 14] [--largest 96]

Reads `faces.jsonl` (data_scripts.make_faces). Writes parquet shards, one at a time, into OUT (default
FONTID_DATA/datasets/PRESET): a killed run goes on where it stopped. `datasets.load_dataset(OUT)` gives a DatasetDict,
and `python -m release.publish` pushes OUT to the hub as it is:

- `train`, `validation`, `test`: drawn by the training renderers, texts disjoint; `train` has no held-out family;
- `references`: every face, from which prototypes are averaged;
- `chromium`: the regular face of every family drawn by headless Chromium, for testing only (left out, with a
  sentence, where there is no Chromium);
- `stroop`: likewise, but the text spells another family's name.
"""

import argparse
import hashlib
import io
import json
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from datasets import ClassLabel, Dataset, Features, Image, Value, load_dataset
from tqdm import tqdm

from data_scripts.chromium import ChromiumMissing, TextBox, draw_boxes
from data_scripts.on_ray import render_on_ray
from data_scripts.renderers import RENDERERS, OpenFace, draw_line, unpack
from data_scripts.texts import LETTERS, keep_drawable, random_letters, random_text
from fontid.catalogue.faces import Face, by_family, nested_order, read_faces, regular_faces
from fontid.commands import Refusal, command_line, exit_on
from fontid.paths import data_home

FACES_PER_SHARD = 64
SPLITS = ("references", "validation", "test", "train")
SMALLEST, LARGEST = 14, 96  # font sizes, pixels
HELD_OUT_SHARE = 0.05
TextsOf = Callable[[list[Face], np.random.Generator], Iterator[tuple[Face, str]]]


@dataclass(frozen=True)
class Preset:
    """How much to render: families (None for all), and lines a face (regular faces, other faces) a split."""

    families: int | None
    train: tuple[int, int]
    validation: tuple[int, int]
    test: tuple[int, int]
    references: tuple[int, int]


PRESETS = {
    "tiny": Preset(12, (24, 12), (4, 2), (4, 2), (6, 6)),
    "small": Preset(200, (100, 50), (6, 2), (6, 2), (12, 12)),
    "letters": Preset(None, (12, 8), (1, 1), (1, 1), (1, 1)),
    "scenes": Preset(None, (32, 16), (1, 0), (0, 0), (0, 0)),  # with --smallest 40
    "plain": Preset(None, (48, 24), (1, 0), (0, 0), (0, 0)),  # with --smallest 7
    "full": Preset(None, (90, 44), (2, 1), (2, 1), (12, 12)),
}


@dataclass(frozen=True)
class Shard:
    split: str
    number: int
    total: int
    faces: tuple[Face, ...]
    regular: frozenset[str]  # ids of the faces that are their family's regular one


def is_held_out(family: str) -> bool:
    """Five per cent of the families, by their name alone, so that a renewed catalogue keeps the same ones."""
    return int(hashlib.sha256(family.encode()).hexdigest()[:8], 16) / 2**32 < HELD_OUT_SHARE


def choose_families(faces: list[Face], count: int | None) -> list[Face]:
    """All faces, or those of `count` families spread evenly over the alphabet."""
    families = by_family(faces)
    if count is None or count >= len(families):
        return faces
    names = list(families)
    chosen = {names[int(position)] for position in np.linspace(0, len(names) - 1, count)}
    return [face for face in faces if face.family in chosen]


def features_of(faces: list[Face]) -> Features:
    """The schema; here, and nowhere else, the order of labels is born."""
    return Features(
        image=Image(),
        family=ClassLabel(names=list(by_family(faces))),
        face=ClassLabel(names=[face.id for face in faces]),
        weight=Value("int32"),
        italic=Value("bool"),
        text=Value("string"),
        pixel_size=Value("int32"),
        renderer=Value("string"),
        baseline=Value("float32"),
        x_height=Value("float32"),
    )


def row_of(
    face: Face, image, text: str, pixel_size: int, renderer: str, baseline: float = math.nan, x_height: float = math.nan
) -> dict:
    """A row of the data set; `image` is a PIL image, stored as PNG.

    Args: baseline: a row of the picture, x_height: in ems; where known.
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return {
        "image": {"bytes": buffer.getvalue(), "path": None},
        "family": face.family,
        "face": face.id,
        "weight": face.weight,
        "italic": face.italic,
        "text": text,
        "pixel_size": pixel_size,
        "renderer": renderer,
        "baseline": baseline,
        "x_height": x_height * pixel_size,
    }


def lines_of_face(
    face: Face,
    opened: OpenFace,
    split: str,
    count: int,
    seed: int,
    renderers: Sequence[str],
    sizes: tuple[int, int] = (SMALLEST, LARGEST),
) -> Iterator[dict]:
    """Random lines of one face; the same for the same arguments. Args: sizes: of the font in pixels, least and most."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{split} {face.id}".encode())])
    drawn = attempts = 0
    while drawn < count and attempts < 20 * count:
        attempts += 1
        text = keep_drawable(random_text(rng, split), opened.charset)
        pixels = round(np.exp(rng.uniform(np.log(sizes[0]), np.log(sizes[1] + 0.5))))
        spacing = float(rng.uniform(-0.03, 0.3)) if rng.random() < 0.15 else 0.0
        subpixel = float(rng.random())
        renderer = renderers[attempts % len(renderers)]
        if not text:
            continue
        try:
            found = draw_line(opened, text, pixels, renderer, spacing, subpixel)
        except OSError:  # hinting programs that FreeType gives up on at this size
            renderer = "freetype-large"
            found = draw_line(opened, text, pixels, renderer, spacing)
        if found is not None:
            drawn += 1
            yield row_of(face, found[0], text, pixels, renderer, found[1], opened.x_height)


def render_shard(shard: Shard, *, out: Path, features: Features, arguments: argparse.Namespace) -> int:
    """Write one shard unless it is there already; returns its number of rows. Args: arguments: of the command line."""
    path = out / "data" / f"{shard.split}-{shard.number:05d}-of-{shard.total:05d}.parquet"
    if path.exists():
        return 0
    rows, sizes = [], (arguments.smallest, arguments.largest)
    for face in shard.faces:
        opened = opened_face(face, arguments.fonts)
        count = getattr(PRESETS[arguments.preset], shard.split)[0 if face.id in shard.regular else 1]
        rows += lines_of_face(face, opened, shard.split, count, arguments.seed, arguments.renderers, sizes)
    write_rows(rows, features, path)
    return len(rows)


def opened_face(face: Face, fonts: Path) -> OpenFace:
    return OpenFace(unpack(fonts / face.file, data_home() / "ttf", face.axes))


def write_rows(rows: list[dict], features: Features, path: Path) -> None:
    """Parquet with the schema inside; complete or not there at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = {name: [features[name].str2int(row[name]) for row in rows] for name in ("family", "face")}
    columns = {name: labels.get(name) or [row[name] for row in rows] for name in features}
    partial_path = path.with_suffix(".part")
    Dataset.from_dict(columns, features=features).to_parquet(partial_path)
    partial_path.replace(path)


def random_texts(faces: list[Face], rng: np.random.Generator) -> Iterator[tuple[Face, str]]:
    """For every face random letters, and a random text."""
    for face in faces:
        for text in (random_letters(rng, "test", LETTERS, 5, 10), random_text(rng, "test")):
            yield face, text


def misleading_texts(faces: list[Face], rng: np.random.Generator) -> Iterator[tuple[Face, str]]:
    """For every face the names of two other families.

    Families that come four by four in `nested_order` name one another, so that among the first 20 or 200 of them a
    picture spells a family that could be answered.
    """
    face_of = {face.family: face for face in faces}
    order = nested_order(face_of)
    for position, family in enumerate(order):
        for other in (position ^ 1, position ^ 2):
            if other < len(order):
                yield face_of[family], face_of[order[other]].name


def render_chromium(
    split: str, texts: TextsOf, faces: list[Face], fonts: Path, out: Path, seed: int, features: Features
) -> None:
    """A test split that no training renderer drew: every family's regular face, 16-64 px."""
    path = out / "data" / f"{split}-00000-of-00001.parquet"
    if path.exists():
        return
    rng = np.random.default_rng([seed, zlib.crc32(split.encode())])
    boxes = []
    for face, text in texts(list(regular_faces(faces)), rng):
        drawable = keep_drawable(text, opened_face(face, fonts).charset)
        boxes.append(TextBox(face, drawable or "Abc", int(rng.integers(16, 65))))
    images = draw_boxes(boxes, fonts)
    rows = [row_of(b.face, image, b.text, b.pixels, "chromium") for b, image in zip(boxes, images, strict=True)]
    write_rows(rows, features, path)


CHROMIUM_SPLITS = {"chromium": random_texts, "stroop": misleading_texts}
CARD = """---
license: apache-2.0
task_categories: [image-classification]
tags: [font-identification, fonts]
pretty_name: fontid lines ({preset})
---
# fontid lines ({preset})

Lines of text drawn in {faces} faces of {families} Google Fonts families by `{command}`.
Splits: {splits}. Features: image (grayscale PNG, black on white, cropped to its ink), family and face (ClassLabel),
weight (1-1000), italic, text, pixel_size (font size in pixels), renderer ({renderers}; `chromium` in its own two
splits, of which `stroop` spells other families' names).
No string of letters occurs in two of train, validation, test and references. Never in `train` (held out):
{held_out}.

The texts are random or made of words from the `wordfreq` package. The fonts keep their own licences (the column
`license` of `faces.jsonl`); pictures drawn with them are not derivative fonts.
"""


def write_card(out: Path, arguments: argparse.Namespace, faces: list[Face]) -> None:
    rows = {split: len(part) for split, part in load_dataset(str(out)).items()}  # nosec B615: a folder on this machine
    families = list(by_family(faces))
    card = CARD.format(
        preset=arguments.preset,
        faces=len(faces),
        families=len(families),
        command=f"python -m data_scripts.render_dataset --preset {arguments.preset} --seed {arguments.seed}"
        f" --splits {' '.join(arguments.splits)} --renderers {' '.join(arguments.renderers)}",
        splits=", ".join(f"{split} {count}" for split, count in rows.items()),
        renderers=", ".join(arguments.renderers),
        held_out=", ".join(filter(is_held_out, families)) or "none",
    )
    (out / "README.md").write_text(card, encoding="utf-8")
    print(f"{out}: " + ", ".join(f"{split} {count}" for split, count in rows.items()))


def check_recipe(out: Path, recipe: dict) -> None:
    """Refuse to mix shards of two recipes in one folder."""
    path = out / "recipe.json"
    text = json.dumps(recipe, indent=1)
    if path.exists() and path.read_text() != text:
        raise SystemExit(f"{out} holds a data set of another recipe: remove it or choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--preset", choices=PRESETS, required=True)
    parser.add_argument("--faces", type=Path, default=data_home() / "faces.jsonl")
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num-proc", type=int, default=2)
    with_test = "the two by Chromium come with test"
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=SPLITS, help=with_test)
    parser.add_argument("--renderers", nargs="+", choices=RENDERERS, default=list(RENDERERS))
    parser.add_argument("--smallest", type=int, default=SMALLEST, help="font size in pixels")
    parser.add_argument("--largest", type=int, default=LARGEST, help="likewise")
    parser.add_argument("--ray", metavar="ADDRESS", help="render on a Ray cluster: its address, auto, or local")
    arguments = parser.parse_args(argv)
    if not arguments.faces.exists():
        raise SystemExit(f"No table of faces at {arguments.faces}: run python -m data_scripts.make_faces first.")
    out = arguments.out or data_home() / "datasets" / arguments.preset
    preset = PRESETS[arguments.preset]
    faces = choose_families(read_faces(arguments.faces), preset.families)
    digest = hashlib.sha256(json.dumps([(face.id, face.sha256) for face in faces]).encode()).hexdigest()
    recipe = {"preset": asdict(preset), "seed": arguments.seed, "faces_sha256": digest}
    chosen = {name: getattr(arguments, name) for name in ("renderers", "smallest", "largest")}
    recipe |= {name: value for name, value in chosen.items() if value != parser.get_default(name)}
    check_recipe(out, recipe)

    features = features_of(faces)
    regular = frozenset(face.id for face in regular_faces(faces))
    shards = []
    for split in arguments.splits:
        rows = [face for face in faces if split != "train" or not is_held_out(face.family)]
        parts = [tuple(rows[start : start + FACES_PER_SHARD]) for start in range(0, len(rows), FACES_PER_SHARD)]
        shards += [Shard(split, number, len(parts), part, regular) for number, part in enumerate(parts)]
    render = partial(render_shard, out=out, features=features, arguments=arguments)
    if arguments.ray:
        with exit_on(Refusal):
            made = render_on_ray(render, shards, arguments.ray, arguments.num_proc)
        print("; ".join(f"worker {worker}: {rows} rows" for worker, rows in made.items()))
    else:
        with get_context("spawn").Pool(arguments.num_proc) as pool:
            for _ in tqdm(pool.imap_unordered(render, shards), "shards", len(shards)):
                pass
    try:
        for split, texts in CHROMIUM_SPLITS.items() if "test" in arguments.splits else ():
            render_chromium(split, texts, faces, arguments.fonts, out, arguments.seed, features)
    except ChromiumMissing as error:
        print(f"The chromium and stroop splits are left out: {error}")
    write_card(out, arguments, faces)


if __name__ == "__main__":
    main()
