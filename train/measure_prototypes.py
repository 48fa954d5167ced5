"""Which prototypes: how many references a face, from where, by which renderer, and against the classifier's proxies.

    python -m train.measure_prototypes experiments/ladder.yaml#shipped [--run DIR] [--results results/prototypes.json]

Every variant answers the same Chromium lines by the same encoder. Those with Chromium references are asked about the
second line of each family and know the first: their table says so, and holds only faces with two lines.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from fontid.catalogue.ranking import Catalogue
from fontid.evaluation.experiment import write_result
from fontid.paths import data_home
from train.line_cache import LineCache, open_cache
from train.make_prototypes import (
    accuracy,
    add_proxies,
    best_encoder,
    embed_lines,
    faces_in_order,
    make_prototypes,
    proxies_of,
    truth_of,
)
from train.settings import TrainSettings, open_experiment, run_folder
from train.train_encoder import read_twins

COUNTS = (1, 2, 3, 4, 6, 8, 12)
PER_FACE = (1, 2, 3)
EACH = 12  # training lines a face that are averaged


def first_of_each(faces: np.ndarray, count: int) -> np.ndarray:
    """Rows of the first `count` lines of every face."""
    return np.sort(np.concatenate([np.flatnonzero(faces == face)[:count] for face in np.unique(faces)]))


class Measured:
    """Embeddings of the splits by one encoder, and the accuracy of catalogues made of them."""

    def __init__(self, settings: TrainSettings, run: Path) -> None:
        self.settings, self.data = settings, settings.data_folder
        self.encoder = best_encoder(run).to(memory_format=torch.channels_last)
        self.queries, self.query_embeddings = self.embed("chromium")
        self.faces = faces_in_order(self.queries.face_names)
        self.twins = read_twins(data_home() / "twins.jsonl", self.queries.face_names).numpy().astype(np.int32)

    def embed(self, split: str, each: int | None = None) -> tuple[LineCache, np.ndarray]:
        """A split's lines and the embeddings of the first `each` of every face, zeros for the others."""
        lines = open_cache(self.data, split, self.settings.preprocessing)
        rows = np.arange(len(lines)) if each is None else first_of_each(lines.face, each)
        embeddings = np.zeros((len(lines), self.encoder.dimension), np.float32)
        chosen = [lines[row] for row in rows]
        embeddings[rows] = embed_lines(self.encoder, chosen, self.settings.preprocessing, self.settings.view)
        return lines, embeddings

    def accuracy(self, prototypes: np.ndarray, owners: np.ndarray, asked: np.ndarray | None = None) -> dict:
        """Of the Chromium lines in the rows `asked` (None: all), by a catalogue of the faces that have prototypes."""
        rows = np.arange(len(self.queries)) if asked is None else asked
        known, numbers = np.unique(owners, return_inverse=True)
        twins = self.twins[np.isin(self.twins, known).all(1)]
        faces = [self.faces[face] for face in known]
        catalogue = Catalogue(faces, prototypes.astype(np.float16), numbers, np.searchsorted(known, twins))
        return accuracy(catalogue, self.query_embeddings[rows], truth_of(self.faces, self.queries.face[rows]))

    def of_lines(
        self, faces: np.ndarray, embeddings: np.ndarray, rows: np.ndarray, per_face: int = 1, asked=None
    ) -> dict:
        return self.accuracy(*make_prototypes(embeddings[rows], faces[rows], per_face), asked)


def measure(settings: TrainSettings, run: Path) -> dict:
    measured = Measured(settings, run)
    references, embeddings = measured.embed("references")
    faces = references.face
    found: dict = {"references_a_face": {}, "prototypes_a_face": {}, "source": {}, "renderer": {}}
    for count in COUNTS:
        found["references_a_face"][count] = measured.of_lines(faces, embeddings, first_of_each(faces, count))
    everything = np.arange(len(faces))
    for count in PER_FACE:
        found["prototypes_a_face"][count] = measured.of_lines(faces, embeddings, everything, count)

    # The comparison of sources knows the faces only that have lines of every kind.
    train, train_embeddings = measured.embed("train", EACH)
    validation, validation_embeddings = measured.embed("validation")
    common = np.intersect1d(train.face, validation.face)
    asked = np.flatnonzero(np.isin(measured.queries.face, common))
    sources = {
        "references": (faces, embeddings, everything),
        "training lines": (train.face, train_embeddings, first_of_each(train.face, EACH)),
        "validation lines": (validation.face, validation_embeddings, np.arange(len(validation))),
    }
    for name, (owners, vectors, rows) in sources.items():
        rows = rows[np.isin(owners[rows], common)]
        lines = {"lines_a_face": round(len(rows) / len(common), 2)}
        found["source"][name] = measured.of_lines(owners, vectors, rows, asked=asked) | lines
    proxies = proxies_of(run)
    if proxies is not None:
        found["source"]["classifier"] = measured.accuracy(proxies[common], common, asked)
        rows = np.flatnonzero(np.isin(faces, common))
        means, owners = make_prototypes(embeddings[rows], faces[rows], 1)
        both = add_proxies(means, proxies[owners], np.arange(len(owners)))
        found["source"]["references and classifier, averaged"] = measured.accuracy(both, owners, asked)

    queries = measured.queries.face
    renderers = np.unique(references.renderer)
    twice = np.flatnonzero(np.bincount(queries, minlength=len(measured.faces)) > 1)
    for renderer in renderers:
        twice = np.intersect1d(twice, faces[references.renderer == renderer])
    first = np.array([np.flatnonzero(queries == face)[0] for face in twice])
    second = np.array([np.flatnonzero(queries == face)[1] for face in twice])
    found["renderer"]["chromium, 1 a face"] = measured.of_lines(queries, measured.query_embeddings, first, asked=second)
    among = np.isin(faces, twice)
    for renderer in renderers:
        rows = np.flatnonzero(among & (references.renderer == renderer))
        for count in (1, 4):
            chosen = rows[first_of_each(faces[rows], count)]
            found["renderer"][f"{renderer}, {count} a face"] = measured.of_lines(
                faces, embeddings, chosen, asked=second
            )
    rows = np.flatnonzero(among)
    for count in (1, 4, 12):
        chosen = rows[first_of_each(faces[rows], count)]
        found["renderer"][f"all but chromium, {count} a face"] = measured.of_lines(
            faces, embeddings, chosen, asked=second
        )
    mixed = np.concatenate([embeddings[rows], measured.query_embeddings[first]])
    owners = np.concatenate([faces[rows], queries[first]])
    found["renderer"]["all, 13 a face"] = measured.of_lines(owners, mixed, np.arange(len(owners)), asked=second)
    return found


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--results", type=Path, default=Path("results/prototypes.json"))
    arguments = parser.parse_args(argv)
    settings = open_experiment(arguments.experiment)
    metrics = measure(settings, run_folder(arguments.experiment, arguments.run))
    for table, rows in metrics.items():
        for name, row in rows.items():
            print(f"{table}: {name}: top-1 {row['strict']['top1']} strict, {row['twins']['top1']} with twins")
    command = f"python -m train.measure_prototypes {arguments.experiment}"
    write_result(arguments.results, settings=settings, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
