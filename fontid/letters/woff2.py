"""WOFF2 to TrueType in half a millisecond, for HarfBuzz, which reads no WOFF2; fontTools takes twenty.

In a WOFF2 the outlines of all glyphs lie together: the points of each contour counted, their flags, their steps (W3C,
WOFF File Format 2.0, 5.1). So they are unpacked together, as arrays.
"""

import io
import struct

import numpy as np
from fontTools.ttLib import TTFont
from fontTools.ttLib.woff2 import WOFF2Reader

WORD = np.dtype(">i2")
STREAMS = struct.Struct(">HHHHIIIIIII")  # what the outlines begin with
MORE, INSTRUCTED = 1 << 5, 1 << 8  # flags of a part of a composed glyph


class _Unusual(Exception):
    """Outlines with what only fontTools unpacks here: instructions."""


def truetype(font: bytes) -> bytes:
    """The same font without compression. Raises: as fontTools does, where it is none."""
    reader = WOFF2Reader(io.BytesIO(font))
    changed = {str(tag) for tag, entry in reader.tables.items() if entry.transformed}
    tables = {str(tag): entry.loadData(reader.transformBuffer) for tag, entry in reader.tables.items()}
    try:
        if changed - {"glyf", "loca"}:
            raise _Unusual
        if changed:
            tables["glyf"], tables["loca"] = _outlines(tables["glyf"])
            tables["head"] = tables["head"][:50] + b"\0\1" + tables["head"][52:]  # places of four bytes
    except _Unusual:
        with TTFont(io.BytesIO(font)) as slowly:
            slowly.flavor = None
            slowly.save(buffer := io.BytesIO())
            return buffer.getvalue()
    entries, data = [], b""
    for tag, table in sorted(tables.items()):
        entries.append(struct.pack(">4sIII", tag.encode(), 0, 12 + 16 * len(tables) + len(data), len(table)))
        data += table + b"\0" * (-len(table) % 4)
    return b"".join([font[4:8], struct.pack(">H6x", len(tables)), *entries, data])


