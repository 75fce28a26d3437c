"""Small random cases with every key of the contract in play, for tests.

A case is drawn from a ``Source`` of choices: numpy's generator gives many of them fast
(``random_case``), hypothesis' gives ones that shrink (``small_cases``). All numbers are round, so
whether a limit holds is never a matter of tolerances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from hypothesis import strategies as st

from siting.case import Case
from siting.fiber import Access, FiberGraph, Routes
from siting.fiber.reach import Reach
from siting.model import CampusSection, CleanSection, ClusterSection

Item = TypeVar("Item")

# A solver's names know fewer letters than users do: these must stay apart.
SITE_NAMES = ("a-b", "a_b", "a b", "a+b", "A-B", "a/b", "10", "9", "Zürich", "[x]", "a>b", "b", "c")
ZONE_NAMES = ("z-1", "z_1", "z 1", "z1", "whole", "half", "other")
SUPPLY_NAMES = ("wind-1", "wind_1", "sun", "dam")


class Source(Protocol):
    """Where the choices of a case come from."""

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""

    def pick(self, items: Sequence[Item]) -> Item:
        """One of some things."""

    def flag(self, percent: int) -> bool:
        """Yes, in so many of a hundred."""


@dataclass(frozen=True)
class FromNumpy:
    """Choices of a seeded generator."""

    generator: np.random.Generator

    def integer(self, low: int, high: int) -> int:
        return int(self.generator.integers(low, high + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        return items[self.integer(0, len(items) - 1)]

    def flag(self, percent: int) -> bool:
        return self.integer(1, 100) <= percent


@dataclass(frozen=True)
class FromHypothesis:
    """Choices that shrink: to small numbers, first items, and no."""

    draw: Any

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def pick(self, items: Sequence[Item]) -> Item:
        return self.draw(st.sampled_from(items))

    def flag(self, percent: int) -> bool:
        return self.integer(1, 100) > 100 - percent


OPTIONS = (
    "module_mw",
    "target_it_mw",
    "min_utilities",
    "max_utility_fraction",
    "min_regions",
    "keep_after_campus_loss",
    "keep_after_utility_loss",
    "require_sites",
    "min_fraction",
)
"""Keys that are off by default, and make a case harder when they are on."""


@dataclass(frozen=True)
class Asks:
    """Which options a case has on: drawn, or one alone."""

    source: Source
    only: str | None

    def on(self, option: str, percent: int) -> bool:
        if self.only is None:
            return self.source.flag(percent)
        return option == self.only


def random_case(seed: int, **fixed: Any) -> Case:
    """The small case of a seed; ``fixed`` as in ``draw_case``."""
    return draw_case(FromNumpy(np.random.default_rng(seed)), **fixed)


@st.composite
def small_cases(draw: Any, **fixed: Any) -> Case:
    """Small cases that shrink; ``fixed`` as in ``draw_case``."""
    return draw_case(FromHypothesis(draw), **fixed)


def draw_case(
    source: Source,
    *,
    sense: str | None = None,
    count: int | None = None,
    most_sites: int = 9,
    only: str | None = None,
    network: str = "mesh",
    keep_after_span_loss: bool | None = False,
) -> Case:
    """A small case of a source of choices; what is given is not drawn.

    ``only`` switches one of ``OPTIONS`` on, and all others off. ``keep_after_span_loss`` may be
    ``None``: it is drawn then.
    """
    asks = Asks(source, only)
    if count is None:
        count = 2 if source.flag(20) else 1
    # Pairs of clusters are many more than clusters, and all of them are tried.
    sites = source.integer(4, min(most_sites, 9 if count == 1 else 6))
    sense = sense or source.pick(("minimise_cost", "maximise_mw", "minimise_fiber_km"))

    parent, headroom_mw = draw_zones(source)
    leaves = sorted(set(range(len(parent))) - set(parent))
    zone = np.array([source.pick(leaves) for _ in range(sites)], dtype=np.int64)
    zone_utility = [source.integer(0, 2) for _ in parent]
    zone_region = [-1 if source.flag(8) else source.integer(0, 2) for _ in parent]
    zone_area = [source.integer(0, 2) for _ in parent]
    utility = np.array(
        [source.integer(0, 3) if source.flag(15) else zone_utility[z] for z in zone], dtype=np.int64
    )

    campus = draw_campus(source, asks)
    clean = draw_clean(source, asks)
    max_mw = np.array([50.0 * source.integer(1, 16) for _ in range(sites)])
    if source.flag(30):
        fixed_musd = np.full(sites, float(source.integer(0, 10)))
    else:
        fixed_musd = np.array([float(source.integer(0, 60)) for _ in range(sites)])
    grid_clean = np.array([source.integer(0, 10) / 10 for _ in range(sites)])
    # The mix is the zone's: that of its first site here.
    grid_clean = np.array([grid_clean[np.argmax(zone == z)] for z in zone])
    plants = source.integer(0, 4)
    mwh_per_mw = 8760 * campus.load_factor

    names = list(SITE_NAMES)
    site_ids = sorted(names.pop(source.integer(0, len(names) - 1)) for _ in range(sites))
    zone_ids = sorted(ZONE_NAMES)[: len(parent)]

    required = np.zeros(sites, dtype=np.bool_)
    if asks.on("require_sites", 25):
        required[source.integer(0, sites - 1)] = True
        required[source.integer(0, sites - 1)] |= source.flag(30)
    keep = source.flag(35) if keep_after_span_loss is None else keep_after_span_loss
    km, routes = draw_network(source, sites, spans=3) if keep else draw_km(source, sites)
    pairs_km = np.unique(km[np.isfinite(km)])
    limit_km = float(
        pairs_km[min(len(pairs_km) - 1, int(source.pick((3, 4, 4, 4, 2)) / 4 * len(pairs_km)))]
    )
    cap_mw = np.minimum(max_mw, campus.max_mw)
    cluster = draw_cluster(source, asks, sense, count, limit_km, cap_mw)
    if network != "mesh":
        tour_km = limit_km * source.pick((4, 3, 2.5, 2, 1.5)) if network == "ring" else 0.0
        cluster = cluster.model_copy(update={"network": network, "max_ring_km": tour_km})
    cluster = cluster.model_copy(update={"keep_after_span_loss": keep})
    return Case(
        campus=campus,
        cluster=cluster,
        clean=clean,
        sense=sense,
        site_ids=tuple(site_ids),
        lon=np.arange(sites) - 100.0,
        lat=np.full(sites, 40.0),
        max_mw=max_mw,
        pue=np.array([source.pick((1.25, 1.0, 1.2, 1.6)) for _ in range(sites)]),
        fixed_musd_per_year=fixed_musd,
        variable_musd_per_mw_year=np.array(
            [0.5 + source.integer(0, 40) / 50 for _ in range(sites)]
        ),
        price_usd_per_mwh=np.full(sites, 60.0),
        grid_clean_fraction=grid_clean if clean.count_grid_mix else np.zeros(sites),
        zone=zone,
        utility=utility,
        region=np.array([zone_region[z] for z in zone], dtype=np.int64),
        area=np.array([zone_area[z] for z in zone], dtype=np.int64),
        required=required,
        utilities=("u-1", "u_1", "u 1", "u+1"),
        regions=("east", "south", "west"),
        zone_ids=tuple(zone_ids),
        zone_utility=tuple(("u-1", "u_1", "u 1", "u+1")[u] for u in zone_utility),
        headroom_mw=headroom_mw,
        parent=np.array(parent, dtype=np.int64),
        supply_ids=tuple(sorted(SUPPLY_NAMES)[:plants]),
        supply_area=np.array([source.integer(0, 2) for _ in range(plants)], dtype=np.int64),
        contractable_mwh=np.array(
            [25.0 * source.integer(0, 24) * mwh_per_mw for _ in range(plants)]
        ),
        premium_usd_per_mwh=np.array([float(source.integer(0, 25)) for _ in range(plants)]),
        reach=Reach.from_dense(km, limit_km),
        routes=routes,
    )


def draw_zones(source: Source) -> tuple[list[int], np.ndarray]:
    """Two to four leaf zones in a forest: parents' positions, and headrooms [MW]."""
    leaves = source.pick((3, 4, 2))
    shape = source.pick(("one parent", "two levels", "two parents"))
    if shape == "one parent":
        # The last leaf has no parent, in some.
        parent = [leaves] * leaves + [-1]
        if source.flag(30):
            parent[leaves - 1] = -1
    elif shape == "two levels":
        parent = [leaves] * (leaves // 2) + [leaves + 1] * (leaves - leaves // 2)
        parent += [leaves + 1, -1]
    else:
        parent = [leaves] * (leaves // 2) + [leaves + 1] * (leaves - leaves // 2) + [-1, -1]
    roomy = source.flag(70)
    headroom_mw = [
        50.0 * source.integer(*((10, 40) if roomy else (0, 20)) if z < leaves else (10, 60))
        for z in range(len(parent))
    ]
    return parent, np.array(headroom_mw)


def draw_campus(source: Source, asks: Asks) -> CampusSection:
    """Limits of a campus, in modules for some."""
    module_mw = float(source.pick((50, 75, 100, 120))) if asks.on("module_mw", 25) else 0.0
    return CampusSection(
        min_mw=float(source.pick((50, 100, 150, 200))),
        max_mw=float(source.pick((800, 600, 500, 400, 300))),
        module_mw=module_mw,
        load_factor=source.pick((0.9, 1.0, 0.5)),
    )


def draw_clean(source: Source, asks: Asks) -> CleanSection:
    """Clean energy, asked for by some."""
    return CleanSection(
        min_fraction=source.pick((0.3, 0.5, 0.8, 1.0)) if asks.on("min_fraction", 30) else 0.0,
        count_grid_mix=not source.flag(30),
    )


def draw_cluster(
    source: Source, asks: Asks, sense: str, count: int, limit_km: float, cap_mw: np.ndarray
) -> ClusterSection:
    """What makes a cluster; the options are off for most, so that many cases have a plan."""
    most = source.pick((4, 3, 5, 2, 8, 1) if count == 1 else (2, 3, 1, 4))
    least = min(most, source.pick((1, 2, 2, 3) if count == 1 else (1, 2)))
    # A part of what the largest campuses could draw, zones aside.
    best_mw = np.sort(cap_mw)[::-1][: most * count].sum() / count / count
    target_mw: float | None = max(50.0, 50.0 * round(source.pick((1, 2, 3, 4, 5)) * best_mw / 400))
    load = "target_it_mw" if asks.on("target_it_mw", 25) else "target_mw"
    no_target = sense == "maximise_mw" and asks.on("no_target", 40)

    def kept(option: str, fractions: Sequence[float]) -> float:
        # A part of the target is asked, so there must be one.
        return source.pick(fractions) if asks.on(option, 15) and not no_target else 0.0

    share = asks.on("max_utility_fraction", 15)
    return ClusterSection(
        **{} if no_target else {load: target_mw},
        count=count,
        min_campuses=least,
        max_campuses=most,
        max_fiber_km=limit_km,
        min_utilities=source.pick((2, 2, 3)) if asks.on("min_utilities", 20) else 1,
        max_utility_fraction=source.pick((0.75, 0.6, 0.5, 0.4)) if share else 1.0,
        min_regions=source.pick((2, 2, 2, 3)) if asks.on("min_regions", 20) else 1,
        keep_after_campus_loss=kept("keep_after_campus_loss", (0.25, 0.5, 0.6, 0.8, 1.0)),
        keep_after_utility_loss=kept("keep_after_utility_loss", (0.25, 0.5, 0.6, 1.0)),
    )


def draw_km(source: Source, sites: int) -> tuple[np.ndarray, Routes | None]:
    """Kilometres between sites, a metric: of a random network, of points in a plane, or closed.

    And the routes, where there are any.
    """
    kind = source.pick(("network", "plane", "closed"))
    if kind == "network":
        return draw_network(source, sites)
    if kind == "plane":
        x, y = (np.array([10.0 * source.integer(0, 30) for _ in range(sites)]) for _ in range(2))
        km = np.ceil(1.3 * np.hypot(x[:, None] - x, y[:, None] - y))
    else:
        km = np.array([[float(source.integer(0, 400)) for _ in range(sites)] for _ in range(sites)])
        km = closed(np.minimum(km, km.T))
    np.fill_diagonal(km, 0.0)
    return km, None


def draw_network(source: Source, sites: int, spans: int = 2) -> tuple[np.ndarray, Routes]:
    """Shortest routes on a random fiber graph, accesses at both ends; it may fall in parts.

    Up to so many spans lead from a node to the ones before it.
    """
    nodes = source.integer(3, 7)
    span_km: dict[tuple[int, int], float] = {}
    for node in range(1, nodes):
        for _ in range(source.integer(spans - 1, spans)):
            # A node without a span to the ones before it starts a new part.
            other = source.integer(0, node - 1)
            if not source.flag(8):
                span_km[other, node] = 10.0 * source.integer(1, 30)
    km = np.full((nodes, nodes), np.inf)
    for (a, b), length_km in span_km.items():
        km[a, b] = km[b, a] = length_km
    np.fill_diagonal(km, 0.0)
    km = closed(km)
    access_km = np.array([float(source.integer(0, 40)) for _ in range(sites)])
    node_of = np.array([source.integer(0, nodes - 1) for _ in range(sites)])
    sites_km = km[np.ix_(node_of, node_of)] + access_km[:, None] + access_km
    np.fill_diagonal(sites_km, 0.0)
    graph = FiberGraph.from_spans(
        ids=[f"f{a}{b}" for a, b in span_km],
        start=[a for a, _ in span_km],
        end=[b for _, b in span_km],
        km=list(span_km.values()),
        node_ids=[f"n{node}" for node in range(nodes)],
        node_lon=np.arange(nodes) - 100.0,
        node_lat=np.full(nodes, 40.0),
    )
    return sites_km, Routes(graph, Access(node_of, access_km))


def closed(km: np.ndarray) -> np.ndarray:
    """The shortest ways through any places, so that no way round is shorter."""
    for via in range(len(km)):
        km = np.minimum(km, km[:, via, None] + km[None, via, :])
    return km
