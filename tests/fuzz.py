"""Coverage-guided fuzzing, by atheris, of what reads files: pictures, fonts, zips, manifests. It starts from the
hostile files of `tests/hostile.py`.

    python -m tests.fuzz [--targets picture font] [--seconds 300] [--results results/fuzz.json]

atheris is in none of the requirements: `pip install atheris==3.0.0` into an environment that has them and pytest. A
crash is anything but an answer or the documented error, ten seconds of the processor without either, or more than
`MEGABYTES` of memory; what makes it is left in --crashes.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

TARGETS = ("picture", "font", "zip", "manifest")
MEGABYTES = 1500
SECONDS = 10  # of the processor, for an input
FONT_SECONDS = 1  # for a face: enough for any honest one so small, and more inputs in a run
LONGEST = 100_000  # bytes of an input
INSTRUMENTED = ["PIL", "pillow_heif", "fontTools", "zipfile", "json", "fontid", "web.batch"]
FIGURES = {
    "executions": "number_of_executed_units",
    "peak_mb": "peak_rss_mb",
}


def reader_of(target: str, folder: Path) -> Callable[[bytes], None]:
    """What is fuzzed: it raises for a crash alone."""
    from PIL import Image

    from fontid.evaluation.folders import ManifestError, read_manifest
    from fontid.fonts.reading import small_faces
    from fontid.picture.opening import PictureError, open_picture
    from web import batch

    Image.MAX_IMAGE_PIXELS = None  # the limit is our own

    def picture(data: bytes) -> None:
        with contextlib.suppress(PictureError):
            open_picture(data, max_pixels=2**20)

    def font(data: bytes) -> None:
        """As in the process that reads fonts, ended where that is ended."""
        (folder / "font.ttf").write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, FONT_SECONDS)
        try:
            for _ in small_faces(folder / "font.ttf"):
                signal.setitimer(signal.ITIMER_PROF, FONT_SECONDS)
        except Exception:  # `main` of that module makes a sentence of them
            pass
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def zipped(data: bytes) -> None:
        (folder / "x.zip").write_bytes(data)
        try:
            found = batch.pictures_in([folder / "x.zip"])
        except batch.BatchError:
            return
        for _, file, entry in found[:3]:
            with contextlib.suppress(PictureError):
                batch.read_picture(file, entry)

    def manifest(data: bytes) -> None:
        (folder / "manifest.jsonl").write_bytes(data)
        with contextlib.suppress(ManifestError):
            for sample in read_manifest(folder)[:50]:
                with contextlib.suppress(OSError):  # as `evaluate` does: it counts as wrong
                    sample.file.is_file()

    return {"picture": picture, "font": font, "zip": zipped, "manifest": manifest}[target]


def timed(reader: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The same; it says when an input was slower than all before, and raises TimeoutError for one that is too slow."""
    slowest = 0.0

    def read(data: bytes) -> None:
        nonlocal slowest
        started = time.process_time()
        reader(data)
        seconds = time.process_time() - started
        if seconds > slowest:
            slowest = seconds
            print(f"slowest {seconds:.2f}", flush=True)
        if seconds > SECONDS:
            raise TimeoutError(f"{seconds:.1f} seconds")

    return read


def write_seeds(target: str, folder: Path) -> int:
    from tests import hostile

    files = {
        "picture": hostile.pictures, "font": hostile.fonts, "zip": hostile.zips, "manifest": hostile.manifests,
    }[target]()  # fmt: skip
    seeds = [data for _, data in files if len(data) <= LONGEST]
    for number, data in enumerate(seeds):
        (folder / str(number)).write_bytes(data)
    return len(seeds)


def fuzz_here(target: str, options: list[str]) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        reader = reader_of(target, Path(tempfile.mkdtemp()))
    warnings.simplefilter("ignore")

    def too_long(*_) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, too_long)
    if target == "font":  # as the process that reads fonts is limited
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        from fontid.fonts.reading import MEGABYTES as OF_A_READER

        most = pages * resource.getpagesize() + OF_A_READER * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    atheris.Setup([sys.argv[0], *options], timed(reader))
    atheris.Fuzz()


def fuzz(target: str, seconds: int, crashes: Path) -> dict:
    """Fuzz for that long in a process of its own. Returns: what it says of it."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder) / "seeds"
        seeds.mkdir()
        count = write_seeds(target, seeds)
        crashes.mkdir(parents=True, exist_ok=True)
        options = [
            f"-max_total_time={seconds}", "-timeout=100", f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}",
            "-print_final_stats=1", "-verbosity=1", f"-artifact_prefix={crashes}/{target}-", str(seeds),
        ]  # fmt: skip
        started = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-m", "tests.fuzz", "--targets", target, "--inside", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": folder},
        )
        said = run.stdout.decode(errors="replace")
    found = {name: int(value[-1]) for name, key in FIGURES.items() if (value := re.findall(rf"{key}:\s+(\d+)", said))}
    covered, slowest = re.findall(r"cov: (\d+)", said), re.findall(r"^slowest ([\d.]+)$", said, re.MULTILINE)
    made = sorted(crashes.glob(f"{target}-*"))
    if run.returncode:
        print("\n".join(line[:300] for line in said.splitlines()[-60:]), file=sys.stderr)
    return {
        "seeds": count,
        "seconds": round(time.perf_counter() - started),
        **found,
        "slowest_seconds": float(slowest[-1]) if slowest else None,
        "covered_edges": int(covered[-1]) if covered else None,
        "crashes": len([one for one in made if not one.name.startswith(f"{target}-slow-unit")]),
        "status": run.returncode,
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", default=TARGETS, choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=300, help="for each target")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--crashes", type=Path, default=Path(tempfile.gettempdir()) / "fontid-fuzz")
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.inside is not None:
        fuzz_here(arguments.targets[0], arguments.inside)
    from fontid.evaluation.experiment import read_result, write_result

    metrics = {}
    if arguments.results and arguments.results.exists():
        metrics = read_result(arguments.results)["metrics"]
    for target in arguments.targets:
        metrics[target] = fuzz(target, arguments.seconds, arguments.crashes)
        print(target, json.dumps(metrics[target]), flush=True)
        if arguments.results:
            settings = {"seconds": arguments.seconds, "longest_bytes": LONGEST, "limit_mb": MEGABYTES}
            command = f"python -m tests.fuzz --seconds {arguments.seconds} --results results/fuzz.json"
            write_result(arguments.results, settings=settings, command=command, metrics=metrics)
    return int(any(found["crashes"] or found["status"] for found in metrics.values()))


if __name__ == "__main__":
    sys.exit(main())
