"""Drive one batch to 100 %: shows that encoder, loss and labels can learn at all.

python -m train.overfit experiments/ladder.yaml#tiny [--steps 200] [--results results/once.jsonl#overfit]
"""

from dataclasses import asdict, replace
from pathlib import Path

import torch
from tqdm import trange

from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from train.batches import WindowDataset
from train.encoder import Encoder
from train.line_cache import open_cache
from train.losses import make_loss
from train.settings import TrainSettings, open_experiment
from train.train_encoder import family_of_face, to_input


def overfit(settings: TrainSettings, steps: int, batch_size: int = 32) -> dict[str, float]:
    """Learn one batch, drawn without augmentation, in at most `steps`.

    Returns `right`, the share of the batch whose nearest proxy is the right face, the last loss, and the steps taken.
    """
    torch.manual_seed(settings.seed)
    lines = open_cache(settings.data_folder, "train", settings.preprocessing)
    chosen = torch.randperm(len(lines))[:batch_size].tolist()
    batch = WindowDataset(lines, settings.preprocessing.window).__getitems__([(line, 0.5) for line in chosen])
    encoder = Encoder(**asdict(settings.encoder))
    no_twins = torch.zeros(0, 2, dtype=torch.int64)
    loss = make_loss(replace(settings.loss, family_share=0.0), family_of_face(lines), no_twins, encoder.dimension)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *loss.parameters()], settings.learning_rate)
    found = {"right": 0.0, "loss": float("inf"), "steps": 0}
    for step in (progress := trange(steps)):
        embeddings = encoder(settings.view(to_input(batch["window"])))
        value = loss(embeddings, batch["face"])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        right = (loss.scores(embeddings).argmax(1) == batch["face"]).float().mean().item()
        found = {"right": right, "loss": round(value.item(), 4), "steps": step + 1}
        progress.set_postfix(found)
        if right == 1.0 and value.item() < 0.05:
            break
    return found


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#overfit")
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args(argv)
    settings = open_experiment(arguments.experiment)
    found = overfit(settings, arguments.steps)
    print(f"{found['right']:.0%} of the batch is right.")
    command = f"python -m train.overfit {arguments.experiment} --steps {arguments.steps}"
    write_result(arguments.results, settings=settings, command=command, metrics=found)
    if found["right"] < 1.0:
        raise SystemExit("The batch was not learned: look at labels, loss and learning rate.")


if __name__ == "__main__":
    main()
