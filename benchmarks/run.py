"""Solve the instances of a suite, each run in its own process, and keep what came back.

    python -m benchmarks.run full|quick [--family NAME]... [--rival NAME]... [--fresh]

A run that is in the results already is not repeated, as long as the machine, the versions and the
code that it went through are the same. So a long suite can be stopped and taken up again, and
every ratio is still one of runs that can be compared.

Nobody is sent where there is nothing to learn: seeds of a size end where they have taken a part of
the limit together, who has not finished all of them gets one seed of the next size, and who has
finished none of two sizes, or has returned no plan at one, gets no larger ones.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import pickle
import platform
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from benchmarks.answers import gap_of
from benchmarks.instances import LONGEST_KM, Instance, base_case, make_case
from benchmarks.memory import peak_mb
from benchmarks.rivals.registry import RIVALS, Rival
from benchmarks.suites import CHEAP, SUITES, Family, Suite
from siting.case import Case
from siting.resources import built_worlds, bundled_worlds

HERE = Path(__file__).parent
RESULTS = HERE / "results"
GRACE_S = 10.0
"""How long after its limit a run is ended [s]; it covers the start of Python and reading."""

GRACE_FRACTION = 0.1
"""And the same as a part of the limit: solvers look at the clock now and then."""

SEEDS_FRACTION = 0.2
"""Seeds of a size are solved until they took this part of the limit together [1]."""

SEEDS_S = 60.0
"""Or this, where it is more [s]."""

MEMORY_MB = 8000.0
"""What a run may take [MB]."""

POLL_S = 0.05
"""How often a run is looked at [s]."""

GAP = 1e-3
"""Relative gap that is asked of everyone [1]."""

CURVE_POINTS = 200
"""Points of a curve that are kept."""

PACKAGES = (
    "pulp",
    "highspy",
    "pyscipopt",
    "linopy",
    "ortools",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
)

Record = dict[str, Any]
"""One run, as it is kept: the instance, who solved it, what came back."""


@dataclass
class Results:
    """What was solved so far, in a file.

    Parameters
    ----------
    path
        The file.
    machine
        Where and with what.
    runs
        One record a run.
    """

    path: Path
    machine: dict[str, Any]
    runs: list[Record]

    @classmethod
    def open(cls, path: Path, *, fresh: bool = False) -> Results:
        """Results of earlier runs, as far as they can be compared with what is here now."""
        machine = describe_machine()
        if fresh or not path.exists():
            return cls(path, machine, [])
        held = json.loads(path.read_text(encoding="utf-8"))
        if comparable(held["machine"]) != comparable(machine):
            print(f"{path.name} is of another machine or other versions: starting anew")
            return cls(path, machine, [])
        same = [run for run in held["runs"] if run["code"] == code_of(RIVALS[run["rival"]])]
        if len(same) < len(held["runs"]):
            print(f"{len(held['runs']) - len(same)} runs of other code are left out")
        return cls(path, held["machine"], same)

    def find(self, rival: str, instance: Instance, limit_s: float) -> Record | None:
        """The record of a run, if there is one."""
        for run in self.runs:
            if (run["rival"], run["name"], run["limit_s"]) == (rival, instance.name, limit_s):
                return run
        return None

    def add(self, record: Record) -> None:
        """Keep a record, and write the file: whole, or not at all."""
        self.runs.append(record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = ",\n".join(json.dumps(run) for run in self.runs)
        text = f'{{"machine": {json.dumps(self.machine)},\n"runs": [\n{lines}\n]}}\n'
        beside = self.path.with_suffix(".part")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.path)


def describe_machine() -> dict[str, Any]:
    """Cores, memory, versions, and how busy the machine is with other things."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cores": cores(),
        "cores_in_all": os.cpu_count(),
        "processor": processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
        "load_before": round(os.getloadavg()[0], 1),
    }


