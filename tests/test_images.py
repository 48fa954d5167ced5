"""Every way a picture can arrive, compared with the one layout it should show."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, TiffImagePlugin

from fontid.picture import documents
from fontid.picture.noise import noise_of, without_noise
from fontid.picture.opening import MAX_PIXELS, PICTURE_SUFFIXES, WORK_PIXELS, PictureError, open_picture, to_gray
from tests.conftest import ROOT, draw, encode, run_command
from tests.hostile import png

INK, GRAY, GROUND = 20, 110, 240
RED, GREEN = (200, 0, 0), (0, 102, 0)  # luma 60 both
ORIENTATION = 0x0112


def layout() -> np.ndarray:
    """(64, 96) uint8: a dark L at the left and a gray square, unlike all of its rotations and mirrors."""
    gray = np.full((64, 96), GROUND, dtype=np.uint8)
    gray[8:56, 8:20] = INK
    gray[44:56, 8:64] = INK
    gray[8:20, 72:88] = GRAY
    return gray


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(layout()).convert(mode)


def enlarged(array: np.ndarray) -> np.ndarray:
    """(64, 96) or (64, 96, C) to 18 megapixels, enough to be reduced in strips and then scaled."""
    return array.repeat(54, axis=0).repeat(54, axis=1)


def assert_shows(source, expected: np.ndarray | None = None, *, tolerance: float = 2.0) -> None:
    """The mean difference (0..255) from `expected` is small; an inverted or turned layout's is over 30."""
    expected = layout() if expected is None else expected
    opened = open_picture(source)
    assert opened.mode == "RGB"
    shown = to_gray(opened)
    assert shown.dtype == np.uint8
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(float) - expected).mean() <= tolerance


def refusal(source, **options) -> str:
    """The message of the `PictureError`, checked to be one sentence without jargon."""
    with pytest.raises(PictureError) as caught:
        open_picture(source, **options)
    message = str(caught.value)
    assert message.endswith(".") and "please " in message and "\n" not in message
    assert not any(word in message for word in ("Error", "PIL", "decoder", "0x", "<_io"))
    return message


@pytest.fixture(scope="module", autouse=True)
def heif_can_be_written():
    pillow_heif.register_heif_opener()


def test_the_layout_is_unmistakable():
    gray = layout().astype(float)
    changed = [gray[::-1], gray[:, ::-1], gray[::-1, ::-1], 255 - gray, np.full_like(gray, GROUND)]
    changed += [np.kron(gray, np.ones((3, 3)))[:64, :96]]
    assert min(np.abs(gray - other).mean() for other in changed) > 30


def test_heif_is_registered_at_first_use():
    """In a fresh interpreter, where this file has not registered it."""
    code = (
        "import sys; from PIL import Image; import fontid.picture.opening as images; assert 'HEIF' not in Image.OPEN;"
        "images.open_picture(sys.stdin.buffer.read()); assert 'HEIF' in Image.OPEN;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], input=encode(picture(), "HEIF"), check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("suffix", "kind", "options", "tolerance"),
    [
        (".png", "PNG", {}, 0),
        (".jpg", "JPEG", {"quality": 92}, 2),
        (".jpeg", "JPEG", {"quality": 92, "progressive": True}, 2),
        (".webp", "WEBP", {"lossless": True}, 0),
        (".webp", "WEBP", {"quality": 90}, 3),
        (".avif", "AVIF", {"quality": 90}, 3),
        (".heic", "HEIF", {"quality": 90}, 3),
        (".gif", "GIF", {}, 0),
        (".bmp", "BMP", {}, 0),
        (".tif", "TIFF", {}, 0),
        (".tiff", "TIFF", {"compression": "tiff_lzw"}, 0),
    ],
)
def test_formats(tmp_path, suffix, kind, options, tolerance):
    path = tmp_path / f"picture{suffix}"
    picture().save(path, kind, **options)
    assert suffix in PICTURE_SUFFIXES
    assert_shows(path, tolerance=tolerance)


