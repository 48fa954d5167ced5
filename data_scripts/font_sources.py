"""Where fonts come from beside `data_scripts.fetch_fonts`' families: variable fonts, Debian's packages, more of npm's.

Debian's and npm's lists say for each package its version, its licence and who uses it. A family that Google has, that
an earlier package brought, or that stays outside (outside.txt) is passed over.

Google draws some families otherwise than years ago. Pictures show the earlier letters, too, which look like another
family's: those versions come from npm's first packages of Google's fonts, regular and bold (earlier.txt).
"""

import json
import re
import shutil
import subprocess  # nosec B404: commands are lists that this project writes
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont
from tqdm import tqdm

from data_scripts.fetch_fonts import (
    FAMILIES,
    SOURCES,
    VARIABLE,
    VARIABLE_SCOPE,
    FetchError,
    fetch,
    installed_version,
    put,
    read_families,
    static_files_with_accents,
    unpack_package,
    variable_files,
)
from data_scripts.import_fonts import import_folder

LISTS = ("debian.txt", "npm.txt", "earlier.txt", "outside.txt")
DEBIAN, NPM, EARLIER, OUTSIDE = (Path(__file__).parent / name for name in LISTS)
EARLIER_FILE = re.compile(r".+-latin-(400|700)(italic)?\.woff2")
NAMED = {"sans|gothic|grotesk": "sans-serif", "serif|roman|libertine|schola|termes": "serif"}  # where PANOSE is silent


@dataclass(frozen=True)
class Package:
    """A line of a list of packages. `license` is an SPDX-like name; `used_by` says why it is there."""

    name: str
    version: str
    license: str
    used_by: str


def read_packages(path: Path) -> list[Package]:
    """`package version licence who uses it` a line, `#` begins a comment. Raises: FetchError for another line."""
    packages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line and not line.startswith("#"):
            parts = line.split(maxsplit=3)
            if len(parts) < 4:
                raise FetchError(
                    f"{path}, line {number}: a line holds a package, its version, its licence and who uses it."
                )
            packages.append(Package(*parts))
    return packages


def outside() -> set[str]:
    """Ids of the families that stay unknown."""
    return {line.split()[0] for line in OUTSIDE.read_text().splitlines() if not line.startswith("#")}


def fetch_sources(sources: Iterable[str], out: Path, batch: int) -> dict[str, str]:
    """Fetch what the lists of these sources name. Returns: what could not be had, with the reason."""
    unknown = set(sources) - set(SOURCES)
    if unknown:
        raise FetchError(f"There is no source {sorted(unknown)[0]!r}: choose of {', '.join(SOURCES)}.")
    problems: dict[str, str] = {}
    if "google" in sources:
        variable = read_families(VARIABLE)
        static = {name: version for name, version in read_families(FAMILIES).items() if name not in variable}
        problems |= fetch(variable, out, batch, VARIABLE_SCOPE, variable_files)
        problems |= fetch(static, out, batch, files_of=static_files_with_accents)
        for package in read_packages(EARLIER):
            problems |= fetch_earlier(package, out)
    if "npm" in sources:
        versions = {package.name: package.version for package in read_packages(NPM)}
        problems |= fetch(versions, out, batch, files_of=static_files_with_accents, source="npm")
    if "debian" in sources:
        for package in tqdm(read_packages(DEBIAN), "debian", unit="package"):
            problems |= fetch_debian(package, out)
    return problems


