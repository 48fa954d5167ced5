"""Files that mean harm, made from nothing: some three hundred pictures, fonts, zips and manifests, always the same.

`pictures()`, `fonts()`, `zips()` and `manifests()` give name and content, one after the other so that few are in
memory at a time; of each, `big=True` gives those that take megabytes or seconds. `tests/test_abuse.py` feeds them to
every way in.
"""

import copy
import io
import json
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

from tests.conftest import draw, font_file

Files = Iterator[tuple[str, bytes]]
ALL = 0xFFFFFFFF
MEGA = 1 << 20


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


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
    "html": b"<!doctype html><script>fetch('/config')</script>",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n",
    "exe": b"MZ" + bytes(200),
    "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 300_000, 300_000, 8, 3),
    "nothing": b"",
    "zeros": bytes(5000),
    "gzip-bomb": zlib.compress(bytes(4 * MEGA), 9, wbits=31),
}


def pictures(big: bool = False) -> Files:
    yield from _big_pictures() if big else _small_pictures()


def _small_pictures() -> Files:
    pillow_heif.register_heif_opener()
    for name, data in DOCUMENTS.items():
        yield f"{name}.png", data
    magic = {
        "png": b"\x89PNG\r\n\x1a\n",
        "jpg": b"\xff\xd8\xff\xe0",
        "gif": b"GIF89a",
        "bmp": b"BM",
        "tif": b"II*\0",
        "bigtiff.tif": b"II+\0\x08\0\0\0",
        "webp": b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        "avif": b"\0\0\0\x1cftypavif",
        "heic": b"\0\0\0\x1cftypheic",
        "mpo.jpg": b"\xff\xd8\xff\xe2\0\x10MPF\0",
    }
    for suffix, start in magic.items():
        for filler in (0, 255):
            yield f"magic-{filler}.{suffix}", start + bytes([filler]) * 600
    yield from _png()
    yield from _jpeg()
    yield from _other_formats()
    yield from _tiff()
    yield from _polyglots()


def _png() -> Files:
    for name, header in {
        "no-width": (0, 64, 8, 0, 0, 0, 0),
        "largest": (2**31 - 1,) * 2 + (8, 0, 0, 0, 0),
        "negative": (ALL, ALL, 8, 0, 0, 0, 0),
        "no-palette": (64, 64, 8, 3, 0, 0, 0),
        "interlaced": (7000, 7000, 16, 6, 0, 0, 1),
    }.items():
        yield f"header-{name}.png", png(struct.pack(">IIBBBBB", *header))
    bomb = zlib.compress(bytes(2 * MEGA), 9)
    yield "pixels-too-many.png", png(pixels=zlib.compress(bytes(8 * MEGA), 9))
    for name in (b"zTXt", b"iCCP"):
        yield f"{name.decode()}-bomb.png", png(chunks=png_chunk(name, b"name\0\0" + bomb))
    yield "many-texts.png", png(chunks=png_chunk(b"zTXt", b"name\0\0" + zlib.compress(bytes(1_000_000), 9)) * 100)
    yield "long-text.png", png(chunks=png_chunk(b"tEXt", b"name\0" + b"x" * MEGA))
    yield "chunk-too-long.png", png(chunks=struct.pack(">I", 2**31 - 1) + b"tEXt")
    for name, body in {
        "gAMA-zero": (b"gAMA", bytes(4)),
        "pHYs-largest": (b"pHYs", b"\xff" * 8 + b"\1"),
        "tRNS": (b"tRNS", b"\xff" * 700),
        "ICC": (b"iCCP", b"x\0\0" + zlib.compress(b"no profile")),
        "eXIf-orientation-nan": (b"eXIf", exif(274, 11, struct.pack("<f", float("nan")))),
        "eXIf-many": (b"eXIf", many_tags(5000, 64_000)),
    }.items():
        yield f"{name}.png", png(chunks=png_chunk(*body))
    for frames in (0, 1, 2**31 - 1, ALL):
        control = png_chunk(b"acTL", struct.pack(">II", frames, 0))
        control += png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 64, 64, 0, 0, 0, 0, 0, 0))
        yield f"frames-{frames}.apng", png(chunks=control)
    yield (
        "frame-outside.apng",
        png(
            chunks=png_chunk(b"acTL", struct.pack(">II", 2, 0))
            + png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, ALL, ALL, ALL, ALL, 0, 0, 3, 3))
        ),
    )


