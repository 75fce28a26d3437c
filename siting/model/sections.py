"""The tables of a model file and their keys: units, bounds, defaults and meanings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
)

from siting.model.bounds import (
    Because,
    CampusCount,
    CampusPower,
    ClusterPower,
    Fraction,
    GroupCount,
    Kilometres,
    RouteFactor,
    Seconds,
    SecondsOrNone,
    ZeroOr,
)

Text = Annotated[str, Field(min_length=1)]
# A TOML array is a list; it is kept as a tuple, so that a model can be hashed and shared.
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
HeaderRow = (
    Annotated[int, Field(ge=1, le=1_048_576), Because(high="no sheet has so many rows")] | None
)
Sense = Literal["minimise_cost", "maximise_mw", "minimise_fiber_km"]
Network = Literal["mesh", "hub", "ring"]
SamePlace = Literal["apart", "sum", "largest"]
# Tagged, so that a wrong value is one problem and not one for each kind that it might have been.
Count = Annotated[
    Annotated[
        int,
        Field(ge=1, le=1000),
        Because(high="no plan has so many"),
        Tag("number"),
    ]
    | Annotated[Literal["most"], Tag("word")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "number"),
]


class Section(BaseModel):
    """A table of the model file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True
    )


class WorldSection(Section):
    """Which tables make up the world, and which part of it is kept."""

    base: Text | None = Field(
        default=None,
        description="A bundled world, or a folder with the tables; tables named here replace its "
        'own. Without it: "us" if no table is named, else sites, zones and fiber are needed.',
    )
    sites: Text | None = Field(default=None, description="File of the sites.")
    zones: Text | None = Field(default=None, description="File of the zones.")
    fiber: Text | None = Field(default=None, description="File of the fiber spans.")
    supply: Text | None = Field(default=None, description="File of the power plants.")
    nodes: Text | None = Field(
        default=None,
        description="File of the fiber nodes, where spans are a table of from, to and km.",
    )
    add_sites: Text | None = Field(
        default=None, description="File of sites that stand beside those of the base."
    )
    add_zones: Text | None = Field(
        default=None,
        description="File of zones beside those of the base; they are cut out of the zones under "
        "them.",
    )
    add_fiber: Text | None = Field(
        default=None, description="File of fiber spans beside those of the base."
    )
    add_supply: Text | None = Field(
        default=None, description="File of power plants beside those of the base."
    )
    fetch_addresses: bool = Field(
        default=False,
        description="Whether tables named here may be addresses (https, http, ftp), which are "
        "fetched once for each run; else an address is refused.",
    )
    regions: Texts = Field(
        default=(), description="Keep only the zones of these regions; [] keeps all."
    )
    states: Texts = Field(
        default=(), description="Keep only the zones of these states; [] keeps all."
    )
    supply_regions: Texts = Field(
        default=(),
        description="Keep only the power plants in zones of these regions; [] keeps all.",
    )
    supply_states: Texts = Field(
        default=(),
        description="Keep only the power plants in zones of these states; [] keeps all.",
    )
    min_kv: Annotated[float, Field(ge=0, le=10_000), Because(high="no line has so much")] = Field(
        default=230.0,
        description="Drop sites below this voltage, where the table says their voltage [kV]",
    )
    exclude_sites: Texts = Field(default=(), description="Ids of sites that must not be used.")
    require_sites: Texts = Field(
        default=(), description="Ids of sites that must be used, such as an existing campus."
    )
    snap_km: Kilometres = Field(
        default=0.0,
        description="A site or plant in no zone is taken to the nearest within this distance [km]",
    )
    same_place: SamePlace = Field(
        default="apart",
        description="What rows of sites at one position are: apart, each a campus of its own; "
        "sum, one site of their max_mw together; largest, one site of the largest max_mw.",
    )
    fiber_snap_m: Annotated[
        float, Field(ge=0, le=100_000), Because(high="ends so far apart do not meet")
    ] = Field(
        default=1.0,
        description="Ends of spans without from and to that are so close to another such span are "
        "joined to it [m]",
    )
    route_factor: RouteFactor = Field(
        default=1.3,
        description="Fiber km for each great-circle km of an access, and of a span without km [1]",
    )
    line_route_factor: RouteFactor | None = Field(
        default=None,
        description="Fiber km for each km of line, where spans are drawn as surveyed and have no "
        "km; without it: route_factor [1]",
    )