def fetch_earlier(package: Package, out: Path) -> dict[str, str]:
    """Keep an earlier version of a family in a folder beside its own. Returns: its name and why it failed, if so."""
    family = package.name.removeprefix("typeface-")
    target = out / f"{family}.earlier"
    if installed_version(target) == package.version:
        return {}
    if installed_version(out / family) is None:
        return {package.name: f"{family} itself is not there"}
    partial = out / ".part" / target.name
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="fontid-npm-") as folder:
        try:
            files = unpack_package(f"{package.name}@{package.version}", Path(folder)) / "files"
        except FetchError as error:
            return {package.name: str(error)}
        styles = list(filter(None, map(EARLIER_FILE.fullmatch, sorted(file.name for file in files.glob("*")))))
        if not styles:
            return {package.name: "has no Latin files"}
        for style in styles:
            with TTFont(files / style[0], lazy=True) as font:
                version = f"{font['head'].fontRevision:.3f}"
            # what ttf files are called by: no other file has this name
            name = f"{family}-v{version}-latin-{style[1]}-{style[2] or 'normal'}.woff2"
            shutil.copy(files / style[0], partial / name)
    for name in ("metadata.json", "LICENSE"):
        shutil.copy(out / family / name, partial)
    source = {"id": family, "version": package.version, "source": "google", "earlier": version}
    (partial / "source.json").write_text(json.dumps(source))
    put(partial, target)
    return {}


def fetch_debian(package: Package, out: Path) -> dict[str, str]:
    """Unpack a package's Latin families into `out`, whole or not at all. Returns: its name and why it failed, if so."""
    done = out / ".debian" / package.name  # families that were passed over leave no folder to look for
    if done.exists() and done.read_text() == package.version:
        return {}
    with tempfile.TemporaryDirectory(prefix="fontid-debian-") as folder:
        root = Path(folder) / "root"
        try:
            run("apt-get", "download", f"{package.name}={package.version}", cwd=folder)
            archive = str(next(Path(folder).glob("*.deb")))
            run("dpkg", "-x", archive, str(root), cwd=folder)
            homepage = run("dpkg", "-f", archive, "Homepage", cwd=folder).strip()
        except subprocess.CalledProcessError as error:
            return {package.name: (error.stderr.strip().splitlines() or ["cannot be had"])[-1]}
        imported = out / ".part" / "debian"
        shutil.rmtree(imported, ignore_errors=True)
        import_folder(root, imported)
        for family in wanted(imported, out, package):
            shutil.copy(root / "usr/share/doc" / package.name / "copyright", family / "LICENSE")
            metadata = json.loads((family / "metadata.json").read_text(encoding="utf-8"))
            metadata |= {"license": {"type": package.license}, "url": homepage, "category": category_of(family)}
            (family / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
            source = {"id": family.name, "version": package.version, "source": "debian", "package": package.name}
            (family / "source.json").write_text(json.dumps(source))
            put(family, out / family.name)
        shutil.rmtree(imported, ignore_errors=True)
    done.parent.mkdir(exist_ok=True)
    done.write_text(package.version)
    return {}


def wanted(imported: Path, out: Path, package: Package) -> Iterator[Path]:
    """The folders of the package's families that nothing else has and that do not stay outside."""
    known = outside() | set(read_families(FAMILIES))
    for family in sorted(imported.iterdir()):
        target = out / family.name
        own = target.exists() and json.loads((target / "source.json").read_text()).get("package") == package.name
        if family.name not in known and (own or installed_version(target) is None):
            yield family


def category_of(family: Path) -> str:
    """As Google Fonts names them, by what the font says of itself, or else by its name."""
    with TTFont(next(family.glob("*.woff2")), lazy=True) as font:
        panose, fixed = font["OS/2"].panose, font["post"].isFixedPitch
    if fixed or re.search("mono|typewriter|ocr", family.name):
        return "monospace"
    if panose.bFamilyType == 2 and panose.bSerifStyle > 1:
        return "sans-serif" if panose.bSerifStyle > 10 else "serif"
    if panose.bFamilyType == 3:
        return "handwriting"
    return next((kind for sign, kind in NAMED.items() if re.search(sign, family.name)), "display")


def run(*command: str, cwd: str) -> str:
    """What it prints. Raises: subprocess.CalledProcessError."""
    made = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)  # nosec B603: a list, no shell
    return made.stdout
