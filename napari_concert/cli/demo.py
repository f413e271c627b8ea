"""``napari-concert demo``: the whole journey on a bundled sample."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.cli.output import note, plural
from napari_concert.cli.parser import at_least
from napari_concert.cli.paths import require_writable_file
from napari_concert.cli.progress import duration, train
from napari_concert.cli.view import open_app
from napari_concert.errors import UnknownName

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.cli.report import Report
    from napari_concert.concert import Concert

SAMPLES = ("tumour", "stroke")
CANCELLED = 130


def add(commands: Commands) -> None:
    """Add the command."""
    about = "Open a bundled sample in the app; or, headless, read it, train, paint, predict and write a figure."
    parser = commands.add_parser("demo", help="the whole journey on a bundled sample", description=about)
    parser.add_argument(
        "--sample", choices=SAMPLES, default=SAMPLES[0], help="tumour slide (default), or stack of sections of a stroke"
    )
    parser.add_argument("--headless", metavar="OUT.png", type=Path, help="write a figure (.png, .pdf, .svg), no window")
    parser.add_argument("--gene", metavar="GENE", help="gene to draw; the one that leads around the patch by default")
    parser.add_argument("--max-epochs", metavar="E", type=at_least(1), help="most epochs")
    parser.add_argument("--seed", metavar="S", type=at_least(0), default=0, help="repeats a training (default 0)")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Open the sample, or make the journey and write its figure."""
    if args.headless is None:
        from napari_concert.simulate import sample_path

        open_app(sample_path(f"{args.sample}.h5ad"), um_per_unit=None, registered=None)
        return 0
    return _headless(args)


def _headless(args: Namespace) -> int:
    require_writable_file(args.headless, (".png", ".pdf", ".svg"))
    model = _model(args)
    if args.gene is not None and args.gene not in model.genes:
        raise UnknownName("modelled gene", args.gene, model.genes)
    if train(model.training(args.max_epochs)):
        note("Cancelled: no figure was made.")
        return CANCELLED
    note(f"trained {plural(len(model.history), 'epoch')} in {duration(float(model.history['seconds'].iloc[-1]))}")
    report = _paint(model)
    print("\n".join(report.lines()))
    _draw(report, args)
    print(f"The figure is {args.headless}.")
    return 0


def _model(args: Namespace) -> Concert:
    from napari_concert.concert import Concert
    from napari_concert.io import read
    from napari_concert.model.runtime import describe_device
    from napari_concert.simulate import sample_path

    slide = read(sample_path(f"{args.sample}.h5ad"))
    model = Concert(slide, seed=args.seed)
    size = f"{plural(slide.n_spots, 'spot')} × {plural(len(model.genes), 'gene')}"
    note(f"sample slide (simulated): {size}; training on {describe_device(model.device)}, seed {model.seed}")
    return model


def _paint(model: Concert) -> Report:
    from napari_concert.cli.report import Report
    from napari_concert.simulate import example

    slide = model.slides[0]
    what_if = example(slide)
    return Report(slide, what_if, model.predict(what_if))


def _draw(report: Report, args: Namespace) -> None:
    from napari_concert.figures import save, whatif_figure

    gene = args.gene or str(report.prediction.top_genes(report.ring, 1).index[0])
    truth = report.truth.of(report.prediction.genes) if report.truth is not None else None
    figure = whatif_figure(report.slide, report.prediction, gene, truth=truth)
    save(figure, args.headless)
