#!/usr/bin/env bash
# pyogrio 0.13.0 (its wheel holds GDAL 3.12.4), geopandas 1.2.0, pandas 3.1.1.
#
# Belief: the id of a GeoJSON feature (beside its properties) and a property called "id" are two
# things. Either both are read, or the one of the properties counts, and a text stays a text.
#
# Behaviour: GDAL merges them into one column "id", whose type is that of the first feature which
# has either. A file that begins with the property id 7 gives features that have only a text id the
# id 0, all of them the same (with a warning for each). The same features in another order keep all
# ids, as text. Where a feature has both, its own id is dropped without a word.
#
# Where it matters: layers of sites merged from two exports. Ids that were unique collide at 0, and
# which ids survive depends on which feature stands first.
#
# Output seen:
#   numeric property first: [7, 0, 0] int32, 2 warnings
#   text id first: ['SUB-A', 'SUB-B', '7'] str
#   both: [7, 8] int32, no warning
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


def read_ids(*features):
    point = {"type": "Point", "coordinates": [-100, 40]}
    features = [{"type": "Feature", "geometry": point, **feature} for feature in features]
    with open("sites.geojson", "w") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        column = geopandas.read_file("sites.geojson")["id"]
    return column.tolist(), column.dtype, [str(warning.message) for warning in caught]


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
numbered = {"properties": {"id": 7}}
first = {"id": "SUB-A", "properties": {"mw": 300}}
second = {"id": "SUB-B", "properties": {"mw": 400}}

ids, kind, said = read_ids(numbered, first, second)
print("numeric property first:", ids, kind, said)
assert ids == [7, 0, 0], "changed: text ids after a numeric property id no longer become 0"
assert len(said) == 2, "changed: there is no longer a warning for each id"

ids, kind, said = read_ids(first, second, numbered)
print("text id first:", ids, kind, said)
assert ids == ["SUB-A", "SUB-B", "7"], "changed: ids are no longer kept as text if a text stands first"

ids, kind, said = read_ids({**first, "properties": {"id": 7}}, {**second, "properties": {"id": 8}})
print("both:", ids, kind, said)
assert ids == [7, 8] and not said, "changed: a feature's own id is no longer dropped silently"
print("as described")
PY
