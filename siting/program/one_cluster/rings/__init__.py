"""Ring networks: a travelling-salesman tour, and the campuses that it visits, chosen together."""
