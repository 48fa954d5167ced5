"""The catalogue to look through: "is my font covered?"."""

import html
from collections.abc import Callable

from fontid.catalogue.alternatives import UnknownFace, alternatives_to, find_face
from fontid.catalogue.faces import Face, by_family, regular_face
from fontid.identifier import FontIdentifier
from web.specimens import specimen, style_name

PAGE = 24  # families drawn at a time


def find_families(
    identifier: FontIdentifier, search: str, wanted: Callable[[Face], bool] | None = None
) -> list[list[Face]]:
    """The faces of each family whose name or id holds the words searched for.

    First those that begin like the search, then those with words that begin like its words.
    """
    words = search.casefold().split()
    found = []
    for faces in by_family(face for face in identifier.catalogue.faces if wanted is None or wanted(face)).values():
        name = f"{faces[0].name} {faces[0].family}".casefold()
        if all(word in name for word in words):
            found.append(faces)

    def order(faces: list[Face]) -> tuple:
        name = faces[0].name.casefold()
        begins = all(any(part.startswith(word) for part in name.split()) for word in words)
        return not name.startswith(search.casefold().strip()), not begins, name

    return sorted(found, key=order)


def families_html(identifier: FontIdentifier, families: list[list[Face]], text: str) -> str:
    """The first `PAGE` of them drawn, and how many there are."""
    if not families:
        return "<p class='hint' role='status'>No family is named like that: it is not covered.</p>"
    more = f", the first {PAGE} shown" if len(families) > PAGE else ""
    count = f"{len(families)} {'family' if len(families) == 1 else 'families'}{more}"
    rows = []
    for faces in families[:PAGE]:
        face = regular_face(faces)
        styles = ", ".join(style_name(one.weight, one.italic) for one in faces)
        rows.append(
            f"<li class='card'><div class='row'><a class='family' href='{html.escape(face.url, quote=True)}' "
            f"target='_blank' rel='noopener'>{html.escape(face.name)}</a>"
            f"<span class='style'>{face.category}</span></div>{specimen(identifier, face, text or face.name)}"
            f"<p class='note'>{styles}</p></li>"
        )
    return f"<p class='hint' role='status'>{count}.</p><ul class='matches'>{''.join(rows)}</ul>"


def alternatives_html(identifier: FontIdentifier, name: str) -> str:
    """Free families for the paid or system face of that name, drawn where the catalogue has them; "" for no such name.

    Where nothing at all is named like that, the nearest spellings are told.
    """
    firsts = {faces[0].family: regular_face(faces) for faces in by_family(identifier.catalogue.faces).values()}
    try:
        asked = find_face(name, [face.name for face in firsts.values()])
    except UnknownFace as unknown:
        covered = not name.strip() or find_families(identifier, name)
        return "" if covered else f"<p class='hint'>{html.escape(str(unknown))}</p>"
    rows = []
    for one in alternatives_to(asked):
        title = html.escape(one.free)
        if one.url:
            page = html.escape(one.url, quote=True)
            title = f"<a class='family' href='{page}' target='_blank' rel='noopener'>{title}</a>"
        face = firsts.get(one.family)
        drawn = specimen(identifier, face, one.free) if face else "<p class='note'>Not in this catalogue.</p>"
        row = f"<div class='row'>{title}<span class='style'>{one.relation}</span></div>"
        rows.append(f"<li class='card'>{row}{drawn}</li>")
    return f"<h2>Free fonts for {html.escape(asked)}</h2><ul class='matches'>{''.join(rows)}</ul>"
