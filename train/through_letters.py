"""What the encoder sees of lines: windows cut from the letters that the letters network finds in scenes."""

from collections.abc import Callable

import torch
from accelerate import Accelerator
from torch import Generator, Tensor

from train.effects import sample
from train.line_cache import LineCache
from train.settings import LettersSettings, TrainSettings
from train.train_letters import load_letters, scene_source


def through_letters(
    lines: LineCache, settings: TrainSettings, accelerator: Accelerator, spare: int = 0
) -> Callable[[dict[str, Tensor], Generator], Tensor]:
    """From a batch of `WholeLines` and a generator to (N, 1, height, window + spare) float windows, ink 1 on 0.

    A window lies anywhere in what a scene shows of its line; a shorter line is centred, as when it is served.
    """
    device, height, width = accelerator.device, settings.preprocessing.height, settings.preprocessing.window + spare
    network = load_letters(settings.letters, device)
    scenes = scene_source(lines, LettersSettings(settings.data, 0, effects=settings.effects), device)
    x, y = torch.arange(width, device=device) + 0.5, torch.arange(height, device=device) + 0.5
    pixels = torch.stack([*torch.meshgrid(x, y, indexing="xy"), torch.ones(height, width, device=device)], -1)

    @torch.no_grad()
    def windows(batch: dict[str, Tensor], generator: Generator) -> Tensor:
        scene = scenes(batch, generator)
        with accelerator.autocast():
            found = network(scene.picture.float())[:, :1].float().sigmoid()
        first, last = scene.shown.T
        room = last - first - width
        position = torch.rand(len(room), generator=generator, device=device)
        start = first + room * torch.where(room > 0, position, 0.5)
        shift = torch.eye(3, device=device).repeat(len(room), 1, 1)
        shift[:, 0, 2] = start
        points = pixels.reshape(-1, 3) @ (scene.to_picture @ shift).transpose(1, 2)
        points = (points[..., :2] / points[..., 2:]).reshape(-1, height, width, 2)
        return sample(found, points, "zeros")

    return windows
