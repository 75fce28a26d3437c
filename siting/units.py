"""Constants and conversions between units, each in one place."""

from __future__ import annotations

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
    return float(discount_rate / (1 - (1 + discount_rate) ** -life_years))


def fiber_delay_ms(km: float) -> float:
    """One-way delay [ms] of light over a fiber route [km]."""
    return km * FIBER_GROUP_INDEX / LIGHT_KM_PER_MS
