"""Render shards on a Ray cluster, or on Ray's workers of this machine: Ray Data gives each shard to a worker.

All machines see fonts and data set under the same path (a shared file system), which FONTID_DATA names. A worker writes
its shard as one file, so a killed run goes on with the shards that are missing, as without Ray.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from fontid.paths import data_home

ROOT = Path(__file__).parent.parent
LOCAL = "local"  # address of a cluster that begins and ends with this run


class RayMissing(RuntimeError):
    """Ray is not installed or cannot be reached; the message says what to do."""


def render_on_ray(render: Callable, shards: Sequence, address: str, workers: int) -> dict[str, int]:
    """Call `render` for every shard. Returns how many rows each worker, named by its process, has made.

    Args: address: of a running cluster ("auto" for the one that this machine belongs to), or `LOCAL`.
        workers: at most so many at once; on this machine also the number of its cores that Ray may use.
    Raises: RayMissing.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise RayMissing("--ray needs Ray: pip install -r requirements-ray.txt") from error
    environment: dict = {"env_vars": {"FONTID_DATA": str(data_home()), "PYTHONPATH": str(ROOT)}}
    if address != LOCAL:  # the other machines get the code from here
        environment = {"env_vars": {"FONTID_DATA": str(data_home())}, "working_dir": str(ROOT)}
        environment["excludes"] = [".git", ".venv", "model", "tests", "docs", "results"]
    more = {"num_cpus": workers, "include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level="ERROR", **more)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RayMissing(f"No Ray cluster at {address}: start one with `ray start --head` ({error})") from error

    def render_row(row: dict) -> dict:
        return {"rows": render(shards[row["id"]]), "worker": f"{os.uname().nodename}:{os.getpid()}"}

    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        numbers = ray.data.range(len(shards), override_num_blocks=len(shards))
        made: dict[str, int] = {}
        for row in numbers.map(render_row, concurrency=workers).iter_rows():
            made[row["worker"]] = made.get(row["worker"], 0) + row["rows"]
        return made
    finally:
        ray.shutdown()
