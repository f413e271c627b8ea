"""The paper's tasks, built on any slide: a patch, a border, a niche, a niche where the target was never seen."""

from napari_concert.evaluate.tasks.build import build
from napari_concert.evaluate.tasks.task import KINDS, Kind, Question, Task, with_spots

__all__ = ["KINDS", "Kind", "Question", "Task", "build", "with_spots"]
