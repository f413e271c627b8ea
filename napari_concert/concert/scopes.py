"""How far each state's effect reaches, as a table in the slides' unit."""

from __future__ import annotations

import pandas as pd

from napari_concert.concert.dataset import Scale
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.scope import scopes

LENGTHS = ["range_long", "range_short", "cut_off"]


def scope_table(network: ConcertNetwork, scale: Scale) -> pd.DataFrame:
    """Return what a network learned of each propagating state's reach; see :meth:`Concert.scopes`."""
    learned = scopes(network.attributes.field)
    names = pd.Index(network.vocabulary.propagating, name="state", dtype=object)
    table = pd.DataFrame({name: values.numpy() for name, values in learned._asdict().items()}, index=names)
    table[LENGTHS] *= scale.pitch
    return table
