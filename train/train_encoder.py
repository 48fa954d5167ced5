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
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration, set_seed
from safetensors.torch import load_file
from torch import Tensor
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
from train.losses import FaceSoftmax
from train.settings import TrainSettings, open_experiment, run_folder
from train.stopwatch import Stopwatch

EPOCH_STEPS = 1000  # steps an epoch: lines are drawn at random, so an epoch is only a unit of book-keeping
KEPT_CHECKPOINTS = 2


def learning_rate_at(step: int, settings: TrainSettings) -> float:
    """Share of the peak learning rate: linear warm-up, then a half cosine to zero."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def parameter_groups(encoder: Encoder, loss: FaceSoftmax, weight_decay: float) -> list[dict]:
    """Decay only what multiplies: no biases, no normalisation; nor the proxies, which are normalised anyway."""
    decayed = [p for p in encoder.parameters() if p.ndim > 1]
    others = [p for p in encoder.parameters() if p.ndim <= 1] + [loss.proxies]
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


@torch.no_grad()
def validate(accelerator: Accelerator, encoder, loss, loader: DataLoader, family_of: Tensor) -> dict[str, float]:
    """Share of validation windows whose nearest proxy is of the right face, family: of families seen in training."""
    encoder.eval()
    right = []
    for batch in loader:
        embeddings = encoder(to_input(batch["window"]))
        cosines = embeddings.float() @ F.normalize(accelerator.unwrap_model(loss).proxies).T
        nearest = cosines.argmax(1)
        same_face = nearest == batch["face"]
        same_family = family_of[nearest] == family_of[batch["face"]]
        right.append(accelerator.gather_for_metrics(torch.stack([same_face, same_family], 1)))
    encoder.train()
    face, family = torch.cat(right).float().mean(0).tolist()
    return {"validation_face_top1": face, "validation_family_top1": family}


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


def load_weights(run: Path, encoder, loss) -> None:
    """Take over what another run ended with. Raises: SettingsError where it has no checkpoint or another shape."""
    found = sorted((run / "checkpoints").glob("step-*"))
    if not found:
        raise SettingsError(f"start_from: there is no checkpoint in {run}; train that run first.")
    try:
        for module, name in ((encoder, "model"), (loss, "model_1")):
            module.load_state_dict(load_file(found[-1] / f"{name}.safetensors"))
    except (RuntimeError, OSError) as error:
        raise SettingsError(f"start_from: {run} is of another encoder or data set ({error}).") from error


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
        held_back = open_cache(data, "validation", settings.preprocessing)
    lines.warm()

    family_of = family_of_face(lines)
    names = set(lines.face_names)
    table = [face for face in read_faces(data_home() / "faces.jsonl") if face.id in names]
    row = {face: index for index, face in enumerate(lines.face_names)}
    regular = {row[face.id] for face in regular_faces(table)}
    twins = read_twins(data_home() / "twins.jsonl", lines.face_names)

    encoder = Encoder(settings.encoder.widths, settings.encoder.depths, settings.encoder.dimension)
    encoder = encoder.to(memory_format=torch.channels_last)
    loss = FaceSoftmax(
        family_of, twins, encoder.dimension, settings.loss.scale, settings.loss.margin, settings.loss.family_share
    )
    if settings.start_from:
        load_weights(data_home() / "runs" / settings.start_from, encoder, loss)
    optimizer = torch.optim.AdamW(
        parameter_groups(encoder, loss, settings.weight_decay), settings.learning_rate, fused=True
    )
    images = EPOCH_STEPS * settings.batch_size
    sampler = FamilySampler(lines, regular, settings.regular_share, images, settings.seed)
    width = settings.preprocessing.window + SPARE
    loader = DataLoader(
        WindowDataset(lines, width), settings.batch_size, sampler=sampler, drop_last=True, collate_fn=as_fetched
    )
    trained = np.flatnonzero(np.isin(held_back.family, lines.family))  # no proxy knows the held-out families
    middles = MiddleWindows(held_back, settings.preprocessing.window, trained)
    check = DataLoader(middles, settings.batch_size, collate_fn=as_fetched)
    encoder, loss, optimizer, loader, check = accelerator.prepare(encoder, loss, optimizer, loader, check)
    family_of = family_of.to(accelerator.device)

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
                embeddings = encoder(windows.contiguous(memory_format=torch.channels_last))
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
                    metrics = validate(accelerator, encoder, loss, check, family_of)
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
