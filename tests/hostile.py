"""Files that mean harm, made from nothing: pictures, fonts and zips, always the same, one or two a guard.

Whatever is merely damaged is refused alike: tests/test_images.py damages every kind of picture in many places.

`pictures()`, `fonts()` and `zips()` give name and content, one after the other so that few are in
memory at a time; of each, `big=True` gives those that take megabytes or seconds. `tests/test_abuse.py` feeds them to
every way in.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

import brotli
import numpy as np
import pillow_heif
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image

from tests.conftest import draw, encode, square_font

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


def tiff(tags: list[tuple[int, int, int, int]], rest: bytes = b"", count: int | None = None, first: int = 8) -> bytes:
    """A little-endian TIFF of tags (tag, type, count, value or offset); `rest` begins at byte 8 + 6 + 12 a tag."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", first, len(tags) if count is None else count) + entries + bytes(4) + rest


def plain_tiff(**changed: tuple[int, int, int]) -> bytes:
    """8 x 8 gray pixels; `changed` are (type, count, value) by name."""
    tags = {
        "width": (256, 3, 1, 8),
        "height": (257, 3, 1, 8),
        "bits": (258, 3, 1, 8),
        "compression": (259, 3, 1, 1),
        "photometric": (262, 3, 1, 1),
        "offsets": (273, 4, 1, 8),
        "samples": (277, 3, 1, 1),
        "rows": (278, 3, 1, 8),
        "counts": (279, 4, 1, 64),
        "planar": (284, 3, 1, 1),
        "format": (339, 3, 1, 1),
    }
    return tiff([(tags[name][0], *changed.get(name, tags[name][1:])) for name in tags], bytes(64))


def many_tags(count: int, size: int) -> bytes:
    """Tags that all point at the same bytes: each is kept by who reads them all."""
    tags = [(1000 + number, 7, size, 8) for number in range(count)]
    data = tiff(tags)
    return data + bytes(max(0, 8 + size - len(data)))


def jpeg_with(segments: bytes) -> bytes:
    """A JPEG with more segments in front, and without the one that tells its density."""
    data = encode(picture(), "JPEG")
    after = 4 + struct.unpack(">H", data[4:6])[0]
    return data[:2] + segments + data[after:]


def exif_segments(exif: bytes) -> bytes:
    parts = [exif[start : start + 65_000] for start in range(0, len(exif), 65_000)]
    bodies = [b"Exif\0\0" + part for part in parts]
    return b"".join(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in bodies)


def exif(tag: int, kind: int, value: bytes) -> bytes:
    """EXIF of one tag with a value of at most four bytes, little-endian."""
    return b"II*\0" + struct.pack("<IHHHI", 8, 1, tag, kind, 1) + value.ljust(4, b"\0") + bytes(4)


def jpeg_scans(side: int, scans: int, mode: str = "RGB") -> bytes:
    """A progressive JPEG with that many scans more, each a pass over all its pixels for ten bytes."""
    data = encode(Image.new(mode, (side, side)), "JPEG", progressive=True)
    end, start = data.rindex(b"\xff\xd9"), data.index(b"\xff\xda")
    while data[start + 4] != 1:  # a scan of one colour
        start = data.index(b"\xff\xda", start + 2)
    return data[:end] + data[start : start + 10] * scans + b"\xff\xd9"


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def gif_with(extension: bytes) -> bytes:
    data = encode(picture("P"), "GIF")
    start = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    return data[:start] + extension + data[start:]


def animation(kind: str, frames: int) -> bytes:
    first = picture("P")
    others = [Image.new("P", first.size, number % 2) for number in range(frames)]
    return encode(first, kind, save_all=True, append_images=others)


DOCUMENTS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "svg-entities": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>',
    "svg-laughs": b"<!DOCTYPE x ["
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 9) for n in range(1, 9))
    + b"]><svg>&a8;</svg>",
    "pdf": b"%PDF-1.7\n1 0 obj <</OpenAction <</S /JavaScript /JS (app.alert(1))>>>> endobj\n%%EOF",
    "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 300_000, 300_000, 8, 3),
    "gzip-bomb": zlib.compress(bytes(4 * MEGA), 9, wbits=31),
}


