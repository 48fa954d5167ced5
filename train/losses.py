"""The training loss: margin softmax over faces and, at the same time, softmax over families."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FaceSoftmax(nn.Module):
    """One proxy a face on the unit sphere; large-margin cosine softmax (CosFace, Wang et al. 2018).

    The loss is the cross-entropy of the face plus `family_share` times that of the family, whose probability is the
    sum over its faces: naming a neighbouring weight costs less than naming another family. Twins of the true face
    are no negatives: nothing in the picture tells them apart.

    Args:
        family_of_face: (F,) int64.
        twins: (P, 2) int64, pairs of faces that draw the same letters.
        scale: of the cosines; margin: taken from the true face's cosine.
    """

    def __init__(
        self, family_of_face: Tensor, twins: Tensor, dimension: int, scale: float, margin: float, family_share: float
    ) -> None:
        super().__init__()
        faces = len(family_of_face)
        self.proxies = nn.Parameter(F.normalize(torch.randn(faces, dimension)))
        self.scale, self.margin, self.family_share = scale, margin, family_share
        twin_of = torch.zeros(faces, faces, dtype=torch.bool)
        twin_of[twins[:, 0], twins[:, 1]] = twin_of[twins[:, 1], twins[:, 0]] = True
        twin_of.fill_diagonal_(False)
        self.register_buffer("twin_of", twin_of, persistent=False)
        self.register_buffer("family_of_face", family_of_face, persistent=False)

    def forward(self, embeddings: Tensor, faces: Tensor) -> Tensor:
        """(N, D) float unit vectors, (N,) int64 -> mean loss."""
        cosines = embeddings.float() @ F.normalize(self.proxies).T
        rows = torch.arange(len(faces), device=faces.device)
        margins = torch.zeros_like(cosines).index_put((rows, faces), cosines.new_tensor(self.margin))
        logits = self.scale * (cosines - margins)
        logits = logits.masked_fill(self.twin_of[faces], -torch.inf)
        normaliser = logits.logsumexp(1)
        face_loss = normaliser - logits[rows, faces]
        same_family = self.family_of_face[None] == self.family_of_face[faces][:, None]
        family_loss = normaliser - logits.masked_fill(~same_family, -torch.inf).logsumexp(1)
        return (face_loss + self.family_share * family_loss).mean()
