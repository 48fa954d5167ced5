"""The data set: labels, texts, held-out families, determinism, resume."""

import itertools
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from datasets import load_dataset

from data_scripts import pack_fonts, texts
from data_scripts.make_faces import reason_to_leave_out
from data_scripts.render_dataset import PRESETS, choose_families, is_held_out, lines_of_face, main
from data_scripts.renderers import RENDERERS, OpenFace, draw_line, unpack
from fontid.catalogue.faces import by_family, read_faces
from tests.conftest import FONTS, ROOT, font_file

TTF = FONTS.parent / "ttf"
TINY = ("--preset", "tiny", "--fonts", str(FONTS), "--num-proc", "1")


@pytest.fixture(autouse=True)
def data_home(prepared, monkeypatch):
    monkeypatch.setenv("FONTID_DATA", str(prepared))


@pytest.fixture(scope="module")
def rows(prepared):
    return load_dataset(str(prepared / "datasets" / "tiny"))


@pytest.fixture(scope="module")
def faces(prepared):
    return choose_families(read_faces(prepared / "faces.jsonl"), PRESETS["tiny"].families)


def test_illegible_families_are_left_out(prepared):
    left_out = [json.loads(line)["family"] for line in (prepared / "left_out.jsonl").read_text().splitlines()]
    assert left_out == ["libre-barcode-39"]
    blocks = np.full((52, 64, 64), 255, np.uint8)
    assert "different" in reason_to_leave_out("blocks", blocks)
    blocks[0] = 0
    assert "inks no A" in reason_to_leave_out("blank", blocks)


def test_labels_are_the_table_in_its_order(rows, faces):
    for split in rows.values():
        assert split.features["face"].names == [face.id for face in faces]
        assert split.features["family"].names == list(by_family(faces))
        for row in split.select_columns(["face", "family", "weight", "italic"]):
            face = faces[row["face"]]
            assert (face.weight, face.italic) == (row["weight"], row["italic"])
            assert split.features["family"].int2str(row["family"]) == face.family


def test_pictures_show_their_label(rows, faces):
    """The stored picture is what its face, text and size draw, and not what another face draws."""
    for row in rows["train"].select(range(0, len(rows["train"]), 97)):
        if row["renderer"] == "freetype-large":
            seen = {}
            for face in faces:
                drawn, _ = draw_line(opened(face), row["text"], row["pixel_size"], "freetype-large")
                seen[face.family] = min(
                    seen.get(face.family, 255.0), apart(drawn.resize(row["image"].size), row["image"])
                )
            assert min(seen, key=seen.get) == faces[row["face"]].family


def apart(first, second) -> float:
    """Mean difference of two pictures of one size, 0-255."""
    return np.abs(np.asarray(first, float) - np.asarray(second, float)).mean()


def opened(face) -> OpenFace:
    return OpenFace(unpack(FONTS / face.file, TTF))


def test_texts_do_not_overlap(rows):
    words = {name: {w.casefold() for text in part["text"] for w in text.split()} for name, part in rows.items()}
    whole = {name: set(part["text"]) for name, part in rows.items()}
    for first, second in itertools.combinations(("references", "test", "train", "validation"), 2):
        assert not whole[first] & whole[second]
        shared = {w for w in words[first] & words[second] if len(w) > 4 and w.isalpha()}
        assert len(shared) <= 0.01 * len(words[first]), shared


def test_every_kind_of_text_and_renderer(rows):
    train = rows["train"]
    assert set(train["renderer"]) == set(RENDERERS)
    joined = "".join(train["text"])
    assert set("abcXYZ059&?") <= set(joined)
    assert any(text.isupper() and len(text) > 3 for text in train["text"])
    assert any(len(text) > 30 for text in train["text"]) and any(len(text) <= 2 for text in train["text"])
    assert min(train["pixel_size"]) < 20 and max(train["pixel_size"]) > 80


def test_held_out_families_are_few_fixed_and_never_trained_on(rows):
    names = [line.split()[0] for line in (ROOT / "data_scripts" / "families.txt").read_text().splitlines()[1:]]
    held_out = [name for name in names if is_held_out(name)]
    assert 0.03 < len(held_out) / len(names) < 0.07
    names_of = rows["train"].features["family"].int2str
    trained, referenced = (set(map(names_of, rows[split].unique("family"))) for split in ("train", "references"))
    assert referenced - trained == {"marcellus"} == referenced & set(held_out)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_renderer_draws_the_text(renderer):
    face = OpenFace(unpack(font_file("arimo"), TTF))
    plain, baseline = draw_line(face, "Hamburg", 40, renderer)
    spaced, _ = draw_line(face, "Hamburg", 40, renderer, spacing=0.2)
    assert plain.mode == "L" and np.asarray(plain)[0, 0] > 240 and np.asarray(plain).min() < 30
    assert 1.2 * plain.width < spaced.width < 1.6 * plain.width and abs(plain.height - spaced.height) <= 1
    standing, feet = draw_line(face, "Hamb", 40, renderer)
    assert abs(feet - (standing.height - 2)) <= 1.5 and abs(baseline - feet) <= 1
    assert draw_line(face, " ", 40, renderer) is None
    assert apart(plain, draw_line(face, "Hamburg", 40, "freetype-large")[0].resize(plain.size)) < 22


