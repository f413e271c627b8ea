"""A check in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_concert.evaluate.quality.lights import AMBER, GREEN, GREY, LIGHTS, RED

if TYPE_CHECKING:
    from napari_concert.evaluate.quality.checking import Check
    from napari_concert.evaluate.quality.comparing import Quality
    from napari_concert.evaluate.quality.hiding import Hiding

SEEN = (
    "The model was trained on these spots, too, so that its weights know them: training anew without them is the "
    "stricter check."
)
LEVEL = 0.95


def in_short(check: Check) -> str:
    """Say that a check is done, and how many genes have which light."""
    found = ", ".join(f"{count:,} {light}" for light, count in _lights(check).items() if count)
    return f"The quality check is done: {found} genes."


def verdict(check: Check) -> str:
    """Say how many genes can be trusted."""
    counts = _lights(check)
    genes = f"{_genes(counts[GREEN])} can be trusted (green), {counts[AMBER]:,} with care (amber), {counts[RED]:,} not"
    few = f"; {counts[GREY]:,} {'has' if counts[GREY] == 1 else 'have'} too few counts to tell (grey)"
    return f"Of {hidden_as(check.hiding, len(check.quality.spots))}: {genes} (red){few if counts[GREY] else ''}."


def hidden_as(hiding: Hiding, count: int) -> str:
    """Say what was hidden: "60 spots hidden in holes of 40"."""
    spots = f"{count:,} spot{'' if count == 1 else 's'}"
    ways = {
        "random": f"{spots} hidden at random",
        "holes": f"{spots} hidden in holes of {hiding.hole}",
        "stripe": f"{spots} hidden in a stripe",
        "every second": f"{spots}, every second one, hidden",
        "section": f"{spots} of section {hiding.section}, all hidden",
        "painted": f"{spots}, those that are painted, hidden",
    }
    return ways[hiding.scheme]


def held(quality: Quality, counts: str = "all") -> str:
    """Say what 95 % intervals held of the hidden counts, in one bin of expected counts or of all."""
    table = quality.coverage
    row = table[(table["expected_counts"] == counts) & (table["promised"] == LEVEL)].iloc[0]
    return (
        f"95 % intervals held {100 * row['held']:.1f} % of {int(row['counts']):,} counts; {100 * row['ideal']:.1f} % "
        f"would be right, as counts are whole. Freed of that (randomised PIT): {100 * row['pit']:.1f} %, before the "
        f"calibration {100 * row['pit_before']:.1f} %."
    )


def _lights(check: Check) -> dict[str, int]:
    told = check.quality.summary
    return {light: int(told[light]) for light in LIGHTS}


def _genes(count: int) -> str:
    return f"{count:,} gene{'' if count == 1 else 's'}"
