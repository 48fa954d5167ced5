"""Mean reciprocal rank as a module of Hugging Face evaluate."""

import datasets
import evaluate


class ReciprocalRank(evaluate.Metric):
    """Mean of 1 / the rank of the first right name, 0 where none is right: 0-1. References: the right names."""

    def _info(self) -> evaluate.MetricInfo:
        names = datasets.Sequence(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=self.__doc__,
            citation="",
            inputs_description="predictions: ranked names; references: every right name",
            features=datasets.Features(predictions=names, references=names),
        )

    def _compute(self, predictions, references, **_) -> dict[str, float]:
        total = 0.0
        for ranked, right in zip(predictions, references, strict=True):
            total += next((1 / rank for rank, name in enumerate(ranked, 1) if name in right), 0.0)
        return {"mrr": total / len(predictions)}
