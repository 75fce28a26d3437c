"""A case from a model and a world, by hand: costs, headroom, delivery areas, defaults."""

from __future__ import annotations

import heapq
import json
import math

import numpy as np
import pytest

from siting.case import build_case
from siting.distances import graph_of, reach_of
from siting.errors import InputError
from siting.fiber import cache, find_routes
from siting.model import make_model, read_model
from siting.world import read_world

# An annuity: what 1 is worth each year is one over the worth today of 1 a year.
CRF = 1 / math.fsum(1.08**-year for year in range(1, 21))
KM_OF_A_TENTH_DEGREE = 2 * math.pi * 6371.0088 / 3600

SITES = """\
id,lon,lat,max_mw,zone,kv,utility,pue,price_usd_per_mwh,campus_musd_per_mw,campus_fixed_musd
s2,1.5,0.5,900,,345,,,,,
s1,0.5,0.5,400,,500,,1.1,35.5,9.0,20
s3,2.5,0.6,800,,345,Delta,,,,0
s4,3.5,0.5,700,z4,,,,,12.5,
low,0.4,0.5,600,,115,,,,,
"""

SUPPLY = """\
id,lon,lat,kind,mw,capacity_factor,premium_usd_per_mwh,zone,clean
p4,3.5,0.2,wind,100,0.4,5,,
p1,0.5,0.2,solar,200,0.25,,,
p2,1.5,0.2,coal,500,0.6,1,,
p3,2.5,0.2,coal,300,0.5,2,,true
p5,50,50,wind,10,0.5,3,,
"""


