"""Training: losses by their formula, augmentation, one batch learned, a killed run that resumes exactly."""

import ast
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from accelerate import Accelerator
from accelerate.commands.config.config_args import load_config_from_file
from PIL import Image
from safetensors.torch import load_file
from torch.utils.data import DataLoader

from benchmarks import measure_details, measure_encoder
from data_scripts import render_dataset
from fontid.encoder.preprocessing import Preprocessing, windows_of
from fontid.evaluation.experiment import SettingsError, read_result
from fontid.evaluation.folders import Sample
from fontid.identifier import FontIdentifier
from fontid.networks import open_network
from release import average, export_onnx, quantise
from tests.conftest import FONTS, MODEL, ROOT, draw, until
from train import batches, make_prototypes, train_encoder
from train.augment import Augment, Augmentation
from train.encoder import Encoder
from train.line_cache import open_cache
from train.loop import learning_rate_at
from train.losses import LossSettings, make_loss
from train.settings import TrainSettings
from train.stopwatch import Stopwatch
from train.train_encoder import family_of_face, load_artifact, read_twins, to_input
from train.train_letters import load_letters
from train.view import View

SMALL = {"widths": [8, 12, 16, 16, 16], "depths": [1, 1, 1, 1, 1], "dimension": 32}  # an encoder
QUICK = {"steps": 30, "warmup_steps": 5, "batch_size": 16, "evaluate_every": 15, "checkpoint_every": 10}
QUICK |= {"encoder": SMALL}


def write_experiment(path: Path, prepared: Path, **settings) -> Path:
    """A run on the tiny data set, watched by nobody."""
    common = {"data": str(prepared / "datasets" / "tiny"), "precision": "no", "tracker": "none"}
    path.write_text(yaml.safe_dump(common | settings))
    return path


@pytest.fixture(scope="module")
def lines(prepared):
    return open_cache(prepared / "datasets" / "tiny", "train", TrainSettings("tiny", 1).preprocessing)


