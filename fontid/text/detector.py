"""Find where text is in a picture: the detector of PP-OCRv6, whose weights come inside the rapidocr package."""

import threading
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from fontid.networks import give_back_memory, open_network, packaged
from fontid.text.bends import is_bent
from fontid.text.frames import size_of

SIDE = 640  # longest side of the detector's input, in pixels, its border included; a page's small text may need more
BORDER = 1 / 3  # ground around the picture, of its shorter side: letters at the edge are missed without it
LEAST_BORDER, MOST_BORDER = 24, 48  # pixels of the detector's input; how large letters are follows from all of BORDER
WORD_HEIGHT = 7.5  # likewise: lower words are missed
MOST_WORD = 40  # pixels of a picture: higher words are seen at any scale
LEAST_WORDS = 12  # a picture with fewer low ones is no page
EDGE = 40  # levels of gray between neighbours: the rim of a letter
FLAT, LEAST_FLAT = 6, 0.5  # levels between neighbours on a plain ground, and how much of a picture has that
SEEN = 20  # levels between neighbours: the rim of something, however pale
ENOUGH = 42  # pixels of the detector's input: higher letters are found no better; at 34 some bends are lost
LOWER = 0.1  # share of all letters' widths: of letters as low as this
TILE = 400 * 640  # pixels of one input: what bounds the memory
GIVEN_BACK = 4  # inputs, of many sizes, after which memory is in pieces
NEAR = 9  # pixels of the input: text is no farther from an edge
RULE = 60  # likewise: a straight edge as long is no letter's, but for letters as high
MOST_WIDE, MOST_HIGH = 1.5, 4.0  # times as wide as high, and as high as wide: of what may be such a letter
SEVERAL = 2  # of those
OVERLAP = 32  # likewise: what is looked at around a tile's text, also beyond its seams
PROBABLE = 0.3  # a pixel at least this likely to be text belongs to a box
CERTAIN = 0.5  # a box whose pixels are less likely than this on average is dropped
GROWTH = 1.6  # boxes are drawn around the hearts of lines; this grows them to whole letters
SMALLEST = 3  # pixels of the detector's input
LONG = 1.5  # times as long as high: what is shorter shows no bend
MOST_POINTS = 400  # of a box that are looked at for a bend


class Detector:
    """Finds boxes of text. May be used from several threads; one picture is looked at at a time, to bound memory."""

    def __init__(self) -> None:
        self._session = open_network(packaged("PP-OCRv6_det_small.onnx"))
        self._lock = threading.Lock()

    def find_boxes(self, picture: Image.Image) -> tuple[list[np.ndarray], bool]:
        """Boxes of an RGB picture: (4, 2) float32 each, pixels (x, y), clockwise from the corner at the top left.

        Also whether some text seems to run along a curve: never said of a page.
        """
        look, *further = _looks(picture)
        boxes, bent = self._find(picture, look)
        for other in further:
            larger = [box for box in self._find(picture, other)[0] if min(size_of(box)) * look.scale > RULE]
            boxes = larger + [box for box in boxes if not any(_holds(large, box) for large in larger)]
        return boxes, bent

    def _find(self, picture: Image.Image, look: "_Look") -> tuple[list[np.ndarray], bool]:
        """What one look finds: as `find_boxes`."""
        scene, place = _scene(picture, look.scale, look.border)
        likely = self._look_at_tiles(scene, _inked(scene)) if look.page else self._likely(scene)
        mask = (likely > PROBABLE).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes, bent = [], False
        for contour in contours:
            (x, y), (width, height), angle = cv2.minAreaRect(contour)
            if min(width, height) < SMALLEST or _mean_inside(likely, contour) < CERTAIN:
                continue
            grow = GROWTH * width * height / (width + height)  # both sides together
            box = cv2.boxPoints(((x, y), (width + grow, height + grow), angle))
            boxes.append(_from_top_left((box + 0.5 - place) / look.scale))
            is_long = not look.page and max(width, height) > LONG * min(width, height)
            bent = bent or is_long and is_bent(_points_in(contour))
        return boxes, bent

    def _likely(self, scene: np.ndarray) -> np.ndarray:
        """How likely each pixel is text: (H, W, 3) uint8, sides multiples of 32 -> (H, W) float32 0-1."""
        values = scene.transpose(2, 0, 1)[None, ::-1].astype(np.float32, order="C")  # BGR
        values /= 127.5
        values -= 1
        with self._lock:
            return self._session.run(None, {"x": values})[0][0, 0]

    def _look_at_tiles(self, scene: np.ndarray, inked: np.ndarray) -> np.ndarray:
        """The same of a large scene, tile by tile, where it is `inked`: (H, W) bool; elsewhere there is no text."""
        likely = np.zeros(scene.shape[:2], np.float32)
        for number, inner in enumerate(_tiles(*scene.shape[:2]), 1):
            if number % GIVEN_BACK == 0:
                give_back_memory()
            part = tuple(map(_whole, np.nonzero(inked[inner]), inner, likely.shape))
            if any(side.stop <= side.start for side in part):
                continue
            found = self._likely(scene[part])
            seen = tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(part, inner, strict=True))
            rows, columns = (slice(s.start - p.start, s.stop - p.start) for s, p in zip(seen, part, strict=True))
            likely[seen] = found[rows, columns]
        return likely * inked


