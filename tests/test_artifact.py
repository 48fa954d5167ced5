"""The shipped artifact: whole, or refused; its labels are proven by its golden images."""

import json
import os
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from fontid.artifact import ArtifactError, _write_config, open_artifact, put_settings, put_usage, recalibrate, seal
from fontid.catalogue.ranking import Catalogue
from fontid.confidence import Calibration
from fontid.encoder.preprocessing import Preprocessing
from fontid.identifier import FontIdentifier, NoText
from fontid.settings import DEFAULTS, DrawingSettings, GroupingSettings, ReadingSettings, Settings
from tests.conftest import MODEL, draw


def golden() -> list[dict]:
    return [json.loads(line) for line in (MODEL / "golden" / "golden.jsonl").read_text().splitlines()]


def names_of_golden(identifier: FontIdentifier, catalogue: Catalogue) -> list[bool]:
    """Whether each golden image comes back with its face."""
    right = []
    for sample in golden():
        embeddings = identifier.embed_line(np.asarray(Image.open(MODEL / "golden" / sample["file"])))
        right.append(catalogue.faces[int(catalogue.score_faces(embeddings).argmax())].id == sample["face"])
    return right


def test_golden_images_come_back(identifier):
    assert len(golden()) >= 12
    assert all(names_of_golden(identifier, identifier.catalogue))


def test_golden_embeddings_come_back(identifier):
    for sample in golden():
        ours = identifier.embed_line(np.asarray(Image.open(MODEL / "golden" / sample["file"]))).mean(0)
        stored = np.array(sample["embedding"])
        assert ours @ stored / np.linalg.norm(ours) / np.linalg.norm(stored) > 0.9995, sample["file"]


@pytest.mark.parametrize("shift", [1, -1])
def test_labels_off_by_one_are_noticed(identifier, shift):
    artifact = open_artifact(MODEL)
    faces = artifact.faces[shift:] + artifact.faces[:shift]
    assert not any(
        names_of_golden(identifier, Catalogue(faces, artifact.prototypes, artifact.prototype_faces, artifact.twins))
    )


@pytest.fixture
def linked(tmp_path):
    """The artifact as links to its files, any of which a test may put another in place of."""
    return shutil.copytree(MODEL, tmp_path / "linked", copy_function=os.symlink)


SEALED = sorted(path.relative_to(MODEL).as_posix() for path in MODEL.rglob("*") if path.is_file())
SEALED.remove("README.md")  # the card: it may be written anew, and nothing is read from it


