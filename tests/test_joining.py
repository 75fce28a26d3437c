"""How sites join fiber and spans join each other, held against plane geometry and brute force."""

from __future__ import annotations

import heapq
import json
import math
import re
from itertools import pairwise

import numpy as np
import pytest
import shapely
from drafts import Draft, box, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

import siting
from siting.arcs import Lines, nearest_places, places_within
from siting.distances import join_sites, reach_of
from siting.errors import InfeasibleError, InputError
from siting.explanation import explain
from siting.fiber import pieces_of
from siting.model import read_model
from siting.report.antimeridian import draw_line
from siting.report.layers import draw_extent, to_geodataframes
from siting.units import EARTH_RADIUS_KM
from siting.world import misses, read_world
from siting.world.joining import chain, join_spans, near_crowds

GLOBE = Geod(a=1000 * EARTH_RADIUS_KM, b=1000 * EARTH_RADIUS_KM)
"""The sphere of mean radius, by PROJ."""

DEGREE_KM = math.pi * EARTH_RADIUS_KM / 180


def apart_km(one, other):
    return GLOBE.inv(*one, *other)[2] / 1000


def line_km(*places):
    return sum(apart_km(a, b) for a, b in pairwise(places))


def span(name, *places, **columns):
    return {"id": name, **columns, "geometry": shapely.LineString(places)}


def draft_of(fiber, sites, **world):
    """Two utilities side by side along a meridian in the middle, and what the test draws."""
    west, south, east, north = -104.0, 38.0, -96.0, 42.0
    draft = Draft()
    middle = (west + east) / 2
    both = {"headroom_mw": 1000}
    draft.zones = [
        {"id": "west", "utility": "A", **both, "geometry": box(west, south, middle, north)},
        {"id": "east", "utility": "B", **both, "geometry": box(middle, south, east, north)},
    ]
    draft.sites = [{"id": k, "lon": x, "lat": y, "max_mw": 400} for k, (x, y) in sites.items()]
    draft.fiber, draft.supply = list(fiber), []
    del draft.model["world"]["supply"]
    draft.model["cluster"] = {"target_mw": 700, "min_campuses": 2, "max_campuses": 4}
    draft.ask("world", **world)
    return draft


def read(draft, folder, **changes):
    model = read_model(draft.write(folder), set=changes)
    return model, read_world(model)


def km_of(draft, folder, **changes):
    """Kilometres between all sites by id, and the world."""
    model, world = read(draft, folder, **{"cluster.max_fiber_km": 1e6} | changes)
    distances = reach_of(model, world)
    dense = distances.reach.dense()
    ids = distances.site_ids
    return {(a, b): dense[i, j] for i, a in enumerate(ids) for j, b in enumerate(ids)}, world


def told(world):
    return [notice.what for notice in world.notices]


# --- Sites along a cable ------------------------------------------------------------------------

CABLE = [(x, 40.0) for x in np.linspace(-102.4, -97.6, 49)]


def test_sites_on_one_cable_are_as_far_apart_as_along_it(tmp_path):
    draft = draft_of([span("cable", *CABLE)], {"m1": (-100.03, 40.0), "m2": (-99.97, 40.0)})
    km, world = km_of(draft, tmp_path)
    assert km["m1", "m2"] == pytest.approx(1.3 * apart_km((-100.03, 40), (-99.97, 40)), abs=0.01)
    assert round(km["m1", "m2"], 1) == 6.6
    plan = siting.solve(draft.write(tmp_path))
    assert round(plan.objective, 1) == 1125.6
    (link,) = plan.clusters[0].links
    assert link.spans == ("cable (part 2 of 3)",)
    assert told(world) == []


def test_a_cable_with_a_length_of_its_own_shares_it_by_its_line(tmp_path):
    draft = draft_of(
        [span("c", (-102, 40), (-98, 40), km=680.0)],
        {"a": (-101, 40), "b": (-100, 40), "c": (-99, 40)},
    )
    # Along a parallel the arc between the ends runs further north: a quarter of its length lies
    # between two neighbours, which join it straight from the south.
    km, world = km_of(draft, tmp_path)
    access = dict(zip("abc", 1.3 * join_sites(world).away_km, strict=True))
    for a, b, share in (("a", "b", 0.25), ("b", "c", 0.25), ("a", "c", 0.5)):
        assert km[a, b] - access[a] - access[b] == pytest.approx(680 * share, rel=2e-4)
    parts = join_sites(world).graph
    assert sorted(parts.span_ids) == [f"c (part {k} of 4)" for k in range(1, 5)]
    assert parts.km.sum() / 2 == pytest.approx(680.0)


@pytest.mark.parametrize(("metres", "cut"), [(0.4, False), (1.6, True)])
def test_a_place_within_a_metre_of_an_end_is_the_end(metres, cut, tmp_path):
    at = -102 + metres / (1000 * DEGREE_KM * math.cos(math.radians(40)))
    sites = {"a": (at, 40.0001), "b": (-101.99, 40)}
    draft = draft_of([span("c", (-102, 40), (-101.99, 40))], sites)
    _, world = read(draft, tmp_path)
    assert join_sites(world).between == cut
    assert len(join_sites(world).graph) == 2 + cut


def test_sites_that_join_at_one_place_share_its_node(tmp_path):
    draft = draft_of(
        [span("c", (-100, 39), (-100, 41))],
        {"a": (-100.1, 40), "b": (-100, 40), "c": (-99.9, 40), "d": (-100, 40.5)},
    )
    _, world = read(draft, tmp_path)
    joined = join_sites(world)
    # Places that differ by less than 1 mm along the line are one.
    assert len(set(joined.node.tolist())) == 2 + (joined.node[0] != joined.node[1])
    assert joined.node[0] == joined.node[2]


def test_a_node_wins_over_a_place_as_near_and_the_lowest_id_over_others(tmp_path):
    fiber = [
        span("x", (-101, 40), (-100, 40)),
        span("b", (-99.5, 39.9), (-99.5, 40.1), **{"from": "b1", "to": "b2"}),
        span("a", (-99.6, 40), (-99.4, 40), **{"from": "a1", "to": "a2"}),
    ]
    # In the crossing of two spans that name their nodes, and at a node.
    middle = GLOBE.npts(-99.6, 40, -99.4, 40, 1)[0]
    draft = draft_of(fiber, {"cross": middle, "node": (-100, 40)})
    _, world = read(draft, tmp_path)
    joined = join_sites(world)
    graph = joined.graph
    names = {graph.row_id(int(s)) for s in graph.span[graph.indptr[joined.node[0]] :][:2]}
    assert names == {"a"}
    assert joined.away_km[1] == 0
    assert graph.lon[joined.node[1]] == -100


