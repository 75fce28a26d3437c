"""Merged subproblems: anchors whose neighbourhoods share most of their sites, solved as one.

Around a good place there are dozens of anchors, and most sites of their neighbourhoods are the
same: their programs ask the same question again and again. The program of the union of some
neighbourhoods holds every cluster of each, and all its plans are plans of the whole; so its bound
is a bound on all of these anchors, and one search takes the place of dozens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from siting.fiber.reach import IntArray

SHARED = 0.5
"""Part of its sites that a neighbourhood shares with a group that it joins [0-1]."""


@dataclass(frozen=True, eq=False)
class Group:
    """Anchors whose programs are solved as one.

    Parameters
    ----------
    anchors
        Their positions.
    sites
        Positions of the sites of their neighbourhoods, ascending.
    bound
        No plan of these anchors is better (as a cost).
    """

    anchors: tuple[int, ...]
    sites: IntArray
    bound: float

    def joined(self, other: Group) -> Group:
        """Both groups as one."""
        return Group(
            self.anchors + other.anchors,
            np.union1d(self.sites, other.sites),
            min(self.bound, other.bound),
        )

    def shares(self, other: Group) -> float:
        """Part of the other group's sites that are in this one [0-1]."""
        return len(np.intersect1d(self.sites, other.sites, assume_unique=True)) / len(other.sites)


def group_by_sites(single: Sequence[Group], most_sites: int) -> list[Group]:
    """Join groups of one anchor that share most of their sites, in their order.

    Parameters
    ----------
    single
        One group for each anchor.
    most_sites
        No joined group has more sites.
    """
    groups: list[Group] = []
    for one in single:
        for at, group in enumerate(groups):
            if group.shares(one) >= SHARED:
                joined = group.joined(one)
                if len(joined.sites) <= most_sites:
                    groups[at] = joined
                    break
        else:
            groups.append(one)
    return groups
