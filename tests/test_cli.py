"""The command line, as other tools call it."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmarks import run as run_benchmarks
from fontid import __version__
from fontid.__main__ import main, text_of
from fontid.identifier import NOTHING_FITS, Group
from fontid.many import pictures_in
from fontid.text.lines import Line
from tests.conftest import ROOT, answer_validator, draw, run_command, run_module
from tests.test_catalogue import match


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    draw("Signal groß", "pacifico", 60).save(folder / "one.png")
    draw("Window", "press-start-2p", 40, ink=(255, 240, 0), ground=(20, 20, 90)).save(folder / "two.jpg")
    return folder


def run(capsys, *arguments) -> tuple[int, list[str], str]:
    status = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def test_identify_prints_one_object_a_line(capsys, pictures):
    status, lines, _ = run(capsys, "identify", pictures, "--json", "--top", 3)
    assert status == 0 and len(lines) == 2
    for line, family in zip(lines, ("pacifico", "press-start-2p"), strict=True):
        row = json.loads(line)
        answer_validator().validate(row)
        first = row["matches"][0]
        assert len(row["matches"]) == 3 and first["family"] == family
        assert (first["style"], first["licence"]) == ("Regular", "OFL-1.1")
        shared = first["conditional_probability"] * row["in_catalogue"]  # of rounded figures
        assert first["probability"] == pytest.approx(shared, abs=2e-4)
        assert row["groups"][0]["matches"] == row["matches"]
        (found,) = row["groups"][0]["lines"]
        assert set(found) == {"box", "text", "confidence"} and np.array(found["box"]).shape == (4, 2)


def test_identify_prints_a_table(capsys, pictures):
    status, lines, _ = run(capsys, "identify", pictures / "one.png", "--encoder-only")
    assert status == 0 and "Pacifico 400" in lines[1] and "https://fonts.google.com/specimen/Pacifico" in lines[1]


def test_the_table_tells_words_twins_and_what_is_free_too(capsys, pictures, tmp_path):
    draw("Regional Express", "arimo", 56).save(tmp_path / "arimo.png")
    status, lines, _ = run(capsys, "identify", tmp_path / "arimo.png", "--no-prior")
    first = "\n".join(lines[1:3])  # a row of its own, or below that of the versions of a superfamily
    assert status == 0 and "%" in first and "Arimo 400" in first
    assert any(f" {word} " in first for word in ("certain", "likely")) and "drawn like Arial" in first


def test_versions_of_a_superfamily_are_one_row():
    shares = ("Playwrite AR", 0.3, "Playwrite"), ("Lora", 0.25, None), ("Playwrite AT", 0.2, "Playwrite")
    rows = [match(name, name=name, probability=p, superfamily=of, verdict="close") for name, p, of in shares]
    lines = text_of(Group((), rows, 0.9, (), ()), several=False).splitlines()
    assert [line.split()[:3] for line in lines[:1]] == [["1.", "50.0", "%"]] and "Playwrite:" in lines[0]
    assert ["Playwrite AR" in lines[1], "Playwrite AT" in lines[2], lines[3].startswith("  2.")] == [True] * 3
    none = (dataclasses.replace(rows[1], verdict="none"),)
    assert NOTHING_FITS in text_of(Group((), none, 0.1, (), ()), several=False)


def test_widths_of_one_family_are_one_row_and_told():
    styles = ("Bold", "Bold, Condensed")
    rows = tuple(match("archivo", 700, probability=0.3, verdict="close", style=style) for style in styles)
    lines = text_of(Group((), rows, 0.9, (), ()), several=False).splitlines()
    assert [line.split("close")[-1].split("%")[-1].strip() for line in lines] == [
        "Archivo:", "Archivo 700", "Archivo 700, Condensed",
    ]  # fmt: skip


def test_lines_that_were_not_read_are_counted():
    corners = ((0.0, 0.0), (90.0, 0.0), (90.0, 9.0), (0.0, 9.0))
    lines = tuple(Line(corners, text) for text in ("", "one", "", "two"))
    rows = (match("lora", probability=0.9, verdict="likely"),)
    shown = [text_of(Group(some, rows, 0.9, (), ()), several=True).splitlines()[0] for some in (lines, lines[:1])]
    assert shown == ["  one / two / 2 more lines", "  1 line"]


@pytest.mark.parametrize("count", ["many", "0", "-1", "1.5"])
def test_a_count_that_is_none_is_told(capsys, count):
    with pytest.raises(SystemExit):
        main(["identify", "a.png", f"--top={count}"])
    assert f"it must be a whole number of 1 or more, not '{count}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("picture", "said"), [("", "the name of a picture is empty"), ("ftp://x.org/a.png", "not ftp://x.org/a.png")]
)
def test_a_picture_that_cannot_be_meant_is_told(capsys, picture, said):
    """An empty name would be the folder one stands in, with all that lies in it."""
    with pytest.raises(SystemExit):
        main(["identify", picture])
    assert said in capsys.readouterr().err


def test_of_a_folder_hidden_ones_are_left_out(tmp_path):
    for name in ("b.png", "a/c.png", ".venv/d.png", "a/.cache/e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in pictures_in([tmp_path])] == ["c.png", "b.png"]
    assert [file.name for file in pictures_in([tmp_path / ".venv"])] == ["d.png"]


def test_lower_rows_do_not_say_none():
    rows = tuple(match(name, probability=0.01, verdict="none") for name in "ab")
    shown = text_of(Group((), rows, 0.1, (), ()), several=False).splitlines()
    assert "none" in shown[1] and "none" not in shown[2]


def test_a_paid_face_needs_no_quotes(capsys):
    assert run(capsys, "alternatives", "proxima", "nova")[1][0] == "Proxima Nova"
    status, _, error = run(capsys, "alternatives", " ")
    assert status == 1 and error.strip() == "Name a face, such as Proxima Nova."


def test_alternatives(capsys):
    status, lines, _ = run(capsys, "alternatives", "times")
    assert status == 0 and lines[0] == "Times" and "TeX Gyre Termes" in lines[1] and "same metrics" in lines[1]
    status, lines, _ = run(capsys, "alternatives", "Proxima Nova", "--json")
    assert json.loads(lines[0])["alternatives"][0]["family"] == "montserrat"
    status, lines, errors = run(capsys, "alternatives", "Gothm")
    assert (status, lines) == (1, []) and "Did you mean Gotham" in errors


def test_a_picture_of_too_many_pixels_gets_one_sentence(tmp_path):
    path = tmp_path / "huge.png"
    Image.new("1", (10_000, 9_500)).save(path)
    done = run_module("fontid", "identify", path)
    assert done.returncode == 1 and done.stderr.startswith(f"{path}: This picture has more than")


def test_a_failed_file_does_not_stop_the_others(capsys, pictures):
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    status, lines, _ = run(capsys, "identify", pictures, pictures / "none.png", "--json")
    rows = [json.loads(line) for line in lines]
    assert status == 1 and len(rows) == 4
    assert [("error" in row) for row in rows] == [True, False, False, True]
    assert all(set(row) == {"schema_version", "image", "error", "matches"} for row in rows if "error" in row)
    for row in rows:
        answer_validator().validate(row)


@pytest.mark.parametrize("module", ["fontid.__main__", "app"])
def test_numpy_has_one_thread(module):
    """Others wait by turning in circles between small products."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    tell = "print(*(one['num_threads'] for one in threadpool_info() if one['internal_api'] == 'openblas'))"
    code = f"import {module}; from threadpoolctl import threadpool_info; {tell}"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert set(ran.stdout.split()) == {"1"}, ran.stderr


