"""Write the artifact from a finished run, and fail unless it does what the run's encoder does.

    python -m release.export_onnx experiments/ladder.yaml#further [--run DIR] [--out model]

The artifact that lies in the folder is replaced; a folder that holds anything else is left alone. The run's `View` goes
into the network, so that loading it needs no more than the preprocessing.
Weights are stored in half precision and widened when the model is loaded, so that the file is small and computing
stays in float32. Checked before the folder is sealed: ONNX against torch on golden pictures, and every golden
picture's label by way of the artifact as it will be served.
"""

import json
import shutil
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from datasets import Dataset, load_dataset
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from fontid.artifact import FORMAT, LETTERFORMS, seal
from fontid.catalogue.faces import Face, write_faces
from fontid.commands import command_line, exit_on
from fontid.encoder.preprocessing import Preprocessing, prepare_line, windows_of
from fontid.evaluation.experiment import current_commit, entry_name, installed_versions, read_results
from fontid.identifier import FontIdentifier
from fontid.paths import data_home
from train.effects import HEIGHT
from train.encoder import Encoder
from train.encoder_file import save_norms
from train.letters_network import SHRINKS, LettersNetwork
from train.make_prototypes import best_encoder, faces_in_order
from train.settings import open_experiment, run_folder
from train.view import View

GOLDEN = 24
LEAST_COSINE = 0.999  # between the embeddings of torch in full and the artifact in half precision


class ExportError(RuntimeError):
    """The artifact does not do what the run's encoder does; nothing was put in place."""


class SeeingEncoder(nn.Module):
    """An encoder behind the view of windows that it was trained with."""

    def __init__(self, encoder: Encoder, view: View) -> None:
        super().__init__()
        self.encoder, self.view = encoder, view

    def forward(self, windows: Tensor) -> Tensor:
        return self.encoder(self.view(windows))


def check_replaceable(folder: Path) -> None:
    """The program ends with a sentence where the folder holds anything but an artifact."""
    if not folder.exists() or folder.is_dir() and not any(folder.iterdir()):
        return
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        is_artifact = config["format"] == FORMAT and "sha256" in config
    except (OSError, ValueError, KeyError, TypeError):
        is_artifact = False
    if not is_artifact:
        raise SystemExit(f"{folder} holds something else than a model, which would be deleted: name another folder.")


def export_encoder(encoder: SeeingEncoder, settings: Preprocessing, path: Path) -> None:
    """Trace to ONNX with a free batch size, then halve the weights."""
    example = torch.zeros(2, 1, settings.height, settings.window)
    export(encoder, example, "windows", "embeddings", {0: torch.export.Dim("N")}, path)


def export_letters(network: LettersNetwork, path: Path) -> None:
    """Trace to ONNX with a free batch size and width, then halve the weights; it gives coverage 0-1, not logits."""
    served = nn.Sequential(OrderedDict(network=network.cpu(), coverage=nn.Sigmoid()))
    sides = {0: torch.export.Dim("N"), 3: SHRINKS * torch.export.Dim("W", min=1, max=256)}
    export(served, torch.zeros(2, 3, HEIGHT, 384), "pictures", "coverage", sides, path)


def export(network: nn.Module, example: Tensor, takes: str, gives: str, sides: dict, path: Path) -> None:
    """Trace a network of one input and one output. Args: sides: which of the input's are free."""
    program = torch.onnx.export(
        network.float().eval(),
        (example,),
        input_names=[takes],
        output_names=[gives],
        dynamic_shapes=(sides,),
        dynamo=True,
        verbose=False,
    )
    model = program.model_proto
    forget_sources(model)
    halve_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def forget_sources(model: onnx.ModelProto) -> None:
    """Take out which lines of which files on this machine each node comes from: torch notes it."""
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]


