"""The command lines of all programs of this project."""

import argparse
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
