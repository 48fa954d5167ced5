"""The font list of a design: one entry a family, with the styles in use, their sizes and their role."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fontid.catalogue.faces import face_id, style_words, unusual_axes
from fontid.catalogue.ranking import Match
from fontid.letters.undoing import SAID
from fontid.text.lines import Line

READABLE = 0.3  # mean confidence of a font's readings: below that it is taken for clutter where others are read
LEAST_READ = 3.0  # letters times confidence, of what no font fits: icons read as one letter or two
LETTERS_TO_HEIGHT = 1.6  # of a line that was not read: letters for each height of it in its width
HEADING = 1.3  # times the size of the text
FEW = 0.15  # of all letters: a font with fewer is a label's, one with more the text's
LONGEST_HEADING = 40  # letters of a picture in one font
GENERIC = {"monospace": ", monospace", "sans-serif": ", sans-serif", "serif": ", serif", "handwriting": ", cursive"}
SAME_SIZE = 1.08  # sizes less apart are one


@dataclass(frozen=True)
class Style:
    """sizes: in pixels to the em, ascending; those of the lines that were read, where any was.

    synthesised: as in `fontid.identifier.Group`.
    """

    weight: int
    italic: bool
    sizes: tuple[int, ...]
    lines: tuple[Line, ...]
    match: Match
    synthesised: str | None = None

    def to_dict(self) -> dict:
        return {
            "style": self.match.style or style_words(self.weight, self.italic),
            "weight": self.weight,
            "italic": self.italic,
            "axes": dict(self.match.axes),
            "sizes": list(self.sizes),
            "lines": len(self.lines),
        }


@dataclass(frozen=True)
class Font:
    """A family that a picture shows.

    matches: the ranking, likeliest first. role: heading, text, code or label. share: of the picture's letters, 0-1.
    """

    matches: tuple[Match, ...]
    in_catalogue: float
    styles: tuple[Style, ...]
    role: str
    share: float

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for style in self.styles for line in style.lines)

    def to_dict(self) -> dict:
        """An entry of docs/answer.schema.json."""
        best = self.matches[0]
        return {
            "family": best.family,
            "name": best.name,
            "styles": [style.to_dict() for style in self.styles],
            "role": self.role,
            "share": self.share,
            "probability": best.probability,
            "verdict": best.verdict,
        }


def font_table(fonts: Sequence[Font]) -> str:
    """The list for people, a style a row."""
    rows = [("font", "style", "size", "role", "letters", "probability")]
    for font in fonts:
        best = font.matches[0]
        for number, style in enumerate(font.styles):
            words = style.match.style or style_words(style.weight, style.italic)
            sizes = ", ".join(map(str, style.sizes))
            share, probability = (f"{100 * part:.0f} %" for part in (font.share, best.probability))
            about = (best.name, words, sizes, font.role, share, probability)
            rows.append(about if number == 0 else ("", words, sizes, "", "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def role_of(style: Style, font: Font) -> str:
    """A style's role in a design: that of its font; of text in much larger letters than most of it, a heading."""
    larger = style.sizes[-1] >= HEADING * font.styles[0].sizes[-1]
    return "heading" if font.role == "text" and larger else font.role


def css_of(fonts: Sequence[Font]) -> str:
    """What a developer pastes: a class a style, named by its role."""
    rules = []
    for role, number, font, style in by_role(fonts):
        best = font.matches[0]
        doubt = f"{100 * best.probability:.0f} %: nothing fits well." if best.verdict == "none" else None
        name = f".{role}" if number == 1 else f".{role}-{number}"
        slope = "font-style: italic; " if style.italic else ""
        notes = " ".join(filter(None, [doubt, SAID.get(style.synthesised or "")]))
        place = "".join(f"{one} " for one in place_css(unusual_axes(style.match.face, style.match.axes)))
        rules.append(
            f'{name} {{ font-family: "{best.name}"{GENERIC.get(best.category, "")}; font-weight: {style.weight}; '
            f"{slope}{place}font-size: {style.sizes[-1]}px }}" + (f" /* {notes} */" if notes else "")
        )
    return "\n".join(rules)


def by_role(fonts: Sequence[Font]) -> Iterator[tuple[str, int, Font, Style]]:
    """Every style with its role, and its number among those of that role, from 1: by size where they are headings."""
    styles = [(role_of(style, font), font, style) for font in fonts for style in font.styles]
    for role, font, style in styles:
        alike = [other for as_role, _, other in styles if as_role == role]
        if role == "heading":
            alike.sort(key=lambda one: -one.sizes[-1])
        yield role, 1 + next(place for place, other in enumerate(alike) if other is style), font, style


