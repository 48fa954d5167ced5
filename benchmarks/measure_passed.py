"""End to end, letters network always asked or passed over by `is_plain`: python -m benchmarks.measure_passed OUT LIST

LIST: JSON lines of `folder`, `file`: the pictures in which that may matter, by benchmarks.measure_plain.
"""

import json
import sys
from pathlib import Path

from fontid.identifier import FontIdentifier
from fontid.text import letters

identifier, passing = FontIdentifier.from_pretrained(), letters.is_plain
with open(sys.argv[1], "w", encoding="utf-8") as out:
    for line in open(sys.argv[2], encoding="utf-8"):
        one = json.loads(line)
        folder = Path(one["folder"])
        rows = map(json.loads, open(folder / "manifest.jsonl", encoding="utf-8"))
        row = next(row for row in rows if row["file"] == one["file"])
        right = identifier.catalogue.credited(row["family"], row["weight"], row["italic"])
        found = {}
        for name, plain in (("asked", lambda *_: False), ("passed", passing)):
            letters.is_plain = plain
            try:
                found[name] = identifier.identify(folder / row["file"], prior=False).matches[0].family in right
            except ValueError:
                found[name] = False
        out.write(json.dumps({"set": folder.name, "file": row["file"], "condition": row["condition"]} | found) + "\n")