IGNORE = "ignore"
"""Key of ``[columns]`` that lists columns which are not what their names say."""


def _as_pairs(given: object) -> object:
    """A table of TOML as pairs, so that a model can be hashed and shared."""
    if not isinstance(given, Mapping):
        return given
    pairs: list[tuple[object, object]] = []
    for ours, theirs in given.items():
        several = ours == IGNORE and isinstance(theirs, list | tuple)
        pairs += [(ours, name) for name in theirs] if several else [(ours, theirs)]
    return tuple(pairs)


def _as_table(pairs: tuple[tuple[str, str], ...]) -> dict[str, str | list[str]]:
    """Pairs as the table of TOML that they came from."""
    table: dict[str, str | list[str]] = {ours: theirs for ours, theirs in pairs if ours != IGNORE}
    ignored = [theirs for ours, theirs in pairs if ours == IGNORE]
    return table | ({IGNORE: ignored} if ignored else {})


Renamed = Annotated[
    tuple[tuple[Text, Text], ...],
    BeforeValidator(_as_pairs),
    PlainSerializer(_as_table),
    Field(strict=False),
]
"""Names of columns, each with the column that it is read from and the factor of its unit."""


class ColumnsSection(Section):
    """What columns are called in the files.

    Our name and theirs: ``id = "BUS_ID"``; numbers with one factor that makes our unit of theirs:
    ``kv = "VOLTAGE / 1000"``, ``km = "LEN_M * 0.001"``. A column whose name is the whole text wins,
    and a name may be in quotes or backticks. ``max_mw = "= 300"`` is 300 in every row, for a file
    that lacks the column, and ``id = "#"`` is the number of the row. ``ignore = ["kv_class"]`` says
    of columns that they are nothing that siting reads, whatever their names are like.
    """

    zones: Renamed = Field(default=(), description="Columns of the zones.")
    sites: Renamed = Field(default=(), description="Columns of the sites.")
    fiber: Renamed = Field(default=(), description="Columns of the fiber spans.")
    supply: Renamed = Field(default=(), description="Columns of the power plants.")
    nodes: Renamed = Field(default=(), description="Columns of the fiber nodes.")
    kinds: Renamed = Field(
        default=(), description='Kinds of plants, theirs and ours, such as NG = "gas".'
    )


class LayersSection(Section):
    """Which layers of a file hold a table, or which sheets of a spreadsheet."""

    zones: Texts = Field(default=(), description="Layers of the zones; [] takes all that fit.")
    sites: Texts = Field(default=(), description="Layers of the sites; [] takes all that fit.")
    fiber: Texts = Field(default=(), description="Layers of the fiber; [] takes all that fit.")
    supply: Texts = Field(default=(), description="Layers of the plants; [] takes all that fit.")
    nodes: Texts = Field(default=(), description="Layers of the nodes; [] takes all that fit.")


class HeaderRowsSection(Section):
    """In which line all sheets of a spreadsheet, or a text table, have the names of columns."""

    zones: HeaderRow = Field(default=None, description="Of the zones; without it: it is found.")
    sites: HeaderRow = Field(default=None, description="Of the sites; without it: it is found.")
    fiber: HeaderRow = Field(default=None, description="Of the fiber; without it: it is found.")
    supply: HeaderRow = Field(default=None, description="Of the plants; without it: it is found.")
    nodes: HeaderRow = Field(default=None, description="Of the nodes; without it: it is found.")


class CampusSection(Section):
    """Limits of one campus."""

    min_mw: Annotated[
        float,
        Field(ge=0, le=1e6),
        ZeroOr(0.001),
        Because("less than 1 kW is no campus", "the whole US has little more"),
    ] = Field(default=100.0, description="Least draw of a campus that is built [MW]")
    max_mw: CampusPower = Field(default=2000.0, description="Largest draw of a campus [MW]")
    module_mw: Annotated[
        float,
        Field(ge=0, le=1e6),
        ZeroOr(0.001),
        Because("no module draws less than 1 kW", "the whole US has little more"),
    ] = Field(default=0.0, description="If above 0, a campus draws whole modules of this size [MW]")
    load_factor: Annotated[
        float,
        Field(ge=0.01, le=1),
        Because(low="nobody builds what is idle but for 1 % of the time"),
    ] = Field(default=0.9, description="Mean draw over draw [0-1]")
    pue: Annotated[float, Field(ge=1, le=10), Because(high="no site is so wasteful")] = Field(
        default=1.2, description="Draw over IT load, for sites that have none of their own [1]"
    )


