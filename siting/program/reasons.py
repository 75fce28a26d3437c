"""Why there is no plan, as far as arithmetic tells without another solve."""

from __future__ import annotations

import numpy as np

from siting.case import Case
from siting.program.anchors import neighbourhood_sizes


def why_infeasible(case: Case) -> str:
    """One or more lines that say why a case, proven infeasible, has no plan."""
    reasons = [*_required(case), *_too_few(case), *_too_small(case)]
    if not reasons:
        together = (
            "each limit can be met alone, but not all together: proven by exhausting every "
            f"cluster of {int(case.usable.sum())} usable sites; relax one of [cluster], "
            "[campus] or [clean], starting with the one you are least sure of"
        )
        reasons = [together]
    return "\n".join(f"no plan: {reason}" for reason in reasons)


def _required(case: Case) -> list[str]:
    required = np.flatnonzero(case.required)
    reasons = [
        f"site {case.site_ids[i]!r} is required, but takes at most {case.cap_mw[i]:,.1f} MW "
        f"(its interconnection, campus.max_mw and the headroom of its zones), and a campus draws "
        f"at least {case.min_mw:,.1f} MW; drop it from world.require_sites, or lower campus.min_mw"
        for i in required
        if not case.usable[i]
    ]
    if case.cluster.count > 1:
        return reasons
    for position, i in enumerate(required):
        within, _ = case.reach.of(int(i))
        reasons.extend(
            f"required sites {case.site_ids[i]!r} and {case.site_ids[j]!r} are more than "
            f"{case.cluster.max_fiber_km:,.0f} km apart by fiber; raise cluster.max_fiber_km, or "
            "drop one of them"
            for j in required[position + 1 :]
            if j not in within
        )
    if len(required) > case.cluster.max_campuses:
        reasons.append(
            f"{len(required)} sites are required, but a cluster has at most "
            f"{case.cluster.max_campuses} campuses; raise cluster.max_campuses"
        )
    return reasons


def _too_few(case: Case) -> list[str]:
    usable = np.flatnonzero(case.usable)
    wanted = case.cluster.count * case.cluster.min_campuses
    reasons = []
    if len(usable) < wanted:
        reasons.append(
            f"{wanted} campuses are needed, but only {len(usable)} of {len(case.site_ids)} sites "
            f"take a campus of {case.min_mw:,.1f} MW; lower campus.min_mw or "
            "cluster.min_campuses, or give more headroom"
        )
    for kind, groups, least in (
        ("utilities", case.utility, case.cluster.min_utilities),
        ("regions", case.region, case.cluster.min_regions),
    ):
        found = len(np.unique(groups[usable][groups[usable] >= 0]))
        if least > 1 and found < least:
            reasons.append(
                f"{least} {kind} are needed, but the usable sites have {found}; lower "
                f"cluster.min_{kind}"
            )
    return reasons


def _too_small(case: Case) -> list[str]:
    if case.target is None or not case.usable.any():
        return []
    sizes, sites = neighbourhood_sizes(case)
    largest, around = float(sizes.max()), int(sites[int(np.argmax(sizes))])
    if largest >= case.target * (1 - 1e-9):
        return []
    unit, key = ("MW", "target_mw")
    if case.cluster.target_it_mw is not None:
        unit, key = "MW of IT load", "target_it_mw"
    where = case.regions[case.region[around]] if case.region[around] >= 0 else None
    place = f"site {case.site_ids[around]!r}" + (f" in {where}" if where else "")
    reason = (
        f"{case.target:,.0f} {unit} asked, but {case.cluster.max_campuses} campuses within "
        f"{case.cluster.max_fiber_km:,.0f} km of each other have at most {largest:,.0f} {unit} "
        f"(around {place}); lower cluster.{key} to {np.floor(largest):,.0f} or less, raise "
        "cluster.max_fiber_km, or give more headroom"
    )
    return [reason]
