"""Cluster types, the columns of a Dantzig-Wolfe master, and their sites by Benders cuts."""
