"""Models: defaults, values, overrides, the fingerprint, and no input that breaks the reader."""

import json
import tomllib
from pathlib import Path

import pytest
from drafts import Draft, as_toml
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.errors import InputError
from siting.model import make_model, parse_value, read_model
from siting.model.reference import describe_model, keys
from siting.model.sections import SECTIONS, TOP_KEYS
from siting.resources import bundled_models, bundled_worlds, data_folder, models_folder

VALUES = {"schema": 1, "name": "draft", "cluster": {"target_mw": 5000}}

# The contract: every key and its default.
DEFAULTS = """
[world]
min_kv = 230.0
regions = []
states = []
exclude_sites = []
require_sites = []
route_factor = 1.3
[campus]
min_mw = 100.0
max_mw = 2000.0
module_mw = 0.0
load_factor = 0.9
pue = 1.2
[cluster]
count = 1
min_campuses = 2
max_campuses = 8
network = "mesh"
max_fiber_km = 500.0
max_ring_km = 5000.0
min_utilities = 1
max_utility_fraction = 1.0
min_regions = 1
keep_after_campus_loss = 0.0
keep_after_utility_loss = 0.0
keep_after_span_loss = false
[power]
curtailment = 0.005
headroom_scale = 1.0
[clean]
min_fraction = 0.0
deliver_within = "region"
contractable_fraction = 0.3
count_grid_mix = true
[fiber]
bandwidth_tbps = 0.0
pair_tbps = 121.6
amplifier_km = 80.0
pair_musd_per_km = 0.0
amplifier_musd = 0.0
[cost]
money_year = 2024
discount_rate = 0.08
life_years = 20.0
campus_musd_per_mw = 11.0
campus_fixed_musd = 50.0
fiber_musd_per_km = 0.06
grid_usd_per_mwh = 60.0
[objective]
sense = "minimise_cost"
[solver]
name = "highs"
gap = 0.001
time_limit_s = 300.0
threads = 0
"""
NONE_BY_DEFAULT = {
    "world": {
        *("base", "sites", "zones", "fiber", "supply", "nodes"),
        *("add_sites", "add_zones", "add_fiber", "add_supply", "line_route_factor"),
    },
    "header_rows": {"sites", "zones", "fiber", "supply", "nodes"},
    "cluster": {"target_mw", "target_it_mw", "max_sync_s", "min_compute_utilisation"},
}


def test_defaults_are_those_of_the_contract():
    model = make_model({"schema": 1, "name": "draft", "objective": {"sense": "maximise_mw"}})
    held = json.loads(model.model_dump_json(by_alias=True))
    wanted = tomllib.loads(DEFAULTS)
    wanted["objective"]["sense"] = "maximise_mw"
    for table, names in NONE_BY_DEFAULT.items():
        wanted.setdefault(table, {}).update(dict.fromkeys(names))
    for table, empty in (("columns", {}), ("layers", [])):
        wanted[table] = dict.fromkeys(("zones", "sites", "fiber", "supply", "nodes"), empty)
    wanted["columns"]["kinds"] = {}
    wanted["world"] |= {"supply_regions": [], "supply_states": []}
    wanted["world"] |= {"snap_km": 0.0, "fiber_snap_m": 1.0, "fetch_addresses": False}
    wanted["world"]["same_place"] = "apart"
    assert held == {"schema": 1, "name": "draft", "title": "", "training": None, **wanted}


def test_every_key_says_what_it_means_and_a_number_its_unit():
    for key in keys():
        assert key.meaning.endswith("."), key
        if key.path.endswith(("_mw", "_km", "_s", "_kv")) or "_per_" in key.path:
            assert key.unit, key
        if ("fraction" in key.path or "after" in key.path) and key.default not in ("true", "false"):
            assert key.unit == "0-1", key


def test_keys_are_described_in_the_order_of_the_file():
    tables = list(dict.fromkeys(key.path.split(".")[0] for key in keys()))
    assert tables == [*TOP_KEYS, *SECTIONS]


def test_page_of_the_model_is_what_the_code_says():
    page = (Path(__file__).parents[1] / "docs" / "model.md").read_text("utf-8")
    assert page == describe_model(), (
        "python -m siting.model.reference > docs/model.md writes it anew"
    )


def test_integers_are_numbers_and_lists_are_kept_as_tuples():
    model = make_model(VALUES | {"world": {"regions": ["PJM"]}})
    assert model.cluster.target_mw == 5000.0
    assert isinstance(model.cluster.target_mw, float)
    assert model.world.regions == ("PJM",)
    assert len({model, make_model(VALUES)}) == 2


