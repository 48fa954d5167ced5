"""The surroundings of a box of text, turned upright, and which of the ink in them is the box's own."""

import math
from functools import cached_property

import cv2
import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import Ink, find_ink, ink_map
from fontid.picture.opening import to_gray

SOLID = 110  # ink_map's value from which a pixel counts as ink
DRIFT = 0.04  # of the height: a box that rises less than this over its width is level
SQUARE = 1.7  # sides less apart than this tell nothing about a tilt
TILT_GAIN = 1.03  # how much better a tilted box must fit its ink than a level one
WIDEST = 20_000  # pixels; OpenCV turns nothing wider than 32767
MOST_PIXELS = 1_000_000  # of a frame; a larger box is scaled down
REACH = 0.45  # of a box's height: how far beyond it its ink is looked for at first
MOST_REACHES = 4
APART = 40  # levels of gray: what differs as much from most of a box is no ground of it
RIM = 2  # pixels: how wide a button's rim is looked for
WHOLE = 0.5, 0.3  # of a rim's top and bottom, and of its ends, which may be round: how much of them is there
STRAIGHT = 0.9  # likewise of the sides of a button without a rim
ROOM = 0.77  # of a rim's height: letters in it are no higher
NEAR = 0.25  # of a box's height: ink this far outside is an accent or a dot of its line


class Frame:
    """A box's pixels, turned so that its text is upright, with margins; nothing beyond the picture.

    They are cut, and their ink is found, when they are first asked for.

    Attributes:
        core: left, top, right, bottom of the box itself, in the frame's pixels.
        width: along the text, in pixels of the picture, margins included.
        goes_on: (4,) bool, whether the picture goes on beyond the frame's left, top, right and bottom.
    """

    def __init__(self, picture: Image.Image, corners: np.ndarray, margins: tuple[float, float, float, float]) -> None:
        """Args: corners: (4, 2), clockwise from the top left of the text; margins: left, top, right, bottom; pixels."""
        self.picture, self.corners, self.margins = picture, corners, margins
        width, height = size_of(corners)
        to_picture = _transform(box_of(0, 0, width, height), corners)
        left, top, right, bottom = margins
        outer = _apply(to_picture, box_of(-left, -top, width + right, height + bottom))
        if _is_level(corners):
            outer = np.rint(np.clip(outer, 0, picture.size))
        self.width, height = size_of(outer)
        shrink = min(1.0, (MOST_PIXELS / max(1.0, self.width * height)) ** 0.5)
        columns, rows = max(1, round(shrink * self.width)), max(1, round(shrink * height))
        self._outer, self._size = outer, (columns, rows)
        self._to_picture = _transform(box_of(0, 0, columns, rows), outer)
        self._from_picture = np.linalg.inv(self._to_picture)
        inner = _apply(self._from_picture, corners)
        self.core = (*_extent(inner)[0], *_extent(inner)[1])
        middles = (outer + np.roll(outer, -1, axis=0)) / 2  # of top, right, bottom, left
        on = ((middles > 1) & (middles < np.array(picture.size) - 1)).all(1)
        self.goes_on = on[[3, 0, 1, 2]]

    @cached_property
    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return (_cut_out if _is_level(self._outer) else _warp)(self.picture, self._outer, self._size)

    @cached_property
    def gray(self) -> np.ndarray:
        """(H, W) uint8."""
        return to_gray(Image.fromarray(self.pixels))

    @cached_property
    def ink(self) -> Ink | None:
        """None where ink cannot be told from ground."""
        return find_ink(self.gray)

    @cached_property
    def solid(self) -> np.ndarray | None:
        """(H, W) bool, where there is ink; None likewise."""
        return None if self.ink is None else self.ink.amount > SOLID

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) x, y in the frame -> (N, 2) in the picture."""
        return _apply(self._to_picture, points)

    def own_ink(self, others: list[np.ndarray], near: float) -> np.ndarray | None:
        """(H, W) bool: ink that belongs to the box; None where there is none.

        Args:
            others: boxes of other lines in pixels of the picture: what lies nearer to their middle is theirs, and of
                those that run across this one whatever lies beside it.
            near: ink this far outside the box is its own, as a fraction of its height.
        """
        if self.solid is None:
            return None
        _, labels, stats, _ = cv2.connectedComponentsWithStats(self.solid.astype(np.uint8), connectivity=8)
        x, y, width, height, area = stats[1:].T.astype(np.float64)  # one entry a piece of ink
        left, top, right, bottom = self.core
        tall = bottom - top
        across = np.clip(np.minimum(x + width, right) - np.maximum(x, left), 0, None) / width
        down = np.clip(np.minimum(y + height, bottom) - np.maximum(y, top), 0, None) / height
        gap_x = np.maximum(left - (x + width), x - right)
        gap_y = np.maximum(top - (y + height), y - bottom)
        own = (across >= 0.5) & (down * height > 0.4 * tall)
        own |= (across >= 0.5) & (gap_y < near * tall) & (height < 0.5 * tall)
        own |= (down >= 0.5) & (gap_x < near * tall)
        own &= area >= max(2, 4e-4 * tall * tall)
        edges = np.stack([x == 0, y == 0, x + width == labels.shape[1], y + height == labels.shape[0]], 1)
        own &= (edges & self.goes_on).sum(1) < 3  # not a panel, nor its rim
        # the ink of touching lines hangs together: of what reaches far out, only the part inside is the box's
        far = own & (height > 1.3 * tall) & (down < 0.75)
        middle = np.stack([x + width / 2, y + height / 2], 1)
        distance = np.abs(middle[:, 1] - (top + bottom) / 2) / tall
        for other in others:
            (low_x, low_y), (high_x, high_y) = _extent(_apply(self._from_picture, other))
            beside = (middle[:, 0] > low_x) & (middle[:, 0] < high_x)
            away = np.abs(middle[:, 1] - (low_y + high_y) / 2) / (high_y - low_y)
            crossing = (across < 0.5) & (high_y - low_y > high_x - low_x)
            own &= ~(beside & (away < 0.5) & ((away < distance) | crossing)) | far
        if not own.any():
            return None
        mine = np.concatenate([[False], own])[labels]
        if far.any():
            cut = np.concatenate([[False], far])[labels]
            cut[max(0, round(top)) : max(0, round(bottom))] = False
            mine &= ~cut
        return mine

    def own_gray(self) -> np.ndarray:
        """`gray`, or that with the ink of others painted over with ground: (H, W) uint8."""
        mine = self.own_ink([], near=0.0)
        if mine is None or self.solid is None or (mine == self.solid).all():
            return self.gray
        foreign = cv2.dilate((self.solid & ~mine).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        foreign &= ~cv2.dilate(mine.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        return np.where(foreign, np.uint8(np.median(self.gray[~self.solid])), self.gray)


def fit_to_ink(picture: Image.Image, corners: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Draw a rough box tightly around the ink of its line, wherever that reaches.

    Args:
        corners: (4, 2) pixels of the picture, clockwise from the top left of the text.
        others: the rough boxes of other lines, whose ink is left to them.
    Returns: (4, 2); `corners` themselves where no ink can be told from the ground.
    """
    corners = _levelled(picture, corners)
    height = size_of(corners)[1]
    reach = max(3.0, REACH * height)
    reaches = np.full(4, reach)
    for _ in range(MOST_REACHES):
        frame = Frame(picture, corners, tuple(reaches))
        mine = frame.own_ink(others, NEAR)
        if mine is None:
            return corners
        columns, rows = np.flatnonzero(mine.any(0)), np.flatnonzero(mine.any(1))
        left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        cut = np.array([left == 0, top == 0, right == mine.shape[1], bottom == mine.shape[0]]) & frame.goes_on
        if not cut.any():
            break
        reaches = reaches + reach * cut
    if not 0.25 * height <= bottom - top <= 2.5 * height:
        return corners
    return frame.to_picture(box_of(left, top, right, bottom))


