"""Lines along a circle or a wave: where they run, found by their ink, and what they look like unbent."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import ink_map
from fontid.picture.opening import to_gray

SOLID = 110  # ink_map's value from which a pixel counts as ink
BENT = 0.2  # of its thickness: a band of text that leaves the straight by more is looked at
DEGREE = 7  # of the polynomial along which a wave is followed
MOST_BOXES = 8  # looked at one by one: bent lines are few
MOST_POINTS = 1500  # of ink that a curve is fitted to
TRIALS = 300  # circles through three of them
STEPS = 10  # of Gauss and Newton
HOLLOW = 5  # times its ink: what encloses as much is a ring or a frame, no letter
LEAST_INK = 60  # pixels
LEAST_BEND = 0.3  # of a line's height: how far its middle leaves the straight
LEAST_LENGTH = 2.5  # heights
LEAST_GAIN = 1.2  # how much better rows fit the ink along the curve than straight on
LEAST_SHARE = 0.65  # of the ink looked at that lies along the curve
ROUNDER = 0.75  # a circle is taken where rows fit at least as well, for one of a polynomial's: it bends less freely
MOST_OFF = 3.2  # median distances from a line's middle: ink farther off is not its own
GAP = 2.0  # heights: ink beyond it is of another line
AROUND = 0.8  # of a line's height, kept around it
MOST_AREA = 4_000_000  # pixels of what a line looks like unbent: what would be more follows no text
LONGEST = 16_000  # pixels likewise; OpenCV takes no more than 32,767
LETTER = 2.0  # heights: what is no wider is turned as a whole, since letters themselves are not bent

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Course:
    """Where a bent line runs.

    Attributes:
        middle: (N, 2) x, y along the line's middle, a pixel of the picture apart, with room at both ends.
        down: (N, 2) unit vectors across it.
        height: pixels of the picture.
        corners: (4, 2) of the line in what `unbend` gives, clockwise from the top left of the text as it is read.
    """

    middle: np.ndarray
    down: np.ndarray
    height: float
    corners: np.ndarray

    @classmethod
    def along(cls, middle: np.ndarray, down: np.ndarray, height: float) -> "Course":
        """The corners are those of a line read in the direction of `middle`."""
        room = round(AROUND * height)
        left, top, right, bottom = room, room, len(middle) - room, room + round(height)
        return cls(middle, down, height, np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float))

    def unbend(self, picture: Image.Image) -> Image.Image:
        """The line with its surroundings as a straight RGB picture. Args: picture: in which it was found."""
        room = round(AROUND * self.height)
        rows = np.arange(round(self.height) + 2 * room) + 0.5 - room - self.height / 2
        places = self.middle + rows[:, None, None] * self.down
        strip = _sample(picture, places)
        ink = ink_map(to_gray(strip))
        if ink is None:
            return strip
        inked = np.any(ink[room : len(ink) - room] > SOLID, 0)
        letters = np.flatnonzero(np.diff(np.r_[0, inked, 0])).reshape(-1, 2)
        parted = np.r_[0, (letters[1:, 0] + letters[:-1, 1]) // 2, len(inked)]
        for (first, last), start, end in zip(letters, parted, parted[1:], strict=False):
            if last - first <= LETTER * self.height:
                centre = (first + last) // 2
                columns = np.arange(max(start, first - room), min(end, last + room))
                down = self.down[centre]
                along = (columns - centre)[:, None] * [down[1], -down[0]]
                places[:, columns] = self.middle[centre] + along + rows[:, None, None] * down
        return _sample(picture, places)

    def box(self) -> tuple[tuple[float, float], ...]:
        """The corners of the level box around the line, in pixels of the picture, clockwise from the top left."""
        room = round(AROUND * self.height)
        middle, half = self.middle[room:-room], self.height / 2 * self.down[room:-room]
        edges = np.concatenate([middle - half, middle + half])
        (left, top), (right, bottom) = edges.min(0).tolist(), edges.max(0).tolist()
        return (left, top), (right, top), (right, bottom), (left, bottom)

    def holds(self, points: np.ndarray) -> np.ndarray:
        """Which of (N, 2) points of the picture, 0 or more, lie on the line: (N,) bool."""
        columns, rows = np.floor(points).astype(int).T
        band = np.zeros((rows.max(initial=0) + 1, columns.max(initial=0) + 1), np.uint8)
        cv2.polylines(band, [np.rint(self.middle).astype(np.int32)], False, 1, max(1, round(1.4 * self.height)))
        return band[rows, columns].astype(bool)


def is_bent(points: np.ndarray) -> bool:
    """Whether a band leaves the straight. Args: points: (N, 2) x, y that it covers."""
    line, curve = (_Polynomial.through(points, degree) for degree in (1, 4))
    off = curve.across(points)
    return np.ptp(line.across(points) - off) > BENT * np.sqrt(12) * off.std()


def find_bent(
    picture: Image.Image, boxes: list[np.ndarray], read: Callable[[Course], T | None]
) -> tuple[list[T], list[np.ndarray]]:
    """What `read` makes of the bent lines among boxes of text; and the boxes that hold none.

    Args: boxes: (4, 2) each in pixels of the picture; read: gives None for a course along which there is no text.
    """
    ink = ink_map(to_gray(picture))
    if ink is None:
        return [], boxes
    points = _letters(ink > SOLID)
    lines = []
    for seeds in [boxes, *([box] for box in boxes[:MOST_BOXES])]:
        inside = [_inside(points, box) for box in seeds]
        course = _follow(points, np.any(inside, axis=0)) if seeds else None
        line = None if course is None else read(course)
        if course is not None and line is not None:
            lines.append(line)
            on = course.holds(points)
            boxes = [box for box in boxes if 2 * (on & _inside(points, box)).sum() <= _inside(points, box).sum()]
            points = points[~on]
    return lines, boxes


def _sample(picture: Image.Image, places: np.ndarray) -> Image.Image:
    """The picture at (H, W, 2) x, y; the ground's colour beyond it."""
    pixels = np.asarray(picture)
    ground = np.median(pixels[[0, -1]].reshape(-1, 3), axis=0).tolist()
    x, y = (places.transpose(2, 0, 1) - 0.5).astype(np.float32)
    return Image.fromarray(cv2.remap(pixels, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=ground))