def test_learning_rate_rises_and_falls():
    settings = TrainSettings("x", steps=100, warmup_steps=10)
    rates = [learning_rate_at(step, settings) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[9] == 1.0 and rates[100] == pytest.approx(0)
    assert rates[55] == pytest.approx(0.5)


def test_labels_of_faces_are_of_their_family(lines):
    family_of = family_of_face(lines)
    assert (family_of[lines.face].numpy() == lines.family).all()


def test_families_of_faces_on_axes(tmp_path):
    ids = ["a-b-400-normal", "a-b-700-italic-wdth75", "x-400-normal-opsz36-wdth75"]
    lines = SimpleNamespace(face_names=ids, family_names=["x", "a-b"])
    assert family_of_face(lines).tolist() == [1, 1, 0]


def test_windows_hold_their_line(lines):
    dataset = batches.WindowDataset(lines, 320)
    wide = int(np.argmax(np.diff(lines.starts)))
    narrow = int(np.argmin(np.diff(lines.starts)))
    batch = dataset.__getitems__([(wide, 0.0), (wide, 1.0), (narrow, 0.5)])
    assert (batch["window"][0, 0].numpy() == lines[wide][:, :320]).all()
    assert (batch["window"][1, 0].numpy() == lines[wide][:, -320:]).all()
    assert batch["window"][2].sum() == int(lines[narrow].sum(dtype=np.int64))
    assert batch["face"].tolist() == lines.face[[wide, wide, narrow]].tolist()
    middle = batches.MiddleWindows(lines, 256, np.array([wide]))
    assert len(middle) == 1 and middle.__getitems__([0])["face"].item() == lines.face[wide]


def test_sampler_is_seeded_by_epoch_and_prefers_regular_faces(lines):
    regular = {lines.face_names.index("roboto-400-normal")}
    sampler = batches.FamilySampler(lines, np.arange(len(lines)), regular, 0.8, 4000, seed=1)
    first, again = list(sampler), list(sampler)
    assert first == again
    sampler.set_epoch(1)
    assert list(sampler) != first
    drawn = [lines.face_names[lines.face[line]] for line, _ in first]
    roboto = [name for name in drawn if name.startswith("roboto-")]
    assert 0.7 < np.mean([name == "roboto-400-normal" for name in roboto]) < 0.9


@pytest.mark.parametrize("processes", [1, 2])
def test_resident_lines_give_the_same_batches(lines, processes):
    """Windows cut in the accelerator's memory are the loader's, pixel by pixel, each process with its part."""
    sampler = batches.FamilySampler(lines, np.arange(len(lines)), set(), 0.8, 96, seed=1)
    loader = DataLoader(batches.WindowDataset(lines, 320), 32, sampler=sampler, collate_fn=batches.as_fetched)
    parts = []
    for process in range(processes):
        place = SimpleNamespace(device=torch.device("cpu"), process_index=process, num_processes=processes)
        parts.append(list(batches.ResidentBatches(lines, 320, sampler, 32, place)))
    assert [len(part) for part in parts] == [3] * processes
    for number, batch in enumerate(loader):
        for process, part in enumerate(parts):
            assert (part[number]["window"] == batch["window"][process::processes]).all()
            assert (part[number]["face"] == batch["face"][process::processes]).all()


KINDS = [name for name in Augmentation.__dataclass_fields__ if not name.startswith("strongest")]
NONE = dict.fromkeys(KINDS, 0.0)


def test_the_stopwatch_tells_where_time_goes():
    """A slow loader, a slow evaluation, a slow step, each by a clock of our own: each second is counted once."""
    now = 0.0

    def spend(seconds: float) -> None:
        nonlocal now
        now += seconds

    def slow_loader():
        for batch in range(4):
            spend(3)
            yield batch

    watch = Stopwatch(lambda: now)
    for batch in watch.batches(slow_loader()):
        spend(1)
        watch.count(10)
        if batch == 1:
            with watch.apart("eval_seconds"):
                spend(7)
    with watch.apart("checkpoint_seconds"):
        spend(5)
    figures = watch.read()
    assert figures == {
        "epoch_seconds": 16.0,
        "data_wait_seconds": 12.0,
        "eval_seconds": 7.0,
        "checkpoint_seconds": 5.0,
        "images_per_second": 40 / 16,
    }
    spend(2)
    assert watch.read()["epoch_seconds"] == 2.0  # the next reading begins where this one ended


@pytest.fixture(scope="module")
def windows(lines):
    return batches.WindowDataset(lines, 320).__getitems__([(line, 0.5) for line in range(0, 160, 10)])["window"] / 255


def augmented(windows: torch.Tensor, **shares: float) -> torch.Tensor:
    return Augment(Augmentation(**NONE | shares), 256)(windows.clone(), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", KINDS)
def test_each_augmentation_acts_alone(windows, kind):
    plain, changed = augmented(windows), augmented(windows, **{kind: 1.0})
    assert torch.allclose(plain, windows[..., 32:-32], atol=1e-4)  # nothing but the crop to the encoder's window
    assert changed.shape == (16, 1, 64, 256) and changed.min() >= 0 and changed.max() <= 1
    assert ((changed - plain).abs().amax((1, 2, 3)) > 0.02).float().mean() > 0.55
    assert torch.equal(changed, augmented(windows, **{kind: 1.0}))


def test_stronger_noise_is_stronger(windows):
    plain, (weak, strong) = windows[..., 32:-32], (augmented(windows, noise=1, strongest_noise=n) for n in (0.05, 0.4))
    assert (strong - plain).abs().mean() > 3 * (weak - plain).abs().mean()


def test_polarity_is_swapped(windows):
    assert torch.allclose(augmented(windows, polarity=1.0), 1 - windows[..., 32:-32], atol=1e-4)


@pytest.mark.parametrize("height", [32, 48, 64])
def test_shortcuts_fit_windows_of_every_height(height):
    windows = View(height=height)(torch.rand(2, 1, 64, 256))
    encoder = Encoder((8, 12, 16, 24, 32), (1, 1, 1, 1, 1), 16).eval()
    x = encoder.stem(windows)
    for block in encoder.stages:
        body, shortcut = block.body(x), block.shortcut(x)
        assert body.shape == shortcut.shape
        x = block(x)


def test_one_batch_is_learned(lines):
    """Encoder, loss and labels can learn at all: of one batch every face comes to be named."""
    torch.manual_seed(0)
    some = torch.randperm(len(lines))[:24].tolist()
    batch = batches.WindowDataset(lines, 256).__getitems__([(line, 0.5) for line in some])
    encoder, no_twins = Encoder((16, 24, 32, 48, 64), (1, 1, 1, 1, 1), 64), torch.zeros(0, 2, dtype=torch.int64)
    loss = make_loss(LossSettings(family_share=0.0), family_of_face(lines), no_twins, 64)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *loss.parameters()], 3.0e-3)
    for _ in range(150):
        embeddings = encoder(to_input(batch["window"]))
        optimizer.zero_grad()
        loss(embeddings, batch["face"]).backward()
        optimizer.step()
        if (loss.scores(embeddings).argmax(1) == batch["face"]).all():
            return
    pytest.fail("the batch was not learned")


