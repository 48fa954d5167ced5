"""The comparison as one report, made again from `results/` alone.

    python -m compare_vlm.report [--results results] [--out docs/comparison]
    python -m compare_vlm.report --smoke --out DIR

Writes OUT/report.md with its pictures, OUT/report.html, which holds them, and RESULTS/once.jsonl#comparison. `--smoke`
first makes models with random weights and drives every entry point with them (`compare_vlm.smoke`), in minutes.
"""

import base64
import json
import re
from io import BytesIO
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from PIL import Image, ImageDraw, ImageFont

from compare_vlm.rows import COUNTS, MEASURED, NOT_RUN, SMOKE, Entry, read_entries, read_table, winner_of
from compare_vlm.smoke import run_smoke
from fontid.catalogue.faces import regular_faces
from fontid.commands import command_line, exit_on
from fontid.evaluation.experiment import SettingsError, write_result
from fontid.identifier import FontIdentifier

HERE = Path(__file__).parent
DISAGREEMENTS = 12
STYLE = """<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
table{border-collapse:collapse;font-size:14px;display:block;overflow-x:auto}
th,td{border-bottom:1px solid #d5d5dc;padding:.3rem .6rem;text-align:left;vertical-align:top}
img{max-width:100%}code{background:#f1f1f4;padding:.1rem .3rem;overflow-wrap:anywhere}
</style>"""


def count_name(families: int | None) -> str:
    return "all" if families is None else str(families)


def percent(*values: float | None) -> str:
    return " / ".join("" if value is None else f"{100 * value:.1f}" for value in values).strip(" /")


def accuracy(found: dict) -> str:
    return percent(found["top1"], found["top5"])


def table(header: list[str], rows: list[list]) -> str:
    """Markdown; empty where there are no rows."""
    lines = [header, ["---"] * len(header), *rows] if rows else []
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def accuracy_table(entries: list[Entry]) -> str:
    header = ["model", "families", "pictures", "top-1 / top-5", "strict", "other name spelled", "names it", "MRR"]
    rows = []
    for entry in entries:
        splits = entry.metrics["splits"] if entry.metrics else {}
        found = [""] * 6
        if splits:
            plain, stroop = next(iter(splits.values())), splits.get("stroop")
            found = [plain["n"], accuracy(plain["twins"]), accuracy(plain["strict"])]
            found += [accuracy(stroop["twins"]), percent(stroop.get("spelled"))] if stroop else ["", ""]
            found += [f"{plain['twins']['mrr']:.3f}"]
        rows.append([entry.label, count_name(entry.families), *found, entry.status, entry.file])
    return table([*header, "", "file"], rows)


def cost_table(entries: list[Entry]) -> str:
    header = ["model", "families", "ms a picture", "peak MB", "MB on disk", "million weights", "images seen", "seconds"]
    rows = []
    for entry in entries:
        found = [""] * 6
        if metrics := entry.metrics:
            slowest = max(split["ms_per_image"] for split in metrics["splits"].values())
            found = [f"{slowest:.0f}", metrics["peak_rss_mb"], metrics["disk_mb"], f"{metrics['parameters'] / 1e6:.1f}"]
            training = metrics.get("training")
            found += [f"{training['images']:,}", f"{training['seconds']:.0f}"] if training else ["", ""]
        rows.append([entry.label, count_name(entry.families), *found, entry.status])
    return table([*header, ""], rows)


def not_run_table(entries: list[Entry]) -> str:
    return table(["model", "why", "command"], [[entry.label, entry.note, f"`{entry.command}`"] for entry in entries])


def exact_table(entries: list[Entry]) -> str:
    rows = []
    for entry in entries:
        found = entry.metrics["exact"]
        agreed = [percent(found["first_five"]), percent(found["first"])]
        rows.append([entry.label, count_name(entry.families), found["n"], *agreed, entry.status])
    return table(["model", "families", "pictures", "first five found", "same first", ""], rows)


def chart(width: float, **about) -> tuple[plt.Figure, plt.Axes]:
    figure, axis = plt.subplots(figsize=(width, 4), layout="constrained")
    axis.set(ylabel="top-1 with twins, %", ylim=(0, 100), **about)
    return figure, axis


