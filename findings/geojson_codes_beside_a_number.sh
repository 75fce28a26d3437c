#!/usr/bin/env bash
# pyogrio 0.13.0 (its wheel holds GDAL 3.12.4), geopandas 1.2.0, pandas 3.1.1.
#
# Belief: a GeoJSON property that is text in one feature and a number in another comes back as
# text, or each value as it stands in the file.
#
# Behaviour: GDAL gives such a column the subtype JSON, and pyogrio then parses every text in it as
# JSON if that works for all of them: the code "12E5" becomes 1200000.0, "null" a missing value and
# "[7]" a list, without a word. One feature more whose code is no JSON ("007") and the same rows
# come back as they were, now all as text, with a warning.
#
# Where it matters: codes of substations, feeders and parcels, where one author wrote 1205 and
# another "12E5". Ids change, stop matching the other layers, and depend on what other rows hold.
#
# Output seen:
#   ['12E5', '1300'] -> ['12E5', '1300'] str
#   ['12E5', 1300] -> [1200000.0, 1300.0] float64
#   ['null', 1300] -> [nan, 1300.0] float64
#   ['[7]', 1300] -> [[7], 1300] object
#   ['12E5', 1300, '007'] -> ['12E5', '1300', '007'] str
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyogrio==0.13.0 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
import warnings

import geopandas
import pyogrio


def read_back(codes):
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Point", "coordinates": [-100, 40]}}
        for code in codes
    ]
    with open("codes.geojson", "w") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        column = geopandas.read_file("codes.geojson")["code"]
    print(codes, "->", column.tolist(), column.dtype)
    return column, len(caught)


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
column, _ = read_back(["12E5", "1300"])
assert column.tolist() == ["12E5", "1300"], "changed: codes that are all text are no longer kept"
column, warned = read_back(["12E5", 1300])
assert column.tolist() == [1200000.0, 1300.0], "changed: the code 12E5 is no longer read as 1200000"
assert not warned, "changed: there is a warning now"
column, warned = read_back(["null", 1300])
assert column.isna().tolist() == [True, False] and not warned, "changed: the code null is no longer missing"
column, warned = read_back(["[7]", 1300])
assert column.tolist() == [[7], 1300] and not warned, "changed: the code [7] is no longer a list"
column, warned = read_back(["12E5", 1300, "007"])
assert column.tolist() == ["12E5", "1300", "007"], "changed: one code that is no JSON no longer keeps the others as text"
assert warned, "changed: there is no warning any more"
print("as described")
PY
