"""Settings of a row of the comparison, read from `experiments/vlm.yaml`. The key `kind` says which of them."""

from dataclasses import dataclass, field
from pathlib import Path

from fontid.evaluation.experiment import SettingsError, build_settings, entry_name, read_yaml
from fontid.paths import data_home


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adapters (Hu et al. 2021) beside the linear layers of text model, vision tower and projector."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05


@dataclass(frozen=True)
class Row:
    """What every row has.

    label: what the report calls it; note: what has to be known to read its figures.
    data: name of a data set under FONTID_DATA/datasets, or a path.
    families: the first so many of `fontid.catalogue.faces.nested_order` among the trained ones (None: all).
    splits: measured on these.
    limit: at most so many pictures a split, spread evenly (None: all).
    """

    kind: str
    label: str = ""
    note: str = ""
    data: str = "full"
    families: int | None = None
    splits: tuple[str, ...] = ("chromium", "stroop")
    limit: int | None = None
    seed: int = 0

    @property
    def data_folder(self) -> Path:
        return Path(self.data) if "/" in self.data else data_home() / "datasets" / self.data


@dataclass(frozen=True)
class Training:
    """How adapters, heads or whole models are trained.

    steps: of `batch_size` pictures over all processes; a step's batch is split `accumulate` times.
    precision: "bf16" or "no".
    seconds: training ends with the step during which they have passed (None: it takes all steps).
    """

    steps: int = 2000
    batch_size: int = 16
    accumulate: int = 1
    learning_rate: float = 2.0e-4
    warmup_steps: int = 50
    weight_decay: float = 0.0
    precision: str = "bf16"
    checkpoint_every: int = 200
    seconds: int | None = None


@dataclass(frozen=True)
class TrainedRow(Row):
    """A model of transformers that is trained here.

    model: hub id, or a folder, or `models/NAME`, which `compare_vlm.new_model` or `compare_vlm.pretrained` made under
        FONTID_DATA; `revision` pins the first.
    fold: a line is cut into rows that fill the model's square picture.
    gpu_gb: memory of the GPU without which it is not begun; 0: it can do with the CPU.
    """

    model: str = ""
    revision: str | None = None
    fold: bool = True
    gpu_gb: int = 0
    training: Training = field(default_factory=Training)

    @property
    def source(self) -> str:
        """What `from_pretrained` takes. Raises: SettingsError where `models/NAME` was not made."""
        if not self.model.startswith("models/"):
            return self.model
        folder = data_home() / self.model
        if not folder.is_dir():
            raise SettingsError(f"No model in {folder}: compare_vlm.new_model or compare_vlm.pretrained makes it.")
        return str(folder)


@dataclass(frozen=True)
class VlmRow(TrainedRow):
    """A vision-language model.

    zero_shot: it answers freely and is not trained.
    lora: None trains every weight, as a model without pre-training needs.
    four_bit: the frozen weights in nf4 (bitsandbytes).
    beams: of the search among the catalogue's names.
    """

    question: str = "Which Google Fonts family is this text set in?"
    zero_shot: bool = False
    lora: LoraSettings | None = field(default_factory=LoraSettings)
    four_bit: bool = False
    gradient_checkpointing: bool = True
    beams: int = 10


@dataclass(frozen=True)
class BackboneRow(TrainedRow):
    """A vision-only encoder of transformers with a linear head; `lora: null` is a linear probe."""

    lora: LoraSettings | None = None


@dataclass(frozen=True)
class EncoderRow(Row):
    """fontid itself.

    artifact: its folder, or `artifacts/NAME` under FONTID_DATA.
    encoder_only: by encoder and prototypes alone, the line given.
    """

    artifact: str = "model"
    encoder_only: bool = True

    @property
    def folder(self) -> Path:
        return data_home() / self.artifact if self.artifact.startswith("artifacts/") else Path(self.artifact)


@dataclass(frozen=True)
class ClassicalRow(Row):
    """A baseline of scikit-learn.

    features: "pixels" or "hog"; method: "nearest" or "logistic".
    each: training lines a family; fewer where all families would have more than `most` lines.
    """

    features: str = "hog"
    method: str = "nearest"
    each: int = 40
    most: int = 16000


KINDS = {"vlm": VlmRow, "backbone": BackboneRow, "encoder": EncoderRow, "classical": ClassicalRow}


def open_row(path: Path, families: int | None = None) -> Row:
    """Settings of an entry; `families` stands in for the file's. Raises: SettingsError."""
    values = read_yaml(path)
    kind = values.get("kind") if isinstance(values, dict) else None
    if kind not in KINDS:
        raise SettingsError(f"{path}: kind must be one of {', '.join(KINDS)}.")
    return build_settings(KINDS[kind], values | ({"families": families} if families else {}), str(path))


def run_folder(path: Path, row: Row) -> Path:
    """Where a row's training keeps its checkpoints: one folder an entry and count of families."""
    return data_home() / "runs" / "vlm" / row_name(path, row)


def row_name(path: Path, row: Row) -> str:
    return f"{entry_name(path)}-{row.families or 'all'}"