def test_reads_a_folder_a_file_and_a_bundled_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Draft().write(tmp_path / "mine")
    for path in ("mine", Path("mine"), "mine/model.toml", tmp_path / "mine" / "model.toml"):
        model = read_model(path)
        assert model.name == "draft"
        assert model.folder is not None
        assert (model.folder / "sites.csv").exists()
    assert read_model("two_utilities").folder == models_folder() / "two_utilities"


def test_folder_with_a_model_wins_over_a_bundled_name_and_one_without_does_not(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two_utilities").mkdir()
    assert read_model("two_utilities").name == "two_utilities"
    Draft().write(tmp_path / "two_utilities")
    assert read_model("two_utilities").name == "draft"


def test_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "model.toml").write_bytes(b"\xef\xbb\xbf" + as_toml(VALUES).encode())
    assert read_model(tmp_path).name == "draft"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("two_utilites", "did you mean two_utilities?"),
        ("zzz", "neither a folder, a file nor a bundled model; the bundled models are"),
        ("mine/modle.toml", "did you mean mine/model.toml?"),
        ("mine/zzz.toml", "no such file or folder; check the path"),
        ("mine/tables", "the folder has no model.toml; name a folder"),
        ("other", "has no model.toml, but has mine.toml; name the file"),
        ("", "the folder has no model.toml"),
        ("a\0b", "neither a folder, a file nor a bundled model"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_says_where_a_model_could_be(path, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Draft().write(tmp_path / "mine")
    (tmp_path / "mine" / "tables").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.toml").write_text(as_toml(VALUES))
    with pytest.raises(InputError) as refused:
        read_model(path)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8000", 8000),
        ("0.5", 0.5),
        ("true", True),
        ('["PJM", "MISO"]', ["PJM", "MISO"]),
        ('"007"', "007"),
        ("maximise_mw", "maximise_mw"),
        ("sites.csv", "sites.csv"),
        ("../far away/sites.csv", "../far away/sites.csv"),
        ("5 GW", "5 GW"),
        ("1\nname = 2", "1\nname = 2"),
        ("1 # one", 1),
        ("[" * 5000, "[" * 5000),
        ("", None),
        (" ", None),
    ],
)
def test_value_of_an_override(text, value):
    assert parse_value(text) == value


def test_overrides_win_over_the_file(tmp_path):
    Draft().write(tmp_path)
    model = read_model(
        tmp_path,
        set={
            "cluster.target_mw": "8000",
            "world.regions": '["plains"]',
            "objective.sense": "minimise_fiber_km",
            "campus.min_mw": 200,
            "name": "other",
        },
    )
    assert model.cluster.target_mw == 8000
    assert model.world.regions == ("plains",)
    assert model.objective.sense == "minimise_fiber_km"
    assert model.campus.min_mw == 200
    assert model.name == "other"


def test_empty_override_takes_a_key_out(tmp_path):
    Draft().write(tmp_path)
    model = read_model(tmp_path, set={"cluster.target_mw": "", "cluster.target_it_mw": "400"})
    assert model.cluster.target_mw is None
    assert model.cluster.target_it_mw == 400


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("cluster.target_mv", "5", "did you mean target_mw?"),
        ("target_mw", "5", "it belongs in [cluster]"),
        ("cluster..x", "5", "'cluster..x' is not the path of a key"),
        ("", "5", "'' is not the path of a key"),
        ("cluster", "5", "cluster is 5, but it must be one table"),
        ("cluster.target_mw.x", "5", "cluster.target_mw is a table, but it must be a number"),
        ("cluster.target_mw", "2 GWh", 'cluster.target_mw is "2 GWh", but it must be a number'),
        ("cluster.target_mw", "2024-01-01", "cluster.target_mw is a date, but it must be"),
    ],
)
def test_wrong_override_is_an_input_error(key, value, says, tmp_path):
    Draft().write(tmp_path)
    with pytest.raises(InputError) as refused:
        read_model(tmp_path, set={key: value})
    assert says in str(refused.value)


def test_replace_validates_again_and_keeps_the_folder(tmp_path):
    model = read_model(Draft().write(tmp_path))
    larger = model.replace({"cluster.target_mw": 8000, "world.regions": ["plains"]})
    assert larger.cluster.target_mw == 8000
    assert larger.world.regions == ("plains",)
    assert larger.folder == tmp_path
    assert model.cluster.target_mw == 500
    assert larger.replace({"campus.min_mw": 50}).replace({"campus.min_mw": None}) == larger
    with pytest.raises(InputError, match=r"model 'draft'(?s:.*)cluster\.target_mw is -1 MW"):
        model.replace({"cluster.target_mw": -1})


