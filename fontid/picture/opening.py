"""The one place where a picture file becomes grayscale pixels.

`open_picture` turns a file, bytes, a Pillow image or a numpy array into an upright, opaque RGB picture of at
most `WORK_PIXELS` pixels; `to_gray` turns that into the (H, W) uint8 array which everything after it reads.
Whatever cannot be read ends in a `PictureError`, whose message is meant for the person who chose the file.
"""

from __future__ import annotations

import functools
import io
import math
import os
import time
from contextvars import ContextVar
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageChops, TiffImagePlugin

from fontid.picture.documents import NEEDS_READER, DocumentError, draw, kind_of

# The largest picture accepted: 50 binary megapixels, so that the 8192 x 6144 of a "50 MP" telephone passes.
MAX_PIXELS = 50 * 1024 * 1024
# The largest picture returned: 2048 x 2048 pixels or the same area in another shape.
WORK_PIXELS = 4 * 1024 * 1024

PICTURE_SUFFIXES = frozenset(
    {
        ".apng", ".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pdf", ".png",
        ".svg", ".tif", ".tiff", ".webp",
    }
)  # fmt: skip

_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")  # never EPS: it starts Ghostscript
_HUNGRY = ("WEBP", "AVIF")  # decoded with 8 to 16 bytes a pixel, as are progressive JPEGs of four inks: half the pixels
_ACCEPTED = "PNG, JPEG, WebP, AVIF, HEIC, GIF, BMP, TIFF, PDF or SVG"
_DAMAGED = (
    "This picture is damaged, incomplete or of a rare kind; please save it again as PNG or JPEG and try once more."
)
_NO_MEMORY = "There is not enough memory for this picture; please crop it or make it smaller and try again."

# What a file may cost before its pixels are decoded; honest ones need a hundredth of it.
_SECONDS = 6.0  # of the processor, for reading and decoding
_SECONDS_OF_HEADER = 0.1  # likewise, for its size alone
_MOST_READS = 200_000  # a file of a million empty chunks is read for their sake alone
_MOST_FRAMES, _FRAMES_SEEN, _FRAME_PIXELS = 100, 10, 100_000_000  # of a GIF
_BLOCK = 2048  # bytes of a JPEG decoded at a time: ten are a pass over all its pixels, and none is broken off
_LARGEST_TAG = 4_000_000  # bytes; what is longer, such as Photoshop's layers, is not kept
_MOST_TAGS, _MOST_READ = 16_000_000, 250_000_000  # bytes kept, read of all tags: many may point at the same place
ADDRESS = ("http://", "https://")  # how one begins
_SECONDS_OF_FETCHING, _LARGEST_FETCHED = 20.0, 100_000_000  # for each answer of a server; bytes
_LONGEST_TABLE = 400_000  # bytes: where the strips or tiles of a TIFF are
_TABLES = (273, 279, 324, 325)
_bound_tags: ContextVar[bool] = ContextVar("bound_tags", default=False)

_EXIF_ORIENTATION = 0x0112
_TIFF_PHOTOMETRIC = 262
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_STRIP_PIXELS = 1024 * 1024  # how much of a big picture is converted at a time
_SAMPLE_SIDE = 512  # contrast is judged on at most this many columns and rows
_CLEAR_CONTRAST = 64  # a luma range (0..255) that needs no help
_USEFUL_CONTRAST = 32  # a colour range (0..255) worth leaving luma for
_MOSTLY_OPAQUE = 0.9  # above this mean opacity a picture has holes, below it is ink on nothing


class PictureError(ValueError):
    """A picture cannot be used; the message is one sentence that tells the user what to do about it."""


