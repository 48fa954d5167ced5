"""Files that mean harm, made from nothing: pictures, fonts and zips, always the same, one a guard.

Whatever is merely damaged is refused alike: tests/test_images.py damages every kind of picture in many places. What
the decoders themselves refuse is theirs to test.

`pictures()`, `fonts()` and `zips()` give name and content, one after the other so that few are in
memory at a time; of each, `big=True` gives those that take megabytes or seconds. `tests/test_abuse.py` feeds them to
every way in.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise

import brotli
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image

from tests.conftest import built_font, draw, encode, square_font

Files = Iterator[tuple[str, bytes]]
ALL = 0xFFFFFFFF
MEGA = 1 << 20


def picture(mode: str = "RGB") -> Image.Image:
    return draw("Signal Window", "pacifico", 32).convert(mode)


# --- pictures


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(header: bytes = b"", pixels: bytes | None = None, chunks: bytes = b"") -> bytes:
    """A PNG of 64 x 64 gray, unless told otherwise; `chunks` stand before its pixels."""
    header = header or struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(65 * 64)) if pixels is None else pixels
    body = png_chunk(b"IHDR", header) + chunks + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def many_tags(count: int, size: int) -> bytes:
    """A little-endian TIFF whose tags all point at the same bytes: each is kept by who reads them all."""
    entries = b"".join(struct.pack("<HHII", 1000 + number, 7, size, 8) for number in range(count))
    data = b"II*\0" + struct.pack("<IH", 8, count) + entries + bytes(4)
    return data + bytes(max(0, 8 + size - len(data)))


def orientation(kind: int, value: bytes) -> bytes:
    """EXIF of one orientation of at most four bytes."""
    return b"II*\0" + struct.pack("<IHHHI", 8, 1, 274, kind, 1) + value.ljust(4, b"\0") + bytes(4)


def jpeg_scans(side: int, scans: int, mode: str = "RGB") -> bytes:
    """A progressive JPEG with that many scans more, each a pass over all its pixels for ten bytes."""
    data = encode(Image.new(mode, (side, side)), "JPEG", progressive=True)
    end, start = data.rindex(b"\xff\xd9"), data.index(b"\xff\xda")
    while data[start + 4] != 1:  # a scan of one colour
        start = data.index(b"\xff\xda", start + 2)
    return data[:end] + data[start : start + 10] * scans + b"\xff\xd9"


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


DOCUMENTS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "svg-entities": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>',
    "svg-laughs": b"<!DOCTYPE x ["
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 9) for n in range(1, 9))
    + b"]><svg>&a8;</svg>",
}


def pictures(big: bool = False) -> Files:
    yield from _big_pictures() if big else _small_pictures()


def _small_pictures() -> Files:
    for name, data in DOCUMENTS.items():
        yield f"{name}.png", data
    yield "header-largest.png", png(struct.pack(">IIBBBBB", *(2**31 - 1,) * 2, 8, 0, 0, 0, 0))
    yield "text-bomb.png", png(chunks=png_chunk(b"zTXt", b"name\0\0" + zlib.compress(bytes(2 * MEGA), 9)))
    yield "exif-orientation-nan.png", png(chunks=png_chunk(b"eXIf", orientation(11, struct.pack("<f", float("nan")))))
    yield "exif-many-tags.png", png(chunks=png_chunk(b"eXIf", many_tags(5000, 64_000)))
    yield "exif-many-tags.jpg", encode(picture(), "JPEG", exif=b"Exif\0\0" + many_tags(5000, 64_000))
    yield "exif-orientation-9.jpg", encode(picture(), "JPEG", exif=b"Exif\0\0" + orientation(3, b"\x09"))
    yield "progressive-scans.jpg", jpeg_scans(512, 3000)
    frames = [Image.new("P", picture().size, number % 2) for number in range(300)]
    yield "many-frames.gif", encode(picture("P"), "GIF", save_all=True, append_images=frames)
    yield "many-tags.tif", many_tags(20_000, 250_000)
    yield "and-zip.png", png() + zip_of([("../../x.png", b"x")])


def _big_pictures() -> Files:
    side = 7200  # 52 megapixels
    yield "allowed.png", encode(Image.new("L", (side, side), 200), "PNG", compress_level=9)
    yield (
        "allowed-deep.png",
        png(struct.pack(">IIBBBBB", side, side, 16, 6, 0, 0, 1), zlib.compress(bytes(side * (side * 8 + 15)), 9)),
    )
    yield "allowed.tif", encode(Image.new("CMYK", (side, side)), "TIFF", compression="tiff_adobe_deflate")
    yield "allowed.gif", encode(Image.new("P", (side, side)), "GIF")
    for kind, suffix in (("WEBP", "webp"), ("AVIF", "avif")):
        for name, width in (("allowed", side // 2), ("forbidden", side)):
            yield f"{name}.{suffix}", encode(Image.new("RGBA", (width, side)), kind, quality=20)
    yield "allowed.jpg", encode(Image.new("CMYK", (side, side)), "JPEG")
    yield "allowed-float.tif", encode(Image.new("F", (side, side), 0.5), "TIFF", compression="tiff_adobe_deflate")
    yield "progressive.jpg", jpeg_scans(side, 0)
    yield "progressive-inks.jpg", jpeg_scans(side, 0, "CMYK")
    yield "progressive-scans.jpg", jpeg_scans(side, 100_000)
    yield "empty-chunks.png", png(chunks=png_chunk(b"prVt", b"") * 4_000_000)
    yield "tags.tif", many_tags(60_000, 40 * MEGA)
    yield "strips.tif", strips(30_000_000)


def strips(count: int) -> bytes:
    """A TIFF of one column, its strips as many, each said to lie at the same byte."""
    tags = ((256, 3, 1, 1), (257, 4, 1, 50_000_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 1, count, 8),
            (278, 3, 1, 1), (279, 1, count, 8))  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + bytes(count)


# --- fonts


def tables_of(font: bytes) -> dict[bytes, bytes]:
    count = struct.unpack(">H", font[4:6])[0]
    rows = [struct.unpack(">4sIII", font[12 + 16 * row : 28 + 16 * row]) for row in range(count)]
    return {tag: font[start : start + length] for tag, _, start, length in rows}


def sfnt(tables: dict[bytes, bytes]) -> bytes:
    place = 12 + 16 * len(tables)
    directory, body = b"", b""
    for tag, data in tables.items():
        directory += struct.pack(">4sIII", tag, 0, place + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    return b"\0\1\0\0" + struct.pack(">HHHH", len(tables), 128, 3, 0) + directory + body


def saved(font: TTFont) -> bytes:
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def true_font(change=None, name: str = "Hostile") -> bytes:
    """A font with all the Latin letters, squares for the most part; `change(font)` before it is saved."""
    font = square_font("".join(map(chr, range(32, 127))), name, (50, 0, 450, 700), 500).font
    if change:
        change(font)
    return saved(font)


def composites(uses: dict[str, list[str]]):
    """A change: each glyph is made of others, moved a little."""

    def change(font: TTFont) -> None:
        font.recalcBBoxes = False
        for glyph, parts in uses.items():
            pen = TTGlyphPen(dict.fromkeys(font.getGlyphOrder()))
            for number, part in enumerate(parts):
                pen.addComponent(part, (1, 0, 0, 1, number, 0))
            font["glyf"][glyph] = pen.glyph()
            font["glyf"][glyph].xMin = font["glyf"][glyph].yMin = 0
            font["glyf"][glyph].xMax = font["glyf"][glyph].yMax = 700

    return change


def with_scale(across: float, up: float, advance: int = 500):
    def change(font: TTFont) -> None:
        for glyph in font.getGlyphOrder():
            outline = font["glyf"][glyph]
            outline.coordinates.scale((across, up))
            outline.coordinates.toInt()
            outline.recalcBounds(font["glyf"])
            font["hmtx"][glyph] = advance, 0
        font.recalcBBoxes = False

    return change


def postscript_font() -> bytes:
    """An OpenType font whose every letter is a square."""
    square = T2CharString(program=[50, 0, "rmoveto", 700, "vlineto", 400, "hlineto", -700, "vlineto", "endchar"])
    letters = {code: f"u{code}" for code in range(32, 127)}
    return saved(built_font(dict.fromkeys([".notdef", *letters.values()], square), letters, "Hostile").font)


def woff2_bomb() -> bytes:
    """A WOFF2 of one table of 4 GB of zeros."""
    packer = brotli.Compressor(quality=1, lgwin=24)
    packed = b"".join(packer.process(bytes(MEGA)) for _ in range(4096)) + packer.finish()
    table = b"\x3f" + b"zzzz" + b"\x8f\xff\xff\xff\x7f"  # its name, its length in digits of seven bits
    sizes = 48 + len(table) + len(packed), 1, 0, ALL, len(packed), 1, 0
    head = struct.pack(">4s4sIHHIIHHIIIII", b"wOF2", b"\0\1\0\0", *sizes, *(0,) * 5)
    return head + table + packed


def fonts(big: bool = False) -> Files:
    yield from _big_fonts() if big else _small_fonts()


def _small_fonts() -> Files:
    good = true_font()
    yield "good.ttf", good
    yield "good.otf", postscript_font()
    tables = tables_of(good)
    for tag, data in tables.items():
        name = tag.decode().strip().replace("/", "")
        yield f"{name}-missing.ttf", sfnt({key: value for key, value in tables.items() if key != tag})
        yield f"{name}-ones.ttf", sfnt(tables | {tag: b"\xff" * len(data)})
    glyph = "u120"  # x
    yield "composite-of-itself.ttf", true_font(composites({glyph: [glyph]}))
    levels = [glyph, *(f"u{code}" for code in range(48, 58))]
    yield "composites-doubling.ttf", true_font(composites({one: [next_one] * 20 for one, next_one in pairwise(levels)}))
    yield "letters-huge.ttf", true_font(with_scale(45, 45, 65_535))
    yield "letters-flat.ttf", true_font(with_scale(1, 0))
    for number, name in enumerate(("../../../etc/cron.d/x", "<script>alert(1)</script>", "a\0b", "x" * 9_000, "CON")):
        yield f"name-{number}.ttf", true_font(name=name)
    many = struct.pack(">HHH", 0, 65_535, 6) + struct.pack(">HHHHHH", 3, 1, 1033, 1, 65_535, 0) * 65_535
    yield "names-many.ttf", sfnt(tables | {b"name": many})


def _big_fonts() -> Files:
    yield "bomb.woff2", woff2_bomb()
    yield "not-a-font.ttf", b"\0\1\0\0" + b"\0\x0c" * (10 * MEGA)


# --- zips


def zip_of(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return file.getvalue()


def lying(data: bytes, **fields: int) -> bytes:
    """A zip of one entry whose headers say something else: `method`, `packed`, `size` or `flags`."""
    central = data.rindex(b"PK\1\2")
    places = {"flags": (6, 8, "<H"), "method": (8, 10, "<H"), "packed": (18, 20, "<I"), "size": (22, 24, "<I")}
    for name, value in fields.items():
        local, entry, kind = places[name]
        data = patched(patched(data, local, struct.pack(kind, value)), central + entry, struct.pack(kind, value))
    return data


def zips(big: bool = False) -> Files:
    yield from _big_zips() if big else _small_zips()


def _small_zips() -> Files:
    good = encode(picture(), "PNG")
    long = "x" * 60_000 + ".png"
    names = ["../../up.png", "/etc/cron.d/x.png", "..\\..\\up.png", "a/../../b.png", "=cmd|x.png", long]
    yield "names.zip", zip_of([(name, good) for name in names])
    one = zip_of([("a.png", bytes(2 * MEGA))])
    yield "size-too-small.zip", lying(one, size=10)
    yield "packed-too-large.zip", lying(one, packed=ALL - 1)
    yield "encrypted.zip", lying(one, flags=1)
    yield "method-unknown.zip", lying(one, method=65_535)
    yield "bzip2-lying.zip", lying(zip_of([("a.png", bytes(80 * MEGA))], zipfile.ZIP_BZIP2), size=1000)
    yield "sixty-four.zip", b"PK\6\6" + b"\xff" * 52 + b"PK\6\7" + bytes(16) + b"PK\5\6" + b"\xff" * 16 + bytes(2)


def many_entries(count: int) -> bytes:
    """Entries that are all the same bytes of the file."""
    one = zip_of([("a.png", bytes(10))])
    central, end = one.rindex(b"PK\1\2"), one.rindex(b"PK\5\6")
    sizes = count & 0xFFFF, count & 0xFFFF, count * (end - central), central
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, *sizes, 0)
    return one[:central] + one[central:end] * count + tail


def _big_zips() -> Files:
    yield "entries.zip", many_entries(1_100_000)
    yield "bzip2-lying.zip", lying(zip_of([("a.png", bytes(500 * MEGA))], zipfile.ZIP_BZIP2), size=1000)
    yield "bomb.zip", zip_of([(f"{number}.png", bytes(300 * MEGA)) for number in range(2)])
