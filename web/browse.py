"""The catalogue to look through, and a page for each family."""

import html
import json
import re
from collections.abc import Callable

from fontid.catalogue.alternatives import UnknownFace, alternatives_to, find_face
from fontid.catalogue.faces import STYLES, Face, by_family, regular_face
from fontid.commands import counted
from fontid.identifier import FontIdentifier
from web.cards import Row, card
from web.filters import CATEGORIES
from web.specimens import specimen, style_of
from web.words import FREE_FOR, NO_FAMILY, NOT_COVERED, OWN_WORDS, PANGRAM, SEARCH

PAGE = 24  # families drawn at a time
ALSO_CALLED = {
    "narrow": {"condensed"},
    "wide": {"extended", "expanded"},
    "monospace": {"monospaced"},
    "handwriting": {"handwritten", "script", "cursive"},
    "extralight": {"ultralight"},
    "semibold": {"demibold"},
    "extrabold": {"ultrabold"},
    "black": {"heavy"},
}


def find_families(
    identifier: FontIdentifier, search: str, wanted: Callable[[Face], bool] | None = None
) -> list[list[Face]]:
    """The faces of each family whose name, category or traits hold the words searched for.

    Traits are what the family comes in: widths, italics, weights, "variable". First those that begin like the search,
    then those with words that begin like its words.
    """
    said = search.casefold().replace("sans serif", "sans-serif")
    words = re.sub(r"\b(extra|ultra|semi|demi)[ -](?=light|bold|black)", r"\1", said).split()
    found = []
    for faces in by_family(face for face in identifier.catalogue.faces if wanted is None or wanted(face)).values():
        name, traits = f"{faces[0].name} {faces[0].family}".casefold(), _traits(faces)
        if all(word in name or any(trait.startswith(word) for trait in traits) for word in words):
            found.append(faces)

    def order(faces: list[Face]) -> tuple:
        name = faces[0].name.casefold()
        begins = all(any(part.startswith(word) for part in name.split()) for word in words)
        return not name.startswith(search.casefold().strip()), not begins, name

    return sorted(found, key=order)


def _traits(faces: list[Face]) -> set[str]:
    """A family's category, the widths that it comes in, bold ones not counted as wide, its weights, and more."""
    usual = regular_face(faces).weight
    known = {faces[0].category} | {face.width_class for face in faces if face.weight == usual}
    known |= {STYLES[weight].casefold().replace(" ", "") for weight in {face.weight for face in faces} & STYLES.keys()}
    known |= {"italic" for face in faces if face.italic} | {"variable" for face in faces if face.axes}
    return known.union(*(ALSO_CALLED.get(trait, ()) for trait in known))


def browse_html() -> str:
    """Where somebody searches, and room for what is found; `browse.js` fills it."""
    choices = "".join(f"<option>{category}</option>" for category in CATEGORIES)
    return (
        f"<form id='search'><input type='search' name='search' placeholder='{SEARCH}' aria-label='Search' "
        "autocomplete='off'><select name='category' aria-label='Category'>"
        f"<option value=''>All categories</option>{choices}</select></form><div class='results'></div>"
    )


def families_html(identifier: FontIdentifier, families: list[list[Face]], search: str, category: str) -> str:
    """The first `PAGE` of them drawn, how many there are, and where the rest begins."""
    if not families:
        return f"<p class='hint' role='status'>{NO_FAMILY}</p>"
    count = f"{len(families):,} {'family' if len(families) == 1 else 'families'}"
    rest = html.escape(json.dumps({"search": search, "category": category, "begin": PAGE}))
    return (
        f"<p class='hint' role='status'>{count}.</p>"
        f"<ul class='matches'>{family_cards(identifier, families[:PAGE])}</ul>"
        f"<p class='rest' data-rest='{rest}'></p>"
    )


def family_cards(identifier: FontIdentifier, families: list[list[Face]]) -> str:
    rows = []
    for faces in families:
        face = regular_face(faces)
        styles = counted(len(faces), "style", "styles")
        rows.append(
            f"<li class='card'>{specimen(identifier, face, face.name)}<p class='style'>"
            f"{_family_button(face)}{face.category} · {styles}</p></li>"
        )
    return "".join(rows)


def family_html(identifier: FontIdentifier, family: str) -> str:
    """One family: its regular face as a card, and every style drawn."""
    faces = [face for face in identifier.catalogue.faces if face.family == family]
    if not faces:
        return f"<p class='hint'>{NO_FAMILY}</p>"
    face = regular_face(faces)
    row = Row(face, None, identifier.catalogue.twins_of(identifier.catalogue.row_of(face.id)))
    styles = "".join(
        f"<li><span class='style'>{style_of(one)}</span>{specimen(identifier, one, PANGRAM)}</li>" for one in faces
    )
    return (
        f"<input placeholder='{OWN_WORDS}' aria-label='{OWN_WORDS}'>"
        f"<section class='group' data-text='{PANGRAM}'>{card(identifier, row, PANGRAM)}"
        f"<ul class='neighbours'>{styles}</ul></section>"
    )


def alternatives_html(identifier: FontIdentifier, name: str) -> str:
    """Free families for the paid or system face of that name, drawn where the catalogue has them; "" for no such name.

    Where no name matches at all, the nearest spellings come instead.
    """
    firsts = {family: regular_face(faces) for family, faces in by_family(identifier.catalogue.faces).items()}
    try:
        asked = find_face(name, [face.name for face in firsts.values()])
    except UnknownFace as unknown:
        covered = not name.strip() or find_families(identifier, name)
        return "" if covered else f"<p class='hint'>{html.escape(str(unknown))}</p>"
    rows = []
    for one in alternatives_to(asked):
        free, face = html.escape(one.free), firsts.get(one.family)
        if face:
            drawn, title = specimen(identifier, face, one.free), _family_button(face)
        else:
            page = html.escape(one.url)
            title = f"<a href='{page}' target='_blank' rel='noopener'>{free}</a>" if page else f"<span>{free}</span>"
            drawn = f"<p class='note'>{NOT_COVERED}</p>"
        rows.append(f"<li class='card'>{drawn}<p class='style'>{title}{one.relation}</p></li>")
    heading = html.escape(FREE_FOR.format(name=asked))
    return f"<h2>{heading}</h2><ul class='matches'>{''.join(rows)}</ul>"


def _family_button(face: Face) -> str:
    return f"<button type='button' data-family='{face.family}'>{html.escape(face.name)}</button>"
