"""What each score of a task is."""

from __future__ import annotations

from typing import Final, NamedTuple

AGREEMENT: Final = (
    "Scores against other spots are agreement with what was measured elsewhere on the slide, never a validation of a "
    "cause: real spots in the target state differ from switched ones in more than their state. On simulated slides the "
    "truth's own scores show how near to them a right answer can come."
)
INTERVALS: Final = (
    "Intervals hold 95 % of 200 resamples of the scored, reference and origin spots, moved so that their mean is the "
    "score: resampling adds noise, which makes every distance larger."
)


class Definition(NamedTuple):
    """Title, unit, what it is, and whether higher is better."""

    title: str
    unit: str
    what: str
    higher: bool


SCORES: Final[dict[str, Definition]] = {
    "edistance": Definition(
        "E-distance",
        "Euclidean distance in principal components of log(1 + count)",
        "energy distance (exponent 1) between counts drawn as a method says they are, at the library sizes of the "
        "reference spots, and those spots' own counts, in 20 components fitted to the training spots",
        higher=False,
    ),
    "mae": Definition(
        "MAE",
        "log(1 + count at the median library size)",
        "mean absolute error over genes of the mean log-normalised expression of the same draws against the reference",
        higher=False,
    ),
    "pcc": Definition(
        "PCC",
        "correlation",
        "Pearson correlation across genes of the same means; always high, as genes differ most by their level",
        higher=True,
    ),
    "change_mae": Definition(
        "MAE of change",
        "log(1 + count at the median library size)",
        "mean absolute error over genes of the change of that mean, against reference minus origin spots, all hidden",
        higher=False,
    ),
    "change_pcc": Definition(
        "PCC of change",
        "correlation",
        "Pearson correlation across genes of the same changes; no change has none and stands last",
        higher=True,
    ),
    "true_pcc": Definition(
        "PCC of true change",
        "correlation",
        "simulated slides: Pearson correlation across genes of the predicted with the true change of the scored spots",
        higher=True,
    ),
    "true_rms": Definition(
        "error of true change",
        "natural log",
        "simulated slides: root mean square error of the change over spots and genes",
        higher=False,
    ),
    "true_slope": Definition(
        "slope of true change",
        "1 is right",
        "simulated slides: Σ d·t / Σ t² over spots and genes; not ranked",
        higher=True,
    ),
    "true_sign": Definition(
        "sign of true change",
        "share of genes",
        "simulated slides: share with the right sign of the genes that truly change by more than 0.1 (natural log)",
        higher=True,
    ),
    "true_edistance": Definition(
        "E-distance of means",
        "Euclidean distance in principal components of log(1 + count)",
        "simulated slides: energy distance between expected counts of the scored spots and the true expected ones, "
        "without any noise of counting",
        higher=False,
    ),
}
RANKED: Final = tuple(name for name in SCORES if name != "true_slope")
