"""Depth-first search with nogood learning, over limits on the branching candidates.

Depth first: of two opposite limits one is followed until no plan is left under it, then the other.
What leaves no plan is seldom all that is followed: often a few limits, near each other on the map,
do so whatever holds elsewhere. Such a **nogood** is kept. Whatever was followed after the last of
its limits is left at once, with what was still open there (conflict-directed backjumping, Prosser
1993); and wherever all of its limits but one hold later, the opposite of that one does (clause
learning, Marques-Silva and Sakallah 1999). So what was proven of one part of the country is not
proven again for each of the ways in which other parts can be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from siting.program.cluster_types.master import FREE, Limits
from siting.program.relaxations.duals import Candidate


class Limit(NamedTuple):
    """A limit on how many clusters count for a candidate.

    Parameters
    ----------
    candidate
        What they have.
    at_most
        Whether it is the largest number, or else the least.
    number
        Of clusters [1].
    """

    candidate: Candidate
    at_most: bool
    number: float

    def opposite(self) -> Limit:
        """What holds where this does not."""
        return Limit(self.candidate, not self.at_most, self.number + (1 if self.at_most else -1))

    def holds(self, limits: Limits) -> bool:
        """Whether it holds wherever some limits do."""
        least, most = limits.get(self.candidate, FREE)
        return most <= self.number if self.at_most else least >= self.number

    def beside(self, limits: Limits) -> Limits:
        """Some limits and this one."""
        least, most = limits.get(self.candidate, FREE)
        if self.at_most:
            return {**limits, self.candidate: (least, min(most, self.number))}
        return {**limits, self.candidate: (max(least, self.number), most)}


Nogood = frozenset[Limit]
"""Limits that no plan of the number of clusters meets together."""


@dataclass(frozen=True)
class _Step:
    """A limit that is followed.

    Parameters
    ----------
    limit
        The limit.
    because
        Limits before it under which no plan meets its opposite; ``None`` where some may.
    """

    limit: Limit
    because: Nogood | None


@dataclass
class NogoodSearch:
    """What is followed now, and what was learned.

    Parameters
    ----------
    closed
        Whether no plan is left.
    times_left
        How often what was followed was left.
    """

    closed: bool = False
    times_left: int = 0
    _path: list[_Step] = field(default_factory=list)
    _nogoods: dict[Nogood, None] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        """All that is followed now."""
        limits: Limits = {}
        for step in self._path:
            limits = step.limit.beside(limits)
        return limits

    @property
    def learned(self) -> int:
        """How many nogoods are known."""
        return len(self._nogoods)

    @property
    def undecided(self) -> int:
        """Number of limits that are followed and whose opposite is left for later."""
        return sum(step.because is None for step in self._path)

    def follow(self, limit: Limit) -> None:
        """Follow a limit; its opposite is left for later."""
        self._path.append(_Step(limit, None))
        self._go_on()

    def learn(self, nogood: Iterable[Limit]) -> None:
        """Know limits that no plan meets together, and leave what is followed if it has them."""
        self._nogoods[frozenset(nogood)] = None
        self._go_on()

    def _go_on(self) -> None:
        """Follow what must be, and leave what is followed as long as it has a nogood."""
        while not self.closed and (nogood := self._follow_what_must_be()) is not None:
            self._leave(nogood)

    def _follow_what_must_be(self) -> Nogood | None:
        """Follow the opposite of each limit that would make a nogood whole.

        A nogood that is whole, of limits that are followed.
        """
        limits, new = self.limits, True
        while new:
            new = False
            for nogood in self._nogoods:
                if any(limit.opposite().holds(limits) for limit in nogood):
                    continue
                lacking = [limit for limit in nogood if not limit.holds(limits)]
                if len(lacking) > 1:
                    continue
                others = self._followed(nogood.difference(lacking))
                if not lacking:
                    return others
                must_be = lacking[0].opposite()
                self._path.append(_Step(must_be, others))
                limits, new = must_be.beside(limits), True
        return None

    def _followed(self, nogood: Nogood) -> Nogood:
        """The first limits that are followed in which those of a nogood hold."""
        followed: set[Limit] = set()
        for limit in nogood:
            followed.add(next(s.limit for s in self._path if limit.holds(s.limit.beside({}))))
        return frozenset(followed)

    def _leave(self, nogood: Nogood) -> None:
        """Backjump to the last limit of a nogood whose opposite is left, and follow that."""
        self.times_left += 1
        while self._path:
            step = self._path.pop()
            if step.limit not in nogood:
                continue
            others = nogood - {step.limit}
            if step.because is None:
                self._path.append(_Step(step.limit.opposite(), others))
                return
            nogood = others | step.because
            self._nogoods[nogood] = None
        self.closed = True
