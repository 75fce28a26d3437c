"""The fiber graph, distances, routes and tiers, against programs that share no code with them."""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.errors import InputError
from siting.fiber import (
    TIERS,
    Access,
    FiberGraph,
    Reach,
    Routes,
    access_of,
    compute_reach,
    distances,
    find_routes,
    reach_of_access,
    tier_of,
)
from siting.sphere import great_circle_km
from siting.units import EARTH_RADIUS_KM

SPHERE = pyproj.Geod(a=EARTH_RADIUS_KM * 1000, b=EARTH_RADIUS_KM * 1000)


def graph_of(nodes, spans):
    """A graph from ``{id: (lon, lat)}`` and ``[(id, from, to, km)]``."""
    at = {node: n for n, node in enumerate(nodes)}
    return FiberGraph.from_spans(
        ids=[span[0] for span in spans],
        start=[at[span[1]] for span in spans],
        end=[at[span[2]] for span in spans],
        km=[span[3] for span in spans],
        node_ids=list(nodes),
        node_lon=[lon for lon, _ in nodes.values()],
        node_lat=[lat for _, lat in nodes.values()],
    )


def floyd_warshall(count, spans):
    """Shortest routes between all nodes, by the definition."""
    km = [[math.inf] * count for _ in range(count)]
    for n in range(count):
        km[n][n] = 0.0
    for start, end, length in spans:
        km[start][end] = min(km[start][end], length)
        km[end][start] = min(km[end][start], length)
    for k, i, j in itertools.product(range(count), repeat=3):
        km[i][j] = min(km[i][j], km[i][k] + km[k][j])
    return km


def heap_dijkstra(neighbours, source):
    """Shortest routes from one node, with nothing but a heap."""
    km, heap = {}, [(0.0, source)]
    while heap:
        length, node = heapq.heappop(heap)
        if node not in km:
            km[node] = length
            for other, span_km in neighbours[node]:
                heapq.heappush(heap, (length + span_km, other))
    return km


@st.composite
def graphs(draw):
    """Small graphs with parallel spans, loops, zero-length spans, components and shared nodes."""
    count = draw(st.integers(1, 9))
    node = st.integers(0, count - 1)
    # A few lengths only, so that ties are common.
    km = st.sampled_from([0.0, 0.0, 1.0, 2.0, 5.0, 7.5, 100.0, 0.1, 0.3])
    spans = draw(st.lists(st.tuples(node, node, km), max_size=20))
    position = st.tuples(st.integers(-5, 5), st.integers(-5, 5))
    places = draw(st.lists(position, min_size=count, max_size=count))
    sites = draw(st.lists(st.tuples(node, st.sampled_from([0.0, 1.0, 3.3])), max_size=8))
    limit_km = draw(st.sampled_from([0.0, 1.0, 5.0, 11.3, 250.0, math.inf]))
    return places, spans, sites, limit_km


def build(places, spans):
    names = {f"n{n}": place for n, place in enumerate(places)}
    return graph_of(names, [(f"s{s}", f"n{a}", f"n{b}", km) for s, (a, b, km) in enumerate(spans)])


# --- the graph ---------------------------------------------------------------------------------


def test_of_parallel_spans_the_shortest_is_kept_and_of_equal_ones_the_lowest_id():
    nodes = {"a": (0, 0), "b": (1, 0), "c": (2, 0)}
    spans = [("s3", "a", "b", 9.0), ("s2", "b", "a", 7.0), ("s1", "a", "b", 7.0)]
    graph = graph_of(nodes, [*spans, ("loop", "c", "c", 1.0), ("s4", "b", "c", 2.0)])
    assert graph.span_ids == ("s1", "s4")
    assert graph.km.tolist() == [7.0, 7.0, 2.0, 2.0]
    assert graph.indices.tolist() == [1, 0, 2, 1]
    assert graph.indptr.tolist() == [0, 1, 3, 4]
    assert graph.span.tolist() == [0, 0, 1, 1]


def test_spans_of_no_length_join_their_ends():
    nodes = {"a": (0, 0), "b": (0, 0), "c": (1, 0), "d": (1, 0)}
    graph = graph_of(nodes, [("s1", "a", "b", 0.0), ("s2", "b", "c", 5.0), ("s3", "c", "d", 0.0)])
    assert graph.csr.nnz == 6
    assert graph.component.tolist() == [0, 0, 0, 0]
    access = Access(np.arange(4), np.zeros(4))
    reach = reach_of_access(graph, access, limit_km=10.0)
    assert reach.dense().tolist() == [[0, 0, 5, 5], [0, 0, 5, 5], [5, 5, 0, 0], [5, 5, 0, 0]]
    assert reach.pairs == 6
    assert reach_of_access(graph, access, limit_km=0.0).pairs == 2
    (route,) = find_routes(graph, access, [(0, 3)])
    assert route.span_ids == ("s1", "s2", "s3")


