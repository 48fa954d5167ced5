"""An answer as HTML: one section a font found. What a click does is in `cards.js`."""

import base64
import html
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from fontid.catalogue.alternatives import phrase
from fontid.catalogue.faces import Face
from fontid.catalogue.names import in_short, superfamily
from fontid.catalogue.ranking import Match, Neighbour
from fontid.identifier import Answer, FontIdentifier, Group
from fontid.letters.undoing import SAID
from fontid.listing import by_role
from fontid.text.lines import Line
from fontid.text.words import part_of
from web import words
from web.specimens import codes, drawn_in, specimen, style_of, web_font

SAMPLE = "Hamburgefonstiv"  # where nothing could be read
WIDEST_CROP = 900  # pixels
SMALL_TEXT = 13  # pixels from the top of its letters to their bottom: the right font is often told to be unlikely
LONGEST = 200  # characters of a line that are drawn: more than what is shown beside it of a picture
LEAST_SHOWN = 0.01  # figure of a runner-up
COLOURS = 6  # of boxes and numbers, see style.css


@dataclass(frozen=True)
class Row:
    """A face, and the probability that it is the picture's with a word of `words.VERDICTS` for it.

    The probability is None where the face was not found in a picture.
    """

    face: Face
    probability: float | None
    twins: tuple[str, ...]
    verdict: str = ""


def rows_of(identifier: FontIdentifier, matches: Sequence[Match]) -> list[Row]:
    """The best match, and the others that may be right."""
    rows = [Row(identifier.catalogue.face(one), one.probability, one.twins, one.verdict) for one in matches]
    return rows[:1] + [row for row in rows[1:] if row.probability >= LEAST_SHOWN]


def ordered(answer: Answer) -> list[Group]:
    """The groups of an answer as they are numbered: that of its `matches` first, then as its `fonts` are ordered.

    Groups that the list of fonts has as one style of one family are one, with the rows of the first.
    """
    places = {line: place for place, font in enumerate(answer.fonts) for line in font.lines}
    styles = [style for font in answer.fonts for style in font.styles]
    style_of = {line: place for place, style in enumerate(styles) for line in style.lines}
    last = len(answer.fonts)
    found: dict[object, Group] = {}
    for group in sorted(answer.groups, key=lambda one: (one.matches != answer.matches, places.get(one.lines[0], last))):
        style = style_of.get(group.lines[0], group.lines)
        found[style] = replace(found[style], lines=found[style].lines + group.lines) if style in found else group
    return list(found.values())


def sizes_of(answer: Answer, group: Group) -> tuple[int, ...]:
    """In pixels of the picture, ascending: those of the style that a group is; () where nothing of it can be read."""
    styles = (style for font in answer.fonts for style in font.styles)
    return next((style.sizes for style in styles if group.lines[0] in style.lines), ())


def answer_html(
    identifier: FontIdentifier,
    answer: Answer,
    picture: Image.Image,
    numbers: Sequence[int] | None = None,
    filtered: bool = False,
) -> str:
    """Args: picture: that the lines are in; numbers: of the groups, from 0; filtered: whether fonts were left out."""
    groups = ordered(answer)
    found = [rows_of(identifier, group.matches) for group in groups]
    sections = [
        group_html(
            identifier, _with_a_reading(identifier, group, picture), rows, picture, number, sizes_of(answer, group)
        )
        for group, rows, number in zip(groups, found, numbers or range(len(groups)), strict=True)
    ]
    why = filtered and any(rows[0].verdict == "none" for rows in found)
    above = f"<p class='note'>{words.FILTER_WHY}</p>" if why else ""
    above = _status(answer, found) + named_html(identifier, answer.named) + above
    return above + "".join(sections) + use_all(identifier, answer) + _stamp()


