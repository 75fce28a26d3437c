"""Numbers at and beyond their bounds: a plan, an error or a proof, and never a fault or a hang."""

import json
import math
import re
import signal
import time
import warnings
from contextlib import contextmanager

import pytest
from drafts import Draft, as_geojson

from siting import api
from siting.cli import main
from siting.errors import InputError
from siting.model.bounds import ZeroOr, parts_of
from siting.model.sections import SECTIONS
from siting.units import capital_recovery_factor
from siting.world.columns import TABLES

LONGEST_S = 60
"""No question of four sites takes so long, whatever its numbers are."""

# What a key needs around it to count.
AROUND = {
    "training": {"training": {"recipe": "llama3_405b"}},
    "fiber": {"fiber": {"bandwidth_tbps": 100, "pair_musd_per_km": 0.01, "amplifier_musd": 1}},
    "clean": {"clean": {"min_fraction": 0.1}},
    "cluster.max_sync_s": {"training": {"recipe": "llama3_405b"}},
    "cluster.min_compute_utilisation": {"training": {"recipe": "llama3_405b", "step_s": 5}},
    "cluster.max_ring_km": {"cluster": {"network": "ring"}},
    "cluster.target_it_mw": {"cluster": {"target_mw": None}},
    "training.step_s": {"training": {"recipe": "llama3_405b"}},
    "training.checkpoint_interval_s": {"training": {"failure_hours_per_100k": 10}},
    "training.restart_s": {"training": {"failure_hours_per_100k": 10}},
    "training.checkpoint_write_s": {"training": {"failure_hours_per_100k": 10}},
}


def bounds(key):
    """Least and largest value of a numeric key, with the least above 0 where 0 is another case."""
    section, name = key.split(".")
    field = SECTIONS[section].model_fields[name]
    parts = list(parts_of(field))
    lows = [getattr(p, sign) for p in parts for sign in ("ge", "gt") if hasattr(p, sign)]
    highs = [getattr(p, sign) for p in parts for sign in ("le", "lt") if hasattr(p, sign)]
    above = [p.least for p in parts if isinstance(p, ZeroOr)]
    return [*lows, *above], highs


def kind_of(field):
    return set(re.findall(r"\b(?:int|float)\b", str(field.annotation)))


def is_whole(key):
    section, name = key.split(".")
    return kind_of(SECTIONS[section].model_fields[name]) == {"int"}


def numeric_keys():
    for section, keys in SECTIONS.items():
        for name, field in keys.model_fields.items():
            if kind_of(field):
                yield f"{section}.{name}"


def values_of(key):
    lows, highs = bounds(key)
    near = [x for low in lows for x in (low, beside(key, low, -1), beside(key, low, 1))]
    near += [x for high in highs for x in (high, beside(key, high, 1), beside(key, high, -1))]
    far = [0, -1, 1e-300, 5e-324, 1e-18, 1e308, -1e308, math.nan, math.inf, -math.inf, 10**400]
    return list(dict.fromkeys([*near, *far]))


def beside(key, value, towards):
    return value + towards if is_whole(key) else math.nextafter(value, towards * math.inf)


@contextmanager
def in_time(what):
    def stop(_number, _frame):
        raise TimeoutError(what)

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def as_toml(value):
    return str(value) if isinstance(value, int) else repr(value)


def make_draft(key):
    draft = Draft()
    draft.ask("solver", time_limit_s=5)
    draft.ask("cluster", target_mw=600, max_fiber_km=600)
    for part in (key.split(".")[0], key):
        for section, keys in AROUND.get(part, {}).items():
            draft.ask(section, **keys)
    for keys in draft.model.values():
        if isinstance(keys, dict):
            for name in [name for name, value in keys.items() if value is None]:
                del keys[name]
    if key.startswith("header_rows."):
        table = key.split(".")[1]
        if table == "nodes":
            draft.ask("world", nodes="nodes.csv")
            draft.extra["nodes.csv"] = "id,lon,lat\nn1,1,3\n"
    return draft