def test_a_site_on_a_ring_divides_it(tmp_path):
    ring = [(-100, 40), (-99, 40), (-99, 41), (-100, 41), (-100, 40)]
    sites = {"a": (-99.5, 40.0), "b": (-99, 40.5), "c": (-100, 40.25)}
    draft = draft_of([span("ring", *ring)], sites)
    km, _ = km_of(draft, tmp_path, **{"world.route_factor": 1.0})
    feet = {
        "a": line_km((-100, 40), (-99, 40)) / 2,
        "b": line_km((-100, 40), (-99, 40), (-99, 40.5)),
    }
    assert km["a", "b"] == pytest.approx(feet["b"] - feet["a"], abs=0.5)
    assert km["a", "c"] == pytest.approx(feet["a"] + apart_km((-100, 40), (-100, 40.25)), abs=0.5)


def test_two_route_factors(tmp_path):
    fiber = [span("c", (-100, 39), (-100, 41))]
    sites = {"a": (-99.9, 39.5), "b": (-99.9, 40.5)}
    access = apart_km((-99.9, 39.5), (-100, 39.5)) + apart_km((-99.9, 40.5), (-100, 40.5))
    along = apart_km((-100, 39.5), (-100, 40.5))
    for lines, factor in ((None, 1.3), (1.0, 1.0), (1.05, 1.05)):
        ask = {} if lines is None else {"world.line_route_factor": lines}
        km, world = km_of(draft_of(fiber, sites), tmp_path, **ask)
        assert km["a", "b"] == pytest.approx(1.3 * access + factor * along, rel=1e-5)
        assert world.spans().km.sum() == pytest.approx(factor * apart_km((-100, 39), (-100, 41)))


def test_the_bundled_world_is_not_cut():
    """Its sites stand on the nodes that its spans name."""
    world = read_world(read_model("us_5gw"))
    joined = join_sites(world)
    assert joined.between == 0
    assert joined.away_km.max() == 0
    assert world.spans().ids == tuple(world.fiber["id"])
    assert world.notices == ()


def test_excluding_a_site_moves_no_other(tmp_path):
    draft = draft_of(
        [span("c", (-102, 40), (-98, 40), km=400.0)],
        {"a": (-101, 40.1), "b": (-100, 40.1), "c": (-99, 40.1)},
    )
    km, _ = km_of(draft, tmp_path)
    fewer, world = km_of(draft, tmp_path, **{"world.exclude_sites": ["b"]})
    assert fewer["a", "c"] == pytest.approx(km["a", "c"], abs=1e-9)
    assert sorted(join_sites(world).graph.span_ids) == [f"c (part {k} of 3)" for k in (1, 2, 3)]


def test_a_name_of_a_part_is_no_other_spans(tmp_path):
    fiber = [span("c", (-101, 40), (-99, 40)), span("c (part 1 of 2)", (-101, 40), (-101, 41))]
    _, world = read(draft_of(fiber, {"a": (-100, 40), "b": (-99, 40)}), tmp_path)
    assert len(set(join_sites(world).graph.span_ids)) == 3


# --- Spans that meet ----------------------------------------------------------------------------

SITES = {"w": (-101, 40), "e": (-99, 40), "s": (-100, 39.5), "n": (-100, 40.5)}
EAST = [(-101, 40), (-99, 40)]
BEND = [(-101, 40), (-100, 40), (-99, 40)]


def net(fiber, folder, **world):
    """Which of the four sites the fiber joins, its notices and how many spans it makes."""
    km, world = km_of(draft_of(fiber, SITES, **world), folder)
    joined = {b for b in SITES if math.isfinite(km["w", b])}
    return joined, told(world), len(world.spans().ids)


def test_spans_with_a_vertex_in_common_are_joined_there(tmp_path):
    cross = [(-100, 39.5), (-100, 40), (-100, 40.5)]
    joined, notices, spans = net([span("a", *BEND), span("b", *cross)], tmp_path)
    assert joined == set(SITES)
    assert spans == 4
    assert notices == [
        "spans are joined between their ends in 1 place where they have a vertex in common"
    ]


def test_an_end_on_a_vertex_or_a_line_is_joined_there(tmp_path):
    for end in ((-100.0, 40.0), (-100.0, 40.0 + 0.6 / (1000 * DEGREE_KM))):
        fiber = [span("a", *BEND), span("b", (-100, 39.5), end), span("c", (-100, 40.5), end)]
        joined, notices, _ = net(fiber, tmp_path)
        assert joined == set(SITES)
        assert any("are joined between their ends" in what for what in notices)
    # In the middle of an arc, not of a line on a flat map.
    middle = GLOBE.npts(*EAST[0], *EAST[1], 1)[0]
    joined, notices, spans = net([span("a", *EAST), span("b", (-100, 39.5), middle)], tmp_path)
    assert joined == {"w", "e", "s", "n"}
    assert spans == 3
    assert "spans are joined between their ends in 1 place where one ends on another" in notices


def grid(count):
    """Lines from west to east and from south to north that cross without a vertex in common."""
    at = np.linspace(0.01, 0.99, count)
    return [
        *(span(f"row{k}", (-101, 39 + y), (-100, 39 + y)) for k, y in enumerate(at)),
        *(span(f"column{k}", (-101 + x, 39), (-101 + x, 40)) for k, x in enumerate(at)),
    ]


def test_crossings_of_a_dense_grid_are_counted(tmp_path):
    _, notices, _ = net(grid(600), tmp_path)
    assert sum("spans cross in 360,000 places without a vertex" in what for what in notices) == 1


def test_crossings_across_180_degrees_are_counted(tmp_path):
    zone = {"id": "z", "utility": "Z", "headroom_mw": 900, "geometry": box(170, -10, 180, 10)}
    # The first crosses the second just east of 180 degrees, and one on either side.
    draft = draft_of(
        [
            span("across", (179, 0), (-179, 0.5)),
            span("steep", (179.5, 1), (-179.5, -0.4)),
            span("west", (179.2, -1), (179.2, 1)),
            span("east", (-179.2, -1), (-179.2, 1)),
            span("far", (175, -1), (175, 1)),
        ],
        {"a": (179, 0)},
    )
    draft.zones, draft.sites = [zone], [*draft.sites, {**draft.sites[0], "id": "b"}]
    _, world = read(draft, tmp_path)
    assert any("spans cross in 3 places without a vertex" in what for what in told(world))