def pictures(big: bool = False) -> Files:
    yield from _big_pictures() if big else _small_pictures()


def _small_pictures() -> Files:
    pillow_heif.register_heif_opener()
    for name, data in DOCUMENTS.items():
        yield f"{name}.png", data
    yield from _png()
    yield from _jpeg()
    yield from _other_formats()
    yield from _tiff()
    zipped = zip_of([("../../x.png", b"x")])
    yield "and-zip.png", png() + zipped
    yield "and-html.png", png(chunks=png_chunk(b"tEXt", b"Comment\0<script>alert(1)</script>"))


def _png() -> Files:
    yield "header-largest.png", png(struct.pack(">IIBBBBB", *(2**31 - 1,) * 2, 8, 0, 0, 0, 0))
    yield "header-interlaced.png", png(struct.pack(">IIBBBBB", 7000, 7000, 16, 6, 0, 0, 1))
    bomb = zlib.compress(bytes(2 * MEGA), 9)
    yield "pixels-too-many.png", png(pixels=zlib.compress(bytes(8 * MEGA), 9))
    for name in (b"zTXt", b"iCCP"):
        yield f"{name.decode()}-bomb.png", png(chunks=png_chunk(name, b"name\0\0" + bomb))
    yield "many-texts.png", png(chunks=png_chunk(b"zTXt", b"name\0\0" + zlib.compress(bytes(1_000_000), 9)) * 100)
    yield "exif-orientation-nan.png", png(chunks=png_chunk(b"eXIf", exif(274, 11, struct.pack("<f", float("nan")))))
    yield "exif-many.png", png(chunks=png_chunk(b"eXIf", many_tags(5000, 64_000)))
    control = png_chunk(b"acTL", struct.pack(">II", ALL, 0))
    control += png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 64, 64, 0, 0, 0, 0, 0, 0))
    yield "frames.apng", png(chunks=control)


def _jpeg() -> Files:
    data = encode(picture(), "JPEG")
    yield "size-largest.jpg", patched(data, data.index(b"\xff\xc0") + 5, b"\xff" * 4)
    yield "progressive-scans.jpg", jpeg_scans(512, 3000)
    yield "exif-many-tags.jpg", jpeg_with(exif_segments(many_tags(5000, 64_000)))
    yield "exif-many-long-tags.jpg", jpeg_with(exif_segments(many_tags(20_000, 250_000)))
    yield "exif-loop.jpg", jpeg_with(exif_segments(exif(34665, 4, struct.pack("<I", 8))))
    yield "exif-orientation-9.jpg", jpeg_with(exif_segments(exif(274, 3, b"\x09")))
    by_zero = tiff([(282, 5, 1, 38), (296, 3, 1, 2)], struct.pack("<II", 1, 0))
    yield "exif-resolution-by-zero.jpg", jpeg_with(exif_segments(by_zero))
    yield "mpo-index.jpg", jpeg_with(b"\xff\xe2\0\x5aMPF\0" + many_tags(6, 60)[:84])


def _other_formats() -> Files:
    yield "comment.gif", gif_with(b"!\xfe" + (b"\xff" + b"x" * 255) * 2000 + b"\0")
    for kind, suffix, frames in (("GIF", "gif", 300), ("PNG", "apng", 300), ("WEBP", "webp", 60)):
        yield f"many-frames.{suffix}", animation(kind, frames)
    webp = encode(picture("RGBA"), "WEBP", exif=exif(274, 3, b"\6"))
    yield "canvas-largest.webp", patched(webp, webp.index(b"VP8X") + 12, b"\xff" * 6)
    for kind, suffix in (("AVIF", "avif"), ("HEIF", "heic")):
        data = encode(picture(), kind)
        yield f"size-largest.{suffix}", patched(data, data.index(b"ispe") + 8, b"\xff" * 8)
        yield f"items-many.{suffix}", patched(data, data.index(b"iinf") + 8, b"\xff\xff")
        yield f"box-of-all.{suffix}", patched(data, data.index(b"meta") - 4, b"\xff" * 4)
    yield "upside-down-largest.bmp", patched(encode(picture(), "BMP"), 18, struct.pack("<ii", 2**31 - 1, -(2**31)))


