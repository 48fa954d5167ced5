"""Which faces somebody wants to see: category, weight, slope, width. What a click does is in `filters.js`."""

from collections.abc import Callable, Sequence

from fontid.catalogue.faces import WIDTHS, Face
from fontid.fonts.files import FONT_SUFFIXES
from web.words import OWN_ALONE, OWN_FONTS

CATEGORIES = ("sans-serif", "serif", "display", "handwriting", "monospace")
WEIGHTS = tuple(range(100, 1000, 100))
SLOPES = ("any", "upright", "italic")
WIDTH_NAMES = tuple(WIDTHS)
FILTERS = {
    "categories": CATEGORIES,
    "weights": WEIGHTS,
    "slope": SLOPES,
    "widths": WIDTH_NAMES,
}  # as `wanted` takes them
LONGEST = 40  # characters of a strange choice that are said again


def wanted(
    categories: Sequence[str] = (), weights: Sequence[int] = (), slope: str = "any", widths: Sequence[str] = ()
) -> Callable[[Face], bool] | None:
    """Whether a face is wanted; None where all are. Nothing chosen in a list means that all of it will do.

    Raises: ValueError that names what is no choice.
    """
    for name, chosen, known in (
        ("category", categories, CATEGORIES),
        ("weight", [str(weight) for weight in weights or ()], [str(weight) for weight in WEIGHTS]),
        ("slope", [slope or "any"], SLOPES),
        ("width", widths, WIDTH_NAMES),
    ):
        strange = [one for one in chosen or () if one not in known]
        if strange:
            raise ValueError(f"{str(strange[0])[:LONGEST]!r} is no {name}: choose among {', '.join(known)}.")
    near = {int(weight) for weight in weights or ()}
    if not (categories or near or widths or slope not in (None, "any")):
        return None

    def is_wanted(face: Face) -> bool:
        return (
            (not categories or face.category in categories)
            and (not near or min(9, max(1, round(face.weight / 100))) * 100 in near)
            and (slope in (None, "any") or face.italic == (slope == "italic"))
            and (not widths or face.width_class in widths)
        )

    return is_wanted


def filters_html() -> str:
    """What is chosen among, and where one's own fonts are added."""
    sets = ""
    for name, choices in FILTERS.items():
        kind = "radio" if name == "slope" else "checkbox"
        chips = "".join(
            f"<label class='chip'><input type='{kind}' name='{name}' value='{one}'{' checked' * (one == 'any')}>"
            f"{one}</label>"
            for one in choices
        )
        sets += f"<fieldset><legend>{name.capitalize()}</legend>{chips}</fieldset>"
    return (
        f"<form>{sets}<fieldset id='own'><legend>{OWN_FONTS}</legend>"
        f"<input type='file' multiple accept='{','.join(FONT_SUFFIXES)}' aria-label='{OWN_FONTS}'>"
        f"<label class='chip'><input type='checkbox' name='alone'>{OWN_ALONE}</label></fieldset></form>"
    )
