"""Which name of a design people know: the original among twins, and the superfamily that a family belongs to."""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

SERIES = (  # families that only experts tell apart, by how their names begin
    "Anek", "Baloo", "Edu", "Encode Sans", "Hind", "IBM Plex Sans", "Lexend", "Mukta", "Noto Sans", "Noto Serif",
    "Playpen Sans", "Playwrite",
)  # fmt: skip
VERSIONS = (" SC", " Guides")  # of a family: small capitals, ruled lines
LISTED = 3  # twins of one superfamily that are named; more are counted


def superfamily(name: str) -> str:
    """What a family's name shares with those of its versions; its own name where it has none."""
    for series in SERIES:
        if f"{name} ".startswith(f"{series} ") and not name.endswith(" Mono"):
            return series
    return next((name.removesuffix(version) for version in VERSIONS if name.endswith(version)), name)


def original(names: Sequence[str], usage: Callable[[int], int], year: Callable[[int], int]) -> int:
    """Which of several families that draw the same letters is the original.

    One whose name begins with another's whole name is made from it ("Noto Sans Oriya" from "Noto Sans"). Of the others
    the most used is taken, of equal ones the oldest, then the first.

    Args: usage, year: of a place in `names`.
    """
    known = set(names)
    roots = [
        place
        for place, name in enumerate(names)
        if known.isdisjoint(accumulate(name.split(" ")[:-1], "{} {}".format))  # its beginnings by words
    ]
    return min(roots, key=lambda place: (-usage(place), year(place)))


def in_short(names: Iterable[str], of: str, shown: Callable[[str], str] = str) -> str:
    """Twins in a phrase: "Cairo, Kufam and 27 other Noto Sans families".

    Args: of: the family whose twins they are; shown: how a single name is written, such as with a link.
    """
    by_superfamily: dict[str, list[str]] = {}
    for name in names:
        by_superfamily.setdefault(superfamily(name), []).append(name)
    parts: list[str] = []
    counted: list[str] = []
    for shared, members in by_superfamily.items():
        if len(members) <= LISTED:
            parts += map(shown, members)
        else:
            counted.append(f"{len(members)} {'other ' if shared == superfamily(of) else ''}{shared} families")
    parts += counted
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
