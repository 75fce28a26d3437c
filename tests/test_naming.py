"""Names of columns: what the model says, names that nearly fit, names that were cut."""

import zipfile

import numpy as np
import pytest
from drafts import Draft, as_frame, write_layers

from siting import resources
from siting.errors import InputError
from siting.model import make_model, read_model
from siting.report.text import describe_table
from siting.world import read_world
from siting.world.columns import FIBER, POSITION, SITES, SUPPLY, TABLES, ZONES
from siting.world.matching import Origin, folded, is_near, match_columns


def read(draft, folder, **overrides):
    return read_world(read_model(draft.write(folder), set=overrides))


def refused(draft, folder):
    with pytest.raises(InputError) as error:
        read(draft, folder)
    return str(error.value)


def said(world):
    return [notice.what for notice in world.notices]


def rename(rows, **names):
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


# --- What the model says --------------------------------------------------------------------


def test_columns_are_read_from_those_that_the_model_names_in_its_unit(tmp_path):
    plain = read(Draft(), tmp_path / "plain")
    draft = Draft()
    draft.sites = rename(draft.sites, id="BUS_ID", kv="VOLTAGE", max_mw="LIMIT KW")
    for row in draft.sites:
        row["LIMIT KW"] *= 1000
        row["VOLTAGE"] = "" if row["VOLTAGE"] is None else row["VOLTAGE"] * 1000
    draft.fiber = rename(draft.fiber, km="LEN_M")
    for row in draft.fiber:
        row["LEN_M"] = row["LEN_M"] and row["LEN_M"] * 1000
    draft.ask(
        "columns",
        sites={"id": "BUS_ID", "kv": "VOLTAGE / 1000", "max_mw": '"LIMIT KW" * 0.001'},
        fiber={"km": "LEN_M*1e-3"},
    )
    toml = draft.model.pop("columns")
    world = _read_with(draft, tmp_path / "theirs", toml)
    assert world.notices == ()
    assert list(world.sites["id"]) == list(plain.sites["id"])
    assert list(world.sites["max_mw"]) == [400, 400, 400, 400]
    assert world.sites["kv"].tolist() == pytest.approx(plain.sites["kv"].tolist(), nan_ok=True)
    assert world.spans().km.tolist() == pytest.approx(plain.spans().km.tolist())
    assert "BUS_ID" not in world.sites.columns


def _read_with(draft, folder, columns):
    """Read a draft with ``[columns]``, which nests too deep for the drafts' TOML."""
    file = draft.write(folder) / "model.toml"
    lines = []
    for table, names in columns.items():
        lines += [f"[columns.{table}]"]
        lines += [
            f"{_quoted(ours)} = {theirs if isinstance(theirs, list) else _quoted(theirs)}"
            for ours, theirs in names.items()
        ]
    file.write_text(file.read_text("utf-8") + "\n" + "\n".join(lines) + "\n", "utf-8")
    return read_world(read_model(folder))


def _quoted(text):
    return "'" + text + "'"


def test_price_in_usd_per_kwh_is_multiplied_and_a_blank_stays_blank(tmp_path):
    draft = Draft()
    for n, row in enumerate(draft.zones):
        row["PRICE"] = None if n == 0 else 0.065
    columns = {"zones": {"price_usd_per_mwh": "PRICE * 1000"}}
    prices = _read_with(draft, tmp_path, columns).zones.set_index("id")["price_usd_per_mwh"]
    assert prices["south"] == pytest.approx(65)
    assert np.isnan(prices["north"])


def test_names_may_be_swapped_and_one_column_may_stand_for_two(tmp_path):
    draft = Draft()
    draft.fiber = rename(draft.fiber, **{"from": "to", "to": "from"})
    draft.fiber = [row | {"geometry": row["geometry"]} for row in draft.fiber]
    for row in draft.zones:
        row["region"] = None
    columns = {
        "fiber": {"from": "to", "to": "from"},
        "zones": {"region": "state", "name": "state"},
    }
    world = _read_with(draft, tmp_path, columns)
    assert list(world.fiber["from"]) == ["n1", "n2", "n3"]
    assert set(world.zones["region"]) == {"NE", "KS"}
    assert list(world.zones["name"]) == list(world.zones["state"]) == list(world.zones["region"])
    assert any("the file's own column 'region' is left out" in what for what in said(world))


