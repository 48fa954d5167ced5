"""Vision-language models: opened, given adapters, asked."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub.errors import HfHubHTTPError
from peft import LoraConfig, PeftModel, get_peft_model
from PIL import Image
from torch import Tensor
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    BatchFeature,
    BitsAndBytesConfig,
    PreTrainedModel,
    ProcessorMixin,
)

from compare_vlm.architectures import ARCHITECTURES, Architecture, lora_targets
from compare_vlm.questions import square
from compare_vlm.settings import TrainedRow, VlmRow
from fontid.evaluation.experiment import SettingsError
from fontid.hub import why


@dataclass
class Vlm:
    """A model with its processor, and what its architecture asks for."""

    model: PreTrainedModel | PeftModel
    processor: ProcessorMixin
    architecture: Architecture
    row: VlmRow

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return self.processor.tokenizer.eos_token_id

    def prompt(self, pictures: list[Image.Image]) -> BatchFeature:
        """Inputs for lines asked about, on the model's device."""
        squares = [square(picture, self.row.fold) for picture in pictures]
        return self.architecture.prompt(self.processor, squares, self.row.question).to(self.model.device)

    def tokens(self, name: str) -> list[int]:
        """A name as it is answered: its tokens and the one that ends it."""
        return [*self.processor.tokenizer(name, add_special_tokens=False)["input_ids"], self.end]


def check_gpu(row: TrainedRow) -> None:
    """Raises: SettingsError where the row needs a GPU that is not here."""
    found = torch.cuda.get_device_properties(0).total_memory / 1e9 if torch.cuda.is_available() else 0.0
    if found < row.gpu_gb:
        here = f"the one here has {found:.0f} GB" if found else "there is none here"
        raise SettingsError(
            f"{row.model} needs a GPU of {row.gpu_gb} GB, and {here}: run it on one, or set gpu_gb: 0 to try."
        )


def open_vlm(row: VlmRow, dtype: torch.dtype = torch.float32) -> Vlm:
    """The model without adapters. Raises: SettingsError with a sentence that says what to do."""
    check_gpu(row)
    source = row.source
    quantised = {}
    if row.four_bit:
        if importlib.util.find_spec("bitsandbytes") is None:
            raise SettingsError("four_bit needs bitsandbytes: pip install bitsandbytes, or set four_bit: false.")
        quantised["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
    try:
        processor = AutoProcessor.from_pretrained(source, revision=row.revision)
        model = AutoModelForImageTextToText.from_pretrained(source, revision=row.revision, dtype=dtype, **quantised)
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise SettingsError(why(error, row.model, row.revision)) from error
    if model.config.model_type not in ARCHITECTURES:
        raise SettingsError(f"{row.model} is a {model.config.model_type}: known are {', '.join(ARCHITECTURES)}.")
    return Vlm(model, processor, ARCHITECTURES[model.config.model_type], row)


def give_adapters(vlm: Vlm) -> None:
    """LoRA as the row says; without `lora` every weight stays trainable."""
    if vlm.row.lora is None:
        vlm.model.requires_grad_(True)
    else:
        lora = vlm.row.lora
        config = LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=lora_targets(vlm.architecture),
            task_type="CAUSAL_LM",
        )
        vlm.model = get_peft_model(vlm.model, config)
        for parameter in vlm.model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()  # small updates are lost in bfloat16
    if vlm.row.gradient_checkpointing:
        vlm.model.gradient_checkpointing_enable({"use_reentrant": False})
        vlm.model.enable_input_require_grads()


def save_trained(vlm: Vlm, folder: Path) -> None:
    """The adapter alone, or the whole model where all of it was trained."""
    vlm.model.save_pretrained(folder)


def open_trained(row: VlmRow, folder: Path, dtype: torch.dtype = torch.float32) -> Vlm:
    """The model as it was saved in `folder` by `save_trained`. Raises: SettingsError where it was not."""
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not there: run accelerate launch -m compare_vlm.train_lora first.")
    vlm = open_vlm(row, dtype)
    if row.lora is None:
        vlm.model = type(vlm.model).from_pretrained(folder, dtype=dtype)
    else:
        vlm.model = PeftModel.from_pretrained(vlm.model, folder)
    return vlm


def with_answers(inputs: BatchFeature, answers: Tensor) -> dict[str, Tensor]:
    """A prompt's inputs with tokens behind it.

    Args: answers: (N, L) int64, padded with anything behind their ends.
    Returns: inputs of the model; the logits of position -L-1 and on are those of the answers' tokens.
    """
    more = torch.ones_like(answers)
    extended = dict(inputs)
    extended["input_ids"] = torch.cat([inputs["input_ids"], answers], 1)
    extended["attention_mask"] = torch.cat([inputs["attention_mask"], more], 1)
    if "token_type_ids" in inputs:  # PaliGemma looks both ways in the prompt (0) and back in the answer (1)
        extended["token_type_ids"] = torch.cat([inputs["token_type_ids"], more], 1)
    if "cross_attention_mask" in inputs:  # Mllama: an answer's tokens see what the prompt's last one sees
        mask = inputs["cross_attention_mask"]
        extended["cross_attention_mask"] = torch.cat([mask, mask[:, -1:].repeat(1, answers.shape[1], 1, 1)], 1)
    return extended
