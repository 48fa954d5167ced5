"""Measure an experiment's encoder on pictures of other makers than its training's.

    python -m benchmarks.measure_encoder experiments/ladder.yaml#NAME [--run DIR] [--pictures ../shared/realworld]
        [--catalogue full]

The encoder embeds `EACH` references of every face of the whole catalogue, whatever it was trained on; their averages
are the prototypes. Asked about: the Chromium lines of every family, and the lines that the text detector finds in real
pictures. Writes accuracy, the curve of training and its cost into the entry NAME of `results/ladder.jsonl`.
"""

import json
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from fontid.catalogue.ranking import Catalogue
from fontid.commands import command_line
from fontid.encoder.preprocessing import Preprocessing, fit_line
from fontid.evaluation.experiment import entry_name, write_result
from fontid.evaluation.folders import Sample, read_manifest
from fontid.paths import data_home
from fontid.picture.noise import without_noise
from fontid.picture.opening import open_picture
from fontid.text.reader import OtherScript, TextReader
from train.line_cache import LineCache, open_cache
from train.make_prototypes import accuracy, best_encoder, embed_lines, faces_in_order, make_prototypes, truth_of
from train.settings import TrainSettings, find_data, open_experiment, run_folder
from train.train_encoder import chosen_lines, read_twins

EACH = 4  # references a face
LARGEST_LINES = 8  # of a real picture


def found_lines(samples: list[Sample], settings: Preprocessing, name: str) -> list[list[np.ndarray]]:
    """The prepared lines of each picture, found once for a preprocessing and kept under FONTID_DATA by `name`."""
    file = f"{name}-lines-{settings.height}-{settings.ink_height}-{settings.longest}.npz"
    cache = data_home() / "benchmarks" / file
    if not cache.exists():
        reader, columns, owners = TextReader(), [], []
        for owner, sample in enumerate(tqdm(samples, "find lines")):
            picture = without_noise(open_picture(sample.file))
            try:
                lines = reader.find_lines(picture)
            except OtherScript:  # counts as wrong
                continue
            for line in sorted(lines, key=lambda line: -line.area)[:LARGEST_LINES]:
                ink = line.own_ink
                if ink is not None:
                    columns.append(fit_line(ink, settings).T)
                    owners.append(owner)
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, columns=np.concatenate(columns), widths=[len(part) for part in columns], owners=owners)
    with np.load(cache) as kept:
        parts = np.split(kept["columns"], np.cumsum(kept["widths"])[:-1])
        owners = kept["owners"]
    return [[parts[i].T for i in np.flatnonzero(owners == owner)] for owner in range(len(samples))]


def training_of(run: Path, settings: TrainSettings) -> dict:
    """What the run's log says: its cost, and the curve of validation accuracy over images seen."""
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    by_step = {row["step"]: row for row in rows}  # a resumed run may have logged a step twice
    rows = [by_step[step] for step in sorted(by_step)]
    curve = [[row["step"] * settings.batch_size, round(row["validation_family_top1"], 4)] for row in rows]
    images, before, seconds = rows[-1]["step"] * settings.batch_size, 0, 0.0
    for row in rows:
        seconds += (row["step"] - before) * settings.batch_size / row["images_per_second"]
        before = row["step"]
    return {"images": images, "seconds": round(seconds), "images_per_second": round(images / seconds), "curve": curve}


def measure(settings: TrainSettings, run: Path, catalogue_name: str, pictures: Path | None) -> dict:
    """Accuracy on Chromium lines and real pictures, training's cost, and the encoder's size."""
    encoder = best_encoder(run).to(memory_format=torch.channels_last)
    data = find_data(catalogue_name)

    def embedded(lines) -> np.ndarray:
        return embed_lines(encoder, lines, settings.preprocessing, settings.view)

    references = open_cache(data, "references", settings.preprocessing)
    chosen = np.concatenate([np.flatnonzero(references.face == face)[:EACH] for face in np.unique(references.face)])
    embeddings = embedded([references[row] for row in chosen])
    faces = faces_in_order(references.face_names)
    twins = read_twins(data_home() / "twins.jsonl", references.face_names).numpy().astype(np.int32)
    catalogue = Catalogue(faces, *make_prototypes(embeddings, references.face[chosen]), twins)

    lines = open_cache(data, "chromium", settings.preprocessing)
    embeddings, truth = embedded(lines), truth_of(faces, lines.face)
    trained = trained_families(settings)
    metrics = {"chromium": {"all_families": accuracy(catalogue, embeddings, truth)}}
    for name, wanted in (("trained_families", True), ("other_families", False)):
        rows = [row for row, (family, *_) in enumerate(truth) if (family in trained) == wanted]
        metrics["chromium"][name] = accuracy(catalogue, embeddings[rows], [truth[row] for row in rows])
    if pictures is not None:
        samples = read_manifest(pictures)
        found = found_lines(samples, settings.preprocessing, pictures.resolve().name)
        seen = [row for row, parts in enumerate(found) if parts]
        embeddings = np.zeros((len(samples), encoder.dimension), np.float32)
        flat = embedded([line for row in seen for line in found[row]])
        owners = [row for row in seen for _ in found[row]]
        np.add.at(embeddings, owners, flat)
        metrics["real"] = accuracy(catalogue, embeddings, [(s.family, s.weight, s.italic) for s in samples])
    metrics["parameters"] = sum(p.numel() for p in encoder.parameters())
    return metrics | {"training": training_of(run, settings)}


def trained_families(settings: TrainSettings) -> set[str]:
    lines: LineCache = open_cache(settings.data_folder, "train", settings.preprocessing)
    return {lines.family_names[family] for family in np.unique(lines.family[chosen_lines(lines, settings)])}


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/ladder.jsonl")
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--pictures", type=Path, help="labelled real pictures (left out if not given)")
    parser.add_argument("--catalogue", default="full", help="data set whose references make the prototypes")
    arguments = parser.parse_args(argv)
    settings = open_experiment(arguments.experiment)
    run = run_folder(arguments.experiment, arguments.run)
    metrics = measure(settings, run, arguments.catalogue, arguments.pictures)
    print(json.dumps({name: metrics[name] for name in ("chromium", "real") if name in metrics}, indent=1))
    pictures = f" --pictures {arguments.pictures}" if arguments.pictures else ""
    command = f"python -m benchmarks.measure_encoder {arguments.experiment}{pictures}"
    path = Path(f"{arguments.results}#{entry_name(arguments.experiment)}")
    write_result(path, settings=settings, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
