"""Where a picture is dropped, and then the picture with the lines found in it; what a click does is in `stage.js`."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageStat

from fontid.picture.opening import PictureError, open_picture
from fontid.text.lines import Line
from web import words
from web.cards import COLOURS

WIDEST = 1000  # pixels of what is shown
ROOM, MOST_ROOM = 0.12, 0.25  # of a line's height, between its ink and its outline
OUTLINE = 0.006  # of the picture's width: half of an outline and its halo, as wide as they are shown
SMALL = 0.03  # of the picture's width: lines that are lower get a thin outline
EXAMPLE_SIZE = 280  # pixels
TURNS = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}  # clockwise
SMALLEST_CROP = 8  # pixels
MOST_PARTS = 20
MOST_STEPS = 30  # done to a picture
MAX_DEGREES = 45.0
ALL_LINES = f"<button type='button' data-act='{{&quot;line&quot;:-1}}'>{words.ALL_FONTS}</button>"
EXAMPLES = {path.stem: path for path in sorted((Path(__file__).parent / "examples").glob("*.webp"))}

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """What is looked at: an uploaded file, and what is done to it in turn.

    Attributes:
        steps: ("turn", quarter turns clockwise), ("straighten", degrees clockwise), or ("crop", parts): (l, t, r, b;
            0-1) of what the steps before show.
    """

    file: str
    steps: tuple[tuple[str, Any], ...] = ()

    @property
    def degrees(self) -> float:
        """By which it was straightened, where that was the last step."""
        return self._last("straighten")

    def turned(self, turns: int) -> "View":
        """By more quarter turns clockwise."""
        return self._then("turn", (self._last("turn") + turns) % 4)

    def straightened(self, degrees: float) -> "View":
        """By these degrees, instead of those of the last step."""
        return self._then("straighten", max(-MAX_DEGREES, min(MAX_DEGREES, degrees)))

    def cropped(self, parts: Sequence[Box]) -> "View":
        """To parts of what is shown now. Raises: PictureError for what is none."""
        try:
            corners = np.array(parts, float).reshape(-1, 2, 2).clip(0, 1)  # (parts, two corners, xy)
            if not 0 < len(corners) <= MOST_PARTS or np.isnan(corners).any():
                raise ValueError("no parts, or too many")
        except (TypeError, ValueError) as error:
            raise PictureError("The part to cut out could not be understood: draw it again.") from error
        parts = tuple(map(tuple, np.sort(corners, axis=1).reshape(-1, 4).tolist()))
        return self._after(self.steps, "crop", parts)

    def whole(self) -> "View":
        return replace(self, steps=tuple(step for step in self.steps if step[0] != "crop"))

    def open(self) -> Image.Image:
        """The RGB picture as it is looked at, blank between several parts. Raises: PictureError."""
        if not Path(self.file).is_file():
            raise PictureError(words.GONE)
        picture = open_picture(self.file)
        for what, how in self.steps:
            picture = {"turn": _turned, "straighten": _straightened, "crop": _cropped}[what](picture, how)
        return picture

    def _last(self, what: str) -> Any:
        """How that was done, where it was the last step; 0 otherwise."""
        return dict(self.steps[-1:]).get(what, 0)

    def _then(self, what: str, how: float) -> "View":
        """With another step, instead of the last one where that is of its kind."""
        return self._after(self.steps[:-1] if self._last(what) else self.steps, what, how)

    def _after(self, steps: tuple, what: str, how: Any) -> "View":
        """With a step after others; none where it changes nothing. Raises: PictureError."""
        if len(steps) >= MOST_STEPS:
            raise PictureError(words.MANY_STEPS)
        return replace(self, steps=(*steps, (what, how)) if how else steps)


def _turned(picture: Image.Image, turns: int) -> Image.Image:
    return picture.transpose(TURNS[turns])


def _straightened(picture: Image.Image, degrees: float) -> Image.Image:
    corner = picture.getpixel((0, 0))
    return picture.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=corner)


def _cropped(picture: Image.Image, parts: tuple[Box, ...]) -> Image.Image:
    boxes = np.rint(np.array(parts) * [*picture.size, *picture.size]).astype(int)  # (parts, 4)
    if (boxes[:, 2:] - boxes[:, :2]).min() < SMALLEST_CROP:
        raise PictureError("The part cut out is too small: draw a larger one around the text.")
    if len(boxes) > 1:
        inside = Image.new("L", picture.size)
        for box in boxes:
            inside.paste(255, tuple(box))
        ground = tuple(ImageStat.Stat(picture, inside).median)  # of text most is its ground
        picture.paste(ground, mask=ImageChops.invert(inside))
    return picture.crop((*boxes[:, :2].min(0), *boxes[:, 2:].max(0)))


def start_html(families: int) -> str:
    """The first screen. Args: families: how many are searched."""
    examples = "".join(_example(stem) for stem in words.EXAMPLES if stem in EXAMPLES)
    return (
        f"<div class='start'><p class='headline' aria-hidden='true'>{words.HEADLINE}</p><label class='drop' for='file'>"
        f"<span class='idle'><strong>{words.DROP}</strong><span class='how'>{words.DROP_HOW}</span>"
        f"<span class='choose'>Choose an image</span><small>{words.FORMATS}</small></span>"
        f"<span class='wait' role='status'><img alt='' hidden><span>{words.READING}</span></span></label>"
        "<input type='file' id='file' accept='image/*,application/pdf' aria-label='Choose an image'>"
        "<label class='camera' for='photo'>Take a photo</label>"
        "<input type='file' id='photo' accept='image/*' capture='environment' aria-label='Take a photo'>"
        "<form class='address'><input type='text' inputmode='url' placeholder='Or the address of an image: https://'"
        " aria-label='Address of an image'><button>Go</button></form>"
        f"<div class='examples'>{examples}</div>"
        f"<p class='note'>{words.PRIVACY} {words.COVERS.format(count=families)}</p></div>"
    )


def _example(stem: str) -> str:
    source = data_address(open_picture(EXAMPLES[stem]), EXAMPLE_SIZE, "WEBP", 55)
    return (
        f"<button type='button' data-example='{stem}' aria-label='Example: {words.EXAMPLES[stem]}'>"
        f"<img alt='' src='{source}'><span>{words.EXAMPLE_FONTS[stem]}</span></button>"
    )


def data_address(picture: Image.Image, size: int, kind: str, quality: int) -> str:
    """The picture inside an address. Args: size: pixels at most of its longer side."""
    shown = picture.copy()
    shown.thumbnail((size, size))
    file = io.BytesIO()
    shown.save(file, kind, quality=quality)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def stage_html(
    picture: Image.Image,
    lines: Sequence[Line] = (),
    picked: int | None = None,
    numbers: Sequence[int] = (),
    step: str = words.COMPARING,
    degrees: float = 0.0,
    undoable: bool = False,
) -> str:
    """The picture, its lines as buttons over it, and its tools.

    Args:
        numbers: of the lines' fonts, from 0, where known.
        step: what is done while the page is busy with these lines.
        degrees: by which the picture is straightened.
        undoable: whether there is something to undo.
    """
    width, height = picture.size
    boxes, tags, tagged = "", "", set()
    for index, (line, number) in enumerate(zip(lines, numbers or [0] * len(lines), strict=True)):
        boxes += _box(line, index, number, index == picked, width)
        if numbers and number not in tagged:
            x, y = line.corners[0]
            tags += (
                f"<span class='number' data-colour='{number % COLOURS}' aria-hidden='true' "
                f"style='left:{100 * x / width:.2f}%;top:{100 * y / height:.2f}%'>{number + 1}</span>"
            )
            tagged.add(number)
    return (
        f"{_tools(picked is not None, degrees, undoable)}"
        "<div class='view'>"
        f"<img src='{data_address(picture, WIDEST, 'JPEG', 82)}' alt='Your image'>"
        f"<svg viewBox='0 0 {width} {height}' preserveAspectRatio='none' role='group' aria-label='Lines of text'>"
        f"{boxes}</svg>{tags}<span class='wait' role='status' data-first='{words.WORKING}'>{step}</span>"
        "<svg class='shade' aria-hidden='true'><mask id='shaded'></mask>"
        "<rect width='100%' height='100%' mask='url(#shaded)'></rect></svg>"
        f"<div class='part' hidden tabindex='0' role='application' aria-label='{words.PART}'>"
        "<i data-side='0 1'></i><i data-side='2 1'></i><i data-side='0 3'></i><i data-side='2 3'></i></div></div>"
        f"{'' if picked is None else _reading(lines[picked])}"
        + (f"<p class='note'>{words.LINE_HINT}</p>" if len(lines) > 1 else "")
    )


def _tools(picked: bool, degrees: float, undoable: bool) -> str:
    """What may be done to the picture, and in its place the controls of what is being done."""
    undo = f"<button type='button' data-act='{{&quot;undo&quot;:true}}'{'' if undoable else ' disabled'}>Undo</button>"
    return (
        "<div class='tools' role='toolbar' aria-label='Image'>"
        f"<button type='button' data-another>New image</button>{ALL_LINES if picked else ''}"
        "<details class='menu'><summary>Edit</summary><div>"
        "<button type='button' data-act='{&quot;turn&quot;:-1}'>Rotate left</button>"
        "<button type='button' data-act='{&quot;turn&quot;:1}'>Rotate right</button>"
        f"{_tool('straighten', 'Straighten')}{_tool('crop', 'Crop')}"
        f"<button type='button' data-act='{{&quot;whole&quot;:true}}'>Whole image</button>{undo}"
        "<button type='button' data-options aria-expanded='false'>Filters and own fonts</button></div></details>"
        f"<span class='doing' data-for='crop' hidden>{_tool('apply', 'Crop')}{_tool('add', 'Add a part')}"
        f"{_tool('remove', 'Remove part')}{_tool('cancel', 'Cancel')}<span class='note'>{words.CROP_HINT}</span></span>"
        f"<span class='doing' data-for='straighten' hidden>{_tool('apply', 'Apply')}{_tool('cancel', 'Cancel')}"
        f"<input type='range' class='degrees' aria-label='Degrees clockwise' min='{-MAX_DEGREES:g}' "
        f"max='{MAX_DEGREES:g}' step='0.5' value='{degrees:g}'><output></output></span></div>"
    )


def _tool(name: str, label: str) -> str:
    """Args: name: of those in `stage.js`."""
    return f"<button type='button' data-do='{name}'>{label}</button>"


def _reading(line: Line) -> str:
    return (
        f"<form id='reading'><label>{words.CORRECT}<input name='text' maxlength='200' autocomplete='off' "
        f"value='{html.escape(line.text, quote=True)}'></label></form>"
    )


def _box(line: Line, index: int, number: int, picked: bool, width: int) -> str:
    """Args: width: of the picture, in pixels."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _outline(line, OUTLINE * width))
    small = " class='small'" if line.height < SMALL * width else ""  # a thick outline would hide its neighbours
    label = html.escape(f"Line {index + 1}: {line.text or 'not read'}", quote=True)
    return (
        f"<g{small} data-line='{index}' data-group='{number}' data-colour='{number % COLOURS}' "
        f"tabindex='0' role='button' aria-pressed='{str(picked).lower()}' aria-label='{label}'><title>{label}</title>"
        f"<polygon class='halo' points='{points}'></polygon><polygon points='{points}'></polygon></g>"
    )


def _outline(line: Line, outline: float) -> np.ndarray:
    """Corners (4, 2) a little outside of the line's, so that an outline hides no ink, nor the next line."""
    corners = np.array(line.corners)
    along, across = (side / np.linalg.norm(side) for side in (corners[1] - corners[0], corners[3] - corners[0]))
    room = np.clip(outline, ROOM * line.height, MOST_ROOM * line.height)
    return corners + room * np.stack([-along - across, along - across, along + across, across - along])
