"""The world of every substation, where it was built; and what its builder does with one place."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import siting
from siting.distances import reach_of
from siting.fiber import RoutedReach
from siting.resources import built_worlds, built_worlds_folder

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def world():
    """The world as the model of all substations reads it."""
    if "us_all" not in built_worlds():
        pytest.skip("the world us_all is not built; make world builds it")
    return siting.read_world(siting.read_model("us_all_5gw"))


def test_substations_at_one_place_that_a_line_joins_are_one_node(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    fiber = importlib.import_module("us_world.fiber")
    network = importlib.import_module("us_world.network")
    subs = [1, 2, 3, 4, 5]
    sites = pd.DataFrame(
        {
            "id": [f"us_{sub:05d}" for sub in subs],
            "lon": [-90.0, -90.0, -90.0, -91.0, -91.0],
            "lat": [40.0, 40.0, 40.0, 41.0, 41.0],
        },
        index=subs,
    )
    # 1, 2 and 3 are one place and joined; 4 and 5 are one place, but no line joins them.
    ends = [(2, 3, 100), (1, 2, 345), (3, 4, 100), (1, 4, 230), (1, 5, 69)]
    lines = pd.DataFrame(ends, columns=["a", "b", "kv"])
    grid = network.Network(areas=None, substations=sites, lines=lines, plants=None)
    node_of = fiber.nodes_of_sites(grid, sites)
    assert node_of.tolist() == ["us_00001", "us_00001", "us_00001", "us_00004", "us_00005"]
    places = sites.set_index("id")[["lon", "lat"]]
    found = fiber._corridors(grid, places, node_of)
    assert found[["from", "to", "kind"]].to_numpy().tolist() == [
        ["us_00001", "us_00004", "corridor"],
        ["us_00001", "us_00005", "low_corridor"],
    ]
    assert (found["km"] > 1.15 * 100).all()
    for name in [name for name in sys.modules if name.partition(".")[0] == "us_world"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.slow
def test_it_holds_every_substation(world):
    about = (built_worlds_folder() / "us_all" / "README.md").read_text(encoding="utf-8")
    assert len(world.sites) == 41_083
    assert f"| `fiber.geojson` | {len(world.fiber):,} |" in about
    small = siting.read_world(siting.read_model("us_5gw"))
    assert set(small.sites["id"]) <= set(world.sites["id"])
    assert world.zones.drop(columns="geometry").equals(small.zones.drop(columns="geometry"))
    kinds = world.fiber["kind"].value_counts()
    assert kinds["corridor"] == small.fiber["kind"].value_counts()["corridor"]
    assert kinds["low_corridor"] > 50_000


@pytest.mark.slow
def test_its_distances_are_those_of_the_plain_reach_and_join_all(world):
    model = siting.read_model("us_all_5gw")
    lazy = reach_of(model, world)
    assert isinstance(lazy.reach, RoutedReach)
    assert np.all(lazy.component == 0)
    some = np.sort(np.random.default_rng(0).choice(len(lazy.reach), 300, replace=False))
    part = lazy.reach.take(some)
    for i in range(0, len(some), 30):
        sites, km = lazy.reach.of(int(some[i]))
        near, near_km = part.of(i)
        assert np.array_equal(some[near], sites[np.isin(sites, some)])
        assert near_km == pytest.approx(km[np.isin(sites, some)], rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"objective.sense": "maximise_mw"},
        {"objective.sense": "maximise_mw", "cluster.network": "hub"},
        {"objective.sense": "minimise_fiber_km"},
        {"cluster.keep_after_campus_loss": 0.8},
        {"cluster.keep_after_utility_loss": 0.5},
        {"cluster.max_utility_fraction": 0.5},
        {"cluster.min_utilities": 3},
        {"cluster.network": "ring", "cluster.max_ring_km": 1000},
    ],
    ids=lambda changes: " ".join(str(value) for value in changes.values()),
)
def test_each_sense_and_option_is_proven(world, changes):
    model = siting.read_model("us_all_5gw").replace(changes)
    plan = siting.solve(model, world=world)
    assert plan.status == "optimal"
    assert plan.gap <= 1e-3 * (1 + 1e-9)
    assert plan.audit.passed
