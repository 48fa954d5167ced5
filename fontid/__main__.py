"""Command line.

python -m fontid identify IMAGE|FOLDER|- ... [--top 5] [--for heading] [--page N] [--css | --json]
                          [SEARCH]
python -m fontid identify FOLDER|DATASET ... --out FILE [--ray local|ADDRESS [--workers N]] [SEARCH]
python -m fontid evaluate FOLDER [--without-truth] [--limit N] [--json FILE] [SEARCH]
python -m fontid alternatives NAME [--json]     free families for a paid or system face
python -m fontid enroll FOLDER|FILE --name NAME add font files to a catalogue of your own
python -m fontid catalogues                     list those
python -m fontid remove NAME [--family ID]      remove one, or a family of it
python -m fontid --version

An IMAGE is a file or an http(s) address; one called - is read from standard input. A DATASET is a folder of Parquet
files or OWNER/NAME@REVISION on the hub. What a command alone needs is imported by it: a first answer is to come within
a second.

SEARCH is [--catalogue NAME [--alone]] [--encoder-only] [--no-prior] [--model FOLDER|HUB_ID].
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # see app.py; before NumPy is imported

from PIL import Image

from fontid import __version__
from fontid.catalogue.alternatives import UnknownFace, alternatives_to, find_face, phrase
from fontid.catalogue.faces import read_faces
from fontid.catalogue.names import in_short
from fontid.catalogue.ranking import Match, rows_that_open
from fontid.commands import Refusal, counted, make_room, with_progress
from fontid.identifier import NOTHING_FITS, SHIPPED, Answer, FontIdentifier, Group, NoText, told
from fontid.letters.undoing import SAID
from fontid.listing import css_of, font_table
from fontid.many import answer_into, opened, pictures_in
from fontid.networks import cores
from fontid.picture.opening import ADDRESS, PictureError

STDIN = Path("-")


def model_of(arguments: argparse.Namespace) -> Callable[[], FontIdentifier]:
    return partial(opened, arguments.model, arguments.catalogue, arguments.alone)


def identify(arguments: argparse.Namespace) -> int:
    if arguments.workers and not arguments.ray:
        raise Refusal("--workers are Ray's: name a cluster with --ray, or say --ray local.")
    if arguments.out:
        if arguments.css:
            raise Refusal("--out takes lines of JSON: leave out --css.")
        where = (arguments.ray, arguments.workers or cores()) if arguments.ray else None
        wrong, said = answer_into(
            arguments.out, model_of(arguments), answer_options(arguments), arguments.pictures, where
        )
        print(said)
        return int(wrong > 0)
    if arguments.ray:
        raise Refusal("--ray needs --out FILE: where are the answers to go?")
    identifier = model_of(arguments)()
    files = list(pictures_in(arguments.pictures))
    if not files:
        named = ", ".join(map(str, arguments.pictures[:3]))
        print(f"No pictures found in {named}: name picture files or folders that hold some.", file=sys.stderr)
        return 1
    failed = False
    for file in with_progress(files, len(files)):
        try:
            picture = sys.stdin.buffer.read() if file == STDIN else file
            answer: Answer | PictureError = identifier.identify(picture, **answer_options(arguments))
        except PictureError as error:
            answer = error
            failed = failed or not isinstance(error, NoText)
        if arguments.json:
            print(json.dumps(told(str(file), answer), ensure_ascii=False), flush=True)
        elif isinstance(answer, PictureError):
            print(f"{file}: {answer}", file=sys.stderr)
        elif arguments.css:
            print(f"/* {file} */\n{css_of(answer.fonts)}")
        else:
            print(file)
            if answer.named:
                print(f"  the file names: {', '.join(answer.named)}")
            if len(answer.fonts) > 1 or len(answer.fonts[0].styles) > 1:
                print(font_table(answer.fonts))
            for group in sorted(answer.groups, key=lambda group: group.matches != answer.matches):
                print(text_of(group, several=len(answer.groups) > 1))
    return int(failed)


def text_of(group: Group, several: bool) -> str:
    """One group's answer for people."""
    lines = [f"  {texts_of(group)}"] if several else []
    if group.matches[0].verdict == "none":
        lines.append(f"  {NOTHING_FITS}")
    elif group.synthesised:
        lines.append(f"  {SAID[group.synthesised]}")
    for rank, row in enumerate(rows_that_open(group.matches), 1):
        if len(row) > 1:
            shared = row[0].superfamily or row[0].name
            lines.append(f"{rank:3}. {100 * sum(one.probability for one in row):5.1f} %  {shared}:")
            lines += [f"     {text_of_match(match)}" for match in row]
        else:
            lines.append(f"{rank:3}. {text_of_match(row[0], first=rank == 1)}")
    return "\n".join(lines)


