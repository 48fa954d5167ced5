"""Real pictures, counted by crop, picture and repository, and with stages of the identifier taken out."""

import json

import pytest

from benchmarks import real
from tests.conftest import draw


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three crops of two pictures of one repository, and one of another; the last has another family's name."""
    folder = tmp_path_factory.mktemp("real") / "pictures"
    folder.mkdir()
    rows = [
        ("a.png", "pacifico", "one/fonts", "x.png", "pacifico"),
        ("b.png", "pacifico", "one/fonts", "x.png", "pacifico"),
        ("c.png", "lora", "one/fonts", "y.png", "Lora"),
        ("d.png", "lora", "two/fonts", "z.png", "pacifico"),
    ]
    lines = []
    for name, family, repo, path, said in rows:
        draw("Quartz Window", family, 56).save(folder / name)
        lines.append(json.dumps({"file": name, "family": said, "repo": repo, "path": path, "condition": name[0] + "!"}))
    lines.append(json.dumps({"file": "e.png", "fonts": []}))  # of several fonts
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize(
    ("right", "count", "interval"), [(8, 10, (0.490, 0.943)), (0, 10, (0.0, 0.278)), (50, 50, (0.929, 1.0))]
)
def test_intervals_are_wilsons(right, count, interval):
    """As textbooks and statsmodels' proportion_confint(method="wilson") have them."""
    assert real.wilson(right, count) == pytest.approx(interval, abs=0.001)


def test_crops_of_a_picture_count_once_and_so_do_pictures_of_a_repository(folder):
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()[:4]]
    hits = [[True, True], [False, True], [False, False], [True, True]]
    of = {unit: real.shares(rows, hits, unit) for unit in real.UNITS}
    assert [(of[unit]["n"], of[unit]["top1"], of[unit]["top5"]) for unit in of] == [
        (4, 0.5, 0.75), (3, 0.5, 0.6667), (2, 0.6667, 0.8333),
    ]  # fmt: skip
    assert of["repository"]["interval1"] == pytest.approx(real.wilson(4 / 3, 2))


def test_pictures_are_asked_once_and_set_beside_an_earlier_run(folder, tmp_path, monkeypatch, capsys):
    command = [str(folder), "--answers", str(tmp_path / "now"), "--results"]
    real.main([*command, str(tmp_path / "first.json"), "--without", "drawing"])
    told = json.loads((tmp_path / "first.json").read_text())["metrics"]["pictures"]
    whole = told["whole"]
    assert whole["prior"]["twins"]["crop"]["top1"] == 0.75  # the last is named wrongly in its manifest
    assert whole["no_prior"]["strict"]["repository"]["n"] == 2 and whole["cpu_seconds"] > 0
    assert whole["by"]["d!"]["crop"] == {
        "n": 1, "top1": 0.0, "interval1": real.wilson(0, 1), "top5": 0.0, "interval5": real.wilson(0, 1),
    }  # fmt: skip
    assert "beside" not in whole and told["without drawing"]["beside"]["lost"] == 0

    before = tmp_path / "before" / "pictures-whole.jsonl"
    before.parent.mkdir()
    rows = [json.loads(line) for line in (tmp_path / "now" / "pictures-whole.jsonl").read_text().splitlines()]
    before.write_text("\n".join(json.dumps(row | {"prior": ["oi"]}) for row in rows))
    monkeypatch.setattr(real, "ask", None)  # whatever is asked again fails
    real.main([*command, str(tmp_path / "again.json"), "--before", str(before.parent)])
    again = json.loads((tmp_path / "again.json").read_text())["metrics"]["pictures"]["whole"]
    assert again["beside"] == {"lost": 0, "won": 3, "mcnemar_p": 0.25}
    assert again["prior"] == whole["prior"]


@pytest.mark.parametrize(
    "line", ["", "no JSON", '{"file": "a.png", "family": "Nobody"}', '{"file": "gone.png", "family": "Lora"}']
)
def test_where_nothing_can_be_asked_one_sentence_says_so(tmp_path, line):
    (tmp_path / "manifest.jsonl").write_text(line)
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(SystemExit, match="needs a manifest|has no picture"):
            real.main([str(folder), "--results", str(tmp_path / "out.json")])


def test_families_may_be_told_by_their_names(folder, identifier, capsys):
    assert [row["family"] for row in real.read_rows(folder, identifier)] == ["pacifico", "pacifico", "lora", "pacifico"]
    assert "1 of 5 rows are left out" in capsys.readouterr().out


def test_each_stage_is_taken_out_for_a_while_only(folder, identifier):
    before = identifier.identify(folder / "c.png").matches
    for stage in real.STAGES:
        identify = real.STAGES[stage](identifier)
        assert identify(folder / "c.png", top=5, prior=True).matches[0].family == "lora"
    assert identifier.identify(folder / "c.png").matches == before


def test_without_drawing_and_without_the_letters_network_answers_differ(folder, identifier):
    """Probabilities tell that a stage had a say; lines that a stage is there for, too."""

    def probability(stage: str | None) -> float:
        identify = real.STAGES[stage](identifier) if stage else identifier.identify
        return identify(folder / "c.png").matches[0].probability

    assert len({probability(stage) for stage in (None, "drawing", "prior")}) == 3
    answer = real.STAGES["axes"](identifier)(folder / "c.png", top=50)
    assert not any(identifier.catalogue.face(match).unusual for match in answer.matches)
