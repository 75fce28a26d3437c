"""Several clusters: construction, large-neighbourhood search, branch and price, bounds."""