def texts_of(group: Group) -> str:
    """What its lines say, and how many more there are that were not read."""
    read = [line.text for line in group.lines if line.text]
    unread = len(group.lines) - len(read)
    others = f"{unread} {'more ' * bool(read)}line{'s' * (unread > 1)}"
    return " / ".join([*read, others] if unread else read)


def text_of_match(match: Match, first: bool = False) -> str:
    """A row; one after the first does not say "none": beside all of them it would tell nothing."""
    style = f"{match.weight}{' italic' if match.italic else ''}"
    _, comma, unusual = match.style.partition(", ")  # such as "Condensed"
    twins = f"  = {in_short(match.twin_names, match.name)}" if match.twins else ""
    alike = phrase({match.family, *match.twins})
    verdict = match.verdict if first or match.verdict != "none" else ""
    words = f"{100 * match.probability:5.1f} % {verdict:7}"
    return f"{words}  {match.name} {style}{comma}{unusual}  {match.url}{twins}" + (f"  ({alike})" if alike else "")


def search_options(arguments: argparse.Namespace) -> dict:
    return {"encoder_only": arguments.encoder_only, "prior": not arguments.no_prior}


def answer_options(arguments: argparse.Namespace) -> dict:
    about = {"top": arguments.top, "for_": arguments.for_, "page": arguments.page}
    return about | search_options(arguments)


def list_alternatives(arguments: argparse.Namespace) -> int:
    names = {face.name for face in read_faces(SHIPPED / "faces.jsonl.gz")}
    try:
        face = find_face(" ".join(arguments.name), names)
    except UnknownFace as error:
        print(error, file=sys.stderr)
        return 1
    found = alternatives_to(face)
    if arguments.json:
        print(json.dumps({"face": face, "alternatives": [one.to_dict() for one in found]}, ensure_ascii=False))
        return 0
    print(face)
    for one in found:
        print(f"  {one.free:24}{one.relation:14}named by {one.sources:2} of our sources  {one.url}".rstrip())
    return 0


def run_evaluation(arguments: argparse.Namespace) -> int:
    from fontid.evaluation.experiment import code_digest, readable_json
    from fontid.evaluation.folders import ManifestError, evaluate, read_manifest, spread, summarise, table
    from fontid.evaluation.open_set import doubt_table, measure_doubt, summarise_doubt
    from fontid.evaluation.pages import evaluate_pages, holds_pages, page_table, read_pages, summarise_pages

    if arguments.json:
        make_room(arguments.json)  # before the run, which may take hours
    identifier = model_of(arguments)()
    of_pages = holds_pages(arguments.folder)
    read: Callable[[Path], list] = read_pages if of_pages else read_manifest
    chosen = spread(read(arguments.folder), arguments.limit)
    if not any(sample.file.is_file() for sample in chosen):
        raise ManifestError(f"None of the {len(chosen)} pictures that manifest.jsonl names is in {arguments.folder}.")
    asked = identifier.catalogue, with_progress(chosen, len(chosen))
    identify: Callable[..., Answer] = partial(identifier.identify, **search_options(arguments))
    if of_pages:
        summary = summarise_pages(evaluate_pages(identify, *asked))
        print(page_table(summary))
    elif arguments.without_truth:
        doubt = measure_doubt(lambda picture, without: identify(picture, without=without).in_catalogue, *asked)
        summary = summarise_doubt(*doubt)
        print(doubt_table(summary))
    else:
        summary = summarise(*evaluate(lambda picture: identify(picture, top=20).matches, *asked))
        print(table(summary))
    summary |= {"model": identifier.version, "code": code_digest()}
    if arguments.json:
        arguments.json.write_text(readable_json(summary) + "\n", encoding="utf-8")
    print(json.dumps(summary))
    if not of_pages and not summary["n"]:
        raise ManifestError("No picture was asked about: none is of a family of the catalogue.")
    return 0


def run_enrolment(arguments: argparse.Namespace) -> int:
    from fontid.catalogue.enrolment import enroll

    enrolled = enroll(FontIdentifier.from_pretrained(arguments.model), arguments.folder, arguments.name)
    for file, reason in enrolled.problems.items():
        print(f"{file} {reason}", file=sys.stderr)
    added, faces = len(enrolled.added), len(enrolled.faces)
    families = len({face.family for face in enrolled.faces})
    print(
        f"{counted(added, 'face', 'faces')} enrolled; {arguments.name} has {faces} in all, of "
        f"{counted(families, 'family', 'families')}."
    )
    return 0


