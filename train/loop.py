"""The training loop: steps, evaluation, checkpoints that a killed run goes on from exactly, and what is logged."""

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration, set_seed
from PIL import Image
from safetensors.torch import save_file
from torch import Generator, Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.batches import ResidentBatches
from train.checkpoints import Checkpoints, leave, newest_checkpoint
from train.settings import TrainSettings
from train.stopwatch import Stopwatch

EPOCH_STEPS = 1000  # steps an epoch: lines are drawn at random, so an epoch is only a unit of book-keeping


def learning_rate_at(step: int, settings: TrainSettings) -> float:
    """Share of the peak learning rate: linear warm-up, then a half cosine to zero."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def parameter_groups(encoder: nn.Module, loss: nn.Module, weight_decay: float) -> list[dict]:
    """Decay only what multiplies: no biases, no normalisation; nor the proxies, which are normalised anyway."""
    decayed = [p for p in encoder.parameters() if p.ndim > 1]
    others = [p for p in encoder.parameters() if p.ndim <= 1] + [*loss.parameters()]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


class Validation(Protocol):
    """What is measured of encoder and loss on hold-out examples, in every process, and a picture of a few of these.

    chosen_by: the metric whose highest value marks the best encoder.
    """

    chosen_by: str

    def __call__(self, encoder: nn.Module, loss: nn.Module) -> dict[str, float]: ...

    def draw(self, encoder: nn.Module, loss: nn.Module) -> Image.Image: ...


@dataclass(frozen=True)
class Task:
    """What is learned.

    encoder: called with inputs, returns (N, D) unit embeddings; saved by `save_pretrained`.
    loss: called with embeddings and labels (N,) int64.
    loader: of dicts with the labels under `label_key`; a `DataLoader`, or what gives each process its part already.
    set_epoch: called with an epoch's number before it begins.
    to_inputs: a batch and a generator, the only source of chance, to the encoder's inputs.
    """

    encoder: nn.Module
    loss: nn.Module
    loader: DataLoader | ResidentBatches
    label_key: str
    set_epoch: Callable[[int], None]
    to_inputs: Callable[[dict[str, Tensor], Generator], Tensor]
    validation: Validation


def open_accelerator(settings: TrainSettings, run: Path) -> Accelerator:
    """One for a run: seeded, batches split over processes, trackers offline unless the environment says otherwise."""
    os.environ.setdefault("WANDB_MODE", "offline")
    accelerator = Accelerator(
        mixed_precision=settings.precision,
        log_with=None if settings.tracker == "none" else settings.tracker,
        project_dir=run,
        dataloader_config=DataLoaderConfiguration(split_batches=True),
    )
    if accelerator.device.type == "cpu":  # the launcher leaves one thread a process
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // accelerator.num_processes))
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    set_seed(settings.seed)
    return accelerator


def keep_picture(accelerator: Accelerator, picture: Image.Image, run: Path, step: int) -> None:
    """Into the run's folder and to the tracker."""
    folder = run / "watched"
    folder.mkdir(exist_ok=True)
    picture.save(folder / f"step-{step:07d}.png")
    for tracker in accelerator.trackers:
        if tracker.name == "wandb":
            tracker.log_images({"watched": [picture]}, step)
        elif tracker.name == "trackio":
            import trackio  # starts a server of its own: only where it is asked for

            tracker.tracker.log({"watched": trackio.Image(picture)}, step)


def fit(accelerator: Accelerator, settings: TrainSettings, name: str, run: Path, task: Task) -> dict[str, float]:
    """Train to the end, from the newest checkpoint of `run` if there is one; what has come to its end is evaluated.

    Returns the last metrics.
    """
    metrics = train_and_evaluate(accelerator, settings, name, run, task)
    leave(accelerator)
    return metrics


