"""What a machine with a GPU needs that reaches no network, in one folder: `make device-pack DIR=...`.

    python -m release.device_pack DIR [--wheels FOLDER] [--fonts fonts.tar.xz]

DIR gets the code as it is committed or changed here, the packed fonts and the wheels: no letterforms, pictures, docs or
tests. Fonts are packed by `data_scripts.pack_fonts` unless there are some; wheels are those of a folder that
`pip download --no-deps` filled for that machine's Python. There: `tar -xJf fonts.tar.xz -C FONTID_DATA`.
"""

import shutil
import subprocess  # nosec B404: commands are lists that this project writes
import sys
from pathlib import Path

from fontid.commands import command_line

ROOT = Path(__file__).resolve().parents[1]
CODE = ("fontid", "train", "data_scripts", "experiments", "pyproject.toml", "requirements*.txt")
MOST_MB = 60


def lay_out_code(out: Path, root: Path = ROOT) -> None:
    """Copy the tracked files of `CODE`."""
    run = subprocess.run(["git", "ls-files", "-z", *CODE], cwd=root, capture_output=True, text=True, check=False)  # nosec B603 B607
    if run.returncode:
        raise SystemExit(f"{root} is no git checkout, so it is not known what belongs to the code.")
    for name in filter(None, run.stdout.split("\0")):
        if (root / name).exists():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, out / name)


def pack(out: Path, wheels: Path | None, fonts: Path | None) -> float:
    """Fill `out`; returns its size in MB. Raises: SystemExit where that is over `MOST_MB`, or fonts fail."""
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} is not empty: name another folder.")
    out.mkdir(parents=True, exist_ok=True)
    lay_out_code(out)
    if fonts:
        shutil.copy(fonts, out / "fonts.tar.xz")
    else:
        command = [sys.executable, "-m", "data_scripts.pack_fonts", str(out / "fonts.tar.xz")]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:  # nosec B603: a list, no shell
            raise SystemExit("The fonts could not be packed.")
    for wheel in sorted(wheels.glob("*.whl")) if wheels else []:
        (out / "wheels").mkdir(exist_ok=True)
        shutil.copy(wheel, out / "wheels")
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e6
    if size >= MOST_MB:
        raise SystemExit(f"{out} has {size:.1f} MB, {MOST_MB} is the limit: leave wheels out that are there already.")
    return size


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("out", type=Path, metavar="DIR")
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--fonts", type=Path, help="packed already")
    arguments = parser.parse_args(argv)
    print(f"{arguments.out}: {pack(arguments.out.resolve(), arguments.wheels, arguments.fonts):.1f} MB")


if __name__ == "__main__":
    main()