def test_a_column_whose_name_is_the_whole_text_wins():
    names = ["id", "V / 1000", "V"]
    assert match_columns(names, SITES, [("kv", "V / 1000")]).origins["kv"] == Origin("V / 1000")
    assert match_columns(names, SITES, [("kv", "`V` / 1000")]).origins["kv"] == Origin(
        "V", over=1000
    )
    assert match_columns(names, SITES, [("kv", "2.5 * V")]).origins["kv"] == Origin("V", times=2.5)


@pytest.mark.parametrize(
    ("ours", "theirs", "says"),
    [
        ("kvv", "V", "kvv is no column of sites; did you mean kv?"),
        ("kv", "VOLT", "the file has no column \"VOLT\"; did you mean 'VOLTS'? It has"),
        ("kv", "VOLT / 1000", 'the file has no column "VOLT"; did you mean'),
        ("kv", "VOLTS * 0", "its factor is 0, and a factor is a number above 0"),
        ("kv", "VOLTS / 0", "its factor is 0, and a factor is a number above 0"),
        ("kv", "VOLTS * -1", "its factor is -1, and a factor is a number above 0"),
        ("kv", "VOLTS * 1e999", "its factor is 1e999, and a factor is a number above 0"),
        ("kv", "VOLTS / 1000 / 3", "no column"),
        ("kv", "__import__('os')", "no column"),
        ("kv", "VOLTS + 1", "with a factor it reads NAME * 1000 or NAME / 1000"),
        ("utility", "VOLTS * 2", "utility is text, and a factor is for numbers"),
        ("lon", "VOLTS", "lon is no column where the file has its own geometry"),
        ("ignore", "VOLTSS", "which is no column of the file; did you mean 'VOLTS'?"),
    ],
)
def test_says_what_is_wrong_with_what_the_model_says(ours, theirs, says):
    problems = match_columns(["id", "max_mw", "VOLTS"], SITES, [(ours, theirs)]).problems
    assert len(problems) == 1
    assert says in problems[0]


def test_columns_of_a_table_that_the_model_does_not_name_are_refused():
    with pytest.raises(InputError, match=r"name it in world.sites or world.add_sites"):
        make_model(
            {
                "schema": 1,
                "name": "m",
                "cluster": {"target_mw": 500},
                "columns": {"sites": {"kv": "V"}},
            }
        )


def test_columns_survive_a_change_of_the_model(tmp_path):
    values = {
        "schema": 1,
        "name": "m",
        "cluster": {"target_mw": 500},
        "world": {"sites": "s.csv"},
        "columns": {"sites": {"kv": "V / 1000", "ignore": ["a", "b"]}},
    }
    model = make_model(values)
    assert model.columns.sites == (("kv", "V / 1000"), ("ignore", "a"), ("ignore", "b"))
    again = model.replace({"cluster.target_mw": 600})
    assert again.columns == model.columns
    assert again.model_dump(mode="json")["columns"]["sites"] == values["columns"]["sites"]
    other = make_model(values | {"columns": {"sites": {"kv": "V"}}})
    assert other.sha256 != model.sha256


# --- Names that differ by case and separators -----------------------------------------------


