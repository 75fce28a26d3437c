"""What columns are called elsewhere: never taken unasked, never passed by without a word.

Factors are those of the units by definition: a mile is 1.609344 km, a foot 0.3048 m, a pound
0.45359237 kg.
"""

import pytest
from drafts import Draft

from siting import read_model, read_world, resources
from siting.errors import InputError
from siting.world.columns import FIBER, NODES, POSITION, SITES, SUPPLY, TABLES, ZONES
from siting.world.header_units import unit_of_header
from siting.world.matching import folded, match_columns, other_names


def needed(table):
    names = [column.name for column in table.columns if column.required]
    return [*names, *table.any_of[1:2]]


@pytest.mark.parametrize(
    ("table", "name", "meant"),
    [
        (SITES, "zone_id", "zone"),
        (SITES, "Zone Name", "zone"),
        (SITES, "ZONE_NO", "zone"),
        (SITES, "bus_zone", "zone"),
        (SITES, "max_kv", "kv"),
        (SITES, "BASE_KV", "kv"),
        (SITES, "bus_kv", "kv"),
        (SITES, "substation kV", "kv"),
        (SITES, "utility_name", "utility"),
        (SITES, "UtilityName", "utility"),
        (SITES, "site_utility", "utility"),
        (SITES, "usd_per_mwh", "price_usd_per_mwh"),
        (SITES, "price", "price_usd_per_mwh"),
        (SITES, "$/MWh", "price_usd_per_mwh"),
        (SITES, "design_pue", "pue"),
        (ZONES, "parent_id", "parent"),
        (ZONES, "ParentZone", "parent"),
        (ZONES, "Energy price", "price_usd_per_mwh"),
        (ZONES, "clean_share", "grid_clean_fraction"),
        (ZONES, "co2_intensity", "co2_kg_per_mwh"),
        (FIBER, "kms", "km"),
        (FIBER, "LENGTHKM", "km"),
        (FIBER, "Length_km", "km"),
        (FIBER, "route_km", "km"),
        (SUPPLY, "is_clean", "clean"),
        (SUPPLY, "zone_id", "zone"),
        (SUPPLY, "plant_zone", "zone"),
        (SUPPLY, "ppa_premium", "premium_usd_per_mwh"),
    ],
)
def test_names_that_can_hardly_be_anything_else_are_asked_about(table, name, meant):
    match = match_columns([*needed(table), name], table)
    assert meant not in match.origins
    (problem,) = match.problems
    assert problem == (
        f"column '{name}' is not read; did you mean {meant}? Rename it, or say "
        f'[columns.{table.name}] {meant} = "{name}", or ignore = ["{name}"] if it is something else'
    )
    assert not match_columns([*needed(table), name], table, [("ignore", name)]).problems
    own = match_columns([*needed(table), name, meant], table)
    assert not own.problems
    assert not own.notices


@pytest.mark.parametrize(
    ("table", "name", "meant"),
    [
        (SITES, "VOLTAGE", "kv"),
        (SITES, "MAX_VOLT", "kv"),
        (SITES, "Grid Voltage (kV)", "kv"),
        (SITES, "utility_id", "utility"),
        (SITES, "lmp", "price_usd_per_mwh"),
        (ZONES, "RTO", "region"),
        (ZONES, "region_name", "region"),
        (FIBER, "A_END", "from"),
        (FIBER, "Z-End", "to"),
        (FIBER, "Length", "km"),
        (SUPPLY, "cf", "capacity_factor"),
        (SUPPLY, "Renewable", "clean"),
    ],
)
def test_names_that_are_often_something_else_are_told(table, name, meant):
    match = match_columns([*needed(table), name], table)
    assert not match.problems
    (notice,) = match.notices
    assert notice.startswith(f"column '{name}' is not read, and there is no {meant}; if it is that")
    assert f'[columns.{table.name}] {meant} = "{name}' in notice
    assert f'ignore = ["{name}"]' in notice
    assert not match_columns([*needed(table), name], table, [("ignore", name)]).notices
    assert not match_columns([*needed(table), name, meant], table).notices


