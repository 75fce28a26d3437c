"""An explanation as text: why there is no plan and what would give one, or what binds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siting.report.text import OBJECTIVES, Column, describe_reading, table
from siting.wording import printable

if TYPE_CHECKING:
    from siting.explanation import Change, Explanation, Worth


TOGETHER = (
    "No single change was found to give a plan, but all of these together do; solved and audited"
)


def describe_explanation(explanation: Explanation) -> str:
    """Describe why a model has no plan and what would give one, or what binds its best plan."""
    blocks = _describe_worths(explanation) if explanation.feasible else _describe_why(explanation)
    as_read = describe_reading(explanation.left_out, explanation.notices)
    if as_read:
        blocks.append("\n".join(as_read))
    return "\n\n".join(blocks)


def _describe_why(explanation: Explanation) -> list[str]:
    found = explanation.findings
    blocks = [
        "\n".join([f"{explanation.model_name}: there is no plan", *_bullets(explanation.reasons)])
    ]
    if found.changes:
        blocks.append(
            "\n".join(
                [
                    "Any one of these changes gives a plan; each was solved and its plan audited",
                    *_bullets([_words(change) for change in found.changes]),
                ]
            )
        )
    elif found.together:
        blocks.append(
            "\n".join(
                [
                    TOGETHER,
                    *_bullets([_words(change) for change in found.together]),
                ]
            )
        )
    else:
        blocks.append("No change that siting tries was found to give a plan")
    if found.useless:
        blocks.append(
            "\n".join(
                ["By themselves these give no plan, proven", *_bullets(found.useless)],
            )
        )
    if found.open:
        blocks.append(
            "\n".join(["Not decided in time (raise --time-limit)", *_bullets(found.open)])
        )
    return blocks


def _words(change: Change) -> str:
    if not change.tolerance:
        return change.text
    if change.smallest:
        return f"{change.text} (the smallest, to {change.tolerance})"
    return f"{change.text} (less may do: not decided in time)"


def _bullets(lines: list[str] | tuple[str, ...]) -> list[str]:
    return [f"  - {printable(line)}" for line in lines]


def _number(explanation: Explanation) -> str:
    return f" of {explanation.clusters} clusters" if explanation.clusters > 1 else ""


def _describe_worths(explanation: Explanation) -> list[str]:
    best = explanation.best
    assert best is not None
    measure, unit, bounded = OBJECTIVES[explanation.sense]
    binding = [worth for worth in explanation.worths if worth.binds]
    maybe = [worth for worth in explanation.worths if not worth.binds and worth.found > 0]
    free = [worth for worth in explanation.worths if not worth.binds and worth.found == 0]
    blocks = [
        (
            f"{explanation.model_name}: there is a plan; the best{_number(explanation)} has a "
            f"{measure} of {best.objective:,.2f} {unit}, {bounded} {best.bound:,.2f} {unit}"
        )
    ]
    if binding:
        blocks.append(
            "\n".join(
                [
                    f"What binds, and what one more unit is worth [{unit}]; each was solved anew",
                    *_table(binding),
                ]
            )
        )
    if maybe:
        blocks.append("\n".join(["May bind: the gap is wider than the difference", *_table(maybe)]))
    if free:
        blocks.append(
            "Relaxing one of these by so much gives no better plan\n"
            + "\n".join(_bullets([f"{worth.limit}: {worth.change}" for worth in free]))
        )
    if explanation.open:
        blocks.append(
            "\n".join(["Not decided in time (raise --time-limit)", *_bullets(explanation.open)])
        )
    return blocks


def _table(worths: list[Worth]) -> list[str]:
    return table(
        [
            Column("limit"),
            Column("changed"),
            Column("worth", ""),
            Column("at least", ""),
            Column("at most", ""),
            Column("for each"),
        ],
        [
            (
                worth.limit,
                worth.change,
                f"{worth.found:,.4f}",
                f"{worth.least:,.4f}",
                f"{worth.most:,.4f}",
                worth.unit,
            )
            for worth in worths
        ],
    )