def test_sources_of_every_type(tmp_path):
    data = encode(picture(), "PNG")
    path = tmp_path / "picture without a suffix"
    path.write_bytes(data)
    read_to_the_end = io.BytesIO(data)
    read_to_the_end.read()
    for source in (path, str(path), data, bytearray(data), memoryview(data), read_to_the_end):
        assert_shows(source, tolerance=0)
    for source in (picture(), layout()):
        assert_shows(source, tolerance=0)
    with path.open("rb") as file:
        assert_shows(file, tolerance=0)
        assert not file.closed
    for other in (None, 3, [1, 2]):
        with pytest.raises(TypeError):
            open_picture(other)


def test_a_stream_that_cannot_seek():
    reader, writer = os.pipe()
    with open(reader, "rb") as stream:
        with open(writer, "wb") as file:
            file.write(encode(picture(), "PNG"))
        assert not stream.seekable()
        assert_shows(stream, tolerance=0)


def test_the_pillow_image_given_is_not_changed():
    image = picture()
    image.info["note"] = "kept"
    opened = open_picture(image)
    opened.paste((0, 0, 0), (0, 0, 96, 64))
    assert image.info == {"note": "kept"}
    assert np.array_equal(np.asarray(image.convert("L")), layout())


@pytest.mark.parametrize("modes", ["L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LA La", "RGBA RGBa", "P PA"])
def test_pillow_modes(modes):
    """The last of them, by way of the first."""
    image = picture("L")
    for mode in modes.split():
        image = image.convert(mode)
    assert_shows(image)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_one_bit(kind):
    expected = np.where(layout() > 128, 255, 0).astype(np.uint8)
    assert_shows(encode(Image.fromarray(expected).convert("1"), kind), expected, tolerance=0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(kind, orientation):
    """The pixels are stored turned or mirrored so that the EXIF tag makes them right again."""
    gray = layout()
    stored = {
        1: gray,
        2: gray[:, ::-1],
        3: gray[::-1, ::-1],
        4: gray[::-1],
        5: gray.T,
        6: np.rot90(gray),  # to be shown turned clockwise
        7: gray[::-1, ::-1].T,
        8: np.rot90(gray, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored)).convert("RGB")
    if kind == "HEIF":
        image.info["exif"] = exif.tobytes()  # only from here does pillow_heif make its own rotation of it
        data = encode(image, kind)
    else:
        data = encode(image, kind, exif=exif)
    assert_shows(data, tolerance=3)
    opened = open_picture(data)  # without an orientation, or the next reader would turn it again
    assert opened.getexif().get(ORIENTATION, 1) == 1 and not opened.info


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
def test_broken_exif_spoils_nothing():
    assert_shows(encode(picture(), "JPEG", quality=92, exif=b"Exif\0\0MM\0*\0\0\xff\xffgarbage"))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    others = [Image.new("RGB", (96, 64), colour) for colour in ("black", "white")]
    data = encode(picture(), kind, save_all=True, append_images=others, **options)
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 3
    assert_shows(data, tolerance=0)


def test_the_frame_of_a_gif_with_most_edges():
    """A title that fades in, so to speak: its frame is neither the first nor the last."""
    empty = Image.new("RGB", (96, 64), "white")
    assert_shows(
        encode(empty, "GIF", save_all=True, append_images=[picture(), Image.new("RGB", (96, 64))]), tolerance=0
    )


def test_cmyk():
    for kind in ("JPEG", "TIFF"):
        assert_shows(encode(picture("CMYK"), kind), tolerance=3)


def test_cmyk_jpeg_without_adobe_marker_is_not_inverted():
    gray = layout()
    inks = np.stack([255 - gray, 255 - gray, 255 - gray, np.zeros_like(gray)], axis=2)
    # Pillow stores 255 - ink and marks the file as Adobe's; stored plainly and unmarked it must look equal.
    data = encode(Image.fromarray(255 - inks, mode="CMYK"), "JPEG", quality=92)
    start = data.index(b"\xff\xee\x00\x0eAdobe")
    assert_shows(data[:start] + data[start + 16 :], tolerance=3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("factor", [257, 16])
def test_sixteen_bits_are_scaled_and_not_clipped(kind, factor):
    """By the full range, or by the 12 bits which a scanner used of it."""
    assert_shows(encode(Image.fromarray(layout().astype(np.uint16) * factor), kind))


def test_deep_tiffs():
    gray = layout().astype(np.float32)
    assert_shows(encode(Image.fromarray(gray / 255), "TIFF"))
    assert_shows(encode(Image.fromarray(gray), "TIFF"))
    assert_shows(encode(Image.fromarray(layout().astype(np.int32) * 257), "TIFF"))
    stretched = (gray - INK) * (255 / (GROUND - INK))
    assert_shows(encode(Image.fromarray(gray * 1000 - 100_000), "TIFF"), stretched)
    assert_shows(encode(Image.fromarray(gray * 1000), "TIFF"), gray * (255 / GROUND))


def test_pillow_keeps_long_tags_for_everybody_else():
    """The bound on tags holds for what is opened here, before, meanwhile and after for no other picture."""
    layers = TiffImagePlugin.ImageFileDirectory_v2()
    layers[37724] = bytes(5_000_000)
    layers.tagtype[37724] = 7
    data = encode(picture(), "TIFF", tiffinfo=layers)
    directory = TiffImagePlugin.ImageFileDirectory_v2
    before = Image.open(io.BytesIO(data))
    assert_shows(data)
    assert_shows(before)
    for image in (before, Image.open(io.BytesIO(data))):
        assert len(image.tag_v2[37724]) == len(image.getexif()[37724]) == 5_000_000
    assert TiffImagePlugin.ImageFileDirectory_v2 is directory


def test_tiff_that_counts_from_white():
    for values in ((255 - layout()).astype(np.uint16) * 257, 1 - layout().astype(np.float32) / 255):
        data = encode(Image.fromarray(values), "TIFF")
        tag = struct.pack("<HHIH", 262, 3, 1, 1)
        assert data.count(tag) == 1
        assert_shows(data.replace(tag, struct.pack("<HHIH", 262, 3, 1, 0)))


def test_not_a_number():
    values = layout().astype(np.float32) / 255
    values[0:3, 30:60] = np.nan
    values[4, 30:60] = np.inf
    values[9:12, 9:12] = -np.inf
    for source in (values, np.dstack([values, values, values]), encode(Image.fromarray(values), "TIFF")):
        assert_shows(source, tolerance=1)
    refusal(np.full((8, 8), np.nan))


def test_not_a_number_in_a_big_array():
    values = enlarged(layout().astype(np.float32) / 255)
    expected = to_gray(open_picture(values))
    values[:50, :900] = np.nan
    assert_shows(values, expected, tolerance=1)


@pytest.mark.parametrize(
    "convert",
    [
        lambda gray: gray,
        lambda gray: gray[:, :, None],
        lambda gray: gray.astype(np.uint16) * 257,
        lambda gray: gray.astype(np.int64),
        lambda gray: gray / 255,
        lambda gray: (gray / 255).astype(np.float16),
        lambda gray: gray.astype(np.float64),
        lambda gray: np.dstack([gray] * 3),
        lambda gray: np.dstack([gray] * 3 + [np.full_like(gray, 255)]),
        lambda gray: np.dstack([gray] * 3).astype(np.uint16) * 257,
        lambda gray: np.dstack([gray] * 3 + [np.full_like(gray, 255)]) / 255,
        lambda gray: np.flip(np.ascontiguousarray(np.flip(gray))),
    ],
)
def test_arrays(convert):
    assert_shows(convert(layout()))


def test_arrays_refused_and_bool():
    assert_shows(layout() > 128, np.where(layout() > 128, 255, 0), tolerance=0)
    refusal(np.array(7))
    for shape in ((0, 5), (7,), (2, 2, 2), (2, 2, 3, 1)):
        refusal(np.zeros(shape))
    for kind in (complex, str):
        refusal(np.zeros((4, 4), dtype=kind))


def test_colours_keep_their_order():
    red = np.zeros((4, 4, 3), dtype=np.uint8)
    red[:, :, 0] = 255
    for source in (red, red / 255.0, *(encode(Image.fromarray(red), kind) for kind in ("PNG", "TIFF"))):
        assert open_picture(source).getpixel((1, 1)) == (255, 0, 0)


def ink_on_nothing(ink: int) -> Image.Image:
    """The L alone, in the luminance `ink`, all around it transparent; the hidden colour is a trap."""
    opacity = np.where(layout() == INK, 255, 0).astype(np.uint8)
    colour = np.where(opacity == 255, ink, 128).astype(np.uint8)
    return Image.fromarray(np.dstack([colour, colour, colour, opacity]), mode="RGBA")


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (60, 255), (255, 0), (200, 0)])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF", "HEIF", "LA", "array"])
def test_transparency(kind, ink, ground):
    image = ink_on_nothing(ink)
    expected = np.where(layout() == INK, ink, ground)
    if kind == "LA":
        source = encode(image.convert("LA"), "PNG")
    elif kind == "array":
        source = np.asarray(image).astype(np.float64) / 255
    else:
        source = encode(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert_shows(source, expected, tolerance=3)


def test_big_transparency():
    """Averaging must not bring the hidden colour to light at the edges of the ink."""
    opened = open_picture(enlarged(np.asarray(ink_on_nothing(0))))
    expected = Image.fromarray(enlarged(np.where(layout() == INK, 0, 255).astype(np.uint8)))
    expected = np.asarray(expected.resize(opened.size, Image.Resampling.BOX), float)
    assert np.abs(to_gray(opened) - expected).mean() < 0.2


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_transparent_palette_and_colour_key(ink, ground):
    expected = np.where(layout() == INK, ink, ground)
    indices = Image.fromarray((layout() == INK).astype(np.uint8), mode="P")
    indices.putpalette([128, 128, 128, ink, ink, ink])
    for kind in ("PNG", "GIF"):
        assert_shows(encode(indices, kind, transparency=0), expected, tolerance=0)
    assert_shows(encode(indices, "PNG", transparency=b"\x00\xff"), expected, tolerance=0)
    key = Image.fromarray(np.where(layout() == INK, ink, 128).astype(np.uint8))
    assert_shows(encode(key, "PNG", transparency=128), expected, tolerance=0)
    assert_shows(encode(key.convert("RGB"), "PNG", transparency=(128, 128, 128)), expected, tolerance=0)


def test_opaque_alpha_changes_nothing():
    assert_shows(encode(picture("P"), "PNG"), tolerance=1)
    assert_shows(encode(picture("RGBA"), "PNG"), tolerance=0)
    assert_shows(encode(Image.fromarray(255 - layout()).convert("RGBA"), "PNG"), 255 - layout(), tolerance=0)


def test_alpha_empty_by_mistake_is_ignored():
    image = picture("RGBA")
    image.putalpha(0)
    assert_shows(encode(image, "PNG"), tolerance=0)


@pytest.mark.parametrize("negative", [False, True])
def test_round_corners_vanish_in_the_ground(negative):
    """A light screenshot must not get black corners, which would look like ink, nor a dark one white ones."""
    gray = 255 - layout() if negative else layout()
    opacity = np.full_like(gray, 255)
    opacity[:4, :4] = opacity[-4:, -4:] = opacity[:4, -4:] = opacity[-4:, :4] = 0
    image = Image.fromarray(np.dstack([gray, gray, gray, opacity]))
    hidden = np.where(opacity == 0, np.median(gray), gray)
    opened = np.asarray(open_picture(encode(image, "PNG")).convert("L"))
    assert np.abs(opened.astype(float) - hidden).max() <= 1


def test_letters_cut_out_of_a_plate_stay_readable():
    for plate, ground in ((30, 255), (230, 0)):
        opacity = np.full((64, 96), 255, dtype=np.uint8)
        opacity[30:34, 20:60] = 0
        colour = np.full_like(opacity, plate)
        image = Image.fromarray(np.dstack([colour, colour, colour, opacity]))
        assert_shows(encode(image, "PNG"), np.where(opacity == 0, ground, plate), tolerance=0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning", "ignore:Truncated File:UserWarning")
def test_truncated_files_are_refused(kind):
    noise = np.random.default_rng(7).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), kind)
    open_picture(data)
    for share in (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97):
        refusal(data[: int(len(data) * share)])
    for length in range(0, 64, 7):
        refusal(data[:length])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_files_end_in_a_picture_or_a_picture_error(kind):
    random = np.random.default_rng(8)
    data = np.frombuffer(encode(picture(), kind), dtype=np.uint8)
    for _ in range(30):
        damaged = data.copy()
        where = random.integers(0, min(data.size, 400), 6)
        damaged[where] = random.integers(0, 256, 6)
        with contextlib.suppress(PictureError):
            open_picture(damaged.tobytes(), max_pixels=1_000_000)