def train_and_evaluate(
    accelerator: Accelerator, settings: TrainSettings, name: str, run: Path, task: Task
) -> dict[str, float]:
    """The work of `fit`, in a scope of its own: whatever refers to a process group is gone when it returns."""
    encoder = task.encoder.to(memory_format=torch.channels_last)
    groups = parameter_groups(encoder, task.loss, settings.weight_decay)
    optimizer = torch.optim.AdamW(groups, settings.learning_rate, fused=True)
    encoder, optimizer, loader = accelerator.prepare(encoder, optimizer, task.loader)
    loss = accelerator.prepare(task.loss) if any(True for _ in task.loss.parameters()) else task.loss
    checkpoints = Checkpoints(run, accelerator)
    state = {"step": 0, "best": -1.0}
    if newest := newest_checkpoint(run):
        state = checkpoints.load(newest)
        accelerator.print(f"Goes on from {newest}.")
    if settings.tracker != "none":
        accelerator.init_trackers("fontid", {"experiment": name}, {"wandb": {"dir": str(run)}})
    log = open(run / "log.jsonl", "a") if accelerator.is_main_process else None
    metrics: dict[str, float] = {}
    step, epoch_steps = state["step"], len(loader)
    progress = tqdm(total=settings.steps, initial=step, disable=not accelerator.is_local_main_process, mininterval=5)
    watch, running = Stopwatch(), state.get("running", 0.0)
    while step < settings.steps:
        epoch, skip = divmod(step, epoch_steps)
        task.set_epoch(epoch)
        batches = islice(loader, skip, None)
        for batch in watch.batches(batches):
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * learning_rate_at(step, settings)
            # seeded by the step, so that a resumed run draws what the killed one would have drawn
            seed = (settings.seed * 1_000_003 + step) * 64 + accelerator.process_index
            inputs = task.to_inputs(batch, torch.Generator(accelerator.device).manual_seed(seed))
            with accelerator.autocast():
                embeddings = encoder(inputs.contiguous(memory_format=torch.channels_last))
            value = loss(embeddings, batch[task.label_key])
            optimizer.zero_grad()
            accelerator.backward(value)
            accelerator.clip_grad_norm_(encoder.parameters(), 5.0)
            optimizer.step()
            of_all = accelerator.reduce(value.detach(), "mean").item()
            running = 0.98 * running + 0.02 * of_all if running else of_all
            step += 1
            watch.count(settings.batch_size)
            progress.update()
            progress.set_postfix(loss=f"{running:.3f}", refresh=False)
            if step % settings.evaluate_every == 0 or step == settings.steps:
                with watch.apart("eval_seconds"):
                    metrics = evaluate(task, encoder, loss, accelerator, run, step)
                metrics |= {"loss": running} | watch.read()
                accelerator.log(metrics, step)
                if log:
                    log.write(json.dumps({"step": step, "processes": accelerator.num_processes} | metrics) + "\n")
                    log.flush()
                if metrics[task.validation.chosen_by] > state["best"]:
                    state["best"] = metrics[task.validation.chosen_by]
                    if accelerator.is_main_process:
                        accelerator.unwrap_model(encoder).save_pretrained(run / "best")
                        save_file(accelerator.unwrap_model(loss).state_dict(), run / "best" / "loss.safetensors")
            if step % settings.checkpoint_every == 0 or step == settings.steps:
                with watch.apart("checkpoint_seconds"):
                    checkpoints.save(step, state | {"step": step, "running": running})
            if step == settings.steps:
                break
    if not metrics:  # the run had come to its end before
        metrics = evaluate(task, encoder, loss, accelerator, run, step)
    progress.close()
    return metrics


@torch.no_grad()
def evaluate(
    task: Task, encoder: nn.Module, loss: nn.Module, accelerator: Accelerator, run: Path, step: int
) -> dict[str, float]:
    """The task's metrics, and its picture kept."""
    encoder.eval()
    metrics = task.validation(encoder, loss)
    if accelerator.is_main_process:
        picture = task.validation.draw(*map(accelerator.unwrap_model, (encoder, loss)))
        keep_picture(accelerator, picture, run, step)
    encoder.train()
    return metrics
