"""A parent may hold sites of its own: a town in a cooperative's territory, against brute force."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from cases import random_case
from drafts import Draft, box
from most import asking_most
from oracle import best_plan, plan_of, solution_of
from proofs import SETTINGS, check_proof, check_solution

from siting import read_model, read_world, solve
from siting.api import redraw
from siting.audit import audit
from siting.case import Case, build_case
from siting.distances import reach_of
from siting.errors import InfeasibleError, InputError
from siting.program import solve as solve_case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.one_cluster.solve import solve_one_cluster
from siting.report.check import most_drawn_mw
from siting.report.write import write


def with_sites_in_parents(case: Case, seed: int) -> Case:
    """The case with about half of its sites in a zone that holds zones."""
    generator = np.random.default_rng(seed)
    parents = sorted(set(case.parent[case.parent >= 0].tolist()))
    moved = generator.random(len(case.site_ids)) < 0.5
    moved[generator.integers(len(moved))] = True
    zone = np.where(moved, generator.choice(parents, len(moved)), case.zone)
    # The mix and the place of delivery are the zone's.
    first = np.array([np.argmax(zone == z) for z in zone])
    return replace(
        case,
        zone=zone.astype(np.int64),
        grid_clean_fraction=case.grid_clean_fraction[first],
        region=case.region[first],
        area=case.area[first],
    )


@pytest.mark.parametrize("seed", range(7000, 7120))
def test_program_agrees_with_every_plan_where_parents_hold_sites(seed):
    case = with_sites_in_parents(random_case(seed), seed)
    answer = best_plan(case)
    if answer is not None:
        audit(case, plan_of(case, solution_of(case, answer)))
    check_solution(case, answer, SETTINGS)
    solver = Solver("highs", 1e-8, 1)
    if case.usable[case.required].all():
        check_proof(case, answer, solve_monolithic(case, solver, Deadline(60)))
    if case.cluster.count == 1:
        check_proof(case, answer, solve_one_cluster(case, solver, Deadline(60)))


@pytest.mark.parametrize("seed", range(7200, 7212))
def test_most_clusters_agree_where_parents_hold_sites(seed):
    case = asking_most(with_sites_in_parents(random_case(seed, count=1, most_sites=6), seed))
    counts = range(1, len(case.site_ids) + 1)
    most = max((n for n in counts if best_plan(case.of_clusters(n)) is not None), default=0)
    if most:
        assert len(solve_case(case, solver=SETTINGS).draw_mw) == most
    else:
        with pytest.raises(InfeasibleError):
            solve_case(case, solver=SETTINGS)


def test_cases_put_sites_beside_zones():
    # The agreement above says nothing if no headroom of a parent binds its own sites.
    bound = 0
    for seed in range(7000, 7040):
        case = with_sites_in_parents(random_case(seed), seed)
        leaf_sites = set(case.zone.tolist()) - set(case.parent.tolist())
        own = set(case.zone.tolist()) & set(case.parent.tolist())
        bound += any(
            case.cap_mw[case.sites_in_zone[z]].sum() > case.headroom_mw[z] for z in own
        ) and bool(leaf_sites)
    assert bound > 10


def town_in_a_coop() -> Draft:
    """A town of 1 x 1 degree with little left, in the middle of a cooperative of 4 x 4."""
    draft = Draft()
    coop = {"utility": "Coop", "region": "plains", "price_usd_per_mwh": 50}
    draft.zones = [
        {"id": "coop", **coop, "headroom_mw": 700, "parent": None, "geometry": box(0, 0, 4, 4)},
        {"id": "town", "utility": "Town", "region": "plains", "headroom_mw": 150}
        | {"price_usd_per_mwh": 20, "parent": "coop", "geometry": box(1, 1, 2, 2)},
    ]
    draft.sites = [
        {"id": "a", "lon": 1.5, "lat": 1.5, "max_mw": 400},
        {"id": "b", "lon": 3.0, "lat": 3.0, "max_mw": 400},
        {"id": "c", "lon": 3.0, "lat": 1.0, "max_mw": 400},
    ]
    draft.supply = [{"id": "dam", "lon": 3.5, "lat": 3.5, "kind": "hydro", "mw": 800}]
    draft.ask("cluster", target_mw=600, min_campuses=3, max_fiber_km=2000)
    return draft


def test_town_and_cooperative_are_bounded_as_they_nest(tmp_path):
    model = read_model(town_in_a_coop().write(tmp_path))
    world = read_world(model)
    assert dict(zip(world.sites["id"], world.sites["zone"], strict=True)) == {
        "a": "town",
        "b": "coop",
        "c": "coop",
    }
    assert list(world.sites["utility"]) == ["Town", "Coop", "Coop"]
    assert list(world.supply["zone"]) == ["coop"]
    assert [notice.what for notice in world.notices] == [
        (
            "2 sites lie in a zone that has zones inside, but in none of those, and are of the "
            "outer zone alone: 'b', 'c' in 'coop'"
        ),
        (
            "1 plant lies in a zone that has zones inside, but in none of those, and is of the "
            "outer zone alone: 'dam' in 'coop'"
        ),
    ]
    plan = solve(model, world=world)
    drawn = {campus.site: campus.draw_mw for campus in plan.clusters[0].campuses}
    # The town is cheap and gives all of its 150 MW; the rest is the cooperative's.
    assert drawn["a"] == pytest.approx(150)
    assert drawn["b"] + drawn["c"] == pytest.approx(450)
    used = {zone.id: (zone.headroom_mw, zone.used_mw) for zone in plan.zones}
    assert used == {
        "coop": (700.0, pytest.approx(600.0)),
        "town": (150.0, pytest.approx(150.0)),
    }
    case = build_case(model, world, reach_of(model, world))
    assert most_drawn_mw(case, case.cap_mw) == pytest.approx(700)
    answer = best_plan(case)
    assert answer is not None
    assert plan.objective == pytest.approx(answer.objective, rel=1e-6)


def test_site_that_names_the_parent_is_the_parents(tmp_path):
    draft = town_in_a_coop()
    draft.sites[1]["zone"] = "coop"
    draft.sites[2]["zone"] = "coop"
    draft.supply[0]["zone"] = "coop"
    world = read_world(read_model(draft.write(tmp_path)))
    assert list(world.sites["zone"]) == ["town", "coop", "coop"]
    assert world.notices == ()


def test_site_that_names_the_parent_but_lies_in_the_town_is_told(tmp_path):
    draft = town_in_a_coop()
    for row in (*draft.sites, *draft.supply):
        row["zone"] = "coop"
    world = read_world(read_model(draft.write(tmp_path)))
    assert list(world.sites["zone"]) == ["coop", "coop", "coop"]
    (notice,) = world.notices
    assert "site 'a' names zone 'coop', but lies in 'town' inside it" in notice.what


def test_parent_of_kept_sites_is_kept_and_bounds_them(tmp_path):
    draft = town_in_a_coop()
    draft.zones[1] |= {"region": "hills"}
    draft.ask("world", regions=["plains"])
    draft.ask("cluster", min_campuses=2, target_mw=500)
    world = read_world(read_model(draft.write(tmp_path)))
    assert list(world.zones["id"]) == ["coop"]
    assert list(world.sites["id"]) == ["b", "c"]


def test_site_in_two_parents_of_which_neither_holds_the_other_is_asked_about(tmp_path):
    draft = town_in_a_coop()
    draft.zones += [
        {"id": "other", "utility": "O", "headroom_mw": 9, "geometry": box(2.5, 2.5, 6, 6)},
        {"id": "inner", "utility": "I", "headroom_mw": 9, "parent": "other"}
        | {"geometry": box(5, 5, 6, 6)},
    ]
    with pytest.raises(ValueError, match="lies in zones 'coop' and 'other', of which neither"):
        read_world(read_model(draft.write(tmp_path)))


def nested_in_a_base(folder: Path) -> Draft:
    """A folder with two zones side by side, and a model that adds three zones, each in another.

    The outer zone, 1 x 1 to 3 x 3 degrees, lies over both. The middle one is its northern half,
    and the inner one the east of that.
    """
    base = Draft()
    base.zones = [
        {"id": "w", "utility": "West", "headroom_mw": 1000, "geometry": box(0, 0, 2, 4)},
        {"id": "e", "utility": "East", "headroom_mw": 1000, "geometry": box(2, 0, 4, 4)},
    ]
    base.sites = [
        {"id": "inner", "lon": 2.5, "lat": 2.5, "max_mw": 400, "zone": "e"},
        {"id": "middle", "lon": 1.5, "lat": 2.5, "max_mw": 400, "zone": "w"},
        {"id": "outer", "lon": 1.5, "lat": 1.5, "max_mw": 400, "zone": "w"},
        {"id": "outside", "lon": 0.5, "lat": 0.5, "max_mw": 400, "zone": "w"},
    ]
    base.supply = [
        {"id": "dam", "lon": 2.5, "lat": 1.5, "kind": "hydro", "mw": 800, "zone": "e"},
    ]
    base.write(folder / "base")
    draft = Draft(sites=[], fiber=[], supply=[])
    draft.model["world"] = {"base": "../base", "add_zones": "zones.geojson"}
    ours = {"utility": "Ours", "headroom_mw": 300}
    draft.zones = [
        {"id": "o", **ours, "parent": None, "geometry": box(1, 1, 3, 3)},
        {"id": "m", **ours, "parent": "o", "geometry": box(1, 2, 3, 3)},
        {"id": "i", **ours, "parent": "m", "geometry": box(2, 2, 3, 3)},
    ]
    return draft


def test_rows_of_the_base_are_put_into_added_zones_that_hold_others(tmp_path):
    draft = nested_in_a_base(tmp_path)
    world = read_world(read_model(draft.write(tmp_path / "model")))
    zone_of = dict(zip(world.sites["id"], world.sites["zone"], strict=True))
    assert zone_of == {"inner": "i", "middle": "m", "outer": "o", "outside": "w"}
    assert list(world.supply["zone"]) == ["o"]
    said = [notice.what for notice in world.notices if notice.where == "../base/sites.csv"]
    assert said == [
        (
            "3 sites lie in added zones and are put there, whatever zone they name: 1 in 'o', 1 in "
            "'m', 1 in 'i'"
        ),
    ]


@pytest.mark.parametrize(
    ("lon", "lat", "zone"),
    [
        # 1.1 km from the cooperative's own ground, and 101 km from the town inside it.
        (-0.01, 3.0, "coop"),
        # 1.1 km from it, and 4.4 km from another zone.
        (-0.01, 0.5, "coop"),
        (-0.04, 0.5, "other"),
        # A town that reaches the border all but half a kilometre is at the border.
        (4.01, 1.5, "port"),
    ],
)
def test_a_site_beside_the_ground_of_a_parent_is_taken_to_it(tmp_path, lon, lat, zone):
    draft = town_in_a_coop()
    some = {"utility": "Some", "headroom_mw": 100}
    draft.zones += [
        {"id": "other", **some, "parent": None, "geometry": box(-1, 0, -0.05, 1)},
        {"id": "port", **some, "parent": "coop", "geometry": box(3.5, 1.2, 3.995, 1.8)},
    ]
    draft.sites.append({"id": "x", "lon": lon, "lat": lat, "max_mw": 300})
    with pytest.raises(InputError, match=rf"'x' [\d.]+ km from '{zone}'; .* world.snap_km = "):
        read_world(read_model(draft.write(tmp_path)))
    world = read_world(read_model(draft.write(tmp_path), set={"world.snap_km": 5}))
    assert dict(zip(world.sites["id"], world.sites["zone"], strict=True))["x"] == zone


def test_a_site_that_names_a_zone_and_lies_in_a_parents_own_ground_is_told(tmp_path):
    draft = town_in_a_coop()
    draft.sites[1]["zone"] = "town"
    world = read_world(read_model(draft.write(tmp_path)))
    # From 3 N 3 E to the corner at 2 N 2 E are 157 km.
    assert any(
        "site 'b' names zone 'town', but lies in 'coop', 157 km from it" in notice.what
        for notice in world.notices
    )


def test_ground_of_a_parent_with_sites_of_its_own_is_shaded(tmp_path):
    model = read_model(town_in_a_coop().write(tmp_path / "model"))
    world = read_world(model)
    write(solve(model, world=world), world, tmp_path / "plan")
    page = tmp_path / "plan" / "map.html"
    with_candidates = _zones_of_page(page)
    page.unlink()
    redraw(tmp_path / "plan")
    for zones in (with_candidates, _zones_of_page(page)):
        # 4 x 4 degrees but for the town of 1 x 1; leaves are shaded as they are.
        own = shapely.from_geojson(json.dumps(zones["coop"]["own"]))
        assert own.area == pytest.approx(15)
        assert not own.contains(shapely.Point(1.5, 1.5))
        shown = zones["coop"]["properties"]
        assert own.contains(shapely.Point(shown["label_lon"], shown["label_lat"]))
        assert "own" not in zones["town"]


def test_parents_without_sites_of_their_own_are_not_shaded(tmp_path):
    model = read_model(Draft().write(tmp_path / "model"))
    world = read_world(model)
    write(solve(model, world=world), world, tmp_path / "plan")
    zones = _zones_of_page(tmp_path / "plan" / "map.html")
    assert zones["north"]["properties"]["holds_zones"]
    assert not any("own" in zone for zone in zones.values())


def _zones_of_page(page: Path) -> dict:
    text = page.read_text(encoding="utf-8")
    content = re.search(r"<script[^>]*application/json[^>]*>(.*?)</script>", text, re.DOTALL)
    features = json.loads(content[1])["zones"]["features"]
    return {feature["properties"]["id"]: feature for feature in features}
