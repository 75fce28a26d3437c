"""Checks of what a plan costs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from siting.audit.hearing import Hearing, Placed
from siting.audit.words import differs, said
from siting.case import Case
from siting.fiber.reach import FloatArray


def costs_are_recomputed(hearing: Hearing) -> Iterator[str]:
    """``cost_musd_per_year`` of a campus is its fixed and variable cost and its premiums."""
    case = hearing.case
    for cluster in hearing.clusters:
        for campus, expected in zip(cluster.campuses, cost_musd_of(case, cluster), strict=True):
            yield from differs(
                said(cluster.stated, campus),
                "cost_musd_per_year",
                campus.cost_musd_per_year,
                expected,
            )


def cost_musd_of(case: Case, cluster: Placed) -> FloatArray:
    """``(n,)`` cost of each campus [MUSD/year]."""
    cost_musd: FloatArray = (
        case.fixed_musd_per_year[cluster.sites]
        + case.variable_musd_per_mw_year[cluster.sites] * cluster.draw_mw
    )
    premium_musd = case.premium_usd_per_mwh[cluster.contract_supply] * cluster.contract_mwh / 1e6
    np.add.at(cost_musd, cluster.contract_campus, premium_musd)
    return cost_musd
