"""Every rule and objective of the program, as the LP file it writes for a case of four sites."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pulp
import pytest
from conftest import GOLDEN
from programs import as_lp, problem_and_decisions
from test_links import square

from siting.case import Case
from siting.fiber import Access, Reach, Routes
from siting.model import CampusSection, CleanSection, ClusterSection
from siting.program.formulation.build import RULES, build
from siting.program.formulation.objective import OBJECTIVES
from siting.program.formulation.variables import label


def case_of_four() -> Case:
    """Four sites in a row, two utilities with a zone each under one parent, every option on."""
    km = np.array(
        [
            [0.0, 40.0, np.inf, np.inf],
            [40.0, 0.0, 50.0, 90.0],
            [np.inf, 50.0, 0.0, 60.0],
            [np.inf, 90.0, 60.0, 0.0],
        ]
    )
    return Case(
        campus=CampusSection(min_mw=100, max_mw=400, module_mw=50, load_factor=0.5),
        cluster=ClusterSection(
            count=2,
            target_it_mw=400,
            min_campuses=2,
            max_campuses=3,
            max_fiber_km=100,
            min_utilities=2,
            max_utility_fraction=0.75,
            min_regions=2,
            keep_after_campus_loss=0.25,
            keep_after_utility_loss=0.2,
        ),
        clean=CleanSection(min_fraction=0.6),
        sense="minimise_cost",
        site_ids=("a", "b", "c", "d"),
        lon=np.array([0.0, 0.3, 0.6, 0.9]),
        lat=np.zeros(4),
        max_mw=np.array([300.0, 350.0, 400.0, 250.0]),
        pue=np.array([1.25, 1.25, 1.0, 1.0]),
        fixed_musd_per_year=np.array([2.0, 2.0, 3.0, 3.0]),
        variable_musd_per_mw_year=np.array([0.75, 0.8, 0.85, 0.9]),
        price_usd_per_mwh=np.array([40.0, 40.0, 50.0, 50.0]),
        grid_clean_fraction=np.array([0.5, 0.5, 0.25, 0.25]),
        zone=np.array([1, 1, 2, 2]),
        utility=np.array([0, 0, 1, 1]),
        region=np.array([0, 0, 1, 1]),
        area=np.array([0, 0, 1, 1]),
        required=np.array([False, True, False, False]),
        utilities=("North Power", "South Electric"),
        regions=("north", "south"),
        zone_ids=("all", "upper", "lower"),
        zone_utility=("North Power", "North Power", "South Electric"),
        headroom_mw=np.array([1000.0, 500.0, 600.0]),
        parent=np.array([-1, 0, 0]),
        supply_ids=("dam", "sun", "wind"),
        supply_area=np.array([0, 1, 1]),
        contractable_mwh=np.array([438_000.0, 219_000.0, 657_000.0]),
        premium_usd_per_mwh=np.array([4.0, 6.0, 5.0]),
        reach=Reach.from_dense(km, 100.0),
    )


# Pairs of sites are chosen only where fiber is minimised.
SENSE_OF_RULE = {
    "count_pairs": "minimise_fiber_km",
    "bind_pairs": "minimise_fiber_km",
    "link_to_hub": "minimise_fiber_km",
}
NETWORK_OF_RULE = {
    "choose_hub": "hub",
    "link_to_hub": "hub",
    "join_ring": "ring",
    "limit_ring": "ring",
}


def case_of(rule: Callable[..., None]) -> Case:
    """The case of four, with what alone turns a rule on."""
    case = replace(case_of_four(), sense=SENSE_OF_RULE.get(rule.__name__, "minimise_cost"))
    if rule.__name__ in NETWORK_OF_RULE:
        # Small enough a target that one campus might do, and so may be alone in a ring.
        changes = {"min_campuses": 1, "target_it_mw": 300, "max_ring_km": 200.0}
        changes["network"] = NETWORK_OF_RULE[rule.__name__]
        return replace(case, cluster=case.cluster.model_copy(update=changes))
    if rule.__name__ == "shorten_large_clusters":
        # Two campuses may be 90 km apart, three 55 km.
        return replace(case, km_by_campuses=(np.inf, np.inf, 90.0, 55.0))
    if rule.__name__ == "differ_from_other_plans":
        return replace(case, reused=np.array([True, True, False, False]), max_reused=1)
    if rule.__name__ == "draw_enough_from_zones":
        # In the parent and in one of its zones.
        return replace(case, least_zone_mw=np.array([350.0, 120.0, 0.0]))
    if rule.__name__ == "leave_by_two_spans":
        # A square of fiber with a site at each corner, but for b and c, which share one.
        graph = square(40.0, 60.0, 60.0, 50.0)
        survives = case.cluster.model_copy(update={"keep_after_span_loss": True})
        routes = Routes(graph, Access(np.array([0, 1, 1, 3]), np.zeros(4)))
        return replace(case, cluster=survives, routes=routes)
    if rule.__name__ == "prefer_better_site":
        # Site b reaches all that a reaches, takes more, and costs the same.
        return replace(case, variable_musd_per_mw_year=np.full(4, 0.75))
    return case


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_writes_its_rows(
    rule: Callable[..., None], golden: Callable[[str, str], None], tmp_path: Path
) -> None:
    case = case_of(rule)
    problem, x = problem_and_decisions(case)
    problem.setObjective(pulp.LpAffineExpression())
    rule(problem, case, x)
    assert problem.numConstraints() > 0, "the case of four sites does not turn this rule on"
    golden(f"rules/{rule.__name__}.lp", as_lp(problem, tmp_path))


@pytest.mark.parametrize("sense", OBJECTIVES)
def test_objective_is_written_out(
    sense: str, golden: Callable[[str, str], None], tmp_path: Path
) -> None:
    case = replace(case_of_four(), sense=sense)
    problem, x = problem_and_decisions(case)
    problem.setObjective(OBJECTIVES[sense](case, x))
    golden(f"objectives/{sense}.lp", as_lp(problem, tmp_path))


@pytest.mark.parametrize("network", ["hub", "ring"])
def test_fiber_of_other_networks_is_written_out(
    network: str, golden: Callable[[str, str], None], tmp_path: Path
) -> None:
    case = replace(case_of_four(), sense="minimise_fiber_km")
    case = replace(case, cluster=case.cluster.model_copy(update={"network": network}))
    problem, x = problem_and_decisions(case)
    problem.setObjective(OBJECTIVES["minimise_fiber_km"](case, x))
    golden(f"networks/{network}_fiber_km.lp", as_lp(problem, tmp_path))


def test_there_is_no_golden_without_its_rule() -> None:
    names = {path.stem for path in (GOLDEN / "rules").iterdir()}
    assert names == {rule.__name__ for rule in RULES}
    senses = {path.stem for path in (GOLDEN / "objectives").iterdir()}
    assert senses == set(OBJECTIVES)


def test_program_is_the_same_in_every_run(tmp_path: Path) -> None:
    texts = {as_lp(build(case_of_four())[0], tmp_path) for _ in range(2)}
    assert len(texts) == 1


def test_program_holds_the_rows_of_all_rules() -> None:
    case = case_of_four()
    whole = {name for name, _ in rows(build(case)[0])}
    problem, x = problem_and_decisions(case)
    for rule in RULES:
        rule(problem, case, x)
    assert len(whole) > 50
    assert whole == {name for name, _ in rows(problem)}


def rows(problem: pulp.LpProblem) -> list[tuple[str, object]]:
    return list(problem._constraints.items())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_says_its_rows_in_its_docstring(rule: Callable[..., None]) -> None:
    """Names of rows are how a solver's report is read, so the docstring lists them."""
    case = case_of(rule)
    problem, x = problem_and_decisions(case)
    rule(problem, case, x)
    kinds = {name.partition("(")[0] for name, _ in rows(problem)}
    said = rule.__doc__ or ""
    assert "Rows:" in said
    assert [kind for kind in sorted(kinds) if f"``{kind}(" not in said] == []


def test_labels_of_different_ids_differ() -> None:
    ids = [
        "a-b",
        "a_b",
        "a b",
        "a+b",
        "a/b",
        "a>b",
        "a[b",
        "a~b",
        "a~2d~b",
        "ab",
        "Ü",
        "(a)",
        "a,b",
    ]
    assert len({label("headroom", name) for name in ids}) == len(ids)
    assert label("x", "a,b") != label("x", "a", "b")
