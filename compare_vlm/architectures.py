"""All that differs between the families of vision-language models, in one table."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image
from transformers import BatchFeature, ProcessorMixin


def paligemma_prompt(processor: ProcessorMixin, pictures: list[Image.Image], question: str) -> BatchFeature:
    inputs = processor(images=pictures, text=[f"<image>{question}"] * len(pictures), return_tensors="pt")
    inputs.pop("labels", None)  # comes along, all masked
    return inputs


def chat_prompt(processor: ProcessorMixin, pictures: list[Image.Image], question: str) -> BatchFeature:
    turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}
    text = processor.apply_chat_template([turn], add_generation_prompt=True)
    return processor(
        images=[[picture] for picture in pictures],  # a list a prompt
        text=[text] * len(pictures),
        add_special_tokens=False,  # the template has written the one BOS
        return_tensors="pt",
    )


@dataclass(frozen=True)
class Architecture:
    """prompt: pictures and a question -> the processor's inputs, every prompt of the same length.

    projector: regular expression of the linear layer between vision tower and text model.
    layers: classes that FSDP wraps; experiments/accelerate/fsdp2_*.yaml name the same.
    """

    prompt: Callable[[ProcessorMixin, list[Image.Image], str], BatchFeature]
    projector: str
    layers: tuple[str, ...]


ARCHITECTURES = {  # by `config.model_type`
    "paligemma": Architecture(
        paligemma_prompt, r".*multi_modal_projector\.linear", ("Gemma2DecoderLayer", "SiglipEncoderLayer")
    ),
    "mllama": Architecture(
        chat_prompt,
        r".*multi_modal_projector",
        ("MllamaSelfAttentionDecoderLayer", "MllamaCrossAttentionDecoderLayer", "MllamaVisionEncoderLayer"),
    ),
}
LINEAR_LAYERS = "q_proj|k_proj|v_proj|o_proj|out_proj|fc1|fc2|gate_proj|up_proj|down_proj"


def lora_targets(architecture: Architecture) -> str:
    """A full-match expression: a plain list of names would miss layers or hit others."""
    towers = rf".*(language_model|vision_tower|vision_model).*\.({LINEAR_LAYERS})"
    return f"({towers}|{architecture.projector})"
