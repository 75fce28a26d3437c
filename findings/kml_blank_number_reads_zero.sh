#!/usr/bin/env bash
# pyogrio 0.13.0 (its wheel holds GDAL 3.12.4), geopandas 1.2.0, pandas 3.1.1.
#
# Belief: a number that is left blank in a KML (an empty SimpleData of a field that its Schema
# calls a double or an int) is missing, as it is in a GeoPackage, a CSV or a GeoJSON.
#
# Behaviour: it is read as 0, without a warning, and cannot be told from a written 0. Only a
# placemark that leaves the element out has a missing value.
#
# Where it matters: capacities, prices and dates of sites sent around as KML or KMZ: "not known
# yet" becomes 0 MW, or free of charge.
#
# Output seen:
#   written 300   -> 300.0
#   written 0     -> 0.0
#   left blank    -> 0.0
#   left out      -> nan
#   warnings: 0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyogrio==0.13.0 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import math
import warnings

import geopandas
import pyogrio

SCHEMA = '<Schema name="site" id="site"><SimpleField type="double" name="mw"/></Schema>'


def make_placemark(name, field):
    data = f'<ExtendedData><SchemaData schemaUrl="#site">{field}</SchemaData></ExtendedData>'
    return f"<Placemark><name>{name}</name>{data}<Point><coordinates>-100,40</coordinates></Point></Placemark>"


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
marks = [
    make_placemark("written 300", '<SimpleData name="mw">300</SimpleData>'),
    make_placemark("written 0", '<SimpleData name="mw">0</SimpleData>'),
    make_placemark("left blank", '<SimpleData name="mw"></SimpleData>'),
    make_placemark("left out", ""),
]
with open("sites.kml", "w") as file:
    file.write('<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>')
    file.write(SCHEMA + "".join(marks) + "</Document></kml>")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    table = geopandas.read_file("sites.kml")
for name, mw in zip(table["Name"], table["mw"], strict=True):
    print(f"{name:13} -> {mw}")
print("warnings:", len(caught))
read = table.set_index("Name")["mw"]
assert read["written 300"] == 300 and read["written 0"] == 0, "changed: written numbers are read otherwise"
assert read["left blank"] == 0, "changed: a blank number is no longer read as 0"
assert math.isnan(read["left out"]), "changed: a number that was left out is no longer missing"
assert not caught, "changed: there is a warning now"
print("as described")
PY
