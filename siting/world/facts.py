"""What is known of a power plant by its kind alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KindFact:
    """Whether a kind of plant is clean, and its mean output over capacity [0-1].

    Plants that are not clean have no capacity factor here: nothing is contracted from them.
    """

    clean: bool
    capacity_factor: float | None = None


KINDS: dict[str, KindFact] = {
    "nuclear": KindFact(clean=True, capacity_factor=0.926),
    "hydro": KindFact(clean=True, capacity_factor=0.410),
    "wind": KindFact(clean=True, capacity_factor=0.347),
    "solar": KindFact(clean=True, capacity_factor=0.248),
    "geothermal": KindFact(clean=True, capacity_factor=0.719),
    "coal": KindFact(clean=False),
    "gas": KindFact(clean=False),
    "oil": KindFact(clean=False),
}
"""Facts by kind. Capacity factors: EIA Electric Power Annual, table 4.08.B, means of 2016-2020."""
