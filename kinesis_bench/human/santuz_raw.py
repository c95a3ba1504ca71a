"""Raw EMG of one person on a treadmill with step times, in the layout of Santuz's example recording.

``raw_emg.csv`` holds ``time`` [s] and one column a muscle (``ME``, ``MA``, ``FL`` …); ``cycles.csv`` holds
``touch_down_s`` and ``lift_off_s`` of the same leg, one row a stride. It is the example that comes with the R
package musclesyneRgies (Santuz, J Open Source Softw 7:4439, 2022), which says: right leg, walking on a
treadmill, person and trial ID0012_TW_01 of Santuz et al. (iScience 23:100796, 2020). It states no speed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.human.conditions import condition_name, require_activity, require_folder
from kinesis_bench.human.csv_tables import TIME, read_columns, read_header, read_recording
from kinesis_bench.human.electrodes import SANTUZ_CODES, SANTUZ_ELECTRODES
from kinesis_bench.human.raw_emg import EmgFilter, cycles_between, envelope, on_cycles, usual_cycles
from kinesis_bench.human.references import HumanEmg, from_people
from kinesis_bench.human.settings import require_side
from kinesis_bench.metrics.curves import is_flat

EMG_FILE, CYCLES_FILE = "raw_emg.csv", "cycles.csv"
TOUCH_DOWN, LIFT_OFF = "touch_down_s", "lift_off_s"
ACTIVITY = "walk"

ELECTRODE_OF_CODE = dict(zip(SANTUZ_CODES, SANTUZ_ELECTRODES, strict=True))
"""Column name to electrode."""

CYCLE_ZERO = "touch-down of the same foot, as given with the recording"


@dataclass(frozen=True)
class SantuzSettings:
    """What the files do not say.

    Attributes:
        speed_m_s: of the treadmill [m/s]. An assumption: the recording states none; its strides of 1.04 s are
            those of adults near this speed.
        side: the leg, right by the documentation of musclesyneRgies.
        filter: from raw EMG to envelopes.
    """

    speed_m_s: float = 1.4
    side: str = "r"
    filter: EmgFilter = field(default_factory=EmgFilter)

    def __post_init__(self) -> None:
        require_side(self.side)
        if not 0.0 < self.speed_m_s < math.inf:
            raise InputError("speed_m_s", f"is {self.speed_m_s:g}", "it must be above 0")


SETTINGS = SantuzSettings
"""The class of this layout's settings."""

DEFAULT_SETTINGS = SantuzSettings()
"""The settings that are used unless others are given."""


def conditions(path: Path, *, settings: SantuzSettings = DEFAULT_SETTINGS) -> tuple[tuple[str, float], ...]:
    """The one activity and its speed [km/h]."""
    require_folder(path)
    return ((ACTIVITY, 3.6 * settings.speed_m_s),)


def read_emg(
    path: Path, activity: str, speed_kmh: float, *, settings: SantuzSettings = DEFAULT_SETTINGS
) -> HumanEmg:
    """EMG of the one person, each cycle a trial.

    Args:
        path: the folder with both files.
        activity: ``walk``; there is nothing else.
        speed_kmh: not used, there is one speed, ``settings.speed_m_s``.
        settings: what the files do not say.

    Raises:
        InputError: another activity, a file is missing or broken, times are uneven, a value is not finite, a
            channel is constant, or there are fewer than three cycles.
    """
    path = require_folder(path)
    require_activity(path, activity, {ACTIVITY})
    codes = _codes(path / EMG_FILE)
    recording = read_recording(path / EMG_FILE, codes)
    table = recording.table(codes)
    for code, constant in zip(codes, is_flat(table.T), strict=True):
        if constant:
            raise InputError(f"{recording.source}: {code}", "a constant signal", "remove this column")
    cycles_s = cycles_between(_touch_downs(path / CYCLES_FILE), recording.first_s, recording.last_s)
    envelopes = envelope(table, recording.rate_hz, settings.filter, where=str(recording.source))
    curves = on_cycles(envelopes, recording.rate_hz, recording.first_s, cycles_s)
    trials = usual_cycles(curves, np.diff(cycles_s)[:, 0], str(path / CYCLES_FILE))
    return from_people(
        trials.mean(axis=0)[None],
        [ELECTRODE_OF_CODE[code] for code in codes],
        condition=condition_name(ACTIVITY, round(settings.speed_m_s * 3.6, 1)),
        speed_m_s=settings.speed_m_s,
        names=[path.resolve().name],
        cycle_zero=CYCLE_ZERO,
        source=f"{len(trials)} strides of one person from {path.name}, Santuz et al. 2020; speed assumed",
        side=settings.side,
        trials=[trials],
    )


def _codes(path: Path) -> list[str]:
    header = [name for name in read_header(path) if name != TIME]
    unknown = [name for name in header if name not in ELECTRODE_OF_CODE]
    if unknown or not header:
        raise InputError(
            path,
            f"unknown columns {', '.join(unknown) or '(none)'}",
            f"name the muscles {', '.join(SANTUZ_CODES)}",
        )
    return header


def _touch_downs(path: Path) -> np.ndarray:
    columns = read_columns(path, [TOUCH_DOWN, LIFT_OFF])
    down, off = columns[TOUCH_DOWN], columns[LIFT_OFF]
    if not (np.isfinite(down).all() and np.isfinite(off).all()):
        raise InputError(path, "holds NaN", "remove the strides without a time")
    order = np.column_stack([down, off]).ravel()
    wrong = np.diff(order) <= 0.0
    if wrong.any():
        raise InputError(
            path,
            f"touch-downs and lift-offs do not alternate at line {(int(np.argmax(wrong)) + 1) // 2 + 2}",
            "give each stride its touch-down, then its lift-off, in order of time",
        )
    return down
