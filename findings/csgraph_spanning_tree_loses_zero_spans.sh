#!/usr/bin/env bash
# scipy 1.17.1, numpy 2.4.6.
#
# Belief: in scipy's sparse graphs a stored zero is a link of length 0, so a minimum spanning tree
# of n connected nodes has n - 1 links, or the zero is no link anywhere.
#
# Behaviour: the routines disagree. connected_components and dijkstra walk over the stored zero
# (one network, distance 0 across it), but minimum_spanning_tree of the same matrix drops it: 2
# links for 4 nodes, in two parts, without a word.
#
# Where it matters: a substation and the splice point or meter at the same place are 0 km apart.
# The tree of spans to build leaves a site off the network, though the network was checked as one
# piece.
#
# Output seen:
#   components 1, distances [0, 10, 10, 15]
#   spanning tree: 2 links, components 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy
import scipy
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree

print("scipy", scipy.__version__)
starts, ends, km = numpy.array([0, 1, 2]), numpy.array([1, 2, 3]), numpy.array([10.0, 0.0, 5.0])
spans = csr_array((km, (starts, ends)), shape=(4, 4))
parts, _ = connected_components(spans, directed=False)
distances = dijkstra(spans, directed=False)[0].tolist()
print(f"components {parts}, distances {distances}")
assert spans.nnz == 3 and parts == 1, "changed: the stored zero is no longer a link for connected_components"
assert distances == [0, 10, 10, 15], "changed: the stored zero is no longer a link for dijkstra"

tree = minimum_spanning_tree(spans)
tree_parts, _ = connected_components(tree, directed=False)
print(f"spanning tree: {tree.nnz} links, components {tree_parts}")
assert (tree.nnz, tree_parts) == (2, 2), "changed: the spanning tree keeps the link of length 0"
print("as described")
PY
