"""Checks of clean energy: contracts, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from siting.audit.hearing import (
    TOLERANCE_FRACTION,
    TOLERANCE_MW,
    TOLERANCE_RELATIVE,
    Hearing,
    Placed,
)
from siting.audit.words import placed_contracts, said
from siting.case import Case
from siting.fiber.reach import FloatArray


def clusters_are_clean(hearing: Hearing) -> Iterator[str]:
    """Contracts and grid mix are at least ``clean.min_fraction`` of every cluster's energy."""
    case = hearing.case
    least = case.clean.min_fraction
    for cluster in hearing.clusters:
        energy_mwh = cluster.draw_mw * case.mwh_per_mw
        # A campus never counts for more than its own energy.
        clean_mwh = np.minimum(_clean_mwh(case, cluster), energy_mwh).sum()
        asked_mwh = least * energy_mwh.sum()
        if not clean_mwh >= asked_mwh - _slack_mwh(case, asked_mwh):
            yield (
                f"{said(cluster.stated)}: {clean_mwh:,.0f} MWh of {energy_mwh.sum():,.0f} MWh "
                f"are clean, less than {least:.2%}"
            )


def contracts_can_be_delivered(hearing: Hearing) -> Iterator[str]:
    """A contract is from a plant in the campus's own area of delivery."""
    case = hearing.case
    for cluster in hearing.clusters:
        for campus, plant, mwh in placed_contracts(cluster):
            area = case.area[cluster.sites[campus]]
            if case.supply_area[plant] != area or area < 0:
                yield (
                    f"{said(cluster.stated, cluster.campuses[campus])}: {mwh:,.3f} MWh from "
                    f"{case.supply_ids[plant]!r}, which cannot deliver within "
                    f"the same {case.clean.deliver_within}"
                )


def contracts_are_not_negative(hearing: Hearing) -> Iterator[str]:
    """No contract is for less than nothing."""
    for cluster in hearing.clusters:
        for campus, plant, mwh in placed_contracts(cluster):
            if not mwh >= -_slack_mwh(hearing.case, 0.0):
                yield (
                    f"{said(cluster.stated, cluster.campuses[campus])}: {mwh:,.3f} MWh from "
                    f"{hearing.case.supply_ids[plant]!r}"
                )


def plants_are_not_oversold(hearing: Hearing) -> Iterator[str]:
    """Over all clusters no plant sells more than ``clean.contractable_fraction`` of its output."""
    case = hearing.case
    sold_mwh = np.zeros(len(case.supply_ids))
    for cluster in hearing.clusters:
        np.add.at(sold_mwh, cluster.contract_supply, cluster.contract_mwh)
    for r, plant in enumerate(case.supply_ids):
        can_mwh = case.contractable_mwh[r]
        if not sold_mwh[r] <= can_mwh + _slack_mwh(case, can_mwh):
            yield (
                f"plant {plant!r}: {sold_mwh[r]:,.0f} MWh are contracted, but only "
                f"{can_mwh:,.0f} MWh can be"
            )


def contracts_are_within_own_energy(hearing: Hearing) -> Iterator[str]:
    """Contracts and grid mix of a campus are not more than its own energy."""
    case = hearing.case
    for cluster in hearing.clusters:
        energy_mwh = cluster.draw_mw * case.mwh_per_mw
        clean_mwh = _clean_mwh(case, cluster)
        bought = np.isin(np.arange(len(cluster.sites)), cluster.contract_campus)
        for a in np.flatnonzero(bought):
            if not clean_mwh[a] <= energy_mwh[a] + _slack_mwh(case, energy_mwh[a]):
                yield (
                    f"{said(cluster.stated, cluster.campuses[a])}: {clean_mwh[a]:,.0f} MWh of "
                    f"contracts and grid mix, but it uses {energy_mwh[a]:,.0f} MWh"
                )


def clean_fractions_are_recomputed(hearing: Hearing) -> Iterator[str]:
    """``clean_fraction`` of campuses and clusters is contracts and grid mix by energy."""
    case = hearing.case
    for cluster in hearing.clusters:
        energy_mwh = cluster.draw_mw * case.mwh_per_mw
        clean_mwh = _clean_mwh(case, cluster)
        stated = [
            (said(cluster.stated, campus), campus.clean_fraction, clean_mwh[a], energy_mwh[a])
            for a, campus in enumerate(cluster.campuses)
        ]
        stated.append(
            (
                said(cluster.stated),
                cluster.stated.clean_fraction,
                clean_mwh.sum(),
                energy_mwh.sum(),
            )
        )
        for where, fraction, clean, energy in stated:
            if not abs(fraction * energy - clean) <= TOLERANCE_FRACTION * energy:
                yield (
                    f"{where}: clean_fraction {fraction:.6f} is stated, but {clean:,.0f} of "
                    f"{energy:,.0f} MWh are clean"
                )


def _clean_mwh(case: Case, cluster: Placed) -> FloatArray:
    """``(n,)`` contracts and grid mix of each campus [MWh/year]."""
    grid_fraction = case.grid_clean_fraction if case.clean.count_grid_mix else np.zeros(1)
    grid_fraction = np.broadcast_to(grid_fraction, case.pue.shape)[cluster.sites]
    clean_mwh: FloatArray = grid_fraction * cluster.draw_mw * case.mwh_per_mw
    np.add.at(clean_mwh, cluster.contract_campus, cluster.contract_mwh)
    return clean_mwh


def _slack_mwh(case: Case, mwh: float) -> float:
    """Slack on energy [MWh/year]: a part of it, and the energy of the slack on draws."""
    return TOLERANCE_RELATIVE * abs(mwh) + TOLERANCE_MW * case.mwh_per_mw
