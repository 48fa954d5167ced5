"""Baselines that learn no features: pixels or histograms of oriented gradients, by scikit-learn."""

import numpy as np
from PIL import Image
from skimage.feature import hog
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from compare_vlm.questions import Names, Questions
from compare_vlm.settings import ClassicalRow
from fontid.encoder.preprocessing import Preprocessing, prepare_line, windows_of

NEIGHBOURS = 200  # looked at in search of five families
COMPONENTS = 256


def features_of(picture: Image.Image, kind: str) -> np.ndarray:
    """(N, D) float32 of the windows that the encoder would see, L2-normalised; one row of zeros without ink."""
    settings = Preprocessing()
    line = prepare_line(np.asarray(picture), settings)
    if line is None:
        line = np.zeros((settings.height, settings.window), np.uint8)
    return np.stack([_features(window, kind) for window in windows_of(line, settings)])


def _features(window: np.ndarray, kind: str) -> np.ndarray:
    if kind == "hog":  # Dalal and Triggs 2005
        found = hog(window, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(1, 1)).astype(np.float32)
    else:
        found = window.reshape(window.shape[0] // 4, 4, -1, 4).mean((1, 3)).astype(np.float32).ravel()
    return found / max(float(np.linalg.norm(found)), 1e-6)


class Classical:
    """A fitted baseline."""

    def __init__(self, row: ClassicalRow, names: Names) -> None:
        self.row, self.count = row, len(names)
        train = Questions(row.data_folder, "train", names)
        rng = np.random.default_rng(row.seed)
        order = rng.permutation(len(train))
        order = order[np.argsort(train.families[order], kind="stable")]  # of the first family, of the second...
        first = np.searchsorted(train.families[order], train.families[order])
        rank = np.empty(len(train), int)  # of each line among those of its family
        rank[order] = np.arange(len(train)) - first
        features, families = [], []
        each = min(row.each, max(1, row.most // len(names)))
        for index in tqdm(np.flatnonzero(rank < each), "features", mininterval=10):
            found = features_of(train[index].picture, row.features)
            features.append(found)
            families += [int(train.families[index])] * len(found)
        known, self.families = np.concatenate(features), np.array(families)
        if row.method == "nearest":
            self.nearest = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(known)), metric="cosine").fit(known)
            self.bytes = known.nbytes
        else:
            parts = min(COMPONENTS, *known.shape)
            model = make_pipeline(StandardScaler(), PCA(parts, random_state=row.seed), LogisticRegression(max_iter=200))
            self.logistic = model.fit(known, self.families)
            self.bytes = 4 * parts * (known.shape[1] + self.count)

    def scores(self, pictures: list[Image.Image]) -> np.ndarray:
        """(N, families) float, higher is better: the sum over each picture's windows."""
        windows = [features_of(picture, self.row.features) for picture in pictures]
        starts = np.cumsum([0] + [len(part) for part in windows[:-1]])
        together = np.concatenate(windows)
        if self.row.method == "logistic":
            of_windows = np.full((len(together), self.count), -np.inf)
            of_windows[:, self.logistic.classes_] = self.logistic.predict_log_proba(together)
        else:
            distances, found = self.nearest.kneighbors(together)
            of_windows = np.zeros((len(together), self.count))
            rows = np.arange(len(together))[:, None]
            np.maximum.at(of_windows, (rows, self.families[found]), 1 - distances)
        return np.add.reduceat(of_windows, starts)

    def answer(self, pictures: list[Image.Image], top: int) -> list[list[int]]:
        return np.argsort(-self.scores(pictures), axis=1, kind="stable")[:, :top].tolist()
