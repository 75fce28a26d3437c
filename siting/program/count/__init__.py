"""The most clusters there is room for: a packing problem, by branch and price over their types."""