def place_css(unusual: Mapping[str, float]) -> list[str]:
    """CSS declarations of a width, and of axes that have no property of their own.

    None of an optical size: a browser chooses it by the font size.
    Args: unusual: where a face is not as usual, as `fontid.catalogue.faces.unusual_axes` gives it.
    """
    settings = ", ".join(f'"{tag}" {value:g}' for tag, value in unusual.items() if tag not in ("wdth", "opsz"))
    width = [f"font-stretch: {unusual['wdth']:g}%;"] if "wdth" in unusual else []
    return width + ([f"font-variation-settings: {settings};"] if settings else [])


def letters_of(lines: Sequence[Line]) -> float:
    """How many letters there are in lines; those read without confidence count less, those not read by their shape."""
    return sum(
        line.confidence * sum(map(str.isalnum, line.text))
        if line.text
        else LETTERS_TO_HEIGHT * line.width / max(1, line.height)
        for line in lines
    )


def is_text(groups: Sequence) -> bool:
    """Whether what was read of a font's groups is text: with confidence, and, where no font fits, more than a mark."""
    read = [line for group in groups for line in group.lines if any(map(str.isalnum, line.text))]
    if not read or np.mean([line.confidence for line in read]) < READABLE:
        return False
    return letters_of(read) >= LEAST_READ or groups[0].matches[0].verdict != "none"


def list_fonts(
    families: Sequence[Sequence], extent: Callable[[Match, str], float], scale: float = 1.0
) -> tuple[Font, ...]:
    """Fonts with most letters first; without what is no text, where other fonts are.

    Args:
        families: each the `fontid.identifier.Group`s of its styles, the weightiest first.
        extent: ems from the top to the bottom of a text in a match's face.
        scale: pixels of the picture to one of the lines' corners.
    """
    merged: dict[str, list] = {}
    for groups in families:
        merged.setdefault(groups[0].matches[0].family, []).extend(groups)
    lines = {family: [line for group in groups for line in group.lines] for family, groups in merged.items()}
    readable = {family: groups for family, groups in merged.items() if is_text(groups)} or merged
    letters = {family: letters_of(lines[family]) for family in readable}
    styles = {family: _styles(groups, extent, scale) for family, groups in readable.items()}
    every = max(1e-6, sum(letters.values()))
    order = sorted(readable, key=lambda family: -letters[family])
    text_size = _largest(styles[order[0]])
    fonts = []
    for family in order:
        best, share = readable[family][0], letters[family] / every
        if best.matches[0].category == "monospace":
            role = "code"
        elif len(order) == 1:
            role = "heading" if letters[family] < LONGEST_HEADING else "text"
        elif family != order[0] and _largest(styles[family]) >= HEADING * text_size:
            role = "heading"
        else:
            role = "text" if share >= FEW else "label"
        fonts.append(Font(best.matches, best.in_catalogue, styles[family], role, round(share, 4)))
    return tuple(fonts)


def _largest(styles: Sequence[Style]) -> int:
    return max((size for style in styles for size in style.sizes), default=0)


def _styles(groups: Sequence, extent: Callable[[Match, str], float], scale: float) -> tuple[Style, ...]:
    """One a face, those with most letters first."""
    faces: dict[str, list] = {}
    family = groups[0].matches[0].family
    for group in groups:
        match = next((match for match in group.matches if match.family == family), groups[0].matches[0])
        faces.setdefault(match.face or face_id(family, match.weight, match.italic), []).append((match, group))
    styles = []
    for parts in faces.values():
        match = parts[0][0]
        lines = tuple(line for _, group in parts for line in group.lines)
        sizes = _sizes(lines, match, extent, scale)
        synthesised = next((group.synthesised for _, group in parts if group.synthesised), None)
        styles.append(Style(match.weight, match.italic, sizes, lines, match, synthesised))
    return tuple(sorted(styles, key=lambda style: -letters_of(style.lines)))


def _sizes(lines: Sequence[Line], match: Match, extent: Callable[[Match, str], float], scale: float) -> tuple[int, ...]:
    read = [line for line in lines if line.text] or lines
    sizes = sorted(scale * line.text_height / max(0.1, extent(match, line.text or "dp")) for line in read)
    parts = np.split(sizes, np.flatnonzero(np.diff(np.log(sizes)) > np.log(SAME_SIZE)) + 1)
    return tuple(dict.fromkeys(round(float(np.median(part))) for part in parts))
