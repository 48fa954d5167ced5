"""Losses: what the experiments compare, and the one that is shipped."""

import math
from dataclasses import dataclass

import torch
import torch.distributed as dist
from pytorch_metric_learning import losses, miners
from torch import Tensor, nn
from torch.nn import functional as F

from fontid.evaluation.experiment import SettingsError

PROXY_KINDS = {"cosface": losses.CosFaceLoss, "arcface": losses.ArcFaceLoss, "subcentre": losses.SubCenterArcFaceLoss}
PAIR_KINDS = ("contrastive", "triplet", "supcon")


@dataclass(frozen=True)
class LossSettings:
    """What the loss is made of; `margin`, `scale` and `temperature` mean what the kind's source means by them.

    kind: "softmax" (`FaceSoftmax`), "cross-entropy", one of `PROXY_KINDS` or of `PAIR_KINDS`.
    family_share: of the families' softmax, with kind "softmax".
    contrastive_share: supervised contrastive added to a loss with proxies, times this.
    """

    kind: str = "softmax"
    scale: float = 28.0
    margin: float = 0.1
    family_share: float = 1.0
    temperature: float = 0.1
    contrastive_share: float = 0.0


class FaceSoftmax(nn.Module):
    """One proxy a face on the unit sphere; large-margin cosine softmax (CosFace, Wang et al. 2018).

    The loss is the cross-entropy of the face plus `family_share` times that of the family, whose probability is the
    sum over its faces: naming a neighbouring weight costs less than naming another family. Twins of the true face
    are no negatives: nothing in the picture tells them apart.

    Args:
        settings: scale, of the cosines; margin, taken from the true face's cosine; family_share.
        family_of_face: (F,) int64.
        twins: (P, 2) int64, pairs of faces that draw the same letters.
        trained: (F,) bool; other faces are no negatives, so that nothing is learned of them. None: all.
    """

    def __init__(
        self, settings: LossSettings, family_of_face: Tensor, twins: Tensor, dimension: int, trained: Tensor | None
    ) -> None:
        super().__init__()
        faces = len(family_of_face)
        self.proxies, self.settings = nn.Parameter(F.normalize(torch.randn(faces, dimension))), settings
        no_negative = torch.zeros(faces, faces, dtype=torch.bool)
        no_negative[twins[:, 0], twins[:, 1]] = no_negative[twins[:, 1], twins[:, 0]] = True
        if trained is not None:
            no_negative[:, ~trained] = True
        no_negative.fill_diagonal_(False)
        self.register_buffer("no_negative", no_negative, persistent=False)
        self.register_buffer("family_of_face", family_of_face, persistent=False)

    def scores(self, embeddings: Tensor) -> Tensor:
        """(N, D) -> (N, F) cosines."""
        return embeddings.float() @ F.normalize(self.proxies).T

    def forward(self, embeddings: Tensor, faces: Tensor) -> Tensor:
        """(N, D) float unit vectors, (N,) int64 -> mean loss."""
        cosines = self.scores(embeddings)
        rows = torch.arange(len(faces), device=faces.device)
        margins = torch.zeros_like(cosines).index_put((rows, faces), cosines.new_tensor(self.settings.margin))
        logits = self.settings.scale * (cosines - margins)
        logits = logits.masked_fill(self.no_negative[faces], -torch.inf)
        normaliser = logits.logsumexp(1)
        face_loss = normaliser - logits[rows, faces]
        same_family = self.family_of_face[None] == self.family_of_face[faces][:, None]
        family_loss = normaliser - logits.masked_fill(~same_family, -torch.inf).logsumexp(1)
        return (face_loss + self.settings.family_share * family_loss).mean()


class LinearHead(nn.Module):
    """Plain cross-entropy of a linear classifier on the embedding, scaled to the length that the cosines' scale is."""

    def __init__(self, faces: int, dimension: int, scale: float) -> None:
        super().__init__()
        self.head, self.scale = nn.Linear(dimension, faces), scale

    def scores(self, embeddings: Tensor) -> Tensor:
        return self.head(self.scale * embeddings.float())

    def forward(self, embeddings: Tensor, faces: Tensor) -> Tensor:
        return F.cross_entropy(self.scores(embeddings), faces)


