"""Test data made once a session from the fonts in tests/fonts.zip: faces, twins, the tiny data set."""

import copy
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
from filelock import FileLock
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from jsonschema import Draft202012Validator
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "model"
UNPACKED = tempfile.TemporaryDirectory(prefix="fontid-tests-")  # until the process ends
FONTS = Path(UNPACKED.name) / "fonts"
shutil.unpack_archive(ROOT / "tests" / "fonts.zip", FONTS)


def font_file(family: str, style: str = "400-normal") -> Path:
    return FONTS / family / f"{family}-latin-{style}.woff2"


def draw(text: str, family: str, pixels: int = 48, ink=0, ground=255, style: str = "400-normal") -> Image.Image:
    """A picture with one line of text, drawn by FreeType."""
    return draw_with(ImageFont.truetype(str(font_file(family, style)), pixels), text, ink, ground)


def draw_with(font: ImageFont.FreeTypeFont, text: str, ink=0, ground=255) -> Image.Image:
    left, top, right, bottom = font.getbbox(text)
    pixels = font.size
    mode = "L" if isinstance(ink, int) else "RGB"
    picture = Image.new(mode, (right - left + pixels, bottom - top + pixels), ground)
    ImageDraw.Draw(picture).text((pixels // 2 - left, pixels // 2 - top), text, ink, font=font)
    return picture


def sheet(*boxes: tuple[int, int, int, int], size=(400, 300), ink: int = 0) -> Image.Image:
    """Rectangles on white, each (left, top, right, bottom) with the ends outside."""
    picture = Image.new("RGB", size, "white")
    for left, top, right, bottom in boxes:
        ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), (ink,) * 3)
    return picture


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def built_font(glyphs: dict, letters: dict[int, str], name: str = "Shapes", metrics=(500, 0)) -> FontBuilder:
    """A font of outlines by glyph, TrueType's or charstrings.

    Args: letters: glyph by character code; metrics: of every glyph, its advance and left side bearing.
    """
    glyphs = {".notdef": TTGlyphPen(None).glyph()} | glyphs
    postscript = isinstance(glyphs[".notdef"], T2CharString)
    builder = FontBuilder(1000, isTTF=not postscript)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(letters)
    if postscript:
        builder.setupCFF(name, {}, glyphs, {})
    else:
        builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, metrics))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    return builder


def square_font(letters: str, name: str, square=(0, 0, 500, 500), advance: int = 600) -> FontBuilder:
    """A font whose every letter, the glyph u97 for "a", is a square of these sides: left, bottom, right, top."""
    left, bottom, right, top = square
    pen = TTGlyphPen(None)
    pen.moveTo((left, bottom))
    for point in ((left, top), (right, top), (right, bottom)):
        pen.lineTo(point)
    pen.closePath()
    glyph_of = {ord(letter): f"u{ord(letter)}" for letter in letters}
    outline = pen.glyph()
    glyphs = {glyph: copy.deepcopy(outline) for glyph in (".notdef", *glyph_of.values())}
    return built_font(glyphs, glyph_of, name, (advance, left))


