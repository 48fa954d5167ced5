"""Bring the Latin Google Fonts catalogue, every family and face, through npm's `@fontsource` packages.

    python -m data_scripts.fetch_fonts [--families FILE] [--out DIR]    # what families.txt names, exactly
    python -m data_scripts.fetch_fonts --refresh                        # renew families.txt, then fetch
    python -m data_scripts.fetch_fonts --sources google,debian,npm [--out DIR]    # with axes, and beyond Google
    python -m data_scripts.fetch_fonts --from DIR [--out DIR]           # a folder of font files instead

With `--sources`, a family of Google that is variable comes as its variable font (variable.txt), some come with an
earlier version of theirs too (earlier.txt), and families that people use and Google lacks come from npm (npm.txt) and
Debian (debian.txt); those of outside.txt never.

Each family becomes a folder of OUT (default FONTID_DATA/fonts, with --from FONTID_DATA/fonts-local): its latin woff2
files, `metadata.json`, its licence and `source.json` (id, version and source). A family is moved there whole, so the
command can be interrupted and run again: it goes on with what is missing.
"""

import json
import re
import shutil
import subprocess  # nosec B404: commands are lists that this project writes
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont
from tqdm import tqdm

from fontid.commands import command_line, exit_on
from fontid.paths import data_home

FAMILIES = Path(__file__).parent / "families.txt"
VARIABLE = Path(__file__).parent / "variable.txt"
SOURCES = ("google", "debian", "npm")
STATIC_SCOPE, VARIABLE_SCOPE = "@fontsource", "@fontsource-variable"
# Of a variable family's files the one with most axes: all of them, all registered ones, one beside weight, weight.
AXES_IN_FILE = ("full", "standard", "wdth", "opsz", "slnt", "wght")
ACCENTS = ("latin-ext", "vietnamese")
LATIN_FILE = re.compile(r".*-latin-\d+-(normal|italic)\.woff2")
# By itself npm waits over a minute for each package of a dead network, one after another.
PATIENCE = ("--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=1000", "--loglevel=error")
NPM_INSTALL = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", *PATIENCE)
LICENSES = {
    "OFL": "OFL-1.1",
    "openfontlicense": "OFL-1.1",
    "Open Font License": "OFL-1.1",
    "apache": "Apache-2.0",
    "ubuntu": "UFL-1.0",
}


class FetchError(RuntimeError):
    """Fonts or packages cannot be had; the message says what to do."""


@dataclass(frozen=True)
class Metadata:
    """What a family's folder says of it. `license` is an SPDX-like name, `url` its page on Google Fonts."""

    id: str
    name: str
    category: str
    license: str
    copyright: str
    url: str


def read_metadata(folder: Path) -> Metadata:
    """Read `metadata.json` in any of the forms that @fontsource has had; what it leaves open, a font file tells."""
    values = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    license = values.get("license")
    license_name, copyright = "", ""
    if isinstance(license, dict):
        license_name, copyright = license.get("type") or "", license.get("attribution") or ""
    elif license and "/" not in license:  # else the address of a page about attributions
        license_name = license
    if not license_name or not copyright:
        told_license, told_copyright = told_by_font(next(folder.glob("*.woff2")))
        license_name, copyright = license_name or told_license, copyright or told_copyright
    name = values.get("family") or values["fontName"]
    return Metadata(
        id=values.get("id") or values["fontId"],
        name=name,
        category=values.get("category", "sans-serif"),
        license=license_name,
        copyright=copyright,
        url=values["url"] if "url" in values else f"https://fonts.google.com/specimen/{name.replace(' ', '+')}",
    )


def told_by_font(font_file: Path) -> tuple[str, str]:
    """Licence and copyright from a font's name table (entries 13, 14 and 0)."""
    with TTFont(font_file, lazy=True) as font:
        entries = {number: str(font["name"].getDebugName(number) or "") for number in (0, 13, 14)}
    about = f"{entries[13]} {entries[14]}".lower()
    license = next((short for sign, short in LICENSES.items() if sign.lower() in about), "unknown")
    return license, " ".join(entries[0].split())


def read_families(path: Path) -> dict[str, str]:
    """`id version` a line, `#` begins a comment: id -> version. Raises: FetchError where it cannot be read so."""
    try:
        rows = [line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror}.") from error
    for number, row in enumerate(rows, start=1):
        if len(row) not in (0, 2):
            raise FetchError(f"{path}, line {number}: a line holds an id and a version.")
    return {row[0]: row[1] for row in rows if row}


