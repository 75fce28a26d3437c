"""The proof that there is no room for more clusters, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from test_fenchel import HIGHS, bounds, free_case, star
from test_most import NETWORKS, true_most

import siting
from siting.case import Case, build_case
from siting.distances import reach_of
from siting.program.fleets import Group
from siting.program.most import find_most
from siting.program.relaxed import least_size
from siting.program.room import Room
from siting.program.solvers import Deadline, Solver


def room_of(case: Case) -> Room:
    """All anchors in one group, which hides most."""
    everyone = np.arange(len(case.site_ids))
    groups = [Group(everyone, everyone)]
    return Room(case, groups, bounds(case, groups, [])[1], HIGHS)


def sharpen(room: Room, found: int) -> list[int]:
    """The bounds after each step, until there is none left to take."""
    steps = [room.at_most]
    while room.sharpen(found, Deadline(60)):
        steps.append(room.at_most)
    return steps


def check_steps(seed: int, network: str) -> tuple[int, int, int]:
    """The bound before and after all steps, and the true number, which is never cut off."""
    case = free_case(seed, network=network)
    if len(case.site_ids) == 0 or not np.isfinite(least_size(case)):
        return 0, 0, 0
    room, true = room_of(case), true_most(case)
    steps = sharpen(room, true)
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] >= true
    # A plan of fewer clusters than there can be does not change what is proven.
    if true:
        assert sharpen(room_of(case), true - 1)[-1] >= true
    return steps[0], steps[-1], true


@pytest.mark.parametrize("network", NETWORKS)
def test_steps_end_at_the_true_number(network):
    answers = [check_steps(seed, network) for seed in range(800, 830)]
    loose = [(after, true) for before, after, true in answers if before > true]
    assert len(loose) >= 3
    assert sum(after == true for after, true in loose) >= 0.8 * len(loose)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("seed", range(3_000, 3_150))
def test_steps_never_cut_off_the_true_number(seed, network):
    check_steps(seed, network)


def test_what_reach_forbids_is_refuted_from_nothing():
    # No cluster is known at first; seven sites make three, but for reach.
    room = room_of(star(6))
    assert room.at_most == 3
    assert sharpen(room, 1)[-1] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("target_mw", "number"), [(10_000, 3), (8_000, 7)])
def test_number_of_large_clusters_on_the_bundled_world_is_proven(target_mw, number):
    # The headroom alone would do for 9 and 12, the fleets alone for 6 and 10.
    changes = {"cluster.count": "most", "cluster.target_mw": target_mw}
    model = siting.read_model("us_5gw", set=changes)
    world = siting.read_world(model)
    case = build_case(model, world, reach_of(model, world))
    found = find_most(case, Solver("highs", 1e-3, 0), Deadline(3_000))
    assert (found.found, found.at_most) == (number, number)


def test_no_step_without_time():
    room = room_of(star(6))
    assert not room.sharpen(1, Deadline(0))
    assert (room.at_most, room.cuts) == (3, [])
