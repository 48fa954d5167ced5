"""Measure rows of the comparison on the data set's test splits.

    python -m compare_vlm.evaluate experiments/vlm.yaml#NAME ... [--families N ...] [--run DIR]
        [--results results/vlm.jsonl] [--exact 0] [--smoke]

Writes `RESULTS/NAME-FAMILIES.json`. A row that is trained is trained first, by `compare_vlm.train_lora`. `--exact` says
for how many pictures beam search is compared with the exact likelihood of every name.
"""

import hashlib
import json
from functools import partial
from pathlib import Path

import numpy as np

from compare_vlm.measure import TOP, Answerer, measure, peak_memory_mb
from compare_vlm.questions import Names, Questions, open_names
from compare_vlm.settings import BackboneRow, ClassicalRow, EncoderRow, Row, VlmRow, open_row, row_name, run_folder
from fontid.artifact import ArtifactError
from fontid.catalogue.ranking import by_score
from fontid.commands import command_line, exit_on
from fontid.evaluation.experiment import SettingsError, write_result
from fontid.identifier import SHIPPED, FontIdentifier
from fontid.picture.opening import PictureError

BATCH = 8


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def encoder_answerer(row: EncoderRow, names: Names, run: Path) -> Answerer:
    """fontid, with the catalogue held to the names."""
    folder = row.folder
    try:
        identifier = FontIdentifier.from_pretrained(folder)
    except ArtifactError as error:
        raise SettingsError(str(error)) from error
    catalogue, number = identifier.catalogue, {family: index for index, family in enumerate(names.ids)}
    among = np.array([face.family in number for face in catalogue.faces])
    others = set(catalogue.families) - set(number)

    def by_encoder(pictures, top):
        ranked = []
        for picture in pictures:
            embeddings = identifier.embed_line(np.asarray(picture))
            scores = np.full(len(among), -np.inf) if embeddings is None else catalogue.score_faces(embeddings)
            found: dict[int, None] = {}
            for face in by_score(np.where(among, scores, -np.inf)):
                if scores[face] == -np.inf or len(found) == top:
                    break
                if among[face]:
                    found[number[catalogue.faces[face].family]] = None
            ranked.append(list(found))
        return ranked

    def as_in_the_app(pictures, top):
        ranked = []
        for picture in pictures:
            try:
                answer = identifier.identify(picture, top=top, without=others)
                ranked.append([number[match.family] for match in answer.matches])
            except PictureError:
                ranked.append([])
        return ranked

    digest = hashlib.sha256((folder / "encoder.onnx").read_bytes()).hexdigest()
    parameters = (folder / "encoder.onnx").stat().st_size // 2  # bytes of a half-precision weight
    answer = by_encoder if row.encoder_only else as_in_the_app
    return Answerer(answer, parameters, folder_bytes(folder), about={"encoder_sha256": digest})


def classical_answerer(row: ClassicalRow, names: Names, run: Path) -> Answerer:
    from compare_vlm.classical import Classical

    model = Classical(row, names)
    return Answerer(model.answer, 0, model.bytes, BATCH)


def backbone_answerer(row: BackboneRow, names: Names, run: Path) -> Answerer:
    import torch

    from compare_vlm.backbones import open_trained_backbone

    backbone = open_trained_backbone(row, len(names), run / "trained")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = backbone.model.to(device).eval()

    @torch.inference_mode()
    def answer(pictures, top):
        return model(backbone.pixels(pictures).to(device)).topk(min(top, len(names))).indices.tolist()

    return Answerer(answer, *weights_of(model), BATCH, told_cost(run))