IN_UNITS = [
    (ZONES, "headroom_kw", "headroom_mw", 1e-3),
    (ZONES, "Headroom (GW)", "headroom_mw", 1e3),
    (ZONES, "price_usd_per_kwh", "price_usd_per_mwh", 1e3),
    (ZONES, "Price ($/kWh)", "price_usd_per_mwh", 1e3),
    (ZONES, "cents/kWh", "price_usd_per_mwh", 10),
    (ZONES, "price_mills_per_kwh", "price_usd_per_mwh", 1),
    (ZONES, "co2_lb_per_mwh", "co2_kg_per_mwh", 0.45359237),
    (ZONES, "CO2 intensity (g/kWh)", "co2_kg_per_mwh", 1),
    (ZONES, "grid_clean_percent", "grid_clean_fraction", 0.01),
    (ZONES, "clean %", "grid_clean_fraction", 0.01),
    (SITES, "Voltage (V)", "kv", 1e-3),
    (SITES, "VOLTAGEKV", "kv", 1),
    (SITES, "PUE %", "pue", 0.01),
    (SITES, "campus_fixed_usd", "campus_fixed_musd", 1e-6),
    (SITES, "usd_per_kw", "campus_musd_per_mw", 1e-3),
    (FIBER, "length_mi", "km", 1.609344),
    (FIBER, "km (mi)", "km", 1.609344),
    (FIBER, "miles", "km", 1.609344),
    (FIBER, "Length (m)", "km", 1e-3),
    (FIBER, "cable_length_ft", "km", 0.0003048),
    (SUPPLY, "Capacity Factor (%)", "capacity_factor", 0.01),
    (SUPPLY, "cf_pct", "capacity_factor", 0.01),
]


@pytest.mark.parametrize(("table", "name", "meant", "factor"), IN_UNITS)
def test_what_is_proposed_has_the_factor_of_the_unit_in_the_name(table, name, meant, factor):
    names = [column for column in needed(table) if column not in table.any_of]
    match = match_columns([*names, name], table)
    (said,) = [*match.problems, *match.notices]
    begin = f"[columns.{table.name}] {meant} = "
    proposed = said[said.index(begin) + len(begin) :].split('"')[1]
    # Whoever takes what is proposed gets our unit, and nothing is said of it.
    match = match_columns([*names, name], table, [(meant, proposed)])
    origin = match.origins[meant]
    assert origin.name == name
    assert origin.times / origin.over == pytest.approx(factor, rel=1e-9)
    assert not match.problems
    assert not match.notices


def test_another_currency_has_no_factor_that_is_known():
    (problem,) = match_columns([*needed(ZONES), "price_eur_per_mwh"], ZONES).problems
    assert '"price_eur_per_mwh * ..." with what makes USD/MWh of it' in problem


@pytest.mark.parametrize(
    ("column", "text", "proposed"),
    [
        ("kv", "V_NOM (V)", "V_NOM (V) / 1000"),
        ("max_mw", "CAP_KW", "CAP_KW / 1000"),
        ("max_mw", "CAP_KW * 1000", "CAP_KW / 1000"),
        ("price_usd_per_mwh", "EUR/MWh", "EUR/MWh * ..."),
        ("price_usd_per_mwh", "PRICE_KWH_USD", None),  # USD stands behind: not read as USD/kWh
        ("price_usd_per_mwh", "EUR/MWh * 1.1", None),
        ("max_mw", "CAP_KW / 1000", None),
        ("max_mw", "CAP_MW * 0.9", None),
        ("max_mw", "LIMIT_MVA", None),
    ],
)
def test_a_factor_that_does_not_fit_the_name_is_told(column, text, proposed):
    names = ["V_NOM (V)", "CAP_KW", "CAP_MW", "EUR/MWh", "PRICE_KWH_USD", "LIMIT_MVA"]
    others = [("ignore", name) for name in names]
    match = match_columns(["id", *names], SITES, [*others, (column, text)])
    assert column in match.origins
    assert [f'[columns.sites] {column} = "{proposed}"' in n for n in match.notices] == (
        [] if proposed is None else [True]
    )


