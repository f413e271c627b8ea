"""Paint, undo and predict at random for a while, without a window, and watch the memory.

Run it with `make soak`. It fails where memory keeps growing or a verb reports an error.
"""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median, quantiles

import numpy as np
import psutil

from napari_concert import read
from napari_concert.session import Session, TrainingSettings, View
from napari_concert.simulate import sample_path

WARM_UP = 40  # rounds: caches fill, the allocator settles
REPORT_EVERY = 40
EDITS = {"paint": 0.6, "erase": 0.1, "undo": 0.2, "redo": 0.08, "clear": 0.02}  # how often
MODEL_VIEWS = (View.BASELINE, View.PREDICTED, View.CHANGE, View.UNCERTAINTY)


def main() -> int:
    """Train on the sample, go through the rounds, print what memory and time did."""
    options = parse()
    session, errors = trained_session(options.epochs, options.seed)
    rng = np.random.default_rng(options.seed)
    memory, seconds = [], []
    for n in range(1, options.rounds + 1):
        start = time.perf_counter()
        play(session, rng)
        seconds.append(time.perf_counter() - start)
        memory.append(megabytes())
        if errors:
            print(f"error in round {n}: {errors[0]}", file=sys.stderr)
            return 1
        if n % REPORT_EVERY == 0:
            print(f"round {n:5d}   {memory[-1]:7.1f} MB   {len(session.painted):4d} painted spots")
    session.close()
    return report(memory, seconds, options.limit)


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=8, help="of the training before (default: 8)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=50.0, help="MB that memory may grow after the warm-up")
    return parser.parse_args()


def trained_session(epochs: int, seed: int) -> tuple[Session, list[str]]:
    """Return a session on the sample with a trained model, and the list that its errors go to."""
    session, errors = Session(), []
    session.notified.connect(lambda kind, text: errors.append(text) if kind == "error" else None)
    session.add(read(sample_path()))
    session.train(TrainingSettings(max_epochs=epochs, seed=seed))
    if session.model is None:
        sys.exit(f"error: the training left no model: {'; '.join(errors)}")
    print(f"trained   {megabytes():7.1f} MB")
    return session, errors


def play(session: Session, rng: np.random.Generator) -> None:
    """One round: an edit of the patch (each ends in a prediction), another target now and then, another gene."""
    slide, genes = session.slide, session.model.genes
    centre = slide.coords[rng.integers(slide.n_spots)]
    rows = session.current.index.spots_in_disc(centre, rng.uniform(1, 5) * slide.pitch)
    edit = rng.choice(list(EDITS), p=list(EDITS.values()))
    if edit in ("paint", "erase"):
        session.paint(rows, erase=edit == "erase")
    else:
        getattr(session, edit)()
    if rng.random() < 0.1:
        session.set_target("perturbation", str(rng.choice(slide.states)))
    session.show_gene(str(rng.choice(genes)))
    session.show_view(MODEL_VIEWS[rng.integers(len(MODEL_VIEWS))])
    session.values()


def megabytes() -> float:
    """Return the memory that this process holds now."""
    return psutil.Process().memory_info().rss / 2**20


def report(memory: list[float], seconds: list[float], limit: float) -> int:
    """Print growth and times; return the exit status."""
    settled = memory[min(WARM_UP, len(memory) - 1) :]
    growth = median(settled[-10:]) - median(settled[:10])
    print(f"a round   median {1000 * median(seconds):.0f} ms, p95 {1000 * quantiles(seconds, n=20)[-1]:.0f} ms")
    print(f"growth    {growth:+.1f} MB in {len(settled)} rounds after the warm-up (limit {limit:.0f} MB)")
    return int(growth > limit)


if __name__ == "__main__":
    sys.exit(main())
