"""The answer with its proof. A plan exists only if it is feasible."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from siting.case import Case
from siting.fiber import tier_of
from siting.fiber.reach import IntArray
from siting.model import Sense
from siting.units import USD_PER_MUSD, annual_mwh, fiber_delay_ms

SCHEMA = 1
"""Version of ``plan.json``."""

Status = Literal["optimal", "feasible"]


@dataclass(frozen=True)
class Solution:
    """What the program found, by id: draws and contracts of each cluster, and what was proven.

    Parameters
    ----------
    draw_mw
        For each cluster, site id to draw [MW].
    contract_mwh
        For each cluster, (supply id, site id) to contracted energy [MWh/year].
    objective, bound
        In the unit of the sense: MUSD/year, MW or km, over all clusters. The bound is valid for
        the whole problem.
    status
        ``optimal``: the gap is within what was asked; ``feasible``: a limit stopped the search.
    """

    draw_mw: tuple[dict[str, float], ...]
    contract_mwh: tuple[dict[tuple[str, str], float], ...]
    objective: float
    bound: float
    status: Status
    solver_name: str
    solver_version: str


@dataclass(frozen=True)
class Contract:
    """Clean energy bought for a campus from one plant [MWh/year]."""

    supply: str
    mwh: float


@dataclass(frozen=True)
class Campus:
    """One campus of a plan."""

    site: str
    lon: float
    lat: float
    draw_mw: float
    it_mw: float
    zone: str
    utility: str
    region: str | None
    price_usd_per_mwh: float
    cost_musd_per_year: float
    clean_fraction: float
    contracts: tuple[Contract, ...]


@dataclass(frozen=True)
class Link:
    """A pair of campuses that the network joins, along the fiber route."""

    from_site: str
    to_site: str
    km: float
    delay_ms: float
    rtt_ms: float
    tier: str


@dataclass(frozen=True)
class Cluster:
    """Campuses that train as one."""

    id: str
    draw_mw: float
    it_mw: float
    cost_musd_per_year: float
    clean_fraction: float
    max_fiber_km: float
    utilities: tuple[str, ...]
    campuses: tuple[Campus, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class ZoneUse:
    """What a plan draws from a zone, over all clusters [MW]."""

    id: str
    utility: str
    headroom_mw: float
    used_mw: float


@dataclass(frozen=True)
class Seconds:
    """Time spent [s]."""

    load: float = 0.0
    distances: float = 0.0
    solve: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class AuditReport:
    """Names of the checks that a plan passed; a plan that fails one is never shown."""

    passed: bool
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A feasible answer and its proof."""

    model_name: str
    model_sha256: str
    world_name: str
    world_sha256: str
    status: Status
    sense: Sense
    objective: float
    bound: float
    gap: float
    seconds: Seconds
    solver_name: str
    solver_version: str
    clusters: tuple[Cluster, ...]
    zones: tuple[ZoneUse, ...]
    audit: AuditReport

    def __str__(self) -> str:
        """The plan in short: its objective and proof, and a line for each campus."""
        value = {
            "minimise_cost": f"{self.objective:,.1f} MUSD/year",
            "maximise_mw": f"{self.objective:,.1f} MW",
            "minimise_fiber_km": f"{self.objective:,.1f} km of fiber",
        }[self.sense]
        lines = [
            f"{self.model_name} on {self.world_name}: {value}, {self.status}, gap {self.gap:.2%}"
        ]
        for cluster in self.clusters:
            lines.append(
                f"cluster {cluster.id}: {cluster.draw_mw:,.1f} MW at {len(cluster.campuses)} "
                f"campus{'es' if len(cluster.campuses) != 1 else ''}, at most "
                f"{cluster.max_fiber_km:,.1f} km apart, {cluster.clean_fraction:.1%} clean, "
                f"{cluster.cost_musd_per_year:,.1f} MUSD/year"
            )
            width = max(len(campus.site) for campus in cluster.campuses)
            lines += [
                f"  {campus.site:<{width}}  {campus.draw_mw:>9,.1f} MW  {campus.zone} "
                f"({campus.utility})"
                for campus in cluster.campuses
            ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The content of ``plan.json``."""
        return {
            "schema": SCHEMA,
            "model": {"name": self.model_name, "sha256": self.model_sha256},
            "world": {"name": self.world_name, "sha256": self.world_sha256},
            "status": self.status,
            "sense": self.sense,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "seconds": _fields(self.seconds, "load", "distances", "solve", "total"),
            "solver": {"name": self.solver_name, "version": self.solver_version},
            "clusters": [_cluster_to_dict(cluster) for cluster in self.clusters],
            "zones": [_fields(zone, "id", "headroom_mw", "used_mw") for zone in self.zones],
            "audit": {"passed": self.audit.passed, "checks": list(self.audit.checks)},
        }


def _cluster_to_dict(cluster: Cluster) -> dict[str, Any]:
    totals = ("id", "draw_mw", "it_mw", "cost_musd_per_year", "clean_fraction", "max_fiber_km")
    return {
        **_fields(cluster, *totals),
        "utilities": list(cluster.utilities),
        "campuses": [
            {
                **_fields(campus, "site", "lon", "lat", "draw_mw", "it_mw", "zone", "utility"),
                "cost_musd_per_year": campus.cost_musd_per_year,
                "contracts": [_fields(contract, "supply", "mwh") for contract in campus.contracts],
            }
            for campus in cluster.campuses
        ],
        "links": [
            {
                "from": link.from_site,
                "to": link.to_site,
                **_fields(link, "km", "delay_ms", "rtt_ms", "tier"),
            }
            for link in cluster.links
        ],
    }


def _fields(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


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


def plan_from_solution(
    case: Case,
    solution: Solution,
    *,
    model_name: str,
    model_sha256: str,
    world_name: str,
    world_sha256: str,
    seconds: Seconds | None = None,
) -> Plan:
    """Work out everything that a plan states from the draws and contracts of a solution.

    Parameters
    ----------
    case
        The question.
    solution
        The program's answer.
    model_name, model_sha256, world_name, world_sha256
        What was asked, and on what.
    seconds
        Time spent so far.

    Returns
    -------
    Plan
        Not audited yet: its ``audit`` says so. Clusters are numbered ``c1``, ``c2`` by their
        first site, campuses, links, contracts and zones are sorted by id.
    """
    position = {site: i for i, site in enumerate(case.site_ids)}
    answers = sorted(
        zip(solution.draw_mw, solution.contract_mwh, strict=True),
        key=lambda answer: min(position[site] for site in answer[0]),
    )
    clusters = tuple(
        _cluster(case, f"c{number}", position, draw_mw, contract_mwh)
        for number, (draw_mw, contract_mwh) in enumerate(answers, start=1)
    )
    return Plan(
        model_name=model_name,
        model_sha256=model_sha256,
        world_name=world_name,
        world_sha256=world_sha256,
        status=solution.status,
        sense=case.sense,
        objective=float(solution.objective),
        bound=float(solution.bound),
        gap=gap(float(solution.objective), float(solution.bound)),
        seconds=seconds or Seconds(),
        solver_name=solution.solver_name,
        solver_version=solution.solver_version,
        clusters=clusters,
        zones=_zones_used(case, position, clusters),
        audit=AuditReport(passed=False, checks=()),
    )


def _cluster(
    case: Case,
    cluster_id: str,
    position: Mapping[str, int],
    draw_mw: Mapping[str, float],
    contract_mwh: Mapping[tuple[str, str], float],
) -> Cluster:
    bought: dict[str, dict[str, float]] = {site: {} for site in draw_mw}
    for (supply, site), mwh in contract_mwh.items():
        if mwh > 0:
            bought[site][supply] = float(mwh)
    members = sorted(draw_mw, key=position.__getitem__)
    campuses = tuple(
        _campus(case, position[site], float(draw_mw[site]), bought[site]) for site in members
    )
    links = _mesh(case, np.array([position[site] for site in members], np.int64))
    total_mw = math.fsum(campus.draw_mw for campus in campuses)
    return Cluster(
        id=cluster_id,
        draw_mw=total_mw,
        it_mw=math.fsum(campus.it_mw for campus in campuses),
        cost_musd_per_year=math.fsum(campus.cost_musd_per_year for campus in campuses),
        # Every campus has the same energy for a MW of draw, so draw weighs as energy does.
        clean_fraction=_at_most_all(
            math.fsum(campus.clean_fraction * campus.draw_mw for campus in campuses), total_mw
        ),
        max_fiber_km=max((link.km for link in links), default=0.0),
        utilities=tuple(sorted({campus.utility for campus in campuses})),
        campuses=campuses,
        links=links,
    )


def _campus(case: Case, i: int, draw_mw: float, bought_mwh: Mapping[str, float]) -> Campus:
    premium_usd_per_mwh = dict(zip(case.supply_ids, case.premium_usd_per_mwh, strict=True))
    premium_usd = math.fsum(mwh * premium_usd_per_mwh[r] for r, mwh in bought_mwh.items())
    energy_mwh = annual_mwh(draw_mw, case.campus.load_factor)
    clean_mwh = math.fsum([case.grid_clean_fraction[i] * energy_mwh, *bought_mwh.values()])
    return Campus(
        site=case.site_ids[i],
        lon=float(case.lon[i]),
        lat=float(case.lat[i]),
        draw_mw=draw_mw,
        it_mw=float(draw_mw / case.pue[i]),
        zone=case.zone_ids[case.zone[i]],
        utility=case.utilities[case.utility[i]],
        region=case.regions[case.region[i]] if case.region[i] >= 0 else None,
        price_usd_per_mwh=float(case.price_usd_per_mwh[i]),
        cost_musd_per_year=float(
            case.fixed_musd_per_year[i]
            + case.variable_musd_per_mw_year[i] * draw_mw
            + premium_usd / USD_PER_MUSD
        ),
        clean_fraction=_at_most_all(clean_mwh, energy_mwh),
        contracts=tuple(Contract(supply, bought_mwh[supply]) for supply in sorted(bought_mwh)),
    )


def _mesh(case: Case, sites: IntArray) -> tuple[Link, ...]:
    """A link for every pair of sites (ascending positions)."""
    km = case.reach.take(sites).dense()
    return tuple(
        Link(
            from_site=case.site_ids[sites[a]],
            to_site=case.site_ids[sites[b]],
            km=float(km[a, b]),
            delay_ms=fiber_delay_ms(float(km[a, b])),
            rtt_ms=2 * fiber_delay_ms(float(km[a, b])),
            tier=tier_of(float(km[a, b])),
        )
        for a, b in zip(*np.triu_indices(len(sites), 1), strict=True)
    )


def _zones_used(
    case: Case, position: Mapping[str, int], clusters: tuple[Cluster, ...]
) -> tuple[ZoneUse, ...]:
    """Draw from every zone that has a campus, and from the zones that hold it."""
    draws: dict[int, list[float]] = {}
    for cluster in clusters:
        for campus in cluster.campuses:
            for z in case.ancestry[case.zone[position[campus.site]]]:
                draws.setdefault(z, []).append(campus.draw_mw)
    return tuple(
        ZoneUse(
            case.zone_ids[z],
            case.zone_utility[z],
            float(case.headroom_mw[z]),
            math.fsum(draws[z]),
        )
        for z in sorted(draws)
    )


def _at_most_all(part: float, whole: float) -> float:
    """A part as a fraction of the whole, without the rounding that would lift it above 1."""
    return float(min(1.0, part / whole)) if whole > 0 else 0.0
