"""A plan from a solution, by hand: costs, shares, links, zones, order, and its JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from siting.case import Case
from siting.fiber import Reach
from siting.model import CampusSection, CleanSection, ClusterSection
from siting.plan import AuditReport, Contract, Seconds, Solution, plan_from_solution
from siting.resources import data_folder
from siting.units import gap

KM = np.array(
    [
        [0.0, 30.0, 75.0, np.inf],
        [30.0, 0.0, 200.0, np.inf],
        [75.0, 200.0, 0.0, 10.0],
        [np.inf, np.inf, 10.0, 0.0],
    ]
)

CASE = Case(
    campus=CampusSection(load_factor=0.5),
    cluster=ClusterSection(target_mw=300.0),
    clean=CleanSection(),
    sense="minimise_cost",
    site_ids=("a", "b", "c", "d"),
    lon=np.array([-100.0, -99.0, -98.0, -97.0]),
    lat=np.array([40.0, 41.0, 42.0, 43.0]),
    max_mw=np.full(4, 1000.0),
    pue=np.array([1.25, 1.0, 1.6, 1.2]),
    fixed_musd_per_year=np.array([3.0, 4.0, 5.0, 6.0]),
    variable_musd_per_mw_year=np.array([1.0, 1.5, 2.0, 0.25]),
    price_usd_per_mwh=np.array([50.0, 60.0, 70.0, 80.0]),
    grid_clean_fraction=np.array([0.25, 0.0, 0.5, 1.0]),
    zone=np.array([0, 1, 1, 3]),
    utility=np.array([1, 0, 0, 2]),
    region=np.array([0, -1, 1, 1]),
    area=np.array([0, 0, 1, 1]),
    required=np.zeros(4, bool),
    utilities=("Alpha", "Beta", "Gamma"),
    regions=("East", "West"),
    zone_ids=("z1", "z2", "z3", "z4"),
    zone_utility=("Beta", "Alpha", "Group", "Gamma"),
    headroom_mw=np.array([500.0, 600.0, 900.0, 1000.0]),
    parent=np.array([2, 2, -1, -1]),
    supply_ids=("sun", "wind"),
    supply_area=np.array([1, 0]),
    contractable_mwh=np.array([1e6, 1e6]),
    premium_usd_per_mwh=np.array([2.0, 5.0]),
    reach=Reach.from_dense(KM, 500.0),
)

SOLUTION = Solution(
    draw_mw=({"d": 100.0, "c": 240.0}, {"b": 200.0, "a": 100.0}),
    contract_mwh=({("sun", "c"): 525_600.0}, {("wind", "a"): 100_000.0, ("wind", "b"): 0.0}),
    objective=1402.0,
    bound=1401.0,
    status="optimal",
    solver_name="highs",
    solver_version="1",
)

NAMES = {
    "model_name": "hand",
    "model_sha256": "0" * 64,
    "world_name": "paper",
    "world_sha256": "1" * 64,
}


@pytest.fixture
def plan():
    return plan_from_solution(CASE, SOLUTION, **NAMES)


def test_a_campus_by_hand(plan):
    campus = plan.clusters[0].campuses[0]
    assert (campus.site, campus.zone, campus.utility, campus.region) == ("a", "z1", "Beta", "East")
    assert (campus.lon, campus.lat) == (-100.0, 40.0)
    assert campus.draw_mw == 100.0
    assert campus.it_mw == pytest.approx(80.0, abs=1e-12)
    # 3 fixed, 1.0 for each MW, 100,000 MWh at a premium of 5 USD.
    assert campus.cost_musd_per_year == pytest.approx(3 + 100 + 0.5, abs=1e-9)
    # Energy 8760 h x 0.5 x 100 MW = 438,000 MWh; a quarter of it is clean by the mix.
    assert campus.clean_fraction == pytest.approx(0.25 + 100_000 / 438_000, abs=1e-12)
    assert campus.contracts == (Contract("wind", 100_000.0),)
    assert campus.price_usd_per_mwh == 50.0


def test_a_region_that_is_not_known_is_none(plan):
    assert plan.clusters[0].campuses[1].region is None
    assert plan.clusters[0].campuses[1].contracts == ()


def test_a_cluster_by_hand(plan):
    first, second = plan.clusters
    assert (first.id, second.id) == ("c1", "c2")
    assert [campus.site for campus in first.campuses] == ["a", "b"]
    assert [campus.site for campus in second.campuses] == ["c", "d"]
    assert first.draw_mw == 300.0
    assert first.it_mw == pytest.approx(80 + 200, abs=1e-9)
    assert first.cost_musd_per_year == pytest.approx(103.5 + 4 + 1.5 * 200, abs=1e-9)
    # 0.25 x 438,000 + 100,000 of 3 x 438,000 MWh.
    assert first.clean_fraction == pytest.approx(209_500 / 1_314_000, abs=1e-12)
    assert first.utilities == ("Alpha", "Beta")
    assert second.utilities == ("Alpha", "Gamma")
    assert first.max_fiber_km == 30.0
    # 240 MW x 4380 h = 1,051,200 MWh: half by the mix, half by contract, and not more than all.
    assert second.campuses[0].clean_fraction == 1.0
    assert second.clean_fraction == 1.0


def test_rounding_makes_nothing_cleaner_than_clean():
    draws = {"c": 240.0 / 7, "d": 100.0 / 3}
    contracts = {("sun", "c"): 0.5 * 4380 * (240.0 / 7) * (1 + 1e-9)}
    solution = replace(SOLUTION, draw_mw=(draws,), contract_mwh=(contracts,))
    (cluster,) = plan_from_solution(CASE, solution, **NAMES).clusters
    assert cluster.clean_fraction == 1.0
    assert all(campus.clean_fraction == 1.0 for campus in cluster.campuses)


def test_links_are_all_pairs_with_delay_and_tier():
    solution = replace(SOLUTION, draw_mw=({"c": 1.0, "a": 1.0, "b": 1.0},), contract_mwh=({},))
    (cluster,) = plan_from_solution(CASE, solution, **NAMES).clusters
    links = [(link.from_site, link.to_site, link.km, link.tier) for link in cluster.links]
    assert links == [
        ("a", "b", 30.0, "ethernet"),
        ("a", "c", 75.0, "zr"),
        ("b", "c", 200.0, "long_haul"),
    ]
    # 200 km of glass at 299,792.458 km/s over 1.468.
    assert cluster.links[2].delay_ms == pytest.approx(200 * 1.468 / 299.792458, abs=1e-12)
    assert cluster.links[2].rtt_ms == pytest.approx(2 * 200 * 1.468 / 299.792458, abs=1e-12)
    assert cluster.max_fiber_km == 200.0


def test_a_cluster_of_one_campus_has_no_links():
    solution = replace(SOLUTION, draw_mw=({"b": 150.0},), contract_mwh=({},))
    (cluster,) = plan_from_solution(CASE, solution, **NAMES).clusters
    assert cluster.links == ()
    assert cluster.max_fiber_km == 0.0
    assert cluster.clean_fraction == 0.0


def test_zones_used_with_the_zones_that_hold_them(plan):
    rows = [(zone.id, zone.utility, zone.headroom_mw, zone.used_mw) for zone in plan.zones]
    assert rows == [
        ("z1", "Beta", 500.0, 100.0),
        ("z2", "Alpha", 600.0, 440.0),
        ("z3", "Group", 900.0, 540.0),
        ("z4", "Gamma", 1000.0, 100.0),
    ]


def test_the_order_of_a_solution_changes_nothing(plan):
    shuffled = replace(
        SOLUTION,
        draw_mw=({"a": 100.0, "b": 200.0}, {"c": 240.0, "d": 100.0}),
        contract_mwh=({("wind", "b"): 0.0, ("wind", "a"): 100_000.0}, {("sun", "c"): 525_600.0}),
    )
    assert plan_from_solution(CASE, shuffled, **NAMES) == plan


def test_a_plan_is_not_audited_before_the_audit(plan):
    assert plan.audit == AuditReport(passed=False, checks=())


def test_gap_by_hand():
    assert gap(200.0, 199.0) == 0.005
    assert gap(-200.0, -201.0) == 0.005
    assert gap(100.0, 101.0) == 0.01
    assert gap(0.0, 0.0) == gap(0.0, 1e-12) == 0.0
    assert gap(0.0, 1.0) == math.inf
    assert plan_from_solution(CASE, SOLUTION, **NAMES).gap == pytest.approx(1 / 1402, abs=1e-15)


def test_plan_json_holds_the_plan_key_by_key(plan):
    audited = replace(
        plan, audit=AuditReport(passed=True, checks=("x", "y")), seconds=Seconds(1.0, 2.0, 3.0, 7.0)
    )
    content = audited.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    schema = data_folder().parent / "docs" / "plan.schema.json"
    jsonschema.validate(content, json.loads(schema.read_text(encoding="utf-8")))
    assert list(content) == [
        *("schema", "model", "world", "asked", "left_out", "notices"),
        *("status", "sense", "objective", "bound", "gap", "seconds"),
        *("solver", "training", "most_clusters", "clusters", "zones", "audit"),
    ]
    assert content["seconds"] == {"load": 1.0, "distances": 2.0, "solve": 3.0, "total": 7.0}
    assert content["zones"][0] == {"id": "z1", "headroom_mw": 500.0, "used_mw": 100.0}
    cluster = content["clusters"][0]
    assert cluster["campuses"][0] == {
        "site": "a",
        "lon": -100.0,
        "lat": 40.0,
        "draw_mw": 100.0,
        "it_mw": 80.0,
        "zone": "z1",
        "utility": "Beta",
        "cost_musd_per_year": 103.5,
        "contracts": [{"supply": "wind", "mwh": 100_000.0}],
    }
    assert cluster["links"][0]["from"] == "a"
    assert cluster["links"][0]["to"] == "b"
    assert sorted(cluster) == sorted(
        [
            *(
                "campuses",
                "clean_fraction",
                "cost_musd_per_year",
                "draw_mw",
                "id",
                "it_mw",
                "links",
            ),
            *("max_fiber_km", "utilities", "network", "hub", "fiber_km", "shared_spans"),
            "training",
        ]
    )


def test_a_plan_prints_in_short(plan):
    assert str(plan).splitlines() == [
        "hand on paper: 1,402.0 MUSD/year, optimal, gap 0.07%",
        "cluster c1: 300.0 MW at 2 campuses, at most 30.0 km apart, 15.9% clean, 407.5 MUSD/year",
        "  a      100.0 MW  z1 (Beta)",
        "  b      200.0 MW  z2 (Alpha)",
        "cluster c2: 340.0 MW at 2 campuses, at most 10.0 km apart, 100.0% clean, 517.1 MUSD/year",
        "  c      240.0 MW  z2 (Alpha)",
        "  d      100.0 MW  z4 (Gamma)",
    ]
