"""The comparison, on models with random weights: answers, training, figures, the report."""

import hashlib
import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F

from compare_vlm import pretrained, train_lora
from compare_vlm.answers import NameTrie, beam_answers, exact_scores, parse, whole_scores
from compare_vlm.architectures import ARCHITECTURES
from compare_vlm.backbones import open_backbone
from compare_vlm.dry_run import plan
from compare_vlm.evaluate import main as evaluate
from compare_vlm.evaluate import measure_row
from compare_vlm.measure import ranked_metrics
from compare_vlm.models import open_trained, open_vlm
from compare_vlm.new_model import make
from compare_vlm.publish_adapter import publish
from compare_vlm.questions import Questions, open_names, square
from compare_vlm.report import write_report
from compare_vlm.rows import read_table
from compare_vlm.settings import BackboneRow, LoraSettings, VlmRow, open_row
from compare_vlm.smoke import LAUNCH
from fontid.catalogue.faces import nested_order
from fontid.evaluation.experiment import SettingsError, entries, read_result, read_results, write_result
from fontid.identifier import SHIPPED
from tests.conftest import ROOT, run_command, run_module

NAMES = ["Noto Sans", "Noto Sans JP", "Roboto", "Lora", "Open Sans", "Pacifico", "ABeeZee"]
VLM = {
    "kind": "vlm",
    "gradient_checkpointing": False,
    "question": "font?",
    "splits": ["test"],
    "limit": 12,
    "lora": {"dropout": 0.0},
    "training": {"steps": 40, "batch_size": 8, "learning_rate": 5.0e-3, "warmup_steps": 4, "precision": "no"},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for architecture in ("paligemma", "mllama", "dinov2", "efficientnet"):
        make(architecture, folder / architecture, "tiny")
    return folder


@pytest.fixture
def pictures(rng) -> list[Image.Image]:
    return [Image.fromarray(rng.integers(0, 255, (30, 200), dtype=np.uint8)) for _ in range(2)]


def write_row(folder: Path, prepared: Path, **values) -> Path:
    """A row on the tiny data set."""
    path = folder / "row.yaml"
    path.write_text(yaml.safe_dump({"data": str(prepared / "datasets" / "tiny")} | values))
    return path


def train(row: Path, run: Path, home: Path, *flags: str, **environment: str) -> str:
    words = (*LAUNCH, *flags, "-m", "compare_vlm.train_lora", row, "--run", run)
    done = run_command(sys.executable, "-m", *words, FONTID_DATA=str(home), **environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def losses(run: Path) -> dict[int, float]:
    return {row["step"]: row["loss"] for row in map(json.loads, (run / "log.jsonl").read_text().splitlines())}


@pytest.mark.parametrize("architecture", ["paligemma", "mllama"])
def test_answers_are_names_with_their_likelihood(models, pictures, architecture):
    """Beams are distinct names and score what reading every name anew gives; another picture, other scores."""
    vlm = open_vlm(VlmRow("vlm", model=str(models / architecture), beams=len(NAMES)))
    vlm.model.eval()
    trie = NameTrie(vlm, NAMES)
    ranked = beam_answers(vlm, trie, pictures, 5)
    exact = [exact_scores(vlm, trie, picture) for picture in pictures]
    for answers, scores, picture in zip(ranked, exact, pictures, strict=True):
        assert torch.allclose(scores, whole_scores(vlm, trie, picture), atol=1e-3)
        assert [number for number, _ in answers] == scores.argsort(descending=True)[:5].tolist()
        best = scores.sort(descending=True).values[:5].tolist()
        assert [score for _, score in answers] == pytest.approx(best, abs=1e-3)
    assert not torch.allclose(exact[0], exact[1], atol=1e-2)


@pytest.mark.parametrize("architecture", ["paligemma", pytest.param("mllama", marks=pytest.mark.slow)])
def test_an_adapter_is_learned_saved_resumed_and_merged(models, prepared, tmp_path, architecture):
    row = write_row(tmp_path, prepared, **VLM, model=str(models / architecture))
    train(row, tmp_path / "run", prepared)
    found = losses(tmp_path / "run")
    assert found[40] < 0.5 * found[1]
    newest = tmp_path / "run" / "checkpoints" / "step-0000040"
    assert all("lora" in name for name in load_file(newest / "trainable.safetensors"))
    assert not list(newest.glob("model*"))  # the frozen weights are not written again
    settings = open_row(row)
    metrics = measure_row(settings, tmp_path / "run", exact=2)
    assert metrics["splits"]["test"]["n"] == 12 and metrics["splits"]["test"]["twins"]["invalid"] == 0
    assert metrics["exact"]["first_five"] > 0.7 and metrics["training"]["steps"] == 40
    publish(settings, tmp_path / "run" / "trained", tmp_path / "merged", None)
    names = open_names(settings.data_folder, None, SHIPPED / "faces.jsonl.gz")
    picture = Questions(settings.data_folder, "test", names)[0].picture
    adapted = open_trained(settings, tmp_path / "run" / "trained", torch.bfloat16)
    merged = open_vlm(VlmRow("vlm", model=str(tmp_path / "merged"), question="font?"), torch.bfloat16)
    for vlm in (adapted, merged):
        vlm.model.eval()
    tries = ((vlm, NameTrie(vlm, list(names.names))) for vlm in (adapted, merged))
    ours, theirs = (exact_scores(vlm, trie, picture).log_softmax(0) for vlm, trie in tries)
    assert (ours - theirs).abs().max() < 1.5  # bfloat16 rounds the merged weights


def test_a_run_goes_on_exactly_and_two_processes_do_what_one_does(models, prepared, tmp_path):
    training = VLM["training"] | {"steps": 20, "checkpoint_every": 10}
    row = write_row(tmp_path, prepared, **VLM | {"model": str(models / "paligemma"), "training": training})
    train(row, tmp_path / "whole", prepared)
    two = train(row, tmp_path / "two", prepared, "--multi_gpu", "--num_processes", "2", ACCELERATE_USE_CPU="true")
    assert json.loads(two.strip().splitlines()[-1])["processes"] == 2
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "whole"), abs=1e-3)
    # as if it had been killed after its tenth step
    target = tmp_path / "whole" / "checkpoints" / "step-0000020"
    wanted = load_file(target / "trainable.safetensors")
    shutil.rmtree(target)
    assert "Goes on from" in train(row, tmp_path / "whole", prepared)
    found = load_file(target / "trainable.safetensors")
    assert found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in found)


