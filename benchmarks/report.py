"""Make the pictures and tables of all experiments again from `results/`.

    python -m benchmarks.report [--results results] [--model model] [--out docs/report]

Writes OUT.md with a table a question, and beside it the curves of training, accuracy over images seen and over
families, calibration, accuracy by category and size, and the most confused pairs drawn side by side; and the map of all
families for README and app (web/families.webp).
"""

import argparse
import json
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image, ImageDraw, ImageFont

from benchmarks.families_map import draw_map
from fontid.catalogue.faces import regular_faces
from fontid.evaluation.experiment import read_result, read_results
from fontid.identifier import FontIdentifier
from train.calibrate import draw_diagrams

SAMPLE = "Hamburgefonstiv 123"
QUESTIONS = {
    "Ladder": {
        "ladder-blank": "nothing to see",
        "ladder-plain": "simple convolutional network, cross-entropy",
        "ladder-regularised": "+ weight decay, moved and slanted",
        "ladder-larger": "+ residual encoder",
        "ladder-data": "+ every family",
        "ladder-augmentation": "+ every augmentation",
        "full-205k": "+ margin softmax over faces and families",
        "shipped": "+ a wider and deeper encoder, 78 times as long on a GPU",
        "further": "+ 50 times as long again, on other lines",
    },
    "1. Loss": {
        "small": "margin softmax over faces and families (reference)",
        "loss-cross-entropy": "cross-entropy",
        "loss-cosface": "CosFace",
        "loss-arcface": "ArcFace",
        "loss-subcentre": "sub-centre ArcFace",
        "loss-contrastive": "contrastive pairs",
        "loss-triplet": "triplets, semi-hard",
        "loss-supcon": "supervised contrastive",
    },
    "2. Weight decay": {
        "decay-none": "none",
        "small": "0.02 (reference)",
        "decay-strong": "0.2",
        "decay-strongest": "1.0",
    },
    "3. One convolution or two": {
        "conv-two": "two between downsamples",
        "conv-one-parameters": "one, as many parameters",
        "conv-one-time": "one, as much time",
        "full-205k": "residual, every family",
        "full-conv-one": "one, every family, as much time",
        "full-614k": "residual, every family, three times as long",
        "full-conv-one-long": "one, every family, as much time as that",
    },
    "4. Widths and depth": {
        "small": "32 to 384 channels, twice in the middle (reference)",
        "sweep-winner": "the best of a sweep, its rate and decay too",
    },
    "5. Encoder": {
        "small": "residual (reference)",
        "encoder-plain": "plain, as much time",
        "encoder-convnext": "ConvNeXt blocks, as much time",
    },
    "6. Supervised contrastive": {
        "small": "margin softmax alone (reference)",
        "loss-supcon": "supervised contrastive alone",
        "supcon-then-classifier": "half of it, then margin softmax",
        "supcon-joint": "both at once",
    },
    "8. Renderers, resolution, window, grey": {
        "small": "both renderers, 64 by 256, grey (reference)",
        "renderer-freetype": "FreeType only",
        "renderer-skia": "Skia only",
        "height-48": "48 pixels high",
        "height-32": "32 pixels high",
        "window-128": "128 columns",
        "window-384": "384 columns",
        "binary": "ink or none",
    },
    "9. Augmentation": {
        "small": "every kind (reference)",
        **{
            f"without-{kind}": f"without {kind.replace('-', ' ')}"
            for kind in ("geometry", "low-resolution", "blur", "weight", "neighbour", "clip", "light", "noise", "jpeg")
        },
        "without-polarity": "without polarity",
        "without-all": "none",
        "texture": "with textured grounds",
    },
    "10. Images seen": {
        "full-77k": "0.08M",
        "full-205k": "0.2M",
        "full-614k": "0.6M",
        "shipped": "16.0M, a wider and deeper encoder",
    },
    "10. Families": {
        "families-50": "50",
        "families-200": "200",
        "families-800": "800",
        "full-205k": "all but the held out",
    },
    "Seeds": {"small": "seed 0", "small-seed1": "seed 1", "small-seed2": "seed 2"},
}
COLUMNS = (
    "variant | images | seconds | trained families | other families | real pictures | parameters | file",
    "---|---|---|---|---|---|---|---",
)


