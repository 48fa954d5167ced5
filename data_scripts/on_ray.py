"""Render shards on a Ray cluster, or on Ray's workers of this machine: Ray Data gives each shard to a worker.

All machines see fonts and data set under the same path (a shared file system), which FONTID_DATA names. A worker writes
its shard as one file, so a killed run goes on with the shards that are missing, as without Ray.
"""

import os
from collections.abc import Callable, Sequence

from fontid.on_ray import ray_data
from fontid.paths import data_home


def render_on_ray(render: Callable, shards: Sequence, address: str, workers: int) -> dict[str, int]:
    """Call `render` for every shard. Returns how many rows each worker, named by its process, has made.

    Args: address, workers: as of `ray_data`; at most so many shards at once.
    Raises: RayMissing, RayFailed.
    """

    def render_row(row: dict) -> dict:
        return {"rows": render(shards[row["id"]]), "worker": f"{os.uname().nodename}:{os.getpid()}"}

    made: dict[str, int] = {}
    with ray_data(address, workers, {"FONTID_DATA": str(data_home())}, without=["model"]) as data:
        numbers = data.range(len(shards), override_num_blocks=len(shards))
        for row in numbers.map(render_row, compute=data.TaskPoolStrategy(size=workers)).iter_rows():
            made[row["worker"]] = made.get(row["worker"], 0) + row["rows"]
    return made
