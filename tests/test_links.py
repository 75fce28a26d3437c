"""Links along their routes: equipment, prices, spans and what fails together; and their audit."""

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import best_plan, plan_of, solution_of
from test_audit import failed

from siting.case import Case
from siting.fiber import Access, FiberGraph, Reach, Routes, amplifier_sites, pairs_needed, tier_of
from siting.fiber.networks import fatal_spans, first_way_round, hub_of, parts_of, ring_links
from siting.model import CampusSection, CleanSection, ClusterSection, FiberSection
from siting.plan import Plan


def square(top_km: float, right_km: float, bottom_km: float, left_km: float) -> FiberGraph:
    """Four nodes and the spans around them, from the upper left one clockwise."""
    return FiberGraph.from_spans(
        ids=["top", "right", "bottom", "left"],
        start=[0, 1, 2, 3],
        end=[1, 2, 3, 0],
        km=[top_km, right_km, bottom_km, left_km],
        node_ids=["0", "1", "2", "3"],
        node_lon=[0.0, 1.0, 1.0, 0.0],
        node_lat=[1.0, 1.0, 0.0, 0.0],
    )


def ladder(network: str = "mesh", *, keep_after_span_loss: bool = False, **cluster) -> Case:
    """Four sites at the corners of a square of fiber, 100 km a side, 10 km of access each.

    a ~ 0 --top-- 1 ~ b
        |         |
      left      right
        |         |
    d ~ 3 -bottom- 2 ~ c
    """
    graph = square(100.0, 100.0, 100.0, 100.0)
    km = np.array(
        [
            [0.0, 120.0, 220.0, 120.0],
            [120.0, 0.0, 120.0, 220.0],
            [220.0, 120.0, 0.0, 120.0],
            [120.0, 220.0, 120.0, 0.0],
        ]
    )
    asked = {"target_mw": 400.0, "min_campuses": 4, "max_fiber_km": 300.0, **cluster}
    return Case(
        campus=CampusSection(min_mw=100.0, max_mw=100.0),
        cluster=ClusterSection(network=network, keep_after_span_loss=keep_after_span_loss, **asked),
        clean=CleanSection(),
        sense="minimise_fiber_km",
        site_ids=("a", "b", "c", "d"),
        lon=np.array([0.0, 1.0, 1.0, 0.0]),
        lat=np.array([1.1, 1.1, -0.1, -0.1]),
        max_mw=np.full(4, 100.0),
        pue=np.full(4, 1.25),
        fixed_musd_per_year=np.full(4, 1.0),
        variable_musd_per_mw_year=np.ones(4),
        price_usd_per_mwh=np.full(4, 60.0),
        grid_clean_fraction=np.zeros(4),
        zone=np.zeros(4, np.int64),
        utility=np.zeros(4, np.int64),
        region=np.zeros(4, np.int64),
        area=np.zeros(4, np.int64),
        required=np.zeros(4, bool),
        utilities=("u",),
        regions=("r",),
        zone_ids=("z",),
        zone_utility=("u",),
        headroom_mw=np.array([1000.0]),
        parent=np.array([-1]),
        supply_ids=(),
        supply_area=np.empty(0, np.int64),
        contractable_mwh=np.empty(0),
        premium_usd_per_mwh=np.empty(0),
        reach=Reach.from_dense(km, 300.0),
        routes=Routes(graph, Access(np.arange(4), np.full(4, 10.0))),
        fiber=FiberSection(
            bandwidth_tbps=1000.0, pair_musd_per_km=0.01, amplifier_musd=0.5, amplifier_km=80.0
        ),
    )


def planned(case: Case) -> Plan:
    answer = best_plan(case)
    assert answer is not None
    return plan_of(case, solution_of(case, answer))


MESH, HUB, RING = (planned(ladder(network)) for network in ("mesh", "hub", "ring"))


def restated(plan: Plan, **changed) -> Plan:
    return replace(plan, clusters=(replace(plan.clusters[0], **changed),))


def relinked(plan: Plan, **changed) -> Plan:
    first, *others = plan.clusters[0].links
    return restated(plan, links=(replace(first, **changed), *others))


@pytest.mark.parametrize(
    ("km", "tier"),
    [
        (39.9, "ethernet"),
        (40.1, "zr"),
        (79.9, "zr"),
        (80.1, "long_haul"),
        (499, "long_haul"),
        (501, "async"),
    ],
)
def test_the_tier_of_a_length_beside_a_limit(km, tier):
    assert tier_of(km) == tier


def test_pairs_and_amplifiers_by_hand():
    # 6 Pbit/s are 49.3 pairs of 121.6 Tbit/s; 1 Pbit/s are 39.1 of 25.6.
    assert pairs_needed(6000, pair_tbps=121.6) == 50
    assert pairs_needed(1000, pair_tbps=25.6) == 40
    assert pairs_needed(0, pair_tbps=25.6) == 0
    # 121.6 Tbit/s three times is three pairs, not four by a hair.
    assert pairs_needed(3 * 121.6, pair_tbps=121.6) == 3
    assert [amplifier_sites(km, every_km=80) for km in (79, 81, 160, 161, 400)] == [0, 1, 1, 2, 4]


