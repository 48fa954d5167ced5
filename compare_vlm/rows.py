"""All rows of the comparison: what `results/` holds, what others published, and what was not run."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from compare_vlm.settings import Row, open_row
from fontid.evaluation.experiment import SettingsError, read_result

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
    settings: dict

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
    """An entry for every result, and one for every file of `experiments` that has none. Raises: SettingsError."""
    files = sorted(experiments.glob("*.yaml"))
    if not files:
        raise SettingsError(f"{experiments} holds no rows of the comparison.")
    entries = []
    for path in files:
        row: Row = open_row(path)
        found = [entry for count in COUNTS if (entry := _read(path, row, count, results))]
        entries += found or [
            Entry(row.label or path.stem, row.note, row.families, NOT_RUN, None, _command(path), "", {"kind": row.kind})
        ]
    return entries


def _read(path: Path, row: Row, count: int | None, results: Path) -> Entry | None:
    file = results / f"{path.stem}-{count or 'all'}.json"
    if not file.exists():
        return None
    result = read_result(file)
    status = SMOKE if result.get("smoke") else MEASURED
    label = row.label or path.stem
    return Entry(label, row.note, count, status, result["metrics"], result["command"], str(file), result["settings"])


def _command(path: Path) -> str:
    return f"accelerate launch -m compare_vlm.train_lora {path}; python -m compare_vlm.evaluate {path}"


def winner_of(entries: list[Entry], split: str = "chromium") -> Entry | None:
    """The best measured row over all families, not smoke, that a 1 GB server can answer with in a second."""
    able = [
        entry
        for entry in entries
        if entry.status == MEASURED and entry.families is None and entry.accuracy(split) is not None and entry.serves
    ]
    return max(able, key=lambda entry: entry.accuracy(split), default=None)


def read_table(path: Path) -> list[dict]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
