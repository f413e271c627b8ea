"""What the obs columns mean: guessed, unless options say otherwise."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_concert.cli.parser import Parser, positive
from napari_concert.errors import ConcertError, UnknownName

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.slide import Columns, Slide

SLIDE = ".h5ad, CONCERT's .h5, or a folder of Space Ranger"  # what a PATH may be
SPACING = "distance between sections, lowest first by their z or else by name; in the slide's units where not in µm"
NOTHING = "none"
ROLES = ("perturbation", "tissue", "section")


@dataclass(frozen=True)
class ColumnOptions:
    """Column options as given; None where the guess stands."""

    perturbation: str | None = None
    tissue: str | None = None
    section: str | None = None
    control: tuple[str, ...] | None = None
    unknown: tuple[str, ...] | None = None
    continuous: tuple[str, ...] | None = None

    @classmethod
    def of(cls, args: Namespace) -> ColumnOptions:
        """Take them from a parsed command line."""

        def several(name: str) -> tuple[str, ...] | None:
            given = getattr(args, name)
            return None if given is None else tuple(given)

        return cls(
            args.perturbation, args.tissue, args.section, several("control"), several("unknown"), several("continuous")
        )

    @property
    def is_empty(self) -> bool:
        """Whether every guess stands."""
        return self == ColumnOptions()


def add_column_options(parser: Parser) -> None:
    """Add the options that say what the obs columns mean."""
    group = parser.add_argument_group("obs columns", "Guessed where not given ('info' shows how); 'none' for none.")
    group.add_argument("--perturbation", metavar="COL", help="the state that what-ifs switch")
    group.add_argument("--control", metavar="STATE", nargs="+", action="extend", help="states that propagate no field")
    group.add_argument("--unknown", metavar="LABEL", nargs="+", action="extend", help="labels that are never a state")
    group.add_argument("--tissue", metavar="COL", help="tissue or niche")
    group.add_argument("--section", metavar="COL", help="section or slide id")
    group.add_argument("--continuous", metavar="COL", nargs="+", action="extend", help="numeric attributes (time, …)")
    add_coordinate_options(parser)


def add_coordinate_options(parser: Parser) -> None:
    """Add the options that say what the coordinates are."""
    group = parser.add_argument_group("coordinates")
    group.add_argument("--registered", action="store_true", default=None, help="sections share one frame through z")
    group.add_argument("--um-per-unit", metavar="X", type=positive, help="µm of a coordinate unit")


def add_spacing_option(parser: Parser) -> None:
    """Add the option that puts sections above each other."""
    parser.add_argument("--z-spacing", metavar="UM", type=positive, help=SPACING)


def in_space(slide: Slide, z_spacing: float | None) -> Slide:
    """Return a slide with its sections ``z_spacing`` apart; as it is where none is given.

    Raises
    ------
    ConcertError
        If no column tells sections.
    """
    from napari_concert.slide.sections import stack_of

    return slide if z_spacing is None else slide.with_stack(stack_of(slide).respaced(z_spacing))


def with_columns(slides: Sequence[Slide], options: ColumnOptions) -> list[Slide]:
    """Return slides with their columns as the options say; later slides take the first one's where they have them.

    Raises
    ------
    UnknownName
        If a column is on no slide, or a label is on none of them.
    """
    if options.is_empty and len(slides) == 1:
        return list(slides)
    found = [_roles(slides[0], options)]
    found += [_roles(slide, _like(found[0], slide, options)) for slide in slides[1:]]
    states = _union(_labels(slide, (roles.perturbation,)) for slide, roles in zip(slides, found, strict=True))
    labels = _union(
        _labels(slide, (roles.perturbation, roles.tissue)) for slide, roles in zip(slides, found, strict=True)
    )
    control = _chosen("state (for --control)", options.control, states)
    unknown = _chosen("label (for --unknown)", options.unknown, labels)
    return [
        slide.with_columns(_labelled(slide, roles, control, unknown))
        for slide, roles in zip(slides, found, strict=True)
    ]


def _roles(slide: Slide, options: ColumnOptions) -> Columns:
    """Return which column is what; what is not given is guessed among the columns that are left."""
    from napari_concert.slide import Columns, guess_columns

    given = {role: _column(slide, role, getattr(options, role)) for role in ROLES if getattr(options, role) is not None}
    guessed = guess_columns(slide.adata, **{role: name for role, name in given.items() if name is not None})
    numbers = guessed.continuous if options.continuous is None else _numbers(slide, options.continuous)
    roles = {role: given.get(role, getattr(guessed, role)) for role in ROLES}
    return Columns(continuous=numbers, **roles)


def _column(slide: Slide, role: str, name: str) -> str | None:
    if name not in slide.adata.obs:
        if name == NOTHING:
            return None
        raise UnknownName(f"obs column (for --{role})", name, [str(column) for column in slide.adata.obs.columns])
    if role != "section" and name not in slide.categorical_columns:
        usable = ", ".join(slide.categorical_columns) or "none"
        raise ConcertError(
            f"Column {name!r} can't be the {role}: it holds numbers or too many labels. Columns of labels: {usable}."
        )
    return name


def _numbers(slide: Slide, names: tuple[str, ...]) -> tuple[str, ...]:
    if names == (NOTHING,) and NOTHING not in slide.adata.obs:
        return ()
    for name in names:
        slide.values(name)  # says what is wrong with a column that is missing or holds no numbers
    return names


def _like(first: Columns, slide: Slide, options: ColumnOptions) -> ColumnOptions:
    """Return options that give a later slide the first one's columns, where it has them."""
    has = {role: getattr(first, role) for role in ROLES if getattr(first, role) in slide.adata.obs}
    continuous = first.continuous if set(first.continuous) <= set(slide.adata.obs) else options.continuous
    return ColumnOptions(**{role: has.get(role, getattr(options, role)) for role in ROLES}, continuous=continuous)