def _tiff() -> Files:
    yield "plain.tif", plain_tiff()
    for name, changed in {
        "largest": {"width": (4, 1, ALL), "height": (4, 1, ALL)},
        "many-samples": {"samples": (3, 1, 65_535)},
        "many-offsets": {"offsets": (1, 150, 8)},
        "many-widths": {"width": (3, ALL, 8)},
    }.items():
        yield f"{name}.tif", plain_tiff(**changed)
    yield "many-tags.tif", many_tags(20_000, 250_000)
    yield "directory-of-itself.tif", tiff([(330, 13, 1, 8)])
    mixed = np.asarray(picture("L"), np.float32)
    mixed[::3, ::3], mixed[1::3, ::3] = np.nan, np.inf
    yield "values-mixed.tif", encode(Image.fromarray(mixed), "TIFF")


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
    yield "comment.gif", gif_with(b"!\xfe" + (b"\xff" + b"x" * 255) * 200_000 + b"\0")
    yield "empty-chunks.png", png(chunks=png_chunk(b"prVt", b"") * 4_000_000)
    yield "exif.png", png(chunks=png_chunk(b"eXIf", many_tags(60_000, 30 * MEGA)))
    yield "exif-of-segments.jpg", jpeg_with(exif_segments(many_tags(60_000, 3_000_000)) + b"\xff\xfe\0\2" * 100_000)
    yield "tags.tif", many_tags(60_000, 40 * MEGA)
    strips = tiff(
        [
            (256, 3, 1, 1),
            (257, 4, 1, 50_000_000),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 1, 30_000_000, 8),
            (278, 3, 1, 1),
            (279, 1, 30_000_000, 8),
        ]
    )
    yield "strips.tif", strips + bytes(30_000_000)


# --- fonts


def tables_of(font: bytes) -> dict[bytes, bytes]:
    count = struct.unpack(">H", font[4:6])[0]
    rows = [struct.unpack(">4sIII", font[12 + 16 * row : 28 + 16 * row]) for row in range(count)]
    return {tag: font[start : start + length] for tag, _, start, length in rows}


def sfnt(tables: dict[bytes, bytes], rows: dict[bytes, tuple[int, int]] | None = None) -> bytes:
    """A font file; `rows` are offsets and lengths that its directory should claim instead of the true ones."""
    place = 12 + 16 * len(tables)
    directory, body = b"", b""
    for tag, data in tables.items():
        offset, length = (rows or {}).get(tag, (place + len(body), len(data)))
        directory += struct.pack(">4sIII", tag, 0, offset, length)
        body += data + bytes(-len(data) % 4)
    return b"\0\1\0\0" + struct.pack(">HHHH", len(tables), 128, 3, 0) + directory + body


def true_font(change=None, name: str = "Hostile") -> bytes:
    """A font with all the Latin letters, squares for the most part; `change(font)` before it is saved."""
    font = square_font("".join(map(chr, range(32, 127))), name, (50, 0, 450, 700), 500).font
    if change:
        change(font)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


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


def postscript_font(program: list, subroutines: list[list] = ()) -> bytes:
    """An OpenType font whose every letter is drawn by one charstring."""
    letters = {code: f"u{code}" for code in range(32, 127)}
    glyphs = [".notdef", *letters.values()]
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap(letters)
    builder.setupCFF("Hostile", {}, {glyph: T2CharString(program=list(program)) for glyph in glyphs}, {})
    builder.setupHorizontalMetrics({glyph: (500, 50) for glyph in glyphs})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Hostile", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.font.recalcBBoxes = False  # would draw the letters
    font = builder.font["CFF "].cff
    for body in subroutines:
        font.GlobalSubrs.append(T2CharString(program=list(body)))
    file = io.BytesIO()
    builder.font.save(file)
    return file.getvalue()


SQUARE = [50, 0, "rmoveto", 700, "vlineto", 400, "hlineto", -700, "vlineto", "endchar"]


