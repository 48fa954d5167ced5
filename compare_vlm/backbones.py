"""A vision-only encoder of transformers with a linear head: what of a VLM's merit is its big vision tower's."""

from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub.errors import HfHubHTTPError
from peft import LoraConfig, PeftModel, get_peft_model
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoImageProcessor, AutoModel, BaseImageProcessor

from compare_vlm.models import check_gpu
from compare_vlm.questions import square
from compare_vlm.settings import BackboneRow
from fontid.evaluation.experiment import SettingsError
from fontid.hub import why

TARGETS = (  # DINOv2's, SigLIP's, and EfficientNet's convolutions of one pixel
    r".*\.(query|key|value|dense|q_proj|k_proj|v_proj|out_proj|fc1|fc2|expand_conv|project_conv|top_conv)"
)


class Classifier(nn.Module):
    """(N, 3, H, W) pixels -> (N, families) scores."""

    def __init__(self, backbone: nn.Module, families: int) -> None:
        super().__init__()
        self.backbone = backbone
        width = getattr(backbone.config, "hidden_size", None) or backbone.config.hidden_dim  # EfficientNet's
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, families)

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.head(self.norm(self.backbone(pixel_values=pixel_values).pooler_output.float()))

    def train(self, mode: bool = True) -> "Classifier":
        """As of any module, but the statistics of batch norms stay those that the backbone came with."""
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


@dataclass
class Backbone:
    """A classifier with its processor; its model is a `Classifier`."""

    model: Classifier
    processor: BaseImageProcessor
    row: BackboneRow

    def pixels(self, pictures: list[Image.Image]) -> Tensor:
        squares = [square(picture, self.row.fold) for picture in pictures]
        return self.processor(images=squares, return_tensors="pt")["pixel_values"]


def open_backbone(row: BackboneRow, families: int) -> Backbone:
    """Frozen, with a new head, and adapters where the row has them. Raises: SettingsError."""
    check_gpu(row)
    source = row.source
    try:
        processor = AutoImageProcessor.from_pretrained(source, revision=row.revision)
        model = AutoModel.from_pretrained(source, revision=row.revision)
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise SettingsError(why(error, row.model, row.revision)) from error
    model = getattr(model, "vision_model", model)  # SigLIP comes with a text tower
    model.requires_grad_(False)
    if row.lora is not None:
        lora = row.lora
        config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=TARGETS)
        model = get_peft_model(model, config)
    torch.manual_seed(row.seed)
    return Backbone(Classifier(model, families), processor, row)


def save_backbone(backbone: Backbone, folder: Path) -> None:
    """Head, and adapter where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    head = {name: tensor for name, tensor in backbone.model.state_dict().items() if not name.startswith("backbone.")}
    save_file(head, folder / "head.safetensors")
    if isinstance(backbone.model.backbone, PeftModel):
        backbone.model.backbone.save_pretrained(folder)


def open_trained_backbone(row: BackboneRow, families: int, folder: Path) -> Backbone:
    """As it was saved. Raises: SettingsError."""
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not there: run accelerate launch -m compare_vlm.train_lora first.")
    backbone = open_backbone(row, families)
    if row.lora is not None:
        frozen = backbone.model.backbone.unload()
        backbone.model.backbone = PeftModel.from_pretrained(frozen, folder)
    backbone.model.load_state_dict(load_file(folder / "head.safetensors"), strict=False)
    return backbone
