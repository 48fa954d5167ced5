"""Ask a model the questions of a split; the same figures for every kind of model."""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import evaluate
from PIL import Image
from tqdm import tqdm

from compare_vlm.questions import Names, Questions
from fontid.catalogue.ranking import Catalogue

TOP = 5
METRIC = Path(__file__).parent / "metrics" / "ranked_names.py"
LENGTHS = {"1-4": (1, 4), "5-8": (5, 8), "9-16": (9, 16), "17 and more": (17, 10**6)}
TIMED = 20  # pictures asked one by one for the time that one takes
SHOWN = 40  # answers kept for the report's examples


@dataclass(frozen=True)
class Answerer:
    """A model that can be asked.

    answer: pictures, how many -> for each the ranked numbers of families, None for an answer outside the catalogue.
    disk_bytes: what has to be shipped. about: more that the result keeps, for example what training cost.
    exact: questions, and how many of them -> how well what was searched for agrees with what is exact.
    """

    answer: Callable[[list[Image.Image], int], list[list[int | None]]]
    parameters: int
    disk_bytes: int
    batch: int = 1
    about: dict = field(default_factory=dict)
    exact: Callable[[Questions, int], dict] | None = None


@cache
def metric() -> evaluate.Metric:
    return evaluate.load(str(METRIC), cache_dir=tempfile.mkdtemp(prefix="fontid-metrics-"))


def ranked_metrics(predictions: list[list[str]], right: list[list[str]], catalogue: list[str]) -> dict[str, float]:
    """top1, top5, mrr and invalid, fractions 0-1, by `compare_vlm/metrics/ranked_names.py`."""
    found = metric().compute(predictions=predictions, references=right, ranks=(1, TOP), catalogue=catalogue)
    return {name: round(float(value), 4) for name, value in found.items()}


def measure(answerer: Answerer, questions: Questions, names: Names, catalogue: Catalogue) -> dict:
    """Accuracy strict and with twins credited, by length of text and by category, time and memory.

    Where texts spell families' names, `spelled` is the fraction of first answers that are the family spelled.
    """
    predictions, texts, answers = [], [], []
    for start in tqdm(range(0, len(questions), answerer.batch), "ask", mininterval=10):
        rows = [questions[index] for index in range(start, min(start + answerer.batch, len(questions)))]
        texts += [row.text for row in rows]
        answers += answerer.answer([row.picture for row in rows], TOP)
    predictions = [["" if number is None else names.names[number] for number in ranked] for ranked in answers]
    name_of = dict(zip(names.ids, names.names, strict=True))
    own = [[names.names[family]] for family in questions.families]
    credited = []
    for family in questions.families:
        right = catalogue.credited(names.ids[family])
        credited.append(sorted(name_of[other] for other in right if other in name_of))

    def accuracy(rows: list[int]) -> dict:
        chosen = [predictions[row] for row in rows]
        return {
            "n": len(rows),
            "strict": ranked_metrics(chosen, [own[row] for row in rows], list(names.names)),
            "twins": ranked_metrics(chosen, [credited[row] for row in rows], list(names.names)),
        }

    def groups(group_of: Callable[[int], str | None], order: list[str]) -> dict[str, dict]:
        members = {group: [row for row in range(len(texts)) if group_of(row) == group] for group in order}
        return {group: accuracy(rows) for group, rows in members.items() if rows}

    def length_of(row: int) -> str | None:
        letters = len(texts[row].replace(" ", ""))
        return next((name for name, (low, high) in LENGTHS.items() if low <= letters <= high), None)

    found = accuracy(list(range(len(texts))))
    found["by_length"] = groups(length_of, list(LENGTHS))
    categories = [names.categories[family] for family in questions.families]
    found["by_category"] = groups(lambda row: categories[row], sorted(set(categories)))
    first = [ranked[0] if ranked else "" for ranked in predictions]
    if set(texts) & set(names.names):
        spelled = [text == answer for text, answer in zip(texts, first, strict=True)]
        found["spelled"] = round(sum(spelled) / len(spelled), 4)
    found["ms_per_image"] = round(1000 * seconds_per_picture(answerer, questions), 1)
    found["examples"] = [
        {"text": text, "family": own[row][0], "answer": first[row], "right": first[row] in credited[row]}
        for row, text in enumerate(texts)
    ][:: max(1, len(texts) // SHOWN)][:SHOWN]
    return found


def seconds_per_picture(answerer: Answerer, questions: Questions) -> float:
    """Median of pictures asked one by one, as a visitor asks."""
    times = []
    for index in range(min(TIMED, len(questions))):
        picture = questions[index].picture
        started = time.perf_counter()
        answerer.answer([picture], TOP)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def peak_memory_mb() -> dict[str, int]:
    """Of this process, and of the GPU where PyTorch was used on one."""
    found = {"peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    import sys

    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["peak_gpu_mb"] = torch.cuda.max_memory_allocated() // 2**20
    return found
