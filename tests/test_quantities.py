"""Numbers with a unit on the command line, each against arithmetic by hand."""

import copy
import pickle

import pytest
from drafts import Draft

from siting import read_world
from siting.cli import main
from siting.errors import InputError
from siting.model import make_model, read_change, read_model
from siting.model.quantities import amount_in, fitting_units, in_unit, read_quantity, unit_of
from siting.model.sections import SECTIONS


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("cluster.target_mw", "5GW", 5000),
        ("cluster.target_mw", "5 GW", 5000),
        ("cluster.target_mw", "5gw", 5000),
        ("cluster.target_mw", "0.8 GW", 800),
        ("cluster.target_mw", "800MW", 800),
        ("cluster.target_mw", "1e3 MW", 1000),
        ("campus.min_mw", "500 kW", 0.5),
        ("training.watts_per_accelerator", "1.2kW", 1200),
        ("clean.min_fraction", "95%", 0.95),
        ("clean.min_fraction", "64.3 %", 0.643),
        ("solver.gap", "0.1 percent", 0.001),
        ("campus.pue", "120%", 1.2),
        ("cluster.max_fiber_km", "500km", 500),
        ("cluster.max_fiber_km", "70000 m", 70),
        ("world.fiber_snap_m", "0.05km", 50),
        ("world.min_kv", "345kV", 345),
        ("world.min_kv", "345000 V", 345),
        ("solver.time_limit_s", "10min", 600),
        ("solver.time_limit_s", "1.5h", 5400),
        ("solver.time_limit_s", "10 minutes", 600),
        ("cost.grid_usd_per_mwh", "6.5 cents/kWh", 65),
        ("cost.life_years", "20 yrs", 20),
        ("training.failure_hours_per_100k", "2 d", 48),
        ("training.step_s", "800 ms", 0.8),
        ("cost.life_years", "20 years", 20),
        ("cost.grid_usd_per_mwh", "65 USD/MWh", 65),
        ("cost.grid_usd_per_mwh", "0.065 USD/kWh", 65),
        ("cost.campus_musd_per_mw", "11000 USD/kW", 11),
        ("cost.campus_fixed_musd", "5e7 USD", 50),
        ("cost.fiber_musd_per_km", "60000 USD/km", 0.06),
        ("fiber.bandwidth_tbps", "400Gbps", 0.4),
        ("training.bandwidth_gbps", "1.6 Tbit/s", 1600),
        ("training.flop_per_s_per_accelerator", "2.5 PFLOPS", 2.5e15),
    ],
)
def test_a_number_with_a_unit_is_read_in_the_unit_of_its_key(key, text, value):
    read = read_change(key, text)
    assert isinstance(read, float)
    assert read == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("cluster.target_mw", "5GWh"),
        ("cluster.target_mw", "5 M"),
        ("cluster.target_mw", "5,000 MW"),
        ("cluster.target_mw", "1e999999999 MW"),
        ("cluster.max_fiber_km", "300 mi"),
        ("cluster.max_fiber_km", "500 M"),
        ("solver.time_limit_s", "10m"),
        ("cost.grid_usd_per_mwh", "6 EUR/MWh"),
        ("cluster.min_campuses", "5 MW"),
        ("title", "5GW"),
        ("world.sites", "5m"),
        ("nothing.at_all", "5GW"),
    ],
)
def test_what_does_not_fit_stays_as_it_is(key, text):
    assert read_change(key, text) == text


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        (
            "cluster.target_mw",
            "8GWh",
            '"GWh" is no unit of it: on the command line write W, kW, MW',
        ),
        ("cluster.max_fiber_km", "300 mi", '"mi" is no unit of it: on the command line write m or'),
        ("clean.min_fraction", "120%", "clean.min_fraction is 1.2, but it must be at most 1"),
        ("cluster.target_mw", "-5GW", "cluster.target_mw is -5,000 MW, but it must be at least"),
        ("cluster.target_mw", "8GWh", "(GWh is a unit of energy)"),
        ("cluster.target_mw", "5 GW/h", "(GW/h is a unit of power over time)"),
        ("cost.grid_usd_per_mwh", "65 USD/MW", "(USD/MW is a unit of money over power)"),
        ("cluster.target_mw", "5%", "(% is a unit of share)"),
        (
            "cluster.max_fiber_km",
            "5 EUR",
            '"EUR" is no unit of it: on the command line write m or km',
        ),
        ("cluster.target_mw", "1,5GW", "write 1500, with nothing between thousands and a point"),
        ("cluster.target_mw", "5,000 MW", "write 5000 or 5, with nothing between thousands"),
        ("cluster.target_mw", "5,000", "write 5000 or 5, with nothing between thousands"),
        ("cluster.target_mw", "1,234,500 kW", "write 1234.5, with nothing between thousands"),
        ("cluster.target_mw", "1.234,5", "write 1234.5, with nothing between thousands"),
        ("cluster.target_mw", "5 000 MW", "write 5000, with nothing between digits"),
        ("cluster.target_mw", "5 G W", "write 5000, with nothing between digits"),
        ("world.min_kv", "345 000 V", "write 345, with nothing between digits"),
    ],
)
def test_says_which_units_fit(key, text, says):
    with pytest.raises(InputError) as error:
        read_model("us_5gw", set={key: text})
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("110%", "is 1.1, but it must be at most 1; 110% is more than the whole, which is 100%"),
        ("101 %", "is 1.01, but it must be at most 1; 101 % is more than the whole, which is 100%"),
        ("1000%", "is 10, but it must be at most 1; 1000% is more than the whole, which is 100%"),
        (
            "1.1",
            (
                "is 1.1, but it must be at most 1; 1.1 % is written 0.011, and 110 % is more than "
                "the whole"
            ),
        ),
        ("95", "is 95, but it must be at most 1; 95 % is written 0.95"),
        ("150", "is 150, but it must be at most 1"),
        ("-5%", "is -0.05, but it must be at least 0"),
    ],
)
def test_percent_above_the_whole_is_said_to_be_that(text, says):
    with pytest.raises(InputError) as error:
        read_model("us_5gw", set={"clean.min_fraction": text})
    assert str(error.value).splitlines()[1] == f"  - clean.min_fraction {says}"


