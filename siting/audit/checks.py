"""The table of contents of the audit: every check, and the name under which it fails."""

from __future__ import annotations

import numpy as np

from siting.audit.campus import (
    campuses_draw_at_least,
    campuses_draw_at_most,
    campuses_draw_whole_modules,
    campuses_fit_their_sites,
    required_sites_are_used,
    sites_are_used_once,
)
from siting.audit.clean import (
    clean_fractions_are_recomputed,
    clusters_are_clean,
    contracts_are_not_negative,
    contracts_are_within_own_energy,
    contracts_can_be_delivered,
    plants_are_not_oversold,
)
from siting.audit.cluster import (
    clusters_are_as_many_as_asked,
    clusters_have_enough_campuses,
    clusters_have_enough_regions,
    clusters_have_enough_utilities,
    clusters_have_few_campuses,
    clusters_reach_the_it_target,
    clusters_reach_the_target,
    clusters_survive_a_campus,
    clusters_survive_a_utility,
    utilities_have_small_shares,
)
from siting.audit.cost import costs_are_recomputed
from siting.audit.facts import (
    campus_facts_are_the_sites,
    ids_are_known,
    it_load_is_draw_by_pue,
    numbers_are_finite,
    seconds_are_times,
    sense_is_as_asked,
    totals_are_sums,
)
from siting.audit.hearing import Check, Hearing, place_cluster
from siting.audit.links import (
    links_follow_their_spans,
    links_have_their_delay,
    links_have_their_equipment,
    links_have_their_length,
    links_have_their_tier,
    shared_spans_are_recounted,
)
from siting.audit.network import (
    clusters_compute_enough,
    clusters_survive_a_span,
    clusters_synchronise_in_time,
    links_are_within_reach,
    links_make_the_network,
    rings_are_short,
    training_is_recomputed,
)
from siting.audit.proof import (
    bound_is_on_its_side,
    gap_is_recomputed,
    objective_is_recomputed,
    status_is_earned,
)
from siting.audit.zones import zones_have_headroom, zones_state_their_use
from siting.case import Case
from siting.errors import AuditError
from siting.plan import AuditReport, Plan


def audit(case: Case, plan: Plan, *, gap_asked: float | None = None) -> AuditReport:
    """Recheck every limit of a plan, and every number that it states.

    Parameters
    ----------
    case
        The question as numbers.
    plan
        The answer; its own ``audit`` is not looked at.
    gap_asked
        The gap [1] that the model asks of the solver. Where it is given, a plan that calls itself
        ``optimal`` must be within it.

    Returns
    -------
    AuditReport
        Names of the checks, all passed.

    Raises
    ------
    AuditError
        With every check that failed, by name of the limit and with the values found.
    """
    hearing = Hearing(case, plan, tuple(place_cluster(case, c) for c in plan.clusters), gap_asked)
    # What is infinite makes NaN on the way, which no comparison lets pass.
    with np.errstate(invalid="ignore"):
        failures = [(name, what) for name, check in CHECKS for what in check(hearing)]
    if failures:
        raise AuditError(failures)
    return AuditReport(passed=True, checks=tuple(name for name, _ in CHECKS))


CHECKS: tuple[tuple[str, Check], ...] = (
    ("ids known", ids_are_known),
    ("numbers finite", numbers_are_finite),
    ("objective.sense", sense_is_as_asked),
    ("campus facts", campus_facts_are_the_sites),
    ("campus.min_mw", campuses_draw_at_least),
    ("campus.max_mw", campuses_draw_at_most),
    ("campus.module_mw", campuses_draw_whole_modules),
    ("site.max_mw", campuses_fit_their_sites),
    ("site used once", sites_are_used_once),
    ("world.require_sites", required_sites_are_used),
    ("zone.headroom_mw", zones_have_headroom),
    ("zones used_mw", zones_state_their_use),
    ("cluster.count", clusters_are_as_many_as_asked),
    ("cluster.target_mw", clusters_reach_the_target),
    ("cluster.target_it_mw", clusters_reach_the_it_target),
    ("cluster.min_campuses", clusters_have_enough_campuses),
    ("cluster.max_campuses", clusters_have_few_campuses),
    ("cluster.max_fiber_km", links_are_within_reach),
    ("cluster.max_ring_km", rings_are_short),
    ("cluster.max_sync_s", clusters_synchronise_in_time),
    ("cluster.min_compute_utilisation", clusters_compute_enough),
    ("cluster.min_utilities", clusters_have_enough_utilities),
    ("cluster.max_utility_fraction", utilities_have_small_shares),
    ("cluster.min_regions", clusters_have_enough_regions),
    ("cluster.keep_after_campus_loss", clusters_survive_a_campus),
    ("cluster.keep_after_utility_loss", clusters_survive_a_utility),
    ("cluster.keep_after_span_loss", clusters_survive_a_span),
    ("clean.min_fraction", clusters_are_clean),
    ("clean.deliver_within", contracts_can_be_delivered),
    ("clean.contractable_fraction", plants_are_not_oversold),
    ("contracts not negative", contracts_are_not_negative),
    ("contracts within own energy", contracts_are_within_own_energy),
    ("it_mw", it_load_is_draw_by_pue),
    ("cost", costs_are_recomputed),
    ("clean_fraction", clean_fractions_are_recomputed),
    ("totals", totals_are_sums),
    ("links make the network", links_make_the_network),
    ("links km", links_have_their_length),
    ("links delay", links_have_their_delay),
    ("links tier", links_have_their_tier),
    ("links spans", links_follow_their_spans),
    ("links equipment", links_have_their_equipment),
    ("shared spans", shared_spans_are_recounted),
    ("training", training_is_recomputed),
    ("objective", objective_is_recomputed),
    ("bound", bound_is_on_its_side),
    ("gap", gap_is_recomputed),
    ("status", status_is_earned),
    ("seconds", seconds_are_times),
)
"""Every check, in the order of the report: its name, and the function that states its rule."""
