"""Long work with its progress on stderr; of a training, Ctrl+C keeps the best weights so far."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from napari_concert.cli.output import note
from napari_concert.remote import Stage

if TYPE_CHECKING:
    from napari_concert.concert import Epoch

UNIT = "nats per spot and gene"
PLAIN_EVERY = 5.0  # seconds between lines where they can't be rewritten


class Line:
    """One line that rewrites itself on a terminal; elsewhere a line now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.rewrites = self.stream.isatty()
        self._last = -math.inf

    def show(self, text: str, *, tells: bool = True) -> None:
        """Show how far the work is; what tells nothing new is left out where lines stay."""
        if self.rewrites:
            self.stream.write(f"\r{text}\x1b[K")
            self.stream.flush()
        elif tells and time.monotonic() - self._last > PLAIN_EVERY:
            self._last = time.monotonic()
            self.stream.write(f"{text}\n")

    def close(self) -> None:
        """Leave the line."""
        if self.rewrites:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


class Progress(Line):
    """The line of a training."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._stage: Stage | None = None

    def __call__(self, step: Epoch | Stage) -> None:
        """Show an epoch, or what goes on before the first one; a stage that is told again shows nothing."""
        if isinstance(step, Stage):
            if step != self._stage:
                self._stage = step
                self.show(f"{step.device}: {step.doing} …".removeprefix(": "))
        else:
            self.show(describe(step), tells=math.isfinite(step.train_loss))


def describe(epoch: Epoch) -> str:
    """Return an epoch in words."""
    losses = f"training {_number(epoch.train_loss)} · held-out {_number(epoch.heldout_loss)} {UNIT}"
    return f"epoch {epoch.index}/{epoch.max_epochs} · {losses} · at most {duration(epoch.seconds_left)} left"


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "–"


def duration(seconds: float) -> str:
    """Return a time in words."""
    if not math.isfinite(seconds):
        return "?"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def train(steps: Generator[Epoch | Stage, None, object]) -> bool:
    """Train to the end, or until Ctrl+C (a second one stops at once); return whether it was cancelled."""
    progress = Progress()
    with _interruptible() as cancelled:
        for step in steps:
            progress(step)
            if cancelled.is_set():
                progress.close()
                note("Cancelling: the best weights so far are kept (Ctrl+C again stops at once) …")
                steps.close()
    progress.close()
    return cancelled.is_set()


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl+C into a flag, so that no step of the training is left half done."""
    cancelled = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield cancelled
        return
    before = signal.getsignal(signal.SIGINT)

    def cancel(*_: object) -> None:
        cancelled.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, cancel)
    try:
        yield cancelled
    finally:
        signal.signal(signal.SIGINT, before)
