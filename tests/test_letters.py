"""Scenes and their truth, the letters network, and what serving makes of what it finds."""

import dataclasses

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image, ImageDraw

from fontid.text.letters import LettersNetwork as Served
from fontid.text.lines import Line
from release.average import average_rows, averaged
from train.effects import HEIGHT, Effects, SceneMaker, sample
from train.letters_network import LettersNetwork
from train.train_letters import LettersLoss

NOTHING = {name: 0.0 for name in Effects.__dataclass_fields__}


def lines(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Prepared lines of blocks, a different number of pixels wide, and their widths."""
    drawn, length = torch.zeros(count, 1, 64, 512, dtype=torch.uint8), torch.arange(count) * 20.0 + 120
    for line, width in zip(drawn[:, 0], length.int(), strict=True):
        line[4:60, 4 : int(width) - 4 : 9] = 255
        line[4:60, 5 : int(width) - 4 : 9] = 255
    return drawn, length


def make(seed: int = 0, **shares: float):
    grounds = torch.randint(0, 255, (3, 3, 192, 192), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    drawn, length = lines(8)
    maker = SceneMaker(Effects(**(NOTHING | shares)), grounds)
    generator = torch.Generator().manual_seed(seed)
    return maker(drawn, length, torch.full((8,), 50.0), torch.full((8,), 30.0), generator), drawn


def test_a_scene_is_made_of_its_seed():
    every = {name: 0.5 for name in NOTHING}
    first, second, other = make(1, **every)[0], make(1, **every)[0], make(2, **every)[0]
    assert torch.equal(first.picture, second.picture) and not torch.equal(first.picture, other.picture)
    assert first.picture.shape == (8, 3, HEIGHT, 384) and first.picture.min() >= 0 and first.picture.max() <= 1


def test_the_truth_is_what_was_there_before_the_effects():
    plain, struck = make(3)[0], make(3, photograph=1.0, rim=1.0, line=1.0, label=1.0, shadow=1.0)[0]
    assert torch.equal(plain.letters, struck.letters) and torch.equal(plain.band, struck.band)
    assert not torch.equal(plain.picture, struck.picture)


def test_without_letters_there_is_nothing_to_find():
    scene = make(4, without=1.0)[0]
    assert not scene.letters.any() and not scene.band.any()


def test_the_encoders_window_is_found_again_in_a_turned_picture():
    scene, drawn = make(6, turned=1.0)
    x, y = torch.arange(512) + 0.5, torch.arange(64) + 0.5
    grid = torch.stack([*torch.meshgrid(x, y, indexing="xy"), torch.ones(64, 512)], -1).reshape(-1, 3)
    points = grid @ scene.to_picture.transpose(1, 2)
    back = sample(scene.letters, (points[..., :2] / points[..., 2:]).reshape(8, 64, 512, 2), "zeros")
    for line, found, (first, last) in zip(drawn[:, 0], back[:, 0], scene.shown.int().tolist(), strict=True):
        shown = slice(first + 30, last - 30)
        if last - first > 100:
            truth = line[16:48, shown].float().flatten() / 255
            assert np.corrcoef(truth, found[16:48, shown].flatten())[0, 1] > 0.7


def test_the_network_learns_to_find_letters():
    torch.manual_seed(0)
    network, loss = LettersNetwork((16, 16, 16, 16), 1), LettersLoss()
    scene = make(7)[0]
    truth = torch.cat([scene.letters, scene.band], 1)
    optimizer, losses = torch.optim.AdamW(network.parameters(), 3e-3), []
    for _ in range(12):
        value = loss(network(scene.picture), truth)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert scene.picture.isfinite().all()
    assert network(scene.picture).shape == (8, 2, HEIGHT, 384) and losses[-1] < 0.8 * losses[0]


@pytest.fixture
def served(tmp_path) -> Served:
    """A network that takes what is green for letters."""
    nodes = [
        helper.make_node("Constant", [], ["one"], value=helper.make_tensor("v", TensorProto.INT64, [1], [1])),
        helper.make_node("Constant", [], ["two"], value=helper.make_tensor("w", TensorProto.INT64, [1], [2])),
        helper.make_node("Slice", ["pictures", "one", "two", "one"], ["green"]),
        helper.make_node("Concat", ["green", "green"], ["coverage"], axis=1),
    ]
    sides = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", c, 96, "W"])
        for n, c in (("pictures", 3), ("coverage", 2))
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "g", sides[:1], sides[1:]), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 9
    onnx.save(model, str(tmp_path / "letters.onnx"))
    return Served(tmp_path / "letters.onnx")


def pictured(edge: bool) -> tuple[Image.Image, Line]:
    """Green bars on black, with a red bar above and below that ink by threshold takes for letters."""
    picture = Image.new("RGB", (300, 80), "black")
    draw = ImageDraw.Draw(picture)
    for x in range(40, 260, 20):
        draw.rectangle((x, 20, x + 8, 60), fill=(0, 255, 0))
    if edge:
        draw.rectangle((30, 8, 270, 11), fill=(255, 0, 0))
        draw.rectangle((30, 68, 270, 71), fill=(255, 0, 0))
    top, bottom = (8.0, 72.0) if edge else (20.0, 61.0)
    return picture, Line(((40.0, top), (249.0, top), (249.0, bottom), (40.0, bottom)))


def test_what_is_no_letter_is_left_out(served):
    picture, line = pictured(edge=True)
    letters = served.look(line.cut(picture))
    left, top, right, bottom = letters.box
    assert letters.amount.max() == 255 and not letters.amount[:top].any()
    width = (right - left) / (bottom - top)
    assert abs(width - 209 / 41) < 0.3  # of the bars alone: with the edges it would be 3.3


def test_a_plain_line_is_shown_as_it_is(served):
    picture, line = pictured(edge=False)
    cut = line.cut(picture)
    assert served.look(cut) is cut.frame.ink


@pytest.mark.parametrize(("rule", "is_own"), [(0, True), (4, False)])
def test_small_letters_are_shown_as_they_are_though_they_are_blurred(served, rule, is_own):
    """What is green is sharp, what is red and blue a pixel wider, as small letters are to the network."""
    pixels = np.zeros((40, 200, 3), np.uint8)
    for x in range(20, 180, 6):
        pixels[14:25, x : x + 2, 1] = 255
        pixels[14:25, x - 1 : x + 3, ::2] = 120
    pixels[18 : 18 + rule, 20:180, ::2] = 255
    cut = Line(((18.0, 13.0), (181.0, 13.0), (181.0, 26.0), (18.0, 26.0))).cut(Image.fromarray(pixels))
    assert (served.look(cut) is cut.own_ink) == is_own


def test_of_an_unread_line_among_many_only_the_beginning_is_looked_at(served):
    picture, line = pictured(edge=True)
    whole, beginning = served.look(line.cut(picture)), served.look(line.cut(picture), heights=1.5)
    assert width_of(beginning) < 0.6 * width_of(whole)
    read = dataclasses.replace(line, text="lllllllllll", confidence=0.5)
    assert width_of(served.look(read.cut(picture), heights=1.5)) == width_of(whole)


def width_of(ink) -> int:
    return ink.box[2] - ink.box[0]


def ends_of(bars: np.ndarray) -> np.ndarray:
    """Where the first bar begins and the last one ends, (2,), as parts of the width. Args: bars: (H, W) bool."""
    return (np.flatnonzero(bars.any(0))[[0, -1]] + [0, 1]) / bars.shape[1]


@pytest.mark.parametrize("zoom", [0.4, 1, 3])
@pytest.mark.parametrize(
    "crop",
    [(0, 0, 300, 80), (30, 10, 300, 80), (40, 0, 300, 80), (0, 0, 249, 80), (38, 18, 300, 80), (0, 0, 251, 62)],
)
def test_letters_found_are_exactly_as_wide_as_the_straightened_line(served, crop, zoom):
    """Wherever the picture ends, so that the letters' places along the line hold for both."""
    picture, line = pictured(edge=False)
    size = round((crop[2] - crop[0]) * zoom), round((crop[3] - crop[1]) * zoom)
    corners = tuple(((x - crop[0]) * zoom, (y - crop[1]) * zoom) for x, y in line.corners)
    picture = picture.crop(crop).resize(size, Image.Resampling.BICUBIC)
    line = Line(corners).cut(picture)
    letters, straight = served(line), line.frame.own_gray()
    pixel = max(1 / letters.shape[1], 1 / straight.shape[1])
    assert ends_of(letters < 128) == pytest.approx(ends_of(straight > 75), abs=1.5 * pixel)


def test_a_line_without_letters_is_none(served):
    picture, line = pictured(edge=False)
    assert served.look(line.cut(Image.new("RGB", picture.size, "black"))) is None
    flat = Line(((40.0, 0.0), (40.0, 0.0), (2.0, 50.0), (2.0, 50.0)))
    assert served.look(flat.cut(picture)) is None


def test_networks_and_prototypes_are_averaged():
    first = {"w": torch.tensor([0.0, 2.0]), "steps": torch.tensor(3)}
    second = {"w": torch.tensor([4.0, 2.0]), "steps": torch.tensor(7)}
    mixed = averaged(first, second, 0.25)
    assert mixed["w"].tolist() == [1.0, 2.0] and mixed["steps"] == 7
    rows = average_rows(np.eye(2, dtype=np.float16), np.eye(2)[::-1], 0.5)
    assert np.allclose(rows, 0.5**0.5, atol=1e-3) and np.array_equal(
        average_rows(np.eye(2), np.eye(2)[::-1], 0.0), np.eye(2)
    )


def test_a_long_line_is_neither_squeezed_nor_cut(served):
    """Bars of changing width, over several tiles: each is found where it is."""
    picture = Image.new("RGB", (5200, 80), "black")
    draw = ImageDraw.Draw(picture)
    for number, x in enumerate(range(40, 5100, 60)):
        draw.rectangle((x, 20, x + 8 + number % 30, 60), fill=(0, 255, 0))
    line = Line(((40.0, 20.0), (5160.0, 20.0), (5160.0, 61.0), (40.0, 61.0))).cut(picture)
    letters, straight = served(line), line.frame.own_gray()
    assert letters.shape[1] / straight.shape[1] == pytest.approx(54 / 41, rel=0.02)  # as its height is
    found = Image.fromarray(255 - letters.min(0, keepdims=True)).resize((straight.shape[1], 1))
    assert np.corrcoef(np.asarray(found)[0], straight.max(0))[0, 1] > 0.97
