"""Spans over each other and nodes at one position: what a table of from, to and km often holds."""

from __future__ import annotations

import math

import pytest
from drafts import Draft, box, write_csv

import siting
from siting.distances import reach_of
from siting.model import read_model
from siting.units import EARTH_RADIUS_KM
from siting.world import read_world

DEGREE_KM = math.pi * EARTH_RADIUS_KM / 180


def draft_of(spans, nodes, sites):
    """One zone about the equator, sites on it, and a table of spans between nodes."""
    draft = Draft()
    draft.zones = [{"id": "z", "utility": "Z", "headroom_mw": 3000, "geometry": box(-1, -1, 9, 1)}]
    draft.sites = [{"id": name, "lon": lon, "lat": 0, "max_mw": 400} for name, lon in sites.items()]
    draft.nodes = [{"id": name, "lon": lon, "lat": 0} for name, lon in nodes.items()]
    draft.supply = []
    del draft.model["world"]["supply"]
    draft.ask("world", fiber="links.csv", nodes="nodes.csv")
    rows = [
        {"id": name, "from": start, "to": end, "km": km} for name, (start, end, km) in spans.items()
    ]
    draft.extra["links.csv"] = lambda path: write_csv(path, rows)
    return draft


def km_between(draft, folder):
    model = read_model(draft.write(folder), set={"cluster.max_fiber_km": 1e6})
    world = read_world(model)
    distances = reach_of(model, world)
    dense, ids = distances.reach.dense(), distances.site_ids
    return {(a, b): dense[i, j] for i, a in enumerate(ids) for j, b in enumerate(ids)}, world


def told_of_nodes(world):
    return [notice.what for notice in world.notices if "nodes stand" in notice.what]


@pytest.mark.parametrize("km", [(700, 400), (400, 700)])
def test_site_between_parallel_spans_joins_the_shorter_whatever_their_ids(km, tmp_path):
    spans = {"p": ("A", "B", km[0]), "q": ("B", "A", km[1])}
    draft = draft_of(spans, {"A": 0, "B": 3}, {"a": 0, "m": 1, "b": 3})
    found, world = km_between(draft, tmp_path)
    assert found["a", "m"] == pytest.approx(400 / 3)
    assert found["m", "b"] == pytest.approx(800 / 3)
    assert found["a", "b"] == pytest.approx(400)
    assert told_of_nodes(world) == []


def test_of_equal_spans_over_each_other_the_first_is_joined(tmp_path):
    spans = {"q": ("A", "B", 400), "p": ("A", "B", 400)}
    draft = draft_of(spans, {"A": 0, "B": 3}, {"a": 0, "m": 1, "b": 3})
    draft.model["cluster"] = {"target_mw": 1100, "min_campuses": 3, "max_fiber_km": 1000}
    (cluster,) = siting.solve(draft.write(tmp_path)).clusters
    used = {span for link in cluster.links for span in link.spans if "part" in span}
    assert used == {"p (part 1 of 2)", "p (part 2 of 2)"}


def test_nodes_of_two_names_at_one_position_are_told_and_not_joined(tmp_path):
    spans = {"p": ("A", "B", 400), "q": ("B2", "C", 300)}
    nodes = {"A": 0, "B": 3, "B2": 3, "C": 5, "spare": 0}
    found, world = km_between(draft_of(spans, nodes, {"a": 0, "c": 5}), tmp_path)
    assert math.isinf(found["a", "c"])
    (what,) = told_of_nodes(world)
    assert what.startswith("2 nodes stand at one position: 'B' and 'B2'. They are not joined there")


def test_advice_on_nodes_at_one_position_helps(tmp_path):
    spans = {"p": ("A", "B", 400), "q": ("B2", "C", 300)}
    nodes = {"A": 0, "B": 3, "B2": 3, "C": 5}
    sites = {"a": 0, "c": 5}
    linked = draft_of(spans | {"patch": ("B", "B2", 0)}, nodes, sites)
    renamed = draft_of(spans | {"q": ("B", "C", 300)}, nodes, sites)
    for number, draft in enumerate((linked, renamed)):
        found, world = km_between(draft, tmp_path / str(number))
        assert found["a", "c"] == pytest.approx(700)
        assert told_of_nodes(world) == []


def test_only_those_at_one_position_that_no_span_links_are_told(tmp_path):
    # B and B2 are linked, B3 is not; D lies 2 m from C.
    spans = {
        "p": ("A", "B", 400),
        "patch": ("B", "B2", 0),
        "q": ("B3", "C", 300),
        "r": ("D", "A", 700),
    }
    nodes = {"A": 0, "B": 3, "B2": 3, "B3": 3, "C": 5, "D": 5 + 0.002 / DEGREE_KM}
    _, world = km_between(draft_of(spans, nodes, {"a": 0, "c": 5}), tmp_path)
    (what,) = told_of_nodes(world)
    assert what.startswith("3 nodes stand at one position: 'B' and 'B2' and 'B3'.")


def test_thousands_of_nodes_at_one_position_are_one_line(tmp_path):
    spans = {f"s{k}": (f"n{k}", "far", 400) for k in range(3000)}
    nodes = {"far": 3} | {f"n{k}": 0 for k in range(3000)}
    _, world = km_between(draft_of(spans, nodes, {"a": 0, "c": 3}), tmp_path)
    (what,) = told_of_nodes(world)
    assert what.startswith("3,000 nodes stand at one position")
    assert len(what) < 500
