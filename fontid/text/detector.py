"""Find where text is in a picture: the detector of PP-OCRv6, whose weights come inside the rapidocr package."""

import threading

import cv2
import numpy as np
from PIL import Image

from fontid.networks import open_network, packaged

SIDE = 640  # longest side of the detector's input, in pixels, its border included
BORDER = 1 / 3  # ground around the picture, of its shorter side: letters at the edge are missed without it
LEAST_BORDER = 24  # pixels of the detector's input
PROBABLE = 0.3  # a pixel at least this likely to be text belongs to a box
CERTAIN = 0.5  # a box whose pixels are less likely than this on average is dropped
GROWTH = 1.6  # boxes are drawn around the hearts of lines; this grows them to whole letters
SMALLEST = 3  # pixels of the detector's input


class Detector:
    """Finds boxes of text. May be used from several threads; one picture is looked at at a time, to bound memory."""

    def __init__(self) -> None:
        self._session = open_network(packaged("PP-OCRv6_det_small.onnx"))
        self._lock = threading.Lock()

    def find_boxes(self, picture: Image.Image) -> list[np.ndarray]:
        """Boxes of an RGB picture: (4, 2) float32 each, pixels (x, y), clockwise from the corner at the top left."""
        scene, scale, border = _scene(picture)
        values = np.asarray(scene)[:, :, ::-1].astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1  # BGR
        with self._lock:
            likely = self._session.run(None, {"x": values})[0][0, 0]  # (H, W) 0-1
        mask = (likely > PROBABLE).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = []
        for contour in contours:
            (x, y), (width, height), angle = cv2.minAreaRect(contour)
            if min(width, height) < SMALLEST or _mean_inside(likely, contour) < CERTAIN:
                continue
            grow = GROWTH * width * height / (width + height)  # both sides together
            box = cv2.boxPoints(((x, y), (width + grow, height + grow), angle))
            boxes.append(_from_top_left((box + 0.5 - border) / scale))
        return boxes


def _scene(picture: Image.Image) -> tuple[Image.Image, float, np.ndarray]:
    """The detector's input: the picture scaled down, on a larger canvas of its ground's colour.

    Returns: the canvas, its sides multiples of 32; its pixels per pixel of the picture; (2,) the picture's place on it.
    """
    width, height = picture.size
    border = max(LEAST_BORDER, BORDER * min(width, height))
    scale = min(1.0, SIDE / (max(width, height) + 2 * border))
    border = max(LEAST_BORDER, border * scale)
    scale = min(1.0, (SIDE - 2 * border) / max(width, height))
    small_size = max(1, round(width * scale)), max(1, round(height * scale))
    small = picture.resize(small_size, Image.Resampling.BILINEAR)
    size = [int(np.ceil((side + 2 * border) / 32)) * 32 for side in small_size]
    place = [(whole - part) // 2 for whole, part in zip(size, small_size, strict=True)]
    scene = Image.new("RGB", size, _ground(small))
    scene.paste(small, tuple(place))
    return scene, scale, np.array(place, np.float32)


def _ground(picture: Image.Image) -> tuple[int, ...]:
    """The median colour of a picture's outermost pixels."""
    pixels = np.asarray(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(value) for value in np.median(edge, axis=0))


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