def numbers_in(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers_in(inner)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("key", list(numeric_keys()))
def test_no_number_of_a_key_ends_in_a_fault_or_a_hang(key, tmp_path, capfdbinary):
    folder = make_draft(key).write(tmp_path / "draft")
    wrong = []
    for value in values_of(key):
        start_s = time.monotonic()
        with in_time(f"{key} = {value}"):
            arguments = ["solve", str(folder), "--quiet", "--json", "--set"]
            code = main([*arguments, f"{key}={as_toml(value)}"])
        out, err = capfdbinary.readouterr()
        if time.monotonic() - start_s > 20:
            wrong.append((value, "slow", time.monotonic() - start_s))
        if code not in (0, 2, 3, 4) or b"fault of the program" in err:
            wrong.append((value, code, err.decode()[-400:]))
        if code == 0 and not all(map(math.isfinite, numbers_in(json.loads(out)))):
            wrong.append((value, "a number that is none"))
        # A wrong row of names is said of the table, as its columns are missing.
        if code == 2 and key.encode() not in err and not key.startswith("header_rows."):
            wrong.append((value, "refused without its key", err.decode()[-400:]))
    assert not wrong


def test_every_number_of_a_model_has_bounds_on_both_sides():
    without = [key for key in numeric_keys() if not all(bounds(key))]
    assert without == []


@pytest.mark.parametrize("rate", [1e-18, 1e-300, 5e-324, 1e-12, 1e-9])
def test_a_tiny_rate_is_as_good_as_none(rate):
    # r / (1 - (1 + r) ** -n) = 1 / n * (1 + r * (n + 1) / 2 + ...).
    assert capital_recovery_factor(rate, 20) == pytest.approx(1 / 20 * (1 + rate * 10.5), rel=1e-14)


FAR = ["0", "-1", "1e-300", "1e308", "nan", "inf", "-inf", "1e400", f"1{'0' * 400}"]
# Options with their least and largest value, and one beyond each.
OPTIONS = [
    ("solve", "--gap", ["0", "0.9999999", "1", "-1e-9"]),
    ("solve", "--time-limit", ["0.001", "1e7", "0.0009", "10000001", "1e308 d"]),
    ("solve", "--threads", ["0", "1024", "1025"]),
    ("explain", "--time-limit", ["0.001", "0.0009", "10000001"]),
    ("alternatives", "--number", ["1", "1000", "1001"]),
    ("alternatives", "--within", ["0", "10", "10.0001", "1000 %", "1001 %"]),
    ("alternatives", "--time-limit", ["0.001", "0.0009", "10000001"]),
]


@pytest.mark.parametrize(("verb", "option", "near"), OPTIONS)
def test_no_number_of_an_option_ends_in_a_fault_or_a_hang(
    verb, option, near, tmp_path, capfdbinary
):
    folder = make_draft("solver.gap").write(tmp_path / "draft")
    wrong, codes = [], {}
    for value in [*near, *FAR]:
        with in_time(f"{option} {value}"):
            code = main([verb, str(folder), "--quiet", "--json", f"{option}={value}"])
        out, err = capfdbinary.readouterr()
        codes[value] = code
        if code not in (0, 2, 3, 4) or b"fault of the program" in err:
            wrong.append((value, code, err.decode()[-400:]))
        if code == 0 and not all(map(math.isfinite, numbers_in(json.loads(out)))):
            wrong.append((value, "a number that is none"))
    assert not wrong
    assert all(codes[value] == 2 for value in ("-1", "1e308", "nan", "inf", "-inf"))


@pytest.mark.parametrize("value", ["nan", "inf", "1e308", "0", "-1", "1e-300"])
def test_no_bandwidth_of_train_ends_in_a_fault(value, tmp_path, capsys):
    folder = make_draft("training.step_s").write(tmp_path / "draft")
    assert main(["solve", str(folder), "--quiet", "--out", str(tmp_path / "out")]) == 0
    assert main(["train", str(tmp_path / "out"), f"--bandwidth-gbps={value}"]) == 2
    assert "bandwidth_gbps" in capsys.readouterr().err


@pytest.mark.parametrize("limit", [math.nan, math.inf, 0, -1, 1e308])
def test_the_library_refuses_what_the_command_line_does(limit, tmp_path):
    folder = make_draft("solver.gap").write(tmp_path / "draft")
    with pytest.raises(InputError, match="time_limit_s"):
        api.explain(folder, time_limit_s=limit)
    with pytest.raises(InputError, match="--within"):
        api.alternatives(folder, within=-1 if limit == 0 else limit)
    with pytest.raises(InputError, match="--number"):
        api.alternatives(folder, number=10**9)


# --- Tables ---------------------------------------------------------------------------------

CELLS = [0, -1, 1e-300, 5e-324, 1e-18, 1e-12, 1e-6, 1e6, 1e9, 1e18, 1e300, 1e308, -1e-300, -1e9]
NO_CELLS = [math.nan, math.inf, -math.inf, 10**400]
NUMBERS = [
    (table, column)
    for table in ("zones", "sites", "fiber", "supply")
    for column in [c.name for c in TABLES[table].columns if c.kind in ("number", "integer")]
    + (["lon", "lat"] if table in ("sites", "supply") else [])
]


def answer(folder, capfdbinary, what):
    """Code of solving it, what is wrong with that, and what was said."""
    with in_time(what), warnings.catch_warnings(action="ignore"):
        code = main(["solve", str(folder), "--quiet", "--json"])
    out, err = capfdbinary.readouterr()
    wrong = []
    if code not in (0, 2, 3, 4) or b"fault of the program" in err:
        wrong.append((what, code, err.decode()[-400:]))
    if code == 0 and not all(map(math.isfinite, numbers_in(json.loads(out)))):
        wrong.append((what, "a number that is none"))
    return code, wrong, err.decode()


@pytest.mark.parametrize(("table", "column"), NUMBERS)
def test_no_number_of_a_table_ends_in_a_fault_or_a_hang(table, column, tmp_path, capfdbinary):
    wrong = []
    for value in [*CELLS, *NO_CELLS]:
        for first_alone in (True, False):
            draft = make_draft("clean.min_fraction")
            rows = getattr(draft, table)
            for row in rows[:1] if first_alone else rows:
                row[column] = value
            folder = draft.write(tmp_path / f"{len(list(tmp_path.iterdir()))}")
            code, found, said = answer(folder, capfdbinary, f"{table}.{column} = {value}")
            wrong += found
            # The voltage is what the model keeps sites by.
            if code == 2 and f"{table}." not in said and column != "kv":
                wrong.append((value, "refused without its table", said))
            if abs(value) in (1e18, 1e300, 1e308, math.inf, 10**400) and code != 2:
                wrong.append((value, "taken"))
    assert not wrong


@pytest.mark.parametrize("place", ["1e308", "-1e308", "1e400", "NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("table", ["zones", "fiber"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("at", [0, 1])
def test_a_position_that_is_none_is_refused(table, place, axis, at, tmp_path, capfdbinary):
    draft = make_draft("solver.gap")
    held = json.loads(as_geojson(getattr(draft, table)))
    shape = held["features"][0]["geometry"]["coordinates"]
    path = shape[0] if table == "zones" else shape
    path[at][axis] = "here"
    if table == "zones" and at == 0:
        path[-1][axis] = "here"
    draft.extra[f"{table}.geojson"] = json.dumps(held).replace('"here"', place)
    code, wrong, said = answer(draft.write(tmp_path / "draft"), capfdbinary, place)
    assert not wrong
    assert code == 2
    assert f"in {table}.geojson" in said
    assert 'its type is "FeatureCollection"; GeoJSON is' not in said
