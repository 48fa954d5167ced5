"""What runs a server: the script, the unit, the proxy and the container's file."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time
from modulefinder import ModuleFinder
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file

from deploy.measure_load import read_unit, running_site
from fontid import __version__
from tests.conftest import MODEL, ROOT, run_command
from tests.test_project import tracked_files
from web.limits import LARGEST_BODY, LARGEST_UPLOAD, SPARE_DISK

DEPLOY = ROOT / "deploy"
SETUP = DEPLOY / "setup.sh"
UNIT = (DEPLOY / "fontid.service").read_text(encoding="utf-8")
DOMAIN = ("--domain", "fonts.example.org")


def needs(command: str):
    return pytest.mark.skipif(shutil.which(command) is None, reason=f"{command} is not installed")


def setup(*arguments, script: Path = SETUP) -> subprocess.CompletedProcess:
    return run_command("bash", script, *arguments)


def done(*arguments, script: Path = SETUP) -> str:
    """What the script prints where it goes well."""
    run = setup(*arguments, script=script)
    assert run.returncode == 0, run.stderr
    return run.stdout


def planned() -> set[str]:
    """The files that go to the server, as `plan` lists them."""
    return set(re.findall(r"^ +\d+  (\S+)$", done("plan", *DOMAIN), re.MULTILINE))


def served() -> set[Path]:
    """app.py and every module of ours that it imports, at whatever remove."""
    finder = ModuleFinder([str(ROOT)])
    finder.run_script(str(ROOT / "app.py"))
    return {Path(module.__file__) for module in finder.modules.values() if module.__file__}


@needs("shellcheck")
def test_shellcheck_has_nothing_to_say():
    run = run_command("shellcheck", SETUP)
    assert run.returncode == 0, run.stdout


def test_a_release_is_named_by_its_version():
    plan = done("plan", *DOMAIN)
    assert re.search(rf"\b{re.escape(__version__)}-[0-9a-f]{{10}}\b", plan), plan[:300]


def test_plan_lists_what_the_app_needs_and_nothing_untracked():
    files = planned()
    assert files <= {path.relative_to(ROOT).as_posix() for path in tracked_files()}
    modules = {path.relative_to(ROOT).as_posix() for path in served()}
    assert len(modules) > 30 and modules <= files
    beside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "web").rglob("*") if path.suffix != ".pyc"}
    assert {name for name in beside if (ROOT / name).is_file()} <= files
    assert {f"model/{name}" for name in ("config.json", "encoder.onnx", "golden/00.png")} <= files
    assert not [name for name in files if name.startswith(("tests", "train", "results", "experiments"))]


def test_container_gets_what_a_server_gets():
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    shipped = set(re.search(r"^SHIPPED=\(([^)]*)\)", SETUP.read_text(), re.MULTILINE).group(1).split())
    assert let_in == {name for name in shipped if not name.startswith("deploy/")}
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert "USER 10001" in dockerfile and "HEALTHCHECK" in dockerfile


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "one of plan"),
        (("plan", "--tls", "maybe"), "letsencrypt, self-signed or off"),
        (("plan", "--domain", "a b;c"), "a name such as"),
        (("plan", "--domain"), "needs a value"),
        (("plan", "--listen", "8080"), "--tls off"),
        (("plan", "--port", "1"), "no option"),
        (("pack",), "name of the archive"),
        (("install",), "which domain?"),
        (("install", *DOMAIN, "--venv", sys.prefix), "--root"),
        (("rollback", "--root", "{tmp}"), "no release to go back to"),
        (("upgrade", "--root", "{tmp}"), "nothing is installed here yet"),
    ],
)
def test_mistakes_are_told(arguments, said, tmp_path):
    run = setup(*(argument.replace("{tmp}", str(tmp_path)) for argument in arguments))
    assert run.returncode == 1 and said in run.stderr and len(run.stderr.splitlines()) == 1
    assert not (tmp_path / "etc").exists()


def test_limits_of_proxy_unit_and_app_agree():
    site = done("site", *DOMAIN)
    assert [int(size) for size in re.findall(r"client_max_body_size (\d+);", site)] == [LARGEST_UPLOAD, LARGEST_BODY]
    assert f"{LARGEST_UPLOAD // 10**6} MB can be sent at once" in site
    tmpfs = int(re.search(r"^TemporaryFileSystem=/run/fontid:size=(\d+)M", UNIT, re.MULTILINE).group(1)) * 2**20
    assert LARGEST_UPLOAD + SPARE_DISK <= tmpfs < 900e6 / 2
    port = re.search(r"GRADIO_SERVER_PORT=(\d+)", UNIT).group(1)
    assert f"server 127.0.0.1:{port} " in site and f"SocketBindAllow=ipv4:tcp:{port}" in UNIT
    assert "GRADIO_TEMP_DIR=/run/fontid/" in UNIT and "MemoryMax=900M" in UNIT
    unit = read_unit()  # as the load test takes it
    assert unit.memory == 900 and unit.environment["MALLOC_ARENA_MAX"] == "1"


@pytest.mark.parametrize("tls", ["letsencrypt", "self-signed", "off"])
def test_site_is_filled_in(tls):
    site = done("site", *DOMAIN, "--tls", tls)
    assert not re.search(r"@\w+@|# \[tls\n|# tls\]\n", site) and ("ssl_certificate " in site) == (tls != "off")


@needs("systemd-analyze")
def test_unit_is_hardened():
    limit = "--threshold=15"  # exposure 1.5 of 10
    run = run_command("systemd-analyze", "security", "--offline=yes", limit, DEPLOY / "fontid.service")
    assert run.returncode == 0, run.stdout[-300:] + run.stderr


def test_install_upgrade_refuse_and_go_back(tmp_path):
    """In a folder, from an unpacked archive, with the environment that the tests run in."""
    archive, root = tmp_path / "fontid.tar.gz", tmp_path / "root"
    done("pack", archive)
    shutil.unpack_archive(archive, tmp_path)
    source, script = tmp_path / "fontid", tmp_path / "fontid" / "deploy" / "setup.sh"
    assert {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()} == planned()

    def release(link: str) -> str:
        return os.readlink(root / "opt" / "fontid" / link)

    trial = ("--root", root, "--venv", sys.prefix)
    said = done("install", *DOMAIN, "--tls", "self-signed", *trial, script=script)
    assert "  model/encoder.onnx\n" in said and "no service was started" in said  # the plan comes first
    first = release("current")
    settings = root / "etc" / "fontid" / "fontid.env"
    settings.write_text("FONTID_MODEL=/srv/model\n")

    (source / "app.py").write_text((source / "app.py").read_text() + "# newer\n")
    done("upgrade", *trial, script=script)
    second = release("current")
    assert second != first == release("previous") and (root / "opt" / "fontid" / second / "app.py").is_file()

    damaged = source / "model" / "twins.npy"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    run = setup("upgrade", *trial, script=script)
    assert run.returncode == 1 and "twins.npy" in run.stderr and "Traceback" not in run.stderr
    assert (release("current"), release("previous")) == (second, first)
    assert len(list((root / "opt" / "fontid" / "releases").iterdir())) == 2

    done("rollback", "--root", root, script=script)
    assert (release("current"), release("previous")) == (first, second)
    assert settings.read_text() == "FONTID_MODEL=/srv/model\n"
    said = done("check", "--root", root, script=script)
    assert "FAILED" not in said and said.count("ok ") == 3

    (root / "opt" / "fontid" / first / "model" / "twins.npy").write_bytes(whole[:-1])
    run = setup("check", "--root", root, script=script)
    assert run.returncode == 1 and "FAILED  the font of a picture" in run.stdout


def test_served_code_keeps_to_python_3_10():
    options = ("-t=3.10-", "--no-tips", "--violations", "app.py", "web", "fontid")
    run = run_command(sys.executable, "-c", "import vermin; vermin.main()", *options)
    assert run.returncode == 0 and "Minimum required versions" in run.stdout, run.stdout + run.stderr


def test_nothing_is_told_to_anybody(tmp_path):
    """onnxruntime would note down a number for this machine, and send it."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "fontid", "identify", str(MODEL / "golden" / "00.png")]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and "telemetry" not in run.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """The app behind nginx: the proxy's address and its log."""
    folder = tmp_path_factory.mktemp("nginx")
    with running_site(folder, sys.executable) as site:
        yield site.address, folder / "nginx.log"
    of_app = [line for line in site.log.read_text().splitlines() if line.startswith("{")]  # beside what Gradio prints
    logged = (folder / "nginx.log").read_text() + "".join(of_app)
    assert of_app and "127.0.0" not in logged and "00.png" not in logged


