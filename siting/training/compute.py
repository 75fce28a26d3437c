"""From megawatts to training throughput: accelerators, their failures, effective FLOP/s."""

from __future__ import annotations

import numpy as np

from siting.training.steps import Numbers

WATTS_PER_MW = 1e6
FAILURES_PER = 100_000
"""Accelerators for which a mean time between failures is stated."""

FLOP_PER_PARAMETER_AND_TOKEN = 6
"""Forward and backward pass [FLOP/parameter/token] (Kaplan et al. 2020, arXiv:2001.08361)."""


def accelerators_of(it_mw: Numbers, *, watts_per_accelerator: Numbers) -> Numbers:
    """Accelerators that an IT load feeds [1], not rounded.

    Parameters
    ----------
    it_mw
        IT load [MW].
    watts_per_accelerator
        At the wall of the rack, with its share of host and switches [W].

    Examples
    --------
    >>> accelerators_of(1000.0, watts_per_accelerator=1250.0)
    800000.0
    """
    return it_mw * WATTS_PER_MW / watts_per_accelerator


def step_of_batch_s(
    *,
    tokens_per_batch: Numbers,
    active_parameters: Numbers,
    peak_flop_per_s: Numbers,
    mfu: Numbers,
) -> Numbers:
    """Time of a step from the size of its batch [s].

    ::

        6 * active_parameters * tokens_per_batch / (peak_flop_per_s * mfu)

    Parameters
    ----------
    tokens_per_batch
        Tokens of a step over all campuses [1].
    active_parameters
        Parameters that work on a token [1]; fewer than all in a mixture of experts.
    peak_flop_per_s
        Of all accelerators together [FLOP/s].
    mfu
        Model FLOP utilisation inside a campus, without waiting for other campuses [0-1].
    """
    work = FLOP_PER_PARAMETER_AND_TOKEN * active_parameters * tokens_per_batch
    return work / (peak_flop_per_s * mfu)


def hours_between_failures(accelerators: Numbers, *, hours_per_100k: Numbers) -> Numbers:
    """Mean time between failures of a cluster [h], from that of 100,000 accelerators [h]."""
    return hours_per_100k * FAILURES_PER / accelerators


def best_checkpoint_s(*, between_failures_s: Numbers, write_s: Numbers) -> Numbers:
    """Compute time between two checkpoints that loses least [s]: ``sqrt(2 * write_s * mtbf)``.

    Parameters
    ----------
    between_failures_s
        Mean time between failures [s].
    write_s
        Time to write a checkpoint, in which nothing is computed [s].

    References
    ----------
    Young 1974, doi:10.1145/361147.361115.
    """
    interval: Numbers = np.sqrt(2 * write_s * between_failures_s)
    return interval


def goodput(
    *,
    between_failures_s: Numbers,
    restart_s: Numbers,
    write_s: Numbers,
    interval_s: Numbers | None = None,
) -> Numbers:
    """Share of the time whose work survives failures [0-1].

    Failures come at random, at a constant rate; each costs a restart and the work since the last
    checkpoint::

        (interval / mtbf) * exp(-restart / mtbf) / (exp((interval + write) / mtbf) - 1)

    Parameters
    ----------
    between_failures_s
        Mean time between failures, ``mtbf`` [s]; ``inf`` without failures.
    restart_s
        Time from a failure to the first new step [s].
    write_s
        Time to write a checkpoint, in which nothing is computed [s].
    interval_s
        Compute time between two checkpoints [s]; by default Young's, `best_checkpoint_s`.

    References
    ----------
    Daly 2006, doi:10.1016/j.future.2004.11.016, equation 20.

    Examples
    --------
    >>> float(round(goodput(between_failures_s=10_000, restart_s=300, write_s=15), 4))
    0.9166
    """
    mtbf = np.asarray(between_failures_s, np.float64)
    if interval_s is None:
        interval_s = best_checkpoint_s(between_failures_s=mtbf, write_s=write_s)
    interval = np.asarray(interval_s, np.float64)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        part = np.where(
            interval + write_s > 0, (interval / mtbf) / np.expm1((interval + write_s) / mtbf), 1.0
        )
        kept = part * np.exp(-np.asarray(restart_s) / mtbf)
        # Without failures only the writing of checkpoints, if any are written, costs time.
        forever = np.where(
            np.isinf(interval) | (interval == 0), 1.0, interval / (interval + write_s)
        )
        share: Numbers = np.where(np.isinf(mtbf), forever, kept)[()]
    return share


def effective_flop_per_s(
    *,
    peak_flop_per_s: Numbers,
    mfu: Numbers,
    compute_utilisation: Numbers,
    goodput: Numbers,
) -> Numbers:
    """Training throughput [FLOP/s]: ``peak * mfu * compute_utilisation * goodput``.

    Parameters
    ----------
    peak_flop_per_s
        Dense bf16 peak of all accelerators [FLOP/s].
    mfu
        Model FLOP utilisation inside a campus [0-1].
    compute_utilisation
        Share of the time that is not spent waiting for other campuses [0-1].
    goodput
        Share of the work that survives failures [0-1].
    """
    return peak_flop_per_s * mfu * compute_utilisation * goodput
