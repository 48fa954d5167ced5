"""The Space, and what release.publish pushes: the real client against a hub on loopback."""

import json
import re
import sys
from pathlib import Path

import pytest
import tomllib
from huggingface_hub import ModelCard, SpaceCard, metadata_load
from packaging.specifiers import SpecifierSet

from release import publish
from tests.conftest import MODEL, ROOT, run_command, start_app
from tests.fake_hub import TOKEN, FakeHub, Repository

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HEADER = {  # of the keys that a Space's README may have, those that this one has
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "license"),
    *("short_description", "tags", "models", "datasets"),
}
NAMES = {"model": "owner/fontid", "dataset": "owner/lines", "space": "owner/app"}


@pytest.fixture(scope="module")
def hub():
    hub = FakeHub()
    yield hub
    hub.shutdown()
    hub.server_close()


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A checkout of what is committed, which may be changed; release.publish takes it for its own."""
    folder = tmp_path / "clone"
    if run_command("git", "clone", "-q", "--shared", ROOT, folder).returncode:
        pytest.skip("not a git checkout")
    monkeypatch.setattr(publish, "ROOT", folder)
    return folder


def on_hub(hub: FakeHub, home: Path, code: str, *arguments: str, **environment: str) -> str:
    """What Python prints that meets this hub, as it meets the true one, when it is started."""
    names = {"HF_ENDPOINT": hub.address, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
    run = run_command(sys.executable, "-c", code, *arguments, **{"HF_TOKEN": ""} | names | environment)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    found = [re.match(r"([\w-]+)(?:\[\w+\])?==([\w.]+)", line) for line in lines if line and not line.startswith("#")]
    assert all(found), "a requirement without a pin"
    return {match[1]: match[2] for match in found}


def test_readme_is_a_spaces_card():
    header = metadata_load(ROOT / "README.md")
    card = SpaceCard.load(ROOT / "README.md").data
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(header) == HEADER
    assert (card.sdk, card.sdk_version) == ("gradio", pins()["gradio"])
    assert isinstance(card.python_version, str), "quoted, or YAML takes 3.10 for 3.1"
    assert card.python_version in SpecifierSet(project["requires-python"])
    assert card.license == project["license"].lower()
    assert (ROOT / card.app_file).is_file()
    assert {header["colorFrom"], header["colorTo"]} <= COLOURS and not header["emoji"].isascii()
    assert len(header["short_description"]) <= 60  # the hub refuses longer ones
    assert card.tags and isinstance(card.models, list) and isinstance(card.datasets, list)


def test_space_gets_all_of_the_app_and_nothing_else(clone, tmp_path):
    space = publish.make_space(None, None, None, tmp_path / "space")
    tracked = run_command("git", "ls-files", cwd=clone).stdout.split()
    rooms = ("fontid/", "web/", "model/", "docs/")
    served = {"README.md", "LICENSE", "requirements.txt", "app.py", *(f for f in tracked if f.startswith(rooms))}
    assert set(space.files) == served == set(publish.files_in(tmp_path / "space"))
    assert all((space.folder / file).stat().st_size < 10e6 for file in space.files)
    without = publish.make_space("o/s", "o/m", "o/d", tmp_path / "without")
    assert set(without.files) == {file for file in served if not file.startswith("model/")}
    card = SpaceCard.load(without.folder / "README.md")
    assert (card.data.models, card.data.datasets) == (["o/m"], ["o/d"])
    assert card.text == SpaceCard.load(clone / "README.md").text


def test_only_what_is_committed_goes(clone, tmp_path):
    style = clone / "web" / "style.css"
    committed = style.read_bytes()
    style.write_text("changed")
    (clone / "web" / "secret.txt").write_text("unknown to git")
    (clone / "model" / "secret.txt").write_text("unknown to git")
    space = publish.make_space(None, None, None, tmp_path / "space")
    assert (space.folder / "web" / "style.css").read_bytes() == committed
    assert not any("secret" in file for file in space.files)
    with pytest.raises(SystemExit, match="web/style.css: changed but not committed"):
        publish.main(["--space", "o/s", "--push"])


def test_model_is_the_artifact_and_no_more(clone, tmp_path):
    model = publish.make_model("o/m", "o/d", tmp_path / "model")
    parts = json.loads((MODEL / "config.json").read_text())["sha256"]
    assert set(model.files) == {*parts, "config.json", "README.md"}
    card = ModelCard.load(model.folder / "README.md").data
    assert (card.library_name, card.license, card.datasets) == ("fontid", "apache-2.0", ["o/d"])
    words = json.loads((ROOT / "results" / "benchmarks" / "words.json").read_text())
    told = {(r.dataset_type, r.metric_name): r.metric_value for r in card.eval_results}
    assert told["words", "top-1, strict"] == words["strict"]["top1"]
    assert told["words", "top-5, twins"] == words["twins"]["top5"]
    assert not any("unfiltered" in dataset for dataset, _ in told), "README does not show it as the model's"

    (clone / "model" / "notes.txt").write_text("committed, but no part")
    author = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["add", "model/notes.txt"], [*author, "commit", "-qm", "notes"]):
        assert run_command("git", *words, cwd=clone).returncode == 0
    with pytest.raises(publish.PublishError, match="model/notes.txt is no part of the artifact"):
        publish.make_model(None, None, tmp_path / "again")


def test_dry_run_shows_all_three(clone, capsys, data):
    (clone / "app.py").write_text("changed")
    publish.main(["--model", "o/m", "--space", "o/s", "--data", str(data)])
    shown = capsys.readouterr().out
    for title in ("model o/m: ", "dataset (not named): ", "space o/s: "):
        assert title in shown
    assert "  data/train-00000-of-00001.parquet\n" in shown and "half.part" not in shown
    assert "model-index" in shown and "sdk_version" in shown and "Nothing was pushed" in shown
    assert "app.py is changed but not committed" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--push"], "--push needs names"),
        (["--model", "nobody"], "nobody has no owner"),
        (["--space", "o/a space"], "a space"),
        (["--dataset", "o/d", "--data", "none", "--push"], "No whole data set lies in none"),
        (["--dataset", "o/d", "--push"], "There is no token"),
    ],
)
def test_mistakes_are_told_before_anything_goes(arguments, told, monkeypatch, capsys):
    monkeypatch.setattr(publish, "get_token", lambda: None if told == "There is no token" else TOKEN)
    monkeypatch.setattr(publish, "push", lambda *_: pytest.fail("pushed"))
    with pytest.raises(SystemExit) as stop:
        publish.main(arguments)
    assert told in str(stop.value) + capsys.readouterr().err


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "lines"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Lines\n")
    (folder / "recipe.json").write_text("{}")
    (folder / "data" / "train-00000-of-00001.parquet").write_bytes(b"PAR1\0PAR1")
    (folder / "data" / "half.part").write_bytes(b"PAR1")
    return folder


PUSH = """
import sys
from pathlib import Path
from release import publish
publish.ROOT = Path(sys.argv[1])
publish.main(sys.argv[2:])
"""
ASK = """
import sys
from pathlib import Path
from fontid.identifier import FontIdentifier
for _ in range(2):
    identifier = FontIdentifier.from_pretrained(sys.argv[1])