def vlm_answerer(row: VlmRow, names: Names, run: Path) -> Answerer:
    import torch

    from compare_vlm.answers import NameTrie, beam_answers, free_answers, parse
    from compare_vlm.models import open_trained, open_vlm

    on_gpu = torch.cuda.is_available()
    dtype = torch.bfloat16 if on_gpu else torch.float32
    vlm = open_vlm(row, dtype) if row.zero_shot else open_trained(row, run / "trained", dtype)
    if not row.four_bit:
        vlm.model.to("cuda" if on_gpu else "cpu")
    vlm.model.eval()
    trie = NameTrie(vlm, list(names.names))

    def freely(pictures, top):
        return [[parse(said, list(names.names))] for said in free_answers(vlm, pictures)]

    def among_names(pictures, top):
        return [[number for number, _ in ranked] for ranked in beam_answers(vlm, trie, pictures, top)]

    answer, about = (freely, {}) if row.zero_shot else (among_names, told_cost(run))
    return Answerer(answer, *weights_of(vlm.model), BATCH, about, partial(exact_agreement, vlm, trie))


def weights_of(model) -> tuple[int, int]:
    """How many a module of PyTorch has, and their bytes."""
    weights = list(model.parameters())
    return sum(one.numel() for one in weights), sum(one.numel() * one.element_size() for one in weights)


ANSWERERS = dict(encoder=encoder_answerer, classical=classical_answerer, backbone=backbone_answerer, vlm=vlm_answerer)


def told_cost(run: Path) -> dict:
    path = run / "training.json"
    return {"training": json.loads(path.read_text())} if path.exists() else {}


def exact_agreement(vlm, trie, questions: Questions, count: int) -> dict:
    """How much of the exact first five beam search finds, over `count` pictures: a fraction 0-1."""
    from compare_vlm.answers import beam_answers, exact_scores

    shared = wanted = same_first = 0
    asked = min(count, len(questions))
    for index in range(asked):
        picture = questions[index].picture
        exact = exact_scores(vlm, trie, picture).argsort(descending=True)[:TOP].tolist()
        beams = [number for number, _ in beam_answers(vlm, trie, [picture], TOP)[0]]
        shared, wanted = shared + len(set(exact) & set(beams)), wanted + len(exact)
        same_first += beams[:1] == exact[:1]
    return {"n": asked, "first_five": round(shared / wanted, 4), "first": round(same_first / asked, 4)}


def measure_row(row: Row, run: Path, exact: int = 0) -> dict:
    """Every figure of one row. Raises: SettingsError where it cannot be measured here."""
    names = open_names(row.data_folder, row.families, SHIPPED / "faces.jsonl.gz")
    credit = FontIdentifier.from_pretrained(SHIPPED).catalogue
    answerer = ANSWERERS[row.kind](row, names, run)
    asked = {split: Questions(row.data_folder, split, names, row.limit) for split in row.splits}
    metrics = {
        "families": len(names),
        "splits": {split: measure(answerer, questions, names, credit) for split, questions in asked.items()},
        "parameters": answerer.parameters,
        "disk_mb": round(answerer.disk_bytes / 2**20, 1),
        **answerer.about,
    }
    if answerer.exact and exact:
        metrics["exact"] = answerer.exact(asked[row.splits[0]], exact)
    return metrics | peak_memory_mb()


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/vlm.jsonl")
    parser.add_argument("rows", type=Path, nargs="+")
    parser.add_argument("--families", type=int, nargs="+", default=[0], help="0: as the row says")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--exact", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="marks the result as a trial of the code")
    arguments = parser.parse_args(argv)
    for path in arguments.rows:
        for families in arguments.families:
            with exit_on(SettingsError):
                row = open_row(path, families or None)
                metrics = measure_row(row, arguments.run or run_folder(path, row), arguments.exact)
            command = f"python -m compare_vlm.evaluate {path}" + (f" --families {families}" if families else "")
            name = row_name(path, row)
            target = Path(f"{arguments.results}#{name}")
            write_result(target, settings=row, command=command, metrics=metrics, smoke=arguments.smoke)
            for split, found in metrics["splits"].items():
                twins = found["twins"]
                print(f"{name}, {split}: {100 * twins['top1']:.1f} / {100 * twins['top5']:.1f} of {found['n']}")


if __name__ == "__main__":
    main()
