"""PDF and SVG: a page drawn as a picture, and the fonts that the file itself names.

    python fontid/picture/documents.py PDF|SVG PAGE MOST_PIXELS < FILE

draws one: what strangers send is drawn in a process of its own, with an end to its time and memory. It writes a line
of JSON, `fonts` or `error`, and behind it the picture as PNG.
"""

import contextlib
import io
import json
import math
import re
import subprocess  # nosec B404: runs this module alone
import sys

PIXELS_PER_POINT = 2.0  # of a PDF's page: 144 dots an inch
SECONDS = 10  # of the processor
MEMORY = 2_000_000_000  # bytes of address space
LARGEST_FILE = 50_000_000  # bytes
WIDTH_OF_SVG = 1600  # pixels
DOTS_PER_INCH = 96  # of CSS, for sizes in mm or pt
DAMAGED = (
    "This document cannot be drawn: it is damaged, protected, or takes too long; please save the page as a picture."
)
SUBSET = re.compile(r"^[A-Z]{6}\+")  # before the name of a font of which a PDF holds a part
FAMILY = re.compile(r"""font-family\s*[:=]\s*["']?\s*(?:&quot;)?["']?([^;,"'<>&{}]+)""", re.IGNORECASE)
ELSEWHERE = re.compile(r"""(?:href|src)\s*=\s*["']\s*(?!data:|#)[^"'\s]|url\(\s*["']?(?!#|data:)[^)]""", re.IGNORECASE)
NEEDS_READER = "{} files need packages that are not installed here: pip install 'fontid[formats]', or save a picture."


class DocumentError(ValueError):
    """A document cannot be drawn; the message is one sentence for whoever chose it."""


def kind_of(head: bytes) -> str | None:
    """PDF, SVG or None, by a file's first bytes."""
    if b"%PDF-" in head:
        return "PDF"
    return "SVG" if b"<svg" in head.lower() else None


def draw(data: bytes, kind: str, page: int, most_pixels: int) -> tuple[bytes, tuple[str, ...]]:
    """PNG of a page (the first is 1) of at most so many pixels, and the fonts named. Raises: DocumentError."""
    if len(data) > LARGEST_FILE:
        raise DocumentError(
            f"This document is larger than {LARGEST_FILE // 10**6} MB; please save its page as a picture."
        )
    command = [sys.executable, __file__, kind, str(page), str(most_pixels)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=2 * SECONDS)  # nosec B603: a list
    except subprocess.TimeoutExpired as error:
        raise DocumentError(DAMAGED) from error
    told, _, picture = done.stdout.partition(b"\n")
    answer = json.loads(told) if done.returncode == 0 and told else {"error": DAMAGED}
    if "error" in answer:
        raise DocumentError(answer["error"])
    return picture, tuple(answer["fonts"])


def _draw_pdf(data: bytes, page: int, most_pixels: int) -> tuple[bytes, list[str]]:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    if not 1 <= page <= len(document):
        raise DocumentError(f"This PDF has no page {page}: its last one is {len(document)}; please choose another.")
    opened = document[page - 1]
    width, height = opened.get_size()
    scale = min(PIXELS_PER_POINT, math.sqrt(most_pixels / max(1.0, width * height)))
    image = opened.render(scale=scale).to_pil()
    letters: dict[str, int] = {}
    objects = opened.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT], textpage=opened.get_textpage())
    for text in objects:
        if name := SUBSET.sub("", text.get_font().get_base_name()):  # some have none
            letters[name] = letters.get(name, 0) + len(text.extract())
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue(), sorted(letters, key=lambda name: -letters[name])


def _draw_svg(data: bytes, page: int, most_pixels: int) -> tuple[bytes, list[str]]:
    """Outlines are drawn; text in fonts would be drawn in others than the file names, so it is not."""
    import resvg_py

    if page != 1:
        raise DocumentError("An SVG has one page; please leave the page out.")
    text = data.decode("utf-8", "replace")
    if ELSEWHERE.search(re.sub(r"xmlns(:\w+)?\s*=", "", text)):
        raise DocumentError("This SVG needs other files; please save it with everything inside, or as a picture.")
    picture = resvg_py.svg_to_bytes(svg_string=text, width=WIDTH_OF_SVG, dpi=DOTS_PER_INCH, skip_system_fonts=True)
    names = dict.fromkeys(name.strip() for name in FAMILY.findall(text))
    return bytes(picture), [name for name in names if name]


def main() -> None:
    with contextlib.suppress(ImportError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    kind, page, most_pixels = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    told: dict[str, str | list[str]]
    try:
        data = sys.stdin.buffer.read()
        picture, fonts = (_draw_pdf if kind == "PDF" else _draw_svg)(data, page, most_pixels)
    except DocumentError as error:
        picture, told = b"", {"error": str(error)}
    except ImportError:
        picture, told = b"", {"error": NEEDS_READER.format(kind)}
    except Exception:  # its readers raise many things
        picture, told = b"", {"error": DAMAGED}
    else:
        told = {"fonts": fonts}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + picture)


if __name__ == "__main__":
    main()
