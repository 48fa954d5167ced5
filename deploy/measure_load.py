"""Measure the app behind its proxy with many visitors at once, under the memory limit of its unit; or for a long time.

    python -m deploy.measure_load [--seconds 75] [--results results/load.json] [--python PYTHON]
    python -m deploy.measure_load --soak 30 [--results results/once.jsonl#soak] [--python PYTHON]

Starts app.py with the environment of deploy/fontid.service and nginx with the site that deploy/setup.sh prints, both on
free ports of loopback and in one control group with the unit's memory limit (by root; others read that there is
none), uploads on a tmpfs. Locust sends the visitors, see deploy/locustfile.py. PYTHON has what requirements.txt names,
as on a server; this Python otherwise.
"""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from deploy.load_pictures import make_pictures, read_pictures
from deploy.visits import ANSWERED, LOST, REFUSED, Visit, Visitor
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from web.limits import PATIENT

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "deploy" / "fontid.service"
USERS = (1, 4, 16, 64)
SOAK_USERS = 4
WARMING = 0.4  # of a soak: until as many visits are remembered as the app remembers
EVERY = 0.2  # seconds between two looks at the memory
MIB = 1024 * 1024
BATCHES = ("page: many.zip",)  # visitors do not sit and wait for these
LEAVING = 200  # seconds in which visitors end what they began
# of control groups: limit, peak and what counts processes that were killed for it, in the two versions that there are
GROUPS = {
    "cgroup v2": ("/sys/fs/cgroup", "memory.max", "memory.peak", "memory.events"),
    "cgroup v1": ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"),
}


@dataclass(frozen=True)
class Unit:
    """What of the systemd unit counts here: environment, memory limit and size of the uploads' tmpfs, in MiB."""

    environment: dict[str, str]
    memory: int
    uploads: int


def read_unit(path: Path = UNIT) -> Unit:
    text = path.read_text(encoding="utf-8")
    words = [word for line in re.findall(r"^Environment=(.*)", text, re.MULTILINE) for word in shlex.split(line)]
    (memory,), (uploads,) = re.findall(r"^MemoryMax=(\d+)M", text, re.M), re.findall(r"^Temp.*size=(\d+)M", text, re.M)
    return Unit(dict(word.split("=", 1) for word in words), int(memory), int(uploads))


class Group:
    """A control group of its own with a memory limit; without the rights for one only a name that says so."""

    def __init__(self, megabytes: int) -> None:
        self.kind, self._folder = "none: only root can set one", None
        for kind, (root, limit, peak, killed) in GROUPS.items():
            folder = Path(root) / f"fontid-load-{os.getpid()}"
            try:
                folder.mkdir()
                with open(folder / limit, "r+") as file:  # there, or this is no group
                    file.write(str(megabytes * MIB))
            except OSError:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                continue
            self.kind, self._folder, self._peak, self._killed = kind, folder, folder / peak, folder / killed
            break

    def command(self, command: Sequence[str]) -> list[str]:
        """The command, run inside from its first page on."""
        if self._folder is None:
            return list(command)
        return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self._folder / "cgroup.procs"), *command]

    @property
    def peak(self) -> int | None:
        """MiB, of files in memory and of the kernel for these processes too."""
        return None if self._folder is None else int(self._peak.read_text()) // MIB

    @property
    def killed(self) -> int | None:
        """Processes that were killed for going beyond the limit."""
        if self._folder is None:
            return None
        return int(re.search(r"^oom_kill (\d+)", self._killed.read_text(), re.MULTILINE)[1])

    def remove(self) -> None:
        if self._folder is not None:
            self._folder.rmdir()


