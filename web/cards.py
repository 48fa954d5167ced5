"""An answer as HTML: one section a group of lines, one card a row. What a click does is in `cards.js`."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fontid.catalogue.alternatives import phrase
from fontid.catalogue.faces import Face
from fontid.catalogue.names import in_short
from fontid.catalogue.ranking import Match, Neighbour, rows_that_open
from fontid.identifier import NOTHING_FITS, Answer, FontIdentifier, Group
from fontid.text.lines import Line
from web.specimens import css_snippet, npm_command, specimen, style_name

NOTHING_YET = "<p class='hint'>The answer appears here.</p>"
SAMPLE = "Hamburgefonstiv"  # where nothing could be read
WIDEST_CROP = 900  # pixels
LONGEST = 60  # characters of the user's words


@dataclass(frozen=True)
class Row:
    """What a card shows: a face, and what is known of it; None where it was not found in a picture."""

    face: Face
    probability: float | None
    twins: tuple[str, ...]
    verdict: str = ""


def rows_of(identifier: FontIdentifier, matches: Sequence[Match]) -> list[Row]:
    return [Row(identifier.catalogue.face(match), match.probability, match.twins, match.verdict) for match in matches]


def answer_html(identifier: FontIdentifier, answer: Answer, picture: Image.Image) -> str:
    """Args: picture: in which the answer's lines are."""
    groups = sorted(answer.groups, key=lambda group: group.matches != answer.matches)  # the largest first
    fold = len(groups) > 1
    sections = [group_html(identifier, group, picture, number, fold) for number, group in enumerate(groups, 1)]
    return _status(answer) + "".join(sections)


def _status(answer: Answer) -> str:
    """What a screen reader says when an answer comes."""
    first = answer.matches[0]
    fonts = f"{len(answer.groups)} fonts found. " if len(answer.groups) > 1 else ""
    sure = f"{NOTHING_FITS}: " if first.verdict == "none" else ""
    style = style_name(first.weight, first.italic)
    text = f"{fonts}{sure}{first.name} {style}, {first.verdict}, {first.probability:.0%}."
    return f"<p class='unseen' role='status'>{html.escape(text)}</p>"


def group_html(identifier: FontIdentifier, group: Group, picture: Image.Image, number: int, fold: bool) -> str:
    """Args: number: from 1; fold: show the first card alone until the others are asked for."""
    line = max(group.lines, key=lambda line: line.area)
    text = line.text[:LONGEST] or SAMPLE
    reading = " / ".join(one.text for one in group.lines if one.text)
    head = f"<h2 class='reading'>{html.escape(reading[:300]) or 'Text that could not be read'}</h2>"
    crop = f"<img class='crop' alt='Your picture: {html.escape(text, quote=True)}' src='{crop_of(line, picture)}'>"
    nothing = group.matches[0].verdict == "none"
    warning = f"<p class='unknown' role='note'>{NOTHING_FITS}</p>" if nothing else ""
    cards = [_opening(identifier, row, text) for row in rows_that_open(group.matches)]
    shown = f"<ol class='matches'>{''.join(cards[:1] if fold else cards)}</ol>"
    if fold and len(cards) > 1:
        rest = f"<ol class='matches' start='2'>{''.join(cards[1:])}</ol>"
        shown += f"<details><summary>{len(cards) - 1} more</summary>{rest}</details>"
    read = "1" if line.text else "0"
    return (
        f"<section class='group' aria-label='Font {number}' data-read='{read}'>{head}{crop}{warning}{shown}</section>"
    )


def cards_html(identifier: FontIdentifier, rows: list[Row], text: str) -> str:
    """Cards without a picture: what a shared address holds."""
    cards = "".join(card(identifier, row, text[:LONGEST] or SAMPLE) for row in rows)
    return f"<section class='group'><ol class='matches'>{cards}</ol></section>"