def _letters(solid: np.ndarray) -> np.ndarray:
    """(N, 2) x, y of the ink in (H, W) bool that may be letters': not of rings and frames."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    contours, levels = cv2.findContours(solid.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    letters = np.zeros(len(stats), bool)
    for contour, (*_, parent) in zip(contours, levels[0] if contours else (), strict=True):
        if parent < 0:
            label = labels[contour[0, 0, 1], contour[0, 0, 0]]
            letters[label] = 4 <= cv2.contourArea(contour) < HOLLOW * stats[label, cv2.CC_STAT_AREA]
    return np.argwhere(letters[labels])[:, ::-1] + 0.5


def _inside(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Which of (N, 2) points lie in a box or close to it: (N,) bool."""
    sides = np.stack([box[1] - box[0], box[3] - box[0]], 1)
    place = (points - box[0]) @ (sides / np.maximum(1e-6, (sides**2).sum(0)))
    return ((place > -0.1) & (place < 1.1)).all(1)


def _follow(points: np.ndarray, inside: np.ndarray) -> Course | None:
    """The bent line that most of the ink `inside`, (N,) bool, belongs to, wherever it reaches among (N, 2) points."""
    if inside.sum() < LEAST_INK:
        return None
    rng = np.random.default_rng(0)
    seen = rng.permutation(points[inside])[:MOST_POINTS]
    circle, wave = _Circle.through(seen, rng).sharpened(seen), _Polynomial.through(seen, DEGREE).sharpened(seen)
    curve = wave if ROUNDER * wave.sharpness(seen) > circle.sharpness(seen) else circle
    if curve.sharpness(seen) < LEAST_GAIN * _Polynomial.through(seen, 1).sharpness(seen):
        return None
    off = curve.across(seen)
    off = np.abs(off - np.median(off))
    near = seen[off < MOST_OFF * np.median(off)]
    if len(near) < LEAST_SHARE * len(seen):
        return None
    course = curve.course(points, near)
    if course is None or len(course.middle) < LEAST_LENGTH * course.height or _bend(course) < LEAST_BEND:
        return None
    if len(course.middle) > LONGEST or len(course.middle) * course.height * (1 + 2 * AROUND) > MOST_AREA:
        return None
    return course


