"""Take a folder of font files into the layout of `data_scripts.fetch_fonts`, by what the files' own tables say."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from tqdm import tqdm

FONT_SUFFIXES = {".ttf", ".otf", ".woff2"}
LICENSE_NAMES = ("OFL.txt", "LICENSE.txt", "LICENSE", "LICENCE", "UFL.txt")
ITALIC_BIT, OBLIQUE_BIT, MAC_ITALIC_BIT = 0, 9, 1


@dataclass(frozen=True)
class Instance:
    """One face of a font file: where it lies on the file's axes ({} for a static font)."""

    weight: int
    italic: bool
    location: dict[str, float]


def import_folder(source: Path, out: Path) -> dict[str, str]:
    """Import every font file under `source`. Returns: files that were skipped, with the reason."""
    files = sorted(path for path in source.rglob("*") if path.suffix.lower() in FONT_SUFFIXES and path.is_file())
    if not files:
        raise SystemExit(f"No ttf, otf or woff2 files in {source}.")
    problems: dict[str, str] = {}
    taken: dict[Path, Path] = {}
    for file in tqdm(files, "fonts"):
        try:
            for target, font in faces_in(file, out):
                if target in taken:
                    problems[str(file)] = f"holds the same face as {taken[target].name}, which was kept"
                else:
                    save_face(font, file, target)
                    taken[target] = file
        except Exception as error:  # fontTools raises nearly anything on broken files
            problems[str(file)] = f"is no font that can be read ({type(error).__name__}: {error})"
    return problems


def faces_in(file: Path, out: Path) -> Iterator[tuple[Path, TTFont]]:
    """Each face of a font file with the path it gets."""
    with TTFont(file) as font:
        name = family_name(font)
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        if not slug:
            raise ValueError(f"no folder can be named after the family {name!r}")
        instances = list(instances_of(font))
    for instance in instances:
        style = "italic" if instance.italic else "normal"
        with TTFont(file) as font:
            if instance.location:
                font = instancer.instantiateVariableFont(font, instance.location, inplace=True)
            yield out / slug / f"{slug}-latin-{instance.weight}-{style}.woff2", font


def family_name(font: TTFont) -> str:
    """The typographic family name (entry 16), else the family name (entry 1). Raises: ValueError without either."""
    name = font["name"].getDebugName(16) or font["name"].getDebugName(1)
    if not name or not name.strip():
        raise ValueError("the font has no family name")
    return name.strip()


def instances_of(font: TTFont) -> Iterator[Instance]:
    """The faces of a font; of a variable one every hundred of weight, by axis tag, other axes at their default."""
    if "fvar" not in font:
        yield Instance(weight_of(font), is_italic(font), {})
        return
    axes = {axis.axisTag: axis for axis in font["fvar"].axes}
    defaults = {tag: axis.defaultValue for tag, axis in axes.items()}
    weights = [weight_of(font)]
    if "wght" in axes:
        inside = [w for w in range(100, 1001, 100) if axes["wght"].minValue <= w <= axes["wght"].maxValue]
        weights = inside or [round(axes["wght"].defaultValue)]
    slopes = [(is_italic(font), {})]
    for tag in ("ital", "slnt"):
        if tag in axes:
            farthest = max(axes[tag].minValue, axes[tag].maxValue, key=abs)
            upright = min(max(0, axes[tag].minValue), axes[tag].maxValue)  # or the least slanted there is
            slopes = [(value != 0, {tag: value}) for value in sorted({upright, farthest}, key=abs)]
            break
    for weight in weights:
        for italic, slope in slopes:
            location = defaults | slope
            yield Instance(weight, italic, location | ({"wght": weight} if "wght" in axes else {}))


def weight_of(font: TTFont) -> int:
    """usWeightClass as 1-1000; 1-9 are an old way to write 100-900."""
    weight = font["OS/2"].usWeightClass if "OS/2" in font else 400
    if weight == 0:
        return 400
    return weight * 100 if weight < 10 else min(weight, 1000)


def is_italic(font: TTFont) -> bool:
    selection = font["OS/2"].fsSelection if "OS/2" in font else 0
    told = selection >> ITALIC_BIT & 1 or selection >> OBLIQUE_BIT & 1 or font["head"].macStyle >> MAC_ITALIC_BIT & 1
    return bool(told) or ("post" in font and abs(font["post"].italicAngle) > 1)


def save_face(font: TTFont, file: Path, target: Path) -> None:
    """Write one face, and beside it the family's metadata and the licence that lies beside `file`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    font.flavor = "woff2"
    font.save(partial)
    partial.replace(target)
    metadata = {"id": target.parent.name, "family": family_name(font), "category": "local", "url": ""}
    (target.parent / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    found = next((file.with_name(name) for name in LICENSE_NAMES if file.with_name(name).exists()), None)
    if found:
        shutil.copy(found, target.parent / "LICENSE")
