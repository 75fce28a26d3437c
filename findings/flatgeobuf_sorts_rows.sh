#!/usr/bin/env bash
# pyogrio 0.13.0 (its wheel holds GDAL 3.12.4), geopandas 1.2.0, pandas 3.1.1.
#
# Belief: rows written to a file and read back come in the order in which they were written, as
# from GeoPackage, Shapefile and GeoJSON.
#
# Behaviour: FlatGeobuf packs its spatial index by default and writes the features along a Hilbert
# curve, so rows come back sorted by place; the index of the table is new and says nothing of it.
# With SPATIAL_INDEX=NO they keep their order.
#
# Where it matters: anything that pairs rows by position, such as a table of costs, results of a
# solver or distances between sites by row and column, and "the first of several equal rows wins".
#
# Output seen:
#   GeoPackage              ['north', 'east', 'south', 'west']
#   FlatGeobuf              ['east', 'north', 'west', 'south']
#   FlatGeobuf, no index    ['north', 'east', 'south', 'west']
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
places = {"north": (-100, 49), "east": (-80, 40), "south": (-100, 30), "west": (-120, 40)}
sites = geopandas.GeoDataFrame({"id": list(places)}, geometry=[Point(xy) for xy in places.values()], crs=4326)


def write_and_read(name, **options):
    sites.to_file(name, **options)
    table = geopandas.read_file(name)
    assert table.index.tolist() == [0, 1, 2, 3], "changed: the index now tells of the order"
    return table["id"].tolist()


package = write_and_read("sites.gpkg")
sorted_ids = write_and_read("sites.fgb")
plain = write_and_read("plain.fgb", SPATIAL_INDEX="NO")
print("GeoPackage             ", package)
print("FlatGeobuf             ", sorted_ids)
print("FlatGeobuf, no index   ", plain)
assert package == list(places), "changed: GeoPackage no longer keeps the order"
assert sorted(sorted_ids) == sorted(places) and sorted_ids != list(places), "changed: FlatGeobuf keeps the order"
assert plain == list(places), "changed: FlatGeobuf without index no longer keeps the order"
print("as described")
PY