def _bend(course: Course) -> float:
    """How far the middle leaves the straight, in heights."""
    middle = course.middle - course.middle.mean(0)
    return float(np.ptp(middle @ np.linalg.svd(middle, full_matrices=False)[2][1]) / course.height)


class _Curve:
    """What a line may run along.

    Attributes:
        values: (V,) what it is described by.
        step: by how much these are changed at first.
    """

    values: np.ndarray
    step: float

    def rows_of(self, points: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """What tells, of any values, how far (N, 2) points are off a curve with these: as `across` does."""
        raise NotImplementedError

    def across(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) points -> (N,) how far they are off, in pixels, but for a constant."""
        return self.rows_of(points)(self.values)

    def course(self, points: np.ndarray, near: np.ndarray) -> Course | None:
        """The line along it that has the ink `near`, (M, 2), and as much of (N, 2) points as goes on from there."""
        raise NotImplementedError

    def sharpness(self, points: np.ndarray) -> float:
        """How much (N, 2) points of ink are gathered in few rows along the curve; most where it follows the text."""
        return _sharpness(self.across(points))

    def sharpened(self, points: np.ndarray) -> "_Curve":
        """The curve, its values changed one by one as long as rows fit better."""
        best, rows = copy.copy(self), self.rows_of(points)
        sharp = _sharpness(rows(best.values))
        for step in (self.step, self.step / 2, self.step / 4):
            changes = [sign * step * row for row in np.eye(len(self.values)) for sign in (1, -1)]
            for change in 3 * changes:
                while (sharper := _sharpness(rows(best.values + change))) > sharp:
                    best.values, sharp = best.values + change, sharper
        return best


def _sharpness(off: np.ndarray) -> float:
    """How much (N,) distances are gathered in few rows."""
    counts = np.convolve(np.bincount((off - off.min()).astype(int)), [0.25, 0.5, 0.25])
    return float((counts**2).sum() / counts.sum() ** 2)


class _Circle(_Curve):
    """Its values are the centre's x and y."""

    def __init__(self, centre: np.ndarray, step: float) -> None:
        self.values, self.step = centre, step

    @classmethod
    def through(cls, points: np.ndarray, rng: np.random.Generator) -> "_Circle":
        """The circle with the least median distance from (N, 2) points (Rousseeuw 1984), fitted to those near it."""
        few = points[: MOST_POINTS // 3]
        a, b, c = few[rng.integers(len(few), size=(3, TRIALS))]
        sides = np.stack([b - a, c - a], 1)  # (T, 2, 2)
        possible = np.abs(np.linalg.det(sides)) > 1e-3
        a, sides = a[possible], sides[possible]
        centres = a + np.linalg.solve(sides, (sides**2).sum(2)[..., None] / 2)[..., 0]
        away = np.linalg.norm(few - centres[:, None], axis=2)
        off = np.median(np.abs(away - np.median(away, 1)[:, None]), 1)
        centre, spread = centres[off.argmin()], off.min()
        for _ in range(STEPS):
            out = few - centre
            away = np.linalg.norm(out, axis=1)
            radius = np.median(away)
            near = np.abs(away - radius) < MOST_OFF * spread
            slopes = np.c_[-out[near] / away[near, None], np.ones(near.sum())]
            centre = centre - np.linalg.lstsq(slopes, away[near] - radius, rcond=None)[0][:2]
        return cls(centre, max(0.5, spread / 2))

    def rows_of(self, points: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return lambda values: np.hypot(*(points - values).T)

    def course(self, points: np.ndarray, near: np.ndarray) -> Course | None:
        low, high = np.percentile(self.across(near), [1, 99])
        height, radius = high - low, (low + high) / 2
        if low < height / 4:
            return None
        angles = np.sort(self._angles(points[np.abs(self.across(points) - radius) < 0.6 * height]))
        gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
        ends = np.flatnonzero(gaps > min(gaps.max(), GAP * height / radius + 1e-9) - 1e-9)
        starts = np.roll(ends + 1, 1) % len(angles)
        lengths = (angles[ends] - angles[starts]) % (2 * np.pi)
        held = ((self._angles(near)[:, None] - angles[starts]) % (2 * np.pi) <= lengths).sum(0)
        start, length = angles[starts[held.argmax()]], lengths[held.argmax()]
        room = AROUND * height / radius
        turn = np.arange(start - room, start + length + room, 1 / radius)
        out = np.stack([np.cos(turn), np.sin(turn)], 1)
        middle = self.values + radius * out
        if length < np.pi and middle[-1, 0] < middle[0, 0]:  # hangs like a smile
            return Course.along(middle[::-1], out[::-1], float(height))
        return Course.along(middle, -out, float(height))

    def _angles(self, points: np.ndarray) -> np.ndarray:
        return np.arctan2(*(points - self.values).T[::-1])


class _Polynomial(_Curve):
    """Its values are the coefficients of Legendre's polynomials over the points' longest axis."""

    def __init__(self, origin: np.ndarray, axes: np.ndarray, ends: tuple[float, float]) -> None:
        self._origin, self._axes, self._ends = origin, axes, ends

    @classmethod
    def through(cls, points: np.ndarray, degree: int) -> "_Polynomial":
        """Fitted to (N, 2) points, those far off counting less."""
        origin = points.mean(0)
        right = np.linalg.svd(points - origin, full_matrices=False)[2][0]
        right = right if right[0] >= 0 else -right
        axes = np.stack([right, [-right[1], right[0]]])
        x, y = axes @ (points - origin).T
        curve = cls(origin, axes, (x.min(), max(x.max(), x.min() + 1)))
        basis = np.polynomial.legendre.legvander(curve._within(x), degree)
        weights = np.ones(len(x))
        for _ in range(STEPS // 2):
            weighted = basis.T * weights
            curve.values = np.linalg.lstsq(weighted @ basis, weighted @ y, rcond=None)[0]
            off = np.abs(y - basis @ curve.values)
            weights = 1 / (1 + (off / max(1e-6, 2.5 * np.median(off))) ** 4)
        curve.step = max(0.5, float(np.median(off)) / 3)
        return curve

    def rows_of(self, points: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        x, y = self._axes @ (points - self._origin).T
        rises, slopes = self._basis(x)
        return lambda values: (y - rises @ values) / np.hypot(1, slopes @ values)

    def course(self, points: np.ndarray, near: np.ndarray) -> Course | None:
        low, high = np.percentile(self.across(near), [1, 99])
        along = self._axes[0] @ (near - self._origin).T
        room = AROUND * (high - low)
        x = np.arange(along.min() - room, along.max() + room, 0.5)
        length = np.cumsum(np.hypot(0.5, 0.5 * self._at(x)[1]))
        if length[-1] > LONGEST:
            return None
        x = np.interp(np.arange(0, length[-1]), length, x)
        rise, slope = self._at(x)
        down = np.stack([-slope, np.ones_like(slope)], 1) / np.hypot(1, slope)[:, None]
        middle = np.stack([x, rise], 1) + (low + high) / 2 * down
        return Course.along(middle @ self._axes + self._origin, down @ self._axes, float(high - low))

    def _within(self, x: np.ndarray) -> np.ndarray:
        """Along the axis -> -1 to 1 between the ends."""
        low, high = self._ends
        return 2 * (x - low) / (high - low) - 1

    def _basis(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each value adds across the axis at (N,) places along it, and to the slope there: (N, V) both.

        Beyond the ends it goes straight on.
        """
        inside = np.clip(x, *self._ends)
        within, degree = self._within(inside), len(self.values) - 1
        slopes = np.polynomial.legendre.legder(np.eye(degree + 1)) * 2 / (self._ends[1] - self._ends[0])
        slopes = np.polynomial.legendre.legvander(within, degree - 1) @ slopes
        return np.polynomial.legendre.legvander(within, degree) + slopes * (x - inside)[:, None], slopes

    def _at(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Across the axis at (N,) places along it, and the slope there."""
        rises, slopes = self._basis(x)
        return rises @ self.values, slopes @ self.values
