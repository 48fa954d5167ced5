"""The trained artifact: one folder whose parts belong together, checked by digest whenever it is opened.

config.json          format, preprocessing, calibration, settings of the stages (older models have none), what made it,
                     sha256 of every other file and of its own text
encoder.onnx         windows (N, 1, height, window) float32 -> embeddings (N, D) float32; weights in half precision
letters.onnx         pictures of lines (N, 3, 96, W) float32 RGB 0-1 -> (N, 2, 96, W) float32 0-1: coverage of the plain
                     letters, and of the band from the baseline to the x-height; not in older models
norms.safetensors    what tracing folded into those weights, so that training can go on from them
                     (`train.encoder_file`; encoder.json holds the arguments of the module)
prototypes.npy       (P, D) float16, L2-normalised
prototype_faces.npy  (P,) int32, ascending: the row in faces.jsonl.gz that each prototype stands for
faces.jsonl.gz       the faces, in the order of the data set's labels
twins.npy            (T, 2) int32, pairs of rows in faces.jsonl.gz
usage.tsv            how often families are used, see `fontid.catalogue.usage`; older artifacts have none
letterforms-N.zip    small fonts to draw with, see `fontid.letters.letterforms`
golden/              pictures with their faces and embeddings, replayed in tests
README.md            model card; the only file that is not sealed
"""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import numpy as np

from fontid.catalogue.faces import Face, read_faces
from fontid.catalogue.usage import read_usage, write_usage
from fontid.commands import Refusal
from fontid.confidence import Calibration
from fontid.encoder.preprocessing import Preprocessing
from fontid.letters.letterforms import Letterforms
from fontid.settings import DEFAULTS, Settings, SettingsError, build_settings

FORMAT = 1
LETTERFORMS = "letterforms-*.zip"
USAGE = "usage.tsv"
LETTERS = "letters.onnx"
NEEDED = ("encoder.onnx", "prototypes.npy", "prototype_faces.npy", "faces.jsonl.gz", "twins.npy")


class ArtifactError(Refusal, RuntimeError):
    """The folder is no artifact, or its parts do not belong together; the message names the file."""


@dataclass(frozen=True)
class Artifact:
    """An opened artifact; see the module for shapes.

    version: digest of the sealed parts, 12 hexadecimal digits. encoder, letters: paths of the ONNX files.
    """

    version: str
    encoder: Path
    letters: Path | None
    preprocessing: Preprocessing
    prototypes: np.ndarray
    prototype_faces: np.ndarray
    faces: list[Face]
    twins: np.ndarray
    letterforms: Letterforms
    calibration: Calibration
    settings: Settings
    usage: dict[str, int]


def seal(
    folder: Path,
    preprocessing: Preprocessing,
    made_by: dict,
    calibration: Calibration | None = None,
    settings: Settings = DEFAULTS,
) -> None:
    """Write `config.json` over the files that lie in `folder`; the last step of making an artifact."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "config.json")
    config = {
        "format": FORMAT,
        "preprocessing": asdict(preprocessing),
        "calibration": asdict(calibration or Calibration()),
        "settings": asdict(settings),
        "made_by": made_by,
        "sha256": {path.relative_to(folder).as_posix(): digest(path) for path in files if path.name != "README.md"},
    }
    _write_config(folder, config)


def recalibrate(folder: Path, calibration: Calibration) -> None:
    """Give an artifact another calibration; nothing else of it changes. Raises: ArtifactError where it is none."""
    _change(folder, calibration=asdict(calibration))


def put_settings(folder: Path, settings: Settings) -> None:
    """Give an artifact other settings; nothing else of it changes. Raises: ArtifactError where it is none."""
    _change(folder, settings=asdict(settings))


def put_usage(folder: Path, usage: Mapping[str, int]) -> None:
    """Give an artifact another table of usage, of its own families. Raises: ArtifactError where it is none."""
    families = {face.family for face in open_artifact(folder).faces}
    write_usage({family: downloads for family, downloads in usage.items() if family in families}, folder / USAGE)
    _put_file(folder, USAGE)


def _put_file(folder: Path, name: str) -> None:
    """Seal a file that is new or was changed."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _write_config(folder, config | {"sha256": config["sha256"] | {name: digest(folder / name)}})


