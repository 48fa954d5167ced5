"""Another table of faces for the shipped artifact: what it knows stays, what is new is found."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from fontid.artifact import open_artifact
from fontid.catalogue.faces import read_faces, write_faces
from fontid.identifier import FontIdentifier
from release.widen import main
from tests.conftest import FONTS, MODEL, draw


@pytest.fixture
def catalogue(prepared, tmp_path):
    """The test fonts without Open Sans, and Pacifico once more under another name, before all others."""
    faces = [face for face in read_faces(prepared / "faces.jsonl") if face.family != "open-sans"]
    pacifico = next(face for face in faces if face.family == "pacifico")
    new = dataclasses.replace(pacifico, id="another-400-normal", family="another", name="Another")
    folder = tmp_path / "catalogue"
    folder.mkdir()
    write_faces([new, *faces], folder / "faces.jsonl")
    (folder / "fonts").symlink_to(FONTS)
    (folder / "letterforms").symlink_to(prepared / "letterforms")
    (folder / "twins.jsonl").write_text(json.dumps({"faces": [new.id, pacifico.id], "looseness": 0.0}) + "\n")
    shutil.copytree(MODEL, tmp_path / "model")
    return folder


def test_known_faces_keep_their_prototypes_and_new_ones_are_found(catalogue, tmp_path):
    model = tmp_path / "model"
    main(["--catalogue", str(catalogue), "--model", str(model), "--num-proc", "1"])
    before, after = open_artifact(MODEL), open_artifact(model)
    row_of = {face.id: row for row, face in enumerate(before.faces)}
    assert [face.id for face in after.faces] == [face.id for face in read_faces(catalogue / "faces.jsonl")]
    for row, face in enumerate(after.faces[1:], 1):
        (now,) = after.prototypes[after.prototype_faces == row]
        assert np.array_equal(now, before.prototypes[before.prototype_faces == row_of[face.id]][0]), face.id
    identifier = FontIdentifier(model)
    assert "open-sans" not in identifier.catalogue
    best = identifier.identify(draw("Quartz jugs", "pacifico")).matches[0]
    assert {best.family, *best.twins} == {"another", "pacifico"}
    embedded = identifier.embed_line(np.asarray(draw("Quartz jugs", "pacifico")))
    assert identifier.catalogue.prototypes_of(0) @ embedded.mean(0) > 0.8
    assert {row["face"] for row in map(json.loads, (model / "golden/golden.jsonl").read_text().splitlines())} <= {
        face.id for face in after.faces
    }


def test_a_killed_run_goes_on_with_the_prototypes_that_it_made(catalogue, tmp_path):
    arguments = ["--catalogue", str(catalogue), "--model", str(tmp_path / "model"), "--num-proc", "1"]
    main(arguments)
    first = (tmp_path / "model" / "prototypes.npy").read_bytes()
    shutil.rmtree(tmp_path / "model")
    shutil.copytree(MODEL, tmp_path / "model")
    (catalogue / "fonts").unlink()  # nothing is drawn again
    main(arguments)
    assert (tmp_path / "model" / "prototypes.npy").read_bytes() == first
