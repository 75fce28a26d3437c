"""Rows of sites at one position: told where each is a campus, and made one site where asked."""

import math

import pytest
from drafts import Draft

import siting
from siting.errors import InfeasibleError, InputError
from siting.units import EARTH_RADIUS_KM

METRE = 180 / (1000 * math.pi * EARTH_RADIUS_KM)
"""One metre along a meridian [degrees]."""


def read(draft, folder, **changes):
    model = siting.read_model(draft.write(folder), set=changes)
    return model, siting.read_world(model)


def told(world):
    return [notice.what for notice in world.notices]


def with_transformers():
    """Substation a with two more transformers, c with one on a lower voltage that is too low."""
    draft = Draft()
    draft.sites += [
        {**draft.sites[0], "id": "a2", "max_mw": 150, "kv": 500},
        {**draft.sites[0], "id": "a3", "max_mw": 50, "lat": 3 + 0.9 * METRE, "kv": None},
        {**draft.sites[1], "id": "beside", "lat": 3 + 1.5 * METRE},
        {**draft.sites[2], "id": "low", "kv": 69},
    ]
    return draft


def test_rows_at_one_position_are_named(tmp_path):
    draft = Draft()
    draft.sites += [
        {**draft.sites[0], "id": "again"},
        {**draft.sites[0], "id": "near", "lat": 3 + 0.9 * METRE, "max_mw": 300},
        {**draft.sites[1], "id": "beside", "lat": 3 + 1.5 * METRE},
        {**draft.sites[2], "id": "twin", "kv": 765},
        {**draft.sites[2], "id": "low", "kv": 69},
    ]
    _, world = read(draft, tmp_path)
    (what,) = told(world)
    assert what == (
        "5 sites stand at 2 positions: 'a' and 'again' and 'near'; 'c' and 'twin'. Each counts as "
        "a campus of its own, and links between them are no longer than their ways to the fiber "
        "and back. 1 is the same as another but for its id: is it there twice? Where they are one, "
        'set world.same_place to "sum" or "largest" to have one site of their max_mw together or '
        "of the largest, or list the others in world.exclude_sites"
    )
    assert len(world.sites) == 8


def test_thousands_of_rows_at_one_position_take_no_time(tmp_path):
    draft = Draft()
    draft.sites += [{**draft.sites[0], "id": f"x{k}"} for k in range(5000)]
    _, world = read(draft, tmp_path)
    (what,) = told(world)
    assert what.startswith("5,001 sites stand at one position")
    assert len(what) < 1000


@pytest.mark.parametrize(("as_what", "mw", "left_mw"), [("sum", 600, 0), ("largest", 400, 200)])
def test_rows_at_one_position_are_one_site_where_asked(as_what, mw, left_mw, tmp_path):
    _, world = read(with_transformers(), tmp_path, **{"world.same_place": as_what})
    held = world.sites.set_index("id")
    assert list(held.index) == ["a", "b", "beside", "c", "d"]
    assert held["max_mw"].to_dict() == {"a": mw, "b": 400, "beside": 400, "c": 400, "d": 400}
    assert held["kv"]["a"] == 500
    (what,) = told(world)
    assert what.startswith("3 sites stand at one position: 'a' and 'a2' and 'a3'. They are made 1")
    assert what.endswith(f"'a' {mw} MW")
    left = {rows.by.split(" =")[0]: (rows.rows, rows.mw) for rows in world.left_out}
    assert left == {"world.min_kv": (1, 400), "world.same_place": (2, left_mw)}


def test_one_substation_is_no_cluster_of_two_campuses(tmp_path):
    draft = with_transformers()
    draft.sites = [row for row in draft.sites if row["id"] in ("a", "a2", "a3")]
    draft.model["cluster"] = {"target_mw": 500}
    plan = siting.solve(draft.write(tmp_path))
    assert len(plan.clusters[0].campuses) == 2
    for as_what in ("sum", "largest"):
        model = siting.read_model(tmp_path, set={"world.same_place": as_what})
        with pytest.raises((InputError, InfeasibleError), match="campuses"):
            siting.solve(model)


