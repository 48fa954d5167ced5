"""Find the lines of Latin text in a picture and read them."""

from dataclasses import replace
from functools import partial
from itertools import compress

import cv2
import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import ink_map
from fontid.picture.opening import PictureError, to_gray
from fontid.settings import DEFAULTS, ReadingSettings
from fontid.text.bends import Course, find_bent
from fontid.text.detector import Detector
from fontid.text.frames import MOST_PIXELS, SOLID, Frame, box_of, fit_to_ink, inside_rims, size_of
from fontid.text.lines import Line, TextLine, find_lines, line_around
from fontid.text.recogniser import HEIGHT, WIDER, Reading, Recogniser
from fontid.text.scripts import OTHER
from fontid.text.words import without_marks

MOST_LINES = 250  # found in a picture, the largest first
FEW_LINES = 8  # a picture with more is a page, of which little is read at once
MOST_READ = 3  # lines of a page, the largest first
USUAL_LENGTH = 10  # heights of a line of a page that is read first
LARGE = 20  # pixels: higher lines are read no better
MOST_WIDTH = 6000  # pixels of the recogniser's input that are read of a picture, in all
MOST_WIDTH_OF_PAGE = 1200  # likewise
TALL = 2.2  # times the height of a page's usual box: it may hold several rows
UPRIGHT, SIDEWAYS = 1.3, 3.0  # times as high as wide: boxes that follow one below another; lines, not single letters
MOST_GAP = 0.6  # of its height, between two boxes of one line
INSET = (0.3, 0.15)  # of a box's height, along and across: this far inside it there is ink, unless it is a button
NEARLY = 0.75  # of the letters that are read along bends: straight lines that read more may be what they are
PLAIN = 5.0  # levels of gray: how much a plain ground varies at most
OTHER_SCRIPT = (
    "The letters in this picture look {}: only Latin letters are covered, so please choose a picture with some."
)
MOST_OF_SCRIPTS = 60  # lines that are read of a page that seems to hold several scripts, the largest first
FEW_LETTERS = 3  # a line with fewer is not read once more
LITTLE = 0.25  # of the area of fairly read Latin lines: what is taken for another script there is no text
NAMED = 0.6  # of the other scripts' probability: a script that has more of it is told by its name


class NoText(PictureError):
    """A picture without text in Latin letters. Attributes: named: fonts that the file itself names."""

    named: tuple[str, ...] = ()


class OtherScript(NoText):
    """The picture holds letters of another script."""


