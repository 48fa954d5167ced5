"""The encoder: a small residual convolutional network from a line of text to an embedding."""

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2016), the shortcut averaged where it is strided (He 2019)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or channels_in != channels_out:
            pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
            project = nn.Conv2d(channels_in, channels_out, 1, bias=False)
            self.shortcut = nn.Sequential(pool, project, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x))


class Encoder(nn.Module, PyTorchModelHubMixin, library_name="fontid", tags=["font-identification"]):
    """Windows of prepared lines to embeddings.

    Args:
        widths: channels of each stage; every stage but the first halves height and width.
        depths: residual blocks of each stage.
        dimension: size of the embedding.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 256, 384),
        depths: tuple[int, ...] = (1, 1, 2, 1, 1),
        dimension: int = 256,
    ) -> None:
        super().__init__()
        self.dimension = dimension
        self.stem = nn.Sequential(nn.Conv2d(1, widths[0], 7, 4, 3, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        blocks, channels = [], widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for block in range(depth):
                blocks.append(ResidualBlock(channels, width, 2 if stage > 0 and block == 0 else 1))
                channels = width
        self.stages = nn.Sequential(*blocks)
        self.project = nn.Linear(2 * channels, dimension)

    def forward(self, windows: Tensor) -> Tensor:
        """(N, 1, 64, 256) float, ink 1 on 0 -> (N, dimension) float, L2-normalised."""
        x = self.stages(self.stem(windows))  # (N, C, 1, 4)
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)  # (N, 2C)
        return F.normalize(self.project(x).float())
