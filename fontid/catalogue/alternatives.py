"""What paid and system faces can be replaced with: free families, why, and where each is to be had.

`alternatives.tsv` is the table and says how it came about. A family's id is its name as @fontsource spells it.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from fontid.commands import Refusal

TABLE = Path(__file__).with_name("alternatives.tsv")
RELATIONS = ("same metrics", "revival", "resembles")  # from the nearest to the farthest
LEAST_LIKE = 0.6  # of `difflib`: spellings below that are another name
NEAREST = 5  # spellings that are told
REDRAWN = {"neue", "next", "now"}  # behind the name of a design that was drawn anew: Helvetica Neue


class UnknownFace(Refusal, ValueError):
    """A name that is not in the table; the message names the nearest spellings."""


@dataclass(frozen=True)
class Alternative:
    """A free family for a paid or system face.

    face, free: their names; family: id of the free one; relation: one of `RELATIONS`; url: where it is, or "".
    sources: pages that name the pair; curated_sources: those of them that are kept with care.
    """

    face: str
    free: str
    relation: str
    curated_sources: int
    sources: int
    url: str

    @property
    def family(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.free.casefold()).strip("-")

    def to_dict(self) -> dict:
        """An alternative of docs/answer.schema.json."""
        about = {"name": self.free, "family": self.family, "relation": self.relation, "of": self.face}
        return about | {"sources": self.sources, "url": self.url}


@cache
def table() -> tuple[Alternative, ...]:
    """The nearest relation of each face first, then what most pages name."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]
    rows = [line.split("\t") for line in lines[1:]]
    return tuple(Alternative(face, free, kind, int(kept), int(all_), url) for face, free, kind, kept, all_, url in rows)


def drawn_like(families: Collection[str]) -> list[Alternative]:
    """The faces that families stand for, the nearest first. A resemblance counts that somebody careful names."""
    found = [one for one in table() if one.family in families and one.curated_sources]
    found.sort(key=lambda one: (RELATIONS.index(one.relation), -one.curated_sources, -one.sources))
    nearest: dict[str, Alternative] = {}
    for one in found:
        nearest.setdefault(one.face, one)
    return list(nearest.values())


def alternatives_to(face: str, without: Collection[str] = ()) -> list[Alternative]:
    """The free families for a face of the table, and after them those for the older design that it was drawn after.

    Args: without: ids of families that are not told.
    """
    own = [one for one in table() if one.face == face]
    older, _, last = face.rpartition(" ")
    if last.casefold() in REDRAWN:
        named = {one.family for one in own}
        own += [replace(one, relation="resembles") for one in alternatives_to(older, named)]
    return [one for one in own if one.family not in without]


def find_face(name: str, catalogue: Iterable[str] = ()) -> str:
    """The face of the table that is meant, whatever its case, blanks and signs, and with a style behind its name.

    Args: catalogue: names of free families, for which the face that such a family stands for is found.
    Raises: UnknownFace.
    """
    asked, spellings = _plain(name), _spellings()
    if not asked:
        raise UnknownFace("Name a face, such as Proxima Nova.")
    if asked in spellings:
        return spellings[asked]
    own = {_plain(one): one for one in [*catalogue, *(row.free for row in table())]}
    if asked in own:
        stands_for = drawn_like({row.family for row in table() if _plain(row.free) == asked})
        if stands_for and stands_for[0].relation != "resembles":
            return stands_for[0].face
        raise UnknownFace(f"{own[asked]} is free itself.")
    words = name.split()
    for count in range(len(words) - 1, 0, -1):
        if _plain("".join(words[:count])) in spellings:
            return spellings[_plain("".join(words[:count]))]
    near = difflib.get_close_matches(asked, [*spellings, *own], NEAREST, LEAST_LIKE)
    names = list(dict.fromkeys(spellings.get(one) or own[one] for one in near))
    if not names:
        raise UnknownFace(f"No font named {name[:60]} is known, nor one with a similar name.")
    raise UnknownFace(f"No font named {name[:60]} is known. Did you mean {', '.join(names)}?")


@cache
def _spellings() -> dict[str, str]:
    """Plain spelling -> face; of "FHWA Series (Highway Gothic)" either part will do."""
    found: dict[str, str] = {}
    for face in dict.fromkeys(one.face for one in table()):
        for part in (face, *re.split(r"[()]", face)):
            if part.strip():
                found.setdefault(_plain(part), face)
    return found


def _plain(name: str) -> str:
    """Letters and digits alone, without case and accents."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", name.casefold())))


def phrase(families: Collection[str]) -> str:
    """What families stand for: "drawn like Helvetica; free too: Nimbus Sans (same metrics)", or nothing."""
    faces = drawn_like(families)
    if not faces:
        return ""
    first = faces[0]
    verb = "resembles" if first.relation == "resembles" else "drawn like"
    others = alternatives_to(first.face, families)
    free = "; free too: " + ", ".join(f"{one.free} ({one.relation})" for one in others) if others else ""
    return f"{verb} {first.face}{free}"