def _jpeg() -> Files:
    data = encode(picture(), "JPEG")
    size = data.index(b"\xff\xc0") + 5
    for name, value in {
        "largest": b"\xff" * 4,
        "no-height": b"\0\0\0\x20",
    }.items():
        yield f"size-{name}.jpg", patched(data, size, value)
    for number in (0, 2, 255):
        yield f"components-{number}.jpg", patched(data, size + 4, bytes([number]))
    yield "no-tables.jpg", data.replace(b"\xff\xc4", b"\xff\xfe").replace(b"\xff\xdb", b"\xff\xfe")
    yield "restarts.jpg", jpeg_with(b"\xff\xdd\0\4\0\1") + b"\xff\xd0" * 5000
    yield "segment-too-long.jpg", jpeg_with(b"\xff\xe1\xff\xff")
    yield "progressive-scans.jpg", jpeg_scans(512, 3000)
    yield "exif-many-tags.jpg", jpeg_with(exif_segments(many_tags(5000, 64_000)))
    yield "exif-many-long-tags.jpg", jpeg_with(exif_segments(many_tags(20_000, 250_000)))
    yield "exif-loop.jpg", jpeg_with(exif_segments(exif(34665, 4, struct.pack("<I", 8))))
    for name, (kind, value) in {
        "9": (3, b"\x09"),
        "largest": (3, b"\xff\xff"),
        "text": (2, b"six"),
        "nan": (11, struct.pack("<f", float("nan"))),
    }.items():
        yield f"exif-orientation-{name}.jpg", jpeg_with(exif_segments(exif(274, kind, value)))
    yield (
        "exif-resolution-by-zero.jpg",
        jpeg_with(exif_segments(tiff([(282, 5, 1, 38), (296, 3, 1, 2)], struct.pack("<II", 1, 0)))),
    )
    yield "density-zero.jpg", patched(data, 13, b"\1\0\0\0\0")
    yield "mpo-index.jpg", jpeg_with(b"\xff\xe2\0\x5aMPF\0" + many_tags(6, 60)[:84])


def _other_formats() -> Files:
    for kind, suffix in (("GIF", "gif"), ("WEBP", "webp"), ("AVIF", "avif"), ("HEIF", "heic"), ("BMP", "bmp")):
        data = encode(picture("P" if kind == "GIF" else "RGB"), kind)
        for at in (0.2, 0.4, 0.6, 0.8):
            place = round(at * min(len(data), 300))
            yield f"hurt-{place}.{suffix}", patched(data, place, b"\xff" * 4)
    gif = encode(picture("P"), "GIF")
    yield "largest.gif", patched(gif, 6, b"\xff" * 4)
    yield "frame-outside.gif", patched(gif, gif.index(b",", 700) + 1, b"\xff" * 8)
    yield "comment.gif", gif_with(b"!\xfe" + (b"\xff" + b"x" * 255) * 2000 + b"\0")
    yield "many-frames.gif", animation("GIF", 300)
    yield "many-frames.apng", animation("PNG", 300)
    yield "many-frames.webp", animation("WEBP", 60)
    webp = encode(picture("RGBA"), "WEBP", exif=exif(274, 3, b"\6"))
    yield "canvas-largest.webp", patched(webp, webp.index(b"VP8X") + 12, b"\xff" * 6)
    yield "frame-largest.webp", patched(webp, webp.index(b"VP8 ") + 14, b"\xff" * 4)
    yield "exif-many-tags.webp", encode(picture(), "WEBP", exif=many_tags(5000, 64_000))
    for kind, suffix in (("AVIF", "avif"), ("HEIF", "heic")):
        data = encode(picture(), kind)
        size = data.index(b"ispe") + 8
        for name, value in (("largest", b"\xff" * 8), ("wide", b"\0\1\0\0" * 2), ("none", bytes(8))):
            yield f"size-{name}.{suffix}", patched(data, size, value)
        extents = data.index(b"iloc")
        yield f"extents-outside.{suffix}", patched(data, extents + 12, b"\xff" * 12)
        yield f"items-many.{suffix}", patched(data, data.index(b"iinf") + 8, b"\xff\xff")
        yield f"box-of-all.{suffix}", patched(data, data.index(b"meta") - 4, b"\xff" * 4)
    bmp = encode(picture(), "BMP")
    for name, at, value in (
        ("upside-down-largest", 18, struct.pack("<ii", 2**31 - 1, -(2**31))),
        ("compression", 30, struct.pack("<I", 4)),
        ("offset", 10, struct.pack("<I", ALL)),
    ):
        yield f"{name}.bmp", patched(bmp, at, value)