@dataclass
class Watch:
    """Looks again and again at the processes of the app and of nginx.

    Attributes: samples: when, and the resident memory of each in MiB; cpu: when, and CPU seconds of all so far.
    """

    processes: dict[str, psutil.Process]
    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    cpu: list[tuple[float, float]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        megabytes, seconds = {}, 0.0
        for name, process in self.processes.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                members = [one for one in (process, *process.children(recursive=True)) if one.is_running()]
                megabytes[name] = sum(one.memory_info().rss for one in members) / MIB
                seconds += sum(sum(one.cpu_times()[:4]) for one in members)  # with children that have ended
        self.samples.append((time.time(), megabytes))
        self.cpu.append((time.time(), seconds))

    def run(self) -> None:
        while not self._stop.wait(EVERY):
            self.look()

    def cores(self, begin: float, end: float) -> float:
        """How many were busy on average. Args: seconds since the epoch."""
        first, last = np.interp((begin, end), *zip(*self.cpu, strict=True))
        return round(float(last - first) / (end - begin), 2)

    def stop(self) -> None:
        self._stop.set()

    def peak(self, *names: str) -> int:
        """Of these, or of all together."""
        return round(max(sum(found[name] for name in names or found if name in found) for _, found in self.samples))


@dataclass(frozen=True)
class Site:
    """The running app behind its proxy."""

    address: str
    app: psutil.Process
    group: Group
    watch: Watch
    uploads: Path
    log: Path


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def site_configuration(app_port: int, port: int, folder: Path) -> str:
    """nginx's whole configuration around the site that deploy/setup.sh prints."""
    command = ["deploy/setup.sh", "site", "--domain", "localhost", "--tls", "off", "--listen", f"127.0.0.1:{port}"]
    site = subprocess.run(["bash", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    there = read_unit().environment["GRADIO_SERVER_PORT"]
    for old, new in (
        (f"127.0.0.1:{there}", f"127.0.0.1:{app_port}"),
        ("/var/cache/fontid-nginx", f"{folder}/cache"),
        ("/var/log/nginx/fontid.log", f"{folder}/nginx.log"),
    ):
        assert old in site, f"deploy/setup.sh site prints no {old}"
        site = site.replace(old, new)
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return (
        f"{user} worker_processes 2; pid {folder}/nginx.pid; daemon off; events {{ worker_connections 1024; }}\n"
        f"http {{ include /etc/nginx/mime.types; default_type application/octet-stream; sendfile on; {temporary}\n"
        f"{site}\n}}"
    )


@contextlib.contextmanager
def tmpfs(folder: Path, megabytes: int) -> Iterator[None]:
    """By root; for others an ordinary folder."""
    folder.mkdir()
    mounted = os.geteuid() == 0
    if mounted:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}M", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def running_site(folder: Path, python: str) -> Iterator[Site]:
    unit = read_unit()
    app_port, port = free_ports(2)
    group = Group(unit.memory)
    uploads, log = folder / "uploads", folder / "app.log"
    (folder / "cache").mkdir()
    (folder / "nginx.conf").write_text(site_configuration(app_port, port, folder), encoding="utf-8")
    environment = os.environ | unit.environment | {
        "GRADIO_SERVER_PORT": str(app_port), "TMPDIR": str(uploads), "GRADIO_TEMP_DIR": str(uploads / "gradio"),
        "HOME": str(folder), "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1",
    }  # fmt: skip
    with contextlib.ExitStack() as stack:
        stack.callback(group.remove)
        stack.enter_context(tmpfs(uploads, unit.uploads))
        started = []
        for name, command in (
            ("app", [python, "app.py"]),
            ("nginx", ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]),
        ):
            output = stack.enter_context(open(log if name == "app" else folder / "nginx.out", "w"))
            process = subprocess.Popen(
                group.command(command), cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )
            stack.callback(end, process)
            started.append((name, psutil.Process(process.pid)))
        watch = Watch(dict(started))
        thread = threading.Thread(target=watch.run, daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(watch.stop)
        site = Site(f"http://127.0.0.1:{port}", watch.processes["app"], group, watch, uploads, log)
        wait_until_ready(site)
        yield site


def end(process: subprocess.Popen) -> None:
    """The whole process group: kindly, then not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until_ready(site: Site, seconds: float = 180) -> None:
    """Until it is warm. Raises: SystemExit with the end of its log."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and site.app.is_running() and site.app.status() != psutil.STATUS_ZOMBIE:
        with contextlib.suppress(OSError, ValueError):
            with urllib.request.urlopen(f"{site.address}/healthz", timeout=5) as answer:
                if json.load(answer)["status"] == "ok":
                    return
        time.sleep(0.3)
    sys.exit(f"The app behind nginx does not get ready:\n{site.log.read_text(encoding='utf-8')[-2000:]}")


def send_visitors(site: Site, users: int, seconds: float, folder: Path) -> list[Visit]:
    """By Locust, until all that was begun has ended."""
    visits = folder / f"visits-{users}.jsonl"
    visits.unlink(missing_ok=True)
    command = [sys.executable, "-m", "locust", "-f", "deploy/locustfile.py", "--headless", "--users", str(users)]
    command += ["--spawn-rate", str(users), "--run-time", f"{seconds:.0f}s", "--stop-timeout", str(LEAVING)]
    command += ["--host", site.address, "--exit-code-on-error", "0", "--only-summary"]
    environment = os.environ | {"FONTID_PICTURES": str(folder / "pictures"), "FONTID_VISITS": str(visits)}
    with open(folder / "locust.log", "w+") as log:
        how = {"cwd": ROOT, "env": environment, "stdout": log, "stderr": log, "timeout": seconds + LEAVING + 60}
        if subprocess.run(command, **how).returncode:
            log.seek(0)
            sys.exit(f"Locust fails:\n{log.read()[-2000:]}")
    return [Visit(**json.loads(line)) for line in visits.read_text(encoding="utf-8").splitlines()]


def percentiles(seconds: Sequence[float]) -> dict[str, int]:
    """In milliseconds."""
    found = np.percentile(seconds, (50, 95, 99)) if len(seconds) else [0, 0, 0]
    return {f"p{share}_ms": round(1000 * value) for share, value in zip((50, 95, 99), found, strict=True)}


def summary(visits: Sequence[Visit]) -> dict:
    """Questions, answers a second and how long they took; apart from them pages that were opened, and batches.

    `late` are those that had neither an answer nor a refusal within `PATIENT`. Batches count among the answers.
    """
    questions = [visit for visit in visits if visit.kind != "page"]
    outcomes = Counter(visit.outcome for visit in visits)
    answers = [visit for visit in questions if visit.outcome == ANSWERED]
    waits = [visit.seconds for visit in answers if visit.kind not in BATCHES]
    batches = [visit.seconds for visit in answers if visit.kind in BATCHES]
    span = max(visit.ended for visit in visits) - min(visit.began for visit in visits)
    opened = [visit.seconds for visit in visits if visit.kind == "page" and visit.outcome == ANSWERED]
    return {
        "questions": len(questions),
        "answered": len(answers),
        "refused": outcomes[REFUSED],
        "lost": outcomes[LOST],
        "late": sum(visit.seconds > PATIENT for visit in questions if visit.kind not in BATCHES),
        "throughput": round(len(answers) / span, 3),
        **percentiles(waits),
        "batches": {"answered": len(batches), **percentiles(batches)},
        "pages": {"opened": len(opened), **percentiles(opened)},
        "seconds": round(span, 1),
    }


def sentences(visits: Sequence[Visit], outcome: str) -> dict[str, int]:
    """How often each was said."""
    return dict(Counter(f"{visit.kind}: {visit.said}" if outcome == LOST else visit.said
                        for visit in visits if visit.outcome == outcome).most_common(10))  # fmt: skip


def by_kind(visits: Sequence[Visit]) -> dict[str, dict]:
    kinds: dict[str, list[float]] = {}
    for visit in visits:
        if visit.outcome == ANSWERED:
            kinds.setdefault(visit.kind, []).append(visit.seconds)
    return {
        kind: {"n": len(seconds), "p50_ms": percentiles(seconds)["p50_ms"]} for kind, seconds in sorted(kinds.items())
    }


def megabytes_in(folder: Path) -> float:
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MIB, 1)


def memory_of(site: Site) -> dict:
    """Peaks since the start, in MiB; the group's holds uploads on the tmpfs and files in the page cache too."""
    return {
        "peak_rss_mb": site.watch.peak(),
        "peak_rss_app_mb": site.watch.peak("app"),
        "peak_rss_nginx_mb": site.watch.peak("nginx"),
        "peak_group_mb": site.group.peak,
        "killed_for_memory": site.group.killed,
    }


def settings_of(site: Site, **more) -> dict:
    unit = read_unit()
    return {
        "limit": site.group.kind,
        "limit_mb": unit.memory,
        "uploads_mb": unit.uploads,
        "environment": {name: value for name, value in unit.environment.items() if name.startswith("MALLOC")},
        "pictures": len(read_pictures(site.log.parent / "pictures")),
    } | more


def recover(site: Site, folder: Path) -> float:
    """Seconds that one visitor waits for the page and an answer, right after the crowd. Raises: SystemExit."""
    visitor = Visitor(site.address, folder / "pictures")
    word = next(sample for sample in read_pictures(folder / "pictures") if sample.file == "word.png")
    visits = [visitor.open_page(), visitor.show(word)]
    visitor.leave()
    for visit in visits:
        if visit.outcome != ANSWERED:
            sys.exit(f"After the crowd, a single visitor gets no answer: {visit.kind}: {visit.said}")
    return round(sum(visit.seconds for visit in visits), 2)


def measure_levels(site: Site, users: Sequence[int], seconds: float, folder: Path) -> dict:
    everything: list[Visit] = []
    levels = {}
    for count in users:
        since = len(site.watch.samples)
        visits = send_visitors(site, count, seconds, folder)
        everything += visits
        peak = max(sum(found.values()) for _, found in site.watch.samples[since:])
        cores = site.watch.cores(min(visit.began for visit in visits), max(visit.ended for visit in visits))
        level = summary(visits) | {"cores": cores, "peak_rss_mb": round(peak), "uploads_mb": megabytes_in(site.uploads)}
        print(f"{count} users: {level}", flush=True)
        levels[str(count)] = level
    return {
        **memory_of(site),
        "lost": sum(level["lost"] for level in levels.values()),
        "users": levels,
        "recovery_seconds": recover(site, folder),
        "refusals": sentences(everything, REFUSED),
        "losses": sentences(everything, LOST),
        "by_kind": by_kind(everything),
    }


def growth(times: Sequence[float], megabytes: Sequence[float]) -> float:
    """MB an hour: the slope of the straight line nearest to the samples. Args: times: seconds."""
    return round(3600 * float(np.polyfit(np.subtract(times, times[0]), megabytes, 1)[0]), 1)


def measure_soak(site: Site, minutes: float, folder: Path) -> dict:
    """Few visitors for long; growth is looked for after `WARMING`."""
    files = site.app.num_fds()
    began = time.time()
    visits = send_visitors(site, SOAK_USERS, 60 * minutes, folder)
    samples = [(at, sum(found.values())) for at, found in site.watch.samples if at >= began]
    later = [(at, megabytes) for at, megabytes in samples if at >= began + 60 * minutes * WARMING]
    times, megabytes = zip(*later, strict=True)
    a_minute = [
        round(np.mean([mb for at, mb in samples if 60 * n <= at - began < 60 * n + 60])) for n in range(int(minutes))
    ]
    return {
        **memory_of(site),
        "lost": sum(visit.outcome == LOST for visit in visits),
        "growth_mb_an_hour": growth(times, megabytes),
        "rss_mb_by_minute": a_minute,
        "visits": summary(visits),
        "open_files_before": files,
        "open_files_after": site.app.num_fds(),
        "uploads_mb": megabytes_in(site.uploads),
        "losses": sentences(visits, LOST),
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--seconds", type=float, default=75, help="of every number of users")
    parser.add_argument("--users", type=int, nargs="+", default=USERS)
    parser.add_argument("--soak", type=float, metavar="MINUTES", help=f"{SOAK_USERS} users for so long, instead")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--python", default=sys.executable, help="of the app")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="fontid-load-") as name:
        folder = Path(name)
        make_pictures(folder / "pictures")
        with running_site(folder, arguments.python) as site:
            if arguments.soak:
                metrics = measure_soak(site, arguments.soak, folder)
                settings = settings_of(site, users=SOAK_USERS, minutes=arguments.soak)
                path, options = Path("results/once.jsonl#soak"), f"--soak {arguments.soak:g}"
            else:
                metrics = measure_levels(site, arguments.users, arguments.seconds, folder)
                settings = settings_of(site, seconds=arguments.seconds, cores=len(os.sched_getaffinity(0)))
                path, options = Path("results/load.json"), f"--seconds {arguments.seconds:g}"
    command = f"python -m deploy.measure_load {options}"
    write_result(arguments.results or path, settings=settings, command=command, metrics=metrics)
    print(json.dumps({key: value for key, value in metrics.items() if key != "by_kind"}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