def test_components_are_numbered_by_size_then_by_first_node():
    nodes = dict.fromkeys("abcdef", (0, 0))
    spans = [("s1", "b", "c", 1.0), ("s2", "e", "f", 1.0), ("s3", "f", "d", 0.0)]
    assert graph_of(nodes, spans).component.tolist() == [2, 1, 1, 0, 0, 0]


@given(graphs())
def test_components_are_those_of_the_routes(drawn):
    places, spans, _, _ = drawn
    component = build(places, spans).component
    km = floyd_warshall(len(places), spans)
    for a, b in itertools.product(range(len(places)), repeat=2):
        assert (component[a] == component[b]) == (km[a][b] < math.inf)


# --- great circles and accesses ----------------------------------------------------------------


@settings(max_examples=200)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90))
def test_great_circle_is_that_of_an_independent_library(lon1, lat1, lon2, lat2):
    ours = float(great_circle_km(lon1, lat1, lon2, lat2))
    theirs = SPHERE.inv(lon1, lat1, lon2, lat2)[2] / 1000
    # Near antipodes the haversine loses half of its digits: 1e-8 of a turn is 0.1 m.
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-6 if ours < 19_000 else 1e-3)
    assert ours == float(great_circle_km(lon2, lat2, lon1, lat1))


def test_great_circle_by_hand():
    quarter = math.pi / 2 * EARTH_RADIUS_KM
    got = great_circle_km(
        [0, 0, 0, 179, 10], [0, 0, 0, 0, 5], [0, 90, 0, -179, 10], [0, 0, 90, 0, 5]
    )
    want = [0.0, quarter, quarter, quarter * 2 / 90, 0.0]
    np.testing.assert_allclose(got, want, rtol=1e-12)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_a_site_joins_the_nearest_node(node_count, site_count, seed):
    random = np.random.default_rng(seed)
    lon, lat = random.uniform(-180, 180, node_count), random.uniform(-90, 90, node_count)
    site_lon, site_lat = random.uniform(-180, 180, site_count), random.uniform(-90, 90, site_count)
    graph = build(list(zip(lon, lat, strict=True)), [])
    access = access_of(graph, site_lon, site_lat, route_factor=1.25)
    for i in range(site_count):
        away = [
            SPHERE.inv(site_lon[i], site_lat[i], *node)[2] / 1000
            for node in zip(lon, lat, strict=True)
        ]
        assert access.node[i] == int(np.argmin(away))
        assert access.km[i] == pytest.approx(1.25 * min(away), rel=1e-9, abs=1e-6)


def test_of_equally_near_nodes_the_lowest_id_is_joined():
    nodes = {"z": (0, 1), "y": (1, 0), "b": (1, 0), "c": (-1, 0), "a": (0, -1), "far": (9, 9)}
    graph = graph_of(nodes, [])
    access = access_of(graph, np.array([0.0, 1.0]), np.array([0.0, 0.0]), route_factor=1.0)
    assert [graph.node_ids[n] for n in access.node] == ["a", "b"]
    assert access.km[1] == 0.0


def test_many_nodes_at_one_place_hide_no_nearer_tie():
    nodes = {f"n{n}": (1, 0) for n in range(9)} | {"a": (-1, 0)}
    access = access_of(graph_of(nodes, []), np.zeros(1), np.zeros(1), route_factor=1.0)
    assert access.node.tolist() == [9]


def test_across_the_antimeridian_near_is_near():
    access = access_of(
        graph_of({"a": (0, 0), "b": (-179.9, 0)}, []),
        np.array([179.9]),
        np.zeros(1),
        route_factor=1.0,
    )
    assert access.node.tolist() == [1]


def test_a_graph_without_nodes_is_refused_if_a_site_must_join():
    with pytest.raises(InputError, match="no site can join"):
        access_of(graph_of({}, []), np.zeros(1), np.zeros(1), route_factor=1.0)
    empty = access_of(graph_of({}, []), np.empty(0), np.empty(0), route_factor=1.0)
    assert len(reach_of_access(graph_of({}, []), empty, limit_km=1.0)) == 0


