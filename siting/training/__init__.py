"""From fiber to training throughput.

A planner does not buy kilometres, but throughput. Here a cluster's links become the time of a
synchronisation, a compute utilisation and FLOP/s, and a utilisation becomes the bandwidth and the
fiber pairs that it needs. ``docs/training.md`` derives and compares all of it.
"""

from siting.training.collectives import (
    Collective,
    Exchange,
    batch_fractions,
    delay_s,
    exchange_of,
    hierarchical_sync_s,
    ring_sync_s,
    stall_fractions,
    step_with_shares_s,
)
from siting.training.compute import (
    accelerators_of,
    best_checkpoint_s,
    effective_flop_per_s,
    goodput,
    hours_between_failures,
    step_of_batch_s,
)
from siting.training.facts import Accelerator, Recipe, accelerators, recipes
from siting.training.published import Comparison, compare
from siting.training.steps import (
    compute_utilisation,
    exchange_s,
    exposed_s,
    required_bandwidth_gbps,
    required_on_grid_gbps,
    streaming_exposed_s,
)
from siting.training.task import (
    BatchShare,
    ClusterTraining,
    Need,
    Training,
    longest_km_by_campuses,
    measure_km,
    resolve,
    train_cluster,
)

__all__ = [
    "Accelerator",
    "BatchShare",
    "ClusterTraining",
    "Collective",
    "Comparison",
    "Exchange",
    "Need",
    "Recipe",
    "Training",
    "accelerators",
    "accelerators_of",
    "batch_fractions",
    "best_checkpoint_s",
    "compare",
    "compute_utilisation",
    "delay_s",
    "effective_flop_per_s",
    "exchange_of",
    "exchange_s",
    "exposed_s",
    "goodput",
    "hierarchical_sync_s",
    "hours_between_failures",
    "longest_km_by_campuses",
    "measure_km",
    "recipes",
    "required_bandwidth_gbps",
    "required_on_grid_gbps",
    "resolve",
    "ring_sync_s",
    "stall_fractions",
    "step_of_batch_s",
    "step_with_shares_s",
    "streaming_exposed_s",
    "train_cluster",
]