def _change(folder: Path, **parts: dict) -> None:
    """Parts of the config of an artifact, which is checked first."""
    open_artifact(folder)
    _write_config(folder, json.loads((folder / "config.json").read_text(encoding="utf-8")) | parts)


def _write_config(folder: Path, config: dict) -> None:
    """Write `config.json` with the digest of its own text, which counts as empty while it is computed."""
    text = json.dumps(config | {"config_sha256": ""}, indent=1) + "\n"
    own = hashlib.sha256(text.encode()).hexdigest()
    text = text.replace('"config_sha256": ""', f'"config_sha256": "{own}"')
    (folder / "config.json").write_text(text, encoding="utf-8")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def open_artifact(folder: Path) -> Artifact:
    """Open and check an artifact.

    Raises: ArtifactError naming the file that is missing, damaged or of another artifact.
    """
    try:
        text = (folder / "config.json").read_text(encoding="utf-8")
        config = json.loads(text)
        found_format, digests = config["format"], config["sha256"]
        preprocessing = Preprocessing(**config["preprocessing"])
        calibration = Calibration.from_dict(config["calibration"])
    except FileNotFoundError as error:
        raise ArtifactError(f"{folder} holds no model: config.json is missing.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"config.json in {folder} is damaged: fetch the model again.") from error
    if found_format != FORMAT:
        raise ArtifactError(f"config.json in {folder} is of format {found_format}, not {FORMAT}: use its own fontid.")
    try:
        settings = build_settings(Settings, config.get("settings", {}), f"config.json in {folder}: settings")
    except SettingsError as error:
        raise ArtifactError(f"{error} Use a newer fontid, or correct it.") from error
    own = str(config.get("config_sha256"))
    if hashlib.sha256(text.replace(own, "").encode()).hexdigest() != own:
        raise ArtifactError(f"config.json in {folder} is damaged: fetch the model again.")
    with ThreadPoolExecutor() as pool:
        found = pool.map(partial(_digest_in, folder), dict.fromkeys([*NEEDED, *digests]))
        for name, of_file in found:
            if of_file != digests.get(name):
                raise ArtifactError(
                    f"{name} in {folder} is damaged or belongs to another model: fetch the model again."
                )
    faces = read_faces(folder / "faces.jsonl.gz")
    artifact = Artifact(
        version=own[:12],
        encoder=folder / "encoder.onnx",
        letters=folder / LETTERS if LETTERS in digests else None,
        preprocessing=preprocessing,
        prototypes=np.load(folder / "prototypes.npy"),
        prototype_faces=np.load(folder / "prototype_faces.npy"),
        faces=faces,
        twins=np.load(folder / "twins.npy"),
        letterforms=Letterforms([folder / name for name in digests if fnmatch(name, LETTERFORMS)], faces),
        calibration=calibration,
        settings=settings,
        usage=read_usage(folder / USAGE) if USAGE in digests else {},
    )
    _check_shapes(artifact)
    return artifact


def _digest_in(folder: Path, name: str) -> tuple[str, str]:
    """The name of a file, and its digest."""
    try:
        return name, digest(folder / name)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ArtifactError(f"{name} is missing in {folder}: fetch the model again.") from error
    except OSError as error:
        raise ArtifactError(f"{name} in {folder} cannot be read ({error}): fetch the model again.") from error


def _check_shapes(artifact: Artifact) -> None:
    count = len(artifact.faces)
    if len(artifact.prototypes) != len(artifact.prototype_faces):
        raise ArtifactError("prototypes.npy and prototype_faces.npy differ in length: fetch the model again.")
    rises = np.diff(artifact.prototype_faces, prepend=-1, append=count)
    if not np.isin(rises[:-1], (0, 1)).all() or rises[-1] != 1:
        raise ArtifactError("prototype_faces.npy does not fit faces.jsonl.gz: fetch the model again.")
    if artifact.twins.size and not 0 <= artifact.twins.min() <= artifact.twins.max() < count:
        raise ArtifactError("twins.npy does not fit faces.jsonl.gz: fetch the model again.")
