"""Give the artifact another table of faces, without training: its networks stay.

    python -m release.widen [--catalogue DIR] [--model model] [--num-proc 2]

DIR (default FONTID_DATA/catalogue) holds what `data_scripts` wrote: fonts/, faces.jsonl, twins.jsonl and letterforms/.
A face that the artifact knows keeps its prototypes; of others references are drawn and averaged, as for one's own
fonts. They are kept in DIR/prototypes.npz, so that a killed run goes on. Golden pictures that come back with another
face are left out. Calibration stays: run train.calibrate afterwards.
"""

import json
import re
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fontid.artifact import LETTERFORMS, USAGE, Artifact, digest, open_artifact, put_usage
from fontid.catalogue.enrolment import make_prototype
from fontid.catalogue.faces import Face, read_faces
from fontid.catalogue.usage import read_usage
from fontid.commands import command_line
from fontid.evaluation.experiment import current_commit, installed_versions
from fontid.identifier import FontIdentifier
from fontid.paths import data_home
from release.average import replaced, seal_with_golden
from release.export_onnx import title_of, write_tables

KEEP_EVERY = 500  # prototypes between two savings
_identifier: FontIdentifier  # of a worker


def _open(model: Path) -> None:
    global _identifier
    _identifier = FontIdentifier.from_pretrained(model)


def _prototype(face: Face, fonts: Path) -> np.ndarray:
    return make_prototype((fonts / face.file).read_bytes(), _identifier.embed_line, face.axes)


def new_prototypes(faces: list[Face], catalogue: Path, model: Path, processes: int) -> dict[str, np.ndarray]:
    """Prototypes (D,) float32 of faces by id; those that an earlier run with this encoder left are not made again."""
    kept, encoder = catalogue / "prototypes.npz", digest(model / "encoder.onnx")
    made: dict[str, np.ndarray] = {}
    if kept.exists():
        with np.load(kept) as saved:
            made = dict(saved) if str(saved["encoder"]) == encoder else {}
    missing = [face for face in faces if face.id not in made]
    with get_context("spawn").Pool(processes, _open, (model,)) as pool:
        work = pool.imap(partial(_prototype, fonts=catalogue / "fonts"), missing, 8)
        pairs = zip(missing, tqdm(work, "prototypes", len(missing)), strict=True)
        for number, (face, prototype) in enumerate(pairs, 1):
            made[face.id] = prototype
            if number % KEEP_EVERY == 0 or number == len(missing):
                np.savez(kept, **(made | {"encoder": np.array(encoder)}))
    return made


def prototypes_of(faces: list[Face], artifact: Artifact, made: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Prototypes (P, D) float16 and their rows of `faces` (P,) int32: the artifact's, or else those that were made."""
    known = {face.id: row for row, face in enumerate(artifact.faces)}
    rows = [
        artifact.prototypes[artifact.prototype_faces == known[face.id]] if face.id in known else made[face.id][None]
        for face in faces
    ]
    owners = np.repeat(np.arange(len(faces)), [len(part) for part in rows])
    return np.concatenate(rows).astype(np.float16), owners.astype(np.int32)


def twins_of(faces: list[Face], file: Path) -> np.ndarray:
    """(T, 2) int32, pairs of rows of `faces`, from the pairs of ids that data_scripts.find_twins wrote."""
    row_of = {face.id: row for row, face in enumerate(faces)}
    pairs = [json.loads(line)["faces"] for line in file.read_text().splitlines()]
    return np.array([[row_of[first], row_of[second]] for first, second in pairs], np.int32).reshape(-1, 2)


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--catalogue", type=Path, default=data_home() / "catalogue")
    parser.add_argument("--model", type=Path, default=Path("model"), help="is replaced")
    parser.add_argument("--usage", type=Path, default=Path("data_scripts/usage.tsv"))
    parser.add_argument("--num-proc", type=int, default=2)
    arguments = parser.parse_args(argv)
    artifact, faces = open_artifact(arguments.model), read_faces(arguments.catalogue / "faces.jsonl")
    letterforms = sorted((arguments.catalogue / "letterforms").glob(LETTERFORMS))
    if not letterforms:
        raise SystemExit(f"No letterforms in {arguments.catalogue}: run python -m data_scripts.make_letterforms first.")
    known = {face.id for face in artifact.faces}
    new = [face for face in faces if face.id not in known]
    made = new_prototypes(new, arguments.catalogue, arguments.model, arguments.num_proc)
    prototypes, owners = prototypes_of(faces, artifact, made)
    made_by = json.loads((arguments.model / "config.json").read_text())["made_by"]
    made_by |= {"widened": {"faces": len(new), "commit": current_commit(), "versions": installed_versions()}}
    with replaced(arguments.model) as out:
        for old in out.glob(LETTERFORMS):
            old.unlink()
        twins = twins_of(faces, arguments.catalogue / "twins.jsonl")
        write_tables(out, faces, letterforms, prototypes=prototypes, prototype_faces=owners, twins=twins)
        card = (out / "README.md").read_text(encoding="utf-8")
        (out / "README.md").write_text(re.sub(r"(?m)^# fontid: .*", title_of(faces), card, count=1), encoding="utf-8")
        (out / USAGE).unlink(missing_ok=True)
        count = seal_with_golden(out, artifact.preprocessing, made_by, artifact.calibration, artifact.settings)
        put_usage(out, read_usage(arguments.usage))
    print(f"{arguments.model}: {len(faces)} faces, {len(new)} of them new; {count} golden pictures come back.")


if __name__ == "__main__":
    main()
