"""One cluster, exact: branch and bound over its first member, one module for each sense."""
