"""The shipped artifact: whole, or refused; its labels are proven by its golden images."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from fontid.artifact import ArtifactError, open_artifact, seal
from fontid.catalogue import Catalogue
from fontid.faces import read_faces, write_faces
from fontid.identifier import FontIdentifier
from fontid.preprocess import Preprocessing
from tests.conftest import MODEL


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(MODEL, tmp_path / "model")


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


@pytest.mark.parametrize(
    "name",
    ["encoder.onnx", "prototypes.npy", "prototype_faces.npy", "faces.jsonl.gz", "twins.npy", "encoder.safetensors"],
)
@pytest.mark.parametrize("damage", ["missing", "cut", "bit"])
def test_damage_is_refused_by_name(copy, name, damage):
    path = copy / name
    content = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=name.replace(".", r"\.")):
        open_artifact(copy)


def test_swapped_faces_are_refused(copy):
    faces = read_faces(copy / "faces.jsonl.gz")
    write_faces([faces[1], faces[0], *faces[2:]], copy / "faces.jsonl.gz")
    with pytest.raises(ArtifactError, match="faces.jsonl.gz"):
        open_artifact(copy)


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
