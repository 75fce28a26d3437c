"""The command line: what goes where, exit codes, and that nothing is left half done."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

import siting
from siting import api, program
from siting.cli import Interrupt, main
from siting.report.folder import FILES
from siting.resources import models_folder

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
COMMANDS = ("solve", "check", "audit", "train", "models", "new", "world")
HEAVY = ("geopandas", "pandas", "pulp", "numpy", "scipy", "shapely", "pydantic", "highspy", "rich")


def run(*words, **options):
    """The command line as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "siting.cli", *map(str, words)],
        capture_output=True,
        cwd=ROOT,
        check=False,
        **options,
    )


def start(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "siting.cli", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        **options,
    )


@pytest.fixture
def call(capfd, tmp_path, monkeypatch):
    """The command line in this process, in an empty folder: exit code, stdout, stderr."""
    empty = tmp_path / "here"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("COLUMNS", "100")

    def called(*words):
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    called.folder = empty
    return called


# --- Help and start -----------------------------------------------------------------------------


def test_help_and_version_import_nothing_heavy():
    program = (
        "import sys, siting, siting.cli\n"
        "siting.cli.main(['--help']), siting.cli.main(['--version'])\n"
        f"print('heavy:', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_help_names_every_command_and_the_exit_codes(call):
    code, out, err = call("--help")
    assert code == 0
    assert err == ""
    assert all(re.search(rf"^  {name}\s", out, re.MULTILINE) for name in COMMANDS)
    assert "2 bad input" in out


def test_solve_has_the_options_of_the_contract(call):
    _, out, _ = call("solve", "--help")
    options = re.findall(r"^  (--[a-z-]+)(?: ([A-Z=]+))?\s", out, re.MULTILINE)
    assert options == [
        ("--out", "DIR"),
        ("--set", "KEY=VALUE"),
        ("--solver", "NAME"),
        ("--gap", "F"),
        ("--time-limit", "S"),
        ("--threads", "N"),
        ("--json", ""),
        ("--quiet", ""),
        ("--help", ""),
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(call, name):
    code, out, _ = call(name, "--help")
    assert code == 0
    assert out.startswith(f"Usage: siting {name} ")


def test_version(call):
    assert call("--version") == (0, f"siting {siting.__version__}\n", "")


@pytest.mark.parametrize("way", [["cli.py"], ["-m", "siting.cli"]])
def test_the_checkout_has_a_way_in(way):
    done = subprocess.run(
        [sys.executable, *way, "models"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "two_utilities" in done.stdout


# --- solve --------------------------------------------------------------------------------------


def test_solve_prints_the_plan_on_stdout_and_progress_on_stderr(call):
    code, out, err = call("solve", "two_utilities")
    assert code == 0
    assert out.startswith("two_utilities: 700 MW from two utilities, solvable by hand\nProven ")
    assert "Written" not in out
    assert re.search(r"^ +\d+\.\d s  measuring fiber$", err, re.MULTILINE)
    assert list(call.folder.iterdir()) == []  # without --out nothing is written


def test_solve_out_writes_and_says_where(call):
    code, out, _ = call("solve", "two_utilities", "--out", "deep/out")
    assert code == 0
    folder = call.folder / "deep" / "out"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert out.rstrip().splitlines()[-1] == f"Written to {folder}: {', '.join(FILES)}"


def test_json_is_alone_on_stdout(call):
    code, out, err = call("solve", "two_utilities", "--json", "--out", "out")
    assert code == 0
    jsonschema.validate(json.loads(out), SCHEMA, jsonschema.Draft202012Validator)
    assert out == (call.folder / "out" / "plan.json").read_text(encoding="utf-8")
    assert f"Written to {call.folder / 'out'}" in err


def test_quiet_is_silent_on_stderr(call):
    code, out, err = call("solve", "two_utilities", "--quiet")
    assert code == 0
    assert err == ""
    assert "Cluster c1" in out


def test_seconds_add_up_to_what_a_user_waits(call):
    start_s = time.perf_counter()
    _, out, _ = call("solve", "two_utilities", "--json")
    waited_s = time.perf_counter() - start_s
    seconds = json.loads(out)["seconds"]
    parts = seconds["load"] + seconds["distances"] + seconds["solve"]
    assert 0 < parts <= seconds["total"] <= waited_s


def test_set_changes_keys_and_options_win_over_it(call):
    words = ["--set", "cluster.target_mw=600", "--set", "objective.sense=minimise_fiber_km"]
    words += ["--set", "solver.gap=0.5", "--gap", "0.01", "--time-limit", "60", "--threads", "1"]
    code, out, _ = call("solve", "two_utilities", "--solver", "cbc", "--json", *words)
    plan = json.loads(out)
    assert code == 0
    assert plan["sense"] == "minimise_fiber_km"
    assert plan["solver"]["name"] == "cbc"
    assert sum(campus["draw_mw"] for campus in plan["clusters"][0]["campuses"]) == (
        pytest.approx(600)
    )
    assert plan["gap"] <= 0.01 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["solve", "no_plan"], 3, "no plan: 1,200 MW asked"),
        (["solve", "us_1gw_metro", "--time-limit", "0.001"], 4, "no plan found within 0.001 s"),
        (["solve", "us_5gv"], 2, "did you mean us_5gw?"),
        (["solve", "two_utilities", "--set", "cluster.target=1"], 2, "did you mean target_mw?"),
        (["solve", "two_utilities", "--set", "cluster.target_mw"], 2, "is not KEY=VALUE"),
        (["solve", "two_utilities", "--set", "=5"], 2, "is not KEY=VALUE"),
        (["solve", "two_utilities", "--gap", "7"], 2, "solver.gap is 7"),
        (["solve", "two_utilities", "--gap", "much"], 2, "Invalid value for '--gap'"),
        (["solve", "two_utilities", "--time-limit", "nan"], 2, "solver.time_limit_s"),
        (["solve", "two_utilities", "--threads", "-1"], 2, "solver.threads is -1"),
        (["solve", "two_utilities", "--solver", "cplx"], 2, "'cplx' is not known"),
        (["solve", "two_utilities", "--fast"], 2, "No such option"),
        (["solve"], 2, "Missing argument"),
        (["sovle", "two_utilities"], 2, "No such command 'sovle'"),
        ([], 2, "Usage: siting"),
        (["check", "nowhere/model.toml"], 2, "there is no such file"),
        (["world", "atlantis"], 2, "is neither a bundled world nor a folder"),
        (["new", "us_5gv", "mine"], 2, "did you mean us_5gw?"),
        (["audit", "two_utilities", "nothing.json"], 2, "cannot be read: No such file"),
    ],
)
def test_exit_codes(call, words, exit_code, message):
    writes = words[:1] == ["solve"] and len(words) > 1
    code, out, err = call(*words, *(["--out", "out"] if writes else []))
    assert code == exit_code
    assert message in err
    assert out == ""
    assert list(call.folder.iterdir()) == []


def test_exit_codes_are_those_of_the_process():
    assert run("solve", "no_plan").returncode == 3
    assert run("solve", "us_5gv").returncode == 2
    assert run("models").returncode == 0


def test_a_folder_in_the_way_is_refused_before_the_solve(call, monkeypatch):
    (call.folder / "out").mkdir()
    (call.folder / "out" / "notes.txt").write_text("mine")
    monkeypatch.setattr(api, "read_model", lambda *_args, **_options: pytest.fail("went on"))
    code, out, err = call("solve", "two_utilities", "--out", "out")
    assert code == 2
    assert "holds notes.txt" in err
    assert out == ""
    assert (call.folder / "out" / "notes.txt").read_text() == "mine"


def test_a_plan_that_cannot_be_written_is_printed_all_the_same(call, monkeypatch):
    def fail(*_args):
        raise OSError(28, "No space left on device", "out/plan.json")

    monkeypatch.setattr(api, "write", fail)
    code, out, err = call("solve", "two_utilities", "--out", "out", "--quiet")
    assert code == 1
    assert "Cluster c1" in out
    assert err == "siting: out/plan.json: No space left on device\n"


def test_a_plan_that_fails_the_audit_is_a_fault_and_never_shown(call, monkeypatch):
    solve_program = program.solve

    def cheat(case, **options):
        solution = solve_program(case, **options)
        for draws in solution.draw_mw:
            draws.update({site: mw * 2 for site, mw in draws.items()})
        return solution

    monkeypatch.setattr(program, "solve", cheat)
    code, out, err = call("solve", "two_utilities", "--out", "out")
    assert code == 1
    assert out == ""
    assert "does not survive the audit" in err
    assert "zone.headroom_mw" in err
    assert list(call.folder.iterdir()) == []


def test_solving_again_replaces_the_folder_with_the_same_maps(call):
    call("solve", "two_utilities", "--out", "out")
    names = [name for name in FILES if name.endswith(".geojson")]
    before = {name: (call.folder / "out" / name).read_bytes() for name in names}
    assert call("solve", "two_utilities", "--out", "out")[0] == 0
    assert {name: (call.folder / "out" / name).read_bytes() for name in names} == before


# --- Faults -------------------------------------------------------------------------------------


def test_a_fault_is_one_line(call, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr(api, "solve", fail)
    code, out, err = call("solve", "two_utilities", "--quiet")
    assert code == 1
    assert out == ""
    assert err == (
        "siting: a fault of the program: RuntimeError: first second; "
        "set SITING_TRACEBACK=1 for the traceback, and report it\n"
    )


def test_a_fault_has_its_traceback_on_demand(call, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("boom")

    monkeypatch.setattr(api, "solve", fail)
    monkeypatch.setenv("SITING_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="boom"):
        call("solve", "two_utilities")


def test_ctrl_c_outside_a_solve_ends_with_one_line(call, monkeypatch):
    def interrupt(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "read_model", interrupt)
    assert call("check", "two_utilities") == (130, "", "siting: interrupted\n")


# --- Ctrl-C -------------------------------------------------------------------------------------


def test_ctrl_c_ends_at_once_while_nobody_can_stop_gently(capfd):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interrupt():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert capfd.readouterr().err == ""


def test_the_first_ctrl_c_of_a_search_asks_and_the_second_ends(capfd):
    with pytest.raises(KeyboardInterrupt), Interrupt() as interrupted:  # noqa: PT012
        assert not interrupted()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted()
        assert "Ctrl-C again ends without one" in capfd.readouterr().err
        os.kill(os.getpid(), signal.SIGINT)


def wait_for(stream, words):
    seen = b""
    while words not in seen:
        line = stream.readline()
        assert line, seen
        seen += line


def test_ctrl_c_in_a_search_writes_the_best_plan_so_far(tmp_path):
    # It has a plan within seconds, and takes long to prove that there is none better at all.
    search = start("solve", "us_10gw", "--gap", "0", "--out", tmp_path / "out")
    try:
        wait_for(search.stderr, b"best ")
        search.send_signal(signal.SIGINT)
        out, err = search.communicate(timeout=60)
    finally:
        search.kill()
    assert search.returncode == 0, err
    assert b"stopping at the best plan so far" in err
    assert b"Feasible, not proven optimal" in out
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert plan["status"] == "feasible"
    assert plan["audit"]["passed"]
    assert plan["bound"] < plan["objective"]


NEVER_ENDS = """
import sys, time
from siting import api, cli, program
def search(case, *, solver, progress, interrupted):
    interrupted()
    print("searching", file=sys.stderr, flush=True)
    time.sleep(60)
program.solve = search
sys.exit(cli.main(sys.argv[1:]))
"""


def test_two_ctrl_c_in_a_search_write_nothing(tmp_path):
    search = subprocess.Popen(
        [sys.executable, "-c", NEVER_ENDS, "solve", "two_utilities", "--out", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        wait_for(search.stderr, b"searching")
        search.send_signal(signal.SIGINT)
        wait_for(search.stderr, b"Ctrl-C again ends without one")
        search.send_signal(signal.SIGINT)
        out, err = search.communicate(timeout=60)
    finally:
        search.kill()
    assert search.returncode == 130
    assert out == b""
    assert err == b"siting: interrupted\n"
    assert list(tmp_path.iterdir()) == []


# --- Pipes and encodings ------------------------------------------------------------------------


def test_a_reader_that_goes_away_costs_no_file_and_no_traceback(tmp_path):
    solve = start("solve", "two_utilities", "--quiet", "--out", tmp_path / "out")
    solve.stdout.close()
    err = solve.stderr.read()
    solve.stderr.close()
    assert solve.wait() == 0
    assert err == b""
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_stdout_is_an_error():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "siting.cli", "models"],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"siting: No space left on device\n"


def test_ids_of_any_letters_survive_a_terminal_of_few(tmp_path):
    folder = tmp_path / "model"
    assert main(["new", "two_utilities", str(folder)]) == 0
    zones = folder / "zones.geojson"
    text = zones.read_text(encoding="utf-8").replace("South Electric", "Süd 電力")
    zones.write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    shown = run("solve", folder, "--quiet", env=environment)
    assert shown.returncode == 0
    assert "Süd ".encode("latin-1") + rb"\u96fb\u529b" in shown.stdout
    piped = run("solve", folder, "--quiet", "--json", env=environment)
    assert "Süd 電力" in json.loads(piped.stdout.decode("utf-8"))["clusters"][0]["utilities"]


# --- The other commands -------------------------------------------------------------------------


def test_check_says_what_was_read_and_solves_nothing(call, monkeypatch):
    monkeypatch.setattr(program, "solve", lambda *_args, **_options: pytest.fail("solved"))
    code, out, err = call("check", "two_utilities")
    assert code == 0
    assert err == ""
    assert "5 sites, 4 zones, 4 fiber spans, 1 plants" in out
    assert re.search(r"^  plains +5 +5 +1,800 +1,080 +1,080$", out, re.MULTILINE)
    assert "Pairs of sites within 100 km of fiber: 5 of 10 (50.00 %)" in out
    assert "Sites that no other site is within reach of: 1 (s3)" in out
    assert "Clean energy that can be contracted: 1.75 TWh/year" in out


def test_check_says_what_filters_remove(call):
    words = ["--set", "world.min_kv=500", "--set", 'world.states=["TX"]']
    code, out, _ = call("check", "us_5gw", *words, "--set", "clean.min_fraction=0")
    assert code == 0
    found = re.findall(
        r"^Left out by (world\.\w+) = .*: ([\d,]+) sites, [\d,]+ MW$", out, re.MULTILINE
    )
    left_out = {key: int(count.replace(",", "")) for key, count in found}
    assert left_out.keys() == {"world.min_kv", "world.states"}
    kept = int(re.search(r"^Rows kept: ([\d,]+) sites", out, re.MULTILINE)[1].replace(",", ""))
    assert kept + sum(left_out.values()) == 4062
    assert "Synthetic US grid" in out


def test_audit_accepts_what_solve_wrote(call):
    call("solve", "two_utilities", "--out", "out")
    for path in ("out/plan.json", "out"):
        code, out, err = call("audit", "two_utilities", path)
        assert code == 0
        assert err == ""
        assert re.match(r"The plan holds: \d+ checks passed\n", out)
        assert "  zone.headroom_mw\n" in out


def test_audit_names_the_limit_that_a_plan_breaks(call):
    call("solve", "two_utilities", "--out", "out")
    path = call.folder / "out" / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    plan["clusters"][0]["campuses"][0]["draw_mw"] += 50
    path.write_text(json.dumps(plan), encoding="utf-8")
    code, out, err = call("audit", "two_utilities", path)
    assert code == 1
    assert out == ""
    assert "zone.headroom_mw" in err
    assert "made from another" not in err


def test_audit_against_another_model_says_so(call):
    call("solve", "two_utilities", "--out", "out", "--set", "cluster.target_mw=600")
    assert call("audit", "two_utilities", "out", "--set", "cluster.target_mw=600")[0] == 0
    code, _, err = call("audit", "two_utilities", "out")
    assert code == 1
    assert "cluster.target_mw" in err
    assert "made from another model or world" in err


def test_models_lists_every_bundled_model_with_its_title(call):
    code, out, err = call("models")
    assert code == 0
    assert err == ""
    lines = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert lines.keys() == {path.parent.name for path in models_folder().glob("*/model.toml")}
    assert "One 5 GW training cluster in the US" in lines["us_5gw"]


def test_new_copies_a_model_that_solves(call):
    code, out, _ = call("new", "two_utilities", "deep/mine")
    assert code == 0
    copy = call.folder / "deep" / "mine"
    assert f"Copied two_utilities to {copy}" in out
    original = models_folder() / "two_utilities"
    expected = {path.name for path in original.iterdir()} - {"expected.toml"}
    assert {path.name for path in copy.iterdir()} == expected
    assert all((copy / name).read_bytes() == (original / name).read_bytes() for name in expected)
    assert os.access(copy / "model.toml", os.W_OK)
    assert list((call.folder / "deep").iterdir()) == [copy]
    assert call("solve", "deep/mine")[0] == 0


def test_new_uses_an_empty_folder_and_refuses_any_other(call):
    (call.folder / "mine").mkdir()
    assert call("new", "two_utilities", "mine")[0] == 0
    before = sorted((call.folder / "mine").iterdir())
    (call.folder / "file").write_text("x")
    for place in ("mine", "file"):
        code, out, err = call("new", "no_plan", place)
        assert code == 2
        assert out == ""
        assert "is there already and not empty" in err
    assert sorted((call.folder / "mine").iterdir()) == before


def test_world_shows_counts_power_by_region_sources_and_licences(call):
    code, out, err = call("world", "us")
    assert code == 0
    assert err == ""
    assert "4,062 sites" in out
    assert re.search(r"^  ERCOT +\d+ +\d+ +[\d.]+ ", out, re.MULTILINE)
    assert re.search(r"^  all +133 +4,062 ", out, re.MULTILINE)
    assert "powersimdata 0.5.5: MIT; network data CC BY 4.0" in out
    assert out.count("Synthetic US grid") == 1
    assert call("world") == (0, out, "")


def test_world_of_a_folder(call):
    assert call("new", "two_utilities", "mine")[0] == 0
    code, out, _ = call("world", "mine")
    assert code == 0
    assert "5 sites, 4 zones, 4 fiber spans, 1 plants" in out
    assert re.search(r"^  plains +3 +5 +1\.8 ", out, re.MULTILINE)
