"""The benchmarks: every way to solve an instance agrees with ours, and what is said about it."""

from __future__ import annotations

import functools
import json
import sys
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.agree import disagreements
from benchmarks.answers import Clock, Settings, cost_of, faults_of, gap_of
from benchmarks.clusters import table
from benchmarks.instances import PRICE_USD_PER_MWH, Instance, base_case, make_case, priced
from benchmarks.logs import cbc_points, highs_points, scip_points
from benchmarks.rivals.registry import OURS, RIVALS
from benchmarks.run import Results, Runner, run_family, watch
from benchmarks.suites import FULL, SUITES, Family
from siting.case import Case

GAP = 1e-4


@functools.cache
def us_case() -> Case:
    return base_case("us", 1000.0)


@functools.cache
def small_case(clusters: int = 1) -> Case:
    """Twenty sites, a target that some of them reach."""
    instance = Instance(20, "independent", seed=3, reach_km=1000.0, clusters=clusters)
    case = make_case(us_case(), instance)
    cluster = case.cluster.model_copy(update={"target_mw": 1500.0})
    return replace(case, cluster=cluster)


def answer_of(name: str, case: Case, log):
    rival = RIVALS[name]
    missing = rival.missing()
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: pip install -e '.[bench]'")
    with warnings.catch_warnings():
        # What other packages warn of is theirs.
        warnings.simplefilter("ignore")
        return rival.load()(case, Clock(60.0), Settings(GAP, 1, log))


@pytest.mark.parametrize("clusters", [1, 2])
@pytest.mark.parametrize("name", [name for name in RIVALS if name != OURS])
def test_every_rival_agrees_with_ours(name, clusters, tmp_path):
    case = small_case(clusters)
    ours = answer_of(OURS, case, tmp_path / "ours.log")
    theirs = answer_of(name, case, tmp_path / "theirs.log")
    assert ours.status == "proven"
    assert faults_of(case, ours.clusters) == []
    assert faults_of(case, theirs.clusters) == []
    our_cost, their_cost = cost_of(case, ours.clusters), cost_of(case, theirs.clusters)
    assert ours.bound <= their_cost * (1 + 1e-6)
    if RIVALS[name].exact:
        assert theirs.status == "proven"
        assert their_cost == pytest.approx(our_cost, rel=2 * GAP)
        assert theirs.bound <= our_cost * (1 + 1e-6)
        assert gap_of(their_cost, theirs.bound) <= GAP * (1 + 1e-6)


@pytest.mark.parametrize("name", [name for name in RIVALS if RIVALS[name].exact])
def test_every_rival_proves_that_there_is_no_plan(name, tmp_path):
    case = small_case()
    cluster = case.cluster.model_copy(update={"target_mw": 1e5})
    answer = answer_of(name, replace(case, cluster=cluster), tmp_path / "solver.log")
    assert answer.status == "infeasible"


def test_faults_are_found():
    case = small_case()
    usable = np.flatnonzero(case.usable).tolist()
    far = [
        (i, j) for i in usable for j in usable if i < j and np.isinf(case.reach.km_between(i, j))
    ]
    i, j = far[0]
    cap = case.cap_mw
    words = "\n".join(faults_of(case, [{i: float(cap[i]) * 2, j: float(cap[j])}]))
    assert "of at most" in words
    assert "beyond reach" in words
    assert "instead of" in "\n".join(faults_of(case, []))
    assert "campuses" in "\n".join(faults_of(case, [{i: float(cap[i])}]))


def test_instances_are_the_same_for_the_same_seed_and_others_for_another():
    first = make_case(us_case(), Instance(60, seed=1))
    again = make_case(us_case(), Instance(60, seed=1))
    larger = make_case(us_case(), Instance(90, seed=1))
    other = make_case(us_case(), Instance(60, seed=2))
    assert first.site_ids == again.site_ids
    assert np.array_equal(first.variable_musd_per_mw_year, again.variable_musd_per_mw_year)
    assert set(first.site_ids) < set(larger.site_ids)
    assert first.site_ids != other.site_ids


