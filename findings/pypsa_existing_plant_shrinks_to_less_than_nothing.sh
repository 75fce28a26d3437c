#!/usr/bin/env bash
# PyPSA 1.4.0 (linopy 0.10.1, highspy 1.16.0).
#
# Belief: p_nom is what stands already, and p_nom_extendable allows more of it. The cheapest plan
# pays for what is added and run, and the objective of a network with costs is a cost, not below
# zero.
#
# Behaviour: for an extendable plant, p_nom is no floor (p_nom_min is, 0 unless given). An existing
# plant of 1000 MW at 10 a MW is shrunk to the 300 MW of the load, and the objective is -6700: 3000
# for the 300 MW, 300 to run them, less the 10000 for the 1000 MW that stood there. With
# p_nom_min=1000 it is 300.
#
# Where it matters: "what does a campus cost on the grid as it is": plants that are there are taken
# down for their cost, and networks with different existing plants cannot be compared by their
# objectives.
#
# Output seen:
#   p_nom_min unset: 300 MW, objective -6700, constant 10000
#   p_nom_min 1000:  1000 MW, objective 300, constant 10000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pypsa==1.4.0 linopy==0.10.1 highspy==1.16.0 pandas==3.1.1
cd "$work"
"$work/venv/bin/python" - <<'PY'
import logging
import warnings

import pypsa

logging.disable(logging.WARNING)
warnings.simplefilter("ignore", FutureWarning)
print("PyPSA", pypsa.__version__)


def solve(**options):
    network = pypsa.Network()
    network.add("Bus", "hub")
    plant = {"p_nom": 1000, "p_nom_extendable": True, "capital_cost": 10, "marginal_cost": 1, **options}
    network.add("Generator", "plant", bus="hub", **plant)
    network.add("Load", "campus", bus="hub", p_set=300)
    status = network.optimize(solver_name="highs", solver_options={"output_flag": False})
    assert status == ("ok", "optimal"), f"changed: the status is {status}"
    return network.generators.p_nom_opt["plant"], network.objective, network.objective_constant


free, floored = solve(), solve(p_nom_min=1000)
print("p_nom_min unset: {:g} MW, objective {:g}, constant {:g}".format(*free))
print("p_nom_min 1000:  {:g} MW, objective {:g}, constant {:g}".format(*floored))
assert [round(number) for number in free] == [300, -6700, 10000], "changed: the existing plant"
assert [round(number) for number in floored] == [1000, 300, 10000], "changed: the plant with a floor"
print("as described")
PY
