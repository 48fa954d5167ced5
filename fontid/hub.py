"""A model or a data set on the Hugging Face hub, fetched at a pinned revision into the hub's own cache."""

from collections.abc import Iterator
from pathlib import Path

from fontid.artifact import ArtifactError

LOG_IN = "log in with `hf auth login` or set HF_TOKEN"
NO_NAME = "{} is neither a folder nor a {} on the hub, where a name reads OWNER/NAME."
KINDS = {"model": "model", "dataset": "data set"}


def fetch(name: str, revision: str | None = None, kind: str = "model") -> Path:
    """The folder of a model at a revision: from the cache where it is known by its commit, else downloaded.

    Args:
        name: OWNER/NAME@REVISION, or OWNER/NAME with `revision`: a commit, which never moves, or a tag or branch.
        kind: "model" or "dataset".
    Raises: ArtifactError with a sentence that says what to do.
    """
    name, at, named = name.partition("@")
    revision = named if at else revision
    if name.count("/") != 1 or not all(name.split("/")):
        raise ArtifactError(NO_NAME.format(name, KINDS[kind]))
    if not revision:
        raise ArtifactError(
            f"{name} is no folder here, and on the hub it needs a revision, so that answers stay what they are: write "
            f"{name}@REVISION with a commit or a tag of it."
        )
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ArtifactError(f"{name} is no folder here; names on the hub need pip install 'fontid[hub]'.") from error
    try:
        return Path(snapshot_download(name, revision=revision, repo_type=kind))
    except Exception as error:  # OSError, ValueError, RuntimeError and those of whichever HTTP library the client uses
        raise ArtifactError(why(error, name, revision, kind)) from error


def why(error: BaseException, name: str, revision: str | None = None, kind: str = "model") -> str:
    """One sentence on what could not be had, by what the hub's client raised, itself or as a cause."""
    from huggingface_hub import errors

    causes = list(_causes(error))

    def caused_by(kind: type[BaseException]) -> bool:
        return any(isinstance(cause, kind) for cause in causes)

    which = f"{name}@{revision}" if revision else name
    if caused_by(errors.GatedRepoError):
        return f"{name} is gated: ask for access on its page of the hub, and {LOG_IN}."
    if caused_by(errors.RevisionNotFoundError):
        return f"{name} has no revision {revision}: take a commit or a tag from its page of the hub."
    if any(_refused(cause) for cause in causes):
        return f"The hub does not know the token it was shown: {LOG_IN} again."
    if caused_by(errors.RepositoryNotFoundError):
        return f"The hub has no {KINDS[kind]} {name}, or it is private: check the name, or {LOG_IN}."
    if caused_by(errors.HFValidationError):
        return NO_NAME.format(name, KINDS[kind])
    if caused_by(errors.LocalEntryNotFoundError):
        return f"{which} is not in the cache and the hub cannot be reached: check the network, or try later."
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return f"{which} could not be fetched: {first[:200]}"


def _refused(error: BaseException) -> bool:
    response = getattr(error, "response", None)
    return getattr(response, "status_code", None) == 401 and "Invalid credentials" in str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
