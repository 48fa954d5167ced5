"""Look closely at an encoder and its prototypes: who is confused with whom, by category and by size, a map of families.

    python -m train.measure_details experiments/encoder/base.yaml [--run DIR] [--results results/details.json]

Asks about the test and the Chromium lines, after `train.make_prototypes`. The map is a t-SNE (van der Maaten and Hinton
2008) of the regular faces' prototypes.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.manifold import TSNE

from fontid.catalogue import Catalogue
from fontid.experiment import write_result
from fontid.faces import regular_faces
from train.line_cache import open_cache
from train.make_prototypes import accuracy, best_encoder, embed_lines, faces_in_order, truth_of
from train.settings import open_experiment, run_folder

SIZES = (14, 20, 28, 40, 60, 97)  # bounds of groups, pixels
PAIRS = 30  # of confused families


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
    places = TSNE(2, perplexity=min(20, len(vectors) - 1), metric="cosine", init="pca", random_state=0).fit_transform(
        vectors
    )
    places = (places - places.min(0)) / np.ptp(places, axis=0)
    return {face.family: [round(float(v), 4) for v in place] for face, place in zip(regular, places, strict=True)}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--results", type=Path, default=Path("results/details.json"))
    arguments = parser.parse_args(argv)
    settings = open_experiment(arguments.experiment)
    run = run_folder(arguments.experiment, arguments.run)
    encoder = best_encoder(run)
    if not (run / "prototypes.npz").exists():
        raise SystemExit(f"No prototypes in {run}: run python -m train.make_prototypes {arguments.experiment} first.")
    with np.load(run / "prototypes.npz") as made:
        faces = faces_in_order(made["names"].tolist())
        catalogue = Catalogue(faces, made["prototypes"], made["faces"], made["twins"])
    parts = [open_cache(settings.data_folder, split, settings.preprocessing) for split in ("test", "chromium")]
    embeddings = [embed_lines(encoder, lines, settings.preprocessing, settings.view) for lines in parts]
    metrics = measure(
        catalogue,
        np.concatenate([lines.face for lines in parts]),
        np.concatenate([lines.pixel_size for lines in parts]),
        np.concatenate(embeddings),
    )
    command = f"python -m train.measure_details {arguments.experiment}"
    write_result(arguments.results, settings=settings, command=command, metrics=metrics | {"map": map_of(catalogue)})


if __name__ == "__main__":
    main()