def installed_version(folder: Path) -> str | None:
    try:
        return json.loads((folder / "source.json").read_text())["version"]
    except (OSError, ValueError, KeyError):
        return None


def static_files(package: Path) -> list[Path]:
    """The Latin files of a package of `STATIC_SCOPE`, one a face."""
    return [file for file in (package / "files").glob("*.woff2") if LATIN_FILE.fullmatch(file.name)]


def variable_files(package: Path) -> list[Path]:
    """Of a package of `VARIABLE_SCOPE` the files with most axes, upright and italic, as far as there is one."""
    chosen = []
    for style in ("normal", "italic"):
        names = (
            f"{package.name}-{letters}-{axes}-{style}.woff2"
            for axes in AXES_IN_FILE
            for letters in ("latin", "fallback")  # a few families are not cut into parts
        )
        chosen += [file for name in names if (file := package / "files" / name).exists()][:1]
    return with_accents(chosen)


def static_files_with_accents(package: Path) -> list[Path]:
    return with_accents(static_files(package))


def with_accents(files: list[Path]) -> list[Path]:
    """These files and those that hold the same faces' letters of Latin Extended and of Vietnamese."""
    beside = [file.with_name(file.name.replace("-latin-", f"-{part}-")) for file in files for part in ACCENTS]
    return files + [file for file in beside if file not in files and file.exists()]


def fetch(
    families: dict[str, str],
    out: Path,
    batch: int,
    scope: str = STATIC_SCOPE,
    files_of: Callable[[Path], list[Path]] = static_files,
    source: str = "google",
) -> dict[str, str]:
    """Install families that are not in `out` at their version. Returns: what could not be had, with the reason."""
    missing = [(name, version) for name, version in families.items() if installed_version(out / name) != version]
    problems: dict[str, str] = {}
    with tqdm(total=len(families), initial=len(families) - len(missing), desc="families", unit="family") as progress:
        for part in (missing[start : start + batch] for start in range(0, len(missing), batch)):
            with tempfile.TemporaryDirectory(prefix="fontid-npm-") as folder:
                packages = install_packages(dict(part), Path(folder), scope)
                for name, _ in part:
                    problem = keep_latin(packages / name, out / name, files_of, source)
                    if problem:
                        problems[name] = problem
                    progress.update()
    return problems


def install_packages(versions: dict[str, str], folder: Path, scope: str = STATIC_SCOPE) -> Path:
    """Let npm install packages into `folder`, optional ones so that a missing one spoils nothing.

    Returns: the folder that holds a folder for each package that could be had.
    Raises: FetchError where there is no npm, or where a package is absent for another reason than not existing.
    """
    packages = folder / "node_modules" / scope
    npm_install(folder, "optionalDependencies", versions, scope)
    # npm drops an optional package in silence, be it unknown or the registry out of reach: only a required one tells.
    for name in [name for name in versions if not (packages / name / "package.json").exists()]:
        alone = folder / "alone" / name
        alone.mkdir(parents=True)
        run = npm_install(alone, "dependencies", {name: versions[name]}, scope)
        if run.returncode == 0:
            packages.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(packages / name, ignore_errors=True)
            (alone / "node_modules" / scope / name).rename(packages / name)
        elif not re.search(r"\b(E404|ETARGET)\b", run.stderr):
            code = re.search(r"npm error code (\S+)", run.stderr)
            reason = code[1] if code else run.stderr.strip()[-300:]
            raise FetchError(f"npm could not install {scope}/{name} ({reason}): is the network there? Run it again.")
    return packages


def npm_install(folder: Path, kind: str, versions: dict[str, str], scope: str) -> subprocess.CompletedProcess:
    """Run npm in `folder` on a package.json that asks for `versions` under `kind` (dependencies, or optional ones)."""
    manifest = {"private": True, kind: {f"{scope}/{name}": version for name, version in versions.items()}}
    (folder / "package.json").write_text(json.dumps(manifest))
    return run_npm(NPM_INSTALL, folder)


def run_npm(command: Iterable[str], folder: Path) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(list(command), cwd=folder, capture_output=True, text=True, check=False)  # nosec B603: a list, no shell
    except FileNotFoundError as error:
        raise FetchError("npm is not installed: fonts come as npm packages, install Node.js with npm first.") from error