def test_spans_of_a_star_are_not_held_against_each_other(tmp_path, monkeypatch):
    # 2,000 of a star, and a ring of 8 around its middle that crosses every one of them once.
    monkeypatch.setattr(misses, "MOST_BOXES", 100_000)
    at = np.linspace(0, 2 * np.pi, 2000, endpoint=False) + 1e-4
    star = [span(f"s{k}", (-100, 40), (-100 + np.cos(a), 40 + np.sin(a))) for k, a in enumerate(at)]
    turn = np.linspace(0, 2 * np.pi, 9)
    corners = list(zip(-100 + 0.5 * np.cos(turn), 40 + 0.5 * np.sin(turn), strict=True))
    ring = [span(f"r{k}", *pair) for k, pair in enumerate(pairwise(corners))]
    _, notices, _ = net([*star, *ring], tmp_path)
    assert sum("spans cross in 2,000 places without a vertex" in what for what in notices) == 1


def test_near_misses_of_thousands_of_close_spans_take_no_memory(tmp_path):
    fiber = [span(f"t{k}", (-100 + k * 1e-6, 40), (-100 + k * 1e-6, 40.3)) for k in range(3000)]
    _, notices, _ = net(fiber, tmp_path, fiber_snap_m=0)
    assert any("6,000 ends of spans that meet nothing" in what for what in notices)
    few = [span(f"t{k}", (-100 + k * 1e-6, 40), (-100 + k * 1e-6, 40.3)) for k in range(40)]
    _, notices, _ = net(few, tmp_path / "few", fiber_snap_m=0)
    # All 780 pairs are within 40 x 0.085 m of each other.
    (said,) = [what for what in notices if "miss another span" in what]
    assert said.startswith("in 780 places ends of spans miss another span by 100 m or less")
    assert "Raise world.fiber_snap_m to 1 to join the first, to 4 to join all" in said


def test_a_count_of_crossings_that_ends_early_is_said_to(tmp_path, monkeypatch):
    monkeypatch.setattr(misses, "MOST_BOXES", 2000)
    _, notices, _ = net(grid(100), tmp_path)
    [said] = [what for what in notices if "spans cross" in what]
    found, looked_at, segments = (
        int(number.replace(",", ""))
        for number in re.search(
            r"cross in ([\d,]+) places or more .* only ([\d,]+) of their ([\d,]+) straight", said
        ).groups()
    )
    # Every line crosses 100 others, and each crossing is found from its first line.
    assert 0 < looked_at < segments == 200
    assert found == min(looked_at, 100) * 100


def test_ends_that_are_not_held_against_other_spans_are_told(tmp_path, monkeypatch):
    spans = [span("a", (-100, 40), (-99, 40)), span("b", (-99.5, 40.0006), (-99.5, 41))]
    _, notices, _ = net(spans, tmp_path / "all")
    assert any("an end of 'b' is" in what for what in notices)
    monkeypatch.setattr(misses, "places_within", lambda *_: None)
    _, notices, _ = net(spans, tmp_path / "fewer")
    assert [what for what in notices if "not looked at" in what] == [
        (
            "4 ends of spans that meet nothing: whether they nearly meet other spans between the "
            "ends of these was not looked at, as spans are too many there; ends within 100 m of "
            "each other were"
        )
    ]


def test_lines_that_cross_without_a_vertex_are_not_joined_and_counted(tmp_path):
    fiber = [
        span("a", *EAST),
        span("b", (-100, 39.5), (-100, 40.5)),
        span("c", (-99.5, 39.5), (-99.5, 40.5)),
    ]
    joined, notices, spans = net(fiber, tmp_path)
    assert joined == {"w", "e"}
    assert spans == 3
    assert [what for what in notices if "cross" in what] == [
        (
            "spans cross in 2 places without a vertex in common: not joined there, as one may pass "
            "over the other; draw a vertex of both where they meet to join them"
        )
    ]


def test_spans_that_name_their_nodes_join_at_these_alone(tmp_path):
    ends = {"from": "w", "to": "e"}
    cross = [(-100, 39.5), (-100, 40), (-100, 40.5)]
    joined, notices, spans = net(
        [span("a", *BEND, **ends), span("b", *cross, **{"from": "s", "to": "n"})], tmp_path
    )
    assert joined == {"w", "e"}
    assert notices == []
    # One that names none is not joined to the middle of one that does, and that is said.
    joined, notices, spans = net([span("a", *BEND, **ends), span("b", *cross[:2])], tmp_path)
    assert joined == {"w", "e", "n"}
    assert spans == 2
    assert any("is joined at these alone; end 'b' at a node of 'a'" in what for what in notices), (
        notices
    )


def test_a_line_that_ends_on_itself_and_one_that_runs_along_another(tmp_path):
    six = [(-101, 40), (-100, 40), (-99, 40), (-99, 40.4), (-100, 40)]
    _, _, spans = net([span("six", *six)], tmp_path)
    assert spans == 2
    along = [(-101, 39.5), (-100.6, 40), (-100.4, 40), (-100.2, 40), (-100, 40.5)]
    straight = [(-101, 40), (-100.6, 40), (-100.4, 40), (-100.2, 40), (-99, 40)]
    joined, notices, spans = net([span("a", *straight), span("b", *along)], tmp_path)
    assert joined == set(SITES)
    # The first and the last vertex of the run: three parts each.
    assert spans == 6
    assert "in 2 places" in notices[0]


def test_ends_that_miss_are_named_with_their_distance(tmp_path):
    gap = 5.1 / (1000 * DEGREE_KM)
    fiber = [span("s1", (-101, 39.5), (-101, 40)), span("s2", (-101, 40 + gap), (-101, 40.5))]
    joined, notices, _ = net(fiber, tmp_path)
    assert notices == [
        (
            "the ends of 's1' and 's2' are 5.1 m apart, and ends join within 1 m: raise "
            "world.fiber_snap_m to 6 to join them"
        )
    ]
    again, notices, _ = net(fiber, tmp_path, fiber_snap_m=6)
    assert notices == [
        (
            "1 end of a span is joined to others up to 5.1 m away; ends join within 6 m "
            "(world.fiber_snap_m)"
        )
    ]
    assert joined == {"w", "s"}
    assert again == set(SITES)


