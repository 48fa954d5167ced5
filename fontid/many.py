"""Identify any number of pictures into a file of JSON lines, here or on Ray's workers; begun again, it goes on.

The pictures are those of folders, or of a data set: a folder of Parquet files, or one on the Hugging Face hub, with a
column `image` that holds files as `datasets` stores them. A line is what `fontid identify --json` prints; a picture
whose line is there is passed over. A picture of a data set is called FILE#ROW.
"""

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from fontid import networks
from fontid.commands import Refusal, counted, make_room, with_progress
from fontid.hub import fetch
from fontid.identifier import Answer, FontIdentifier, told
from fontid.on_ray import ray_data
from fontid.picture.opening import PICTURE_SUFFIXES, PictureError

COLUMN = "image"
NAME = re.compile(r'\{"schema_version": \d+, "image": ("(?:[^"\\]|\\.)*")(, "error": )?')  # how `told` begins
LEAST_TOGETHER = 4  # pictures that a worker gets at a time: so many are lost when all is ended
MOST_BLOCKS = 10_000  # of Ray's, each so many pictures together
FAILED = "This picture cannot be answered ({}); please report it."


@dataclass(frozen=True)
class Part:
    """A picture file or address; or a row group of a Parquet file, `first` the number of its first row in the file."""

    file: Path | str
    group: int | None = None
    first: int = 0
    count: int = 1
    done: frozenset[str] = field(default_factory=frozenset)

    def pictures(self) -> Iterator[tuple[str, Path | str | bytes]]:
        """What each is called, and itself; without those that are `done`."""
        if self.group is None:
            yield str(self.file), self.file
            return
        import pyarrow.parquet

        table = pyarrow.parquet.ParquetFile(self.file).read_row_group(self.group, [COLUMN])
        for number, stored in enumerate(table[COLUMN], self.first):
            name = f"{self.file}#{number}"
            if name not in self.done:
                content = stored.as_py()
                yield name, content["bytes"] if isinstance(content, dict) else content


def answer_into(
    out: Path,
    open_model: Callable[[], FontIdentifier],
    options: dict,
    paths: Sequence[Path | str],
    where: tuple[str, int] | None = None,
) -> tuple[int, str]:
    """Answer what a file lacks. Returns: how many pictures could not be answered, and a sentence on what was done.

    Args:
        open_model: called once by whoever answers.
        options: of `identify`.
        paths: pictures, folders of them, and data sets; a str is an address.
        where: address and workers of `ray_data`; None: here.
    Raises: Refusal, ArtifactError.
    """
    make_room(out)
    done = done_in(out)
    parts = parts_of(paths, done)
    left, failed, began = sum(part.count for part in parts), 0, time.monotonic()
    if left:
        asked = open_model, options, parts
        with open(out, "a", encoding="utf-8") as file:
            for line in with_progress(answers_of_workers(*asked, *where) if where else answers(*asked), left):
                file.write(line + "\n")
                file.flush()
                failed += _is_error(line)
    elif not done:
        named = ", ".join(map(str, paths[:3]))
        raise Refusal(f"No pictures found in {named}: name picture files, folders that hold some, or a data set.")
    missed = f"; {failed} could not be, which the same command tries again" if failed else ""
    took = f"{time.monotonic() - began:.0f} s"
    answered = counted(left - failed, "picture", "pictures")
    there = counted(len(done), "was", "were")
    return failed, f"{answered} answered in {took}, {there} there already: {out}{missed}"


def opened(model: str | None = None, catalogue: str | None = None, alone: bool = False) -> FontIdentifier:
    """The model, searching one's own catalogue too, or alone. Raises: Refusal."""
    if alone and not catalogue:
        raise Refusal("--alone needs --catalogue NAME: which of your own catalogues is to be searched alone?")
    identifier = FontIdentifier.from_pretrained(model)
    if not catalogue:
        return identifier
    from fontid.catalogue.enrolment import searching_own  # here, with fontTools: a second that others need not pay

    return searching_own(identifier, catalogue, alone)


def answers_of(identifier: FontIdentifier, part: Part, options: dict) -> Iterator[str]:
    for name, picture in part.pictures():
        try:
            answer: Answer | ValueError = identifier.identify(picture, **options)
        except PictureError as error:
            answer = error
        except Exception as error:  # a fault of ours: the other million pictures are answered
            answer = ValueError(FAILED.format(type(error).__name__))
        yield json.dumps(told(name, answer), ensure_ascii=False)


def pictures_in(paths: Iterable[Path | str]) -> Iterator[Path | str]:
    """The files and addresses named, and the pictures in the folders named, in order of name.

    What lies in hidden folders is left out, unless such a folder is named itself.
    """
    for path in paths:
        if isinstance(path, Path) and path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in PICTURE_SUFFIXES
                and not any(part.startswith(".") for part in file.relative_to(path).parts)
                and file.is_file()
            )
        else:
            yield path


