"""The command lines of all programs of this project."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Refusal(Exception):
    """Something cannot be done; the message is a sentence for people that says why, or what to do."""


def command_line(description: str | None, results: str | Path | None = None) -> argparse.ArgumentParser:
    """A parser whose help is a module's docstring as it stands there.

    Args: results: where `--results` writes unless told otherwise; None: there is no such option.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if results is not None:
        parser.add_argument("--results", type=Path, default=Path(results), metavar="FILE")
    return parser


def counted(number: int, one: str, several: str) -> str:
    """A number and what it counts: "1 face", "2 faces"."""
    return f"{number} {one if number == 1 else several}"


def make_room(file: Path) -> None:
    """Make the folder of a file to come. Raises: Refusal where it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fine = not file.is_dir() and os.access(file if file.exists() else file.parent, os.W_OK)
    except OSError:
        fine = False
    if not fine:
        raise Refusal(f"{file} cannot be written: name another file.")


def with_progress(items: Iterable, total: int) -> Iterable:
    """The items, with a bar of progress where somebody watches."""
    if total < 2 or not sys.stderr.isatty():
        return items
    from tqdm import tqdm

    return tqdm(items, total=total)


@contextmanager
def exit_on(kind: type[Exception]) -> Iterator[None]:
    """Let errors of this kind end the program with their sentence, not with a traceback."""
    try:
        yield
    except kind as error:
        raise SystemExit(str(error)) from error
