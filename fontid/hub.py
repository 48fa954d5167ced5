"""A model on the Hugging Face hub, fetched at a pinned revision into the hub's own cache."""

from pathlib import Path

from fontid.artifact import ArtifactError

LOG_IN = "log in with `hf auth login` or set HF_TOKEN"
NO_NAME = "{} is neither a folder nor a model on the hub, which reads OWNER/NAME@REVISION."


def fetch(name: str, revision: str | None = None) -> Path:
    """The folder of a model at a revision: from the cache where it is known by its commit, else downloaded.

    Args: name: OWNER/NAME@REVISION, or OWNER/NAME with `revision`: a commit, which never moves, or a tag or branch.
    Raises: ArtifactError with a sentence that says what to do.
    """
    name, at, named = name.partition("@")
    revision = named if at else revision
    if name.count("/") != 1 or not all(name.split("/")):
        raise ArtifactError(NO_NAME.format(name))
    if not revision:
        raise ArtifactError(
            f"{name} is no folder here, and on the hub it needs a revision, so that answers stay what they are: write "
            f"{name}@REVISION with a commit or a tag of it."
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision))
    except Exception as error:  # OSError, ValueError, RuntimeError and those of whichever HTTP library the client uses
        raise ArtifactError(_reason(error, name, revision)) from error


def _reason(error: Exception, name: str, revision: str) -> str:
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError):
        return f"{name} is gated: ask for access on its page of the hub, and {LOG_IN}."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{name} has no revision {revision}: take a commit or a tag from its page of the hub."
    if isinstance(error, errors.HfHubHTTPError) and status == 401 and "Invalid credentials" in str(error):
        return f"The hub does not know the token it was shown: {LOG_IN} again."
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"The hub has no model {name}, or it is private: check the name, or {LOG_IN}."
    if isinstance(error, errors.HFValidationError):
        return NO_NAME.format(name)
    if isinstance(error, errors.LocalEntryNotFoundError):
        return f"{name}@{revision} is not in the cache and the hub cannot be reached: check the network, or try later."
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return f"{name}@{revision} could not be fetched: {first}"