def _tiff() -> Files:
    yield "plain.tif", plain_tiff()
    for name, changed in {
        "largest": {"width": (4, 1, ALL), "height": (4, 1, ALL)},
        "no-width": {"width": (3, 1, 0)},
        "many-samples": {"samples": (3, 1, 65_535)},
        "compression": {"compression": (3, 1, 9999)},
        "offset-outside": {"offsets": (4, 1, ALL)},
        "many-offsets": {"offsets": (1, 150, 8)},
        "count": {"counts": (4, 1, ALL)},
        "type": {"width": (77, 1, 8)},
        "many-widths": {"width": (3, ALL, 8)},
        "width-is-nan": {"width": (11, 1, 0x7FC00000)},
    }.items():
        yield f"{name}.tif", plain_tiff(**changed)
    yield "many-tags.tif", many_tags(20_000, 250_000)
    yield "more-tags-than-there-are.tif", tiff([], count=65_535)
    yield "directory-outside.tif", tiff([], first=ALL)
    yield "directory-of-itself.tif", tiff([(330, 13, 1, 8)])
    for name, values in (("nan", np.nan), ("infinite", np.inf), ("largest", 3e38), ("smallest", -3e38)):
        yield f"values-{name}.tif", encode(Image.fromarray(np.full((32, 32), values, np.float32)), "TIFF")
    mixed = np.asarray(picture("L"), np.float32)
    mixed[::3, ::3], mixed[1::3, ::3] = np.nan, np.inf
    yield "values-mixed.tif", encode(Image.fromarray(mixed), "TIFF")


def _polyglots() -> Files:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../x.png", b"x")
    yield "and-zip.png", png() + zipped.getvalue()
    yield "and-script.gif", b"GIF89a=1;alert(document.domain)//" + bytes(200)
    yield "and-script-that-opens.gif", gif_with(b"!\xfe\x21*/=1;alert(1);/*<script></script>\0")
    yield "and-php.jpg", jpeg_with(b"\xff\xfe\0\x20<?php system($_GET['c']);  ?>  ")
    yield "and-html.png", png(chunks=png_chunk(b"tEXt", b"Comment\0<script>alert(1)</script>"))
    yield "and-pdf.jpg", jpeg_with(b"\xff\xfe\0\x12%PDF-1.7 1 0 obj") + DOCUMENTS["pdf"]
    yield "and-svg.bmp", encode(picture(), "BMP") + DOCUMENTS["svg"]
    yield "gif-or-png.png", b"GIF89a" + png()[6:]
    yield (
        "xmp-orientation.jpg",
        jpeg_with(
            b"\xff\xe1\0\x5ahttp://ns.adobe.com/xap/1.0/\0"
            + b"<x:xmpmeta tiff:Orientation='&a;99'><!ENTITY a 'x'>".ljust(59)
        ),
    )


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
    letters = {code: f"u{code}" for code in range(32, 127)}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *letters.values()])
    builder.setupCharacterMap(letters)
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for point in ((50, 700), (450, 700), (450, 0)):
        pen.lineTo(point)
    pen.closePath()
    square = pen.glyph()
    builder.setupGlyf({glyph: copy.deepcopy(square) for glyph in [".notdef", *letters.values()]})
    builder.setupHorizontalMetrics({glyph: (500, 50) for glyph in [".notdef", *letters.values()]})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    if change:
        change(builder.font)
    file = io.BytesIO()
    builder.font.save(file)
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


def with_scale(across: float, up: float, advance: int = 500, bearing: int = 0):
    def change(font: TTFont) -> None:
        for glyph in font.getGlyphOrder():
            outline = font["glyf"][glyph]
            outline.coordinates.scale((across, up))
            outline.coordinates.toInt()
            outline.recalcBounds(font["glyf"])
            font["hmtx"][glyph] = advance, bearing
        font.recalcBBoxes = False

    return change


