"""Take a hard shadow or an extrusion away: the letters once more in another colour, moved, behind the letters.

The ink of a line is parted into two colours by k-means, or into three or four where letters have several. One of
them is the shadow of the others where it covers what they, moved, cover besides themselves, to one side only; nothing
else drawn on letters does.
"""

from functools import cache

import cv2
import numpy as np

from fontid.encoder.preprocessing import Ink
from fontid.text.frames import Frame

LEAST_HEIGHT = 20  # pixels of ink
HEIGHT = 64  # pixels of ink that are looked at
LONGEST = 12  # times its height: as much of a line is looked at
LEAST_APART = 40.0  # between any two of the colours, in RGB
FAINTEST = 0.4  # of how far the ink's strongest colour is from the ground
LEAST_SHARE = 0.08  # of the ink: the least colour's
FRINGE = 25.0  # from the shades between ground and ink, in RGB: what compression leaves
FARTHEST = 0.2  # of the height: how far a shadow lies off
# By the number of colours that ink is parted into: intersection over union of one of them and the shadow that the
# others would throw. Blurred and fringed letters reach 0.75 with three.
LEAST_OVERLAP = {2: 0.68, 3: 0.76, 4: 0.76}
MOST_OPPOSITE = 0.5  # of that: what one on the other side would cover; a rim is on all sides
BESIDE = (1, 2, 3, 4)  # pixels: on which side of letters the other colour lies is told by what is so near
EVEN = 0.65  # of what lies on one side: where as much lies on the other, nothing is moved; 0.7 to 1 on plain letters
DIRECTIONS, TURNS = 16, 2  # all, and how many to each side of the likeliest are looked into
SEEN = 20_000  # pixels, evenly spread, that are looked at for a sample
SAMPLE = 1000  # pixels that colours are looked for in
EMPTY = 30  # of an ink's amount: below it is ground


def without_shadow(frame: Frame, own: Ink) -> np.ndarray | None:
    """The letters alone, dark on light: (H, W) uint8; None where they throw no shadow. Args: own: the frame's ink."""
    left, top, right, bottom = own.box
    if bottom - top < LEAST_HEIGHT:
        return None
    reach = round(FARTHEST * (bottom - top)) + 2
    rows = slice(max(0, top - reach), bottom + reach)
    place = rows, slice(max(0, left - reach), right + reach)
    begin = rows, slice(place[1].start, min(right, left + LONGEST * (bottom - top)) + reach)
    scale = min(1.0, HEIGHT / (bottom - top))
    others = _of_others(frame, own)
    pixels, amount, covered = (_scaled(part[begin], scale) for part in (frame.pixels, own.amount, others))
    found = _ground_and_ink(pixels, amount)
    if found is None:
        return None
    for count in [2] if _is_of_shades(*found) else LEAST_OVERLAP:
        colours = _colours(*found, count)
        if colours is None:
            return None
        nearest = np.where(covered == 0, _nearest(pixels, colours), 0)
        ink = (nearest > 0).astype(np.uint8)
        shadows = [(nearest == of).astype(np.uint8) for of in range(1, count + 1)]
        thrown = [_thrown(ink - shadow, shadow, int(scale * reach)) for shadow in shadows]
        if max(thrown) >= LEAST_OVERLAP[count]:
            alone = np.full(frame.gray.shape, 255, np.uint8)
            amount = _amount(frame.pixels[place].astype(np.float32), colours, 1 + int(np.argmax(thrown)))
            alone[place] = 255 - np.where(others[place], 0, amount)
            return alone
    return None


def _of_others(frame: Frame, own: Ink) -> np.ndarray:
    """(H, W) uint8: 1 where the ink of other lines is."""
    if frame.solid is None:
        return np.zeros(own.amount.shape, np.uint8)
    free = own.amount < EMPTY
    others = cv2.dilate((frame.solid & free).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    return (others & free).astype(np.uint8)


def _scaled(part: np.ndarray, scale: float) -> np.ndarray:
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA)


