"""Sites before any program: their sets, what is around each, presolve, residual capacity."""
