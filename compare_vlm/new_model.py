"""Make a vision-language model, or a vision backbone, with random weights and a processor of its own, offline.

    python -m compare_vlm.new_model paligemma|mllama|dinov2|efficientnet DIR [--size tiny|small] [--seed 0]

`tiny` drives the entry points in tests and smoke reports; `small` is what two cores can train from nothing. The
tokenizer spells names letter by letter.
"""

import string
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from torch import nn
from transformers import PreTrainedModel

from compare_vlm.pretrained import LITE0
from fontid.commands import command_line

CHARACTERS = string.ascii_letters + string.digits + string.punctuation
CHAT = (
    "<|begin_of_text|>{% for m in messages %}{{ m.role }}: {% for c in m.content %}"
    "{% if c.type == 'image' %}<|image|>{% else %}{{ c.text }}{% endif %}{% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


@dataclass(frozen=True)
class Size:
    """Side of the picture and of its patches in pixels; width and depth of both towers."""

    side: int
    patch: int
    width: int
    layers: int

    @property
    def tower(self) -> dict[str, int]:
        """What the configurations of all towers share."""
        return {"hidden_size": self.width, "intermediate_size": 4 * self.width, "num_hidden_layers": self.layers}

    @property
    def vision(self) -> dict[str, int]:
        """What those of the towers that see share."""
        return self.tower | {"image_size": self.side, "patch_size": self.patch}

    @property
    def picture(self) -> dict[str, int]:
        return {"height": self.side, "width": self.side}


SIZES = {"tiny": Size(32, 8, 64, 2), "small": Size(80, 8, 128, 3)}
HEADS = 4


def new_paligemma(size: Size) -> tuple[PreTrainedModel, transformers.PaliGemmaProcessor]:
    """PaliGemma 2: SigLIP and Gemma 2."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    tokens = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), "\n", "▁", *CHARACTERS]
    tokenizer = transformers.GemmaTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[])
    patches = (size.side // size.patch) ** 2
    pictures = transformers.SiglipImageProcessorPil(size=size.picture, image_seq_length=patches)
    processor = transformers.PaliGemmaProcessor(pictures, tokenizer)
    entries = len(processor.tokenizer)  # the processor has added <image> and others
    shared = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1}  # nosec B105: numbers of tokens
    text = transformers.Gemma2Config(
        vocab_size=entries,
        **size.tower,
        num_attention_heads=HEADS,
        num_key_value_heads=2,
        head_dim=size.width // HEADS,
        sliding_window=1024,
        query_pre_attn_scalar=size.width // HEADS,
        **shared,
    )
    vision = transformers.SiglipVisionConfig(**size.vision, num_attention_heads=HEADS, vision_use_head=False)
    config = transformers.PaliGemmaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=processor.image_token_id,
        projection_dim=size.width,
        hidden_size=size.width,
        vocab_size=entries,
        **shared,
    )
    return transformers.PaliGemmaForConditionalGeneration(config), processor


def new_mllama(size: Size) -> tuple[PreTrainedModel, transformers.MllamaProcessor]:
    """Llama 3.2 Vision: its tiled tower and gated cross-attention."""
    special = ["<|pad|>", "<|begin_of_text|>", "<|eot_id|>"]
    letters = sorted(ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *letters])}
    model = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    model.pre_tokenizer, model.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=model,
        bos_token="<|begin_of_text|>",
        eos_token="<|eot_id|>",
        pad_token="<|pad|>",  # nosec B106: tokens of a tokenizer
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|image|>"]})
    image = tokenizer.convert_tokens_to_ids("<|image|>")
    pictures = transformers.MllamaImageProcessorPil(size=size.picture, max_image_tiles=4)
    processor = transformers.MllamaProcessor(pictures, tokenizer, chat_template=CHAT)
    text = transformers.MllamaTextConfig(
        vocab_size=image,  # the picture's token is the one behind the last that can be said
        **size.tower,
        num_attention_heads=HEADS,
        num_key_value_heads=2,
        cross_attention_layers=[size.layers - 1],
        rope_parameters={"rope_type": "default", "rope_theta": 1e4},
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    vision = transformers.MllamaVisionConfig(
        **size.vision,
        num_global_layers=1,
        attention_heads=HEADS,
        intermediate_layers_indices=[0],
        vision_output_dim=size.width * 2,  # with that layer's
        max_num_tiles=4,
        supported_aspect_ratios=[[1, 1], [1, 2], [1, 3], [1, 4], [2, 1], [2, 2], [3, 1], [4, 1]],
    )
    config = transformers.MllamaConfig(vision_config=vision, text_config=text, image_token_index=image)
    return transformers.MllamaForConditionalGeneration(config), processor


def new_efficientnet(size: Size) -> tuple[PreTrainedModel, transformers.EfficientNetImageProcessorPil]:
    """As `compare_vlm.pretrained` makes it, a quarter as wide and three tenths as deep."""
    shape = LITE0 | {"image_size": size.side, "width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 320}
    model = transformers.EfficientNetModel(transformers.EfficientNetConfig(**shape))
    return model, transformers.EfficientNetImageProcessorPil(size=size.picture, include_top=False)


def new_dinov2(size: Size) -> tuple[PreTrainedModel, transformers.BitImageProcessorPil]:
    model = transformers.Dinov2Model(transformers.Dinov2Config(**size.vision, num_attention_heads=HEADS))
    return model, transformers.BitImageProcessorPil(size=size.picture, do_center_crop=False)


NEW = {"paligemma": new_paligemma, "mllama": new_mllama, "dinov2": new_dinov2, "efficientnet": new_efficientnet}


@torch.no_grad()
def initialise(model: PreTrainedModel) -> None:
    """Weights with which signals keep their size; the library's are for models that go on from pre-training.

    With those a frozen head hides the rest, and Mllama's closed gates hide the picture.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.normal_(std=module.in_features**-0.5)
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.fill_(1.0)
    for name, parameter in model.named_parameters():
        if name.endswith("_gate"):
            parameter.fill_(1.0)
    if hasattr(model, "lm_head"):
        embeddings = model.get_input_embeddings().weight
        embeddings.normal_(std=0.5)
        if model.lm_head.weight is not embeddings:
            model.lm_head.weight.normal_(std=0.5)


def make(architecture: str, folder: Path, size: str, seed: int = 0) -> None:
    """Write model and processor into `folder`, as `from_pretrained` reads them."""
    torch.manual_seed(seed)
    model, processor = NEW[architecture](SIZES[size])
    initialise(model)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("architecture", choices=NEW)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    make(arguments.architecture, arguments.folder, arguments.size, arguments.seed)


if __name__ == "__main__":
    main()
