"""``napari-concert train``: train a model and save it."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.cli.columns import (
    SLIDE,
    ColumnOptions,
    add_column_options,
    add_spacing_option,
    in_space,
    with_columns,
)
from napari_concert.cli.output import complain, emit, note, plural
from napari_concert.cli.parser import at_least, names
from napari_concert.cli.paths import require_writable_folder
from napari_concert.cli.progress import UNIT, duration, train
from napari_concert.prediction.posterior import SURE

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.concert import Concert, Epoch
    from napari_concert.remote import Stage
    from napari_concert.slide import Slide

CANCELLED = 130


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train", help="train a model and save it", description="Train CONCERT on one or several slides."
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help=SLIDE)
    parser.add_argument("--model", metavar="DIR", type=Path, required=True, help="folder to save the model in")
    add_column_options(parser)
    add_spacing_option(parser)
    group = parser.add_argument_group("model")
    group.add_argument("--genes", metavar="N", type=at_least(1), default=2000, help="highly variable genes to model")
    group.add_argument("--also-genes", metavar="A,B", type=names, default=(), help="genes to model in any case")
    group.add_argument("--max-epochs", metavar="E", type=at_least(1), help="most epochs")
    group.add_argument("--seed", metavar="S", type=at_least(0), default=0, help="repeats a training (default 0)")
    group.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="train on a worker of a running Dask scheduler that you trust, such as tcp://host:8786",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Train and save; a cancelled training saves its best weights so far."""
    require_writable_folder(args.model)
    from napari_concert.io import read

    slides = [read(path, um_per_unit=args.um_per_unit, registered=args.registered) for path in args.paths]
    slides = [in_space(slide, args.z_spacing) for slide in with_columns(slides, ColumnOptions.of(args))]
    started, made = time.perf_counter(), list["Concert"]()
    cancelled = train((_here if args.scheduler is None else _elsewhere)(slides, args, made))
    model = next((each for each in made if each.history["kept"].any()), None)
    if model is None:
        complain("Cancelled before the first epoch was over: nothing was saved.")
        return CANCELLED
    model.save(args.model)
    _tell(model, args, time.perf_counter() - started, cancelled)
    return CANCELLED if cancelled else 0


def _here(slides: list[Slide], args: Namespace, made: list[Concert]) -> Generator[Epoch, None, None]:
    """Train on this machine."""
    from napari_concert.concert import Concert
    from napari_concert.model.runtime import describe_device

    options = {"n_genes": args.genes, "also_genes": args.also_genes, "seed": args.seed, "device": args.device}
    model = Concert(slides, **options)
    made.append(model)
    _announce(model, describe_device(model.device))
    yield from model.training(args.max_epochs)


def _elsewhere(slides: list[Slide], args: Namespace, made: list[Concert]) -> Generator[Epoch | Stage, None, Concert]:
    """Train on a worker; what it makes of the slides is told once it is back."""
    from napari_concert.remote import Order
    from napari_concert.remote.training import training

    def keep(model: Concert) -> None:
        made.append(model)
        _announce(model, model.settings["remote"]["words"])

    order = Order(args.genes, tuple(args.also_genes), args.seed, args.device, args.max_epochs)
    return training(args.scheduler, slides, order, keep)


def _announce(model: Concert, device: str) -> None:
    spots = plural(sum(int(slide.usable.sum()) for slide in model.slides), "spot")
    columns = ", ".join(f"{role} {model.columns[role] or 'none'}" for role in ("perturbation", "tissue", "section"))
    note(f"{spots} × {plural(len(model.genes), 'gene')} on {device}, seed {model.seed}; {columns}")
    note(f"states: {', '.join(model.states) or 'none'} (control: {', '.join(model.controls) or 'none'})")
    for text in dict.fromkeys((*(n for slide in model.slides for n in slide.notes), *model.notes)):
        note(f"note: {text}")


def _tell(model: Concert, args: Namespace, seconds: float, cancelled: bool) -> None:
    report = _report(model, args.model, seconds, cancelled)
    losses = f"training {report['losses']['train']:.4f}, held-out {report['losses']['heldout']:.4f} {UNIT}"
    best = f"epoch {report['losses']['best_epoch']} of {report['epochs']} ({losses})"
    if cancelled:
        complain(f"Cancelled: the best weights so far, of {best}, are kept and saved in {args.model}.")
    elif not args.json:
        for text in model.learned.findings():
            note(f"note: {text}")
        print(f"Trained in {duration(seconds)}; best is {best}.\nModel {model.hash[:10]} saved in {args.model}.")
    if args.json:
        emit(report)


def _report(model: Concert, folder: Path, seconds: float, cancelled: bool) -> dict[str, Any]:
    history = model.history
    best = history[history["kept"]].iloc[-1]
    return {
        "model": str(folder),
        "hash": model.hash,
        "spots": sum(slide.n_spots for slide in model.slides),
        "modelled_spots": sum(int(slide.usable.sum()) for slide in model.slides),
        "genes": len(model.genes),
        "states": model.states,
        "controls": model.controls,
        "tissues": model.tissues,
        "columns": model.columns,
        "device": model.settings["device"],
        "remote": model.settings.get("remote"),
        "seed": model.seed,
        "epochs": len(history),
        "seconds": round(seconds, 2),
        "losses": {
            "unit": UNIT,
            "best_epoch": best.name,
            "train": best["train_loss"],
            "heldout": best["heldout_loss"],
            "train_by_epoch": history["train_loss"].tolist(),
            "heldout_by_epoch": history["heldout_loss"].tolist(),
        },
        "learned": learned(model),
        "notes": [*dict.fromkeys((*(n for slide in model.slides for n in slide.notes), *model.notes))],
        "cancelled": cancelled,
    }


def learned(model: Concert) -> dict[str, Any]:
    """Return what a model learned of every state, as JSON values."""
    tables = model.learned
    reach, cut_offs = tables.scopes().to_dict("index"), tables.cut_offs().to_dict("index")
    states: dict[str, Any] = {}
    for state, told in tables.identifiability().to_dict("index").items():
        effects = tables.effects(str(state))
        states[str(state)] = {
            **told,
            "reach": reach.get(state),
            "cut_offs": cut_offs.get(state),
            "sure_genes": int((effects["own_lfsr"] < SURE).sum()),
            "sure_spill_over_genes": int((effects["spill_over_lfsr"] < SURE).sum()),
            "own_share": {str(gene): round(share, 4) for gene, share in effects["own_share"].dropna().items()},
        }
    split = {name: values.round(4) for name, values in tables.latent_split().dropna().to_dict("series").items()}
    latents = {name: {str(gene): value for gene, value in values.items()} for name, values in split.items()}
    return {"unit": model.scale.unit, "states": states, "latents": latents, "findings": list(tables.findings())}
