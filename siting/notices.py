"""What was done to the input and a user should know: said, and no reason to stop."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Notice:
    """One thing that was read otherwise than it stands in a file: repaired, joined, left out.

    Parameters
    ----------
    where
        The file that it is about, as the user wrote it.
    what
        What was done, to how many rows, and why.
    """

    where: str
    what: str


IN_NO_ZONE = "in no zone"
"""What leaves out plants that no zone holds, in `LeftOut.by`: they stay in the table."""


@dataclass(frozen=True)
class LeftOut:
    """Rows that are read but take no part.

    Parameters
    ----------
    by
        The key of the model that leaves them out, with its value, such as
        ``world.min_kv = 230``; or what else does, such as ``in no zone`` or ``in no zone of
        zones.geojson, which takes the place of the base's``.
    table, rows, mw
        Of which table, how many, and what they could draw or yield [MW].
    """

    by: str
    table: str
    rows: int
    mw: float


@dataclass
class Notices:
    """Collects notices while a world is read."""

    found: list[Notice] = field(default_factory=list)

    def add(self, where: str, what: str) -> None:
        """Remember one notice."""
        self.found.append(Notice(where, what))
