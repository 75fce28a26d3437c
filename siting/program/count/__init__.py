"""Maximum packing of clusters: a bound by branch and price over cluster types, and heuristics."""
