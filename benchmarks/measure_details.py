"""Look closely at an encoder and its prototypes: who is confused with whom, by category and by size, a map of families.

    python -m benchmarks.measure_details [--model model] [--data full] [--results results/once.jsonl#details]

Of a model as it is served, asked about the test and the Chromium lines of a data set. The map is a t-SNE (van der
Maaten and Hinton 2008) of the regular faces' prototypes.
"""

from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.manifold import TSNE
from tqdm import tqdm

from fontid.artifact import ArtifactError
from fontid.catalogue.faces import regular_faces
from fontid.catalogue.ranking import Catalogue
from fontid.commands import command_line, exit_on
from fontid.encoder.preprocessing import windows_of
from fontid.evaluation.experiment import write_result
from fontid.identifier import FontIdentifier
from train.line_cache import LineCache, open_cache
from train.make_prototypes import accuracy, truth_of
from train.settings import find_data

SIZES = (14, 20, 28, 40, 60, 97)  # bounds of groups, pixels
PAIRS = 12  # of confused families


def embed(identifier: FontIdentifier, lines: LineCache) -> np.ndarray:
    """(N, D) float32: the mean of each line's windows."""
    windows = (windows_of(line, identifier.preprocessing) for line in tqdm(lines, "lines", mininterval=10))
    return np.stack([identifier.embed(of_line).mean(0) for of_line in windows])


def rows_of(catalogue: Catalogue, lines: LineCache) -> np.ndarray:
    """(N,) int64: the catalogue's row of each line's face. Raises: SystemExit for a face that it lacks."""
    rows = [catalogue.row_of(name) for name in lines.face_names]
    missing = [name for name, row in zip(lines.face_names, rows, strict=True) if row is None]
    if missing:
        raise SystemExit(f"The model does not know {missing[0]}: give it a data set of its own faces.")
    return np.array(rows)[lines.face]


def measure(catalogue: Catalogue, faces: np.ndarray, sizes: np.ndarray, embeddings: np.ndarray) -> dict:
    """Of (N, D) embedded lines, their true faces and font sizes."""
    truth = truth_of(catalogue.faces, faces)
    categories = np.array([catalogue.faces[face].category for face in faces])

    def part(rows: np.ndarray) -> dict:
        return accuracy(catalogue, embeddings[rows], [truth[row] for row in rows])

    by_size = {
        f"{low}-{high - 1}": part(np.flatnonzero((sizes >= low) & (sizes < high)))
        for low, high in zip(SIZES, SIZES[1:], strict=False)
    }
    by_category = {str(name): part(np.flatnonzero(categories == name)) for name in np.unique(categories)}
    confused: Counter[tuple[str, str]] = Counter()
    for embedding, (family, weight, italic) in zip(embeddings, truth, strict=True):
        named = catalogue.rank(catalogue.score_faces(embedding[None]), 1)[0].family
        if named not in catalogue.credited(family, weight, italic):
            confused[tuple(sorted((family, named)))] += 1
    pairs = [{"families": list(pair), "lines": count} for pair, count in confused.most_common(PAIRS)]
    return {"all": part(np.arange(len(faces))), "by_size": by_size, "by_category": by_category, "confused": pairs}


def map_of(catalogue: Catalogue) -> dict[str, list[float]]:
    """Each family's place, 0-1."""
    row = {face.id: index for index, face in enumerate(catalogue.faces)}
    regular = list(regular_faces(catalogue.faces))
    first = np.searchsorted(catalogue.prototype_faces, [row[face.id] for face in regular])
    vectors = catalogue.prototypes[first].astype(np.float32)
    tsne = TSNE(2, perplexity=min(20, len(vectors) - 1), metric="cosine", init="pca", random_state=0)
    places = tsne.fit_transform(vectors)
    places = (places - places.min(0)) / np.ptp(places, axis=0)
    return {face.family: [round(float(v), 3) for v in place] for face, place in zip(regular, places, strict=True)}


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#details")
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--data", default="full", help="a preset's name, or a folder")
    arguments = parser.parse_args(argv)
    folder = find_data(arguments.data)
    with exit_on(ArtifactError):
        identifier = FontIdentifier.from_pretrained(arguments.model)
    catalogue = identifier.catalogue
    parts = [open_cache(folder, split, identifier.preprocessing) for split in ("test", "chromium")]
    metrics = measure(
        catalogue,
        np.concatenate([rows_of(catalogue, lines) for lines in parts]),
        np.concatenate([lines.pixel_size for lines in parts]),
        np.concatenate([embed(identifier, lines) for lines in parts]),
    )
    settings = {"model": identifier.version, "data": arguments.data}
    command = f"python -m benchmarks.measure_details --model {arguments.model} --data {arguments.data}"
    write_result(arguments.results, settings=settings, command=command, metrics=metrics | {"map": map_of(catalogue)})


if __name__ == "__main__":
    main()