def run_command(*command, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run a command to its end, output captured; `environment` is added to that of the tests."""
    variables = os.environ | {"HF_HUB_OFFLINE": "1"} | environment
    given = {"cwd": cwd, "env": variables, "stdin": subprocess.DEVNULL, "timeout": 900}
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **given)


def run_module(*arguments, data_home: Path | None = None) -> subprocess.CompletedProcess:
    """`python -m ARGUMENTS` at the root of the checkout, output captured."""
    return run_command(sys.executable, "-m", *arguments, **({"FONTID_DATA": str(data_home)} if data_home else {}))


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something to come true, and fail where it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.02)


def answer_validator() -> Draft202012Validator:
    """Of what programs get for a picture."""
    return Draft202012Validator(json.loads((ROOT / "docs" / "answer.schema.json").read_text()))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass
class App:
    """A running app.py. `log` is its stderr; pictures go through `uploads`."""

    address: str
    process: subprocess.Popen
    log: Path
    uploads: Path

    def lines(self) -> list[dict]:
        """Its log, every line of which is JSON."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def health(self) -> dict:
        return httpx.get(f"{self.address}/healthz", timeout=10).json()

    def stop(self) -> int:
        """Returns: what it exits with."""
        self.process.terminate()
        return self.process.wait(30)

    def __enter__(self) -> "App":
        return self

    def __exit__(self, *_) -> None:
        assert self.stop() == 0


def start_app(
    folder: Path, before: str = "", command: Sequence[str] = (), checkout: Path = ROOT, **environment: str
) -> App:
    """Start app.py and wait until it is ready. `folder` holds its log and, unless told otherwise, its uploads.

    Args:
        before: Python to run first, such as to lower a limit.
        command: to start it by, instead of Python alone.
        checkout: where app.py lies.
    """
    environment = {"GRADIO_SERVER_PORT": str(free_port()), "GRADIO_TEMP_DIR": str(folder / "uploads")} | environment
    folder.mkdir(exist_ok=True, parents=True)
    process = subprocess.Popen(
        [*command, sys.executable, "-c", f"{before}\nimport app; app.main()"],
        cwd=checkout,
        env=os.environ | {"HF_HUB_OFFLINE": "1"} | environment,
        stdout=open(folder / "out.txt", "w"),
        stderr=open(folder / "log.txt", "w"),
    )
    address = f"http://127.0.0.1:{environment['GRADIO_SERVER_PORT']}"
    app = App(address, process, folder / "log.txt", Path(environment["GRADIO_TEMP_DIR"]))
    end = time.monotonic() + 120
    while True:
        assert process.poll() is None and time.monotonic() < end, app.log.read_text()
        try:
            if app.health()["status"] == "ok":
                return app
        except httpx.TransportError:
            pass
        time.sleep(0.1)


@pytest.fixture(scope="session")
def identifier():
    from fontid.identifier import FontIdentifier

    return FontIdentifier.from_pretrained(MODEL)


@pytest.fixture(name="copy")
def copy_of_the_model(tmp_path) -> Path:
    """The shipped model in a folder of its own, which may be changed."""
    return shutil.copytree(MODEL, tmp_path / "model")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A FONTID_DATA with faces, twins and the tiny data set of the test fonts. Each process that tests has a copy."""
    home, shared = tmp_path_factory.mktemp("fontid-data"), tmp_path_factory.getbasetemp().parent / "fontid-data"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return prepare(home)
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            prepare(shared.with_name("made")).rename(shared)
    return shutil.copytree(shared, home, dirs_exist_ok=True)


def prepare(home: Path) -> Path:
    for command in (
        ("data_scripts.make_faces", "--fonts", FONTS, "--out", home),
        ("data_scripts.find_twins", "--fonts", FONTS, "--out", home),
        ("data_scripts.render_dataset", "--preset", "tiny", "--fonts", FONTS),
        ("data_scripts.make_letterforms", "--fonts", FONTS),
    ):
        done = run_module(*command, data_home=home)
        assert done.returncode == 0, done.stderr[-2000:]
    return home


@pytest.fixture(scope="session")
def faces(prepared):
    """Of the test fonts."""
    from fontid.catalogue.faces import read_faces

    return read_faces(prepared / "faces.jsonl")


@pytest.fixture(scope="session")
def open_face(prepared):
    """A face of the test fonts -> the font opened at it."""
    from data_scripts.renderers import OpenFace, unpack

    return lambda face: OpenFace(unpack(FONTS / face.file, prepared / "ttf"))


@pytest.fixture(scope="session")
def reader():
    from fontid.text.reader import TextReader

    return TextReader()


@pytest.fixture
def chromium():
    """Skips where there is none."""
    from data_scripts.chromium import ChromiumMissing, find_chromium

    try:
        return find_chromium()
    except ChromiumMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
