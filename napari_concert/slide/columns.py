"""What the columns of ``obs`` mean: guesses from their names and values, shown to the user and editable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData

MOST_CATEGORIES = 60
FEWEST_DISTINCT = 20  # an integer column with fewer distinct values is taken as labels

_PERTURBATION = re.compile(r"perturb|guide|sgrna|condition|treatment|genotype|knock|lesion_state", re.IGNORECASE)
_TISSUE = re.compile(r"tissue|niche|region|compartment|annotation|layer|anatom|domain", re.IGNORECASE)
_SECTION = re.compile(r"^(section|slide|sample|library(_id)?|slice|batch)$", re.IGNORECASE)
_CONTINUOUS = re.compile(r"^(time|day|days|dose|age|hours?|lesion_size|concentration)$", re.IGNORECASE)
_CONTROL = re.compile(
    r"^(control|controls|ctrl|ctl|wt|wild[ _-]?type|normal|none|no|non[ _-]?targeting|nt|ntc|sham|vehicle|unperturbed|"
    r"untreated|healthy|mock|safe[ _-]?harbou?r|periphery|baseline)([ _-].*)?$",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^(|nan|na|n/a|none given|undetermined|undefined|not[ _-]?annotated|unannotated|unlabell?ed|unknown|unassigned|"
    r"ambiguous|-1|\?)$",
    re.IGNORECASE,
)
_NOT_TISSUE = re.compile(r"^in_tissue$", re.IGNORECASE)


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


def natural_key(label: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts "section 10" after "section 9"."""
    parts = re.split(r"(\d+)", label)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in parts if part)


def as_labels(values: pd.Series) -> npt.NDArray[np.object_]:
    """Return a column as strings, None where missing."""
    missing = values.isna().to_numpy()
    labels = values.astype(str).to_numpy(dtype=object)
    labels[missing] = None
    return labels


def is_categorical(values: pd.Series) -> bool:
    """Whether a column can be read as labels: text or categories, or few whole numbers."""
    distinct = values.nunique()
    if not 1 <= distinct <= MOST_CATEGORIES:
        return False
    if pd.api.types.is_float_dtype(values):
        return False
    return not pd.api.types.is_integer_dtype(values) or distinct < FEWEST_DISTINCT


def is_continuous(values: pd.Series) -> bool:
    """Whether a column holds numbers that vary."""
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return bool(numeric and values.nunique() > 1)


def guess_unknown(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that say "not known"."""
    return tuple(value for value in values if _UNKNOWN.match(value.strip()))


def guess_control(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that look like controls."""
    return tuple(value for value in values if _CONTROL.match(value.strip()))


def guess_columns(adata: AnnData) -> Columns:
    """Guess what the columns of a slide mean from their names and values."""
    labels = [str(name) for name in adata.obs.columns if is_categorical(adata.obs[name])]
    perturbation = _first(labels, _PERTURBATION)
    section = next((name for name in labels if _SECTION.match(name)), None)
    taken = {perturbation, section}
    tissue = _first([name for name in labels if name not in taken and not _NOT_TISSUE.match(name)], _TISSUE)
    numbers = tuple(
        str(name) for name in adata.obs.columns if _CONTINUOUS.match(str(name)) and is_continuous(adata.obs[name])
    )
    used = tuple(name for name in (perturbation, tissue) if name is not None)
    values = sorted(
        {value for name in used for value in as_labels(adata.obs[name]) if value is not None}, key=natural_key
    )
    control = guess_control(
        value for value in values if perturbation and value in set(as_labels(adata.obs[perturbation]))
    )
    return Columns(perturbation, control, guess_unknown(values), tissue, section, numbers)


def _first(names: Iterable[str], pattern: re.Pattern[str]) -> str | None:
    return next((name for name in names if pattern.search(name)), None)