def test_several_are_asked_about_together():
    match = match_columns([*needed(SITES), "MIN_KV", "MAX_KV"], SITES)
    (problem,) = match.problems
    assert "columns 'MAX_KV' and 'MIN_KV' are not read; is one of them kv?" in problem
    assert 'kv = "MAX_KV", or ignore = ["MAX_KV", "MIN_KV"]' in problem


@pytest.mark.parametrize("name", ["UTILITY_NA", "utility_na"])
def test_names_that_a_shapefile_cut_are_asked_about(name):
    (problem,) = match_columns([*needed(SITES), name], SITES, is_cut=True).problems
    assert f'[columns.sites] utility = "{name}"' in problem


@pytest.mark.parametrize(
    ("table", "column", "name"),
    [
        (SITES, "max_mw", "Capacity (MW)"),
        (SITES, "max_mw", "available_mw"),
        (SITES, "id", "SUB_ID"),
        (SITES, "id", "substation_id"),
        (SUPPLY, "mw", "NAMEPLATE_MW"),
        (SUPPLY, "mw", "nameplate_capacity_mw"),
        (SUPPLY, "kind", "technology"),
        (SUPPLY, "kind", "Fuel Type"),
        (ZONES, "utility", "utility_name"),
        (ZONES, "utility", "operator"),
        (ZONES, "id", "area_id"),
        (NODES, "id", "pop_id"),
        (FIBER, "id", "link_id"),
    ],
)
def test_what_every_row_needs_is_proposed_from_its_other_names(table, column, name):
    names = ["objectid2", "county", name]
    asked, told = other_names(table.column(column), table, names)
    assert [*asked, *told] == [name]


def test_a_missing_column_is_proposed_with_its_factor(tmp_path):
    draft = Draft()
    draft.sites = [
        {("AVAIL_KW" if k == "max_mw" else k): v for k, v in row.items()} for row in draft.sites
    ]
    with pytest.raises(InputError) as error:
        read_world(read_model(draft.write(tmp_path)))
    assert (
        "column max_mw [MW] is missing, but every site needs it; did you mean 'AVAIL_KW'? Say "
        '[columns.sites] max_mw = "AVAIL_KW / 1000"' in str(error.value)
    )


def test_a_plan_is_not_made_without_the_zone_that_a_site_names(tmp_path):
    draft = Draft()
    for row in draft.sites:
        row["zone_id"] = "south"
    with pytest.raises(InputError, match=r'say \[columns\.sites\] zone = "zone_id"'):
        read_world(read_model(draft.write(tmp_path / "asked")))
    path = draft.write(tmp_path / "told")
    text = (path / "model.toml").read_text("utf-8")
    (path / "model.toml").write_text(f'{text}\n[columns.sites]\nzone = "zone_id"\n', "utf-8")
    assert set(read_world(read_model(path)).sites["zone"]) == {"south"}
    (path / "model.toml").write_text(f'{text}\n[columns.sites]\nignore = ["zone_id"]\n', "utf-8")
    world = read_world(read_model(path))
    assert set(world.sites["zone"]) == {"n_west", "n_east", "south"}
    assert world.notices == ()


def test_other_names_are_no_columns_and_each_means_one():
    for table in TABLES.values():
        own = {folded(column.name) for column in (*table.columns, *POSITION)}
        asked: list[str] = []
        for column in table.columns:
            here = [folded(name) for name in (*column.others.asked, *column.others.told)]
            assert len(set(here)) == len(here), (table.name, column.name)
            # What every row needs is asked for by what is missing; a name may stand for several.
            if not column.required and column.name not in table.any_of:
                assert not own & set(here), (table.name, column.name)
                asked += [folded(name) for name in column.others.asked]
        assert len(set(asked)) == len(asked), table.name


