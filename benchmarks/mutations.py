"""Do the tests fail for small faults? Mutants by cosmic-ray, drawn by lot, each against the tests beside its module.

    python -m benchmarks.mutations DIR [--count 300] [--seed 20] [--only fontid/text] [--results FILE]

`--only` draws from the modules of these folders; without it, from all of `TESTS`. All operators of cosmic-ray that
need no arguments are drawn from, outside annotations, but for those in `SAME`. DIR gets a clone of what is committed,
where modules are changed, and a line for every mutant tried, so a killed run goes on. A mutant is killed where the
tests fail, or take four times as long as without it. It takes hours of one core.
"""

import ast
import json
import random
import subprocess  # nosec B404: commands are lists that this project writes
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator, operator_names
from tqdm import tqdm

from fontid.commands import command_line
from fontid.evaluation.experiment import write_result

TESTS = {  # modules, and the tests beside them
    "fontid/picture/*.py": ("test_images",),
    "fontid/encoder/preprocessing.py": ("test_preprocess", "test_artifact"),
    "fontid/catalogue/faces.py": ("test_catalogue", "test_artifact"),
    "fontid/catalogue/designs.py": ("test_pages", "test_identifier"),
    "fontid/catalogue/ranking.py": ("test_catalogue", "test_evaluation"),
    "fontid/catalogue/enrolment.py": ("test_enrolment",),
    "fontid/catalogue/own.py": ("test_enrolment",),
    "fontid/catalogue/alternatives.py": ("test_names", "test_catalogue"),
    "fontid/catalogue/names.py": ("test_names", "test_catalogue"),
    "fontid/catalogue/usage.py": ("test_names", "test_catalogue"),
    "fontid/fonts/*.py": ("test_fetch_fonts", "test_enrolment"),
    "fontid/evaluation/*.py": ("test_evaluation", "test_experiment", "test_pages", "test_cli"),
    "train/calibrate.py": ("test_artifact", "test_tune"),
    "train/tune.py": ("test_tune",),
    "fontid/many.py": ("test_many",),
    "web/batch.py": ("test_web",),
    "fontid/text/*.py": ("test_frames", "test_bends", "test_letters", "test_lines", "test_scripts", "test_identifier"),
    "fontid/letters/*.py": ("test_letterforms", "test_spacing", "test_twins", "test_alike", "test_identifier"),
}


SAME = {  # operators: of None, True and short texts, of which Python keeps one each, to be equal is to be the same
    f"core/ReplaceComparisonOperator_{pair}" for pair in ("Eq_Is", "Is_Eq", "NotEq_IsNot", "IsNot_NotEq")
}


@dataclass(frozen=True)
class Mutant:
    """The `occurrence`-th place of a module where an operator can change something, and its line."""

    module: str
    operator: str
    occurrence: int
    line: int


def annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """First and last (line, column) of the annotations, whose change no test can see."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for root in filter(None, (getattr(node, "annotation", None), getattr(node, "returns", None))):
            found.append(((root.lineno, root.col_offset), (root.end_lineno, root.end_col_offset)))
    return found


def mutants_of(root: Path, module: str) -> list[Mutant]:
    tree, passed_over = get_ast_from_path(root / module), annotations((root / module).read_text(encoding="utf-8"))
    found = []
    for name in sorted(set(operator_names()) - SAME):
        operator = get_operator(name)
        if operator.arguments():
            continue
        operator = operator()
        places = (start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node))
        for number, at in enumerate(places):
            if not any(first <= tuple(at) <= last for first, last in passed_over):
                found.append(Mutant(module, name, number, at[0]))
    return found


def draw_lots(root: Path, count: int, seed: int, only: list[str]) -> list[tuple[Mutant, tuple[str, ...]]]:
    """`count` mutants of all modules, each with its tests, ordered by module so that little is compiled anew."""
    every = [
        (mutant, tuple(f"tests/{name}.py" for name in names if (root / "tests" / f"{name}.py").exists()))
        for pattern, names in TESTS.items()
        if not only or str(Path(pattern).parent) in only
        for path in sorted(root.glob(pattern))
        for mutant in mutants_of(root, path.relative_to(root).as_posix())
    ]
    drawn = random.Random(seed).sample(every, min(count, len(every)))  # nosec B311: a lot, no secret
    return sorted(drawn, key=lambda pair: (pair[0].module, pair[0].line))


def passes(root: Path, tests: tuple[str, ...], seconds: float) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        run = subprocess.run(command, cwd=root, capture_output=True, timeout=seconds, check=False)  # nosec B603: a list
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def survives(root: Path, mutant: Mutant, tests: tuple[str, ...], seconds: float) -> bool:
    with use_mutation(root / mutant.module, get_operator(mutant.operator)(), mutant.occurrence):
        return passes(root, tests, seconds)


def summary(rows: list[dict]) -> dict:
    """Fractions killed, over all and by the folder or file of `TESTS`, and the survivors."""
    rooms = Counter(str(Path(row["module"]).parent) for row in rows)
    left = [row for row in rows if row["survived"]]
    alive = Counter(str(Path(row["module"]).parent) for row in left)
    return {
        "n": len(rows),
        "killed": round(1 - len(left) / max(1, len(rows)), 4),
        "by": {room: {"n": n, "killed": round(1 - alive[room] / n, 4)} for room, n in sorted(rooms.items())},
        "survivors": [{key: row[key] for key in ("module", "line", "operator", "occurrence")} for row in left],
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#mutations")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--only", nargs="+", default=[], metavar="FOLDER")
    arguments = parser.parse_args(argv)
    root, log = arguments.folder / "clone", arguments.folder / "tried.jsonl"
    if not root.exists():
        subprocess.run(["git", "clone", "-q", ".", str(root)], check=True)  # nosec B603 B607: a list, no shell
    tried = {row["key"]: row for row in map(json.loads, log.read_text().splitlines())} if log.exists() else {}
    limits: dict[tuple[str, ...], float] = {}
    rows = []
    for mutant, tests in tqdm(draw_lots(root, arguments.count, arguments.seed, arguments.only), "mutants"):
        key = f"{mutant.module} {mutant.operator} {mutant.occurrence}"
        if key not in tried:
            if tests not in limits:
                started = time.monotonic()
                if not passes(root, tests, 3600):
                    raise SystemExit(f"Without any mutant these tests fail: {' '.join(tests)}.")
                limits[tests] = 4 * (time.monotonic() - started) + 30
            tried[key] = {"key": key, **asdict(mutant), "survived": survives(root, mutant, tests, limits[tests])}
            with log.open("a") as lines:
                lines.write(json.dumps(tried[key]) + "\n")
        rows.append(tried[key])
    settings = {"count": arguments.count, "seed": arguments.seed, "only": arguments.only, "tests": TESTS}
    command = f"python -m benchmarks.mutations DIR --count {arguments.count} --seed {arguments.seed}"
    if arguments.only:
        command += f" --only {' '.join(arguments.only)}"
    write_result(arguments.results, settings=settings, command=command, metrics=summary(rows))
    print(json.dumps({key: value for key, value in summary(rows).items() if key != "survivors"}))


if __name__ == "__main__":
    main()
