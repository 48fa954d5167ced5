"""Answers to the pictures that were asked about last, so that the same bytes asked again cost nothing.

An answer holds what was read, and no picture: it is kept in memory alone and forgotten when an upload of its age is
deleted. FONTID_REMEMBER=0 leaves all of it out. And answers that wait to be fetched.
"""

import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Hashable
from functools import partial
from threading import Lock

from gradio.utils import LRUCache

from fontid.identifier import Answer
from web.limits import DELETE_UPLOADS, REMEMBERED

PART = 1 << 20  # bytes read at a time


class Answers:
    """A memory of answers. Args: most: how many are kept, the last ones; seconds: for how long."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds, self._lock = most, seconds, Lock()
        self._kept: OrderedDict[Hashable, tuple[float, Answer]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, question: Hashable) -> Answer | None:
        self.forget()
        return self._kept.get(question, (0.0, None))[1]

    def keep(self, question: Hashable, answer: Answer) -> None:
        with self._lock:
            self._kept.setdefault(question, (time.monotonic(), answer))
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self) -> None:
        """Those that were kept for long enough: the first ones, since being asked again makes none younger."""
        with self._lock:
            while self._kept and time.monotonic() - next(iter(self._kept.values()))[0] >= self._seconds:
                self._kept.popitem(last=False)


def question_of(file: str, *options: Hashable) -> Hashable:
    """A key of a question: its file's bytes, and how it is asked. A file that cannot be read gets a key of its own."""
    digest = hashlib.sha256()
    try:
        with open(file, "rb") as opened:
            for part in iter(partial(opened.read, PART), b""):
                digest.update(part)
    except OSError:
        return object()
    return digest.digest(), options


ANSWERS = Answers(0 if os.environ.get("FONTID_REMEMBER") == "0" else REMEMBERED, DELETE_UPLOADS[1])


class Unread(LRUCache):
    """Gradio's queues of messages by visit, of which it keeps 2000 for ever: here only the last that were looked at.

    A visit that is waited for is looked at every ten seconds; one that left without its answer leaves memory with it.
    """

    def __getitem__(self, visit):
        self.move_to_end(visit)
        return super().__getitem__(visit)