def test_where_a_span_is_joined_between_its_ends_is_no_end_of_it(tmp_path):
    # t ends on the middle of u; s misses both, the end of t by less.
    degree_km = DEGREE_KM * math.cos(math.radians(40))
    west, east = -100 - 0.003 / degree_km, -100 + 0.0005 / degree_km
    fiber = [
        span("s", (-103, 40), (west, 40)),
        span("t", (-100, 40), (-97, 40)),
        span("u", (east, 39), (east, 41)),
    ]
    _, notices, _ = net(fiber, tmp_path)
    assert "the ends of 's' and 't' are 3.0 m apart; an end of 's' is 3.5 m from 'u'" in notices[-1]


def test_an_end_that_misses_the_middle_of_another_piece_is_named(tmp_path):
    near = 40 + 30 / (1000 * DEGREE_KM)
    fiber = [span("a", (-100, 39), (-100, 41)), span("b", (-101, 40), (-100 - 3e-4, 40))]
    _, notices, _ = net(fiber, tmp_path)
    metres = 1000 * apart_km((-100 - 3e-4, 40), (-100, 40))
    assert notices == [
        (
            f"an end of 'b' is {metres:.1f} m from 'a', and ends join within 1 m: raise "
            f"world.fiber_snap_m to {math.ceil(metres)} to join them"
        )
    ]
    fiber = [*fiber, span("c", (-99, 40), (-100 + 1e-4, near)), span("d", (-99, 41), (-99, 42))]
    _, notices, _ = net(fiber, tmp_path)
    assert len(notices) == 1
    assert notices[0].startswith("in 3 places ends of spans miss another span by 100 m or less")
    assert "Raise world.fiber_snap_m to 9 to join the first, to 46 to join all" in notices[0]


def test_ends_linked_by_steps_are_one_node():
    step = 0.9 / (1000 * DEGREE_KM)
    starts = [(0.0, k * step) for k in range(50)]
    lines = Lines(
        np.array([place for k, at in enumerate(starts) for place in (at, (1.0, 2.0 * k))]),
        np.arange(0, 101, 2),
    )
    none = np.full(50, None, object)
    spans, joins = join_spans(
        tuple(f"s{k}" for k in range(50)), lines, lines.km, (none, none), 0.001
    )
    assert len(set(spans.start.tolist())) == 1
    assert len(spans.node_ids) == 51
    assert joins.moved == 49


# --- Linear in spans ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["hub", "jitter", "chain", "scatter"])
def test_pairs_that_are_compared_grow_as_spans_do(shape):
    def places(n):
        draw = np.random.default_rng(n)
        if shape == "hub":
            return np.zeros((n, 3))
        if shape == "jitter":
            return np.column_stack((draw.uniform(0, 0.002, (n, 2)), np.zeros(n)))
        if shape == "chain":
            return np.column_stack((np.arange(n) * 0.0009, np.zeros((n, 2))))
        return np.column_stack((draw.uniform(0, n**0.5, (n, 2)), np.zeros(n)))

    for n in (1_000, 30_000):
        at = places(n)
        group = chain(at, 0.001)
        assert (group.max() == 0) == (shape != "scatter")
        cell = np.unique(np.floor(at / (0.001 / 3**0.5)), axis=0, return_index=True)[1]
        assert len(near_crowds(at[cell], 0.001)) <= 60 * n


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_chains_are_those_of_all_pairs(seed, n):
    draw = np.random.default_rng(seed)
    at = draw.integers(0, 6, (n, 3)) * 0.6 + draw.uniform(0, 0.2, (n, 3))
    near = np.linalg.norm(at[:, None] - at[None], axis=2) <= 1.0
    reach = near
    for _ in range(n):
        reach = (reach.astype(int) @ near.astype(int)) > 0
    group = chain(at, 1.0)
    assert ((group[:, None] == group[None]) == reach).all()


# --- Nearest places -----------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_nearest_places_are_those_of_lines_in_short_steps(seed):
    draw = np.random.default_rng(seed)
    middle = np.array([draw.uniform(-180, 180), draw.uniform(-85, 85)])
    wide = 10 ** draw.uniform(-3, 1)
    shapes = [middle + draw.uniform(-wide, wide, (draw.integers(2, 5), 2)) for _ in range(3)]
    for shape in shapes:
        shape[:, 0] = (shape[:, 0] + 180) % 360 - 180
        shape[:, 1] = np.clip(shape[:, 1], -89, 89)
    first = np.cumsum([0, *(len(shape) for shape in shapes)])
    lines = Lines(np.concatenate(shapes), first)
    points = middle + draw.uniform(-1.5 * wide, 1.5 * wide, (5, 2))
    points[:, 1] = np.clip(points[:, 1], -89, 89)
    found = nearest_places(lines, *points.T)
    near = places_within(lines, *points.T, float(np.median(found.away_km)))
    assert near is not None
    pairs = set(zip(near.point.tolist(), near.line.tolist(), strict=True))
    steps = 400
    for p, point in enumerate(points):
        best, step_km = [], 0.0
        for shape in shapes:
            away = []
            for a, b in pairwise(shape):
                walk = [tuple(a), *GLOBE.npts(*a, *b, steps), tuple(b)]
                lon, lat = np.array(walk).T
                away.append(GLOBE.inv(lon, lat, [point[0]] * len(lon), [point[1]] * len(lon))[2])
                step_km = max(step_km, apart_km(a, b) / steps)
            best.append(np.concatenate(away).min() / 1000)
        # A chord is a little shorter than its arc.
        arc_km = 2 * EARTH_RADIUS_KM * math.asin(found.away_km[p] / 2 / EARTH_RADIUS_KM)
        assert min(best) - step_km - 1e-6 <= arc_km <= min(best) + 1e-6
        at = GLOBE.inv(found.lon[p], found.lat[p], *point)[2] / 1000
        assert at == pytest.approx(arc_km, abs=1e-6)
        for n, least in enumerate(best):
            if least + step_km < np.median(found.away_km):
                assert (p, n) in pairs
            if least - step_km > np.median(found.away_km) * 1.001 + 1e-6:
                assert (p, n) not in pairs


# --- Against brute force ------------------------------------------------------------------------

STEP_KM = 0.02


