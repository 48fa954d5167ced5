"""One training loop for adapters, heads and whole models. What is frozen is never written."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration, GradientAccumulationPlugin
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from compare_vlm.questions import Question, Questions
from compare_vlm.settings import Training
from fontid.evaluation.experiment import SettingsError
from train.checkpoints import Checkpoints, newest_checkpoint

TRAINABLE = "trainable.safetensors"


@dataclass(frozen=True)
class Task:
    """collate: questions -> a batch of tensors; loss: (model, batch) -> its mean loss."""

    model: nn.Module
    questions: Questions
    collate: Callable[[list[Question]], dict[str, Tensor]]
    loss: Callable[[nn.Module, dict[str, Tensor]], Tensor]


def open_accelerator(training: Training) -> Accelerator:
    return Accelerator(
        mixed_precision=training.precision,
        gradient_accumulation_plugin=GradientAccumulationPlugin(training.accumulate, sync_with_dataloader=False),
        dataloader_config=DataLoaderConfiguration(split_batches=True, use_seedable_sampler=True),
    )


def fit(accelerator: Accelerator, training: Training, seed: int, run: Path, task: Task) -> dict:
    """Train to the end, from the newest checkpoint of `run` if there is one.

    Returns what it cost: steps, images, seconds of training, processes. `run/log.jsonl` has a line every 10 steps.
    """
    micro = training.batch_size // training.accumulate
    if len(task.questions) < micro or training.batch_size % training.accumulate:
        raise SettingsError(
            f"batch_size {training.batch_size} must be a multiple of accumulate, and have as many lines."
        )
    generator = torch.Generator().manual_seed(seed)
    how = {"shuffle": True, "drop_last": True, "collate_fn": task.collate, "generator": generator}
    loader = DataLoader(task.questions, micro, **how)
    trainable = [parameter for parameter in task.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, training.learning_rate, weight_decay=training.weight_decay)
    model, optimizer, loader = accelerator.prepare(task.model, optimizer, loader)
    keep_trainable_only(accelerator)
    state = {"step": 0, "seconds": 0.0}
    checkpoints = Checkpoints(run, accelerator)
    if newest := newest_checkpoint(run):
        state = checkpoints.load(newest)
        accelerator.print(f"Goes on from {newest}.")
    step, before, started = state["step"], state["seconds"], time.monotonic()
    progress = tqdm(total=training.steps, initial=step, disable=not accelerator.is_local_main_process, mininterval=5)
    model.train()
    share = done(training, step, before)
    while share < 1:
        epoch, skip = divmod(step * training.accumulate, len(loader))
        loader.set_epoch(epoch)
        batches = accelerator.skip_first_batches(loader, skip) if skip else loader
        for batch in batches:
            with accelerator.accumulate(model):
                for group in optimizer.param_groups:
                    group["lr"] = training.learning_rate * rate_at(training, step, share)
                loss = task.loss(model, batch)
                accelerator.backward(loss)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(trainable, 1.0)
                optimizer.step()
                optimizer.zero_grad()
            if not accelerator.sync_gradients:
                continue
            step += 1
            # one clock for all, or they would part
            told = torch.tensor([before + time.monotonic() - started, loss.item()], device=accelerator.device)
            seconds, of_all = accelerator.reduce(told, "mean").tolist()
            share = done(training, step, seconds)
            progress.update()
            if accelerator.is_main_process and (step % 10 == 0 or step == 1 or share >= 1):
                with open(run / "log.jsonl", "a") as log:
                    row = {"step": step, "processes": accelerator.num_processes, "loss": of_all, "seconds": seconds}
                    log.write(json.dumps(row) + "\n")
                progress.set_postfix(loss=f"{of_all:.3f}", refresh=False)
            if step % training.checkpoint_every == 0 or share >= 1:
                state = {"step": step, "seconds": seconds}
                checkpoints.save(step, state)
            if share >= 1:
                break
    progress.close()
    return {
        "steps": state["step"],
        "images": state["step"] * training.batch_size,
        "seconds": round(state["seconds"], 1),
        "processes": accelerator.num_processes,
    }


def done(training: Training, step: int, seconds: float) -> float:
    """Share of the training that is over: of its steps, or of its seconds where they end first."""
    return max(step / training.steps, seconds / training.seconds if training.seconds else 0.0)


def rate_at(training: Training, step: int, share: float) -> float:
    """Factor 0-1 of the learning rate: linear warm-up, then a cosine down to a tenth."""
    cosine = 0.1 + 0.45 * (1 + torch.cos(torch.tensor(torch.pi * min(share, 1.0))).item())
    return min(1.0, (step + 1) / max(1, training.warmup_steps)) * cosine


def keep_trainable_only(accelerator: Accelerator) -> None:
    """Checkpoints hold what is trained; the frozen weights come from where they came from."""

    def of(model: nn.Module) -> dict[str, nn.Parameter]:
        named = accelerator.unwrap_model(model).named_parameters()
        return {name: parameter for name, parameter in named if parameter.requires_grad}

    def write(models: list[nn.Module], weights: list, folder: str) -> None:
        if accelerator.is_main_process:
            tensors = {name: parameter.detach().cpu().contiguous() for name, parameter in of(models[0]).items()}
            save_file(tensors, Path(folder) / TRAINABLE)
        weights.clear()

    def read(models: list[nn.Module], folder: str) -> None:
        tensors = load_file(Path(folder) / TRAINABLE)
        with torch.no_grad():
            for name, parameter in of(models.pop()).items():
                parameter.copy_(tensors[name])

    accelerator.register_save_state_pre_hook(write)
    accelerator.register_load_state_pre_hook(read)
