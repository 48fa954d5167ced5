"""Let the encoder and the letters network of an artifact compute in whole numbers of eight bits, in less time.

    python -m release.quantise [--model model]

Weights are rounded with a scale a channel, what flows between the layers with a scale a tensor (Jacob et al. 2018,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference"), whose range is that on
the golden pictures. Weights keep to seven bits: processors without VNNI would overflow else, and answer differently.
The first convolution and the last ones stay as they are: they cost little time and make half of the error. The files
go on holding the weights as halves, which `train.encoder_file` reads: they are rounded when the model is loaded.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

from fontid.artifact import open_artifact
from fontid.commands import command_line
from fontid.encoder.preprocessing import prepare_line, windows_of
from fontid.text.letters import LettersNetwork
from fontid.text.lines import Line
from release.average import replaced, seal_with_golden

HALF, EIGHT_BITS, CHANNELS = "_half", "_quantized", 0  # endings of names; the axis of weights that scales go along
ROUNDED = ["Conv", "Relu", "Add", "AveragePool"]
# of the convolutions, from the input on: those that are rounded
LAYERS = {"encoder": slice(1, 15), "letters": slice(1, -1)}


class LettersInputs(LettersNetwork):
    """The letters network, which keeps what it was shown."""

    def __init__(self, model: Path) -> None:
        super().__init__(model / "letters.onnx")
        self.kept: list[dict[str, np.ndarray]] = []

    def _tiles(self, inputs: np.ndarray) -> np.ndarray:
        self.kept.append({"pictures": inputs})
        return super()._tiles(inputs)


def golden_lines(model: Path) -> Iterator[np.ndarray]:
    """The golden pictures, (H, W) uint8 each."""
    for file in sorted((model / "golden").glob("*.png")):
        yield np.asarray(Image.open(file).convert("L"))


def encoder_inputs(model: Path) -> Iterator[dict[str, np.ndarray]]:
    settings = open_artifact(model).preprocessing
    for gray in golden_lines(model):
        for window in windows_of(prepare_line(gray, settings), settings):
            yield {"windows": window[None, None].astype(np.float32) / 255}


def letters_inputs(model: Path) -> list[dict[str, np.ndarray]]:
    """Of the golden pictures in black on white and in white on black."""
    letters = LettersInputs(model)
    for gray in golden_lines(model):
        height, width = gray.shape
        line = Line(((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)))
        for shown in (gray, 255 - gray):
            letters(line.cut(Image.fromarray(shown).convert("RGB")))
    return letters.kept


INPUTS = {"encoder": encoder_inputs, "letters": letters_inputs}


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network with float32 weights in place of halves and the casts behind them."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    for weights in wide.graph.initializer:
        if weights.name.endswith(HALF):
            values = numpy_helper.to_array(weights).astype(np.float32)
            weights.CopyFrom(numpy_helper.from_array(values, weights.name.removesuffix(HALF)))
    others = [node for node in wide.graph.node if not (node.op_type == "Cast" and node.input[0].endswith(HALF))]
    del wide.graph.node[:]
    wide.graph.node.extend(others)
    return wide


def with_halves(rounded: onnx.ModelProto, model: onnx.ModelProto) -> onnx.ModelProto:
    """The rounded network, its weights the halves of the model that it was made of, which loading rounds again."""
    halves = {one.name.removesuffix(HALF): one for one in model.graph.initializer if one.name.endswith(HALF)}
    first = []
    for weights in rounded.graph.initializer:
        name = weights.name.removesuffix(EIGHT_BITS)
        if name not in halves:
            continue
        if weights.name != name:
            scales = [f"{name}_scale", f"{name}_zero_point"]
            first.append(helper.make_node("QuantizeLinear", [name, *scales], [weights.name], axis=CHANNELS))
        first.append(helper.make_node("Cast", [f"{name}{HALF}"], [name], to=onnx.TensorProto.FLOAT))
        weights.CopyFrom(halves[name])
    nodes = [*reversed(first), *rounded.graph.node]
    del rounded.graph.node[:]
    rounded.graph.node.extend(nodes)
    return rounded


def is_whole(file: Path) -> bool:
    """Whether there is such a network and it is not rounded."""
    return file.exists() and all(node.op_type != "QuantizeLinear" for node in onnx.load(str(file)).graph.node)


def quantised(network: str, folder: Path) -> onnx.ModelProto:
    """That network of an artifact, rounded."""
    model = onnx.load(str(folder / f"{network}.onnx"))
    with TemporaryDirectory() as room:
        whole, prepared, rounded = (str(Path(room) / name) for name in ("whole.onnx", "prepared.onnx", "rounded.onnx"))
        onnx.save(widened(model), whole)
        quant_pre_process(whole, prepared, skip_symbolic_shape=True)
        layers = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
        quantize_static(
            prepared,
            rounded,
            SimpleNamespace(get_next=partial(next, iter(INPUTS[network](folder)), None)),  # shown one at a time
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=ROUNDED,
            nodes_to_quantize=layers[LAYERS[network]],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
        )
        made = with_halves(onnx.load(rounded), model)
    onnx.checker.check_model(made)
    return made


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--model", type=Path, default=Path("model"), help="is replaced")
    arguments = parser.parse_args(argv)
    whole = [network for network in LAYERS if is_whole(arguments.model / f"{network}.onnx")]
    if not whole:
        raise SystemExit(f"The networks in {arguments.model} compute in whole numbers already.")
    artifact = open_artifact(arguments.model)
    made_by = json.loads((arguments.model / "config.json").read_text(encoding="utf-8"))["made_by"]
    parts = artifact.preprocessing, made_by | {"rounded": True}, artifact.calibration, artifact.settings
    with replaced(arguments.model) as out:
        for network in whole:
            onnx.save(quantised(network, out), str(out / f"{network}.onnx"))
        count = seal_with_golden(out, *parts)
    print(f"{arguments.model}: {' and '.join(whole)} rounded, {count} golden pictures come back.")


if __name__ == "__main__":
    main()
