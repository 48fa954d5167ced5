"""What it costs and gives to take a line's own ink as plain, line by line: what limits of fontid.text.plain are chosen by.

    python -m benchmarks.measure_plain OUT DIR [DIR ...] [--first 60]

DIR: of benchmarks.render, one family a picture. OUT: JSON lines, one a line that was read.
"""

import argparse
import json
from difflib import SequenceMatcher
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from fontid.encoder.preprocessing import Ink, find_ink, fit_line, windows_of
from fontid.identifier import FontIdentifier
from fontid.picture.noise import without_noise
from fontid.picture.opening import open_picture
from fontid.text.frames import SOLID
from fontid.text.letters import _difference
from fontid.text.lines import TextLine
from fontid.text.plain import is_plain

SPECK = 0.02  # of the line's height: smaller pieces are not recorded


def measure(line: TextLine, own: Ink) -> dict:
    """What `is_plain` looks at: pieces' widths (of heights) and holes' sides, unevenness, soil."""
    left, top, right, bottom = own.box
    height = bottom - top
    amount = cv2.copyMakeBorder(own.amount[top:bottom, left:right], 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    solid = (amount > SOLID).astype(np.uint8)
    found = {}
    for name, mask, connectivity in (("pieces", solid, 8), ("holes", 1 - solid, 4)):
        stats = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)[2][1:]
        stats = stats[stats[:, 4] >= (SPECK * height) ** 2]
        found[name] = [[round(w / height, 3), round(float(a) ** 0.5 / height, 4)] for _, _, w, _, a in stats.tolist()]
    near = 1 + max(1, round(height / 40))
    inside = cv2.erode(solid, np.ones((3, 3), np.uint8), iterations=near)
    outside = 1 - cv2.dilate(solid, np.ones((3, 3), np.uint8), iterations=near)
    return found | {
        "height": height,
        "uneven": round(1 - cv2.mean(amount, inside)[0] / 255, 5) if inside.any() else None,
        "soiled": round(cv2.mean(amount, outside)[0] / 255, 5),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--first", type=int, default=10**9)
    arguments = parser.parse_args()
    identifier = FontIdentifier.from_pretrained()
    letters, catalogue = identifier._letters, identifier.catalogue

    def is_right(ink: Ink | None, right: set[str]) -> bool:
        if ink is None:
            return False
        embeddings = identifier.embed(windows_of(fit_line(ink, identifier.preprocessing), identifier.preprocessing))
        return catalogue.faces[int(catalogue.score_faces(embeddings).argmax())].family in right

    with open(arguments.out, "a", encoding="utf-8") as out:
        for folder in arguments.folders:
            rows = [json.loads(line) for line in open(folder / "manifest.jsonl", encoding="utf-8")]
            for row in rows[: arguments.first]:
                picture = without_noise(open_picture(folder / row["file"]))
                try:
                    lines = identifier._reader.find_lines(picture)
                except ValueError:
                    continue
                right = catalogue.credited(row["family"], row["weight"], row["italic"])
                said = "".join(row["text"].lower().split())
                for line in lines:
                    text = "".join(line.text.split())
                    blocks = SequenceMatcher(None, said, text.lower(), False).get_matching_blocks()
                    of_text = sum(block.size for block in blocks) >= 0.7 * max(1, len(text))
                    record = {
                        "set": folder.name,
                        "condition": row["condition"],
                        "file": row["file"],
                        "text": line.text,
                        "confidence": round(line.confidence, 4),
                        "of_text": of_text,
                    }
                    own = line.own_ink
                    if own is not None and len(text) >= 2 and line.confidence >= 0.7 and own.box[3] - own.box[1] >= 8:
                        start = process_time()
                        coverage = letters(line)
                        found = None if coverage is None else find_ink(coverage)
                        seconds = process_time() - start
                        difference = None if found is None else _difference(own, found)
                        record |= measure(line, own) | {
                            "passed": is_plain(line.text, line.confidence, own),
                            "difference": None if difference is None else round(difference, 4),
                            "seconds": round(seconds, 4),
                        }
                        if difference is None or difference >= letters._settings.plain:
                            record["own_right"] = is_right(own, right)
                            record["letters_right"] = is_right(found, right)
                    out.write(json.dumps(record, ensure_ascii=False) + "\n")
                out.flush()


if __name__ == "__main__":
    main()
