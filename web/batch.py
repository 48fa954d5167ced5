"""Many pictures at once: files and zips in, rows for CSV and JSON out."""

import csv
import html
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fontid.catalogue.faces import face_id
from fontid.identifier import Answer, FontIdentifier, told
from fontid.picture.opening import PICTURE_SUFFIXES, PictureError, open_picture
from web.cards import data_address, ordered, said
from web.limits import LARGEST_FILE, LONGEST
from web.specimens import drawn_in, style_name, web_font
from web.turns import TURNS, Busy
from web.words import CHOOSE_MANY, DROP_MANY, MANY_FORMATS, OPEN

MOST = 200  # pictures
THUMBNAIL = 160  # pixels
LARGEST_DIRECTORY = 300_000  # bytes: what a zip says of its files; room for three thousand
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others are unpacked without an end to their memory
LARGEST_SUM = 500_000_000  # of all pictures in zips, unpacked
COLUMNS = (
    "image", "font", "name", "weight", "italic", "probability", "verdict", "conditional_probability",
    "in_catalogue", "text", "family", "twins", "error",
)  # fmt: skip
OF_MATCH = ("name", "family", "weight", "italic", "probability", "verdict", "conditional_probability")


class BatchError(ValueError):
    """The files cannot be worked on; the message says what to do."""


class _Sparing(io.FileIO):
    """A zip of which only little is read at a time: not its directory where that is a million entries long."""

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"its directory has {size} bytes")
        return super().read(size)


def pictures_in(files: Sequence[Path]) -> list[tuple[str, Path, str | None]]:
    """Name, file and, for a picture in a zip, its entry. Raises: BatchError."""
    found: list[tuple[str, Path, str | None]] = []
    unpacked = 0
    for file in files:
        if file.suffix.lower() != ".zip":
            found.append((file.name, file, None))
            continue
        try:
            with _Sparing(file) as stream, zipfile.ZipFile(stream) as archive:
                entries = [entry for entry in archive.infolist() if _is_picture(entry)]
        except Exception as error:  # zipfile raises nearly anything on broken files
            raise BatchError(f"{file.name} is no zip file that can be opened: pack the pictures again.") from error
        unpacked += sum(entry.file_size for entry in entries)
        found += [(entry.filename, file, entry.filename) for entry in entries]
    if not found:
        raise BatchError("There are no pictures in these files: choose pictures, or a zip that holds some.")
    if len(found) > MOST or unpacked > LARGEST_SUM:
        raise BatchError(f"These are {len(found)} pictures; {MOST} of {LARGEST_SUM // 10**6} MB can be done at once.")
    return found


def _is_picture(entry: zipfile.ZipInfo) -> bool:
    path = Path(entry.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not entry.filename.endswith("/") and not hidden and path.suffix.lower() in PICTURE_SUFFIXES


def read_picture(file: Path, entry: str | None) -> bytes:
    """Raises: PictureError."""
    try:
        if entry is None:
            return file.read_bytes()
        with _Sparing(file) as packed, zipfile.ZipFile(packed) as archive:
            if archive.getinfo(entry).compress_type not in METHODS:
                raise NotImplementedError("an unusual compression")
            with archive.open(entry) as stream:
                data = stream.read(LARGEST_FILE + 1)
    except Exception as error:  # likewise: a password, a compression unknown to it, a wrong sum
        raise PictureError("This picture cannot be unpacked: pack it as usual, without a password.") from error
    if len(data) > LARGEST_FILE:
        raise PictureError(f"This picture is larger than {LARGEST_FILE // 10**6} MB: save a smaller copy.")
    return data


def answers(
    identifier: FontIdentifier, pictures: Sequence[tuple[str, Path, str | None]]
) -> Iterator[tuple[list[dict], dict]]:
    """For each picture its rows (one a font) and the object that `fontid identify --json` prints."""

    def identify(file: Path, entry: str | None) -> Answer:
        return identifier.identify(read_picture(file, entry))

    for name, file, entry in pictures:
        try:  # together they take long, so each may take its time
            answer = TURNS.take(identify, file, entry, kind="one of many", patience=LONGEST)
        except (PictureError, Busy) as error:
            answer = told(name, error)
            yield [{"image": name, "verdict": answer.get("verdict", ""), "error": str(error)}], answer
            continue
        rows = []
        for number, group in enumerate(ordered(answer), 1):
            best = group.matches[0]
            text = " / ".join(line.text for line in group.lines if line.text)
            row = {"image": name, "font": number, "text": text, "in_catalogue": group.in_catalogue}
            row |= {column: getattr(best, column) for column in OF_MATCH}
            rows.append(row | {"twins": " ".join(best.twins)})
        yield rows, told(name, answer)


def zone_html() -> str:
    """Where they are dropped; what that does is in `batch.js`."""
    return (
        f"<div class='start'><label class='drop' for='many'><span class='idle'><strong>{DROP_MANY}</strong>"
        f"<span class='choose'>{CHOOSE_MANY}</span><small>{MANY_FORMATS.format(most=MOST)}</small></span></label>"
        f"<input type='file' id='many' multiple aria-label='{CHOOSE_MANY}'></div>"
    )


def thumbnails_html(
    identifier: FontIdentifier, pictures: Sequence[tuple[str, Path, str | None]], rows: Sequence[dict]
) -> str:
    """A row for each font, its picture small, as a button that opens it, and its name drawn; what failed first."""
    buttons: dict[str, str] = {}
    for name, file, entry in pictures:
        with suppress(PictureError):
            source = data_address(open_picture(io.BytesIO(read_picture(file, entry))), THUMBNAIL, "WEBP", quality=60)
            place = html.escape(json.dumps({"path": str(file), "entry": entry}))
            label = html.escape(OPEN.format(name=name))
            buttons[name] = (
                f"<button type='button' data-open='{place}' aria-label='{label}'><img alt='' src='{source}'></button>"
            )
    shown, fonts = [], {}
    for row in sorted(rows, key=lambda row: row["verdict"] != ""):
        name = f"<span class='style'>{html.escape(row['image'])}</span>"
        kind = "style" if row["verdict"] else "problem"
        found = f"<span class='{kind}'>{html.escape(row.get('error', ''))}</span>"
        if "error" not in row:
            index = identifier.catalogue.row_of(face_id(row["family"], row["weight"], row["italic"]))
            face = None if index is None else identifier.stand_in(identifier.catalogue.faces[index])
            if face is not None:
                fonts[face.id] = web_font(identifier, face)
            style = style_name(row["weight"], row["italic"])
            found = (
                f"<span class='family' {drawn_in(face)}>{html.escape(row['name'])}</span> "
                f"<span class='style'>{style} · {said(row['verdict'], row['probability'])}</span>"
            )
        shown.append(f"<tr><td>{buttons.get(row['image'], '')}</td><td>{found}{name}</td></tr>")
    return f"{''.join(fonts.values())}<table class='thumbnails'><tbody>{''.join(shown)}</tbody></table>"


def to_csv(rows: Sequence[dict]) -> str:
    """What was read may begin like a formula; spreadsheets are kept from computing it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows:
        is_formula = {column: str(cell).startswith(tuple("=+-@\t\r")) for column, cell in row.items()}
        writer.writerow({column: f"'{cell}" if is_formula[column] else cell for column, cell in row.items()})
    return text.getvalue()


def to_json(objects: Sequence[dict]) -> str:
    return json.dumps(list(objects), ensure_ascii=False, indent=1)
