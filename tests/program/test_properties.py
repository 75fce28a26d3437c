"""What must hold of the best plans of related cases, whatever the cases are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from cases import SITE_NAMES, small_cases
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from siting.case import SITE_ARRAYS, Case
from siting.errors import InfeasibleError
from siting.fiber.reach import Reach
from siting.model import SolverSection
from siting.plan import Solution
from siting.program import solve
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.one_cluster.solve import solve_one_cluster

SETTINGS = SolverSection(gap=1e-8, time_limit_s=60.0, threads=1)
SLACK = 1e-6

# The same cases on every run; the slow test draws others each time.
# They are not shrunk: that takes minutes, and the slow test does it.
few = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
many = settings(max_examples=500, deadline=None, database=None)


def cases(**fixed) -> st.SearchStrategy[Case]:
    """Small cases without the ways of their fiber, which meshes alone do not need."""
    return small_cases(most_sites=7, **fixed).map(lambda case: replace(case, routes=None))


CASES = cases()
ONE_CLUSTER = cases(count=1)


def worst(case: Case) -> float:
    """The objective of no plan."""
    return -math.inf if case.sense == "maximise_mw" else math.inf


def whole(case: Case) -> float:
    """The best objective, by the program as ``solve`` chooses to solve it."""
    try:
        return solve(case, solver=SETTINGS).objective
    except InfeasibleError:
        return worst(case)


def by_anchors(case: Case) -> float:
    """The best objective, by the decomposition."""
    proof = solve_one_cluster(case, Solver("highs", SETTINGS.gap, 1), Deadline(60))
    return worst(case) if proof.best is None else proof.best.objective


def is_no_worse(case: Case, value: float, than: float) -> bool:
    """Whether an objective is as good as another, but for rounding."""
    slack = SLACK * max(1.0, abs(than)) if math.isfinite(than) else 0.0
    if case.sense == "maximise_mw":
        return value >= than - slack
    return value <= than + slack


def is_same(value: float, other: float) -> bool:
    return math.isclose(value, other, rel_tol=SLACK, abs_tol=SLACK)


def section(case: Case, name: str, **changed) -> Case:
    """The case with other values in a section of its model."""
    return replace(case, **{name: getattr(case, name).model_copy(update=changed)})


def lower_target(case: Case) -> Case:
    load = "target_it_mw" if case.cluster.target_it_mw is not None else "target_mw"
    target = getattr(case.cluster, load)
    return case if target is None else section(case, "cluster", **{load: 0.8 * target})


def more_modules(case: Case) -> Case:
    """Modules of half the size: whatever was whole still is."""
    return section(case, "campus", module_mw=case.campus.module_mw / 2)


EASIER: dict[str, Callable[[Case], Case]] = {
    "more headroom": lambda c: replace(c, headroom_mw=1.2 * c.headroom_mw + 30),
    "larger sites": lambda c: replace(c, max_mw=1.3 * c.max_mw),
    "larger campuses": lambda c: section(c, "campus", max_mw=1.3 * c.campus.max_mw),
    "smaller campuses": lambda c: section(c, "campus", min_mw=0.5 * c.campus.min_mw),
    "smaller modules": more_modules,
    "more campuses": lambda c: section(c, "cluster", max_campuses=c.cluster.max_campuses + 1),
    "fewer campuses": lambda c: section(
        c, "cluster", min_campuses=max(1, c.cluster.min_campuses - 1)
    ),
    "lower target": lower_target,
    "fewer utilities": lambda c: section(c, "cluster", min_utilities=1),
    "larger shares": lambda c: section(
        c, "cluster", max_utility_fraction=min(1.0, 1.3 * c.cluster.max_utility_fraction)
    ),
    "fewer regions": lambda c: section(c, "cluster", min_regions=1),
    "less kept without a campus": lambda c: section(
        c, "cluster", keep_after_campus_loss=0.7 * c.cluster.keep_after_campus_loss
    ),
    "less kept without a utility": lambda c: section(
        c, "cluster", keep_after_utility_loss=0.7 * c.cluster.keep_after_utility_loss
    ),
    "lower clean fraction": lambda c: section(
        c, "clean", min_fraction=max(0.0, c.clean.min_fraction - 0.25)
    ),
    "more clean supply": lambda c: replace(c, contractable_mwh=1.5 * c.contractable_mwh + 1e5),
    "cleaner grid": lambda c: (
        replace(c, grid_clean_fraction=np.minimum(1.0, 1.2 * c.grid_clean_fraction))
        if c.clean.count_grid_mix
        else c
    ),
    "nothing required": lambda c: replace(c, required=np.zeros_like(c.required)),
    "cheaper": lambda c: replace(
        c,
        fixed_musd_per_year=0.9 * c.fixed_musd_per_year,
        variable_musd_per_mw_year=0.8 * c.variable_musd_per_mw_year,
        premium_usd_per_mwh=0.5 * c.premium_usd_per_mwh,
    ),
    "better pue": lambda c: (
        replace(c, pue=np.maximum(1.0, 0.9 * c.pue)) if c.cluster.target_it_mw else c
    ),
}


@pytest.mark.parametrize("change", EASIER)
@few
@given(case=CASES)
def test_what_makes_it_easier_never_makes_it_worse(change, case):
    check_easier(change, case)


@pytest.mark.slow
@pytest.mark.parametrize("change", EASIER)
@many
@given(case=CASES)
def test_what_makes_it_easier_never_makes_it_worse_in_many_cases(change, case):
    check_easier(change, case)


def check_easier(change: str, case: Case) -> None:
    easier = EASIER[change](case)
    assert is_no_worse(case, whole(easier), than=whole(case))
    if case.cluster.count == 1:
        assert is_no_worse(case, by_anchors(easier), than=whole(case))


@few
@given(case=CASES, part=st.sampled_from((0.3, 0.6, 0.9)))
def test_longer_reach_never_makes_it_worse(case, part):
    limit_km = part * case.cluster.max_fiber_km
    shorter = section(case, "cluster", max_fiber_km=limit_km)
    shorter = replace(shorter, reach=case.reach.within(limit_km))
    assert is_no_worse(case, whole(case), than=whole(shorter))


@few
@given(case=CASES, data=st.data())
def test_more_sites_never_make_it_worse(case, data):
    gone = data.draw(st.sampled_from(case.sites))
    rest = case.take(np.array([i for i in case.sites if i != gone]))
    if not case.required[gone]:
        assert is_no_worse(case, whole(case), than=whole(rest))


@few
@given(case=ONE_CLUSTER)
def test_a_tighter_target_never_gives_a_plan_where_there_was_none(case):
    # The other way round of "lower target", for the edge of what is feasible.
    if case.target is not None and not math.isfinite(whole(case)):
        load = "target_it_mw" if case.cluster.target_it_mw is not None else "target_mw"
        harder = section(case, "cluster", **{load: 1.1 * case.target})
        assert not math.isfinite(by_anchors(harder))


def arranged(case: Case, sites: list[int], names: list[str]) -> Case:
    """The case with its sites in another order, under names that are sorted in that order."""
    order = np.array(sites)
    columns = {name: getattr(case, name)[order] for name in SITE_ARRAYS}
    return replace(case, site_ids=tuple(sorted(names)), reach=case.reach.take(order), **columns)


@few
@given(case=CASES, data=st.data())
def test_names_and_order_of_sites_change_nothing(case, data):
    order = data.draw(st.permutations(case.sites))
    names = data.draw(st.permutations([*SITE_NAMES, "x", "y", "z"]))[: len(order)]
    other = arranged(case, order, names)
    assert is_same(whole(other), whole(case))
    if case.cluster.count == 1:
        assert is_same(by_anchors(other), whole(case))


@few
@given(case=CASES, data=st.data())
def test_order_of_zones_changes_nothing(case, data):
    order = np.array(data.draw(st.permutations(range(len(case.zone_ids)))))
    position = np.argsort(order)
    other = replace(
        case,
        zone=position[case.zone],
        zone_utility=tuple(case.zone_utility[z] for z in order),
        headroom_mw=case.headroom_mw[order],
        parent=np.array([-1 if p < 0 else position[p] for p in case.parent[order]]),
    )
    assert is_same(whole(other), whole(case))


@few
@given(case=CASES, data=st.data())
def test_order_of_plants_utilities_and_areas_changes_nothing(case, data):
    plants = np.array(data.draw(st.permutations(range(len(case.supply_ids)))), dtype=np.int64)
    utilities = np.array(data.draw(st.permutations(range(len(case.utilities)))))
    areas = np.array(data.draw(st.permutations(range(3))))
    other = replace(
        case,
        supply_area=areas[case.supply_area[plants]],
        contractable_mwh=case.contractable_mwh[plants],
        premium_usd_per_mwh=case.premium_usd_per_mwh[plants],
        area=areas[case.area],
        utility=utilities[case.utility],
    )
    assert is_same(whole(other), whole(case))


@few
@given(case=CASES, factor=st.sampled_from((0.01, 0.5, 7.0, 100.0)))
def test_money_scales_the_objective_and_nothing_else(case, factor):
    other = replace(
        case,
        fixed_musd_per_year=factor * case.fixed_musd_per_year,
        variable_musd_per_mw_year=factor * case.variable_musd_per_mw_year,
        premium_usd_per_mwh=factor * case.premium_usd_per_mwh,
    )
    scale = factor if case.sense == "minimise_cost" else 1.0
    assert is_same(whole(other), scale * whole(case))
    if case.cluster.count == 1:
        assert is_same(by_anchors(other), scale * whole(case))


@few
@given(case=CASES, factor=st.sampled_from((0.1, 0.5, 3.0)))
def test_power_scales_the_objective_and_nothing_else(case, factor):
    cluster, campus = case.cluster, case.campus
    other = section(
        case,
        "campus",
        min_mw=factor * campus.min_mw,
        max_mw=factor * campus.max_mw,
        module_mw=factor * campus.module_mw,
    )
    for load in ("target_mw", "target_it_mw"):
        if getattr(cluster, load) is not None:
            other = section(other, "cluster", **{load: factor * getattr(cluster, load)})
    other = replace(
        other,
        max_mw=factor * case.max_mw,
        headroom_mw=factor * case.headroom_mw,
        contractable_mwh=factor * case.contractable_mwh,
        fixed_musd_per_year=factor * case.fixed_musd_per_year,
    )
    scale = 1.0 if case.sense == "minimise_fiber_km" else factor
    assert is_same(whole(other), scale * whole(case))


@few
@given(case=CASES, factor=st.sampled_from((0.1, 3.0)))
def test_distance_scales_the_length_and_nothing_else(case, factor):
    reach = case.reach
    other = replace(
        section(case, "cluster", max_fiber_km=factor * case.cluster.max_fiber_km),
        reach=Reach(factor * reach.limit_km, reach.indptr, reach.indices, factor * reach.km),
    )
    scale = factor if case.sense == "minimise_fiber_km" else 1.0
    assert is_same(whole(other), scale * whole(case))
    if case.cluster.count == 1:
        assert is_same(by_anchors(other), scale * whole(case))


def with_site(case: Case, **changed) -> Case:
    """The case with one more site, a copy of the first but for what is changed, near no other."""
    columns = {name: np.append(getattr(case, name), getattr(case, name)[0]) for name in SITE_ARRAYS}
    columns["required"][-1] = False
    for name, value in changed.items():
        columns[name][-1] = value
    reach = case.reach
    longer = replace(reach, indptr=np.append(reach.indptr, reach.indptr[-1]))
    # Ids are sorted, and this one comes last.
    return replace(case, site_ids=(*case.site_ids, "\U0010ffff"), reach=longer, **columns)


@few
@given(case=CASES)
def test_a_site_without_power_changes_nothing(case):
    other = with_site(case, max_mw=0.0)
    assert is_same(whole(other), whole(case))
    if case.cluster.count == 1:
        assert is_same(by_anchors(other), whole(case))


@few
@given(case=CASES)
def test_a_far_site_changes_nothing_where_campuses_need_others(case):
    case = section(
        case,
        "cluster",
        min_campuses=max(2, case.cluster.min_campuses),
        max_campuses=max(2, case.cluster.max_campuses),
    )
    other = with_site(case, max_mw=5000.0, variable_musd_per_mw_year=0.01)
    assert is_same(whole(other), whole(case))
    if case.cluster.count == 1:
        assert is_same(by_anchors(other), whole(case))


@few
@given(case=CASES, part=st.sampled_from((0.0, 0.25, 0.5)))
def test_a_plant_in_two_parts_is_the_same_plant(case, part):
    if case.supply_ids:
        other = replace(
            case,
            supply_ids=(*case.supply_ids, "\U0010ffff"),
            supply_area=np.append(case.supply_area, case.supply_area[0]),
            contractable_mwh=np.append(case.contractable_mwh, part * case.contractable_mwh[0]),
            premium_usd_per_mwh=np.append(case.premium_usd_per_mwh, case.premium_usd_per_mwh[0]),
        )
        other.contractable_mwh[0] *= 1 - part
        assert is_same(whole(other), whole(case))


@few
@given(case=CASES)
def test_a_parent_with_room_for_all_changes_nothing(case):
    tops = case.parent < 0
    top = len(case.zone_ids)
    other = replace(
        case,
        zone_ids=(*case.zone_ids, "\U0010ffff"),
        zone_utility=(*case.zone_utility, case.zone_utility[0]),
        headroom_mw=np.append(case.headroom_mw, case.headroom_mw[tops].sum()),
        parent=np.append(np.where(tops, top, case.parent), -1),
    )
    assert is_same(whole(other), whole(case))


def answer(case: Case) -> Solution | str:
    """What ``solve`` says: a solution, or why there is none."""
    try:
        return solve(case, solver=SETTINGS)
    except InfeasibleError as error:
        return str(error)


@few
@given(case=CASES)
def test_two_runs_give_the_same_answer(case):
    assert answer(case) == answer(case)
    if case.cluster.count == 1:
        solver = Solver("highs", SETTINGS.gap, 1)
        assert solve_one_cluster(case, solver, Deadline(60)) == solve_one_cluster(
            case, solver, Deadline(60)
        )
