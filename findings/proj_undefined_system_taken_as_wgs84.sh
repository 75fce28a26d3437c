#!/usr/bin/env bash
# pyproj 3.7.2 (its wheel holds PROJ 9.5.1).
#
# Belief: "Undefined geographic SRS" and "Undefined Cartesian SRS" are the two entries (0 and -1)
# that every GeoPackage must hold for layers whose system nobody knows. Asking to transform from
# "undefined" fails for both, or gives infinities.
#
# Behaviour: the Cartesian one is refused. The geographic one is transformed to anything as though
# it were WGS 84, digit by digit, with no error and no warning. Only the operation's description
# ("Ballpark geographic offset") and its accuracy (-1) tell.
#
# Where it matters: old sites in NAD27 whose system was lost on the way to a GeoPackage: every
# distance to a line or a fiber route is computed, and off.
#
# Output seen:
#   undefined geographic to web Mercator: (-11131949.079, 4865942.28), WGS 84: (-11131949.079, 4865942.28)
#   Ballpark geographic offset from Undefined geographic SRS to WGS 84 + ..., accuracy -1.0
#   undefined Cartesian: ProjError
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyproj==3.7.2
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pyproj
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

print("pyproj", pyproj.__version__, "PROJ", pyproj.proj_version_str)
GEOGRAPHIC = (
    'GEOGCS["Undefined geographic SRS",DATUM["unknown",SPHEROID["unknown",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)
CARTESIAN = 'LOCAL_CS["Undefined Cartesian SRS"]'


def make_transformer(system):
    return Transformer.from_crs(CRS.from_user_input(system), CRS.from_epsg(3857), always_xy=True)


unknown = make_transformer(GEOGRAPHIC)
moved, known = unknown.transform(-100, 40), make_transformer("EPSG:4326").transform(-100, 40)
print("undefined geographic to web Mercator:", moved, "WGS 84:", known)
print(unknown.description, "accuracy", unknown.accuracy)
assert moved == known, "changed: the undefined system is no longer taken as WGS 84"
assert "Ballpark" in unknown.description and unknown.accuracy == -1, "changed: the operation says something else"
try:
    make_transformer(CARTESIAN)
except ProjError as error:
    print("undefined Cartesian:", type(error).__name__, error)
else:
    raise AssertionError("changed: the undefined Cartesian system is transformed, too")
print("as described")
PY