def _ground_and_ink(pixels: np.ndarray, amount: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The ground's colour, (3,) float32 RGB, and a sample of the ink's, (N, 3); None without either."""
    every = max(1, amount.size // SEEN)
    seen, empty = pixels.reshape(-1, 3)[::every], amount.reshape(-1)[::every] < EMPTY
    if not empty.any():
        return None
    ground = np.median(_sample(seen[empty]), axis=0).astype(np.float32)
    away = np.linalg.norm(seen - ground, axis=1)
    ink = _sample(seen[away > max(LEAST_APART, FAINTEST * np.percentile(away, 95))]).astype(np.float32)
    return (ground, ink) if len(ink) >= 2 / LEAST_SHARE else None


def _sample(pixels: np.ndarray) -> np.ndarray:
    return pixels[:: max(1, len(pixels) // SAMPLE)]


def _colours(ground: np.ndarray, ink: np.ndarray, count: int) -> np.ndarray | None:
    """(1 + count, 3) float32 RGB: the ground's and those of the ink; None where it has not so many."""
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    cv2.setRNGSeed(1)  # of this thread: the same picture has the same answer
    _, labels, _ = cv2.kmeans(ink, count, None, ends, 3, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]  # no labels
    clusters = [ink[labels.ravel() == label] for label in range(count)]
    if min(map(len, clusters)) < LEAST_SHARE * len(ink):
        return None
    colours = np.stack([ground, *(np.median(cluster, axis=0) for cluster in clusters)])
    apart = np.linalg.norm(colours[1:, None] - colours[1:], axis=2)[np.triu_indices(count, 1)]
    return colours if apart.min() >= LEAST_APART else None


def _is_of_shades(ground: np.ndarray, ink: np.ndarray) -> bool:
    """Whether nearly all ink is of shades between the ground and one colour, as plain letters are."""
    away = ink - ground
    along = (np.linalg.norm(away, axis=1)[:, None] * away).mean(0)
    along /= max(1.0, float(np.linalg.norm(along)))
    aside = np.linalg.norm(away - np.outer(np.maximum(away @ along, 0), along), axis=1)
    return bool((aside > FRINGE).mean() < LEAST_SHARE)


def _nearest(pixels: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """(H, W) int: which colour each pixel is nearest to."""
    return ((colours**2).sum(1) - 2 * pixels.astype(np.float32) @ colours.T).argmin(2)


def _thrown(letters: np.ndarray, shadow: np.ndarray, farthest: int) -> float:
    """How well a mask covers the shadow that another throws in one direction, and in no opposite one: 0-1."""
    beside = [
        sum(_overlap(letters, shadow, *_step(direction, length)) for length in BESIDE)
        for direction in range(DIRECTIONS)
    ]
    toward, half = int(np.argmax(beside)), DIRECTIONS // 2
    if beside[(toward + half) % DIRECTIONS] > EVEN * beside[toward]:
        return 0.0
    near = [(toward + turn) % DIRECTIONS for turn in range(-TURNS, TURNS + 1)]
    overlap, best = max((_covered(letters, shadow, direction, farthest), direction) for direction in near)
    opposite = _covered(letters, shadow, (best + half) % DIRECTIONS, farthest)
    return overlap if opposite < MOST_OPPOSITE * overlap else 0.0


@cache
def _step(direction: int, length: int) -> tuple[int, int]:
    angle = 2 * np.pi * direction / DIRECTIONS
    return round(length * np.cos(angle)), round(length * np.sin(angle))


def _covered(letters: np.ndarray, shadow: np.ndarray, direction: int, farthest: int) -> float:
    """Intersection over union with the shadow that letters throw, moved or swept there, at its best length: 0-1."""
    best, pixels, dark = 0.0, cv2.countNonZero(letters), cv2.countNonZero(shadow)
    for length in range(1, farthest + 1):
        step = _step(direction, length)
        swept = cv2.dilate(letters, _path(*step))
        # What lies behind the letters is not seen.
        seen = pixels - _overlap(letters, letters, *step), cv2.countNonZero(swept) - pixels
        common = _overlap(letters, shadow, *step), _overlap(swept, shadow, 0, 0)
        best = max(best, *(both / max(1, thrown + dark - both) for both, thrown in zip(common, seen, strict=True)))
    return best


def _overlap(mask: np.ndarray, other: np.ndarray, x: int, y: int) -> int:
    """Pixels of a mask that another covers when it is moved to the right and down. Args: both (H, W) uint8."""
    height, width = mask.shape
    moved = mask[max(0, -y) : height - max(0, y), max(0, -x) : width - max(0, x)]
    under = other[max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)]
    return cv2.countNonZero(cv2.bitwise_and(moved, under))


@cache
def _path(x: int, y: int) -> np.ndarray:
    """What a pixel in the middle covers on its way."""
    far = max(abs(x), abs(y))
    kernel = np.zeros((2 * far + 1, 2 * far + 1), np.uint8)
    cv2.line(kernel, (far, far), (far - x, far - y), 1)
    return kernel


def _amount(pixels: np.ndarray, colours: np.ndarray, shadow: int) -> np.ndarray:
    """(H, W) uint8: how much of each pixel is letters, the rest being ground or shadow, by the two that fit best."""
    least = np.full(pixels.shape[:2], np.inf, np.float32)
    best = np.zeros(pixels.shape[:2], np.float32)
    for letters in set(range(1, len(colours))) - {shadow}:
        for other in (colours[0], colours[shadow]):
            away = colours[letters] - other
            amount = np.clip((pixels - other) @ away / (away @ away), 0, 1)
            misfit = np.linalg.norm(pixels - (other + amount[..., None] * away), axis=2)
            best = np.where(misfit < least, amount, best)
            least = np.minimum(misfit, least)
    return np.rint(255 * best).astype(np.uint8)
