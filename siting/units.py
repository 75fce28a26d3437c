"""Constants and conversions between units, each in one place."""

from __future__ import annotations

import math

HOURS_PER_YEAR = 8760
"""Hours of a year of 365 days [h/year]."""

USD_PER_MUSD = 1e6
"""US dollars in a million [USD/MUSD]."""

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth [km] (IUGG R1)."""

LIGHT_KM_PER_MS = 299.792458
"""Speed of light in vacuum [km/ms] (exact, SI)."""

FIBER_GROUP_INDEX = 1.468
"""Group index of silica fiber near 1550 nm [1] (ITU-T G.652 class fiber, vendors' data sheets)."""


def annual_mwh(draw_mw: float, load_factor: float) -> float:
    """Energy of a year [MWh/year] at a peak draw [MW] and a load factor [0-1]."""
    return HOURS_PER_YEAR * load_factor * draw_mw


def capital_recovery_factor(discount_rate: float, life_years: float) -> float:
    """Share of a capital cost that is due each year [1/year].

    ``r / (1 - (1 + r) ** -n)``, and ``1 / n`` in the limit of no discounting.

    >>> round(capital_recovery_factor(0.08, 20), 6)
    0.101852
    """
    if discount_rate == 0:
        return 1 / life_years
    # The power itself would be 1 for a rate below the last digit of 1, and the rate over nothing.
    return discount_rate / -math.expm1(-life_years * math.log1p(discount_rate))


def fiber_delay_ms(km: float) -> float:
    """One-way delay [ms] of light over a fiber route [km]."""
    return km * FIBER_GROUP_INDEX / LIGHT_KM_PER_MS


def gap(objective: float, bound: float) -> float:
    """Gap of a plan [1]: ``|objective - bound| / |objective|``.

    A distance that is only rounding (1e-9 of the objective's unit) is no gap, so a network of
    0 km that is proven has the gap 0. Infinite where the objective is 0 and the bound is not.

    >>> gap(200.0, 199.0)
    0.005
    """
    distance = abs(objective - bound)
    if distance <= 1e-9:
        return 0.0
    return distance / abs(objective) if objective != 0 else math.inf