def list_catalogues(arguments: argparse.Namespace) -> int:
    from fontid.catalogue.own import EnrolmentError, catalogue_names, read_own

    names = catalogue_names()
    for name in names:
        try:
            own, _ = read_own(name)
            print(f"{name}: {', '.join(dict.fromkeys(face.family for face in own.faces))}")
        except EnrolmentError as error:
            print(f"{name}: {error}")
    if not names:
        print("You have no catalogue yet: fontid enroll FOLDER --name NAME makes one.", file=sys.stderr)
    return 0


def run_removal(arguments: argparse.Namespace) -> int:
    from fontid.catalogue.own import remove

    print(remove(arguments.name, arguments.family))
    return 0


def place_of(text: str) -> Path | str:
    """A path, or the address that it is. Raises: argparse.ArgumentTypeError."""
    if not text:
        raise argparse.ArgumentTypeError("the name of a picture is empty")
    if "://" in text and not text.startswith(ADDRESS):
        raise argparse.ArgumentTypeError(f"only http and https addresses can be fetched, not {text}")
    return text if text.startswith(ADDRESS) else Path(text)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be a whole number of 1 or more, not {text!r}")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("fontid", description="Name the font family and style in a picture.")
    parser.add_argument("--version", action="version", version=f"fontid {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--model",
        default=os.environ.get("FONTID_MODEL") or None,
        help="folder, or OWNER/NAME@REVISION on the hub (default: FONTID_MODEL, or the one that ships)",
    )
    common = argparse.ArgumentParser(add_help=False, parents=[model])
    common.add_argument("--catalogue", metavar="NAME", help="search one of your own catalogues too")
    common.add_argument("--alone", action="store_true", help="search that catalogue and nothing else")
    common.add_argument("--encoder-only", action="store_true", help="rank by encoder and prototypes alone")
    common.add_argument("--no-prior", action="store_true", help="do not put families that people use often first")
    one = commands.add_parser("identify", parents=[common], help="name the font in pictures")
    one.add_argument("pictures", nargs="+", type=place_of, metavar="IMAGE|FOLDER|-", help="or an address")
    one.add_argument("--top", type=positive, default=5, metavar="N", help="rows of an answer (default: 5)")
    one.add_argument("--for", dest="for_", choices=("text", "heading"), default="text", help="which font comes first")
    one.add_argument("--page", type=positive, default=1, metavar="N", help="of a PDF or a TIFF")
    shown = one.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="one JSON object a line")
    shown.add_argument("--css", action="store_true", help="CSS rules to paste, one for each font")
    one.add_argument("--out", type=Path, metavar="FILE", help="JSON lines; pictures whose answers are there are left")
    one.add_argument("--ray", metavar="ADDRESS", help='of a Ray cluster, or "local": into --out, by many workers')
    one.add_argument("--workers", type=positive, metavar="N", help="of Ray, at a time (default: a core each)")
    one.set_defaults(run=identify)
    many = commands.add_parser("evaluate", parents=[common], help="measure on a folder with manifest.jsonl")
    many.add_argument("folder", type=Path)
    many.add_argument("--json", type=Path, metavar="FILE", help="write the summary here too")
    many.add_argument(
        "--without-truth", action="store_true", help="how well in_catalogue tells pictures of families taken out"
    )
    many.set_defaults(run=run_evaluation)
    many.add_argument("--limit", type=positive, metavar="N", help="only so many of the pictures, spread evenly")
    free = commands.add_parser("alternatives", help="free families for a paid or system face")
    free.add_argument("name", nargs="+", help="such as Proxima Nova")
    free.add_argument("--json", action="store_true")
    free.set_defaults(run=list_alternatives)
    new = commands.add_parser("enroll", parents=[model], help="add font files to a catalogue of your own")
    new.add_argument("folder", type=Path, help="a ttf, otf, woff or woff2 file, or a folder with some at any depth")
    new.add_argument("--name", required=True, help="of the catalogue; made where there is none")
    new.set_defaults(run=run_enrolment)
    commands.add_parser("catalogues", help="list your own catalogues").set_defaults(run=list_catalogues)
    gone = commands.add_parser("remove", help="remove one of your own catalogues")
    gone.add_argument("name")
    gone.add_argument("--family", metavar="ID", help="only this family of it")
    gone.set_defaults(run=run_removal)
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # such a picture gets a sentence of its own
    try:
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("Ended.", file=sys.stderr)
        return 130  # as a shell expects
    except BrokenPipeError:  # whoever read this, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would fail again at its end
        return 1
    except Refusal as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