def test_files_that_are_no_pictures(tmp_path):
    assert "empty" in refusal(b"")
    assert "document" in refusal(b"%PDF-1.7\n%\xe2\xe3")
    assert "document" in refusal(b'<?xml version="1.0"?><SVG xmlns="http://www.w3.org/2000/svg"/>')
    for data in (b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", bytes(5000), b"PK\x03\x04" + bytes(40)):
        message = refusal(data)
        assert all(name in message for name in ("PNG", "JPEG", "WebP", "AVIF", "HEIC", "GIF", "BMP", "TIFF"))
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    assert "not a picture" in refusal(text)
    assert "no file 'missing.png'" in refusal(tmp_path / "missing.png")
    assert "folder" in refusal(tmp_path)


@pytest.mark.parametrize("kind", ["EPS", "PPM", "ICO", "TGA", "PCX"])
def test_other_formats_of_pillow_stay_closed(kind):
    assert "not a picture that can be read here" in refusal(encode(picture(), kind))


@pytest.mark.filterwarnings("error")  # that of Pillow is no crash
@pytest.mark.parametrize("side", [60000, 10000, 7300])
def test_bombs_are_refused_by_their_header(side):
    limit = Image.MAX_IMAGE_PIXELS
    started = time.process_time()
    assert "more than 52 million pixels" in refusal(png(struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)))
    assert time.process_time() - started < 0.5
    assert limit == Image.MAX_IMAGE_PIXELS