def woff(tables: dict[bytes, tuple[bytes, int]]) -> bytes:
    """Args: tables: packed data and claimed length of it, unpacked, by tag."""
    place, directory, body = 44 + 20 * len(tables), b"", b""
    for tag, (data, length) in tables.items():
        directory += struct.pack(">4sIIII", tag, place + len(body), len(data), length, 0)
        body += data + bytes(-len(data) % 4)
    sizes = place + len(body), len(tables), 0, ALL
    head = struct.pack(">4s4sIHHIHHIIIII", b"wOFF", b"\0\1\0\0", *sizes, 1, 0, *(0,) * 5)
    return head + directory + body


def woff2(packed: bytes, lengths: list[int], claimed: int) -> bytes:
    """A WOFF2 whose tables, by their directory, are that long; `packed` is its Brotli stream."""

    def varied(value: int) -> bytes:
        digits = [value & 127]
        while value := value >> 7:
            digits.append(value & 127 | 128)
        return bytes(reversed(digits))

    directory = b"".join(b"\x3f" + b"zz%02d" % number + varied(length) for number, length in enumerate(lengths))
    head = struct.pack(
        ">4s4sIHHIIHHIIIII",
        b"wOF2",
        b"\0\1\0\0",
        48 + len(directory) + len(packed),
        len(lengths),
        0,
        claimed,
        len(packed),
        1,
        0,
        *(0,) * 5,
    )
    return head + directory + packed


def fonts(big: bool = False) -> Files:
    yield from _big_fonts() if big else _small_fonts()


