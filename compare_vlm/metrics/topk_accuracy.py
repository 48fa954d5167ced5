"""Top-k accuracy as a module of Hugging Face evaluate."""

import datasets
import evaluate


class TopKAccuracy(evaluate.Metric):
    """Fraction 0-1 of predictions, ranked names, of which one of the first k is right. References: the right names."""

    def _info(self) -> evaluate.MetricInfo:
        names = datasets.Sequence(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=self.__doc__,
            citation="",
            inputs_description="predictions: ranked names; references: every right name; ranks: values of k",
            features=datasets.Features(predictions=names, references=names),
        )

    def _compute(self, predictions, references, ranks=(1, 5), **_) -> dict[str, float]:
        pairs = list(zip(predictions, references, strict=True))
        return {
            f"top{k}": sum(bool(set(ranked[:k]) & set(right)) for ranked, right in pairs) / len(pairs) for k in ranks
        }