def inside_rims(picture: Image.Image, corners: np.ndarray) -> np.ndarray:
    """The box around the letters of a button, or of several in a row; `corners` where these are around letters alone.

    Args: corners: (4, 2) pixels of the picture, tightly around letters or what is around those.
    """
    frame = Frame(picture, corners, (REACH * size_of(corners)[1],) * 4)
    left, top, right, bottom = (max(0, round(side)) for side in frame.core)
    core = frame.gray[top:bottom, left:right]
    if not core.size:
        return corners
    apart = np.abs(frame.gray - np.median(core)) > APART
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(apart.astype(np.uint8), connectivity=8)
    low, size = stats[1:, :2], stats[1:, 2:4]
    high = low + size
    is_around = (low == 0).any(1) | (high == apart.shape[::-1]).any(1)  # the page, where the button is filled
    is_filled = (_sides(~apart[top:bottom, left:right]) > STRAIGHT).all()  # letters are, too, but are no rectangle
    rims = [
        piece
        for piece in np.flatnonzero((size > len(core) / 2).all(1) & (is_filled | ~is_around))
        if (_sides(pieces[low[piece][1] : high[piece][1], low[piece][0] : high[piece][0]] == piece + 1) > WHOLE).all()
    ]
    middles = (low + high) / 2
    letters = ((middles > (left, top)) & (middles < (right, bottom))).all(1)
    letters[rims] = False
    if not rims or not letters.any():
        return corners
    low, high, size, rims_low, rims_high = low[letters], high[letters], size[letters], low[rims], high[rims]
    holds = ((rims_low[:, None] < low) & (rims_high[:, None] > high)).all(2)
    lower = size[:, 1] < ROOM * (rims_high - rims_low)[:, [1]]
    if not (holds & lower).any(0).all() or not holds.any(1).all():
        return corners
    return frame.to_picture(box_of(*low.min(0), *high.max(0)))


