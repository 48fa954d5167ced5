"""How often families are used: downloads a month of their npm packages, in a table `FAMILY<tab>DOWNLOADS`."""

from collections.abc import Mapping
from pathlib import Path

FLOOR = 300  # downloads a month that every family gets beside those of the table, which leaves rare ones out
OWN = 10_000  # downloads a month that a font of one's own counts as: whoever enrols it expects it


def read_usage(path: Path) -> dict[str, int]:
    """Downloads a month by family id; lines that begin with # and the heading are passed over.

    Raises: OSError; ValueError for a file of another form.
    """
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {family: int(downloads) for family, downloads in rows[1:]}


def write_usage(usage: Mapping[str, int], path: Path) -> None:
    """What `read_usage` reads, the most used first."""
    rows = sorted(usage.items(), key=lambda row: (-row[1], row[0]))
    text = "family\tdownloads_a_month\n" + "".join(f"{family}\t{downloads}\n" for family, downloads in rows)
    path.write_text(text, encoding="utf-8")
