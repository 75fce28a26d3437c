"""A plan as text and as a folder: what it says, and that it is complete or untouched."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from tiny import CAVEAT, tiny_case, tiny_model, tiny_plan, tiny_world

from siting.audit import audit
from siting.errors import InputError
from siting.progress import Progress
from siting.report import folder as writing
from siting.report.check import most_drawn_mw
from siting.report.folder import FILES, check_folder
from siting.report.hidden import remove_left
from siting.report.progress import show_progress
from siting.report.read import PlanFile, read_plan
from siting.report.text import Column, describe_plan, table
from siting.report.write import to_json, write
from siting.wording import printable

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(scope="module")
def plan():
    return tiny_plan()


def two_clusters():
    return tiny_plan(
        **{
            "cluster.count": 2,
            "cluster.target_mw": 150,
            "cluster.max_campuses": 2,
            "campus.min_mw": 50,
            "clean.min_fraction": 0.0,
        }
    )


# --- plan.json ----------------------------------------------------------------------------------


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw", "minimise_fiber_km"])
def test_plans_of_every_sense_validate(sense):
    VALIDATOR.validate(json.loads(to_json(tiny_plan(**{"objective.sense": sense}))))


def test_plans_of_several_clusters_validate():
    content = json.loads(to_json(two_clusters()))
    VALIDATOR.validate(content)
    assert [cluster["id"] for cluster in content["clusters"]] == ["c1", "c2"]


LATER = {"asked", "left_out", "notices"}
"""Keys that a file of an earlier version lacks."""


def objects_of(value, path=()):
    if isinstance(value, dict):
        yield path, value
        for key, entry in value.items():
            yield from objects_of(entry, (*path, key))
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            yield from objects_of(entry, (*path, position))


def at(content, path):
    for step in path:
        content = content[step]
    return content


def test_the_schema_wants_every_key_and_knows_no_other(plan):
    content = json.loads(to_json(plan))
    places = dict(objects_of(content))
    assert len(places) > 15
    for path, found in places.items():
        if path[:1] == ("asked",):
            continue  # the model file is described elsewhere
        more = copy.deepcopy(content)
        at(more, path)["surprise"] = 1
        assert not VALIDATOR.is_valid(more), path
        for key in found:
            less = copy.deepcopy(content)
            del at(less, path)[key]
            assert VALIDATOR.is_valid(less) == (not path and key in LATER), (path, key)


def shape_of_schema(schema, part):
    """Keys of an object, and of the objects in it, by JSON Schema."""
    if "$ref" in part:
        target = schema
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return shape_of_schema(schema, target)
    if "anyOf" in part:  # something or null
        return shape_of_schema(schema, part["anyOf"][0])
    if part.get("type") == "array":
        return [shape_of_schema(schema, part["items"])]
    if part.get("type") == "object" and "properties" in part:
        assert sorted(part["required"]) == sorted(part["properties"].keys() - LATER)
        assert part["additionalProperties"] is False
        return {key: shape_of_schema(schema, entry) for key, entry in part["properties"].items()}
    return None


def test_the_schema_and_the_reader_know_the_same_keys():
    read = PlanFile.model_json_schema()
    assert shape_of_schema(SCHEMA, SCHEMA) == shape_of_schema(read, read)


def numbers_of(schema):
    for path, part in objects_of(schema):
        if part.get("type") == "number" or "number" in str(part.get("$ref", "")):
            yield path, part


def test_every_number_of_the_schema_has_a_unit():
    fields = [
        (path, part)
        for path, part in objects_of(SCHEMA)
        if len(path) > 1 and path[-2] == "properties"
    ]
    numeric = {"not_negative", "positive", "fraction"}
    checked = 0
    for path, part in fields:
        kind = str(part.get("$ref", "")).rpartition("/")[2]
        if part.get("type") == "number" or kind in numeric:
            checked += 1
            assert "[" in part["description"], path
    assert checked > 20


# --- Reading it back ----------------------------------------------------------------------------


def test_a_plan_that_is_read_back_survives_the_audit(plan, tmp_path):
    folder = write(plan, tiny_world(), tmp_path / "out")
    case = tiny_case(tiny_model())
    for path in (folder, folder / "plan.json"):
        again = read_plan(path, case)
        assert again == plan
        assert audit(case, again).checks == plan.audit.checks


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.pop("bound"), "bound is missing"),
        (lambda c: c["clusters"][0].update(surprise=1), "clusters[0].surprise is no key"),
        (lambda c: c["clusters"][0]["campuses"][1].update(draw_mw="9"), "campuses[1].draw_mw"),
        (lambda c: c["clusters"][0]["links"][0].pop("from"), "links[0].from is missing"),
        (lambda c: c.update(schema=2), "schema"),
        (lambda c: c.update(sense="cheapest"), "sense"),
    ],
)
def test_a_file_that_is_no_plan_says_where(plan, tmp_path, change, problem):
    content = json.loads(to_json(plan))
    change(content)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as raised:
        read_plan(path, tiny_case(tiny_model()))
    assert problem in str(raised.value)
    assert str(path) in str(raised.value)


def test_all_problems_of_a_file_come_at_once(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"schema": 1, "gap": "small"}')
    with pytest.raises(InputError) as raised:
        read_plan(path, tiny_case(tiny_model()))
    assert len(raised.value.problems) == len(SCHEMA["required"]) - 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"schema": 1e999}'])
def test_a_file_that_is_no_json_object_is_an_input_error(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"plan\.json"):
        read_plan(path, tiny_case(tiny_model()))


def test_a_file_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_plan(tmp_path / "nothing.json", tiny_case(tiny_model()))


# --- Text ---------------------------------------------------------------------------------------

GOLDEN = """\
tiny: A tiny cluster
Proven optimal within the gap asked: 705.43 MUSD/year, no plan costs less than 705.43 MUSD/year \
(gap 0.000 %)

