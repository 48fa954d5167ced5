"""The shape of the project: who imports whom, how large it is, what its pages claim."""

import ast
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

import fontid
from tests.conftest import ROOT, run_command

SIBLINGS = {"app", "web", "train", "compare_vlm", "data_scripts", "benchmarks", "release"}
MAY_IMPORT = {
    "app": {"web"},  # its own parts
    "benchmarks": {"data_scripts", "train"},  # draws with the same words and renderers; looks at finished runs
    "compare_vlm": {"train"},  # trains by the same checkpoints
    "release": {"train"},  # makes the model of a finished run
}
SERVING = {
    "app.py",
    *(str(path.relative_to(ROOT)) for room in ("fontid", "web") for path in (ROOT / room).rglob("*.py")),
}


def imports_of(path: Path) -> set[str]:
    """Top-level names that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def tracked_files() -> list[Path]:
    listed = run_command("git", "ls-files", "-z")
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("room", sorted(SIBLINGS | {"fontid"}))
def test_siblings_meet_only_through_files(room):
    files = [ROOT / "app.py"] if room == "app" else sorted((ROOT / room).rglob("*.py"))
    for path in files:
        assert not imports_of(path) & (SIBLINGS - {room} - MAY_IMPORT.get(room, set())), f"{path} imports a sibling"


def test_serving_imports_only_its_requirements():
    of_gradio = {"gradio_client", "fastapi", "jinja2", "starlette", "anyio", "uvicorn"}
    names = {"fontid", "web", "gradio", "onnxruntime", "numpy", "PIL", "pillow_heif", "fontTools", "tqdm", "cv2"}
    names |= {"huggingface_hub", "httpcore", "prometheus_client", "pypdfium2", "resvg_py", "uharfbuzz"} | of_gradio
    extras = {"fontid/many.py": {"pyarrow"}, "fontid/on_ray.py": {"ray"}}  # where somebody asks for them
    for name in SERVING - {"fontid/evaluation/experiment.py"}:  # that one is for train and compare_vlm
        assert imports_of(ROOT / name) <= names | sys.stdlib_module_names | extras.get(name, set()), name


def test_tracked_tree_is_small_and_names_no_host():
    files = tracked_files()
    sizes = {path: path.stat().st_size for path in files if path.exists()}
    assert sum(sizes.values()) < 57.8e6
    assert max(sizes.values()) < 10e6
    registry = re.compile(rb"registry\.npmjs|pypi\.org|files\.pythonhosted|deb\.debian\.org")
    for path in sizes:
        if path.suffix in {".py", ".txt", ".toml", ".md", ".yaml", ".json", ""} and path != Path(__file__):
            assert not registry.search(path.read_bytes()), path


def test_what_the_package_offers_is_imported_when_asked_for():
    """And nothing before; whatever else is asked for is missing in the usual way."""
    program = """
import sys
import fontid
assert not {"numpy", "PIL", "onnxruntime", "cv2", "fontid.identifier"} & set(sys.modules)
from fontid import Answer, FontIdentifier, Match, PictureError, __version__
from fontid import identifier, picture
assert FontIdentifier is identifier.FontIdentifier and Answer is identifier.Answer
assert not hasattr(fontid, "Nothing")
from fontid import *
"""
    done = run_command(sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr


def test_a_wheel_holds_all_that_naming_a_picture_needs(tmp_path):
    """Code, types and model: installed outside the checkout, it names a picture. Its version is the code's."""
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    for room in ("fontid", "model"):
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    program = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    built = run_command(sys.executable, "-c", program, cwd=source)
    assert built.returncode == 0, built.stderr[-2000:]
    wheel = zipfile.ZipFile(source / built.stdout.split()[-1])
    assert Path(wheel.filename).name.startswith(f"fontid-{fontid.__version__}-")
    assert "fontid/py.typed" in wheel.namelist()
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fontid").rglob("*.py")}
    assert modules <= set(wheel.namelist())  # pyproject.toml lists every room
    installed = tmp_path / "installed"
    wheel.extractall(installed)
    picture = sorted((ROOT / "model" / "golden").glob("*.png"))[0]
    command = [sys.executable, "-m", "fontid", "identify", picture, "--json", "--encoder-only"]
    done = run_command(*command, cwd=tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stderr[-2000:]
    labels = [json.loads(line) for line in (ROOT / "model" / "golden" / "golden.jsonl").read_text().splitlines()]
    match = json.loads(done.stdout)["matches"][0]
    named = {match["family"], *(twin["family"] for twin in match["twins"])}
    assert labels[0]["face"].rsplit("-", 2)[0] in named
