"""So many clusters beside each other, fixed one after the other where the master has most of one.

A dive (Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa 2019, "Primal heuristics for branch and price:
the assets of diving methods", INFORMS Journal on Computing 31): the outline of which the master of
outlines has most is held there, with sites of its own, and outlines are found that fit beside what
is held. Where there is no room for so many any more, the last that was held is let go, and another
one is tried in its place.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from siting.program.compatible import ROUNDING_MW
from siting.program.outline_master import CHEAPER, WHOLE, OutlineMaster
from siting.program.outlines import Outline, Outlines
from siting.program.solvers import Deadline, Solver

ENOUGH = 6
"""New outlines after which the master is solved again."""

ROUNDS = 3
"""How often outlines are sought that fit better beside what is held, where there is room."""

LACKING_ROUNDS = 12
"""How often they are sought where there is no room with those that are known."""

MISTAKES = 4
"""How often the last that was held is let go."""

LOOKED_AT = 12
"""Outlines of which sites are sought, those first that the master has most of."""


class _Held(NamedTuple):
    """The place of an outline in the master, and sites of a cluster of it."""

    at: int
    sites: tuple[int, ...]


def dive(
    outlines: Outlines, master: OutlineMaster, count: int, solver: Solver, deadline: Deadline
) -> list[tuple[int, ...]]:
    """Sites of so many clusters, or of as many as were found.

    Parameters
    ----------
    outlines, master
        What clusters there are by class, and those of them that are known: more of them afterwards.
    count
        Number of clusters [1].
    solver, deadline
        As in ``solve_anchors``.

    Returns
    -------
    list
        Sites of each cluster, ascending, in no other.
    """
    held: list[_Held] = []
    wrong: list[set[int]] = [set()]
    best: list[_Held] = []
    mistakes = 0
    while not deadline.reached():
        master.hold(Counter(one.at for one in held))
        found = None
        if _room(outlines, master, count, solver, deadline) >= count * (1.0 - WHOLE):
            best = max(best, held, key=len)
            if len(best) == count:
                break
            found = _next(outlines, master, held, wrong[-1])
        if found is not None:
            held = [*held, found]
            wrong.append(set())
            continue
        mistakes += 1
        if not held or mistakes > MISTAKES:
            break
        wrong.pop()
        wrong[-1].add(held[-1].at)
        held = held[:-1]
    master.hold({})
    return [tuple(sorted(one.sites)) for one in best]


def _room(
    outlines: Outlines, master: OutlineMaster, count: int, solver: Solver, deadline: Deadline
) -> float:
    """How many clusters there is room for with what is held, with the outlines found for that."""
    for done in range(LACKING_ROUNDS):
        room = master.solve({})
        if room >= count and done >= ROUNDS:
            return room
        _, found = outlines.cheapest(
            master.prices(), 1.0 - CHEAPER, solver, deadline, enough=ENOUGH
        )
        if not found:
            return room
        for outline in found:
            master.add(outline)
    return master.solve({})


def _next(
    outlines: Outlines, master: OutlineMaster, held: list[_Held], wrong: set[int]
) -> _Held | None:
    """Of the outlines that the master has most of, the one that leaves most room."""
    taken = np.zeros(len(outlines.case.site_ids), np.bool_)
    for one in held:
        taken[list(one.sites)] = True
    before = [one.at for one in held]
    best, most = None, -math.inf
    for at in [at for at in master.fullest() if at not in wrong][:LOOKED_AT]:
        if sites := _sites(outlines, master.outlines[at], taken):
            master.hold(Counter([*before, at]))
            room = master.solve({})
            if room > most + WHOLE:
                best, most = _Held(at, sites), room
    return best


def _sites(outlines: Outlines, outline: Outline, taken: np.ndarray) -> tuple[int, ...] | None:
    """Sites that nothing else has, and that can carry all that an outline draws."""
    wanted = [(k, mw - ROUNDING_MW) for k, draws in outline.draw_mw.items() for mw in draws]
    return outlines.compatible.sites_for(wanted, taken=taken)