Cluster c1
  450.0 MW draw, 375.0 MW IT load
  3 campuses on 2 utilities
  705.43 MUSD/year, 60.0 % clean
  mesh of 610.7 km, longest link 290.9 km, 2.85 ms round trip
  clean contracts with 2 plants, 1,143.2 GWh/year

  campus   draw  IT load  zone  utility  region      price   contracts  clean         cost
           [MW]     [MW]                         [USD/MWh]  [GWh/year]    [%]  [MUSD/year]
  a        50.0     41.7  west  Western  R1          60.00       197.1  100.0        85.48
  b       200.0    166.7  east  Éastern  R2          50.00         0.0   25.0       308.10
  c       200.0    166.7  east  Éastern  R2          50.00       946.1   85.0       311.85

  link from  to  fiber  round trip  tier       amplifiers
                  [km]        [ms]
  a          b   154.9        1.52  long_haul           1
  a          c   290.9        2.85  long_haul           3
  b          c   164.9        1.61  long_haul           2

  shared spans  fiber  links cut  splits
                 [km]
  s1            120.0     2 of 3  yes
  s2            130.0     2 of 3  yes
  The loss of one span splits the cluster for 2 spans that several links share

Zones used, over all clusters
  zone   utility  headroom   used   left
                      [MW]   [MW]   [MW]
  east   Éastern     450.0  400.0   50.0
  west   Western     250.0   50.0  200.0
  whole  Both        600.0  450.0  150.0

Proof: cost 705.4264 MUSD/year, bound 705.4264 MUSD/year, gap 0.0000 % (0.1000 % asked): optimal; \
solver oracle 1
Time: 1.6 s (load 0.1 s, distances 0.2 s, solve 1.2 s)
Audit: 41 checks passed
Money: US dollars of 2024; 1 MUSD is 1,000,000 USD