def _with_a_reading(identifier: FontIdentifier, group: Group, picture: Image.Image) -> Group:
    """The group; where none of its lines was read, with its largest one read."""
    if any(line.is_read for line in group.lines):
        return group
    largest = max(group.lines, key=lambda line: line.area)
    read = identifier.read(picture, largest)
    return replace(group, lines=tuple(read if line is largest else line for line in group.lines))


def first_html(identifier: FontIdentifier, answer: Answer, picture: Image.Image) -> str:
    """The encoder's first names, before it is known how sure they are."""
    groups = ordered(answer)
    rows = [[Row(identifier.catalogue.face(group.matches[0]), None, ())] for group in groups]
    return "".join(group_html(identifier, *one, picture, n) for n, one in enumerate(zip(groups, rows, strict=True)))


def _status(answer: Answer, found: Sequence[list[Row]]) -> str:
    """What a screen reader says when an answer comes."""
    first = found[0][0]
    fonts = f"{len(found)} fonts found. " if len(found) > 1 else ""
    style = style_of(first.face)
    text = f"{fonts}{first.face.name} {style}: {said(first.verdict, first.probability)}."
    return f"<p class='unseen' role='status'>{html.escape(text)}</p>"


def named_html(identifier: FontIdentifier, names: Sequence[str]) -> str:
    """The fonts that a PDF or an SVG says that it is set in; those of the catalogue open their family's page."""

    def family_name(name: str) -> str:
        return name.partition("-")[0].replace(" ", "").casefold()  # a PDF says "OpenSans-Bold"

    families = {family_name(face.name): face.family for face in identifier.catalogue.faces} if names else {}
    shown = []
    for name in names:
        family, said = families.get(family_name(name)), html.escape(name)
        shown.append(f"<button type='button' data-family='{family}'>{said}</button>" if family else said)
    return f"<p class='note'>{words.NAMED.format(fonts=', '.join(shown))}</p>" if shown else ""


def _stamp() -> str:
    """Makes each answer another value, so that the page hears of it."""
    return f"<i hidden data-stamp='{time.monotonic_ns()}'></i>"


def said(verdict: str, probability: float) -> str:
    """ "Likely 72%"."""
    return f"{words.VERDICTS[verdict]} {probability:.0%}"


def group_html(
    identifier: FontIdentifier,
    group: Group,
    rows: Sequence[Row],
    picture: Image.Image,
    number: int,
    sizes: Sequence[int] = (),
) -> str:
    """Args: number: from 0; sizes: in pixels."""
    sure = identifier.settings.reading.sure  # a line that is read with less may be misread
    line = max(group.lines, key=lambda line: (line.confidence >= sure, bool(line.text), line.area))
    reading = " / ".join(one.text for one in group.lines if one.text)[:300] or words.NOT_READ
    unsure = words.TOO_SMALL if max(one.text_height for one in group.lines) < SMALL_TEXT else words.UNSURE
    above = f"<p class='unknown' role='note'>{unsure}</p>" if rows[0].verdict == "none" else ""
    note = f"<p class='note'>{SAID[group.synthesised]}</p>" if group.synthesised and not above else ""
    line = _writable(identifier, rows[0].face, line, picture)
    crop = crop_of(line, picture)
    return _section(identifier, rows, line.text, number, above, reading, note=note, crop=crop, sizes=sizes)


def _writable(identifier: FontIdentifier, face: Face, line: Line, picture: Image.Image) -> Line:
    """The line without signs that the face's letterforms lack, such as bullets: another font draws them elsewhere.

    Where these are at an end, so much of the picture's line is left out.
    """
    shown = identifier.stand_in(face)
    lacking = identifier.letterforms.lacking(shown.id, line.text) if shown else ""
    kept = [place for place, letter in enumerate(line.text) if letter.isalnum() or letter not in lacking]
    if len(kept) == len(line.text):
        return line
    while kept and line.text[kept[0]].isspace():
        kept.pop(0)
    if kept and line.centres and not line.course:
        part = part_of(line.cut(picture), (kept[0], kept[-1] + 1))
        line, kept = (part.place, [place - kept[0] for place in kept]) if part else (line, kept)
    centres = tuple(line.centres[place] for place in kept) if line.centres else ()
    return replace(line, text="".join(line.text[place] for place in kept), centres=centres)


