"""Words with their letters one above another, and words in a portrait picture: python -m benchmarks.draw_stacked DIR SEED COUNT"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.drawing import a_few_words, contrasting_colours
from data_scripts.renderers import OpenFace, unpack
from fontid.catalogue.faces import read_faces, regular_faces
from fontid.paths import data_home

rng = np.random.default_rng(int(sys.argv[2]))
faces = list(regular_faces(read_faces(data_home() / "faces.jsonl")))
out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rows = []
for number in range(int(sys.argv[3])):
    face = faces[rng.integers(len(faces))]
    opened = OpenFace(unpack(data_home() / "fonts" / face.file, data_home() / "ttf", face.axes))
    pixels = int(rng.integers(50, 110))
    font = opened.at(pixels)
    ink, ground = (tuple(colour.tolist()) for colour in contrasting_colours(rng))
    condition = ("stacked", "stacked-wide", "portrait", "portrait-rows")[number % 4]
    text = a_few_words(rng, "validation", opened.charset, 1, 1)[:9].upper()
    if condition.startswith("stacked"):
        step = 1.05 * pixels
        high = int(step * len(text) + pixels)
        wide = int(2.5 * pixels) if condition == "stacked" else int(high * rng.uniform(1.05, 1.6))
        picture = Image.new("RGB", (wide, high), ground)
        pen = ImageDraw.Draw(picture)
        for place, letter in enumerate(text):
            pen.text((wide / 2, pixels / 2 + step * (place + 0.8)), letter, ink, font, anchor="ms")
    else:
        words = [text] if condition == "portrait" else a_few_words(rng, "validation", opened.charset, 3, 5).split()
        wide = int(max(font.getlength(word) for word in words) + pixels)
        high = int(max(wide * rng.uniform(1.05, 1.6), 1.3 * pixels * (len(words) + 1)))
        picture = Image.new("RGB", (wide, high), ground)
        pen = ImageDraw.Draw(picture)
        for place, word in enumerate(words):
            pen.text((wide / 2, high / 2 + 1.3 * pixels * (place - (len(words) - 1) / 2)), word, ink, font, anchor="mm")
        text = " ".join(words)
    name = f"{number:05d}.png"
    picture.save(out / name)
    rows.append({"file": name, "family": face.family, "weight": face.weight, "italic": face.italic, "text": text,
                 "pixels": pixels, "protocol": "stacked", "condition": condition})  # fmt: skip
(out / "manifest.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