def test_bundled_tables_have_no_other_names():
    import pyogrio

    for world in resources.bundled_worlds():
        for name, table in TABLES.items():
            for file in (resources.data_folder() / world).glob(f"{name}.*"):
                fields = pyogrio.read_info(file)["fields"].tolist()
                match = match_columns(fields, table)
                assert not match.problems, (world, name)
                assert not match.notices, (world, name)


def test_units_of_names_are_those_of_what_a_column_measures():
    assert unit_of_header("owner_mw", "kV") is None
    # Tables of PyPSA have the nominal voltage of a bus as v_nom, in kV: v is a letter, no unit.
    assert unit_of_header("v_nom", "kV") is None
    assert unit_of_header("VOLTAGE_V", "kV").factor == unit_of_header("V_nom [V]", "kV").factor
    assert unit_of_header("m", "MW") is None
    assert unit_of_header("kWh", "MW") is None
    assert unit_of_header("LineKm", "km").factor == 1
    assert unit_of_header("headroomKW", "MW").factor == 1e-3


# --- What else a model may say wrongly ------------------------------------------------------


def _with(draft, folder, columns):
    path = draft.write(folder)
    text = (path / "model.toml").read_text("utf-8")
    (path / "model.toml").write_text(f"{text}\n{columns}\n", "utf-8")
    return read_world(read_model(path))


def test_another_name_beside_a_column_that_is_blank_is_told(tmp_path):
    draft = Draft()
    for row in draft.sites:
        row |= {"kv": None, "VOLTAGE": 115}
    (notice,) = read_world(read_model(draft.write(tmp_path / "blank"))).notices
    assert notice.what == (
        "kv is blank in every row, and column 'VOLTAGE' is not read; if it is that, say "
        '[columns.sites] kv = "VOLTAGE", with its factor, such as "VOLTAGE / 1000"; '
        'ignore = ["VOLTAGE"] says that it is not'
    )
    draft.sites[0]["kv"] = 345
    assert read_world(read_model(draft.write(tmp_path / "given"))).notices == ()


def test_a_line_that_stands_the_wrong_way_round_is_turned():
    match = match_columns(["BUS", "max_mw"], SITES, [("BUS", "id")])
    assert match.problems == [
        (
            'columns.sites has BUS = "id", but BUS is no column of sites, and id is; ours stands '
            'first: [columns.sites] id = "BUS"'
        )
    ]
    (problem,) = match_columns(["id", "CAP_KW"], SITES, [("CAP_KW", "max_mw")]).problems
    assert problem.endswith('ours stands first: [columns.sites] max_mw = "CAP_KW / 1000"')


@pytest.mark.parametrize(
    ("ours", "meant"), [("voltage", "kv"), ("zone_id", "zone"), ("capacity_mw", "max_mw")]
)
def test_another_name_in_the_model_is_met_with_ours(ours, meant):
    (problem,) = match_columns(["id", "max_mw", "X"], SITES, [(ours, "X")]).problems
    assert problem.endswith(f"but {ours} is no column of sites; did you mean {meant}?")


def test_one_kind_is_not_named_twice(tmp_path):
    draft = Draft()
    draft.supply[2]["kind"] = "NG"
    both = '[columns.kinds]\nNG = "gas"\nng = "hydro"'
    with pytest.raises(InputError) as error:
        _with(draft, tmp_path / "two", both)
    assert 'columns.kinds has NG = "gas" and ng = "hydro", but case and spaces do not count' in str(
        error.value
    )
    same = _with(draft, tmp_path / "same", both.replace("hydro", "gas"))
    assert same.supply.set_index("id")["kind"]["mine"] == "gas"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("cluster.max_fiber_mi", "did you mean max_fiber_km? It is in km"),
        ("cluster.target_gw", "did you mean target_mw? It is in MW"),
        ("cluster.targt_mw", "did you mean target_mw?"),
    ],
)
def test_a_key_in_another_unit_is_met_with_ours(key, hint):
    with pytest.raises(InputError) as error:
        read_model("us_5gw", set={key: 300})
    assert hint in str(error.value)
