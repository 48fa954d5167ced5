"""fontid: which Google Fonts family and style is in a picture."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fontid.catalogue.ranking import Match
    from fontid.identifier import Answer, FontIdentifier
    from fontid.picture.opening import PictureError

__version__ = "0.1.0"
__all__ = ["Answer", "FontIdentifier", "Match", "PictureError", "__version__"]

_MODULES = {
    "Answer": "fontid.identifier",
    "FontIdentifier": "fontid.identifier",
    "Match": "fontid.catalogue.ranking",
    "PictureError": "fontid.picture.opening",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for (PEP 562): the networks' libraries take a second to load."""
    if name not in _MODULES:
        raise AttributeError(f"module 'fontid' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
