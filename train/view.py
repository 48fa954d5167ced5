"""What of a window the encoder is shown; `release.export_onnx` makes it a part of the network."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class View:
    """Callable on (N, C, H, W) float windows, ink 1 on 0, after augmentation.

    height: to which windows are scaled down (None: as they are).
    binary: ink where more than a half is covered, else none.
    blank: nothing at all, for the baseline that cannot see its input.
    """

    height: int | None = None
    binary: bool = False
    blank: bool = False

    def __call__(self, windows: Tensor) -> Tensor:
        if self.blank:
            return windows * 0
        if self.binary:
            windows = (windows > 0.5).to(windows)
        if self.height is not None:
            size = (self.height, round(windows.shape[3] * self.height / windows.shape[2]))
            windows = F.interpolate(windows, size, mode="bilinear", antialias=True)
        return windows
