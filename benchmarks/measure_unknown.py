"""Measure what is said of fonts that the catalogue does not have: real ones, from Debian's packages.

    apt-get install fonts-urw-base35 fonts-texgyre
    python -m data_scripts.fetch_fonts --from /usr/share/fonts/opentype/urw-base35 --out UNKNOWN/fonts   # and tex-gyre
    python -m data_scripts.make_faces --fonts UNKNOWN/fonts --out UNKNOWN
    python -m benchmarks.render words --fonts UNKNOWN/fonts --faces UNKNOWN/faces.jsonl --out UNKNOWN/words
    python -m benchmarks.measure_unknown UNKNOWN/words KNOWN [--results results/once.jsonl#unknown]

KNOWN is a folder of the same protocol in families of the catalogue. Prints how well `in_catalogue` tells the two apart,
and in which words the first rows of unknown fonts are told.
"""

import statistics
from pathlib import Path

from tqdm import tqdm

from fontid.commands import command_line
from fontid.confidence import word_shares
from fontid.evaluation.experiment import write_result
from fontid.evaluation.folders import Sample, read_manifest, spread
from fontid.evaluation.open_set import auroc
from fontid.identifier import Answer, FontIdentifier
from fontid.picture.opening import PictureError


def answers(identifier: FontIdentifier, samples: list[Sample]) -> list[tuple[Sample, Answer]]:
    """The pictures that give an answer, with it."""
    found = []
    for sample in tqdm(samples, "pictures"):
        try:
            found.append((sample, identifier.identify(sample.file)))
        except PictureError as error:
            print(f"{sample.file}: {error}")
    return found


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#unknown")
    parser.add_argument("unknown", type=Path, nargs="+")
    parser.add_argument("known", type=Path)
    parser.add_argument("--limit", type=int, default=300, help="known pictures")
    arguments = parser.parse_args(argv)
    identifier = FontIdentifier.from_pretrained()
    samples = [sample for folder in arguments.unknown for sample in read_manifest(folder)]
    unknown = answers(identifier, [sample for sample in samples if sample.family not in identifier.catalogue])
    known = answers(identifier, spread(read_manifest(arguments.known), arguments.limit))
    families: dict[str, dict] = {}
    for family in dict.fromkeys(sample.family for sample, _ in unknown):
        of_family = [answer for sample, answer in unknown if sample.family == family]
        said = statistics.mean(answer.in_catalogue for answer in of_family)
        families[family] = {"n": len(of_family), "in_catalogue": round(said, 4)}
    parts = {"known": known, "unknown": unknown}
    values = {name: [answer.in_catalogue for _, answer in part] for name, part in parts.items()}
    metrics = {
        "n_unknown": len(unknown),
        "n_known": len(known),
        "auroc": round(auroc(values["known"], values["unknown"]), 4),
        "in_catalogue": {name: round(statistics.mean(said), 4) for name, said in values.items()},
        "verdicts_of_unknown": word_shares([answer.matches[0].verdict for _, answer in unknown]),
        "families": families,
    }
    names = " ".join(folder.name for folder in (*arguments.unknown, arguments.known))
    command = f"python -m benchmarks.measure_unknown {names}"
    write_result(arguments.results, settings={"limit": arguments.limit}, command=command, metrics=metrics)
    print(f"AUROC {metrics['auroc']:.3f} ({metrics['in_catalogue']}), told {metrics['verdicts_of_unknown']}")
    for family, row in families.items():
        print(family, row)


if __name__ == "__main__":
    main()
