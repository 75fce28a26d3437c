"""Branch and price over single clusters, priced by the search for one cluster."""
