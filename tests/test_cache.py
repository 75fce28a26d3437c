"""The cache of reach: whatever happens to its files, the reach is right."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from siting import cache as shelves
from siting.cache import cache_folder
from siting.fiber import Access, FiberGraph, cache, cached_reach, reach_of_access

LIMIT_KM = 40.0


@pytest.fixture
def graph():
    return FiberGraph.from_spans(
        ids=["s0", "s1", "s2", "s3"],
        start=[0, 1, 2, 3],
        end=[1, 2, 3, 4],
        km=[10.0, 0.0, 12.5, 30.0],
        node_ids=list("abcde"),
        node_lon=np.arange(5.0),
        node_lat=np.zeros(5),
    )


@pytest.fixture
def access():
    return Access(np.array([0, 1, 2, 4, 3, 3]), np.array([0.0, 1.0, 2.0, 0.5, 0.25, 0.0]))


@pytest.fixture
def computed(monkeypatch):
    """Counts how often a reach is computed."""
    calls = []

    def counting(*args, **kwargs):
        calls.append(args)
        return reach_of_access(*args, **kwargs)

    monkeypatch.setattr(cache, "reach_of_access", counting)
    return calls


def same(one, other):
    return (
        one.limit_km == other.limit_km
        and one.indptr.tobytes() == other.indptr.tobytes()
        and one.indices.tobytes() == other.indices.tobytes()
        and one.km.tobytes() == other.km.tobytes()
        and (one.indptr.dtype, one.indices.dtype, one.km.dtype)
        == (other.indptr.dtype, other.indices.dtype, other.km.dtype)
    )


def entry(folder):
    (path,) = (folder / "reach").iterdir()
    return path


def test_a_reach_is_computed_once_and_read_back_the_same(graph, access, tmp_path, computed):
    first = cached_reach(graph, access, limit_km=LIMIT_KM, folder=tmp_path)
    again = cached_reach(graph, access, limit_km=LIMIT_KM, folder=tmp_path)
    assert len(computed) == 1
    assert first.pairs > 3
    assert same(first, again)
    assert same(first, reach_of_access(graph, access, limit_km=LIMIT_KM))


def test_no_damage_to_a_file_is_ever_trusted(graph, access, tmp_path, computed):
    right = cached_reach(graph, access, limit_km=LIMIT_KM, folder=tmp_path)
    path = entry(tmp_path)
    content = path.read_bytes()
    # Every byte of the head, every third of the numbers.
    places = [*range(200), *range(200, len(content), 3)]
    damages = [content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :] for at in places]
    damages += [content[:size] for size in range(0, len(content), 7)]
    damages += [content + b"\0", content * 2, b"", b"PK\x03\x04", os.urandom(len(content))]
    for count, damaged in enumerate(damages, start=2):
        path.write_bytes(damaged)
        assert same(cached_reach(graph, access, limit_km=LIMIT_KM, folder=tmp_path), right)
        assert len(computed) == count
        assert path.read_bytes() == content


def test_an_entry_under_the_name_of_another_is_not_trusted(graph, access, tmp_path, computed):
    cached_reach(graph, access, limit_km=LIMIT_KM, folder=tmp_path)
    other = Access(access.node, access.km + 1)
    key = cache.reach_key(graph, other, LIMIT_KM)
    entry(tmp_path).rename(tmp_path / "reach" / f"{key}.reach")
    right = reach_of_access(graph, other, limit_km=LIMIT_KM)
    assert same(cached_reach(graph, other, limit_km=LIMIT_KM, folder=tmp_path), right)
    assert len(computed) == 2


def test_the_key_holds_all_that_a_reach_depends_on(graph, access):
    def spans(**changed):
        columns = {
            "ids": ["s0", "s1", "s2", "s3"],
            "start": [0, 1, 2, 3],
            "end": [1, 2, 3, 4],
            "km": [10.0, 0.0, 12.5, 30.0],
        }
        return FiberGraph.from_spans(
            **(columns | changed), node_ids=list("abcde"), node_lon=graph.lon, node_lat=graph.lat
        )

    moved = access.km.copy()
    moved[2] = np.nextafter(moved[2], 9)
    keys = [
        cache.reach_key(graph, access, LIMIT_KM),
        cache.reach_key(graph, access, np.nextafter(LIMIT_KM, 99)),
        cache.reach_key(graph, access, np.inf),
        cache.reach_key(graph, Access(access.node, moved), LIMIT_KM),
        cache.reach_key(graph, Access(access.node[::-1].copy(), access.km), LIMIT_KM),
        cache.reach_key(graph, access.take(np.arange(5)), LIMIT_KM),
        cache.reach_key(spans(km=[10.0, 0.0, 12.5, 30.5]), access, LIMIT_KM),
        cache.reach_key(spans(end=[1, 2, 3, 0]), access, LIMIT_KM),
    ]
    assert len(set(keys)) == len(keys)
    assert cache.reach_key(spans(ids=["a", "b", "c", "d"]), access, LIMIT_KM) == keys[0]


def test_a_folder_that_cannot_be_written_costs_only_time(graph, access, tmp_path, computed):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    right = reach_of_access(graph, access, limit_km=LIMIT_KM)
    for folder in (in_the_way, in_the_way / "below", Path("/proc/nothing/here")):
        assert same(cached_reach(graph, access, limit_km=LIMIT_KM, folder=folder), right)
    assert len(computed) == 3
    assert in_the_way.read_text() == "not a folder"


def test_a_full_disk_leaves_nothing_behind(graph, access, tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cached_reach(graph, access, limit_km=LIMIT_KM, folder=tmp_path)
    assert list((tmp_path / "reach").iterdir()) == []


def test_an_entry_that_is_a_folder_costs_only_time(graph, access, tmp_path):
    key = cache.reach_key(graph, access, LIMIT_KM)
    (tmp_path / "reach" / f"{key}.reach" / "in the way").mkdir(parents=True)
    right = reach_of_access(graph, access, limit_km=LIMIT_KM)
    assert same(cached_reach(graph, access, limit_km=LIMIT_KM, folder=tmp_path), right)
    assert [path.suffix for path in (tmp_path / "reach").iterdir()] == [".reach"]


def test_entries_used_longest_ago_and_what_a_killed_process_left_are_dropped(
    graph, access, tmp_path, monkeypatch
):
    for limit_km in (10.0, 20.0, 30.0):
        cached_reach(graph, access, limit_km=limit_km, folder=tmp_path)
    names = {km: f"{cache.reach_key(graph, access, km)}.reach" for km in (10.0, 20.0, 30.0, 40.0)}
    folder = tmp_path / "reach"
    for age_s, km in ((50, 10.0), (70, 20.0), (90, 30.0)):
        os.utime(folder / names[km], (time.time() - age_s, time.time() - age_s))
    fresh, abandoned = folder / "fresh.part", folder / "abandoned.part"
    for path in (fresh, abandoned):
        path.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    cached_reach(graph, access, limit_km=30.0, folder=tmp_path)  # used: now the newest
    elsewhere = tmp_path / "elsewhere"
    cached_reach(graph, access, limit_km=40.0, folder=elsewhere)
    kept = [folder / names[10.0], folder / names[30.0], entry(elsewhere)]
    monkeypatch.setattr(shelves, "MAX_BYTES", sum(path.stat().st_size for path in kept))
    cached_reach(graph, access, limit_km=40.0, folder=tmp_path)
    left = {path.name for path in folder.iterdir()}
    assert left == {names[10.0], names[30.0], names[40.0], fresh.name}


def test_the_folder_follows_the_platform_and_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SITING_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("SITING_CACHE", "")
    assert cache_folder() is None
    monkeypatch.delenv("SITING_CACHE")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/someone"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/siting")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path("/home/someone/.cache/siting")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == Path("/home/someone/Library/Caches/siting")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_folder() == Path("/home/someone/AppData/Local/siting")


def test_turned_off_the_cache_writes_nothing(graph, access, monkeypatch, tmp_path):
    monkeypatch.setenv("SITING_CACHE", "")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    right = reach_of_access(graph, access, limit_km=LIMIT_KM)
    assert same(cached_reach(graph, access, limit_km=LIMIT_KM), right)
    assert list(tmp_path.iterdir()) == []


PROCESS = """
import sys
import numpy as np
from pathlib import Path
from siting.fiber import Access, FiberGraph, cached_reach

n = 400
graph = FiberGraph.from_spans(
    ids=[f"s{i}" for i in range(n - 1)], start=range(n - 1), end=range(1, n),
    km=np.ones(n - 1), node_ids=[f"n{i}" for i in range(n)],
    node_lon=np.zeros(n), node_lat=np.zeros(n),
)
for _ in range(20):
    for path in Path(sys.argv[1]).glob("reach/*.reach"):
        if np.random.default_rng().random() < 0.3:
            path.unlink(missing_ok=True)
    reach = cached_reach(
        graph, Access(np.arange(n), np.zeros(n)), limit_km=300.0, folder=Path(sys.argv[1])
    )
    assert reach.pairs == sum(n - apart for apart in range(1, 301)), reach.pairs
    assert reach.km_between(5, 305) == 300.0
"""


def test_processes_share_a_folder(tmp_path):
    running = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path)], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in running:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint.decode()
    assert {path.suffix for path in (tmp_path / "reach").iterdir()} <= {".reach"}
