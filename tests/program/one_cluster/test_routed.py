"""Reach that is routed when it is asked for, and anchors bounded in groups: the same answers."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from cases import random_case

from siting import distances
from siting.case import SITE_ARRAYS
from siting.fiber import (
    FiberGraph,
    RoutedReach,
    access_of,
    reach_of_access,
    routed,
)
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.one_cluster import anchor_queue as cover
from siting.program.one_cluster import min_cost as program
from siting.program.one_cluster.anchor_queue import AnchorQueue
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.relaxations.knapsack import Knapsack
from siting.program.sites.neighbourhoods import first_members, order_sites
from siting.sphere import great_circle_km

ARRAYS = ("indptr", "indices", "km")

FEASIBLE = 4
"""Seed of a question that has plans around many anchors."""


def random_graph(rng, nodes=60, extra=40, whole_km=False):
    """A tree with more spans, on a small piece of the earth; lengths whole kilometres or not."""
    lon, lat = rng.uniform(-100, -92, nodes), rng.uniform(32, 38, nodes)
    ends = [(int(rng.integers(0, n)), n) for n in range(1, nodes)]
    ends += [tuple(rng.choice(nodes, 2, replace=False).tolist()) for _ in range(extra)]
    start, end = np.array(ends).T
    km = great_circle_km(lon[start], lat[start], lon[end], lat[end]) * rng.uniform(1, 2, len(ends))
    return FiberGraph.from_spans(
        ids=[f"s{n}" for n in range(len(ends))],
        start=start,
        end=end,
        km=np.ceil(km) if whole_km else km,
        node_ids=[f"n{n:03d}" for n in range(nodes)],
        node_lon=lon,
        node_lat=lat,
    )


def both(seed, sites=40, limit_km=400.0, *, whole_km=False):
    """The plain and the routed reach between the same random sites; some share a node."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, whole_km=whole_km)
    at = rng.integers(0, len(graph), sites)
    apart = 0.0 if whole_km else 0.05
    lon, lat = graph.lon[at] + apart * rng.normal(size=sites), graph.lat[at]
    access = access_of(graph, lon, lat, route_factor=1.3)
    plain = reach_of_access(graph, access, limit_km=limit_km)
    return plain, RoutedReach.of_graph(graph, access, limit_km=limit_km)


@pytest.fixture(params=[3_000, 0], ids=["held", "routed"])
def few(request, monkeypatch):
    """Small cases are held as a plain reach, or routed row by row like large ones."""
    monkeypatch.setattr(routed, "FEW_SITES", request.param)


@pytest.mark.parametrize("seed", range(6))
def test_routed_reach_holds_the_pairs_of_the_plain_one(few, seed):
    plain, lazy = both(seed)
    for name in ARRAYS:
        assert np.array_equal(getattr(lazy, name), getattr(plain, name)), name
    assert np.array_equal(lazy.neighbours, plain.neighbours)
    assert (len(lazy), lazy.pairs) == (len(plain), plain.pairs)
    for i in range(len(plain)):
        sites, km = lazy.of(i)
        assert np.array_equal(sites, plain.of(i)[0])
        assert km == pytest.approx(plain.of(i)[1], rel=1e-12)
        for j in range(len(plain)):
            assert lazy.km_between(i, j) == plain.km_between(i, j)
    for i, (sites, _) in enumerate(lazy.rows(range(len(plain)))):
        assert np.array_equal(sites, plain.of(i)[0])


@pytest.mark.parametrize("seed", range(6))
def test_what_is_taken_from_a_routed_reach(few, seed):
    plain, lazy = both(seed)
    some = np.random.default_rng(seed).permutation(len(plain))[:15]
    for sites, limit_km in ((some, 400.0), (np.sort(some), 123.4), (some[:0], 50.0)):
        expected = plain.within(limit_km).take(sites)
        for found in (lazy.within(limit_km).take(sites), lazy.take(sites).within(limit_km)):
            for name in ARRAYS:
                assert np.array_equal(getattr(found, name), getattr(expected, name)), name
            assert np.array_equal(found.dense(), expected.dense())
            assert found.limit_km == limit_km
    with pytest.raises(ValueError, match="not up to 401 km"):
        lazy.within(401)


