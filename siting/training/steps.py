"""How long a step waits for the fiber, and what that leaves of the compute.

The step model of Charles et al. 2025 (arXiv:2503.09799), which the comparison with their table
holds. Gradients travel layer by layer while the backward pass goes on, which is two thirds of a
step, and only the last layer's part has nothing to hide behind::

    exchange_s = bits_per_parameter * parameters / bandwidth
    hidden_s   = 2/3 * step_s * (1 - 1 / layers)
    exposed_s  = max(exchange_s / layers, exchange_s - hidden_s) + latency_s

Light takes its time on top: the last part leaves when everything else is done, and nothing can
hide its way. The published model has no latency.

All functions are pure; every argument is a number or an array, and arrays broadcast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Numbers = float | FloatArray
"""A number, or an array of numbers that broadcasts with the others."""

BIT_PER_GBIT = 1e9

BACKWARD_FRACTION = 2 / 3
"""Share of a step that is its backward pass [0-1]: twice the work of the forward pass."""

GRID_GBPS: FloatArray = np.logspace(-1, 3, 50)
"""``(50,)`` bandwidths that the published tables search [Gbit/s]."""


def exchange_s(
    *, parameters: Numbers, bits_per_parameter: Numbers, bandwidth_gbps: Numbers
) -> Numbers:
    """Time to send so many bits for each parameter once [s].

    Parameters
    ----------
    parameters
        Parameters of the model [1].
    bits_per_parameter
        Bits exchanged for each of them [bit].
    bandwidth_gbps
        Between the datacenters [Gbit/s].

    Examples
    --------
    >>> exchange_s(parameters=405e9, bits_per_parameter=16, bandwidth_gbps=1e6)
    0.00648
    """
    return bits_per_parameter * parameters / (bandwidth_gbps * BIT_PER_GBIT)


def exposed_s(
    *,
    parameters: Numbers,
    bits_per_parameter: Numbers,
    bandwidth_gbps: Numbers,
    step_s: Numbers,
    layers: Numbers,
    latency_s: Numbers = 0.0,
) -> Numbers:
    """Time that a synchronisation makes the accelerators wait [s].

    Parameters
    ----------
    parameters, bits_per_parameter, bandwidth_gbps
        As of `exchange_s`.
    step_s
        A step without any communication [s].
    layers
        Layers of the model [1].
    latency_s
        Time of light over the fiber, which nothing hides [s].

    Examples
    --------
    A 405B model over 100 Gbit/s: 64.8 s of exchange, of which 17.2 s hide behind the backward
    pass.

    >>> float(round(exposed_s(parameters=405e9, bits_per_parameter=16, bandwidth_gbps=100,
    ...                       step_s=26, layers=126), 3))
    47.604
    """
    exchange = exchange_s(
        parameters=parameters, bits_per_parameter=bits_per_parameter, bandwidth_gbps=bandwidth_gbps
    )
    return latency_s + exposed_of(exchange, step_s=step_s, layers=layers)


def exposed_of(exchange: Numbers, *, step_s: Numbers, layers: Numbers) -> Numbers:
    """Part of an exchange [s] that the backward pass of a step does not hide [s]."""
    exposed: Numbers = np.maximum(
        exchange / layers, exchange - _hidden_s(step_s=step_s, layers=layers)
    )
    return exposed


def utilisation_of(exposed: Numbers, *, step_s: Numbers, inner_steps: Numbers) -> Numbers:
    """Compute utilisation [0-1] when every ``inner_steps`` steps wait ``exposed`` [s]."""
    compute_s = inner_steps * step_s
    return compute_s / (compute_s + exposed)


def compute_utilisation(
    *,
    parameters: Numbers,
    bits_per_parameter: Numbers,
    bandwidth_gbps: Numbers,
    step_s: Numbers,
    layers: Numbers,
    inner_steps: Numbers,
    latency_s: Numbers = 0.0,
) -> Numbers:
    """Share of the time in which the accelerators compute [0-1].

    ::

        inner_steps * step_s / (inner_steps * step_s + exposed_s)

    Parameters
    ----------
    parameters, bits_per_parameter, bandwidth_gbps, step_s, layers, latency_s
        As of `exposed_s`.
    inner_steps
        Steps between two synchronisations [1]: 1 is data-parallel training, more is DiLoCo
        (arXiv:2311.08105).

    Examples
    --------
    >>> float(round(compute_utilisation(parameters=405e9, bits_per_parameter=16,
    ...     bandwidth_gbps=100, step_s=26, layers=126, inner_steps=10), 4))
    0.8452
    """
    exposed = exposed_s(
        parameters=parameters,
        bits_per_parameter=bits_per_parameter,
        bandwidth_gbps=bandwidth_gbps,
        step_s=step_s,
        layers=layers,
        latency_s=latency_s,
    )
    return utilisation_of(exposed, step_s=step_s, inner_steps=inner_steps)


def exposed_budget_s(
    *, step_s: Numbers, inner_steps: Numbers, compute_utilisation: Numbers
) -> Numbers:
    """Longest wait of a synchronisation that still gives a compute utilisation [s]."""
    with np.errstate(divide="ignore"):
        budget: Numbers = inner_steps * step_s * (np.divide(1.0, compute_utilisation) - 1.0)
    return budget


def longest_exchange_s(budget_s: Numbers, *, step_s: Numbers, layers: Numbers) -> Numbers:
    """Longest exchange [s] of which no more than ``budget_s`` is exposed; the inverse of
    `exposed_of`, and below 0 where there is none.
    """  # noqa: D205 -- one sentence
    longest: Numbers = np.minimum(
        budget_s * layers, budget_s + _hidden_s(step_s=step_s, layers=layers)
    )
    return longest


def required_bandwidth_gbps(
    *,
    parameters: Numbers,
    bits_per_parameter: Numbers,
    step_s: Numbers,
    layers: Numbers,
    inner_steps: Numbers,
    compute_utilisation: Numbers,
    latency_s: Numbers = 0.0,
) -> Numbers:
    """Least bandwidth that gives a compute utilisation [Gbit/s]; exact inverse of the model.

    ``inf`` where no bandwidth does: for a utilisation of 1, or when light alone takes too long.

    Parameters
    ----------
    parameters, bits_per_parameter, step_s, layers, inner_steps, latency_s
        As of `compute_utilisation`.
    compute_utilisation
        The utilisation asked [0-1].

    Examples
    --------
    >>> float(round(required_bandwidth_gbps(parameters=405e9, bits_per_parameter=16, step_s=26,
    ...     layers=126, inner_steps=1, compute_utilisation=0.5), 2))
    150.0
    """
    budget = (
        exposed_budget_s(
            step_s=step_s, inner_steps=inner_steps, compute_utilisation=compute_utilisation
        )
        - latency_s
    )
    longest = longest_exchange_s(budget, step_s=step_s, layers=layers)
    bits = bits_per_parameter * parameters
    with np.errstate(divide="ignore", invalid="ignore"):
        required: Numbers = np.where(
            np.less_equal(budget, 0.0), np.inf, np.divide(bits, longest) / BIT_PER_GBIT
        )[()]
    return required


def streaming_exposed_s(
    *,
    parameters: Numbers,
    bits_per_parameter: Numbers,
    bandwidth_gbps: Numbers,
    step_s: Numbers,
    layers: int,
    fragment_layers: int,
    overlapped_steps: Numbers = 0.0,
) -> Numbers:
    """Wait for all fragments of a model, each synchronised on its own [s].

    Streaming DiLoCo (Douillard et al. 2025, arXiv:2501.18512) splits the model into strided
    fragments: of ``P`` fragments, number ``i`` holds the layers ``i``, ``i + P``, ``i + 2 P`` and
    so on. A fragment's layers leave one after the other as the backward pass frees them, the
    lowest last; layer ``l`` from the bottom is free ``l / layers`` of a backward pass before its
    end. With ``n`` layers of the fragment up to and with ``l``::

        exposed_s = max over l of (n * exchange_s / layers - 2/3 * step_s * l / layers)
                    - overlapped_steps * step_s,      at least 0

    For one fragment of all layers this is `exposed_s`.

    Parameters
    ----------
    parameters, bits_per_parameter, bandwidth_gbps, step_s
        As of `exposed_s`.
    layers, fragment_layers
        Layers of the model, and of a fragment [1].
    overlapped_steps
        Steps that go on while a fragment travels [1].
    """
    exchange = exchange_s(
        parameters=parameters, bits_per_parameter=bits_per_parameter, bandwidth_gbps=bandwidth_gbps
    )
    fragments = -(-layers // fragment_layers)
    total: Numbers = 0.0
    for first in range(fragments):
        waits = [
            n * exchange / layers - BACKWARD_FRACTION * step_s * layer / layers
            for n, layer in enumerate(range(first, layers, fragments), start=1)
        ]
        longest = np.maximum.reduce(np.broadcast_arrays(*waits))
        total = total + np.maximum(longest - overlapped_steps * step_s, 0.0)
    return total


def first_on_grid_gbps(utilisation: FloatArray, asked: float) -> float:
    """First bandwidth of the published grid whose utilisation is as asked [Gbit/s].

    Parameters
    ----------
    utilisation
        ``(50,)`` compute utilisation at each of `GRID_GBPS` [0-1].
    asked
        The utilisation asked [0-1].

    Returns
    -------
    float
        ``inf`` where none of the grid reaches it.
    """
    reached = np.flatnonzero(utilisation >= asked)
    return float(GRID_GBPS[reached[0]]) if len(reached) else float(np.inf)


def required_on_grid_gbps(
    *,
    parameters: float,
    bits_per_parameter: float,
    step_s: float,
    layers: int,
    inner_steps: float,
    compute_utilisation: float,
) -> float:
    """`required_bandwidth_gbps` as the published table states it [Gbit/s].

    The first point of ``logspace(-1, 3, 50)`` that reaches the utilisation; ``inf`` beyond it.
    """
    exposed = exposed_s(
        parameters=parameters,
        bits_per_parameter=bits_per_parameter,
        bandwidth_gbps=GRID_GBPS,
        step_s=step_s,
        layers=layers,
    )
    reached = utilisation_of(exposed, step_s=step_s, inner_steps=inner_steps)
    return first_on_grid_gbps(np.asarray(reached), compute_utilisation)


def _hidden_s(*, step_s: Numbers, layers: Numbers) -> Numbers:
    return BACKWARD_FRACTION * step_s * (1 - np.divide(1.0, layers))
