"""Pack what a training needs of FONTID_DATA for a machine that reaches no registry: about 39 MB.

    python -m data_scripts.pack_fonts fonts.tar.xz [--num-proc 2]
    tar -xJf fonts.tar.xz -C FONTID_DATA          # there; then data_scripts.render_dataset and train.train_encoder

The fonts in it hold the Latin letters alone, with kerning and ligatures, without hinting. They are
plain, not WOFF2, whatever their names say: packed together, faces of a family need a quarter less than apart.
"""

import io
import tarfile
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from fontid.catalogue.faces import Face, read_faces
from fontid.commands import command_line
from fontid.fonts.subsetting import plain, scaled, small_font
from fontid.letters.letterforms import PLAIN
from fontid.paths import data_home

FEATURES = ("kern", "liga", "clig", "calt", "rlig", "ccmp")
TABLES = ("faces.jsonl", "twins.jsonl")


def pack_face(fonts: Path, face: Face) -> bytes:
    """The small font, not compressed; the whole file where fontTools cannot take it apart."""
    path = fonts / face.file
    try:
        return plain(scaled(small_font(path, FEATURES, PLAIN)))
    except Exception as error:  # one odd font of thousands must not stop the pack
        print(f"{face.id} is packed whole: {error!r}")
        return path.read_bytes()


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--num-proc", type=int, default=2)
    arguments = parser.parse_args(argv)
    home = data_home()
    if not (home / TABLES[0]).exists():
        raise SystemExit(f"No table of faces in {home}: run python -m data_scripts.make_faces first.")
    faces = read_faces(home / TABLES[0])
    with tarfile.open(arguments.out, "w:xz") as tar, get_context("spawn").Pool(arguments.num_proc) as pool:
        for table in filter(lambda name: (home / name).exists(), TABLES):
            tar.add(home / table, table)
        packed = pool.imap(partial(pack_face, arguments.fonts), faces, chunksize=16)
        for face, data in zip(faces, tqdm(packed, "faces", len(faces)), strict=True):
            entry = tarfile.TarInfo(f"fonts/{face.file}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
