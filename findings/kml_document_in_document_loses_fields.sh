#!/usr/bin/env bash
# pyogrio 0.13.0 (its wheel holds GDAL 3.12.4), geopandas 1.2.0, pandas 3.1.1.
#
# Belief: the typed fields of a KML placemark (SchemaData) are read wherever the placemark stands,
# as its SchemaData names the Schema by id.
#
# Behaviour: GDAL's LIBKML driver finds the Schema only in the layer's own container or in the
# outermost Document. A Document inside a Document (or in a Folder, what merging two KML files
# makes) keeps the fields of placemarks that stand right in it, and drops all fields of those one
# Folder deeper, without a warning: only their names and shapes come back.
#
# Where it matters: KMZ files of sites merged from several counties or brokers. The sites are all
# on the map, but those in folders have no megawatts, acres or prices.
#
# Output seen:
#   folder in the outermost document: fields ['mw'] 300.0
#   inner document:                   fields ['mw'] 300.0
#   folder in an inner document:      fields []
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyogrio==0.13.0 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings

import geopandas
import pyogrio

SCHEMA = '<Schema name="site" id="site"><SimpleField type="double" name="mw"/></Schema>'
MARK = (
    '<Placemark><name>a</name><ExtendedData><SchemaData schemaUrl="#site"><SimpleData name="mw">300</SimpleData>'
    "</SchemaData></ExtendedData><Point><coordinates>-100,40</coordinates></Point></Placemark>"
)
FOLDER = f"<Folder><name>sites</name>{MARK}</Folder>"


def read_fields(body, layer):
    with open("sites.kml", "w") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">')
        file.write(f"<Document><name>all</name>{body}</Document></kml>")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = geopandas.read_file("sites.kml", layer=layer)
    assert table["Name"].tolist() == ["a"], "changed: the placemark itself is read otherwise"
    return {"mw": table["mw"].item()} if "mw" in table else {}


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
outer = read_fields(SCHEMA + FOLDER, "sites")
print("folder in the outermost document:", outer)
inner = read_fields(f"<Document><name>county</name>{SCHEMA}{MARK}</Document>", "county")
print("inner document:                  ", inner)
deeper = read_fields(f"<Document><name>county</name>{SCHEMA}{FOLDER}</Document>", "sites")
print("folder in an inner document:     ", deeper)
assert outer == {"mw": 300.0}, "changed: fields in a folder of the outermost document"
assert inner == {"mw": 300.0}, "changed: fields right in an inner document"
assert deeper == {}, "changed: fields in a folder of an inner document are no longer lost"
print("as described")
PY
