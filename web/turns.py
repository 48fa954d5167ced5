"""Pictures take turns: first come, first served, however they came."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from web.limits import AT_ONCE, LONGEST
from web.watching import note

Result = TypeVar("Result")


class Busy(ValueError):
    """A turn did not come or did not end in time; the message says what to do."""


class Turns:
    """Does at most `at_once` pieces of work at a time, in the order they came; in threads of its own."""

    def __init__(self, at_once: int, longest: float) -> None:
        self.longest = longest
        self._workers = ThreadPoolExecutor(at_once, thread_name_prefix="turn")
        self._begun: dict[object, float] = {}

    @property
    def in_flight(self) -> int:
        return len(self._begun)

    @property
    def stuck(self) -> bool:
        """Whether something has been worked on for twice as long as anybody waits: it will not end."""
        now = time.monotonic()
        return any(now - begun > 2 * self.longest for begun in list(self._begun.values()))

    def take(self, work: Callable[..., Result], *args, **how) -> Result:
        """What `work(*args, **how)` returns or raises, when it is its turn. Raises: Busy."""
        steps = self.follow(lambda tell: work(*args, **how))
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    def follow(self, work: Callable[[Callable[[Any], None]], Result]) -> Generator[Any, None, Result]:
        """Yields what `work(tell)` told last, whenever asked for it; returns or raises what it does. Raises: Busy."""
        asked, key, told = time.monotonic(), object(), SimpleQueue()

        def turn() -> Result:
            self._begun[key] = time.monotonic()
            note(turn_ms=round(1000 * (self._begun[key] - asked)))
            try:
                return work(told.put)
            finally:
                del self._begun[key]

        future = self._workers.submit(copy_context().run, turn)
        future.add_done_callback(told.put)
        while True:
            try:
                step = told.get(timeout=max(0.0, asked + self.longest - time.monotonic()))
            except Empty:
                future.cancel()
                raise Busy("This takes too long just now: try again in a minute, or with a smaller picture.") from None
            while not told.empty():  # what was overtaken meanwhile delays nothing
                step = told.get()
            if step is future:
                return future.result()
            yield step

    def close(self) -> None:
        """Begin nothing any more."""
        self._workers.shutdown(wait=False, cancel_futures=True)


TURNS = Turns(AT_ONCE, LONGEST)