def _steps() -> np.ndarray:
    """(7, 128) int32, by flag: bytes, bits of x and of y in them, what is added to each, and their signs."""
    rows = []
    for flag in range(128):
        signs = (1 if flag & 1 else -1, 1 if flag & 2 else -1)
        if flag < 10:
            rows.append((1, 0, 8, 0, (flag & 14) << 7, 1, signs[0]))
        elif flag < 20:
            rows.append((1, 8, 0, (flag - 10 & 14) << 7, 0, signs[0], 1))
        elif flag < 84:
            rows.append((1, 4, 4, 1 + (flag - 20 & 48), 1 + ((flag - 20 & 12) << 2), *signs))
        elif flag < 120:
            rows.append((2, 8, 8, 1 + ((flag - 84) // 12 << 8), 1 + ((flag - 84) % 12 >> 2 << 8), *signs))
        else:
            bits = 12 if flag < 124 else 16
            rows.append((bits // 4, bits, bits, 0, 0, *signs))
    return np.array(rows, np.int32).T.copy()


STEPS = _steps()


def _outlines(packed: bytes) -> tuple[bytes, bytes]:
    """The tables `glyf` and `loca`, with places of four bytes."""
    _, _, count, _, *sizes = STREAMS.unpack_from(packed)
    ends = np.cumsum([STREAMS.size, *sizes])
    streams = [np.frombuffer(packed, np.uint8, size, end - size) for size, end in zip(sizes, ends[1:], strict=True)]
    contour_counts, point_counts, flags, steps, parts, boxes, instructions = streams
    contours = contour_counts.view(WORD).astype(int)
    if len(instructions):
        raise _Unusual
    simple = np.flatnonzero(contours > 0)
    per_glyph = contours[simple]
    per_contour = _short_numbers(point_counts)
    of_contour = np.repeat(np.arange(len(simple)), per_glyph)  # the number among simple glyphs
    points = np.bincount(of_contour, per_contour, len(simple)).astype(int)
    of_point = np.repeat(np.arange(len(simple)), points)

    size, x_bits, y_bits, x_more, y_more, x_sign, y_sign = STEPS[:, flags & 127]
    start = np.cumsum(size) - size + of_point  # each glyph ends with one byte, the length of its instructions
    if len(steps) != size.sum() + len(simple):
        raise _Unusual
    padded = np.append(steps, np.zeros(4, np.uint8)).astype(np.uint32)
    value = sum(padded[start + place] << np.uint32(24 - 8 * place) for place in range(4))
    value = (value >> (32 - 8 * size).astype(np.uint32)).astype(np.int64)
    moves = np.stack(
        [
            x_sign * ((value >> y_bits & (1 << x_bits) - 1) + x_more),
            y_sign * ((value & (1 << y_bits) - 1) + y_more),
        ]
    )
    first = np.cumsum(points) - points
    places = np.cumsum(moves, 1)
    places -= (places[:, first] - moves[:, first])[:, of_point]
    box = np.zeros((count, 4), WORD)
    if len(simple):
        box[simple] = np.concatenate([np.minimum.reduceat(places, first, 1), np.maximum.reduceat(places, first, 1)]).T
    given = np.unpackbits(boxes[: (count + 31) // 32 * 4])[:count].astype(bool)
    box[given] = boxes[(count + 31) // 32 * 4 :].view(WORD).reshape(-1, 4)

    composed = np.flatnonzero(contours < 0)
    pieces = _composed(parts.tobytes(), len(composed))
    length = np.zeros(count, int)
    length[simple] = 12 + 2 * per_glyph + 5 * points
    length[composed] = [10 + len(piece) for piece in pieces]
    begin = np.cumsum(length) - length
    glyf = np.zeros(length.sum(), np.uint8)

    def put(at: np.ndarray, words: np.ndarray) -> None:
        glyf[at], glyf[at + 1] = words >> 8 & 255, words & 255

    drawn = np.flatnonzero(contours)
    put(begin[drawn], contours[drawn])
    for side in range(4):
        put(begin[drawn] + 2 + 2 * side, box[drawn, side].astype(int))
    for glyph, piece in zip(composed, pieces, strict=True):
        glyf[begin[glyph] + 10 : begin[glyph] + 10 + len(piece)] = np.frombuffer(piece, np.uint8)
    of_simple = begin[simple]
    nth = np.arange(len(of_contour)) - np.repeat(np.cumsum(per_glyph) - per_glyph, per_glyph)
    last = np.cumsum(per_contour) - first[of_contour] - 1
    put(of_simple[of_contour] + 10 + 2 * nth, last)
    nth = np.arange(len(of_point)) - first[of_point]
    of_flags = (of_simple + 12 + 2 * per_glyph)[of_point]
    glyf[of_flags + nth] = flags < 128  # on the curve
    put(of_flags + points[of_point] + 2 * nth, moves[0])
    put(of_flags + 3 * points[of_point] + 2 * nth, moves[1])
    return glyf.tobytes(), np.append(begin, len(glyf)).astype(">u4").tobytes()


def _short_numbers(stream: np.ndarray) -> np.ndarray:
    """Numbers of one to three bytes (255UInt16)."""
    if not len(stream) or stream.max() < 253:
        return stream.astype(int)
    numbers, left = [], iter(stream.tolist())
    for code in left:
        if code == 253:
            code = next(left) << 8 | next(left)
        elif code > 253:
            code = next(left) + (506 if code == 254 else 253)
        numbers.append(code)
    return np.array(numbers)


def _composed(stream: bytes, count: int) -> list[bytes]:
    """The parts of each composed glyph."""
    pieces, begin = [], 0
    for _ in range(count):
        place, flags = begin, MORE
        while flags & MORE:
            (flags,) = struct.unpack_from(">H", stream, place)
            if flags & INSTRUCTED:
                raise _Unusual
            scale = 2 if flags & 8 else 4 if flags & 64 else 8 if flags & 128 else 0
            place += 4 + (4 if flags & 1 else 2) + scale
        pieces.append(stream[begin:place])
        begin = place
    return pieces
