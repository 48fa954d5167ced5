"""Draw a benchmark by headless Chromium, as a folder for `fontid evaluate`.

    python -m benchmarks.render PROTOCOL --seed 0 --out DIR [--split validation] [--families 200] [--by-usage 0.5]

Every family is drawn once, or --families of them; with --by-usage POWER that many are drawn by chance, with repeats, in
proportion to how often they are used (data_scripts/usage.tsv), to that power. Effects draw a family for each picture.

- chars: 5-10 random letters of either case, 16-64 px, black on white, the regular face of every family. Published on
  this protocol: gpu-font 72 / 92 (top-1 / top-5, twins folded).
- abrupt: the word "Abrupt" at 72 px in every family. Published: WhatFontIs 80.1 / 97.0 on its Google subset.
- words: 2-5 words in every family, 20-72 px, any two colours 80 or more apart in luma, letter-spacing, capitals, JPEG
  quality 55-95. Published on such words: WhatFontIs 84.3 / 94.9, on a catalogue of its own.
- para: three lines of running text, 18-28 px, in every family. None published.
- body: five lines of running text, 13-17 px, in every family, half light on dark. Published for text of web pages at
  14-19 px: gpu-font 28 top-5.
- styles: 2-4 words in every face of the table, 24-64 px, black on white. None published.
- googlefontsbench: 20-100 characters of running text in lines of 10-20 ems, three pictures in every face (369) of 31
  families, any two colours 80 or more apart in luma, 224 px high by Lanczos, noise of sigma 25.5. Published:
  GoogleFontsBench 99.0 top-1 among 394 classes, a class a weight and slope ("variants" is to be compared with it).
- frb: ten sentences (easy) and the names of the other fonts (hard) in eight fonts, 32 and 40 px, JPEG. Published: the
  best vision language model 31.3 / 15.1 (easy / hard, open answer), 66.7 / 27.1 with choices.
- photo: 1-4 words in every family on generated grounds, tilted, in uneven light, blurred, noisy, 500-1200 px wide.
  Published on photographed words of their own: gpu-font 25 / 44, WhatFontIs 83.7 / 93.3.
- pages: screenshots of 180 whole pages, desktop and phone, every visible line in the manifest, two to four families a
  page, half drawn by usage, half at random. Published for home pages of its own choice: gpu-font 11.6 / 27.7.
- editors: screenshots of 1920 x 1080 of editors with a side bar and numbers of lines, and of terminals, light and dark,
  in five families of code (`benchmarks.pages.EDITORS`). None published.
- sites: screenshots of 100 web pages of other people's (data_scripts.fetch_sites), text, headings and code in a family
  each. Published for home pages of its own choice: gpu-font 11.6 / 27.7.
- axes: 2-4 words, 24-64 px, black on white, in every family that is variable in more than weight and slope: a face of
  another width, optical size or the like than the usual one. None published.
- earlier: 2-4 words, 24-64 px, black on white, twelve times in every face of an earlier version of a family
  (data_scripts/earlier.txt). None published.
- sizes: 2-4 words, 16-96 px, black on white, in every upright weight of the families with optical sizes, at the size
  that a browser chooses by itself. None published.
- numbers: a year, price, share, date, time or count in every family, 24-96 px, any two colours, JPEG quality 70-95.
  None published.
- small: 12 to 45 characters of running text in every family, 8-18 px, half of it black on white, the rest in any two
  colours; a third as JPEG, quality 70-95. None published.
- effects: 1-5 words in a face drawn evenly from all families (or --by-usage), in each condition of
  benchmarks.effects: what stands around, behind and on letters. Needs photographs (data_scripts.fetch_grounds). None
  published.
- grounds: photographs, textures, gradients, charts and noise without any text; the right answer is that there is none.
- fontbench: FontBench's recipe (not its pictures): one pangram in 42 of its families and free stand-ins of the other
  eight, twenty looks each, boxes of 220 to 440 CSS pixels at density 2. Published: the best vision language model names
  45.1 % of the families, of its fifty.
- photolike: WhatFontIs-Bench v1.0's recipe (not its pictures): a word of 7-12 letters in every family, on a texture, in
  a scene or on a card; easy, medium, hard. Published: WhatFontIs 83.7 / 93.3 among 1.2 million fonts; gpu-font 51.4 /
  73.2 on the 840 pictures of Google's families.

The manifest's `pixels` is the font size that Chromium drew; `googlefontsbench` and `photo` scale the picture then.
"""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import sites
from benchmarks.drawing import Drawing, opener
from benchmarks.pages import COUNT, Pool, draw_pages, plan_editors, plan_pages
from benchmarks.protocols import PROTOCOLS
from data_scripts.chromium import ChromiumMissing, draw_boxes
from data_scripts.render_dataset import is_held_out
from fontid.catalogue.faces import Face, by_family, read_faces
from fontid.catalogue.usage import FLOOR, read_usage
from fontid.commands import command_line
from fontid.paths import data_home