def test_a_picture_comes_through_a_pipe(pictures):
    command = [sys.executable, "-m", "fontid", "identify", "-", "--json", "--encoder-only"]
    with open(pictures / "one.png", "rb") as picture:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, stdin=picture)
    row = json.loads(ran.stdout)
    assert ran.returncode == 0 and row["image"] == "-" and row["matches"][0]["family"] == "pacifico"


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_reader_that_has_enough_is_no_failure_to_tell(pictures, options):
    """As with `| head`: the other end of the pipe is closed before anything is written."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "fontid", "identify", pictures, "--encoder-only", *options]
    with os.fdopen(writer, "wb") as closed:
        ran = subprocess.run(command, cwd=ROOT, stdout=closed, stderr=subprocess.PIPE)
    assert ran.returncode == 1 and not ran.stderr


def test_a_picture_may_be_at_an_address(capsys, pictures, tmp_path):
    serve = partial(SimpleHTTPRequestHandler, directory=pictures)
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        status, lines, _ = run(capsys, "identify", f"{here}/one.png", f"{here}/none.png", "--json")
        assert status == 1 and json.loads(lines[0])["matches"][0]["family"] == "pacifico"
        gone = json.loads(lines[1])
        assert gone["image"] == f"{here}/none.png" and "please check it, or save the picture" in gone["error"]
        out = tmp_path / "answers.jsonl"
        assert run(capsys, "identify", f"{here}/one.png", "--out", out)[0] == 0
        assert "0 pictures answered" in run(capsys, "identify", f"{here}/one.png", "--out", out)[1][0]
        server.shutdown()


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_who_ends_it_gets_no_traceback(pictures):
    command = [sys.executable, "-m", "fontid", "identify", *[str(pictures / "one.png")] * 200]
    heeded = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell has its background jobs ignore it
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=heeded, **pipes) as process:
        process.stdout.readline()  # it answers
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert process.returncode == 130 and error == b"Ended.\n"


def test_what_an_svg_names_is_told_where_nothing_is_drawn(capsys, tmp_path):
    (tmp_path / "text.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><text font-family='Lora'>a</text></svg>"
    )
    status, (line,), _ = run(capsys, "identify", tmp_path / "text.svg", "--json")
    answer_validator().validate(json.loads(line))
    assert status == 0 and json.loads(line)["verdict"] == "no_text" and json.loads(line)["named"] == ["Lora"]


def test_the_font_of_the_heading_comes_first_where_it_is_asked_for(capsys, tmp_path):
    page = Image.new("RGB", (1000, 400), "white")
    page.paste(draw("Signal", "press-start-2p", 60), (20, 10))
    for row in range(4):
        page.paste(draw("the quick brown fox jumps over it", "pacifico", 36), (20, 130 + 65 * row))
    page.save(tmp_path / "page.png")
    firsts = []
    for options in ((), ("--for", "heading")):
        _, lines, _ = run(capsys, "identify", tmp_path / "page.png", "--top", 1, *options)
        firsts.append(next(line for line in lines if line.startswith("  1. ")))
    assert "Pacifico" in firsts[0] and "Press Start 2P" in firsts[1]


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == f"fontid {__version__}\n"


def test_the_app_tells_its_variables():
    told = run_command(sys.executable, "app.py", "--help")
    assert told.returncode == 0 and "GRADIO_SERVER_PORT" in told.stdout
    assert run_command(sys.executable, "app.py", "--port", "80").returncode == 2


def test_an_empty_picture_is_answered_with_a_sentence(capsys, tmp_path):
    path = tmp_path / "white.png"
    draw(" ", "roboto").save(path)
    status, lines, _ = run(capsys, "identify", path, "--json")
    (row,) = map(json.loads, lines)
    nothing = dict.fromkeys(("matches", "fonts", "groups"), [])
    assert status == 0 and row == {"schema_version": 2, "image": str(path), "verdict": "no_text"} | nothing
    answer_validator().validate(row)
    status, lines, err = run(capsys, "identify", path)
    assert status == 0 and not lines and "No Latin letters" in err


def test_nothing_to_do(capsys, tmp_path):
    status, _, err = run(capsys, "identify", tmp_path)
    assert status == 1 and f"No pictures found in {tmp_path}:" in err
    status, _, err = run(capsys, "evaluate", tmp_path)
    assert status == 2 and "manifest.jsonl" in err
    status, _, err = run(capsys, "identify", tmp_path, "--model", tmp_path)
    assert status == 2 and "config.json is missing" in err


@pytest.fixture
def labelled(tmp_path):
    folder = tmp_path / "labelled"
    folder.mkdir()
    rows = [
        ("a.png", "pacifico", {"text": "Signal", "protocol": "p", "weight": 400, "italic": False}),
        ("b.png", "heebo", {"condition": "q", "note": None}),
        ("c.png", "playfair-display", {"condition": "q", "weight": 700}),
        ("d.png", "not-in-the-catalogue", {}),
        ("gone.png", "lora", {}),
    ]
    for name, family, _ in rows[:3]:
        draw("Signal Wolke", family, 56).save(folder / name)
    shutil.copy(folder / "a.png", folder / "d.png")
    lines = [json.dumps({"file": name, "family": family} | more) for name, family, more in rows]
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n\n")
    return folder


def test_evaluate_counts(capsys, labelled, tmp_path):
    status, lines, _ = run(capsys, "evaluate", labelled, "--json", tmp_path / "out.json")
    summary = json.loads(lines[-1])
    assert status == 0 and summary == json.loads((tmp_path / "out.json").read_text())
    assert (summary["n"], summary["families"], summary["left_out"]) == (4, 4, 1)
    assert summary["left_out_families"] == ["not-in-the-catalogue"] and summary["missing"] == 1
    assert "Pictures left out, of families that are not in the catalogue: 1 (not-in-the-catalogue)." in lines
    assert "Pictures whose files are not in the folder count as wrong: 1." in lines
    assert summary["strict"]["top1"] <= summary["twins"]["top1"] <= 0.75  # the file that is gone is wrong
    assert set(summary["by"]) == {"p", "q"} and summary["by"]["q"]["n"] == 2
    assert summary["by"]["p"]["strict"]["top1"] == 1.0
    assert 0 < summary["seconds_per_image"] < 10


def test_evaluate_says_where_all_pictures_are_missing(capsys, labelled):
    for file in labelled.glob("*.png"):
        file.unlink()
    status, _, err = run(capsys, "evaluate", labelled)
    assert status == 2 and "None of the 5 pictures that manifest.jsonl names is in" in err


def test_evaluate_says_where_no_family_is_known(capsys, tmp_path):
    draw("Signal", "lora", 56).save(tmp_path / "a.png")
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.png", "family": "Nobody Sans"}')
    for options in ((), ("--without-truth",)):
        status, lines, err = run(capsys, "evaluate", tmp_path, *options)
        assert status == 2 and "none is of a family of the catalogue" in err
        assert json.loads(lines[-1])["left_out_families"] == ["Nobody Sans"]


def test_the_place_of_a_result_is_made_or_refused_before_the_run(capsys, labelled, tmp_path, monkeypatch):
    def identify(*_, **__):
        assert (tmp_path / "new" / "folder").is_dir()
        return SimpleNamespace(matches=())

    monkeypatch.setattr("fontid.identifier.FontIdentifier.identify", identify)
    out = tmp_path / "new" / "folder" / "out.json"
    assert run(capsys, "evaluate", labelled, "--json", out)[0] == 0 and json.loads(out.read_text())["n"] == 4
    monkeypatch.setattr("fontid.identifier.FontIdentifier.identify", lambda *_, **__: pytest.fail("the run began"))
    for nowhere in (out.parent, out / "below.json"):
        status, _, err = run(capsys, "evaluate", labelled, "--json", nowhere)
        assert status == 2 and err.endswith("cannot be written: name another file.\n")


def test_benchmarks_ask_a_model_once(capfd, labelled, tmp_path, identifier):
    results = tmp_path / "results"
    only = ["--only", "realworld", "realworld-no-prior", "realworld-without-truth"]
    (tmp_path / "realworld").symlink_to(labelled)
    command = [str(tmp_path), "--real", str(tmp_path), "--results", str(results), *only]
    run_benchmarks.main(command)
    found = {name: json.loads((results / f"{name}.json").read_text()) for name in only[1:]}
    assert {one["model"] for one in found.values()} == {identifier.version}
    assert found["realworld"]["n"] == 4 and "auroc" in found["realworld-without-truth"]
    assert capfd.readouterr().out.count(": done.") == 3
    for name, other in zip(only[1:], ("model", "code"), strict=False):
        (results / f"{name}.json").write_text(json.dumps(found[name] | {other: "another"}))
    run_benchmarks.main(command)
    said = capfd.readouterr().out
    assert said.count("has results of this model") == 1 and said.count(": done.") == 2
    with pytest.raises(SystemExit, match="realworld. Start the same command again"):
        run_benchmarks.main([*command[:1], "--real", "nowhere", "--results", str(tmp_path), "--only", "realworld"])


def test_evaluate_without_the_truth_takes_it_out(capsys, labelled, identifier, monkeypatch):
    """The option's glue alone: which families are taken out, and what becomes of the answers."""
    taken_out = []

    def identify(self, picture, *, without, **options):
        taken_out.append(without)
        return SimpleNamespace(in_catalogue=0.2 if without else 0.9)

    monkeypatch.setattr("fontid.identifier.FontIdentifier.identify", identify)
    status, lines, _ = run(capsys, "evaluate", labelled, "--without-truth")
    summary = json.loads(lines[-1])
    assert status == 0 and (summary["n"], summary["left_out"]) == (4, 1)
    assert taken_out[::2] == [frozenset()] * 3  # the file that is gone is never asked about
    asked = "pacifico", "heebo", "playfair-display"
    assert taken_out[1::2] == [identifier.catalogue.likenesses(name) for name in asked]
    assert "roboto" in taken_out[3]  # heebo's twin
    assert summary["in_catalogue"] == {"known": 0.675, "unknown": 0.15}