def test_fonts_whose_hinting_never_ends_are_drawn_all_the_same(tmp_path):
    face = OpenFace(unpack(font_file("kumar-one"), tmp_path))
    assert draw_line(face, "Hamburg", 40, "freetype") is not None


def test_characters_that_a_font_lacks_never_enter():
    face = OpenFace(unpack(font_file("press-start-2p"), TTF))
    assert texts.keep_drawable("aб c☃d", face.charset) == "a cd"
    lacks = "".join(sorted(texts.DRAWABLE - face.charset))
    assert texts.keep_drawable(lacks, face.charset) == ""


def test_lines_are_deterministic(faces):
    face = faces[0]
    draws = [list(lines_of_face(face, opened(face), "train", 5, seed, RENDERERS)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_splits_and_renderers_can_be_chosen(tmp_path):
    """And what was made so is not mixed with what others draw."""
    arguments = [*TINY, "--out", str(tmp_path)]
    chosen = ["--splits", "validation", "--renderers", "freetype", "freetype-large"]
    main(arguments + chosen)
    made = load_dataset(str(tmp_path))
    assert list(made) == ["validation"] and set(made["validation"]["renderer"]) == {"freetype", "freetype-large"}
    with pytest.raises(SystemExit, match="another recipe"):
        main(arguments)


def test_packed_fonts_draw_the_same_letters_with_kerning(prepared, tmp_path):
    catalogue = ("--catalogue", str(prepared), "--fonts", str(FONTS))
    pack_fonts.main([str(tmp_path / "fonts.tar.xz"), *catalogue, "--num-proc", "1"])
    shutil.unpack_archive(tmp_path / "fonts.tar.xz", tmp_path, filter="data")
    words = "import wordfreq; print(wordfreq.__file__, *wordfreq.top_n_list('en', 2))"  # which that machine lacks
    said = subprocess.check_output([sys.executable, "-c", words], cwd=tmp_path / "words", text=True)
    assert said.split() == [str(tmp_path / "words" / "wordfreq.py"), "the", "to"]
    faces = read_faces(tmp_path / "faces.jsonl")
    assert faces == read_faces(prepared / "faces.jsonl")
    face = next(face for face in faces if face.family == "roboto")
    folders = FONTS, tmp_path / "fonts"
    both = [OpenFace(unpack(folder / face.file, tmp_path / "ttf" / folder.name)) for folder in folders]
    for text in ("AVATAR To", "Hamburg"):
        whole, packed = (draw_line(opened, text, 90, "freetype-large")[0] for opened in both)
        assert abs(whole.width - packed.width) <= 2 and apart(packed.resize(whole.size), whole) < 8


def test_rendering_resumes_and_refuses_another_recipe(prepared, tmp_path):
    out = shutil.copytree(prepared / "datasets" / "tiny", tmp_path / "tiny")
    before = {path.name: path.read_bytes() for path in (out / "data").glob("*.parquet")}
    next((out / "data").glob("validation-*")).unlink()
    arguments = [*TINY, "--out", str(out)]
    main(arguments)
    assert {path.name: path.read_bytes() for path in (out / "data").glob("*.parquet")} == before
    with pytest.raises(SystemExit, match="another recipe"):
        main([*arguments, "--seed", "1"])


def test_without_ray_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SystemExit, match=r"fontid\[ray\]"):
        main([*TINY, "--out", str(tmp_path / "tiny"), "--ray", "local"])


@pytest.mark.slow
def test_ray_renders_the_same_shards(tmp_path, capsys):
    """By two workers of this machine."""
    pytest.importorskip("ray", reason="Ray is an extra: pip install .[ray]")
    alone, on_ray = tmp_path / "alone", tmp_path / "ray"
    main([*TINY[:-2], "--out", str(alone)])
    main([*TINY[:-2], "--out", str(on_ray), "--ray", "local"])
    assert capsys.readouterr().out.count("worker ") == 2
    ours = (path.name for path in (alone / "data").iterdir())
    shards = sorted(name for name in ours if not name.startswith(("chromium", "stroop")))
    assert len(shards) >= 4
    for name in shards:
        assert (on_ray / "data" / name).read_bytes() == (alone / "data" / name).read_bytes()


def test_card_names_what_is_inside(prepared):
    card = (prepared / "datasets" / "tiny" / "README.md").read_text()
    assert "train " in card and "--preset tiny" in card and card.startswith("---\nlicense")