@pytest.mark.parametrize(("model", "lora"), [("dinov2", None), ("dinov2", {"rank": 4}), ("efficientnet", {"rank": 4})])
def test_a_backbone_is_probed_or_adapted(models, prepared, tmp_path, model, lora):
    values = {key: VLM[key] for key in ("splits", "limit", "training")}
    values |= {"kind": "backbone", "model": str(models / model), "lora": lora}
    row = write_row(tmp_path, prepared, **values)
    train(row, tmp_path / "run", prepared)
    metrics = measure_row(open_row(row), tmp_path / "run")
    assert metrics["splits"]["test"]["n"] == 12
    trained = set(load_file(tmp_path / "run" / "checkpoints" / "step-0000040" / "trainable.safetensors"))
    assert any("lora" in name for name in trained) == (lora is not None)
    assert {"head.weight", "head.bias"} <= trained and not any("embeddings" in name for name in trained)


def test_statistics_of_a_frozen_backbone_stay(models, rng):
    """Nor does a picture's embedding depend on those beside it in training. Adapters lie on convolutions."""
    row = BackboneRow("backbone", model=str(models / "efficientnet"), lora=LoraSettings(dropout=0.0))
    model = open_backbone(row, 3).model
    adapted = {name.split(".")[-4] for name, one in model.named_parameters() if one.requires_grad and "lora" in name}
    assert adapted == {"expand_conv", "project_conv", "top_conv"}
    before = {name: one.clone() for name, one in model.named_buffers()}
    pixels = torch.from_numpy(rng.normal(size=(4, 3, 32, 32))).float()
    together = model.train()(pixels)
    assert torch.allclose(together[:1], model(pixels[:1]), atol=1e-5)
    assert before and all(torch.equal(one, before[name]) for name, one in model.named_buffers())


