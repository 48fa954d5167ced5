"""Text drawn in the catalogue's faces by the browser itself, and what to copy to use them."""

import base64
import html
import io
import zipfile
from collections.abc import Mapping, Sequence

from fontTools.ttLib import TTFont

from fontid.catalogue.faces import STYLES, Face
from fontid.fonts.subsetting import woff2
from fontid.identifier import FontIdentifier
from fontid.letters.letterforms import is_woff2
from fontid.listing import place_css
from web.words import LACKING, NEAREST_STYLE, NO_LETTERS


def style_name(weight: int, italic: bool) -> str:
    """ "Bold 700 italic"."""
    return f"{STYLES.get(weight, '')} {weight}{' italic' if italic else ''}".strip()


def style_of(face: Face) -> str:
    """ "Bold 700 italic, Condensed"."""
    return ", ".join(filter(None, [style_name(face.weight, face.italic), face.unusual_words]))


def web_font(identifier: FontIdentifier, face: Face) -> str:
    """A style element that brings a face of the letterforms into the page, under its id."""
    data = identifier.letterforms.font_data(face.id)
    kind, form = ("woff2", "woff2") if is_woff2(data) else ("ttf", "truetype")
    source = f"data:font/{kind};base64,{base64.b64encode(data).decode()}"
    rule = f"@font-face{{font-family:'{face.id}';src:url({source}) format('{form}');}}"
    return f"<style>{rule}</style>"


def drawn_in(face: Face | None) -> str:
    """Attributes of an element whose text is drawn in a face that ships; none where None."""
    return "" if face is None else f"data-drawn='{face.id}' style=\"font-family:'{face.id}',var(--fallback)\""


def specimen(identifier: FontIdentifier, face: Face, text: str) -> str:
    """HTML: `text` in a face, or in the nearest style that ships; says so then, and which letters do not ship."""
    shown = identifier.stand_in(face)
    if shown is None:
        return f"<p class='note'>{NO_LETTERS}</p>"
    note = f"<p class='note'>{NEAREST_STYLE.format(style=style_of(shown))}</p>" if shown.id != face.id else ""
    if lacking := identifier.letterforms.lacking(shown.id, text):
        note += f"<p class='note lacking'>{LACKING.format(letters=html.escape(' '.join(lacking)))}</p>"
    return f"{web_font(identifier, shown)}<div class='specimen' {drawn_in(shown)}>{html.escape(text)}</div>{note}"


def codes(
    identifier: FontIdentifier, fonts: Sequence[tuple[str, Face]], sizes: Mapping[str, int] | None = None
) -> dict[str, str]:
    """What uses fonts, by what it is for: from Google Fonts where all are there, else from files beside the CSS.

    Args: fonts: their roles (heading, text, code) and faces; sizes: by role, in pixels, where known.
    """
    families: dict[str, list[Face]] = {}
    for _, face in fonts:
        families.setdefault(face.name, []).append(face)
    styles = {name: _styles(faces, _optical_sizes(identifier, faces)) for name, faces in families.items()}
    query = "&".join(f"family={name.replace(' ', '+')}:{wanted}" for name, wanted in styles.items())
    address = f"https://fonts.googleapis.com/css2?{query}&display=swap"
    rules = [
        f'.{role} {{\n  font-family: "{face.name}", {generic(face)};\n  font-weight: {face.weight};'
        f"{chr(10) + '  font-style: italic;' if face.italic else ''}{_place(face)}"
        f"{chr(10) + f'  font-size: {sizes[role]}px;' if sizes and role in sizes else ''}\n}}"
        for role, face in fonts
    ]
    hosted = [
        f'@font-face {{\n  font-family: "{face.name}";\n  src: url("{face.id}.woff2") format("woff2");\n'
        f"  font-weight: {face.weight};\n  font-style: {'italic' if face.italic else 'normal'};\n"
        "  font-display: swap;\n}"
        for _, face in fonts
    ]
    theme = "\n".join(f'  --font-{role}: "{face.name}", {generic(face)};' for role, face in fonts)
    nexts = [
        f"const {role} = {face.name.replace(' ', '_')}({{ subsets: ['latin'], weight: '{face.weight}', "
        f"style: '{'italic' if face.italic else 'normal'}' }});"
        for role, face in fonts
    ]
    imported = ", ".join(name.replace(" ", "_") for name in families)
    own_copy = {"@font-face": "\n\n".join(hosted)}
    if any(face.source != "google" or face.version or not face.url for _, face in fonts):
        return {"CSS": "\n\n".join([*hosted, *rules])} | own_copy
    return {
        "CSS": "\n\n".join([f'@import url("{address}");', *rules]),
        "css2 address": address,
        "HTML": f'<link rel="stylesheet" href="{html.escape(address)}">',
        "Tailwind": f'@import url("{address}");\n@theme {{\n{theme}\n}}',
        "npm": " ".join(["npm install", *(f"@fontsource/{faces[0].family}" for faces in families.values())]),
        "next/font": f"import {{ {imported} }} from 'next/font/google';\n\n" + "\n".join(nexts),
        **own_copy,
    }


