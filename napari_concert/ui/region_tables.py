"""Keeps the tables of one region up to date with the session, in the background."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_concert.session.base import describe_error
from napari_concert.session.results import Region, Tables, tables

if TYPE_CHECKING:
    from napari_concert.session import Session

JOB = "tables of genes"


class RegionTables:
    """The tables of the chosen region and the session's gene sets for the last prediction.

    Attributes
    ----------
    changed
        There are other tables, or none any more.
    tables
        The last ones; None while nothing is predicted.
    region
        Where they are asked for; gene sets are those of the session.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.tables: Tables | None = None
        self.region = Region.PATCH

    def set_region(self, region: Region) -> None:
        """Read the change over another region."""
        self.region = region
        self.ask()

    def ask(self) -> None:
        """Make the tables of the session's last prediction, once it has its own; old ones stay until then."""
        result = self.session.result
        if result is None or result.what_if.is_empty:
            self.session.jobs.cancel(JOB)
            self._take(None)
        elif result.patch_genes is not None:
            self.session.jobs.submit(
                JOB,
                partial(tables, result, self.region, tuple(self.session.gene_sets.values())),
                lane="tables",
                latest=True,
                on_done=self._take,
                on_error=self._failed,
            )

    def _take(self, made: Tables | None) -> None:
        if made is None or made.result is self.session.result:  # else the slide or the painting is another by now
            self.tables = made
            self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        self.session.notified.emit("error", describe_error(error))
