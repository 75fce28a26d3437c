"""Alternatives are within the fraction, audited, and no plan reuses fewer campuses."""

import json
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import jsonschema
import numpy as np
import pytest
from cases import random_case
from oracle import Answer, assignments, best_plan, divide, plan_of

import siting
from siting.audit import audit
from siting.case import Case
from siting.cli import main
from siting.model import SolverSection
from siting.program.alternatives import Alternatives, find_alternatives

ROOT = Path(__file__).parents[2]
TIGHT = SolverSection(gap=1e-7)
SEEDS = [
    seed for seed in range(60) if best_plan(random_case(seed, count=1, most_sites=7)) is not None
][:14]


def every_plan(case: Case, within: float) -> list[Answer]:
    """The best plan of every set of sites that has one within a fraction of the best of all."""
    km = case.reach.dense()
    best = best_plan(case)
    assert best is not None
    sign = -1.0 if case.sense == "maximise_mw" else 1.0
    limit = sign * best.objective + within * abs(best.objective)
    plans = [divide(case, km, chosen) for chosen in assignments(case, km)]
    return [plan for plan in plans if plan is not None and sign * plan.objective <= limit + 1e-7]


def reuse(case: Case, plan: Answer, earlier: list[set[int]], by: str) -> int:
    """Campuses of a plan at sites, or in zones, of earlier plans; required ones do not count."""
    used = set().union(*earlier)
    zones = {int(case.zone[i]) for i in used}
    (draws,) = plan.draw_mw
    return sum(
        not case.required[i] and (int(case.zone[i]) in zones if by == "zone" else i in used)
        for i in draws
    )


def fresh_sites(plan: Answer, earlier: list[set[int]], case: Case) -> bool:
    """Whether a plan uses no site of earlier ones, but for the required."""
    used = {i for sites in earlier for i in sites if not case.required[i]}
    return used.isdisjoint(plan.draw_mw[0])


def site_sets(case: Case, found: Alternatives) -> list[set[int]]:
    position = {site: i for i, site in enumerate(case.site_ids)}
    return [{position[s] for s in plan.solution.draw_mw[0]} for plan in found.plans]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_within_the_fraction_reuses_fewer(seed: int) -> None:
    """Against every plan there is."""
    case, within = random_case(seed, count=1, most_sites=7), 0.15
    found = find_alternatives(case, number=4, within=within, solver=TIGHT)
    everything = every_plan(case, within)
    chosen = site_sets(case, found)
    for n, (plan, sites) in enumerate(zip(found.plans, chosen, strict=True)):
        audit(case, plan_of(case, plan.solution))
        assert any(set(other.draw_mw[0]) == sites for other in everything)
        if n == 0:
            continue
        earlier = chosen[:n]
        assert plan.proven
        if plan.by == "zone":
            others = [p for p in everything if fresh_sites(p, earlier, case)]
        else:
            others = everything
        assert plan.reused == min(
            reuse(case, p, earlier, plan.by) for p in others if is_new(case, p, earlier, plan.by)
        )
    if found.ended:
        assert not [p for p in everything if is_new(case, p, chosen, "site")]


def is_new(case: Case, plan: Answer, earlier: list[set[int]], by: str) -> bool:
    """Whether a campus of a plan counts as used nowhere before; a required one always does."""
    return reuse(case, plan, earlier, by) < len(plan.draw_mw[0])


def test_several_clusters_differ_too() -> None:
    cases = (random_case(seed, count=2, sense="minimise_cost") for seed in range(40))
    case = next(case for case in cases if best_plan(case) is not None)
    found = find_alternatives(case, number=2, within=1.0, solver=TIGHT)
    for plan in found.plans:
        audit(case, plan_of(case, plan.solution))


def test_library_gives_audited_plans_and_their_differences() -> None:
    found = siting.alternatives("two_utilities", number=3, within=0.05)
    assert [plan.audit.passed for plan in found.plans] == [True] * len(found)
    assert found.plans[0].objective == pytest.approx(610.3938)
    assert [sorted(c.site for c in plan.clusters[0].campuses) for plan in found.plans] == [
        ["n1", "n2", "s1"],
        ["n2", "s1", "s2"],
    ]
    assert found.difference(0, 1) == pytest.approx(1 / 3)
    assert "proven" in found.ended


def test_no_campus_is_of_whom_said_no() -> None:
    free = siting.alternatives("texas_2gw", number=1)
    used = free.plans[0].clusters[0]
    utility, zone = used.utilities[0], used.campuses[-1].zone
    found = siting.alternatives(
        "texas_2gw", number=1, exclude_utilities=[utility], exclude_zones=[zone]
    )
    campuses = [c for plan in found.plans for c in plan.clusters[0].campuses]
    assert campuses
    assert utility not in {c.utility for c in campuses}
    assert zone not in {c.zone for c in campuses}
    assert found.plans[0].objective >= free.plans[0].bound


def test_a_zone_is_excluded_with_those_inside_it() -> None:
    with pytest.raises(siting.InfeasibleError):
        siting.alternatives("two_utilities", exclude_zones=["north"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--exclude-utility", "North Powr"], "did you mean 'North Power'?"),
        (["--exclude-utility", "power"], "did you mean 'North Power'?"),
        (["--exclude-zone", "nowhere"], "'nowhere' is not in this world; there are 4 others"),
        (["--exclude-zone", "south", "--set", 'world.require_sites=["s1"]'], "'s1' is excluded"),
    ],
)
def test_wrong_names_are_said(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alternatives", "two_utilities", "--quiet", *options]) == 2
    assert says in capsys.readouterr().err


def test_no_plan_is_exit_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alternatives", "no_plan", "--quiet"]) == 3
    assert "no plan" in capsys.readouterr().err


def test_files_hold_all_plans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "plans"
    options = ["two_utilities", "--number", "2", "--within", "0.05", "--quiet"]
    for _ in range(2):  # a second time over the first
        assert main(["alternatives", *options, "--out", str(folder)]) == 0
    assert "p2" in capsys.readouterr().out
    content = json.loads((folder / "alternatives.json").read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
    for plan in content["plans"]:
        assert json.loads((folder / f"{plan['name']}.json").read_text("utf-8")) == plan["plan"]
        jsonschema.validate(plan["plan"], schema)
        assert main(["audit", "two_utilities", str(folder / f"{plan['name']}.json")]) == 0
    for layer in ("campuses", "links", "clusters", "zones"):
        frame = gpd.read_file(folder / f"{layer}.geojson")
        assert set(frame["plan"]) == {"p1", "p2"}
    page = (folder / "map.html").read_text(encoding="utf-8")
    assert "p1: 610 MUSD/year" in page
    assert "p2: 622 MUSD/year" in page


def test_a_users_folder_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    out = ["--out", str(tmp_path), "--quiet"]
    assert main(["alternatives", "two_utilities", *out]) == 2
    assert "thesis.txt" in capsys.readouterr().err


@pytest.mark.slow
def test_five_plans_of_the_us_differ_in_a_third_of_their_campuses() -> None:
    model = siting.read_model("us_5gw", set={"solver.time_limit_s": 1200})
    found = siting.alternatives(model, number=5, within=0.03)
    assert len(found) == 5
    best = found.plans[0].objective
    assert all(plan.objective <= 1.03 * best and plan.audit.passed for plan in found.plans)
    differences = [found.difference(a, b) for a, b in combinations(range(5), 2)]
    assert np.min(differences) >= 1 / 3