def parts_of(paths: Sequence[Path | str], done: Set[str]) -> list[Part]:
    """All that is not done. Raises: Refusal, ArtifactError."""
    parts = [Part(address) for address in paths if isinstance(address, str) and address not in done]
    for path in (_at_hand(path) for path in paths if isinstance(path, Path)):
        sets = [path] if path.suffix == ".parquet" else sorted(path.rglob("*.parquet")) if path.is_dir() else []
        if sets:
            parts += [part for file in sets for part in _groups_of(file, done)]
        else:
            parts += [Part(file) for file in pictures_in([path]) if str(file) not in done]
    return parts


def _at_hand(path: Path) -> Path:
    """The whole path, as workers know it; of OWNER/NAME@REVISION on the hub the folder in the hub's own cache."""
    return fetch(str(path), kind="dataset") if "@" in path.name and not path.exists() else path.absolute()


def _groups_of(file: Path, done: Set[str]) -> Iterator[Part]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise Refusal(
            'A data set is read with PyArrow: pip install "fontid[ray]", or ".[ray]" in a checkout'
        ) from error
    try:
        opened = pyarrow.parquet.ParquetFile(file)
    except (OSError, pyarrow.ArrowException) as error:
        raise Refusal(f"{file} cannot be read as Parquet: name a data set with a column {COLUMN}.") from error
    if COLUMN not in opened.schema_arrow.names:
        raise Refusal(f"{file} has no column {COLUMN}: name a data set with one.")
    first = 0
    for group in range(opened.num_row_groups):
        count = opened.metadata.row_group(group).num_rows
        names = {f"{file}#{number}" for number in range(first, first + count)}
        if not names <= done:
            yield Part(file, group, first, count - len(names & done), frozenset(names & done))
        first += count


def done_in(out: Path) -> set[str]:
    """The pictures that are answered there; lines of errors, or broken off half-way, are taken out. Raises: Refusal."""
    done: set[str] = set()
    if not out.exists():
        return done
    unanswered = set()  # numbers of lines
    with open(out, "rb") as file:
        for number, line in enumerate(file):
            found = NAME.match(line.decode(errors="replace"))
            if not found and line.endswith(b"\n"):
                raise Refusal(f"{out} holds something else than answers: name another file.")
            if found and line.endswith(b"\n") and not found[2]:
                done.add(json.loads(found[1]))
            else:
                unanswered.add(number)
    if unanswered:
        kept = out.with_name(f"{out.name}.part")
        with open(out, "rb") as file, open(kept, "wb") as answered:
            answered.writelines(line for number, line in enumerate(file) if number not in unanswered)
        kept.replace(out)
    return done


def _is_error(line: str) -> bool:
    """Whether an answer's line says why there is none."""
    found = NAME.match(line)
    return bool(found and found[2])


def answers(open_model: Callable[[], FontIdentifier], options: dict, parts: Iterable[Part]) -> Iterator[str]:
    """A line of JSON for each picture. Args: options: of `identify`."""
    identifier = open_model()
    for part in parts:
        yield from answers_of(identifier, part, options)


def blocks_of(parts: Sequence[Part]) -> list[Sequence[Part]]:
    """The parts in order, `LEAST_TOGETHER` in a block, or as many more as `MOST_BLOCKS` need."""
    together = max(LEAST_TOGETHER, math.ceil(len(parts) / MOST_BLOCKS))
    return [parts[first : first + together] for first in range(0, len(parts), together)]


def answers_of_workers(
    open_model: Callable[[], FontIdentifier], options: dict, parts: Sequence[Part], address: str, workers: int
) -> Iterator[str]:
    """The same, as they come from Ray's workers, each of which opens the model once. Raises: RayMissing, RayFailed.

    Args: address, workers: see `ray_data`; at most so many work at a time.
    """
    open_model()  # here first, since what is wrong with it is a sentence here
    blocks = blocks_of(parts)

    class Worker:
        def __init__(self) -> None:
            networks.MOST_THREADS = 1  # the other cores are the other workers'
            self._identifier = open_model()

        def __call__(self, row: dict) -> Iterator[dict]:
            for part in blocks[row["block"]]:
                yield from ({"line": line} for line in answers_of(self._identifier, part, options))

    with ray_data(address, workers) as data:
        numbers = data.from_items([{"block": number} for number in range(len(blocks))], override_num_blocks=len(blocks))
        for row in numbers.flat_map(Worker, compute=data.ActorPoolStrategy(size=workers), num_cpus=1).iter_rows():
            yield row["line"]
