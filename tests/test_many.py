"""Many pictures into one file: what is there is passed over, of folders and of data sets, here and on Ray's workers."""

import json
import math
import shutil
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from fontid.__main__ import main
from fontid.commands import Refusal
from fontid.many import LEAST_TOGETHER, MOST_BLOCKS, answer_into, blocks_of, done_in, opened, parts_of
from tests.conftest import answer_validator, draw
from tests.fake_hub import Repository
from tests.test_publish import hub, on_hub  # noqa: F401 (a fixture)

OPTIONS = {"top": 2, "encoder_only": True}
FACES = ("pacifico", "press-start-2p", "pacifico", "pacifico")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number, face in enumerate(FACES):
        draw("Signal Wolke", face, 40 + number).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="module")
def data_set(pictures, tmp_path_factory) -> Path:
    """As the hub keeps one: a folder of Parquet files, of two row groups here."""
    folder = tmp_path_factory.mktemp("set") / "data"
    folder.mkdir()
    images = [{"bytes": (pictures / f"{number}.png").read_bytes(), "path": None} for number in range(len(FACES))]
    table = pyarrow.table({"image": images, "label": list(range(len(FACES)))})
    pyarrow.parquet.write_table(table, folder / "test-00000-of-00001.parquet", row_group_size=3)
    return folder.parent


def rows_of(out: Path) -> dict[str, dict]:
    return {row["image"]: row for row in map(json.loads, out.read_text().splitlines())}


def test_a_second_run_goes_on(identifier, pictures, tmp_path):
    out, pictures = tmp_path / "new" / "answers.jsonl", shutil.copytree(pictures, tmp_path / "pictures")
    failed, said = answer_into(out, lambda: identifier, OPTIONS, [pictures])
    rows = rows_of(out)
    assert failed == 1 and said.startswith("4 pictures answered") and "0 were there already" in said
    assert said.endswith("1 could not be, which the same command tries again")
    assert list(rows) == [str(pictures / name) for name in ("0.png", "1.png", "2.png", "3.png", "broken.png")]
    assert "not a picture" in rows[str(pictures / "broken.png")]["error"]
    for number, face in enumerate(FACES):
        row = rows[str(pictures / f"{number}.png")]
        answer_validator().validate(row)
        assert row["matches"][0]["family"] == face and len(row["matches"]) == 2
    whole = out.read_bytes()
    cut = whole.index(b"2.png") + 40  # killed in the middle of a line
    out.write_bytes(whole[:cut])
    failed, said = answer_into(out, lambda: identifier, OPTIONS, [pictures])
    assert failed == 1 and said.startswith("2 pictures answered") and "2 were there already" in said
    assert out.read_bytes() == whole
    draw("Signal", FACES[0]).save(pictures / "broken.png")  # mended meanwhile: it is asked about again, and only it
    failed, said = answer_into(out, lambda: identifier, OPTIONS, [pictures])
    assert failed == 0 and said.startswith("1 picture answered") and "4 were there already" in said
    assert len(rows_of(out)) == len(out.read_text().splitlines()) == 5

    def never():
        raise AssertionError("nothing is left to be answered")

    failed, said = answer_into(out, never, OPTIONS, [pictures])
    assert failed == 0 and said.startswith("0 pictures answered")


def test_answers_are_written_as_people_read_them(identifier, pictures, tmp_path):
    folder = shutil.copytree(pictures, tmp_path / "größe")
    answer_into(tmp_path / "a.jsonl", lambda: identifier, OPTIONS, [folder / "0.png"])
    assert f'"image": "{folder}/0.png"' in (tmp_path / "a.jsonl").read_text(encoding="utf-8")


def test_without_a_catalogue_of_ones_own_there_is_none_alone():
    assert len(opened().catalogue.faces) > 1000
    with pytest.raises(Refusal, match="--alone needs --catalogue"):
        opened(alone=True)


def test_names_of_any_kind_are_known_again(tmp_path):
    names = ['a "quoted" name.png', "back\\slash.png", "grün\n.png", "plain.png"]
    out = tmp_path / "answers.jsonl"
    out.write_text("".join(json.dumps({"schema_version": 2, "image": name, "matches": []}) + "\n" for name in names))
    assert done_in(out) == set(names)


def test_rows_of_a_data_set_are_named_by_file_and_number(identifier, data_set, tmp_path):
    out = tmp_path / "answers.jsonl"
    file = data_set / "data" / "test-00000-of-00001.parquet"
    assert answer_into(out, lambda: identifier, OPTIONS, [data_set])[1].startswith("4 pictures answered")
    assert {name: row["matches"][0]["family"] for name, row in rows_of(out).items()} == {
        f"{file}#{number}": face for number, face in enumerate(FACES)
    }
    lines = out.read_text().splitlines(keepends=True)
    out.write_text(lines[3] + lines[1])
    assert [(part.group, part.count) for part in parts_of([file], done_in(out))] == [(0, 2)]
    assert answer_into(out, lambda: identifier, OPTIONS, [file])[1].startswith("2 pictures answered")
    assert len(rows_of(out)) == len(out.read_text().splitlines()) == 4


