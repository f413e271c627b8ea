"""``napari-concert benchmark``: how right the model is on many kinds of simulated slides."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.cli.output import complain, emit, plural
from napari_concert.cli.parser import at_least, names
from napari_concert.cli.progress import duration
from napari_concert.cli.sweep import Words, add_sweep_options, require_sweep, swept

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.evaluate.benchmark import Job, Run

CANCELLED, FAILED = 130, 2
SEEDS = (1, 2, 3)
QUICK_FAMILIES = ("base", "few-targets-25", "border-blocked", "no-spill", "regions-null")
QUICK_SEEDS, QUICK_SPOTS, QUICK_GENES = (1,), 900, 400


def add(commands: Commands) -> None:
    """Add the command."""
    about = (
        "Simulate slides whose truth is known, train a model on each, and score its answers beside simple baselines "
        "and a ceiling. All families take about an hour; what is done is written after every slide."
    )
    parser = commands.add_parser("benchmark", help="score the model on many simulated slides", description=about)
    parser.add_argument("--quick", action="store_true", help="few families, one seed, small slides: a few minutes")
    parser.add_argument(
        "--family", metavar="NAME", action="append", help="only this one ('simulate families' lists them); may repeat"
    )
    parser.add_argument("--seeds", metavar="S,S", type=_seeds, help="seeds of slides and trainings (default 1,2,3)")
    parser.add_argument("--spots", metavar="N", type=at_least(200), help="spots of each slide (default 1903)")
    parser.add_argument("--genes", metavar="G", type=at_least(20), help="genes of each slide (default 2000)")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for scores.csv and runs.json")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_sweep_options(parser)
    parser.set_defaults(run=run)


def _seeds(text: str) -> tuple[int, ...]:
    found = tuple(at_least(0)(each) for each in names(text))
    if not found:
        raise ArgumentTypeError("there is no seed; give some, such as 1,2,3")
    return found


def run(args: Namespace) -> int:
    """Run all jobs, and print what they came to; Ctrl+C keeps those that are done."""
    require_sweep(args)
    from napari_concert.evaluate.benchmark import SWEEP, write

    jobs = _jobs(args)
    words = Words(_said, lambda done: write(args.out, done))
    done, cancelled = swept(jobs, SWEEP, args, words)
    _tell(done, args)
    if cancelled:
        complain(f"Cancelled: {len(done)} of {plural(len(jobs), 'slide')} are done.")
        return CANCELLED
    return FAILED if any(each.error for each in done) else 0


def _jobs(args: Namespace) -> list[Job]:
    from napari_concert.evaluate.benchmark import Job
    from napari_concert.simulate import FAMILIES, family

    families = [family(name) for name in args.family or (QUICK_FAMILIES if args.quick else FAMILIES)]
    seeds = args.seeds or (QUICK_SEEDS if args.quick else SEEDS)
    spots, genes = (args.spots or QUICK_SPOTS, args.genes or QUICK_GENES) if args.quick else (args.spots, args.genes)
    return [Job(each.name, seed, spots or each.n_spots, genes or each.n_genes) for each in families for seed in seeds]


def _said(found: Run) -> str:
    job = f"{found.job.family}, seed {found.job.seed}"
    if found.error:
        return f"{job}: failed: {found.error}"
    model = [score for score in found.scores if score["method"] == "model"]
    scores = {score["region"]: score.get("affected_pcc", score.get("spatial_pcc")) for score in model}
    return (
        f"{job}: "
        + ", ".join(f"{region} {pcc:.2f}" for region, pcc in scores.items())
        + f" ({duration(found.seconds)})"
    )


def _tell(done: Sequence[Run], args: Namespace) -> None:
    from napari_concert.evaluate.benchmark import table, verdicts

    if not args.json:
        print(table(done))
        return
    report: dict[str, Any] = {
        "scores": [record for each in done for record in each.records()],
        "bars": [verdict._asdict() for verdict in verdicts(done)],
        "runs": [{**vars(each.job), "findings": each.findings, "error": each.error or None} for each in done],
    }
    emit(report)
