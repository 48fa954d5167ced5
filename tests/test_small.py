"""Embeddings of small letters: the map, what it learns from, and where it is used."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fontid.artifact import ArtifactError, open_artifact, put_settings, put_small
from fontid.encoder.small import SmallLetters
from fontid.identifier import FontIdentifier
from tests.conftest import FONTS, MODEL, draw, run_module
from tests.test_lines import on_page
from train.train_small import Windows, as_seen, fit, main, windows_in


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_the_map_learns_to_undo_what_small_letters_did():
    rng = np.random.default_rng(0)
    prototypes = unit(rng.normal(size=(60, 16)))
    turn = np.linalg.qr(rng.normal(size=(16, 16)))[0]

    def seen(count: int) -> Windows:
        faces, heights = rng.integers(0, 60, count), rng.integers(6, 13, count)
        whole, lost = prototypes[faces], prototypes[faces] @ turn
        share = ((12 - heights) / 6)[:, None]  # the smaller, the more
        noise = 0.05 * rng.normal(size=(count, 16))
        return Windows(unit(whole * (1 - share) + lost * share + noise), heights, faces, np.arange(count))

    def right(embeddings: np.ndarray, faces: np.ndarray) -> float:
        return ((embeddings @ prototypes.T).argmax(1) == faces).mean()

    linear = fit(seen(4000), prototypes, np.arange(60), epochs=20)
    new = seen(500)
    before = right(new.embeddings, new.faces)
    after = right(SmallLetters(linear)(new.embeddings, new.heights), new.faces)
    assert before < 0.7 and after > before + 0.2
    assert right(SmallLetters(linear)(new.embeddings, 12.0), new.faces) < after  # heights count


def test_only_small_letters_are_moved(copy):
    """A map that turns everything round changes what is said of small letters, and of no others."""
    dimension = open_artifact(MODEL).prototypes.shape[1]
    round_about = np.zeros((2 * dimension + 2, dimension))
    round_about[:dimension] = -2 * np.eye(dimension)
    put_small(copy, round_about)
    large, small = draw("Pack my box", "lora", 40), draw("Pack my box", "lora", 9)
    both = on_page(large, small, size=(600, 200))
    turned = FontIdentifier.from_pretrained(copy)
    settings = open_artifact(copy).settings
    put_settings(copy, replace(settings, letters=replace(settings.letters, small=0.0)))
    never = FontIdentifier.from_pretrained(copy)
    for picture in (large, both):  # beside a large line a small one is compared as it is
        assert turned.identify(picture).matches == never.identify(picture).matches
    as_it_is = never.identify(small).matches[0]
    assert as_it_is.family == "lora" and turned.identify(small).matches[0].score < as_it_is.score - 0.2


def test_a_map_of_another_encoder_is_refused(copy):
    put_small(copy, np.zeros((10, 4)))
    with pytest.raises(ArtifactError, match="small.npy does not fit"):
        open_artifact(copy)


@pytest.mark.parametrize("seed", range(6))
def test_lines_are_shown_as_pictures_and_found_again(identifier, seed):
    """Whatever the colours, the size and the compression, a line's windows are as many as its length asks for."""
    line = draw("Hamburgefonts", "lora", 14)
    rng = np.random.default_rng(seed)
    picture = as_seen(line, rng)
    windows, height = windows_in(picture, line, identifier)
    assert picture.mode == "RGB" and picture.height < 2 * line.height
    ink = np.flatnonzero((np.asarray(line) < 200).any(1))
    shrunk = (picture.height - 14) / line.height
    assert abs(height - shrunk * (np.ptp(ink) + 1)) <= 2
    assert len(windows) == 2 and windows[0, :, 128:].max() > 150 and np.median(windows) < 60  # ink is bright on black


def test_what_holds_no_ink_is_left_out(identifier):
    blank = Image.new("L", (40, 12), 255)
    assert windows_in(as_seen(blank, np.random.default_rng(0)), blank, identifier) is None


def test_without_its_lines_the_program_says_what_to_run(tmp_path):
    with pytest.raises(SystemExit, match="--preset small-letters first"):
        main([str(tmp_path / "nowhere")])


@pytest.mark.slow
def test_the_whole_program_gives_the_model_a_map(copy, prepared, tmp_path):
    command = ("data_scripts.render_dataset", "--preset", "tiny", "--fonts", FONTS, "--smallest", 8, "--largest", 10)
    data = tmp_path / "low"
    drawn = run_module(*command, "--splits", "train", "validation", "--out", data, data_home=prepared)
    assert drawn.returncode == 0, drawn.stderr[-2000:]
    train = ("train.train_small", data, "--model", copy, "--results", tmp_path / "results.jsonl#small-map")
    done = run_module(*train, data_home=prepared)
    assert done.returncode == 0, done.stderr[-2000:]
    assert open_artifact(copy).small.any()
    (row,) = map(json.loads, io.StringIO((tmp_path / "results.jsonl").read_text()))
    lines = row["metrics"]["lines"].values()
    assert sum(one["with"][0] for one in lines) >= sum(one["without"][0] for one in lines) > 0
    kept = sorted((prepared / "runs" / "small").rglob("*.npz"))
    times = [file.stat().st_mtime for file in kept]
    assert run_module(*train, data_home=prepared).returncode == 0
    assert kept and [file.stat().st_mtime for file in kept] == times  # embedded once


@pytest.mark.parametrize("family", ["open-sans", "roboto"])
def test_small_letters_are_not_taken_for_stretched_ones(identifier, family):
    """Too little is left of them to tell: undone, they looked like a condensed face."""
    answer = identifier.identify(draw("Delivered in two to four working days", family, 11))
    assert [group.synthesised for group in answer.groups] == [None]
    assert family in {answer.matches[0].family, *answer.matches[0].twins}