def _optical_sizes(identifier: FontIdentifier, faces: Sequence[Face]) -> str:
    """A family's whole axis as css2 wants it, from which browsers choose; "" where all faces are as usual there."""
    if not any("opsz" in face.unusual for face in faces):
        return ""
    family = (face.axes for face in identifier.catalogue.faces if face.family == faces[0].family)
    known = [axes["opsz"] for axes in family if "opsz" in axes]
    return f"{min(known):g}..{max(known):g}"


def _styles(faces: Sequence[Face], sizes: str) -> str:
    """As css2 wants them: axes by name, small letters first, then places in order; a slope where one is italic.

    Args: sizes: what stands for every optical size.
    """
    tags = {"wght", *(tag for face in faces for tag in face.unusual)} | (
        {"ital"} & {"ital" * face.italic for face in faces}
    )
    order = sorted(tags, key=str.swapcase)
    places = {
        tuple(
            {"ital": int(face.italic), "wght": face.weight, "opsz": 0}.get(tag, face.axes.get(tag, 0)) for tag in order
        )
        for face in faces
    }
    written = (
        ",".join(sizes if tag == "opsz" else f"{value:g}" for tag, value in zip(order, place, strict=True))
        for place in sorted(places)
    )
    return f"{','.join(order)}@{';'.join(written)}"


def _place(face: Face) -> str:
    return "".join(f"\n  {one}" for one in place_css(face.unusual))


def generic(face: Face) -> str:
    """The generic family of CSS that stands in where a font does not load."""
    known = {"handwriting": "cursive", "display": "system-ui", "icons": "system-ui", "own": "sans-serif"}
    return known.get(face.category, face.category)


def whole_font(face: Face) -> str:
    """Where all letters of a face are to be had."""
    if face.source == "debian":
        return face.url or "a package of Debian"
    if face.version:
        return f"version {face.version} of {face.name}, which Google Fonts has no more"
    return f"npm install @fontsource/{face.family}"


def font_package(identifier: FontIdentifier, face: Face) -> bytes:
    """A zip with the face's Latin letters as WOFF2, its licence and whose it is."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        data = identifier.letterforms.font_data(face.id)
        font = TTFont(io.BytesIO(data))
        files.writestr(f"{face.id}.woff2", woff2(font))
        licence = identifier.letterforms.licence(face.license)
        if licence:
            files.writestr("LICENSE.txt", licence)
        about = (
            f"{face.name}, {style_of(face)}\n{face.copyright}\nLicence: {face.license}\n"
            f"{face.url}\n\nA subset by fontid: {len(font.getBestCmap())} Latin letters and signs, without hinting and"
            " kerning.\n"
            f"The whole font: {whole_font(face)}\n"
        )
        files.writestr("README.txt", about)
    return archive.getvalue()
