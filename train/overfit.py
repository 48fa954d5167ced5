"""Drive one batch to 100 %: shows that encoder, loss and labels can learn at all.

python -m train.overfit experiments/encoder/tiny.yaml [--steps 200]
"""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

import torch
from tqdm import trange

from train.batches import WindowDataset
from train.encoder import Encoder
from train.line_cache import open_cache
from train.losses import make_loss
from train.settings import TrainSettings, open_experiment
from train.train_encoder import family_of_face, to_input


def overfit(settings: TrainSettings, steps: int, batch_size: int = 32) -> float:
    """Share of one batch, drawn without augmentation, whose nearest proxy is the right face after `steps`."""
    torch.manual_seed(settings.seed)
    lines = open_cache(settings.data_folder, "train", settings.preprocessing)
    chosen = torch.randperm(len(lines))[:batch_size].tolist()
    batch = WindowDataset(lines, settings.preprocessing.window).__getitems__([(line, 0.5) for line in chosen])
    encoder = Encoder(**asdict(settings.encoder))
    no_twins = torch.zeros(0, 2, dtype=torch.int64)
    loss = make_loss(replace(settings.loss, family_share=0.0), family_of_face(lines), no_twins, encoder.dimension)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *loss.parameters()], settings.learning_rate)
    share = 0.0
    for _ in (progress := trange(steps)):
        embeddings = encoder(settings.view(to_input(batch["window"])))
        value = loss(embeddings, batch["face"])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        named = loss.scores(embeddings).argmax(1)
        share = (named == batch["face"]).float().mean().item()
        progress.set_postfix(loss=f"{value.item():.3f}", right=f"{share:.0%}")
        if share == 1.0 and value.item() < 0.05:
            break
    return share


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args(argv)
    share = overfit(open_experiment(arguments.experiment), arguments.steps)
    print(f"{share:.0%} of the batch is right.")
    if share < 1.0:
        raise SystemExit("The batch was not learned: look at labels, loss and learning rate.")


if __name__ == "__main__":
    main()