def _labels(slide: Slide, columns: Iterable[str | None]) -> tuple[str, ...]:
    return _union(slide.categories(name) for name in columns if name is not None)


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _chosen(kind: str, given: tuple[str, ...] | None, known: tuple[str, ...]) -> tuple[str, ...] | None:
    if given is None or (given == (NOTHING,) and NOTHING not in known):
        return None if given is None else ()
    for name in given:
        if name not in known:
            raise UnknownName(kind, name, known)
    return given


def _labelled(
    slide: Slide, roles: Columns, control: tuple[str, ...] | None, unknown: tuple[str, ...] | None
) -> Columns:
    """Return the columns with their control and unknown labels; None takes the guess for this slide's labels."""
    from dataclasses import replace

    from napari_concert.slide import guess_control, guess_unknown

    states = _labels(slide, (roles.perturbation,))
    labels = _labels(slide, (roles.perturbation, roles.tissue))
    controls = guess_control(states) if control is None else control
    unknowns = guess_unknown(labels) if unknown is None else unknown
    return replace(
        roles,
        control=tuple(name for name in controls if name in states),
        unknown=tuple(name for name in unknowns if name in labels),
    )


def as_trained(model: Concert, slide: Slide) -> Slide:
    """Return a slide with its columns read as the model's own slides were, where it has them."""
    from napari_concert.slide import Columns, guess_unknown

    saved = {role: model.columns[role] if model.columns[role] in slide.adata.obs else None for role in ROLES}
    labels = _labels(slide, (saved["perturbation"], saved["tissue"]))
    learned = {*model.states, *model.tissues}
    unknown = {*model.columns["unknown"], *guess_unknown(labels)} - learned
    columns = Columns(
        **saved,
        control=tuple(name for name in model.controls if name in _labels(slide, (saved["perturbation"],))),
        unknown=tuple(label for label in labels if label in unknown),
        continuous=tuple(name for name in model.columns["continuous"] if name in slide.adata.obs),
    )
    return slide.with_columns(columns)
