"""What a check looks at: the question, the answer, and the answer by positions in the question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray
from siting.plan import Campus, Cluster, Plan

TOLERANCE_MW = 1e-3
"""Slack on a limit of draw [MW]: 1 kW, a thousand times what solvers leave on a row (1e-6), and
far below what a meter of such a load resolves."""


TOLERANCE_KM = 1e-3
"""Slack on a stated length [km]: 1 m, within which the ends of fiber are snapped. The limit on
reach itself has no slack, for both sides of it come from the same table."""


TOLERANCE_RELATIVE = 1e-6
"""Slack on money, energy and everything stated, as a part of the value [1]: a sum over thousands
of rounded terms is good to far more than that, and a planner reads six digits at most."""


TOLERANCE_FRACTION = 1e-6
"""Slack on a stated fraction or gap [1]."""


@dataclass(frozen=True)
class Placed:
    """A cluster of the plan by positions in the case; campuses at unknown sites are left out.

    Parameters
    ----------
    stated
        The cluster as the plan states it.
    campuses
        Its campuses at sites that the case knows, in the order of the plan.
    sites
        ``(n,)`` positions of their sites.
    draw_mw
        ``(n,)`` their draws [MW].
    contract_campus, contract_supply, contract_mwh
        ``(m,)`` position of the campus in ``campuses``, of the plant in the case, and the
        contracted energy [MWh/year].
    km
        ``(n, n)`` kilometres by fiber, ``inf`` where the case holds none, 0 on the diagonal.
    """

    stated: Cluster
    campuses: tuple[Campus, ...]
    sites: IntArray
    draw_mw: FloatArray
    contract_campus: IntArray
    contract_supply: IntArray
    contract_mwh: FloatArray
    km: FloatArray

    @property
    def links(self) -> list[tuple[int, int]]:
        """The stated links between two different campuses, by positions in ``campuses``."""
        position = {campus.site: a for a, campus in enumerate(self.campuses)}
        pairs = ((position.get(x.from_site), position.get(x.to_site)) for x in self.stated.links)
        return [(a, b) for a, b in pairs if a is not None and b is not None and a != b]

    @property
    def links_km(self) -> FloatArray:
        """Kilometres of these links [km]."""
        return np.array([self.km[pair] for pair in self.links], dtype=np.float64)


@dataclass(frozen=True)
class Hearing:
    """What every check may look at.

    Parameters
    ----------
    case, plan
        The question and the answer.
    clusters
        The plan's clusters by positions in the case.
    gap_asked
        The gap within which a plan may call itself optimal [1]; ``None`` where it is not known.
    """

    case: Case
    plan: Plan
    clusters: tuple[Placed, ...]
    gap_asked: float | None


Check = Callable[[Hearing], Iterator[str]]


def place_cluster(case: Case, cluster: Cluster) -> Placed:
    """A cluster by positions in the case."""
    site_position = {site_id: i for i, site_id in enumerate(case.site_ids)}
    plant_position = {supply_id: r for r, supply_id in enumerate(case.supply_ids)}
    campuses = tuple(c for c in cluster.campuses if c.site in site_position)
    sites = np.array([site_position[c.site] for c in campuses], dtype=np.int64)
    contracts = [
        (a, plant_position[contract.supply], contract.mwh)
        for a, campus in enumerate(campuses)
        for contract in campus.contracts
        if contract.supply in plant_position
    ]
    return Placed(
        stated=cluster,
        campuses=campuses,
        sites=sites,
        draw_mw=np.array([c.draw_mw for c in campuses], dtype=np.float64),
        contract_campus=np.array([a for a, _, _ in contracts], dtype=np.int64),
        contract_supply=np.array([r for _, r, _ in contracts], dtype=np.int64),
        contract_mwh=np.array([mwh for _, _, mwh in contracts], dtype=np.float64),
        km=_km_between(case, sites),
    )


def _km_between(case: Case, sites: IntArray) -> FloatArray:
    """``(n, n)`` kilometres by fiber; ``inf`` where the case holds none, 0 for a site itself."""
    km = np.full((len(sites), len(sites)), np.inf)
    for a, i in enumerate(sites):
        others, others_km = case.reach.of(int(i))
        known = dict(zip(others.tolist(), others_km.tolist(), strict=True))
        known[int(i)] = 0.0
        km[a] = [known.get(int(j), np.inf) for j in sites]
    return km