class ProxyLoss(nn.Module):
    """A large-margin softmax of pytorch-metric-learning: "cosface", "arcface" or "subcentre" (three centres a face).

    Args: margin: of cosines for CosFace (Wang et al. 2018), radians for ArcFace (Deng et al. 2019) and sub-centre
        ArcFace (Deng et al. 2020).
    """

    def __init__(self, kind: str, faces: int, dimension: int, scale: float, margin: float) -> None:
        super().__init__()
        given = margin if kind == "cosface" else math.degrees(margin)
        self.loss = PROXY_KINDS[kind](num_classes=faces, embedding_size=dimension, margin=given, scale=scale)

    def scores(self, embeddings: Tensor) -> Tensor:
        return self.loss.get_cosine(embeddings.float())

    def forward(self, embeddings: Tensor, faces: Tensor) -> Tensor:
        return self.loss(embeddings.float(), faces)


def gather(mine: Tensor) -> Tensor:
    """(N, ...) of each process to (processes * N, ...) in all of them, this process's part with its gradient.

    That gradient is multiplied by the number of processes, since their average is taken after backward.
    """
    processes = dist.get_world_size()
    parts = [torch.empty_like(mine) for _ in range(processes)]
    dist.all_gather(parts, mine.detach().contiguous())
    if mine.requires_grad:
        parts[dist.get_rank()] = mine * processes - (mine * (processes - 1)).detach()
    return torch.cat(parts)


class PairLoss(nn.Module):
    """A loss on pairs or triplets of one global batch, by pytorch-metric-learning; it has no proxies.

    "contrastive" (Hadsell et al. 2006), "triplet" with semi-hard mining (Schroff et al. 2015), "supcon", supervised
    contrastive (Khosla et al. 2020). Embeddings are gathered from all processes, with their gradients.

    Args: margin: distance beyond which a pair of two faces costs nothing, or by which a triplet's pairs must differ.
    """

    scores = None

    def __init__(self, kind: str, margin: float, temperature: float) -> None:
        super().__init__()
        self.miner = miners.TripletMarginMiner(margin, type_of_triplets="semihard") if kind == "triplet" else None
        self.loss = {
            "contrastive": losses.ContrastiveLoss(neg_margin=margin),
            "triplet": losses.TripletMarginLoss(margin),
            "supcon": losses.SupConLoss(temperature),
        }[kind]

    def forward(self, embeddings: Tensor, faces: Tensor) -> Tensor:
        embeddings = embeddings.float()
        if dist.is_initialized() and dist.get_world_size() > 1:
            embeddings, faces = gather(embeddings), gather(faces)
        return self.loss(embeddings, faces, self.miner(embeddings, faces) if self.miner else None)


class JointLoss(nn.Module):
    """A loss with proxies plus `share` times supervised contrastive."""

    def __init__(self, proxies: nn.Module, pairs: PairLoss, share: float) -> None:
        super().__init__()
        self.proxies_loss, self.pairs, self.share = proxies, pairs, share

    def scores(self, embeddings: Tensor) -> Tensor:
        return self.proxies_loss.scores(embeddings)

    def forward(self, embeddings: Tensor, faces: Tensor) -> Tensor:
        return self.proxies_loss(embeddings, faces) + self.share * self.pairs(embeddings, faces)


def make_loss(
    settings: LossSettings, family_of_face: Tensor, twins: Tensor, dimension: int, trained: Tensor | None = None
) -> nn.Module:
    """The loss of an experiment: called with (N, D) unit embeddings and (N,) int64 faces.

    Its `scores` gives (N, F) cosines or logits, the best at the face that is named; it is None for losses on pairs.
    Raises: SettingsError for a kind that is not known.
    """
    faces = len(family_of_face)
    if settings.kind in PAIR_KINDS:
        return PairLoss(settings.kind, settings.margin, settings.temperature)
    if settings.kind == "softmax":
        made: nn.Module = FaceSoftmax(settings, family_of_face, twins, dimension, trained)
    elif settings.kind == "cross-entropy":
        made = LinearHead(faces, dimension, settings.scale)
    elif settings.kind in PROXY_KINDS:
        made = ProxyLoss(settings.kind, faces, dimension, settings.scale, settings.margin)
    else:
        known = ("softmax", "cross-entropy", *PROXY_KINDS, *PAIR_KINDS)
        raise SettingsError(f"loss: kind takes {', '.join(known)}, not {settings.kind!r}.")
    if settings.contrastive_share:
        return JointLoss(made, PairLoss("supcon", 0.0, settings.temperature), settings.contrastive_share)
    return made