print(identifier.encoder.parent.name, identifier.identify(sys.argv[2]).matches[0].family)
"""


def test_everything_pushed_and_loaded_again(hub, clone, tmp_path, data):
    space = hub.repositories["space", NAMES["space"]] = Repository()
    space.commit({"web/old.js": b"from an older version", "model/old.npy": b"\0", "own.txt": b"not ours"})
    names = [word for kind, name in NAMES.items() for word in (f"--{kind}", name)]
    told = on_hub(hub, tmp_path, PUSH, str(clone), *names, "--data", str(data), "--push", HF_TOKEN=TOKEN)
    model, lines = (hub.repositories[kind, NAMES[kind]] for kind in ("model", "dataset"))

    pinned = f"{NAMES['model']}@{model.commits[-1]}"
    assert f"pushed model {pinned}\n" in told and space.variables == {"FONTID_MODEL": pinned}
    assert set(model.files) == set(publish.files_in(MODEL))
    assert all(
        model.files[file] == (clone / "model" / file).read_bytes() for file in model.files if "README" not in file
    )
    assert model.files["prototypes.npy"] in hub.stored.values()  # too binary for git
    assert model.files["README.md"] not in hub.stored.values()
    assert set(lines.files) == {"README.md", "recipe.json", "data/train-00000-of-00001.parquet"}
    assert "app.py" in space.files and "own.txt" in space.files
    assert not any(file == "web/old.js" or file.startswith("model/") for file in space.files)

    answer = on_hub(hub, tmp_path, ASK, pinned, str(ROOT / "web" / "examples" / "board.webp"))
    assert answer.split()[0] == model.commits[-1]
    assert hub.asked.count(f"GET /api/models/{pinned.replace('@', '/tree/')}") == 1, (
        "in the cache, it was asked for again"
    )

    on_hub(hub, tmp_path, PUSH, str(clone), "--space", NAMES["space"], "--push", HF_TOKEN=TOKEN)
    assert space.variables == {} and space.files["model/encoder.onnx"] == model.files["encoder.onnx"]


REFUSED = """
import json, sys
from fontid.artifact import ArtifactError
from fontid.identifier import FontIdentifier
told = {}
for name in sys.argv[1:]:
    try:
        FontIdentifier.from_pretrained(name)
    except ArtifactError as error:
        told[name] = str(error)
