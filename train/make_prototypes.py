"""Average the references of every face into prototypes, once, from the best checkpoint of a finished run.

    python -m train.make_prototypes experiments/ladder.yaml#further [--run DIR] [--references DATA]

A face's prototype is the class average, or that averaged with the face's proxy, the row that the classifier learned,
where the face was trained on; the proxy counts once or three times. The validation split chooses. Writes
`prototypes.npz` into the run, and the accuracy on validation, test and Chromium lines into the entry NAME of
`results/encoder.jsonl`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional as F
from tqdm import tqdm

from fontid.catalogue.faces import Face, read_faces
from fontid.catalogue.ranking import Catalogue
from fontid.commands import command_line
from fontid.encoder.preprocessing import Preprocessing, windows_of
from fontid.evaluation.experiment import entry_name, write_result
from fontid.paths import data_home
from train.encoder import Encoder
from train.line_cache import LineCache, open_cache
from train.settings import find_data, open_experiment, run_folder
from train.train_encoder import read_twins, to_input
from train.view import View

BATCH = 256
RANKS = (1, 5, 20)
Truth = tuple[str, int | None, bool]  # family, weight (None: not known) and slope


@torch.no_grad()
def embed_lines(encoder: Encoder, lines: Sequence[np.ndarray], settings: Preprocessing, view: View) -> np.ndarray:
    """Mean embedding of the windows of each prepared (height, W) line, L2-normalised: (N, D) float32."""
    total = np.zeros((len(lines), encoder.dimension), np.float32)
    windows, owners = [], []
    device = next(encoder.parameters()).device
    for index, line in enumerate(tqdm(lines, "embed", mininterval=10)):
        parts = windows_of(line, settings)
        windows.extend(parts)
        owners.extend([index] * len(parts))
        if len(windows) >= BATCH or index == len(lines) - 1:
            inputs = view(to_input(torch.from_numpy(np.stack(windows)[:, None]).to(device)))
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cpu"):
                embeddings = encoder(inputs.contiguous(memory_format=torch.channels_last)).float().cpu().numpy()
            np.add.at(total, owners, embeddings)
            windows, owners = [], []
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


def make_prototypes(embeddings: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prototypes (P, D) float16 and their faces (P,) int32, ascending, from embedded references and their faces."""
    owners = np.unique(faces)
    means = np.stack([embeddings[faces == face].mean(0) for face in owners])
    return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float16), owners.astype(np.int32)


def proxies_of(run: Path) -> np.ndarray | None:
    """(F, D) the rows that the classifier had learned when the encoder was best, normalised; None where it has none."""
    file = run / "best" / "loss.safetensors"
    proxies = load_file(file).get("proxies") if file.exists() else None
    return None if proxies is None else F.normalize(proxies.float(), dim=-1).numpy()


def add_proxies(prototypes: np.ndarray, proxies: np.ndarray, trained: np.ndarray, times: float = 1.0) -> np.ndarray:
    """One prototype a face, (F, D): averaged with the proxies of the faces `trained` on, (T,) int, normalised again.

    Args: times: how often a proxy counts.
    """
    added = prototypes.astype(np.float32)
    added[trained] += times * proxies[trained]
    return (added / np.linalg.norm(added, axis=1, keepdims=True)).astype(np.float16)


def accuracy(catalogue: Catalogue, embeddings: np.ndarray, truth: Sequence[Truth]) -> dict:
    """Family accuracy of (N, D) embeddings, strict and with twins credited; fractions 0-1."""
    hits = {kind: np.zeros(len(RANKS)) for kind in ("strict", "twins")}
    for embedding, (family, weight, italic) in zip(embeddings, truth, strict=True):
        right = {"strict": {family}, "twins": catalogue.credited(family, weight, italic)}
        rows = [match.family for match in catalogue.rank(catalogue.score_faces(embedding[None]), RANKS[-1])]
        for kind, families in right.items():
            rank = next((r for r, named in enumerate(rows) if named in families), RANKS[-1])
            hits[kind] += [rank < k for k in RANKS]
    count = max(1, len(truth))
    return {"n": len(truth)} | {
        kind: {f"top{k}": round(float(hit / count), 4) for k, hit in zip(RANKS, values, strict=True)}
        for kind, values in hits.items()
    }


