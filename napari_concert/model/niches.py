"""Where a spill-over may differ from elsewhere: in tissues with enough spots close to a perturbation."""

from __future__ import annotations

import torch

from napari_concert.model.attributes import encode, field_pairs
from napari_concert.model.data import SpotArrays, Vocabulary

MOST_NICHES = 24
FEWEST_RECEIVERS = 8
NEAR = 2.5  # pitches


def niches(arrays: SpotArrays, vocabulary: Vocabulary) -> tuple[tuple[str, str], ...]:
    """Return pairs (state, tissue) whose spill-over may differ by tissue; none of a state that reaches only one."""
    codes = encode(arrays, vocabulary)
    pairs = field_pairs(arrays, vocabulary, NEAR)
    source = codes.propagating[pairs.source]
    found = []
    for p, state in enumerate(vocabulary.propagating):
        receivers = torch.unique(pairs.receiver[source == p])
        receivers = receivers[codes.propagating[receivers] != p]
        counts = torch.bincount(codes.tissue[receivers] + 1, minlength=len(vocabulary.tissues) + 1)[1:]
        enough = [(int(count), state, tissue) for count, tissue in zip(counts, vocabulary.tissues, strict=True)]
        enough = [each for each in enough if each[0] >= FEWEST_RECEIVERS]
        found += enough if len(enough) > 1 else []
    kept = sorted(found, reverse=True)[:MOST_NICHES]
    return tuple((state, tissue) for _, state, tissue in kept)
