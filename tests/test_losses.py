"""Each loss against its formula, written out in plain Python."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fontid.evaluation.experiment import SettingsError
from train.losses import LossSettings, make_loss

FACES = torch.tensor([0, 1, 2, 0, 1, 2, 0, 3])
NO_TWINS = torch.zeros(0, 2, dtype=torch.int64)


@pytest.fixture
def embeddings() -> torch.Tensor:
    torch.manual_seed(5)
    return F.normalize(torch.randn(len(FACES), 8))


def made(**settings):
    torch.manual_seed(6)
    return make_loss(LossSettings(**settings), torch.tensor([0, 0, 1, 1]), NO_TWINS, 8)


def softmax_loss(logits: list[float], label: int) -> float:
    return -math.log(math.exp(logits[label]) / sum(math.exp(logit) for logit in logits))


def literal_face_softmax(cosines, face, family_of, twins, scale, margin, share):
    logits = {other: scale * (cosine - margin * (other == face)) for other, cosine in enumerate(cosines)}
    terms = {other: math.exp(logit) for other, logit in logits.items() if {other, face} not in twins}
    whole = sum(terms.values())
    family = sum(value for other, value in terms.items() if family_of[other] == family_of[face])
    return -math.log(terms[face] / whole) - share * math.log(family / whole)


def test_faces_that_are_not_trained_on_are_no_negatives(embeddings):
    """Nothing is learned of them: their proxies neither count nor move."""
    faces = torch.where(FACES == 3, 0, FACES)
    settings, family_of = LossSettings(), torch.tensor([0, 0, 1, 1])
    loss = make_loss(settings, family_of, NO_TWINS, 8, torch.tensor([True, True, True, False]))
    fewer = make_loss(settings, family_of[:3], NO_TWINS, 8)
    with torch.no_grad():
        fewer.proxies.copy_(loss.proxies[:3])
    value = loss(embeddings, faces)
    value.backward()
    assert value.item() == pytest.approx(fewer(embeddings, faces).item(), rel=1e-5)
    assert not loss.proxies.grad[3].any() and loss.proxies.grad[:3].any()


def test_face_softmax():
    torch.manual_seed(3)
    family_of = [0, 0, 1, 1, 2]
    settings = LossSettings(scale=7.0, margin=0.2, family_share=0.5)
    loss = make_loss(settings, torch.tensor(family_of), torch.tensor([[0, 2]]), 8)
    embeddings = F.normalize(torch.randn(6, 8))
    faces = torch.tensor([0, 1, 2, 3, 4, 2])
    cosines = (embeddings @ F.normalize(loss.proxies).T).tolist()
    pairs = zip(cosines, faces.tolist(), strict=True)
    expected = [literal_face_softmax(row, face, family_of, [{0, 2}], 7.0, 0.2, 0.5) for row, face in pairs]
    assert loss(embeddings, faces).item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_cross_entropy(embeddings):
    loss = made(kind="cross-entropy", scale=3.0)
    logits = (3.0 * embeddings @ loss.head.weight.T + loss.head.bias).tolist()
    expected = [softmax_loss(row, int(face)) for row, face in zip(logits, FACES, strict=True)]
    assert loss(embeddings, FACES).item() == pytest.approx(np.mean(expected), rel=1e-5)
    assert loss.scores(embeddings).argmax(1).tolist() == [int(np.argmax(row)) for row in logits]


@pytest.mark.parametrize(("kind", "centres"), [("cosface", 1), ("arcface", 1), ("subcentre", 3)])
def test_losses_with_a_margin(embeddings, kind, centres):
    """CosFace takes it from the true face's cosine, ArcFace adds it to the angle."""
    loss = made(kind=kind, scale=7.0, margin=0.3)
    weights = F.normalize(loss.loss.W, dim=0)  # (D, F), or (D, 3 F) with the centres of a face side by side
    assert weights.shape[1] == 4 * centres
    all_cosines = (embeddings @ weights).tolist()
    cosines = [[max(row[face * centres : (face + 1) * centres]) for face in range(4)] for row in all_cosines]
    assert torch.allclose(loss.scores(embeddings), torch.tensor(cosines), atol=1e-5)
    expected = []
    for row, face in zip(cosines, FACES.tolist(), strict=True):
        own = row[face] - 0.3 if kind == "cosface" else math.cos(math.acos(row[face]) + 0.3)
        expected.append(softmax_loss([7.0 * (own if k == face else c) for k, c in enumerate(row)], face))
    assert loss(embeddings, FACES).item() == pytest.approx(np.mean(expected), rel=1e-5 if kind == "cosface" else 1e-4)


def distances(embeddings) -> np.ndarray:
    points = embeddings.numpy()
    return np.linalg.norm(points[:, None] - points[None], axis=2)


def test_contrastive(embeddings):
    """Pairs of one face cost their distance, others what is missing to the margin; means over those that cost."""
    apart, faces, margin = distances(embeddings), FACES.tolist(), 1.2
    pairs = [(a, b) for a in range(len(faces)) for b in range(len(faces)) if a != b]
    same = [apart[a, b] for a, b in pairs if faces[a] == faces[b]]
    other = [margin - apart[a, b] for a, b in pairs if faces[a] != faces[b] and apart[a, b] < margin]
    assert same and other
    expected = np.mean(same) + np.mean(other)
    assert made(kind="contrastive", margin=margin)(embeddings, FACES).item() == pytest.approx(expected, rel=1e-4)


def test_triplet_with_semi_hard_mining(embeddings):
    """Anchor, positive, negative with d(a, p) < d(a, n) < d(a, p) + margin."""
    apart, faces, margin = distances(embeddings), FACES.tolist(), 0.3
    costs = [
        apart[a, p] - apart[a, n] + margin
        for a in range(len(faces))
        for p in range(len(faces))
        for n in range(len(faces))
        if a != p and faces[a] == faces[p] and faces[a] != faces[n] and 0 < apart[a, n] - apart[a, p] < margin
    ]
    assert len(costs) > 2
    assert made(kind="triplet", margin=margin)(embeddings, FACES).item() == pytest.approx(np.mean(costs), rel=1e-4)


def literal_supcon(embeddings, temperature: float) -> float:
    similar, faces = (embeddings @ embeddings.T / temperature).tolist(), FACES.tolist()
    costs = []
    for i, row in enumerate(similar):
        others = [j for j in range(len(faces)) if j != i]
        positives = [softmax_loss([row[k] for k in others], others.index(j)) for j in others if faces[j] == faces[i]]
        costs += [np.mean(positives)] if positives else []
    return float(np.mean(costs))


def test_supervised_contrastive(embeddings):
    loss = made(kind="supcon", temperature=0.2)
    assert loss(embeddings, FACES).item() == pytest.approx(literal_supcon(embeddings, 0.2), rel=1e-4)


def test_joint_loss_is_the_sum(embeddings):
    joint, alone = made(contrastive_share=0.5, temperature=0.2), made()
    expected = alone(embeddings, FACES).item() + 0.5 * literal_supcon(embeddings, 0.2)
    assert joint(embeddings, FACES).item() == pytest.approx(expected, rel=1e-4)
    assert torch.equal(joint.scores(embeddings), alone.scores(embeddings))


def test_an_unknown_kind_is_told():
    with pytest.raises(SettingsError, match="takes softmax, cross-entropy"):
        made(kind="hinge")