def sampled(fiber, snap_km=0.001):
    """The fiber as many close places: where they are, and the kilometres between neighbours.

    Lines are joined where they have a vertex in common, and where an end lies on another. Beside
    them the kilometres of each place's span for those of its line.
    """
    places, edges, vertices, ends, factor = [], [], {}, [], []
    runs = []
    for row in fiber:
        line = shapely.get_coordinates(row["geometry"])
        length = line_km(*line)
        scale = 1.0 if row.get("km") is None else row["km"] / length
        run = []
        for k, (a, b) in enumerate(pairwise(line)):
            count = max(1, round(apart_km(a, b) / STEP_KM))
            walk = [tuple(a), *(GLOBE.npts(*a, *b, count - 1) if count > 1 else [])]
            walk += [tuple(b)] if k == len(line) - 2 else []
            for place in walk:
                run.append(len(places))
                places.append(place)
            vertices.setdefault(tuple(np.round(a, 9)), []).append(run[-len(walk)])
        vertices.setdefault(tuple(np.round(line[-1], 9)), []).append(run[-1])
        ends += [run[0], run[-1]]
        runs.append(run)
        factor += len(run) * [scale]
        edges += [(i, j, scale * apart_km(places[i], places[j])) for i, j in pairwise(run)]
    edges += [(here[0], other, 0.0) for here in vertices.values() for other in here[1:]]
    at = np.array(places)
    for end in ends:
        for run in runs:
            if end not in run:
                away = GLOBE.inv(*at[run].T, *np.tile(at[end], (len(run), 1)).T)[2] / 1000
                # Ends lie on a line within a metre, or far from it.
                if away.min() <= STEP_KM:
                    edges.append((end, run[int(np.argmin(away))], 0.0))
    return at, edges, np.array(factor)


def shortest(count, edges, source):
    beside = [[] for _ in range(count)]
    for a, b, km in edges:
        beside[a].append((b, km))
        beside[b].append((a, km))
    best, heap = np.full(count, np.inf), [(0.0, source)]
    while heap:
        km, node = heapq.heappop(heap)
        if km >= best[node]:
            continue
        best[node] = km
        for other, step in beside[node]:
            if km + step < best[other]:
                heapq.heappush(heap, (km + step, other))
    return best


def random_fiber(draw):
    """Lines with bends, some of which share vertices, end on each other, or have a length."""
    corner = np.array([draw.uniform(-103, -98), draw.uniform(38.5, 41.5)])
    corners = corner + draw.uniform(0, 0.08, (6, 2))
    fiber = []
    for k in range(draw.integers(2, 6)):
        picked = draw.permutation(6)[: draw.integers(2, 4)]
        fiber.append(span(f"s{k}", *corners[picked]))
    if draw.random() < 0.7:
        # A lateral that ends on the first span, in the middle of a segment.
        a, b = shapely.get_coordinates(fiber[0]["geometry"])[:2]
        foot = GLOBE.npts(*a, *b, 2)[draw.integers(0, 2)]
        fiber.append(span("lateral", corner - 0.03, foot))
    for row in fiber:
        length = line_km(*shapely.get_coordinates(row["geometry"]))
        row["km"] = round(length * draw.uniform(1.1, 2), 3) if draw.random() < 0.4 else None
    return corner, fiber


@pytest.mark.parametrize("seed", range(25))
def test_kilometres_are_those_of_lines_in_short_steps(seed, tmp_path):
    draw = np.random.default_rng(seed)
    corner, fiber = random_fiber(draw)
    sites = {f"p{k}": tuple(corner + draw.uniform(-0.02, 0.1, 2)) for k in range(6)}
    line = shapely.get_coordinates(fiber[0]["geometry"])
    sites["on"] = GLOBE.npts(*line[0], *line[1], 4)[1]
    draft = draft_of(fiber, sites, route_factor=1.2, line_route_factor=1.0)
    km, _ = km_of(draft, tmp_path)
    at, edges, factor = sampled(fiber)
    names = list(sites)
    access, near = {}, {}
    for name, place in sites.items():
        away = GLOBE.inv(*at.T, *np.tile(place, (len(at), 1)).T)[2] / 1000
        # Of spans over each other the shorter is joined.
        nearest = np.flatnonzero(away <= away.min() + 1e-6)
        near[name] = int(nearest[np.argmin(factor[nearest])])
        access[name] = 1.2 * away.min()
    for name in names:
        best = shortest(len(at), edges, near[name])
        for other in names:
            if other == name:
                continue
            expected = access[name] + access[other] + best[near[other]]
            # Both feet, and an end on a line, are known to half a step; a span has up to twice
            # the length of its line.
            assert km[name, other] == pytest.approx(expected, abs=8 * STEP_KM), (name, other)


@pytest.mark.parametrize("seed", range(8))
def test_routes_are_drawn_as_long_as_they_are(seed, tmp_path):
    draw = np.random.default_rng(100 + seed)
    corner, fiber = random_fiber(draw)
    for row in fiber:
        row["km"] = None
    sites = {f"p{k}": tuple(corner + draw.uniform(-0.02, 0.1, 2)) for k in range(5)}
    draft = draft_of(fiber, sites, route_factor=1.0)
    draft.ask("cluster", target_mw=800)
    model = read_model(draft.write(tmp_path))
    try:
        plan = siting.solve(model)
    except InfeasibleError:
        pytest.skip("the fiber is in pieces")
    links = to_geodataframes(plan, read_world(model)).links
    assert len(links) > 0
    for km, shape in zip(links["km"], links.geometry, strict=True):
        assert line_km(*shapely.get_coordinates(shape)) == pytest.approx(km, abs=1e-3)


def test_the_loss_of_a_part_is_not_the_loss_of_the_cable(tmp_path):
    ring = [(-101, 40), (-99, 40), (-99, 41), (-101, 41), (-101, 40)]
    sites = {"a": (-100, 40), "b": (-99, 40.5), "c": (-100, 41)}
    draft = draft_of([span("ring", *ring)], sites)
    draft.ask("cluster", network="ring", target_mw=1000, keep_after_span_loss=True)
    plan = siting.solve(draft.write(tmp_path))
    parts = sorted({name for link in plan.clusters[0].links for name in link.spans})
    assert len(parts) == 4
    assert all(name.startswith("ring (part ") for name in parts)
    assert plan.clusters[0].shared_spans == ()


# --- Lines as files have them -------------------------------------------------------------------


def multi(name, *parts, **columns):
    return {"id": name, **columns, "geometry": shapely.MultiLineString(list(parts))}


