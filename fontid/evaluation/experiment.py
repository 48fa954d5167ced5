"""Experiments: YAML settings in, JSON results out. Used by train and compare_vlm alike.

`FILE#NAME` is the entry NAME of a table: a key of a YAML file, or the last line of a JSON-lines file with that `name`.
A file without a `#` is one experiment or one result.
"""

import dataclasses
import fnmatch
import hashlib
import json
import os
import platform
import re
import subprocess  # nosec B404: commands are lists that this project writes
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from fontid.settings import Kind, SettingsError, build_settings

CODE = Path(__file__).parent.parent  # what answers
PACKAGES = ("torch", "accelerate", "transformers", "peft", "datasets", "onnxruntime", "numpy", "pillow")


def code_digest() -> str:
    """Of the source files of `fontid`, 12 hexadecimal digits: a model answers otherwise by other code."""
    sources = sorted(CODE.rglob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]


def entry_name(path: Path) -> str:
    """Of a file its stem, of a table's entry its name."""
    file, _, entry = str(path).partition("#")
    return entry or Path(file).stem


def entries(path: Path) -> list[Path]:
    """`FILE#NAME` for every entry of a table, or those that fit `FILE#PATTERN`. Raises: as below."""
    file, _, pattern = str(path).partition("#")
    return [Path(f"{file}#{name}") for name in read_yaml(Path(file)) if fnmatch.fnmatch(name, pattern or "*")]


def read_yaml(path: Path) -> Any:
    """What a YAML file or an entry of one holds. Raises: SettingsError where there is none."""
    file, _, entry = str(path).partition("#")
    try:
        values = yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {}
        return values[entry] if entry else values
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except (KeyError, TypeError) as error:
        raise SettingsError(f"{file} has no experiment {entry!r}.") from error


def read_settings(kind: type[Kind], path: Path) -> Kind:
    """Build the dataclass `kind` from its defaults and the differences in a YAML file or an entry of one.

    Raises: SettingsError for a missing file, an unknown key or a value of another type (YAML reads `1e-4` as a string:
        write `1.0e-4`).
    """
    return build_settings(kind, read_yaml(path), str(path))


def write_result(path: Path, *, settings: Any, command: str, metrics: dict[str, Any], **more: Any) -> None:
    """Write one result: settings, the command that makes it again, metrics, and where it was made.

    A table gets one more line, which counts in place of an older one; so two queues can write at once.
    Args: settings: a dataclass or a dict; metrics: JSON values, fractions 0-1; more: further top-level keys.
    """
    record = {
        "command": command,
        "settings": settings if isinstance(settings, dict) else dataclasses.asdict(settings),
        "metrics": metrics,
        **more,
        "commit": current_commit(),
        "versions": {"python": platform.python_version()} | installed_versions(),
        "hardware": {"processor": processor_name(), "cores": os.cpu_count()},
    }
    file, _, entry = str(path).partition("#")
    if entry:
        add_result(Path(file), entry, record)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(readable_json(record) + "\n", encoding="utf-8")


def add_result(table: Path, name: str, record: dict[str, Any]) -> None:
    table.parent.mkdir(parents=True, exist_ok=True)
    with open(table, "a", encoding="utf-8") as lines:
        lines.write(json.dumps({"name": name} | record, ensure_ascii=False) + "\n")


def readable_json(record: dict[str, Any]) -> str:
    """JSON, indented, but short lists and dictionaries of plain values on a line each."""

    def on_a_line(found: re.Match) -> str:
        try:
            line = json.dumps(json.loads(found[0]), ensure_ascii=False)
        except ValueError:  # brackets in a string
            return found[0]
        return line if len(line) <= 100 else found[0]

    return re.sub(r"[\[{][^\[\]{}]*[\]}]", on_a_line, json.dumps(record, indent=1, ensure_ascii=False))


def read_result(path: Path) -> dict[str, Any]:
    """One result, of a file or of a table's entry. Raises: OSError or KeyError where there is none."""
    file, _, entry = str(path).partition("#")
    return read_results(Path(file))[entry] if entry else json.loads(Path(path).read_text(encoding="utf-8"))


def read_results(table: Path) -> dict[str, dict[str, Any]]:
    """Results by name; none where there is no file."""
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    return {record.pop("name"): record for record in map(json.loads, lines)}


def current_commit() -> str | None:
    """The commit of the checkout this module lies in, with "+" behind it where files are changed; None without git."""
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    try:
        run = subprocess.run(  # nosec B603: git, wherever it is; a list, no shell
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()


def installed_versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