def halve_weights(model: onnx.ModelProto) -> None:
    """Store large float32 initialisers as float16 with a Cast behind each; loading folds the Cast away."""
    casts = []
    for initialiser in model.graph.initializer:
        if initialiser.data_type == TensorProto.FLOAT and np.prod(initialiser.dims) >= 1024:
            name = initialiser.name
            half = numpy_helper.from_array(numpy_helper.to_array(initialiser).astype(np.float16), f"{name}_half")
            initialiser.CopyFrom(half)
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def choose_golden(rows: Dataset, identifier: FontIdentifier, count: int) -> list[dict]:
    """Lines of the test split that the artifact names rightly at first rank, spread over families and renderers."""
    golden = []
    for index in np.random.default_rng(0).permutation(len(rows))[: 60 * count]:
        row = rows[int(index)]
        face = rows.features["face"].int2str(row["face"])
        embeddings = identifier.embed_line(np.asarray(row["image"]))
        if embeddings is None or row["pixel_size"] < 24:
            continue
        if named(identifier, embeddings) == face:
            golden.append({"image": row["image"], "face": face, "embedding": embeddings.mean(0)})
        if len(golden) == count:
            break
    return golden


def named(identifier: FontIdentifier, embeddings: np.ndarray) -> str:
    """The id of the face that encoder and prototypes find first. Args: embeddings: (N, D) of a line."""
    return identifier.catalogue.faces[int(identifier.catalogue.score_faces(embeddings).argmax())].id


def check_against_torch(encoder: SeeingEncoder, identifier: FontIdentifier, golden: list[dict]) -> float:
    """Least cosine between torch's and the artifact's embeddings. Raises: ExportError under `LEAST_COSINE`."""
    settings, cosines = identifier.preprocessing, []
    for sample in golden:
        windows = windows_of(prepare_line(np.asarray(sample["image"]), settings), settings)
        with torch.no_grad():
            ours = encoder(torch.from_numpy(windows[:, None]).float() / 255).mean(0).numpy()
        cosines.append(ours @ sample["embedding"] / np.linalg.norm(ours) / np.linalg.norm(sample["embedding"]))
    least = float(min(cosines))
    if least < LEAST_COSINE:
        raise ExportError(f"ONNX and torch differ: cosine {least:.5f} is under {LEAST_COSINE}.")
    return least


def write_tables(folder: Path, faces: Sequence[Face], letterforms: list[Path], **arrays: np.ndarray) -> None:
    """Write the faces, what they are drawn with, and arrays about them by name."""
    write_faces(faces, folder / "faces.jsonl.gz")
    for file in letterforms:
        shutil.copy(file, folder)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def made_from(experiment: Path) -> dict:
    """What the artifact's config says of where it comes from."""
    return {"experiment": str(experiment), "commit": current_commit(), "versions": installed_versions()}


