"""What is known of a power plant by its kind alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KindFact:
    """Whether a kind of plant is clean, and its mean output over capacity [0-1].

    Plants that are not clean have no capacity factor here: nothing is contracted from them.
    """

    clean: bool
    capacity_factor: float | None = None


KINDS: dict[str, KindFact] = {
    "nuclear": KindFact(clean=True, capacity_factor=0.926),
    "hydro": KindFact(clean=True, capacity_factor=0.410),
    "wind": KindFact(clean=True, capacity_factor=0.347),
    "solar": KindFact(clean=True, capacity_factor=0.248),
    "geothermal": KindFact(clean=True, capacity_factor=0.719),
    "coal": KindFact(clean=False),
    "gas": KindFact(clean=False),
    "oil": KindFact(clean=False),
}
"""Facts by kind. Capacity factors: EIA Electric Power Annual, table 4.08.B, means of 2016-2020."""

KIND_HINTS: dict[str, str] = {
    **dict.fromkeys(("nuc", "nu", "uranium", "ur", "atomic", "smr"), "nuclear"),
    **dict.fromkeys(("wat", "water", "hydroelectric", "hydropower", "runofriver", "ror"), "hydro"),
    **dict.fromkeys(("reservoir", "conventionalhydroelectric"), "hydro"),
    **dict.fromkeys(("wnd", "wt", "onshore", "onshorewind", "offshore", "offshorewind"), "wind"),
    **dict.fromkeys(("sun", "pv", "solarpv", "photovoltaic", "csp", "upv", "dupv"), "solar"),
    **dict.fromkeys(("solarthermal", "solarphotovoltaic"), "solar"),
    **dict.fromkeys(("geo", "geotherm"), "geothermal"),
    **dict.fromkeys(("ant", "bit", "lig", "rc", "sgc", "sub", "wc", "hardcoal"), "coal"),
    **dict.fromkeys(("lignite", "browncoal", "anthracite", "bituminous", "subbituminous"), "coal"),
    **dict.fromkeys(("conventionalsteamcoal", "col"), "coal"),
    **dict.fromkeys(("ng", "natgas", "naturalgas", "ccgt", "ocgt", "ngcc", "ngct", "og"), "gas"),
    **dict.fromkeys(("lng", "methane", "naturalgasfiredcombinedcycle", "bfg", "pg"), "gas"),
    **dict.fromkeys(("dfo", "rfo", "jf", "ker", "wo", "fueloil", "diesel", "petroleum"), "oil"),
    **dict.fromkeys(("petroleumliquids", "kerosene", "distillatefueloil"), "oil"),
}
"""What others call these kinds, folded: only ever asked about, never taken.

Energy source codes of Form EIA-860 (NG natural gas, WAT water, NUC nuclear, GEO geothermal, WND
wind, SUN solar, ANT to WC kinds of coal, DFO to WO oils) and its technologies; words of the WECC
Anchor Data Set (Water, Geo, Uranium), RTS-GMLC and SciGRID.
"""
