"""Fetching fonts, with an npm of our own that installs from a shelf; importing a folder of font files."""

import io
import itertools
import json
import os
import shutil
import signal
import stat
import string
import subprocess
import sys
import tarfile

import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.TupleVariation import TupleVariation

from data_scripts import fetch_fonts, font_sources
from data_scripts.fetch_fonts import FAMILIES, read_families, read_metadata
from data_scripts.font_sources import outside, read_packages, wanted
from data_scripts.import_fonts import import_folder
from data_scripts.make_faces import faces_of_family
from fontid.fonts.files import family_name, is_italic, relative_width, weight_of
from fontid.fonts.subsetting import plain, small_font
from tests.conftest import FONTS, ROOT, font_file, run_command, square_font, until

NPM = """#!{python}
import json, pathlib, shutil, sys, time
manifest = json.loads(pathlib.Path("package.json").read_text())
required = "dependencies" in manifest
wanted = manifest["dependencies" if required else "optionalDependencies"]
shelf = pathlib.Path("{shelf}")
with open(shelf / "calls.txt", "a") as calls:
    calls.write(" ".join(wanted) + "\\n")
time.sleep({seconds})
away = (shelf / "away").exists()  # the registry: an optional package is dropped in silence then, as by the true npm
for name, version in wanted.items():
    source = shelf / name / (version if version != "*" else "5.0.1")
    if source.exists() and not away:
        shutil.copytree(source, pathlib.Path("node_modules") / name)
    elif required:
        sys.exit("npm error code " + ("ECONNREFUSED" if away else "E404"))
"""


VERSIONS = ("5.0.1", "5.0.0")


@pytest.fixture
def shelf(tmp_path):
    """Packages as npm has them, in two versions each: latin and other files, a variable one."""
    shelf = tmp_path / "shelf"
    kinds = ("latin-400-normal", "latin-ext-400-normal", "cyrillic-400-normal", "latin-variable-full-normal")
    for name, version in (*itertools.product(("lora", "roboto", "lobster", "pacifico"), VERSIONS), ("empty", "1.0.0")):
        package = shelf / "@fontsource" / name / version
        (package / "files").mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"version": version}))
        if name != "empty":
            shutil.copy(FONTS / name / "metadata.json", package)
            (package / "LICENSE").write_text(f"licence of {name} {version}")
            for kind in kinds:
                shutil.copy(font_file(name), package / "files" / f"{name}-{kind}.woff2")
    return shelf


def fetch(tmp_path, shelf, families: str, *arguments: str, seconds: float = 0) -> subprocess.Popen:
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "npm").unlink(missing_ok=True)  # an npm that a killed run left may still be starting: it is not changed
    (programs / "npm").write_text(NPM.format(python=sys.executable, shelf=shelf, seconds=seconds))
    (programs / "npm").chmod(stat.S_IRWXU)
    (tmp_path / "families.txt").write_text(families)
    command = [sys.executable, "-m", "data_scripts.fetch_fonts", "--families", str(tmp_path / "families.txt")]
    command += ["--out", str(tmp_path / "out"), *arguments]
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    caught = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **caught)


