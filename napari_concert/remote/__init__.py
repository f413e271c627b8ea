"""Work on other machines, over Dask: connecting to a scheduler, and a training that runs elsewhere."""

from napari_concert.remote.stage import Order, Stage

__all__ = ["Order", "Stage"]
