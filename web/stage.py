"""The picture with the lines found in it, as HTML; what a click does is in `stage.js`."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from fontid.picture.opening import PictureError, open_picture
from fontid.text.lines import Line

WIDEST = 1000  # pixels of what is shown
TURNS = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)  # clockwise
SMALLEST_CROP = 8  # pixels
GONE = "Your picture is no longer here: pictures are deleted after a few minutes. Please drop it in once more."


@dataclass(frozen=True)
class View:
    """What is looked at: an uploaded file, quarter turns clockwise, and a part (left, top, right, bottom; 0-1)."""

    file: str
    turns: int = 0
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def turned(self, turns: int) -> "View":
        """By more quarter turns clockwise; the part turns with it."""
        left, top, right, bottom = self.crop
        for _ in range(turns % 4):
            left, top, right, bottom = 1 - bottom, left, 1 - top, right
        return replace(self, turns=(self.turns + turns) % 4, crop=(left, top, right, bottom))

    def cropped(self, part: Sequence[float]) -> "View":
        """To a part of what is looked at now. Raises: PictureError for what is no part."""
        try:
            x0, y0, x1, y1 = (min(1.0, max(0.0, float(value))) for value in part)
        except (TypeError, ValueError) as error:
            raise PictureError("The part to cut out could not be understood: draw it again.") from error
        left, top, right, bottom = self.crop
        width, height = right - left, bottom - top
        x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        return replace(self, crop=(left + x0 * width, top + y0 * height, left + x1 * width, top + y1 * height))

    def whole(self) -> "View":
        return replace(self, crop=(0.0, 0.0, 1.0, 1.0))

    def open(self) -> Image.Image:
        """The RGB picture as it is looked at. Raises: PictureError."""
        if not Path(self.file).is_file():
            raise PictureError(GONE)
        picture = open_picture(self.file)
        turn = TURNS[self.turns]
        if turn is not None:
            picture = picture.transpose(turn)
        left, top, right, bottom = self.crop
        box = [round(left * picture.width), round(top * picture.height)]
        box += [round(right * picture.width), round(bottom * picture.height)]
        if box == [0, 0, *picture.size]:
            return picture
        if min(box[2] - box[0], box[3] - box[1]) < SMALLEST_CROP:
            raise PictureError("The part cut out is too small: draw a larger one around the text.")
        return picture.crop(box)


def stage_html(picture: Image.Image | None, lines: Sequence[Line] = (), picked: int | None = None) -> str:
    """The picture, its lines as buttons over it, and its tools; nothing without a picture."""
    if picture is None:
        return ""
    shown = picture.copy()
    shown.thumbnail((WIDEST, WIDEST))
    file = io.BytesIO()
    shown.save(file, "JPEG", quality=82)
    source = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
    polygons = "".join(_polygon(line, number, number == picked) for number, line in enumerate(lines))
    width, height = picture.size
    return (
        "<div class='tools' role='toolbar' aria-label='Picture'>"
        "<button type='button' data-turn='-1'>Rotate left</button>"
        "<button type='button' data-turn='1'>Rotate right</button>"
        "<button type='button' data-crop aria-pressed='false'>Crop</button>"
        "<button type='button' data-whole>Whole picture</button>"
        "<button type='button' data-another>Another picture</button></div>"
        f"<div class='view'><img src='{source}' alt='Your picture'>"
        f"<svg viewBox='0 0 {width} {height}' preserveAspectRatio='none' role='group' aria-label='Lines of text'>"
        f"{polygons}</svg><div class='part' hidden tabindex='0' role='application' "
        "aria-label='Part to cut out: arrow keys move it, with shift they change its size, enter cuts'></div></div>"
        "<p class='note'>Click a line to look at it alone; click it again for all of them.</p>"
    )


def _polygon(line: Line, number: int, picked: bool) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.corners)
    label = html.escape(f"Line {number + 1}: {line.text or 'not read'}", quote=True)
    return (
        f"<polygon points='{points}' data-line='{number}' tabindex='0' role='button' "
        f"aria-pressed='{str(picked).lower()}' aria-label='{label}'><title>{label}</title></polygon>"
    )