def _section(
    identifier: FontIdentifier, rows: Sequence[Row], line: str, number: int, above: str = "", reading: str = "", **shown
) -> str:
    """Args: line: its text, "" where it was not read; shown: as `card` takes it."""
    text, read = line[:LONGEST] or SAMPLE, bool(line and reading)
    main = card(identifier, rows[0], text, number, **shown)
    return (
        f"<section class='group' aria-label='Font {number + 1}' data-group='{number}' data-read='{int(read)}' "
        f"data-colour='{number % COLOURS}' data-text='{html.escape(text)}' "
        f"data-reading='{html.escape(reading)}'>{above}{main}{_runners_up(identifier, *rows)}</section>"
    )


def _runners_up(identifier: FontIdentifier, best: Row, *rows: Row) -> str:
    """Folded rows, in which several of one superfamily are folded again; of the best one's family with their style."""
    if not rows:
        return ""
    shared: dict[str, list[Row]] = {}
    for row in rows:
        shared.setdefault(superfamily(row.face.name), []).append(row)
    names, items = [], []
    for name, members in shared.items():
        one_each = "".join(runner_up(identifier, row) for row in members)
        face = members[0].face
        alone = f"{face.name} {style_of(face)}" if face.family == best.face.family else face.name
        names.append(name if len(members) > 1 else alone)
        items.append(one_each if len(members) == 1 else f"<li>{_folded(f'{len(members)} of {name}', one_each)}</li>")
    return _folded(f"{words.ALSO}: {', '.join(names)}", "".join(items))


def _folded(summary: str, items: str) -> str:
    return f"<details class='runners'><summary>{html.escape(summary)}</summary><ol>{items}</ol></details>"


def cards_html(identifier: FontIdentifier, groups: Sequence[tuple[Sequence[Row], str]]) -> str:
    """Fonts without a picture: what a shared link holds, rows and a text for each."""
    return "".join(_section(identifier, *group, number) for number, group in enumerate(groups)) + _stamp()


def crop_of(line: Line, picture: Image.Image) -> str:
    """The line as it is in the picture, upright: an image that tells where its text's box and letters are (0-1)."""
    frame = line.cut(picture).frame
    pixels = Image.fromarray(np.ascontiguousarray(frame.pixels))
    box = (np.array(frame.core) / (*pixels.size, *pixels.size)).tolist()
    places = json.dumps({"box": [round(one, 4) for one in box], "centres": [round(one, 4) for one in line.centres]})
    alt = html.escape(f"Your image: {line.text or words.NOT_READ}")
    source = data_address(pixels, WIDEST_CROP, "WEBP", quality=85)
    return f"<img class='crop' alt='{alt}' data-places='{places}' data-text='{html.escape(line.text)}' src='{source}'>"


def data_address(picture: Image.Image, size: int, kind: str, **options) -> str:
    """The picture inside an address. Args: size: pixels at most of its longer side; options: of `Image.save`."""
    shown = picture.copy()
    shown.thumbnail((size, size))
    file = io.BytesIO()
    shown.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def card(
    identifier: FontIdentifier,
    row: Row,
    text: str,
    number: int | None = None,
    note: str = "",
    crop: str = "",
    sizes: Sequence[int] = (),
) -> str:
    """A font in full. Args: number: from 0, where it was found in a picture; sizes: in pixels."""
    face = row.face
    name = html.escape(face.name)
    badge = "" if number is None else f"<span class='number'>{number + 1}</span>"
    pixels = f"{', '.join(map(str, sizes))} px" if sizes else ""
    category = words.YOURS if face.category == "own" else face.category
    facts = " · ".join(filter(None, [style_of(face), pixels, category, face.license]))
    note += f"<p class='note'>{words.EARLIER}</p>" if face.version else ""
    return (
        f"<div class='card' data-face='{face.id}' data-name='{name}' data-probability='{_number(row)}'>"
        f"<div class='row'>{badge}<h2 class='family' {drawn_in(identifier.stand_in(face))}>{name}</h2>"
        f"{_word(row)}</div>"
        f"<p class='style'>{html.escape(facts)}</p>{note}"
        f"<div class='pair'>{crop}{specimen(identifier, face, text)}</div>{_twins(identifier, row)}{_alike(row)}"
        f"{_actions(identifier, face, sizes)}"
        "<div class='similar' hidden></div><div class='compare' hidden></div></div>"
    )


