"""The answer with its proof. A plan exists only if it is feasible."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from siting.case import Case
from siting.errors import InputError, Problem, SolverError
from siting.fiber import amplifier_sites, pairs_needed, tier_of
from siting.fiber.networks import (
    Pair,
    failing_together,
    first_way_round,
    hub_of,
    mesh_links,
    parts_of,
    ring_links,
    star_links,
)
from siting.fiber.reach import FloatArray, IntArray
from siting.model import Model, Network, Sense
from siting.notices import LeftOut, Notice
from siting.training import ClusterTraining, Training, measure_km, train_cluster
from siting.units import USD_PER_MUSD, annual_mwh, fiber_delay_ms, gap

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
    tours
        For each cluster of a ring network, its sites in the order of the tour; empty for others.
    objective, bound
        In the unit of the sense: MUSD/year, MW or km, over all clusters. The bound is valid for
        the whole problem.
    status
        ``optimal``: the gap is within what was asked, and where the most clusters are asked no plan
        has more; ``feasible``: a limit stopped the search.
    most_clusters
        No plan has more clusters than this; ``None`` where a number of them is asked. Objective and
        bound are those of plans with as many clusters as were found.
    """

    draw_mw: tuple[dict[str, float], ...]
    contract_mwh: tuple[dict[tuple[str, str], float], ...]
    objective: float
    bound: float
    status: Status
    solver_name: str
    solver_version: str
    tours: tuple[tuple[str, ...], ...] = ()
    most_clusters: int | None = None


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
    """A pair of campuses that the network joins, along the fiber route.

    Parameters
    ----------
    amplifier_sites
        Sites on the way where the light is amplified.
    pairs
        Fiber pairs that carry the bandwidth asked; 0 where none is asked.
    pairs_musd
        What these pairs cost when they are new, at the prices given [MUSD]. Not a part of any
        annual cost.
    spans
        Ids of the spans on the route, in order.
    """

    from_site: str
    to_site: str
    km: float
    delay_ms: float
    rtt_ms: float
    tier: str
    amplifier_sites: int
    pairs: int
    pairs_musd: float
    spans: tuple[str, ...]


@dataclass(frozen=True)
class SharedSpans:
    """Spans that carry the same two or more links of a cluster, which fail together.

    Parameters
    ----------
    spans
        Their ids, sorted.
    km
        Their length together [km].
    links
        The links, each by its two sites.
    disconnects
        Whether the loss of one of them leaves campuses without any way to the others.
    """

    spans: tuple[str, ...]
    km: float
    links: tuple[tuple[str, str], ...]
    disconnects: bool


@dataclass(frozen=True)
class Cluster:
    """Campuses that train as one.

    Parameters
    ----------
    max_fiber_km
        Longest link [km].
    network, fiber_km
        Which campuses are linked, and the length of the network [km]: the sum over its links, and
        twice the link of a ring of two.
    hub
        Site of the campus that all others are linked to; ``None`` where the network has none.
    shared_spans
        Spans that carry several links.
    training
        How it trains; ``None`` where the model does not say what is trained.
    """

    id: str
    draw_mw: float
    it_mw: float
    cost_musd_per_year: float
    clean_fraction: float
    max_fiber_km: float
    utilities: tuple[str, ...]
    campuses: tuple[Campus, ...]
    links: tuple[Link, ...]
    network: Network
    hub: str | None
    fiber_km: float
    shared_spans: tuple[SharedSpans, ...]
    training: ClusterTraining | None = None


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


class Picture(Protocol):
    """What shows a plan: a notebook displays it, and it can be kept."""

    def _repr_html_(self) -> str: ...

    def save(self, path: str | Path) -> Path:
        """Write it to a file; returns its absolute path."""
        ...