ON_HUB = """
import sys
from pathlib import Path
from fontid.many import parts_of
print(len(parts_of([Path(sys.argv[1])], set())))
"""


def test_a_data_set_of_the_hub(hub, data_set, tmp_path):  # noqa: F811
    file = data_set / "data" / "test-00000-of-00001.parquet"
    repository = hub.repositories["dataset", "owner/words"] = Repository()
    oid = repository.commit({"README.md": b"words", "data/test-00000-of-00001.parquet": file.read_bytes()})
    assert on_hub(hub, tmp_path, ON_HUB, f"owner/words@{oid}").strip() == "2"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [({"label": [1]}, "has no column image"), (None, "cannot be read as Parquet")],
)
def test_what_is_no_data_set_of_pictures(table, sentence, tmp_path):
    file = tmp_path / "other.parquet"
    if table:
        pyarrow.parquet.write_table(pyarrow.table(table), file)
    else:
        file.write_bytes(b"nothing")
    with pytest.raises(Refusal, match=sentence):
        parts_of([file], set())


def test_a_fault_of_ours_ends_no_run(pictures, tmp_path):
    class Faulty:
        def identify(self, picture, **options):
            raise ZeroDivisionError

    out = tmp_path / "answers.jsonl"
    answer_into(out, Faulty, {}, [pictures])
    assert {row["error"] for row in rows_of(out).values()} == {
        "This picture cannot be answered (ZeroDivisionError); please report it."
    }


def sentence_of(capsys, *arguments) -> str:
    status = main(["identify", *map(str, arguments)])
    printed = capsys.readouterr()
    assert status == 2 and printed.out == "" and printed.err.count("\n") == 1
    return printed.err


def test_what_cannot_be_done_is_told_in_a_sentence(pictures, tmp_path, capsys, monkeypatch):
    other = tmp_path / "notes.txt"
    other.write_text("my notes\n")
    assert "something else than answers" in sentence_of(capsys, pictures, "--out", other)
    assert other.read_text() == "my notes\n"
    assert "leave out --css" in sentence_of(capsys, pictures, "--css", "--out", tmp_path / "a.jsonl")
    assert "say --ray local" in sentence_of(capsys, pictures, "--workers", "3")
    assert "--ray needs --out" in sentence_of(capsys, pictures, "--ray", "local")
    (tmp_path / "empty").mkdir()
    said = sentence_of(capsys, tmp_path / "empty", "--out", tmp_path / "a.jsonl")
    assert f"No pictures found in {tmp_path / 'empty'}:" in said
    monkeypatch.setitem(sys.modules, "ray", None)
    missing = sentence_of(capsys, pictures, "--out", tmp_path / "a.jsonl", "--ray", "local")
    assert "fontid[ray]" in missing


@pytest.mark.slow
def test_workers_of_ray_answer_the_same(identifier, pictures, data_set, tmp_path, capsys):
    pytest.importorskip("ray", reason="Ray is an extra: pip install .[ray]")
    alone, on_ray = tmp_path / "alone.jsonl", tmp_path / "ray.jsonl"
    answer_into(alone, lambda: identifier, {"top": 5, "encoder_only": True}, [pictures, data_set])
    half = alone.read_text().splitlines(keepends=True)[:2]
    on_ray.write_text("".join(half))
    arguments = ["--out", str(on_ray), "--ray", "local", "--workers", "2", "--encoder-only"]
    assert main(["identify", str(pictures), str(data_set), *arguments]) == 1
    assert "6 pictures answered" in capsys.readouterr().out  # one is broken
    assert {name: row.get("matches") for name, row in rows_of(on_ray).items()} == {
        name: row.get("matches") for name, row in rows_of(alone).items()
    }


def test_pictures_may_be_bytes_alone(identifier, pictures, tmp_path):
    file = tmp_path / "plain.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"image": [(pictures / "0.png").read_bytes()]}), file)
    answer_into(tmp_path / "a.jsonl", lambda: identifier, OPTIONS, [file])
    assert rows_of(tmp_path / "a.jsonl")[f"{file}#0"]["matches"][0]["family"] == "pacifico"


@pytest.mark.parametrize("count", [0, 1, LEAST_TOGETHER, LEAST_TOGETHER + 1, LEAST_TOGETHER * MOST_BLOCKS + 1, 10**6])
def test_blocks_hold_every_part_once_and_are_neither_many_nor_small(count):
    blocks = blocks_of(range(count))
    assert [part for block in blocks for part in block] == list(range(count)) and len(blocks) <= MOST_BLOCKS
    assert all(len(block) >= LEAST_TOGETHER for block in blocks[:-1])
    assert len(blocks) == math.ceil(count / LEAST_TOGETHER) or len(blocks) > MOST_BLOCKS / 2
