"""Rules between the keys of a model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.wording import listing, named, number

if TYPE_CHECKING:
    from siting.model import Model


@dataclass(frozen=True)
class Rule:
    """A rule between keys: the keys it reads, and what it says when they break it."""

    keys: tuple[str, ...]
    broken: Callable[[Model], str | None]


RULES: list[Rule] = []


def _rule(*keys: str) -> Callable[[Callable[[Model], str | None]], Callable[[Model], str | None]]:
    def register(broken: Callable[[Model], str | None]) -> Callable[[Model], str | None]:
        RULES.append(Rule(keys, broken))
        return broken

    return register


@_rule("cluster.target_mw", "cluster.target_it_mw", "objective.sense")
def _needs_target(model: Model) -> str | None:
    cluster, sense = model.cluster, model.objective.sense
    if cluster.target_mw is None and cluster.target_it_mw is None and sense != "maximise_mw":
        return (
            f'cluster.target_mw is missing, and "{sense}" needs to know how much to place; '
            'give the draw of a cluster [MW], or ask for sense = "maximise_mw"'
        )
    return None


@_rule("cluster.target_mw", "cluster.target_it_mw")
def _has_one_target(model: Model) -> str | None:
    cluster = model.cluster
    if cluster.target_mw is not None and cluster.target_it_mw is not None:
        return (
            f"cluster.target_mw is {number(cluster.target_mw)} MW and cluster.target_it_mw is "
            f"{number(cluster.target_it_mw)} MW, but a cluster has one target; keep one of them"
        )
    return None


@_rule("cluster.count", "cluster.target_mw", "cluster.target_it_mw", "objective.sense")
def _counts_clusters_of_a_size(model: Model) -> str | None:
    cluster, sense = model.cluster, model.objective.sense
    # For the other senses the missing target is a problem of its own.
    without = cluster.target_mw is None and cluster.target_it_mw is None
    if cluster.count == "most" and without and sense == "maximise_mw":
        return (
            'cluster.count is "most", but there is no target that says how large a cluster is; '
            "give cluster.target_mw [MW], or the number of clusters"
        )
    return None


@_rule("cluster.min_campuses", "cluster.max_campuses")
def _orders_campuses(model: Model) -> str | None:
    fewest, most = model.cluster.min_campuses, model.cluster.max_campuses
    if fewest > most:
        return (
            f"cluster.min_campuses is {fewest}, more than cluster.max_campuses, which is {most}; "
            "raise max_campuses or lower min_campuses"
        )
    return None


@_rule("campus.min_mw", "campus.max_mw")
def _orders_draws(model: Model) -> str | None:
    least, largest = model.campus.min_mw, model.campus.max_mw
    if least > largest:
        return (
            f"campus.min_mw is {number(least)} MW, more than campus.max_mw, which is "
            f"{number(largest)} MW; raise max_mw or lower min_mw"
        )
    return None


@_rule("campus.module_mw", "campus.min_mw", "campus.max_mw")
def _fits_modules(model: Model) -> str | None:
    campus = model.campus
    if campus.module_mw == 0 or campus.min_mw > campus.max_mw:
        return None
    most = math.floor(campus.max_mw / campus.module_mw + 1e-9)
    fewest = max(1, math.ceil(campus.min_mw / campus.module_mw - 1e-9))
    if fewest <= most:
        return None
    if most == 0:
        return (
            f"campus.module_mw is {number(campus.module_mw)} MW, but campus.max_mw is "
            f"{number(campus.max_mw)} MW, so not one module fits; lower module_mw or raise max_mw"
        )
    return (
        f"no whole number of modules of campus.module_mw = {number(campus.module_mw)} MW lies "
        f"between campus.min_mw = {number(campus.min_mw)} MW and campus.max_mw = "
        f"{number(campus.max_mw)} MW; lower module_mw, or widen the limits"
    )


@_rule("cluster.target_mw", "cluster.min_campuses", "campus.min_mw")
def _starts_below_target(model: Model) -> str | None:
    fewest, least, target = (
        model.cluster.min_campuses,
        model.campus.min_mw,
        model.cluster.target_mw,
    )
    if target is not None and fewest * least > target:
        return (
            f"cluster.min_campuses is {fewest} and campus.min_mw is {number(least)} MW, so a "
            f"cluster draws {number(fewest * least)} MW or more, but cluster.target_mw is "
            f"{number(target)} MW; lower min_campuses or min_mw, or raise target_mw"
        )
    return None


@_rule("cluster.min_utilities", "cluster.max_campuses")
def _has_campus_for_each_utility(model: Model) -> str | None:
    return _more_than_campuses(model, "min_utilities", model.cluster.min_utilities, "utility")


@_rule("cluster.min_regions", "cluster.max_campuses")
def _has_campus_for_each_region(model: Model) -> str | None:
    return _more_than_campuses(model, "min_regions", model.cluster.min_regions, "region")


def _more_than_campuses(model: Model, key: str, asked: int, thing: str) -> str | None:
    most = model.cluster.max_campuses
    if asked > most:
        return (
            f"cluster.{key} is {asked}, but cluster.max_campuses is {most} and a campus has one "
            f"{thing}; lower {key} or raise max_campuses"
        )
    return None


@_rule("cluster.max_utility_fraction", "cluster.max_campuses")
def _can_share_out(model: Model) -> str | None:
    share, most = model.cluster.max_utility_fraction, model.cluster.max_campuses
    # The largest of n shares is 1/n or more.
    if share * most < 1 - 1e-9:
        return (
            f"cluster.max_utility_fraction is {number(share)}, but cluster.max_campuses is "
            f"{most}, so the largest share of a utility is at least {number(1 / most)}; raise "
            "max_utility_fraction or max_campuses"
        )
    return None


@_rule("cluster.keep_after_campus_loss", "cluster.max_campuses")
def _survives_campus_loss(model: Model) -> str | None:
    return _needs_second_campus(model, "keep_after_campus_loss", "the only campus")


@_rule("cluster.keep_after_utility_loss", "cluster.max_campuses")
def _survives_utility_loss(model: Model) -> str | None:
    return _needs_second_campus(model, "keep_after_utility_loss", "its only utility")


def _needs_second_campus(model: Model, key: str, lost: str) -> str | None:
    keep = getattr(model.cluster, key)
    if keep > 0 and model.cluster.max_campuses == 1:
        return (
            f"cluster.{key} is {number(keep)}, but cluster.max_campuses is 1 and nothing is left "
            f"when {lost} is lost; raise max_campuses or set {key} to 0"
        )
    return None


@_rule(
    "cluster.keep_after_campus_loss",
    "cluster.keep_after_utility_loss",
    "cluster.target_mw",
    "cluster.target_it_mw",
    "objective.sense",
)
def _keeps_share_of_something(model: Model) -> str | None:
    cluster = model.cluster
    if cluster.target_mw is not None or cluster.target_it_mw is not None:
        return None
    if model.objective.sense != "maximise_mw":
        return None  # the missing target is a problem of its own
    asked = [
        key
        for key in ("keep_after_campus_loss", "keep_after_utility_loss")
        if getattr(cluster, key) > 0
    ]
    if asked:
        return (
            f"cluster.{asked[0]} is {number(getattr(cluster, asked[0]))}, a share of the target, "
            "but there is no target; give cluster.target_mw [MW], the least draw of a cluster"
        )
    return None


@_rule("world.require_sites", "world.exclude_sites")
def _wants_what_it_excludes(model: Model) -> str | None:
    excluded = frozenset(model.world.exclude_sites)
    both = sorted(site for site in frozenset(model.world.require_sites) if site in excluded)
    if both:
        return (
            f"{named('site', both)} in world.require_sites and in world.exclude_sites; take "
            f"{'it' if len(both) == 1 else 'each'} out of one of them"
        )
    return None


@_rule("world.require_sites", "cluster.count", "cluster.max_campuses")
def _has_room_for_required(model: Model) -> str | None:
    asked = len(frozenset(model.world.require_sites))
    if model.cluster.count == "most":
        return None
    room = model.cluster.count * model.cluster.max_campuses
    if asked > room:
        return (
            f"world.require_sites names {asked} sites, but cluster.count = {model.cluster.count} "
            f"and cluster.max_campuses = {model.cluster.max_campuses} leave room for {room}; "
            "require fewer sites or raise max_campuses"
        )
    return None


@_rule("fiber.bandwidth_tbps", "fiber.pair_musd_per_km", "fiber.amplifier_musd")
def _prices_pairs_that_are_asked(model: Model) -> str | None:
    fiber = model.fiber
    if fiber.bandwidth_tbps > 0 or not (fiber.pair_musd_per_km or fiber.amplifier_musd):
        return None
    key = "pair_musd_per_km" if fiber.pair_musd_per_km else "amplifier_musd"
    return (
        f"fiber.{key} is {number(getattr(fiber, key))}, but fiber.bandwidth_tbps is 0, so no pairs "
        "are asked that it could price; say what each link is to carry [Tbit/s]"
    )


@_rule("training.recipe", "training.parameters", "training.layers", "training.step_s")
def _says_what_is_trained(model: Model) -> str | None:
    training = model.training
    if training is None or training.recipe is not None:
        return None
    missing = [key for key in ("parameters", "layers") if getattr(training, key) is None]
    if training.step_s is None and training.tokens_per_batch is None:
        missing.append("step_s")
    if not missing:
        return None
    return (
        f"training.recipe is not given, and so {listing(f'training.{key}' for key in missing)} "
        f"{'is' if len(missing) == 1 else 'are'} missing; name a recipe, such as "
        '"llama3_405b", or give what is missing'
    )


@_rule("training.step_s", "training.tokens_per_batch")
def _has_one_step(model: Model) -> str | None:
    training = model.training
    if training is None or training.step_s is None or training.tokens_per_batch is None:
        return None
    return (
        f"training.step_s is {number(training.step_s)} s and training.tokens_per_batch is "
        f"{number(training.tokens_per_batch)}, but the batch gives the time of a step, too; keep "
        "one of them"
    )


@_rule("cluster.max_sync_s", "cluster.min_compute_utilisation", "training.tokens_per_batch")
def _limits_a_training(model: Model) -> str | None:
    cluster, training = model.cluster, model.training
    for key in ("max_sync_s", "min_compute_utilisation"):
        value = getattr(cluster, key)
        if value is not None and training is None:
            return (
                f"cluster.{key} is {number(value)}, but nothing says what is trained; add "
                '[training] with a recipe, such as "llama3_405b"'
            )
    if cluster.min_compute_utilisation is None or training is None:
        return None
    if training.tokens_per_batch is not None:
        return (
            f"cluster.min_compute_utilisation is {number(cluster.min_compute_utilisation)}, but "
            "training.tokens_per_batch makes a step shorter the larger the cluster, and the limit "
            "needs one length of step; give training.step_s instead"
        )
    return None


def _names_once(key: str) -> Rule:
    def broken(model: Model) -> str | None:
        given: tuple[str, ...] = getattr(model.world, key)
        twice = sorted(name for name, times in Counter(given).items() if times > 1)
        if twice:
            return f"{named('value', twice)} more than once in world.{key}; name each once"
        return None

    return Rule((f"world.{key}",), broken)


RULES.extend(_names_once(key) for key in ("regions", "states", "exclude_sites", "require_sites"))


def _reads_a_file(section: str, table: str) -> Rule:
    keys = (f"world.{table}", *((f"world.add_{table}",) if table != "nodes" else ()))

    def broken(model: Model) -> str | None:
        if not getattr(getattr(model, section), table):
            return None
        if any(getattr(model.world, key.removeprefix("world.")) is not None for key in keys):
            return None
        return (
            f"{section}.{table} says how a file of {table} is read, but the model names none; name "
            f"it in {' or '.join(keys)}, also where it lies in the folder of world.base"
        )

    return Rule((f"{section}.{table}", *keys), broken)


RULES.extend(
    _reads_a_file(section, table)
    for section in ("columns", "layers", "header_rows")
    for table in ("zones", "sites", "fiber", "supply", "nodes")
)