@dataclass(frozen=True)
class Plan:
    """A feasible answer and its proof.

    Parameters
    ----------
    training
        What its clusters train; ``None`` where the model does not say.
    most_clusters
        No plan has more clusters than this; ``None`` where a number of them is asked.
    asked
        The model that it answers, for reports; ``None`` for a plan that was read from a file.
    left_out, notices
        What its world was read without, and what was done to its files.
    drawer
        What draws its map, given by whoever has the world at hand.
    """

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
    training: Training | None = None
    most_clusters: int | None = None
    asked: Model | None = field(default=None, compare=False, repr=False)
    left_out: tuple[LeftOut, ...] = ()
    notices: tuple[Notice, ...] = ()
    drawer: Callable[[Plan], Picture] | None = field(default=None, compare=False, repr=False)

    def map(self) -> Picture:
        """Draw the map, on the world that the plan was solved on; a notebook shows it.

        Raises
        ------
        InputError
            When the plan does not know its world, as one that was read from a file.
        """
        if self.drawer is None:
            what = "does not know the world that it was made on; use siting.draw_map(plan, world)"
            raise InputError([Problem(f"plan of '{self.model_name}'", what)])
        return self.drawer(self)

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
        if self.most_clusters is not None:
            lines.append(self.describe_number())
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

    def describe_number(self) -> str:
        """How many clusters it has and what is proven of their number, where the most are asked."""
        found, most = len(self.clusters), self.most_clusters
        clusters = f"{found} cluster{'s' if found != 1 else ''}"
        if most is None or found >= most:
            return f"{clusters}; no plan has more than {found}"
        return f"{clusters}; no plan has more than {most}, and whether one has {found + 1} is open"

    def to_dict(self) -> dict[str, Any]:
        """The content of ``plan.json``."""
        return {
            "schema": SCHEMA,
            "model": {"name": self.model_name, "sha256": self.model_sha256},
            "world": {"name": self.world_name, "sha256": self.world_sha256},
            "asked": None if self.asked is None else self.asked.to_dict(),
            "left_out": [_fields(rows, "by", "table", "rows", "mw") for rows in self.left_out],
            "notices": [_fields(notice, "where", "what") for notice in self.notices],
            "status": self.status,
            "sense": self.sense,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "seconds": _fields(self.seconds, "load", "distances", "solve", "total"),
            "solver": {"name": self.solver_name, "version": self.solver_version},
            "training": None if self.training is None else training_to_dict(self.training),
            "most_clusters": self.most_clusters,
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
        **_fields(cluster, "network", "hub", "fiber_km"),
        "links": [
            {
                "from": link.from_site,
                "to": link.to_site,
                **_fields(link, "km", "delay_ms", "rtt_ms", "tier"),
                **_fields(link, "amplifier_sites", "pairs", "pairs_musd"),
                "spans": list(link.spans),
            }
            for link in cluster.links
        ],
        "shared_spans": [
            {
                "spans": list(shared.spans),
                "km": shared.km,
                "links": [{"from": a, "to": b} for a, b in shared.links],
                "disconnects": shared.disconnects,
            }
            for shared in cluster.shared_spans
        ],
        "training": None if cluster.training is None else training_to_dict(cluster.training),
    }