@pytest.mark.slow
@needs("nginx")
def test_pictures_are_named_through_the_proxy(proxied):
    client = Client(proxied[0], verbose=False)
    found = client.predict(handle_file(MODEL / "golden" / "00.png"), api_name="/identify")
    golden = json.loads((MODEL / "golden" / "golden.jsonl").read_text().splitlines()[0])
    assert found["matches"][0]["family"] == golden["face"].rsplit("-", 2)[0]


@pytest.mark.slow
@needs("nginx")
def test_static_files_are_cached_and_packed(proxied):
    address, log = proxied
    page = httpx.get(address)
    assert page.headers["content-encoding"] in ("gzip", "br") and page.headers["cache-control"] == "no-cache"
    script = re.search(r"assets/index-[\w-]+\.js", page.text).group()
    got = [httpx.get(f"{address}/{script}", headers={"Accept-Encoding": "gzip"}) for _ in range(2)]
    assert got[0].status_code == got[1].status_code == 200 and got[0].text == got[1].text
    assert got[1].headers["content-encoding"] == "gzip"
    assert "immutable" in got[1].headers["cache-control"]
    time.sleep(0.2)
    assert '"cache":"HIT"' in log.read_text()
    for header in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert header in page.headers
    assert "server" in page.headers and "/" not in page.headers["server"]