def test_limit_holds_for_the_size_a_jpeg_declares():
    """And not for the smaller one at which it would be decoded."""
    data = encode(Image.new("L", (4096, 4096)), "JPEG")
    assert "more than 9 million pixels" in refusal(data, max_pixels=9_000_000)


def test_scales_of_pictures_made_smaller_twice_are_multiplied():
    once = open_picture(Image.new("L", (8192, 4096), 77))
    assert once.info["scale"] == pytest.approx(8192 / once.width)
    assert open_picture(once).info["scale"] == pytest.approx(8192 / once.width)
    large = once.resize((8192, 4096))
    for before, times in ((3.0, 3), ("3.0", 1), (3, 1)):  # a text, or a whole number, comes from a file
        large.info["scale"] = before
        assert open_picture(large).info["scale"] == pytest.approx(times * 8192 / once.width)


def test_pictures_that_take_twice_their_memory_may_be_half_as_large():
    """Progressive JPEGs of four inks, and formats that are decoded whole."""
    picture = Image.new("CMYK", (100, 100))
    for data in (encode(picture, "JPEG", progressive=True), encode(picture.convert("RGB"), "WEBP")):
        assert open_picture(data, max_pixels=20_000).size == (100, 100)
        assert "more than 9999 pixels" in refusal(data, max_pixels=19_999)