PAGES = ("pages", "editors", "sites")
COUNTED = ("effects", "grounds", "pages", "sites")
USAGE = Path("data_scripts/usage.tsv")


def chances_of(families: list[str], power: float, usage: Path) -> np.ndarray:
    """How likely each is to be drawn, adding up to 1."""
    downloads = read_usage(usage)
    weights = np.array([(downloads.get(family, 0) + FLOOR) ** power for family in families])
    return weights / weights.sum()


def rounds(
    rng: np.random.Generator, faces: list[Face], count: int | None, power: float | None, usage: Path
) -> Iterator[list[Face]]:
    """Lists of faces to draw one after another: `count` families (None: as many as there are), see the module."""
    families = list(by_family(faces))
    if power is None:
        times = Counter(families if count is None else rng.choice(families, min(count, len(families)), replace=False))
    else:
        times = Counter(rng.choice(families, count or len(families), p=chances_of(families, power, usage)))
    for number in range(max(times.values())):
        yield [face for face in faces if times[face.family] > number]


def row_of(name: str, drawing: Drawing, protocol: str) -> dict:
    """A line of the manifest."""
    face = drawing.box.face
    if face is None:
        return {"file": name, "family": None, "protocol": protocol, "condition": drawing.condition}
    condition = drawing.condition or ("held-out family" if is_held_out(face.family) else "trained family")
    row = {"file": name, "family": face.family, "weight": face.weight, "italic": face.italic, "text": drawing.box.text}
    return row | {"pixels": drawing.box.pixels, "protocol": protocol, "condition": condition}


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("protocol", choices=(*PROTOCOLS, *PAGES))
    parser.add_argument(
        "--split", choices=("validation", "test"), default="test", help="of the words drawn, or of the sites"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--count",
        type=int,
        help="pictures: of each condition (effects, else 20), of all (grounds: 300, pages: 180, sites: 100)",
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--families", type=int, metavar="N", help="how many (default: as many as there are)")
    parser.add_argument("--by-usage", type=float, metavar="POWER", help="often used ones more often, see above")
    parser.add_argument("--faces", type=Path, default=data_home() / "faces.jsonl")
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--sites", type=Path, default=data_home() / "sites", help="of data_scripts.fetch_sites")
    parser.add_argument("--usage", type=Path, default=USAGE, help="table of downloads")
    arguments = parser.parse_args(argv)
    rng, open_face = np.random.default_rng(arguments.seed), opener(arguments.fonts)
    if arguments.count and arguments.protocol not in COUNTED:
        parser.error(f"--count is for {', '.join(COUNTED)}: the others draw what their authors drew.")
    faces = read_faces(arguments.faces)
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = []
    try:
        if arguments.protocol in PAGES:
            pool, fonts = Pool(faces, open_face, arguments.usage), arguments.fonts
            if arguments.protocol == "sites":
                folder, count = arguments.sites / arguments.split, arguments.count or sites.COUNT
                drawn = sites.draw_sites(rng, pool, folder, fonts, count)
            else:
                of_pages = arguments.protocol == "pages"
                plans = plan_pages(rng, arguments.count or COUNT) if of_pages else plan_editors()
                drawn = draw_pages(rng, plans, pool, arguments.split, fonts)
            for number, page in enumerate(drawn):
                name = f"{number:05d}{page.suffix}"
                (arguments.out / name).write_bytes(page.data)
                rows.append(page.row(name))
        else:
            protocol, power = PROTOCOLS[arguments.protocol], arguments.by_usage
            if arguments.count:
                protocol = partial(protocol, count=arguments.count)
            if arguments.protocol == "effects" and power is not None:
                protocol = partial(protocol, chances=chances_of(list(by_family(faces)), power, arguments.usage))
                power = None
            drawings = [
                drawing
                for chosen in rounds(rng, faces, arguments.families, power, arguments.usage)
                for drawing in protocol(rng, chosen, open_face, arguments.split)
            ]
            images = draw_boxes([drawing.box for drawing in drawings], arguments.fonts)
            for number, (drawing, image) in enumerate(zip(drawings, images, strict=True)):
                name = f"{number:05d}{drawing.suffix}"
                (arguments.out / name).write_bytes(drawing.finish(image))
                rows.append(row_of(name, drawing, arguments.protocol))
    except ChromiumMissing as error:
        raise SystemExit(f"Benchmarks are drawn by Chromium: {error}") from error
    # last, so that a folder with a manifest is whole
    manifest = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (arguments.out / "manifest.jsonl").write_text(manifest, encoding="utf-8")
    print(f"{arguments.out}: {len(rows)} pictures.")


if __name__ == "__main__":
    main()
