"""Train the encoder.

    accelerate launch -m train.train_encoder experiments/encoder/base.yaml [--run DIR]

Checkpoints go to FONTID_DATA/runs/NAME (NAME from the YAML file); the same command goes on after a kill, exactly. The
encoder with the best validation accuracy so far stands in `best/`.
"""

import argparse
import json
import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration, set_seed
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from tqdm import tqdm

from fontid.experiment import SettingsError
from fontid.faces import read_faces, regular_faces
from fontid.paths import data_home
from train.augment import Augment
from train.batches import SPARE, FamilySampler, MiddleWindows, WindowDataset, as_fetched
from train.encoder import Encoder
from train.line_cache import LineCache, open_cache
from train.losses import PAIR_KINDS, make_loss
from train.settings import TrainSettings, open_experiment, run_folder
from train.stopwatch import Stopwatch

EPOCH_STEPS = 1000  # steps an epoch: lines are drawn at random, so an epoch is only a unit of book-keeping
KEPT_CHECKPOINTS = 2
AVERAGED = 4  # references a face


def learning_rate_at(step: int, settings: TrainSettings) -> float:
    """Share of the peak learning rate: linear warm-up, then a half cosine to zero."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def parameter_groups(encoder: Encoder, loss: nn.Module, weight_decay: float) -> list[dict]:
    """Decay only what multiplies: no biases, no normalisation; nor the proxies, which are normalised anyway."""
    decayed = [p for p in encoder.parameters() if p.ndim > 1]
    others = [p for p in encoder.parameters() if p.ndim <= 1] + [*loss.parameters()]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def read_twins(path: Path, face_names: list[str]) -> Tensor:
    """(P, 2) int64 rows of twin faces among `face_names`."""
    row = {name: index for index, name in enumerate(face_names)}
    pairs = [json.loads(line)["faces"] for line in path.read_text().splitlines()] if path.exists() else []
    known = [[row[a], row[b]] for a, b in pairs if a in row and b in row]
    return torch.tensor(known, dtype=torch.int64).reshape(-1, 2)


def family_of_face(lines: LineCache) -> Tensor:
    """(F,) int64: the family label of every face label, from the data set's own names."""
    families = {name: index for index, name in enumerate(lines.family_names)}
    return torch.tensor([families[name.rsplit("-", 2)[0]] for name in lines.face_names])


