"""Nodes of the branch-and-price tree: bounds on each cluster's use of a shared resource.

A plan has several clusters, and each has a place in one **slot**: at first all in one that allows
everything. A slot says how much its clusters may draw from a zone at the most and at the least,
which sites they may not have, which they must, and how much clean supply they may take. So one
cluster of a slot is again a question for the anchors, with less headroom and fewer sites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from siting.case import BoolArray, Case
from siting.program.formulation.variables import SupplyStep

EDGE_MW = 1e-5
"""What rounding draws to a watt may add up to in a zone [MW]."""


class Resource(Enum):
    """Kinds of resources that clusters share."""

    ZONE = "zone"
    SITE = "site"
    SUPPLY = "supply"


@dataclass(frozen=True)
class Slot:
    """Clusters of a plan that may take the same of what is shared.

    Parameters
    ----------
    count
        How many clusters.
    most
        What each takes at the most: by kind and position [MW], and 0 for a site that is barred.
    least
        What each takes at the least; 1 for a site that is required.
    """

    count: int
    most: frozenset[tuple[Resource, int, float]] = field(default_factory=frozenset)
    least: frozenset[tuple[Resource, int, float]] = field(default_factory=frozenset)

    def at_most(self, kind: Resource, at: int, most: float) -> Slot:
        """The same with less of one thing."""
        held = [mw for k, where, mw in self.most if (k, where) == (kind, at)]
        others = {limit for limit in self.most if limit[:2] != (kind, at)}
        return replace(self, most=frozenset(others | {(kind, at, min([most, *held]))}))

    def at_least(self, kind: Resource, at: int, least: float) -> Slot:
        """The same with a part of one thing that is taken in any case."""
        held = [mw for k, where, mw in self.least if (k, where) == (kind, at)]
        others = {limit for limit in self.least if limit[:2] != (kind, at)}
        return replace(self, least=frozenset(others | {(kind, at, max([least, *held]))}))

    def least_of(self, kind: Resource, at: int) -> float:
        """What each takes of one thing at the least [MW]; 1 of a site that is required."""
        return max((mw for k, where, mw in self.least if (k, where) == (kind, at)), default=0.0)

    def allows(self, uses: Mapping[tuple[Resource, int], float]) -> bool:
        """Whether a cluster that takes so much can stand here."""
        return all(
            uses.get((kind, at), 0.0) <= most + EDGE_MW for kind, at, most in self.most
        ) and all(uses.get((kind, at), 0.0) >= least - EDGE_MW for kind, at, least in self.least)

    def ask(self, case: Case, steps: Sequence[SupplyStep]) -> tuple[Case, BoolArray]:
        """The question for one cluster of this slot.

        Returns
        -------
        question
            The case with what is allowed here.
        lead
            ``(I,)`` sites of which every cluster here has one.
        """
        headroom_mw, max_mw = case.headroom_mw.copy(), case.max_mw.copy()
        contractable_mwh = case.contractable_mwh.copy()
        required = case.required.copy()
        least_zone_mw = np.zeros(len(case.zone_ids))
        for kind, at, most in self.most:
            if kind is Resource.ZONE:
                headroom_mw[at] = min(headroom_mw[at], most)
            elif kind is Resource.SITE:
                max_mw[at] = 0.0
            else:
                plants = list(steps[at].plants)
                contractable_mwh[plants] *= min(1.0, most / steps[at].available_mw)
        for kind, at, least in self.least:
            if kind is Resource.ZONE:
                least_zone_mw[at] = least
            else:
                required[at] = True
        question = replace(
            case,
            cluster=case.cluster.model_copy(update={"count": 1}),
            headroom_mw=headroom_mw,
            max_mw=max_mw,
            contractable_mwh=contractable_mwh,
            required=required,
            least_zone_mw=least_zone_mw if least_zone_mw.any() else None,
        )
        return _near_least(question)


def _near_least(case: Case) -> tuple[Case, BoolArray]:
    """Bar what is out of reach of all sites of a zone that a cluster draws from."""
    lead = case.usable.copy()
    if case.least_zone_mw is None:
        return case, lead
    near = np.ones(len(case.site_ids), dtype=np.bool_)
    for z in np.flatnonzero(case.least_zone_mw > 0).tolist():
        inside = np.zeros(len(near), dtype=np.bool_)
        inside[case.sites_in_zone.get(z, np.empty(0, np.int64))] = True
        inside &= case.usable
        if case.cap_mw[inside].sum() < case.least_zone_mw[z] - EDGE_MW:
            inside[:] = False
        if case.cluster.network == "mesh":
            around = inside.copy()
            for i in np.flatnonzero(inside).tolist():
                around[case.reach.of(i)[0]] = True
            near &= around
        if inside.sum() < lead.sum():
            lead = inside
    return replace(case, max_mw=np.where(near, case.max_mw, 0.0)), lead & near


def joined(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """The same, with slots that allow the same as one."""
    counts: dict[Slot, int] = {}
    for slot in slots:
        alone = replace(slot, count=1)
        counts[alone] = counts.get(alone, 0) + slot.count
    return tuple(replace(slot, count=count) for slot, count in counts.items() if count)