# --- distances ---------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(graphs(), st.sampled_from([8, 100, 10**9]), st.sampled_from([1, 2]))
def test_reach_is_what_the_definition_says(drawn, chunk_bytes, threads):
    places, spans, sites, limit_km = drawn
    graph = build(places, spans)
    access = Access(
        np.array([node for node, _ in sites], np.int64), np.array([km for _, km in sites], float)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "CHUNK_BYTES", chunk_bytes)
        reach = reach_of_access(graph, access, limit_km=limit_km, threads=threads)
    route_km = floyd_warshall(len(places), spans)
    dense = reach.dense()
    assert (dense == dense.T).all()
    assert np.isfinite(reach.km).all()
    for i, j in itertools.combinations(range(len(sites)), 2):
        km = route_km[sites[i][0]][sites[j][0]] + sites[i][1] + sites[j][1]
        if abs(km - limit_km) > 1e-9:
            assert (dense[i, j] < math.inf) == (km <= limit_km and km < math.inf)
        if dense[i, j] < math.inf:
            assert dense[i, j] == pytest.approx(km, abs=1e-9)
        assert reach.km_between(i, j) == reach.km_between(j, i) == dense[i, j]
    for i in range(len(reach)):
        others, _ = reach.of(i)
        assert (np.diff(others) > 0).all()
        assert i not in others


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 10**9]))
def test_a_pair_at_the_limit_itself_is_held_whatever_rounding_does(seed, chunk_bytes):
    random = np.random.default_rng(seed)
    spans = [
        (int(a), int(b), float(km))
        for (a, b), km in zip(random.integers(0, 6, (8, 2)), random.random(8) / 3, strict=True)
    ]
    graph = build([(0, 0)] * 6, spans)
    access = Access(random.integers(0, 6, 6), random.random(6) / 7)
    everything = reach_of_access(graph, access, limit_km=math.inf)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "CHUNK_BYTES", chunk_bytes)
        for limit_km in np.unique(everything.km):
            for limit in (limit_km, np.nextafter(limit_km, 0)):
                found = reach_of_access(graph, access, limit_km=float(limit))
                expected = everything.within(float(limit))
                assert found.indices.tolist() == expected.indices.tolist()
                assert found.km.tobytes() == expected.km.tobytes()


def world_like(count, seed, sites=None):
    """Nodes over a country, joined to their nearest ones; sites are some of the nodes, moved."""
    random = np.random.default_rng(seed)
    lon, lat = random.uniform(-120, -75, count), random.uniform(30, 48, count)
    order = np.argsort(lon)
    spans = []
    for at, n in enumerate(order):
        for m in order[at + 1 : at + 4]:
            km = float(great_circle_km(lon[n], lat[n], lon[m], lat[m])) * random.uniform(1, 1.4)
            spans.append((n, m, km))
    chosen = random.choice(count, sites or count, replace=False)
    site_lon, site_lat = lon[chosen] + random.uniform(0, 0.05, len(chosen)), lat[chosen]
    return build(list(zip(lon, lat, strict=True)), spans), spans, site_lon, site_lat


def test_reach_of_a_country_against_a_plain_heap():
    graph, spans, lon, lat = world_like(300, seed=7, sites=200)
    access = access_of(graph, lon, lat, route_factor=1.3)
    reach = compute_reach(graph, lon, lat, route_factor=1.3, limit_km=900.0)
    neighbours = [[] for _ in range(len(graph))]
    for a, b, km in spans:
        neighbours[a].append((b, km))
        neighbours[b].append((a, km))
    assert 500 < reach.pairs < 200 * 199 / 2
    for i in range(0, 200, 5):
        route_km = heap_dijkstra(neighbours, int(access.node[i]))
        for j in range(200):
            if i == j:
                continue
            km = route_km.get(int(access.node[j]), math.inf) + access.km[i] + access.km[j]
            if km <= 900.0:
                assert reach.km_between(i, j) == pytest.approx(km, abs=1e-9)
            else:
                assert reach.km_between(i, j) == math.inf


def test_a_pair_is_as_long_whichever_other_sites_are_asked_for():
    graph, _, lon, lat = world_like(120, seed=3)
    everything = compute_reach(graph, lon, lat, route_factor=1.3, limit_km=1200.0)
    shuffled = np.random.default_rng(4).permutation(120)[:90]
    assert everything.pairs > 500
    for sites in (np.arange(3, 90, 4), shuffled):
        some = compute_reach(graph, lon[sites], lat[sites], route_factor=1.3, limit_km=1200.0)
        taken = everything.take(sites)
        assert some.km.tobytes() == taken.km.tobytes()
        assert some.indices.tolist() == taken.indices.tolist()
        assert some.indptr.tolist() == taken.indptr.tolist()
    shorter = compute_reach(graph, lon, lat, route_factor=1.3, limit_km=400.0)
    assert shorter.km.tobytes() == everything.within(400.0).km.tobytes()
    with pytest.raises(ValueError, match="held up to"):
        shorter.within(401.0)