def draw_growth(entries: list[Entry], split: str) -> plt.Figure:
    figure, axis = chart(7, xscale="log", xlabel="families in the catalogue")
    points: dict[str, list[tuple[int, float]]] = {}
    for entry in entries:
        if entry.accuracy(split) is not None:
            points.setdefault(entry.label, []).append((entry.metrics["families"], 100 * entry.accuracy(split)))
    for label, of_label in points.items():
        axis.plot(*zip(*sorted(of_label), strict=True), "o-", label=label)
    if points:
        axis.legend(fontsize=7)
    return figure


def draw_bars(names: list[str], heights: dict[str, list[float]], title: str = "", **of_names) -> plt.Figure:
    """Bars side by side at each name. Args: heights: of a label's bars, one a name; of_names: how names are set."""
    figure, axis = chart(8, title=title)
    width = 0.8 / max(1, len(heights))
    for number, (label, of_label) in enumerate(heights.items()):
        axis.bar([index + number * width for index in range(len(names))], of_label, width, label=label)
    axis.set_xticks([index + 0.4 - width / 2 for index in range(len(names))], names, **of_names)
    if heights:
        axis.legend(fontsize=7)
    return figure


def draw_groups(entries: list[Entry], split: str, group: str, title: str) -> plt.Figure:
    """Bars of the largest catalogue that each model was measured on."""
    largest = largest_of(entries, split)
    found = {f"{one.label} ({one.metrics['families']})": one.metrics["splits"][split][group] for one in largest}
    names = list(dict.fromkeys(name for groups in found.values() for name in groups))
    heights = {
        label: [100 * groups[name]["twins"]["top1"] if name in groups else 0 for name in names]
        for label, groups in found.items()
    }
    return draw_bars(names, heights, title)


def draw_stroop(entries: list[Entry], split: str) -> plt.Figure:
    largest = [entry for entry in largest_of(entries, split) if "stroop" in entry.metrics["splits"]]
    names = [f"{entry.label}\n({entry.metrics['families']})" for entry in largest]
    kinds = {"any text": split, "another family's name": "stroop"}
    heights = {label: [100 * entry.accuracy(name) for entry in largest] for label, name in kinds.items()}
    return draw_bars(names, heights, fontsize=7, rotation=20)


def largest_of(entries: list[Entry], split: str) -> list[Entry]:
    """For each model its entry with the most families."""
    able = [entry for entry in entries if entry.accuracy(split) is not None]
    able.sort(key=lambda entry: entry.metrics["families"])
    last = {entry.label: entry for entry in able}
    return [last[label] for label in dict.fromkeys(e.label for e in entries if e.label in last)]


def disagreements(entries: list[Entry], split: str) -> tuple[Entry, Entry, list[tuple[dict, dict]]] | None:
    """Two models on the same catalogue, and pictures of which one was right and one wrong."""
    for count in reversed(COUNTS):
        able = [entry for entry in entries if entry.families == count and entry.accuracy(split) is not None]
        able.sort(key=lambda entry: -entry.accuracy(split))
        for other in able[1:]:
            first = able[0]
            ours, theirs = (entry.metrics["splits"][split]["examples"] for entry in (first, other))
            if [row["text"] for row in ours] != [row["text"] for row in theirs]:
                continue
            pairs = [pair for pair in zip(ours, theirs, strict=True) if pair[0]["right"] != pair[1]["right"]]
            if pairs:
                return first, other, pairs[:DISAGREEMENTS]
    return None


def draw_disagreements(first: Entry, other: Entry, pairs: list[tuple[dict, dict]]) -> Image.Image:
    """The text in its own family and in the two that were answered, from the letterforms that ship."""
    identifier = FontIdentifier.from_pretrained()
    face_of = {face.name: face for face in regular_faces(identifier.catalogue.faces)}
    row, column = 64, 360
    sheet = Image.new("RGB", (3 * column + 10, 24 + row * len(pairs)), "white")
    draw, small = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, title in enumerate(("pictured", first.label, other.label)):
        draw.text((8 + number * column, 4), title, "black", small)
    for line, (ours, theirs) in enumerate(pairs):
        cells = ((ours["family"], True), (ours["answer"], ours["right"]), (theirs["answer"], theirs["right"]))
        for number, (name, right) in enumerate(cells):
            corner = (8 + number * column, 24 + line * row)
            draw.text(corner, name or "no answer", "#1a7f37" if right else "#b3261e", small)
            if name in face_of:
                font = ImageFont.truetype(BytesIO(identifier.letterforms.font_data(face_of[name].id)), 26)
                cell = Image.new("RGB", (column - 24, row - 22), "white")
                ImageDraw.Draw(cell).text((0, 0), ours["text"][:24], "black", font)
                sheet.paste(cell, (corner[0], corner[1] + 17))
    return sheet


