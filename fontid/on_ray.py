"""A Ray cluster to work on, or Ray's workers of this machine; Ray is imported only where somebody asks for it."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fontid.commands import Refusal

ROOT = Path(__file__).parent.parent
LOCAL = "local"  # address of a cluster that begins and ends with a run
UNNEEDED = (".git", ".venv", "tests", "docs", "results")  # on the other machines


class RayMissing(Refusal, RuntimeError):
    """Ray is not installed or cannot be reached; the message says what to do."""


class RayFailed(Refusal, RuntimeError):
    """What was asked of Ray did not come to its end; the message says what to do."""


@contextmanager
def ray_data(
    address: str, workers: int, variables: Mapping[str, str] | None = None, without: Sequence[str] = ()
) -> Iterator:
    """The module `ray.data`, connected.

    Args:
        address: of a running cluster ("auto" for the one that this machine belongs to), or `LOCAL`.
        workers: cores of this machine that Ray may use, where it is `LOCAL`.
        variables: of the environment, that workers get too.
        without: folders of this checkout that other machines do not need, beside `UNNEEDED`.
    Raises: RayMissing, RayFailed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise RayMissing('--ray needs Ray: pip install "fontid[ray]", in a checkout ".[ray]"') from error
    environment: dict = {"env_vars": {**(variables or {}), "PYTHONPATH": str(ROOT)}}
    if address != LOCAL and (ROOT / "pyproject.toml").is_file():  # the other machines get the code from this checkout
        environment = {"env_vars": dict(variables or {}), "working_dir": str(ROOT), "excludes": [*UNNEEDED, *without]}
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what fails is told by what is raised
    how: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR, **how)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RayMissing(f"No Ray cluster at {address}: start one with `ray start --head` ({error})") from error
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield ray.data
    except ray.exceptions.RayError as error:
        said = str(error).strip().splitlines()[-1]
        raise RayFailed(f"A worker of Ray failed, and the same command goes on from what is done: {said}") from error
    finally:
        ray.shutdown()
