#!/usr/bin/env bash
# PyPSA 1.4.0 (linopy 0.10.1, highspy 1.16.0).
#
# Belief: num_parallel=2 makes two circuits of a line: half the reactance and twice the rating.
#
# Behaviour: for a line with a type the reactance is halved, but s_nom stays what it was, so the
# pair carries no more than one circuit. For a line given by its own reactance the count does
# nothing at all. Nothing is said in either case.
#
# Where it matters: double-circuit lines around a site, whose counts come from OpenStreetMap: half
# of the transfer capacity, or all of the impedance, of the second circuit is missing.
#
# Output seen:
#   with a type, 1 circuits: x 24.6 ohm, carries 600 MW
#   with a type, 2 circuits: x 12.3 ohm, carries 600 MW
#   own reactance, 1 circuits: x 24.6 ohm, carries 600 MW
#   own reactance, 2 circuits: x 24.6 ohm, carries 600 MW
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


def solve(circuits, **options):
    network = pypsa.Network()
    network.add("Bus", ["wind", "campus"], v_nom=380.0)
    network.add("Generator", "cheap", bus="wind", p_nom=5000, marginal_cost=1)
    network.add("Generator", "dear", bus="campus", p_nom=5000, marginal_cost=100)
    network.add("Load", "load", bus="campus", p_set=2000)
    network.add("Line", "line", bus0="wind", bus1="campus", s_nom=600, num_parallel=circuits, **options)
    status = network.optimize(solver_name="highs", solver_options={"output_flag": False})
    assert status == ("ok", "optimal"), f"changed: the status is {status}"
    return round(float(network.c.lines.static.x_pu_eff["line"]) * 380**2, 1), round(float(network.c.lines.dynamic.p0["line"].iloc[0]))


kinds = {
    "with a type": {"type": "Al/St 240/40 4-bundle 380.0", "length": 100},
    "own reactance": {"x": 24.6},
}
seen = {(kind, circuits): solve(circuits, **options) for kind, options in kinds.items() for circuits in (1, 2)}
for (kind, circuits), (ohm, mw) in seen.items():
    print(f"{kind}, {circuits} circuits: x {ohm} ohm, carries {mw} MW")
assert [ohm for ohm, _ in seen.values()] == [24.6, 12.3, 24.6, 24.6], "changed: reactance of two circuits"
assert all(mw == 600 for _, mw in seen.values()), "changed: two circuits carry more than one"
print("as described")
PY
