"""Push the model, the data set and the Space to the Hugging Face hub, each with its card.

    python -m release.publish [--model OWNER/NAME] [--dataset OWNER/NAME] [--space OWNER/NAME] [--data DIR]
        [--push]

Without --push nothing leaves the machine: the files, sizes and cards of all three are printed. With it those that are
named are pushed. Model and Space are what is committed, never what lies changed or unknown to git beside it. A Space
pushed together with a model loads it from the hub at the very commit that was pushed (its variable
FONTID_MODEL), otherwise it carries `model/`. What is new is public, unless its repository was made private before. A
push that broke off goes on when the command is given again.
"""

import argparse
import json
import subprocess  # nosec B404: commands are lists that this project writes
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import EvalResult, HfApi, ModelCard, SpaceCard, get_token
from huggingface_hub.errors import HFValidationError, HTTPError
from huggingface_hub.utils import validate_repo_id

from fontid.artifact import LETTERFORMS, ArtifactError, open_artifact
from fontid.commands import command_line, exit_on
from fontid.evaluation.experiment import read_result
from fontid.paths import data_home

ROOT = Path(__file__).parent.parent
MODEL, BENCHMARKS = "model", "results/benchmarks"
SPACE_FILES = ("README.md", "LICENSE", "requirements.txt", "app.py")
SPACE_FOLDERS = ("fontid", "web", "docs")
DATA_FILES = ("README.md", "recipe.json", "data/*.parquet")
ACCURACIES = (("strict", "top1"), ("strict", "top5"), ("twins", "top1"), ("twins", "top5"))


class PublishError(RuntimeError):
    """Nothing, or not everything, was published; the message says what to do."""


@dataclass(frozen=True)
class Repository:
    """What one repository of the hub is to hold.

    kind: model, dataset or space. name: OWNER/NAME; None: not named. files: relative to `folder`, its card README.md
    among them. owned: patterns of files on the hub that go when they are not among `files`.
    """

    kind: str
    name: str | None
    folder: Path
    files: tuple[str, ...]
    owned: tuple[str, ...]

    def __str__(self) -> str:
        sizes = [(self.folder / file).stat().st_size for file in self.files]
        title = f"{self.kind} {self.name or '(not named)'}: {len(sizes)} files, {sum(sizes):,} bytes"
        rows = [f"{size:>12,}  {file}" for size, file in zip(sizes, self.files, strict=True)]
        return "\n".join([title, *rows, "", (self.folder / "README.md").read_text(encoding="utf-8")])


def git(*words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True)  # nosec B603 B607: git, a list
    except (OSError, subprocess.CalledProcessError) as error:
        raise PublishError("Model and Space are published from a git checkout: clone the repository first.") from error
    return done.stdout


def take_committed(paths: Iterable[str], folder: Path) -> None:
    """Write the committed files under `paths` into `folder`."""
    with tarfile.open(fileobj=BytesIO(git("archive", "HEAD", "--", *paths))) as archive:
        archive.extractall(folder, filter="data")


def files_in(folder: Path, patterns: Iterable[str] = ("**/*",)) -> tuple[str, ...]:
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return tuple(sorted(path.relative_to(folder).as_posix() for path in found))


def make_model(name: str | None, dataset: str | None, scratch: Path) -> Repository:
    """Raises: PublishError where what is committed is not a whole artifact, or more than one."""
    take_committed([MODEL, BENCHMARKS, "README.md"], scratch)
    folder = scratch / MODEL
    try:
        open_artifact(folder)
    except ArtifactError as error:
        raise PublishError(str(error)) from error
    parts = {"README.md", "config.json", *json.loads((folder / "config.json").read_text(encoding="utf-8"))["sha256"]}
    for file in files_in(folder):
        if file not in parts:
            raise PublishError(f"{MODEL}/{file} is no part of the artifact: remove it, or export the model again.")
    card = ModelCard((folder / "README.md").read_text(encoding="utf-8"))
    card.data.pipeline_tag = "image-classification"
    card.data.datasets = [dataset] if dataset else None
    card.data.metrics = ["accuracy"]
    card.data.model_name = "fontid"
    card.data.eval_results = list(evaluations(scratch))
    (folder / "README.md").write_text(str(card), encoding="utf-8")
    return Repository("model", name, folder, files_in(folder), (LETTERFORMS, "golden/*"))


def evaluations(checkout: Path) -> Iterable[EvalResult]:
    """The accuracies of the benchmarks that README shows, as the hub's model index takes them."""
    shown = (checkout / "README.md").read_text(encoding="utf-8")
    for path in sorted((checkout / BENCHMARKS).glob("*.json")):
        result, file = read_result(path), f"{BENCHMARKS}/{path.name}"
        for credit, top in ACCURACIES:
            if credit in result and file in shown:
                yield EvalResult(
                    task_type="image-classification",
                    task_name="font identification",
                    dataset_type=path.stem,
                    dataset_name=f"{file}, {result['n']} pictures",
                    metric_type="accuracy",
                    metric_name=f"{top.replace('top', 'top-')}, {credit}",
                    metric_value=result[credit][top],
                )


