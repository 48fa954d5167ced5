"""Which faces somebody wants to see: category, weight, slope, width. What a click does is in `filters.js`."""

from collections.abc import Sequence
from dataclasses import dataclass

from fontid.catalogue.faces import WIDTHS, Face
from fontid.commands import Refusal
from fontid.fonts.files import FONT_SUFFIXES
from web.words import CLEAR, CLOSE, FILTERED, OWN_ALONE, OWN_FONTS, OWN_USED

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


@dataclass(frozen=True)
class Wanted:
    """Which faces are wanted, as `wanted` takes it; the same choices are equal. Nothing in a set: all of it will do."""

    categories: frozenset[str]
    weights: frozenset[int]
    slope: str
    widths: frozenset[str]

    def __call__(self, face: Face) -> bool:
        return (
            (not self.categories or face.category in self.categories)
            and (not self.weights or min(9, max(1, round(face.weight / 100))) * 100 in self.weights)
            and (self.slope == "any" or face.italic == (self.slope == "italic"))
            and (not self.widths or face.width_class in self.widths)
        )


def wanted(
    categories: Sequence[str] = (), weights: Sequence[int] = (), slope: str = "any", widths: Sequence[str] = ()
) -> Wanted | None:
    """Whether a face is wanted; None where all are. Nothing chosen in a list means that all of it will do.

    Raises: Refusal that names what is no choice.
    """
    for name, chosen, known in (
        ("category", categories, CATEGORIES),
        ("weight", [str(weight) for weight in weights or ()], [str(weight) for weight in WEIGHTS]),
        ("slope", [slope or "any"], SLOPES),
        ("width", widths, WIDTH_NAMES),
    ):
        strange = [one for one in chosen or () if one not in known]
        if strange:
            raise Refusal(f"{str(strange[0])[:LONGEST]!r} is no {name}: choose among {', '.join(known)}.")
    near = frozenset(int(weight) for weight in weights or ())
    chosen = Wanted(frozenset(categories or ()), near, slope or "any", frozenset(widths or ()))
    return None if chosen == EVERYTHING else chosen


EVERYTHING = Wanted(frozenset(), frozenset(), "any", frozenset())


def filters_html() -> str:
    """What is chosen among, where one's own fonts are added, and what says so and clears it where that is folded."""
    sets = ""
    for name, choices in FILTERS.items():
        kind = "radio" if name == "slope" else "checkbox"
        chips = "".join(
            f"<label class='chip'><input type='{kind}' name='{name}' value='{one}'{' checked' * (one == 'any')}>"
            f"{one}</label>"
            for one in choices
        )
        sets += f"<fieldset><legend>{name.capitalize()}</legend>{chips}</fieldset>"
    filtered, own = FILTERED.format(chosen="<b></b>"), OWN_USED
    return (
        f"<p class='clear'>{_clearing('filters', filtered)}{_clearing('own', own)}</p>"
        f"<form>{sets}<fieldset id='own'><legend>{OWN_FONTS}</legend>"
        f"<input type='file' multiple accept='{','.join(FONT_SUFFIXES)}' aria-label='{OWN_FONTS}'>"
        f"<label class='chip'><input type='checkbox' name='alone' disabled>{OWN_ALONE}</label></fieldset>"
        f"<button type='button' data-close>{CLOSE}</button></form>"
    )


def _clearing(what: str, said: str) -> str:
    return (
        f"<button type='button' class='chip' data-clear='{what}' title='{CLEAR}' hidden>"
        f"<span>{said}</span><span class='unseen'>{CLEAR}</span><span aria-hidden='true'>×</span></button>"
    )
