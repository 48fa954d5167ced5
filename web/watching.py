"""What an operator sees of the running app: a log of one JSON object a line, metrics, and whether it can answer.

Nothing of visitors is kept: no pictures, no readings, no names of files, no addresses.
"""

import errno
import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import gradio as gr
import uvicorn.config
from gradio.exceptions import InvalidPathError
from prometheus_client import Counter, Histogram

from fontid.commands import Refusal
from fontid.picture.opening import PictureError
from web.programs import MISTAKEN

REQUESTS = Counter("fontid_requests", "Requests by what was asked and how they ended.", ["endpoint", "outcome"])
SECONDS = Histogram(
    "fontid_request_seconds",
    "From being asked to the answer, waiting included.",
    ["endpoint"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)
FEEDBACK = Counter("fontid_feedback", "Answers that visitors called right or wrong.", ["judged"])
SIZES = ((100_000, "to 100 kB"), (1_000_000, "to 1 MB"), (10_000_000, "to 10 MB"))
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
DISK = "The server has no room for this just now: try again in a few minutes."
MEMORY = "The server has no memory for this just now: try again in a few minutes, or with a smaller picture."
NOT_UPLOADED = "This file was not uploaded here: send it to /gradio_api/upload first."
UNKNOWN = "Something went wrong here, and nothing is known of why: try again, or with another picture."

_facts: ContextVar[dict | None] = ContextVar("facts", default=None)


def log(event: str, **facts) -> None:
    """Write one line of the log."""
    with suppress(OSError):  # a full disk under the log is no reason not to answer
        sys.stderr.write(json.dumps({"time": _now(), "event": event} | facts) + "\n")
        sys.stderr.flush()


def note(**facts) -> None:
    """Add to what is logged of the request that is being answered."""
    known = _facts.get()
    if known is not None:
        known |= facts


def size_class(size: int) -> str:
    return next((name for most, name in SIZES if size <= most), "above 10 MB")


def places(error: BaseException) -> dict:
    """What may be logged of an error: its kind, and the places in the code; its message may name a visitor's file."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return {"error": type(error).__name__, "where": [f"{Path(one.filename).name}:{one.lineno}" for one in frames]}


def apology(error: BaseException) -> str:
    """The message a visitor sees for an unexpected error."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return DISK
    return MEMORY if isinstance(error, MemoryError) else UNKNOWN


def ended(event: str, endpoint: str, outcome: str, began: float, **facts) -> None:
    """Count and log a request. Args: began: on the monotonic clock."""
    seconds = time.monotonic() - began
    REQUESTS.labels(endpoint, outcome).inc()
    SECONDS.labels(endpoint).observe(seconds)
    log(event, endpoint=endpoint, outcome=outcome, ms=round(1000 * seconds), **facts)


@contextmanager
def watched(endpoint: str, began: float, facts: dict | None = None) -> Iterator[dict]:
    """Count, time and log what is asked of a function of the page, and tell refusals; of other errors, an apology.

    Args: facts: what was yielded for an earlier step of the same request.
    Yields: what is known of it, which is not counted before its last step.
    Raises: gr.Error, which Gradio shows and does not print.
    """
    facts = facts or {"outcome": "answered", "waited_ms": round(1000 * (time.monotonic() - began))}
    token = _facts.set(facts)
    try:
        yield facts
    except (gr.Error, Refusal, PictureError) as error:
        facts["outcome"] = "refused"
        raise gr.Error(getattr(error, "message", str(error)), print_exception=False) from error
    except InvalidPathError as error:
        facts["outcome"] = "refused"
        raise gr.Error(NOT_UPLOADED, print_exception=False) from error
    except Exception as error:
        facts |= {"outcome": "failed"} | places(error)
        raise gr.Error(apology(error), print_exception=False) from error
    except BaseException:  # cancelled: nobody waits for it any more
        facts["outcome"] = "left"
        raise
    finally:
        _facts.reset(token)
        if not facts.pop("unfinished", False):
            ended("request", endpoint, facts.pop("outcome"), began, **facts)


class WatchedPage(gr.Blocks):
    """A page that watches each of its functions, called by the page, a program or an MCP client."""

    async def preprocess_data(self, *args, **how) -> list:
        try:
            return await super().preprocess_data(*args, **how)
        except InvalidPathError:
            raise
        except (ValueError, TypeError) as error:
            note(**places(error.__cause__ or error))
            raise gr.Error(MISTAKEN, print_exception=False) from error

    async def process_api(self, block_fn, *args, event_id: str | None = None, iterator=None, **how) -> dict:
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        queued = self._queue.event_ids_to_events.get(event_id)
        known = getattr(iterator, "facts", None)  # where this is one step of several
        with watched(function.name, queued.enqueue_time if queued else time.monotonic(), known) as facts:
            done = await super().process_api(block_fn, *args, event_id=event_id, iterator=iterator, **how)
            if done["is_generating"]:
                done["iterator"].facts = facts
                facts["unfinished"] = True
            return done


class _Lines(logging.Formatter):
    """What libraries log, as lines of ours: their words without what they fill in, which may be a visitor's."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _now(), "event": "log", "by": record.name, "level": record.levelname.lower()}
        words = record.getMessage() if record.name == "py.warnings" else str(record.msg)
        line["message"] = words.splitlines()[0] if words else ""
        return json.dumps(line | (places(record.exc_info[1]) if record.exc_info else {}))


def log_libraries() -> None:
    """Have warnings and errors of libraries written as lines of the log; uvicorn's list of visitors is none of them."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    uvicorn.config.LOGGING_CONFIG["loggers"] = {}  # its own would print stack traces


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