def test_headline_tells_what_was_changed_since_the_title_was_written():
    model = read_model("us_5gw")
    assert model.headline == model.title == "One 5 GW training cluster in the US"
    most = read_model("us_5gw", set={"cluster.count": "most", "solver.gap": 0.01})
    assert most.title == model.title
    assert most.headline == f'{model.title}, with cluster.count = "most"'
    larger = model.replace({"cluster.target_mw": 8000, "world.regions": ["PJM", "SERC"]})
    changes = 'world.regions = ["PJM", "SERC"], cluster.target_mw = 8000'
    assert larger.headline == f"{model.title}, with {changes}"
    back = larger.replace({"cluster.target_mw": 5000.0, "world.regions": None})
    assert back.headline == model.title
    assert larger.replace({"title": "Large"}).headline == "Large"
    it = read_model("us_5gw", set={"cluster.target_mw": "", "cluster.target_it_mw": "4000"})
    assert it.headline == (
        f"{model.title}, with cluster.target_mw left out, cluster.target_it_mw = 4000"
    )
    many = model.replace({"world.states": [f"state of number {k}" for k in range(9)]})
    assert many.headline == f"{model.title}, with world.states changed"


def test_headline_of_a_model_without_a_title():
    values = {"schema": 1, "name": "own", "cluster": {"target_mw": 500}}
    model = make_model(values)
    assert model.headline == ""
    assert model.replace({"cluster.target_mw": 600}).headline == "own, with cluster.target_mw = 600"


def test_a_title_is_of_the_values_as_they_were_given():
    values = {"schema": 1, "name": "own", "title": "500 MW", "cluster": {"target_mw": 500}}
    model = make_model(values)
    values["cluster"]["target_mw"] = 600
    assert model.headline == "500 MW"
    assert model == make_model(model.model_dump(by_alias=True))


def test_fingerprint_is_of_what_is_asked(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    Draft().write(here)
    Draft().write(there)
    model = read_model(here)
    assert model.sha256 == read_model(there).sha256
    assert len(model.sha256) == 64

    spelt_out = model.model_dump(by_alias=True, exclude_none=True)
    assert make_model(spelt_out).sha256 == model.sha256
    absolute = {f"world.{t}": str(here / f"{t}.csv") for t in ("sites", "supply")}
    assert model.replace(absolute).sha256 == model.sha256

    changed = [
        model.replace({"cluster.target_mw": 501}).sha256,
        model.replace({"world.regions": ["plains"]}).sha256,
        model.replace({"world.sites": "others.csv"}).sha256,
        model.replace({"name": "other"}).sha256,
    ]
    assert len({model.sha256, *changed}) == 5


def test_fingerprint_stays_what_it_is():
    # Plans hold it: a change here makes every plan that was written look like another model's.
    assert (
        make_model(VALUES).sha256
        == "363928d930e9971fa79a71d64a00317ce3b6e1767770b8b10859af999b97b102"
    )


def test_finds_what_is_bundled():
    assert "two_utilities" in bundled_models()
    assert "us" in bundled_worlds()
    assert (data_folder() / "us" / "world.toml").is_file()


KEYS = st.sampled_from(
    [*SECTIONS, *TOP_KEYS, "clusters", "zzz", "a.b", ""]
    + [key for section in SECTIONS.values() for key in section.model_fields]
) | st.text(max_size=8)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.sampled_from(["mesh", "ring", "region", "maximise_mw", "minimise_cost", 1, 100, 0.5])
)
JUNK = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JUNK, max_size=8))
@settings(max_examples=400, deadline=None)
def test_junk_is_a_model_or_an_input_error(values):
    try:
        model = make_model({"schema": 1, "name": "junk"} | values)
    except InputError:
        return
    assert make_model(model.model_dump(by_alias=True)).sha256 == model.sha256


@given(st.text(max_size=300) | st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_junk_file_is_a_model_or_an_input_error(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "junk.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "ignore"))
    with pytest.raises(InputError):  # text without schema = 1 and a name is no model
        read_model(file)


@given(
    st.dictionaries(
        st.sampled_from(sorted(SECTIONS)),
        st.dictionaries(KEYS.filter(lambda key: "\x7f" not in key), PLAIN, max_size=6),
        max_size=4,
    )
)
@settings(max_examples=300, deadline=None)
def test_every_problem_names_a_key_or_the_rule_between_keys(values):
    try:
        make_model({"schema": 1, "name": "junk"} | values)
    except InputError as error:
        for problem in error.problems:
            assert any(
                f"{table}." in problem.what or problem.what.startswith(table) for table in SECTIONS
            ), problem.what