def test_a_missing_data_set_is_told(tmp_path, monkeypatch):
    (tmp_path / "x.yaml").write_text("data: small\nsteps: 1\n")
    monkeypatch.setenv("FONTID_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match="render_dataset --preset small"):
        train_encoder.main([str(tmp_path / "x.yaml")])


def launch(
    experiment: Path, run: Path, home: Path, *flags: str, module: str = "train.train_encoder", **environment: str
) -> subprocess.Popen:
    command = [sys.executable, "-m", "accelerate.commands.launch", *(flags or ("--num_processes", "1"))]
    command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    command += ["-m", module, str(experiment), "--run", str(run)]
    variables = os.environ | {"FONTID_DATA": str(home), "HF_HUB_OFFLINE": "1"} | environment
    return subprocess.Popen(
        command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def finish(*launched, **more) -> str:
    """Launch a run and wait for its end. Returns what it printed."""
    process = launch(*launched, **more)
    output = process.communicate(timeout=300)[0].decode()
    assert process.returncode == 0, output[-2000:]
    return output


@pytest.fixture(scope="module")
def experiment(prepared, tmp_path_factory) -> Path:
    return write_experiment(tmp_path_factory.mktemp("experiments") / "quick.yaml", prepared, **QUICK)


@pytest.fixture(scope="module")
def whole_run(prepared, experiment, tmp_path_factory) -> Path:
    """A run that nobody disturbed."""
    run = tmp_path_factory.mktemp("whole")
    finish(experiment, run, prepared)
    watched = sorted(path.name for path in (run / "watched").iterdir())
    assert watched == ["step-0000015.png", "step-0000030.png"]
    return run


def test_a_run_starts_from_another(prepared, experiment, whole_run, monkeypatch):
    """Its weights are there at once: after one step at a learning rate of next to nothing they are still the same."""
    home = prepared
    target = home / "runs" / "quick"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copytree(whole_run / "checkpoints", target / "checkpoints", dirs_exist_ok=True)
    still = QUICK | {"steps": 1, "learning_rate": 1.0e-12}
    more = write_experiment(experiment.with_name("more.yaml"), prepared, **still, start_from="quick")
    finish(more, home / "runs" / "more", home)
    newest = max(int(path.name[5:]) for path in (target / "checkpoints").glob("step-*"))
    before, after = weights_at(target, newest), weights_at(home / "runs" / "more", 1)
    learned = [name for name in before if name.endswith("weight") or name == "proxies"]
    assert len(learned) > 5 and all(torch.allclose(before[name], after[name], atol=1e-5) for name in learned)
    write_experiment(more, prepared, **still, start_from="nowhere")
    monkeypatch.setenv("FONTID_DATA", str(home))
    with pytest.raises(SystemExit, match="train that run first"):
        train_encoder.main([str(more), "--run", str(home / "runs" / "none")])


def weights_at(run: Path, step: int) -> dict[str, torch.Tensor]:
    """Of the network, and of its loss where that has any."""
    files = (run / "checkpoints" / f"step-{step:07d}").glob("model*.safetensors")
    return {name: value for file in files for name, value in load_file(file).items()}


def kill_and_resume(first: int, last: int, *launched, **more) -> None:
    """Kill a run between two of its checkpoints, and have it go on to the later one, which is its end."""
    run = launched[1]
    process = launch(*launched, **more)
    until((run / "checkpoints" / f"step-{first:07d}").exists, 200)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (run / "checkpoints" / f"step-{last:07d}").exists()
    assert "Goes on from" in finish(*launched, **more)


def assert_same_weights(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_killed_run_resumes_exactly(prepared, experiment, whole_run, tmp_path):
    kill_and_resume(10, 30, experiment, tmp_path, prepared)
    assert_same_weights(weights_at(tmp_path, 30), weights_at(whole_run, 30))


@pytest.fixture
def grounds(prepared, rng):
    """A photograph for scenes."""
    folder = prepared / "grounds" / "train"
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(folder / "noise.jpg")


@pytest.mark.slow
@pytest.mark.usefixtures("grounds")
@pytest.mark.parametrize("network", ["letters", "encoder"])
def test_a_killed_run_in_scenes_resumes_exactly(prepared, tmp_path, network):
    """Also where lines through letters and plain ones are trained on together: of both it draws what the other drew."""
    steps = 12 if network == "letters" else 6
    often = {"steps": steps, "warmup_steps": 2, "batch_size": 8, "evaluate_every": steps, "checkpoint_every": 2}
    parts = {"letters": str(MODEL), "plain": str(prepared / "datasets" / "tiny"), "encoder": SMALL}
    if network == "letters":
        parts = {"widths": [16] * 4, "deepest": 1}
    experiment, module = write_experiment(tmp_path / "x.yaml", prepared, **often, **parts), f"train.train_{network}"
    finish(experiment, tmp_path / "whole", prepared, module=module)
    kill_and_resume(2, steps, experiment, tmp_path / "killed", prepared, module=module)
    assert_same_weights(weights_at(tmp_path / "killed", steps), weights_at(tmp_path / "whole", steps))


def test_two_kinds_of_batches_come_side_by_side(lines):
    accelerator = Accelerator(cpu=True)
    first, second = (batches.FamilySampler(lines, np.arange(len(lines)), set(), 0.4, 12 - 4 * n, n) for n in (0, 1))
    whole = batches.WholeLines(lines, 512, first, 3, accelerator)
    cut = batches.ResidentBatches(lines, 320, second, 4, accelerator)
    both = batches.SideBySide(whole, cut)
    drawn = list(both)
    assert len(both) == len(drawn) == 2  # as many as the shorter has
    for batch, scenes, plain in zip(drawn, whole, cut, strict=False):
        assert torch.equal(batch["face"], torch.cat([scenes["face"], plain["face"]]))
        assert torch.equal(batch["first"]["window"], scenes["window"]) and scenes["window"].shape == (3, 1, 64, 512)
        assert torch.equal(batch["second"]["window"], plain["window"]) and plain["window"].shape == (4, 1, 64, 320)


@pytest.mark.usefixtures("grounds")
def test_a_plain_data_set_of_other_faces_is_refused(prepared, tmp_path, monkeypatch):
    monkeypatch.setenv("FONTID_DATA", str(prepared))
    few = tmp_path / "few"
    arguments = ("--preset", "tiny", "--splits", "train", "--fonts", str(FONTS), "--out", str(few))
    table = [line for line in (prepared / "faces.jsonl").read_text().splitlines() if '"family": "lora"' in line]
    (tmp_path / "faces.jsonl").write_text("\n".join(table) + "\n")
    render_dataset.main([*arguments, "--faces", str(tmp_path / "faces.jsonl")])
    experiment = write_experiment(tmp_path / "x.yaml", prepared, **QUICK, letters=str(MODEL), plain=str(few))
    with pytest.raises(SystemExit, match="has other faces than"):
        train_encoder.main([str(experiment), "--run", str(tmp_path / "run")])
    for more, said in (
        ({"plain": str(few)}, "plain: needs letters"),
        ({"letters": str(tmp_path)}, "holds no letters.onnx"),
    ):
        write_experiment(experiment, prepared, **QUICK, **more)
        with pytest.raises(SystemExit, match=said):
            train_encoder.main([str(experiment), "--run", str(tmp_path / "run")])


TWO = ("--multi_gpu", "--num_processes", "2")  # for Accelerate this says "several processes", on CPUs too


@pytest.mark.parametrize("kind", [pytest.param("softmax", marks=pytest.mark.slow), "supcon"])
def test_two_processes_do_what_one_does(prepared, tmp_path, kind):
    """The same global batches: the same losses, and for one checkpoint the same metrics to the last digit."""
    often = {"steps": 12, "warmup_steps": 4, "batch_size": 16, "evaluate_every": 4, "checkpoint_every": 12}
    parts = {"encoder": SMALL | {"norm": "group"}, "loss": {"kind": kind}, "augmentation": NONE}
    experiment = write_experiment(tmp_path / "same.yaml", prepared, **often, **parts, lines_per_face=2)
    logs = {}
    for processes, flags in ((1, ("--num_processes", "1")), (2, TWO)):
        run = tmp_path / str(processes)
        finish(experiment, run, prepared, *flags, ACCELERATE_USE_CPU="true")
        logs[processes] = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        assert {row["processes"] for row in logs[processes]} == {processes}
    for one, two in zip(logs[1], logs[2], strict=True):
        assert one["step"] == two["step"] and one["loss"] == pytest.approx(two["loss"], rel=1e-4)
    assert logs[1][0]["loss"] - logs[1][-1]["loss"] > 1e-3  # and it is learning
    # a finished run is evaluated again
    output = finish(experiment, tmp_path / "1", prepared, *TWO, ACCELERATE_USE_CPU="true")
    (again,) = map(ast.literal_eval, set(re.findall(r"\{'validation_face_top1.*?\}", output)))
    assert again.items() <= logs[1][-1].items()


def refusal_of(main, *arguments: str) -> str:
    """The sentence that a program ends with; "" where it does what is asked."""
    try:
        main(list(arguments))
    except SystemExit as error:
        return str(error.code)
    return ""


def test_prototypes_and_export(prepared, experiment, whole_run, tmp_path, monkeypatch):
    """From a finished run to an artifact; and a data set with other labels is refused."""
    monkeypatch.setenv("FONTID_DATA", str(prepared))
    run = (str(experiment), "--run", str(whole_run))
    make_prototypes.main([*run, "--results", str(tmp_path / "results.jsonl")])
    metrics = read_result(tmp_path / "results.jsonl#quick")["metrics"]
    assert metrics["test"]["trained_families"]["n"] > 50
    assert set(metrics["validation_by_prototypes_per_face"]) == {"1", "1 and proxy", "1 and proxy three times"}
    # thirty steps teach little: either enough golden images came back, or the export refused
    model = tmp_path / "model"
    refusal = refusal_of(export_onnx.main, *run, "--out", str(model))
    assert bool(refusal) != (model / "config.json").exists() and "golden" in (refusal or "golden")
    if not refusal:
        before = (model / "prototypes.npy").read_bytes()
        assert not refusal_of(average.main, *run, "--model", str(model))  # with itself: half and half is the same
        after = np.load(io.BytesIO(before)).astype(np.float32) * np.load(model / "prototypes.npy")
        assert after.sum(1) == pytest.approx(1, abs=2e-3)
        shipped = load_letters(str(ROOT / "model"), torch.device("cpu"))
        export_onnx.export_letters(shipped, model / "letters.onnx")
        assert not refusal_of(quantise.main, "--model", str(model))
        assert not any(quantise.is_whole(model / f"{network}.onnx") for network in quantise.LAYERS)
        pictures = np.full((1, 3, 96, 64), 0.5, np.float32)
        pictures[..., 30:60, 20:28] = 0
        (rounded,) = open_network(model / "letters.onnx").run(None, {"pictures": pictures})
        whole = shipped(torch.from_numpy(pictures)).sigmoid().numpy(force=True)
        assert np.abs(rounded - whole).max() < 0.1 < np.ptp(whole)
        assert "already" in refusal_of(quantise.main, "--model", str(model))
    content = dict(np.load(whole_run / "prototypes.npz"))
    permuted = tmp_path / "permuted"
    permuted.mkdir()
    (permuted / "best").symlink_to(whole_run / "best")
    np.savez(permuted / "prototypes.npz", **content | {"names": np.roll(content["names"], -1)})
    refusal = refusal_of(export_onnx.main, str(experiment), "--run", str(permuted), "--out", str(tmp_path / "other"))
    assert "name other faces" in refusal and not (tmp_path / "other").exists()


def test_a_run_with_settings_of_its_own_is_exported(prepared, tmp_path, monkeypatch):
    """The artifact embeds lines as the run does: with the run's preprocessing and behind the run's view."""
    monkeypatch.setenv("FONTID_DATA", str(prepared))
    own = Preprocessing(height=49, ink_height=40, window=192)
    run, data = tmp_path / "run", prepared / "datasets" / "tiny"
    parts = {"preprocessing": asdict(own), "view": {"height": 32, "binary": True}}
    experiment = write_experiment(tmp_path / "own.yaml", prepared, **QUICK, **parts)
    torch.manual_seed(0)
    encoder = Encoder((8, 12, 16, 16, 16), (1, 1, 1, 1, 1), 32).eval()
    encoder.save_pretrained(run / "best")
    make_prototypes.main([str(experiment), "--run", str(run), "--results", str(tmp_path / "results.jsonl")])

    def first_lines(rows, identifier, count):  # nothing is learned: hardly a label would come back
        return [
            {"image": one, "face": "any", "embedding": identifier.embed_line(np.asarray(one)).mean(0)}
            for one in rows[:count]["image"]
        ]

    monkeypatch.setattr(export_onnx, "choose_golden", first_lines)
    export_onnx.main([str(experiment), "--run", str(run), "--out", str(tmp_path / "model")])
    assert str(ROOT).encode() not in (tmp_path / "model" / "encoder.onnx").read_bytes()
    identifier = FontIdentifier.from_pretrained(tmp_path / "model")
    assert identifier.preprocessing == own
    references = open_cache(data, "references", own)
    line = next(line for line in references if line.shape[1] > 192)
    ours = identifier.embed(windows_of(line, own)).mean(0)
    (theirs,) = make_prototypes.embed_lines(encoder, [line], own, View(32, binary=True))
    assert ours @ theirs / np.linalg.norm(ours) > 0.999


def test_export_deletes_nothing_but_a_model(experiment, tmp_path):
    kept = tmp_path / "thesis"
    kept.mkdir()
    (kept / "config.json").write_text('{"format": "of another program"}')
    for out in (kept, kept / "config.json"):
        with pytest.raises(SystemExit, match="holds something else than a model.*: name another folder."):
            export_onnx.main([str(experiment), "--out", str(out)])
    assert (kept / "config.json").exists()
    for fine in (tmp_path / "none", ROOT / "model"):
        export_onnx.check_replaceable(fine)


def test_proxies_are_added_to_trained_faces_alone():
    means, proxies = np.eye(3, 4, dtype=np.float16), np.roll(np.eye(3, 4, dtype=np.float32), 1, axis=1)
    added = make_prototypes.add_proxies(means, proxies, np.array([0, 2]))
    assert added[1].tolist() == means[1].tolist()
    assert added[[0, 2]] == pytest.approx((means + proxies)[[0, 2]] / np.sqrt(2), abs=1e-3)
    added = make_prototypes.add_proxies(means, proxies, np.array([0, 2]), 3.0)
    assert added[[0, 2]] == pytest.approx((means + 3 * proxies)[[0, 2]] / np.sqrt(10), abs=1e-3)


def test_the_card_of_an_averaged_model_says_what_it_is_of(copy):
    average.renew_card(copy, Path("experiments/ladder.yaml#other"))
    card = (copy / "README.md").read_text(encoding="utf-8")
    assert card.count("Made by") == 1 and "release.average experiments/ladder.yaml#other" in card
    assert card.count("before it was trained on (results/encoder.jsonl#") == 1 and "Limits: Latin" in card
    average.renew_card(copy, Path("experiments/ladder.yaml#other"))
    assert (copy / "README.md").read_text(encoding="utf-8") == card  # once is enough


def test_prototypes_of_a_run_come_in_the_order_of_the_artifact(tmp_path):
    rows = np.eye(3, dtype=np.float16)
    np.savez(tmp_path / "prototypes.npz", prototypes=rows, faces=np.array([0, 1, 3]), names=["a", "b", "none", "c"])
    assert average.prototypes_of(tmp_path, ["c", "a"]).tolist() == rows[[2, 0]].tolist()
    with pytest.raises(SystemExit, match="lacks none"):
        average.prototypes_of(tmp_path, ["a", "none"])
    with pytest.raises(SystemExit, match="No prototypes in"):
        average.prototypes_of(tmp_path / "elsewhere", ["a"])


def test_the_file_for_several_machines_is_one_that_accelerate_reads():
    config = load_config_from_file(str(ROOT / "experiments" / "accelerate" / "multi_node.yaml"))
    assert (config.num_machines, config.num_processes, config.distributed_type) == (2, 16, "MULTI_GPU")


def test_a_run_starts_from_the_shipped_model(identifier):
    """With the very proxies that its prototypes are, whatever the order of this data set's labels."""
    names = ["roboto-700-normal", "not-there-400-normal", "lora-400-italic"]
    encoder = Encoder(**json.loads((ROOT / "model" / "encoder.json").read_text()))
    loss = make_loss(LossSettings(), torch.tensor([0, 1, 2]), torch.zeros(0, 2, dtype=int), 256)
    load_artifact(ROOT / "model", encoder, loss, names)
    catalogue = identifier.catalogue
    for label in (0, 2):
        face = catalogue.row_of(names[label])
        assert np.allclose(loss.proxies[label].detach(), catalogue.prototypes_of(face)[0])
    window = draw("Hamburgefonts", "lora").convert("L").resize((256, 64))
    inputs = torch.from_numpy(1 - np.asarray(window, np.float32) / 255)[None, None]
    with torch.no_grad():
        embedding = encoder.eval()(inputs)[0].numpy()
    session = open_network(ROOT / "model" / "encoder.onnx")
    assert embedding @ session.run(None, {session.get_inputs()[0].name: inputs.numpy()})[0][0] > 0.99  # rounded
    with pytest.raises(SettingsError, match="start_from: .*is of another encoder"):
        load_artifact(ROOT / "model", Encoder(block="convnext"), loss, names)
    with pytest.raises(SettingsError, match="start_from: .*holds no model"):
        load_artifact(ROOT / "docs", encoder, loss, names)


def test_measuring_a_run(prepared, experiment, whole_run, tmp_path, monkeypatch):
    """Every measurement of a finished run writes figures that can be so."""
    monkeypatch.setenv("FONTID_DATA", str(prepared))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    draw("Hamburgefonts", "lora").save(pictures / "a.png")
    (pictures / "manifest.jsonl").write_text('{"file": "a.png", "family": "lora", "text": "Hamburgefonts"}\n')
    options = {"--run": whole_run, "--catalogue": "tiny", "--results": tmp_path / "all.jsonl", "--pictures": pictures}
    measure_encoder.main([str(experiment), *(str(word) for option in options.items() for word in option)])
    measured = read_result(tmp_path / "all.jsonl#quick")["metrics"]
    assert measured["real"]["n"] == 1 and measured["training"]["images"] == 30 * 16
    chromium = measured["chromium"]
    assert chromium["all_families"]["n"] == chromium["trained_families"]["n"] + chromium["other_families"]["n"] > 10


def test_lines_of_real_pictures_are_prepared_as_the_encoder_wants(tmp_path, monkeypatch):
    """And lines kept for one preprocessing are not taken for those of another."""
    monkeypatch.setenv("FONTID_DATA", str(tmp_path))
    draw("Hamburgefonts", "lora").save(tmp_path / "a.png")
    samples = [Sample(tmp_path / "a.png", "lora", None, False, ())]
    for height in (64, 49, 64):
        ((line,),) = measure_encoder.found_lines(samples, Preprocessing(height=height, ink_height=40), "own")
        assert line.shape[0] == height


@pytest.mark.slow
def test_looking_closely_at_a_model(prepared, tmp_path, monkeypatch):
    monkeypatch.setenv("FONTID_DATA", str(prepared))
    out = tmp_path / "details.json"
    measure_details.main(["--model", str(ROOT / "model"), "--data", "tiny", "--results", str(out)])
    details = json.loads(out.read_text())["metrics"]
    sizes = sum(part["n"] for part in details["by_size"].values())
    assert sizes == details["all"]["n"] == sum(part["n"] for part in details["by_category"].values()) > 10
    assert details["all"]["twins"]["top1"] > 0.6  # labels of data set and model are brought together by name
    assert len(details["map"]) > 1700 and all(0 <= v <= 1 for place in details["map"].values() for v in place)
    with pytest.raises(SystemExit, match="No whole data set"):
        measure_details.main(["--data", "none"])


def test_twins_are_read_by_name(tmp_path):
    path = tmp_path / "twins.jsonl"
    path.write_text('{"faces": ["b", "a"], "looseness": 0.1}\n{"faces": ["a", "gone"], "looseness": 0.2}\n')
    assert read_twins(path, ["a", "b"]).tolist() == [[1, 0]]
    assert read_twins(tmp_path / "none", ["a"]).shape == (0, 2)