def comparable(machine: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for two runs to be compared."""
    return {key: value for key, value in machine.items() if key != "load_before"}


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """What the processor calls itself."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def code_of(rival: Rival) -> str:
    """Fingerprint of the code that a run goes through."""
    files = [HERE / "instances.py", *sorted((HERE / "rivals").glob("*.py"))]
    if rival.module.endswith(".ours"):
        files += sorted((HERE.parent / "siting").rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(HERE.parent).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Runner:
    """Solves instances one after the other.

    Parameters
    ----------
    results
        Where records go.
    bases
        Base cases by the name of their world, made when they are first needed.
    """

    results: Results
    bases: dict[str, Case] = field(default_factory=dict)

    def run(self, rival: Rival, instance: Instance, limit_s: float) -> Record:
        """One run with a limit for building and solving [s], or its record if there is one."""
        held = self.results.find(rival.name, instance, limit_s)
        if held is not None:
            return held
        record: Record = {
            **asdict(instance),
            "name": instance.name,
            "rival": rival.name,
            "limit_s": limit_s,
            "gap_asked": GAP,
            "code": code_of(rival),
            **self._in_a_process(rival, instance, limit_s),
        }
        record["gap"] = gap_of(record.get("objective"), record.get("bound"))
        self.results.add(record)
        print(describe(record), flush=True)
        return record

    def case(self, instance: Instance) -> Case | None:
        """The case of an instance; None where a run is to read and route by itself."""
        if instance.world != "us":
            return None
        if instance.world not in self.bases:
            self.bases[instance.world] = base_case(instance.world, LONGEST_KM)
        return make_case(self.bases[instance.world], instance)

    def _in_a_process(self, rival: Rival, instance: Instance, limit_s: float) -> Record:
        case = self.case(instance)
        with tempfile.TemporaryDirectory(prefix="siting-bench-") as folder:
            place = Path(folder)
            request, answer = place / "request.json", place / "answer.json"
            pickled = place / "case.pickle"
            if case is not None:
                pickled.write_bytes(pickle.dumps(case))
            request.write_text(
                json.dumps(
                    {
                        "instance": asdict(instance),
                        "rival": rival.name,
                        "case": None if case is None else str(pickled),
                        "limit_s": limit_s,
                        "gap": GAP,
                        "threads": cores(),
                        "memory_mb": MEMORY_MB,
                        "log": str(place / "solver.log"),
                        "answer": str(answer),
                    }
                ),
                encoding="utf-8",
            )
            # A world that is read and routed in the run may take its time for it.
            grace_s = GRACE_S + GRACE_FRACTION * limit_s + (0.0 if case else 300.0)
            with (place / "output").open("wb") as output:
                ended, seen_mb, wall_s = watch(
                    [sys.executable, "-m", "benchmarks.child", str(request)],
                    output,
                    limit_s + grace_s,
                )
            printed = (place / "output").read_text(encoding="utf-8", errors="replace").strip()
            measured = {"peak_mb": round(seen_mb, 1), "wall_s": round(wall_s, 3)}
            if answer.exists():
                found: Record = json.loads(answer.read_text(encoding="utf-8"))
                curve = found.get("curve", [])
                step = max(1, -(-len(curve) // CURVE_POINTS))
                # Counted from the end, so that the last point stays.
                found["curve"] = curve[::-step][::-1]
                return measured | found
            if ended is None:
                return {"status": "overran", "seconds": wall_s, **measured}
            if "MemoryError" in printed or "bad_alloc" in printed or seen_mb > 0.8 * MEMORY_MB:
                return {"status": "memory", "seconds": wall_s, **measured}
            last = printed.splitlines()[-1] if printed else f"ended with {ended}"
            return {"status": "failed", "seconds": wall_s, "message": last, **measured}


def watch(command: list[str], output: IO[bytes], limit_s: float) -> tuple[int | None, float, float]:
    """Run a command, end it and its children at the limit, and measure.

    Returns
    -------
    code
        Its exit code, or None where it was ended at the limit.
    seen_mb
        Largest memory of it that was seen now and then [MB].
    wall_s
        How long it took [s].
    """
    start_s = time.monotonic()
    seen_mb, overran = 0.0, False
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=HERE.parent,
    )
    try:
        while process.poll() is None:
            seen_mb = max(seen_mb, peak_mb(process.pid))
            if time.monotonic() - start_s > limit_s:
                overran = True
                break
            time.sleep(POLL_S)
    finally:
        if process.poll() is None:
            # It leads a group of its own, with what it started.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return None if overran else process.returncode, seen_mb, time.monotonic() - start_s


def describe(record: Record) -> str:
    """One line about a run."""
    gap = "" if record["gap"] is None else f", gap {record['gap']:.3%}"
    note = f" ({record['message']})" if "message" in record else ""
    return (
        f"{record['name']:<42} {record['rival']:<14} {record['seconds']:8.2f} s "
        f"{record['peak_mb']:7,.0f} MB  {record['status']}{gap}{note}"
    )


def finished(record: Record) -> bool:
    """Whether a run ended by proof."""
    return record["status"] in ("proven", "infeasible")


def run_family(runner: Runner, family: Family, rivals: list[Rival]) -> None:
    """Solve a family size by size, for each rival only as far as there is something to learn."""
    enough_s = max(SEEDS_S, SEEDS_FRACTION * family.limit_s)
    for rival in rivals:
        if rival.name not in family.rivals:
            continue
        unfinished = 0
        for sites in family.sizes:
            records: list[Record] = []
            for seed in family.seeds[:1] if unfinished else family.seeds:
                spent_s = sum(record["seconds"] for record in records)
                if spent_s > enough_s and rival.name not in CHEAP:
                    break
                records.append(runner.run(rival, family.instance(sites, seed), family.limit_s))
            if rival.name not in CHEAP and not all(map(finished, records)):
                unfinished += 1
                failed = [record for record in records if not finished(record)]
                if unfinished == 2 or all(r.get("objective") is None for r in failed):
                    break


def run_suite(suite: Suite, results: Results, families: list[str], names: list[str]) -> None:
    """Solve what a suite asks for and is possible here."""
    rivals = []
    for rival in RIVALS.values():
        if names and rival.name not in names:
            continue
        missing = rival.missing()
        if missing:
            print(f"{rival.title}: left out, {' and '.join(missing)} not installed")
            continue
        rivals.append(rival)
    runner = Runner(results)
    for family in suite.families:
        if families and family.name not in families:
            continue
        if family.like.world not in (*bundled_worlds(), *built_worlds()):
            print(f"{family.title}: left out, the world {family.like.world} is not built")
            continue
        run_family(runner, family, rivals)


def main() -> None:
    """Read the command line and solve."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--family", action="append", default=[], help="only this one")
    parser.add_argument("--rival", action="append", default=[], help="only this one")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument("--limit-s", type=float, help="instead of the suite's limit")
    parser.add_argument("--results", type=Path, help="file instead of the suite's own")
    options = parser.parse_args()
    suite = SUITES[options.suite]
    if options.limit_s is not None:
        suite = suite.within(options.limit_s)
    path = options.results or RESULTS / f"{suite.name}.json"
    run_suite(suite, Results.open(path, fresh=options.fresh), options.family, options.rival)


if __name__ == "__main__":
    main()