def table(rows: dict[str, str], runs: dict[str, dict]) -> str:
    """Markdown; accuracy in per cent with twins credited, top-1 / top-5."""

    def cell(part: dict | None) -> str:
        return f"{100 * part['twins']['top1']:.1f} / {100 * part['twins']['top5']:.1f}" if part else ""

    lines = [f"| {line} |" for line in COLUMNS]
    for stem, label in rows.items():
        if stem not in runs:
            continue
        metrics = runs[stem]["metrics"]
        training, chromium = metrics["training"], metrics["chromium"]
        cells = [label, f"{training['images'] / 1e6:.2f}M", str(training["seconds"])]
        other = chromium["other_families"]
        cells += [cell(chromium["trained_families"]), cell(other if other["n"] else None), cell(metrics.get("real"))]
        cells += [f"{metrics['parameters'] / 1e6:.1f}M", f"results/ladder.jsonl#{stem}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def draw_curves(runs: dict[str, dict], path: Path) -> None:
    """Validation accuracy over images seen, a panel a question."""
    wanted = {name: rows for name, rows in QUESTIONS.items() if name != "Seeds"}
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


def draw_growth(runs: dict[str, dict], path: Path) -> None:
    """Accuracy on Chromium lines over images seen and over families, logarithmic."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, question, count in (
        (axes[0], "10. Images seen", lambda run: run["metrics"]["training"]["images"]),
        (axes[1], "10. Families", lambda run: run["settings"]["families"] or 1645),
    ):
        found = [runs[stem] for stem in QUESTIONS[question] if stem in runs]
        for name in ("trained_families", "other_families"):
            points = [
                (count(run), 100 * run["metrics"]["chromium"][name]["twins"]["top1"])
                for run in found
                if run["metrics"]["chromium"][name]["n"]
            ]
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
            font = ImageFont.truetype(BytesIO(identifier.letterforms.font_data(face.id)), 30)
            left, top, right, bottom = font.getbbox(SAMPLE)
            cell = Image.new("RGB", (int(right - left) + 4, int(bottom - top) + 4), "white")
            ImageDraw.Draw(cell).text((2 - left, 2 - top), SAMPLE, "black", font)
            cell.thumbnail((half - 20, row - 18))
            sheet.paste(cell, (40 + side * half, number * row + 15))
            draw.text((40 + side * half, number * row + 1), face.name, "#666666", small)
    sheet.save(path, quality=60, method=6)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--out", type=Path, default=Path("docs/report"))
    parser.add_argument("--map", type=Path, default=Path("web/families.webp"))
    arguments = parser.parse_args(argv)
    results, out = arguments.results, arguments.out
    if not (results / "details.json").exists() or not (results / "ladder.jsonl").exists():
        raise SystemExit(
            f"{results} holds no experiments: run python -m train.run_experiments and benchmarks.measure_details first."
        )
    runs, details = read_results(results / "ladder.jsonl"), read_result(results / "details.json")["metrics"]
    identifier = FontIdentifier.from_pretrained(arguments.model)
    out.mkdir(parents=True, exist_ok=True)
    draw_curves(runs, out / "curves.webp")
    draw_growth(runs, out / "growth.webp")
    draw_parts(details, out / "parts.webp")
    draw_confused(details, identifier, out / "confused.webp")
    draw_diagrams(read_result(results / "calibration.json")["metrics"], out / "calibration.webp")
    regular = {face.family: face for face in regular_faces(identifier.catalogue.faces)}
    sheet, boxes = draw_map(details["map"], regular, identifier.letterforms)
    sheet.save(arguments.map, quality=20, method=6)
    arguments.map.with_suffix(".json").write_text(json.dumps(boxes, separators=(",", ":")) + "\n")
    parts = [
        "# What the experiments say",
        "Made by `python -m benchmarks.report` from `results/`. Accuracy in per cent, twins credited, top-1 / top-5, "
        "on lines drawn by Chromium and on real pictures, by encoder and prototypes alone (four references a face). "
        "What follows from it stands in [EXPERIMENTS.md](../EXPERIMENTS.md).",
    ]
    for question, rows in QUESTIONS.items():
        parts += [f"## {question}", table(rows, runs)]
    for name, title in (
        ("curves", "While training"),
        ("growth", "Accuracy over images seen and over families"),
        ("parts", "By category and by size"),
        ("confused", "Most confused pairs (how often)"),
        ("calibration", "Calibration"),
    ):
        parts += [f"## {title}", f"![{title}]({out.name}/{name}.webp)"]
    out.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{out.with_suffix('.md')}: {len(runs)} runs")


if __name__ == "__main__":
    main()
