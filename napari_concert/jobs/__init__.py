"""Background work without Qt: worker threads, cancelling, latest-wins, delivery on the main thread."""

from napari_concert.jobs.lanes import Job
from napari_concert.jobs.runner import Deliver, InlineJobs, Jobs

__all__ = ["Deliver", "InlineJobs", "Job", "Jobs"]
