"""The strip under the picture: excitation of the EMG muscles over the clip, and a cursor that moves.

It is drawn once; what changes with time is cut from two versions of it, one of them paler.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinesis_bench.evaluation.playback import SIDE, Playback
from kinesis_bench.human.references import LEGS
from kinesis_bench.report.figures import ACCENT, MODEL, PEOPLE, STYLE
from kinesis_bench.report.video.colours import FAILED

DPI = 100
NAMES_PX, RIGHT_PX, ABOVE_PX, BELOW_PX = 150, 20, 30, 42
"""Room round the curves [pixels]."""

PALENESS = 0.62
"""How much of what is still to come is taken away."""

ROOM = 0.86
"""Part of a row that a curve of 1 fills."""


class Strip:
    """Curves of a clip over its whole time, failed part included, as a picture with a cursor."""

    def __init__(self, playback: Playback, width: int, height: int) -> None:
        clip = playback.clip
        self._seconds = clip.frames * clip.dt_s
        self._left, self._right = NAMES_PX, width - RIGHT_PX
        self._top, self._bottom = ABOVE_PX, height - BELOW_PX
        self._done = _draw(playback, self._seconds, width, height)
        self._ahead = self._done.copy()
        part = self._ahead[self._top : self._bottom, self._left : self._right]
        part[:] = 255 - (1.0 - PALENESS) * (255.0 - part)

    def column(self, time_s: float) -> int:
        """Where the cursor stands at a time since the start [pixels]."""
        share = min(max(time_s / self._seconds, 0.0), 1.0)
        return self._left + round(share * (self._right - self._left - 1))

    def picture(self, time_s: float) -> np.ndarray:
        """The strip (height, width, 3) uint8 at a time since the clip's start [s]."""
        column = self.column(time_s)
        picture = self._done.copy()
        picture[:, column:] = self._ahead[:, column:]
        picture[self._top : self._bottom, column - 1 : column + 1] = 30
        return picture


def _draw(playback: Playback, seconds: float, width: int, height: int) -> np.ndarray:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({**STYLE, "font.size": 8}):
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        canvas = FigureCanvasAgg(figure)
        place = (
            *(NAMES_PX / width, BELOW_PX / height),
            *((width - NAMES_PX - RIGHT_PX) / width, (height - ABOVE_PX - BELOW_PX) / height),
        )
        _draw_rows(figure.add_axes(place), playback, seconds)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _draw_rows(axis: Any, playback: Playback, seconds: float) -> None:
    rows = dict(playback.excitation)
    clip = playback.clip
    after = (np.arange(len(playback.qpos)) + 1) * clip.dt_s
    names = list(rows)
    for place, values in enumerate(rows.values()):
        _fill(axis, place, after, clip.dt_s, values, MODEL)
    if playback.error_m is not None:
        highest = max(float(playback.error_m.max()), 1e-9)
        _fill(axis, len(names), after, clip.dt_s, playback.error_m / highest, PEOPLE)
        names.append(f"error, up to {1000 * highest:.0f} mm")
    for time_s in playback.strikes_s:
        axis.axvline(time_s, color=ACCENT, linewidth=0.8, linestyle=(0, (3, 2)))
        axis.plot([time_s], [1.0], "v", color=ACCENT, markersize=5, transform=axis.get_xaxis_transform())
    if playback.failed_s is not None:
        axis.axvspan(playback.failed_s, seconds, color=FAILED, alpha=0.10, linewidth=0)
        axis.axvline(playback.failed_s, color=FAILED, linewidth=1.5)
    axis.set_xlim(0.0, seconds)
    axis.set_ylim(max(len(names), 1), 0.0)
    centres = np.arange(len(names)) + 0.5
    axis.set_yticks(centres, names)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False)
    axis.hlines(np.arange(len(names)) + 1.0, 0.0, seconds, color="#CFCFCF", linewidth=0.6)
    axis.spines["left"].set_visible(False)
    axis.set_xlabel("time [s]", labelpad=1)
    scale = f"each 0 to 1{f' (1: {playback.unit})' if playback.unit else ''}"
    what = f"Excitation, {LEGS[SIDE]} leg, {scale}"
    what = what if playback.excitation else "No excitation was recorded"
    strikes = f"     ▾ {LEGS[SIDE]} heel strike" if len(playback.strikes_s) else ""
    axis.set_title(what + strikes, loc="left", pad=8, fontweight="bold")


def _fill(axis: Any, row: int, after: np.ndarray, dt_s: float, values: np.ndarray, colour: str) -> None:
    """Steps from a row's base upwards; value i lies between the times after[i] - dt_s and after[i]."""
    base = row + 1.0
    time = np.concatenate([[after[0] - dt_s], after])
    height = base - ROOM * np.concatenate([values[:1], values])
    axis.fill_between(time, base, height, step="pre", color=colour, alpha=0.85, linewidth=0)