class TextReader:
    """Finds and reads lines of text. May be used from several threads.

    Attributes: settings: of what is found from now on.
    """

    def __init__(self, settings: ReadingSettings = DEFAULTS.reading) -> None:
        self.settings = settings
        self._detector = Detector()
        self._recogniser = Recogniser()

    def find_lines(self, picture: Image.Image) -> list[TextLine]:
        """Lines of Latin text in reading order; empty where the picture holds none.

        Args: picture: an upright RGB picture, from `fontid.picture.opening.open_picture`.
        Raises: OtherScript where the text is in another script.
        """
        boxes, bent = self._detector.find_boxes(picture)
        curved, boxes = self._bent_lines(picture, boxes) if bent else ([], boxes)
        joined = self._along_their_text(picture, _joined(boxes))
        read = curved + self._read_boxes(picture, _parted(picture, joined))
        # text in another script may look Latin when it is read on its side
        foreign = any(line.reading.is_foreign and not line.reading.is_unknown for line in read)
        nothing = not any(line.text for line in read)
        sideways = _run_upright(joined, SIDEWAYS) or _run_upright([line.unbent for line in read if line.text], SIDEWAYS)
        if not (curved or foreign) and (nothing or sideways):
            turned = self._read_boxes(picture, _joined(self._turned_boxes(picture)))
            if not nothing or all(line.confidence >= self.settings.sure for line in turned):
                read = max(read, turned, key=_surely_read)
        if self._doubtful(read):
            rows = self._by_rows(picture, read)
            read = rows if _surely_read(rows) >= _surely_read(read) else read
        lines = _latin(self._all_read(read), self.settings)
        return _in_reading_order(lines) if self._are_text(lines) else []

    def read_line(self, line: TextLine) -> TextLine:
        """A line of `find_lines` as it reads; one in another script as it was."""
        read = self._surer(self._read_line(line))
        return line if read.reading.is_foreign else without_marks(read)

    def _all_read(self, lines: list[TextLine]) -> list[TextLine]:
        """The lines; where one is in another script and one is not, more of them read: each may be in either."""
        foreign = [line for line in lines if line.reading.is_foreign]
        latin = [line for line in lines if line.is_read and not line.reading.is_foreign]
        if not foreign or not latin:
            return lines
        unread = [line for line in lines if not line.is_read and not line.reading.is_foreign]
        unread.sort(key=lambda line: -line.area)
        read = [self._read_line(line) for line in unread[:MOST_OF_SCRIPTS]]
        return [*foreign, *latin, *read, *unread[MOST_OF_SCRIPTS:]]

    def _turned_boxes(self, picture: Image.Image) -> list[np.ndarray]:
        """Boxes as the detector finds them with the picture on its side; each begins with the edge along its text."""
        boxes, _ = self._detector.find_boxes(picture.transpose(Image.Transpose.ROTATE_90))
        return [np.stack([picture.width - box[:, 1], box[:, 0]], 1) for box in boxes]

    def _along_their_text(self, picture: Image.Image, boxes: list[np.ndarray]) -> list[np.ndarray]:
        """The boxes, those beginning with the edge along their text that surely runs upwards or downwards.

        Where most do, short ones are turned like them.
        """
        turns = [self._turn_of_text(picture, box) for box in boxes]
        turned = [turn for turn in turns if turn]
        usual = max(turned, key=turned.count) if 2 * len(turned) > len(boxes) else 0
        upright = [size_of(box)[1] > UPRIGHT * size_of(box)[0] for box in boxes]
        turns = [turn or usual * tall for turn, tall in zip(turns, upright, strict=True)]
        return [np.roll(box, -turn, axis=0) for box, turn in zip(boxes, turns, strict=True)]

    def _turn_of_text(self, picture: Image.Image, box: np.ndarray) -> int:
        """One or three quarter turns, where a box's text surely runs upwards or downwards; or none.

        Digits below one another, such as an editor's numbers of lines, read as well on their side: letters do not.
        """
        width, height = size_of(box)
        if height <= SIDEWAYS * width:
            return 0
        turn, read = self._read_turned(picture, box, np.zeros(4))
        letters = sum(map(str.isalpha, read.text)) > len(read.text) / 2
        sure = letters and read.confidence >= self.settings.sure
        return turn if sure and turn in (1, 3) else 0

    def _read_boxes(self, picture: Image.Image, boxes: list[np.ndarray]) -> list[TextLine]:
        boxes = sorted(boxes, key=lambda box: -_area(box))[:MOST_LINES]
        return self._read(picture, [_fitted(picture, box, _near(boxes, i)) for i, box in enumerate(boxes)])

    def _by_rows(self, picture: Image.Image, read: list[TextLine]) -> list[TextLine]:
        """Lines as rows of ink, where the ground is plain and what was read leaves out much of the ink."""
        small, scale = _reduced(picture)
        gray = to_gray(small)
        ink = ink_map(gray)
        if ink is None:
            return read
        seen = np.zeros_like(gray)
        for line in read:
            cv2.fillPoly(seen, [np.rint(np.array(line.corners) * scale).astype(np.int32)], 1)
        solid = ink > SOLID
        plain = np.std(gray[ink < 30]) < PLAIN
        if read and not (plain and seen[solid].mean() < self.settings.most_ink):
            return read
        return self._read(picture, [np.array(line.corners) / scale for line in find_lines(gray)])

    def _read(self, picture: Image.Image, boxes: list[np.ndarray]) -> list[TextLine]:
        """The largest boxes read, each turned as it reads best; the others turned like most of those."""
        page = len(boxes) > FEW_LINES
        order = sorted(
            range(len(boxes)), key=lambda i: -(worth_reading(*size_of(boxes[i])) if page else _area(boxes[i]))
        )
        done: dict[int, TextLine] = {}
        votes = np.zeros(4)
        budget: float = MOST_WIDTH_OF_PAGE if page else MOST_WIDTH
        for index in order[:FEW_LINES]:
            if page and sum(not read.reading.is_foreign for read in done.values()) == MOST_READ:
                break
            width, height = size_of(boxes[index])
            cost = HEIGHT * max(width, height) / max(1.0, min(width, height))
            if done and cost > budget:
                continue
            turn, read = self._read_turned(picture, boxes[index], votes)
            budget -= 0 if read.reading.is_foreign else cost
            votes[turn] += read.confidence * len(read.text)
            done[index] = read
        usual = int(votes.argmax())
        unread = [_line(boxes[i], usual).cut(picture) for i in order if i not in done]
        return [*done.values(), *unread]

    def _read_turned(self, picture: Image.Image, box: np.ndarray, votes: np.ndarray) -> tuple[int, TextLine]:
        """Read a box in the likeliest direction, and in others as long as none reads well.

        Args: votes: (4,) letters read so far after no, one, two and three quarter turns.
        Returns: the quarter turns made, and the reading.
        """
        width, height = size_of(box)
        turns = [1, 3, 0, 2] if height > 1.5 * width else [0, 2] if width > 1.5 * height else [0, 2, 1, 3]
        usual = int(votes.argmax())
        if usual in turns and votes[usual] > self.settings.enough_letters:
            turns = [usual]
        tried: list[tuple[float, int, TextLine]] = []
        for turn in turns:
            read = self._read_line(_line(box, turn).cut(picture))
            letters = sum(character.isalnum() for character in read.text)
            # one letter reads well in many directions, a word in one
            telling = letters >= self.settings.telling[turn]
            score = read.confidence * (1 - 0.5**letters) - self.settings.penalty[turn] if telling else -0.5
            foreign = read.reading.is_foreign
            tried.append((self.settings.foreign if foreign else score, turn, read))
            sure = read.confidence >= self.settings.sure and telling and not foreign
            if sure and (turn != 0 or height <= 1.5 * width):
                break
        _, turn, read = max(tried, key=lambda one: one[0])
        return turn, without_marks(self._surer(read))

    def _bent_lines(self, picture: Image.Image, boxes: list[np.ndarray]) -> tuple[list[TextLine], list[np.ndarray]]:
        """Bent lines, and the boxes that hold none.

        These are all, where straight lines read nearly as well as unsure bends: as the numbers around a clock do.
        """
        lines, left = find_bent(picture, boxes, partial(self._read_bent, picture))
        if all(line.confidence >= self.settings.sure for line in lines):
            return lines, left
        taken = [box for box in boxes if not any(box is other for other in left)]
        straight = self._read_boxes(picture, _joined(taken))
        return ([], boxes) if _surely_read(straight) > NEARLY * _surely_read(lines) else (lines, left)

    def _read_bent(self, picture: Image.Image, course: Course) -> TextLine | None:
        """Read a bent line in the likelier of its two directions; None where that is no sure reading."""
        strip = course.unbend(picture)
        _, read = self._read_turned(strip, fit_to_ink(strip, course.corners, []), np.zeros(4))
        if read.confidence < self.settings.sure_bent:
            return None
        course = replace(course, corners=np.array(read.corners))
        return replace(read, corners=course.box(), course=course)

    def _surer(self, line: TextLine) -> TextLine:
        """The line, read once more if that is unsure: a recogniser drops letters that are narrower than its steps."""
        if line.reading.is_foreign or line.confidence >= self.settings.sure or len(line.text) < FEW_LETTERS:
            return line
        wider = self._read_line(line, WIDER)
        surer = not wider.reading.is_foreign and _surely_read([wider]) > _surely_read([line])
        return wider if surer else line

    def _read_line(self, line: TextLine, wider: float = 1.0) -> TextLine:
        reading = self._recogniser.read(line.frame.pixels, wider)
        return replace(line, text=reading.text, confidence=reading.confidence, centres=reading.centres, reading=reading)

    def _doubtful(self, read: list[TextLine]) -> bool:
        """Whether nothing was read, or little of it with confidence."""
        letters = sum(len(line.text) for line in read)
        return not letters or _surely_read(read) < self.settings.doubtful * letters

    def _are_text(self, lines: list[TextLine]) -> bool:
        """Whether enough is read that it is no texture, drawing or mark: a few letters or digits, or one for sure."""
        read = [line for line in lines if any(map(str.isalnum, line.text))]
        characters = [sum(map(str.isalnum, line.text)) * line.confidence for line in read]
        enough = sum(characters) >= self.settings.least_read
        return enough or any(line.confidence >= self.settings.sure for line in read)


