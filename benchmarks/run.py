"""Every benchmark of README with one model: pictures drawn where they are missing, then asked about.

    python -m benchmarks.run DIR [--only chars words ...] [--model model] [--real ../shared]

DIR keeps the pictures. What this very model was asked by this very code is passed over, so a killed run is simply
started again. Two with parts of the list, each bound to a core (`taskset -c 0`), are done sooner than one on two cores.
"""

import json
import statistics
import subprocess  # nosec B404: commands are lists that this project writes
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.effects import EDGES, HELD_OUT_CONDITIONS, NO_EDGE
from fontid.commands import command_line
from fontid.evaluation.experiment import add_result, code_digest, read_results, readable_json
from fontid.identifier import FontIdentifier
from fontid.paths import data_home

SEED = 3
NO_CONDITIONS = ("effects", NO_EDGE, "spells its family", "other text")


@dataclass(frozen=True)
class Benchmark:
    """Pictures of a protocol, or of a folder of labelled ones (`real`), and how they are asked about."""

    protocol: str | None = None
    options: tuple[str, ...] = ()
    drawn_with: tuple[str, ...] = ()  # further options of benchmarks.render
    real: str = ""
    kind: str = ""  # of what is drawn, where a protocol has several

    def folder(self, drawn: Path, real: Path) -> Path:
        return real / self.real if self.protocol is None else drawn / f"{self.protocol}{self.kind}-{SEED}"

    def draw(self, folder: Path) -> bool:
        """Draw the pictures where they are missing; real ones cannot be. Returns whether they are there."""
        if (folder / "manifest.jsonl").exists():
            return True
        words = ("--seed", str(SEED), *self.drawn_with, "--out", str(folder))
        return self.protocol is not None and run("benchmarks.render", self.protocol, *words)


NO_PRIOR = "--no-prior"  # where every family is asked once, none is likelier than another


def limited(count: int, *options: str) -> tuple[str, ...]:
    return ("--limit", str(count), *options)


CATALOGUE = data_home() / "catalogue"  # with the faces that training did not see
WIDER = ("--faces", str(CATALOGUE / "faces.jsonl"), "--fonts", str(CATALOGUE / "fonts"))
BENCHMARKS = {
    **{name: Benchmark(name, (NO_PRIOR,)) for name in ("chars", "abrupt", "words", "para")},
    "body": Benchmark("body", limited(400, NO_PRIOR)),
    "styles": Benchmark("styles", limited(1500, NO_PRIOR)),
    **{name: Benchmark(name, (NO_PRIOR,), WIDER) for name in ("axes", "sizes", "earlier")},
    **{name: Benchmark(name, limited(600, NO_PRIOR)) for name in ("numbers", "small")},
    **{name: Benchmark(name) for name in ("googlefontsbench", "frb")},
    "fontbench": Benchmark("fontbench", (), WIDER),
    **{name: Benchmark(name, limited(600, NO_PRIOR)) for name in ("photolike", "photo")},
    "effects": Benchmark("effects"),
    "effects-used": Benchmark("effects", drawn_with=("--by-usage", "0.5", "--count", "32"), kind="-used"),
    "grounds": Benchmark("grounds"),
    **{name: Benchmark(real=name) for name in ("realworld", "pictures", "cases")},
    "realworld-no-prior": Benchmark(options=(NO_PRIOR,), real="realworld"),
    "pages": Benchmark("pages", limited(60)),
    **{name: Benchmark(name) for name in ("editors", "sites")},
    **{
        f"{name}-without-truth": Benchmark(name, limited(400, "--without-truth"))
        for name in ("chars", "words", "para", "body", "photo")
    },
    "realworld-without-truth": Benchmark(options=("--without-truth",), real="realworld"),
}


def over_conditions(by: dict[str, dict]) -> dict[str, dict]:
    """Means over conditions, each counted the same, of a summary's groups (`fontid.evaluation.folders.summarise`)."""
    drawn = [name for name in by if name not in NO_CONDITIONS]
    sets = {
        "all_conditions": drawn,
        "held_out_conditions": [name for name in drawn if name in HELD_OUT_CONDITIONS],
        "edges": [name for name in drawn if name in EDGES],
        "without_edges": [name for name in by if name == NO_EDGE],
    }
    return {name: mean_of([by[one] for one in ones]) | {"conditions": ones} for name, ones in sets.items() if ones}


def mean_of(parts: list[dict]) -> dict:
    """Counts added; fractions 0-1 averaged."""

    def mean(value_of) -> float:
        return round(statistics.mean(map(value_of, parts)), 4)

    accuracy = {
        kind: {top: mean(lambda part, kind=kind, top=top: part[kind][top]) for top in parts[0][kind]}
        for kind in ("strict", "twins")
    }
    return {"n": sum(part["n"] for part in parts), **accuracy, "refused": mean(lambda part: part["refused"])}


def asked(results: Path, version: str) -> bool:
    """Whether the results are this model's, and answered by this code."""
    found = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    return (found.get("model"), found.get("code")) == (version, code_digest())


def name_model(folder: Path, version: str, table: Path) -> None:
    """A line in the table of models whose results stand beside it: digests of the encoder and of the faces."""
    if (folder / "config.json").exists() and version not in read_results(table):
        digests = json.loads((folder / "config.json").read_text(encoding="utf-8"))["sha256"]
        record = {"parts": {name: digests[name] for name in ("encoder.onnx", "faces.jsonl.gz")}}
        add_result(table, version, {"command": "python -m benchmarks.run DIR"} | record)


def run(module: str, *words: str) -> bool:
    """Run a module of this project in a process of its own, which says what fails. Returns whether it went well."""
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0  # nosec B603: a list, no shell


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/benchmarks")
    parser.add_argument("drawn", type=Path, metavar="DIR")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), metavar="NAME")
    parser.add_argument("--model", default="model")
    parser.add_argument("--real", type=Path, default=Path("../shared"), help="folder of folders of labelled pictures")
    arguments = parser.parse_args(argv)
    version = FontIdentifier.from_pretrained(arguments.model).version
    name_model(Path(arguments.model), version, arguments.results.parent / "models.jsonl")
    failed = []
    for name in arguments.only:
        benchmark, results = BENCHMARKS[name], arguments.results / f"{name}.json"
        if asked(results, version):
            print(f"{name}: has results of this model.", flush=True)
            continue
        folder = benchmark.folder(arguments.drawn, arguments.real)
        results.parent.mkdir(parents=True, exist_ok=True)
        words = (str(folder), *benchmark.options, "--model", arguments.model, "--json", str(results))
        if not (benchmark.draw(folder) and run("fontid", "evaluate", *words)):
            failed.append(name)
        elif benchmark.protocol == "effects":
            summary = json.loads(results.read_text(encoding="utf-8"))
            results.write_text(readable_json(summary | over_conditions(summary["by"])) + "\n", encoding="utf-8")
        print(f"{name}: {'did not run' if name in failed else 'done'}.", flush=True)
    if failed:
        raise SystemExit(f"These did not run to their end: {', '.join(failed)}. Start the same command again.")


if __name__ == "__main__":
    main()
