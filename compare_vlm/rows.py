"""All rows of the comparison: what `results/` holds, what others published, and what was not run."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from compare_vlm.settings import Row, open_row
from fontid.evaluation.experiment import entries, entry_name, read_results

MEASURED, SMOKE, NOT_RUN = "measured here", "smoke", "not run"
COUNTS = (20, 200, None)  # families; None: all
SERVING_MB, SERVING_MS = 1024, 1000  # what a 1 GB server has, and how long a visitor waits


@dataclass(frozen=True)
class Entry:
    """A model on one catalogue. metrics: as `compare_vlm.evaluate` wrote them, None where it was not run."""

    label: str
    note: str
    families: int | None
    status: str
    metrics: dict | None
    command: str
    file: str

    def accuracy(self, split: str, name: str = "top1", kind: str = "twins") -> float | None:
        """Fraction 0-1, None where there is none."""
        found = (self.metrics or {}).get("splits", {}).get(split)
        return found[kind][name] if found else None

    @property
    def serves(self) -> bool:
        """Whether a server of 1 GB can answer with it in a second."""
        splits = self.metrics["splits"].values()
        slowest = max(split["ms_per_image"] for split in splits)
        return slowest <= SERVING_MS and self.metrics["peak_rss_mb"] <= SERVING_MB


def read_entries(experiments: Path, results: Path) -> list[Entry]:
    """An entry for every result, and one for every row of `experiments` that has none. Raises: SettingsError."""
    found = []
    measured = read_results(results)
    for path in entries(experiments):
        row: Row = open_row(path)
        label = row.label or entry_name(path)
        names = {count: f"{entry_name(path)}-{count or 'all'}" for count in COUNTS}
        those = [(count, name, measured[name]) for count, name in names.items() if name in measured]
        for count, name, result in those:
            status, file = SMOKE if result.get("smoke") else MEASURED, f"{results}#{name}"
            found.append(Entry(label, row.note, count, status, result["metrics"], result["command"], file))
        if not those:
            command = f"accelerate launch -m compare_vlm.train_lora {path}; python -m compare_vlm.evaluate {path}"
            found.append(Entry(label, row.note, row.families, NOT_RUN, None, command, ""))
    return found


def winner_of(entries: list[Entry], split: str = "chromium") -> Entry | None:
    """The best measured row over all families, not smoke, that a 1 GB server can answer with in a second."""
    measured = [entry for entry in entries if entry.status == MEASURED and entry.families is None]
    able = [entry for entry in measured if entry.accuracy(split) is not None and entry.serves]
    return max(able, key=lambda entry: entry.accuracy(split), default=None)


def read_table(path: Path) -> list[dict]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
