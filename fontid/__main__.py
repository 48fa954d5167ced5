"""Command line.

python -m fontid identify IMAGE|FOLDER ... [--top 5] [--json] [--encoder-only] [--model FOLDER|HUB_ID]
python -m fontid evaluate FOLDER [--without-truth] [--json FILE] [--encoder-only] [--model FOLDER|HUB_ID]
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from fontid.artifact import ArtifactError
from fontid.evaluation import ManifestError, evaluate, read_manifest, summarise, table
from fontid.identifier import FontIdentifier
from fontid.images import PICTURE_SUFFIXES, PictureError
from fontid.rejection import doubt_table, measure_doubt, summarise_doubt


def pictures_in(paths: list[Path]) -> Iterator[Path]:
    """The files named, and the pictures in the folders named, in order of name."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())
        else:
            yield path


def identify(arguments: argparse.Namespace, identifier: FontIdentifier) -> int:
    files = list(pictures_in(arguments.pictures))
    if not files:
        print("No pictures found: name picture files or folders that hold some.", file=sys.stderr)
        return 1
    failed = False
    for file in tqdm(files, disable=len(files) < 2 or not sys.stderr.isatty()):
        try:
            answer = identifier.identify(file, top=arguments.top, encoder_only=arguments.encoder_only)
        except PictureError as error:
            failed = True
            if arguments.json:
                print(json.dumps({"image": str(file), "error": str(error)}, ensure_ascii=False), flush=True)
            else:
                print(f"{file}: {error}", file=sys.stderr)
            continue
        if arguments.json:
            print(json.dumps({"image": str(file)} | answer.to_dict(), ensure_ascii=False), flush=True)
        else:
            print(file)
            for rank, match in enumerate(answer.matches, 1):
                slope = "italic" if match.italic else ""
                twins = f"  = {', '.join(match.twins)}" if match.twins else ""
                print(f"{rank:3}. {match.score:6.3f}  {match.name} {match.weight} {slope}  {match.url}{twins}")
    return int(failed)


def run_evaluation(arguments: argparse.Namespace, identifier: FontIdentifier) -> int:
    samples = tqdm(read_manifest(arguments.folder), disable=not sys.stderr.isatty())
    if arguments.without_truth:
        summary = summarise_doubt(
            *measure_doubt(
                lambda picture, without: (
                    identifier.identify(picture, without=without, encoder_only=arguments.encoder_only).in_catalogue
                ),
                identifier.catalogue,
                samples,
            )
        )
        print(doubt_table(summary))
    else:
        summary = summarise(
            *evaluate(
                lambda picture: identifier.identify(picture, top=20, encoder_only=arguments.encoder_only).matches,
                identifier.catalogue,
                samples,
            )
        )
        print(table(summary))
    if arguments.json:
        arguments.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary))
    return 0


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("fontid", description="Which Google Fonts family and style is in a picture.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--model", help="folder or hub id of a model (default: the one that ships with fontid)")
    common.add_argument("--encoder-only", action="store_true", help="rank by encoder and prototypes alone")
    one = commands.add_parser("identify", parents=[common], help="name the font in pictures")
    one.add_argument("pictures", nargs="+", type=Path, metavar="IMAGE|FOLDER")
    one.add_argument("--top", type=positive, default=5)
    one.add_argument("--json", action="store_true", help="one JSON object a line")
    one.set_defaults(run=identify)
    many = commands.add_parser("evaluate", parents=[common], help="measure on a folder with manifest.jsonl")
    many.add_argument("folder", type=Path)
    many.add_argument("--json", type=Path, metavar="FILE", help="write the summary here too")
    many.add_argument(
        "--without-truth", action="store_true", help="how well in_catalogue tells pictures of families taken out"
    )
    many.set_defaults(run=run_evaluation)
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments, FontIdentifier.from_pretrained(arguments.model))
    except (ArtifactError, ManifestError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
