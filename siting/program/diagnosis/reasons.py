"""Certificates of infeasibility: why there is no plan, in words.

As far as arithmetic, bounds or a short search of the largest ring tell.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.fiber import pieces_of
from siting.fiber.reach import IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.diagnosis.switches import BOUNDED, HasPlan, in_the_way
from siting.program.one_cluster.solve import (
    ANY_GAP,
    in_no_cluster,
    neighbourhood_sizes,
    solve_one_cluster,
)
from siting.program.relaxations.class_lp import ClassLp, anchors_with_room
from siting.program.relaxations.region_milp import first_groups, most_clusters, of_any_cluster
from siting.program.sites.neighbourhoods import first_members, neighbourhood, order_sites
from siting.program.sites.presolve import required_apart
from siting.wording import listing

SYNC_LIMITS = ("max_sync_s", "min_compute_utilisation")
"""Keys of ``[cluster]`` that bound its links by the time that they take."""


def why_infeasible(case: Case, has_plan: HasPlan | None = None) -> str:
    """One or more lines that say why a case, proven infeasible, has no plan.

    Parameters
    ----------
    case
        The question as numbers.
    has_plan
        Asked whether there is a plan without one limit or another, where nothing simpler says why.
    """
    reasons = [*_required(case), *_too_few(case)]
    if not reasons:
        reasons = _too_few_on_a_piece(case)
    mesh = case.cluster.network == "mesh"
    if not reasons and mesh:
        reasons = _too_few_near(case)
    if not reasons:
        reasons = _too_small(case)
    if not reasons and mesh:
        reasons = _held_back(case)
    if not reasons and case.cluster.network == "ring":
        reasons = _too_small_ring(case)
    if not reasons:
        reasons = _no_clean_energy(case)
    if not reasons:
        reasons = _too_many(case)
    if not reasons:
        limits = [] if has_plan is None else in_the_way(case, has_plan)
        together = (
            "the limits leave no plan together: proven by exhausting every cluster of "
            f"{int(case.usable.sum())} usable sites"
        )
        todo = "; relax one of [cluster], [campus] or [clean], starting with the one you are least "
        reasons = [together if limits else f"{together}{todo}sure of", *limits, *_in_pieces(case)]
    reasons += _in_time(case)
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
    if case.cluster.count != 1:
        return reasons or _too_many_required(case) or _in_no_cluster(case)
    apart = _required_on_pieces(case)
    if apart:
        return [*reasons, *apart]
    if case.cluster.network == "hub" and required_apart(case):
        reasons.append(
            f"no site is within {case.reach.limit_km:,.0f} km of all {len(required)} required "
            "sites, so none can be their hub; raise cluster.max_fiber_km, or require fewer"
        )
    for position, i in enumerate(required):
        within, _ = case.reach.of(int(i))
        reasons.extend(
            f"required sites {case.site_ids[i]!r} and {case.site_ids[j]!r} are more than "
            f"{case.reach.limit_km:,.0f} km apart by fiber; raise cluster.max_fiber_km, or "
            "drop one of them"
            for j in required[position + 1 :]
            if case.cluster.network == "mesh" and j not in within
        )
    if len(required) > case.cluster.max_campuses:
        reasons.append(
            f"{len(required)} sites are required, but a cluster has at most "
            f"{case.cluster.max_campuses} campuses; raise cluster.max_campuses"
        )
    return reasons


def _too_many_required(case: Case) -> list[str]:
    """That all clusters together have too few campuses for the required sites."""
    required, most = int(case.required.sum()), case.cluster.max_campuses
    if case.asks_most or required <= case.count * most:
        return []
    reason = (
        f"{required} sites are required, but {case.count} clusters of at most {most} campuses each "
        f"have at most {case.count * most}; raise cluster.max_campuses, or require fewer"
    )
    return [reason]


def _in_no_cluster(case: Case) -> list[str]:
    """Required sites that no cluster can have, each with why."""
    reasons = []
    for i in in_no_cluster(case, Solver("highs", ANY_GAP, 1), Deadline(LIMIT_S)):
        alone = replace(case.of_clusters(1), required=np.arange(len(case.site_ids)) == i)
        why = why_infeasible(alone).splitlines()[0].removeprefix("no plan: ")
        reasons.append(f"site {case.site_ids[i]!r} is required, but no cluster can have it: {why}")
    return reasons


def _required_on_pieces(case: Case) -> list[str]:
    """Required sites between which there is no fiber at all."""
    required = np.flatnonzero(case.required)
    piece = _piece_of_sites(case)
    if piece is None or len(np.unique(piece[required])) < 2:
        return []
    first = int(required[0])
    other = int(required[piece[required] != piece[first]][0])
    reason = (
        f"required sites {case.site_ids[first]!r} and {case.site_ids[other]!r} are on pieces of "
        "the fiber that do not meet, so there is no route at any length; drop one of them, or join "
        "the pieces"
    )
    return [reason, *_in_pieces(case)]


def _in_time(case: Case) -> list[str]:
    """What the limits on synchronisation leave, where they take away anything."""
    cluster = case.cluster
    if not case.km_by_campuses:
        return []
    ring = cluster.network == "ring"
    leave = ", ".join(f"{km:,.0f} km for {m} campuses" for m, km in case.lengths_in_time)
    keys = [key for key in SYNC_LIMITS if getattr(cluster, key) is not None]
    named = listing(f"cluster.{key}" for key in keys)
    reason = (
        f"{named} {'leave' if len(keys) > 1 else 'leaves'} at most {cluster.max_campuses} "
        f"campuses, and {'a tour' if ring else 'links'} of at most {leave}; relax them, or raise "
        "training.bandwidth_gbps or training.inner_steps"
    )
    return [reason]


LIMIT_S = 20.0
"""Time for the bounds that say why [s]."""

SHOWN_PLANTS = 5
"""Plants that are named in a reason; the others are counted."""

RING_GAP = 1e-3
"""Gap at which the largest ring is large enough to say why [1]."""


def _too_few(case: Case) -> list[str]:
    usable = np.flatnonzero(case.usable)
    wanted = (1 if case.asks_most else case.count) * case.cluster.min_campuses
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


def _piece_of_sites(case: Case) -> IntArray | None:
    """``(I,)`` the piece of the fiber that each site joins, where it is known."""
    if case.routes is None:
        return None
    return case.routes.graph.component[case.routes.access.node]


def _on_pieces(case: Case) -> list[IntArray]:
    """Usable sites by the piece of the fiber that they join; no cluster spans two."""
    usable, piece = np.flatnonzero(case.usable), _piece_of_sites(case)
    if piece is None:
        return [usable]
    return [usable[piece[usable] == number] for number in np.unique(piece[usable])]


def _in_pieces(case: Case) -> list[str]:
    """That usable sites are on several pieces of the fiber, if they are, and where these miss."""
    usable = np.flatnonzero(case.usable)
    if case.routes is None or len(_on_pieces(case)) < 2:
        return []
    pieces = pieces_of(case.routes.graph, case.routes.access.node[usable])
    return [pieces.describe("usable sites")]


def _too_few_on_a_piece(case: Case) -> list[str]:
    """Counts that no piece of the fiber can meet, whatever the length of a link."""
    pieces = _on_pieces(case)
    if len(pieces) < 2:
        return []
    reasons = []
    on_one = "on any one piece of the fiber, and no link spans two"
    most = max(len(sites) for sites in pieces)
    if most < case.cluster.min_campuses:
        reasons.append(
            f"{case.cluster.min_campuses} campuses are needed, but there "
            f"{'is' if most == 1 else 'are'} at most {most} usable site{'s' * (most != 1)} "
            f"{on_one}; lower cluster.min_campuses, or join the pieces"
        )
    for kind, groups, least in (
        ("utilities", case.utility, case.cluster.min_utilities),
        ("regions", case.region, case.cluster.min_regions),
    ):
        found = max(len(np.unique(groups[sites][groups[sites] >= 0])) for sites in pieces)
        if least > 1 and found < least:
            reasons.append(
                f"{least} {kind} are needed, but usable sites have at most {found} {on_one}; lower "
                f"cluster.min_{kind}, or join the pieces"
            )
    return [*reasons, *_in_pieces(case)] if reasons else []


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
    limit_km, most = case.reach.limit_km, case.cluster.max_campuses
    together = {
        "mesh": f"{most} campuses within {limit_km:,.0f} km of each other have",
        "hub": f"a hub and campuses within {limit_km:,.0f} km of it, {most} together, have",
        "ring": f"{most} campuses of a ring of at most {case.cluster.max_ring_km:,.0f} km have",
    }[case.cluster.network]
    module_mw = case.campus.module_mw
    pieces: list[str] = []
    modules = f" in whole modules of {module_mw:,.0f} MW" if module_mw > 0 else ""
    fullest = most * case.campus.max_mw * float(case.target_per_mw[case.usable].max())
    more = "cluster.max_campuses or campus.max_mw" if fullest < case.target else ""
    if largest >= fullest * (1 - 1e-9):
        # Neither reach nor headroom is in the way.
        remedy = f"or raise {more}"
    else:
        smaller = "lower campus.module_mw, " if module_mw > 0 else ""
        longer = "cluster.max_ring_km or cluster.max_fiber_km"
        wider = longer if case.cluster.network == "ring" else "cluster.max_fiber_km"
        wider = wider if most > 1 else "cluster.max_campuses"
        also = f"; in any case raise {more}" if more and most > 1 else ""
        if most > 1 and not _can_be_larger(case, largest * (1 + 1e-6) if more else case.target):
            pieces = _in_pieces(case)
            remedy = f"{smaller}or give more headroom{also}"
        else:
            remedy = f"{smaller}raise {wider}, or give more headroom{also}"
    reason = (
        f"{case.target:,.0f} {unit} asked, but {together if most > 1 else 'one campus has'} "
        f"at most {largest:,.0f} {unit}{modules} ({'around' if most > 1 else 'at'} {place}); "
        f"lower cluster.{key} to {np.floor(largest):,.0f} or less, {remedy}"
    )
    return [reason, *pieces]


def _can_be_larger(case: Case, size: float) -> bool:
    """Whether a cluster might be so large, or larger, if links had any length."""
    most = case.cluster.max_campuses
    cap = case.cap_mw * case.target_per_mw
    large = [sites for sites in _on_pieces(case) if np.sort(cap[sites])[-most:].sum() >= size]
    if not large:
        return False
    relaxed = ClassLp(case)
    return any(relaxed.size_within(sites) >= size * (1 - 1e-9) for sites in large)


def _too_small_ring(case: Case) -> list[str]:
    """What the largest ring has, by all other rules, if the time is enough to know it."""
    target_mw = case.cluster.target_mw
    if target_mw is None or case.asks_most or case.count != 1:
        return []
    cluster = case.cluster.model_copy(update={"target_mw": None})
    any_size = replace(case, sense="maximise_mw", cluster=cluster)
    found = solve_one_cluster(any_size, Solver("highs", RING_GAP, 1), Deadline(LIMIT_S))
    if found.best is None or found.bound >= target_mw * (1 - 1e-9):
        return []
    reason = (
        f"{target_mw:,.0f} MW asked, but {cluster.max_campuses} campuses of a ring of at most "
        f"{cluster.max_ring_km:,.0f} km with hops of at most {case.reach.limit_km:,.0f} km have at "
        f"most {np.ceil(found.bound):,.0f} MW; lower cluster.target_mw to "
        f"{np.floor(found.best.objective):,.0f} or less, raise cluster.max_ring_km, "
        "cluster.max_fiber_km or cluster.max_campuses, or give more headroom"
    )
    return [reason]


def _too_many(case: Case) -> list[str]:
    """Whether there is room for fewer clusters, as far as their sums tell."""
    if case.asks_most or case.count == 1 or not case.usable.any():
        return []
    any_cluster, _ = of_any_cluster(case)
    most = most_clusters(any_cluster, first_groups(any_cluster), Deadline(LIMIT_S))
    if most >= case.count:
        return []
    reason = (
        f"{case.count} clusters of {_wanted(case)} are asked, but no plan has more than {most}, "
        'and it may be fewer: count = "most" finds out; lower cluster.count'
        f"{'' if case.target is None else ' or the target'}, or give more headroom"
    )
    return [reason]


def _too_few_near(case: Case) -> list[str]:
    """Counts that no set of sites within reach of one of them can meet."""
    ordered = case.take(order_sites(case))
    near = [neighbourhood(ordered, h) for h in first_members(ordered).tolist()]
    reasons = []
    within = f"within {case.reach.limit_km:,.0f} km of one of them by fiber"
    # Where time leaves shorter links than the model asks, longer ones would be of no use.
    in_time = bool(case.km_by_campuses) and case.reach.limit_km < case.cluster.max_fiber_km
    longer = "leave more time to synchronise" if in_time else "raise cluster.max_fiber_km"
    most = max((len(sites) for sites in near), default=0)
    if most < case.cluster.min_campuses:
        reasons.append(
            f"{case.cluster.min_campuses} campuses are needed, but at most {most} usable "
            f"site{'s are' if most != 1 else ' is'} {within}; lower cluster.min_campuses, or "
            f"{longer}"
        )
    for kind, groups, least in (
        ("utilities", ordered.utility, case.cluster.min_utilities),
        ("regions", ordered.region, case.cluster.min_regions),
    ):
        if least <= 1:
            continue
        found = max(
            (len(np.unique(groups[sites][groups[sites] >= 0])) for sites in near), default=0
        )
        if found < least:
            reasons.append(
                f"{least} {kind} are needed, but usable sites {within} have at most {found}; "
                f"lower cluster.min_{kind}, or {longer}"
            )
    return reasons


def _held_back(case: Case) -> list[str]:
    """Rules without which there would be room for a cluster, but with which there is none."""
    deadline = Deadline(LIMIT_S)
    if not case.usable.any() or _has_room(case, deadline) is not False:
        return []
    return [
        f"{switch.words} ({switch.stated(case)}) leaves no room for a cluster of "
        f"{_wanted(case)}: without it the bounds would allow one; {switch.remedy} "
        f"{switch.path}{_what_it_leaves(case, switch.key)}"
        for switch in BOUNDED
        if switch.is_on(case) and _has_room(switch.without(case), deadline)
    ]


def _has_room(case: Case, deadline: Deadline) -> bool | None:
    """Whether bounds leave room for one cluster; None where time ran out."""
    one = case.of_clusters(1)
    if case.cluster.count != 1:
        one = replace(one, required=np.zeros(len(case.site_ids), dtype=np.bool_))
    anchors, _, stopped = anchors_with_room(one.take(order_sites(one)), deadline)
    return None if stopped else len(anchors) > 0


def _what_it_leaves(case: Case, key: str) -> str:
    """The largest cluster with clean energy, beyond reach even, where that says something."""
    if key != "min_fraction" or case.target is None:
        return ""
    largest = ClassLp(case).size_within(np.flatnonzero(case.usable))
    areas = sum(
        not np.any((case.supply_area == area) & (case.contractable_mwh > 0))
        for area in np.unique(case.area[case.usable])
    )
    nothing = f"; {areas} delivery areas of usable sites have no clean supply" if areas else ""
    nothing += _stray_supply(case)
    whole = max(0.0, largest)
    return (
        f", or widen clean.deliver_within; in the delivery areas of all usable sites together "
        f"there is clean energy for {np.floor(whole):,.0f} MW{nothing}"
        if whole < case.target
        else f", or widen clean.deliver_within{nothing}"
    )


def _no_clean_energy(case: Case) -> list[str]:
    """Whether no usable site can be as clean as a cluster has to be on average."""
    wanted = case.clean.min_fraction
    sites = np.flatnonzero(case.usable)
    served = np.isin(case.area[sites], case.supply_area[case.contractable_mwh > 0])
    mix = case.grid_clean_fraction[sites]
    if wanted == 0 or not len(sites) or (served | (mix >= wanted)).any():
        return []
    least = f"; their own mixes are at most {100 * mix.max():.0f} % clean" if mix.any() else ""
    within = case.clean.deliver_within
    wider = "" if within == "anywhere" else ", widen clean.deliver_within"
    where = "anywhere" if within == "anywhere" else f"within one {within}"
    reason = (
        f"clean.min_fraction is {wanted:g}, but no clean supply can be contracted {where} of any "
        f"usable site{least}; lower clean.min_fraction{wider}, or give clean supply"
    )
    return [reason]


def _stray_supply(case: Case) -> str:
    """Clean plants that nobody can be delivered from, as they lie in no zone."""
    count = len(case.stray_ids)
    if not count:
        return ""
    shown = ", ".join(f"'{name}'" for name in case.stray_ids[:SHOWN_PLANTS])
    more = f" and {count - SHOWN_PLANTS:,} more" if count > SHOWN_PLANTS else ""
    plants, lie = ("1 clean plant", "lies") if count == 1 else (f"{count:,} clean plants", "lie")
    within = case.clean.deliver_within
    area = f"{'an' if within[0] in 'aeiou' else 'a'} {within}"
    return (
        f"; {plants}, {case.stray_mwh / 1e6:,.2f} TWh/year, {lie} in no {within} and cannot be "
        f"delivered within {area}: {shown}{more}"
    )


def _wanted(case: Case) -> str:
    if case.target is None:
        return "any size"
    kind = "MW of IT load" if case.cluster.target_it_mw is not None else "MW"
    return f"{case.target:,.0f} {kind}"
