"""Train the letters network by the settings of an experiment file; goes on from the newest checkpoint of its run.

    accelerate launch -m train.train_letters experiments/letters/shipped.yaml [--run DIR]

Its lines are those of a data set drawn large (`data_scripts.render_dataset --smallest 56`), so that its truth is sharp.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from safetensors.torch import load_file
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from fontid.evaluation.experiment import SettingsError
from fontid.paths import data_home
from train.batches import FamilySampler, WholeLines
from train.checkpoints import newest_checkpoint
from train.effects import Scene, SceneMaker
from train.encoder_file import read_letters
from train.letters_network import BAND, LETTERS, LettersNetwork
from train.line_cache import WIDEST, LineCache, open_cache
from train.loop import EPOCH_STEPS, Task, fit, open_accelerator
from train.settings import LettersSettings, run_experiment

CHECKED = 8  # batches of validation lines
SHOWN = 10
EDGES = 4.0  # how much more a pixel at a letter's edge counts
SHARPNESS = 2.0  # weight of differences between neighbouring pixels
BANDS = 0.3  # weight of the band


class LettersLoss(nn.Module):
    """Cross-entropy of coverage, more of it at edges; distance of its differences; cross-entropy of the band."""

    def forward(self, logits: Tensor, truth: Tensor) -> Tensor:
        """(N, 2, H, W) logits and truth 0-1 -> (), the mean."""
        logits, truth = logits.float(), truth.float()
        letters = truth[:, LETTERS : LETTERS + 1]
        edges = F.max_pool2d(letters, 3, 1, 1) + F.max_pool2d(1 - letters, 3, 1, 1) - 1
        said = logits[:, LETTERS : LETTERS + 1]
        coverage = F.binary_cross_entropy_with_logits(said, letters, 1 + EDGES * edges)
        drawn = said.sigmoid()
        sharp = sum((drawn.diff(dim=side) - letters.diff(dim=side)).abs().mean() for side in (2, 3))
        band = F.binary_cross_entropy_with_logits(logits[:, BAND], truth[:, BAND])
        return coverage + SHARPNESS * sharp + BANDS * band


def load_grounds(folder: Path, device: torch.device) -> Tensor:
    """(G, 3, 192, 192) uint8. Raises: SettingsError where the folder holds no photographs."""
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise SettingsError(f"grounds: no photographs in {folder}: run python -m data_scripts.fetch_grounds first.")
    pictures = [np.asarray(Image.open(path).convert("RGB").resize((192, 192))) for path in paths]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous().to(device)


def scene_source(
    lines: LineCache, settings: LettersSettings, device: torch.device
) -> Callable[[dict[str, Tensor], Generator], Scene]:
    """From a batch of `WholeLines` and a generator to scenes, in half precision on an accelerator."""
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    maker = SceneMaker(settings.effects, load_grounds(data_home() / settings.grounds, device), dtype=dtype)
    known = [np.diff(lines.starts), lines.baseline, lines.x_height]
    length, baseline, x_height = (torch.from_numpy(values.astype(np.float32)).to(device) for values in known)

    def scenes(batch: dict[str, Tensor], generator: Generator) -> Scene:
        line = batch["line"]
        return maker(batch["window"], length[line], baseline[line], x_height[line], generator)

    return scenes


def load_letters(name: str, device: torch.device) -> LettersNetwork:
    """The newest network of a run, or that of an artifact by its path, for use.

    Raises: SettingsError where there is none.
    """
    if "/" in name:
        try:
            state = read_letters(Path(name))
        except OSError as error:
            raise SettingsError(f"letters: {name} holds no letters.onnx.") from error
    elif newest := newest_checkpoint(data_home() / "runs" / name):
        state = load_file(newest / "model.safetensors")
    else:
        raise SettingsError(f"letters: there is no checkpoint of {name}; train that run first.")
    widths = tuple(state[f"down.{level}.body.0.weight"].shape[0] for level in range(4))
    deepest = len({key.split(".")[1] for key in state if key.startswith("deep.")})
    network = LettersNetwork(widths, deepest)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)


class Validation:
    """How well the letters of lines never trained on are found, always in the same scenes."""

    chosen_by = "validation_letters"

    def __init__(self, accelerator: Accelerator, settings: LettersSettings) -> None:
        self.accelerator = accelerator
        lines = open_cache(settings.data_folder, "validation", settings.preprocessing)
        self.scenes = scene_source(lines, settings, accelerator.device)
        regular = FamilySampler(lines, np.arange(len(lines)), set(), 0.0, CHECKED * settings.batch_size, 0)
        self.loader = WholeLines(lines, WIDEST, regular, settings.batch_size, accelerator)

    def _scenes(self):
        for number, batch in enumerate(self.loader):
            yield self.scenes(batch, Generator(self.accelerator.device).manual_seed(number))

    def __call__(self, network: nn.Module, loss: nn.Module) -> dict[str, float]:
        """Of letters and band, the share of what is covered by either that is covered by both; and the mean error of
        coverage where there are letters."""
        sums = torch.zeros(5, device=self.accelerator.device)
        for scene in self._scenes():
            with self.accelerator.autocast():
                drawn = network(scene.picture.float()).float().sigmoid()
            truth = torch.cat([scene.letters, scene.band], 1).float()
            said, true = drawn > 0.5, truth > 0.5
            for channel in (LETTERS, BAND):
                sums[2 * channel] += (said & true)[:, channel].sum()
                sums[2 * channel + 1] += (said | true)[:, channel].sum()
            sums[4] += (drawn - truth)[:, LETTERS].abs().sum()
        sums = self.accelerator.reduce(sums, "sum").tolist()
        return {
            "validation_letters": sums[0] / sums[1],
            "validation_band": sums[2] / sums[3],
            "validation_error": sums[4] / max(1.0, sums[1]),
        }

    def draw(self, network: nn.Module, loss: nn.Module) -> Image.Image:
        """The same few scenes every time: picture, letters found, letters true."""
        scene = next(self._scenes())
        pictures = scene.picture[:SHOWN].float()
        found = network(pictures).float().sigmoid()[:, :1]
        columns = [pictures, 1 - found.expand(-1, 3, -1, -1), 1 - scene.letters[:SHOWN].float().expand(-1, 3, -1, -1)]
        sheet = torch.cat([torch.cat(list(column), 1) for column in columns], 2)
        return Image.fromarray((sheet.clamp(0, 1) * 255).byte().permute(1, 2, 0).cpu().numpy())


def train(settings: LettersSettings, name: str, run: Path) -> dict[str, float]:
    """Train to the end, from the newest checkpoint if there is one. Returns the last validation metrics."""
    accelerator = open_accelerator(settings, run)
    with accelerator.main_process_first():
        lines = open_cache(settings.data_folder, "train", settings.preprocessing)
    images = EPOCH_STEPS * settings.batch_size
    sampler = FamilySampler(lines, np.arange(len(lines)), set(), 0.0, images, settings.seed)
    loader = WholeLines(lines, WIDEST, sampler, settings.batch_size, accelerator)
    scenes = scene_source(lines, settings, accelerator.device)

    def to_inputs(batch: dict[str, Tensor], generator: Generator) -> Tensor:
        scene = scenes(batch, generator)
        batch["truth"] = torch.cat([scene.letters, scene.band], 1)
        return scene.picture.float()

    validation, network = Validation(accelerator, settings), LettersNetwork(settings.widths, settings.deepest)
    task = Task(network, LettersLoss(), loader, "truth", sampler.set_epoch, to_inputs, validation)
    return fit(accelerator, settings, name, run, task)


def main(argv: list[str] | None = None) -> None:
    run_experiment(__doc__, train, LettersSettings, argv)


if __name__ == "__main__":
    main()