class Validation:
    """Share of validation windows named rightly, of families seen in training.

    A face is named by the loss's scores, or, where the loss has none, by the nearest average of `AVERAGED` references
    of each face.
    """

    def __init__(self, accelerator: Accelerator, settings: TrainSettings, lines: LineCache, family_of: Tensor) -> None:
        data, width = settings.data_folder, settings.preprocessing.window
        self.accelerator, self.view, self.family_of = accelerator, settings.view, family_of.to(accelerator.device)
        self.pairs = settings.loss.kind in PAIR_KINDS
        with accelerator.main_process_first():
            held_back = open_cache(data, "validation", settings.preprocessing)
            references = open_cache(data, "references", settings.preprocessing) if self.pairs else held_back
        trained = np.flatnonzero(np.isin(held_back.family, lines.family))  # no proxy knows the held-out families
        self.windows = self._loader(MiddleWindows(held_back, width, trained), settings)
        chosen = np.concatenate([np.flatnonzero(references.face == face)[:AVERAGED] for face in np.unique(lines.face)])
        self.references = self._loader(MiddleWindows(references, width, chosen), settings) if self.pairs else None

    def _loader(self, windows: MiddleWindows, settings: TrainSettings) -> DataLoader:
        return self.accelerator.prepare(DataLoader(windows, settings.batch_size, collate_fn=as_fetched))

    def _embedded(self, encoder: nn.Module, loader: DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in loader:
            with self.accelerator.autocast():
                embeddings = encoder(self.view(to_input(batch["window"])))
            yield embeddings.float(), batch["face"]

    def _averages(self, encoder: nn.Module) -> Tensor:
        """(F, D)"""
        total = torch.zeros(len(self.family_of), self.accelerator.unwrap_model(encoder).dimension).to(self.family_of)
        total = total.float()
        for embeddings, faces in self._embedded(encoder, self.references):
            embeddings, faces = self.accelerator.gather_for_metrics((embeddings, faces))
            total.index_add_(0, faces, embeddings)
        return F.normalize(total)

    @torch.no_grad()
    def __call__(self, encoder: nn.Module, loss: nn.Module) -> dict[str, float]:
        encoder.eval()
        if self.pairs:
            averages = self._averages(encoder)
        right = []
        for embeddings, faces in self._embedded(encoder, self.windows):
            scores = embeddings @ averages.T if self.pairs else self.accelerator.unwrap_model(loss).scores(embeddings)
            named = scores.argmax(1)
            same = torch.stack([named == faces, self.family_of[named] == self.family_of[faces]], 1)
            right.append(self.accelerator.gather_for_metrics(same))
        encoder.train()
        face, family = torch.cat(right).float().mean(0).tolist()
        return {"validation_face_top1": face, "validation_family_top1": family}


def chosen_lines(lines: LineCache, settings: TrainSettings) -> np.ndarray:
    """The lines that are trained on, ascending: of the families and renderers that the settings name."""
    chosen = np.ones(len(lines), bool)
    if settings.families is not None:
        families = np.unique(lines.family)
        few = families[np.linspace(0, len(families) - 1, settings.families).astype(int)]
        chosen &= np.isin(lines.family, few)
    if settings.renderers is not None:
        chosen &= np.isin(lines.renderer, settings.renderers)
    if not chosen.any():
        raise SettingsError(f"renderers: the data set has {', '.join(np.unique(lines.renderer))} only.")
    return np.flatnonzero(chosen)


def to_input(windows: Tensor) -> Tensor:
    """uint8 windows to the encoder's float input, ink 1 on 0."""
    return windows.float().div(255).contiguous(memory_format=torch.channels_last)


class Checkpoints:
    """Numbered checkpoints of a run, each whole or absent, the newest few kept."""

    def __init__(self, run: Path, accelerator: Accelerator) -> None:
        self.folder, self.accelerator = run / "checkpoints", accelerator

    def newest(self) -> Path | None:
        found = sorted(self.folder.glob("step-*")) if self.folder.exists() else []
        return found[-1] if found else None

    def save(self, step: int, state: dict) -> None:
        target = self.folder / f"step-{step:07d}"
        partial = self.folder / f"partial-{step:07d}"
        self.accelerator.save_state(partial)
        self.accelerator.wait_for_everyone()  # each process writes a part
        if self.accelerator.is_main_process:
            (partial / "state.json").write_text(json.dumps(state))
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
            for old in sorted(self.folder.glob("step-*"))[:-KEPT_CHECKPOINTS]:
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()

    def load(self, path: Path) -> dict:
        self.accelerator.load_state(path)
        return json.loads((path / "state.json").read_text())


def load_weights(run: Path, encoder: nn.Module, loss: nn.Module) -> None:
    """Take over another run's last encoder, and its loss where that is of the same kind and shape.

    Raises: SettingsError where it has no checkpoint or another encoder.
    """
    found = sorted((run / "checkpoints").glob("step-*"))
    if not found:
        raise SettingsError(f"start_from: there is no checkpoint in {run}; train that run first.")
    try:
        encoder.load_state_dict(load_file(found[-1] / "model.safetensors"))
    except (RuntimeError, OSError) as error:
        raise SettingsError(f"start_from: {run} is of another encoder ({error}).") from error
    proxies = found[-1] / "model_1.safetensors"
    state = load_file(proxies) if proxies.exists() else {}
    if {name: value.shape for name, value in loss.state_dict().items()} == {n: v.shape for n, v in state.items()}:
        loss.load_state_dict(state)


def train(settings: TrainSettings, name: str, run: Path) -> dict[str, float]:
    """Train to the end, from the newest checkpoint if there is one. Returns the last validation metrics."""
    os.environ.setdefault("WANDB_MODE", "offline")
    accelerator = Accelerator(
        mixed_precision=settings.precision,
        log_with=None if settings.tracker == "none" else settings.tracker,
        project_dir=run,
        dataloader_config=DataLoaderConfiguration(split_batches=True),
    )
    if accelerator.device.type == "cpu":  # the launcher leaves one thread a process
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // accelerator.num_processes))
    set_seed(settings.seed)
    data = settings.data_folder
    with accelerator.main_process_first():
        lines = open_cache(data, "train", settings.preprocessing)
    lines.warm()

    family_of = family_of_face(lines)
    names = set(lines.face_names)
    table = [face for face in read_faces(data_home() / "faces.jsonl") if face.id in names]
    row = {face: index for index, face in enumerate(lines.face_names)}
    regular = {row[face.id] for face in regular_faces(table)}
    twins = read_twins(data_home() / "twins.jsonl", lines.face_names)

    encoder = Encoder(**asdict(settings.encoder)).to(memory_format=torch.channels_last)
    loss = make_loss(settings.loss, family_of, twins, encoder.dimension)
    if settings.start_from:
        load_weights(data_home() / "runs" / settings.start_from, encoder, loss)
    optimizer = torch.optim.AdamW(
        parameter_groups(encoder, loss, settings.weight_decay), settings.learning_rate, fused=True
    )
    images = EPOCH_STEPS * settings.batch_size
    sampler = FamilySampler(
        lines,
        chosen_lines(lines, settings),
        regular,
        settings.regular_share,
        images,
        settings.seed,
        settings.lines_per_face,
    )
    width = settings.preprocessing.window + SPARE
    loader = DataLoader(
        WindowDataset(lines, width), settings.batch_size, sampler=sampler, drop_last=True, collate_fn=as_fetched
    )
    validation = Validation(accelerator, settings, lines, family_of)
    encoder, loss, optimizer, loader = accelerator.prepare(encoder, loss, optimizer, loader)

    augment = Augment(settings.augmentation, settings.preprocessing.window)
    checkpoints = Checkpoints(run, accelerator)
    state = {"step": 0, "best": -1.0}
    if newest := checkpoints.newest():
        state = checkpoints.load(newest)
        accelerator.print(f"Goes on from {newest}.")
    if settings.tracker != "none":
        accelerator.init_trackers("fontid", {"experiment": name}, {"wandb": {"dir": str(run)}})
    log = open(run / "log.jsonl", "a") if accelerator.is_main_process else None
    metrics: dict[str, float] = {}
    step = state["step"]
    progress = tqdm(total=settings.steps, initial=step, disable=not accelerator.is_local_main_process, mininterval=5)
    watch, running = Stopwatch(), 0.0
    while step < settings.steps:
        epoch, skip = divmod(step, EPOCH_STEPS)
        sampler.set_epoch(epoch)
        batches = accelerator.skip_first_batches(loader, skip) if skip else loader
        for batch in watch.batches(batches):
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * learning_rate_at(step, settings)
            # seeded by the step, so that a resumed run draws what the killed one would have drawn
            seed = (settings.seed * 1_000_003 + step) * 64 + accelerator.process_index
            windows = augment(to_input(batch["window"]), torch.Generator().manual_seed(seed))
            with accelerator.autocast():
                embeddings = encoder(settings.view(windows).contiguous(memory_format=torch.channels_last))
            value = loss(embeddings, batch["face"])
            optimizer.zero_grad()
            accelerator.backward(value)
            accelerator.clip_grad_norm_(encoder.parameters(), 5.0)
            optimizer.step()
            running = 0.98 * running + 0.02 * value.item() if running else value.item()
            step += 1
            watch.count(settings.batch_size)
            progress.update()
            progress.set_postfix(loss=f"{running:.3f}", refresh=False)
            if step % settings.evaluate_every == 0 or step == settings.steps:
                with watch.apart("eval_seconds"):
                    metrics = validation(encoder, loss)
                metrics |= {"loss": running} | watch.read()
                accelerator.log(metrics, step)
                if log:
                    log.write(json.dumps({"step": step, "processes": accelerator.num_processes} | metrics) + "\n")
                    log.flush()
                if metrics["validation_family_top1"] > state["best"]:
                    state["best"] = metrics["validation_family_top1"]
                    if accelerator.is_main_process:
                        accelerator.unwrap_model(encoder).save_pretrained(run / "best")
            if step % settings.checkpoint_every == 0 or step == settings.steps:
                with watch.apart("checkpoint_seconds"):
                    checkpoints.save(step, state | {"step": step})
            if step == settings.steps:
                break
    progress.close()
    accelerator.end_training()
    return metrics


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path, help="folder of the run (default FONTID_DATA/runs/NAME)")
    arguments = parser.parse_args(argv)
    settings = open_experiment(arguments.experiment)
    run = run_folder(arguments.experiment, arguments.run)
    run.mkdir(parents=True, exist_ok=True)
    try:
        print(train(settings, arguments.experiment.stem, run))
    except SettingsError as error:
        raise SystemExit(f"{arguments.experiment}: {error}") from error


if __name__ == "__main__":
    main()
