"""Measure the command line: its first answer from nothing, and how many pictures a second Ray's workers answer.

    python -m benchmarks.measure_command [--pictures 96] [--workers 1 2] [--results results/once.jsonl#command]

The pictures are words in shipped letterforms. Each start is a process of its own. A worker's second is one of the time
from the first answers of all workers to the last answer, so that starting Ray, which takes as long for a million
pictures, does not count. Workers of this machine share its cores with what hands out the pictures.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fontid.artifact import LETTERFORMS
from fontid.catalogue.faces import read_faces, regular_faces
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.identifier import SHIPPED
from fontid.letters.letterforms import Letterforms
from fontid.many import LEAST_TOGETHER, answers_of_workers, opened, parts_of

ROOT = Path(__file__).parent.parent
STARTS = 5
PIXELS = 48  # to the em
TEXT = "quiet harbour"


def draw_words(folder: Path, count: int) -> list[Path]:
    """Pictures of a text in so many families, spread over the catalogue."""
    faces = [*regular_faces(read_faces(SHIPPED / "faces.jsonl.gz"))]
    fonts = Letterforms(sorted(SHIPPED.glob(LETTERFORMS)), faces)
    drawn = []
    for number in range(count):
        face = faces[number * len(faces) // count].id
        (folder / "font").write_bytes(fonts.font_data(face))
        font = ImageFont.truetype(str(folder / "font"), PIXELS)
        picture = Image.new("RGB", (round(font.getlength(TEXT)) + PIXELS, 2 * PIXELS), "white")
        ImageDraw.Draw(picture).text((PIXELS // 2, PIXELS // 2), TEXT, "black", font)
        drawn.append(folder / f"{number:04}.png")
        picture.save(drawn[-1])
    return drawn


def first_answer(picture: Path) -> tuple[float, float]:
    """Seconds of the clock and of the processor from the start of a process to its end."""
    command = [sys.executable, "-m", "fontid", "identify", str(picture)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pictures_a_second(pictures: list[Path], workers: int) -> float:
    """Of so many workers that have begun to answer."""
    answers = answers_of_workers(opened, {"top": 1}, parts_of(pictures, set()), "local", workers)
    times = [time.monotonic() for _ in answers]
    begun = workers * LEAST_TOGETHER
    return (len(times) - begun) / (times[-1] - times[begun - 1])


def main(argv: list[str] | None = None) -> None:
    os.environ.setdefault("RAY_worker_niceness", "0")  # as whatever else runs here, not behind it
    parser = command_line(__doc__, "results/once.jsonl#command")
    parser.add_argument("--pictures", type=int, default=96)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        pictures = draw_words(Path(name), arguments.pictures)
        first_answer(pictures[0])  # compiles what is not compiled yet, and brings files into memory
        starts = [first_answer(pictures[0]) for _ in range(STARTS)]
        rates = {str(workers): round(pictures_a_second(pictures, workers), 2) for workers in arguments.workers}
    metrics = {
        "first_answer_seconds": round(statistics.median(took for took, _ in starts), 2),
        "first_answer_cpu_seconds": round(statistics.median(cpu for _, cpu in starts), 2),
        "pictures_a_second_by_workers": rates,
    }
    settings = {"pictures": arguments.pictures, "starts": STARTS, "cores": len(os.sched_getaffinity(0))}
    command = f"python -m benchmarks.measure_command --pictures {arguments.pictures}"
    write_result(arguments.results, settings=settings, command=command, metrics=metrics)
    print(json.dumps(metrics, indent=1))


if __name__ == "__main__":
    main()
