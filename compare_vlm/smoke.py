"""Drive every entry point of the comparison with models of random weights, on fonts of the checkout, in minutes."""

import os
import shutil
import subprocess  # nosec B404: commands are lists that this project writes
import sys
from pathlib import Path

import yaml

from fontid.evaluation.experiment import SettingsError

ROOT = Path(__file__).parent.parent
FONTS = ROOT / "tests" / "fonts.zip"
TRAINING = {"steps": 30, "batch_size": 8, "learning_rate": 5.0e-3, "warmup_steps": 5, "precision": "no"}
LAUNCH = ("accelerate.commands.launch", "--num_processes", "1", "--num_machines", "1", "--mixed_precision", "no")


def smoke_rows(models: Path) -> dict[str, dict]:
    """Name -> content of its YAML file."""
    shared = {"kind": "vlm", "gradient_checkpointing": False, "training": TRAINING}
    paligemma = {**shared, "model": str(models / "paligemma")}
    backbone = {"kind": "backbone", "model": str(models / "dinov2"), "training": TRAINING}
    return {
        "encoder": {"kind": "encoder", "label": "fontid, encoder alone"},
        "hog": {"kind": "classical", "label": "HOG, nearest neighbour", "each": 10},
        "paligemma": {**paligemma, "label": "tiny PaliGemma 2, LoRA"},
        "paligemma-zero-shot": {**paligemma, "label": "tiny PaliGemma 2, zero-shot", "zero_shot": True},
        "llama": {**shared, "label": "tiny Llama-vision, LoRA", "model": str(models / "mllama")},
        "dinov2-probe": {**backbone, "label": "tiny DINOv2, linear probe"},
        "dinov2-lora": {**backbone, "label": "tiny DINOv2, LoRA", "lora": {"rank": 4, "alpha": 8}},
    }


def run_smoke(out: Path) -> tuple[Path, Path]:
    """Everything under `out/smoke`; what is there is not made again. Returns table of rows, folder of results.

    Raises: SettingsError with the end of what a step said.
    """
    home = out.resolve() / "smoke"
    data, models, rows, results = home / "datasets" / "tiny", home / "models", home / "rows.yaml", home / "results"
    if not (data / "README.md").exists():
        shutil.unpack_archive(FONTS, home / "fonts")
        step(home, "data_scripts.make_faces", "--out", home)
        step(home, "data_scripts.render_dataset", "--preset", "tiny")
    for architecture in ("paligemma", "mllama", "dinov2"):
        if not (models / architecture).is_dir():
            step(home, "compare_vlm.new_model", architecture, models / architecture)
    splits = [split for split in ("chromium", "stroop") if list((data / "data").glob(f"{split}-*"))] or ["test"]
    of_all = {"data": str(data), "splits": splits, "limit": 24}
    table = {name: {**row, **of_all} for name, row in smoke_rows(models).items()}
    rows.write_text(yaml.safe_dump(table, sort_keys=False))
    for name, row in table.items():
        path = f"{rows}#{name}"
        if "training" in row and not row.get("zero_shot"):
            step(home, *LAUNCH, "-m", "compare_vlm.train_lora", path)
        exact = ["--exact", "4"] if row["kind"] == "vlm" and not row.get("zero_shot") else []
        step(home, "compare_vlm.evaluate", path, "--results", results / "vlm.jsonl", "--smoke", *exact)
    return rows, results


def step(home: Path, *words: str | Path) -> None:
    command = [sys.executable, "-m", *map(str, words)]
    print(f"python -m {' '.join(map(str, words))}", flush=True)
    environment = os.environ | {"FONTID_DATA": str(home), "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # nosec B603: a list, no shell
    if run.returncode:
        raise SettingsError(f"{words[0]} ended with {run.returncode}: {(run.stderr or run.stdout).strip()[-1500:]}")
