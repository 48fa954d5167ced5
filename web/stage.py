"""Where a picture is dropped, and then the picture with the lines found in it; what a click does is in `stage.js`."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageStat

from fontid.picture.opening import PictureError, open_picture
from fontid.text.lines import Line
from web import words
from web.cards import COLOURS, data_address

WIDEST, MOST_SHOWN = 1000, 1_500_000  # of what is shown: pixels in a row, and in all
TALL = 1.5  # heights a width: such a picture is as wide as its place, and scrolls there
ROOM = 0.1  # of a line's height, between its ink and its outline, which lies outside of that
SMALL = 0.03  # of the picture's width: lines that are lower get a thin outline
BADGE, LEAST_BADGE = 0.055, 24  # a number's size: of the picture's width, and in pixels
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
    turned = picture.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=corner)
    return open_picture(turned)  # of no more pixels than are looked at: lines are told in those


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
    source = data_address(open_picture(EXAMPLES[stem]), EXAMPLE_SIZE, "WEBP", quality=55)
    return (
        f"<button type='button' data-example='{stem}' aria-label='Example: {words.EXAMPLES[stem]}'>"
        f"<img alt='' src='{source}'><span>{words.EXAMPLE_FONTS[stem]}</span></button>"
    )


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
    outlines = [_outline(line) for line in lines]
    groups = numbers or [0] * len(lines)
    boxes = "".join(
        _box(line, outline, index, groups[index], index == picked, picture.size)
        for index, (line, outline) in enumerate(zip(lines, outlines, strict=True))
    )
    longest = max(1, height / width) * min(WIDEST, (MOST_SHOWN * width / height) ** 0.5)
    source = data_address(picture, round(longest), "JPEG", quality=82)
    letters = _clip("letters", [line.corners for line in lines], picture.size)
    return (
        f"{_tools(picked is not None, degrees, undoable)}"
        f"<div class='place'><div class='view{' tall' if height > TALL * width else ''}'>"
        f"<img src='{source}' alt='Your image'>"
        f"<svg viewBox='0 0 {width} {height}' preserveAspectRatio='none' role='group' aria-label='Lines of text'>"
        f"{letters}{boxes}</svg>{_badges(outlines, numbers, picture.size)}"
        f"<span class='wait' role='status' data-first='{words.WORKING}'>{step}</span>"
        "<svg class='shade' aria-hidden='true'><mask id='shaded'></mask>"
        "<rect width='100%' height='100%' mask='url(#shaded)'></rect></svg>"
        f"<div class='part' hidden tabindex='0' role='application' aria-label='{words.PART}'>"
        "<i data-side='0 1'></i><i data-side='2 1'></i><i data-side='0 3'></i><i data-side='2 3'></i></div></div></div>"
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
        f"value='{html.escape(line.text)}'></label></form>"
    )


def _badges(outlines: Sequence[np.ndarray], numbers: Sequence[int], size: tuple[int, int]) -> str:
    """The number of each font beside its first line, where it hides the least of what else is there."""
    edge = max(BADGE * size[0], LEAST_BADGE)
    taken = [np.r_[outline.min(0), outline.max(0)] for outline in outlines]
    badges = ""
    for number in dict.fromkeys(numbers):
        left, top, right, bottom = taken[list(numbers).index(number)]
        rows = (top + bottom - edge) / 2, top - edge, bottom
        corners = np.array([(x, y) for x in (left - edge, left, right) for y in rows if x != left or y != rows[0]])
        lower, upper = np.array(taken)[:, :2], np.array(taken)[:, 2:]
        over = np.minimum(corners[:, None] + edge, upper) - np.maximum(corners[:, None], lower)  # (places, boxes, xy)
        beyond = np.maximum(-corners, corners + edge - size).clip(edge / 3).sum(1) * edge  # a third of it may stand out
        corner = corners[(over.clip(0).prod(2).sum(1) + beyond).argmin()]
        x, y = 100 * (corner + edge / 2) / size
        taken.append(np.r_[corner, corner + edge])
        badges += (
            f"<span class='number' data-colour='{number % COLOURS}' aria-hidden='true' "
            f"style='left:{x:.2f}%;top:{y:.2f}%'>{number + 1}</span>"
        )
    return badges


def _box(line: Line, outline: np.ndarray, index: int, number: int, picked: bool, size: tuple[int, int]) -> str:
    """A line as a button. No line's letters are hidden by its outline, however small the picture is shown."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in outline)
    small = " class='small'" if line.height < SMALL * size[0] else ""  # a thick outline would hide its neighbours
    label = html.escape(f"Line {index + 1}: {line.text or 'not read'}")
    return (
        f"<g{small} data-line='{index}' data-group='{number}' data-colour='{number % COLOURS}' "
        f"tabindex='0' role='button' aria-pressed='{str(picked).lower()}' aria-label='{label}'><title>{label}</title>"
        f"<polygon points='{points}'/>{_clip(f'around{index}', [outline], size)}"
        f"<g clip-path='url(#letters)'><g clip-path='url(#around{index})'>"
        f"<polygon class='halo' points='{points}'/><polygon class='outline' points='{points}'/></g></g></g>"
    )


def _clip(name: str, shapes: Iterable, size: tuple[int, int]) -> str:
    """What lies outside of all of these. Args: shapes: four (x, y) each. size: of the picture."""
    far = 2 * max(size)
    holes = "".join(f"M{' '.join(f'{x:.1f},{y:.1f}' for x, y in shape)}Z" for shape in shapes)
    return f"<clipPath id='{name}'><path clip-rule='evenodd' d='M{-far} {-far}H{far}V{far}H{-far}Z{holes}'/></clipPath>"


def _outline(line: Line) -> np.ndarray:
    """Corners (4, 2) a little outside of the line's."""
    corners = np.array(line.corners)
    along, across = (side / np.linalg.norm(side) for side in (corners[1] - corners[0], corners[3] - corners[0]))
    return corners + ROOM * line.height * np.stack([-along - across, along - across, along + across, across - along])
