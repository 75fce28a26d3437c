"""The oracle itself, against cases that are solved by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import OPTIONS, random_case
from oracle import best_plan

from siting.case import Case
from siting.fiber.reach import Reach
from siting.model import CampusSection, CleanSection, ClusterSection


def three_sites(**changed: object) -> Case:
    """Three sites on a line, a, b and c, 100 km apart, in two zones of one parent.

    a and b are in ``north`` (700 MW), c is in ``south`` (500 MW), both in ``all`` (1,000 MW).
    A MW costs 1, 2 and 3 MUSD/year, a campus 10 MUSD/year.
    """
    km = np.abs(np.subtract.outer(np.arange(3.0), np.arange(3.0))) * 100
    case = Case(
        campus=CampusSection(min_mw=100.0, max_mw=600.0, load_factor=1.0),
        cluster=ClusterSection(target_mw=600.0, min_campuses=1, max_campuses=3, max_fiber_km=200.0),
        clean=CleanSection(),
        sense="minimise_cost",
        site_ids=("a", "b", "c"),
        lon=np.zeros(3),
        lat=np.zeros(3),
        max_mw=np.array([500.0, 400.0, 450.0]),
        pue=np.array([1.25, 1.0, 1.0]),
        fixed_musd_per_year=np.full(3, 10.0),
        variable_musd_per_mw_year=np.array([1.0, 2.0, 3.0]),
        price_usd_per_mwh=np.full(3, 60.0),
        grid_clean_fraction=np.array([0.5, 0.5, 0.2]),
        zone=np.array([1, 1, 2]),
        utility=np.array([0, 0, 1]),
        region=np.array([0, 0, 1]),
        area=np.array([0, 0, 1]),
        required=np.zeros(3, dtype=np.bool_),
        utilities=("left", "right"),
        regions=("here", "there"),
        zone_ids=("all", "north", "south"),
        zone_utility=("left", "left", "right"),
        headroom_mw=np.array([1000.0, 700.0, 500.0]),
        parent=np.array([-1, 0, 0]),
        supply_ids=("dear", "near"),
        supply_area=np.array([0, 0]),
        contractable_mwh=np.array([1e6, 8760 * 100.0]),
        premium_usd_per_mwh=np.array([20.0, 10.0]),
        reach=Reach.from_dense(km, 200.0),
    )
    sections = {"campus", "cluster", "clean"}
    keys = {key: value for key, value in changed.items() if key in sections}
    for section, update in keys.items():
        changed[section] = getattr(case, section).model_copy(update=update)
    return replace(case, **changed)


BY_HAND = [
    # 500 at a and the least, 100, at b.
    ({}, 500 * 1 + 100 * 2 + 20),
    ({"cluster": {"target_mw": 500.0}}, 500 + 10),
    # North gives 700, the rest comes from south at 3.
    ({"cluster": {"target_mw": 900.0}}, 500 + 200 * 2 + 200 * 3 + 30),
    ({"cluster": {"target_mw": 1000.0}}, 500 + 200 * 2 + 300 * 3 + 30),
    # The parent gives no more than 1,000.
    ({"cluster": {"target_mw": 1050.0}}, None),
    ({"cluster": {"max_campuses": 1}}, None),
    ({"cluster": {"min_campuses": 3}}, 400 + 100 * 2 + 100 * 3 + 30),
    # b is within 100 km of both, a and c are not; b and c hold 600 at 2 and 3.
    ({"cluster": {"max_fiber_km": 100.0}, "max_mw": np.array([150.0, 400.0, 450.0])}, 1420),
    ({"cluster": {"min_utilities": 2}}, 500 + 100 * 3 + 20),
    ({"cluster": {"min_regions": 2}}, 500 + 100 * 3 + 20),
    ({"cluster": {"min_regions": 3}}, None),
    # At most 60 % from left: 360 there, 240 from right.
    ({"cluster": {"max_utility_fraction": 0.6}}, 360 + 240 * 3 + 20),
    # 300 must be left without a: 300 at b, and of a no more than 300 are bought.
    ({"cluster": {"keep_after_campus_loss": 0.5}}, 300 + 300 * 2 + 20),
    # 240 must be left without left, so 240 at c.
    ({"cluster": {"keep_after_utility_loss": 0.4}}, 360 + 240 * 3 + 20),
    # 400 of IT load at a are all it has, and 100 more at b.
    ({"cluster": {"target_mw": None, "target_it_mw": 500.0}}, 500 + 100 * 2 + 20),
    # 400 + 100: without a 100 of IT load are left, but 200 must be; without b more than enough.
    (
        {
            "cluster": {
                "target_mw": None,
                "target_it_mw": 500.0,
                "keep_after_campus_loss": 0.4,
            }
        },
        375 * 1 + 200 * 2 + 20,
    ),
    # Modules of 150: 450 at a, 150 at b.
    ({"campus": {"module_mw": 150.0}}, 450 + 150 * 2 + 20),
    ({"campus": {"module_mw": 400.0}}, 400 + 400 * 3 + 20),
    ({"required": np.array([False, False, True])}, 500 + 100 * 3 + 20),
    # Half is clean by the mix; 10 % more of 600 MW: 60 MW for a year at 10 USD.
    ({"clean": {"min_fraction": 0.6}}, 720 + 60 * 8760 * 10 / 1e6),
    # 180 MW: 100 from near, 80 from dear, which has 114.
    ({"clean": {"min_fraction": 0.8}}, 720 + 100 * 0.0876 + 80 * 0.1752),
    # 240 MW are not to be had in north; c lies outside the plants' area and only adds to it.
    ({"clean": {"min_fraction": 0.9}}, None),
    # Without the mix all of 0.3 * 600 MW are bought.
    (
        {"clean": {"min_fraction": 0.3, "count_grid_mix": False}},
        720 + 100 * 0.0876 + 80 * 0.1752,
    ),
    ({"sense": "maximise_mw"}, 1000.0),
    ({"sense": "maximise_mw", "cluster": {"max_campuses": 2}}, 950.0),
    ({"sense": "maximise_mw", "cluster": {"target_mw": None}}, 1000.0),
    ({"sense": "maximise_mw", "cluster": {"max_utility_fraction": 0.5}}, 900.0),
    ({"sense": "minimise_fiber_km"}, 100.0),
    ({"sense": "minimise_fiber_km", "cluster": {"target_mw": 500.0}}, 0.0),
    ({"sense": "minimise_fiber_km", "cluster": {"target_mw": 900.0}}, 200.0),
    ({"sense": "minimise_fiber_km", "cluster": {"target_mw": 1000.0}}, 400.0),
    # Two clusters: a and b have 700 together, so beyond 350 the second needs c, and b as far as it
    # goes, for b is cheaper.
    ({"cluster": {"count": 2, "target_mw": 300.0}}, 300 + 300 * 2 + 20),
    ({"cluster": {"count": 2, "target_mw": 350.0}}, 350 + 350 * 2 + 20),
    ({"cluster": {"count": 2, "target_mw": 375.0}}, 375 + 275 * 2 + 100 * 3 + 30),
    ({"cluster": {"count": 2, "target_mw": 475.0}}, 475 * 1 + 225 * 2 + 250 * 3 + 30),
    ({"cluster": {"count": 3, "target_mw": 300.0}}, 300 * 6 + 30),
    ({"cluster": {"count": 4, "target_mw": 100.0}}, None),
]


@pytest.mark.parametrize(("changed", "objective"), BY_HAND)
def test_a_case_solved_by_hand(changed, objective):
    answer = best_plan(three_sites(**changed))
    assert (answer and answer.objective) == (objective and pytest.approx(objective, rel=1e-9))


def test_contracts_stay_within_a_campus_own_energy():
    # Only a can be delivered to: its own energy is 500 of 600 MW, so 90 % cannot be reached.
    case = three_sites(
        clean={"min_fraction": 0.9, "count_grid_mix": False},
        area=np.array([0, 1, 1]),
        contractable_mwh=np.array([1e9, 1e9]),
    )
    assert best_plan(case) is None
    answer = best_plan(replace(case, clean=case.clean.model_copy(update={"min_fraction": 0.8})))
    assert answer is not None
    assert sum(answer.contract_mwh[0].values()) == pytest.approx(0.8 * 600 * 8760)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_decides_some_random_cases(option):
    # Otherwise the comparison with the program would say nothing about the option.
    decided = [decides(random_case(seed, only=option), option) for seed in range(16)]
    assert sum(decided) >= 2


def decides(case: Case, option: str) -> bool:
    """Whether the answer is another without the option."""
    if option == "require_sites":
        without = replace(case, required=np.zeros_like(case.required))
    elif option == "target_it_mw":
        without = replace(case, pue=np.ones_like(case.pue))
    else:
        name = {"module_mw": "campus", "min_fraction": "clean"}.get(option, "cluster")
        section = getattr(case, name)
        default = type(section).model_fields[option].default
        without = replace(case, **{name: section.model_copy(update={option: default})})
    answers = best_plan(case), best_plan(without)
    return len({None if a is None else round(a.objective, 6) for a in answers}) == 2
