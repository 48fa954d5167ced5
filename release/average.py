"""Average the artifact's encoder with that of a run that went on from it, and give it that run's letters network.

    python -m release.average experiments/ladder.yaml#wide [--share 0.7] [--model model]

Weights of a network and of the same one trained further can be averaged (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models"): what was gained on new kinds of pictures stays, and less is lost on the old ones. Prototypes are
averaged likewise, with those that `train.make_prototypes` left in the run. Calibration stays: run train.calibrate
afterwards. Golden pictures that come back with another face are left out.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from fontid.artifact import open_artifact, seal
from fontid.commands import command_line, exit_on
from fontid.evaluation.experiment import SettingsError, read_settings
from fontid.identifier import FontIdentifier
from release.export_onnx import SeeingEncoder, export_encoder, export_letters, made_from, named, write_golden
from train.encoder import Encoder
from train.encoder_file import read_weights, save_norms
from train.make_prototypes import best_encoder
from train.settings import TrainSettings, run_folder
from train.train_letters import load_letters


def averaged(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """Two states of one network; counters are the second's. Args: share: of the second, 0-1."""
    return {
        name: first[name] * (1 - share) + value * share if value.is_floating_point() else value
        for name, value in second.items()
    }


def average_rows(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """(N, D) and (N, D) unit rows -> (N, D) float16 unit rows."""
    rows = first.astype(np.float32) * (1 - share) + second.astype(np.float32) * share
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def renew_golden(folder: Path) -> int:
    """The golden pictures that come back with their face, embedded by the artifact as it is; returns how many."""
    identifier, golden = FontIdentifier(folder), []
    for row in map(json.loads, (folder / "golden" / "golden.jsonl").read_text().splitlines()):
        image = Image.open(folder / "golden" / row["file"]).copy()  # whole, since the file goes
        embeddings = identifier.embed_line(np.asarray(image))
        if named(identifier, embeddings) == row["face"]:
            golden.append({"image": image, "face": row["face"], "embedding": embeddings.mean(0)})
    shutil.rmtree(folder / "golden")
    write_golden(folder / "golden", golden)
    return len(golden)


@contextmanager
def replaced(model: Path) -> Iterator[Path]:
    """Yields a copy of an artifact, to be changed and sealed, which then takes the artifact's place."""
    with TemporaryDirectory(dir=model.resolve().parent) as room:
        made = Path(room) / model.name
        shutil.copytree(model, made)
        yield made
        shutil.rmtree(model)
        made.rename(model)


def seal_with_golden(made: Path, *parts) -> int:
    """Seal a changed artifact, with golden pictures of its own.

    Args: parts: as `fontid.artifact.seal` takes them. Returns: how many golden pictures come back.
    """
    seal(made, *parts)
    count = renew_golden(made)
    seal(made, *parts)
    return count


def renew_card(folder: Path, experiment: Path) -> None:
    """Say of the artifact's card by what the encoder was trained on, and that its figures are of the encoder before."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    made = f"Made by `python -m release.average {experiment}` from the encoder before it and one that was trained on\n"
    made += "from there by that file's settings."
    card = re.sub(r"Made by `python -m release.*?(trained on|settings)\.", made, card, count=1, flags=re.DOTALL)
    before = "on lines of one text each, before it was trained on ("
    card = re.sub(r"on lines of one text each.*?\(", before, card, count=1)
    (folder / "README.md").write_text(card, encoding="utf-8")


def prototypes_of(run: Path, faces: list[str]) -> np.ndarray:
    """Those of a run, (F, D), in the order of these ids; the program ends with a sentence where one is missing."""
    file = run / "prototypes.npz"
    if not file.exists():
        raise SystemExit(f"No prototypes in {run}: run python -m train.make_prototypes first.")
    with np.load(file) as made:
        row_of = {made["names"][face]: row for row, face in enumerate(made["faces"])}
        if missing := [face for face in faces if face not in row_of]:
            raise SystemExit(f"The run's data set lacks {missing[0]}, which the artifact holds: render it anew.")
        return made["prototypes"][[row_of[face] for face in faces]]


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the run, the rest being the artifact's")
    parser.add_argument("--model", type=Path, default=Path("model"), help="is replaced")
    arguments = parser.parse_args(argv)
    with exit_on(SettingsError):
        settings = read_settings(TrainSettings, arguments.experiment)
    run = run_folder(arguments.experiment, arguments.run)
    artifact = open_artifact(arguments.model)
    if len(artifact.prototypes) != len(artifact.faces):
        raise SystemExit(f"{arguments.model} has several prototypes for some faces: they cannot be averaged.")
    further, encoder = best_encoder(run), Encoder(**json.loads((arguments.model / "encoder.json").read_text()))
    encoder.load_state_dict(averaged(read_weights(encoder, arguments.model), further.state_dict(), arguments.share))
    prototypes = prototypes_of(run, [face.id for face in artifact.faces])
    made_by = made_from(arguments.experiment) | {"share": arguments.share}
    with replaced(arguments.model) as out:
        if settings.letters and "/" not in settings.letters:
            export_letters(load_letters(settings.letters, torch.device("cpu")), out / "letters.onnx")
        export_encoder(SeeingEncoder(encoder, settings.view), settings.preprocessing, out / "encoder.onnx")
        save_norms(encoder, out)
        np.save(out / "prototypes.npy", average_rows(artifact.prototypes, prototypes, arguments.share))
        renew_card(out, arguments.experiment)
        count = seal_with_golden(out, settings.preprocessing, made_by, artifact.calibration, artifact.settings)
    print(f"{arguments.model}: {count} golden pictures come back.")


if __name__ == "__main__":
    main()
