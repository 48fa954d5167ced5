"""The letters network: a picture of a line of text to the coverage of its plain letters and to where the line runs."""

from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torch.nn import functional as F

from train.encoder import ResidualBlock

SHRINKS = 16  # heights and widths of pictures are multiples of this
LETTERS, BAND = 0, 1  # channels of the output


class LettersNetwork(nn.Module, PyTorchModelHubMixin, library_name="fontid", tags=["font-identification"]):
    """A U-Net (Ronneberger et al. 2015) that works at half of the picture's size.

    Two pixels by two go in as channels and come out as channels (Shi et al. 2016), so that no layer runs at full size.

    Args: widths: channels at a half, a quarter, an eighth, a sixteenth of the size; deepest: blocks at the last.
    """

    def __init__(self, widths: tuple[int, ...] = (24, 48, 80, 112), deepest: int = 2) -> None:
        super().__init__()
        sizes = zip((12, *widths[:-1]), widths, (1, *[2] * (len(widths) - 1)), strict=True)
        self.down = nn.ModuleList(ResidualBlock(before, width, stride, "batch") for before, width, stride in sizes)
        self.deep = nn.Sequential(*[ResidualBlock(widths[-1], widths[-1], 1, "batch") for _ in range(deepest)])
        pairs = list(zip(widths[:-1], widths[1:], strict=True))[::-1]
        self.narrow = nn.ModuleList(nn.Conv2d(below, width, 1, bias=False) for width, below in pairs)
        self.up = nn.ModuleList(ResidualBlock(width, width, 1, "batch") for width, _ in pairs)
        self.head = nn.Conv2d(widths[0], 8, 3, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) float 0-1 -> (N, 2, H, W) logits: coverage of the letters, and of the band from the baseline
        to the x-height."""
        x = F.pixel_unshuffle(pictures - 0.5, 2)
        levels = []
        for block in self.down:
            x = block(x)
            levels.append(x)
        x = self.deep(x)
        for narrow, block, level in zip(self.narrow, self.up, levels[-2::-1], strict=True):
            x = block(level + F.interpolate(narrow(x), scale_factor=2, mode="nearest"))
        return F.pixel_shuffle(self.head(x), 2)