def training_to_dict(training: Training | ClusterTraining) -> dict[str, Any]:
    """What is trained, or how a cluster trains, as JSON holds it."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(training).items()
    }


def _fields(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


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
    tours = solution.tours or ((),) * len(solution.draw_mw)
    answers = sorted(
        zip(solution.draw_mw, solution.contract_mwh, tours, strict=True),
        key=lambda answer: min(position[site] for site in answer[0]),
    )
    clusters = tuple(
        _cluster(case, f"c{number}", position, draw_mw, contract_mwh, tour)
        for number, (draw_mw, contract_mwh, tour) in enumerate(answers, start=1)
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
        training=case.training,
        most_clusters=solution.most_clusters,
    )


def _cluster(
    case: Case,
    cluster_id: str,
    position: Mapping[str, int],
    draw_mw: Mapping[str, float],
    contract_mwh: Mapping[tuple[str, str], float],
    tour: tuple[str, ...],
) -> Cluster:
    bought: dict[str, dict[str, float]] = {site: {} for site in draw_mw}
    for (supply, site), mwh in contract_mwh.items():
        if mwh > 0:
            bought[site][supply] = float(mwh)
    members = sorted(draw_mw, key=position.__getitem__)
    campuses = tuple(
        _campus(case, position[site], float(draw_mw[site]), bought[site]) for site in members
    )
    sites = np.array([position[site] for site in members], np.int64)
    pairs, hub = _network(case, sites, [members.index(site) for site in tour])
    links = _links(case, sites, pairs)
    km = math.fsum(link.km for link in links)
    fiber_km = 2 * km if case.cluster.network == "ring" and len(members) == 2 else km
    longest_km = max((link.km for link in links), default=0.0)
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
        max_fiber_km=longest_km,
        utilities=tuple(sorted({campus.utility for campus in campuses})),
        campuses=campuses,
        links=links,
        network=case.cluster.network,
        hub=None if hub is None else members[hub],
        fiber_km=fiber_km,
        shared_spans=_shared_spans(case, members, pairs, links),
        training=None
        if case.training is None
        else train_cluster(
            case.training,
            network=case.cluster.network,
            km=measure_km(case.cluster.network, longest_km=longest_km, fiber_km=fiber_km),
            sites=members,
            it_mw=[campus.it_mw for campus in campuses],
        ),
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


def _network(case: Case, sites: IntArray, tour: list[int]) -> tuple[list[Pair], int | None]:
    """Links of a cluster, as pairs of positions in ``sites``, and its hub."""
    n = len(sites)
    if case.cluster.network == "mesh":
        return mesh_links(n), None
    if case.cluster.network == "ring":
        return ring_links(first_way_round(tour)), None
    hub = hub_of(_km(case, sites), case.link_limit_km(n), _can_be_hub(case, sites))
    if hub is None:
        raise SolverError(
            "a cluster of the solution has no campus that all others are within reach of; please "
            "report the model"
        )
    return star_links(n, hub), hub


def _can_be_hub(case: Case, sites: IntArray) -> list[bool] | None:
    """Where the loss of a span must be survived, only a hub whose links have no span will do."""
    if not case.cluster.keep_after_span_loss or case.routes is None:
        return None
    return [
        not any(case.routes.spans_between((int(i), int(j)) for j in sites if j != i)) for i in sites
    ]


def _links(case: Case, sites: IntArray, pairs: list[Pair]) -> tuple[Link, ...]:
    """Links along their routes, for pairs of positions in ``sites``."""
    km = _km(case, sites)
    routes: list[tuple[str, ...]] = [()] * len(pairs)
    if case.routes is not None:
        found = case.routes.between((int(sites[a]), int(sites[b])) for a, b in pairs)
        routes = [route.span_ids for route in found]
    return tuple(
        _link(case, case.site_ids[sites[a]], case.site_ids[sites[b]], float(km[a, b]), spans)
        for (a, b), spans in zip(pairs, routes, strict=True)
    )


def _link(case: Case, here: str, there: str, km: float, spans: tuple[str, ...]) -> Link:
    fiber = case.fiber
    # A pair without a route has no equipment; the audit refuses it.
    amplifiers = amplifier_sites(km, every_km=fiber.amplifier_km) if math.isfinite(km) else 0
    pairs = pairs_needed(fiber.bandwidth_tbps, pair_tbps=fiber.pair_tbps)
    return Link(
        from_site=here,
        to_site=there,
        km=km,
        delay_ms=fiber_delay_ms(km),
        rtt_ms=2 * fiber_delay_ms(km),
        tier=tier_of(km),
        amplifier_sites=amplifiers,
        pairs=pairs,
        pairs_musd=pairs * (fiber.pair_musd_per_km * km + fiber.amplifier_musd * amplifiers),
        spans=spans,
    )


def _km(case: Case, sites: IntArray) -> FloatArray:
    return case.reach.take(sites).dense()


def _shared_spans(
    case: Case, members: list[str], pairs: list[Pair], links: tuple[Link, ...]
) -> tuple[SharedSpans, ...]:
    """Spans that carry several links, those that carry most first."""
    shared = []
    for lost, spans in failing_together([link.spans for link in links]).items():
        if len(lost) < 2 or case.routes is None:
            continue
        kept = [pair for link, pair in enumerate(pairs) if link not in lost]
        shared.append(
            SharedSpans(
                spans=tuple(spans),
                km=math.fsum(case.routes.graph.ends_of_span[span][2] for span in spans),
                links=tuple((links[k].from_site, links[k].to_site) for k in lost),
                disconnects=len(parts_of(len(members), kept)) > 1,
            )
        )
    return tuple(sorted(shared, key=lambda group: (-len(group.links), group.spans)))


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