def test_names_in_capitals_are_taken_and_told_of(tmp_path):
    draft = Draft()
    for row in draft.zones:
        row["Price_USD_per_MWh"] = 90 if row["id"] == "south" else 40
    for row in draft.sites:
        row |= {"KV": 69 if row["id"] == "a" else 345, "PUE": 1.6}
        del row["kv"]
    draft.fiber = rename(draft.fiber, km="KM")
    draft.supply = [row | {"capacity factor": 0.5} for row in draft.supply]
    world = read(draft, tmp_path)
    assert list(world.sites["id"]) == ["b", "c", "d"]  # a has 69 kV, and 230 are asked
    assert list(world.sites["pue"]) == [1.6] * 3
    assert set(world.zones["price_usd_per_mwh"]) == {40, 90}
    assert world.spans().km.tolist()[:2] == [250, 250]
    assert list(world.supply["capacity_factor"]) == [0.5] * 3
    assert said(world) == [
        "column 'Price_USD_per_MWh' is read as price_usd_per_mwh",
        "columns 'KV' and 'PUE' are read as kv, pue",
        "column 'KM' is read as km",
        "column 'capacity factor' is read as capacity_factor",
    ]


def test_required_names_in_capitals_are_taken(tmp_path):
    draft = Draft()
    draft.zones = rename(draft.zones, id="ID", utility="Utility", headroom_mw="HEADROOM-MW")
    world = read(draft, tmp_path)
    assert world.zones["headroom_mw"].sum() == 2800
    assert said(world) == [
        "columns 'ID', 'Utility' and 'HEADROOM-MW' are read as id, utility, headroom_mw"
    ]


def test_an_exact_name_wins_and_two_that_are_alike_are_asked_about(tmp_path):
    draft = Draft()
    for row in draft.sites:
        row["KV"] = 5
    world = read(draft, tmp_path / "exact")
    assert world.sites["kv"].max() == 500
    assert said(world) == ["column 'KV' is not read, as kv is read from 'kv'"]
    for row in draft.sites:
        row["Kv"] = row.pop("kv")
    text = refused(draft, tmp_path / "two")
    assert "columns 'KV' and 'Kv' are all kv but for case and spaces" in text
    assert '[columns.sites] kv = "KV"' in text


def test_folded_names_of_a_table_are_all_different():
    for table in TABLES.values():
        names = [folded(column.name) for column in (*table.columns, *POSITION)]
        assert len(set(names)) == len(names)


# --- Names that a Shapefile cut -------------------------------------------------------------


def write_shapefile(rows):
    return lambda path: as_frame(rows).to_file(path)


def write_zipped(rows, folder=""):
    def write(path):
        as_frame(rows).to_file(path.with_suffix(".shp"))
        with zipfile.ZipFile(path, "w") as archive:
            for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                file = path.with_suffix(suffix)
                archive.write(file, folder + file.name)
                file.unlink()

    return write


