"""Whether the figures that a submission states are those that were computed anew."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kinesis_bench.evaluation.schema import PROTOCOLS, Result
from kinesis_bench.evaluation.scored_folder import Clips
from kinesis_bench.evaluation.typed_json import to_json

TOLERANCES = {"mm": 0.02, "pct": 1e-4, "deg": 0.01, "s": 1e-4, "": 1e-4}
"""By the unit that ends a figure's name (none: r, excitation, ratios), how far it may be from the one that is
computed anew. Shares of clips and of frames are counts, and equal but for their intervals. Measured for all
policies that ship, with an error of 1e-9 put on every recorded state (a machine that rounds otherwise is off
by some 1e-15): MPJPE to 2e-3 mm, angles to 8e-4 deg, r to 5e-7; from 16-bit excitations r to 2e-6."""

LAG_STEPS = 1
"""Hundredths of the cycle by which a lag may differ: two that are all but equal may change places."""

NO_FIGURES = ("versions", "wall_s", "realtime_factor", "policy", "runs", "seed", "reasons", "notes")
"""Fields of a result that are no figures: what was run, by what, how fast, and words."""

OF_PEOPLE = (
    *("human_condition", "human_people", "human_side", "human_source", "cycle_zero", "human_pairs_r"),
    *("leave_one_out_r", "within_person_r", "human_mean", "human_sd", "human_phase", "human_mean_deg"),
    "human_sd_deg",
)
"""Fields of a result that depend on people alone, so that they are the same whatever runs it is over."""

RATIOS = {"frame_coverage_pct": "covered", "success_pct": "success", "strict_success_pct": "strict_success"}
"""Figure of a result to the column of ``clips.csv`` that it is the share of."""

_LAG = re.compile(r"(^|\.|_)lag_(ms|pct)$")
_UNIT = re.compile(r"_(mm|pct|deg|s)(?=$|[.\[])")
_EMG = re.compile(r"^emg(_of_activation)?\.")
_OF_PERSONS = re.compile(r"\.(ci95|chance|human_source)(\.|$)")
_WORDS = ("key", "run", "skill", "failure", "trial", "ending", "keeper")


@dataclass(frozen=True)
class Difference:
    """A value that is not the one computed anew.

    Attributes:
        where: its path in the file.
        told, found: as stated, and as computed.
        size: |told - found| of numbers; infinite where they are not both numbers.
        unit: that ends its name, "" where there is none.
        refused: whether that is too much.
    """

    where: str
    told: Any
    found: Any
    size: float
    unit: str
    refused: bool

    def __str__(self) -> str:
        told, found = (f"{v:.6g}" if isinstance(v, float) else str(v)[:60] for v in (self.told, self.found))
        return f"{self.where} is {told}, computed anew it is {found}"


def result_differences(told: Result, found: Result, *, people_only: bool = False) -> list[Difference]:
    """All figures of two results that differ at all.

    Args:
        told: as submitted.
        found: as computed anew.
        people_only: only what depends on people alone.
    """
    step_ms = 10.0 * (found.emg.cycle_s or 0.0)
    different = list(_differences(to_json(told), to_json(found), "", step_ms))
    return [one for one in different if not people_only or one.where.rpartition(".")[2] in OF_PEOPLE]


def of_the_group(different: list[Difference]) -> list[Difference]:
    """Those that a group's figures can tell, where a result was scored against each of its people.

    What a group's figures cannot give is None as computed anew; intervals between people and chance are found
    otherwise, by nearly the same numbers.
    """
    return [
        one
        for one in different
        if not _EMG.match(one.where) or (one.found is not None and not _OF_PERSONS.search(one.where))
    ]


def people_differences(told: Result) -> list[Difference]:
    """Figures of EMG that do not follow from their own values of each person.

    Where a group's figures stand in for its people, these values are not computed anew, but ranks hang on
    them: they must at least average to the figures that are, and a figure must lie in its own interval.
    """
    emg = told.emg
    people = tuple((emg.by_person or {}).values())
    parts = {
        "mean_r": (emg.mean_r, [one.r for one in people]),
        "zero_lag_r": (emg.zero_lag_r, [one.zero_lag_r for one in people]),
        "human_pairs_r": (emg.human_pairs_r, list(emg.pairs_r or ())),
    }
    different: list[Difference] = []
    for name, (figure, values) in parts.items():
        if values:
            different += _differences(figure, float(np.mean(values)), f"emg.{name}", 0.0)
    for name in ("mean_r", "human_pairs_r", "ratio"):
        figure, ci95 = getattr(emg, name), getattr(emg.ci95, name)
        if ci95 is not None and not (figure is not None and ci95[0] <= figure <= ci95[1]):
            different.append(Difference(f"emg.ci95.{name}", list(ci95), figure, math.inf, "", True))
    return different


def clip_differences(told: str, found: str, runs: int) -> list[Difference]:
    """All cells of two ``clips.csv`` that differ at all, of the runs that were computed anew.

    Args:
        told: text of the file as submitted.
        found: as computed anew.
        runs: that the submitted one must hold of each clip.
    """
    try:
        stated, anew = (
            {(str(row.get("key")), str(row.get("run"))): row for row in csv.DictReader(io.StringIO(text))}
            for text in (told, found)
        )
    except csv.Error as error:
        return [Difference("table", f"no table ({error})", "one", math.inf, "", True)]
    keys, count = {key for key, _ in anew}, len(told.splitlines()) - 1
    places = {(key, str(run)) for key in keys for run in range(runs)}
    if set(stated) != places or count != len(places):
        sides = {"lacks": places - set(stated), "has besides": set(stated) - places}
        names = [f"{what} {key} run {run}" for what, some in sides.items() for key, run in sorted(some)[:2]]
        lines = f"{count} lines ({', '.join(names) or 'one of them twice'})"
        return [Difference("clips", lines, f"{len(keys)} clips, {runs} of each", math.inf, "", True)]
    return [
        one
        for place, row in anew.items()
        for one in row_differences(stated[place], row, " run ".join(map(str, place)))
    ]


def row_differences(told: Mapping[str, str], found: Mapping[str, str], name: str) -> list[Difference]:
    """All cells of two rows of a table that differ at all.

    Args:
        told, found: column to cell, as submitted and as computed anew.
        name: of the row.
    """
    different: list[Difference] = []
    for column in dict.fromkeys((*found, *told)):
        values: list[Any] = [told.get(column), found.get(column)]
        if column not in _WORDS and all(values):
            with suppress(ValueError):
                values = [float(value) for value in values]
        cells = _differences(values[0], values[1], str(column), 0.0)
        different += [replace(one, where=f"{name}: {column}") for one in cells]
    return different


def table_differences(result: Result, clips: Clips) -> list[Difference]:
    """Figures of a result that do not follow from its own ``clips.csv``, all runs together.

    Success, strict success, coverage and MPJPE (micro), means over the runs: what was not computed anew must
    at least belong together.
    """
    assert result.imitation is not None
    if result.protocol != PROTOCOLS[0]:  # the definitions of KINESIS's code take means over clips
        return []
    different: list[Difference] = []
    found: dict[str, float] = {}
    for figure, column in RATIOS.items():
        part = getattr(clips, column).sum(axis=0)
        whole = clips.frames.sum(axis=0) if column == "covered" else np.full(part.shape, len(clips.keys))
        found[figure] = float((100.0 * part / whole).mean())
    if clips.covered.any(axis=0).all():
        weighted = np.nansum(clips.mpjpe_mm * clips.covered, axis=0) / clips.covered.sum(axis=0)
        found["mpjpe_mm"] = float(weighted.mean())
    for figure, value in found.items():
        told = getattr(result.imitation, figure).mean
        different += _differences(told, value, f"imitation.{figure}.mean", 0.0)
    return different


def value_differences(told: Any, found: Any, where: str) -> list[Difference]:
    """All numbers of two values, plain or of JSON, that differ at all."""
    return list(_differences(told, found, where, 0.0))


def _differences(told: Any, found: Any, path: str, step_ms: float) -> Iterator[Difference]:
    if isinstance(told, dict) and isinstance(found, dict):
        for key in dict.fromkeys((*told, *found)):
            if key not in NO_FIGURES:
                inner = f"{path}.{key}".lstrip(".")
                yield from _differences(told.get(key, "nothing"), found.get(key, "nothing"), inner, step_ms)
    elif isinstance(told, list) and isinstance(found, list) and len(told) == len(found):
        for place, (one, other) in enumerate(zip(told, found, strict=True)):
            yield from _differences(one, other, f"{path}[{place}]", step_ms)
    elif told != found:
        size = abs(told - found) if _is_number(told) and _is_number(found) else math.inf
        units = _UNIT.findall(path)
        unit = units[-1] if units else ""
        allowed = TOLERANCES[unit]
        if lag := _LAG.search(path):
            allowed += LAG_STEPS * (1.0 if lag[2] == "pct" else step_ms)
        yield Difference(path, told, found, size, unit, not size <= allowed)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
