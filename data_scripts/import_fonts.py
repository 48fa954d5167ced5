"""Take a folder of font files into the layout of `data_scripts.fetch_fonts`, by what the files' own tables say."""

import json
import shutil
from pathlib import Path

from fontTools.ttLib import TTFont
from tqdm import tqdm

from fontid.fonts.files import faces_in, family_id, family_name, font_files_in

LICENSE_NAMES = ("OFL.txt", "LICENSE.txt", "LICENSE", "LICENCE", "UFL.txt")


def import_folder(source: Path, out: Path) -> dict[str, str]:
    """Import every font file under `source`. Returns: files that were skipped, with the reason."""
    files = font_files_in(source)
    if not files:
        raise SystemExit(f"No ttf, otf, woff or woff2 files in {source}.")
    problems: dict[str, str] = {}
    taken: dict[Path, Path] = {}
    for file in tqdm(files, "fonts"):
        try:
            for instance, font in faces_in(file):
                family = family_id(family_name(font))
                style = "italic" if instance.italic else "normal"
                target = out / family / f"{family}-latin-{instance.weight}-{style}.woff2"
                if target in taken:
                    problems[str(file)] = f"holds the same face as {taken[target].name}, which was kept"
                else:
                    save_face(font, file, target)
                    taken[target] = file
        except Exception as error:  # fontTools raises nearly anything on broken files
            problems[str(file)] = f"is no font that can be read ({type(error).__name__}: {error})"
    return problems


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
