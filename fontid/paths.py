"""Where fonts, data sets and checkpoints live: outside the checkout."""

import os
from pathlib import Path


def data_home() -> Path:
    """Folder named by the environment variable FONTID_DATA, by default `~/.cache/fontid`."""
    return Path(os.environ.get("FONTID_DATA") or Path.home() / ".cache" / "fontid")
