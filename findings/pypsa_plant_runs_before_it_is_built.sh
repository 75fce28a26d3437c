#!/usr/bin/env bash
# PyPSA 1.4.0 (linopy 0.10.1, highspy 1.16.0).
#
# Belief: a plant with build_year 2040, or one of build_year 1990 with a lifetime of 30 years, does
# not run in a snapshot of 2030.
#
# Behaviour: in a network with plain snapshots the years are not looked at: both run in 2030, no
# warning. They count only when investment periods are set: with the single period 2030 the same
# network uses neither.
#
# Where it matters: data sets of plants carry these two columns, and a study of one year looks
# right. Announced and retired plants feed the campus.
#
# Output seen:
#   plain snapshots:   future 100 MW, retired 100 MW, standing 100 MW
#   period 2030 set:   future 0 MW, retired 0 MW, standing 300 MW
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pypsa==1.4.0 linopy==0.10.1 highspy==1.16.0 pandas==3.1.1
cd "$work"
"$work/venv/bin/python" - <<'PY'
import logging
import warnings

import pandas
import pypsa

logging.disable(logging.WARNING)
warnings.simplefilter("ignore", FutureWarning)
print("PyPSA", pypsa.__version__)


def solve(periods):
    network = pypsa.Network()
    network.set_snapshots(pandas.DatetimeIndex(["2030-07-01"]))
    if periods:
        network.set_investment_periods([2030])
    network.add("Bus", "hub")
    network.add("Load", "campus", bus="hub", p_set=300)
    network.add("Generator", "future", bus="hub", p_nom=100, marginal_cost=1, build_year=2040, lifetime=30)
    network.add("Generator", "retired", bus="hub", p_nom=100, marginal_cost=1, build_year=1990, lifetime=30)
    network.add("Generator", "standing", bus="hub", p_nom=500, marginal_cost=100, build_year=2010, lifetime=30)
    options = {"multi_investment_periods": True} if periods else {}
    status = network.optimize(solver_name="highs", solver_options={"output_flag": False}, **options)
    assert status == ("ok", "optimal"), f"changed: the status is {status}"
    made = network.c.generators.dynamic.p.reindex(columns=["future", "retired", "standing"]).fillna(0)
    return [round(float(mw)) for mw in made.iloc[0]]


plain, dated = solve(periods=False), solve(periods=True)
for case, made in (("plain snapshots:", plain), ("period 2030 set:", dated)):
    print(case, "future {} MW, retired {} MW, standing {} MW".format(*made))
assert plain == [100, 100, 100], "changed: years are looked at with plain snapshots, too"
assert dated == [0, 0, 300], "changed: years with a period set"
print("as described")
PY
