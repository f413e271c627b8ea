"""How the MLPs of continuous attributes are learned: Adam on what the likelihood says of the features they make."""

from __future__ import annotations

import torch

from napari_concert.model.adam import Adam
from napari_concert.model.attributes import Attributes, Codes
from napari_concert.model.summary import Summary


def fit_continuous(attributes: Attributes, codes: Codes, adam: Adam, summary: Summary, steps: int) -> None:
    """Take some steps uphill on the quadratic model of the likelihood in the continuous features."""
    score, curvature = summary.of("continuous")
    start = attributes.bent(codes).detach()
    for _ in range(steps):
        adam.clear()
        change = attributes.bent(codes) - start
        gain = (score * change).sum() - 0.5 * torch.einsum("nk,nkj,nj->", change, curvature, change)
        (-gain).backward()  # type: ignore[no-untyped-call]
        adam.step()