def runner_up(identifier: FontIdentifier, row: Row) -> str:
    """A font in one line, which compares it when it is clicked."""
    shown = identifier.stand_in(row.face)
    font = "" if shown is None else web_font(identifier, shown)
    name = html.escape(row.face.name)
    return (
        f"<li data-face='{row.face.id}' data-name='{name}' data-probability='{_number(row)}'>{font}"
        f"<button type='button' data-compare aria-expanded='false'><span class='family' {drawn_in(shown)}>{name}</span>"
        f"<span class='style'>{style_of(row.face)}</span>{_word(row)}</button></li>"
    )


def _number(row: Row) -> str:
    return "" if row.probability is None else f"{row.probability:.3f}"


def _word(row: Row) -> str:
    if row.probability is None:
        return ""
    meaning = f"{words.VERDICTS[row.verdict]}: {words.MEANINGS[row.verdict]}"
    return f"<span class='verdict {row.verdict}' title='{meaning}'>{said(row.verdict, row.probability)}</span>"


def _twins(identifier: FontIdentifier, row: Row) -> str:
    if not row.twins:
        return ""
    pages = {face.name: face.url for face in identifier.catalogue.firsts(row.twins)}

    def linked(name: str) -> str:
        page = html.escape(pages[name])
        return f"<a href='{page}' target='_blank' rel='noopener'>{html.escape(name)}</a>" if page else html.escape(name)

    return f"<p class='note twins'>{words.SAME.format(names=in_short(pages, row.face.name, linked))}</p>"


def _alike(row: Row) -> str:
    """Which paid or system face it stands for."""
    alike = phrase({row.face.family, *row.twins})
    return f"<p class='note'>{html.escape(alike[:1].upper() + alike[1:])}.</p>" if alike else ""


def _copy(label: str, text: str, shown: str | None = None) -> str:
    value = html.escape(text).replace("\n", "&#10;")
    return f"<button type='button' data-copy=\"{value}\">{shown or label}</button>"


def _menu(label: str, buttons: str) -> str:
    return f"<details class='menu'><summary>{label}</summary><div>{buttons}</div></details>"


def using_html(identifier: FontIdentifier, face: Face) -> str:
    """Buttons that take the font that is compared, instead of the card's."""
    name = html.escape(f"{face.name} {style_of(face)}")
    css = _copy("CSS", codes(identifier, [("text", face)])["CSS"], "Copy CSS")
    return (
        f"<div class='buttons use' data-name='{name}' data-face='{face.id}'><span>{words.USE.format(name=name)}</span>"
        f"{css}{_download(face)}</div>"
    )


def _download(face: Face) -> str:
    """Buttons for the font's file and, where it has one, its page."""
    link, page = html.escape(face.url), words.GOOGLE_FONTS if face.source == "google" else words.WEBSITE
    linked = f"<a class='button' href='{link}' target='_blank' rel='noopener'>{page}</a>" if link else ""
    return f"<button type='button' data-font>Download</button>{linked}"


