"""Incumbent and dual bound: the best plan that a search found, and what it proved.

Costs are less the better, in every sense; `sign_of` turns an objective into one. The **gap** is
what lies between the incumbent and the bound, relative to the incumbent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siting.case import Case

ROUNDING = 1e-8
"""What rounding draws to a watt may do to an objective, relative to it [1]."""

Choice = tuple[tuple[int, ...], ...]
"""For each cluster, the positions of its sites, ascending."""


@dataclass(frozen=True)
class Settled:
    """Draws and contracts of chosen sites.

    Parameters
    ----------
    draw_mw
        For each cluster, position of a site to draw [MW].
    contract_mwh
        For each cluster, (position of a plant, position of a site) to energy [MWh/year].
    objective
        In the unit of the sense, added up by arithmetic.
    tours
        For each cluster of a ring network, its sites in the order of the tour; empty for others.
    """

    draw_mw: tuple[dict[int, float], ...]
    contract_mwh: tuple[dict[tuple[int, int], float], ...]
    objective: float
    tours: tuple[tuple[int, ...], ...] = ()

    @property
    def choice(self) -> Choice:
        """The sites of each cluster."""
        return tuple(tuple(sorted(draws)) for draws in self.draw_mw)

    def at(self, sites: np.ndarray) -> Settled:
        """The same in the positions that the sites have elsewhere: ``sites[i]`` for ``i``."""
        return Settled(
            tuple({int(sites[i]): mw for i, mw in draws.items()} for draws in self.draw_mw),
            tuple(
                {(r, int(sites[i])): mwh for (r, i), mwh in contracts.items()}
                for contracts in self.contract_mwh
            ),
            self.objective,
            tuple(tuple(int(sites[i]) for i in tour) for tour in self.tours),
        )


@dataclass(frozen=True)
class Proof:
    """What a search found and proved.

    Parameters
    ----------
    best
        The best plan found, if any.
    bound
        No plan is better than this, in the unit of the sense.
    infeasible
        It is proven that there is no plan.
    complete
        The search ended by proof, within the gap asked.
    """

    best: Settled | None
    bound: float
    infeasible: bool
    complete: bool


def sign_of(case: Case) -> float:
    """1 where less is better, -1 where more is."""
    return -1.0 if case.sense == "maximise_mw" else 1.0


def better_by_gap(cost: float, gap: float) -> float:
    """A cost that is less by a gap [1]: what is not below it is not worth another search."""
    # A hair less than the gap, so that rounding does not state more than was asked.
    return cost - gap * (1 - ROUNDING) * abs(cost)


def within_gap(cost: float, bound: float, gap: float) -> bool:
    """Whether a bound proves a cost to a gap [1], but for rounding."""
    return cost - bound <= (gap + ROUNDING) * abs(cost)