def set_in(table: str, **values):
    def change(font: TTFont) -> None:
        for key, value in values.items():
            setattr(font[table], key, value)

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
        yield f"{name}-empty.ttf", sfnt(tables | {tag: b""})
        yield f"{name}-ones.ttf", sfnt(tables | {tag: b"\xff" * len(data)})
        yield f"{name}-offset.ttf", sfnt(tables, rows={tag: (ALL - 3, len(data))})
        yield f"{name}-length.ttf", sfnt(tables, rows={tag: (28, ALL)})
    yield "tables-claimed.ttf", patched(good, 4, b"\xff\xff")
    yield "collection-of-itself.ttf", b"ttcf\0\1\0\0" + struct.pack(">II", 1, 0)
    yield "picture.ttf", png()
    yield "type1.otf", b"%!PS-AdobeFont-1.0: Hostile\n(%pipe%id) (r) file\n"
    yield "glyphs-claimed.ttf", sfnt(tables | {b"maxp": patched(tables[b"maxp"], 4, b"\xff\xff")})
    yield "metrics-claimed.ttf", sfnt(tables | {b"hhea": patched(tables[b"hhea"], 34, b"\xff\xff")})
    for em in (0, 1, 15, 65_535):
        yield f"em-{em}.ttf", sfnt(tables | {b"head": patched(tables[b"head"], 18, struct.pack(">H", em))})
    glyph = "u120"  # x
    yield "composite-of-itself.ttf", true_font(composites({glyph: [glyph]}))
    yield "composites-in-a-ring.ttf", true_font(composites({"u97": ["u98"], "u98": ["u99"], "u99": ["u97"]}))
    levels = [f"u{code}" for code in range(48, 58)]
    yield (
        "composites-doubling.ttf",
        true_font(composites({below: [above] * 20 for below, above in zip([glyph, *levels], levels, strict=False)})),
    )
    yield "letters-huge.ttf", true_font(with_scale(45, 45, 65_535))
    yield "letters-far.ttf", true_font(with_scale(1, 1, 65_535, 32_767))
    yield "letters-flat.ttf", true_font(with_scale(1, 0))
    yield "weight-largest.ttf", true_font(set_in("OS/2", usWeightClass=65_535))
    yield "angle.ttf", true_font(set_in("post", italicAngle=-32_768))
    names = ("../../../etc/cron.d/x", "<script>alert(1)</script>", "a\0b", "x" * 9_000, "\u202egnp", "🙂", "CON", " ")
    for number, name in enumerate(names):
        yield f"name-{number}.ttf", true_font(name=name)
    groups = struct.pack(">HHIIII", 12, 0, 28, 0, 1, 0) + struct.pack(">II", ALL, 1)
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + groups
    yield "cmap-of-everything.ttf", sfnt(tables | {b"cmap": cmap})
    many = struct.pack(">HH", 0, 65_535) + struct.pack(">HHI", 3, 10, 12) * 65_535
    yield "cmap-many-tables.ttf", sfnt(tables | {b"cmap": many})
    many = struct.pack(">HHH", 0, 65_535, 6) + struct.pack(">HHHHHH", 3, 1, 1033, 1, 65_535, 0) * 65_535
    yield "names-many.ttf", sfnt(tables | {b"name": many})
    axes = struct.pack(">HHHHHHHH", 1, 0, 16, 2, 65_535, 20, 65_535, 8)
    axis = struct.pack(">4siiiHH", b"wght", -(2**31), 0, 2**31 - 1, 0, 256)
    yield "axes-many.ttf", sfnt(tables | {b"fvar": axes + axis * 3000})
    yield (
        "variations-garbage.ttf",
        sfnt(tables | {b"fvar": struct.pack(">HHHHHHHH", 1, 0, 16, 2, 1, 20, 0, 8) + axis, b"gvar": b"\xff" * 400}),
    )
    for tag in (b"GSUB", b"GPOS", b"GDEF", b"COLR", b"SVG ", b"kern", b"STAT", b"gvar", b"CFF ", b"CFF2", b"prep"):
        yield f"{tag.decode().strip()}-garbage.ttf", sfnt(tables | {tag: b"\0\1\0\0" + b"\xff" * 300})
    yield "good.otf", postscript_font(SQUARE)
    yield "subroutine-of-itself.otf", postscript_font([-107, "callgsubr", *SQUARE], [[-107, "callgsubr", "return"]])
    nested = [[level - 106, "callgsubr"] * 30 + ["return"] for level in range(8)] + [[1, 1, "rlineto", "return"]]
    yield "subroutines-doubling.otf", postscript_font([50, 0, "rmoveto", -107, "callgsubr", "endchar"], nested)
    yield "stack.otf", postscript_font([*range(513), "rlineto", "endchar"])
    yield "divided.otf", postscript_font([1, 0, "div", 0, "rmoveto", 1, 0, "div", 5, "rlineto", "endchar"])
    packed = zlib.compress(bytes(2 * MEGA), 9)
    yield "lengths.woff", woff({tag: (zlib.compress(data), ALL) for tag, data in tables.items()})
    yield "bomb.woff", woff({tag: (packed, 2 * MEGA) for tag in tables})
    yield "bomb.woff2", woff2(brotli.compress(bytes(4 * MEGA)), [4 * MEGA], 4 * MEGA)
    yield "claimed.woff2", woff2(brotli.compress(bytes(100)), [2**31 - 1, 2**31 - 1], ALL)
    shipped = font_file("pacifico").read_bytes()
    for place in (5, 12, 16, 48, 60, 90, len(shipped) // 2):
        yield f"hurt-{place}.woff2", patched(shipped, place, b"\xff" * 4)


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
        "\\\\host\\share\\x.png",
        "a/../../b.png",
        "=cmd|x.png",
        "\u202egpj.png",
        "x" * 60_000 + ".png",
        "http://127.0.0.1/x.png",
        "<img src=x onerror=alert(1)>.png",
    ]
    yield "names.zip", zip_of([(name, good) for name in names])
    yield "name-with-nought.zip", zip_of([("a_b.png", good)]).replace(b"a_b.png", b"a\0b.png")
    yield "same-name.zip", zip_of([("a.png", good)] * 50)
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    yield "symlink.zip", file.getvalue()
    nested = zip_of([("a.png", good)])
    for _ in range(30):
        nested = zip_of([("inner.zip", nested)])
    yield "nested.zip", nested
    yield "zip-as-picture.zip", zip_of([("a.png", nested)])
    yield "bomb.zip", zip_of([("a.png", bytes(20 * MEGA))])
    yield "many.zip", zip_of([(f"{number}.png", b"") for number in range(3000)], zipfile.ZIP_STORED)
    one = zip_of([("a.png", bytes(2 * MEGA))])
    yield "size-too-small.zip", lying(one, size=10)
    yield "packed-too-large.zip", lying(one, packed=ALL - 1)
    yield "encrypted.zip", lying(one, flags=1)
    for method in (1, 6, 9, 14, 93, 99, 65_535):
        yield f"method-{method}.zip", lying(one, method=method)
    yield "bzip2.zip", zip_of([("a.png", bytes(10 * MEGA))], zipfile.ZIP_BZIP2)
    yield "bzip2-lying.zip", lying(zip_of([("a.png", bytes(80 * MEGA))], zipfile.ZIP_BZIP2), size=1000)
    yield "lzma-lying.zip", lying(zip_of([("a.png", bytes(40 * MEGA))], zipfile.ZIP_LZMA), size=1000)
    yield "half.zip", one[: len(one) // 2]
    yield "end-alone.zip", b"PK\5\6" + bytes(18)
    yield "directory-outside.zip", patched(one, len(one) - 6, struct.pack("<I", ALL))
    yield "sixty-four.zip", b"PK\6\6" + b"\xff" * 52 + b"PK\6\7" + bytes(16) + b"PK\5\6" + b"\xff" * 16 + bytes(2)
    yield "overlapping.zip", _overlapping(300, MEGA)
    yield "prefixed.zip", DOCUMENTS["exe"] + one
    for name in ("zeros", "text", "pdf"):
        yield f"{name}.zip", DOCUMENTS.get(name, b"a text")


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


# --- manifests


def manifests(big: bool = False) -> Files:
    if big:
        yield "lines", b"\n" * (40 * MEGA)
        yield "long-text", json.dumps({"file": "a", "family": "b", "text": "x" * (30 * MEGA)}).encode()
        return
    row = {"file": "a.png", "family": "pacifico"}
    for name, more in {
        "plain": {},
        "absolute": {"file": "/etc/passwd"},
        "upwards": {"file": "../../etc/passwd"},
        "device": {"file": "/dev/zero"},
        "nought": {"file": "a\0b"},
        "surrogate": {"file": "\ud800"},
        "empty-name": {"file": ""},
        "weight-large": {"weight": 10**400},
        "weight-true": {"weight": True},
        "text-object": {"text": {"a": 1}},
        "family-number": {"family": 5},
    }.items():
        yield name, json.dumps(row | more).encode()
    for name, line in {
        "nan": b'{"file": "a", "family": "b", "weight": NaN}',
        "infinite": b'{"file": "a", "family": "b", "weight": 1e999}',
        "list": b'["a", "b"]',
        "no-family": b'{"file": "a"}',
        "same-keys": b'{"file": "a", "file": "b", "family": "c"}',
        "cut": b'{"file": "a',
        "deep-list": b"[" * 100_000,
        "deep-object": b'{"a":' * 100_000,
        "deep-text": b'{"file": "a", "family": "b", "text": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        "nothing": b"",
        "noughts": bytes(500),
        "byte-order": b"\xef\xbb\xbf" + json.dumps(row).encode(),
        "sixteen-bits": json.dumps(row).encode("utf-16"),
        "separators": json.dumps(row).encode() + "\u2028\x85\x0c".encode() + b"{",
        "many": json.dumps(row).encode() * 20_000,
        "picture": png(),
    }.items():
        yield name, line
