"""Worlds that are kept: the same as those that are read, and never another's or a damaged one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

import siting
from siting.fiber.graph import nearest_nodes
from siting.resources import bundled_models
from siting.world import cache
from siting.world.cache import TABLES, identity_of
from siting.world.kept import CannotKeepError, KeptTables, Written, words_and_arrays, words_of
from siting.world.plain import plain_table

ON_US = [name for name in bundled_models() if siting.read_model(name).world.sites is None]


@pytest.fixture
def shelf(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("SITING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "world"


@pytest.fixture
def readings(monkeypatch):
    """Names of the models whose files were read."""
    names = []
    read = cache._read_files

    def counted(model):
        names.append(model.name)
        return read(model)

    monkeypatch.setattr(cache, "_read_files", counted)
    return names


def assert_same_world(kept, read):
    for name in TABLES:
        one, other = getattr(kept, name), getattr(read, name)
        assert_geodataframe_equal(one, other, check_like=False)
        assert list(one.columns) == list(other.columns)
        assert one.crs == other.crs
        assert (one.dtypes == other.dtypes).all()
        assert shapely.to_wkb(one.geometry).tolist() == shapely.to_wkb(other.geometry).tolist()
        for column in one.columns.drop("geometry"):
            cells = zip(one[column], other[column], strict=True)
            assert all(type(a) is type(b) for a, b in cells), column
    for field in fields(read):
        if field.name not in TABLES:
            assert getattr(kept, field.name) == getattr(read, field.name), field.name
    for attribute in ("ids", "node_ids", "row_ids"):
        assert getattr(kept.spans(), attribute) == getattr(read.spans(), attribute)
    for attribute in ("start", "end", "km", "node_lon", "node_lat", "row"):
        ours, theirs = (getattr(world.spans(), attribute) for world in (kept, read))
        assert ours.tobytes() == theirs.tobytes()
        assert ours.dtype == theirs.dtype
    assert kept.spans().lines.positions.tobytes() == read.spans().lines.positions.tobytes()
    assert kept.spans().lines.first.tolist() == read.spans().lines.first.tolist()
    assert kept.joins() == read.joins()
    assert kept.free_spans.tolist() == read.free_spans.tolist()


def assert_same_plain(kept, read):
    for name in ("sites", "zones", "fiber", "supply"):
        one, other = kept.plain(name), read.plain(name)
        assert one.ids == other.ids
        assert one.lon.tobytes() == other.lon.tobytes()
        assert one.lat.tobytes() == other.lat.tobytes()
        assert set(one.columns) == set(other.columns)
        for column in other.columns:
            assert one.texts(column) == other.texts(column)
            if other.columns[column].dtype.kind in "bfiu":
                assert one.numbers(column).tobytes() == other.numbers(column).tobytes()
                assert one.flags(column).tolist() == other.flags(column).tolist()


@pytest.mark.parametrize("name", ON_US)
def test_a_kept_world_is_the_one_that_was_read(name, shelf, readings):
    model = siting.read_model(name)
    read, kept = siting.read_world(model), siting.read_world(model)
    assert readings == [name]
    assert len(list(shelf.iterdir())) == 1
    assert_same_plain(kept, read)
    assert_same_world(kept, read)


def test_what_is_kept_gives_the_same_plan(shelf, readings, monkeypatch):
    model = siting.read_model("us_1gw_metro")
    plans = []
    for cached in ("", str(shelf.parent), str(shelf.parent)):
        monkeypatch.setenv("SITING_CACHE", cached)
        plans.append(siting.solve(model, world=siting.read_world(model)).to_dict())
    assert readings == ["us_1gw_metro"] * 2
    for plan in plans:
        plan.pop("seconds")
    assert json.dumps(plans[0]) == json.dumps(plans[1]) == json.dumps(plans[2])


def test_a_plan_on_a_kept_world_imports_neither_pandas_nor_scipy(shelf, tmp_path):
    heavy = ("pandas", "geopandas", "pyogrio", "scipy", "shapely")
    program = (
        "import sys, siting\n"
        "print(siting.solve('us_1gw_metro').audit.passed,"
        f" [name for name in {heavy!r} if name in sys.modules])"
    )
    said = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert said[1].stdout == "True []\n"
    assert said[0].stdout != said[1].stdout


def test_tables_of_the_users_own_are_not_kept(shelf, readings, tmp_path):
    folder = siting.new_model("two_utilities", tmp_path / "mine")
    siting.read_world(siting.read_model(folder))
    own = tmp_path / "own.toml"
    own.write_text(
        'schema = 1\nname = "own"\n[world]\nbase = "us"\nsites = "mine/sites.csv"\n'
        "[cluster]\ntarget_mw = 500\n",
        encoding="utf-8",
    )
    assert siting.read_world(siting.read_model(own)).files["zones"].startswith("us")
    assert not shelf.exists()
    assert readings == [siting.read_model(folder).name, "own"]


def test_damage_is_never_trusted(shelf, readings):
    model = siting.read_model("us_1gw_metro")
    right = siting.read_world(model)
    (path,) = shelf.iterdir()
    content = path.read_bytes()
    for damaged in (content[:-1], content[:500], content[:900] + b"!" + content[901:], b""):
        path.write_bytes(damaged)
        assert siting.read_world(model).plain("sites").ids == right.plain("sites").ids
        assert path.read_bytes() == content
    assert len(readings) == 5


def test_what_a_world_is_read_for_is_in_its_key():
    model = siting.read_model("us_5gw")
    changes = [
        {"world.min_kv": 345},
        {"world.snap_km": 1},
        {"world.states": ("TX",)},
        {"world.supply_states": ("TX",)},
        {"world.route_factor": 1.4},
        {"world.fiber_snap_m": 2},
        {"power.curtailment": 0.01},
        {"clean.deliver_within": "zone"},
        {"columns.kinds": {"gas": "wind"}},
    ]
    same = [{"cluster.target_mw": 800}, {"solver.gap": 0.01}, {"cluster.max_fiber_km": 100}]
    keys = [identity_of(model.replace(change)).key for change in changes]
    assert len({identity_of(model).key, *keys}) == len(keys) + 1
    assert {identity_of(model.replace(change)).key for change in same} == {identity_of(model).key}


def test_another_program_or_library_reads_anew(shelf, readings, monkeypatch):
    model = siting.read_model("us_1gw_metro")
    siting.read_world(model)
    version = cache.importlib.metadata.version
    monkeypatch.setattr(
        cache.importlib.metadata,
        "version",
        lambda name: "99.0" if name == "pyogrio" else version(name),
    )
    siting.read_world(model)
    assert len(readings) == 2


def test_the_program_that_reads_is_all_below_the_world():
    """What the key calls the program holds each module that reading a world imports."""
    package = Path(cache.__file__).parents[1]
    hashed = {path for pattern in cache.PROGRAM for path in package.glob(pattern)}
    program = (
        "import sys, siting.world.read\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('siting')), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    read = {Path(line) for line in done.stdout.split("\n") if line}
    assert len(read) > 30
    assert read <= hashed


def test_a_question_is_checked_on_a_kept_world_too(shelf, readings):
    model = siting.read_model("us_5gw")
    siting.read_world(model)
    with pytest.raises(siting.InputError, match="ask for 80,000 campuses"):
        siting.read_world(model.replace({"cluster.min_campuses": 8, "cluster.count": 10_000}))
    assert len(readings) == 1


def test_a_frame_that_a_user_changes_is_what_is_solved(shelf):
    model = siting.read_model("us_1gw_metro")
    siting.read_world(model)
    world = siting.read_world(model)
    world.sites["max_mw"] = 0.5
    with pytest.raises(siting.InfeasibleError):
        siting.solve(model, world=world)
    assert siting.solve(model).clusters


def frame_of(**columns):
    rows = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(
        columns, geometry=gpd.points_from_xy(range(rows), range(rows)), crs=4326
    )


def kept(frame):
    written = Written()
    words = {"tables": {"sites": words_of(frame, written)}}
    words, arrays = words_and_arrays(memoryview(bytes(written.to_bytes(words))))
    return KeptTables(words["tables"], arrays)


def test_frames_come_back_as_they_were():
    frame = frame_of(
        id=np.array(["a", 'q"\u2028é', "  "], object),
        mixed=np.array([None, 3, 2.5], object),
        flags=np.array([True, None, False], object),
        numbers=[0.1, np.nan, 1e300],
        whole=np.array([2**62 + 1, -1, 0]),
        yes=[True, False, True],
        words=pd.array(["x", None, "y"], dtype="str"),
    )
    frame.loc[2, "geometry"] = None
    shaped = frame.set_geometry([shapely.box(0, 0, 1, 1 / 3), shapely.Point(0, 0.1), None])
    for original in (frame, shaped, frame.iloc[:0], frame.iloc[:2]):
        back = kept(original).frame("sites")
        assert_geodataframe_equal(back, original)
        assert (back.dtypes == original.dtypes).all()
        here, there = kept(original).plain("sites"), plain_table(original)
        for column in there.columns:
            assert here.texts(column) == there.texts(column)
            assert here.flags(column).tolist() == there.flags(column).tolist()


@pytest.mark.parametrize(
    "column",
    [
        pd.to_datetime(["2024-01-01"]),
        pd.Categorical(["a"]),
        np.array([float("nan")], object),
        [[1]],
    ],
    ids=["dates", "categories", "nan among objects", "lists"],
)
def test_what_would_come_back_otherwise_is_not_kept(column):
    with pytest.raises(CannotKeepError):
        words_of(frame_of(id=["a"]).assign(strange=column), Written())
    heights = frame_of(id=["a"]).set_geometry([shapely.Point(1, 2, 3)])
    with pytest.raises(CannotKeepError):
        words_of(heights, Written())


def test_points_at_nodes_need_no_search_and_get_the_same():
    """Positions of six decimals against the same points moved by a hair, which are searched for."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        node_lon, node_lat = np.round(rng.uniform(-0.0005, 0.0005, (2, 400)), 5)
        rank = rng.permutation(400)
        chosen = rng.integers(0, 400, 50)
        lon, lat = node_lon[chosen], node_lat[chosen]
        node, away_km = nearest_nodes(lon, lat, node_lon, node_lat, rank)
        beside, _ = nearest_nodes(lon + 1e-11, lat, node_lon, node_lat, rank)
        assert node.tolist() == beside.tolist()
        assert (away_km == 0).all()
        for n, k in zip(node, chosen, strict=True):
            same = (node_lon == node_lon[k]) & (node_lat == node_lat[k])
            assert rank[n] == rank[same].min()