def test_exactly_the_latin_files_are_kept_and_problems_named(tmp_path, shelf):
    process = fetch(tmp_path, shelf, "# a comment\nlora 5.0.0\nnowhere 1.0.0\nroboto 5.0.1\nempty 1.0.0\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "2 families, 2 faces" in out and "nowhere: npm has no" in out and "empty: has no Latin files" in out
    lora = tmp_path / "out" / "lora"
    assert sorted(path.name for path in lora.iterdir()) == [
        "LICENSE", "lora-latin-400-normal.woff2", "metadata.json", "source.json",
    ]  # fmt: skip
    assert json.loads((lora / "source.json").read_text()) == {"id": "lora", "version": "5.0.0", "source": "google"}


def test_what_is_there_is_skipped_and_another_version_replaced(tmp_path, shelf):
    assert fetch(tmp_path, shelf, "lora 5.0.0\nroboto 5.0.1\n").wait(60) == 0
    assert fetch(tmp_path, shelf, "lora 5.0.1\nroboto 5.0.1\n").wait(60) == 0
    calls = (shelf / "calls.txt").read_text().splitlines()
    assert calls == ["@fontsource/lora @fontsource/roboto", "@fontsource/lora"]
    assert (tmp_path / "out" / "lora" / "LICENSE").read_text() == "licence of lora 5.0.1"


def test_a_killed_run_goes_on(tmp_path, shelf):
    families = "lora 5.0.1\nroboto 5.0.1\nlobster 5.0.1\npacifico 5.0.1\n"
    process = fetch(tmp_path, shelf, families, "--batch", "1", seconds=0.5)
    until((tmp_path / "out" / "roboto").exists, 60)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out" / "pacifico").exists()
    assert fetch(tmp_path, shelf, families, "--batch", "9").wait(60) == 0
    last = (shelf / "calls.txt").read_text().splitlines()[-1].split()
    assert last[-1] == "@fontsource/pacifico" and "@fontsource/lora" not in last


def test_a_registry_out_of_reach_is_not_a_missing_package(tmp_path, shelf):
    (shelf / "away").touch()
    process = fetch(tmp_path, shelf, "lora 5.0.1\nroboto 5.0.1\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "ECONNREFUSED" in err and "Traceback" not in err
    assert "no such package" not in out


def test_a_refresh_that_breaks_off_keeps_families_txt(tmp_path, shelf, monkeypatch):
    (shelf / "away").touch()
    fetch(tmp_path, shelf, "lora 5.0.1\n").communicate(timeout=60)  # puts our npm in place
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(fetch_fonts, "latin_families", lambda: ["lora", "roboto"])
    with pytest.raises(fetch_fonts.FetchError):
        fetch_fonts.refresh(tmp_path / "families.txt", tmp_path / "out", 60)
    assert (tmp_path / "families.txt").read_text() == "lora 5.0.1\n"


@pytest.mark.parametrize(
    ("read", "content", "said"),
    [
        (read_families, None, "cannot be read"),
        (read_families, "lora 5.0.1\nroboto\n", "line 2"),
        (read_packages, "aileron 5.3.0 CC0-1.0\n", "line 1"),  # nobody uses it
    ],
)
def test_a_list_that_cannot_be_read_is_told(tmp_path, read, content, said):
    if content:
        (tmp_path / "list.txt").write_text(content)
    with pytest.raises(fetch_fonts.FetchError, match=said):
        read(tmp_path / "list.txt")


def test_without_npm_a_sentence_says_so(tmp_path):
    (tmp_path / "families.txt").write_text("lora 5.0.1\n")
    words = ("data_scripts.fetch_fonts", "--families", tmp_path / "families.txt", "--out", tmp_path / "out")
    run = run_command(sys.executable, "-m", *words, PATH=str(tmp_path / "nothing"))
    assert run.returncode == 1 and "npm is not installed" in run.stderr and "Traceback" not in run.stderr


def test_the_catalogue_is_the_whole_of_google_fonts():
    families = read_families(FAMILIES)
    assert len(families) >= 1700 and {"roboto", "lora", "open-sans"} <= set(families)
    assert all(version[0].isdigit() for version in families.values())


def test_of_a_variable_family_the_file_with_most_axes_is_taken(tmp_path):
    package = tmp_path / "asap"
    (package / "files").mkdir(parents=True)
    for kind in ("latin-wght-normal", "latin-standard-normal", "latin-ext-standard-normal", "latin-wght-italic"):
        (package / "files" / f"asap-{kind}.woff2").touch()
    taken = [file.name for file in fetch_fonts.variable_files(package)]
    assert taken == [
        "asap-latin-standard-normal.woff2", "asap-latin-wght-italic.woff2", "asap-latin-ext-standard-normal.woff2",
    ]  # fmt: skip


def test_families_beyond_google_are_named_with_licence_and_user():
    packages = [*read_packages(font_sources.DEBIAN), *read_packages(font_sources.NPM)]
    assert len({package.name for package in packages}) == len(packages) > 60
    assert all(package.version[0].isdigit() and package.used_by for package in packages)
    known = outside() | set(read_families(FAMILIES))
    assert known.isdisjoint(package.name for package in read_packages(font_sources.NPM))
    assert set(read_families(fetch_fonts.VARIABLE)) <= set(read_families(FAMILIES))
    earlier = {package.name.removeprefix("typeface-") for package in read_packages(font_sources.EARLIER)}
    assert earlier and earlier <= set(read_families(FAMILIES))


def test_a_source_that_there_is_not_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit, match="no source 'adobe'"):
        fetch_fonts.main(["--sources", "npm,adobe", "--out", str(tmp_path)])


def test_of_a_debian_package_only_new_families_are_taken(tmp_path):
    package = next(package for package in read_packages(font_sources.DEBIAN) if package.name == "fonts-go")
    for family in ("go", "roboto", "go-mono", "hack"):  # go stays outside, roboto is Google's
        (tmp_path / "imported" / family).mkdir(parents=True)
    (tmp_path / "out" / "hack").mkdir(parents=True)
    (tmp_path / "out" / "hack" / "source.json").write_text('{"id": "hack", "version": "1", "package": "fonts-hack"}')
    taken = wanted(tmp_path / "imported", tmp_path / "out", package)
    assert [folder.name for folder in taken] == ["go-mono"]


def test_an_earlier_version_of_a_family_lies_beside_it_and_its_faces_say_so(tmp_path, monkeypatch):
    def pack(command, folder):
        assert command[2] == "typeface-roboto@0.0.1"
        with tarfile.open(folder / "typeface-roboto-0.0.1.tgz", "w:gz") as archive:
            for style in ("latin-400", "latin-700italic", "latin-900", "latin-ext-400"):
                archive.add(font_file("lora"), f"package/files/roboto-{style}.woff2")
        return subprocess.CompletedProcess(command, 0, "", "")

    shutil.copytree(FONTS / "roboto", tmp_path / "roboto")
    (tmp_path / "roboto" / "LICENSE").write_text("free")
    (tmp_path / "roboto" / "source.json").write_text('{"version": "5.0.1"}')
    monkeypatch.setattr(fetch_fonts, "run_npm", pack)
    package = font_sources.Package("typeface-roboto", "0.0.1", "OFL-1.1", "pages of old")
    assert font_sources.fetch_earlier(package, tmp_path) == {}
    folder = tmp_path / "roboto.earlier"
    with TTFont(font_file("lora")) as font:
        version = f"{font['head'].fontRevision:.3f}"
    assert sorted(file.name for file in folder.iterdir()) == [
        "LICENSE", "metadata.json", f"roboto-v{version}-latin-400-normal.woff2",
        f"roboto-v{version}-latin-700-italic.woff2", "source.json",
    ]  # fmt: skip
    faces = faces_of_family(folder, tmp_path / "ttf")
    assert [face.id for face in faces] == [f"roboto-400-normal-v{version}", f"roboto-700-italic-v{version}"]
    assert {(face.family, face.version, face.source) for face in faces} == {("roboto", version, "google")}
    assert faces[1].style == f"Bold Italic, version {version}"
    assert not any(face.version for face in faces_of_family(tmp_path / "roboto", tmp_path / "ttf"))
    monkeypatch.setattr(fetch_fonts, "run_npm", None)
    assert font_sources.fetch_earlier(package, tmp_path) == {}, "what is there is not fetched again"


def test_an_earlier_version_that_cannot_be_had_is_told(tmp_path, monkeypatch):
    def empty(command, folder):
        with tarfile.open(folder / "empty.tgz", "w:gz") as archive:
            archive.add(FONTS / "roboto" / "metadata.json", "package/package.json")
        return subprocess.CompletedProcess(command, 0, "", "")

    package = font_sources.Package("typeface-roboto", "0.0.1", "OFL-1.1", "pages of old")
    assert "not there" in font_sources.fetch_earlier(package, tmp_path)["typeface-roboto"]
    (tmp_path / "roboto").mkdir()
    (tmp_path / "roboto" / "source.json").write_text('{"version": "5.0.1"}')
    monkeypatch.setattr(fetch_fonts, "run_npm", empty)
    assert "no Latin files" in font_sources.fetch_earlier(package, tmp_path)["typeface-roboto"]
    monkeypatch.setattr(fetch_fonts, "run_npm", lambda *_: subprocess.CompletedProcess([], 1, "", "E404"))
    assert "E404" in font_sources.fetch_earlier(package, tmp_path)["typeface-roboto"]


NEW = {"id": "x", "family": "X Y", "category": "serif", "license": {"type": "OFL-1.1", "attribution": "Me"}}
OLD = {"fontId": "x", "fontName": "X Y", "category": "serif", "license": "OFL-1.1"}
OLDEST = OLD | {"license": "https://a.page/attribution"}


@pytest.mark.parametrize(("values", "copyright"), [(NEW, "Me"), (OLD, "Copyright 2011"), (OLDEST, "Copyright 2011")])
def test_every_form_of_metadata(tmp_path, values, copyright):
    (tmp_path / "metadata.json").write_text(json.dumps(values))
    shutil.copy(font_file("roboto"), tmp_path / "x-latin-400-normal.woff2")
    found = read_metadata(tmp_path)
    assert (found.id, found.name, found.category, found.license) == ("x", "X Y", "serif", "OFL-1.1")
    assert found.copyright.startswith(copyright) and found.url == "https://fonts.google.com/specimen/X+Y"


def build_font(path, family: str, weight: int = 400, italic: bool = False, axes=None) -> None:
    """A font of one square; with `axes` (tag, least, default, most) a variable one whose square grows with wght."""
    builder = square_font("A", family)
    builder.setupOS2(usWeightClass=weight, fsSelection=1 if italic else 64)
    builder.setupPost(italicAngle=-12 if italic else 0)
    if axes:
        builder.setupFvar([(*axis, axis[0]) for axis in axes], [])
        wider = [(0, 0), (0, 0), (400, 0), (400, 0), *[(0, 0)] * 4]
        builder.setupGvar({"u65": [TupleVariation({"wght": (0, 1, 1)}, wider)], ".notdef": []})
    builder.save(path)


def test_a_folder_of_font_files(tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    (source / "deep").mkdir(parents=True)
    build_font(source / "a.ttf", "My Sans")
    build_font(source / "b.ttf", "My Sans", weight=7)  # an old way to write 700
    build_font(source / "c.ttf", "My Sans", italic=True)
    build_font(source / "deep" / "d.ttf", "My Sans")  # the same face again
    build_font(source / "v.ttf", "Var Light", weight=300, axes=[("wdth", 75, 100, 125), ("wght", 300, 300, 600)])
    (source / "broken.otf").write_bytes(b"OTTO, but nothing follows")
    (source / "OFL.txt").write_text("free")
    problems = import_folder(source, out)
    assert {path.rsplit("/", 1)[1] for path in problems} == {"broken.otf", "d.ttf"}
    assert sorted(path.name for path in (out / "my-sans").glob("*.woff2")) == [
        "my-sans-latin-400-italic.woff2", "my-sans-latin-400-normal.woff2", "my-sans-latin-700-normal.woff2",
    ]  # fmt: skip
    assert (out / "my-sans" / "LICENSE").read_text() == "free"
    assert read_metadata(out / "my-sans").name == "My Sans" and read_metadata(out / "my-sans").url == ""
    widths = {}
    for weight in (300, 400, 500, 600):
        with TTFont(out / "var" / f"var-latin-{weight}-normal.woff2") as font:
            assert "fvar" not in font
            widths[weight] = max(x for x, _ in font["glyf"]["u65"].coordinates)
    assert widths == {300: 500, 400: 633, 500: 767, 600: 900}  # by the tag wght, though wdth stands first


SLOPES = [("slnt", -10, 0, 10), ("slnt", -10, 0, 0), ("slnt", -10, -10, 0), ("ital", 0, 0, 0)]


@pytest.mark.parametrize("axis", SLOPES)
def test_slopes_of_an_axis(tmp_path, axis):
    (tmp_path / "source").mkdir()
    build_font(tmp_path / "source" / "v.ttf", "Slope", axes=[axis, ("wght", 400, 400, 400)])
    assert import_folder(tmp_path / "source", tmp_path / "out") == {}
    names = sorted(path.stem for path in (tmp_path / "out" / "slope").glob("*.woff2"))
    styles = ["italic", "normal"] if axis[0] == "slnt" else ["normal"]
    assert names == [f"slope-latin-400-{style}" for style in styles]


def test_a_weight_of_1000_and_a_name_without_latin_letters(tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    build_font(source / "heavy.ttf", "Heavy", axes=[("wght", 900, 900, 1000)])
    build_font(source / "name.ttf", "源ノ角")
    assert [path.rsplit("/", 1)[1] for path in import_folder(source, out)] == ["name.ttf"]
    assert sorted(path.stem for path in out.rglob("*.woff2")) == ["heavy-latin-1000-normal", "heavy-latin-900-normal"]


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(SystemExit, match="No ttf"):
        import_folder(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("selection", "mac_style", "angle", "italic"),
    [
        (1, 0, 0, True), (1 << 9, 0, 0, True), (64, 2, 0, True), (64, 0, -12, True), (64, 0, 9, True),
        (64, 0, 0, False), (32, 1, 0, False), (128 + 64, 4, 0.5, False),
        (64, 0, 1.5, True), (None, 0, 0, False), (None, 2, 0, True),
    ],
)  # fmt: skip
def test_a_face_is_italic_where_any_table_says_so(selection, mac_style, angle, italic):
    with TTFont(font_file("lora")) as font:
        font["head"].macStyle, font["post"].italicAngle = mac_style, angle
        if selection is None:
            del font["OS/2"]  # as old fonts of the Macintosh have none
        else:
            font["OS/2"].fsSelection = selection
        assert is_italic(font) is italic


@pytest.mark.parametrize(
    ("entries", "weight", "width", "family"),
    [
        ({1: "Acme Light", 16: "Acme"}, 300, 5, "Acme"),
        ({1: "Acme Light"}, 300, 5, "Acme"),
        ({1: "Acme SemiBold"}, 600, 5, "Acme"),
        ({1: "Acme Semi Bold"}, 600, 0, "Acme"),
        ({1: "Acme Black"}, 400, 5, "Acme Black"),  # not its weight but its name
        ({1: "Acme Condensed", 16: "Acme"}, 400, 3, "Acme Condensed"),
        ({1: "Acme Wide Light", 16: "Acme"}, 300, 7, "Acme Wide"),
        ({16: "Acme"}, 400, 3, "Acme"),
    ],
)
def test_a_family_is_named_without_its_weight_and_with_its_width(entries, weight, width, family):
    with TTFont(font_file("lora")) as font:
        for number in (1, 16):
            font["name"].removeNames(nameID=number)
        for number, text in entries.items():
            font["name"].setName(text, number, 3, 1, 0x409)
        font["OS/2"].usWeightClass, font["OS/2"].usWidthClass = weight, width
        assert family_name(font) == family


@pytest.mark.parametrize(("told", "weight"), [(0, 400), (4, 400), (9, 900), (10, 10), (250, 250), (1200, 1000)])
def test_weights_are_those_of_css(told, weight):
    with TTFont(font_file("lora")) as font:
        font["OS/2"].usWeightClass = told
        assert weight_of(font) == weight


def test_a_small_font_keeps_what_its_licence_asks_for():
    with TTFont(font_file("lora")) as whole:
        whole["name"].setName("A free licence", 13, 3, 1, 0x409)
        small = small_font(io.BytesIO(plain(whole)))
        assert {record.nameID for record in small["name"].names} == {0, 1, 2, 13, 14}
        for name in (0, 13, 14):
            assert small["name"].getDebugName(name) == whole["name"].getDebugName(name)


def test_the_width_of_a_font_is_that_of_its_small_letters():
    with TTFont(font_file("lora")) as font:
        width = relative_width(font)
        assert 0.8 < width < 1.2
        for letter in string.ascii_lowercase:
            glyph = font.getBestCmap()[ord(letter)]
            font["hmtx"][glyph] = 2 * font["hmtx"][glyph][0], font["hmtx"][glyph][1]
        assert relative_width(font) == pytest.approx(2 * width, abs=0.002)
        del font["cmap"].getBestCmap()[ord("q")]
        assert relative_width(font) == 0.0  # not all of them are there