def truth_of(faces: Sequence[Face], labels: np.ndarray) -> list[Truth]:
    return [(faces[label].family, faces[label].weight, faces[label].italic) for label in labels]


def best_encoder(run: Path) -> Encoder:
    """The run's best encoder, ready to embed; the program ends with a sentence where there is none."""
    if not (run / "best").is_dir():
        raise SystemExit(f"No trained encoder in {run}: run accelerate launch -m train.train_encoder first.")
    return Encoder.from_pretrained(run / "best").eval()


def faces_in_order(names: list[str]) -> list[Face]:
    """The table's rows in the order of the data set's labels. Raises: KeyError for a face that the table lacks."""
    table = {face.id: face for face in read_faces(data_home() / "faces.jsonl")}
    return [table[name] for name in names]


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/encoder.jsonl")
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--references", metavar="DATA", help="data set that holds them (default: the run's own)")
    arguments = parser.parse_args(argv)
    name = entry_name(arguments.experiment)
    settings = open_experiment(arguments.experiment)
    run = run_folder(arguments.experiment, arguments.run)
    data = settings.data_folder
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = best_encoder(run).to(device, memory_format=torch.channels_last)

    def embedded(split: str, data: Path = data) -> tuple[LineCache, np.ndarray]:
        lines = open_cache(data, split, settings.preprocessing)
        return lines, embed_lines(encoder, lines, settings.preprocessing, settings.view)

    references, reference_embeddings = embedded("references", find_data(arguments.references or settings.data))
    faces = faces_in_order(references.face_names)
    twins = read_twins(data_home() / "twins.jsonl", references.face_names).numpy().astype(np.int32)
    train = open_cache(data, "train", settings.preprocessing)

    validation, validation_embeddings = embedded("validation")
    every_fourth = np.arange(0, len(validation), 4)
    asked = truth_of(faces, validation.face[every_fourth])
    means, owners = make_prototypes(reference_embeddings, references.face)
    made = {"1": (means, owners)}
    proxies = proxies_of(run)
    if proxies is not None:
        for times, kind in ((1, "1 and proxy"), (3, "1 and proxy three times")):
            made[kind] = add_proxies(means, proxies, np.unique(train.face), times), owners
    measured = {}
    for kind, (prototypes, owners) in made.items():
        catalogue = Catalogue(faces, prototypes, owners, twins)
        measured[kind] = accuracy(catalogue, validation_embeddings[every_fourth], asked)
        print(f"{kind} a face: {measured[kind]}")
    best = max(measured, key=lambda kind: measured[kind]["strict"]["top1"])
    prototypes, owners = made[best]
    np.savez(run / "prototypes.npz", prototypes=prototypes, faces=owners, twins=twins, names=references.face_names)

    catalogue = Catalogue(faces, prototypes, owners, twins)
    metrics: dict = {"prototypes_per_face": best, "validation_by_prototypes_per_face": measured}
    for split in ("test", "chromium"):
        if not any((data / "data").glob(f"{split}-*.parquet")):
            print(f"No {split} split in {data}.")  # rendered where there was no Chromium
            continue
        lines, embeddings = embedded(split)
        seen = np.isin(lines.family, np.unique(train.family))
        metrics[split] = {
            which: accuracy(catalogue, embeddings[rows], truth_of(faces, lines.face[rows]))
            for which, rows in (("trained_families", seen), ("held_out_families", ~seen))
        }
        print(split, metrics[split])
    command = f"python -m train.make_prototypes {arguments.experiment}"
    write_result(Path(f"{arguments.results}#{name}"), settings=settings, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
