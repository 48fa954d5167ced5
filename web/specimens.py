"""Text drawn in the catalogue's faces by the browser itself, and what to copy to use them."""

import base64
import html
import io
import zipfile
from collections.abc import Sequence

from fontid.catalogue.faces import STYLES, Face
from fontid.identifier import FontIdentifier
from web.words import NEAREST_STYLE, NO_LETTERS


def style_name(weight: int, italic: bool) -> str:
    """ "Bold 700 italic"."""
    return f"{STYLES.get(weight, '')} {weight}{' italic' if italic else ''}".strip()


def web_font(identifier: FontIdentifier, face: Face) -> str:
    """A style element that brings a face of the letterforms into the page, under its id."""
    data = base64.b64encode(identifier.letterforms.font_data(face.id)).decode()
    rule = f"@font-face{{font-family:'{face.id}';src:url(data:font/woff2;base64,{data}) format('woff2');}}"
    return f"<style>{rule}</style>"


def drawn_in(face: Face | None) -> str:
    """Attributes of an element whose text is drawn in a face that ships; none where None."""
    return "" if face is None else f"data-drawn='{face.id}' style=\"font-family:'{face.id}',var(--fallback)\""


def specimen(identifier: FontIdentifier, face: Face, text: str) -> str:
    """HTML: `text` in a face, or in the nearest style that ships, which is said then."""
    shown = identifier.stand_in(face)
    if shown is None:
        return f"<p class='note'>{NO_LETTERS}</p>"
    note = ""
    if shown.id != face.id:
        note = f"<p class='note'>{NEAREST_STYLE.format(style=style_name(shown.weight, shown.italic))}</p>"
    return f"{web_font(identifier, shown)}<div class='specimen' {drawn_in(shown)}>{html.escape(text)}</div>{note}"


def codes(fonts: Sequence[tuple[str, Face]]) -> dict[str, str]:
    """What uses fonts of Google Fonts, by what it is for. Args: fonts: their roles (heading, text, code) and faces."""
    families: dict[str, list[Face]] = {}
    for _, face in fonts:
        families.setdefault(face.name, []).append(face)
    query = "&".join(f"family={name.replace(' ', '+')}:{_styles(faces)}" for name, faces in families.items())
    address = f"https://fonts.googleapis.com/css2?{query}&display=swap"
    rules = [
        f'.{role} {{\n  font-family: "{face.name}", {generic(face)};\n  font-weight: {face.weight};'
        f"{chr(10) + '  font-style: italic;' if face.italic else ''}\n}}"
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
    return {
        "CSS": "\n\n".join([f'@import url("{address}");', *rules]),
        "css2 address": address,
        "HTML": f'<link rel="stylesheet" href="{html.escape(address)}">',
        "Tailwind": f'@import url("{address}");\n@theme {{\n{theme}\n}}',
        "npm": " ".join(["npm install", *(f"@fontsource/{faces[0].family}" for faces in families.values())]),
        "next/font": f"import {{ {imported} }} from 'next/font/google';\n\n" + "\n".join(nexts),
        "@font-face": "\n\n".join(hosted),
    }


def _styles(faces: Sequence[Face]) -> str:
    """As css2 wants them: sorted, slope first where one is italic."""
    styles = sorted({(int(face.italic), face.weight) for face in faces})
    if any(italic for italic, _ in styles):
        return "ital,wght@" + ";".join(f"{italic},{weight}" for italic, weight in styles)
    return "wght@" + ";".join(str(weight) for _, weight in styles)


def generic(face: Face) -> str:
    """The generic family of CSS that stands in where a font does not load."""
    return {"handwriting": "cursive", "display": "system-ui", "icons": "system-ui"}.get(face.category, face.category)


def font_package(identifier: FontIdentifier, face: Face) -> bytes:
    """A zip with the face's Latin letters as WOFF2, its licence and whose it is."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr(f"{face.id}.woff2", identifier.letterforms.font_data(face.id))
        licence = identifier.letterforms.licence(face.license)
        if licence:
            files.writestr("LICENSE.txt", licence)
        about = (
            f"{face.name}, {style_name(face.weight, face.italic)}\n{face.copyright}\nLicence: {face.license}\n"
            f"{face.url}\n\nA subset by fontid: printable ASCII and typographic quotes, without hinting and kerning.\n"
            f"The whole font: npm install @fontsource/{face.family}\n"
        )
        files.writestr("README.txt", about)
    return archive.getvalue()
