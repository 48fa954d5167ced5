"""Find twins: faces of different families that draw the same Latin letters.

    python -m data_scripts.find_twins [--num-proc 2] [--results results/once.jsonl#twins]

Two faces are twins if the outlines of each of the fifty-two letters lie no further apart than `TOLERANCE` times the
renderers' own noise: the median distance between two renderers' drawings of one letter of one face. Every pair stands
for itself: twins of a twin are not twins. Reads `faces.jsonl`; writes `twins.jsonl` (pairs of face ids, the
loosest last) and prints the share of families that have a twin.
"""

import json
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data_scripts.glyphs import draw_letters
from data_scripts.renderers import unpack
from fontid.catalogue.faces import read_faces
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.letters.outlines import LETTERS, draw_letters_by_freetype, outlines_apart
from fontid.paths import data_home

TOLERANCE = 0.9  # times the noise: DM Serif Text and DM Serif Display lie 0.95 apart
NOISE_FACES = 300  # faces on which the noise is measured
CANDIDATE_COSINE = 0.98  # of coarse drawings; twins lie above 0.99


@dataclass(frozen=True)
class Twins:
    """Rows of two faces, and how far apart the letter lies that differs most, in tolerances (1 is the limit)."""

    first: int
    second: int
    looseness: float


def measure_noise(font_files: list[Path]) -> float:
    """Median distance, in pixels, between HarfBuzz's and FreeType's drawings of one letter."""
    apart = [outlines_apart(draw_letters(file), draw_letters_by_freetype(file)) for file in font_files]
    return float(np.median(apart))


def candidates(letters: np.ndarray, families: np.ndarray) -> np.ndarray:
    """(P, 2) pairs of faces of different families whose coarse drawings are near."""
    coarse = letters.reshape(len(letters), 52, 8, 8, 8, 8).mean((3, 5), dtype=np.float32).reshape(len(letters), -1)
    coarse /= np.linalg.norm(coarse, axis=1, keepdims=True) + 1e-6
    pairs = []
    for start in tqdm(range(0, len(coarse), 512), "candidates"):
        near = np.argwhere(coarse[start : start + 512] @ coarse.T > CANDIDATE_COSINE)
        near[:, 0] += start
        pairs.append(near[(near[:, 0] < near[:, 1]) & (families[near[:, 0]] != families[near[:, 1]])])
    return np.concatenate(pairs)


def find_twins(letters: np.ndarray, families: np.ndarray, noise: float) -> list[Twins]:
    """Twins among N faces, the tightest first.

    Args: letters: (N, 52, 64, 64) uint8; families: (N,) labels; noise: in pixels.
    """
    limit = TOLERANCE * noise
    whole = letters.any((2, 3)).all(1)  # two faces without a letter do not draw the same letter
    telling = [LETTERS.index(letter) for letter in "agRe"]  # most pairs part here already
    found = []
    for first, second in tqdm(candidates(letters, families), "pairs"):
        if not (whole[first] and whole[second]):
            continue
        if outlines_apart(letters[first, telling], letters[second, telling]).max() <= limit:
            apart = float(outlines_apart(letters[first], letters[second]).max())
            if apart <= limit:
                found.append(Twins(int(first), int(second), apart / limit))
    return sorted(found, key=lambda twins: twins.looseness)


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--out", type=Path, default=data_home())
    parser.add_argument("--num-proc", type=int, default=2)
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the figures here too")
    arguments = parser.parse_args()
    faces = read_faces(arguments.out / "faces.jsonl")
    files = [unpack(arguments.fonts / face.file, data_home() / "ttf", face.axes) for face in faces]
    noise = measure_noise(files[:: max(1, len(files) // NOISE_FACES)])
    with get_context("spawn").Pool(arguments.num_proc) as pool:
        letters = np.stack(list(tqdm(pool.imap(draw_letters, files, 8), "letters", len(files))))
    twins = find_twins(letters, np.array([face.family for face in faces]), noise)
    rows = [{"faces": [faces[t.first].id, faces[t.second].id], "looseness": round(t.looseness, 3)} for t in twins]
    (arguments.out / "twins.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    families = {faces[index].family for t in twins for index in (t.first, t.second)}
    count = len({face.family for face in faces})
    share = len(families) / count
    print(f"Noise {noise:.3f} px; {len(twins)} pairs; {len(families)} of {count} families ({share:.1%}) have a twin.")
    if arguments.results:
        metrics = {
            "noise_pixels": round(noise, 4),
            "pairs": len(twins),
            "families": count,
            "families_with_twin": len(families),
            "share_with_twin": round(share, 4),
        }
        command = f"python -m data_scripts.find_twins --results {arguments.results}"
        write_result(arguments.results, settings={"tolerance": TOLERANCE}, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
