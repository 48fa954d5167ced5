"""What limits of fontid.text.plain and fontid.text.detector give, from what was recorded of pictures of our own.

    python -m benchmarks.choose_limits DIR [--results results/once.jsonl#limits]

DIR holds plain*.jsonl of benchmarks.measure_plain, end-to-end.jsonl of measure_passed and fewer*.jsonl of measure_fewer.
"""

import json
from difflib import SequenceMatcher
from pathlib import Path

from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.text.plain import _parts

BEFORE = {"SURE": 0.95, "LEAST_HEIGHT": 16, "APART": 0.9, "WIDEST": 2, "SMALL": 0.05, "UNEVEN": 0.02, "SOILED": 0.01}
CHOSEN = BEFORE | {"LEAST_HEIGHT": 12, "UNEVEN": 0.04, "SOILED": 0.02}
OTHERS = [
    {"LEAST_HEIGHT": 8},
    {"LEAST_HEIGHT": 10},
    {"UNEVEN": 0.08},
    {"UNEVEN": 1},
    {"SOILED": 0.04},
    {"SOILED": 1},
    {"SMALL": 0.03},
    {"SMALL": 0.08},
    {"WIDEST": 99},
    {"SURE": 0.8},
    {"APART": 0.8},
]
SIZES = ("20", "24", "28", "34", "42")


def read(folder: Path, names: str) -> list[dict]:
    files = sorted(folder.glob(names))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def is_passed(line: dict, limits: dict) -> bool:
    text = "".join(line["text"].split())
    most_pieces, most_holes = _parts(text)
    pieces = [width for width, side in line["pieces"] if side >= limits["SMALL"]]
    holes = sum(side >= limits["SMALL"] for _, side in line["holes"]) - 1
    return (
        line["confidence"] >= limits["SURE"]
        and line["height"] >= limits["LEAST_HEIGHT"]
        and max(pieces, default=0) <= limits["WIDEST"]
        and limits["APART"] * len(text) <= len(pieces) <= most_pieces
        and holes <= most_holes
        and (line["uneven"] or 0) < limits["UNEVEN"]
        and line["soiled"] < limits["SOILED"]
    )


def plain(lines: list[dict], limits: dict) -> dict:
    """Lines passed; those of them that the network changes, by encoder-only answers."""
    passed = [line for line in lines if is_passed(line, limits)]
    changed = [line for line in passed if "own_right" in line and line["of_text"]]
    return {
        "passed": len(passed),
        "share": round(len(passed) / len(lines), 4),
        "seconds": round(sum(line["seconds"] for line in passed), 1),
        "changed": len(changed),
        "won": sum(line["own_right"] > line["letters_right"] for line in changed),
        "lost": sum(line["own_right"] < line["letters_right"] for line in changed),
    }


def likeness(row: dict, texts: list[str]) -> float:
    drawn, found = ("".join(text.lower().split()) for text in (row["text"], "".join(texts)))
    return SequenceMatcher(None, drawn, found, False).ratio()


def fewer(rows: list[dict], size: str, any_shape: bool) -> dict:
    """Against the detector at full size: seconds of both, texts nearer to what was drawn and farther, right answers."""
    touched = [row for row in rows if size in row and (any_shape or row["size"][0] > row["size"][1])]
    apart = [row for row in touched if not row[size]["same"]]
    gains = [likeness(row, row[size]["read"]) - likeness(row, row["full"]["read"]) for row in apart]
    full = sum(row["full"]["seconds"] for row in rows)
    bends = [row for row in touched if row["condition"] in ("arc-wide", "arc-half", "wave", "badge")]
    return {
        "touched": len(touched),
        "full_seconds": round(full, 1),
        "seconds": round(full - sum(row["full"]["seconds"] - row[size]["seconds"] for row in touched), 1),
        "lines_differ": len(apart),
        "read_better": sum(gain > 0.02 for gain in gains),
        "read_worse": sum(gain < -0.02 for gain in gains),
        "won": sum(row[size]["right"] > row["full"]["right"] for row in apart if "right" in row[size]),
        "lost": sum(row[size]["right"] < row["full"]["right"] for row in apart if "right" in row[size]),
        "bends_lost": sum(row["full"]["bent"] > row[size]["bent"] for row in bends),
    }


def main() -> None:
    parser = command_line(__doc__, "results/once.jsonl#limits")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    measured = [line for line in read(arguments.folder, "plain*.jsonl") if "height" in line]
    named = {"before": BEFORE, "chosen": CHOSEN}
    named |= {f"chosen, {key} {value}": CHOSEN | {key: value} for one in OTHERS for key, value in one.items()}
    answers = read(arguments.folder, "end-to-end.jsonl")
    rows = [row for row in read(arguments.folder, "fewer*.jsonl") if "full" in row]
    columns = [row for row in rows if row["condition"] == "stacked"]
    others = [row for row in rows if not row["set"].startswith("stacked")]
    metrics = {
        "plain": {
            "lines": len(measured),
            "seconds": round(sum(line["seconds"] for line in measured), 1),
            "limits": {name: plain(measured, limits) for name, limits in named.items()},
            "end to end, lines changed": {
                "pictures": len(answers),
                "right_asked": sum(row["asked"] for row in answers),
                "right_passed": sum(row["passed"] for row in answers),
                "lost": sum(row["asked"] > row["passed"] for row in answers),
            },
        },
        "fewer": {
            "pictures": len(others),
            "wider than high": {size: fewer(others, size, False) for size in SIZES},
            "any shape": {size: fewer(others, size, True) for size in SIZES},
            "letters one above another, any shape": {"pictures": len(columns)}
            | {size: fewer(columns, size, True) for size in ("28", "34")},
        },
    }
    write_result(
        arguments.results,
        settings={"seeds": [11, 12], "split": "validation", "before": BEFORE, "chosen": CHOSEN, "ENOUGH": 34},
        command=f"python -m benchmarks.choose_limits {arguments.folder.name}",
        metrics=metrics,
    )


if __name__ == "__main__":
    main()