@pytest.mark.parametrize("head", [b"RIFF\0\0\0\0WEBP", b"\0\0\0\0ftyp", b"\x89PNG", b"GIF8", b"\xff\xd8\xff"])
def test_what_begins_like_a_picture_is_called_damaged(head):
    assert "damaged" in refusal(head + bytes(100))
    assert "not a picture" in refusal(b"x" + head + bytes(100))


def test_limit_is_inclusive():
    for source in (encode(picture(), "PNG"), picture(), layout()):
        open_picture(source, max_pixels=96 * 64)
        assert "more than 6143 pixels" in refusal(source, max_pixels=96 * 64 - 1)


def test_one_pixel_and_thin_pictures():
    for kind in ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"):
        opened = open_picture(encode(Image.new("RGB", (1, 1), (90, 90, 90)), kind))
        assert opened.size == (1, 1) and abs(int(to_gray(opened)[0, 0]) - 90) <= 3
    assert to_gray(open_picture(np.zeros((1, 1)))).tolist() == [[0]]
    for size in ((1, 9_000_000), (9_000_000, 1), (3, 4_000_000)):
        opened = open_picture(Image.new("L", size, 77))
        assert min(opened.size) >= 1 and opened.width * opened.height <= WORK_PIXELS
        assert (opened.width > opened.height) == (size[0] > size[1])
        assert opened.getextrema() == ((77, 77),) * 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16", "F"])
