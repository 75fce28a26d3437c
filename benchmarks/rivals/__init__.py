"""Ways to solve a case: one module each, with ``solve(case, clock, settings) -> Answer``."""
