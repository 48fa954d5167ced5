"""Measure what pictures cost: seconds of the processor by stage, beside rapidocr itself, and of pages the peak memory.

    python -m benchmarks.measure_cost [--pictures ../shared/realworld] [--results results/cost.json]

Seconds of the processor are user and system together, of all threads, warm; each measurement has a process of its own.
The pictures are text in shipped letterforms, drawn alike every time: PNGs on a plain ground, as of a screen, and JPEGs
on a grainy or textured one, as of a camera. Rapidocr finds and reads lines with the same networks and its own defaults.
"""

import json
import logging
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.drawing import jpeg, png
from data_scripts.photograph import photograph
from fontid.catalogue.enrolment import REFERENCES, draw_reference
from fontid.commands import command_line
from fontid.encoder.preprocessing import find_ink
from fontid.evaluation.experiment import write_result
from fontid.identifier import FontIdentifier
from fontid.letters.verification import Verifier
from fontid.picture.opening import PictureError
from fontid.text.lines import Line

MEGAPIXELS = (0.5, 4, 12, 50)
FACE = "lora-400-normal"
FACES = (FACE, "roboto-700-normal", "pacifico-400-normal", "oswald-400-normal")
KINDS = {"word": (1, 1, 90), "line": (1, 3, 32), "paragraph": (5, 3, 24)}  # rows, texts, size
INK, GROUND = (40, 30, 60), (244, 240, 230)
ROWS = 20  # of text on a page
TALL, SMALL = (900, 14_000), 24  # pixels of a whole web page, and of its text
ROUNDS = 6  # of drawing
GRAIN = 6  # standard deviation of a camera's noise, 0-255


def draw_text(rows: int, texts: int, size: float, face: str, ground: tuple[int, ...] = GROUND) -> Image.Image:
    """Rows of a few texts each, `size` pixels to the em."""
    font = ImageFont.truetype(BytesIO(FontIdentifier.from_pretrained().letterforms.font_data(face)), size)
    lines = ["   ".join(REFERENCES[row % len(REFERENCES) :][:texts]) for row in range(rows)]
    width = max(font.getlength(line) for line in lines) + 2 * size
    page = Image.new("RGB", (round(width), round(5 / 3 * size * (rows + 1))), ground)
    draw = ImageDraw.Draw(page)
    for row, line in enumerate(lines):
        draw.text((size, size * (5 / 6 + 5 / 3 * row)), line, fill=INK, font=font)
    return page


