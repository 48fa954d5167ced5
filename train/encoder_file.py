"""The encoder's weights as the artifact holds them: in the ONNX file, and what tracing folds away in a small file.

Tracing multiplies each batch normalisation into the convolution before it. `norms.safetensors` keeps the encoder's
one-dimensional tensors, so that the convolutions can be told from the ONNX file and training can go on.
"""

import re
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import load_file, save_file
from torch import nn

NORMS = "norms.safetensors"
PARAMETER = re.compile(r"network\.(.*(?:weight|bias))(?:_half|(_quantized))?")  # and whether it is rounded


def save_norms(encoder: nn.Module, folder: Path) -> None:
    """Write every tensor of the encoder that has less than two dimensions, float32."""
    state = encoder.float().state_dict().items()
    save_file({name: value.contiguous() for name, value in state if value.dim() < 2}, folder / NORMS)


def read_weights(encoder: nn.Module, folder: Path) -> dict[str, torch.Tensor]:
    """The state of `encoder`, float32, by an artifact's files; the weights have the precision of halves.

    Raises: KeyError, ValueError where the artifact holds an encoder of another shape.
    """
    state = load_file(folder / NORMS)
    graph = onnx.load(str(folder / "encoder.onnx")).graph
    # exporting puts the encoder behind the view of its windows, and halves its large weights
    traced = {
        one.name.removesuffix("_half").removeprefix("encoder."): numpy_helper.to_array(one) for one in graph.initializer
    }
    modules = dict(encoder.named_modules())
    for name, wanted in encoder.state_dict().items():
        if name in state:
            continue
        weights = torch.from_numpy(traced[name].astype(np.float32))
        if weights.shape != wanted.shape:
            raise ValueError(f"{name} has the shape {tuple(weights.shape)}, not {tuple(wanted.shape)}")
        module = name.removesuffix(".weight")
        # tracing gave the convolution the bias of a normalisation, which `release.quantise` rounds
        if not traced.keys().isdisjoint((f"{name}_bias", f"{name}_bias_quantized")):
            parent, _, place = module.rpartition(".")
            norm = f"{parent}.{int(place) + 1}"
            deviation = (state[f"{norm}.running_var"] + modules[norm].eps).sqrt()
            factor = state[f"{norm}.weight"] / deviation
            weights = weights / factor.view(-1, *[1] * (weights.dim() - 1))
        state[name] = weights
    return state


def read_letters(folder: Path) -> dict[str, torch.Tensor]:
    """The state of an artifact's letters network, float32: for use, since its normalisations are in its convolutions.

    Raises: OSError where the artifact has none.
    """
    graph = onnx.load(str(folder / "letters.onnx")).graph
    traced = {one.name: torch.from_numpy(numpy_helper.to_array(one).astype(np.float32)) for one in graph.initializer}
    state: dict[str, torch.Tensor] = {}
    for full, values in traced.items():
        named = PARAMETER.fullmatch(full)
        if not named:  # a constant of tracing, or of rounding
            continue
        name, rounded = named.groups()
        if rounded:
            scales = traced[f"{full}_scale" if name.endswith("bias") else f"network.{name}_scale"]
            values = values * scales.view(-1, *[1] * (values.dim() - 1))
        if not name.endswith(".weight_bias"):
            state[name] = values
            continue
        parent, _, place = name.removesuffix(".weight_bias").rpartition(".")
        norm = f"{parent}.{int(place) + 1}"
        ones, zeros = torch.ones_like(values), torch.zeros_like(values)
        state |= {f"{norm}.weight": ones, f"{norm}.bias": values, f"{norm}.running_mean": zeros}
        state |= {f"{norm}.running_var": ones - nn.BatchNorm2d(1).eps, f"{norm}.num_batches_tracked": torch.tensor(0)}
    return state