STATISTICS = ("running_mean", "running_var", "weight", "bias")
LITE0_STAGES = (  # expansion, channels, blocks, kernel, stride
    (1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 2, 5, 2), (6, 80, 3, 3, 2), (6, 112, 3, 5, 1), (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)  # fmt: skip


def lite0_features(pixels: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    """EfficientNet-Lite0 written out: (N, 3, H, W) -> (N, 1280). Random weights, named as the package's, are added."""

    def layer(x, part: str, norm: str, out: int, kernel: int, stride: int = 1, groups: int = 1, active: bool = True):
        shape = (out, x.shape[1] // groups, kernel, kernel)
        weights[f"{part}.weight"] = torch.randn(shape) * np.prod(shape[1:]) ** -0.5
        weights.update({f"{norm}.{name}": 1 + 0.1 * torch.randn(out) for name in STATISTICS})
        weights[f"{norm}.num_batches_tracked"] = torch.tensor(1)
        short = (-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1]
        x = F.pad(x, [short // 2, short - short // 2] * 2)
        x = F.conv2d(x, weights[f"{part}.weight"], stride=stride, groups=groups)
        x = F.batch_norm(x, *(weights[f"{norm}.{name}"] for name in STATISTICS), eps=1e-3)
        return F.relu6(x) if active else x

    x, block = layer(pixels, "_conv_stem", "_bn0", 32, 3, 2), 0
    for expansion, out, repeats, kernel, stride in LITE0_STAGES:
        for position in range(repeats):
            before, at, wide = x, f"_blocks.{block}", x.shape[1] * expansion
            if expansion > 1:
                x = layer(x, f"{at}._expand_conv", f"{at}._bn0", wide, 1)
            x = layer(x, f"{at}._depthwise_conv", f"{at}._bn1", wide, kernel, 1 if position else stride, wide)
            x = layer(x, f"{at}._project_conv", f"{at}._bn2", out, 1, active=False)
            x, block = x + before if position else x, block + 1
    return layer(x, "_conv_head", "_bn1", 1280, 1).mean((2, 3))


def test_a_package_s_weights_are_opened_by_transformers(tmp_path, monkeypatch, pictures):
    """Features are those of the network written out, and the licence lies beside them."""
    monkeypatch.setenv("FONTID_DATA", str(tmp_path))
    row = BackboneRow("backbone", model="models/efficientnet-lite0")
    with pytest.raises(SettingsError, match="compare_vlm.pretrained"):
        open_backbone(row, 3)
    with pytest.raises(SystemExit, match="pip install"):
        pretrained.main([])
    pixels = torch.rand(2, 3, 224, 224)
    wanted = lite0_features(pixels, weights := {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)})
    path = tmp_path / pretrained.WEIGHTS
    about = tmp_path / f"{pretrained.PACKAGE}-{pretrained.VERSION}.dist-info"
    for folder in (path.parent, about):
        folder.mkdir(parents=True)
    torch.save(weights, path)
    (about / "METADATA").write_text(f"Name: {pretrained.PACKAGE}\nVersion: {pretrained.VERSION}\n")
    (about / "LICENSE").write_text("Apache")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit, match="is not the file of"):
        pretrained.main([])
    monkeypatch.setattr(pretrained, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    pretrained.main([])
    assert (tmp_path / "models" / "efficientnet-lite0" / "LICENSE").read_text() == "Apache"
    backbone = open_backbone(row, 3)
    seen = backbone.pixels(pictures)
    assert seen.shape == pixels.shape and -1 <= seen.min() < -0.9 and 0.9 < seen.max() <= 1
    found = backbone.model.eval().backbone(pixel_values=pixels).pooler_output
    assert wanted.std() > 0.1 and torch.allclose(found, wanted, atol=1e-4)


def test_the_encoder_and_baselines_answer_the_same_questions(prepared, tmp_path):
    rows = (open_row(write_row(tmp_path, prepared, kind=kind, splits=["test"])) for kind in ("encoder", "classical"))
    ours, theirs = (measure_row(row, tmp_path)["splits"]["test"] for row in rows)
    assert ours["n"] == theirs["n"] == sum(part["n"] for part in ours["by_category"].values()) > 30
    assert ours["twins"]["top1"] > 0.9 > theirs["twins"]["top1"] > 0.2
    assert ours["twins"]["top1"] >= ours["strict"]["top1"]


def test_metrics_against_their_definition():
    right = [["a", "b"], ["c"], ["d"], ["e"]]
    found = ranked_metrics([["b", "x"], ["x", "c"], ["x", "y"], [""]], right, list("abcdexy"))
    assert found == {"top1": 0.25, "top5": 0.5, "mrr": 0.375, "invalid": 0.25}


def test_a_free_answer_is_parsed():
    assert parse("I think this is Noto Sans JP, in bold.", NAMES) == NAMES.index("Noto Sans JP")
    assert parse("It is Roboto or Lora", NAMES) == NAMES.index("Roboto")
    assert parse("Robotomy", NAMES) is None and parse("", NAMES) is None


def test_a_line_is_folded_whole():
    """Every column of ink is in the square once."""
    line = Image.new("L", (1000, 40), 255)
    line.paste(0, (0, 0, 1000, 20))
    folded = square(line, fold=True)
    assert folded.width == folded.height < 300
    assert (np.asarray(folded.convert("L")) == 0).sum() == 20_000
    assert square(line, fold=False).width > 1000


def test_nested_families():
    """Smaller catalogues lie in larger ones, and pictures that mislead spell a family of the same."""
    families = [f"family-{number}" for number in range(300)]
    order = nested_order(families)
    assert sorted(order) == sorted(families) and nested_order(reversed(families)) == order
    assert [family for family in order if family in set(order[:40])] == order[:40]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "oracle"}, "kind must be one of"),
        ({"kind": "encoder", "artifact": "nowhere"}, "nowhere"),
        ({"kind": "vlm", "model": "models/none"}, "compare_vlm.new_model"),
        ({"kind": "vlm", "model": "x", "gpu_gb": 9999}, "x needs a GPU of 9999 GB"),
        ({"kind": "vlm", "model": "x", "colour": 1}, "unknown key 'colour'"),
        ({"kind": "classical", "splits": ["none"]}, "No split 'none'"),
        ({"kind": "classical", "data": "/nowhere/small"}, "render_dataset --preset small"),
    ],
)
def test_what_is_missing_is_told(prepared, tmp_path, values, said):
    zero_shot = {"zero_shot": True} if values["kind"] == "vlm" else {}
    with pytest.raises(SystemExit, match=re.escape(said)):
        evaluate([str(write_row(tmp_path, prepared, **zero_shot | values))])