class ClusterSection(Section):
    """What makes campuses one training cluster."""

    count: Count = Field(
        default=1,
        description='How many clusters, with no site in common; "most": as many as there is room '
        "for, and then the best plan with so many.",
    )
    target_mw: ClusterPower | None = Field(
        default=None,
        description="Draw of each cluster; needed unless target_it_mw is given or draw is "
        "maximised [MW]",
    )
    target_it_mw: ClusterPower | None = Field(
        default=None, description="IT load of each cluster, instead of target_mw [MW]"
    )
    min_campuses: CampusCount = Field(default=2, description="Fewest campuses of a cluster.")
    max_campuses: CampusCount = Field(default=8, description="Most campuses of a cluster.")
    network: Network = Field(
        default="mesh",
        description="mesh: every pair of campuses is linked; hub: one campus is linked to all "
        "others; ring: a closed tour links all.",
    )
    max_fiber_km: Kilometres = Field(
        default=500.0,
        description="Longest fiber route of a link: between two campuses of a mesh, to the hub, "
        "one hop of a ring [km]",
    )
    max_ring_km: Kilometres = Field(
        default=5000.0, description="Longest tour of a ring; other networks have none [km]"
    )
    min_utilities: GroupCount = Field(
        default=1, description="Fewest utilities that feed a cluster."
    )
    max_utility_fraction: Annotated[
        float, Field(ge=0.001, le=1), Because(low="of at most 1,000 campuses one has more")
    ] = Field(default=1.0, description="Largest share of a cluster's draw from one utility [0-1]")
    min_regions: GroupCount = Field(default=1, description="Fewest regions that a cluster spans.")
    keep_after_campus_loss: Fraction = Field(
        default=0.0,
        description="Share of the target that is left when the largest campus is lost [0-1]",
    )
    keep_after_utility_loss: Fraction = Field(
        default=0.0,
        description="Share of the target that is left when the largest utility is lost [0-1]",
    )
    max_sync_s: Seconds | None = Field(
        default=None,
        description="Longest synchronisation of a cluster, as its [training] exchanges gradients; "
        "bounds links and campuses [s]",
    )
    min_compute_utilisation: (
        Annotated[
            float,
            Field(ge=0.001, le=0.9999),
            Because(
                "a cluster that waits so long trains nothing",
                "it leaves no time to exchange anything",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Least share of the time in which accelerators do not wait for other campuses, "
        "as [training] has it; bounds links and campuses [0-1]",
    )
    keep_after_span_loss: bool = Field(
        default=False,
        description="Whether the links that are left must still connect all campuses of a cluster "
        "when any one span of the fiber is lost. A span that sites or others join between its ends "
        "is lost from one of these places to the next.",
    )


class PowerSection(Section):
    """The contract with the utilities."""

    curtailment: Fraction = Field(
        default=0.005,
        description="Mean share of its energy that a campus lets be curtailed; picks the zones' "
        "headroom [0-1]",
    )
    headroom_scale: Annotated[
        float,
        Field(ge=0, le=1000),
        ZeroOr(0.001),
        Because("it leaves nothing; 0 closes every zone", "no grid has so much more"),
    ] = Field(default=1.0, description="Multiplies the headroom of every zone [1]")


class CleanSection(Section):
    """Annual clean energy."""

    min_fraction: Fraction = Field(
        default=0.0, description="Least clean share of each cluster's annual energy [0-1]"
    )
    deliver_within: Literal["zone", "region", "interconnect", "anywhere"] = Field(
        default="region", description="Where contracted supply may sit, seen from the campus."
    )
    contractable_fraction: Fraction = Field(
        default=0.3, description="Share of each clean plant's output that can be contracted [0-1]"
    )
    count_grid_mix: bool = Field(
        default=True,
        description="Whether the zone's own clean share counts toward min_fraction.",
    )


class FiberSection(Section):
    """What the links of a cluster are to carry, and what new fiber pairs cost."""

    bandwidth_tbps: Annotated[
        float, Field(ge=0, le=1e6), Because(high="it is more than 8,000 pairs of fibers carry")
    ] = Field(default=0.0, description="What each link is to carry; 0 asks for none [Tbit/s]")
    pair_tbps: Annotated[
        float,
        Field(ge=0.001, le=1e5),
        Because("less than 1 Gbit/s is no pair of a long route", "no fiber has so much spectrum"),
    ] = Field(
        default=121.6,
        description="Capacity of a fiber pair: 121.6 for 152 waves of 800G over C and L band, 25.6 "
        "for 64 of 400ZR [Tbit/s]",
    )
    amplifier_km: Annotated[
        float,
        Field(ge=1, le=1e5),
        Because("no route has amplifiers so near", "no light goes so far"),
    ] = Field(default=80.0, description="Longest fiber between two amplifier sites of a route [km]")
    pair_musd_per_km: Annotated[
        float, Field(ge=0, le=1000), Because(high="no fiber costs so much; are these USD?")
    ] = Field(default=0.0, description="Price of a new fiber pair along a route [MUSD/km]")
    amplifier_musd: Annotated[
        float, Field(ge=0, le=1000), Because(high="no amplifier costs so much; are these USD?")
    ] = Field(default=0.0, description="Price of amplifying one pair at one amplifier site [MUSD]")


Recipe = Literal[
    "chinchilla_10b", "nemotron4_340b", "llama3_405b", "deepseek_v3_671b", "frontier_72t"
]
Accelerator = Literal["a100", "h100", "b200", "gb200", "mi300x", "trainium2", "tpu_v5p", "tpu7x"]
Collective = Literal["hierarchical", "ring", "bidirectional_ring"]


class TrainingSection(Section):
    """What a cluster trains, and over which bandwidth; optional, and without it nothing is said."""

    recipe: Recipe | None = Field(
        default=None,
        description="What is trained: chinchilla_10b, nemotron4_340b, llama3_405b, "
        "deepseek_v3_671b or frontier_72t. Gives parameters, layers, step_s and bits_per_parameter "
        "where they are not given here; without a recipe all but the last are needed.",
    )
    parameters: (
        Annotated[float, Field(ge=1, le=1e18), Because(high="no model has so many")] | None
    ) = Field(default=None, description="Parameters of the model, all of which are exchanged.")
    active_parameters: (
        Annotated[float, Field(ge=1, le=1e18), Because(high="no model has so many")] | None
    ) = Field(
        default=None,
        description="Parameters that work on a token, fewer in a mixture of experts; for "
        "tokens_per_batch. Without it those of the recipe, else all.",
    )
    layers: (
        Annotated[int, Field(ge=1, le=1_000_000), Because(high="no model has so many")] | None
    ) = Field(default=None, description="Layers of the model.")
    step_s: Seconds | None = Field(
        default=None, description="A step without any communication between campuses [s]"
    )
    tokens_per_batch: (
        Annotated[float, Field(ge=1, le=1e18), Because(high="nobody has written so much")] | None
    ) = Field(
        default=None,
        description="Size of a step's batch over all campuses, instead of step_s, which then "
        "follows from the cluster's FLOP/s [tokens]",
    )
    bits_per_parameter: (
        Annotated[
            float,
            Field(ge=1e-6, le=1e4),
            Because("nothing is compressed so far", "no number has so many"),
        ]
        | None
    ) = Field(
        default=None,
        description="Bits exchanged for each parameter; without it those of the recipe, else 16 "
        "[bit]",
    )
    inner_steps: Annotated[
        int, Field(ge=1, le=1_000_000_000), Because(high="no training has so many")
    ] = Field(
        default=1,
        description="Steps between two synchronisations; 1 is data-parallel, more is DiLoCo.",
    )
    collective: Collective = Field(
        default="hierarchical",
        description="How campuses exchange: hierarchical, inside each campus and then between them "
        "over direct links; ring, once around; bidirectional_ring, both ways at once.",
    )
    bandwidth_gbps: (
        Annotated[
            float,
            Field(ge=1e-6, le=1e12),
            Because(
                "less than 1 kbit/s is no link", "it is more than 8 million pairs of fibers carry"
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="What a campus sends to the others, or to its next on a ring. Without it "
        "fiber.bandwidth_tbps, and without that 1,000,000 [Gbit/s]",
    )
    accelerator: Accelerator = Field(
        default="gb200", description="What computes; gives watts and peak FLOP/s."
    )
    watts_per_accelerator: (
        Annotated[
            float, Field(ge=0.001, le=1e9), Because("no chip needs so little", "it is a campus")
        ]
        | None
    ) = Field(
        default=None,
        description="IT load of an accelerator at the wall of the rack, with its share of host and "
        "switches; without it that of the accelerator [W]",
    )
    flop_per_s_per_accelerator: (
        Annotated[
            float,
            Field(ge=1e3, le=1e24),
            Because("no chip is so slow; are these TFLOP/s?", "no chip is so fast"),
        ]
        | None
    ) = Field(
        default=None,
        description="Dense peak of an accelerator; without it in bf16, that of the accelerator "
        "[FLOP/s]",
    )
    mfu: Annotated[float, Field(ge=0.0001, le=1), Because(low="nobody trains so badly")] = Field(
        default=0.4, description="Model FLOP utilisation inside a campus [0-1]"
    )
    failure_hours_per_100k: (
        Annotated[
            float,
            Field(ge=1e-6, le=1e9),
            Because(
                "nothing is trained between such failures",
                "it is 100,000 years; leave the key out where failures do not count",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Mean time between failures of 100,000 accelerators, each of which restarts "
        "the cluster from its checkpoint; without it failures are not counted [h]",
    )
    restart_s: SecondsOrNone = Field(
        default=300.0, description="From a failure to the first new step [s]"
    )
    checkpoint_write_s: SecondsOrNone = Field(
        default=15.0, description="Time in which a checkpoint stops the training [s]"
    )
    checkpoint_interval_s: Seconds | None = Field(
        default=None,
        description="Compute time between two checkpoints; without it the one that loses least [s]",
    )


class CostSection(Section):
    """Prices, in US dollars of ``money_year``."""

    money_year: Annotated[int, Field(ge=1950, le=2150)] = Field(
        default=2024, description="Year of the US dollars of every cost and price."
    )
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.08, description="Annual rate at which capital is paid for [0-1]"
    )
    life_years: Annotated[
        float,
        Field(ge=1, le=1000),
        Because("no campus is built for so short a time", "nothing is built for so long"),
    ] = Field(default=20.0, description="Life of a campus [years]")
    campus_musd_per_mw: Annotated[
        float, Field(ge=0, le=1000), Because(high="no campus costs so much; are these USD/kW?")
    ] = Field(
        default=11.0,
        description="Building and grid connection, without servers, for each MW [MUSD/MW]",
    )
    campus_fixed_musd: Annotated[
        float, Field(ge=0, le=100_000), Because(high="no campus costs so much; are these USD?")
    ] = Field(default=50.0, description="Cost of a campus of any size [MUSD]")
    fiber_musd_per_km: Annotated[
        float, Field(ge=0, le=1000), Because(high="no fiber costs so much; are these USD/km?")
    ] = Field(
        default=0.06, description="Fiber from a site to the nearest place of a span [MUSD/km]"
    )
    grid_usd_per_mwh: Annotated[
        float, Field(ge=0, le=10_000), Because(high="no energy costs so much for a year")
    ] = Field(default=60.0, description="Energy price of zones and sites that have none [USD/MWh]")


class ObjectiveSection(Section):
    """What is best."""

    sense: Sense = Field(
        default="minimise_cost",
        description="Least cost, most draw over all clusters, or shortest network.",
    )


class SolverSection(Section):
    """Who solves, and when it may stop."""

    name: Text = Field(
        default="highs", description="highs, cbc, scip, or any other solver that PuLP finds."
    )
    gap: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.001, description="Share between plan and bound at which it may stop [0-1]"
    )
    time_limit_s: Annotated[
        float, Field(ge=0.001, le=1e7), Because("nothing is solved so fast", "it is 16 weeks")
    ] = Field(default=300.0, description="Time after which it stops [s]")
    threads: Annotated[
        int,
        Field(ge=0, le=1024),
        Because(high="no machine has so many; 0 takes all that there are"),
    ] = Field(
        default=0, description="Threads of the solver, of those that the machine has; 0 takes all."
    )


SECTIONS: dict[str, type[Section]] = {
    "world": WorldSection,
    "columns": ColumnsSection,
    "layers": LayersSection,
    "header_rows": HeaderRowsSection,
    "campus": CampusSection,
    "cluster": ClusterSection,
    "power": PowerSection,
    "clean": CleanSection,
    "fiber": FiberSection,
    "training": TrainingSection,
    "cost": CostSection,
    "objective": ObjectiveSection,
    "solver": SolverSection,
}
"""The tables of a model file, in the order of the file."""

TOP_KEYS = ("schema", "name", "title")
"""The keys above the first table."""
