"""PDF and SVG: what is drawn, and the fonts that they name."""

import numpy as np
import pytest

from fontid.picture.opening import PictureError, open_picture


def pdf(*pages: str) -> bytes:
    """A PDF in Helvetica and Times, a text a page; without a table of places, which readers make up for."""
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(pages)))
    parts = [
        "1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj",
        f"2 0 obj <</Type /Pages /Kids [{kids}] /Count {len(pages)}>> endobj",
        "3 0 obj <</Type /Font /Subtype /Type1 /BaseFont /ABCDEF+Helvetica-Bold>> endobj",
        "4 0 obj <</Type /Font /Subtype /Type1 /BaseFont /Times-Roman>> endobj",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 40 Tf 20 60 Td ({text}) Tj ET BT /F2 12 Tf 20 20 Td (small) Tj ET"
        page, content = 10 + 2 * number, 11 + 2 * number
        parts += [
            f"{page} 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 400 120] /Contents {content} 0 R"
            " /Resources <</Font <</F1 3 0 R /F2 4 0 R>>>>>> endobj",
            f"{content} 0 obj <</Length {len(stream)}>> stream\n{stream}\nendstream endobj",
        ]
    return ("%PDF-1.4\n" + "\n".join(parts) + "\ntrailer <</Root 1 0 R>>\n%%EOF").encode()


def svg(inside: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 100">{inside}</svg>'.encode()


def ink(picture) -> float:
    return float((np.asarray(picture.convert("L")) < 128).mean())


def test_a_page_of_a_pdf_is_drawn_and_its_fonts_are_named():
    data = pdf("Hamburgefonstiv", "Ha")
    first, second = open_picture(data), open_picture(data, page=2)
    assert first.size == (800, 240) and 0.02 < ink(first) < 0.3 and ink(second) < 0.5 * ink(first)
    assert first.info["fonts"] == ("Helvetica-Bold", "Times-Roman")
    with pytest.raises(PictureError, match="2 pages, none with the number 3"):
        open_picture(data, page=3)


def test_outlines_of_an_svg_are_drawn_and_its_fonts_are_named():
    text = "<text font-family='Lora, serif'>a</text><style>b { font-family: \"Open Sans\", Arial }</style>"
    picture = open_picture(svg(f"<rect width='200' height='100'/>{text}"))
    assert picture.width == 1600 and ink(picture) == pytest.approx(0.5, abs=0.01)
    assert picture.info["fonts"] == ("Lora", "Open Sans")


@pytest.mark.parametrize("link", ["<image href='/etc/passwd'/>", "<style>@import url(other.css)</style>"])
def test_an_svg_reads_no_other_files(link):
    with pytest.raises(PictureError, match="everything inside"):
        open_picture(svg(link))


def test_broken_documents_are_refused():
    for data in (pdf("a")[:40], svg("")[:-6], b"%PDF-1.7", b"<svg"):
        with pytest.raises(PictureError, match="document cannot be drawn"):
            open_picture(data)
