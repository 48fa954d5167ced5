"""What training a row would take, told without its weights: its model stands on torch's meta device in true shapes.

One step on `MICRO` pictures runs there, forwards and backwards: operations are counted, and the bytes that are kept
for the way back. Memory and hours follow from those, the GPU's figures and the share of its speed that such training
reaches. `accelerate launch -m compare_vlm.train_lora FILE#ROW --dry-run` prints it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForImageTextToText, MllamaConfig, PaliGemmaConfig, PreTrainedConfig

from compare_vlm.architectures import ARCHITECTURES
from compare_vlm.models import Vlm, give_adapters
from compare_vlm.settings import LoraSettings, VlmRow
from fontid.evaluation.experiment import SettingsError

MICRO = 2  # pictures that the step runs on; all that is counted grows with their number
TEXT = 40  # tokens of question and answer
ANSWER = 8  # of them the answer's, whose logits are made
PEAK, MEMORY = 989e12, 141.0  # an H200's: operations a second in bfloat16 without sparsity, and GB (NVIDIA)
REACHED = 0.35  # share of its speed that training reaches
PRICE = 4.0  # dollars an hour of it, about what clouds ask
ADAM = 16  # bytes of a trained weight: itself, its gradient and two averages in float32
FOUR_BITS = 0.55  # bytes of a frozen weight in nf4 with its scales; two in bfloat16
CONTEXT = 1.0  # GB that CUDA takes


def paligemma2(side: int) -> PaliGemmaConfig:
    """PaliGemma 2 3B: Gemma 2 2B behind SigLIP So400m/14 (Steiner et al. 2024, table 1)."""
    text = {
        "model_type": "gemma2", "hidden_size": 2304, "num_hidden_layers": 26, "num_attention_heads": 8,
        "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 9216, "vocab_size": 257216,
    }  # fmt: skip
    vision = {
        "model_type": "siglip_vision_model", "hidden_size": 1152, "num_hidden_layers": 27, "num_attention_heads": 16,
        "intermediate_size": 4304, "patch_size": 14, "image_size": side, "vision_use_head": False,
    }  # fmt: skip
    return PaliGemmaConfig(text_config=text, vision_config=vision, projection_dim=2304)


def llama32() -> MllamaConfig:
    """Llama 3.2 11B Vision: the defaults of transformers, at the 560 pixels of the instruct model."""
    config = MllamaConfig()
    config.vision_config.image_size = 560
    return config


CONFIGS: dict[str, Callable[[], PreTrainedConfig]] = {  # by hub id
    "google/paligemma2-3b-pt-224": lambda: paligemma2(224),
    "google/paligemma2-3b-pt-448": lambda: paligemma2(448),
    "meta-llama/Llama-3.2-11B-Vision-Instruct": llama32,
}


@dataclass(frozen=True)
class Plan:
    """What a training takes on one GPU.

    memory_gb: at least: weights, adapters with their averages, and activations of a part of a batch.
    operations: of a picture, forwards and backwards, in 1e12.
    """

    parameters: int
    trainable: int
    weights_gb: float
    memory_gb: float
    operations: float
    images: int
    images_per_second: float
    hours: float
    dollars: float


def step_of(core: nn.Module, head: nn.Module, config: PreTrainedConfig) -> Tensor:
    """The logits of `MICRO` answers: the towers one after the other, for the whole model looks into its inputs."""
    side = config.vision_config.image_size
    width = config.text_config.hidden_size
    text = torch.zeros(MICRO, TEXT, width, dtype=torch.bfloat16)
    if config.model_type == "paligemma":
        picture = core.vision_tower(torch.zeros(MICRO, 3, side, side, dtype=torch.bfloat16)).last_hidden_state
        everything = torch.cat([core.multi_modal_projector(picture), text], 1)
        seen = {"full_attention": None, "sliding_attention": None}
        hidden = core.language_model(inputs_embeds=everything, attention_mask=seen, use_cache=False)
    else:
        tiles = config.vision_config.max_num_tiles
        picture = core.vision_model(
            pixel_values=torch.zeros(MICRO, 1, tiles, 3, side, side, dtype=torch.bfloat16),
            aspect_ratio_ids=torch.ones(MICRO, 1, dtype=torch.long),
            aspect_ratio_mask=torch.ones(MICRO, 1, tiles, dtype=torch.long),
        ).last_hidden_state
        hidden = core.language_model(
            inputs_embeds=text,
            cross_attention_states=core.multi_modal_projector(picture).reshape(MICRO, -1, width),
            attention_mask=torch.zeros(MICRO, 1, TEXT, TEXT, dtype=torch.bfloat16),
            use_cache=False,
        )
    return head(hidden.last_hidden_state[:, -ANSWER:])


def count(model: nn.Module, config: PreTrainedConfig, layers: int) -> tuple[float, float]:
    """Operations, and bytes of activations at their most, of a picture. Args: layers: that are checkpointed."""
    kept = {"forward": 0, "backward": 0}
    way = "forward"

    def keep(tensor: Tensor) -> Tensor:
        of_weights = isinstance(tensor, nn.Parameter) or isinstance(tensor._base, nn.Parameter)
        of_attention = tensor.ndim > 2 and tensor.shape[-1] == tensor.shape[-2]  # which a GPU's kernels never keep
        if not of_weights and not of_attention:
            kept[way] += tensor.numel() * min(2, tensor.element_size())  # under autocast bfloat16 is kept
        return tensor

    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    with ExitStack() as stack:
        stack.enter_context(saved_tensors_hooks(keep, lambda tensor: tensor))
        counter = stack.enter_context(FlopCounterMode(display=False))
        logits = step_of(whole.model, whole.lm_head, config)
        way = "backward"
        logits.float().sum().backward()
    # on the way back a checkpointed layer is made again, one at a time
    return counter.get_total_flops() / MICRO, (kept["forward"] + kept["backward"] / max(1, layers)) / MICRO


@cache
def counted(model: str, lora: LoraSettings | None, checkpointed: bool) -> tuple[int, int, float, float]:
    """Weights that stay and that are trained, and what `count` says. Args: as in a row, see `VlmRow`."""
    config = CONFIGS[model]()
    architecture = ARCHITECTURES[config.model_type]
    row = VlmRow(kind="vlm", model=model, lora=lora, gradient_checkpointing=checkpointed)
    with torch.device("meta"):
        whole = AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
        vlm = Vlm(whole, None, architecture, row)  # type: ignore[arg-type]  # it is asked for nothing
        give_adapters(vlm)
        vlm.model.train()
        layers = sum(type(module).__name__ in architecture.layers for module in vlm.model.modules())
        operations, activations = count(vlm.model, config, layers if checkpointed else 0)
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in vlm.model.parameters()]
    trainable = sum(size for size, trained in sizes if trained)
    return sum(size for size, _ in sizes) - trainable, trainable, operations, activations


def plan(row: VlmRow, price: float = PRICE) -> Plan:
    """Raises: SettingsError for a model whose shapes are not known here."""
    if row.model not in CONFIGS:
        raise SettingsError(f"The shapes of {row.model} are not known: --dry-run knows {', '.join(CONFIGS)}.")
    frozen, trainable, operations, activations = counted(row.model, row.lora, row.gradient_checkpointing)
    weights = frozen * (FOUR_BITS if row.four_bit else 2) / 1e9
    micro = row.training.batch_size // row.training.accumulate
    images = row.training.steps * row.training.batch_size
    speed = PEAK * REACHED / operations
    hours = images / speed / 3600
    return Plan(
        parameters=frozen + trainable,
        trainable=trainable,
        weights_gb=round(weights, 1),
        memory_gb=round(weights + trainable * ADAM / 1e9 + activations * micro / 1e9 + CONTEXT, 1),
        operations=round(operations / 1e12, 2),
        images=images,
        images_per_second=round(speed, 1),
        hours=round(hours, 1),
        dollars=round(hours * price, 0),
    )


def told(row: VlmRow, found: Plan, price: float) -> str:
    """The plan in a few lines."""
    fits = "fits" if found.memory_gb < MEMORY else "does not fit"
    return (
        f"{row.model}: {found.parameters:,} parameters, {found.trainable:,} of them trained.\n"
        f"Memory: at least {found.memory_gb:.0f} GB, of which weights take {found.weights_gb:.0f}."
        f" It {fits} into an H200 of {MEMORY:.0f} GB.\n"
        f"Time: {found.images:,} pictures at about {found.images_per_second:.0f} a second take {found.hours:.1f} hours"
        f" ({found.operations:.1f} trillion operations a picture, at {REACHED:.0%} of an H200's speed).\n"
        f"Money: about {found.dollars:.0f} dollars at {price:g} an hour.\n"
        "Nothing was loaded or trained. Without --dry-run it needs the weights from the hub and the data set."
    )