def cut(rows):
    return [{name[:10]: value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("suffix", [".shp", ".zip"])
def test_a_cut_name_is_made_whole_however_a_shapefile_arrives(suffix, tmp_path):
    draft = Draft()
    prices = dict(zip("abcd", (90, 90, 40, 40), strict=True))
    rows = cut([row | {"price_usd_per_mwh": prices[row["id"]]} for row in draft.sites])
    write = write_shapefile(rows) if suffix == ".shp" else write_zipped(rows)
    draft.ask("world", sites=f"places{suffix}")
    draft.extra[f"places{suffix}"] = write
    world = read(draft, tmp_path)
    assert world.sites.set_index("id")["price_usd_per_mwh"].to_dict() == prices
    assert said(world) == [
        (
            "column 'price_usd_' is read as price_usd_per_mwh: a name that the Shapefile cut to 10 "
            "letters"
        )
    ]


def test_two_names_that_were_cut_to_one_are_asked_about(tmp_path):
    # GDAL (3.12, driver ESRI Shapefile) keeps the first name, price_usd_, for the first column,
    # and calls the second price_us_1: which of them is meant cannot be seen.
    draft = Draft()
    rows = [row | {"price_usd_per_kw_month": 12, "price_usd_per_mwh": 45} for row in draft.sites]
    draft.ask("world", sites="places.shp")
    draft.extra["places.shp"] = lambda path: _to_file_quietly(rows, path)
    text = refused(draft, tmp_path / "cut")
    assert "columns 'price_usd_' and 'price_us_1' are names that were cut to 10 letters" in text
    assert "save the table as GeoPackage" in text
    columns = {"sites": {"price_usd_per_mwh": "price_us_1"}}
    world = _read_with(draft, tmp_path / "told", columns)
    assert list(world.sites["price_usd_per_mwh"]) == [45] * 4
    columns = {"sites": {"ignore": ["price_usd_", "price_us_1"]}}
    assert "price_usd_per_mwh" not in _read_with(draft, tmp_path / "none", columns).sites


def _to_file_quietly(rows, path):
    import warnings

    with warnings.catch_warnings(action="ignore"):  # GDAL says that it cuts names
        as_frame(rows).to_file(path)


def test_numbers_of_cut_names_are_those_that_gdal_writes(tmp_path):
    rows = [{f"price_usd_per_{n}": n for n in range(14)} | {"lon": 0.0, "lat": 0.0}]
    _to_file_quietly(rows, tmp_path / "a.shp")
    import pyogrio

    written = pyogrio.read_info(tmp_path / "a.shp")["fields"].tolist()
    assert written[:2] == ["price_usd_", "price_us_1"]
    assert written[10:12] == ["price_us10", "price_us11"]
    for name in written[1:]:
        match = match_columns(["id", "max_mw", "price_usd_", name], SITES, is_cut=True)
        assert "price_usd_per_mwh" not in match.origins, name
        assert len(match.problems) == 1, name


def test_a_cut_name_that_may_be_several_is_asked_about():
    match = match_columns(["id", "utility", "headroom_m"], ZONES, is_cut=True)
    assert len(match.problems) == 1
    assert "headroom_mw, headroom_mw_0p25, headroom_mw_0p5 and headroom_mw_1p0" in match.problems[0]


def test_a_name_of_ten_letters_in_a_format_that_cuts_none_is_asked_about(tmp_path):
    draft = Draft()
    for row in draft.zones:
        row["price_usd_"] = 45
    text = refused(draft, tmp_path)
    assert "column 'price_usd_' is not read, but perhaps price_usd_per_mwh, cut to 10" in text


def test_other_names_of_ten_letters_are_left_alone():
    names = ["id", "kind", "mw", "capacity", "capacity_1", "capacity_2", "premiumage"]
    match = match_columns(names, SUPPLY, is_cut=True)
    assert not match.problems
    assert not match.notices


# --- Names that nearly fit ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "name", "meant"),
    [
        (SUPPLY, "capacity_facter", "capacity_factor"),
        (SUPPLY, "premium", "premium_usd_per_mwh"),
        (ZONES, "headroom", "headroom_mw"),
        (ZONES, "interconnection", "interconnect"),
        (ZONES, "headroom_mw_0_25", "headroom_mw_0p25"),
        (SITES, "energized_year", "energised_year"),
        (SITES, "pues", "pue"),
        (SITES, "utilty", "utility"),
        (FIBER, "kinds", "kind"),
    ],
)
def test_near_names_are_asked_about(table, name, meant):
    needed = [column.name for column in table.columns if column.required]
    match = match_columns([*needed, name], table)
    assert len(match.problems) == 1
    assert f"column '{name}' is not read; did you mean {meant}?" in match.problems[0]
    assert f'[columns.{table.name}] {meant} = "{name}"' in match.problems[0]
    ignored = match_columns([*needed, name], table, [("ignore", name)])
    assert not ignored.problems


INNOCENT_NAMES = """
state county name2 type mw_2030 id2 kva land_mw peak_mw owner operator status STATEFP state_abb
OBJECTID Shape_Length SHAPE_Leng NAICS_CODE SOURCE SOURCEDATE VAL_METHOD fid COUNTYFIPS ZIP lat lon
x y capacity_mw mwh kwh form kind2 notes area_km2 population begin end src SUB_1 SUB_2 kv_2030 sqft
headroom_mw_2p0 price_usd_per_mwh_2030 score address lmp_node
"""
INNOCENT = INNOCENT_NAMES.split()


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
@pytest.mark.parametrize("is_cut", [False, True])
def test_other_columns_pass_without_a_word(table, is_cut):
    match = match_columns(INNOCENT, table, is_cut=is_cut)
    known = {column.name for column in table.columns}
    assert set(match.origins) == known & set(INNOCENT)
    assert not match.problems
    assert not match.notices


def test_a_near_name_says_nothing_where_the_column_is_there():
    names = ["id", "kind", "mw", "capacity_factor", "capacity_facter"]
    assert not match_columns(names, SUPPLY).problems
    assert not is_near("kv_2030", "kv")


def test_another_word_for_a_column_that_is_missing_is_told_of():
    match = match_columns(["id", "max_mw", "VOLTAGE"], SITES)
    assert not match.problems
    assert match.notices == [
        (
            "column 'VOLTAGE' is not read, and there is no kv; if it is that, say [columns.sites] "
            'kv = "VOLTAGE", with its factor, such as "VOLTAGE / 1000"; ignore = ["VOLTAGE"] says '
            "that it is not"
        )
    ]
    assert not match_columns(["id", "max_mw", "kv", "VOLTAGE"], SITES).notices


def test_near_name_refuses_a_world(tmp_path):
    draft = Draft()
    draft.supply = [row | {"capacity_facter": 0.5} for row in draft.supply]
    assert "1 problem in supply.csv:" in refused(draft, tmp_path / "near")
    world = _read_with(draft, tmp_path / "told", {"supply": {"ignore": ["capacity_facter"]}})
    assert list(world.supply["capacity_facter"]) == [0.5] * 3
    assert world.notices == ()


# --- The bundled world ----------------------------------------------------------------------


@pytest.mark.parametrize("name", resources.bundled_models())
def test_bundled_models_are_read_without_a_word(name):
    model = read_model(name)
    if model.world.base not in (None, *resources.bundled_worlds()):
        pytest.skip("needs a world that is not bundled")
    assert read_world(model).notices == ()


def test_positions_in_capitals_are_taken():
    match = match_columns(["id", "LON", "Lat"], SITES, with_position=True)
    assert match.origins["lon"] == Origin("LON")
    assert match.origins["lat"] == Origin("Lat")


# --- What a file lacks ----------------------------------------------------------------------


def test_what_every_row_has_and_the_number_of_a_row(tmp_path):
    draft = Draft()
    for row in draft.sites:
        del row["id"], row["max_mw"]
    toml = {"sites": {"id": "#", "max_mw": "= 400"}, "zones": {"price_usd_per_mwh": "= 41.5"}}
    world = _read_with(draft, tmp_path, toml)
    # Line 1 has the names; the rows of the CSV are its lines 2 to 5.
    assert list(world.sites["id"]) == ["2", "3", "4", "5"]
    assert list(world.sites["max_mw"]) == [400.0] * 4
    assert list(world.zones["price_usd_per_mwh"]) == [41.5] * 4
    assert said(world) == [
        "price_usd_per_mwh is 41.5 in every row, as columns.zones says",
        "id is the number of the row in the file, as columns.sites says",
        "max_mw is 400 in every row, as columns.sites says",
    ]


@pytest.mark.parametrize("text", ["=", "= ", "= many", "= -3"])
def test_what_every_row_has_is_checked_as_any_value(text, tmp_path):
    with pytest.raises(InputError, match="max_mw"):
        _read_with(Draft(), tmp_path, {"sites": {"max_mw": text}})


def test_a_column_may_be_called_as_the_sign_for_a_row(tmp_path):
    draft = Draft()
    draft.sites = rename(draft.sites, id="#")
    world = _read_with(draft, tmp_path, {"sites": {"id": "#"}})
    assert list(world.sites["id"]) == ["a", "b", "c", "d"]
    assert said(world) == []


def test_kinds_are_read_as_the_model_says(tmp_path):
    draft = Draft()
    for row, kind in zip(draft.supply, ("WAT", "wnd", "Bit Coal"), strict=True):
        row["kind"] = kind
    toml = {"kinds": {"Wat": "hydro", "WND": "wind", "BIT COAL": "coal", "NUC": "nuclear"}}
    world = _read_with(draft, tmp_path, toml)
    assert dict(zip(world.supply["id"], world.supply["kind"], strict=True)) == {
        "dam": "hydro",
        "farm": "wind",
        "mine": "coal",
    }
    assert said(world) == [
        "kind 'Wat' is read as 'hydro' in 1 row, as columns.kinds says",
        "kind 'WND' is read as 'wind' in 1 row, as columns.kinds says",
        "kind 'BIT COAL' is read as 'coal' in 1 row, as columns.kinds says",
        'columns.kinds: NUC = "nuclear", but no plant has that kind',
    ]
    with pytest.raises(InputError, match="'hidro' is no kind; did you mean 'hydro'"):
        _read_with(draft, tmp_path / "wrong", {"kinds": {"WAT": "hidro"}})


def test_rows_of_several_layers_are_numbered_on(tmp_path):
    draft = Draft()
    without = [{k: v for k, v in row.items() if k != "id"} for row in draft.sites]
    draft.extra["sites.gpkg"] = lambda path: write_layers(
        path, {"north": without[:2], "south": without[2:]}
    )
    draft.ask("world", sites="sites.gpkg")
    world = _read_with(draft, tmp_path, {"sites": {"id": "#"}})
    assert list(world.sites["id"]) == ["1", "2", "3", "4"]


def test_a_value_for_all_rows_is_told_to_stand_for_the_own_column(tmp_path):
    world = _read_with(Draft(), tmp_path, {"sites": {"max_mw": "= 300"}})
    assert said(world) == [
        "max_mw is 300 in every row, as columns.sites says",
        "the file's own column 'max_mw' is left out, as columns.sites says what max_mw is",
    ]


@pytest.mark.parametrize(
    ("table", "name", "meant"),
    [(SITES, "kV (nominal)", "kv"), (SITES, "PUE [design]", "pue"), (FIBER, "KM (route)", "km")],
)
def test_names_with_a_remark_in_brackets_are_asked_about(table, name, meant):
    needed = [column.name for column in table.columns if column.required]
    (problem,) = match_columns([*needed, name], table).problems
    assert f"did you mean {meant}?" in problem


def test_another_word_in_brackets_is_told_of_and_text_has_no_factor():
    (voltage,) = match_columns(["id", "max_mw", "Voltage (nominal)"], SITES).notices
    assert 'such as "Voltage (nominal) / 1000"' in voltage
    (node,) = match_columns(["id", "from_node"], FIBER).notices
    assert 'say [columns.fiber] from = "from_node"; ignore = ["from_node"]' in node


def test_placemarks_without_ids_are_asked_for_their_names(tmp_path):
    draft = Draft()
    marks = "".join(
        f"<Placemark><name>{row['id']}</name><Point><coordinates>{row['lon']},{row['lat']}"
        "</coordinates></Point></Placemark>"
        for row in draft.sites
    )
    draft.extra["sites.kml"] = (
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'
    )
    draft.ask("world", sites="sites.kml")
    with pytest.raises(InputError, match=r'say \[columns\.sites\] id = "Name"'):
        _read_with(draft, tmp_path / "none", {"sites": {"max_mw": "= 400"}})
    told = {"sites": {"id": "Name", "max_mw": "= 400"}}
    assert list(_read_with(draft, tmp_path / "told", told).sites["id"]) == ["a", "b", "c", "d"]


def test_columns_that_zones_give_are_not_said_to_be_passed_through(tmp_path):
    draft = Draft()
    draft.sites = [row | {"owner": "x"} for row in draft.sites]
    shown = describe_table("sites", read(draft, tmp_path))
    assert "passed through to the outputs, not read: owner\n" in f"{shown}\n"