def keep_latin(
    package: Path, target: Path, files_of: Callable[[Path], list[Path]] = static_files, source: str = "google"
) -> str | None:
    """Move a package's latin faces, metadata and licence to `target`, whole or not at all; else the reason why not."""
    if not (package / "package.json").exists():
        return "npm has no such package or version"
    files = files_of(package)
    if not files:
        return "has no Latin files"
    partial = target.parent / ".part" / target.name  # a level down: a killed run leaves nothing that looks a family
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file in files:
        shutil.copy(file, partial)
    shutil.copy(package / "metadata.json", partial)
    for license in package.glob("LICEN[CS]E*"):
        shutil.copy(license, partial / "LICENSE")
    version = json.loads((package / "package.json").read_text())["version"]
    (partial / "source.json").write_text(json.dumps({"id": target.name, "version": version, "source": source}))
    put(partial, target)
    return None


def put(partial: Path, target: Path) -> None:
    """Let a finished folder take the place of `target`; killed in between, the next run fetches the family again."""
    (target / "source.json").unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def latin_families() -> list[str]:
    """Ids of the families that Google Fonts gives a Latin subset, from npm's `google-font-metadata`."""
    with tempfile.TemporaryDirectory(prefix="fontid-npm-") as folder:
        package = unpack_package("google-font-metadata", Path(folder))
        table = json.loads((package / "data/google-fonts-v1.json").read_text(encoding="utf-8"))
    return sorted(name for name, family in table.items() if "latin" in family["subsets"])


def unpack_package(name: str, folder: Path) -> Path:
    """What a package of npm holds, without those that it depends on, in a folder of `folder`.

    Args: name: with @VERSION, or of the newest one. Raises: FetchError where it cannot be had.
    """
    run = run_npm(("npm", "pack", name, "--silent"), folder)
    archives = list(folder.glob("*.tgz"))
    if run.returncode or not archives:
        raise FetchError(f"npm could not fetch {name}: {run.stderr.strip()[-300:]}")
    shutil.unpack_archive(archives[0], folder, "gztar", filter="data")
    return folder / "package"


def write_families(path: Path, versions: dict[str, str]) -> None:
    head = "# The catalogue: @fontsource id and version. Renewed by python -m data_scripts.fetch_fonts --refresh\n"
    path.write_text(head + "".join(f"{name} {version}\n" for name, version in sorted(versions.items())))


def refresh(path: Path, out: Path, batch: int) -> dict[str, str]:
    """Fetch the newest version of every Latin family and write those that could be had to `path`."""
    names = latin_families()
    problems = fetch(dict.fromkeys(names, "*"), out, batch)
    versions = {name: installed_version(out / name) for name in names if name not in problems}
    write_families(path, {name: version for name, version in versions.items() if version})
    return problems


def report(out: Path, problems: dict[str, str]) -> Iterator[str]:
    folders = [path for path in out.iterdir() if (path / "metadata.json").exists()] if out.exists() else []
    faces = sum(len(list(folder.glob("*.woff2"))) for folder in folders)
    yield f"{out}: {len(folders)} families, {faces} faces."
    for name, reason in sorted(problems.items()):
        yield f"  {name}: {reason}"


def main(argv: list[str] | None = None) -> int:
    parser = command_line(__doc__)
    parser.add_argument("--families", type=Path, default=FAMILIES)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--refresh", action="store_true")
    parser.add_argument("--sources", metavar="LIST", help="of google, debian, npm, with commas between")
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR")
    parser.add_argument("--batch", type=int, default=60, help="packages npm installs at a time")
    arguments = parser.parse_args(argv)
    out = arguments.out or data_home() / ("fonts-local" if arguments.source else "fonts")
    out.mkdir(parents=True, exist_ok=True)
    if arguments.source:
        from data_scripts.import_fonts import import_folder

        problems = import_folder(arguments.source, out)
    else:
        with exit_on(FetchError):
            if arguments.sources:
                from data_scripts.font_sources import fetch_sources

                problems = fetch_sources(arguments.sources.split(","), out, arguments.batch)
            elif arguments.refresh:
                problems = refresh(arguments.families, out, arguments.batch)
            else:
                problems = fetch(read_families(arguments.families), out, arguments.batch)
    print(*report(out, problems), sep="\n")
    failed = bool(problems) and not arguments.refresh and not arguments.source
    if failed:
        print("What could not be had is named above; the command can be run again.")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
