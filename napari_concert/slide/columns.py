"""What the columns of ``obs`` mean: guesses from their names and values, shown to the user and editable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from pandas.api import types

from napari_concert.slide.obs import MOST_CATEGORIES, as_labels, in_order, is_categorical, is_continuous

if TYPE_CHECKING:
    from anndata import AnnData

# names to look for, the surest first
_PERTURBATION = (
    r"^perturbations?$",
    r"perturb",
    r"guide|sgrna",
    r"knock",
    r"genotype|condition|treatment|lesion_state",
)
_TISSUE = (r"^(tissue|niche)s?$", r"tissue|niche", r"region|compartment|annotation|layer|anatom|domain")
_SECTION = (r"^(section|slice|slide|sample|library|batch|array)([ _-]?(id|name|no|number))?$",)
_CONTINUOUS = re.compile(r"^(time|days?|dose|age|hours?|lesion_size|concentration)$", re.IGNORECASE)
_NEVER = re.compile(r"^(in_tissue|array_(row|col))$", re.IGNORECASE)  # Space Ranger's own columns

_CONTROL = re.compile(
    r"^(controls?|ctrl|ctl|wt|wild[ _-]?type|normal|none|no|non[ _-]?targeting|nt|ntc|sham|vehicle|unperturbed|"
    r"untreated|healthy|mock|safe[ _-]?harbou?r|periphery|baseline)([ _-].*)?$",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^(|<?nan?>?|n/?a|n\.?d\.?|null|missing|none given|undetermined|undefined|unannotated|unlabell?ed|unknown|"
    r"unassigned|unclassified|ambiguous|(not|no)[ _-]?(annotat(ed|ion)|determined|labell?(ed)?|assigned|known|defined|"
    r"available|classified)|-1|\?)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Columns:
    """Which obs columns mean what.

    Attributes
    ----------
    perturbation
        Column of the state that what-ifs switch, or None: the model then only describes the tissue.
    control
        Values of it that propagate no field.
    unknown
        Values that are never a state or a tissue (missing values never are).
    tissue, section
        Column of the tissue or niche, and of the section or slide id.
    continuous
        Numeric attributes.
    """

    perturbation: str | None = None
    control: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    tissue: str | None = None
    section: str | None = None
    continuous: tuple[str, ...] = ()


def guess_unknown(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that say "not known"."""
    return tuple(value for value in values if _UNKNOWN.match(value.strip()))


def guess_control(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that look like controls."""
    return tuple(value for value in values if _CONTROL.match(value.strip()) and not guess_unknown([value]))


def guess_columns(
    adata: AnnData,
    *,
    perturbation: str | None = None,
    tissue: str | None = None,
    section: str | None = None,
    continuous: Iterable[str] = (),
) -> Columns:
    """Guess what the columns of a slide mean from their names and values.

    Parameters
    ----------
    adata
        The slide's table.
    perturbation, tissue, section, continuous
        Columns the user names; only the others are guessed. Controls and unknown labels are always those of the
        columns that are taken, so that naming ``region`` as the perturbation finds *its* controls.

    Returns
    -------
    Columns
        A perturbation or tissue is only guessed where it has two known values: a single one tells nothing apart.
    """
    obs = adata.obs
    if perturbation is None:
        perturbation = next(_named(obs, _PERTURBATION, {tissue, section}), None)
    if section is None:
        section = next((name for name in _matching(obs, _SECTION) if _tells_apart(obs, name, perturbation)), None)
    if tissue is None:
        tissue = next(_named(obs, _TISSUE, {perturbation, section}), None)
    numbers = [str(name) for name in obs if _CONTINUOUS.match(str(name)) and is_continuous(obs[name])]
    states = _values(obs, perturbation)
    unknown = guess_unknown(in_order([*states, *_values(obs, tissue)]))
    return Columns(perturbation, guess_control(states), unknown, tissue, section, tuple(continuous) or tuple(numbers))


def _matching(obs: pd.DataFrame, patterns: Iterable[str]) -> Iterator[str]:
    """Yield the columns whose name fits, by the surest pattern first."""
    for pattern in patterns:
        for name in obs.columns:
            if re.search(pattern, str(name), re.IGNORECASE) and not _NEVER.match(str(name)):
                yield str(name)


def _named(obs: pd.DataFrame, patterns: Iterable[str], taken: set[str | None]) -> Iterator[str]:
    for name in _matching(obs, patterns):
        if name in taken or not is_categorical(obs[name]):
            continue
        values = _values(obs, name)
        if len(values) - len(guess_unknown(values)) > 1:
            yield name


def _tells_apart(obs: pd.DataFrame, name: str, perturbation: str | None) -> bool:
    """Whether a column can be a section id: labels or whole numbers, of any number that leaves sections some spots."""
    fits = not types.is_float_dtype(obs[name]) and obs[name].nunique() <= max(MOST_CATEGORIES, len(obs) // 10)
    return fits and name != perturbation


def _values(obs: pd.DataFrame, name: str | None) -> tuple[str, ...]:
    return in_order(as_labels(obs[name])) if name is not None and name in obs else ()
