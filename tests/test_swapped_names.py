"""Columns that the model has read from each other, on purpose or by mistake."""

import pytest
from drafts import Draft

from siting import read_model, read_world
from siting.errors import InputError


def read(draft, folder, columns):
    path = draft.write(folder)
    text = (path / "model.toml").read_text("utf-8")
    (path / "model.toml").write_text(f"{text}\n{columns}\n", "utf-8")
    return read_world(read_model(path))


def said(world):
    return [notice.what for notice in world.notices]


def swapped(**names):
    """Sites whose columns of lon and lat hold each other's numbers, off the diagonal."""
    draft = Draft()
    for row in draft.sites:
        row["lon"], row["lat"] = row["lat"], row["lon"]
    draft.sites = [{names.get(k, k): v for k, v in row.items()} for row in draft.sites]
    return draft


def places(world):
    points = world.sites.geometry
    return {name: (p.x, p.y) for name, p in zip(world.sites["id"], points, strict=True)}


RIGHT = {"a": (1, 3), "b": (3, 3), "c": (1, 1), "d": (3, 1)}


def test_lon_and_lat_that_stand_swapped_in_the_file_are_set_right(tmp_path):
    world = read(swapped(), tmp_path, '[columns.sites]\nlon = "lat"\nlat = "lon"')
    assert places(world) == RIGHT
    assert said(world) == ["lon is read from 'lat' and lat from 'lon', as columns.sites says"]


@pytest.mark.parametrize("first", ["lon", "lat"])
def test_the_notice_is_one_whichever_comes_first(first, tmp_path):
    lines = {"lon": 'lon = "lat"', "lat": 'lat = "lon"'}
    rest = next(name for name in lines if name != first)
    world = read(Draft(), tmp_path, f"[columns.sites]\n{lines[first]}\n{lines[rest]}")
    assert places(world) == {name: (y, x) for name, (x, y) in RIGHT.items()}
    assert said(world) == [
        f"{first} is read from '{rest}' and {rest} from '{first}', as columns.sites says"
    ]


def test_a_swap_by_mistake_is_answered_with_the_lines_that_mend_it(tmp_path):
    import shapely

    draft = Draft()
    for row in draft.sites:
        row["Longitude"], row["Latitude"] = row.pop("lon") + 20, row.pop("lat")
    for row in draft.supply:
        row["lon"] += 20
    for rows in (draft.zones, draft.fiber):
        for row in rows:
            row["geometry"] = shapely.affinity.translate(row["geometry"], 20)
    with pytest.raises(InputError) as error:
        read(draft, tmp_path / "no", '[columns.sites]\nlon = "Latitude"\nlat = "Longitude"')
    mend = '[columns.sites] lon = "Longitude" and lat = "Latitude"'
    assert f"with lon and lat swapped they would: say {mend}" in str(error.value)
    asked = mend.replace("] lon", "]\nlon").replace(" and ", "\n")
    world = read(draft, tmp_path / "yes", asked)
    assert places(world) == {name: (x + 20, y) for name, (x, y) in RIGHT.items()}


@pytest.mark.parametrize(
    ("table", "line", "names"),
    [
        ("sites", 'lon = "lat"', "lon and lat are both read from 'lat', as lon = \"lat\" says"),
        ("sites", 'lat = "lon"', "lon and lat are both read from 'lon', as lat = \"lon\" says"),
        ("fiber", 'from = "to"', "from and to are both read from 'to', as from = \"to\" says"),
    ],
)
def test_one_column_is_not_both_of_a_pair(table, line, names, tmp_path):
    with pytest.raises(InputError) as error:
        read(Draft(), tmp_path, f"[columns.{table}]\n{line}")
    assert f"columns.{table}: {names}; say for each of them which column it is" in str(error.value)


def test_what_becomes_of_own_columns_is_told_one_by_one(tmp_path):
    draft = Draft()
    for row in draft.sites:
        row["y"] = row["lon"]
        row["lon"], row["lat"] = row["lat"], 77
    world = read(draft, tmp_path, '[columns.sites]\nlon = "y"\nlat = "lon"')
    assert places(world) == {name: (x, y) for name, (x, y) in RIGHT.items()}
    assert said(world) == [
        "lon is read from 'y', as columns.sites says; the file's own column 'lon' is read as lat",
        ("lat is read from 'lon', as columns.sites says; the file's own column 'lat' is left out"),
    ]
