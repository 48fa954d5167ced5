"""Everything that follows from the artifact's networks and the table of faces, made anew: `make refit`.

    python -m benchmarks.refit DIR [--list]

DIR keeps the pictures of benchmarks and calibration, and `DIR/refit/`, a stamp for every step: the digest of what went
into it. A step whose stamp still fits is passed over, so a refit that was killed goes on where it stopped.
"""

import hashlib
import subprocess  # nosec B404: commands are lists that this project writes
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fontid.commands import command_line
from fontid.paths import data_home

MODEL = Path("model")
ENCODER = MODEL / "encoder.onnx"
ENCODER_AND_FACES = tuple(
    MODEL / name for name in ("encoder.onnx", "faces.jsonl.gz", "prototypes.npy", "prototype_faces.npy", "twins.npy")
)
VALIDATION = {  # what calibration is fitted on: a first seed, other than the benchmarks', and how many pictures
    **dict.fromkeys(("words", "para", "chars", "photo", "body"), (77, "--families", "120")),
    "effects": (11, "--count", "10"),
}
USAGE = {"uniform": (), "used": ("--by-usage", "0.5")}  # half of them evenly, half as people meet fonts


@dataclass(frozen=True)
class Step:
    """A command of this project and the files or folders that decide what it makes."""

    name: str
    inputs: tuple[Path, ...]
    command: tuple[str, ...]

    def digest(self) -> str:
        """Of the command and all bytes of the inputs. Raises: SystemExit with a sentence where one is missing."""
        found = hashlib.sha256(repr(self.command).encode())
        for path in self.inputs:
            if not path.exists():
                raise SystemExit(f"{self.name} needs {path}, which is not there.")
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    found.update(hashlib.sha256(file.read_bytes()).digest())
        return found.hexdigest()


def drawing_steps(name: str, faces: Path, validation: Path) -> Iterator[Step]:
    """The pictures of a protocol that validate, each kind in a folder of its own."""
    seed, *size = VALIDATION[name]
    for number, (how, usage) in enumerate(USAGE.items()):
        options = ("--split", "validation", "--seed", str(seed + number), *size, *usage)
        out = str(validation / f"{name}-{how}")
        yield Step(f"draw-{name}-{how}", (faces,), ("benchmarks.render", name, *options, "--out", out))


def steps_of(drawn: Path) -> list[Step]:
    """In the order in which they follow from each other."""
    catalogue, faces, validation = data_home() / "catalogue", data_home() / "faces.jsonl", drawn / "validation"
    searched, fonts, letterforms = catalogue / "faces.jsonl", catalogue / "fonts", catalogue / "letterforms"
    in_catalogue = ("--fonts", str(fonts), "--out")
    return [
        Step("twins", (searched,), ("data_scripts.find_twins", *in_catalogue, str(catalogue))),
        Step(
            "letterforms",
            (searched,),
            ("data_scripts.make_letterforms", "--faces", str(searched), *in_catalogue, str(letterforms)),
        ),
        Step("faces", (ENCODER, catalogue / "twins.jsonl", letterforms), ("release.widen",)),
        *(step for name in VALIDATION for step in drawing_steps(name, faces, validation)),
        Step("calibration", (*ENCODER_AND_FACES, validation), ("train.calibrate", str(validation))),
        Step("benchmarks", (MODEL / "config.json",), ("benchmarks.run", str(drawn))),
        Step("details", ENCODER_AND_FACES, ("benchmarks.measure_details",)),
        Step("baseline", (MODEL / "config.json",), ("benchmarks.compare", str(drawn))),
        *(
            Step(f"comparison-{row}", ENCODER_AND_FACES, ("compare_vlm.evaluate", f"experiments/vlm.yaml#{row}"))
            for row in ("app", "encoder")
        ),
        Step("comparison", (Path("results/vlm.jsonl"),), ("compare_vlm.report",)),
        Step("report", (Path("results"),), ("benchmarks.report",)),
        Step("tables", (Path("results"),), ("benchmarks.tables",)),
    ]


def run_module(command: tuple[str, ...]) -> bool:
    return subprocess.run([sys.executable, "-m", *command], check=False).returncode == 0  # nosec B603: a list, no shell


def refit(steps: list[Step], stamps: Path, run: Callable[[tuple[str, ...]], bool] = run_module) -> list[str]:
    """Run the steps that are not stamped with what their inputs are now; returns their names.

    Raises: SystemExit where a step fails; those before it are stamped.
    """
    stamps.mkdir(parents=True, exist_ok=True)
    done = []
    for step in steps:
        stamp, digest = stamps / step.name, step.digest()
        if stamp.exists() and stamp.read_text() == digest:
            print(f"{step.name}: as before.", flush=True)
            continue
        print(f"{step.name}: python -m {' '.join(step.command)}", flush=True)
        if not run(step.command):
            raise SystemExit(f"{step.name} did not run to its end. Start the same command again: it goes on there.")
        stamp.write_text(digest)
        done.append(step.name)
    return done


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("drawn", type=Path, metavar="DIR")
    parser.add_argument("--list", action="store_true", help="print the commands, and run none")
    arguments = parser.parse_args(argv)
    steps = steps_of(arguments.drawn)
    if arguments.list:
        print("\n".join(f"{step.name}: python -m {' '.join(step.command)}" for step in steps))
    else:
        refit(steps, arguments.drawn / "refit")


if __name__ == "__main__":
    main()
