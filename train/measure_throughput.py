"""Where a training step's time goes, beside the bare forward and backward of the same model, in one run.

    python -m train.measure_throughput experiments/ladder.yaml#base [--steps 40] [--results results/throughput.json]

Alternates between bare steps (one batch in memory, embedded and differentiated, nothing else) and steps of the real
loop (lines read, windows cut, augmented, embedded, loss, backward, optimizer), so that both meet the same machine.
"""

import argparse
import time
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from fontid.evaluation.experiment import write_result
from train.augment import Augment
from train.batches import SPARE, FamilySampler, WindowDataset, as_fetched
from train.encoder import Encoder
from train.line_cache import open_cache
from train.loop import parameter_groups
from train.losses import make_loss
from train.settings import TrainSettings, open_experiment
from train.stopwatch import Stopwatch
from train.train_encoder import chosen_lines, family_of_face, to_input

ROUND = 10  # steps of one kind before those of the other


def measure(settings: TrainSettings, steps: int) -> dict:
    """Images a second bare and in the loop, and the share of the loop's time that each part takes."""
    lines = open_cache(settings.data_folder, "train", settings.preprocessing)
    lines.warm()
    encoder = Encoder(**asdict(settings.encoder)).to(memory_format=torch.channels_last)
    no_twins = torch.zeros(0, 2, dtype=torch.int64)
    loss = make_loss(settings.loss, family_of_face(lines), no_twins, encoder.dimension)
    optimizer = torch.optim.AdamW(parameter_groups(encoder, loss, settings.weight_decay), 1e-4, fused=True)
    images = 2 * (steps + ROUND) * settings.batch_size
    sampler = FamilySampler(lines, chosen_lines(lines, settings), set(), settings.regular_share, images, 0)
    windows = WindowDataset(lines, settings.preprocessing.window + SPARE)
    loader = iter(DataLoader(windows, settings.batch_size, sampler=sampler, drop_last=True, collate_fn=as_fetched))
    augment = Augment(settings.augmentation, settings.preprocessing.window)
    generator = torch.Generator().manual_seed(0)
    half = settings.precision == "bf16"
    spent = dict.fromkeys(("load", "augment", "encode", "optimize"), 0.0)

    def encode(inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            return encoder(inputs.contiguous(memory_format=torch.channels_last))

    kept = augment(to_input(next(loader)["window"]), generator)
    direction = torch.randn(settings.batch_size, encoder.dimension)
    bare, whole = Stopwatch(), Stopwatch()
    bare_seconds = whole_seconds = 0.0
    for start in range(0, steps + ROUND, ROUND):  # the first round warms up
        bare.read()
        for _ in range(ROUND):
            (encode(kept) * direction).sum().backward()
        seconds = bare.read()["epoch_seconds"]
        bare_seconds += seconds if start else 0.0
        whole.read()
        for _ in range(ROUND):
            marks = [time.perf_counter()]
            batch = next(loader)
            marks.append(time.perf_counter())
            inputs = augment(to_input(batch["window"]), generator)
            marks.append(time.perf_counter())
            value = loss(encode(inputs), batch["face"])
            optimizer.zero_grad()
            value.backward()
            marks.append(time.perf_counter())
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 5.0)
            optimizer.step()
            marks.append(time.perf_counter())
            for part, (began, ended) in zip(spent, pairwise(marks), strict=True):
                spent[part] += ended - began if start else 0.0
        seconds = whole.read()["epoch_seconds"]
        whole_seconds += seconds if start else 0.0
    seen = steps * settings.batch_size
    return {
        "threads": torch.get_num_threads(),
        "bare_images_per_second": round(seen / bare_seconds),
        "loop_images_per_second": round(seen / whole_seconds),
        "loop_over_bare": round(bare_seconds / whole_seconds, 3),
        "share": {part: round(seconds / whole_seconds, 3) for part, seconds in spent.items()},
    }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--results", type=Path, default=Path("results/throughput.json"))
    arguments = parser.parse_args(argv)
    settings = open_experiment(arguments.experiment)
    metrics = measure(settings, arguments.steps)
    print(metrics)
    command = f"python -m train.measure_throughput {arguments.experiment} --steps {arguments.steps}"
    write_result(arguments.results, settings=settings, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