def square(west):
    return [[[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]]


def feature(kind, coordinates, **properties):
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


ZONES = [
    feature(
        *("Polygon", square(0)),
        id="z1",
        utility="Alpha",
        region="East",
        interconnect="A",
        parent="top",
        headroom_mw_0p25=100.0,
        headroom_mw_0p5=200.0,
        headroom_mw_1p0=450.0,
        price_usd_per_mwh=41.0,
        grid_clean_fraction=0.4,
    ),
    feature(
        *("Polygon", square(1)),
        id="z2",
        utility="Beta",
        region="East",
        interconnect="A",
        parent="top",
        headroom_mw=700.0,
        headroom_mw_0p5=1.0,
        price_usd_per_mwh=52.0,
    ),
    feature(
        *("Polygon", square(2)),
        id="z3",
        utility="Gamma",
        region="West",
        interconnect="A",
        headroom_mw=900.0,
        grid_clean_fraction=0.7,
    ),
    feature(*("Polygon", square(3)), id="z4", utility="Alpha", interconnect="B", headroom_mw=600.0),
    feature(
        *("Polygon", [[[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]]]),
        id="top",
        utility="Both",
        region="East",
        headroom_mw=750.0,
    ),
]

FIBER = [
    feature("LineString", [[0.5, 0.5], [1.5, 0.5]], id="f1", km=150.0),
    feature("LineString", [[1.5, 0.5], [2.5, 0.5]], id="f2", km=120.0),
    feature("LineString", [[2.5, 0.5], [3.5, 0.5]], id="f3", km=130.0),
]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SITING_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sites.csv").write_text(SITES)
    (tmp_path / "supply.csv").write_text(SUPPLY)
    for name, features in (("zones", ZONES), ("fiber", FIBER)):
        collection = {"type": "FeatureCollection", "features": features}
        (tmp_path / f"{name}.geojson").write_text(json.dumps(collection))
    return tmp_path


@pytest.fixture
def ask(folder):
    """The case of the world above, with some keys of the model changed."""

    def ask(changes=None):
        model = model_of(folder).replace(changes or {})
        world = read_world(model)
        return build_case(model, world, reach_of(model, world))

    return ask


def model_of(folder):
    tables = {name: f"{name}.geojson" for name in ("zones", "fiber")}
    tables |= {name: f"{name}.csv" for name in ("sites", "supply")}
    values = {
        "schema": 1,
        "name": "hand",
        "world": tables,
        "cluster": {"target_mw": 500.0, "max_fiber_km": 300.0},
    }
    return make_model(values, folder=folder)


def test_sites_zones_and_supply_are_sorted_by_id(ask):
    case = ask()
    assert case.site_ids == ("s1", "s2", "s3", "s4")
    assert case.zone_ids == ("top", "z1", "z2", "z3", "z4")
    assert case.lon.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert case.lat.tolist() == [0.5, 0.5, 0.6, 0.5]
    assert case.max_mw.tolist() == [400.0, 900.0, 800.0, 700.0]
    assert [case.zone_ids[z] for z in case.zone] == ["z1", "z2", "z3", "z4"]
    assert case.parent.tolist() == [-1, 0, 0, -1, -1]
    assert case.zone_utility == ("Both", "Alpha", "Beta", "Gamma", "Alpha")


def test_a_site_has_its_own_utility_or_that_of_its_zone(ask):
    case = ask()
    assert case.utilities == ("Alpha", "Beta", "Delta")
    assert [case.utilities[u] for u in case.utility] == ["Alpha", "Beta", "Delta", "Alpha"]


def test_a_region_that_no_zone_states_is_not_known(ask):
    case = ask()
    assert case.regions == ("East", "West")
    assert case.region.tolist() == [0, 0, 1, -1]


def test_a_price_is_the_sites_else_the_zones_else_the_models(ask):
    assert ask().price_usd_per_mwh.tolist() == [35.5, 52.0, 60.0, 60.0]
    changed = ask({"cost.grid_usd_per_mwh": 77.0})
    assert changed.price_usd_per_mwh.tolist() == [35.5, 52.0, 77.0, 77.0]


def test_a_pue_is_the_sites_else_the_models(ask):
    assert ask().pue.tolist() == [1.1, 1.2, 1.2, 1.2]
    assert ask({"campus.pue": 1.5}).pue.tolist() == [1.1, 1.5, 1.5, 1.5]


def test_the_cost_of_a_campus_by_hand(ask):
    case = ask()
    assert pytest.approx(0.101852, abs=1e-6) == CRF
    # s3 is a tenth of a degree north of its node: 1.3 times as much fiber.
    access_km = 1.3 * KM_OF_A_TENTH_DEGREE
    fixed = [20.0, 50.0, 0.0 + 0.06 * access_km, 50.0]
    np.testing.assert_allclose(case.fixed_musd_per_year, CRF * np.array(fixed), rtol=1e-9)
    energy = 8760 * 0.9 / 1e6
    variable = [
        CRF * 9.0 + energy * 35.5,
        CRF * 11.0 + energy * 52.0,
        CRF * 11.0 + energy * 60.0,
        CRF * 12.5 + energy * 60.0,
    ]
    np.testing.assert_allclose(case.variable_musd_per_mw_year, variable, rtol=1e-9)


def test_without_discounting_a_cost_is_spread_over_its_life(ask):
    case = ask({"cost.discount_rate": 0.0, "cost.life_years": 25.0})
    assert case.fixed_musd_per_year[1] == pytest.approx(50 / 25, abs=1e-12)


@pytest.mark.parametrize(
    ("curtailment", "z1_mw"),
    [(0.0025, 100.0), (0.003, 120.0), (0.005, 200.0), (0.006, 250.0), (0.01, 450.0)],
)
def test_headroom_between_two_curtailments_is_interpolated(ask, curtailment, z1_mw):
    case = ask({"power.curtailment": curtailment})
    expected = {"top": 750.0, "z1": z1_mw, "z2": 700.0, "z3": 900.0, "z4": 600.0}
    found = dict(zip(case.zone_ids, case.headroom_mw.tolist(), strict=True))
    assert found == pytest.approx(expected, abs=1e-9)


def test_headroom_is_scaled(ask):
    assert ask({"power.headroom_scale": 0.5}).headroom_mw.tolist() == [375, 100, 350, 450, 300]


def test_a_world_read_before_is_held_to_the_curtailment_asked_now(folder):
    model = model_of(folder)
    world = read_world(model)
    distances = reach_of(model, world)
    for curtailment, shown in ((0.02, "2 %"), (0.001, "0.1 %")):
        changed = model.replace({"power.curtailment": curtailment})
        with pytest.raises(InputError, match="zone 'z1' states headroom at") as caught:
            build_case(changed, world, distances)
        assert shown in str(caught.value)
        assert "0.25 %, 0.5 % and 1 % only" in str(caught.value)


def test_a_world_read_for_another_model_is_refused(folder):
    model = model_of(folder)
    world = read_world(model)
    distances = reach_of(model, world)
    changed = model.replace({"world.exclude_sites": ["s2"], "world.min_kv": 0.0})
    with pytest.raises(InputError, match=r"world\.min_kv and world\.exclude_sites changed since"):
        build_case(changed, world, distances)
    required = model.replace({"world.require_sites": ["s2"]})
    assert build_case(required, world, distances).required.tolist() == [False, True, False, False]


def test_a_cap_is_the_least_of_site_campus_zone_and_parents(ask):
    assert ask().cap_mw.tolist() == [200.0, 700.0, 800.0, 600.0]
    assert ask({"campus.max_mw": 650.0}).cap_mw.tolist() == [200.0, 650.0, 650.0, 600.0]
    assert ask({"campus.module_mw": 150.0}).cap_mw.tolist() == [150.0, 600.0, 750.0, 600.0]
    assert ask({"power.headroom_scale": 0.8}).cap_mw.tolist() == [160.0, 560.0, 720.0, 480.0]


def test_kilometres_are_routes_and_accesses(ask):
    case = ask()
    access_km = 1.3 * KM_OF_A_TENTH_DEGREE
    inf = math.inf
    expected = [
        [0, 150, 270 + access_km, inf],
        [150, 0, 120 + access_km, 250],
        [270 + access_km, 120 + access_km, 0, 130 + access_km],
        [inf, 250, 130 + access_km, 0],
    ]
    np.testing.assert_allclose(case.reach.dense(), expected, rtol=1e-9)


def test_models_that_differ_in_what_no_distance_depends_on_share_a_cache_entry(ask, monkeypatch):
    calls = []
    compute = cache.reach_of_access
    monkeypatch.setattr(
        cache,
        "reach_of_access",
        lambda *args, **kwargs: calls.append(1) or compute(*args, **kwargs),
    )
    first = ask()
    again = ask({"campus.max_mw": 300.0, "cost.fiber_musd_per_km": 1.0, "cluster.target_mw": 250.0})
    assert len(calls) == 1
    assert again.reach.km.tobytes() == first.reach.km.tobytes()
    ask({"world.route_factor": 1.4})
    ask({"cluster.max_fiber_km": 299.0})
    ask({"world.exclude_sites": ["s2"]})
    assert len(calls) == 4


def test_distances_of_more_sites_serve_a_world_with_fewer(folder, ask):
    model = model_of(folder).replace({"world.exclude_sites": ["s1"]})
    world = read_world(model)
    wide = model.replace({"world.exclude_sites": [], "world.min_kv": 0.0})
    case = build_case(model, world, reach_of(wide, read_world(wide)))
    expected = ask({"world.exclude_sites": ["s1"]})
    assert case.site_ids == expected.site_ids == ("s2", "s3", "s4")
    assert case.reach.dense().tolist() == expected.reach.dense().tolist()
    assert case.fixed_musd_per_year.tolist() == expected.fixed_musd_per_year.tolist()


def test_distances_up_to_a_longer_limit_serve_a_shorter_one_and_not_the_other_way(folder, ask):
    model = model_of(folder)
    world = read_world(model)
    distances = reach_of(model, world)
    shorter = build_case(model.replace({"cluster.max_fiber_km": 140.0}), world, distances)
    expected = ask({"cluster.max_fiber_km": 140.0})
    assert shorter.reach.limit_km == 140.0
    assert shorter.reach.pairs == expected.reach.pairs == 1
    with pytest.raises(ValueError, match=r"held up to 300\.0 km, not up to 301\.0 km"):
        build_case(model.replace({"cluster.max_fiber_km": 301.0}), world, distances)


def test_routes_follow_the_spans_of_the_world(folder):
    model = model_of(folder).replace({"world.min_kv": 0.0})
    world = read_world(model)
    distances = reach_of(model, world)
    assert distances.site_ids == ("low", "s1", "s2", "s3", "s4")
    (route,) = find_routes(distances.graph, distances.access, [(3, 1)])
    assert route.span_ids == ("f2", "f1")
    assert route.km == pytest.approx(distances.reach.km_between(3, 1), abs=1e-9)
    assert distances.component.tolist() == [0] * 5
    assert distances.take(distances.site_ids) is distances
    assert len(graph_of(world)) == 4


def test_only_clean_plants_can_be_contracted(ask):
    case = ask({"clean.deliver_within": "anywhere"})
    # p2 burns coal; p3 says itself that it is clean.
    assert case.supply_ids == ("p1", "p3", "p4", "p5")
    expected = [0.3 * 8760 * cf * mw for cf, mw in ((0.25, 200), (0.5, 300), (0.4, 100), (0.5, 10))]
    np.testing.assert_allclose(case.contractable_mwh, expected, rtol=1e-12)
    assert case.premium_usd_per_mwh.tolist() == [0.0, 2.0, 5.0, 3.0]
    half = ask({"clean.deliver_within": "anywhere", "clean.contractable_fraction": 0.15})
    np.testing.assert_allclose(half.contractable_mwh, np.array(expected) / 2, rtol=1e-12)


@pytest.mark.parametrize(
    ("within", "deliveries"),
    [
        ("zone", {("p1", "s1"), ("p3", "s3"), ("p4", "s4")}),
        # z4 has no region: nothing is delivered there, not even from its own plant.
        ("region", {("p1", "s1"), ("p1", "s2"), ("p3", "s3")}),
        (
            "interconnect",
            {(p, s) for p in ("p1", "p3") for s in ("s1", "s2", "s3")} | {("p4", "s4")},
        ),
        ("anywhere", {(p, s) for p in ("p1", "p3", "p4", "p5") for s in ("s1", "s2", "s3", "s4")}),
    ],
)
def test_supply_is_delivered_within_its_area(ask, within, deliveries):
    case = ask({"clean.deliver_within": within})
    found = {
        (plant, site)
        for plant, a in zip(case.supply_ids, case.supply_area, strict=True)
        for site, b in zip(case.site_ids, case.area, strict=True)
        if a == b
    }
    assert found == deliveries
    assert (case.supply_area >= 0).all()
    assert (case.area >= 0).all()


def test_grid_mix_counts_only_if_asked_and_where_it_is_known(ask):
    assert ask().grid_clean_fraction.tolist() == [0.4, 0.0, 0.7, 0.0]
    assert ask({"clean.count_grid_mix": False}).grid_clean_fraction.tolist() == [0.0] * 4


def test_required_sites_are_marked_and_must_be_there(ask, folder):
    assert ask({"world.require_sites": ["s3", "s1"]}).required.tolist() == [
        True,
        False,
        True,
        False,
    ]
    model = model_of(folder)
    world = read_world(model)
    changed = model.replace({"world.require_sites": ["s1", "nowhere"]})
    with pytest.raises(InputError, match="site 'nowhere' is not in this world"):
        build_case(changed, world, reach_of(model, world))


def test_a_world_without_supply_has_none_to_contract(folder):
    values = model_of(folder).model_dump(by_alias=True, exclude_none=True)
    del values["world"]["supply"]
    model = make_model(values, folder=folder)
    world = read_world(model)
    case = build_case(model, world, reach_of(model, world))
    assert case.supply_ids == ()
    assert case.contractable_mwh.shape == case.supply_area.shape == (0,)


def test_a_part_of_a_case_is_the_case_of_the_part(ask):
    case, part = ask(), ask({"world.exclude_sites": ["s1", "s3"]})
    taken = case.take(np.array([1, 3]))
    assert taken.site_ids == part.site_ids
    assert taken.fixed_musd_per_year.tolist() == part.fixed_musd_per_year.tolist()
    assert taken.reach.km.tolist() == part.reach.km.tolist()
    assert taken.cap_mw.tolist() == part.cap_mw.tolist()


def test_kilometres_of_the_whole_us_against_a_plain_search():
    model = read_model("us_5gw")
    distances = reach_of(model, read_world(model))
    graph, access, reach = distances.graph, distances.access, distances.reach
    assert len(reach) > 4000
    rows = np.repeat(np.arange(len(reach)), np.diff(reach.indptr))
    by_column = np.lexsort((rows, reach.indices))
    assert reach.km[by_column].tobytes() == reach.km.tobytes()
    for i in range(0, len(reach), 97):
        km, heap = {}, [(0.0, int(access.node[i]))]
        while heap:
            length, node = heapq.heappop(heap)
            if node in km or length > 500:
                continue
            km[node] = length
            for entry in range(graph.indptr[node], graph.indptr[node + 1]):
                heapq.heappush(heap, (length + graph.km[entry], int(graph.indices[entry])))
        expected = {
            j: km[node] + access.km[i] + access.km[j]
            for j, node in enumerate(access.node.tolist())
            if j != i and node in km and km[node] + access.km[i] + access.km[j] <= 500
        }
        others, found = reach.of(i)
        assert others.tolist() == sorted(expected)
        np.testing.assert_allclose(found, [expected[j] for j in sorted(expected)], atol=1e-9)


def test_the_same_rows_in_another_order_are_the_same_case(folder):
    def read():
        model = model_of(folder)
        world = read_world(model)
        return build_case(model, world, reach_of(model, world))

    first = read()
    for name in ("sites", "supply"):
        head, *rows = (folder / f"{name}.csv").read_text().splitlines()
        (folder / f"{name}.csv").write_text("\n".join([head, *rows[::-1]]))
    for name, features in (("zones", ZONES), ("fiber", FIBER)):
        collection = {"type": "FeatureCollection", "features": features[::-1]}
        (folder / f"{name}.geojson").write_text(json.dumps(collection))
    again = read()
    for name, value in vars(first).items():
        other = getattr(again, name)
        if isinstance(value, np.ndarray):
            assert value.tolist() == other.tolist(), name
        elif name not in ("reach", "routes"):
            assert value == other, name
    pairs = [(0, 1), (1, 2)]
    spans = [route.span_ids for route in first.routes.between(pairs)]
    assert spans == [route.span_ids for route in again.routes.between(pairs)]
    assert first.reach.dense().tolist() == again.reach.dense().tolist()
