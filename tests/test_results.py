"""Tables of README and docs/ are what results/ give; figures of EXPERIMENTS.md come from the file beside them."""

import re

import pytest

from benchmarks import tables
from fontid.evaluation.experiment import read_result, read_results
from tests.conftest import ROOT

FILE = re.compile(r"results/[\w./-]+\.jsonl?(?:#[\w/-]+)?")
FIGURE = re.compile(r"(?<![\w./-])(\d+\.\d+|\d{2,})(?![\w./-]|\.\d)")


def leaves(value) -> set[float]:
    if isinstance(value, dict):
        named = {float(number) for key in value for number in re.findall(r"\d+\.?\d*", key)}  # such as "4 MP png"
        return named.union(*map(leaves, value.values()))
    if isinstance(value, list):
        return set().union(*map(leaves, value)) if value else set()
    return {float(value)} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def rows_with_figures(name: str) -> list[tuple[str, str]]:
    """(line, results file) of every table row that holds decimals."""
    rows = []
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and re.search(r"\d\.\d", line):
            found = FILE.search(line)
            assert found, f"{name}: this row names no file in results/: {line}"
            rows.append((line, found.group()))
    return rows


@pytest.mark.parametrize("name", ["EXPERIMENTS.md", "model/README.md"])
def test_figures_agree_with_results(name):
    if name == "model/README.md":
        card = (ROOT / name).read_text(encoding="utf-8")
        rows = [
            (line, FILE.search(card).group()) for line in card.splitlines() if re.match(r"\| \w+ \| .*\d\.\d", line)
        ]
    else:
        rows = rows_with_figures(name)
    assert rows
    for line, file in rows:
        known = leaves(read_result(ROOT / file))
        shown = {f"{value * factor:.{digits}f}" for value in known for factor in (1, 100) for digits in (0, 1, 2, 3)}
        for figure in FIGURE.findall(FILE.sub("", line)):
            assert figure in shown, f"{name}: {figure} is not in {file}: {line}"


@pytest.mark.parametrize("name", tables.PAGES)
def test_tables_are_what_results_give(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    assert tables.PLACE.search(page)
    assert tables.first_difference(page) is None
    assert tables.written(page) == page
    by_hand = [line for line in tables.PLACE.sub("", page).splitlines() if re.match(r"\|.*\d\.\d", line)]
    assert not by_hand, f"{name}: a table with figures stands outside the marked places"


def test_a_changed_row_is_named():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| real pictures"))
    false = page.replace(row, re.sub(r"\d+\.\d", "100.0", row))  # 100.0 occurs in the named file, so it once passed
    assert false != page
    assert tables.first_difference(false) == "results"


def test_every_result_says_how_it_was_made_or_is_an_evaluation():
    results = {path: read_result(path) for path in (ROOT / "results").rglob("*.json")}
    for path in (ROOT / "results").rglob("*.jsonl"):
        results |= {f"{path}#{name}": record for name, record in read_results(path).items()}
    for path, record in results.items():
        evaluations = ({"n", "strict", "twins", "by"}, {"n", "auroc", "in_catalogue", "by"})
        assert "command" in record or any(keys <= set(record) for keys in evaluations), path