@pytest.mark.parametrize("seed", range(6))
def test_pairs_of_one_part(few, seed):
    plain, lazy = both(seed)
    rng = np.random.default_rng(seed)
    halves, thirds = rng.integers(2, size=len(plain)), rng.integers(3, size=len(plain))
    some = rng.permutation(len(plain))[:15]
    site = np.repeat(np.arange(len(plain)), np.diff(plain.indptr))
    here, there = plain.indices, site
    expected = plain.only((halves[here] == halves[there]) & (thirds[here] == thirds[there]))
    assert 0 < expected.pairs < plain.pairs
    found = lazy.of_one_part(halves).of_one_part(thirds)
    for reach, same in ((found, expected), (found.take(some), expected.take(some))):
        for name in ARRAYS:
            assert np.array_equal(getattr(reach, name), getattr(same, name)), name
        for i in range(len(same)):
            assert np.array_equal(reach.of(i)[0], same.of(i)[0])
            assert [reach.km_between(i, j) for j in range(len(same))] == [
                same.km_between(i, j) for j in range(len(same))
            ]
    assert found.within(100.0).pairs == expected.within(100.0).pairs


@pytest.mark.parametrize("seed", range(4))
def test_a_limit_that_pairs_meet_exactly(few, seed):
    """Sums of whole kilometres are exact, and many pairs are exactly as long as the limit."""
    whole, _ = both(seed, whole_km=True)
    lengths = np.unique(whole.km)
    for limit_km in lengths[:: max(1, len(lengths) // 5)]:
        plain, lazy = both(seed, whole_km=True, limit_km=float(limit_km))
        assert plain.km.max() == limit_km
        for i in range(len(plain)):
            assert np.array_equal(lazy.of(i)[0], plain.of(i)[0])


def test_what_lies_around_a_site_beyond_the_limit(few):
    plain, lazy = both(1, limit_km=1e4)
    short = lazy.within(100.0)
    for km in (50.0, 700.0):
        for i, (sites, away_km) in enumerate(short.around(range(len(plain)), km)):
            others, others_km = plain.of(i)
            assert np.array_equal(sites, np.sort(np.append(others[others_km <= km], i)))
            assert away_km[sites == i] == 0.0


def test_a_search_is_made_once_and_forgotten_when_memory_is_short(monkeypatch):
    monkeypatch.setattr(routed, "FEW_SITES", 0)
    _, lazy = both(3)
    first = lazy.of(4)
    before = lazy.searches.searched
    again = lazy.take(np.arange(len(lazy))[::-1]).of(len(lazy) - 5)
    assert lazy.searches.searched == before
    assert len(again[0]) == len(first[0])
    monkeypatch.setattr(routed, "CACHE_BYTES", 1)
    lazy.of(5)
    lazy.of(4)
    assert lazy.searches.searched > before + 1


def test_a_routed_reach_goes_to_another_process_without_its_searches(few):
    plain, lazy = both(2)
    lazy.of(0)
    copy = pickle.loads(pickle.dumps(lazy))  # noqa: S301 - our own bytes
    assert copy.searches.searched == 0
    assert np.array_equal(copy.km, plain.km)


def test_many_sites_are_routed_when_they_are_asked_for(monkeypatch):
    import siting

    model = siting.read_model("two_utilities")
    world = siting.read_world(model)
    plain = distances.reach_of(model, world).reach
    monkeypatch.setattr(distances, "ROUTED_SITES", 2)
    lazy = distances.reach_of(model, world).reach
    assert isinstance(lazy, RoutedReach)
    assert not isinstance(plain, RoutedReach)
    assert np.array_equal(lazy.km, plain.km)


# ------------------------------------------------------------------------------ anchors in groups


def question(seed, sense="minimise_cost"):
    """One random cluster among 40 sites, with the plain reach and with the routed one."""
    plain, lazy = both(seed, limit_km=700.0)
    rng = np.random.default_rng(seed)
    base = random_case(seed, count=1, only="none", sense=sense)
    like = rng.integers(0, len(base.site_ids), len(plain))
    node, graph = lazy.access.node, lazy.searches.graph
    case = replace(
        base,
        cluster=base.cluster.model_copy(update={"max_fiber_km": plain.limit_km}),
        site_ids=tuple(f"s{i:02d}" for i in range(len(plain))),
        routes=None,
        reach=plain,
        **{name: getattr(base, name)[like] for name in SITE_ARRAYS},
    )
    case = replace(
        case,
        required=np.zeros(len(plain), np.bool_),
        lon=graph.lon[node],
        lat=graph.lat[node],
        variable_musd_per_mw_year=case.variable_musd_per_mw_year + rng.integers(0, 9, len(plain)),
    )
    return case, replace(case, reach=lazy)


@pytest.fixture
def deep(monkeypatch):
    """Groups are split step by step in small cases too."""
    monkeypatch.setattr(cover, "FIRST_SPLITS", 1)
    monkeypatch.setattr(cover, "SPLITS", 1)
    monkeypatch.setattr(routed, "FEW_SITES", 0)
    monkeypatch.setattr(program, "FIRST_SITES", 4)


@pytest.mark.parametrize("seed", range(12))
def test_a_group_is_bounded_by_no_more_than_each_of_its_anchors(deep, seed):
    """At every step of the search the bounds hold, and in the end they are the anchors' own."""
    plain, lazy = question(seed)
    order = order_sites(plain)
    plain, lazy = plain.take(order), lazy.take(order)
    sites = Knapsack.of(plain)
    own = program.by_cost(plain, sites, first_members(plain)).bounds
    groups = program.by_cost(lazy, sites, first_members(lazy))
    assert (groups.group >= 0).any() or len(order) <= 2
    popped = []
    while True:
        assert (groups.bounds <= own + 1e-9 * np.abs(own)).all()
        best = groups.pop(math.inf)
        if best is None:
            break
        popped.append(best)
    assert [bound for _, bound in popped] == pytest.approx(np.sort(own[np.isfinite(own)]))
    assert [h for h, _ in popped] == np.lexsort((np.arange(len(own)), own))[: len(popped)].tolist()
    assert groups.least == math.inf


@pytest.mark.parametrize("limit_km", [5.0, 50.0, 250.0, 700.0])
@pytest.mark.parametrize("seed", range(40))
def test_groups_are_no_nearer_than_their_nearest_sites(deep, seed, limit_km):
    """However wide the groups are beside the limit: what is far from their centres stands alone."""
    _, lazy = question(seed)
    lazy = replace(lazy, reach=lazy.reach.within(limit_km))
    everywhere, _ = both(seed, limit_km=1e6)
    true_km = everywhere.dense()
    sites = np.flatnonzero(np.random.default_rng(seed).random(len(true_km)) < 0.9)
    asked = [sites[part] for part in cover.halves(lazy, sites, np.arange(len(sites)), 1 + seed % 4)]
    groups, km = cover.apart(lazy, asked)
    assert sorted(np.concatenate(groups).tolist()) == sites.tolist()
    assert all(any(set(g) <= set(a) for a in asked) for g in groups)
    assert km.shape == (len(groups), len(groups))
    for a, one in enumerate(groups):
        for b, other in enumerate(groups):
            nearest_km = true_km[np.ix_(one, other)].min()
            if nearest_km <= limit_km:
                assert km[a, b] <= nearest_km + 1e-9


def test_far_groups_are_never_split(deep):
    plain, lazy = question(FEASIBLE)
    order = order_sites(plain)
    plain, lazy = plain.take(order), lazy.take(order)
    groups = program.by_cost(lazy, Knapsack.of(plain), first_members(lazy))
    assert groups.pop(groups.least - 1.0) is None
    assert (groups.group >= 0).any()
    h = groups.dive()
    assert h is not None
    assert groups.group[h] == -1


def test_anchors_that_are_ruled_out_and_raised():
    anchors = AnchorQueue.of_bounds(np.array([3, 5, 8, 9]), np.array([2.0, 1.0, 1.0, 7.0]))
    assert (len(anchors), anchors.least, anchors.dive()) == (4, 1.0, 5)
    anchors.keep(np.array([3, 8, 9]))
    assert anchors.pop(math.inf) == (8, 1.0)
    anchors.raise_bound(9, 4.0)
    anchors.raise_bound(8, 6.5)
    assert anchors.bounds.tolist() == [2.0, math.inf, 6.5, 7.0]
    assert anchors.pop(2.0) is None
    assert anchors.pop(3.0) == (3, 2.0)


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw", "minimise_fiber_km"])
@pytest.mark.parametrize("seed", range(4))
def test_plans_do_not_depend_on_how_distances_are_held(deep, seed, sense):
    plain, lazy = question(seed, sense)
    solver = Solver("highs", 1e-6, 1)
    expected, found = (solve_one_cluster(case, solver, Deadline(60)) for case in (plain, lazy))
    assert expected.complete
    assert found.complete
    assert expected.infeasible == found.infeasible
    if expected.best is not None:
        assert found.best is not None
        assert found.best.objective == pytest.approx(expected.best.objective, rel=1e-6)
        sign = -1 if sense == "maximise_mw" else 1
        assert sign * found.bound <= sign * expected.best.objective + 1e-6
