"""The font list of a design, from groups of lines that are made up."""

from dataclasses import dataclass, replace

import pytest

from fontid.listing import Font, Style, css_of, font_table, letters_of, list_fonts
from fontid.text.lines import Line
from tests.test_catalogue import match


@dataclass(frozen=True)
class Group:
    lines: tuple
    matches: tuple
    in_catalogue: float = 0.5
    synthesised: str | None = None


def line(text, height, width=200.0, confidence=1.0):
    return Line(((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)), text, confidence if text else 0.0)


def group(lines, *args, **more):
    shown = {"category": "sans-serif", "probability": 0.4, "verdict": "close"} | more
    return Group(tuple(lines), (match(*args, **shown),))


def fonts_of(*families):
    return list_fonts(families, lambda match, text: 0.5)


def test_roles_shares_sizes_and_styles():
    text = group([line("many words of text", 8.0), line("and as many more", 8.2), line("", 8.0)], "lora")
    bold = group([line("three more", 8.0)], "lora", 700)
    heading, label = group([line("A Title", 24.0)], "oswald"), group([line("menu", 6.0)], "inter")
    code = group([line("def f(x):", 8.0)], "fira-code", category="monospace")
    fonts = fonts_of([heading], [text, bold], [code], [label])
    assert [(font.matches[0].family, font.role) for font in fonts] == [
        ("lora", "text"), ("oswald", "heading"), ("fira-code", "code"), ("inter", "label"),
    ]  # fmt: skip
    assert sum(font.share for font in fonts) == pytest.approx(1, abs=0.001)
    regular, other = fonts[0].styles
    assert (regular.weight, regular.sizes, len(regular.lines), other.weight) == (400, (16,), 3, 700)
    assert fonts[0].to_dict()["probability"] == 0.4
    assert fonts[1].styles[0].sizes == (48,)


def test_one_family_is_one_entry_and_clutter_is_none():
    first, second = group([line("some words", 9.0)], "lora"), group([line("others", 30.0)], "lora", 700)
    noise = group([line("l", 200.0, confidence=0.1)], "ultra")
    (font,) = fonts_of([first], [noise], [second])
    assert font.share == 1 and [style.weight for style in font.styles] == [400, 700]
    (only,) = fonts_of([noise])  # where nothing can be read, it is all there is
    assert only.matches[0].family == "ultra"


@pytest.mark.parametrize(
    ("read", "verdict", "fonts"), [("X", "none", 1), ("Qa", "none", 1), ("Qat", "none", 2), ("X", "close", 2)]
)
def test_icons_are_no_font(read, verdict, fonts):
    """They read as a letter or two, and no font fits them; a drop cap that one fits is listed."""
    icons = group([line("", 20.0, 20.0), line(read, 20.0, 20.0)], "rock-salt", verdict=verdict)
    assert len(fonts_of([group([line("some words", 9.0)], "lora")], [icons])) == fonts
    assert len(fonts_of([icons])) == 1


def test_a_size_is_that_of_the_letters_where_the_corners_lie_around_a_button():
    button = replace(line("Sign up", 25.0), letters_height=7.0)
    (font,) = fonts_of([group([button], "lora")])
    assert font.styles[0].sizes == (14,) and "font-size: 14px" in css_of([font])


def test_letters_are_counted_by_confidence_or_by_shape():
    assert letters_of([line("ab 1!", 10.0, confidence=0.5)]) == 1.5
    assert letters_of([line("", 10.0, 100.0)]) == pytest.approx(16)


def test_css_and_table_of_a_list():
    styles = group([line("some words", 9.0)], "lora", category="serif"), group([line("ab", 9.0)], "lora", 700, True)
    fonts = fonts_of(styles, [group([line("Title", 30.0)], "oswald")])
    assert css_of(fonts).split("\n") == [
        '.text { font-family: "Lora", serif; font-weight: 400; font-size: 18px }',
        '.text-2 { font-family: "Lora", serif; font-weight: 700; font-style: italic; font-size: 18px }',
        '.heading { font-family: "Oswald", sans-serif; font-weight: 400; font-size: 60px }',
    ]
    rows = [row.split() for row in font_table(fonts).split("\n")]
    assert rows[1] == ["Lora", "Regular", "18", "text", "69", "%", "40", "%"] and rows[2] == ["Bold", "Italic", "18"]


def test_of_several_headings_the_largest_has_no_number():
    text = [group([line("so many words of a text that it is no heading", 9.0)], "karla")]
    fonts = fonts_of(text, [group([line("Smaller", 30.0)], "lora")], [group([line("Large", 60.0)], "oswald")])
    assert [rule.split()[0] for rule in css_of(fonts).split("\n")] == [".text", ".heading-2", ".heading"]


@pytest.mark.parametrize(("height", "name"), [(12.0, "heading"), (11.6, "text-2"), (9.0, "text-2")])
def test_a_style_of_the_text_in_larger_letters_is_a_heading_in_css(height, name):
    text = group([line("so many words of a text that it is no heading", 9.0)], "lora", category="serif")
    (font,) = fonts_of([text, group([line("A Title", height)], "lora", 700, category="serif")])
    assert font.role == "text"
    first, second = css_of([font]).split("\n")
    assert first.startswith(".text {") and second.startswith(f".{name} {{") and "700" in second


def test_the_css_of_a_face_off_the_usual_axes():
    axes = {"wght": 400, "wdth": 75, "CASL": 1, "opsz": 72}
    found = match("saira", face="saira-400-normal-wdth75-CASL1-opsz72", axes=axes, verdict="close")
    style = Style(400, False, (24,), (), found)
    css = css_of([Font((found,), 1.0, (style,), "text", 1.0)])
    assert 'font-stretch: 75%; font-variation-settings: "CASL" 1; font-size: 24px' in css, "browsers choose sizes"
    assert css.endswith("}")
    doubtful = Font((replace(found, probability=0.07, verdict="none"),), 1.0, (style,), "text", 1.0)
    assert css_of([doubtful]) == f"{css} /* 7 %: nothing fits well. */"


def test_css_says_what_software_made_of_the_letters():
    of_group = replace(group([line("some words", 9.0)], "bebas-neue"), synthesised="italic")
    rule = '.heading { font-family: "Bebas-Neue", sans-serif; font-weight: 400; font-size: 18px }'
    slanted = "This text is slanted by software: it is not the font's own italic."
    (font,) = fonts_of([of_group])
    assert css_of([font]) == f"{rule} /* {slanted} */"
    (doubtful,) = fonts_of([replace(of_group, matches=(replace(of_group.matches[0], verdict="none"),))])
    assert css_of([doubtful]) == f"{rule} /* 40 %: nothing fits well. {slanted} */"
