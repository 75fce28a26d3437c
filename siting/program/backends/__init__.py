"""The solvers: whole programs through PuLP, linear programs through HiGHS, and their time."""