def test_without_the_hub_one_sentence(prepared, tmp_path):
    row = write_row(tmp_path, prepared, kind="vlm", zero_shot=True, model="google/paligemma2-3b-pt-224")
    run = run_module("compare_vlm.evaluate", row, data_home=prepared)
    assert run.returncode == 1 and "hub cannot be reached" in run.stderr and "Traceback" not in run.stderr


def test_the_report_tells_measured_from_smoke_and_not_run(tmp_path):
    """The winner is the best row that was measured, is no smoke, and fits the server."""
    rows, results = tmp_path / "rows.yaml", tmp_path / "results"
    measured = {"slow": (0.9, 5000), "good": (0.8, 300), "poor": (0.3, 10), "trial": (1.0, 10)}
    for name, (top1, milliseconds) in measured.items():
        figures = {"top1": top1, "top5": 1.0, "mrr": 0.5, "invalid": 0.0}
        accuracy = {"n": 2, "strict": figures, "twins": figures}
        answer = "Roboto" if name == "poor" else "Lora"
        example = {"text": "Abc", "family": "Lora", "answer": answer, "right": answer == "Lora"}
        split = accuracy | {"by_length": {"1-4": accuracy}, "by_category": {"serif": accuracy}}
        split |= {"ms_per_image": milliseconds, "examples": [example]}
        metrics = {"families": 5, "splits": {"chromium": split}, "parameters": 1, "disk_mb": 1.0, "peak_rss_mb": 500}
        path = Path(f"{results / 'vlm.jsonl'}#{name}-all")
        write_result(path, settings={"kind": "classical"}, command="x", metrics=metrics, smoke=name == "trial")
    table = {name: {"kind": "classical", "label": name, "note": f"why {name}"} for name in (*measured, "absent")}
    rows.write_text(yaml.safe_dump(table))
    summary = write_report(rows, results, tmp_path / "out")
    assert summary["winner"]["label"] == "good"
    assert summary["rows"] == {"measured here": 3, "smoke": 1, "not run": 1}
    markdown, html = ((tmp_path / "out" / f"report.{kind}").read_text() for kind in ("md", "html"))
    assert "why absent" in markdown and "(disagreements.webp)" in markdown
    assert html.count("data:image/webp") == 4 and ".webp" not in html
    assert read_result(results / "once.jsonl#comparison")["metrics"] == summary


