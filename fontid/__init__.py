"""fontid names the font family and style in a picture, among open families.

`FontIdentifier` does it, `Answer` and `Match` are what it says. `NoText` is raised for a picture without Latin letters,
`PictureError`, which it is a kind of, for one that cannot be read, `NoFaces` and `ArtifactError` for a search and for a
model that cannot be.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fontid.artifact import ArtifactError
    from fontid.catalogue.ranking import Match
    from fontid.identifier import Answer, FontIdentifier, NoFaces
    from fontid.picture.opening import PictureError
    from fontid.text.reader import NoText

__version__ = "0.1.0"
__all__ = [
    "Answer", "ArtifactError", "FontIdentifier", "Match", "NoFaces", "NoText", "PictureError", "__version__",
]  # fmt: skip

_MODULES = {
    "Answer": "fontid.identifier",
    "ArtifactError": "fontid.artifact",
    "FontIdentifier": "fontid.identifier",
    "Match": "fontid.catalogue.ranking",
    "NoFaces": "fontid.identifier",
    "NoText": "fontid.text.reader",
    "PictureError": "fontid.picture.opening",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for (PEP 562): the networks' libraries take a second to load."""
    if name not in _MODULES:
        raise AttributeError(f"module 'fontid' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
