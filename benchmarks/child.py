"""One run: one instance, one way to solve it, in a process of its own.

    python -m benchmarks.child REQUEST.json

A process of its own can be ended when it overruns, has a memory of its own to measure, and starts
as a user's process does: nothing is warm. It writes what it found into a file that the request
names.
"""

from __future__ import annotations

import json
import pickle
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.answers import Clock, Settings, cost_of, faults_of
from benchmarks.instances import Instance, base_case, make_case
from benchmarks.memory import peak_mb
from benchmarks.rivals.registry import RIVALS


def main() -> None:
    """Do what the request says."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    limit_bytes = int(request["memory_mb"] * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
    instance = Instance(**request["instance"])
    start_s = time.perf_counter()
    if request["case"] is None:
        case = make_case(base_case(instance.world, instance.reach_km), instance)
    else:
        # Made by the run that asks, from the bundled world.
        case = pickle.loads(Path(request["case"]).read_bytes())  # noqa: S301
    load_s = time.perf_counter() - start_s

    solve = RIVALS[request["rival"]].load()
    settings = Settings(request["gap"], request["threads"], Path(request["log"]))
    clock = Clock(request["limit_s"])
    try:
        answer = solve(case, clock, settings)
    except MemoryError:
        write(request, {"status": "memory", "load_s": load_s, "seconds": clock.now_s()})
        return
    seconds = clock.now_s()
    plan = answer.clusters
    write(
        request,
        {
            "status": answer.status,
            "load_s": load_s,
            "seconds": seconds,
            "objective": None if plan is None else cost_of(case, plan),
            "bound": answer.bound,
            "faults": [] if plan is None else faults_of(case, plan),
            "usable": int(case.usable.sum()),
            "curve": [asdict(point) for point in answer.curve],
        },
    )


def write(request: dict[str, str], found: dict[str, object]) -> None:
    """Leave what was found, and the largest memory so far, where the request says."""
    # Of a solver that ran as a process of its own and this one, the larger counts.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    of_children_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    found["peak_mb"] = round(max(peak_mb("self"), of_children_mb), 1)
    Path(request["answer"]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
