"""Pack what a training needs of FONTID_DATA for a machine that reaches no registry: about 42 MB.

    python -m data_scripts.pack_fonts fonts.tar.xz [--catalogue FONTID_DATA/catalogue] [--num-proc 2]
    tar -xJf fonts.tar.xz -C FONTID_DATA          # there; then, with PYTHONPATH=FONTID_DATA/words in front,
                                                  # data_scripts.render_dataset and train.train_encoder

The fonts in it hold the letters of Western languages alone, with axes, kerning and ligatures, without hinting. They are
plain, not WOFF2, whatever their names say: packed together, faces of a family need a quarter less than apart. words/
stands in for the package wordfreq, whose wheel is larger than all else.
"""

import io
import json
import lzma
import tarfile
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm
from wordfreq import top_n_list

from data_scripts.texts import LANGUAGES, WORDS_PER_LANGUAGE
from fontid.catalogue.faces import read_faces
from fontid.commands import command_line
from fontid.fonts.subsetting import plain, scaled, small_font
from fontid.letters.letterforms import PLAIN
from fontid.paths import data_home

FEATURES = ("kern", "liga", "clig", "calt", "rlig", "ccmp")
LETTERS = PLAIN + "ÄÖÜÉÈÀÇÑßäöüéèêàâçñíóúåø"
TABLES = ("faces.jsonl", "twins.jsonl")
# a family's files lie far apart in what is packed: xz must remember all of it
XZ = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 192 << 20}]


WORDFREQ = """import json
from pathlib import Path

LISTS = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))


def top_n_list(language, count):
    return LISTS[language][:count]
"""


def pack_font(path: Path) -> bytes:
    """The small font, not compressed; the whole file where fontTools cannot take it apart."""
    try:
        font = small_font(path, FEATURES, LETTERS)
        return plain(font if "fvar" in font else scaled(font))
    except Exception as error:  # one odd font of thousands must not stop the pack
        print(f"{path} is packed whole: {error!r}")
        return path.read_bytes()


def put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--catalogue", type=Path, default=data_home() / "catalogue", help="holds the table of faces")
    parser.add_argument("--fonts", type=Path, help="default: fonts/ of the catalogue")
    parser.add_argument("--num-proc", type=int, default=2)
    arguments = parser.parse_args(argv)
    home, fonts = arguments.catalogue, arguments.fonts or arguments.catalogue / "fonts"
    if not (home / TABLES[0]).exists():
        raise SystemExit(f"No table of faces in {home}: run python -m data_scripts.make_faces first.")
    files = sorted({face.file for face in read_faces(home / TABLES[0])})  # a variable font draws many faces
    pool = get_context("spawn").Pool(arguments.num_proc)
    with lzma.open(arguments.out, "w", filters=XZ) as out, tarfile.open(fileobj=out, mode="w|") as tar, pool:
        for table in filter(lambda name: (home / name).exists(), TABLES):
            tar.add(home / table, table)
        words = {language: top_n_list(language, WORDS_PER_LANGUAGE) for language in sorted(set(LANGUAGES))}
        put(tar, "words/words.json", json.dumps(words, ensure_ascii=False).encode())
        put(tar, "words/wordfreq.py", WORDFREQ.encode())
        packed = pool.imap(pack_font, [fonts / file for file in files], chunksize=16)
        for file, data in zip(files, tqdm(packed, "fonts", len(files)), strict=True):
            put(tar, f"fonts/{file}", data)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
