"""The library's verbs: what they return, what they reuse, what they refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import siting
from siting import api, program
from siting.errors import AuditError, InputError, LimitError
from siting.resources import models_folder

ROOT = Path(__file__).parent.parent


@pytest.fixture
def reads(monkeypatch):
    """Names of the models whose world was read."""
    names = []
    cached_world = api.cached_world

    def counted(model, identity):
        names.append(model.name)
        return cached_world(model, identity)

    monkeypatch.setattr(api, "cached_world", counted)
    monkeypatch.setattr(api, "_last", None)
    return names


def test_every_public_name_is_there_and_documented():
    for name in siting.__all__:
        value = getattr(siting, name)
        if name != "__version__":
            assert value.__doc__, name
    assert set(siting.__all__) <= set(dir(siting))
    with pytest.raises(AttributeError, match="no attribute 'sovle'"):
        siting.sovle  # noqa: B018


def test_importing_the_library_imports_nothing_heavy():
    program = "import sys, siting; print([m for m in sys.modules if m.startswith('siting.')])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("way", ["name", "folder", "file", "model"])
def test_solve_takes_a_model_or_where_it_is(way):
    folder = models_folder() / "two_utilities"
    model = {
        "name": "two_utilities",
        "folder": folder,
        "file": str(folder / "model.toml"),
        "model": siting.read_model("two_utilities"),
    }[way]
    plan = siting.solve(model)
    assert plan.clusters[0].draw_mw == pytest.approx(700)
    assert plan.audit.passed
    assert "cluster.target_mw" in plan.audit.checks
    assert plan.status == "optimal"
    assert plan.model_sha256 == siting.read_model(folder).sha256


def test_seconds_are_measured():
    seconds = siting.solve("two_utilities").seconds
    assert min(seconds.load, seconds.distances, seconds.solve) > 0
    assert seconds.load + seconds.distances + seconds.solve <= seconds.total


def test_a_world_that_is_given_is_not_read_again(reads):
    model = siting.read_model("two_utilities")
    world = siting.read_world(model)
    plan = siting.solve(model, world=world)
    assert reads == []
    assert plan.seconds.load < plan.seconds.total


def test_the_last_world_is_read_once_for_many_targets(reads):
    model = siting.read_model("two_utilities")
    first = siting.solve(model)
    second = siting.solve(model.replace({"cluster.target_mw": 650}))
    assert reads == ["two_utilities"]
    assert second.world_sha256 == first.world_sha256
    assert second.objective < first.objective


def test_another_world_is_read_again(reads):
    siting.check("two_utilities")
    siting.check("no_plan")
    siting.check("two_utilities")
    siting.check(siting.read_model("two_utilities", set={"world.exclude_sites": ["s3"]}))
    assert reads == ["two_utilities", "no_plan", "two_utilities", "two_utilities"]


def test_a_table_that_has_changed_is_read_again(reads, tmp_path):
    folder = siting.new_model("two_utilities", tmp_path / "mine")
    before = siting.solve(folder)
    sites = folder / "sites.csv"
    text = sites.read_text(encoding="utf-8")
    sites.write_text(text.replace("300", "250"), encoding="utf-8")
    after = siting.solve(folder)
    assert len(reads) == 2
    assert after.world_sha256 != before.world_sha256


def test_tables_that_a_user_changes_in_memory_do_not_leak(reads):
    model = siting.read_model("two_utilities")
    before = siting.solve(model)
    world = siting.read_world(model)
    world.sites["max_mw"] = 110.0
    with pytest.raises(siting.InfeasibleError):
        siting.solve(model, world=world)
    assert siting.solve(model).objective == before.objective


def test_a_world_of_another_model_is_refused():
    world = siting.read_world(siting.read_model("no_plan"))
    with pytest.raises(InputError):
        siting.solve("two_utilities", world=world)


def test_a_plan_that_fails_the_audit_is_an_error(monkeypatch):
    solve_program = program.solve

    def cheat(case, **options):
        solution = solve_program(case, **options)
        for draws in solution.draw_mw:
            draws.update({site: mw - 50 for site, mw in draws.items()})
        return solution

    monkeypatch.setattr(program, "solve", cheat)
    with pytest.raises(AuditError) as raised:
        siting.solve("two_utilities")
    assert isinstance(raised.value, siting.SolverError)
    assert "cluster.target_mw" in raised.value.names


def test_an_interrupt_before_any_plan_says_so():
    with pytest.raises(LimitError, match="stopped before any plan was found"):
        siting.solve("us_1gw_metro", interrupted=lambda: True)


def test_progress_tells_every_stage():
    stages = []
    siting.solve("two_utilities", progress=lambda progress: stages.append(progress.stage))
    assert stages[:3] == ["reading the world", "measuring fiber", "solving"]
    assert stages[-1] == "auditing"


def test_check_counts_what_is_there():
    report = siting.check("two_utilities")
    assert (report.sites, report.usable_sites) == (5, 5)
    assert (report.pairs, report.possible_pairs) == (5, 10)
    assert report.alone == ("s3",)
    assert report.component_sites == (5,)
    assert report.contractable_mwh == pytest.approx(1_752_000)
    (plains,) = report.regions
    assert (plains.region, plains.headroom_mw, plains.drawable_mw) == ("plains", 1080.0, 1080.0)


def test_check_tells_separate_networks_of_fiber():
    report = siting.check("us_5gw")
    assert sum(report.component_sites) == report.sites
    assert report.component_sites == tuple(sorted(report.component_sites, reverse=True))
    assert report.usable_sites < report.sites
    for region in report.regions:
        assert region.drawable_mw <= min(region.headroom_mw, region.capacity_mw) + 1e-6


def test_an_audit_of_a_plan_value_or_its_file(tmp_path):
    model = siting.read_model("two_utilities")
    world = siting.read_world(model)
    plan = siting.solve(model, world=world)
    folder = siting.write(plan, world, tmp_path / "out")
    for given in (plan, folder, folder / "plan.json"):
        assert siting.audit_plan(model, given, world=world) == plan.audit


def test_layers_are_what_is_written(tmp_path):
    model = siting.read_model("two_utilities")
    world = siting.read_world(model)
    plan = siting.solve(model, world=world)
    layers = siting.to_geodataframes(plan, world)
    assert layers.campuses["id"].tolist() == [campus.site for campus in plan.clusters[0].campuses]
    assert layers.links.geometry.geom_type.unique().tolist() == ["LineString"]
    assert layers.clusters.crs == "EPSG:4326"
    assert layers.zones["left_mw"].min() >= -1e-6
    # A planner takes a layer elsewhere with what geopandas has.
    for name in ("campuses", "links", "clusters", "zones"):
        getattr(layers, name).to_file(tmp_path / "plan.gpkg", layer=name)


def test_the_world_of_the_us_adds_up():
    summary = siting.describe_world("us")
    world = siting.read_world(siting.read_model("us_5gw", set={"world.min_kv": 0}))
    regions = summary.regions
    assert sum(region.sites for region in regions) == summary.rows["sites"] == len(world.sites)
    assert sum(region.plants for region in regions) == summary.rows["plants"]
    assert sum(region.site_mw for region in regions) == pytest.approx(world.sites["max_mw"].sum())
    assert sum(summary.fiber_km.values()) == pytest.approx(world.spans().km.sum())
    for region in regions:
        headroom = [region.headroom_mw[name] for name in sorted(region.headroom_mw)]
        assert headroom == sorted(headroom)  # more may be curtailed, more can be sold
    assert all(source.licence for source in summary.sources)