@pytest.mark.slow
@needs("nginx")
@pytest.mark.parametrize(
    ("path", "size", "said"),
    [("/gradio_api/upload", LARGEST_UPLOAD, "256 MB"), ("/gradio_api/mcp/", LARGEST_BODY, "20 MB"),
     ("/gradio_api/call/identify", 2**20, "/gradio_api/upload")],
)  # fmt: skip
def test_what_is_too_large_is_refused_with_a_sentence(proxied, path, size, said):
    connection = http.client.HTTPConnection(proxied[0].removeprefix("http://"), timeout=20)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(size + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and said in answer.read().decode()


@pytest.mark.slow
@needs("nginx")
def test_what_is_not_for_visitors_is_closed(proxied):
    assert httpx.get(f"{proxied[0]}/healthz").status_code == 200
    assert httpx.get(f"{proxied[0]}/metrics").status_code == 200  # asked from this machine
    for path in ("monitoring", "gradio_api/dev/reload", "gradio_api/proxy=https://example.org/a"):
        assert httpx.get(f"{proxied[0]}/{path}").status_code == 404, path


@pytest.mark.slow
@needs("nginx")
def test_one_address_that_asks_too_much_is_told_to_wait_and_others_are_not(proxied):
    ask = {"json": {}, "headers": {"Content-Type": "application/json"}}
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.3")) as greedy:
        statuses = [greedy.post(f"{proxied[0]}/gradio_api/call/nothing", **ask) for _ in range(80)]
    refused = [answer for answer in statuses if answer.status_code == 429]
    assert 10 < len(refused) < 70
    assert "wait ten seconds" in refused[0].json()["detail"] and refused[0].headers["retry-after"] == "10"
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.4")) as patient:
        assert patient.post(f"{proxied[0]}/gradio_api/call/nothing", **ask).status_code == 404