def test_what_ships_is_the_winner():
    winner = read_result(ROOT / "results" / "once.jsonl#comparison")["metrics"]["winner"]
    shipped = {one["parts"]["encoder.onnx"] for one in read_results(ROOT / "results" / "models.jsonl").values()}
    assert winner["encoder_sha256"] in shipped
    ships = winner["encoder_sha256"] == hashlib.sha256((SHIPPED / "encoder.onnx").read_bytes()).hexdigest()
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert ships != ("compares an earlier encoder" in page)
    assert read_result(ROOT / winner["file"])["metrics"]["encoder_sha256"] == winner["encoder_sha256"]


def test_the_files_are_sound():
    for path in entries(ROOT / "experiments" / "vlm.yaml"):
        assert open_row(path).label
    assert all(row["source"].startswith("arXiv ") for row in read_table(ROOT / "compare_vlm" / "published.yaml"))
    assert len(read_table(ROOT / "compare_vlm" / "plan.yaml")) >= 3
    for name, architecture in (("llama", "mllama"), ("paligemma", "paligemma")):
        path = ROOT / "experiments" / "accelerate" / f"fsdp2_{name}.yaml"
        config = load_config_from_file(str(path))
        assert config.distributed_type == "FSDP" and config.fsdp_config["fsdp_version"] == 2
        wrapped = config.fsdp_config["fsdp_transformer_layer_cls_to_wrap"].split(",")
        assert tuple(wrapped) == ARCHITECTURES[architecture].layers


def test_a_row_without_training_is_not_trained(tmp_path):
    row = tmp_path / "row.yaml"
    row.write_text("kind: encoder\n")
    with pytest.raises(SystemExit, match="is not trained"):
        train_lora.main([str(row)])
    with pytest.raises(SettingsError, match="cannot be read"):
        open_row(tmp_path / "absent.yaml")


@pytest.mark.slow
def test_the_smoke_report(tmp_path):
    run = run_module("compare_vlm.report", "--smoke", "--out", tmp_path, data_home=tmp_path / "none")
    assert run.returncode == 0, run.stderr[-2000:]
    html = (tmp_path / "report.html").read_text()
    assert html.count("<td>smoke</td>") >= 7 and "measured here</td>" not in html


