"""Settings of an encoder's training, read from `experiments/ladder.yaml`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fontid.commands import command_line, exit_on
from fontid.encoder.preprocessing import Preprocessing
from fontid.evaluation.experiment import SettingsError, entry_name, read_settings
from fontid.paths import data_home
from train.augment import Augmentation
from train.effects import Effects
from train.losses import LossSettings
from train.view import View

Settings = TypeVar("Settings", bound="LoopSettings")


def data_folder(data: str) -> Path:
    """Of a preset by name, under FONTID_DATA/datasets, or the folder that is named."""
    return Path(data) if "/" in data else data_home() / "datasets" / data


def find_data(data: str) -> Path:
    """The folder of a whole data set; the program ends with a sentence where there is none."""
    folder = data_folder(data)
    if not (folder / "README.md").exists():  # the card is written last
        command = f"python -m data_scripts.render_dataset --preset {folder.name}"
        raise SystemExit(f"No whole data set in {folder}: run {command} first.")
    return folder


@dataclass(frozen=True)
class EncoderSettings:
    """Arguments of `train.encoder.Encoder`."""

    widths: tuple[int, ...] = (32, 64, 128, 256, 384)
    depths: tuple[int, ...] = (1, 1, 2, 1, 1)
    dimension: int = 256
    block: str = "residual"
    norm: str = "batch"


@dataclass(frozen=True)
class LoopSettings:
    """What every training run has.

    data: name of a preset under FONTID_DATA/datasets, or a path to a data set.
    batch_size: windows a step over all processes; images seen = steps * batch_size.
    evaluate_every, checkpoint_every: in steps.
    resident: whether all lines are held in the accelerator's memory (10 GB for the full catalogue) and cut there.
    tracker: wandb (offline unless WANDB_MODE says otherwise), trackio or none.
    """

    data: str
    steps: int
    seed: int = 0
    batch_size: int = 128
    learning_rate: float = 3.0e-3
    weight_decay: float = 0.02
    warmup_steps: int = 500
    precision: str = "bf16"
    evaluate_every: int = 1000
    checkpoint_every: int = 500
    tracker: str = "wandb"
    resident: bool = False
    preprocessing: Preprocessing = field(default_factory=Preprocessing)

    @property
    def data_folder(self) -> Path:
        return data_folder(self.data)


@dataclass(frozen=True)
class LettersSettings(LoopSettings):
    """A run of the letters network. grounds: folder of photographs, see `data_scripts.fetch_grounds`."""

    grounds: str = "grounds/train"
    widths: tuple[int, ...] = (32, 48, 80, 112)
    deepest: int = 2
    effects: Effects = field(default_factory=Effects)


@dataclass(frozen=True)
class TrainSettings(LoopSettings):
    """A run of the encoder.

    lines_per_face: how often a batch holds each of its faces; losses on pairs need 2 and more.
    families: the first so many of the data set's families are trained on (None: all), in the order of
        `fontid.catalogue.faces.nested_order`.
    renderers: lines of these alone are trained on (None: all); names as in the data set.
    start_from: name of a run on the same data set whose encoder, and proxies where the loss is the same, are the
        beginning (None: from nothing); or the path of an artifact, whose prototypes begin as proxies.
    letters: name of a run of the letters network through which the encoder sees its lines, struck by `effects`
        (None: it sees them as they are drawn); or the path of an artifact that holds one.
    plain: with `letters`, a data set of the same faces whose lines the encoder sees as they are drawn, struck by
        `plain_augmentation`: they are `plain_share` of each batch (None: there are none).
    """

    regular_share: float = 0.4
    lines_per_face: int = 1
    families: int | None = None
    renderers: tuple[str, ...] | None = None
    start_from: str | None = None
    letters: str | None = None
    effects: Effects = field(default_factory=lambda: Effects(bent=0.0, without=0.0))
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    augmentation: Augmentation = field(default_factory=Augmentation)
    plain: str | None = None
    plain_share: float = 0.5
    plain_augmentation: Augmentation = field(default_factory=Augmentation)
    view: View = field(default_factory=View)


def open_experiment(path: Path, kind: type[Settings] = TrainSettings) -> Settings:
    """Settings of an experiment whose data set is there; else the program ends with a sentence."""
    with exit_on(SettingsError):
        settings = read_settings(kind, path)
    find_data(settings.data)
    return settings


def run_experiment(
    description: str | None, train: Callable[[Settings, str, Path], dict], kind: type[Settings], argv: list[str] | None
) -> None:
    """The command line of a training: one entry of an experiment file, by `train`, in a folder of its own."""
    parser = command_line(description)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path, help="folder of the run (default FONTID_DATA/runs/NAME)")
    arguments = parser.parse_args(argv)
    settings = open_experiment(arguments.experiment, kind)
    run = run_folder(arguments.experiment, arguments.run)
    run.mkdir(parents=True, exist_ok=True)
    try:
        print(train(settings, entry_name(arguments.experiment), run))
    except SettingsError as error:
        raise SystemExit(f"{arguments.experiment}: {error}") from error


def run_folder(experiment: Path, chosen: Path | None) -> Path:
    """Where a run keeps its checkpoints: the folder chosen, or one of the experiment's name."""
    return chosen or data_home() / "runs" / entry_name(experiment)