@pytest.mark.parametrize("prices", ["smooth", "independent"])
def test_prices_are_within_their_range_and_in_the_cost(prices):
    us = us_case()
    case = priced(us, prices, seed=1)
    least, largest = PRICE_USD_PER_MWH
    assert case.price_usd_per_mwh.min() >= least
    assert case.price_usd_per_mwh.max() <= largest
    more_musd = case.variable_musd_per_mw_year - us.variable_musd_per_mw_year
    more_usd_per_mwh = case.price_usd_per_mwh - us.price_usd_per_mwh
    assert more_musd == pytest.approx(more_usd_per_mwh * 8760 * 0.9 / 1e6)


def test_smooth_prices_are_smooth():
    """Of sites within a few kilometres of each other the prices are all but the same."""

    def spread(prices: str) -> float:
        case = priced(us_case(), prices, seed=1)
        rows = np.repeat(np.arange(len(case.site_ids)), np.diff(case.reach.indptr))
        near = case.reach.km < 10
        price = case.price_usd_per_mwh
        return float(np.abs(price[rows[near]] - price[case.reach.indices[near]]).mean())

    assert spread("smooth") < 1 < 10 < spread("independent")


def test_a_run_that_overruns_is_ended(tmp_path):
    start_s = time.monotonic()
    with (tmp_path / "output").open("wb") as output:
        code, seen_mb, wall_s = watch(
            [sys.executable, "-c", "import time; time.sleep(60)"], output, 1.0
        )
    assert code is None
    assert seen_mb > 1
    assert 1 <= wall_s < time.monotonic() - start_s + 0.1 < 30


def test_a_suite_is_run_kept_and_not_run_again(tmp_path, capsys):
    like = Instance(0, reach_km=1000.0)
    family = Family("tiny", "tiny", like, (30, 50), seeds=(1,), limit_s=30.0)
    path = tmp_path / "results.json"
    runner = Runner(Results.open(path), {"us": us_case()})
    run_family(runner, family, [RIVALS[OURS], RIVALS["greedy"]])
    held = json.loads(path.read_text(encoding="utf-8"))
    assert {run["rival"] for run in held["runs"]} == {OURS, "greedy"}
    assert len(held["runs"]) == 4
    ours = [run for run in held["runs"] if run["rival"] == OURS]
    assert all(run["status"] in ("proven", "infeasible") for run in ours)
    assert all(10 < run["peak_mb"] < 2000 for run in held["runs"])
    assert disagreements(held["runs"]) == []
    capsys.readouterr()
    run_family(Runner(Results.open(path)), family, [RIVALS[OURS], RIVALS["greedy"]])
    assert capsys.readouterr().out == ""


def record(**changes: object) -> dict[str, object]:
    run = {
        "name": Instance(50).name,
        "rival": OURS,
        "status": "proven",
        "objective": 100.0,
        "bound": 99.95,
        "gap": 5e-4,
        "gap_asked": 1e-3,
        "seconds": 0.5,
        "peak_mb": 90.0,
        "limit_s": 10.0,
        "faults": [],
        "curve": [],
        "sites": 50,
        "seed": 1,
        "clusters": 1,
        "cap_mw": 2000.0,
        "prices": "smooth",
    }
    return run | changes


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"objective": 100.05}, ""),
        ({"objective": 101.0}, "proved 100.000 best"),
        ({"objective": 99.0, "bound": 98.9}, "has a plan of 99.000"),
        ({"status": "plan", "bound": 100.5, "objective": 101.0}, "proved 100.500"),
        ({"status": "infeasible", "objective": None, "bound": None}, "there is none"),
        ({"faults": ["a site serves twice"]}, "a site serves twice"),
    ],
)
def test_answers_that_cannot_all_be_true_are_found(other, words):
    found = "\n".join(disagreements([record(), record(rival="cp-sat", **other)]))
    assert bool(found) == bool(words)
    assert words in found