def crop_of(line: Line, picture: Image.Image) -> str:
    """The line as it is in the picture, turned upright: a data address."""
    pixels = Image.fromarray(np.ascontiguousarray(line.frame(picture).pixels))
    pixels.thumbnail((WIDEST_CROP, WIDEST_CROP))
    file = io.BytesIO()
    pixels.save(file, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _opening(identifier: FontIdentifier, matches: Sequence[Match], text: str) -> str:
    """A card, in which the other matches of its superfamily open."""
    first, *others = rows_of(identifier, matches)
    cards = "".join(card(identifier, other, text) for other in others)
    summary = f"<summary>{len(others)} more of {html.escape(matches[0].superfamily or '')}</summary>"
    return card(
        identifier, first, text, f"<details>{summary}<ol class='matches'>{cards}</ol></details>" if cards else ""
    )


def card(identifier: FontIdentifier, row: Row, text: str, more: str = "") -> str:
    """One row as a list item. Args: more: HTML at its end."""
    face = row.face
    name = html.escape(face.name)
    title = name
    if face.url:
        link = html.escape(face.url, quote=True)
        title = f"<a class='family' href='{link}' target='_blank' rel='noopener'>{name}</a>"
    probability = ""
    if row.probability is not None:
        probability = (
            f"<span class='probability'><meter min='0' max='1' value='{row.probability:.3f}' "
            f"aria-label='Probability of {name}'></meter> {row.probability:.0%} {row.verdict}</span>"
        )
    facts = [face.category, face.width_class, face.license]
    return (
        f"<li class='card' data-face='{face.id}' data-probability='{row.probability or ''}'>"
        f"<div class='row'><span class='family'>{title}</span>"
        f"<span class='style'>{style_name(face.weight, face.italic)}</span>{probability}</div>"
        f"{specimen(identifier, face, text)}{_twins(identifier, row)}{_alike(row)}"
        f"<p class='note'>{html.escape(' · '.join(filter(None, facts)))}</p>{_buttons(face)}"
        f"<div class='compare' hidden></div><div class='similar' hidden></div>{more}</li>"
    )


def _twins(identifier: FontIdentifier, row: Row) -> str:
    if not row.twins:
        return ""
    pages = {face.name: face.url for face in identifier.catalogue.firsts(row.twins)}

    def linked(name: str) -> str:
        page = html.escape(pages[name], quote=True)
        return f"<a href='{page}' target='_blank' rel='noopener'>{html.escape(name)}</a>" if page else html.escape(name)

    names = in_short(pages, row.face.name, linked)
    return f"<p class='note twins'>Also {names}: the same letters, so that no picture tells them apart.</p> "


def _alike(row: Row) -> str:
    alike = phrase({row.face.family, *row.twins})
    return f"<p class='note'>{html.escape(alike[:1].upper() + alike[1:])}.</p> " if alike else ""


def _buttons(face: Face) -> str:
    name = html.escape(face.name, quote=True)

    def copies(label: str, text: str) -> str:
        value = html.escape(text, quote=True).replace("\n", "&#10;")
        return f"<button type='button' data-copy=\"{value}\" aria-label='{label} of {name}'>{label}</button>"

    buttons = ["<button type='button' data-compare aria-expanded='false'>Compare</button>"]
    buttons.append(copies("Copy name", face.name))
    if face.url:
        buttons += [copies("Copy CSS", css_snippet(face)), copies("Copy npm", npm_command(face))]
        link = html.escape(face.url, quote=True)
        buttons.append(f"<a class='button' href='{link}' target='_blank' rel='noopener'>Google Fonts</a>")
    buttons.append(f"<button type='button' data-font aria-label='Font file of {name}'>Font file</button>")
    buttons.append("<button type='button' data-similar aria-expanded='false'>Similar fonts</button>")
    return f"<div class='buttons'>{''.join(buttons)}</div>"


def similar_html(identifier: FontIdentifier, neighbours: Sequence[Neighbour], text: str) -> str:
    """Similar families, each drawn in its own face."""
    rows = []
    for neighbour in neighbours:
        face = identifier.catalogue.face(neighbour)
        link = f"href='{html.escape(face.url, quote=True)}' target='_blank' rel='noopener'" if face.url else ""
        rows.append(
            f"<li><a {link}>{html.escape(face.name)}</a> <span class='style'>{style_name(face.weight, face.italic)}"
            f"</span>{specimen(identifier, face, text)}</li>"
        )
    return f"<ul class='neighbours'>{''.join(rows)}</ul>"


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
            rows.append(Row(identifier.catalogue.faces[index], probability, identifier.catalogue.twins_of(index)))
    return rows
