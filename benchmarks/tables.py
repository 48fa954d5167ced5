"""The tables of README.md and docs/ that hold figures, written from results/.

    python -m benchmarks.tables            # writes them anew
    python -m benchmarks.tables --check    # fails, and names the first that differs

A page marks the place of a table with `<!-- table: NAME -->` and `<!-- end -->`. The words of a row stand here, its
figures only in the results file that its last column names.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fontid.commands import command_line
from fontid.evaluation.experiment import read_result, read_results, read_yaml

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/results.md", "deploy/README.md", "docs/usage.md", "docs/scale.md", "docs/report.md")
PLACE = re.compile(r"<!-- table: ([^>]+) -->\n(.*?)<!-- end -->", re.DOTALL)
QUESTIONS = ROOT / "experiments" / "questions.yaml"  # name -> entry of `LADDER` -> what it is called
LADDER = "results/ladder.jsonl"

ANOTHER = "† by an earlier model: not measured again yet."

# What the row says, the file in results/benchmarks, and which part of its pictures: None is all of them.
MAIN = (
    ("five to ten random letters, every family", "chars", None),
    ("– of families never trained on", "chars", "held-out family"),
    ("the word Abrupt, every family", "abrupt", None),
    ("two to five words, colours, JPEG, every family", "words", None),
    ("– of families never trained on", "words", "held-out family"),
    ("three lines at 18-28 px, every family", "para", None),
    ("five lines at 13-17 px, a sample", "body", None),
    ("every weight and slope, a sample", "styles", None),
    ("a width, optical size or style of its own, every family with any", "axes", None),
    ("earlier versions of five families, which draw their letters otherwise today", "earlier", None),
    ("weights of families with optical sizes, at the size that a browser chooses", "sizes", None),
    ("years, prices, dates and other numbers, a sample", "numbers", None),
    ("a line of small text, 8-18 px, a sample", "small", None),
    ("GoogleFontsBench's noisy lines, 31 families", "googlefontsbench", None),
    ("FRB, eight families", "frb", None),
    ("FontBench’s recipe, its families and stand-ins", "fontbench", None),
    ("WhatFontIs-Bench’s recipe, photo-like words, a sample", "photolike", None),
    ("generated photographs, a sample", "photo", None),
    ("effects behind, around and on letters, 48 conditions", "effects", None),
    ("– the same conditions, families as often as people use them", "effects-used", None),
    ("real pictures that nobody here made", "realworld", None),
    ("– web pages, posters, watches, memes, slides, photographs", "pictures", None),
    ("made pictures in 79 conditions", "cases", None),
)
VERDICTS = ("realworld", "pictures", "effects-used", "effects")
PAGES_BY = (
    ("of templates of the project’s own", "pages"),
    ("editors and terminals of 1920 x 1080", "editors"),
    ("other people’s, set anew", "sites"),
)
REAL_KINDS = (
    "dark-bg", "specimen-poster", "colour-bg", "specimen-text", "rendered-sample", "photo-bg", "screenshot-small",
)  # fmt: skip
PARTS = (
    ("FRB easy: sentences", "frb", "easy"),
    ("FRB hard: names of other fonts", "frb", "hard"),
    ("real, whose text is the font’s name", "realworld", "spells its family"),
    ("real, with another text", "realworld", "other text"),
    *((f"real, {kind}", "realworld", kind) for kind in REAL_KINDS),
)
OPEN_SET = (
    ("random letters", "chars"),
    ("words", "words"),
    ("three lines", "para"),
    ("five lines", "body"),
    ("generated photographs", "photo"),
    ("real pictures", "realworld"),
)


def read(file: str) -> dict:
    return read_result(ROOT / file)


def is_of_another(file: str) -> bool:
    """Whether results name a model whose encoder or faces are not those that ship."""
    if "model" not in (record := read(file)):
        return False
    ships = json.loads((ROOT / "model" / "config.json").read_text())["sha256"]
    parts = read_results(ROOT / "results" / "models.jsonl").get(record["model"], {}).get("parts", {})
    return any(parts.get(part) != ships[part] for part in ("encoder.onnx", "faces.jsonl.gz"))


def table(head: str, rows: list[list]) -> str:
    """Markdown. The last cell of a row names its file; a file of another model than ships is marked.

    Args: head: cells with bars between them, but for the last.
    """
    marked = [[*row[:-1], f"{row[-1]} †" if is_of_another(row[-1]) else row[-1]] for row in rows]
    cells = [*head.split("|"), "file"]
    lines = [cells, ["---"] * len(cells), *marked]
    text = "".join("|" + "".join(f" {cell} |" if cell != "---" else "---|" for cell in line) + "\n" for line in lines)
    return text + (f"\n{ANOTHER}\n" if marked != rows else "")


def benchmark(name: str) -> tuple[str, dict]:
    """The file of a benchmark, and what it holds."""
    file = f"results/benchmarks/{name}.json"
    return file, read(file)


def per_cent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"


def with_interval(fraction: float, interval: list[float]) -> str:
    return f"{per_cent(fraction)} ({per_cent(interval[0])}-{per_cent(interval[1])})"


def both(found: dict) -> list[str]:
    """Top-1 and top-5, strict and with twins credited."""
    return [f"{per_cent(found['strict'][top])} / {per_cent(found['twins'][top])}" for top in ("top1", "top5")]


def results(rows: tuple) -> str:
    """Accuracy in per cent. The count in brackets is of the pictures that the figure beside it is about."""
    head = "pictures|n|top-1 strict / twins|top-5 strict / twins|family, weight and slope (of labelled)"
    head += "|slope (of right families)|weight off by"
    lines = []
    for says, name, part in rows:
        file, found = benchmark(name)
        found = found if part is None else found["by"][part]
        styled = ["", "", ""]
        if styles := found.get("styles"):
            variants, slope = per_cent(styles["variants"]), per_cent(styles["slope_right"])
            styled = [f"{variants} ({styles['n']})", f"{slope} ({styles['n_right']})", f"{styles['weight_error']:.1f}"]
        lines.append([says, found["n"], *both(found), *styled, file])
    return table(head, lines)


def whole_pages() -> str:
    """Whole pages: their lines, and the list of families."""
    head = "pages|lines|found|top-1 strict / twins|top-5 strict / twins|families named that are there|families found"
    lines = []
    for says, name in PAGES_BY:
        file, found = benchmark(name)
        families = (per_cent(found["families"][key]) for key in ("precision", "recall", "split", "merged"))
        row = [f"{found['pages']} {says}", found["n"], per_cent(found["found"])]
        lines.append([*row, *both(found), *families, file])
    return table(f"{head}|in several entries|entries of several families", lines)


def conditions() -> str:
    """Every condition of `effects`, then what they say together."""
    file, found = benchmark("effects")
    held_out = found["held_out_conditions"]["conditions"]
    names = {name: f"{name} (never trained on)" if name in held_out else name for name in found["by"]}
    rows = [(says, found["by"][name]) for name, says in names.items() if name != "effects"]
    together = {"all conditions": "all_conditions", f"never trained on: {', '.join(held_out)}": "held_out_conditions"}
    together |= {"words with a stray edge": "edges", "– the same words without": "without_edges"}
    rows += [(says, found[key]) for says, key in together.items()]
    lines = [
        [says, part["n"], *(per_cent(part["twins"][top]) for top in ("top1", "top5")), per_cent(part["refused"]), file]
        for says, part in rows
    ]
    return table("condition|n|top-1, twins credited|top-5|refused", lines)


def refusals() -> str:
    """How often no font is named: wanted of `grounds` alone."""
    names = dict.fromkeys([*(name for _, name, part in MAIN if part is None), "effects", "grounds"])
    found = {name: benchmark(name) for name in names}
    lines = [
        [name, one["n"], per_cent(one["refused"]), file] for name, (file, one) in found.items() if "refused" in one
    ]  # older results do not say
    return table("pictures|n|answered with no text, %", lines)


def classics() -> str:
    """How often the face that a clone stands for is named in the first row."""
    file = "results/once.jsonl#classics"
    lines = []
    for name, part in read(file)["metrics"].items():
        cells = (part["n"], part["named"]) if part else ("", "no clone in the catalogue")
        lines.append(["all of them" if name == "all" else name, *cells, file])
    return table("classic|pictures of its clones|named in the first row", lines)


def open_set() -> str:
    def line(says: str, n: int | str, found: dict, file: str) -> list:
        said = [f"{found['in_catalogue'][key]:.2f}" for key in ("known", "unknown")]
        return [says, n, f"{found['auroc']:.3f}", *said, file]

    lines = []
    for says, name in OPEN_SET:
        file, found = benchmark(f"{name}-without-truth")
        lines.append(line(says, found["n"], found, file))
    file = "results/once.jsonl#unknown"
    found = read(file)["metrics"]
    says, n = "words in fonts of Debian's packages, beside words in the catalogue's", "{n_unknown} + {n_known}"
    lines.append(line(says, n.format(**found), found, file))
    return table("pictures, with their family and without|n|AUROC|said with it|said without", lines)


def verdicts() -> str:
    """What first rows are told, with 95 % intervals by the bootstrap."""
    rows = []
    for name in VERDICTS:
        file, found = benchmark(name)
        told, within = found["calibration"], found["intervals"]
        shares = [(found["strict"][top], f"strict_{top}") for top in ("top1", "top5")]
        said = (("right", "none"), ("right", "certain"), ("wrong", "certain"))
        shares += [(told["verdicts"][kind][word], f"{kind}_{word}") for kind, word in said]
        shares.append((told["expected_error"], "expected_error"))
        rows.append([name, found["n"], *(with_interval(share, within[key]) for share, key in shares), file])
    head = "pictures|n|top-1 strict|top-5 strict|right told none|right told certain|wrong told certain"
    return table(f"{head}|expected calibration error", rows)


def calibration() -> str:
    file = "results/calibration.json"
    found = read(file)["metrics"]
    kinds = ", ".join(f"{part['n']} {name}" for name, part in found["by"].items())
    said = (("the first row being right", "probability"), ("the font being in the catalogue", "in_catalogue"))
    lines = [[says, f"{found['n']} ({kinds})", f"{found[key]['expected_error']:.3f}", file] for says, key in said]
    return table("said of|pictures, of families it was not fitted on|expected calibration error", lines)


def cost() -> str:
    file, lines = "results/cost.json", []
    stages = ("whole", "detector", "recogniser", "letters", "encoder", "drawing", "other")
    for kind, found in read(file)["metrics"]["kinds"].items():
        seconds = [f"{found['cpu_seconds'].get(stage, 0):.2f}" for stage in stages]
        lines.append([kind, found["n"], *seconds, f"{found['rapidocr']:.2f}", f"{found['ratio']:.2f}", file])
    return table("pictures|n|CPU seconds a picture|" + "|".join(stages[1:]) + "|rapidocr|ratio", lines)


def memory() -> str:
    now, first = "results/cost.json", "results/once.jsonl#cost-first-encoder"
    pages = [(kind, found, now) for kind, found in read(now)["metrics"]["pages"].items()]
    of_first = read(first)["metrics"]
    pages += [(f"{kind}, by the first encoder", of_first[kind], first) for kind in ("4 MP jpg", "50 MP jpg")]
    lines = [
        [kind, found["peak_mb"], *(f"{found[key]:.2f}" for key in ("first_seconds", "next_seconds")), file]
        for kind, found, file in pages
    ]
    return table("a page of text|peak memory, MB|first answer, s|next, s", lines)


def search() -> str:
    drawing, found = read("results/cost.json")["metrics"]["drawing"], read("results/once.jsonl#search")["metrics"]
    drawn = [drawing["cold_milliseconds"], drawing["warm_milliseconds"], "results/cost.json"]
    ranked = ["", f"{found['median_milliseconds']:.1f}", "results/once.jsonl#search"]
    rows = [
        [f"drawing a line in {drawing['faces_drawn']} faces to verify", *drawn],
        [f"scoring and ranking {found['faces']} faces", *ranked],
    ]
    return table("|cold, ms|warm, ms", rows)


def catalogue() -> str:
    faces, twins = read("results/once.jsonl#faces")["metrics"], read("results/once.jsonl#twins")["metrics"]
    shared = f"{twins['families_with_twin']} ({per_cent(twins['share_with_twin'])} %)"
    rows = [
        [faces["families"], faces["faces"], faces["left_out"], "", "results/once.jsonl#faces"],
        [twins["families"], "", "", shared, "results/once.jsonl#twins"],
    ]
    return table("families|faces|families left out|families with a twin", rows)


def app() -> str:
    file = "results/app.json"
    record = read(file)
    found, settings = record["metrics"], record["settings"]
    head = "drop to answer in Chromium, seconds|first names, median|answer, median|slowest|first after the start"
    says = f"{len(settings['pictures'])} pictures, {settings['rounds']} times each"
    keys = ("median_seconds_to_names", "median_seconds", "slowest_seconds", "first_seconds")
    axe = " / ".join(str(found["axe"][theme]["serious"]) for theme in ("light", "dark"))
    row = [says, *(f"{found[key]:.2f}" for key in keys), axe, file]
    return table(f"{head}|serious findings of axe-core, light / dark", [row])


def command() -> str:
    file = "results/once.jsonl#command"
    record = read(file)
    found, settings = record["metrics"], record["settings"]
    rates = found["pictures_a_second_by_workers"]
    head = "first answer of the command line, seconds|of the processor|"
    head += "|".join(f"pictures a second, {workers} worker{'s' * (workers != '1')}" for workers in rates)
    row = [f"{found['first_answer_seconds']:.2f}", f"{found['first_answer_cpu_seconds']:.2f}"]
    return table(f"{head}|pictures", [[*row, *rates.values(), settings["pictures"], file]])


def load() -> str:
    file = "results/load.json"
    keys = ("p50_ms", "p95_ms", "p99_ms", "answered", "refused", "late", "lost", "cores", "peak_rss_mb")
    head = "visitors at once|answers a second|median, ms|95 %, ms|99 %, ms|answered|refused|later than 8 s|lost"
    lines = [
        [users, f"{found['throughput']:.2f}", *(found.get(key, "–") for key in keys), file]
        for users, found in read(file)["metrics"]["users"].items()
    ]
    return table(f"{head}|cores busy|peak MB", lines)


def soak() -> str:
    file = "results/once.jsonl#soak"
    record = read(file)
    found, settings = record["metrics"], record["settings"]
    visits = found["visits"]
    head = "visitors and minutes|answered|refused|lost|answers a second|median, ms|peak MB|growth, MB an hour"
    says = f"{settings['users']} for {settings['minutes']:.0f} minutes, beside other work"
    row = [says, *(visits[key] for key in ("answered", "refused", "lost")), f"{visits['throughput']:.2f}"]
    return table(head, [[*row, visits["p50_ms"], found["peak_rss_mb"], f"{found['growth_mb_an_hour']:.1f}", file]])


REAL = "results/once.jsonl#real"
UNITS = {"crop": "crops", "picture": "pictures", "repository": "repositories"}
KINDS = ("prior", "strict", 1), ("prior", "twins", 1), ("prior", "twins", 5), ("no_prior", "twins", 1)


def real() -> str:
    """Labelled real pictures, with intervals; crops of a picture count once, and pictures of a repository."""
    rows = []
    for name, told in read(REAL)["metrics"].items():
        whole = told["whole"]
        for unit, units in UNITS.items() if "prior" in whole else ():
            parts = [(whole[prior][credit][unit], k) for prior, credit, k in KINDS]
            cells = [with_interval(part[f"top{k}"], part[f"interval{k}"]) for part, k in parts]
            rows.append([f"{name}, {units}", parts[0][0]["n"], *cells, REAL])
    return table("pictures|n|top-1 strict|top-1 twins|top-5 twins|top-1 twins, no prior", rows)


def stages() -> str:
    """What each stage brings: answers without it, beside those with everything."""
    rows = []
    for name, told in read(REAL)["metrics"].items():
        for stage, part in told.items():
            of_pages = "cpu_seconds_per_page" in part
            found = part if of_pages else part["prior"]["twins"]["crop"]
            accuracy = part["twins"] if of_pages else found
            seconds = part["cpu_seconds_per_page" if of_pages else "cpu_seconds"]
            change = part.get("beside")
            beside = [f"{change['lost']} / {change['won']}", f"{change['mcnemar_p']:.3f}"] if change else ["", ""]
            shares = [per_cent(accuracy[k]) for k in ("top1", "top5")]
            rows.append([name, stage, found["n"], *shares, *beside, f"{seconds:.2f}", REAL])
    return table("set|with|n|top-1|top-5|lost / won|p|CPU s", rows)


def ladder(rows: dict[str, str]) -> str:
    """The runs of a question that there are; accuracy in per cent with twins credited, top-1 / top-5."""

    def cell(part: dict | None) -> str:
        return " / ".join(per_cent(part["twins"][top]) for top in ("top1", "top5")) if part and part["n"] else ""

    runs, lines = read_results(ROOT / LADDER), []
    for name in filter(runs.__contains__, rows):
        metrics = runs[name]["metrics"]
        training, chromium = metrics["training"], metrics["chromium"]
        parts = (chromium["trained_families"], chromium["other_families"], metrics.get("real"))
        cells = [rows[name], f"{training['images'] / 1e6:.2f}M", training["seconds"], *map(cell, parts)]
        lines.append([*cells, f"{metrics['parameters'] / 1e6:.1f}M", f"{LADDER}#{name}"])
    return table("variant|images|seconds|trained families|other families|real pictures|parameters", lines)


TABLES: dict[str, Callable[[], str]] = {
    "results": partial(results, MAIN),
    "parts": partial(results, PARTS),
    "pages": whole_pages,
    "open-set": open_set,
} | {
    one.__name__: one
    for one in (
        conditions, refusals, classics, verdicts, calibration, cost, memory, search, catalogue, app, command, load,
        soak, real, stages,
    )
}  # fmt: skip


def made(name: str) -> str:
    """The table of this name, or of the question."""
    return TABLES[name]() if name in TABLES else ladder(read_yaml(QUESTIONS)[name])


def written(page: str) -> str:
    """A page's text with its tables made from results/."""
    return PLACE.sub(lambda at: f"<!-- table: {at[1]} -->\n{made(at[1])}<!-- end -->", page)


def first_difference(page: str) -> str | None:
    """The name of the first table of a page's text that is not what results/ give."""
    return next((name for name, text in PLACE.findall(page) if text != made(name)), None)


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a table differs")
    arguments = parser.parse_args()
    for name in PAGES:
        path = ROOT / name
        page = path.read_text(encoding="utf-8")
        if not arguments.check:
            path.write_text(written(page), encoding="utf-8")
        elif differs := first_difference(page):
            raise SystemExit(f"{name}: the table {differs} is not what results/ give: python -m benchmarks.tables")


if __name__ == "__main__":
    main()