class _Look(NamedTuple):
    """scale: pixels of the detector's input per pixel of the picture. border: of ground around it, in the former.

    page: whether that is looked at tile by tile, near edges alone.
    """

    scale: float
    border: float
    page: bool = False


def _looks(picture: Image.Image) -> list[_Look]:
    """One at the whole picture within `SIDE`, smaller where all letters are large.

    Or at a page as large as the words on it need; where it has letters so large that they are no longer seen as such,
    as a poster with small print has, another one at the whole.
    """
    width, height = picture.size
    border = max(LEAST_BORDER, BORDER * min(width, height))
    scale = min(1.0, SIDE / (max(width, height) + 2 * border))
    border = max(LEAST_BORDER, border * scale)
    scale = min(1.0, (SIDE - 2 * border) / max(width, height))
    found = _pieces(picture.convert("L"), EDGE) if scale < 1.0 else None
    words = None if found is None else _low_words(found)
    if found is None or words is None or scale * words >= WORD_HEIGHT:
        fewer = min(1.0, ENOUGH / _low_letters(_scaled(picture.convert("L"), scale)))
        return [_Look(scale * fewer, min(MOST_BORDER, max(LEAST_BORDER, border * fewer)))]
    page = _Look(min(1.0, WORD_HEIGHT / words), LEAST_BORDER, page=True)
    if _large_letters(found, RULE / page.scale) < SEVERAL:
        return [page]
    return [page, _Look(scale, min(MOST_BORDER, border))]


def _low_words(pieces: np.ndarray) -> float | None:
    """How high the lower ones of a page's words are, in pixels; None for anything but a screenshot of many words.

    Letters of small text hang together by their rims. Args: pieces: as `_pieces` gives them.
    """
    widths, heights, areas = pieces
    words = (heights >= 6) & (heights <= MOST_WORD) & (2 * widths > heights) & (4 * areas > widths * heights)
    return float(np.percentile(heights[words], 20)) - 2 if words.sum() >= LEAST_WORDS else None


def _large_letters(pieces: np.ndarray, least: float) -> int:
    """How many pieces may be letters higher than `least` pixels."""
    widths, heights, _ = pieces
    return int(((heights > least) & (widths < MOST_WIDE * heights) & (widths * MOST_HIGH > heights)).sum())


def _holds(box: np.ndarray, other: np.ndarray) -> bool:
    """Whether the middle of another box lies in one."""
    x, y = other.mean(0).tolist()
    return cv2.pointPolygonTest(box, (x, y), False) >= 0


def _low_letters(gray: Image.Image) -> float:
    """How high the lower ones of a picture's letters are, in pixels, 1 or more; 1 where the ground is not plain."""
    found = _pieces(gray, SEEN)
    if found is None or not found.size:
        return 1.0
    widths, heights, _ = found[:, np.argsort(found[1])]
    reached = np.cumsum(widths) >= LOWER * widths.sum()
    return max(1.0, float(heights[reached][0]) - 2)


