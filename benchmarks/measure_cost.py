"""Measure what whole pictures cost, everything included: peak memory and seconds, each in a process of its own.

Measures too how long the drawing of candidates takes.

    python -m benchmarks.measure_cost [--results results/cost.json]

The pictures are pages of text: PNGs on a plain ground, as of a screen, and JPEGs on a grainy one, as of a camera.
"""

import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fontid.catalogue.enrolment import REFERENCES, draw_reference
from fontid.commands import command_line
from fontid.encoder.preprocessing import find_ink
from fontid.evaluation.experiment import write_result
from fontid.identifier import FontIdentifier
from fontid.letters.verification import Verifier
from fontid.text.lines import Line

MEGAPIXELS = (0.5, 4, 12, 50)
FACE = "lora-400-normal"
ROWS = 20  # of text on a page
ROUNDS = 6  # of drawing
GRAIN = 6  # standard deviation of a camera's noise, 0-255


def draw_page(megapixels: float, suffix: str, face: str = FACE) -> bytes:
    """A page of text, 4 to 3, in the shipped letterforms of a face; as ".png" plain, as ".jpg" grainy."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    page = Image.new("RGB", (round(height * 4 / 3), height), (244, 240, 230))
    data = BytesIO(FontIdentifier.from_pretrained().letterforms.font_data(face))
    font = ImageFont.truetype(data, 0.6 * height / ROWS)
    draw = ImageDraw.Draw(page)
    for row in range(1, ROWS - 1):
        text = "   ".join(REFERENCES[row % len(REFERENCES) :][:2])
        draw.text((height / ROWS, row * height / ROWS), text, fill=(40, 30, 60), font=font)
    file = BytesIO()
    if suffix == ".jpg":
        grain = np.random.default_rng(0).normal(0, GRAIN, (512, 512, 3)).astype(np.float32)
        for top in range(0, page.height, 512):
            for left in range(0, page.width, 512):
                box = (left, top, min(left + 512, page.width), min(top + 512, page.height))
                tile = np.asarray(page.crop(box), np.float32)
                tile = np.clip(tile + grain[: tile.shape[0], : tile.shape[1]], 0, 255)
                page.paste(Image.fromarray(tile.astype(np.uint8)), box[:2])
    page.save(file, {".jpg": "JPEG", ".png": "PNG"}[suffix], quality=92)
    return file.getvalue()


def _identify(file: Path) -> dict:
    """Of this process: peak memory in MB, seconds until its first answer and those of another."""
    started = time.perf_counter()
    identifier = FontIdentifier.from_pretrained()
    answer = identifier.identify(file)
    first = time.perf_counter()
    identifier.identify(file)
    seconds = [round(value, 2) for value in (first - started, time.perf_counter() - first)]
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "peak_mb": round(peak / 1024),
        "first_seconds": seconds[0],
        "next_seconds": seconds[1],
        "first": answer.matches[0].family,
    }


def cost_of(file: Path) -> dict:
    """What `_identify` says, measured in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_identify, file).result()


def _draw() -> dict:
    """Milliseconds of verifying one line by drawing, with nothing drawn before and again; candidates and letters."""
    identifier = FontIdentifier.from_pretrained()
    text = REFERENCES[2]
    gray = draw_reference(identifier.letterforms.font_data(FACE), text, 48)
    height, width = gray.shape
    line, ink = Line(((0, 0), (width, 0), (width, height), (0, height)), text, 1.0), find_ink(gray)
    scores = identifier.catalogue.score_faces(identifier.embed_line(gray))
    verifier = Verifier(identifier.catalogue, identifier.letterforms)
    milliseconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        verdict = verifier.verify(scores, [(line, ink)])
        milliseconds.append(1000 * (time.perf_counter() - started))
    return {
        "faces_drawn": len(verdict.faces),
        "cold_milliseconds": round(milliseconds[0]),
        "warm_milliseconds": round(statistics.median(milliseconds[1:])),
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/cost.json")
    arguments = parser.parse_args(argv)
    metrics = {}
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in MEGAPIXELS:
            for suffix in (".png", ".jpg"):
                file = Path(folder) / f"page{suffix}"
                file.write_bytes(draw_page(megapixels, suffix))
                name = f"{megapixels} MP {suffix[1:]}"
                metrics[name] = cost_of(file) | {"file_mb": round(file.stat().st_size / 1e6, 1)}
                print(name, metrics[name], flush=True)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        metrics["drawing"] = pool.submit(_draw).result()
    print(metrics["drawing"])
    command = "python -m benchmarks.measure_cost"
    write_result(arguments.results, settings={"face": FACE, "rows": ROWS}, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
