"""The mixed-integer program: rules, solvers, and the decomposition that makes it scale.

Nothing outside this package knows PuLP.
"""

from siting.program.solve import solve

__all__ = ["solve"]
