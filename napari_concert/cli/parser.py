"""Commands, options, and errors of one line."""

from __future__ import annotations

import shlex
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from napari_concert import __version__
from napari_concert.cli.output import PROGRAM
from napari_concert.errors import ConcertError, UnknownName, nearest_names

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands: TypeAlias = _SubParsersAction["Parser"]

COMMANDS = (
    *("view", "demo", "simulate", "info", "register", "train", "predict", "impute", "qc", "evaluate", "benchmark"),
    "doctor",
)
_GLOBAL = ("-h", "--help", "--version")

EPILOG = """\
examples:
  napari-concert slide.h5ad                         open a slide in the app
  napari-concert demo --headless figure.png         the whole journey on the bundled sample
  napari-concert train slide.h5ad --model model     train, and save the model in a folder
  napari-concert predict slide.h5ad --model model --spots obs:what_if --set perturbation=Jak2 --out result.h5ad
"""


class Parser(ArgumentParser):
    """Raises its errors as :class:`ConcertError`, in one line that says what to do."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the command line."""
        raise ConcertError(f"{message.rstrip('.')}. See '{self.prog} --help'.")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; refuse what is not known here, where the nearest option can be named."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [word.split("=")[0] for word in unknown if word.startswith("-")]
            near = nearest_names(options[0], self._option_string_actions, n=1) if options else ()
            hint = f" (did you mean {near[0]}?)" if near else ""
            self.error(f"unrecognised: {shlex.join(unknown)}{hint}")
        return found, unknown


class NewPatch(Action):
    """``--spots SPOTS`` begins a patch."""

    def __call__(self, _parser: Any, namespace: Namespace, values: Any, _option: str | None = None) -> None:
        """Append a patch without a target."""
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), (str(values), {})])


class SetTarget(Action):
    """``--set ATTRIBUTE=VALUE`` says what the patch begun last becomes."""

    def __call__(self, parser: Any, namespace: Namespace, values: Any, _option: str | None = None) -> None:
        """Set an attribute of the last patch's target."""
        name, equals, value = str(values).partition("=")
        if not (name and equals and value):
            parser.error(f"--set {values} does not say what becomes what; write --set perturbation=STATE")
        patches = getattr(namespace, self.dest)
        if not patches:
            parser.error(f"--set {values} comes before any --spots; write --spots SPOTS --set {values}")
        patches[-1][1][name.strip()] = value.strip()


def parse(words: Sequence[str]) -> Namespace:
    """Return the parsed command line; ``run`` is the command's function, ``command_line`` what was typed.

    Raises
    ------
    ConcertError
        If it can't be understood.
    """
    args = build().parse_args(_with_command(words))
    args.command_line = shlex.join([PROGRAM, *words])
    return args


def _with_command(words: Sequence[str]) -> list[str]:
    """Put in the command that a bare path (or nothing) stands for."""
    first = words[0] if words else ""
    if first in (*COMMANDS, *_GLOBAL):
        return list(words)
    if first and not first.startswith("-") and not Path(first).suffix and not Path(first).exists():
        raise UnknownName("command or file", first, COMMANDS)
    return ["view", *words]


def build() -> Parser:
    """Return the parser with all commands."""
    from napari_concert.cli import (
        benchmark,
        demo,
        doctor,
        evaluate,
        impute,
        info,
        predict,
        qc,
        register,
        simulate,
        train,
        view,
    )

    parser = Parser(
        prog=PROGRAM,
        description="Paint a perturbation on a spatial-transcriptomics slide and see what the tissue would express.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for module in (view, demo, simulate, info, register, train, predict, impute, qc, evaluate, benchmark, doctor):
        module.add(commands)
    return parser


def at_least(lowest: int) -> Any:
    """Return a type for options: a whole number of at least ``lowest``."""

    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is not a whole number") from None
        if number < lowest:
            raise ArgumentTypeError(f"{number} is too small; give {lowest} or more")
        return number

    return whole


def positive(text: str) -> float:
    """Read a positive number."""
    try:
        number = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{text} is not a positive number")
    return number


def names(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
