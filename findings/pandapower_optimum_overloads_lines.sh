#!/usr/bin/env bash
# pandapower 3.1.2 (pandas 2.3.3).
#
# Belief: an optimal power flow keeps to the rating that every line must have (max_i_ka).
#
# Behaviour: it does not. The limit counts only if the table of lines also has a column
# max_loading_percent, which a line made with its usual arguments lacks. A line of 500 A at 345 kV
# is loaded to 201 %, the solution is called converged, and the dear plant beside the load stays
# off. With the column at 100, the plant makes 301 MW and the cost is fifty times higher.
#
# Where it matters: "how many megawatts can this substation serve": without the column the answer
# is always enough, and the result table that shows the overload is not the one people look at.
#
# Output seen:
#   no max_loading_percent:  line at 200.8 %, local plant 0 MW, cost 600, converged True
#   max_loading_percent 100: line at 100.0 %, local plant 301 MW, cost 30421, converged True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pandapower==3.1.2 pandas==2.3.3
cd "$work"
"$work/venv/bin/python" - <<'PY'
import logging
import warnings

import pandapower

logging.disable(logging.WARNING)
warnings.simplefilter("ignore")
print("pandapower", pandapower.__version__)


net = pandapower.create_empty_network()
grid, campus = pandapower.create_bus(net, 345.0), pandapower.create_bus(net, 345.0)
pandapower.create_ext_grid(net, grid)
wire = {"length_km": 10, "r_ohm_per_km": 0.06, "x_ohm_per_km": 0.4, "c_nf_per_km": 9}
pandapower.create_line_from_parameters(net, grid, campus, max_i_ka=0.5, **wire)
pandapower.create_load(net, campus, 600.0)
pandapower.create_gen(net, campus, p_mw=0, min_p_mw=0, max_p_mw=1000)
pandapower.create_poly_cost(net, 0, "ext_grid", 1.0)
pandapower.create_poly_cost(net, 0, "gen", 100.0)


def solve():
    pandapower.rundcopp(net)
    loading, made = net.res_line.loading_percent.iloc[0], net.res_gen.p_mw.iloc[0]
    words = f"line at {loading:.1f} %, local plant {made:.0f} MW, cost {net.res_cost:.0f}"
    print(words, "converged", net.OPF_converged)
    assert net.OPF_converged, "changed: it does not converge any more"
    return round(loading, 1), round(made)


assert "max_loading_percent" not in net.line, "changed: a new line has a limit of its loading"
assert solve() == (200.8, 0), "changed: the rating alone limits the line"
net.line["max_loading_percent"] = 100.0
assert solve() == (100.0, 301), "changed: the limit of the loading"
print("as described")
PY