def test_reach_from_a_dense_matrix_and_back():
    km = np.array([[0, 3, np.inf], [3, 0, 8], [np.inf, 8, 0]])
    for limit_km, pairs in ((2, 0), (3, 1), (8, 2), (np.inf, 2)):
        reach = Reach.from_dense(km.copy(), limit_km)
        assert reach.pairs == pairs
        expected = np.where(km <= limit_km, km, np.inf)
        assert (reach.dense() == expected).all()
        assert (reach.take(np.array([2, 0])).dense() == expected[np.ix_([2, 0], [2, 0])]).all()
    assert len(reach.take(np.empty(0, np.int64))) == 0


# --- routes ------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_a_route_is_a_walk_as_long_as_the_reach_says(drawn):
    places, spans, sites, _ = drawn
    graph = build(places, spans)
    access = Access(
        np.array([node for node, _ in sites], np.int64), np.array([km for _, km in sites], float)
    )
    reach = reach_of_access(graph, access, limit_km=math.inf)
    by_id = {f"s{s}": span for s, span in enumerate(spans)}
    for i, j in itertools.permutations(range(len(sites)), 2):
        if reach.km_between(i, j) == math.inf:
            with pytest.raises(ValueError, match="no fiber route"):
                find_routes(graph, access, [(i, j)])
            continue
        (route,) = find_routes(graph, access, [(i, j)])
        assert route.km == pytest.approx(reach.km_between(i, j), abs=1e-9)
        assert (route.nodes[0], route.nodes[-1]) == (sites[i][0], sites[j][0])
        assert len(set(route.nodes)) == len(route.nodes) == len(route.span_ids) + 1
        walked = 0.0
        for a, b, span in zip(route.nodes, route.nodes[1:], route.span_ids, strict=False):
            assert {a, b} == set(by_id[span][:2])
            walked += by_id[span][2]
        assert walked + sites[i][1] + sites[j][1] == pytest.approx(route.km, abs=1e-9)
        (back,) = find_routes(graph, access, [(j, i)])
        assert back.nodes == route.nodes[::-1]
        assert back.span_ids == route.span_ids[::-1]
        assert back.km == route.km
        ends = [
            graph.span_ids.index(route.span_ids[at]) if route.span_ids else -1 for at in (0, -1)
        ]
        found = Routes(graph, access).end_spans_between([(i, j), (j, i)])
        assert found.tolist() == [ends, ends[::-1]]


def test_among_equal_routes_the_one_of_fewest_spans_then_lowest_ids():
    nodes = dict.fromkeys(["a", "m", "l", "X", "b"], (0, 0))
    diamond = [
        ("s1", "a", "m", 1.0),
        ("s2", "m", "b", 1.0),
        ("s3", "a", "l", 1.0),
        ("s4", "l", "b", 1.0),
    ]
    detour = [("s5", "a", "X", 0.0), ("s6", "X", "l", 1.0)]
    for spans in (diamond + detour, (diamond + detour)[::-1]):
        graph = graph_of(nodes, spans)
        access = Access(np.array([0, 4]), np.zeros(2))
        (route,) = find_routes(graph, access, [(0, 1)])
        assert route.span_ids == ("s3", "s4")
        assert route.node_ids == ("a", "l", "b")


def test_routes_of_sites_at_one_node_have_no_spans():
    graph = graph_of({"a": (0, 0), "b": (1, 0)}, [("s1", "a", "b", 1.0)])
    (route,) = find_routes(graph, Access(np.array([1, 1]), np.array([2.0, 3.0])), [(1, 0)])
    assert (route.km, route.node_ids, route.span_ids, route.sites) == (5.0, ("b",), (), (1, 0))


# --- tiers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("km", "tier"),
    [
        (0, "ethernet"),
        (40, "ethernet"),
        (math.nextafter(40, 41), "zr"),
        (80, "zr"),
        (80.001, "long_haul"),
        (500, "long_haul"),
        (500.001, "async"),
        (math.inf, "async"),
    ],
)
def test_tiers_hold_their_upper_end(km, tier):
    assert tier_of(km) == tier


def test_tiers_ascend_and_no_length_is_without_one():
    assert [tier.max_km for tier in TIERS] == sorted(tier.max_km for tier in TIERS)
    assert TIERS[-1].max_km == math.inf
    for km in (-1.0, math.nan):
        with pytest.raises(ValueError, match="a length is 0 km or more"):
            tier_of(km)
