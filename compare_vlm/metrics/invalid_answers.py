"""Rate of answers that name nothing of the catalogue, as a module of Hugging Face evaluate."""

import datasets
import evaluate


class InvalidAnswers(evaluate.Metric):
    """Fraction 0-1 of predictions whose first name is missing or not of the catalogue. References are not looked at."""

    def _info(self) -> evaluate.MetricInfo:
        names = datasets.Sequence(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=self.__doc__,
            citation="",
            inputs_description="predictions: ranked names; catalogue: the names that may be answered",
            features=datasets.Features(predictions=names, references=names),
        )

    def _compute(self, predictions, references, catalogue=(), **_) -> dict[str, float]:
        known = set(catalogue)
        return {"invalid": sum(not ranked or ranked[0] not in known for ranked in predictions) / len(predictions)}