def test_a_mesh_by_hand():
    cluster = MESH.clusters[0]
    assert cluster.fiber_km == 4 * 120 + 2 * 220
    assert (cluster.max_fiber_km, cluster.network, cluster.hub) == (220.0, "mesh", None)
    sides = {(x.from_site, x.to_site): x.spans for x in cluster.links if x.km == 120}
    assert sides == {
        ("a", "b"): ("top",),
        ("b", "c"): ("right",),
        ("c", "d"): ("bottom",),
        ("a", "d"): ("left",),
    }
    (link,) = (x for x in cluster.links if (x.from_site, x.to_site) == ("a", "b"))
    # 1,000 Tbit/s are 9 pairs of 120 km at 0.01 MUSD/km, amplified once.
    assert (link.pairs, link.amplifier_sites) == (9, 1)
    assert link.pairs_musd == pytest.approx(9 * (0.01 * 120 + 0.5))
    # Both diagonals go around by two sides, of two ways that with the lower ids.
    for group in cluster.shared_spans:
        assert len(group.links) in (2, 3)
        assert group.km == 100.0 * len(group.spans)
        assert not group.disconnects
    assert not failed(ladder(), MESH)


def test_a_hub_by_hand():
    cluster = HUB.clusters[0]
    assert (cluster.hub, cluster.fiber_km) == ("a", 120 + 120 + 220)
    assert [(x.from_site, x.to_site) for x in cluster.links] == [("a", "b"), ("a", "c"), ("a", "d")]
    # The link to the corner across shares a side with another.
    (shared,) = cluster.shared_spans
    assert shared.disconnects
    assert ("a", "c") in shared.links
    assert not failed(ladder("hub"), HUB)


def test_a_ring_by_hand():
    cluster = RING.clusters[0]
    assert cluster.fiber_km == 480.0
    assert [(x.from_site, x.to_site) for x in cluster.links] == [
        *(("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"))
    ]
    assert cluster.shared_spans == ()
    assert not failed(ladder("ring"), RING)
    assert not failed(ladder("ring", keep_after_span_loss=True), RING)


def test_a_ring_of_two_counts_its_link_twice():
    case = ladder("ring", min_campuses=2, max_campuses=2, target_mw=200.0)
    plan = planned(case)
    assert (len(plan.clusters[0].links), plan.clusters[0].fiber_km) == (1, 240.0)
    assert not failed(case, plan)


LONG = ladder("ring", max_ring_km=479.0)
REJECTED = [
    ({"cluster.max_ring_km"}, LONG, RING),
    ({"cluster.keep_after_span_loss"}, ladder("ring", keep_after_span_loss=True), None),
    ({"links spans"}, ladder(), relinked(MESH, spans=())),
    ({"links spans"}, ladder(), relinked(MESH, spans=("left", "bottom", "right"))),
    ({"links spans", "shared spans"}, ladder(), relinked(MESH, spans=("bottom",))),
    ({"links equipment"}, ladder(), relinked(MESH, amplifier_sites=0)),
    ({"links equipment"}, ladder(), relinked(MESH, pairs=8)),
    ({"links equipment"}, ladder(), relinked(MESH, pairs_musd=1.0)),
    ({"shared spans"}, ladder(), restated(MESH, shared_spans=())),
    (
        {"shared spans"},
        ladder("hub"),
        restated(
            HUB,
            shared_spans=(replace(HUB.clusters[0].shared_spans[0], disconnects=False),),
        ),
    ),
    ({"totals"}, ladder(), restated(MESH, fiber_km=919.0)),
    ({"links make the network"}, ladder(), restated(MESH, hub="a")),
    ({"links make the network"}, ladder(), restated(MESH, network="ring")),
    ({"links make the network"}, ladder("hub"), restated(HUB, hub="b")),
    ({"links make the network"}, ladder("hub"), restated(HUB, hub=None)),
    ({"links make the network"}, ladder("ring"), restated(RING, hub="a")),
    (
        {"links make the network"},
        ladder("ring"),
        restated(RING, links=(*RING.clusters[0].links[1::-1], *RING.clusters[0].links[2:])),
    ),
]


def crossed() -> Plan:
    """The tour a c b d, whose diagonals go along sides that other hops take."""
    case = ladder("ring")
    answer = best_plan(case)
    solution = replace(solution_of(case, answer), tours=(("a", "c", "b", "d"),))
    plan = plan_of(case, solution)
    km = plan.clusters[0].fiber_km
    return replace(plan, objective=km, bound=km)


@pytest.mark.parametrize(("names", "case", "plan"), REJECTED)
def test_the_audit_rejects(names, case, plan):
    found = failed(case, plan or crossed())
    # A ring that is not a tour, or links that are not there, upset what is summed over them.
    assert names <= found <= names | {"shared spans", "totals", "objective", "links spans"}


def test_networks_of_a_few_campuses():
    assert ring_links([0]) == []
    assert ring_links([1, 0]) == [(1, 0)]
    assert ring_links([0, 2, 1]) == [(0, 2), (2, 1), (1, 0)]
    assert first_way_round([2, 3, 0, 1]) == [0, 1, 2, 3]
    assert first_way_round([0, 3, 1, 2]) == [0, 2, 1, 3]
    assert first_way_round([1, 0]) == [0, 1]
    assert parts_of(4, [(0, 2), (3, 1)]) == [[0, 2], [1, 3]]
    km = np.array([[0.0, 9.0, 9.0], [9.0, 0.0, 1.0], [9.0, 1.0, 0.0]])
    assert hub_of(km, 9.0) == 1
    assert hub_of(km, 9.0, [True, False, False]) == 0
    assert hub_of(km, 8.0) is None
    assert fatal_spans(3, [(0, 1), (1, 2), (0, 2)], ["xy", "y", "z"]) == {"y": [[0, 2], [1]]}


def test_a_length_without_end_has_no_equipment():
    with pytest.raises(OverflowError):
        amplifier_sites(math.inf, every_km=80.0)
