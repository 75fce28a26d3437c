#!/usr/bin/env bash
# pyogrio 0.13.0 (its wheel holds GDAL 3.12.4), geopandas 1.2.0, pandas 3.1.1.
#
# Belief: a missing number in a table that goes through a GIS format stays missing, or writing it
# fails, as dBASE (Shapefile), GeoPackage and FlatGeobuf all have a way to say "missing".
#
# Behaviour: MapInfo's TAB and MIF have none. Missing numbers come back as 0, missing yes/no as no,
# and missing text as empty text, without a warning; only dates stay missing. Columns that were
# float because of a gap come back as whole numbers, so that nothing tells that there was a gap.
#
# Where it matters: utilities and fiber carriers still send TAB. An unknown capacity is read as 0
# MW, an unknown "has headroom" as no.
#
# Output seen:
#   GPKG          mw [300.0, nan]  year [2031.0, nan]  firm [1.0, nan]        owner ['x', nan]
#   MapInfo .tab  mw [300.0, 0.0]  year [2031, 0]      firm [True, False]     owner ['x', '']
#   MapInfo .mif  mw [300.0, 0.0]  year [2031, 0]      firm [True, False]     owner ['x', '']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyogrio==0.13.0 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings

import geopandas
import pandas
import pyogrio
from shapely.geometry import Point

print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
sites = geopandas.GeoDataFrame(
    {
        "mw": [300.0, None],
        "year": pandas.array([2031, None], dtype="Int64"),
        "firm": pandas.array([True, None], dtype="boolean"),
        "owner": ["x", None],
    },
    geometry=[Point(-100, 40), Point(-101, 41)],
    crs=4326,
)


def write_and_read(name, driver):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sites.to_file(name, driver=driver)
        table = geopandas.read_file(name).drop(columns="geometry")
    print(f"{name:10}", {column: table[column].tolist() for column in table})
    return table


package = write_and_read("sites.gpkg", "GPKG")
assert package.loc[1].isna().all(), "changed: GeoPackage no longer keeps missing values"
for name in ("sites.tab", "sites.mif"):
    row = write_and_read(name, "MapInfo File").loc[1].to_dict()
    expected = {"mw": 0, "year": 0, "firm": False, "owner": ""}
    assert row == expected, f"changed: missing values come back from {name} as {row}"
print("as described")
PY
