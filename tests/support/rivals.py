"""Random cases of up to 40 sites in which clusters compete, for tests of what is proven.

Larger than those of ``cases``, and too large to try every plan. Clusters want the same zones, which
lie in each other up to three levels deep, the same sites, and the same clean supply; in some there
is enough for all of them, in others for none. All limits are round numbers, so whether one holds is
never a matter of tolerances; costs are not, so few plans cost the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from cases import FromNumpy, Source, draw_km, draw_network

from siting.case import SITE_ARRAYS, Case
from siting.fiber import Access, FiberGraph, RoutedReach, Routes, access_of
from siting.fiber.reach import Reach
from siting.model import CampusSection, CleanSection, ClusterSection
from siting.sphere import great_circle_km

UTILITIES = ("north", "east", "south", "west")
REGIONS = ("coast", "plain", "hills")
AREAS = 3

MOST_RING_SITES = 12
"""The plain program of a ring of more sites takes too long."""

MOST_FIBER_SITES = 16
"""Likewise where fiber is counted: a variable for each pair and cluster."""

MOST_SPAN_SITES = 14
"""Likewise where the loss of a span must be survived, whose rows are found on the way."""

TIGHT = (1.1, 1.4, 1.7, 2.0)
ROOMY = (2.5, 4.0, 8.0)
"""Headroom of all zones, as a part of what all clusters want [1]."""


MOST_SITES = {1: 40, 2: 40, 3: 30}
"""Sites at the most, by the number of clusters: the plain program takes a second or a few."""


def rival_case(seed: int, *, most_sites: int = 40) -> Case:
    """The case of a seed; its sites, clusters, zones and options are all drawn."""
    source = FromNumpy(np.random.default_rng((7_041, seed)))
    count = source.pick((1, 2, 2, 2, 3, 3))
    network = source.pick(("mesh",) * 8 + ("hub", "hub", "ring"))
    sense = source.pick(("minimise_cost",) * 4 + ("maximise_mw", "minimise_fiber_km") * 2)
    most_sites = min(most_sites, MOST_SITES[count])
    if network == "ring":
        most_sites = min(most_sites, MOST_RING_SITES)
    elif sense == "minimise_fiber_km":
        most_sites = min(most_sites, MOST_FIBER_SITES if count > 1 else 24)
    sites = source.integer(source.pick((8, max(8, 3 * most_sites // 4))), most_sites)

    module_mw = float(source.pick((50, 75, 100))) if source.flag(15) else 0.0
    campus = CampusSection(
        min_mw=float(source.pick((20, 50, 100, 150))),
        max_mw=float(source.pick((800, 600, 400, 300))),
        module_mw=module_mw,
        load_factor=source.pick((0.9, 1.0, 0.5)),
    )
    max_mw = np.array([25.0 * source.integer(2, 32) for _ in range(sites)])
    cap_mw = np.minimum(max_mw, campus.max_mw)
    most = source.pick((3, 4, 2, 5, 6))
    large_mw = float(np.sort(cap_mw)[::-1][: most * count].mean())
    target_mw = max(
        50.0, 25.0 * round(source.pick((0.3, 0.4, 0.5, 0.6, 0.7)) * most * large_mw / 25)
    )

    parent, headroom_mw = nested_zones(source, count * target_mw)
    leaves = sorted(set(range(len(parent))) - set(parent))
    zone = np.array([source.pick(leaves) for _ in range(sites)], dtype=np.int64)
    zone_utility = np.array([source.integer(0, len(UTILITIES) - 1) for _ in parent])
    zone_region = np.array([source.integer(0, len(REGIONS) - 1) for _ in parent])
    zone_area = np.array([source.integer(0, AREAS - 1) for _ in parent])
    utility = zone_utility[zone]
    for i in range(sites):
        if source.flag(15):
            utility[i] = source.integer(0, len(UTILITIES) - 1)

    lon, lat, routes, reach = distances(source, sites)
    required = np.zeros(sites, dtype=np.bool_)
    if source.flag(12):
        required[source.integer(0, sites - 1)] = True
        required[source.integer(0, sites - 1)] |= source.flag(40)

    clean = CleanSection(min_fraction=source.pick((0.3, 0.5, 0.8)) if source.flag(25) else 0.0)
    plants = source.integer(2, 6) if clean.min_fraction > 0 else 0
    mwh_per_mw = 8760 * campus.load_factor
    wanted_mw = clean.min_fraction * count * target_mw * source.pick((1.0, 2.0, 4.0))
    supply_mw = [
        25.0 * round(wanted_mw * source.integer(5, 20) / 10 / plants / 25) for _ in range(plants)
    ]

    cluster = rival_cluster(source, sense, count, most, target_mw, reach.limit_km, network)
    case = Case(
        campus=campus,
        cluster=cluster,
        clean=clean,
        sense=sense,
        site_ids=tuple(f"s{i:02d}" for i in range(sites)),
        lon=lon,
        lat=lat,
        max_mw=max_mw,
        pue=np.array([source.pick((1.1, 1.25, 1.4)) for _ in range(sites)]),
        fixed_musd_per_year=np.array([source.integer(0, 4000) / 100 for _ in range(sites)])
        * source.pick((1, 1, 0, 4)),
        variable_musd_per_mw_year=np.array(
            [0.5 + source.integer(0, 1000) / 1000 for _ in range(sites)]
        ),
        price_usd_per_mwh=np.full(sites, 60.0),
        grid_clean_fraction=np.array([source.integer(0, 6) / 10 for _ in parent])[zone],
        zone=zone,
        utility=utility,
        region=zone_region[zone],
        area=zone_area[zone],
        required=required,
        utilities=UTILITIES,
        regions=REGIONS,
        zone_ids=tuple(f"z{z:02d}" for z in range(len(parent))),
        zone_utility=tuple(UTILITIES[u] for u in zone_utility),
        headroom_mw=headroom_mw,
        parent=np.array(parent, dtype=np.int64),
        supply_ids=tuple(f"p{r}" for r in range(plants)),
        supply_area=np.array([source.integer(0, AREAS - 1) for _ in range(plants)], dtype=np.int64),
        contractable_mwh=np.array(supply_mw) * mwh_per_mw,
        premium_usd_per_mwh=np.array([float(source.integer(0, 25)) for _ in range(plants)]),
        reach=reach,
        routes=routes,
    )
    if routes is not None and source.flag(25) and sites <= MOST_SPAN_SITES:
        survives = cluster.model_copy(update={"keep_after_span_loss": True})
        case = replace(case, cluster=survives)
    if source.flag(5):
        # As where a plan is sought that differs from others.
        reused = np.array([source.flag(30) for _ in range(sites)])
        case = replace(case, reused=reused, max_reused=source.integer(0, 2))
    if source.flag(8):
        # As where larger clusters must have shorter links to synchronise in time.
        limit_km = cluster.max_ring_km if network == "ring" else reach.limit_km
        parts = (1.0, 1.0, *(1 - 0.1 * m for m in range(most - 1)))
        case = replace(case, km_by_campuses=tuple(limit_km * part for part in parts))
    return case


def twin_case(seed: int, *, most_sites: int = 12) -> Case:
    """Two or three copies of a place out of reach of each other, and as many clusters.

    Nothing is shared, so the best plan is the best cluster of each place, and what is proven of
    one is proven of all: no competition hides a bound that is a little above it.
    """
    place, count = rival_case(seed, most_sites=most_sites), 2 + seed % 2
    if place.cluster.network == "ring" or place.sense == "minimise_fiber_km":
        place, count = rival_case(seed, most_sites=8), 2
    sites, zones = len(place.site_ids), len(place.zone_ids)
    km = np.full((count * sites, count * sites), np.inf)
    for copy in range(count):
        here = slice(copy * sites, (copy + 1) * sites)
        km[here, here] = place.reach.dense()

    def copies(values: np.ndarray, further: int = 0) -> np.ndarray:
        moved = [np.where(values < 0, values, values + copy * further) for copy in range(count)]
        return np.concatenate(moved)

    def names(ids: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{copy}-{name}" for copy in range(count) for name in ids)

    arrays = {name: copies(getattr(place, name)) for name in SITE_ARRAYS}
    arrays |= {
        "zone": copies(place.zone, zones),
        "area": copies(place.area, AREAS),
        "required": np.zeros(count * sites, dtype=np.bool_),
        "headroom_mw": copies(place.headroom_mw),
        "parent": copies(place.parent, zones),
        "supply_area": copies(place.supply_area, AREAS),
        "contractable_mwh": copies(place.contractable_mwh),
        "premium_usd_per_mwh": copies(place.premium_usd_per_mwh),
    }
    asked = {"count": count, "keep_after_span_loss": False}
    return replace(
        place,
        cluster=place.cluster.model_copy(update=asked),
        site_ids=names(place.site_ids),
        zone_ids=names(place.zone_ids),
        zone_utility=place.zone_utility * count,
        supply_ids=names(place.supply_ids),
        reach=Reach.from_dense(km, place.reach.limit_km),
        routes=None,
        reused=None,
        **arrays,
    )


def nested_zones(source: Source, wanted_mw: float) -> tuple[list[int], np.ndarray]:
    """Three to eight leaf zones, some in parents, and some of these in grandparents.

    Their headroom together is a part, or several times, of what is wanted [MW].
    """
    leaves = source.integer(3, 8)
    parents = source.pick((2, 1, 3, 0))
    grandparents = 1 if parents > 1 and source.flag(50) else 0
    parent = [
        leaves + source.integer(0, parents - 1) if parents and source.flag(80) else -1
        for _ in range(leaves)
    ]
    parent += [leaves + parents if grandparents and source.flag(70) else -1 for _ in range(parents)]
    parent += [-1] * grandparents
    shares = np.array([float(source.integer(1, 10)) for _ in range(leaves)])
    of_wanted = source.pick(TIGHT if source.flag(60) else ROOMY)
    headroom_mw = np.zeros(len(parent))
    headroom_mw[:leaves] = shares / shares.sum() * of_wanted * wanted_mw
    for z in range(leaves, len(parent)):
        # Children come before their parents.
        inside_mw = headroom_mw[:z][np.array(parent[:z]) == z].sum()
        headroom_mw[z] = inside_mw * source.pick((0.6, 0.8, 0.9, 1.0))
    return parent, 25.0 * np.round(headroom_mw / 25.0)


def rival_cluster(
    source: Source,
    sense: str,
    count: int,
    most: int,
    target_mw: float,
    limit_km: float,
    network: str,
) -> ClusterSection:
    """What makes a cluster; most options are off, so that many cases have a plan."""
    load = "target_it_mw" if source.flag(20) else "target_mw"
    no_target = sense == "maximise_mw" and source.flag(30)

    def some(fractions: Sequence[float], otherwise: float, percent: int = 8) -> float:
        return source.pick(fractions) if source.flag(percent) else otherwise

    return ClusterSection(
        **{} if no_target else {load: target_mw},
        count=count,
        min_campuses=min(most, source.pick((1, 2, 2, 3))),
        max_campuses=most,
        max_fiber_km=limit_km,
        network=network,
        max_ring_km=limit_km * source.pick((3, 2, 1.5)) if network == "ring" else 0.0,
        keep_after_span_loss=False,
        min_utilities=int(some((2, 2, 3), 1)),
        max_utility_fraction=some((0.75, 0.6, 0.5), 1.0),
        min_regions=int(some((2,), 1)),
        keep_after_campus_loss=0.0 if no_target else some((0.5, 0.7, 0.9), 0.0),
        keep_after_utility_loss=0.0 if no_target else some((0.4, 0.7), 0.0),
    )


def distances(source: Source, sites: int) -> tuple[np.ndarray, np.ndarray, Routes | None, Reach]:
    """Positions, routes and reach: as in ``cases``, or routed on a map when asked."""
    lon, lat = np.arange(sites) - 100.0, np.full(sites, 40.0)
    part = source.pick((0.3, 0.5, 0.7, 0.9))
    if source.flag(25):
        graph, access, lon, lat = on_a_map(source, sites)
        whole = RoutedReach.of_graph(graph, access, limit_km=3_000.0)
        limit_km = near_part(whole.dense(), part)
        return lon, lat, Routes(graph, access), whole.within(limit_km)
    km, routes = draw_network(source, sites, spans=3) if source.flag(30) else draw_km(source, sites)
    return lon, lat, routes, Reach.from_dense(km, near_part(km, part))


def near_part(km: np.ndarray, part: float) -> float:
    """Kilometres within which a part of all pairs lies."""
    apart_km = np.unique(km[np.isfinite(km) & (km > 0)])
    return float(apart_km[int(part * (len(apart_km) - 1))])


def on_a_map(source: Source, sites: int) -> tuple[FiberGraph, Access, np.ndarray, np.ndarray]:
    """Fiber between places on a piece of the earth, and sites near some of these."""
    nodes = source.integer(6, 20)
    node_lon = np.array([source.integer(-10_000, -9_400) / 100 for _ in range(nodes)])
    node_lat = np.array([source.integer(3_200, 3_800) / 100 for _ in range(nodes)])
    ends = {(source.integer(0, n - 1), n) for n in range(1, nodes)}
    for _ in range(nodes // 2):
        a, b = source.integer(0, nodes - 1), source.integer(0, nodes - 1)
        if a != b:
            ends.add((min(a, b), max(a, b)))
    start, end = np.array(sorted(ends)).T
    straight_km = great_circle_km(node_lon[start], node_lat[start], node_lon[end], node_lat[end])
    graph = FiberGraph.from_spans(
        ids=[f"f{a:02d}{b:02d}" for a, b in sorted(ends)],
        start=start,
        end=end,
        km=np.ceil(1.2 * straight_km) + 1,
        node_ids=[f"n{n:02d}" for n in range(nodes)],
        node_lon=node_lon,
        node_lat=node_lat,
    )
    at = np.array([source.integer(0, nodes - 1) for _ in range(sites)])
    lon = node_lon[at] + np.array([source.integer(-10, 10) / 100 for _ in range(sites)])
    return graph, access_of(graph, lon, node_lat[at], route_factor=1.3), lon, node_lat[at]
