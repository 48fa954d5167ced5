"""How good ranked names are: top-k accuracy, mean reciprocal rank and the rate of invalid answers, as a module of
Hugging Face evaluate."""

import datasets
import evaluate


class RankedNames(evaluate.Metric):
    """Fractions 0-1. Predictions: ranked names; references: every right name; both a list a picture.

    top1, top5, ...: predictions of which one of the first k is right.
    mrr: mean of 1 / the rank of the first right name, 0 where none is right.
    invalid: predictions whose first name is missing or not of the catalogue.
    """

    def _info(self) -> evaluate.MetricInfo:
        names = datasets.Sequence(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=self.__doc__,
            citation="",
            inputs_description="ranks: values of k; catalogue: the names that may be answered",
            features=datasets.Features(predictions=names, references=names),
        )

    def _compute(self, predictions, references, ranks, catalogue) -> dict[str, float]:
        pairs = list(zip(predictions, references, strict=True))
        known = set(catalogue)
        right = {f"top{k}": sum(bool(set(ranked[:k]) & set(names)) for ranked, names in pairs) for k in ranks}
        reciprocal = (next((1 / n for n, name in enumerate(ranked, 1) if name in names), 0) for ranked, names in pairs)
        invalid = sum(not ranked or ranked[0] not in known for ranked, _ in pairs)
        return {
            name: value / len(pairs) for name, value in {**right, "mrr": sum(reciprocal), "invalid": invalid}.items()
        }
