"""Where on a variable font's axes its faces lie: every hundred of weight, known widths, optical sizes, slants."""

import itertools
from collections.abc import Iterator, Mapping

from fontTools.ttLib import TTFont

from fontid.catalogue.faces import face_id
from fontid.fonts.files import is_italic

WIDTHS = (62.5, 75.0, 87.5, 100.0, 112.5, 125.0, 150.0)  # those that CSS has names for
TEXT_SIZE = 14  # points: the optical size of text
HEADLINE_SIZE = 36  # points: between text and the end of a long axis, where neither looks like it
LONG_AXIS = 60  # points: an axis of optical sizes that ends below needs no face between
REGISTERED = ("wght", "wdth", "opsz", "slnt", "ital")
UNSEEN = ("GRAD",)  # axes whose ends look like weights of the same face


def usual_place(font: TTFont, told: Mapping[str, float]) -> dict[str, float]:
    """Normal width, optical size of text, upright, other axes as `told` (by the family's metadata) or by default."""
    own = {tag: value for tag, value in told.items() if tag not in REGISTERED}
    wanted = {"wdth": 100.0, "opsz": TEXT_SIZE, "slnt": 0.0, "wght": 400.0} | own
    return {
        axis.axisTag: min(max(wanted.get(axis.axisTag, axis.defaultValue), axis.minValue), axis.maxValue)
        for axis in font["fvar"].axes
    }


def places(font: TTFont, told: Mapping[str, float]) -> Iterator[dict[str, float]]:
    """The faces of a variable font as a value for each of its axes, the usual one of a weight and slope first.

    Widths, optical sizes and what the font's named instances do with axes of its own vary one at a time, each with
    every slope. Optical sizes come in every weight, since browsers choose them by themselves, and semi-bold headlines
    are as common as bold ones. The others come in regular, bold and the ends of weight.
    """
    axes = {axis.axisTag: axis for axis in font["fvar"].axes}
    usual = usual_place(font, told)

    def inside(tag: str, values) -> list[dict[str, float]]:
        if tag not in axes:
            return [{}]
        found = {usual[tag], *(v for v in values if axes[tag].minValue <= v <= axes[tag].maxValue)}
        return [{tag: value} for value in sorted(found, key=lambda value: (value != usual[tag], value))]

    weights = sorted(inside("wght", range(100, 1001, 100)), key=lambda place: place.get("wght", 0))
    if len(weights) > 1:  # one between hundreds is no name of its own
        weights = [place for place in weights if not place["wght"] % 100]
    slants = inside("slnt", [max(axes["slnt"].minValue, axes["slnt"].maxValue, key=abs)] if "slnt" in axes else [])
    variations = inside("wdth", WIDTHS)
    if "opsz" in axes:
        smallest, largest = axes["opsz"].minValue, axes["opsz"].maxValue
        # A family with axes of its own has enough faces without: one more of Roboto Flex looks like Roboto.
        between = (HEADLINE_SIZE,) if largest >= LONG_AXIS and set(axes) <= {*REGISTERED, *UNSEEN} else ()
        variations += inside("opsz", (smallest, *between, largest))[1:]
    variations += own_variations(font, usual)
    few = [place for place in weights if place in (weights[0], weights[-1]) or place["wght"] in (400, 700)]
    for variation in variations:
        often = usual | variation == usual or "opsz" in variation
        for weight, slant in itertools.product(weights if often else few, slants):
            yield usual | variation | weight | slant


def own_variations(font: TTFont, usual: Mapping[str, float]) -> list[dict[str, float]]:
    """What the named instances do with axes that are the font's own, each once, without what is usual."""
    own = [tag for tag in usual if tag not in REGISTERED + UNSEEN]
    found: list[dict[str, float]] = []
    for instance in font["fvar"].instances:
        variation = {tag: instance.coordinates[tag] for tag in own}
        if variation not in found and variation != {tag: usual[tag] for tag in own}:
            found.append(variation)
    return found


def place_id(family: str, weight: int, italic: bool, place: Mapping[str, float], usual: Mapping[str, float]) -> str:
    """`face_id`, followed by the axes beside weight and slant that are not at their usual value."""
    unusual = (f"-{tag}{value:g}" for tag, value in sorted(place.items()) if value != usual[tag])
    return face_id(family, weight, italic) + "".join(part for part in unusual if part[1:5] not in ("wght", "slnt"))


def is_slanted(font: TTFont, place: Mapping[str, float]) -> bool:
    return bool(place["slnt"]) if "slnt" in place else is_italic(font)