Made up: for tests, not for interconnection."""


def test_the_text_of_a_plan(plan):
    shown = replace(plan, audit=replace(plan.audit, checks=plan.audit.checks[:1] * 41))
    assert describe_plan(shown, model=tiny_model(), caveat=CAVEAT) == GOLDEN


def test_the_caveat_is_said_once(plan):
    assert describe_plan(plan, caveat=CAVEAT).count(CAVEAT) == 1


@pytest.mark.parametrize(
    ("sense", "words"),
    [
        ("minimise_cost", "MUSD/year, no plan costs less than"),
        ("maximise_mw", "MW, no plan draws more than"),
        ("minimise_fiber_km", "km, no network is shorter than"),
    ],
)
def test_the_headline_has_the_unit_of_the_sense(sense, words):
    assert words in describe_plan(tiny_plan(**{"objective.sense": sense}))


def test_a_plan_that_a_limit_stopped_says_so(plan):
    stopped = replace(plan, status="feasible", bound=700.0, gap=0.00769)
    text = describe_plan(stopped, model=tiny_model())
    assert "Feasible, not proven optimal" in text
    assert "no plan costs less than 700.00 MUSD/year (gap 0.769 %)" in text
    assert "Proven" not in text


def test_thousands_are_apart():
    plan = tiny_plan(**{"cost.campus_fixed_musd": 1e5})
    assert plan.objective > 10_000
    assert f"{plan.objective:,.2f} MUSD/year" in describe_plan(plan)


def test_ids_cannot_break_the_table_or_reach_the_terminal():
    assert printable("a\x1b[31m\nb") == r"a\x1b[31m\nb"
    rows = [("a\nb", "1"), ("日本", "22"), ("e\u0301", "3")]
    lines = table([Column("id"), Column("n", "MW")], rows)
    assert lines == [
        "  id       n",
        "        [MW]",
        "  a\\nb     1",
        "  日本    22",
        "  e\u0301        3",
    ]


# --- The folder ---------------------------------------------------------------------------------


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_holds_the_files_and_nothing_is_left_beside_it(plan, tmp_path):
    folder = write(plan, tiny_world(), tmp_path / "deep" / "out")
    assert folder == (tmp_path / "deep" / "out").resolve()
    assert sorted(content_of(folder)) == sorted(FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    assert json.loads((folder / "plan.json").read_text(encoding="utf-8")) == plan.to_dict()


def test_a_folder_has_the_permissions_of_any_new_folder(plan, tmp_path):
    folder = write(plan, tiny_world(), tmp_path / "out")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "file").touch()
    assert folder.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (folder / "plan.json").stat().st_mode == (tmp_path / "plain" / "file").stat().st_mode


def test_files_are_the_same_bytes_each_time(plan, tmp_path):
    one = content_of(write(plan, tiny_world(), tmp_path / "one"))
    two = content_of(write(plan, tiny_world(), tmp_path / "two"))
    assert one == two


def test_an_earlier_plan_is_replaced_whole(plan, tmp_path):
    before = content_of(write(two_clusters(), tiny_world(), tmp_path / "out"))
    after = content_of(write(plan, tiny_world(), tmp_path / "out"))
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_earlier_plan_is_replaced_where_the_system_cannot_exchange_folders(
    plan, tmp_path, monkeypatch
):
    monkeypatch.setattr(writing, "_exchange", lambda _one, _other: False)
    before = content_of(write(two_clusters(), tiny_world(), tmp_path / "out"))
    after = content_of(write(plan, tiny_world(), tmp_path / "out"))
    assert before != after
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is a call of Linux")
def test_linux_exchanges_folders_in_one_step(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert writing._exchange(tmp_path / "one", tmp_path / "two")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["two"]
    assert not writing._exchange(tmp_path / "one", tmp_path / "nothing")


def test_an_empty_folder_and_a_link_to_a_folder_are_used(plan, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    assert write(plan, tiny_world(), tmp_path / "link") == (tmp_path / "empty").resolve()
    assert (tmp_path / "link").is_symlink()
    assert sorted(content_of(tmp_path / "empty")) == sorted(FILES)


def foreign(tmp_path, files):
    folder = tmp_path / "out"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": "mine"}, r"holds notes\.txt"),
        ({"plan.json": "{}"}, r"no plan\.json that siting wrote"),
        ({"plan.json": "not json"}, r"no plan\.json that siting wrote"),
        ({"zones.geojson": "{}"}, r"no plan\.json that siting wrote"),
        ({f"{n}.txt": "" for n in "abcdefg"}, r"a\.txt, .*, e\.txt, \.\.\."),
    ],
)
def test_a_folder_of_somebody_else_is_refused_and_untouched(plan, tmp_path, files, message):
    folder = foreign(tmp_path, files)
    with pytest.raises(InputError, match=message) as raised:
        write(plan, tiny_world(), folder)
    assert raised.value.exit_code == 2
    assert "name another folder" in str(raised.value)
    assert {name: text.decode() for name, text in content_of(folder).items()} == files
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_plan_beside_a_file_of_the_user_is_refused(plan, tmp_path):
    folder = write(plan, tiny_world(), tmp_path / "out")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds notes\.txt"):
        write(plan, tiny_world(), folder)
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way_is_refused(plan, tmp_path):
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(InputError, match="is a file"):
            write(plan, tiny_world(), target)
    with pytest.raises(InputError, match="root of the file system"):
        check_folder("/")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_parent_without_permission_is_refused(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        check_folder(tmp_path / "closed" / "out")


@pytest.mark.parametrize("step", ["write_text", "_take_place"])
def test_a_write_that_fails_leaves_the_old_folder(plan, tmp_path, monkeypatch, step):
    folder = write(two_clusters(), tiny_world(), tmp_path / "out")
    before = content_of(folder)

    def fail(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path if step == "write_text" else writing, step, fail)
    with pytest.raises(OSError, match="No space left"):
        write(plan, tiny_world(), folder)
    assert content_of(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_rename_that_fails_gives_the_old_folder_back(plan, tmp_path, monkeypatch):
    folder = write(two_clusters(), tiny_world(), tmp_path / "out")
    before = content_of(folder)
    rename = Path.rename

    def fail_for_the_fresh_one(self, target):
        if target == folder and (self / "plan.json").read_bytes() != before["plan.json"]:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(writing, "_exchange", lambda _one, _other: False)
    monkeypatch.setattr(Path, "rename", fail_for_the_fresh_one)
    with pytest.raises(OSError, match="Input/output"):
        write(plan, tiny_world(), folder)
    assert content_of(folder) == before


WRITES_FOREVER = """
import pickle, sys
from siting.report.write import write
with open(sys.argv[2], "rb") as file:
    world, *plans = pickle.load(file)
