"""Measure how long a catalogue of generated prototypes takes to search: scores of all faces, and the best rows.

python -m benchmarks.measure_search [--faces 100000] [--results results/search.json]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fontid.catalogue.faces import Face, face_id
from fontid.catalogue.ranking import Catalogue
from fontid.evaluation.experiment import write_result

DIMENSION = 256
FACES_OF_A_FAMILY = 4
WINDOWS = 4  # of a query: a line of some twenty letters
ROUNDS = 100


def generated(count: int, rng: np.random.Generator) -> Catalogue:
    """Families of a few faces each, their prototypes drawn around a common middle."""
    faces = []
    for number in range(count):
        family = f"family-{number // FACES_OF_A_FAMILY}"
        weight = 300 + 100 * (number % FACES_OF_A_FAMILY)
        faces.append(Face(face_id(family, weight, False), family, family, "", weight, False, "", "", "", "", ""))
    middles = rng.standard_normal((count // FACES_OF_A_FAMILY + 1, DIMENSION), np.float32)
    own = rng.standard_normal((count, DIMENSION), np.float32)
    prototypes = middles[np.arange(count) // FACES_OF_A_FAMILY] + 0.5 * own
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    return Catalogue(faces, prototypes.astype(np.float16), np.arange(count), np.zeros((0, 2), np.int32))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--results", type=Path, default=Path("results/search.json"))
    arguments = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    catalogue = generated(arguments.faces, rng)
    seconds, right = [], 0
    for _ in range(ROUNDS):
        face = int(rng.integers(arguments.faces))
        noise = 0.05 * rng.standard_normal((WINDOWS, DIMENSION), np.float32)
        query = catalogue.prototypes[face] + noise
        query /= np.linalg.norm(query, axis=1, keepdims=True)
        started = time.perf_counter()
        best = catalogue.rank(catalogue.score_faces(query), 5, 0.03)[0]
        seconds.append(time.perf_counter() - started)
        right += best.family == catalogue.faces[face].family
    milliseconds = [round(1000 * float(np.percentile(seconds, part)), 2) for part in (50, 95)]
    metrics = {
        "faces": arguments.faces,
        "median_milliseconds": milliseconds[0],
        "percentile_95_milliseconds": milliseconds[1],
        "found": right / ROUNDS,
    }
    command = f"python -m benchmarks.measure_search --faces {arguments.faces}"
    settings = {"dimension": DIMENSION, "windows": WINDOWS, "rounds": ROUNDS}
    write_result(arguments.results, settings=settings, command=command, metrics=metrics)
    print(metrics)


if __name__ == "__main__":
    main()