# --- what a training would take


def lora_weights(rank: int, *layers: tuple[int, int, int]) -> int:
    """Of adapters beside linear layers: count, inputs and outputs of each kind."""
    return rank * sum(count * (inputs + outputs) for count, inputs, outputs in layers)


def test_a_dry_run_stands_on_the_true_shapes():
    """PaliGemma 2 3B has 3.03 billion parameters (its card); adapters lie beside every linear layer of both towers."""
    row = open_row(ROOT / "experiments" / "vlm.yaml#paligemma2_3b")
    found = plan(row)
    text = [(26, 2304, 2048), (52, 2304, 1024), (26, 2048, 2304), (52, 2304, 9216), (26, 9216, 2304)]
    vision = [(108, 1152, 1152), (27, 1152, 4304), (27, 4304, 1152)]
    assert found.trainable == lora_weights(16, *text, *vision, (1, 1152, 2304))
    assert found.parameters - found.trainable == pytest.approx(3.03e9, rel=0.005)
    assert found.weights_gb == pytest.approx(2 * 3.03, abs=0.1)
    assert found.images == row.training.steps * row.training.batch_size
    assert found.hours == pytest.approx(found.images / found.images_per_second / 3600, rel=0.05)
    # forwards twice, since layers are checkpointed, and backwards once: 6 operations a weight and token
    tokens = {"text": 256 + 40, "vision": 256}
    least = 6 * (2.02e9 * tokens["text"] + 0.41e9 * tokens["vision"]) / 1e12
    assert least < found.operations < 1.3 * least
    halves = plan(replace(row, training=replace(row.training, accumulate=4), four_bit=True), price=8.0)
    assert halves.weights_gb < found.weights_gb / 3 and halves.memory_gb < found.memory_gb
    assert halves.dollars == pytest.approx(2 * found.dollars, abs=1) and halves.hours == found.hours
    unchecked = plan(replace(row, gradient_checkpointing=False))
    assert unchecked.memory_gb > 2 * found.memory_gb and unchecked.operations < 0.8 * found.operations


def test_the_plan_of_the_report_agrees_with_a_dry_run():
    told = yaml.safe_load((ROOT / "compare_vlm" / "plan.yaml").read_text())[0]
    found = plan(open_row(ROOT / "experiments" / "vlm.yaml#paligemma2_3b"))
    low, high = map(float, told["images_per_second"].split("-"))
    assert low <= found.images_per_second <= high
    assert found.memory_gb <= float(told["gpu_memory"].split()[0].split("-")[1])
    assert found.images == int(told["images"].replace(",", ""))


@pytest.mark.slow
def test_llama_fits_into_one_gpu():
    """It has 10.7 billion parameters by its card. Transformers keeps all activations of its vision tower."""
    found = plan(open_row(ROOT / "experiments" / "vlm.yaml#llama32_11b"))
    assert found.parameters - found.trainable == pytest.approx(10.67e9, rel=0.002) and found.memory_gb < 80


def test_a_dry_run_trains_nothing_and_needs_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FONTID_DATA", str(tmp_path / "data"))
    train_lora.main([str(ROOT / "experiments" / "vlm.yaml#paligemma2_3b"), "--dry-run", "--price", "2"])
    said = capsys.readouterr().out
    assert "3,061,759,728 parameters" in said and "dollars at 2 an hour" in said and "Nothing was loaded" in said
    assert not (tmp_path / "data").exists()
    for row, sentence in (("scratch", "models/paligemma-small are not known"), ("dinov2_lora", "no vision-language")):
        with pytest.raises(SystemExit, match=sentence):
            train_lora.main([str(ROOT / "experiments" / f"vlm.yaml#{row}"), "--dry-run"])