def open_picture(
    source: str | os.PathLike | bytes | BinaryIO | Image.Image | np.ndarray,
    *,
    max_pixels: int = MAX_PIXELS,
    page: int = 1,
) -> Image.Image:
    """Open a picture as an upright, opaque "RGB" image of 1 to `WORK_PIXELS` pixels, without other metadata than
    `fonts` and `scale`, see below.

    `source` is a path, the bytes of a file, a binary file object (read from its start), a Pillow image (its
    pixels are not changed) or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of bools, integers or
    floats, the fourth channel being opacity. Of a PDF or a TIFF the `page` is taken (from 1), of a GIF the frame with
    most edges, of other frames the first. `info["fonts"]` holds the fonts that a PDF or an SVG itself
    names, most used first, `info["scale"]` how many pixels of a picture that was made smaller one of these is. Values
    wider than 8 bits are scaled by their range. Transparency is laid on white, or on black where the ink is light.

    Raises `PictureError` when there is no such file, when it is not a picture, is damaged or cut short, or
    has more than `max_pixels` pixels, half of them for WebP and AVIF (checked before decoding; Pillow's own limit, if
    lower, holds too).
    Raises `TypeError` for any other type of source.
    """
    try:
        if isinstance(source, np.ndarray):
            return _from_array(source, max_pixels)
        if isinstance(source, Image.Image):
            return _render(source, max_pixels)
        if isinstance(source, bytes | bytearray | memoryview):
            return _from_file(io.BytesIO(source), max_pixels, page)
        if isinstance(source, str | os.PathLike):
            with _open_path(source) as file:
                return _from_file(file, max_pixels, page)
        if hasattr(source, "read"):
            return _from_file(source, max_pixels, page)
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError(_NO_MEMORY) from error
    except Exception as error:  # decoders fed with broken files raise nearly anything
        raise PictureError(_DAMAGED) from error
    raise TypeError(f"a picture cannot be opened from {type(source).__name__}")


def pixels_of(path: str | os.PathLike) -> int:
    """How many pixels a picture file says it has: none where it is no picture, `MAX_PIXELS` where that takes long.

    That takes long of PDF and SVG, which are drawn first.
    """
    bound = _bound_tags.set(True)
    try:
        with open(path, "rb") as file:
            if kind_of(file.read(1024)):
                return MAX_PIXELS
            file.seek(0)
            return math.prod(Image.open(_Patient(file, _SECONDS_OF_HEADER), formats=_formats()).size)
    except PictureError:
        return MAX_PIXELS
    except Exception:  # as in `open_picture`, which will say why
        return 0
    finally:
        _bound_tags.reset(bound)