print(json.dumps(told))
"""


def test_models_that_cannot_be_had_are_told_in_a_sentence(hub, tmp_path):
    oid = hub.add_model("o/plain", {"config.json": b"{}"}, tag="v1")
    for guard in ("private", "gated"):
        hub.add_model(f"o/{guard}", {}, tag="v1")
        hub.repositories["model", f"o/{guard}"].guard = guard
    expected = {
        "o/plain": "needs a revision",
        "o/plain@v1": "config.json in .* is damaged",
        f"o/plain@{oid}": "config.json in .* is damaged",
        "o/plain@v2": "o/plain has no revision v2",
        f"o/plain@{'0' * 40}": "o/plain has no revision 0000",
        "o/private@v1": "no model o/private, or it is private",
        "o/gated@v1": "o/gated is gated",
        "o/none@v1": "no model o/none",
        "/srv/none": "neither a folder nor a model",
        "o/no such@v1": "neither a folder nor a model",
    }
    told = json.loads(on_hub(hub, tmp_path, REFUSED, *expected))
    offline = json.loads(on_hub(hub, tmp_path, REFUSED, "o/plain@v2", HF_ENDPOINT="http://127.0.0.1:9"))
    strange = json.loads(on_hub(hub, tmp_path, REFUSED, "o/plain@v3", HF_TOKEN="hf_unknown"))
    for name, pattern in expected.items():
        assert re.search(pattern, told[name]) and "\n" not in told[name], name
    assert "the hub cannot be reached" in offline["o/plain@v2"]
    assert "does not know the token" in strange["o/plain@v3"]


@pytest.mark.slow
def test_space_answers_from_exactly_its_files(clone, tmp_path):
    from gradio_client import Client, handle_file

    space = publish.make_space(None, None, None, tmp_path / "space").folder
    app = start_app(tmp_path / "app", checkout=space)
    try:
        client = Client(app.address, verbose=False)
        answer = client.predict(handle_file(ROOT / "web" / "examples" / "board.webp"), api_name="/identify")
        assert answer["matches"]
    finally:
        assert app.stop() == 0
