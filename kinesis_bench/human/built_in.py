"""Human EMG over the gait cycle that ships with the project, as figures of groups."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from kinesis_bench.files import content_dir
from kinesis_bench.human.conditions import require_activity
from kinesis_bench.human.electrodes import SANTUZ_CODES, SANTUZ_ELECTRODES
from kinesis_bench.human.references import WANG_ZERO, HumanEmg, StoredReference, nearest_speed
from kinesis_bench.metrics.curves import CLOSED_PHASE, SAMPLES

WANG = "emg_walk_wang2023"
SANTUZ = "emg_run_santuz2020"
BUILT_IN = (WANG, SANTUZ)
"""Names of the EMG references that ship with the project: folders of ``datasets/``."""

FALISSE = "emg_walk_falisse2019"
"""Where the stored figures of one person's trials are."""

WITHOUT_FLAWS = " without flaws"
"""Ends the names of reference figures that leave flawed channels out."""

WANG_PEOPLE = 9
SANTUZ_PEOPLE = 30
SANTUZ_SPEED_M_S = 2.8

SANTUZ_ZERO = "touch-down of the same foot"
"""The event at phase 0 of Santuz's curves."""


def built_in_conditions(name: str) -> tuple[tuple[str, float], ...]:
    """Activities and speeds [km/h] of a built-in data set."""
    if name == WANG:
        return tuple(("walk", speed) for speed in _wang_speeds())
    return (("run", SANTUZ_SPEED_M_S * 3.6),)


def built_in_emg(name: str, activity: str, speed_kmh: float) -> HumanEmg:
    """EMG of a built-in data set.

    Args:
        name: of BUILT_IN.
        activity: one that it has.
        speed_kmh: the nearest speed at hand is taken [km/h].

    Raises:
        InputError: the data set lacks the activity.
    """
    require_activity(name, activity, {held for held, _ in built_in_conditions(name)})
    return _santuz() if name == SANTUZ else _wang(nearest_speed(speed_kmh, _wang_speeds()))


@cache
def _rows(dataset: str, name: str) -> tuple[dict[str, str], ...]:
    with (content_dir("datasets") / dataset / name).open(newline="") as file:
        return tuple(csv.DictReader(file))


def _wang_speeds() -> list[float]:
    return sorted({float(row["speed_kmh"]) for row in _rows(WANG, "group.csv")})


def _wang(speed_kmh: float) -> HumanEmg:
    rows = [row for row in _rows(WANG, "group.csv") if float(row["speed_kmh"]) == speed_kmh]
    muscles = tuple(dict.fromkeys(row["muscle"] for row in rows))
    columns = ("mean", "sd_between_subjects", "mean_of_standardised")
    table = _columns(rows, columns).reshape(len(muscles), SAMPLES, 3)
    whole = HumanEmg(
        condition=f"walk-{speed_kmh:g}",
        speed_m_s=speed_kmh / 3.6,
        muscles=muscles,
        people=WANG_PEOPLE,
        mean=table[..., 0],
        sd=table[..., 1],
        mean_of_standardised=table[..., 2],
        phase=CLOSED_PHASE,
        cycle_zero=WANG_ZERO,
        source="group figures of 9 people, Wang et al. 2023 (CC BY 4.0)",
        stored=stored_references(speed_kmh),
    )
    whole = replace(whole, stored_within_person=stored_within_person(muscles))
    flaws: dict[str, tuple[str, ...]] = {}
    for row in _rows(WANG, "flaws.csv"):
        if float(row["speed_kmh"]) == speed_kmh:
            flaws[row["muscle"]] = (*flaws.get(row["muscle"], ()), row["flaw"])
    without, channels = table.copy(), np.full(len(muscles), WANG_PEOPLE)
    for muscle in flaws:
        rows = [
            row
            for row in _rows(WANG, "unflawed.csv")
            if float(row["speed_kmh"]) == speed_kmh and row["muscle"] == muscle
        ]
        without[muscles.index(muscle)] = _columns(rows, columns)
        channels[muscles.index(muscle)] = int(rows[0]["people"])
    unflawed = replace(
        whole,
        mean=without[..., 0],
        sd=without[..., 1],
        mean_of_standardised=without[..., 2],
        channels=channels,
        stored=stored_references(speed_kmh, without_flaws=True),
    )
    return replace(whole, flaws=flaws, unflawed=unflawed)


def _columns(rows: Sequence[dict[str, str]], columns: Sequence[str]) -> np.ndarray:
    return np.array([[float(row[column]) for column in columns] for row in rows])


def stored_within_person(muscles: Sequence[str]) -> dict[str, float]:
    """r between two trials of the one person of Falisse et al. (2019), of those muscles that both have."""
    within = {row["muscle"]: float(row["r"]) for row in _rows(FALISSE, "within_person.csv")}
    return {muscle: within[muscle] for muscle in muscles if muscle in within}


def stored_references(speed_kmh: float, *, without_flaws: bool = False) -> dict[str, StoredReference]:
    """Reference figures of Wang's nine people at one of six speeds: by muscle, and over all.

    Args:
        speed_kmh: one of the six.
        without_flaws: whether flawed channels are left out.
    """
    found = {
        row["muscle"]: StoredReference(
            float(row["pairs_mean_r"]),
            float(row["pairs_median_r"]),
            (float(row["pairs_ci95_low"]), float(row["pairs_ci95_high"])),
            float(row["leave_one_out_standardised"]),
            float(row["leave_one_out_raw"]),
        )
        for row in _rows(WANG, "references.csv")
        if float(row["speed_kmh"]) == speed_kmh
    }
    others = {name: figure for name, figure in found.items() if not name.endswith(WITHOUT_FLAWS)}
    if not without_flaws:
        return others
    return {name: found.get(name + WITHOUT_FLAWS, figure) for name, figure in others.items()}


def _santuz() -> HumanEmg:
    rows = _rows(SANTUZ, "group.csv")[:SAMPLES]
    mean, sd = (
        np.array([[float(row[f"{code}_{column}"]) for row in rows] for code in SANTUZ_CODES])
        for column in ("mean", "sd")
    )
    return HumanEmg(
        condition=f"run-{SANTUZ_SPEED_M_S * 3.6:.1f}",
        speed_m_s=SANTUZ_SPEED_M_S,
        muscles=tuple(SANTUZ_ELECTRODES),
        people=SANTUZ_PEOPLE,
        mean=mean,
        sd=sd,
        phase=np.array([float(row["gait_pct"]) / 100.0 for row in rows]),
        cycle_zero=SANTUZ_ZERO,
        source="group figures of 30 people, rebuilt from synergies, Santuz et al. 2018, 2020 (CC BY 4.0)",
    )
