"""Pictures take turns: first come, first served, however they came, and one that takes long delays no short one."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from fontid.commands import Refusal
from web.limits import ALONE, AROUND, AT_ONCE, LONGEST, PATIENT, USUAL
from web.watching import note

Result = TypeVar("Result")
LEARNING = 0.1  # how much the newest piece of work says of what others of its kind will take


class Busy(Refusal, ValueError):
    """A turn did not come or did not end in time; the message says what to do."""


FULL = "Too many pictures are waiting here just now: try again in half a minute."
TOO_LONG = "This takes too long just now: try again in a minute, or with a smaller picture."


@dataclass(eq=False)
class _Turn:
    """A piece of work of a kind in `USUAL`: when it was asked for and begun, what it told, and its future at last."""

    work: Callable[[], Any]
    kind: str
    asked: float
    told: SimpleQueue
    begun: float = 0.0

    @property
    def is_long(self) -> bool:
        return self.kind in ALONE


class Turns:
    """Does at most `at_once` pieces of work at a time, in threads of its own, in the order they came.

    Of those in `ALONE` only one is done at a time, and others that came later are begun meanwhile. Whoever would be
    answered later than after `patience` is refused at once.

    Args:
        longest: seconds until a visitor gets the advice to try again, however far the work is.
        patience: seconds that anybody waits for an answer that others are done before.
    """

    def __init__(self, at_once: int, longest: float, patience: float = PATIENT - AROUND) -> None:
        self.longest, self._at_once, self._patience = longest, at_once, patience
        self._usual = dict(USUAL)  # seconds that work of each kind took of late
        self._workers = ThreadPoolExecutor(at_once, thread_name_prefix="turn")
        self._waiting: list[_Turn] = []
        self._begun: list[_Turn] = []
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        return len(self._begun)

    @property
    def stuck(self) -> bool:
        """Whether something has been worked on for twice as long as anybody waits: it will not end."""
        now = time.monotonic()
        return any(now - turn.begun > 2 * self.longest for turn in list(self._begun))

    def take(self, work: Callable[..., Result], *args, kind: str, patience: float | None = None) -> Result:
        """What `work(*args)` returns or raises, when it is its turn. The others are those of `follow`. Raises: Busy."""
        steps = self.follow(lambda tell: work(*args), kind, patience)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    def follow(
        self, work: Callable[[Callable[[Any], None]], Result], kind: str, patience: float | None = None
    ) -> Generator[Any, None, Result]:
        """Yields what `work(tell)` told last, whenever asked for it; returns or raises what it does.

        Args:
            kind: of work, one of `USUAL`.
            patience: seconds, where it is not what everybody has.
        Raises: Busy.
        """
        patience = self._patience if patience is None else patience
        context, told, asked = copy_context(), SimpleQueue(), time.monotonic()

        def begun() -> Result:
            note(turn_ms=round(1000 * (time.monotonic() - asked)))
            return work(told.put)

        turn = _Turn(lambda: context.run(begun), kind, asked, told)
        self._enter(turn, patience)
        while True:
            most = self.longest if turn.begun else min(self.longest, patience - self._usual[kind])
            try:
                step = told.get(timeout=max(0.0, asked + most - time.monotonic()))
            except Empty:
                if self._leave(turn):
                    raise Busy(FULL) from None
                if time.monotonic() < asked + self.longest:  # it has just been begun
                    continue
                raise Busy(TOO_LONG) from None
            while not told.empty():  # what was overtaken meanwhile delays nothing
                step = told.get()
            if isinstance(step, Future):
                return step.result()
            yield step

    def close(self) -> None:
        """Begin nothing any more."""
        with self._lock:
            self._at_once = 0
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _enter(self, turn: _Turn, patience: float) -> None:
        """Have it wait. Raises: Busy where it would wait too long."""
        with self._lock:
            before = self._expected_wait(turn.is_long)
            if before and before + self._usual[turn.kind] > patience:
                raise Busy(FULL)
            self._waiting.append(turn)
            self._begin()

    def _expected_wait(self, is_long: bool) -> float:
        """Seconds until a turn that comes now is begun, by what each kind usually takes."""
        now = time.monotonic()
        left = [max(0.0, turn.begun + self._usual[turn.kind] - now) for turn in self._begun]
        free = left + [0.0] * (self._at_once - len(left))  # seconds until each worker is
        long_free = max((s for s, turn in zip(left, self._begun, strict=True) if turn.is_long), default=0.0)
        if not free:
            return 0.0
        for turn in self._waiting:
            start = max(min(free), long_free) if turn.is_long else min(free)
            free.remove(max(seconds for seconds in free if seconds <= start))
            free.append(start + self._usual[turn.kind])
            long_free = free[-1] if turn.is_long else long_free
        return max(min(free), long_free) if is_long else min(free)

    def _leave(self, turn: _Turn) -> bool:
        """Whether it was still waiting; it does so no more."""
        with self._lock:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True

    def _begin(self) -> None:
        """What can be begun, while there are workers for it."""
        while len(self._begun) < self._at_once:
            is_taken = any(turn.is_long for turn in self._begun)
            turn = next((turn for turn in self._waiting if not (turn.is_long and is_taken)), None)
            if turn is None:
                return
            self._waiting.remove(turn)
            turn.begun = time.monotonic()
            self._begun.append(turn)
            self._workers.submit(self._do, turn)

    def _do(self, turn: _Turn) -> None:
        done: Future = Future()
        try:
            done.set_result(turn.work())
        except BaseException as error:
            done.set_exception(error)
        with self._lock:
            self._begun.remove(turn)
            if not done.exception():
                took = time.monotonic() - turn.begun
                self._usual[turn.kind] += LEARNING * (took - self._usual[turn.kind])
            self._begin()
        turn.told.put(done)


TURNS = Turns(AT_ONCE, LONGEST)