def draw_page(megapixels: float, suffix: str, face: str = FACE) -> bytes:
    """A page of text, 4 to 3, in the shipped letterforms of a face; as ".png" plain, as ".jpg" grainy."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    page = Image.new("RGB", (round(height * 4 / 3), height), GROUND)
    page.paste(draw_text(ROWS - 2, 2, 0.6 * height / ROWS, face), (0, round(height / ROWS / 2)))
    if suffix == ".png":
        return png(page)
    grain = np.random.default_rng(0).normal(0, GRAIN, (512, 512, 3)).astype(np.float32)
    for top in range(0, page.height, 512):
        for left in range(0, page.width, 512):
            box = (left, top, min(left + 512, page.width), min(top + 512, page.height))
            tile = np.asarray(page.crop(box), np.float32)
            tile = np.clip(tile + grain[: tile.shape[0], : tile.shape[1]], 0, 255)
            page.paste(Image.fromarray(tile.astype(np.uint8)), box[:2])
    return jpeg(page, 92)


def draw_tall_page() -> bytes:
    """A whole web page as one screenshot, as a PNG file."""
    page = Image.new("RGB", TALL, GROUND)
    page.paste(draw_text(round(3 / 5 * TALL[1] / SMALL) - 1, 3, SMALL, FACE))
    return png(page)


def draw_kinds(folder: Path) -> dict[str, list[Path]]:
    """Kind -> files of a few pictures, one in each of `FACES`."""
    files: dict[str, list[Path]] = {kind: [] for kind in (*KINDS, "photograph", "page")}
    for number, face in enumerate(FACES):
        data = {kind: png(draw_text(*how, face)) for kind, how in KINDS.items()}
        shown = photograph(draw_text(2, 1, 90, face, (255, 255, 255)), np.random.default_rng(number))
        for kind, one in (data | {"photograph": jpeg(shown, 90), "page": draw_page(1, ".png", face)}).items():
            files[kind].append(folder / f"{kind}-{number}")
            files[kind][-1].write_bytes(one)
    return files


def _by_stage(files: list[Path]) -> dict[str, float]:
    """Seconds of the processor for a picture, by stage and in all, of this process."""
    identifier = FontIdentifier.from_pretrained()
    seconds: Counter[str] = Counter()
    _count(seconds, "detector", identifier._reader._detector, "_likely")
    _count(seconds, "recogniser", identifier._reader._recogniser, "look")
    _count(seconds, "letters", identifier._letters, "_coverage")
    _count(seconds, "encoder", identifier, "embed")
    _count(seconds, "drawing", identifier._verifier, "verify")
    whole = _mean_seconds(identifier.identify, files, seconds.clear)
    stages = {stage: round(total / len(files), 3) for stage, total in seconds.items()}
    return stages | {"other": round(whole - sum(stages.values()), 3), "whole": round(whole, 3)}


def _count(seconds: Counter[str], stage: str, owner: object, name: str) -> None:
    """Have the seconds that a method of `owner` takes counted."""
    method = getattr(owner, name)

    def counted(*arguments, **named):
        started = time.process_time()
        try:
            return method(*arguments, **named)
        finally:
            seconds[stage] += time.process_time() - started

    setattr(owner, name, counted)


def _by_rapidocr(files: list[Path]) -> float:
    """Seconds of the processor for a picture."""
    from rapidocr import RapidOCR  # here: it sets up a log of its own

    logging.disable()
    return round(_mean_seconds(RapidOCR(), files), 3)


def _mean_seconds(ask: Callable[[Path], object], files: list[Path], start: Callable[[], None] = lambda: None) -> float:
    """Of the processor, for a picture, after another one. Args: start: called when that is done."""
    ask(files[0])
    start()
    started = time.process_time()
    for file in files:
        try:
            ask(file)
        except PictureError:
            continue  # no text, which takes time to find, too
    return (time.process_time() - started) / len(files)


def stages_of(files: list[Path]) -> dict:
    """What these pictures cost on average."""
    ours, rapidocr = _apart(_by_stage, files), _apart(_by_rapidocr, files)
    return {"n": len(files), "cpu_seconds": ours, "rapidocr": rapidocr, "ratio": round(ours["whole"] / rapidocr, 3)}


def _identify(file: Path) -> dict:
    """Of this process: peak memory in MB, seconds until its first answer and those of another."""
    started = time.perf_counter()
    identifier = FontIdentifier.from_pretrained()
    answer = identifier.identify(file)
    first = time.perf_counter()
    identifier.identify(file)
    ended = time.perf_counter()
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "peak_mb": round(peak / 1024),
        "first_seconds": round(first - started, 2),
        "next_seconds": round(ended - first, 2),
        "first": answer.matches[0].family,
    }


def cost_of(file: Path) -> dict:
    """What `_identify` says, measured in a fresh process."""
    return _apart(_identify, file)


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
        "faces_drawn": verdict.drawn,
        "cold_milliseconds": round(milliseconds[0]),
        "warm_milliseconds": round(statistics.median(milliseconds[1:])),
    }


def _apart(measure: Callable, *arguments):
    """What a function returns in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def main(argv: list[str] | None = None) -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as app.py has it; the processes begun here inherit it
    parser = command_line(__doc__, "results/cost.json")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="labelled ones, to measure beside the drawn")
    parser.add_argument("--every", type=int, default=6, metavar="N", help="only every Nth of them")
    arguments = parser.parse_args(argv)
    metrics: dict[str, dict] = {"kinds": {}, "pages": {}}
    with tempfile.TemporaryDirectory() as folder:
        kinds = draw_kinds(Path(folder))
        if arguments.pictures:
            rows = (arguments.pictures / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
            kinds["real pictures"] = [arguments.pictures / json.loads(row)["file"] for row in rows[:: arguments.every]]
        for kind, files in kinds.items():
            metrics["kinds"][kind] = stages_of(files)
            print(kind, metrics["kinds"][kind], flush=True)
        sizes = {f"{size} MP {suffix[1:]}": (size, suffix) for size in MEGAPIXELS for suffix in (".png", ".jpg")}
        pages = {name: partial(draw_page, *size) for name, size in sizes.items()}
        for name, draw in (pages | {"{} x {:,} png".format(*TALL): draw_tall_page}).items():
            file = Path(folder) / "page"
            file.write_bytes(draw())
            metrics["pages"][name] = cost_of(file) | {"file_mb": round(file.stat().st_size / 1e6, 1)}
            print(name, metrics["pages"][name], flush=True)
    metrics["drawing"] = _apart(_draw)
    print(metrics["drawing"])
    command = "python -m benchmarks.measure_cost" + (f" --pictures {arguments.pictures}" if arguments.pictures else "")
    settings = {"face": FACE, "faces": FACES, "rows": ROWS, "every": arguments.every}
    write_result(arguments.results, settings=settings, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
