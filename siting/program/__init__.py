"""The optimisation: a mixed-integer linear program, and the decompositions that make it scale.

Nothing outside this package knows PuLP.
"""

from siting.program.solve import solve

__all__ = ["solve"]
