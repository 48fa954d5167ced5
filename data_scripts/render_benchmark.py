"""Draw a benchmark by headless Chromium, as a folder for `fontid evaluate`.

    python -m data_scripts.render_benchmark chars|abrupt --seed 0 --out DIR

- chars: 5-10 random letters of either case, 16-64 px, black on white, the regular face of every family. Published on
  this protocol: gpu-font 72 / 92 (top-1 / top-5, twins folded).
- abrupt: the word "Abrupt" at 72 px in every family. Published: WhatFontIs 80.1 / 97.0 on its Google subset.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from data_scripts.chromium import ChromiumMissing, TextBox, draw_boxes
from data_scripts.render_dataset import is_held_out
from data_scripts.texts import LETTERS
from fontid.faces import Face, read_faces, regular_faces
from fontid.paths import data_home


def chars(rng: np.random.Generator, face: Face) -> TextBox:
    text = "".join(rng.choice(list(LETTERS), rng.integers(5, 11)))
    return TextBox(face, text, int(rng.integers(16, 65)))


def abrupt(rng: np.random.Generator, face: Face) -> TextBox:
    return TextBox(face, "Abrupt", 72)


PROTOCOLS: dict[str, Callable[[np.random.Generator, Face], TextBox]] = {"chars": chars, "abrupt": abrupt}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--faces", type=Path, default=data_home() / "faces.jsonl")
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    arguments = parser.parse_args(argv)
    rng = np.random.default_rng(arguments.seed)
    boxes = [PROTOCOLS[arguments.protocol](rng, face) for face in regular_faces(read_faces(arguments.faces))]
    try:
        images = draw_boxes(boxes, arguments.fonts)
    except ChromiumMissing as error:
        raise SystemExit(f"Benchmarks are drawn by Chromium: {error}") from error
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "manifest.jsonl", "w", encoding="utf-8") as manifest:
        for number, (box, image) in enumerate(zip(boxes, images, strict=True)):
            name = f"{number:05d}.png"
            image.save(arguments.out / name)
            row = {
                "file": name,
                "family": box.face.family,
                "weight": box.face.weight,
                "italic": box.face.italic,
                "text": box.text,
                "pixels": box.pixels,
                "protocol": arguments.protocol,
                "condition": "held-out family" if is_held_out(box.face.family) else "trained family",
            }
            manifest.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{arguments.out}: {len(boxes)} pictures.")


if __name__ == "__main__":
    main()
