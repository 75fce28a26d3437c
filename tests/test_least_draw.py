"""A campus that draws nothing is none: it meets no limit, and no plan is made of such."""

import pytest
import shapely
from drafts import Draft, box

import siting
from siting.case import LEAST_DRAW_MW
from siting.errors import InfeasibleError


def draft(**campus):
    """Two sites of 200 MW, each in a zone of its own, 46 km apart."""
    made = Draft()
    made.zones = [
        {"id": name, "utility": name, "headroom_mw": 200, "price_usd_per_mwh": price}
        | {"region": name, "geometry": box(west, 0, west + 1, 1)}
        for name, price, west in (("west", 40, 0), ("east", 60, 1))
    ]
    made.sites = [
        {"id": "a", "lon": 0.8, "lat": 0.5, "max_mw": 200},
        {"id": "b", "lon": 1.2, "lat": 0.5, "max_mw": 200},
    ]
    made.fiber = [{"id": "s", "geometry": shapely.LineString([(0.8, 0.5), (1.2, 0.5)])}]
    made.supply = []
    del made.model["world"]["supply"]
    made.ask("campus", load_factor=1, **campus)
    made.ask("cluster", target_mw=200, min_campuses=2, max_campuses=2, min_utilities=2)
    made.ask("cost", discount_rate=0, life_years=20, campus_musd_per_mw=10, campus_fixed_musd=0)
    return made


def solve(made, folder, **changes):
    return siting.solve(siting.read_model(made.write(folder), set=changes))


@pytest.mark.parametrize("module_mw", [50, 100])
def test_a_campus_has_one_module_at_the_least(module_mw, tmp_path):
    plan = solve(draft(min_mw=0, module_mw=module_mw), tmp_path)
    draws = [campus.draw_mw for campus in plan.clusters[0].campuses]
    # By hand: of all ways to share 200 MW out in modules the one with the fewest at 60 USD/MWh.
    b = module_mw
    least = 10 / 20 * 200 + 8760 * ((200 - b) * 40 + b * 60) / 1e6
    assert draws == [200 - b, b]
    # The site's way to the fiber costs nothing: both stand on it.
    assert plan.objective == pytest.approx(least, abs=1e-6)


def test_without_modules_a_campus_draws_more_than_nothing(tmp_path):
    plan = solve(draft(min_mw=0), tmp_path, **{"solver.gap": "0"})
    draws = [campus.draw_mw for campus in plan.clusters[0].campuses]
    assert draws == pytest.approx([200 - LEAST_DRAW_MW, LEAST_DRAW_MW], abs=1e-9)


@pytest.mark.parametrize("sense", ["maximise_mw", "minimise_cost", "minimise_fiber_km"])
@pytest.mark.parametrize("within", ["zone", "region", "anywhere"])
def test_no_clean_energy_is_no_plan_and_the_reason(sense, within, tmp_path):
    made = draft(min_mw=0)
    made.ask("clean", min_fraction=1.0, deliver_within=within)
    made.ask("objective", sense=sense)
    with pytest.raises(InfeasibleError, match="no clean supply"):
        solve(made, tmp_path)
