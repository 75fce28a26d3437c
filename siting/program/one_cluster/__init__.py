"""One cluster, exact: combinatorial branch and bound over its first member."""