def test_big_pictures_keep_their_layout(mode):
    """Seams or shifts of the strips would show."""
    gray = enlarged(layout())
    if mode == "1":
        gray = np.where(gray > 128, 255, 0).astype(np.uint8)
    image = Image.fromarray(gray.astype(np.uint16) * 257 if mode == "I;16" else gray).convert(mode)
    opened = open_picture(image)
    assert 0.99 * WORK_PIXELS < opened.width * opened.height <= WORK_PIXELS
    expected = np.asarray(Image.fromarray(gray).resize(opened.size, Image.Resampling.BOX))
    assert_shows(image, expected, tolerance=0.5)


def test_big_jpeg():
    image = Image.fromarray(layout()).resize((6144, 4096), Image.Resampling.NEAREST)
    data = encode(image, "JPEG")
    opened = open_picture(data)
    assert 0.99 * WORK_PIXELS < opened.width * opened.height <= WORK_PIXELS
    assert_shows(data, np.asarray(image.resize(opened.size)), tolerance=1)


def test_fine_stripes_become_an_even_gray():
    """Pixels left out instead of averaged would make a coarse pattern of them."""
    stripes = np.zeros((3000, 2400), dtype=np.uint8)
    stripes[:, ::2] = 255
    assert to_gray(open_picture(stripes)).std() < 90  # 127 where they are left out


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from Linux")
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_fifty_megapixels_in_modest_memory(tmp_path, kind):
    """A transparent palette converted, or a JPEG decoded, at full size would take 200 MB more."""
    path = tmp_path / "big"
    image = Image.new("P", (8192, 6400), 0)
    assert image.width * image.height == MAX_PIXELS
    image.putpalette([255, 255, 255, 10, 10, 10])
    image.paste(1, (1000, 1000, 3000, 6000))
    if kind == "PNG":
        image.save(path, kind, compress_level=1, transparency=0)
    else:
        image.convert("RGB").save(path, kind)
    code = (
        "import sys; from fontid.picture.opening import WORK_PIXELS, open_picture, to_gray;"
        "gray = to_gray(open_picture(sys.argv[1])); assert 0.99 * WORK_PIXELS < gray.size <= WORK_PIXELS;"
        "assert abs(int(gray[800, 500]) - 10) < 3 and gray[0, 0] > 252;"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    assert int(run_command(sys.executable, "-c", code, path).stdout) < 220_000  # kilobytes


def in_two_colours(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> Image.Image:
    return Image.fromarray(np.where((layout() == INK)[:, :, None], ink, ground).astype(np.uint8))


@pytest.mark.parametrize(
    ("ink", "ground"),
    [(RED, GREEN), (GREEN, RED), ((255, 255, 0), (255, 255, 255)), ((0, 0, 255), (0, 49, 0))],
)
def test_colours_of_one_luma_are_told_apart(ink, ground):
    image = in_two_colours(ink, ground)
    luma = np.asarray(image.convert("L"))
    is_ink = layout() == INK
    assert abs(float(luma[is_ink].mean()) - luma[~is_ink].mean()) < 32  # the case is a hard one
    gray = to_gray(image).astype(float)
    assert abs(gray[is_ink].mean() - gray[~is_ink].mean()) > 150
    assert max(gray[is_ink].std(), gray[~is_ink].std()) < 1


def test_yellow_on_white_stays_the_darker_one():
    gray = to_gray(in_two_colours((255, 255, 0), (255, 255, 255)))
    assert gray[50, 10] < gray[0, 0]


@pytest.mark.parametrize(
    ("ink", "ground"),
    [((0, 0, 0), (255, 255, 255)), ((200, 30, 30), (250, 240, 230)), ((215,) * 3, (255,) * 3)],
)
def test_ordinary_colours_are_plain_luma(ink, ground):
    image = in_two_colours(ink, ground)
    assert np.array_equal(to_gray(image), np.asarray(image.convert("L")))


def test_gray_is_deterministic_and_writable():
    image = in_two_colours(RED, GREEN)
    gray = to_gray(image)
    assert np.array_equal(gray, to_gray(image)) and gray.flags.writeable


def test_noise_is_measured_and_smoothed(rng):
    """Letters alone are no noise; of a noisy picture of them less than half of it is left, and the letters stand."""
    clean = draw("Signal Window", "merriweather", 48, (90, 20, 30), (230, 220, 180))
    assert noise_of(np.asarray(clean)) < 1 and without_noise(clean) is clean
    noisy = np.clip(np.asarray(clean) + rng.normal(0, 25.5, (clean.height, clean.width, 3)), 0, 255).astype(np.uint8)
    assert noise_of(noisy) == pytest.approx(25.5 * (0.299**2 + 0.587**2 + 0.114**2) ** 0.5, rel=0.15)
    smooth = np.asarray(without_noise(Image.fromarray(noisy)), np.float64)
    before, after = (np.abs(pixels - np.asarray(clean, np.float64)).mean() for pixels in (noisy, smooth))
    assert after < before / 2
    marked = Image.fromarray(noisy)
    marked.info["scale"] = 2.0
    assert without_noise(marked).info == {"scale": 2.0}


def test_a_picture_of_two_pixels_has_no_noise():
    assert without_noise(Image.new("RGB", (2, 1))).size == (2, 1)


# --- PDF and SVG: what is drawn, and the fonts that they name


def pdf(*pages: str) -> bytes:
    """A PDF in Helvetica and Times, a text a page; without a table of places, which readers make up for."""
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(pages)))
    parts = [
        "1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj",
        f"2 0 obj <</Type /Pages /Kids [{kids}] /Count {len(pages)}>> endobj",
        "3 0 obj <</Type /Font /Subtype /Type1 /BaseFont /ABCDEF+Helvetica-Bold>> endobj",
        "4 0 obj <</Type /Font /Subtype /Type1 /BaseFont /Times-Roman>> endobj",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 40 Tf 20 60 Td ({text}) Tj ET BT /F2 12 Tf 20 20 Td (small) Tj ET"
        page, content = 10 + 2 * number, 11 + 2 * number
        parts += [
            f"{page} 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 400 120] /Contents {content} 0 R"
            " /Resources <</Font <</F1 3 0 R /F2 4 0 R>>>>>> endobj",
            f"{content} 0 obj <</Length {len(stream)}>> stream\n{stream}\nendstream endobj",
        ]
    return ("%PDF-1.4\n" + "\n".join(parts) + "\ntrailer <</Root 1 0 R>>\n%%EOF").encode()


def svg(inside: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 100">{inside}</svg>'.encode()


def ink(picture) -> float:
    return float((np.asarray(picture.convert("L")) < 128).mean())


def test_a_page_of_a_pdf_is_drawn_and_its_fonts_are_named():
    data = pdf("Hamburgefonstiv", "Ha")
    first, second = open_picture(data), open_picture(data, page=2)
    assert first.size == (800, 240) and 0.02 < ink(first) < 0.3 and ink(second) < 0.5 * ink(first)
    assert first.info["fonts"] == ("Helvetica-Bold", "Times-Roman")
    assert "no page 3: its last one is 2" in refusal(data, page=3)


def test_a_page_of_a_tiff_is_taken_and_other_pictures_have_none():
    pages = [Image.new("RGB", (40, 30), colour) for colour in ("white", "red")]
    scan = encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert [open_picture(scan, page=n).getpixel((5, 5)) for n in (1, 2)] == [(255,) * 3, (255, 0, 0)]
    assert "no page 3: its last one is 2" in refusal(scan, page=3)
    for data in (encode(pages[0], "PNG"), svg("<rect width='400' height='100'/>")):
        assert "leave the page out" in refusal(data, page=2)


def test_fonts_named_by_a_document_stay_with_its_picture_and_one_without_a_name_is_none():
    picture = open_picture(pdf("Hamburgefonstiv", "Ha").replace(b"/Times-Roman", b"/"))
    assert picture.info["fonts"] == ("Helvetica-Bold",)
    assert open_picture(picture).info == {"fonts": ("Helvetica-Bold",)}
    picture.info["fonts"] = "a text of a PNG"
    assert open_picture(picture).info == {}


def test_of_a_large_page_so_much_is_drawn_as_is_looked_at():
    wide = pdf("Hamburgefonstiv").replace(b"[0 0 400 120]", b"[0 0 4000 1200]")
    assert open_picture(wide).size == pytest.approx((3739, 1121), abs=2)  # 4 * 2**20 pixels


def test_fonts_are_named_by_how_many_letters_they_set():
    first, second = open_picture(pdf("Ha")), open_picture(pdf("Hambur"))
    assert first.info["fonts"] == ("Times-Roman", "Helvetica-Bold")  # "small" has five
    assert second.info["fonts"] == ("Helvetica-Bold", "Times-Roman")


def test_a_document_may_have_a_few_megabytes(monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_FILE", 3_000_000)
    data = pdf("Ha")
    assert open_picture(data + bytes(3_000_000 - len(data))).width == 800
    assert "larger than 3 MB; please save its page" in refusal(data + bytes(3_000_001 - len(data)))


def test_outlines_of_an_svg_are_drawn_and_its_fonts_are_named():
    text = "<text font-family='Lora, serif'>a</text><style>b { font-family: \"Open Sans\", Arial }</style>"
    picture = open_picture(svg(f"<rect width='200' height='100'/>{text}"))
    assert picture.width == 1600 and ink(picture) == pytest.approx(0.5, abs=0.01)
    assert picture.info["fonts"] == ("Lora", "Open Sans")


def test_of_an_svg_with_nothing_but_text_in_fonts_the_sheet_is_white():
    assert open_picture(svg("<text font-family='Lora'>a</text>")).getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("unit", ["mm", "pt", "in"])
def test_an_svg_may_have_a_size_on_paper(unit):
    size = f"<svg width='400{unit}' height='100{unit}'".encode()
    data = svg("<rect width='200' height='100'/>").replace(b"<svg", size)
    assert open_picture(data).size == (1600, pytest.approx(400, abs=4))


@pytest.mark.parametrize("link", ["<image href='/etc/passwd'/>", "<style>@import url(other.css)</style>"])
def test_an_svg_reads_no_other_files(link):
    assert "everything inside" in refusal(svg(link))


def test_broken_documents_are_refused():
    for data in (pdf("a")[:40], svg("")[:-6], b"%PDF-1.7", b"<svg"):
        assert "document cannot be drawn" in refusal(data)


def test_without_the_readers_of_an_extra_a_sentence_names_it(tmp_path):
    """As `pip install fontid` leaves it: other files, also those that Pillow would try after HEIC, are read."""
    missing = tmp_path / "missing"
    missing.mkdir()
    for name in ("pillow_heif", "pypdfium2", "resvg_py", "huggingface_hub"):
        (missing / f"{name}.py").write_text("raise ImportError")
    pillow_heif.from_pillow(picture()).save(tmp_path / "a.heic")
    picture().save(tmp_path / "b.tiff")
    picture().save(tmp_path / "c.pdf")
    (tmp_path / "d.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    program = """
import sys
from fontid.artifact import ArtifactError
from fontid.hub import fetch
from fontid.picture.opening import PictureError, open_picture
for file in sys.argv[1:]:
    try:
        print(open_picture(file).size)
    except PictureError as error:
        print(error)
try:
    fetch("owner/name@main")
except ArtifactError as error:
    print(error)
"""
    files = sorted(path for path in tmp_path.iterdir() if path.is_file())
    done = run_command(sys.executable, "-c", program, *files, PYTHONPATH=os.pathsep.join((str(missing), str(ROOT))))
    heic, tiff, pdf, svg, hub = done.stdout.splitlines()
    assert tiff == "(96, 64)" and "fontid[hub]" in hub
    for said, kind in ((heic, "HEIC"), (pdf, "PDF"), (svg, "SVG")):
        assert said.startswith(f"{kind} files need") and "fontid[formats]" in said
