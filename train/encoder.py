"""The encoder: a small convolutional network from a line of text to an embedding."""

from functools import partial

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torch.nn import functional as F


def normalisation(kind: str, channels: int) -> nn.Module:
    """Of kind "batch" (Ioffe and Szegedy 2015) or "group" (Wu and He 2018), which looks at one image alone."""
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.GroupNorm(4, channels)


def convolved(channels_in: int, channels_out: int, size: int, stride: int, norm: str) -> tuple[nn.Module, nn.Module]:
    """A convolution and its normalisation."""
    convolution = nn.Conv2d(channels_in, channels_out, size, stride, size // 2, bias=False)
    return convolution, normalisation(norm, channels_out)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2016), the shortcut averaged where it is strided (He 2019).

    Odd heights and widths are rounded up by both.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int, norm: str) -> None:
        super().__init__()
        first = convolved(channels_in, channels_out, 3, stride, norm)
        self.body = nn.Sequential(*first, nn.ReLU(), *convolved(channels_out, channels_out, 3, 1, norm))
        self.shortcut = nn.Identity()
        if stride > 1 or channels_in != channels_out:
            pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
            self.shortcut = nn.Sequential(pool, *convolved(channels_in, channels_out, 1, 1, norm))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x))


class PlainBlock(nn.Sequential):
    """3x3 convolutions one behind the other, without a shortcut."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, norm: str, convolutions: int) -> None:
        layers: list[nn.Module] = []
        for _ in range(convolutions):
            layers += [*convolved(channels_in, channels_out, 3, stride, norm), nn.ReLU()]
            channels_in, stride = channels_out, 1
        super().__init__(*layers)


class ConvNextBlock(nn.Module):
    """A depthwise 7x7 convolution and an inverted bottleneck (Liu et al. 2022), with this encoder's normalisation."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, norm: str) -> None:
        super().__init__()
        self.enter: nn.Module = nn.Identity()
        if stride > 1 or channels_in != channels_out:
            smaller = nn.Conv2d(channels_in, channels_out, stride, stride)
            self.enter = nn.Sequential(normalisation(norm, channels_in), smaller)
        self.body = nn.Sequential(
            nn.Conv2d(channels_out, channels_out, 7, 1, 3, groups=channels_out, bias=False),
            normalisation(norm, channels_out),
            nn.Conv2d(channels_out, 4 * channels_out, 1),
            nn.GELU(),
            nn.Conv2d(4 * channels_out, channels_out, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        return x + self.body(x)


BLOCKS = {
    "residual": ResidualBlock,
    "plain-one": partial(PlainBlock, convolutions=1),
    "plain-two": partial(PlainBlock, convolutions=2),
    "convnext": ConvNextBlock,
}


class Encoder(nn.Module, PyTorchModelHubMixin, library_name="fontid", tags=["font-identification"]):
    """Windows of prepared lines to embeddings.

    Args:
        widths: channels of each stage; every stage but the first halves height and width.
        depths: blocks of each stage.
        dimension: size of the embedding.
        block: one of `BLOCKS`.
        norm: "batch" or "group".
        channels: of the input.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 256, 384),
        depths: tuple[int, ...] = (1, 1, 2, 1, 1),
        dimension: int = 256,
        block: str = "residual",
        norm: str = "batch",
        channels: int = 1,
    ) -> None:
        super().__init__()
        self.dimension = dimension
        self.stem = nn.Sequential(*convolved(channels, widths[0], 7, 4, norm), nn.ReLU())
        blocks, before = [], widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for number in range(depth):
                blocks.append(BLOCKS[block](before, width, 2 if stage > 0 and number == 0 else 1, norm))
                before = width
        self.stages = nn.Sequential(*blocks)
        self.project = nn.Linear(2 * before, dimension)

    def forward(self, windows: Tensor) -> Tensor:
        """(N, channels, 64, 256) float, ink 1 on 0 -> (N, dimension) float, L2-normalised."""
        x = self.stages(self.stem(windows))  # (N, C, 1, 4)
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)  # (N, 2C)
        return F.normalize(self.project(x).float())
