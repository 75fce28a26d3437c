"""Column generation over cluster types: master, pricing problem, and the sites of a type."""