def test_page_says_who_proved_what_and_how_much_longer_it_took(tmp_path):
    pytest.importorskip("matplotlib", reason="not installed: pip install '.[bench]'")
    from benchmarks import plots
    from benchmarks.report import write_page
    from benchmarks.run import describe_machine

    runs = [
        record(curve=[{"at_s": 0.1, "incumbent": 101.0, "bound": None}] * 2),
        record(rival="cp-sat", seconds=50.0),
        record(rival="pulp-cbc", status="overran", objective=None, bound=None, gap=None),
        record(rival="pulp-highs", status="plan", bound=95.0, gap=0.05, seconds=10.0),
        record(rival="greedy", status="plan", objective=102.0, bound=None, gap=None),
    ]
    text = write_page(FULL, {"machine": describe_machine(), "runs": runs}, None)
    assert "50 s (100 times)" in text
    assert "overran" in text
    assert "limit: gap 5 %" in text
    assert "+2.0 %" in text
    assert "one cluster: 50 sites, OR-tools CP-SAT in 50 s; 100 times as long as `siting`" in text
    drawn = []
    for name in ("one.svg", "two.svg"):
        plots.draw_time(runs, FULL, tmp_path / name)
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]
    plots.draw_gap(runs, tmp_path / "gap.svg")
    assert (tmp_path / "gap.svg").stat().st_size > 1000


def test_table_of_clusters_says_which_seeds_miss():
    runs = [
        record(clusters=2, seed=1, gap=0.002, seconds=100.0),
        record(clusters=2, seed=2, gap=0.004, seconds=300.0),
        record(clusters=4, seed=1, gap=None, status="nothing", seconds=300.0),
    ]
    text = "\n".join(table(runs))
    assert "| 2,000 MW | 2 | 0.3% | 0.20%, 100 s | 0.40%, 300 s | seed 2 by 0.10% |" in text
    assert "nothing, 300 s | not run | seed 1 no gap" in text


def test_curves_are_read_from_logs():
    highs = (
        "        Src  Proc. InQueue |  Leaves   Expl. | BestBound       BestSol     Gap | ...\n"
        "         0       0         0   0.00%   -inf            inf            inf  0 0 0 0 0.1s\n"
        " R       0       0         0   0.00%   15037.40842     16131.14         6.78%  0 0 0 "
        "1146     0.3s\n"
    )
    assert [(p.at_s, p.incumbent, p.bound) for p in highs_points(highs, 1.0)] == [
        (1.1, None, None),
        (1.3, 16131.14, 15037.40842),
    ]
    cbc = (
        "After 0 nodes, 1 on tree, 1e+50 best solution, best possible 15.5 (1.6 seconds)\n"
        "Integer solution of 16.25 found after 70 iterations (2.5 seconds)\n"
    )
    assert [(p.at_s, p.incumbent, p.bound) for p in cbc_points(cbc, 0.0)] == [
        (1.6, None, 15.5),
        (2.5, 16.25, 15.5),
    ]
    scip = (
        " time | node  | left  |...| dualbound    | primalbound  |  gap   | compl. \n"
        "p 0.2s|     1 |     0 |...| 1.503741e+04 | 1.564234e+04 |   4.02%| unknown\n"
    )
    assert [(p.at_s, p.incumbent, p.bound) for p in scip_points(scip, 0.0)] == [
        (0.2, 15642.34, 15037.41)
    ]


def test_names_of_suites_and_of_instances_are_unique():
    for suite in SUITES.values():
        names = [f.instance(n, s).name for f in suite.families for n in f.sizes for s in f.seeds]
        assert len(set(names)) == len(names)
        assert all(len(set(f.seeds)) == len(f.seeds) for f in suite.families)