print("ready", flush=True)
while True:
    for plan in plans:
        write(plan, world, sys.argv[1])
"""


def test_a_kill_at_any_moment_leaves_a_whole_plan(tmp_path):
    whole = [tiny_plan(), tiny_plan(**{"cluster.target_mw": 400})]
    expected = [content_of(write(p, tiny_world(), tmp_path / f"e{k}")) for k, p in enumerate(whole)]
    folder = write(whole[0], tiny_world(), tmp_path / "out")
    (tmp_path / "values").write_bytes(pickle.dumps([tiny_world(), *whole]))
    for attempt in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITES_FOREVER, folder, tmp_path / "values"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        try:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(0.05 + 0.037 * attempt)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        assert content_of(folder) in expected
    # What the killed writers left is hidden, and the next one takes it away.
    write(whole[1], tiny_world(), folder)
    assert content_of(folder) == expected[1]
    assert hidden_in(tmp_path) == []


def hidden_in(folder):
    return sorted(place.name for place in folder.iterdir() if place.name.startswith("."))


def end(writer):
    writer.kill()
    writer.wait()
    writer.stdout.close()


WAITS_IN_A_WRITE = """
import pickle, sys, time
from pathlib import Path
from siting.report import folder as writing
from siting.report.write import write
with open(sys.argv[2], "rb") as file:
    world, plan = pickle.load(file)
moment = sys.argv[3]
def stop(*_):
    print("ready", flush=True)
    time.sleep(600)
if moment == "before":
    writing._take_place = stop
if moment == "between":
    writing._exchange = lambda *_: False
    rename = Path.rename
    Path.rename = lambda self, to: stop() if to == Path(sys.argv[1]) else rename(self, to)
if moment == "after":
    take = writing._take_place
    writing._take_place = lambda *a: (take(*a), stop())
