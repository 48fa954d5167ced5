"""Train the encoder.

    accelerate launch -m train.train_encoder experiments/ladder.yaml#base [--run DIR]

Checkpoints go to FONTID_DATA/runs/NAME (NAME from the YAML file); the same command goes on after a kill, exactly. The
encoder with the best validation accuracy so far stands in `best/`, its loss (the proxies) beside it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from fontid.artifact import ArtifactError, open_artifact
from fontid.catalogue.faces import nested_order, read_faces, regular_faces
from fontid.evaluation.experiment import SettingsError
from fontid.paths import data_home
from train import batches
from train.augment import Augment
from train.checkpoints import newest_checkpoint
from train.encoder import Encoder
from train.encoder_file import read_weights
from train.line_cache import WIDEST, LineCache, open_cache
from train.loop import EPOCH_STEPS, Task, fit, open_accelerator
from train.losses import PAIR_KINDS, FaceSoftmax, make_loss
from train.settings import TrainSettings, find_data, run_experiment
from train.through_letters import through_letters
from train.watched import SHOWN, TOP, draw_predictions

AVERAGED = 4  # references a face


def read_twins(path: Path, face_names: list[str]) -> Tensor:
    """(P, 2) int64 rows of twin faces among `face_names`."""
    row = {name: index for index, name in enumerate(face_names)}
    pairs = [json.loads(line)["faces"] for line in path.read_text().splitlines()] if path.exists() else []
    known = [[row[a], row[b]] for a, b in pairs if a in row and b in row]
    return torch.tensor(known, dtype=torch.int64).reshape(-1, 2)


def family_of_face(lines: LineCache) -> Tensor:
    """(F,) int64: the family label of every face label, from the data set's own names."""
    families = {name: index for index, name in enumerate(lines.family_names)}
    return torch.tensor([families[re.split(r"-\d+-(?:normal|italic)", name)[0]] for name in lines.face_names])


