"""Limits that can be taken away one at a time, and what that tells of a case without a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from siting.case import Case
from siting.wording import listing

HasPlan = Callable[[Case], bool | None]
"""Whether a case has a plan; None where that was not decided in time."""


@dataclass(frozen=True)
class Switch:
    """A limit that can be taken away.

    Parameters
    ----------
    section, key
        Where the model has it.
    off
        Its value where it limits nothing.
    words
        What it limits.
    remedy
        What makes it weaker.
    """

    section: str
    key: str
    off: object
    words: str
    remedy: str = "lower"

    @property
    def path(self) -> str:
        """Its path in the model."""
        return f"{self.section}.{self.key}"

    def asked(self, case: Case) -> object:
        """Its value in a case."""
        return getattr(getattr(case, self.section), self.key)

    def is_on(self, case: Case) -> bool:
        """Whether it limits anything."""
        if self.key == "max_ring_km":
            return case.cluster.network == "ring" and case.cluster.max_ring_km < _longest_km(case)
        return self.asked(case) != self.off

    def without(self, case: Case) -> Case:
        """The case without it."""
        off = self.off
        if self.key == "max_ring_km":
            off = max(case.cluster.max_ring_km, _longest_km(case))
        section = getattr(case, self.section).model_copy(update={self.key: off})
        return replace(case, **{self.section: section})

    def stated(self, case: Case) -> str:
        """Its key and value, as a model file has them."""
        value = self.asked(case)
        if isinstance(value, bool):
            return f"{self.path} = {str(value).lower()}"
        return f"{self.path} = {value:g}" if isinstance(value, float | int) else self.path


def _longest_km(case: Case) -> float:
    """The longest tour that the hops of a ring can make [km]."""
    return case.cluster.max_campuses * case.reach.limit_km


BOUNDED = (
    Switch("clean", "min_fraction", 0.0, "the share of clean energy"),
    Switch("cluster", "min_utilities", 1, "the number of utilities"),
    Switch("cluster", "min_regions", 1, "the number of regions"),
    Switch("cluster", "max_utility_fraction", 1.0, "the largest share of a utility", "raise"),
    Switch("cluster", "keep_after_utility_loss", 0.0, "what is left without a utility"),
    Switch("cluster", "keep_after_campus_loss", 0.0, "what is left without a campus"),
    Switch("cluster", "min_campuses", 1, "the number of campuses"),
)
"""Limits that bounds on the room for a cluster know."""

SWITCHES = (
    *BOUNDED,
    Switch(
        "cluster",
        "keep_after_span_loss",
        False,
        "that a cluster stays connected without any one span",
        "switch off",
    ),
    Switch("cluster", "max_ring_km", 0.0, "the longest tour of a ring", "raise"),
)
"""All limits that can be taken away."""


def in_the_way(case: Case, has_plan: HasPlan) -> list[str]:
    """Which limits leave no plan: each without which there is one, else what holds together.

    Everything that is said was solved; what was not decided in time is said to be open.
    """
    if case.asks_most:
        case = case.of_clusters(1)
    on = [switch for switch in SWITCHES if switch.is_on(case)]
    if not on:
        return []
    answers = {switch: has_plan(switch.without(case)) for switch in on}
    alone = [
        f"{switch.words} ({switch.stated(case)}) leaves no plan: without it there is one; "
        f"{switch.remedy} {switch.path}"
        for switch, answer in answers.items()
        if answer
    ]
    if alone:
        return alone
    if len(on) == 1:
        return _about_the_rest(answers[on[0]], on, case)
    bare = case
    for switch in on:
        bare = switch.without(bare)
    without_any = has_plan(bare)
    if not without_any:
        return _about_the_rest(without_any, on, case)
    if None in answers.values():
        return [_open(listing(switch.stated(case) for switch in on))]
    return _about_each(case, on, has_plan)


def _about_the_rest(answer: bool | None, on: list[Switch], case: Case) -> list[str]:
    """What is said where no limit that can be taken away is the reason, or may be."""
    names = listing(switch.stated(case) for switch in on)
    if answer is None:
        return [f"whether there is a plan without {names} was not decided in time"]
    reason = (
        f"without {names} there is no plan, either: the size of a cluster, the lengths of its "
        "links, headroom and what sites carry leave none"
    )
    return [reason]


def _about_each(case: Case, on: list[Switch], has_plan: HasPlan) -> list[str]:
    """Whether each limit can be met where all others are taken away."""
    names = listing(switch.stated(case) for switch in on)
    unmet: list[Switch] = []
    for kept in on:
        only = case
        for switch in on:
            if switch is not kept:
                only = switch.without(only)
        answer = has_plan(only)
        if answer is None:
            return [_open(names)]
        if not answer:
            unmet.append(kept)
    reasons = [
        f"{switch.words} ({switch.stated(case)}) leaves no plan even where "
        f"{listing(other.path for other in on if other is not switch)} "
        f"{'is' if len(on) == 2 else 'are'} taken away; {switch.remedy} {switch.path}"
        for switch in unmet
    ]
    if not unmet:
        together = (
            f"each of {names} can be met alone, but not all together, and to take away any one of "
            "them is not enough; relax two or more"
        )
        reasons = [together]
    return reasons


def _open(names: str) -> str:
    return (
        f"there is a plan without all of {names}; which of them leave none was not decided in time"
    )