def _surely_read(lines: list[TextLine]) -> float:
    """Letters that were read, each as far as its line was read with confidence."""
    return sum(len(line.text) * line.confidence for line in lines)


def worth_reading(width: float, height: float) -> float:
    """Higher where a line of a page is large, and neither short nor long: soon read, with enough different letters."""
    length = max(width, 1.0) / max(height, 1.0)
    return min(height, LARGE) * min(length / USUAL_LENGTH, USUAL_LENGTH / length)


def _reduced(picture: Image.Image) -> tuple[Image.Image, float]:
    """The picture with at most `MOST_PIXELS`, and its pixels per pixel of the original."""
    scale = min(1.0, (MOST_PIXELS / (picture.width * picture.height)) ** 0.5)
    if scale == 1.0:
        return picture, scale
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.HAMMING), scale


def _line(box: np.ndarray, turn: int) -> Line:
    """The line in a box whose text starts at its corner number `turn`."""
    return line_around(np.roll(box, -turn, axis=0))


def _area(box: np.ndarray) -> float:
    width, height = size_of(box)
    return width * height


def _run_upright(boxes: list[np.ndarray], times: float) -> bool:
    """Whether most of the boxes, by area, are so many times as high as wide, or begin with an upright edge."""
    along = [np.abs(box[1] - box[0]) for box in boxes]
    upright = [size_of(box)[1] > times * size_of(box)[0] or y > x for box, (x, y) in zip(boxes, along, strict=True)]
    return sum(map(_area, compress(boxes, upright))) > 0.5 * sum(map(_area, boxes))


