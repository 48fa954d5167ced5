"""Augmentation in batches of tensors, on whatever device they are: clean lines made to look like pictures of the world.

Each kind strikes a share of the batch (`Augmentation`), so that experiments can leave it out by setting 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Augmentation:
    """Share of the windows that each kind strikes, 0-1, and how hard."""

    geometry: float = 0.7  # scale, aspect, slant, rotation, perspective
    low_resolution: float = 0.25
    blur: float = 0.15
    weight: float = 0.2  # strokes a little thinner or bolder, as gamma and threshold make them
    neighbour: float = 0.06  # parts of the lines above and below
    clip: float = 0.06  # top or bottom cut off
    light: float = 0.15  # a gradient over the ground
    texture: float = 0.0  # a wall's relief or a photograph's tones behind the letters
    strongest_texture: float = 0.5  # how far it reaches at most, as a part of the contrast
    noise: float = 0.25
    strongest_noise: float = 0.14  # its standard deviation at most, as a part of the contrast
    jpeg: float = 0.15
    polarity: float = 0.03  # ink and ground swapped, as where their roles were guessed wrong


class Augment:
    """Callable on (N, 1, H, W) float windows, ink 1 on 0; returns (N, 1, H, width), W being larger or the same.

    Draws only from the generator it is given, which may be of the windows' device.
    """

    def __init__(self, settings: Augmentation, width: int) -> None:
        self.settings, self.width = settings, width

    def __call__(self, windows: Tensor, generator: Generator) -> Tensor:
        self._generator, self._like = generator, windows
        shares = self.settings
        x = self._geometry(windows, shares.geometry)
        x = self._some(x, shares.neighbour, self._neighbour)
        x = self._some(x, shares.clip, self._clip)
        x = self._some(x, shares.weight, self._weight)
        x = self._some(x, shares.blur, self._blur)
        x = self._some_at_each(x, shares.low_resolution, self._shrink, (1.5, 2.2, 3.2, 4.5))
        x = self._some(x, shares.light, self._light)
        if shares.texture:  # else nothing is drawn for it, and runs from before it come out as they did
            x = self._some_at_each(x, shares.texture, self._relief, (4, 9, 20, 45))
        x = self._some(x, shares.noise, self._noise)
        x = self._some(x, shares.jpeg, self._jpeg)
        x = self._some(x, shares.polarity, lambda some: 1 - some)
        return x.clamp(0, 1)

    def _rand(self, *size: int) -> Tensor:
        return torch.rand(size, generator=self._generator, device=self._generator.device)

    def _uniform(self, count: int, low: float, high: float) -> Tensor:
        """(count, 1, 1, 1)"""
        drawn = self._rand(count, 1, 1, 1)
        return (low + (high - low) * drawn).to(self._like)

    def _some(self, x: Tensor, share: float, change) -> Tensor:
        chosen = (self._rand(len(x)) < share).nonzero()[:, 0].to(x.device)
        if len(chosen):
            x[chosen] = change(x[chosen])
        return x

    def _some_at_each(self, x: Tensor, share: float, change, sizes: Sequence[float]) -> Tensor:
        """An equal part of the share at each size: one tensor is changed at one of them."""
        for size in sizes:
            x = self._some(x, share / len(sizes), lambda some, size=size: change(some, size))
        return x

    def _geometry(self, x: Tensor, share: float) -> Tensor:
        count, _, height, given = x.shape
        width = self.width
        strength = (self._rand(count, 1, 1) < share).to(x)
        vertical = 1 + strength * self._uniform(count, -0.08, 0.22)[..., 0]  # above 1 draws the letters smaller
        aspect = 1 + strength * self._uniform(count, -0.05, 0.05)[..., 0]
        most = (0.06, 0.035, 0.06, 0.06)
        slant, turn, tilt, down = (strength * self._uniform(count, -far, far)[..., 0] for far in most)
        rows = torch.linspace(-1, 1, height).to(x)[None, :, None]
        columns = torch.linspace(-1, 1, width).to(x)[None, None]
        far = 1 + tilt * columns  # perspective: one end of the line is nearer
        ratio = width / height
        grid = x.new_empty(count, height, width, 2)
        grid[..., 0] = (columns * aspect * vertical + (slant + turn) * rows / ratio) * ((width - 1) / (given - 1))
        grid[..., 1] = rows * vertical * far - turn * columns * ratio + down
        return F.grid_sample(x, grid, align_corners=True)

    def _neighbour(self, x: Tensor) -> Tensor:
        height = x.shape[2]
        other = x.roll(1, 0)
        rows = torch.arange(height).to(x)[None, None, :, None]
        gap = self._uniform(len(x), 0.82, 0.95) * height
        below = self._uniform(len(x), 0, 1) < 0.5
        shifted = other.roll(int(height * 0.85), 2)
        mask = torch.where(below, rows >= gap, rows < height - gap)
        return torch.where(mask, torch.where(below, shifted, shifted.flip(2)), x)

    def _clip(self, x: Tensor) -> Tensor:
        rows = torch.arange(x.shape[2]).to(x)[None, None, :, None] / x.shape[2]
        cut = self._uniform(len(x), 0.06, 0.2)
        top = self._uniform(len(x), 0, 1) < 0.5
        return x * torch.where(top, rows >= cut, rows < 1 - cut)

    def _weight(self, x: Tensor) -> Tensor:
        soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1)
        middle = self._uniform(len(x), 0.38, 0.62)
        return ((soft - middle) * 3 + 0.5).clamp(0, 1)

    def _blur(self, x: Tensor) -> Tensor:
        sigma = self._uniform(len(x), 0.6, 2.2)
        offsets = torch.arange(-5, 6).to(x)
        kernel = torch.exp(-(offsets**2) / (2 * sigma[:, :, :, 0] ** 2))  # (N, 1, 11)
        kernel = kernel / kernel.sum(-1, keepdim=True)
        count = len(x)
        flat = x.reshape(1, count, *x.shape[2:])
        flat = F.conv2d(flat, kernel.reshape(count, 1, 1, 11), padding=(0, 5), groups=count)
        flat = F.conv2d(flat, kernel.reshape(count, 1, 11, 1), padding=(5, 0), groups=count)
        return flat.reshape(x.shape)

    @staticmethod
    def _shrink(x: Tensor, divisor: float) -> Tensor:
        size = (math.ceil(x.shape[2] / divisor), math.ceil(x.shape[3] / divisor))
        small = F.interpolate(x, size, mode="bilinear", antialias=True)
        return F.interpolate(small, x.shape[2:], mode="bicubic").clamp(0, 1)

    def _light(self, x: Tensor) -> Tensor:
        rows = torch.linspace(-1, 1, x.shape[2]).to(x)[None, None, :, None]
        columns = torch.linspace(-1, 1, x.shape[3]).to(x)[None, None, None, :]
        slope = self._uniform(len(x), -0.3, 0.3) * columns + self._uniform(len(x), -0.15, 0.15) * rows
        ground = self._uniform(len(x), 0.0, 0.3) + slope
        return (x * self._uniform(len(x), 0.55, 1.0) + ground).clamp(0, 1)

    def _relief(self, x: Tensor, cell: int) -> Tensor:
        """Smooth noise that changes over `cell` pixels; it shows through ink more weakly."""
        count, _, height, width = x.shape
        size = (count, 1, height // cell + 2, width // cell + 2)
        relief = 2 * self._rand(*size).to(x) - 1
        relief = F.interpolate(relief, (height, width), mode="bicubic")
        return x + relief * (1 - 0.6 * x) * self._uniform(count, 0.05, self.settings.strongest_texture)

    def _noise(self, x: Tensor) -> Tensor:
        noise = torch.randn(x.shape, generator=self._generator, device=self._generator.device).to(x)
        smooth = F.avg_pool2d(F.pad(noise, (1, 1, 1, 1)), 3, 1) * 3
        grain = torch.where(self._uniform(len(x), 0, 1) < 0.5, noise, smooth)
        return x + grain * self._uniform(len(x), 0.0, self.settings.strongest_noise)

    def _jpeg(self, x: Tensor) -> Tensor:
        return quantised_cosines(x, self._uniform(len(x), 0.4, 3.0))


def quantised_cosines(x: Tensor, coarseness: Tensor | float) -> Tensor:
    """The lossy step of JPEG (ITU-T T.81, annex K luminance table) on (N, C, H, W), 0-1, edges of blocks repeated.

    Args: coarseness: of the table's steps, 1 at quality 50; (N, 1, 1, 1) or one for all.
    """
    count, channels, height, width = x.shape
    padded = F.pad(x, (0, -width % 8, 0, -height % 8), "replicate")
    basis = _cosines().to(x)
    rows, columns = padded.shape[2] // 8, padded.shape[3] // 8
    blocks = padded.reshape(count, channels, rows, 8, columns, 8).transpose(3, 4)
    coefficients = basis @ (blocks * 255) @ basis.T
    step = _LUMINANCE.to(x) * (coarseness[..., None, None] if isinstance(coarseness, Tensor) else coarseness)
    blocks = basis.T @ ((coefficients / step).round() * step) @ basis / 255
    return blocks.transpose(3, 4).reshape(padded.shape)[..., :height, :width]


def _cosines() -> Tensor:
    """(8, 8) orthonormal cosine basis."""
    k, n = torch.arange(8)[:, None], torch.arange(8)[None]
    basis = torch.cos(math.pi * (2 * n + 1) * k / 16) / 2
    basis[0] /= math.sqrt(2)
    return basis


_LUMINANCE = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
)
