"""Connecting to a Dask scheduler: what is needed, how long one waits, and what is said where it does not answer."""

from __future__ import annotations

import logging
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING

from napari_concert import __version__
from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 20.0  # seconds for a scheduler to answer
MISSING = "This needs Dask's distributed scheduler: install napari-concert[dask]."
PACKAGE = "napari-concert"


def is_installed() -> bool:
    """Whether Dask is there."""
    return find_spec("distributed") is not None


def quiet() -> None:
    """Let Dask log errors alone: what happens to workers is said in words of our own."""
    logging.getLogger("distributed").setLevel(logging.ERROR)


def connected(address: str) -> Client:
    """Return a client of a running scheduler that has workers.

    Raises
    ------
    ConcertError
        If Dask is missing, or the scheduler does not answer or has no worker.
    """
    if not is_installed():
        raise ConcertError(MISSING)
    from distributed import Client

    quiet()
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except Exception as error:  # what is no scheduler answers anything
        raise ConcertError(
            f"No Dask scheduler answers at {address} ({str(error) or type(error).__name__}). Start one with "
            "'dask scheduler', and workers with 'dask worker ADDRESS', or leave the address out."
        ) from error
    if not client.scheduler_info()["workers"]:
        client.close()
        raise ConcertError(f"The scheduler at {address} has no workers; start some with 'dask worker {address}'.")
    return client


def alike(client: Client) -> list[str]:
    """Return the addresses of the workers that have this version of napari-concert.

    They are asked through Python's own library, because what they have of ours may be of another version.

    Raises
    ------
    ConcertError
        If there is none; it names both versions.
    """
    found = client.run(metadata.version, PACKAGE, on_error="return")
    fitting = [worker for worker, version in found.items() if version == __version__]
    if not fitting:
        there = sorted({version if isinstance(version, str) else "none" for version in found.values()})
        raise ConcertError(
            f"napari-concert is {__version__} here and {' or '.join(there) or 'none'} on the workers; install the same "
            "version on both machines and start the workers again."
        )
    return fitting