class Validation:
    """Share of validation windows named rightly, of families seen in training.

    A face is named by the loss's scores, or, where the loss has none, by the nearest average of `AVERAGED` references
    of each face.
    """

    chosen_by = "validation_family_top1"

    def __init__(self, accelerator: Accelerator, settings: TrainSettings, lines: LineCache, family_of: Tensor) -> None:
        data, width = settings.data_folder, settings.preprocessing.window
        self.accelerator, self.family_of = accelerator, family_of.to(accelerator.device)
        self.pairs = settings.loss.kind in PAIR_KINDS
        with accelerator.main_process_first():
            held_back = open_cache(data, "validation", settings.preprocessing)
            references = open_cache(data, "references", settings.preprocessing) if self.pairs else held_back
        trained = np.flatnonzero(np.isin(held_back.family, lines.family))  # no proxy knows the held-out families
        if settings.letters:
            self.windows = batches.MiddleWindows(held_back, WIDEST, trained, 0.0)
            through = through_letters(held_back, settings, accelerator)
            self.see = lambda batch: through(batch, torch.Generator(accelerator.device).manual_seed(0))
        else:
            self.windows = batches.MiddleWindows(held_back, width, trained)
            self.see = lambda batch: settings.view(to_input(batch["window"]))
        self.loader = self._loader(self.windows, settings)
        chosen = np.concatenate([np.flatnonzero(references.face == face)[:AVERAGED] for face in np.unique(lines.face)])
        averaged = batches.MiddleWindows(references, width, chosen)
        self.references = self._loader(averaged, settings) if self.pairs else None
        self.averages: Tensor | None = None
        self.names = lines.face_names

    def _loader(self, windows: batches.MiddleWindows, settings: TrainSettings) -> DataLoader:
        return self.accelerator.prepare(DataLoader(windows, settings.batch_size, collate_fn=batches.as_fetched))

    def _embed(self, encoder: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        windows = self.see(batch)
        with self.accelerator.autocast():
            return encoder(windows).float()

    def _average(self, encoder: nn.Module) -> Tensor:
        """(F, D), zero for faces without references."""
        dimension = self.accelerator.unwrap_model(encoder).dimension
        total = torch.zeros(len(self.family_of), dimension, device=self.accelerator.device)
        for batch in self.references:
            embeddings = self._embed(encoder, batch)
            embeddings, faces = self.accelerator.gather_for_metrics((embeddings, batch["face"]))
            total.index_add_(0, faces, embeddings)
        return F.normalize(total)

    def _scores(self, loss: nn.Module, embeddings: Tensor) -> Tensor:
        """(N, F)"""
        return embeddings @ self.averages.T if self.pairs else self.accelerator.unwrap_model(loss).scores(embeddings)

    def __call__(self, encoder: nn.Module, loss: nn.Module) -> dict[str, float]:
        if self.pairs:
            self.averages = self._average(encoder)
        right = []
        for batch in self.loader:
            named, faces = self._scores(loss, self._embed(encoder, batch)).argmax(1), batch["face"]
            same = torch.stack([named == faces, self.family_of[named] == self.family_of[faces]], 1)
            right.append(self.accelerator.gather_for_metrics(same))
        face, family = torch.cat(right).float().mean(0).tolist()
        return {"validation_face_top1": face, "validation_family_top1": family}

    def draw(self, encoder: nn.Module, loss: nn.Module) -> Image.Image:
        """The same few windows every time, with their truth and the best predictions."""
        few = np.linspace(0, len(self.windows) - 1, min(SHOWN, len(self.windows))).astype(int).tolist()
        batch = self.windows.__getitems__(few)
        batch = {name: values.to(self.accelerator.device) for name, values in batch.items()}
        scores = self._scores(loss, self._embed(encoder, batch))
        best = scores.topk(min(TOP, scores.shape[1])).indices.tolist()
        named = [[self.names[face] for face in row] for row in best]
        truth = [self.names[face] for face in batch["face"].tolist()]
        return draw_predictions(255 - batch["window"][:, 0].cpu().numpy(), truth, named)


def chosen_lines(lines: LineCache, settings: TrainSettings) -> np.ndarray:
    """The lines that are trained on, ascending: of the families and renderers that the settings name."""
    chosen = np.ones(len(lines), bool)
    if settings.families is not None:
        number = {lines.family_names[family]: family for family in np.unique(lines.family)}
        few = nested_order(number)[: settings.families]
        chosen &= np.isin(lines.family, [number[family] for family in few])
    if settings.renderers is not None:
        chosen &= np.isin(lines.renderer, settings.renderers)
    if not chosen.any():
        raise SettingsError(f"renderers: the data set has {', '.join(np.unique(lines.renderer))} only.")
    return np.flatnonzero(chosen)


def to_input(windows: Tensor) -> Tensor:
    """uint8 windows to the encoder's float input, ink 1 on 0."""
    return windows.float().div(255).contiguous(memory_format=torch.channels_last)


def take_weights(encoder: nn.Module, read: Callable[[], dict[str, Tensor]], source: Path) -> None:
    """Load what `read` returns. Raises: SettingsError where it is of another encoder."""
    try:
        encoder.load_state_dict(read())
    except (RuntimeError, KeyError, ValueError) as error:
        said = f"start_from: {source} is of another encoder; under `encoder`, set what it was trained with."
        raise SettingsError(said) from error


def load_weights(run: Path, encoder: nn.Module, loss: nn.Module) -> None:
    """Take over another run's last encoder, and its loss where that is of the same kind and shape.

    Raises: SettingsError where it has no checkpoint or another encoder.
    """
    newest = newest_checkpoint(run)
    if newest is None:
        raise SettingsError(f"start_from: there is no checkpoint in {run}; train that run first.")
    weights, proxies = newest / "model.safetensors", newest / "model_1.safetensors"
    take_weights(encoder, lambda: load_file(weights), weights)
    state = load_file(proxies) if proxies.exists() else {}
    if {name: value.shape for name, value in loss.state_dict().items()} == {n: v.shape for n, v in state.items()}:
        loss.load_state_dict(state)


def load_artifact(folder: Path, encoder: nn.Module, loss: nn.Module, face_names: list[str]) -> None:
    """Take over an artifact's encoder; a face's proxy begins as its prototype, where the loss has one proxy a face.

    Raises: SettingsError where there is no artifact or it has another encoder.
    """
    try:
        artifact = open_artifact(folder)
    except ArtifactError as error:
        raise SettingsError(f"start_from: {error}") from error
    take_weights(encoder, lambda: read_weights(encoder, folder), folder)
    if isinstance(loss, FaceSoftmax):
        first = dict(zip(artifact.prototype_faces[::-1].tolist(), artifact.prototypes[::-1], strict=True))
        row = {face.id: index for index, face in enumerate(artifact.faces)}
        with torch.no_grad():
            for label, name in enumerate(face_names):
                if name in row:
                    loss.proxies[label] = torch.from_numpy(first[row[name]])


def train(settings: TrainSettings, name: str, run: Path) -> dict[str, float]:
    """Train to the end, from the newest checkpoint if there is one. Returns the last validation metrics."""
    accelerator = open_accelerator(settings, run)
    with accelerator.main_process_first():
        lines = open_cache(settings.data_folder, "train", settings.preprocessing)
    lines.warm()

    family_of = family_of_face(lines)
    row = {face: index for index, face in enumerate(lines.face_names)}
    table = [face for face in read_faces(data_home() / "faces.jsonl") if face.id in row]
    regular = {row[face.id] for face in regular_faces(table)}
    twins = read_twins(data_home() / "twins.jsonl", lines.face_names)

    encoder = Encoder(**asdict(settings.encoder))
    trained = torch.from_numpy(np.isin(np.arange(len(lines.face_names)), lines.face))
    loss = make_loss(settings.loss, family_of, twins, encoder.dimension, trained)
    if settings.start_from and "/" in settings.start_from:
        load_artifact(Path(settings.start_from), encoder, loss, lines.face_names)
    elif settings.start_from:
        load_weights(data_home() / "runs" / settings.start_from, encoder, loss)
    width, size = settings.preprocessing.window + batches.SPARE, settings.batch_size
    of_plain = round(size * settings.plain_share) if settings.plain else 0

    def sampler_of(lines: LineCache, windows: int) -> batches.FamilySampler:
        among, images = chosen_lines(lines, settings), EPOCH_STEPS * windows
        share, seed = settings.regular_share, settings.seed
        return batches.FamilySampler(lines, among, regular, share, images, seed, settings.lines_per_face)

    samplers = [sampler_of(lines, size - of_plain)]
    if settings.letters:
        loader = batches.WholeLines(lines, WIDEST, samplers[0], size - of_plain, accelerator)
    elif settings.resident:
        loader = batches.ResidentBatches(lines, width, samplers[0], size, accelerator)
    else:
        windows = batches.WindowDataset(lines, width)
        loader = DataLoader(windows, size, sampler=samplers[0], drop_last=True, collate_fn=batches.as_fetched)
    augment = Augment(settings.augmentation, settings.preprocessing.window)
    through = through_letters(lines, settings, accelerator, batches.SPARE) if settings.letters else None
    augment_plain = Augment(settings.plain_augmentation, settings.preprocessing.window)
    if settings.plain:
        if not settings.letters:
            raise SettingsError("plain: needs letters; without them all lines are plain, those of data.")
        plain = open_cache(find_data(settings.plain), "train", settings.preprocessing)
        if plain.face_names != lines.face_names:
            raise SettingsError(f"plain: {settings.plain} has other faces than {settings.data}.")
        samplers.append(sampler_of(plain, of_plain))
        loader = batches.SideBySide(loader, batches.ResidentBatches(plain, width, samplers[1], of_plain, accelerator))

    def to_inputs(batch: dict, generator: torch.Generator) -> Tensor:
        if settings.plain:
            drawn = augment_plain(to_input(batch["second"]["window"]), generator)
            found = augment(through(batch["first"], generator), generator)
            return settings.view(torch.cat([found, drawn]))
        windows = through(batch, generator) if through else to_input(batch["window"])
        return settings.view(augment(windows, generator))

    def set_epoch(epoch: int) -> None:
        for sampler in samplers:
            sampler.set_epoch(epoch)

    validation = Validation(accelerator, settings, lines, family_of)
    task = Task(encoder, loss, loader, "face", set_epoch, to_inputs, validation)
    return fit(accelerator, settings, name, run, task)


def main(argv: list[str] | None = None) -> None:
    run_experiment(__doc__, train, TrainSettings, argv)


if __name__ == "__main__":
    main()
