"""Residual capacity: the question without what fixed clusters use, and which of them are near."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.program.proof import Settled


def residual(case: Case, clusters: list[Settled]) -> Case:
    """The case without what some clusters use: their sites, headroom and clean energy."""
    max_mw, headroom_mw = case.max_mw.copy(), case.headroom_mw.copy()
    contractable_mwh = case.contractable_mwh.copy()
    for cluster in clusters:
        for i, mw in cluster.draw_mw[0].items():
            max_mw[i] = 0.0
            headroom_mw[list(case.ancestry[case.zone[i]])] -= mw
        for (r, _), mwh in cluster.contract_mwh[0].items():
            contractable_mwh[r] -= mwh
    return replace(
        case,
        max_mw=max_mw,
        headroom_mw=np.maximum(headroom_mw, 0.0),
        contractable_mwh=np.maximum(contractable_mwh, 0.0),
    )


def nearest(
    case: Case, clusters: list[Settled], middle: int, count: int, stay: int = 0
) -> list[int]:
    """A cluster and those nearest to it, ``count`` in all; the first ones stay."""
    sites = [np.array(sorted(found.draw_mw[0])) for found in clusters]
    lon = np.array([case.lon[of].mean() for of in sites])
    lat = np.array([case.lat[of].mean() for of in sites])
    east = (lon - lon[middle]) * math.cos(math.radians(float(lat[middle])))
    away = np.hypot(east, lat - lat[middle])
    away[:stay] = np.inf
    return sorted(np.argsort(away, kind="stable")[: min(count, len(clusters) - stay)].tolist())
