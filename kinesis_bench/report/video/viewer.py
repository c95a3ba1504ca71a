"""A clip in MuJoCo's window, in real time: body and transparent reference, to look at from every side."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.playback import Playback
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.colours import REFERENCE, REFERENCE_ALPHA
from kinesis_bench.report.video.film import failure_line, point_camera, state_line
from kinesis_bench.report.video.floor import CONTRAST, GROUND
from kinesis_bench.report.video.offscreen import has_display
from kinesis_bench.report.video.stage import FLOOR, bones_and_muscles, colour_muscles, dress

SPACE, RIGHT, LEFT, HOME = 32, 262, 263, 268
"""GLFW's codes of the keys."""

KEYS = "space: pause and go on; left and right: one step back or on; home: from the start"

CLOSING_S = 5.0
"""How long a window may take to close [s]."""

_WITHOUT = "write a video with --video, which needs no display"


class Clock:
    """Which recorded state is to be seen; at the end it begins anew."""

    def __init__(self, steps: int, dt_s: float) -> None:
        self.step = 0
        self.paused = False
        self._steps, self._dt_s = steps, dt_s
        self._due_s = -math.inf

    def press(self, key: int) -> None:
        """React to a key, by GLFW's code."""
        if key == SPACE:
            self.paused = not self.paused
        elif key in (LEFT, RIGHT):
            self.paused = True
            self.step = (self.step + (1 if key == RIGHT else -1)) % self._steps
        elif key == HOME:
            self.step = 0

    def advance(self, now_s: float) -> None:
        """Go on by as many steps as have fallen due, or by none while paused."""
        if self.paused or now_s - self._due_s > 1.0:  # at the start, after a pause, or where the window hung
            self._due_s = now_s + self._dt_s
        while not self.paused and now_s >= self._due_s:
            self.step = (self.step + 1) % self._steps
            self._due_s += self._dt_s


def require_display(where: str = "--viewer", remedy: str = _WITHOUT) -> None:
    """Fail early where no window can be opened.

    Args:
        where: what asked for one.
        remedy: what to do without.

    Raises:
        InputError: there is no display.
    """
    if not has_display():
        raise InputError(where, "there is no display (DISPLAY and WAYLAND_DISPLAY are unset)", remedy)


@contextmanager
def open_window(
    model: Any, data: Any, press: Callable[[int], None], where: str, remedy: str
) -> Iterator[Any]:
    """MuJoCo's window without its panels, closed when the ``with`` block ends.

    It draws in a thread of its own, which has to end before Python does: else an error or Ctrl-C in the block
    would end in a segmentation fault.

    Args:
        model, data: what is shown.
        press: told GLFW's code of every key.
        where, remedy: as ``require_display``.

    Raises:
        InputError: there is no display, or MuJoCo cannot open a window on it.
    """
    require_display(where, remedy)
    import mujoco.viewer

    before = set(threading.enumerate())
    try:
        window = mujoco.viewer.launch_passive(
            model, data, key_callback=press, show_left_ui=False, show_right_ui=False
        )
    except Exception as error:  # glfw raises its own kinds
        raise InputError(where, f"no window could be opened ({error})", remedy) from error
    try:
        yield window
    finally:
        window.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(CLOSING_S)


def show(playback: Playback) -> None:
    """Open the window, and come back when it is closed.

    Raises:
        InputError: there is no display, or MuJoCo cannot open a window on it.
    """
    require_display()
    import mujoco

    model = dress(playback.body)
    lighten_floor(model)
    data, reference = mujoco.MjData(model), mujoco.MjData(model)
    shown, bare = bones_and_muscles()
    clock = Clock(len(playback.qpos), playback.clip.dt_s)
    azimuth, aims = point_camera(playback)
    with open_window(model, data, clock.press, "--viewer", _WITHOUT) as window:
        window.cam.azimuth, window.cam.elevation, window.cam.distance = (
            azimuth,
            Camera.elevation_deg,
            Camera.distance_m,
        )
        window.opt.geomgroup[:], window.opt.sitegroup[:] = shown.geomgroup, shown.sitegroup
        window.opt.geomgroup[FLOOR] = 1
        window.cam.lookat[:] = (0.0, 0.0, Camera.aim_height_m)
        aim = np.zeros(2)
        while window.is_running():
            clock.advance(time.monotonic())
            with window.lock():
                _pose(model, data, playback, clock.step)
                window.cam.lookat[:2] += aims[clock.step] - aim  # wherever somebody has moved it to
                aim = aims[clock.step]
                window.user_scn.ngeom = 0
                if playback.reference_qpos is not None:
                    reference.qpos[:] = playback.reference_qpos[clock.step]
                    mujoco.mj_kinematics(model, reference)
                    _add_reference(model, reference, bare, window.user_scn)
            text = f"{state_line(playback, clock.step)}   {failure_line(playback, clock.step)}"
            window.set_texts((None, None, f"{playback.clip.key}\n{KEYS}", f"{text}\n"))
            window.sync()
            time.sleep(0.005)


def _pose(model: Any, data: Any, playback: Playback, step: int) -> None:
    import mujoco

    colour_muscles(model, playback.signal[step])
    data.qpos[:] = playback.qpos[step]
    data.time = (step + 1) * playback.clip.dt_s
    mujoco.mj_kinematics(model, data)
    mujoco.mj_tendon(model, data)


def lighten_floor(model: Any) -> None:
    """Give the floor, one metre of which its texture fills, the squares that videos have."""
    texture = int(model.mat_texid[model.geom_matid[model.geom("floor").id]].max())
    width, height = int(model.tex_width[texture]), int(model.tex_height[texture])
    row, column = np.indices((height, width))
    dark = (row * 2 // height + column * 2 // width) % 2
    tone = (GROUND + CONTRAST * np.where(dark, -1, 1)).astype(np.uint8)
    first = int(model.tex_adr[texture])
    colours = np.repeat(tone.ravel(), int(model.tex_nchannel[texture]))
    model.tex_data[first : first + colours.size] = colours


def _add_reference(model: Any, data: Any, shown: Any, scene: Any) -> None:
    """Put the bones of a pose into a scene, transparent."""
    import mujoco

    nothing, bodies = mujoco.MjvPerturb(), mujoco.mjtCatBit.mjCAT_DYNAMIC
    mujoco.mjv_addGeoms(model, data, shown, nothing, bodies, scene)
    for geom in scene.geoms[: scene.ngeom]:
        geom.rgba[:] = (*REFERENCE, REFERENCE_ALPHA)
