"""Draw lines with TRDG or SynthTIGER and say how long it took. Runs in an environment of its own, without this project.

    PYTHON benchmarks/rival_renderers.py trdg|synthtiger JOB.json

JOB.json: {"lines": [[font file, text], ...], "pixels": size}. Prints {"lines": drawn, "seconds": processor time}.
Both are asked for clean black text on white, without the distortions that they can add.
"""

import json
import sys
import time


def with_trdg(lines, pixels):
    from trdg.generators import GeneratorFromStrings

    for font, text in lines:
        made = GeneratorFromStrings([text], fonts=[font], size=pixels, count=1, background_type=1, fit=True)
        assert next(made)[0].size[0] > 0  # nosec B101: a probe: it must stop


def with_synthtiger(lines, pixels):
    from synthtiger import layers

    for font, text in lines:
        assert layers.TextLayer(text, font, pixels, (0, 0, 0, 255)).output().shape[1] > 0  # nosec B101: a probe: it must stop


if __name__ == "__main__":
    draw = {"trdg": with_trdg, "synthtiger": with_synthtiger}[sys.argv[1]]
    with open(sys.argv[2], encoding="utf-8") as file:
        job = json.load(file)
    draw(job["lines"][:5], job["pixels"])  # imports and warms up
    started = time.process_time()
    draw(job["lines"], job["pixels"])
    print(json.dumps({"lines": len(job["lines"]), "seconds": round(time.process_time() - started, 3)}))