def _pieces(gray: Image.Image, edge: int) -> np.ndarray | None:
    """Widths, heights and areas of what hangs together by its rims, (3, N) pixels; None where the ground is not plain.

    Args: edge: levels between neighbours from which there is a rim.
    """
    steps = cv2.morphologyEx(np.asarray(gray), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    if (steps <= FLAT).mean() < LEAST_FLAT:
        return None
    return cv2.connectedComponentsWithStats((steps > edge).astype(np.uint8))[2][1:, 2:].T


def _scene(picture: Image.Image, scale: float, border: float) -> tuple[np.ndarray, np.ndarray]:
    """The detector's input: the picture scaled down, on a larger canvas of its ground's colour.

    Returns: the canvas, (H, W, 3) uint8, its sides multiples of 32; (2,) the picture's place on it.
    """
    small = _scaled(picture, scale)
    width, height = (int(np.ceil((side + 2 * border) / 32)) * 32 for side in small.size)
    place = (width - small.width) // 2, (height - small.height) // 2
    scene = np.empty((height, width, 3), np.uint8)
    scene[:] = _ground(small)
    scene[place[1] :, place[0] :][: small.height, : small.width] = np.asarray(small)
    return scene, np.array(place, np.float32)


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _inked(scene: np.ndarray) -> np.ndarray:
    """(H, W) bool: near the edge of something that is no rule."""
    steps = cv2.morphologyEx(cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    edges = (steps > EDGE // 2).astype(np.uint8)
    rules = [cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) for shape in ((1, RULE), (RULE, 1))]
    letters = np.where(np.any(rules, 0), np.uint8(0), edges)
    return cv2.dilate(letters, np.ones((NEAR, NEAR), np.uint8)).astype(bool)


def _tiles(height: int, width: int) -> list[tuple[slice, slice]]:
    """Rows and columns of each tile."""
    if height * width <= TILE:
        return [(slice(0, height), slice(0, width))]
    columns = int(np.ceil(width / (TILE // 256)))  # no flatter than 256
    wide = int(np.ceil(width / columns / 32)) * 32
    tall = int(TILE / (wide + 2 * OVERLAP) - 2 * OVERLAP) // 32 * 32
    return [
        (slice(top, min(height, top + tall)), slice(left, min(width, left + wide)))
        for top in range(0, height, tall)
        for left in range(0, width, wide)
    ]


def _whole(places: np.ndarray, inner: slice, end: int) -> slice:
    """The side of an input around the places in a tile's side: with some room, a multiple of 32; empty without any."""
    if not len(places):
        return slice(0, 0)
    first = max(0, inner.start + int(places.min()) - OVERLAP) // 32 * 32
    last = int(np.ceil(min(end, inner.start + int(places.max()) + 1 + OVERLAP) / 32)) * 32
    return slice(first, min(end, last))


def _ground(picture: Image.Image) -> tuple[int, ...]:
    """The median colour of a picture's outermost pixels."""
    pixels = np.asarray(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(value) for value in np.median(edge, axis=0))


def _points_in(contour: np.ndarray) -> np.ndarray:
    """(N, 2) x, y of pixels within a contour of OpenCV's."""
    x, y, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [contour - (x, y)], 1)
    points = np.argwhere(inside)[:, ::-1]
    return points[:: max(1, len(points) // MOST_POINTS)].astype(np.float64)


def _mean_inside(likely: np.ndarray, contour: np.ndarray) -> float:
    """Mean of (H, W) float32 values within a contour of OpenCV's."""
    x, y, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [contour - (x, y)], 1)
    return cv2.mean(likely[y : y + height, x : x + width], inside)[0]


def _from_top_left(box: np.ndarray) -> np.ndarray:
    """(4, 2) corners clockwise, starting with the one whose next edge leads most to the right."""
    (first_x, first_y), (second_x, second_y) = box[1] - box[0], box[2] - box[1]
    if first_x * second_y < first_y * second_x:
        box = box[::-1]
    edges = np.roll(box, -1, axis=0) - box
    return np.roll(box, -int(np.argmax(edges[:, 0])), axis=0).astype(np.float32)