def _small_fonts() -> Files:
    good = true_font()
    yield "good.ttf", good
    tables = tables_of(good)
    for tag, data in tables.items():
        name = tag.decode().strip().replace("/", "")
        yield f"{name}-missing.ttf", sfnt({key: value for key, value in tables.items() if key != tag})
        yield f"{name}-half.ttf", sfnt(tables | {tag: data[: len(data) // 2]})
        yield f"{name}-ones.ttf", sfnt(tables | {tag: b"\xff" * len(data)})
        yield f"{name}-length.ttf", sfnt(tables, rows={tag: (28, ALL)})
    yield "glyphs-claimed.ttf", sfnt(tables | {b"maxp": patched(tables[b"maxp"], 4, b"\xff\xff")})
    glyph = "u120"  # x
    yield "composite-of-itself.ttf", true_font(composites({glyph: [glyph]}))
    levels = [f"u{code}" for code in range(48, 58)]
    yield (
        "composites-doubling.ttf",
        true_font(composites({below: [above] * 20 for below, above in zip([glyph, *levels], levels, strict=False)})),
    )
    yield "letters-huge.ttf", true_font(with_scale(45, 45, 65_535))
    yield "letters-flat.ttf", true_font(with_scale(1, 0))
    for number, name in enumerate(("../../../etc/cron.d/x", "<script>alert(1)</script>", "a\0b", "x" * 9_000, "CON")):
        yield f"name-{number}.ttf", true_font(name=name)
    groups = struct.pack(">HHIIII", 12, 0, 28, 0, 1, 0) + struct.pack(">II", ALL, 1)
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + groups
    yield "cmap-of-everything.ttf", sfnt(tables | {b"cmap": cmap})
    many = struct.pack(">HHH", 0, 65_535, 6) + struct.pack(">HHHHHH", 3, 1, 1033, 1, 65_535, 0) * 65_535
    yield "names-many.ttf", sfnt(tables | {b"name": many})
    axes = struct.pack(">HHHHHHHH", 1, 0, 16, 2, 65_535, 20, 65_535, 8)
    axis = struct.pack(">4siiiHH", b"wght", -(2**31), 0, 2**31 - 1, 0, 256)
    yield "axes-many.ttf", sfnt(tables | {b"fvar": axes + axis * 3000})
    yield "good.otf", postscript_font(SQUARE)
    yield "subroutine-of-itself.otf", postscript_font([-107, "callgsubr", *SQUARE], [[-107, "callgsubr", "return"]])
    nested = [[level - 106, "callgsubr"] * 30 + ["return"] for level in range(8)] + [[1, 1, "rlineto", "return"]]
    yield "subroutines-doubling.otf", postscript_font([50, 0, "rmoveto", -107, "callgsubr", "endchar"], nested)
    packed = zlib.compress(bytes(2 * MEGA), 9)
    yield "bomb.woff", woff({tag: (packed, 2 * MEGA) for tag in tables})
    yield "bomb.woff2", woff2(brotli.compress(bytes(4 * MEGA)), [4 * MEGA], 4 * MEGA)
    yield "claimed.woff2", woff2(brotli.compress(bytes(100)), [2**31 - 1, 2**31 - 1], ALL)


def _big_fonts() -> Files:
    yield "bomb.woff2", woff2(_brotli_zeros(4096), [4096 * MEGA - 1], ALL)
    packed = zlib.compress(bytes(512 * MEGA), 9)
    yield "bomb.woff", woff({tag: (packed, 512 * MEGA) for tag in (b"head", b"glyf", b"cmap")})
    levels = [f"u{code}" for code in range(48, 58)]
    yield (
        "composites-thousandfold.ttf",
        true_font(composites({below: [above] * 1000 for below, above in zip(["u120", *levels], levels, strict=False)})),
    )
    nested = [[level - 106, "callgsubr"] * 1000 + ["return"] for level in range(8)] + [[1, 1, "rlineto", "return"]]
    yield "subroutines-thousandfold.otf", postscript_font([50, 0, "rmoveto", -107, "callgsubr", "endchar"], nested)
    yield "not-a-font.ttf", b"\0\1\0\0" + b"\0\x0c" * (10 * MEGA)


def _brotli_zeros(megabytes: int) -> bytes:
    packer = brotli.Compressor(quality=1, lgwin=24)
    return b"".join(packer.process(bytes(MEGA)) for _ in range(megabytes)) + packer.finish()


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
    names = [
        "../../up.png",
        "/etc/cron.d/x.png",
        "..\\..\\up.png",
        "a/../../b.png",
        "=cmd|x.png",
        "x" * 60_000 + ".png",
    ]
    yield "names.zip", zip_of([(name, good) for name in names])
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    yield "symlink.zip", file.getvalue()
    yield "zip-as-picture.zip", zip_of([("a.png", zip_of([("a.png", good)]))])
    yield "bomb.zip", zip_of([("a.png", bytes(20 * MEGA))])
    yield "many.zip", zip_of([(f"{number}.png", b"") for number in range(3000)], zipfile.ZIP_STORED)
    one = zip_of([("a.png", bytes(2 * MEGA))])
    yield "size-too-small.zip", lying(one, size=10)
    yield "packed-too-large.zip", lying(one, packed=ALL - 1)
    yield "encrypted.zip", lying(one, flags=1)
    for method in (1, 14, 65_535):
        yield f"method-{method}.zip", lying(one, method=method)
    yield "bzip2-lying.zip", lying(zip_of([("a.png", bytes(80 * MEGA))], zipfile.ZIP_BZIP2), size=1000)
    yield "half.zip", one[: len(one) // 2]
    yield "sixty-four.zip", b"PK\6\6" + b"\xff" * 52 + b"PK\6\7" + bytes(16) + b"PK\5\6" + b"\xff" * 16 + bytes(2)
    yield "overlapping.zip", _overlapping(300, MEGA)


def _overlapping(count: int, size: int) -> bytes:
    """Entries that are all the same bytes of the file."""
    one = zip_of([("a.png", bytes(size))])
    central, end = one.rindex(b"PK\1\2"), one.rindex(b"PK\5\6")
    entry = one[central:end]
    directory = b"".join(entry.replace(b"a.png", b"%05d" % number) for number in range(count)).replace(b"png", b"png")
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), central, 0)
    return one[:central] + directory + tail


def _big_zips() -> Files:
    yield "entries.zip", _overlapping(1_100_000, 10)
    yield "bzip2-lying.zip", lying(zip_of([("a.png", bytes(500 * MEGA))], zipfile.ZIP_BZIP2), size=1000)
    yield "bomb.zip", zip_of([(f"{number}.png", bytes(300 * MEGA)) for number in range(2)])
