#!/usr/bin/env bash
# networkx 3.6.1.
#
# Belief: edge_connectivity, minimum_edge_cut and edge_disjoint_paths take a MultiGraph, so two
# parallel links count as two: with every link doubled, it takes two cuts to part the ends.
#
# Behaviour: parallel links are merged into one before counting, without a word. A chain of doubled
# links has edge connectivity 1, one edge-disjoint path and a "minimum cut" whose removal does not
# part anything, while bridges() of the same graph, which does count them, finds no link whose loss
# would. The whole graph of two nodes and two links even has connectivity 2, and between the same
# two nodes it is 1.
#
# Where it matters: fiber routes and circuits with two spans on one stretch; a redundant network is
# called fragile, and the two functions that one would use to check each other disagree.
#
# Output seen:
#   chain: edge_connectivity 1, disjoint paths 1, minimum cut {(1, 2)}, bridges []
#   connected after that cut: True
#   pair: edge_connectivity 2, between the two nodes 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet networkx==3.6.1
cd "$work"
"$work/venv/bin/python" - <<'PY'
import networkx

print("networkx", networkx.__version__)
chain = networkx.MultiGraph([(0, 1), (0, 1), (1, 2), (1, 2)])
connectivity = networkx.edge_connectivity(chain)
paths = len(list(networkx.edge_disjoint_paths(chain, 0, 2)))
cut = networkx.minimum_edge_cut(chain, 0, 2)
bridges = list(networkx.bridges(chain))
print(f"chain: edge_connectivity {connectivity}, disjoint paths {paths}, minimum cut {cut}, bridges {bridges}")
assert connectivity == 1, "changed: the edge connectivity counts parallel links"
assert paths == 1, "changed: the disjoint paths count parallel links"
assert bridges == [], "changed: there is a bridge in a chain of doubled links"

rest = chain.copy()
rest.remove_edges_from(cut)
print("connected after that cut:", networkx.has_path(rest, 0, 2))
assert len(cut) == 1 and networkx.has_path(rest, 0, 2), "changed: the minimum cut parts the chain"

pair = networkx.MultiGraph([(0, 1), (0, 1)])
whole, between = networkx.edge_connectivity(pair), networkx.edge_connectivity(pair, 0, 1)
print(f"pair: edge_connectivity {whole}, between the two nodes {between}")
assert (whole, between) == (2, 1), "changed: whole graph and pair of nodes"
print("as described")
PY
