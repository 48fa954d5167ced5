"""Draw the pictures of docs/report.md again from `results/`; its tables are written by `benchmarks.tables`.

    python -m benchmarks.report [--results results] [--model model] [--out docs/report]

Into OUT go the curves of training, accuracy over images seen and over families, calibration, accuracy by category and
size, and the most confused pairs drawn side by side; and the map of all families for README and app
(web/families.webp).
"""

import json
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image, ImageDraw, ImageFont

from benchmarks.tables import QUESTIONS
from data_scripts.make_examples import draw_line
from fontid.catalogue.faces import regular_faces
from fontid.commands import command_line
from fontid.evaluation.experiment import read_result, read_results, read_yaml
from fontid.identifier import FontIdentifier
from fontid.letters.families_map import draw_map

SAMPLE = "Hamburgefonstiv 123"


def draw_calibration(metrics: dict, path: Path) -> None:
    """How often it is so, over what is said: a dot a bin, of both probabilities."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
    for axis, name in zip(axes, ("probability", "in_catalogue"), strict=True):
        bins = metrics[name]["bins"]
        axis.plot([0, 1], [0, 1], ":", color="gray")
        sizes = [4 + 200 * one["n"] / metrics["n"] for one in bins]
        axis.scatter([one["probability"] for one in bins], [one["right"] for one in bins], sizes)
        axis.set(title=f"{name}, error {100 * metrics[name]['expected_error']:.1f} %", xlabel="said", ylabel="so")
    save(figure, path)


def draw_curves(runs: dict[str, dict], questions: dict[str, dict[str, str]], path: Path) -> None:
    """Validation accuracy over images seen, a panel a question."""
    wanted = {name: rows for name, rows in questions.items() if name != "Seeds"}
    height = (len(wanted) + 1) // 2
    figure = plt.figure(figsize=(12, 4.4 * height), layout="constrained")
    for place, (question, rows) in enumerate(wanted.items(), 1):
        axis = figure.add_subplot(height, 2, place)
        for stem, label in rows.items():
            if stem in runs:
                images, accuracy = zip(*runs[stem]["metrics"]["training"]["curve"], strict=True)
                axis.plot([n / 1e6 for n in images], [100 * a for a in accuracy], "o-", markersize=3, label=label)
        axis.set(title=question, xlabel="million windows", ylabel="validation family top-1, %", xscale="log")
        if axis.lines:
            axis.legend(fontsize=7)
    save(figure, path)


def draw_growth(runs: dict[str, dict], questions: dict[str, dict[str, str]], path: Path) -> None:
    """Accuracy on Chromium lines over images seen and over families, logarithmic."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, question, count in (
        (axes[0], "10. Images seen", lambda run: run["metrics"]["training"]["images"]),
        (axes[1], "10. Families", lambda run: run["settings"]["families"] or 1645),
    ):
        found = [runs[stem] for stem in questions[question] if stem in runs]
        for name in ("trained_families", "other_families"):
            parts = [(count(run), run["metrics"]["chromium"][name]) for run in found]
            points = [(number, 100 * part["twins"]["top1"]) for number, part in parts if part["n"]]
            axis.plot(*zip(*points, strict=True), "o-", label=name.replace("_", " "))
        axis.set(title=question, xscale="log", ylabel="Chromium lines, top-1 with twins, %")
        axis.legend()
    save(figure, path)


def draw_parts(details: dict, path: Path) -> None:
    """Accuracy by category and by size."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, name, title in ((axes[0], "by_category", "category"), (axes[1], "by_size", "font size, pixels")):
        parts = details[name]
        for offset, kind in ((-0.2, "strict"), (0.2, "twins")):
            heights = [100 * part[kind]["top1"] for part in parts.values()]
            axis.bar([index + offset for index in range(len(parts))], heights, 0.4, label=kind)
        axis.set_xticks(range(len(parts)), [f"{key}\n{part['n']}" for key, part in parts.items()], fontsize=8)
        axis.set(title=f"top-1 by {title}", ylabel="%", ylim=(0, 100))
        axis.legend(loc="lower right")
    save(figure, path)


def save(figure: plt.Figure, path: Path) -> None:
    drawn = BytesIO()
    figure.savefig(drawn, dpi=80)
    plt.close(figure)
    Image.open(drawn).convert("RGB").quantize(64).convert("RGB").save(path, lossless=True)  # few colours: half the size


def draw_confused(details: dict, identifier: FontIdentifier, path: Path) -> None:
    """The most confused pairs, the same words in both."""
    regular = {face.family: face for face in regular_faces(identifier.catalogue.faces)}
    pairs = details["confused"]
    row, half = 54, 420
    sheet = Image.new("RGB", (2 * half + 60, row * len(pairs)), "white")
    draw, small = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for number, pair in enumerate(pairs):
        draw.text((6, number * row + 18), str(pair["lines"]), "black", ImageFont.load_default(16))
        for side, family in enumerate(pair["families"]):
            face = regular[family]
            cell = draw_line(identifier.letterforms, SAMPLE, face.id, 30)
            cell.thumbnail((half - 20, row - 18))
            sheet.paste(cell, (40 + side * half, number * row + 15))
            draw.text((40 + side * half, number * row + 1), face.name, "#666666", small)
    sheet.save(path, quality=60, method=6)


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results")
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--out", type=Path, default=Path("docs/report"))
    parser.add_argument("--map", type=Path, default=Path("web/families.webp"))
    arguments = parser.parse_args(argv)
    results, out = arguments.results, arguments.out
    runs, once = read_results(results / "ladder.jsonl"), read_results(results / "once.jsonl")
    if not runs or "details" not in once:
        raise SystemExit(
            f"{results} holds no experiments: run python -m train.run_experiments and benchmarks.measure_details first."
        )
    questions, details = read_yaml(QUESTIONS), once["details"]["metrics"]
    identifier = FontIdentifier.from_pretrained(arguments.model)
    out.mkdir(parents=True, exist_ok=True)
    draw_curves(runs, questions, out / "curves.webp")
    draw_growth(runs, questions, out / "growth.webp")
    draw_parts(details, out / "parts.webp")
    draw_confused(details, identifier, out / "confused.webp")
    draw_calibration(read_result(results / "calibration.json")["metrics"], out / "calibration.webp")
    regular = {face.family: face for face in regular_faces(identifier.catalogue.faces)}
    sheet, boxes = draw_map(details["map"], regular, identifier.letterforms)
    sheet.save(arguments.map, quality=20, method=6)
    arguments.map.with_suffix(".json").write_text(json.dumps(boxes, separators=(",", ":")) + "\n")
    print(f"{out}: {len(runs)} runs")


if __name__ == "__main__":
    main()