def test_parts_of_a_line_are_spans_of_their_own(tmp_path):
    star = [[(-100, 40), at] for at in SITES.values() if at != (-100, 40)]
    fiber = [multi("s", *star, km=400.0), span("t", (-101, 41), (-101, 40))]
    joined, notices, spans = net(fiber, tmp_path)
    assert joined == set(SITES)
    _, world = read(draft_of(fiber, SITES), tmp_path)
    assert list(world.fiber["id"]) == ["s:1", "s:2", "s:3", "s:4", "t"]
    lengths = {
        row["id"]: line_km(*shapely.get_coordinates(row.geometry))
        for _, row in world.fiber.iterrows()
    }
    whole = sum(km for name, km in lengths.items() if name != "t")
    for row, km in zip(world.fiber["id"], world.fiber["km"], strict=True):
        if row != "t":
            assert km == pytest.approx(400 * lengths[row] / whole)
    assert notices[0] == (
        "1 line of several parts is 4 spans, which share its km by their length ('s'); the parts "
        "of 's' are 's:1' to 's:4'"
    )
    assert spans == 5


def test_ids_of_parts_are_unique(tmp_path):
    fiber = [multi("s", EAST, [(-100, 39), (-100, 39.5)]), span("s:1", (-101, 41), (-101, 40))]
    _, world = read(draft_of(fiber, SITES), tmp_path)
    assert sorted(world.fiber["id"]) == ["s:1", "s:1'", "s:2"]


def test_lines_of_no_length_are_left_out_unless_they_join_two_nodes(tmp_path):
    here = (-101.0, 40.0)
    fiber = [
        span("a", *EAST),
        span("dot", here, here),
        multi("dots", [(-100, 39.5), (-100, 40)], [here, here]),
    ]
    joined, notices, _ = net(fiber, tmp_path)
    assert joined == {"w", "e", "n"}
    assert "1 line has no length, and it leads nowhere: left out ('dot')" in notices
    ends = {"from": "x", "to": "y"}
    fiber = [
        span("a", (-101, 40), (-100, 40), **{"from": "w", "to": "x"}),
        span("patch", (-100, 40), (-100, 40), **ends, km=0.0),
        span("b", (-100, 40), (-99, 40), **{"from": "y", "to": "e"}),
    ]
    joined, notices, spans = net(fiber, tmp_path)
    assert {"w", "e"} <= joined
    assert (spans, notices) == (3, [])


def test_a_line_that_was_cut_at_the_antimeridian_is_one_again(tmp_path):
    ends = {"from": "w", "to": "e"}
    draft = across()
    draft.fiber = [multi("c", [(179.5, -17), (180, -17)], [(-180, -17), (-179.5, -17)], **ends)]
    _, world = read(draft, tmp_path)
    assert list(world.fiber["id"]) == ["c"]
    assert told(world) == []
    assert world.spans().lines.km[0] == pytest.approx(2 * apart_km((179.5, -17), (180, -17)))


@pytest.mark.parametrize("turned", [("s2",), ("s1", "s3"), ("s1", "s2", "s3", "s4")])
def test_lines_drawn_from_to_to_from_are_turned(turned, tmp_path):
    """Spans have no direction: the same plan whichever way each line is drawn."""
    at = {"n1": (-101, 40), "n2": (-100, 40), "n3": (-99, 40), "n4": (-100, 41)}
    ends = {"s1": ("n1", "n2"), "s2": ("n2", "n3"), "s3": ("n2", "n4"), "s4": ("n3", "n4")}
    fiber = [
        span(k, *(at[b], at[a]) if k in turned else (at[a], at[b]), **{"from": a, "to": b})
        for k, (a, b) in ends.items()
    ]
    km, world = km_of(draft_of(fiber, SITES), tmp_path)
    right = [span(k, at[a], at[b], **{"from": a, "to": b}) for k, (a, b) in ends.items()]
    expected, _ = km_of(draft_of(right, SITES), tmp_path)
    assert km == pytest.approx(expected)
    if len(turned) < len(ends):
        assert len(told(world)) == 1
        assert told(world)[0].startswith(f"{len(turned)} line")
        assert "turned around: spans have no direction" in told(world)[0]


def test_many_lines_at_a_hub_are_turned(tmp_path):
    draw = np.random.default_rng(3)
    fiber = []
    for k in range(300):
        far = (-100 + draw.uniform(-1, 1), 40 + draw.uniform(-1, 1))
        line = [(-100, 40), far]
        fiber.append(
            span(f"s{k:03}", *line[:: -1 if k % 3 else 1], **{"from": "hub", "to": f"n{k}"})
        )
    _, world = read(draft_of(fiber, SITES), tmp_path)
    assert "200 lines are drawn from their `to` to their `from`" in told(world)[0]
    spans = world.spans()
    assert len(set(spans.start.tolist())) == 1
    assert spans.node_lon[spans.start[0]] == -100


# --- Fiber as a table ---------------------------------------------------------------------------


def as_a_table(draft, places):
    draft.ask("world", fiber="fiber.csv", nodes="nodes.csv")
    rows = [{k: v for k, v in row.items() if k != "geometry"} for row in draft.fiber]
    draft.extra["fiber.csv"] = lambda path: write_csv(path, rows)
    draft.nodes = [{"id": name, "lon": x, "lat": y} for name, (x, y) in places.items()]
    return draft


def test_a_table_of_spans_is_what_straight_lines_between_its_nodes_are(tmp_path):
    at = {"n1": (-101, 40), "n2": (-100, 40), "n3": (-99, 40), "lonely": (-98, 41)}
    fiber = [
        span("s1", at["n1"], at["n2"], km=120.0, **{"from": "n1", "to": "n2"}),
        span("s2", at["n2"], at["n3"], km=None, **{"from": "n2", "to": "n3"}),
    ]
    drawn, _ = km_of(draft_of(fiber, SITES), tmp_path / "drawn")
    plain, world = km_of(as_a_table(draft_of(fiber, SITES), at), tmp_path / "plain")
    assert plain == pytest.approx(drawn)
    assert plain["w", "e"] == pytest.approx(120 + 1.3 * apart_km(at["n2"], at["n3"]))
    assert told(world) == [
        (
            "1 span has no km, and no line to measure ('s2'): taken as the great circle times "
            "world.route_factor, 1.3"
        ),
        (
            "2 spans are drawn straight between two nodes, as the table has no lines: a site joins "
            "where such a line comes nearest"
        ),
    ]
    # A factor of drawn lines is none of straight ones.
    again, _ = km_of(
        as_a_table(draft_of(fiber, SITES), at), tmp_path, **{"world.line_route_factor": 1.0}
    )
    assert again == pytest.approx(plain)