def _sides(mask: np.ndarray) -> np.ndarray:
    """How much of a mask's sides is True within `RIM` pixels, 0-1: less of top and bottom, and of the ends. (2,)

    Args: mask: (H, W) bool.
    """
    sides = (mask[:RIM], mask[-RIM:]), (mask[:, :RIM].T, mask[:, -RIM:].T)
    return np.array([min(side.any(0).mean() for side in pair) for pair in sides])


def size_of(corners) -> tuple[float, float]:
    """Width along the text and height across it, in pixels."""
    a, b, c, d = np.asarray(corners, np.float64).tolist()
    return (math.dist(a, b) + math.dist(c, d)) / 2, (math.dist(a, d) + math.dist(b, c)) / 2


def box_of(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def _extent(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest x, y of (N, 2) points."""
    return points.min(0), points.max(0)


def _is_level(corners: np.ndarray) -> bool:
    """Whether all sides run along the picture's."""
    return bool((np.abs(np.roll(corners, -1, axis=0) - corners).min(1) < 1e-3).all())


def _levelled(picture: Image.Image, corners: np.ndarray) -> np.ndarray:
    """A box made level, on whole pixels, unless its ink is tilted with it."""
    corners = np.asarray(corners, np.float64)
    sides = np.abs(np.roll(corners, -1, axis=0) - corners)
    width, height = size_of(corners)
    slope = (sides.min(1) / np.maximum(sides.max(1), 1e-6))[[0, 2]].max()
    # the level box of the same size around the same middle
    lying = np.abs(corners[1] - corners[0])
    half = np.array([width, height] if lying[0] >= lying[1] else [height, width]) / 2
    middle = corners.mean(0)
    level = np.clip(np.rint(middle + np.where(corners < middle, -half, half)), 0, picture.size)
    if slope * width <= DRIFT * height or max(width, height) < SQUARE * min(width, height) or width > WIDEST:
        return level
    return corners if _sharpness(picture, corners) > TILT_GAIN * _sharpness(picture, level) else level


def _sharpness(picture: Image.Image, corners: np.ndarray) -> float:
    """How much a box's ink is gathered in few rows along its longer sides; most where those run along the text."""
    frame = Frame(picture, corners, (REACH * min(size_of(corners)),) * 4)  # the ground around tells ink from ground
    if frame.solid is None:
        return 0.0
    left, top, right, bottom = (max(0, round(side)) for side in frame.core)
    rows = frame.solid[top:bottom, left:right].sum(1 if right - left >= bottom - top else 0, dtype=np.float64)
    return float((rows**2).sum() / max(1.0, rows.sum() ** 2))


def _transform(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) projective transform that takes four points to four others."""
    return cv2.getPerspectiveTransform(source.astype(np.float32), np.asarray(target, np.float32))


def _apply(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, 2) -> (N, 2)."""
    return cv2.perspectiveTransform(np.asarray(points, np.float64)[None], transform)[0]


def _cut_out(picture: Image.Image, outer: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of `size` (W, H): a level box of whole pixels, turned so that its first corner is top left."""
    (left, top), (right, bottom) = outer.min(0).astype(int), outer.max(0).astype(int)
    part = picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    reading_x, reading_y = np.sign(outer[1] - outer[0]).astype(int)
    turn = {(0, 1): Image.Transpose.ROTATE_90, (-1, 0): Image.Transpose.ROTATE_180, (0, -1): Image.Transpose.ROTATE_270}
    if (reading_x, reading_y) in turn:
        part = part.transpose(turn[reading_x, reading_y])
    return np.asarray(part if part.size == size else part.resize(size, Image.Resampling.HAMMING))


def _warp(picture: Image.Image, outer: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of `size` (W, H): what a box of any shape holds; the ground's colour beyond the picture."""
    left, top = np.clip(np.floor(outer.min(0)) - 2, 0, np.array(picture.size) - 1).astype(int)
    right, bottom = np.clip(np.ceil(outer.max(0)) + 2, 1, picture.size).astype(int)
    part = picture.crop((left, top, right, bottom))
    reduction = max(1, int(size_of(outer)[1] / size[1]))
    pixels = np.asarray(part.reduce(reduction) if reduction > 1 else part)
    sample = part.resize([min(side, 256) for side in part.size], Image.Resampling.NEAREST)
    ink = ink_map(to_gray(sample))
    ground = np.median(np.asarray(sample)[... if ink is None else ink < SOLID].reshape(-1, 3), axis=0)
    transform = _transform((outer - (left, top)) / reduction, box_of(0, 0, *size))
    # these count from the corners of pixels, OpenCV's from their centres
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return cv2.warpPerspective(
        pixels,
        np.linalg.inv(half) @ transform @ half,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=ground.tolist(),
    )