def to_picture(figure: plt.Figure) -> Image.Image:
    buffer = BytesIO()
    figure.savefig(buffer, dpi=90)
    plt.close(figure)
    return Image.open(buffer).convert("RGB")


def compose(entries: list[Entry], split: str) -> tuple[str, dict[str, Image.Image]]:
    """The report in Markdown, by `report.md.jinja`, and its pictures by name."""
    measured = [entry for entry in entries if entry.metrics]
    pictures = {
        "growth": to_picture(draw_growth(measured, split)),
        "length": to_picture(draw_groups(measured, split, "by_length", "Letters in the picture")),
        "category": to_picture(draw_groups(measured, split, "by_category", "Category")),
    }
    if any("stroop" in entry.metrics["splits"] for entry in measured):
        pictures["stroop"] = to_picture(draw_stroop(measured, split))
    if found := disagreements(measured, split):
        pictures["disagreements"] = draw_disagreements(*found)
    published = read_table(HERE / "published.yaml")
    tables = {
        "accuracy": accuracy_table(entries),
        "cost": cost_table(entries),
        "exact": exact_table([entry for entry in measured if entry.metrics.get("exact")]),
        "not_run": not_run_table([entry for entry in entries if entry.status == NOT_RUN]),
        "published": table(
            ["model", "benchmark", "accuracy", ""],
            [[row["model"], row["benchmark"], row["value"], f"published: {row['source']}"] for row in published],
        ),
        "plan": table(
            ["run", "GPU memory", "images a second", "images", "hours", ""],
            [[*row.values(), "estimate"] for row in read_table(HERE / "plan.yaml")],
        ),
    }
    page = Environment(loader=FileSystemLoader(HERE), autoescape=False)  # nosec B701: Markdown
    facts = {"winner": winner_of(entries, split), "split": split, "pictures": set(pictures), "percent": percent}
    return page.get_template("report.md.jinja").render(facts, tables=tables) + "\n", pictures


def to_html(markdown: str, pictures: dict[str, Image.Image]) -> str:
    """One page that needs nothing else."""
    body = MarkdownIt("commonmark").enable("table").render(markdown)

    def inline(found: re.Match) -> str:
        return f'src="data:image/webp;base64,{base64.b64encode(webp(pictures[found[1]])).decode()}"'

    body = re.sub(r'src="(\w+)\.webp"', inline, body)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>fontid: comparison</title>{STYLE}</head><body>{body}</body></html>\n'
    )


def webp(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=70, method=6)
    return buffer.getvalue()


def write_report(experiments: Path, results: Path, out: Path) -> dict:
    """Write the report and `results/once.jsonl#comparison`; returns what that says. Raises: SettingsError."""
    entries = read_entries(experiments, results / "vlm.jsonl")
    split = next((s for s in ("chromium", "test") if any(e.accuracy(s) is not None for e in entries)), "chromium")
    markdown, pictures = compose(entries, split)
    out.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (out / f"{name}.webp").write_bytes(webp(picture))
    (out / "report.md").write_text(markdown, encoding="utf-8")
    (out / "report.html").write_text(to_html(markdown, pictures), encoding="utf-8")
    winner = winner_of(entries, split)
    summary = {
        "winner": winner and winner_figures(winner, split),
        "rows": {status: sum(e.status == status for e in entries) for status in (MEASURED, SMOKE, NOT_RUN)},
    }
    settings = {"experiments": str(experiments), "split": split}
    place = results / "once.jsonl#comparison"
    write_result(place, settings=settings, command="python -m compare_vlm.report", metrics=summary)
    return summary


def winner_figures(winner: Entry, split: str) -> dict:
    return {
        "label": winner.label,
        "file": winner.file,
        "encoder_sha256": winner.metrics.get("encoder_sha256"),
        "top1": winner.accuracy(split),
        "top5": winner.accuracy(split, "top5"),
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results")
    parser.add_argument("--experiments", type=Path, default=Path("experiments/vlm.yaml"))
    parser.add_argument("--out", type=Path, default=Path("docs/comparison"))
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args(argv)
    experiments, results = arguments.experiments, arguments.results
    with exit_on(SettingsError):
        if arguments.smoke:
            experiments, results = run_smoke(arguments.out)
        summary = write_report(experiments, results, arguments.out)
    print(f"{arguments.out / 'report.html'}: {json.dumps(summary)}")


if __name__ == "__main__":
    main()