write(plan, world, sys.argv[1])
"""


@pytest.fixture
def waiting_writer(tmp_path):
    """Starts a run that stops for ever at a moment of its write."""
    running = []
    (tmp_path / "values").write_bytes(pickle.dumps([tiny_world(), tiny_plan()]))

    def start(folder, moment):
        writer = subprocess.Popen(
            [sys.executable, "-c", WAITS_IN_A_WRITE, folder, tmp_path / "values", moment],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        running.append(writer)
        assert writer.stdout.readline() == b"ready\n"
        return writer

    yield start
    for writer in running:
        end(writer)


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_the_next_run_takes_away_what_a_killed_one_left(moment, waiting_writer, tmp_path):
    folder = write(tiny_plan(), tiny_world(), tmp_path / "out")
    expected = content_of(folder)
    writer = waiting_writer(folder, moment)
    assert len(hidden_in(tmp_path)) == 1
    end(writer)
    assert len(hidden_in(tmp_path)) == 1
    write(tiny_plan(), tiny_world(), folder)
    assert hidden_in(tmp_path) == []
    assert content_of(folder) == expected


def test_an_earlier_plan_that_waited_comes_back(waiting_writer, tmp_path):
    folder = write(tiny_plan(), tiny_world(), tmp_path / "out")
    expected = content_of(folder)
    end(waiting_writer(folder, "between"))
    assert not folder.exists()
    remove_left(folder)
    assert content_of(folder) == expected
    assert hidden_in(tmp_path) == []


def test_what_a_run_that_is_alive_writes_stays(waiting_writer, tmp_path):
    folder = write(tiny_plan(), tiny_world(), tmp_path / "out")
    waiting_writer(folder, "before")
    (held,) = hidden_in(tmp_path)
    write(tiny_plan(), tiny_world(), folder)
    assert hidden_in(tmp_path) == [held]


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        (".out.siting-abcdefgh", "notes.txt"),  # what we never put there
        (".out.siting-abc", ""),
        (".out.siting-ABCDEFGH", ""),
        (".other.siting-abcdefgh", ""),
        (".out.siting-abcdefgh", None),  # another run that has just begun
        (".outxsiting-abcdefgh", ""),
    ],
)
def test_what_is_not_left_by_a_dead_run_of_this_output_stays(name, inside, tmp_path):
    strange = tmp_path / name
    strange.mkdir()
    if inside:
        (strange / inside).write_text("mine")
    if inside is not None:
        long_ago_s = time.time() - 10 * 86400
        os.utime(strange, (long_ago_s, long_ago_s))
    write(tiny_plan(), tiny_world(), tmp_path / "out")
    assert strange.is_dir()


def test_what_an_earlier_version_left_long_ago_is_taken_away(tmp_path):
    left = tmp_path / ".out.siting-abcd_fg1"
    (left / "out").mkdir(parents=True)
    (left / "out" / "plan.json").write_text("{}")
    long_ago_s = time.time() - 2 * 86400
    os.utime(left, (long_ago_s, long_ago_s))
    write(tiny_plan(), tiny_world(), tmp_path / "out")
    assert hidden_in(tmp_path) == []


# --- Checking -----------------------------------------------------------------------------------


def test_the_most_that_can_be_drawn_minds_parents():
    case = tiny_case(tiny_model())
    caps_mw = dict(zip(case.site_ids, case.cap_mw, strict=True))
    assert caps_mw == {"a": 250.0, "b": 300.0, "c": 200.0, "d": 50.0}
    # east: 550 MW of sites within 450; west: 250; both within 600.
    assert most_drawn_mw(case, case.cap_mw) == 600.0
    assert most_drawn_mw(case, case.cap_mw * [0, 1, 1, 1]) == 450.0
    assert most_drawn_mw(case, case.cap_mw * [1, 0, 0, 1]) == 300.0


# --- Progress -----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


STEPS = [
    (0.0, Progress("reading")),
    (0.1, Progress("solving", incumbent=7412.345, bound=7400.0, done=3, total=1200)),
    (0.6, Progress("solving", incumbent=7411.0, bound=7400.0, done=4, total=1200)),
    (1.7, Progress("solving", incumbent=7410.0, bound=7401.0, done=5, total=1200, message="two")),
    (3.0, Progress("solving", incumbent=7410.0, bound=7401.0, done=6, total=1200, message="three")),
    (7.0, Progress("solving", incumbent=7410.0, bound=7401.0, done=7, total=1200)),
    (7.1, Progress("auditing")),
]
"""Seconds on the clock, and what is told then."""


def test_progress_off_a_terminal_is_plain_lines_that_do_not_flood(monkeypatch):
    clock = iter([0.0, *(seconds for seconds, _ in STEPS)])
    monkeypatch.setattr("siting.report.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    with show_progress("minimise_cost", stream=stream) as show:
        for _, step in STEPS:
            show(step)
    unit, two = "MUSD/year", ", two"
    assert stream.getvalue().splitlines() == [
        "    0.0 s  reading",
        f"    0.1 s  solving 3 of 1,200, best 7,412.35 {unit}, bound 7,400.00 {unit}, gap 0.17 %",
        f"    1.7 s  solving 5 of 1,200, best 7,410.00 {unit}, bound 7,401.00 {unit}, gap 0.12 %"
        + two,
        f"    7.0 s  solving 7 of 1,200, best 7,410.00 {unit}, bound 7,401.00 {unit}, gap 0.12 %",
        "    7.1 s  auditing",
    ]


def test_progress_on_a_terminal_is_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    stream = Terminal()
    with show_progress("maximise_mw", stream=stream) as show:
        for _, step in STEPS[:-1]:
            show(step)
    assert "best 7,410.00 MW" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


def test_progress_is_silent_when_quiet():
    stream = Terminal()
    with show_progress("minimise_cost", quiet=True, stream=stream) as show:
        assert show is None
    assert stream.getvalue() == ""
