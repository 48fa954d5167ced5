"""Teach the training code something everybody knows: scikit-learn's digits, or CIFAR-10.

    accelerate launch -m train.sanity experiments/sanity.yaml#digits [--run DIR] [--results results/once.jsonl]

`data: digits` comes with scikit-learn; anything else is a data set of the hub or a folder with the columns `img` and
`label` and the splits `train` and `test`, as `uoft-cs/cifar10` has them. Encoder, loss and loop are those of the fonts.
"""

import argparse
import os
import time
from dataclasses import asdict
from pathlib import Path

import datasets
import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from fontid.evaluation.experiment import SettingsError, entry_name, read_settings, write_result
from train.batches import as_fetched
from train.encoder import Encoder
from train.loop import Task, fit, open_accelerator
from train.losses import make_loss
from train.settings import TrainSettings, run_folder
from train.watched import SHOWN, TOP, draw_predictions


class Pictures(Dataset):
    """(N, C, H, W) uint8 pictures and (N,) int64 labels, in memory."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        self.pictures, self.labels = torch.from_numpy(pictures), torch.from_numpy(labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, wanted: list[int]) -> dict[str, Tensor]:
        return {"picture": self.pictures[wanted], "label": self.labels[wanted]}


def open_digits() -> tuple[Pictures, Pictures, list[str]]:
    """1,797 handwritten digits, 8 by 8; every fourth is a test."""
    digits = load_digits()
    pictures = (digits.images[:, None] * 255 / 16).astype(np.uint8)
    parts = train_test_split(pictures, digits.target, test_size=0.25, random_state=0, stratify=digits.target)
    return Pictures(parts[0], parts[2]), Pictures(parts[1], parts[3]), [str(digit) for digit in range(10)]


def open_pictures(name: str) -> tuple[Pictures, Pictures, list[str]]:
    """A data set of labelled pictures. Raises: SettingsError where it cannot be had or has other columns."""
    try:
        found = datasets.load_dataset(name)  # nosec B615: a public data set, for a trial of the loop
        names = found["train"].features["label"].names
        parts = [
            Pictures(
                np.stack([np.asarray(p.convert("RGB")).transpose(2, 0, 1) for p in part["img"]]),
                np.array(part["label"]),
            )
            for part in (found["train"], found["test"])
        ]
    except (OSError, ValueError, ConnectionError, datasets.exceptions.DatasetNotFoundError) as error:
        raise SettingsError(
            f"data: {name} cannot be had: the hub must be reachable, or name a folder ({error})"
        ) from error
    except (KeyError, AttributeError) as error:
        raise SettingsError(f"data: {name} needs splits train and test, columns img and label ({error})") from error
    return *parts, names


class Test:
    """Share of the test pictures that are named rightly."""

    def __init__(self, accelerator: Accelerator, settings: TrainSettings, pictures: Pictures, names: list[str]) -> None:
        self.accelerator, self.view, self.pictures, self.names = accelerator, settings.view, pictures, names
        self.loader = accelerator.prepare(DataLoader(pictures, settings.batch_size, collate_fn=as_fetched))

    def _scores(self, encoder: nn.Module, loss: nn.Module, pictures: Tensor) -> Tensor:
        with self.accelerator.autocast():
            embeddings = encoder(self.view(to_input(pictures))).float()
        return self.accelerator.unwrap_model(loss).scores(embeddings)

    def __call__(self, encoder: nn.Module, loss: nn.Module) -> dict[str, float]:
        right = []
        for batch in self.loader:
            named = self._scores(encoder, loss, batch["picture"]).argmax(1)
            right.append(self.accelerator.gather_for_metrics(named == batch["label"]))
        return {"test_top1": torch.cat(right).float().mean().item()}

    def draw(self, encoder: nn.Module, loss: nn.Module) -> Image.Image:
        batch = self.pictures.__getitems__(list(range(min(SHOWN, len(self.pictures)))))
        best = self._scores(encoder, loss, batch["picture"].to(self.accelerator.device)).topk(TOP).indices.tolist()
        shown = self.view(batch["picture"].float()).round().byte().permute(0, 2, 3, 1).expand(-1, -1, -1, 3)
        truth = [self.names[label] for label in batch["label"].tolist()]
        return draw_predictions(shown.numpy(), truth, [[self.names[label] for label in row] for row in best])


def to_input(pictures: Tensor) -> Tensor:
    return pictures.float().div(255)


def learn(settings: TrainSettings, name: str, run: Path) -> dict[str, float]:
    """Train to the end. Returns the last metrics."""
    accelerator = open_accelerator(settings, run)
    train, test, names = open_digits() if settings.data == "digits" else open_pictures(settings.data)
    encoder = Encoder(**asdict(settings.encoder), channels=train.pictures.shape[1])
    no_twins = torch.zeros(0, 2, dtype=torch.int64)
    loss = make_loss(settings.loss, torch.arange(len(names)), no_twins, encoder.dimension)
    sampler = DistributedSampler(train, 1, 0, seed=settings.seed)
    loader = DataLoader(train, settings.batch_size, sampler=sampler, drop_last=True, collate_fn=as_fetched)
    measure = Test(accelerator, settings, test, names)

    def to_inputs(batch: dict[str, Tensor], _: torch.Generator) -> Tensor:
        return settings.view(to_input(batch["picture"]))

    task = Task(encoder, loss, loader, "label", sampler.set_epoch, to_inputs, measure, "test_top1", measure.draw)
    return fit(accelerator, settings, name, run, task)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--results", type=Path, default=Path("results/once.jsonl"))
    arguments = parser.parse_args(argv)
    run = run_folder(arguments.experiment, arguments.run)
    run.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    try:
        settings = read_settings(TrainSettings, arguments.experiment)
        metrics = learn(settings, entry_name(arguments.experiment), run)
    except SettingsError as error:
        raise SystemExit(f"{arguments.experiment}: {error}") from error
    metrics |= {"seconds": round(time.monotonic() - started, 1)}
    print(metrics)
    if int(os.environ.get("RANK", "0")) == 0:
        command = f"accelerate launch -m train.sanity {arguments.experiment}"
        path = Path(f"{arguments.results}#{entry_name(arguments.experiment)}")
        write_result(path, settings=settings, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
