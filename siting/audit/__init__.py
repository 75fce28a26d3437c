"""The referee: rechecks a plan against its case by arithmetic, without the solver.

Of a plan only the ids, draws and contracts are believed. Everything else that it states (loads,
costs, lengths, totals, objective) is worked out again from the case and compared. ``CHECKS`` is
the table of contents: one function a limit, and the name under which a failure is reported.
"""

from siting.audit.checks import CHECKS, audit

__all__ = ["CHECKS", "audit"]