def test_a_span_from_a_node_to_itself_joins_nothing(tmp_path):
    at = {"n1": (-101, 40), "n2": (-99, 40)}
    fiber = [
        span("s1", at["n1"], at["n2"], km=200.0, **{"from": "n1", "to": "n2"}),
        span("loop", at["n1"], at["n1"], km=5.0, **{"from": "n1", "to": "n1"}),
    ]
    km, world = km_of(as_a_table(draft_of(fiber, SITES), at), tmp_path)
    assert km["w", "e"] == pytest.approx(200)
    assert told(world)[0] == "1 span leads from a node to itself, and joins nothing ('loop')"


def test_nodes_that_no_span_names_are_said(tmp_path):
    draft = draft_of([span("a", *EAST)], SITES, nodes="nodes.csv")
    draft.nodes = [{"id": "n1", "lon": -101, "lat": 40}]
    _, world = read(draft, tmp_path)
    assert told(world) == ["is not used: no span says in from and to which nodes it joins"]
    assert world.notices[0].where == "nodes.csv"


# --- Fiber in pieces ----------------------------------------------------------------------------


def in_two_pieces(gap_m=5.1, **columns):
    gap = gap_m / (1000 * DEGREE_KM * math.cos(math.radians(40)))
    one = {k: v[0] for k, v in columns.items()}
    two = {k: v[1] for k, v in columns.items()}
    return draft_of(
        [
            span("s1", (-100.8, 40), (-100.2, 40), **one),
            span("s2", (-100.2 + gap, 40), (-99.6, 40), **two),
        ],
        {"a1": (-100.8, 40), "b1": (-99.6, 40)},
    )


PIECES = (
    "the fiber is in 2 pieces that do not meet, with 1 and 1 usable sites; the ends of 's1' and "
    "'s2' are 5.1 m apart, and ends join within 1 m: raise world.fiber_snap_m to 6 to join them"
)


def reasons_of(draft, folder, **changes):
    with pytest.raises(InfeasibleError) as refused:
        siting.solve(read_model(draft.write(folder), set=changes))
    return str(refused.value)


@pytest.mark.parametrize("limit_km", [500, 20000])
@pytest.mark.parametrize("network", ["mesh", "hub", "ring"])
def test_where_there_is_no_route_no_length_is_advised(limit_km, network, tmp_path):
    changes = {"cluster.max_fiber_km": limit_km, "cluster.network": network}
    said = reasons_of(in_two_pieces(), tmp_path, **changes)
    assert PIECES in said
    assert "at most 1 usable site on any one piece" in said
    assert "max_fiber_km" not in said
    required = {"world.require_sites": ["a1", "b1"]}
    said = reasons_of(in_two_pieces(), tmp_path, **changes, **required)
    assert "no route at any length" in said
    assert PIECES in said
    assert "max_fiber_km" not in said


def test_explaining_never_offers_a_length_where_there_is_no_route(tmp_path):
    model = read_model(in_two_pieces().write(tmp_path))
    found = explain(model, read_world(model))
    offered = [c.text for c in (*found.findings.changes, *found.findings.together)]
    assert not any("max_fiber_km" in text for text in offered)
    assert PIECES in found.reasons
    assert siting.solve(model.replace({"world.fiber_snap_m": 6})).objective > 0


def test_pieces_of_named_nodes_and_far_pieces_have_their_own_advice(tmp_path):
    named = in_two_pieces(**{"from": ("n1", "n3"), "to": ("n2", "n4")})
    said = reasons_of(named, tmp_path)
    assert "the ends of 's1' and 's2' are 5.1 m apart, and spans that name their nodes" in said
    assert "fiber_snap_m" not in said
    far = reasons_of(in_two_pieces(gap_m=12_300), tmp_path)
    assert "the ends of 's1' and 's2' are 12.3 km apart" in far
    assert "fiber_snap_m" not in far


def test_sizes_and_gaps_of_several_pieces(tmp_path):
    fiber = [
        span("a", (-102, 40), (-101, 40)),
        span("b", (-101, 40.0005), (-101, 41)),
        span("c", (-99, 39), (-99, 41)),
        span("d", (-98, 40), (-99 + 2e-4, 40)),
    ]
    sites = {
        "a1": (-102, 40),
        "a2": (-101.5, 40),
        "b1": (-101, 41),
        "c1": (-99, 39),
        "d": (-98, 40),
    }
    model, world = read(draft_of(fiber, sites), tmp_path)
    joined = join_sites(world)
    pieces = pieces_of(joined.graph, joined.node)
    assert pieces.sites == (2, 1, 1, 1)
    gaps = [(gap.spans, round(1000 * gap.km, 1), gap.ends) for gap in pieces.gaps]
    cd, ab = apart_km((-99, 40), (-99 + 2e-4, 40)), apart_km((-101, 40), (-101, 40.0005))
    assert gaps == [
        (("c", "d"), round(1000 * cd, 1), False),
        (("a", "b"), round(1000 * ab, 1), True),
    ]
    report = siting.check(model)
    assert report.pieces == pieces
    assert report.component_sites == (2, 1, 1, 1)
    assert report.between_ends == 1


def test_utilities_on_different_pieces(tmp_path):
    draft = in_two_pieces()
    draft.sites += [{"id": "a2", "lon": -100.5, "lat": 40, "max_mw": 400}]
    draft.sites += [{"id": "b2", "lon": -99.8, "lat": 40, "max_mw": 400}]
    said = reasons_of(draft, tmp_path, **{"cluster.min_utilities": 2})
    assert "2 utilities are needed, but usable sites have at most 1 on any one piece" in said
    assert "with 2 and 2 usable sites" in said
    assert "max_fiber_km" not in said


def test_a_target_that_no_length_reaches_is_told_without_one(tmp_path):
    draft = in_two_pieces()
    draft.sites += [{"id": "a2", "lon": -100.5, "lat": 40, "max_mw": 400}]
    said = reasons_of(draft, tmp_path, **{"cluster.target_mw": 1100})
    assert "1,100 MW asked" in said
    assert "max_fiber_km" not in said
    assert "with 2 and 1 usable sites" in said


# --- The antimeridian ---------------------------------------------------------------------------