def write_golden(folder: Path, golden: list[dict]) -> None:
    folder.mkdir()
    rows = []
    for index, sample in enumerate(golden):
        name = f"{index:02d}.png"
        sample["image"].convert("L").save(folder / name, optimize=True)
        embedding = [round(float(value), 4) for value in sample["embedding"]]
        rows.append({"file": name, "face": sample["face"], "embedding": embedding})
    (folder / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


CARD = """---
library_name: fontid
license: apache-2.0
tags: [font-identification, onnx]
---
{title}

A convolutional encoder ({parameters:.1f}M parameters) that turns lines of Latin text into embeddings, and prototypes of
these faces. Made by `python -m release.export_onnx {experiment}` from that file's settings on {trained} faces; what
`python -m release.widen` added since was not trained on. Load with
`fontid.identifier.FontIdentifier.from_pretrained()`, from the hub with `"OWNER/NAME@COMMIT"` between the brackets; the
parts are listed in `fontid/artifact.py`.

Accuracy of encoder and prototypes by family, on lines of one text each ({results}):

| split | families | n | top-1 strict / twins | top-5 strict / twins |
|---|---|---|---|---|
{rows}

Limits: Latin letters only; names only what is in the catalogue; trained on drawn text with augmentation, on no
photograph. Accuracy by condition, with all stages and on real pictures, is in `docs/results.md` of the repository. The
fonts' own licences are in `faces.jsonl.gz`.

Do not use it as evidence: many families draw the same letters and others nearly the same, so an answer proves neither
which font file somebody used nor whether it was licensed, nor where or when a document was made. Do not use it to read
documents or to recognise whose handwriting it is.
"""


def title_of(faces: Sequence[Face]) -> str:
    return f"# fontid: {len(faces)} faces of {len({face.family for face in faces})} families"


def write_card(folder: Path, experiment: Path, encoder: Encoder, faces: Sequence[Face]) -> None:
    table, name = Path("results/encoder.jsonl"), entry_name(experiment)
    rows = []
    if measured := read_results(table).get(name):
        metrics = measured["metrics"]
        for split in filter(metrics.__contains__, ("test", "chromium")):
            for which, part in metrics[split].items():
                cells = (f"{100 * part['strict'][k]:.1f} / {100 * part['twins'][k]:.1f}" for k in ("top1", "top5"))
                rows.append(f"| {split} | {which.replace('_', ' ')} | {part['n']} | {' | '.join(cells)} |")
    parameters = sum(p.numel() for p in encoder.parameters()) / 1e6
    card = CARD.format(
        title=title_of(faces),
        trained=len(faces),
        parameters=parameters,
        experiment=experiment,
        results=f"{table}#{name}",
        rows="\n".join(rows),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--out", type=Path, default=Path("model"))
    arguments = parser.parse_args(argv)
    out = arguments.out.resolve()
    check_replaceable(out)
    settings = open_experiment(arguments.experiment)
    run = run_folder(arguments.experiment, arguments.run)
    data = settings.data_folder
    encoder = best_encoder(run)
    if not (run / "prototypes.npz").exists():
        raise SystemExit(f"No prototypes in {run}: run python -m train.make_prototypes {arguments.experiment} first.")
    with np.load(run / "prototypes.npz") as made:
        prototypes, owners, twins, names = made["prototypes"], made["faces"], made["twins"], made["names"].tolist()
    rows = load_dataset(str(data), split="test")  # nosec B615: a folder on this machine
    if rows.features["face"].names != names:
        raise SystemExit(
            f"The prototypes of {run} and the data set {data} name other faces: make the prototypes again."
        )
    faces = faces_in_order(names)

    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f"{out.name}.part-") as room:  # beside it: renamed in one step
        partial = Path(room) / out.name
        partial.mkdir()
        export_encoder(SeeingEncoder(encoder, settings.view), settings.preprocessing, partial / "encoder.onnx")
        save_norms(encoder, partial)
        encoder.save_pretrained(partial)
        (partial / "model.safetensors").unlink()  # `train.encoder_file` reads the weights from the ONNX file
        (partial / "config.json").rename(partial / "encoder.json")
        letterforms = sorted((data_home() / "letterforms").glob(LETTERFORMS))
        if not letterforms:
            raise SystemExit("No letterforms to ship: run python -m data_scripts.make_letterforms first.")
        write_tables(partial, faces, letterforms, prototypes=prototypes, prototype_faces=owners, twins=twins)
        write_card(partial, arguments.experiment, encoder, faces)
        made_by = made_from(arguments.experiment)

        with exit_on(ExportError):
            seal(partial, settings.preprocessing, made_by)
            identifier = FontIdentifier.from_pretrained(partial)
            golden = choose_golden(rows, identifier, GOLDEN)
            if len(golden) < GOLDEN // 2:
                raise ExportError(f"Only {len(golden)} golden pictures come back with their labels.")
            least = check_against_torch(SeeingEncoder(encoder, settings.view), identifier, golden)
            write_golden(partial / "golden", golden)
            seal(partial, settings.preprocessing, made_by | {"least_cosine_to_torch": round(least, 6)})
        shutil.rmtree(out, ignore_errors=True)
        partial.rename(out)
    print(f"{arguments.out}: {len(golden)} golden pictures come back, least cosine to torch {least:.5f}.")


if __name__ == "__main__":
    main()