def _parted(picture: Image.Image, boxes: list[np.ndarray]) -> list[np.ndarray]:
    """The boxes of a page, those parted into rows that are much higher than most, such as columns of numbers."""
    if len(boxes) <= FEW_LINES:
        return boxes
    usual = np.median([min(size_of(box)) for box in boxes])
    return [part for box in boxes for part in (_rows_of(picture, box) if size_of(box)[1] > TALL * usual else [box])]


def _rows_of(picture: Image.Image, box: np.ndarray) -> list[np.ndarray]:
    """A box for each row of ink in a box, or itself where there is but one, or its text runs upwards or downwards."""
    along, down = np.abs(box[1] - box[0])
    if down > along:
        return [box]
    (left, top), (right, bottom) = np.clip([box.min(0), box.max(0)], 0, picture.size).round()
    if min(right - left, bottom - top) < 2:
        return [box]
    lines = find_lines(to_gray(picture.crop((int(left), int(top), int(right), int(bottom)))))
    return [np.array(line.corners) + (left, top) for line in lines] if len(lines) > 1 else [box]


def _fitted(picture: Image.Image, box: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """The box drawn around its ink; where that is a button or another frame, around what stands in it."""
    fitted = fit_to_ink(picture, box, others)
    letters = inside_rims(picture, fitted)
    if letters is not fitted:
        return letters
    return _inside(picture, fitted) if size_of(fitted)[1] > size_of(box)[1] else fitted


def _inside(picture: Image.Image, box: np.ndarray) -> np.ndarray:
    """The box around the ink well inside of a box; that itself where ink reaches out of there."""
    height = size_of(box)[1]
    inset_x, inset_y = INSET[0] * height, INSET[1] * height
    inside = Frame(picture, box, (-inset_x, -inset_y, -inset_x, -inset_y))
    if inside.solid is None or not inside.solid.any():
        return box
    columns, rows = np.flatnonzero(inside.solid.any(0)), np.flatnonzero(inside.solid.any(1))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    if not (left > 0 < top and right < inside.solid.shape[1] and bottom < inside.solid.shape[0]):
        return box  # letters reach the edges
    return inside.to_picture(box_of(left, top, right, bottom))


def _near(boxes: list[np.ndarray], index: int) -> list[np.ndarray]:
    """The other boxes that may reach into the surroundings of one."""
    low, high = boxes[index].min(0), boxes[index].max(0)
    reach = 2 * size_of(boxes[index])[1]
    others = boxes[:index] + boxes[index + 1 :]
    return [box for box in others if (box.min(0) < high + reach).all() and (box.max(0) > low - reach).all()]


def _joined(boxes: list[np.ndarray]) -> list[np.ndarray]:
    """The boxes, those joined that lie in a row close to one another; without those that lie inside another.

    A row runs along the longer sides of its largest box; where that is square, of most of the boxes.
    """
    mostly_upright = _run_upright(boxes, UPRIGHT)
    boxes = sorted(boxes, key=lambda box: -_area(box))
    lows, highs = (np.array([end(box, 0) for box in boxes]) for end in (np.min, np.max))
    waiting = list(range(len(boxes)))
    joined = []
    while waiting:
        box = boxes[waiting.pop(0)]
        width, height = size_of(box)
        along_height = height > 1.3 * width or (mostly_upright and height * 1.3 > width)
        changed = True
        while changed:
            changed = False
            reach = MOST_GAP * max(size_of(box))
            is_near = ((lows < box.max(0) + reach) & (highs > box.min(0) - reach)).all(1)
            for index in waiting:
                union = _union(box, boxes[index], along_height) if is_near[index] else None
                if union is not None:
                    box, changed = union, True
                    waiting.remove(index)
                    break
        joined.append(box)
    return joined


def _union(box: np.ndarray, other: np.ndarray, along_height: bool) -> np.ndarray | None:
    """The box around two boxes of one row, or around one that lies inside the other; None for boxes apart."""
    origin = box[0]
    right, down = (side / max(1e-6, np.linalg.norm(side)) for side in (box[1] - box[0], box[3] - box[0]))
    axes = np.stack([right, down], 1)
    (first_low, first_high), (second_low, second_high) = (
        (points.min(0), points.max(0)) for points in ((box - origin) @ axes, (other - origin) @ axes)
    )
    shared = np.minimum(first_high, second_high) - np.maximum(first_low, second_low)  # negative: the gap
    first, second = first_high - first_low, second_high - second_low
    inside = (shared > 0).all() and shared.prod() > 0.6 * second.prod()
    along, across = (1, 0) if along_height else (0, 1)
    in_row = (
        0.6 < second[across] / first[across] < 1.7
        and shared[across] > 0.6 * min(first[across], second[across])
        and shared[along] > -MOST_GAP * first[across]
    )
    if inside:
        return box
    if not in_row:
        return None
    (left, top), (right_end, bottom) = np.minimum(first_low, second_low), np.maximum(first_high, second_high)
    return box_of(left, top, right_end, bottom) @ axes.T + origin


def _latin(read: list[TextLine], settings: ReadingSettings) -> list[TextLine]:
    """The lines but for those in another script; beside such, only those that are surely read as Latin.

    What looks like another script beside much more Latin text is a leaf or a pattern, and counts for nothing.
    Raises: OtherScript where none of these has a letter.
    """
    foreign = [line for line in read if line.reading.is_foreign]
    if not foreign:
        return read
    others = [line for line in read if not line.reading.is_foreign]
    fair = sum(line.place.area for line in others if line.confidence >= settings.foreign)
    if sum(line.place.area for line in foreign) <= LITTLE * fair:
        return others
    latin = [
        line for line in others if line.reading.foreign < 0.5 and line.text and line.confidence >= settings.doubtful
    ]
    if not any(character.isalpha() for line in latin for character in line.text):
        raise OtherScript(OTHER_SCRIPT.format(_name(foreign[0].reading)))
    return latin


def _name(foreign: Reading) -> str:
    """What letters look like."""
    script, likely = max(foreign.others.items(), key=lambda item: item[1], default=(OTHER, 0.0))
    return (
        script.capitalize() if script != OTHER and likely > NAMED * foreign.foreign else "like those of another script"
    )


def _in_reading_order(lines: list[TextLine]) -> list[TextLine]:
    """From top to bottom, lines of one row from left to right, as seen upright."""
    if not lines:
        return []
    directions = np.array([np.subtract(line.corners[1], line.corners[0]) for line in lines])
    along = directions[np.argmax([line.area for line in lines])]
    along = along / max(1e-6, np.linalg.norm(along))
    across = np.array([-along[1], along[0]])
    middles = np.array([np.mean(line.corners, axis=0) for line in lines])
    x, y = middles @ along, middles @ across
    rows: list[list[int]] = []
    for index in np.argsort(y):
        if rows and y[index] - y[rows[-1][0]] < 0.4 * min(lines[index].height, lines[rows[-1][0]].height):
            rows[-1].append(index)
        else:
            rows.append([index])
    return [lines[index] for row in rows for index in sorted(row, key=lambda i: x[i])]
