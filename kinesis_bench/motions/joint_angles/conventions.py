"""From the columns of a file to coordinates in one convention: radians, Rajagopal's names and signs.

Decisions are taken from the values where the file does not state them, and each is handed back so that the
report can name it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.motions.retarget import COORDINATES
from kinesis_bench.time_tables import TimeTable

TRANSLATIONS = ("pelvis_tx", "pelvis_ty", "pelvis_tz")
"""Pelvis position in OpenSim's ground frame: forward, up, right [m]."""

REQUIRED = tuple(
    f"{name}_{side}" for name in ("hip_flexion", "knee_angle", "ankle_angle") for side in ("r", "l")
)
"""Without these there is no gait."""

RADIANS_AT_MOST = np.pi
"""No hip, knee or ankle turns by more than this [rad]; a recording beyond it is in degrees."""

_PATH = re.compile(r"^/jointset/[^/]+/([^/]+)/value$")


@dataclass(frozen=True)
class Coordinates:
    """Joint angles in one convention.

    Attributes:
        angles: name of ``retarget.COORDINATES`` -> (N,) [rad], those that the file holds; knee flexion is
            positive.
        translations: name of TRANSLATIONS -> (N,) [m], those that the file holds.
        absent: coordinates of either kind that the file lacks.
        unit: ``degrees`` or ``radians``, with how it was told.
        knee_sign: which way the file's knee angle grew, with how it was told.
    """

    angles: dict[str, np.ndarray]
    translations: dict[str, np.ndarray]
    absent: tuple[str, ...]
    unit: str
    knee_sign: str


def coordinates(table: TimeTable) -> Coordinates:
    """Interpret a table: names with or without path, degrees or radians, sign of the knee.

    Units come from the header, else from the range of the hip, knee and ankle columns. The knee's sign is the
    one in which it bends further: a knee flexes by tens of degrees and hardly extends. Columns of no use here
    (muscle states, markers, patella) are passed over.

    Raises:
        InputError: a required column is absent, a used one holds NaN, a coordinate comes twice, the header
            contradicts the values, or the two knees differ in sign.
    """
    source = table.source
    found: dict[str, np.ndarray] = {}
    for column, values in table.columns.items():
        match = _PATH.match(column)
        name = match.group(1) if match else column
        if name not in COORDINATES and name not in TRANSLATIONS:
            continue
        if name in found:
            raise InputError(
                f"{source}: {name}", "comes twice, with and without its path", "remove one column"
            )
        found[name] = np.asarray(values, float)
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise InputError(
            source,
            f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}",
            "hip flexion, knee and ankle of both sides are required: export them too",
        )
    for name, values in found.items():
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values))) + 1
            raise InputError(
                f"{source}: {name}", f"holds NaN in row {row}", "cut the recording or fill the gap"
            )

    degrees, unit = _unit(table, found)
    angles = {
        name: np.deg2rad(found[name]) if degrees else found[name] for name in COORDINATES if name in found
    }
    sign, knee_sign = _knee_sign(table, angles)
    angles |= {name: sign * angles[name] for name in ("knee_angle_r", "knee_angle_l")}
    return Coordinates(
        angles=angles,
        translations={name: found[name] for name in TRANSLATIONS if name in found},
        absent=tuple(name for name in (*TRANSLATIONS, *COORDINATES) if name not in found),
        unit=unit,
        knee_sign=knee_sign,
    )


def _unit(table: TimeTable, found: dict[str, np.ndarray]) -> tuple[bool, str]:
    largest = max(float(np.abs(found[name]).max()) for name in REQUIRED)
    if table.degrees is False and largest > RADIANS_AT_MOST:
        raise InputError(
            f"{table.source}: inDegrees",
            f"says radians, but hip, knee or ankle reach {largest:.1f}",
            "write inDegrees=yes if the angles are degrees",
        )
    if table.degrees is not None:
        return table.degrees, f"{'degrees' if table.degrees else 'radians'} (stated by the file)"
    degrees = largest > RADIANS_AT_MOST
    return degrees, f"{'degrees' if degrees else 'radians'} (hip, knee and ankle reach {largest:.3g})"


def _knee_sign(table: TimeTable, angles: dict[str, np.ndarray]) -> tuple[float, str]:
    """+1 where the file's knee flexion is positive, -1 where it is negative."""
    further = {}
    for name in ("knee_angle_r", "knee_angle_l"):
        low, high = float(angles[name].min()), float(angles[name].max())
        further[name] = high if high >= -low else low
    right, left = further.values()
    if right * left < 0:
        raise InputError(
            f"{table.source}: knee_angle",
            f"the right knee reaches {np.rad2deg(right):.0f}° and the left {np.rad2deg(left):.0f}°",
            "give both knees the same sign",
        )
    positive = right + left >= 0
    reach = f"{np.rad2deg(right):.0f}° and {np.rad2deg(left):.0f}°"
    return (1.0 if positive else -1.0), f"flexion {'positive' if positive else 'negative'} (reaches {reach})"
