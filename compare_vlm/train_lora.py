"""Train a row of the comparison: adapters, a head, or a whole model, as its file says.

    accelerate launch -m compare_vlm.train_lora experiments/vlm.yaml#NAME [--families N] [--run DIR]
    accelerate launch -m compare_vlm.train_lora experiments/vlm.yaml#NAME --dry-run [--price 4]

`--dry-run` says what memory, hours and money it would take, and needs neither the weights nor a GPU.
Writes adapter-only checkpoints into FONTID_DATA/runs/vlm/NAME-FAMILIES; the same command goes on from the newest. At
the end `trained/` holds what `compare_vlm.evaluate` reads, and `training.json` what it cost.
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from compare_vlm.backbones import Backbone, open_backbone, save_backbone
from compare_vlm.dry_run import PRICE, plan, told
from compare_vlm.loop import Task, fit, open_accelerator
from compare_vlm.models import Vlm, give_adapters, open_vlm, save_trained, with_answers
from compare_vlm.questions import Names, Question, Questions, open_names
from compare_vlm.settings import TrainedRow, VlmRow, open_row, run_folder
from fontid.commands import command_line, exit_on
from fontid.evaluation.experiment import SettingsError
from fontid.identifier import SHIPPED
from train.checkpoints import leave

MASKED = -100


def vlm_task(vlm: Vlm, questions: Questions, names: Names) -> Task:
    """The answer's tokens are learned, the prompt's are not."""
    answers = [vlm.tokens(name) for name in names.names]

    def collate(batch: list[Question]) -> dict[str, Tensor]:
        wanted = [answers[question.family] for question in batch]
        longest = max(map(len, wanted))
        padded = torch.tensor([[*tokens, *[vlm.end] * (longest - len(tokens))] for tokens in wanted])
        # masked by position: what pads may also be a token of answers
        labels = [[*tokens, *[MASKED] * (longest - len(tokens))] for tokens in wanted]
        inputs = vlm.prompt([question.picture for question in batch])
        return with_answers(inputs, padded.to(vlm.model.device)) | {"labels": torch.tensor(labels)}

    return Task(vlm.model, questions, collate, answer_loss)


def answer_loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Negative log-likelihood of an answer, averaged over pictures, so that processes with as many have equal say.

    Logits of the prompt, over a vocabulary of 257,000, are never made.
    """
    inputs = dict(batch)
    labels = inputs.pop("labels")
    logits = model(**inputs, logits_to_keep=labels.shape[1] + 1).logits[:, :-1]
    total = cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=MASKED, reduction="sum")
    return total / len(labels)


def backbone_task(backbone: Backbone, questions: Questions) -> Task:
    def collate(batch: list[Question]) -> dict[str, Tensor]:
        pixels = backbone.pixels([question.picture for question in batch])
        return {"pixel_values": pixels, "family": torch.tensor([question.family for question in batch])}

    def loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        return cross_entropy(model(batch["pixel_values"]), batch["family"])

    return Task(backbone.model, questions, collate, loss)


def train(row: TrainedRow, run: Path) -> dict:
    """Train a row to its end and save it. Returns what it cost. Raises: SettingsError."""
    accelerator = open_accelerator(row.training)
    torch.manual_seed(row.seed)
    names = open_names(row.data_folder, row.families, SHIPPED / "faces.jsonl.gz")
    questions = Questions(row.data_folder, "train", names)
    if isinstance(row, VlmRow):
        dtype = torch.bfloat16 if accelerator.device.type == "cuda" else torch.float32
        opened = open_vlm(row, dtype)
        give_adapters(opened)
        opened.model.to(accelerator.device)
        task, save = vlm_task(opened, questions, names), save_trained
    else:
        opened = open_backbone(row, len(names))
        task, save = backbone_task(opened, questions), save_backbone
    run.mkdir(parents=True, exist_ok=True)
    cost = fit(accelerator, row.training, row.seed, run, task)
    if accelerator.is_main_process:
        counted = list(task.model.parameters())
        cost["trainable"] = sum(parameter.numel() for parameter in counted if parameter.requires_grad)
        cost["parameters"] = sum(parameter.numel() for parameter in counted)
        cost["device"] = torch.cuda.get_device_name() if accelerator.device.type == "cuda" else "cpu"
        save(opened, run / "trained")
        (run / "training.json").write_text(json.dumps(cost, indent=1) + "\n")
    accelerator.print(json.dumps(cost))
    leave(accelerator)
    return cost


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("row", type=Path)
    parser.add_argument("--families", type=int)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="say what it would take, and train nothing")
    parser.add_argument("--price", type=float, default=PRICE, help="dollars an hour of the GPU")
    arguments = parser.parse_args(argv)
    with exit_on(SettingsError):
        row = open_row(arguments.row, arguments.families)
        if not isinstance(row, TrainedRow) or getattr(row, "zero_shot", False):
            raise SettingsError(f"{arguments.row} is not trained: run python -m compare_vlm.evaluate on it.")
        if arguments.dry_run:
            if not isinstance(row, VlmRow):
                raise SettingsError(f"{arguments.row} is no vision-language model: it trains on any GPU in minutes.")
            print(told(row, plan(row, arguments.price), arguments.price))
            return
        train(row, arguments.run or run_folder(arguments.row, row))


if __name__ == "__main__":
    main()
