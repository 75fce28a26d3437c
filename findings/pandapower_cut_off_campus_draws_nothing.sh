#!/usr/bin/env bash
# pandapower 3.1.2 (pandas 2.3.3).
#
# Belief: a power flow for a load that no line connects to a source fails, or warns that the load
# is not served.
#
# Behaviour: it converges, without a warning. The load's result is 0 MW (not missing), as if it
# drew nothing, and the source makes only what the others draw. The bus's voltage is missing; the
# load's own set value still says 50 MW.
#
# Where it matters: outages around a site. Sums of served load and counts of "no line above 100 %"
# look better with the campus cut off than with it on.
#
# Output seen:
#   line in service:     campus 50.0 MW, grid 60.3 MW, highest loading 63 %
#   line out of service: campus 0.0 MW, grid 10.0 MW, highest loading 11 %, warnings 0
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

print("pandapower", pandapower.__version__)


net = pandapower.create_empty_network()
grid, town, campus = (pandapower.create_bus(net, 110.0) for _ in range(3))
pandapower.create_ext_grid(net, grid)
wire = {"length_km": 10, "r_ohm_per_km": 0.06, "x_ohm_per_km": 0.4, "c_nf_per_km": 9, "max_i_ka": 0.5}
pandapower.create_line_from_parameters(net, grid, town, **wire)
last = pandapower.create_line_from_parameters(net, town, campus, **wire)
pandapower.create_load(net, town, 10.0)
served = pandapower.create_load(net, campus, 50.0)

records = []
handler = logging.Handler(logging.WARNING)
handler.emit = records.append


def flow():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        pandapower.runpp(net, numba=False)
    assert net.converged, "changed: it does not converge any more"
    drawn, made = net.res_load.p_mw[served], net.res_ext_grid.p_mw.iloc[0]
    print(f"campus {drawn} MW, grid {made:.1f} MW, highest loading {net.res_line.loading_percent.max():.0f} %")
    return drawn, round(made, 1), [str(warning.message) for warning in caught if warning.category is UserWarning]


logging.getLogger().addHandler(handler)
drawn, made, _ = flow()
assert drawn == 50 and made > 60, "changed: the campus is not served"
net.line.loc[last, "in_service"] = False
records.clear()
drawn, made, said = flow()
said += [record.getMessage() for record in records]
print("warnings:", said)
assert drawn == 0 and made == 10.0, "changed: the campus that is cut off"
assert not said, "changed: there is a warning now"
print("as described")
PY