@pytest.mark.parametrize("name", SEALED)
def test_damage_is_refused_by_name(linked, name):
    """Missing, empty, cut, with one bit changed, or with another file of its kind in its place."""
    path, whole = linked / name, (MODEL / name).read_bytes()
    alike = [one for one in SEALED if one != name and one.split(".")[-1] == name.split(".")[-1]]
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    path.unlink()
    for content in (None, b"", whole[: len(whole) // 2], whole[:-1], bytes(flipped), *alike[:1]):
        if content is not None:
            path.write_bytes((MODEL / content).read_bytes() if isinstance(content, str) else content)
        with pytest.raises(ArtifactError, match=re.escape(name)):
            open_artifact(linked)


def test_every_bit_of_the_config_counts(linked, rng):
    path, whole = linked / "config.json", (MODEL / "config.json").read_bytes()
    path.unlink()
    for place in rng.choice(len(whole), 400, replace=False):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        with pytest.raises(ArtifactError, match=r"config\.json"):
            open_artifact(linked)


def test_a_file_that_cannot_be_read_is_named(copy, monkeypatch):
    def broken(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("fontid.artifact.digest", broken)
    with pytest.raises(ArtifactError, match="encoder.onnx.*cannot be read"):
        open_artifact(copy)


def test_the_version_tells_artifacts_apart(copy):
    before = open_artifact(copy).version
    recalibrate(copy, Calibration(temperature=0.5))
    assert open_artifact(copy).version != before == open_artifact(MODEL).version
    assert len(before) == 12


def test_a_model_without_settings_runs_with_the_defaults(copy):
    config = json.loads((copy / "config.json").read_text())
    config.pop("settings", None)
    _write_config(copy, config)
    assert open_artifact(copy).settings == DEFAULTS


def test_an_older_model_may_hold_settings_that_are_gone(copy):
    config = json.loads((copy / "config.json").read_text())
    config["settings"]["grouping"] |= {"light": 0.35, "clear": 20.0}
    _write_config(copy, config)
    assert open_artifact(copy).settings.grouping == GroupingSettings(clear=20.0)


def test_a_folder_may_be_named_by_a_string():
    assert FontIdentifier(str(MODEL)).version == open_artifact(MODEL).version


def test_settings_of_the_config_change_what_is_answered(copy):
    picture = draw("Window", "lora", 60).convert("RGB")
    by_default = FontIdentifier.from_pretrained(MODEL).identify(picture).matches[0].score
    put_settings(copy, Settings(drawing=DrawingSettings(weight=0.2)))
    assert FontIdentifier.from_pretrained(copy).identify(picture).matches[0].score > by_default + 0.1
    put_settings(copy, Settings(reading=ReadingSettings(sure=1.1, least_read=1000.0)))
    with pytest.raises(NoText):
        FontIdentifier.from_pretrained(copy).identify(picture)
    assert open_artifact(copy).calibration == open_artifact(MODEL).calibration


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"writing": {}}, "settings: unknown key 'writing'; known are reading, letters, grouping,"),
        ({"drawing": {"wait": 1}}, "drawing: unknown key 'wait'; known are families,"),
        ({"drawing": {"weight": "0.1"}}, "drawing: weight takes float, not '0.1'."),
        ({"drawing": {"families": 0.5}}, "drawing: families takes int, not 0.5."),
        ({"reading": {"penalty": [0, 0.1]}}, "reading: penalty takes 4 values, not 2."),
        ({"reading": 3}, "reading must hold keys and values."),
        ([], "settings must hold keys and values."),
    ],
)
def test_settings_that_cannot_be_are_named(copy, settings, told):
    _write_config(copy, json.loads((copy / "config.json").read_text()) | {"settings": settings})
    with pytest.raises(ArtifactError, match=re.escape(told)):
        open_artifact(copy)


def test_usage_is_sealed_in_and_an_artifact_without_it_opens(copy):
    put_usage(copy, {"pacifico": 7, "no-such-family": 9})
    assert open_artifact(copy).usage == {"pacifico": 7}
    (copy / "usage.tsv").write_text("family\tdownloads_a_month\npacifico\t8\n")
    with pytest.raises(ArtifactError, match="usage.tsv"):
        open_artifact(copy)
    (copy / "usage.tsv").unlink()
    seal(copy, Preprocessing(), {})
    assert open_artifact(copy).usage == {} and FontIdentifier.from_pretrained(copy).catalogue.usage == {}


def test_parts_that_do_not_belong_together_are_refused(copy):
    """Resealed, so that every digest is right: the shapes tell."""
    owners = np.load(copy / "prototype_faces.npy")
    for wrong in (owners[1:], np.append(owners, owners[-1]), owners[::-1], np.maximum(owners, 1)):
        np.save(copy / "prototype_faces.npy", wrong)
        seal(copy, Preprocessing(), {})
        with pytest.raises(ArtifactError, match="prototype_faces.npy"):
            open_artifact(copy)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 99, "sha256": {}, "preprocessing": {}}'])
def test_damaged_config_is_refused(copy, text):
    (copy / "config.json").write_text(text)
    with pytest.raises(ArtifactError, match="config.json|format"):
        open_artifact(copy)


def test_no_artifact_at_all(tmp_path):
    with pytest.raises(ArtifactError, match="config.json is missing"):
        FontIdentifier.from_pretrained(tmp_path)
    with pytest.raises(ArtifactError, match="neither a folder nor a model"):
        FontIdentifier.from_pretrained(tmp_path / "none")