def test_labels_texts_and_names_do_not_reach_the_identifier(capsys, labelled, tmp_path):
    _, lines, _ = run(capsys, "evaluate", labelled)
    blind = tmp_path / "blind"
    blind.mkdir()
    rows = [json.loads(line) for line in (labelled / "manifest.jsonl").read_text().splitlines() if line]
    for number, row in enumerate(rows):
        if (labelled / row["file"]).exists():
            shutil.copy(labelled / row["file"], blind / f"{number}.bin")
        row["file"] = f"{number}.bin"
        row.pop("text", None)
    (blind / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, again, _ = run(capsys, "evaluate", blind)
    first, second = (json.loads(part[-1]) for part in (lines, again))
    timings = {"seconds_per_image": 0, "median_seconds": 0}
    assert first | timings == second | timings


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", "[" * 100_000, '{"a":' * 100_000, '{"file": "a.png"}', '{"file": "/etc/passwd", "family": "x"}',
        '{"file": "../../etc/passwd", "family": "x"}', *(f'{{"file": "a.png", "family": "x", "weight": {weight}}}'
        for weight in ('"bold"', "NaN", "1e999", "1" + "0" * 400)),
    ],
    ids=lambda line: line[:60],
)  # fmt: skip
def test_a_bad_manifest_is_told_by_line(capsys, labelled, line):
    with open(labelled / "manifest.jsonl", "a") as manifest:
        manifest.write(line + "\n")
    status, _, err = run(capsys, "evaluate", labelled)
    assert status == 2 and "line 7" in err
