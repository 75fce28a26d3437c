#!/usr/bin/env bash
# pyogrio 0.13.0 (its wheel holds GDAL 3.12.4), geopandas 1.2.0, pandas 3.1.1.
#
# Belief: a table with a column "id" that is written to KML and read back has its ids in "id", or
# has no such column any more.
#
# Behaviour: written with the driver "KML", the column "id" is there and full, but holds other ids
# ("sites.1", "sites.2"), made of the layer's name and the row's number. The real ones have gone to
# "id2". A join by "id" works, silently, and finds nothing or, if the other layer went the same way
# under the same name, joins by row number: below two layers in different order get each other's
# values. With "LIBKML" the column comes back as it was.
#
# Where it matters: sites that go to a land agent as KML and come back with remarks.
#
# Output seen:
#   KML     id: ['sites.1', 'sites.2'] id2: ['SUB-7', 'SUB-9']
#   joined by id: SUB-7 gets the price 9.0 (of SUB-9), SUB-9 gets 7.0
#   LIBKML  id: ['SUB-7', 'SUB-9'] id2: none
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyogrio==0.13.0 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import geopandas
import pyogrio
from shapely.geometry import Point

print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
points = [Point(-100, 40), Point(-101, 41)]
sites = geopandas.GeoDataFrame({"id": ["SUB-7", "SUB-9"], "mw": [300, 400]}, geometry=points, crs=4326)
prices = geopandas.GeoDataFrame({"id": ["SUB-9", "SUB-7"], "price": [9.0, 7.0]}, geometry=points[::-1], crs=4326)


def write_and_read(table, name, driver):
    table.to_file(name, layer="sites", driver=driver)
    return geopandas.read_file(name)


back = write_and_read(sites, "sites.kml", "KML")
print("KML     id:", back["id"].tolist(), "id2:", back["id2"].tolist())
assert back["id"].tolist() == ["sites.1", "sites.2"], "changed: the ids in the column id are others"
assert back["id2"].tolist() == ["SUB-7", "SUB-9"], "changed: the real ids are no longer in id2"

priced = write_and_read(prices, "prices.kml", "KML")
joined = back.merge(priced[["id", "price"]], on="id")
for row in joined.itertuples():
    print(f"joined by id: {row.id2} gets the price {row.price}")
assert joined.set_index("id2")["price"].to_dict() == {"SUB-7": 9.0, "SUB-9": 7.0}, "changed: the join by id is right now"

back = write_and_read(sites, "other.kml", "LIBKML")
print("LIBKML  id:", back["id"].tolist(), "id2:", back.get("id2", "none"))
assert back["id"].tolist() == ["SUB-7", "SUB-9"], "changed: LIBKML no longer keeps the column id"
print("as described")
PY
