"""Numbers with a unit on the command line, each against arithmetic by hand."""

import pytest

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
    ],
)
def test_says_which_units_fit(key, text, says):
    with pytest.raises(InputError) as error:
        read_model("us_5gw", set={key: text})
    assert says in str(error.value)


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


@pytest.mark.parametrize(
    ("key", "text", "hint"),
    [
        ("clean.min_fraction", "110%", "at most 1; 1 is 100 %, and 1.1 % is written 0.011"),
        ("clean.min_fraction", "95", "at most 1; 95 % is written 0.95"),
        ("clean.min_fraction", "950", "at most 1"),
        ("clean.min_fraction", "-5%", "at least 0"),
        ("cluster.target_mw", "1,5GW", "a comma is not read: write a point before decimals"),
        ("cluster.target_mw", "1,500 MW", "a comma is not read: write a point before decimals"),
        ("cluster.target_mw", "5 GW/h", '"GW/h" is no unit of it'),
        ("cluster.target_mw", "5GWh", '"GWh" is no unit of it'),
    ],
)
def test_hints_lead_to_what_was_meant(key, text, hint):
    with pytest.raises(InputError) as error:
        read_model("two_utilities", set={key: text})
    said = str(error.value).splitlines()[1]
    assert hint in said
    assert said.endswith(hint) or "comma" in hint or "unit" in hint