def test_a_share_of_a_table_with_a_factor_is_no_percent(tmp_path):
    draft = Draft()
    for row in draft.zones:
        row["clean_pct"] = 110
    path = draft.write(tmp_path)
    text = (path / "model.toml").read_text("utf-8")
    told = f'{text}\n[columns.zones]\ngrid_clean_fraction = "clean_pct / 100"\n'
    (path / "model.toml").write_text(told, "utf-8")
    with pytest.raises(InputError, match=r"is 1\.1, but it must be at most 1") as error:
        read_world(read_model(path))
    assert "is written" not in str(error.value)


def test_what_was_written_is_kept_in_copies_and_left_by_the_model():
    read = read_change("clean.min_fraction", "95%")
    assert copy.deepcopy(read).text == pickle.loads(pickle.dumps(read)).text == "95%"  # noqa: S301
    model = read_model("us_5gw", set={"clean.min_fraction": "95%"})
    assert type(model.clean.min_fraction) is float


def test_a_model_file_needs_plain_numbers_and_says_which(tmp_path):
    with pytest.raises(InputError, match=r'"5 GW", but it must be a number \[MW\]; write 5000'):
        make_model({"schema": 1, "name": "m", "cluster": {"target_mw": "5 GW"}})
    (tmp_path / "model.toml").write_text('schema = 1\nname = "m"\n[cluster]\ntarget_mw = 5 GW\n')
    with pytest.raises(InputError, match="a number stands without its unit, in that of its key"):
        read_model(tmp_path)


def test_the_headline_shows_the_number():
    model = read_model("us_5gw", set={"cluster.target_mw": "8GW", "clean.min_fraction": "95%"})
    assert "cluster.target_mw = 8000" in model.headline
    assert "clean.min_fraction = 0.95" in model.headline


def test_every_unit_of_a_key_is_known():
    for section in SECTIONS.values():
        for name, field in section.model_fields.items():
            unit = unit_of(field)
            if unit:
                quantity = read_quantity(f"3 {unit}") if not unit[0].isdigit() else None
                assert fitting_units(unit), (name, unit)
                assert quantity is None or in_unit(quantity, unit) == 3, (name, unit)


def test_options_take_units(capsys):
    words = ["solve", "two_utilities", "--quiet", "--time-limit", "1min", "--gap", "1%"]
    assert main([*words, "--set", "cluster.target_mw=0.6GW"]) == 0
    assert "cluster.target_mw = 600" in capsys.readouterr().out
    assert main(["solve", "two_utilities", "--time-limit", "3 mi"]) == 2
    assert "'3 mi' is no number, plain or with one of ms, s, min, h, d" in capsys.readouterr().err
    assert main(["alternatives", "two_utilities", "--within=-1%"]) == 2
    assert amount_in("3", "0-1") == 3