def test_least_cost_of_a_substation_of_two_transformers(tmp_path):
    # 900 MW of a (400 + 150) and b (400) take both whole, and no third campus is needed.
    draft = with_transformers()
    draft.sites = [row for row in draft.sites if row["id"] in ("a", "a2", "b", "c", "d")]
    draft.model["cluster"] = {"target_mw": 900, "max_campuses": 2}
    for zone in draft.zones:
        zone["headroom_mw"] = 2000
    model = siting.read_model(draft.write(tmp_path), set={"world.same_place": "sum"})
    (cluster,) = siting.solve(model).clusters
    draw = {campus.site: campus.draw_mw for campus in cluster.campuses}
    assert "a" in draw
    assert sum(draw.values()) == pytest.approx(900)
    with pytest.raises(InfeasibleError):
        siting.solve(siting.read_model(tmp_path))


def test_required_row_stays(tmp_path):
    draft = with_transformers()
    changes = {"world.same_place": "sum", "world.require_sites": ["a3"]}
    _, world = read(draft, tmp_path, **changes)
    held = world.sites.set_index("id")["max_mw"]
    assert held["a3"] == 600
    assert "a" not in held


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price_usd_per_mwh": 44}, r"differ in price_usd_per_mwh \(40 and 44\)"),
        ({"zone": "south"}, "are in different zones"),
        ({"utility": "Co-op"}, r"differ in utility \(Co-op and Town\)"),
    ],
)
def test_rows_that_are_not_one_site_are_refused(change, said, tmp_path):
    draft = Draft()
    draft.sites[0] |= {"price_usd_per_mwh": 40, "utility": "Town", "zone": "n_west"}
    draft.sites.append({**draft.sites[0], "id": "a2", **change})
    with pytest.raises(InputError, match=said):
        read(draft, tmp_path, **{"world.same_place": "sum"})
    _, world = read(draft, tmp_path, **{"world.same_place": "apart"})
    assert len(world.sites) == 5


def test_what_only_one_row_states_holds_for_the_site(tmp_path):
    draft = Draft()
    draft.sites[0]["max_mw"] = 100
    draft.sites[0] |= {"price_usd_per_mwh": 40, "pue": 1.3}
    draft.sites.append(
        {k: v for k, v in draft.sites[0].items() if k in ("lon", "lat")}
        | {"id": "a2", "max_mw": 300}
    )
    _, world = read(draft, tmp_path, **{"world.same_place": "sum"})
    (row,) = world.sites[world.sites["id"] == "a2"].to_dict("records")
    assert (row["max_mw"], row["price_usd_per_mwh"], row["pue"], row["kv"]) == (400, 40, 1.3, 345)


def test_two_required_rows_at_one_position_are_refused(tmp_path):
    changes = {"world.same_place": "sum", "world.require_sites": ["a", "a2"]}
    with pytest.raises(InputError, match=r"are required each, in world\.require_sites"):
        read(with_transformers(), tmp_path, **changes)


def test_own_site_at_the_place_of_a_bundled_one_is_told(tmp_path):
    us = siting.read_world(siting.read_model("us_5gw")).sites
    row = us.iloc[100]
    (tmp_path / "own.csv").write_text(
        f"id,lon,lat,max_mw\nmine,{row.geometry.x!r},{row.geometry.y!r},300\n"
    )
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "m"\n[world]\nbase = "us"\nadd_sites = "own.csv"\n'
        "[cluster]\ntarget_mw = 500\n"
    )
    world = siting.read_world(siting.read_model(tmp_path))
    (what,) = [what for what in told(world) if "stand at one position" in what]
    assert f"'{row['id']}'" in what
    assert "'mine'" in what


def test_links_of_sites_at_one_position_lead_to_the_fiber_and_back(tmp_path):
    from siting.distances import reach_of

    draft = Draft()
    north = 3 + 5 / (math.pi * EARTH_RADIUS_KM / 180)
    draft.sites = [{**draft.sites[0], "id": k, "lat": north} for k in ("a", "a2")]
    model, world = read(draft, tmp_path, **{"world.route_factor": 1.0})
    assert reach_of(model, world).reach.dense()[0, 1] <= 10
