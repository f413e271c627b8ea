"""Sections of a stack brought into one frame, by expression and shape or by landmarks."""

from napari_concert.registration.chain import Progress, Registration, register, registering, scoring
from napari_concert.registration.procrustes import landmarks, residual
from napari_concert.registration.scores import PairScore, Score, table

__all__ = [
    "PairScore",
    "Progress",
    "Registration",
    "Score",
    "landmarks",
    "register",
    "registering",
    "residual",
    "scoring",
    "table",
]