def _actions(identifier: FontIdentifier, face: Face, sizes: Sequence[int]) -> str:
    """The menu stands before what is shown on hover only, so that it does not move."""
    ways = codes(identifier, [("text", face)], {"text": sizes[-1]} if sizes else None)
    css = _copy("CSS", ways.pop("CSS"), "Copy CSS")
    folded = [
        "<button type='button' data-compare aria-expanded='false'>Compare</button>",
        "<button type='button' data-similar aria-expanded='false'>Similar fonts</button>",
        "<button type='button' data-share>Copy a link</button>",
        "<button type='button' data-feedback='right'>That is it</button>",
        "<button type='button' data-feedback='wrong'>This is wrong</button>",
        _copy("name", face.name, "Copy name"),
        *(_copy(label, text, f"Copy {label}") for label, text in ways.items()),
    ]
    more = _menu("More", "".join(folded))
    return f"<div class='buttons'>{css}{more}{_download(face)}</div>"


def use_all(identifier: FontIdentifier, answer: Answer) -> str:
    """One menu of what uses all fonts and styles at once, by role; none for a single one."""
    roles: dict[str, Face] = {}
    sizes: dict[str, int] = {}
    fonts = sorted(answer.fonts, key=lambda font: font.matches[0].family != answer.matches[0].family)
    for role, number, _, style in by_role(fonts):
        index = identifier.catalogue.row_of(style.match.face)
        if index is not None:
            name = role if number == 1 else f"{role}{number}"
            roles[name], sizes[name] = identifier.catalogue.faces[index], style.sizes[-1]
    if len(roles) < 2:
        return ""
    ways = codes(identifier, list(roles.items()), sizes)
    buttons = "".join(_copy(label, text, f"Copy {label}") for label, text in ways.items())
    return f"<div class='all'>{_menu('Use all', buttons)}</div>"


def similar_html(identifier: FontIdentifier, neighbours: Sequence[Neighbour], text: str) -> str:
    """Similar families, each drawn in its own face."""
    rows = []
    for neighbour in neighbours:
        face = identifier.catalogue.face(neighbour)
        link = f"href='{html.escape(face.url)}' target='_blank' rel='noopener'" if face.url else ""
        rows.append(
            f"<li><a {link}>{html.escape(face.name)}</a> <span class='style'>{style_of(face)}"
            f"</span>{specimen(identifier, face, text)}</li>"
        )
    return f"<ul class='neighbours'>{''.join(rows)}</ul>"


def styles_html(identifier: FontIdentifier, found: Face) -> str:
    """The family's other weights, and widths and the like at this weight, drawn, the one found marked; "" without."""
    of_family = (face for face in identifier.catalogue.faces if face.family == found.family)
    faces = [
        face
        for face in of_family
        if face.italic == found.italic
        and (face.unusual == found.unusual or face.weight == found.weight)
        and identifier.stand_in(face) == face
    ]
    if len(faces) < 2:
        return ""
    items = "".join(
        f"<li{' aria-current=true' if face == found else ''}>{specimen(identifier, face, words.STYLE_LETTERS)}"
        f"<button type='button' class='style' data-style>{style_of(face)}</button></li>"
        for face in sorted(faces, key=lambda face: (face.italic, face.weight))
    )
    label = html.escape(words.STYLES_OF.format(name=found.name))
    return f"<ul class='styles' aria-label='{label}' tabindex='0'>{items}</ul>"


def rows_from_query(identifier: FontIdentifier, fonts: str) -> list[Row]:
    """The rows that an address carries; what is unknown or no number in it is passed over."""
    rows = []
    for part in fonts.split(",")[:20]:
        name, _, number = part.partition(":")
        index = identifier.catalogue.row_of(name)
        if index is not None:
            try:
                probability = min(1.0, max(0.0, float(number)))
            except ValueError:
                probability = None
            verdict = "" if probability is None else identifier.calibration.word(probability)
            twins = identifier.catalogue.twins_of(index)
            rows.append(Row(identifier.catalogue.faces[index], probability, twins, verdict))
    return rows