def make_dataset(name: str | None, folder: Path) -> Repository:
    """Raises: PublishError where no data set was rendered to its end."""
    if not (folder / "README.md").is_file():  # the card is written last
        raise PublishError(
            f"No whole data set lies in {folder}: run python -m data_scripts.render_dataset --preset full, or say "
            "where one lies by --data."
        )
    return Repository("dataset", name, folder, files_in(folder, DATA_FILES), ("data/*",))


def make_space(name: str | None, model: str | None, dataset: str | None, folder: Path) -> Repository:
    """The app; the model is inside unless one on the hub is to be loaded."""
    folders = SPACE_FOLDERS if model else (*SPACE_FOLDERS, MODEL)
    take_committed([*SPACE_FILES, *folders], folder)
    card = SpaceCard((folder / "README.md").read_text(encoding="utf-8"))
    card.data.models = [model] if model else []
    card.data.datasets = [dataset] if dataset else []
    (folder / "README.md").write_text(str(card), encoding="utf-8")
    owned = tuple(f"{name}/*" for name in (*SPACE_FOLDERS, MODEL))
    return Repository("space", name, folder, files_in(folder), owned)


def push(repository: Repository, model: str | None) -> str:
    """Have the repository on the hub hold these files; returns OWNER/NAME@COMMIT, where it then is."""
    api, kind, name = HfApi(), repository.kind, repository.name
    sdk = "gradio" if kind == "space" else None
    api.create_repo(name, repo_type=kind, space_sdk=sdk, exist_ok=True)
    if kind == "space":
        tell_space(api, name, model)
    commit = api.upload_folder(  # the hub says which files are too large or too binary for git: they go to its storage
        repo_id=name,
        repo_type=kind,
        folder_path=repository.folder,
        allow_patterns=list(repository.files),
        delete_patterns=list(repository.owned),
        commit_message="Publish",
    )
    return f"{name}@{commit.oid}"


def tell_space(api: HfApi, space: str, model: str | None) -> None:
    """Have the Space load OWNER/NAME@COMMIT, or (None) the model that it carries."""
    if model:
        api.add_space_variable(space, "FONTID_MODEL", model)
    elif "FONTID_MODEL" in api.get_space_variables(space):
        api.delete_space_variable(space, "FONTID_MODEL")


def publish(repositories: list[Repository]) -> None:
    """Push in this order, a model before the Space that loads it. Raises: PublishError naming what failed and why."""
    pushed = {}
    for repository in repositories:
        try:
            pushed[repository.kind] = push(repository, pushed.get("model"))
        except (OSError, ValueError, RuntimeError, HTTPError) as error:
            raise PublishError(
                f"{repository.kind} {repository.name} could not be pushed; mend this and give the command again: "
                f"{reason_of(error)}"
            ) from error
        print(f"pushed {repository.kind} {pushed[repository.kind]}")


def reason_of(error: BaseException) -> str:
    """What the hub said or, where it said nothing, what lies at the bottom of the error."""
    while not getattr(error, "server_message", None) and error.__cause__:
        error = error.__cause__
    return getattr(error, "server_message", None) or " ".join(str(error).split()) or type(error).__name__


def run(arguments: argparse.Namespace, scratch: Path) -> None:
    model, dataset, space = arguments.model, arguments.dataset, arguments.space
    make = {
        "model": lambda: make_model(model, dataset, scratch / "model"),
        "dataset": lambda: make_dataset(dataset, arguments.data),
        "space": lambda: make_space(space, model, dataset, scratch / "space"),
    }
    sources = (MODEL, BENCHMARKS, *SPACE_FILES, *SPACE_FOLDERS)
    changed = git("diff", "--name-only", "HEAD", "--", *sources).decode().splitlines()
    if arguments.push:
        if changed and (model or space):
            raise PublishError(
                f"{', '.join(changed)}: changed but not committed, and only what is committed is pushed."
            )
        if not get_token():
            raise PublishError("There is no token to push with: log in with `hf auth login` or set HF_TOKEN.")
        publish([make[kind]() for kind in make if getattr(arguments, kind)])
        return
    for kind in make:
        try:
            print(make[kind]())
        except PublishError as error:
            print(f"{kind}: {error}\n")
    if model and space:
        print(f"The Space's variable FONTID_MODEL would be {model}@ and the commit that is pushed.")
    for file in changed:
        print(f"{file} is changed but not committed: above is what is committed.")
    print("Nothing was pushed: that takes --push, and a name for each that is to go.")


def hub_name(text: str) -> str:
    try:
        validate_repo_id(text)
    except HFValidationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if "/" not in text:
        raise argparse.ArgumentTypeError(f"{text} has no owner: write OWNER/{text}")
    return text


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    for kind in ("model", "dataset", "space"):
        parser.add_argument(f"--{kind}", type=hub_name, metavar="OWNER/NAME")
    parser.add_argument("--data", type=Path, default=data_home() / "datasets" / "full", metavar="DIR")
    parser.add_argument("--push", action="store_true")
    arguments = parser.parse_args(argv)
    if arguments.push and not (arguments.model or arguments.dataset or arguments.space):
        parser.error("--push needs names: --model, --dataset or --space, or all of them")
    with TemporaryDirectory() as scratch, exit_on(PublishError):
        run(arguments, Path(scratch))


if __name__ == "__main__":
    main()