def fetched(address: str) -> bytes:
    """The file at an http or https address, wherever that is: never for what strangers ask. Raises: PictureError."""
    import urllib.request  # here: a tenth of a second that files need not pay

    request = urllib.request.Request(address, headers={"User-Agent": "fontid"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS_OF_FETCHING) as answer:  # nosec B310: `ADDRESS` alone
            data = answer.read(_LARGEST_FETCHED + 1)
    except Exception as error:  # urllib raises many things
        raise PictureError(f"Nothing can be fetched from {address}; please check it, or save the picture.") from error
    if len(data) > _LARGEST_FETCHED:
        raise PictureError(f"What {address} sends is larger than {_LARGEST_FETCHED // 10**6} MB.")
    return data


def to_gray(image: Image.Image) -> np.ndarray:
    """Reduce an RGB image to (H, W) uint8, 0 dark to 255 light.

    That is luma, unless luma has little contrast and the colours have much more of it (red text on an equally
    bright green): then it is the colours' first principal component, scaled to fit, the brighter side light.
    """
    luma = np.array(image.convert("L"))
    columns, rows = (min(side, _SAMPLE_SIDE) for side in image.size)
    sample = image.resize((columns, rows), Image.Resampling.NEAREST)
    luma_contrast = _contrast(np.array(sample.convert("L").histogram()))
    if luma_contrast >= _CLEAR_CONTRAST:
        return luma

    colours = np.asarray(sample, dtype=np.float64).reshape(-1, 3)  # (rows * columns, 3)
    axis = _principal_axis(colours)
    low, high = np.percentile(colours @ axis, (0.5, 99.5)).tolist()
    if high - low < max(_USEFUL_CONTRAST, 2 * luma_contrast):
        return luma
    scale = min(1.0, 255 / (high - low))
    offset = 127.5 - scale * (low + high) / 2
    weights = (*(float(weight) for weight in scale * axis), float(offset))
    return np.array(image.convert("L", matrix=weights))


@functools.cache
def _formats() -> tuple[str, ...]:
    """What Pillow may open. It learns HEIF, where that is installed, and to bound tags where `_bound_tags` says so.

    Whoever else uses it sees no difference. Pillow keeps every tag of a TIFF, and of any picture's EXIF, which a small
    file can make gigabytes.
    """
    plain_reset = TiffImagePlugin.ImageFileDirectory_v2.reset

    def reset(directory: TiffImagePlugin.ImageFileDirectory_v2) -> None:
        plain_reset(directory)
        if _bound_tags.get():
            directory._tagdata = _Tags()

    TiffImagePlugin.ImageFileDirectory_v2.reset = reset  # type: ignore[method-assign, assignment]
    try:
        import pillow_heif
    except ImportError:
        return _FORMATS
    pillow_heif.register_heif_opener()
    return (*_FORMATS, "HEIF")


class _Patient:
    """A binary file that lets itself be read for some time and so often, whatever its reader wants of it."""

    def __init__(self, file: BinaryIO, seconds: float = _SECONDS) -> None:
        self._file, self._until, self._reads = file, time.thread_time() + seconds, 0

    def read(self, size: int = -1) -> bytes:
        self._reads += 1
        if self._reads > _MOST_READS or time.thread_time() > self._until:
            raise PictureError(_DAMAGED)
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Tags(dict):
    """Data by tag, with an end to it."""

    def __init__(self) -> None:
        super().__init__()
        self._read = self._kept = 0

    def __setitem__(self, tag: int, data: bytes) -> None:
        keep = len(data) <= _LARGEST_TAG
        self._read += len(data)
        self._kept += len(data) if keep else 0
        too_long = tag in _TABLES and len(data) > _LONGEST_TABLE
        if self._read > _MOST_READ or self._kept > _MOST_TAGS or too_long:
            raise PictureError(_DAMAGED)
        if keep:
            super().__setitem__(tag, data)


def _open_path(path: str | os.PathLike) -> BinaryIO:
    name = os.path.basename(os.fspath(path)) or os.fspath(path)
    try:
        return open(path, "rb")
    except FileNotFoundError as error:
        raise PictureError(f"There is no file {name!r}; please check the path.") from error
    except IsADirectoryError as error:
        raise PictureError(f"{name!r} is a folder; please choose a picture file ({_ACCEPTED}).") from error
    except (OSError, ValueError) as error:
        raise PictureError(f"{name!r} cannot be opened; please check that you may read it.") from error


def _from_file(file: BinaryIO, max_pixels: int, page: int) -> Image.Image:
    bound = _bound_tags.set(True)
    try:
        return _decode(file, max_pixels, page)
    finally:
        _bound_tags.reset(bound)


def _decode(file: BinaryIO, max_pixels: int, page: int) -> Image.Image:
    if not (hasattr(file, "seekable") and file.seekable()):
        file = io.BytesIO(file.read())
    try:
        image = Image.open(_Patient(file), formats=_formats())
    except MemoryError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(_too_large(max_pixels)) from error
    except Exception as error:
        file.seek(0)
        head = file.read(1024)
        if kind := kind_of(head):
            file.seek(0)
            return _draw_document(file.read(), kind, page)
        raise PictureError(_why_unreadable(head)) from error
    inks = image.mode == "CMYK" and "progressive" in image.info
    _check_size(image.size, max_pixels // 2 if inks or image.format in _HUNGRY else max_pixels)
    if image.format in ("JPEG", "MPO"):
        image.decodermaxblock = _BLOCK
        image.draft(None, _work_size(image.size))  # libjpeg decodes at 1/2, 1/4 or 1/8 of the size
    if page != 1:
        _turn_to(image, page)
    elif image.format == "GIF":
        _seek_text(image)
    return _render(image, max_pixels)


def _turn_to(image: Image.Image, page: int) -> None:
    """Raises: PictureError where there is no such page."""
    if image.format != "TIFF":
        raise PictureError("Only a PDF or a TIFF has pages to choose from; please leave the page out.")
    pages = getattr(image, "n_frames", 1)
    if not 1 <= page <= pages:
        raise PictureError(f"This TIFF has no page {page}: its last one is {pages}; please choose another.")
    image.seek(page - 1)


def _draw_document(data: bytes, kind: str, page: int) -> Image.Image:
    try:
        picture, fonts = draw(data, kind, page, WORK_PIXELS)
    except DocumentError as error:
        raise PictureError(str(error)) from error
    drawn: Image.Image = Image.open(io.BytesIO(picture), formats=("PNG",))
    if drawn.getextrema()[3:] == ((0, 0),):  # all transparent: a sheet with nothing on it
        drawn = Image.new("RGB", drawn.size, "white")
    result = _render(drawn, MAX_PIXELS)
    result.info["fonts"] = fonts
    return result


def _seek_text(image: Image.Image) -> None:
    """Turn to the frame with most edges, of a few that are looked at."""
    frames = min(getattr(image, "n_frames", 1), _MOST_FRAMES, _FRAME_PIXELS // (image.width * image.height))
    if frames < 2:
        return
    edges = []
    for number in range(0, frames, math.ceil(frames / _FRAMES_SEEN)):
        image.seek(number)
        rows = np.asarray(image.convert("L"), np.int16)
        edges.append((int((np.abs(np.diff(rows)) > _USEFUL_CONTRAST).sum()), -number))
    image.seek(-max(edges)[1])


def _why_unreadable(head: bytes) -> str:
    """The sentence for a file which no decoder accepts, judged by its first bytes."""
    if not head:
        return f"This file is empty; please choose a picture file ({_ACCEPTED})."
    if head[4:8] == b"ftyp" and "HEIF" not in _formats():
        return NEEDS_READER.format("HEIC")
    signatures = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if head.startswith(signatures) or head[4:8] == b"ftyp" or (head[:4], head[8:12]) == (b"RIFF", b"WEBP"):
        return _DAMAGED
    return f"This file is not a picture that can be read here; please use {_ACCEPTED}."


def _too_large(max_pixels: int) -> str:
    limit = f"{max_pixels / 1e6:.0f} million" if max_pixels >= 1_000_000 else str(max_pixels)
    return f"This picture has more than {limit} pixels; please crop it or make it smaller and try again."


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"This picture has no pixels; please choose another one ({_ACCEPTED}).")
    if width * height > max_pixels:
        raise PictureError(_too_large(max_pixels))


def _render(image: Image.Image, max_pixels: int) -> Image.Image:
    """Decode `image`, make it small, upright, opaque and "RGB"; raises whatever decoders raise."""
    _check_size(image.size, max_pixels)
    image.load()
    _check_size(image.size, max_pixels)  # some decoders learn the true size only here
    integers = not image.mode.startswith("F")
    small = _shrink(image)
    if small.mode == "F":
        small = Image.fromarray(_to_eight_bits(np.asarray(small), integers=integers))
        if _is_white_zero(image):
            small = ImageChops.invert(small)
    if small.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, whose inks are stored inverted.
        small = ImageChops.invert(small)
    orientation = _orientation(image)
    if orientation in _UPRIGHT:
        small = small.transpose(_UPRIGHT[orientation])
    if small.mode in ("LA", "RGBA", "RGBa"):
        small = _composite(small.convert("RGBA"))
    result = small.convert("RGB")
    # `fonts` is a tuple and `scale` a float where this opened it before, never from a file
    named, before = image.info.get("fonts"), image.info.get("scale")
    scale = image.width / _work_size(image.size)[0] * (before if isinstance(before, float) else 1.0)
    # an orientation left here would be applied twice by the next reader
    result.info = {"fonts": named} if isinstance(named, tuple) else {}
    if scale > 1:
        result.info["scale"] = scale
    return result


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or where it is broken, which spoils no pixel."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:
        return 1


def _is_white_zero(image: Image.Image) -> bool:
    """Whether this TIFF counts from white; Pillow undoes that for 8 bits but not for deeper values."""
    return image.format == "TIFF" and getattr(image, "tag_v2", {}).get(_TIFF_PHOTOMETRIC) == 0


def _work_size(size: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) of at most `WORK_PIXELS` pixels, at least 1 a side, shaped like `size`."""
    width, height = size
    if width * height <= WORK_PIXELS:
        return size
    scale = math.sqrt(WORK_PIXELS / (width * height))
    work_width, work_height = (min(max(1, int(side * scale)), WORK_PIXELS) for side in size)
    return work_width, work_height


def _shrink(image: Image.Image) -> Image.Image:
    """Scale a loaded image down to its work size, in a mode which `_resizable` gives.

    Big pictures are converted and averaged strip by strip: no second picture of full size is in memory.
    """
    width, height = image.size
    work_width, work_height = _work_size(image.size)
    factors = width // work_width, height // work_height
    if max(factors) > 1:
        rows = max(1, _STRIP_PIXELS // (width * factors[1])) * factors[1]
        for top in range(0, height, rows):
            strip = image.crop((0, top, width, min(top + rows, height)))
            strip = _resizable(strip).reduce(factors)
            if top == 0:
                reduced = Image.new(strip.mode, (strip.width, math.ceil(height / factors[1])))
            reduced.paste(strip, (0, top // factors[1]))
    else:
        reduced = _resizable(image)
    if reduced.size == (work_width, work_height):
        return reduced
    return reduced.resize((work_width, work_height), Image.Resampling.HAMMING)  # it never overshoots


def _resizable(image: Image.Image) -> Image.Image:
    """Convert to a mode that can be averaged: L, LA, RGB, RGBA, CMYK..., and F for more than 8 bits."""
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("F")
    if image.mode == "La":
        return image.convert("LA")
    if image.mode in ("L", "1", "RGB", "P", "PA") and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("P", "PA"):
        return image.convert("RGB")
    if image.mode == "1":
        return image.convert("L")
    return image


def _from_array(array: np.ndarray, max_pixels: int) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise PictureError("A picture array must be (H, W), (H, W, 3) or (H, W, 4); please reshape it.")
    if array.dtype.kind not in "buif":
        raise PictureError("A picture array must hold integers or floats; please convert it.")
    _check_size((array.shape[1], array.shape[0]), max_pixels)
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    if array.dtype != np.uint8:
        array = _deep_array_to_eight_bits(array)
    return _render(Image.fromarray(np.ascontiguousarray(array)), max_pixels)


def _deep_array_to_eight_bits(array: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, C) of any number type -> the same at its work size as uint8, one channel at a time."""
    channels = []
    for index in range(array.shape[2] if array.ndim == 3 else 1):
        channel = array[:, :, index] if array.ndim == 3 else array
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is bounded below
            channel = channel.astype(np.float32)
        channels.append(np.asarray(_shrink(Image.fromarray(channel))))
    values = np.stack(channels, axis=2) if array.ndim == 3 else channels[0]
    return _to_eight_bits(values, integers=array.dtype.kind in "ui")


def _to_eight_bits(values: np.ndarray, *, integers: bool) -> np.ndarray:
    """Scale float32 values of any shape and range to uint8 of the same shape, clipping none.

    Integers are scaled by the smallest depth of 8 bits or more that holds them, floats by 1, 255 or their
    maximum; values that go below zero by their range. NaN becomes the median, which is the ground of nearly
    any picture, infinities the largest or smallest finite value.
    """
    finite = np.isfinite(values)
    if not finite.any():
        raise PictureError(f"This picture holds no finite values; please choose another one ({_ACCEPTED}).")
    values = values.astype(np.float64)
    known = values[finite]
    low, high = float(known.min()), float(known.max())
    if known.size < values.size:
        values = np.nan_to_num(values, nan=float(np.median(known)), posinf=high, neginf=low)
    top: float
    if low < 0:
        values, top = values - low, high - low
    elif integers:
        top = 2 ** max(8, int(high).bit_length()) - 1
    elif high <= 2:  # 0..1, with room for the overshoot of someone's resampling
        top = max(1.0, high)
    elif high <= 512:  # 0..255, likewise
        top = max(255.0, high)
    else:
        top = high
    return np.rint(values * (255 / max(top, float(np.finfo(np.float32).tiny)))).astype(np.uint8)


def _composite(image: Image.Image) -> Image.Image:
    """Lay an "RGBA" image on a plain gray ground and return it as "RGB".

    Ink on nothing gets the ground, white or black, farther from its mean luminance. A mostly opaque picture
    with contrast of its own, such as a screenshot with round corners, gets its own median: the corners
    vanish. A picture without any opacity carries an empty alpha channel by mistake and is shown without it.
    """
    opacity = np.asarray(image.getchannel("A"))
    opaque = image.convert("RGB")
    if opacity.min() == 255 or opacity.max() == 0:
        return opaque
    luma = np.asarray(opaque.convert("L"))
    visible = luma[opacity >= 128]
    if opacity.mean() > 255 * _MOSTLY_OPAQUE and _contrast(np.bincount(visible)) >= _CLEAR_CONTRAST:
        ground = int(np.median(visible))
    else:
        ground = 255 if np.average(luma, weights=opacity) < 128 else 0
    result = Image.new("RGB", image.size, (ground, ground, ground))
    result.paste(opaque, mask=image.getchannel("A"))
    return result


def _contrast(counts: np.ndarray) -> float:
    """How far apart levels are but for the outermost half percent at an end, of (N,) counts of them."""
    return quantile(counts, 0.995) - quantile(counts, 0.005)


def quantile(counts: np.ndarray, share: float) -> float:
    """The level below which a share of all lies, of (N,) counts of levels; between two, linear as NumPy's."""
    place = share * (counts.sum() - 1)
    low, high = np.searchsorted(counts.cumsum(), [np.floor(place), np.ceil(place)], side="right")
    return float(low + (high - low) * (place % 1))


def _principal_axis(colours: np.ndarray) -> np.ndarray:
    """The unit vector (3,) float64 along which `colours` (N, 3) vary most, pointing to the brighter side."""
    centred = colours - colours.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # eigenvalues ascend
    axis = axes[:, 2]
    brightness = float(axis @ (0.299, 0.587, 0.114))
    if abs(brightness) < 0.05:  # equally bright: any fixed rule will do
        brightness = float(axis[np.argmax(np.abs(axis))])
    return axis if brightness > 0 else -axis
