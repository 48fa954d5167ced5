"""Text drawn in the catalogue's faces by the browser itself: the shipped letterforms as web fonts inside the page."""

import base64
import html
import io
import zipfile

from fontid.catalogue.faces import STYLES, Face
from fontid.identifier import FontIdentifier


def style_name(weight: int, italic: bool) -> str:
    """ "Bold 700 italic"."""
    return f"{STYLES.get(weight, '')} {weight}{' italic' if italic else ''}".strip()


def web_font(identifier: FontIdentifier, face: Face) -> str:
    """A CSS rule that brings a face of the letterforms into the page, under its id."""
    data = base64.b64encode(identifier.letterforms.font_data(face.id)).decode()
    return f"@font-face{{font-family:'{face.id}';src:url(data:font/woff2;base64,{data}) format('woff2');}}"


def specimen(identifier: FontIdentifier, face: Face, text: str) -> str:
    """HTML: `text` in a face, or in the nearest style that ships, which is said then."""
    shown = identifier.stand_in(face)
    if shown is None:
        return "<p class='note'>The letters of this family do not ship with fontid.</p>"
    note = ""
    if shown.id != face.id:
        note = f"<p class='note'>Drawn in {style_name(shown.weight, shown.italic)}, the nearest style that ships.</p>"
    style = f"font-family:'{shown.id}',var(--fallback)"
    return (
        f"<style>{web_font(identifier, shown)}</style>"
        f"<div class='specimen' data-face='{shown.id}' style=\"{style}\">{html.escape(text)}</div>{note}"
    )


def css_snippet(face: Face) -> str:
    """What a web page needs to show a face of Google Fonts."""
    family = face.name.replace(" ", "+")
    axis = f"ital,wght@{int(face.italic)},{face.weight}" if face.italic else f"wght@{face.weight}"
    slope = "\n  font-style: italic;" if face.italic else ""
    return (
        f'@import url("https://fonts.googleapis.com/css2?family={family}:{axis}&display=swap");\n\n'
        f'.text {{\n  font-family: "{face.name}", {generic(face)};\n  font-weight: {face.weight};{slope}\n}}'
    )


def generic(face: Face) -> str:
    """The generic family of CSS that stands in where a font does not load."""
    return {"handwriting": "cursive", "display": "system-ui", "icons": "system-ui"}.get(face.category, face.category)


def npm_command(face: Face) -> str:
    return f"npm install @fontsource/{face.family}"


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
            f"The whole font: {npm_command(face)}\n"
        )
        files.writestr("README.txt", about)
    return archive.getvalue()
