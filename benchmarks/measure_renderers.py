"""Lines a second a core: this project's renderers beside TRDG and SynthTIGER, same fonts, texts and sizes, in one run.

python -m venv RIVALS && RIVALS/bin/pip install trdg==1.8.0 synthtiger==1.2.1
RIVALS/bin/pip install pillow==9.5.0 numpy==1.26.4 "opencv-python-headless<4.11"   # they call what is gone since
python -m benchmarks.measure_renderers RIVALS/bin/python [--lines 880] [--results results/renderers.json]
"""

import argparse
import json
import os
import subprocess  # nosec B404: commands are lists that this project writes
import tempfile
import time
from pathlib import Path

import numpy as np

from data_scripts.renderers import RENDERERS, OpenFace, draw_line, unpack
from data_scripts.texts import keep_drawable, random_text
from fontid.catalogue.faces import read_faces, regular_faces
from fontid.evaluation.experiment import write_result
from fontid.paths import data_home

PIXELS = 48
LINES_A_FACE = 44  # as the full data set has
RIVALS = ("trdg", "synthtiger")


def choose_lines(count: int) -> list[tuple[OpenFace, Path, str]]:
    """Training texts in regular faces spread over the catalogue."""
    faces = list(regular_faces(read_faces(data_home() / "faces.jsonl")))
    rng = np.random.default_rng(0)
    lines = []
    for position in np.linspace(0, len(faces) - 1, count // LINES_A_FACE).astype(int):
        file = unpack(data_home() / "fonts" / faces[position].file, data_home() / "ttf")
        opened = OpenFace(file)
        for _ in range(LINES_A_FACE):
            lines.append((opened, file, keep_drawable(random_text(rng, "train"), opened.charset) or "Abc"))
    return lines


def our_seconds(lines: list[tuple[OpenFace, Path, str]], renderer: str) -> float:
    """Processor time. A hinted face that FreeType gives up on is drawn large, as in the data set."""
    started = time.process_time()
    for opened, _, text in lines:
        try:
            draw_line(opened, text, PIXELS, renderer)
        except OSError:
            draw_line(opened, text, PIXELS, "freetype-large")
    return time.process_time() - started


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", type=Path, help="interpreter of the environment that holds the rivals")
    parser.add_argument("--lines", type=int, default=880)
    parser.add_argument("--results", type=Path, default=Path("results/renderers.json"))
    arguments = parser.parse_args(argv)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lines = choose_lines(arguments.lines)
    rates = {}
    for renderer in RENDERERS:
        our_seconds(lines[:LINES_A_FACE], renderer)
        rates[renderer] = len(lines) / our_seconds(lines, renderer)
    ours = len(RENDERERS) / sum(1 / rate for rate in rates.values())  # the data set takes them in turn
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        job.write_text(json.dumps({"lines": [(str(file), text) for _, file, text in lines], "pixels": PIXELS}))
        for rival in RIVALS:
            command = [str(arguments.python), str(Path(__file__).with_name("rival_renderers.py")), rival, str(job)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)  # nosec B603: a list, no shell
            if run.returncode:
                raise SystemExit(f"{rival} does not run in {arguments.python}: {run.stderr.strip().splitlines()[-1]}")
            said = json.loads(run.stdout.splitlines()[-1])
            rates[rival] = said["lines"] / said["seconds"]
    metrics = {
        "lines_per_core_second": {name: round(rate) for name, rate in rates.items()} | {"data set": round(ours)},
        "data_set_over": {rival: round(ours / rates[rival], 2) for rival in RIVALS},
    }
    print(metrics)
    command = f"python -m benchmarks.measure_renderers RIVALS/bin/python --lines {arguments.lines}"
    write_result(arguments.results, settings={"pixels": PIXELS}, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