def across():
    draft = draft_of(
        [span("c1", (179.5, -17), (180, -17)), span("c2", (-180, -17), (-179.5, -17))],
        {"t1": (179.5, -17), "t2": (-179.5, -17)},
    )
    for zone, west in zip(draft.zones, (178, -180), strict=True):
        zone["geometry"] = box(west, -19, west + 2, -15)
    return draft


def one_step(draft):
    draft.fiber = [span("c", (179.5, -17), (-179.5, -17))]
    return draft


@pytest.mark.parametrize("make", [across, lambda: one_step(across())])
def test_a_link_and_an_extent_are_cut_at_the_antimeridian(make, tmp_path):
    model = read_model(make().write(tmp_path))
    plan = siting.solve(model)
    (link,) = plan.clusters[0].links
    assert round(link.km, 1) == 138.2
    siting.write(plan, read_world(model), tmp_path / "out")
    held = {
        name: json.loads((tmp_path / "out" / f"{name}.geojson").read_text("utf-8"))["features"][0]
        for name in ("links", "clusters")
    }
    line = held["links"]["geometry"]
    assert line["type"] == "MultiLineString"
    west, east = line["coordinates"]
    assert west[0] == [179.5, -17.0]
    assert (west[-1][0], east[0][0], east[-1]) == (180.0, -180.0, [-179.5, -17.0])
    assert west[-1][1] == east[0][1] == pytest.approx(-17, abs=0.01)
    area = shapely.from_geojson(json.dumps(held["clusters"]["geometry"]))
    assert area.geom_type == "MultiPolygon"
    assert area.is_valid
    assert [round(part.bounds[2] - part.bounds[0], 1) for part in area.geoms] == [0.6, 0.6]
    assert area.contains(shapely.MultiPoint([(179.9, -17), (-179.9, -17)]))


def test_a_site_joins_a_line_over_the_antimeridian(tmp_path):
    draft = one_step(across())
    draft.sites[0] |= {"lon": 179.9, "lat": -16.9}
    km, world = km_of(draft, tmp_path)
    assert join_sites(world).between == 1
    assert km["t1", "t2"] == pytest.approx(
        1.3 * (0.1 * DEGREE_KM + apart_km((179.9, -17), (-179.5, -17))), rel=1e-3
    )


@pytest.mark.parametrize(
    ("positions", "parts"),
    [
        ([(10, 0), (20, 0)], [[(10, 0), (20, 0)]]),
        ([(179, 0), (180, 0), (179, 1)], [[(179, 0), (180, 0), (179, 1)]]),
        ([(179, 0), (-179, 2)], [[(179, 0), (180, 1)], [(-180, 1), (-179, 2)]]),
        ([(-179, 0), (179, 2)], [[(-179, 0), (-180, 1)], [(180, 1), (179, 2)]]),
        (
            [(179, 0), (180, 0), (-180, 0), (-179, 0)],
            [[(179, 0), (180, 0)], [(-180, 0), (-179, 0)]],
        ),
        (
            [(179, 0), (-179, 0), (179, 1)],
            [[(179, 0), (180, 0)], [(-180, 0), (-179, 0), (-180, 0.5)], [(180, 0.5), (179, 1)]],
        ),
        ([(180, 0), (-180, 5), (-179, 5)], [[(-180, 0), (-180, 5), (-179, 5)]]),
        ([(180, 0), (-180, 5)], [[(180, 0), (180, 5)]]),
    ],
)
def test_lines_are_cut_at_the_antimeridian(positions, parts):
    shape = draw_line(np.array(positions, float))
    found = [shapely.get_coordinates(part).tolist() for part in shapely.get_parts(shape)]
    assert found == [[list(map(float, place)) for place in part] for part in parts]


def test_extents_are_drawn_the_short_way_round():
    three = np.array([(179.6, -17.0), (-179.7, -16.5), (179.9, -16.0)])
    area = draw_extent(three)
    assert area.geom_type == "MultiPolygon"
    assert area.area == pytest.approx(
        shapely.MultiPoint([(179.6, -17.0), (180.3, -16.5), (179.9, -16.0)]).convex_hull.area
    )
    beside = draw_extent(np.array([(179.97, 0.0), (179.5, 0.0)]))
    assert beside.geom_type == "MultiPolygon"
    assert beside.bounds[0] == -180
    assert draw_extent(np.array([(-100.0, 40.0), (-99.0, 40.0)])).geom_type == "Polygon"


def test_a_node_in_two_places_is_still_an_error(tmp_path):
    draft = draft_of([span("a", *EAST, **{"from": "w", "to": "e"})], SITES)
    draft.fiber += [span("b", (-99.5, 40), (-99, 41), **{"from": "e", "to": "n"})]
    with pytest.raises(InputError, match="node 'e' is at"):
        read(draft, tmp_path)


def test_pieces_that_cross_are_said_to(tmp_path):
    """Two long lines that cross are 0 km apart, though their ends and vertices are far."""
    draft = draft_of(
        [span("a", (-101, 40), (-99, 40)), span("b", (-100.3, 39), (-99.4, 41))],
        {"a1": (-101, 40), "b1": (-99.4, 41)},
    )
    said = reasons_of(draft, tmp_path)
    assert "'a' and 'b' cross without a vertex in common: draw one where they meet" in said


@pytest.mark.parametrize("seed", range(12))
def test_the_gap_of_two_pieces_is_their_least_distance(seed, tmp_path):
    draw = np.random.default_rng(seed)
    west = np.array([-101.5, 40]) + draw.uniform(-0.4, 0.4, (4, 2))
    east = np.array([-100.5, 40]) + draw.uniform(-0.4, 0.4, (4, 2))
    sites = {"a1": tuple(west[0]), "b1": tuple(east[0])}
    _, world = read(draft_of([span("a", *west), span("b", *east)], sites), tmp_path)
    joined = join_sites(world)
    (gap,) = pieces_of(joined.graph, joined.node).gaps
    walks = []
    for line in (west, east):
        walk = [GLOBE.npts(*a, *b, 300, initial_idx=0, terminus_idx=0) for a, b in pairwise(line)]
        walks.append(np.concatenate(walk))
    lon, lat = (np.array(x) for x in zip(*(w.T for w in walks), strict=True))
    n = len(lon[0])
    away = GLOBE.inv(
        np.repeat(lon[0], n), np.repeat(lat[0], n), np.tile(lon[1], n), np.tile(lat[1], n)
    )[2]
    assert gap.km == pytest.approx(away.min() / 1000, abs=0.2)
    assert gap.km <= away.min() / 1000 + 1e-6
