"""Where an epoch's wall time goes: training, and inside it the wait for batches; evaluation apart."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Batch = TypeVar("Batch")


class Stopwatch:
    """Measures seconds since it was made or last read.

    - epoch_seconds: training alone, with the wait for batches, without what was measured `apart`
    - data_wait_seconds: of these, the wait for batches
    - eval_seconds, checkpoint_seconds: what was measured `apart` under these names
    - images_per_second: images counted over epoch_seconds

    Args: clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        self._started, self._waited, self._images = self._clock(), 0.0, 0
        self._apart = {"eval_seconds": 0.0, "checkpoint_seconds": 0.0}

    def batches(self, loader: Iterable[Batch]) -> Iterator[Batch]:
        """The loader's batches; the time until each comes counts as wait."""
        iterator, asked = iter(loader), self._clock()
        for batch in iterator:
            self._waited += self._clock() - asked
            yield batch
            asked = self._clock()
        self._waited += self._clock() - asked

    @contextmanager
    def apart(self, name: str) -> Iterator[None]:
        """What happens inside counts under a name of its own: eval_seconds or checkpoint_seconds."""
        started = self._clock()
        try:
            yield
        finally:
            self._apart[name] += self._clock() - started

    def count(self, images: int) -> None:
        self._images += images

    def read(self) -> dict[str, float]:
        """The figures above; the next reading begins here."""
        seconds = self._clock() - self._started - sum(self._apart.values())
        figures = {
            "epoch_seconds": seconds,
            "data_wait_seconds": self._waited,
            "images_per_second": self._images / seconds if seconds > 0 else 0.0,
        } | self._apart
        self._reset()
        return figures
