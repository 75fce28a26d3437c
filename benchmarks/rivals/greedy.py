"""What planners have today: take the cheapest cell, and grow it.

After CERF (Vernon et al. 2021, "cerf: A Python package to evaluate the feasibility and costs of
power plant siting for alternative futures", J. Open Source Software 6(65), 3601), which sites
plants one after the other in the cheapest suitable cell that is left. Here a cluster starts in the
cheapest site from which it can reach its target, and takes the cheapest site within reach of all
that it has until it does. There is no bound.
"""

from __future__ import annotations

import numpy as np

from benchmarks.answers import Answer, Clock, Clusters, Settings, cost_of
from siting.case import Case
from siting.fiber.reach import FloatArray


def solve(case: Case, clock: Clock, _settings: Settings) -> Answer:
    """Grow each cluster from the cheapest site from which that succeeds."""
    return _solve(case, clock, every_start=False)


def solve_every_start(case: Case, clock: Clock, _settings: Settings) -> Answer:
    """Grow each cluster from every site in turn, and keep the cheapest: a stronger heuristic."""
    return _solve(case, clock, every_start=True)


def _solve(case: Case, clock: Clock, *, every_start: bool) -> Answer:
    unit_cost = np.full(len(case.site_ids), np.inf)
    usable = case.usable
    unit_cost[usable] = (
        case.variable_musd_per_mw_year[usable]
        + case.fixed_musd_per_year[usable] / case.cap_mw[usable]
    )
    left_mw = case.headroom_mw.copy()
    clusters: Clusters = []
    for _ in range(case.count):
        best: dict[int, float] | None = None
        for start in np.argsort(unit_cost, kind="stable").tolist():
            if not np.isfinite(unit_cost[start]) or clock.now_s() > clock.limit_s:
                break
            grown = grow(case, unit_cost, left_mw, start)
            if grown is None:
                continue
            if best is None or cost_of(case, [grown]) < cost_of(case, [best]):
                best = grown
            if not every_start:
                break
        if best is None:
            return Answer("nothing")
        for i, mw in best.items():
            unit_cost[i] = np.inf
            left_mw[list(case.ancestry[case.zone[i]])] -= mw
        clusters.append(best)
    return Answer("plan", clusters)


def grow(
    case: Case, unit_cost: FloatArray, left_mw: FloatArray, start: int
) -> dict[int, float] | None:
    """A cluster around a site, cheapest first; None where the target is out of its reach.

    Parameters
    ----------
    case
        The question.
    unit_cost
        ``(I,)`` cost of a MW at full draw [MUSD/MW/year]; infinite where no campus can be.
    left_mw
        ``(Z,)`` headroom that is left [MW].
    start
        Position of the first site.
    """
    left_mw = left_mw.copy()
    draws: dict[int, float] = {}
    lacking_mw = case.cluster.target_mw or 0.0
    candidates = np.append(case.reach.of(start)[0], start)
    candidates = candidates[np.isfinite(unit_cost[candidates])]
    order = candidates[np.argsort(unit_cost[candidates], kind="stable")]
    queue = [start, *(i for i in order.tolist() if i != start)]
    within = np.ones(len(case.site_ids), dtype=bool)
    for i in queue:
        if not within[i]:
            continue
        zones = list(case.ancestry[case.zone[i]])
        room_mw = min(float(case.cap_mw[i]), float(left_mw[zones].min()))
        if room_mw < case.min_mw:
            continue
        draws[i] = max(case.min_mw, min(room_mw, lacking_mw))
        left_mw[zones] -= draws[i]
        lacking_mw -= draws[i]
        if lacking_mw <= 0 and len(draws) >= case.cluster.min_campuses:
            return draws
        if len(draws) == case.cluster.max_campuses:
            return None
        near = np.zeros(len(case.site_ids), dtype=bool)
        near[case.reach.of(i)[0]] = True
        within &= near
    return None
