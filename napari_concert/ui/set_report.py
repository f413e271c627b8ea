"""What becomes of the names in a gene set: used, measured but not modelled, or not on the slide."""

from __future__ import annotations

from collections.abc import Sequence

from napari_concert.errors import nearest_names
from napari_concert.prediction import GeneSet
from napari_concert.prediction.genesets import Spelling

MOST_NAMES, MOST_ALIKE = 6, 3
TRAIN_WITH = "To use them, name them in “Also these” in step 2 and train again."


def report(gene_set: GeneSet, modelled: Sequence[str], measured: Sequence[str]) -> str:
    """Say which names of a set are used and what to do about the others.

    Parameters
    ----------
    modelled, measured
        Genes of the model (none without one), and of the slide.
    """
    in_model, on_slide = Spelling(modelled), Spelling(measured)
    left = [name for name in gene_set.genes if name not in in_model]
    unmodelled = [name for name in left if name in on_slide]
    unknown = [name for name in left if name not in on_slide]
    used = len(gene_set.genes) - len(left)
    parts = [f"{used} of {len(gene_set.genes)} names are modelled and used."]
    if unmodelled:
        parts.append(f"{len(unmodelled)} measured but not modelled: {_some(unmodelled)}. {TRAIN_WITH}")
    if unknown:
        hints = [_hint(name, measured) for name in unknown[:MOST_NAMES]]
        parts.append(f"{len(unknown)} not on this slide: {_some(hints, len(unknown), '; ')}.")
    return "\n".join(parts)


def summary(sets: Sequence[GeneSet], modelled: Sequence[str]) -> str:
    """Say how much of many sets is used."""
    spelling = Spelling(modelled)
    used = sum(any(name in spelling for name in each.genes) for each in sets)
    names = {name for each in sets for name in each.genes}
    genes = sum(name in spelling for name in names)
    return f"{used} of {len(sets)} sets have modelled genes ({genes:,} of {len(names):,} names)."


def _hint(name: str, known: Sequence[str]) -> str:
    near = nearest_names(name, known, MOST_ALIKE)
    return f"{name} (like {', '.join(near)}?)" if near else name


def _some(names: Sequence[str], of: int | None = None, between: str = ", ") -> str:
    rest = (len(names) if of is None else of) - MOST_NAMES
    return between.join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
