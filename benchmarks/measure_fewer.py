"""What the detector finds where it looks at fewer pixels: what limits of fontid.text.detector are chosen by.

    python -m benchmarks.measure_fewer OUT DIR [DIR ...] [--first 60]

OUT: JSON lines, one a picture: pixels and seconds of the detector by height of letters, and what else is read then.
"""

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import fit_line, windows_of
from fontid.identifier import FontIdentifier
from fontid.picture.noise import without_noise
from fontid.picture.opening import open_picture
from fontid.text import detector
from fontid.text.lines import TextLine

SIZES = (20, 24, 28, 34, 42)
SHARES = (0.05, 0.1, 0.2)


def low_letters(gray: Image.Image) -> dict[str, float]:
    """Their heights by share of all widths."""
    before, found = detector.LOWER, {}
    for share in SHARES:
        detector.LOWER = share
        found[str(share)] = round(detector._low_letters(gray), 2)
    detector.LOWER = before
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--first", type=int, default=10**9)
    arguments = parser.parse_args()
    identifier = FontIdentifier.from_pretrained()
    reader, catalogue = identifier._reader, identifier.catalogue
    of_picture: list[tuple[float, float, bool]] = []
    detector._look = lambda picture: of_picture[-1]

    def is_right(lines: list[TextLine], right: set[str]) -> bool:
        """Of the widest line, by the encoder alone."""
        lines = sorted(lines, key=lambda line: -len(line.text))[:1]
        inks = [ink for ink in map(identifier._letters.look, lines) if ink]
        if not inks:
            return False
        embeddings = identifier.embed(windows_of(fit_line(inks[0], identifier.preprocessing), identifier.preprocessing))
        return catalogue.faces[int(catalogue.score_faces(embeddings).argmax())].family in right

    def find(picture: Image.Image, scale: float, border: float) -> tuple[list[np.ndarray], bool, float]:
        of_picture.append((scale, border, False))
        start = process_time()
        boxes, bent = reader._detector.find_boxes(picture)
        return boxes, bool(bent), process_time() - start

    def read(picture: Image.Image, scale: float, border: float) -> list[TextLine]:
        of_picture.append((scale, border, False))
        try:
            return reader.find_lines(picture)
        except ValueError:
            return []

    with open(arguments.out, "a", encoding="utf-8") as out:
        for folder in arguments.folders:
            rows = [json.loads(line) for line in open(folder / "manifest.jsonl", encoding="utf-8")]
            for row in rows[: arguments.first]:
                picture = without_noise(open_picture(folder / row["file"]))
                record = {"set": folder.name, "condition": row.get("condition"), "file": row["file"]}
                record |= {"size": picture.size, "text": row.get("text")}
                width, height = picture.size
                border = max(detector.LEAST_BORDER, detector.BORDER * min(width, height))
                scale = min(1.0, detector.SIDE / (max(width, height) + 2 * border))
                border = max(detector.LEAST_BORDER, border * scale)
                scale = min(1.0, (detector.SIDE - 2 * border) / max(width, height))
                words = detector._low_words(picture) if scale < 1.0 else None
                if words is not None and scale * words < detector.WORD_HEIGHT:
                    record["page"] = True
                    out.write(json.dumps(record, ensure_ascii=False) + "\n")
                    continue
                start = process_time()
                low = low_letters(detector._scaled(picture.convert("L"), scale))
                record |= {"low": low, "looking": round((process_time() - start) / len(SHARES), 4)}
                fewer = {size: min(1.0, size / low["0.1"]) for size in SIZES}
                if min(fewer.values()) == 1.0:
                    _, _, seconds = find(picture, scale, border)
                    record["full"] = {"seconds": round(seconds, 4)}
                else:
                    _, bent, seconds = find(picture, scale, border)
                    lines = read(picture, scale, border)
                    places = [line.corners for line in lines]
                    texts = [line.text for line in lines]
                    right = set()
                    if row.get("family"):
                        right = catalogue.credited(row["family"], row["weight"], row["italic"])
                    full = {"seconds": round(seconds, 4), "bent": bent, "read": texts}
                    of_full = None
                    for size in SIZES:
                        if fewer[size] == 1.0:
                            continue
                        less = max(detector.LEAST_BORDER, border * fewer[size])
                        _, bent, seconds = find(picture, scale * fewer[size], less)
                        found = read(picture, scale * fewer[size], less)
                        same = len(found) == len(lines) and all(
                            np.abs(np.subtract(line.corners, place)).max() <= 0.1 * max(10, line.height)
                            for line, place in zip(found, places, strict=True)
                        )
                        one = {
                            "fewer": round(fewer[size], 4),
                            "seconds": round(seconds, 4),
                            "bent": bent,
                            "same": bool(same),
                        }
                        if not same:
                            one["read"] = [line.text for line in found]
                            if right:
                                of_full = is_right(lines, right) if of_full is None else of_full
                                one["right"] = is_right(found, right)
                        record[str(size)] = one
                    record["full"] = full | ({} if of_full is None else {"right": of_full})
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
                out.flush()


if __name__ == "__main__":
    main()
