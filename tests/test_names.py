"""Names that people know: originals, superfamilies, and what paid faces can be replaced with."""

import pytest

from fontid.catalogue import alternatives
from fontid.catalogue.alternatives import alternatives_to, drawn_like, find_face, phrase, table
from fontid.catalogue.names import in_short, original, superfamily
from fontid.catalogue.usage import read_usage, write_usage


def shown(names: list[str], usage: dict[str, int] | None = None, years: dict[str, int] | None = None) -> str:
    usage, years = usage or {}, years or {}
    return names[original(names, lambda n: usage.get(names[n], 0), lambda n: years.get(names[n], 9999))]


def test_the_original_is_the_base_name_then_the_most_used_then_the_oldest():
    assert shown(["Noto Sans Oriya", "Noto Sans"], {"Noto Sans Oriya": 9}) == "Noto Sans"
    assert shown(["Pattaya", "Lobster"], {"Lobster": 9}) == "Lobster"
    assert shown(["Pattaya", "Lobster"], years={"Pattaya": 2015, "Lobster": 2010}) == "Lobster"
    assert shown(["Noto Sans Oriya", "Noto Sans Lao", "Notable"], {"Noto Sans Lao": 9}) == "Noto Sans Lao"
    assert shown(["Interstate", "Inter"]) == "Interstate"  # no version of it


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("Playwrite AR Guides", "Playwrite"),
        ("Encode Sans Semi Condensed", "Encode Sans"),
        ("Alegreya Sans SC", "Alegreya Sans"),
        ("Noto Sans SC", "Noto Sans"),
        ("Noto Sans Mono", "Noto Sans Mono"),
        ("Educational", "Educational"),
    ],
)
def test_superfamilies(name, shared):
    assert superfamily(name) == shared


def test_many_twins_are_counted_and_few_are_named():
    scripts = [f"Noto Sans {script}" for script in ("Lao", "Thai", "Vai", "Yi")]
    assert in_short(["Cairo", *scripts], "Noto Sans") == "Cairo and 4 other Noto Sans families"
    assert in_short(scripts, "Cairo") == "4 Noto Sans families"
    assert in_short(["Kufam", "Cairo", *scripts[:3]], "x", str.upper).startswith("KUFAM, CAIRO, NOTO SANS LAO")


def test_usage_is_read_as_it_was_written(tmp_path):
    write_usage({"a": 5, "b": 70}, tmp_path / "usage.tsv")
    assert list(read_usage(tmp_path / "usage.tsv").items()) == [("b", 70), ("a", 5)]


def test_the_table_of_alternatives_claims_no_more_than_its_sources():
    assert len(table()) > 100 and {one.relation for one in table()} == set(alternatives.RELATIONS)
    assert not [one for one in table() if not one.curated_sources and one.relation != "resembles"]


def test_faces_are_found_by_name_style_and_part():
    assert [one.free for one in alternatives_to(find_face("Proxima Nova"))] == ["Montserrat"]
    assert find_face("helvetica  BOLD") == "Helvetica" and find_face("SF Pro") == "San Francisco (SF Pro)"
    assert find_face("Arimo") == "Arial"
    neue = alternatives_to(find_face("Helvetica Neue"))  # whose metrics are its own
    assert [(one.free, one.relation, one.face) for one in neue] == [
        ("Inter", "resembles", "Helvetica Neue"),
        ("TeX Gyre Heros", "resembles", "Helvetica"),
        ("Nimbus Sans", "resembles", "Helvetica"),
    ]
    with pytest.raises(alternatives.UnknownFace, match="Did you mean Gotham"):
        find_face("Gothm")
    with pytest.raises(alternatives.UnknownFace, match="Courier Prime is free itself"):
        find_face("courier prime", ["Courier Prime"])
    with pytest.raises(alternatives.UnknownFace, match="nor one with a similar name"):
        find_face("zzzqqq")


def test_a_clone_says_what_it_is_drawn_like():
    assert phrase({"arimo"}) == "drawn like Arial; free too: Liberation Sans (same metrics)"
    assert phrase({"nimbus-sans", "x"}).startswith("drawn like Helvetica; free too: TeX Gyre Heros (same metrics)")
    assert [one.face for one in drawn_like({"arimo", "liberation-sans"})] == ["Arial"]
    assert [one.relation for one in drawn_like({"tinos"})] == ["same metrics", "resembles"] and not phrase({"pacifico"})
