"""Fonts of other scripts than Latin, for telling these apart: what scripts.txt names, through npm's `@fontsource`.

    python -m data_scripts.fetch_scripts [--out DIR]

Each family becomes a folder of OUT (default FONTID_DATA/scripts), as `data_scripts.fetch_fonts` makes them, with its
files of each of `SCRIPTS`, and Latin ones to draw beside.
"""

import re
from pathlib import Path

from data_scripts.fetch_fonts import FetchError, fetch, read_families, report
from fontid.commands import command_line, exit_on
from fontid.paths import data_home

FAMILIES = Path(__file__).parent / "scripts.txt"
SCRIPTS = (
    "cyrillic", "greek", "arabic", "armenian", "bengali", "chinese-simplified", "devanagari", "georgian", "gujarati",
    "hebrew", "japanese", "khmer", "korean", "tamil", "telugu", "thai",
)  # fmt: skip
LATIN = ("latin", "latin-ext", "vietnamese")
FILE = re.compile(rf".*-(?P<part>{'|'.join(LATIN[::-1] + SCRIPTS)})-(?P<face>(400|700)-(normal|italic))\.woff2")


def script_files(package: Path) -> list[Path]:
    """A package's files, regular and bold, upright and italic."""
    return [file for file in sorted((package / "files").glob("*.woff2")) if FILE.fullmatch(file.name)]


def main(argv: list[str] | None = None) -> int:
    parser = command_line(__doc__)
    parser.add_argument("--out", type=Path, default=data_home() / "scripts")
    parser.add_argument("--batch", type=int, default=30, help="packages npm installs at a time")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    with exit_on(FetchError):
        problems = fetch(read_families(FAMILIES), arguments.out, arguments.batch, files_of=script_files)
    print(*report(arguments.out, problems), sep="\n")
    return int(bool(problems))


if __name__ == "__main__":
    raise SystemExit(main())
