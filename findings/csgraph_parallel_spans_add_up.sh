#!/usr/bin/env bash
# scipy 1.17.1, numpy 2.4.6, networkx 3.6.1.
#
# Belief: a list of spans given to scipy's graph routines as a coordinate (COO) matrix keeps both
# of two parallel spans, and the shortest path takes the shorter.
#
# Behaviour: entries of the same place are added when the routine turns the matrix into CSR. Spans
# of 10 and 12 km become one of 22 km. networkx does the same when it makes a scipy matrix of a
# MultiGraph, whose own shortest path is 10 km. If one of the two spans is written the other way
# round, nothing is added and the path is right, so tests on a small network may miss it.
#
# Where it matters: fiber and transmission data are full of parallel spans; routes look longer and
# slower the better a stretch is built.
#
# Output seen:
#   0-1, 0-1: 22 km; 0-1, 1-0: 10 km
#   networkx: 10 km; its scipy matrix: 22
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6 networkx==3.6.1
cd "$work"
"$work/venv/bin/python" - <<'PY'
import networkx
import numpy
import scipy
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

print("scipy", scipy.__version__, "networkx", networkx.__version__)


def measure(starts, ends):
    km = numpy.array([10.0, 12.0])
    spans = coo_array((km, (numpy.array(starts), numpy.array(ends))), shape=(2, 2))
    return float(dijkstra(spans, directed=False)[0, 1])


same, turned = measure([0, 0], [1, 1]), measure([0, 1], [1, 0])
print(f"0-1, 0-1: {same:g} km; 0-1, 1-0: {turned:g} km")
assert same == 22, "changed: parallel spans are no longer added"
assert turned == 10, "changed: spans written both ways"

graph = networkx.MultiGraph()
graph.add_edge(0, 1, km=10)
graph.add_edge(0, 1, km=12)
own = networkx.shortest_path_length(graph, 0, 1, weight="km")
matrix = networkx.to_scipy_sparse_array(graph, weight="km")
print(f"networkx: {own} km; its scipy matrix: {matrix[0, 1]}")
assert own == 10 and matrix[0, 1] == 22, "changed: networkx and its scipy matrix"
print("as described")
PY
