"""All plans are divided until none is left: against every vector of whole numbers, one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from siting.program.cluster_types.master import FREE, Limits
from siting.program.count.nogood_search import Limit, NogoodSearch
from siting.program.relaxations.duals import Candidate

CANDIDATES: list[Candidate] = [((k,),) for k in range(4)]
MOST = 3

Numbers = tuple[int, ...]


def inside(numbers: Numbers, limits: Limits) -> bool:
    """Whether as many clusters as these count for each candidate."""
    bounds = [limits.get(candidate, FREE) for candidate in CANDIDATES]
    return all(least <= n <= most for n, (least, most) in zip(numbers, bounds, strict=True))


def single(limits: Limits) -> list[Limit]:
    """Limits one by one."""
    found = []
    for candidate, (least, most) in limits.items():
        found += [Limit(candidate, True, most)] if most <= MOST else []
        found += [Limit(candidate, False, least)] if least >= 0 else []
    return found


def some_nogood(
    limits: Limits, plans: set[Numbers], rng: np.random.Generator
) -> list[Limit] | None:
    """Limits of which no plan meets all and no other few do so; ``None`` where some plan does."""
    nogood = single(limits)
    rng.shuffle(nogood)  # type: ignore[arg-type]
    for limit in list(nogood):
        fewer = [other for other in nogood if other != limit]
        held: Limits = {}
        for other in fewer:
            held = other.beside(held)
        if not any(inside(plan, held) for plan in plans):
            nogood = fewer
    return None if any(inside(plan, limits) for plan in plans) else nogood


@pytest.mark.parametrize("seed", range(60))
def test_no_plan_is_left_out(seed):
    # A plan that is found is taken away, so all of them are found before none is left.
    rng = np.random.default_rng(seed)
    everything = list(itertools.product(range(MOST + 1), repeat=len(CANDIDATES)))
    number = int(rng.integers(0, 40))
    plans = {everything[i] for i in rng.choice(len(everything), number, replace=False)}
    search, steps = NogoodSearch(), 0
    while not search.closed:
        steps += 1
        assert steps <= 4 * len(everything)
        limits = search.limits
        nogood = some_nogood(limits, plans, rng)
        if nogood is not None:
            search.learn(nogood)
            continue
        open_ = []
        for candidate in CANDIDATES:
            least, most = limits.get(candidate, FREE)
            least, most = max(least, 0), min(most, MOST)
            open_ += [(candidate, n) for n in range(int(least), int(most))]
        if not open_:
            plans -= {plan for plan in plans if inside(plan, limits)}
            continue
        candidate, n = open_[rng.integers(len(open_))]
        limit = Limit(candidate, True, float(n))
        search.follow(limit if rng.random() < 0.5 else limit.opposite())
    assert not plans


def test_what_does_not_matter_is_left_at_once():
    # Of the last no number is possible, whatever those of the others are.
    search, last = NogoodSearch(), Limit(CANDIDATES[3], True, 1.0)
    for limit in (Limit(CANDIDATES[0], True, 0.0), last, Limit(CANDIDATES[1], True, 0.0)):
        search.follow(limit)
    search.learn([last])
    assert search.limits == {CANDIDATES[0]: (-np.inf, 0.0), CANDIDATES[3]: (2.0, np.inf)}
    search.follow(Limit(CANDIDATES[2], True, 0.0))
    search.learn([last.opposite()])
    assert search.closed


def test_what_was_learned_elsewhere_holds():
    search = NogoodSearch()
    one, other = (Limit(candidate, True, 0.0) for candidate in CANDIDATES[:2])
    search.follow(one)
    search.follow(other)
    search.learn([one, other])
    assert search.limits == {CANDIDATES[0]: (-np.inf, 0.0), CANDIDATES[1]: (1.0, np.inf)}
    search.learn([one])
    assert search.limits == {CANDIDATES[0]: (1.0, np.inf)}
    # The two are never met together, so less than one leaves at least one of the other.
    search.follow(Limit(CANDIDATES[1], True, -1.0))
    assert search.limits[CANDIDATES[0]] == (1.0, np.inf)


def test_limits_of_one_candidate_are_met_together():
    candidate = CANDIDATES[0]
    limits = Limit(candidate, False, 1.0).beside(Limit(candidate, True, 3.0).beside({}))
    assert limits == {candidate: (1.0, 3.0)}
    assert Limit(candidate, True, 4.0).holds(limits)
    assert not Limit(candidate, True, 2.0).holds(limits)
    assert Limit(candidate, True, 2.0).opposite() == Limit(candidate, False, 3.0)
    assert Limit(candidate, False, 3.0).opposite() == Limit(candidate, True, 2.0)
