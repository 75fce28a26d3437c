"""How a long computation tells its caller where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a computation stands, at one moment.

    Parameters
    ----------
    stage
        What is being done, as a short phrase that stays the same through the stage.
    incumbent, bound
        The best plan so far and what no plan can better, in the unit of the sense (MUSD/year, MW
        or km); None while there is none.
    done, total
        Steps of the stage that are done, of how many; a total of 0 says that it is not known.
    message
        Anything else that a reader would want to know.
    """

    stage: str
    incumbent: float | None = None
    bound: float | None = None
    done: int = 0
    total: int = 0
    message: str = ""


ProgressCallback = Callable[[Progress], None]
