"""Time limit and user interrupt of a search."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_S = 0.05
"""How often a running solver is asked to stop when an interrupt or the deadline has come [s]."""

GRACE_S = 1.0
"""How long after its own time limit a solver is told to stop from outside [s]."""


class Deadline:
    """When to stop: a time limit, or the user's interrupt.

    Parameters
    ----------
    time_limit_s
        Seconds from now [s].
    interrupted
        Called often; true when the user wants to stop.
    """

    def __init__(self, time_limit_s: float, interrupted: Callable[[], bool] | None = None) -> None:
        self._end = time.monotonic() + time_limit_s
        self._interrupted = interrupted or (lambda: False)

    def within(self, limit_s: float) -> Deadline:
        """An earlier deadline: at most ``limit_s`` from now, and not after this one."""
        return Deadline(min(limit_s, self.left_s()), self._interrupted)

    def left_s(self) -> float:
        """Seconds left [s], not less than 0."""
        return max(0.0, self._end - time.monotonic())

    def reached(self) -> bool:
        """Whether it is time to stop."""
        return self.left_s() == 0 or self._interrupted()

    def overdue(self) -> bool:
        """Whether a solver that keeps time should have stopped by itself."""
        return time.monotonic() > self._end + GRACE_S or self._interrupted()
