"""``napari-concert evaluate``: the paper's tasks on any slide, answered by the model and by simple methods."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.cli.columns import SLIDE, ColumnOptions, add_column_options, with_columns
from napari_concert.cli.output import complain, emit, note, plain, plural
from napari_concert.cli.parser import at_least, names
from napari_concert.cli.progress import duration
from napari_concert.cli.sweep import Words, add_sweep_options, require_sweep, swept
from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.evaluate.study import Job, Record
    from napari_concert.evaluate.tasks import Kind
    from napari_concert.slide import Slide

CANCELLED, FAILED = 130, 2
KINDS: tuple[Kind, ...] = ("patch", "border", "niche", "cross-niche")  # known without loading what builds them
ALL = "all"
SIZES = (10, 20, 40)


def add(commands: Commands) -> None:
    """Add the command."""
    about = (
        "Build tasks on a slide: a patch, a border, a niche, and a niche where the target was never seen. Real spots "
        "in the situation asked for are hidden, every method learns from the rest, and is held against them. "
        "A training for every task: some seconds to minutes each; what is done is written after every task."
    )
    parser = commands.add_parser("evaluate", help="score the model beside simple methods on a slide", description=about)
    parser.add_argument("paths", metavar="PATH", nargs="+", help=SLIDE)
    parser.add_argument("--task", choices=(*KINDS, ALL), default=ALL, help="kind of task (default all)")
    parser.add_argument(
        "--sizes", metavar="N,N", type=_sizes, default=SIZES, help="spots of a patch (default 10,20,40)"
    )
    parser.add_argument("--seeds", metavar="N", type=at_least(1), default=3, help="places a task and size (default 3)")
    parser.add_argument("--genes", metavar="N", type=at_least(20), default=1000, help="highly variable genes (1000)")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for report.json, scores.csv and report.html")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_sweep_options(parser)
    add_column_options(parser)
    parser.set_defaults(run=run)


def _sizes(text: str) -> tuple[int, ...]:
    found = tuple(at_least(6)(each) for each in names(text))
    if not found:
        raise ArgumentTypeError("there is no size; give some, such as 10,20,40")
    return found


def run(args: Namespace) -> int:
    """Build, answer and score all tasks; Ctrl+C keeps those that are done."""
    require_sweep(args)
    from napari_concert.evaluate.study import SWEEP, write

    jobs = _jobs(args)
    words = Words(_said, lambda done: write(args.out, done, len(jobs), args.command_line))
    done, cancelled = swept(jobs, SWEEP, args, words)
    _tell(done, len(jobs), args)
    if cancelled:
        complain(f"Cancelled: {len(done)} of {plural(len(jobs), 'task')} are done.")
        return CANCELLED
    return 0 if any(each.scores for each in done) else FAILED


def _jobs(args: Namespace) -> list[Job]:
    from napari_concert.evaluate.study import Job, SlideFile
    from napari_concert.io import read

    files = []
    for path in args.paths:
        slide = read(path, um_per_unit=args.um_per_unit, registered=args.registered)
        slide = _with_states(with_columns([slide], ColumnOptions.of(args))[0])
        files.append(SlideFile(str(path), slide.columns, args.registered, args.um_per_unit))
    kinds: tuple[Kind, ...] = KINDS if args.task == ALL else (args.task,)
    return [
        Job(file, kind, size, seed, args.genes)
        for file in files
        for kind in kinds
        for size in args.sizes
        for seed in range(args.seeds)
    ]


def _with_states(slide: Slide) -> Slide:
    """Return the slide with a tissue's labels as states where no column tells any, and with a control.

    Raises
    ------
    ConcertError
        If it has fewer than two states either way.
    """
    columns = slide.columns
    if columns.perturbation is None and columns.tissue is not None:
        note(f"{slide.name}: no column of perturbations, so {columns.tissue!r} serves as the state")
        columns = replace(columns, perturbation=columns.tissue, tissue=None)
        slide = slide.with_columns(columns)
    if len(slide.states) < 2:
        said = ", ".join(slide.categorical_columns) or "none"
        raise ConcertError(
            f"{slide.name} has no two states to switch between: name their column with --perturbation. "
            f"Columns of labels: {said}."
        )
    if not columns.control:
        usual = max(slide.states, key=lambda state: int((slide.state_of == state).sum()))
        note(f"{slide.name}: no state is a control by its name, so the most frequent one serves: {usual} (--control)")
        slide = slide.with_columns(replace(columns, control=(usual,)))
    return slide


def _said(found: Record) -> str:
    job = found.job
    where = f"{found.slide or job.file.path}, {job.kind}, {job.size} spots, seed {job.seed}"
    if found.reason:
        return f"{where}: {found.reason}"
    return f"{where}: {found.said} ({duration(sum(found.seconds.values()))})"


def _tell(done: Sequence[Record], asked: int, args: Namespace) -> None:
    from napari_concert.evaluate.study import AGREEMENT, average_ranks, frame, report, verdicts

    if args.json:
        whole: dict[str, Any] = plain(report(done, asked, args.command_line))
        emit(whole)
        return
    scores = frame(done)
    if scores.empty:
        print("Nothing was scored.")
        return
    print("Average rank, 1 is best:")
    print(average_ranks(scores).round(1).to_string(na_rep="–"))
    print("\n".join(("", *verdicts(scores), "", AGREEMENT)))
