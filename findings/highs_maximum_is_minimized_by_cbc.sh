#!/usr/bin/env bash
# HiGHS (highspy 1.16.0) and CBC 2.10.3 (in PuLP 3.3.2).
#
# Belief: a model that HiGHS writes as MPS is solved in the same direction by CBC; a reader that
# does not know the section OBJSENSE would refuse the file.
#
# Behaviour: HiGHS writes "OBJSENSE MAX". CBC passes over that section and minimizes: 0 MW instead
# of 6, "Optimal", exit code 0. The LP file of the same model is maximized by both.
#
# Where it matters: "most megawatts for the money" written by one solver and checked with another.
# The check comes back with the worst plan, called optimal.
#
# Output seen:
#   MPS: HiGHS 6.0  CBC 0.0
#   LP:  HiGHS 6.0  CBC 6.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pulp==3.3.2 highspy==1.16.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import highspy
import pulp


def run_highs(name):
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.readModel(name)
    model.run()
    status = model.modelStatusToString(model.getModelStatus())
    return model.getInfo().objective_function_value if status == "Optimal" else status


def run_cbc(name):
    command = [pulp.PULP_CBC_CMD().path, name, "solve", "solution", "answer.txt"]
    subprocess.run(command, check=True, capture_output=True)
    with open("answer.txt") as file:
        return float(file.readline().rsplit(maxsplit=1)[1])


model = highspy.Highs()
model.setOptionValue("output_flag", False)
model.addVariable(lb=0, ub=6, obj=1)
model.changeObjectiveSense(highspy.ObjSense.kMaximize)
for name, expected in (("most.mps", 0), ("most.lp", 6)):
    model.writeModel(name)
    highs, cbc = run_highs(name), run_cbc(name)
    print(f"{name}: HiGHS {highs}  CBC {cbc}")
    assert highs == 6, f"changed: HiGHS reads its own {name} otherwise"
    assert cbc == expected, f"changed: CBC finds {cbc} in {name}"
with open("most.mps") as file:
    assert "OBJSENSE" in file.read(), "changed: HiGHS no longer writes OBJSENSE"
print("as described")
PY
