"""MuJoCo's window on a body that arrow keys or the numpad send in eight directions."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.evaluation.tasks.steering import Steering
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.colours import REFERENCE
from kinesis_bench.report.video.stage import FLOOR, bones_and_muscles, colour_muscles, dress
from kinesis_bench.report.video.viewer import HOME, LEFT, RIGHT, SPACE, lighten_floor, open_window

DOWN, UP, NUMPAD_0, MINUS, PLUS = 264, 265, 320, 333, 334
"""GLFW's codes of the arrows, of the numpad's 0, which its digits follow, and of its minus and plus."""

EIGHTHS = {
    **{UP: 0, LEFT: 2, DOWN: 4, RIGHT: 6},
    **{NUMPAD_0 + digit: eighth for eighth, digit in enumerate((8, 7, 4, 1, 2, 3, 6, 9))},
}
"""Key to eighths of a turn, counter-clockwise from straight away from the camera."""

STAND = NUMPAD_0 + 5

LEAD_M, LEAD_STEP_M, LEAST_LEAD_M, MOST_LEAD_M = 1.265, 0.1, 0.1, 3.0
"""How far ahead the goal is; a key changes it by so much, between these ends (KINESIS's code) [m]."""

KEYS = {
    "arrows, numpad": "go that way, as the camera sees it",
    "numpad 5": "stand",
    "+, -": "goal farther, nearer",
    "space": "pause and go on",
    "home": "start anew",
}

GOAL_M = 0.06
"""Radius of the goal's ball [m]."""

DISTANCE_M, ELEVATION_DEG = 5.0, -35.0
"""Where the camera is at first: behind, and above."""

SMOOTHING = 0.1
"""Part of the way to the pelvis that the camera goes with each picture."""

LATE_S = 1.0
"""A window that lags by more does not catch up."""

WHERE, REMEDY = "play", "score the policy with --task direction, which needs no display"


@dataclass
class Helm:
    """What the keys have asked for.

    Attributes:
        eighth: direction, in eighths of a turn counter-clockwise from world +x; None to stand.
        reach_m: how far ahead the goal is while it walks [m].
        paused: whether time stands still.
        anew: whether to start anew; whoever does takes it back.
    """

    eighth: int | None = None
    reach_m: float = LEAD_M
    paused: bool = False
    anew: bool = False

    def press(self, key: int, azimuth_deg: float) -> None:
        """React to a key, by GLFW's code, while the camera looks ``azimuth_deg`` from the world's +x."""
        if key in EIGHTHS:
            self.eighth = (round(azimuth_deg / 45.0) + EIGHTHS[key]) % 8
        elif key == STAND:
            self.eighth = None
        elif key in (MINUS, PLUS):
            reach = self.reach_m + (LEAD_STEP_M if key == PLUS else -LEAD_STEP_M)
            self.reach_m = min(max(reach, LEAST_LEAD_M), MOST_LEAD_M)
        elif key == SPACE:
            self.paused = not self.paused
        elif key == HOME:
            self.anew = True

    @property
    def direction_rad(self) -> float:
        """Direction from world +x, counter-clockwise."""
        return math.pi / 4.0 * (self.eighth or 0)

    @property
    def lead_m(self) -> float:
        """How far ahead the goal is, 0 to stand [m]."""
        return 0.0 if self.eighth is None else self.reach_m

    @property
    def line(self) -> str:
        """What is commanded, for people to read."""
        if self.eighth is None:
            return "stand"
        return f"{45 * self.eighth} deg from +x, goal {round(self.reach_m, 3):g} m ahead"


def steer(steering: Steering, body: Body, name: str) -> None:
    """Open the window, and come back when it is closed.

    Args:
        steering: what is sent.
        body: that it has.
        name: of the policy.

    Raises:
        InputError: there is no display, MuJoCo cannot open a window on it, or the policy failed.
    """
    import mujoco

    model = dress(body)
    lighten_floor(model)
    data, helm = mujoco.MjData(model), Helm()
    shown, _ = bones_and_muscles()
    windows: list[Any] = []

    def press(key: int) -> None:
        if windows:
            helm.press(key, windows[0].cam.azimuth)

    with open_window(model, data, press, WHERE, REMEDY) as window:
        window.cam.azimuth, window.cam.elevation, window.cam.distance = 0.0, ELEVATION_DEG, DISTANCE_M
        window.cam.lookat[:] = (0.0, 0.0, Camera.aim_height_m)
        window.opt.geomgroup[:], window.opt.sitegroup[:] = shown.geomgroup, shown.sitegroup
        window.opt.geomgroup[FLOOR] = 1
        windows.append(window)
        due_s, aim = time.monotonic(), np.zeros(2)
        while window.is_running():
            due_s = advance(steering, helm, due_s, time.monotonic())
            with window.lock():
                colour_muscles(model, steering.activation)
                data.qpos[:] = steering.qpos
                mujoco.mj_kinematics(model, data)
                mujoco.mj_tendon(model, data)
                moved = SMOOTHING * (data.xpos[body.pelvis_id][:2] - aim)
                window.cam.lookat[:2] += moved  # wherever somebody has moved it to
                aim = aim + moved
                _draw_goal(window.user_scn, steering.goal_m)
            told = {name: f"{helm.line}; falls: {steering.falls}", **KEYS}
            window.set_texts((None, None, "\n".join(told), "\n".join(told.values())))
            window.sync()
            time.sleep(0.005)


def advance(steering: Steering, helm: Helm, due_s: float, now_s: float) -> float:
    """Do what the keys ask for, and the control step if it is due; when the next one is due [s]."""
    if helm.anew:
        helm.anew = False
        steering.restart()
    if helm.paused or now_s - due_s > LATE_S:
        return now_s
    if now_s < due_s:
        return due_s
    steering.steer(helm.direction_rad, helm.lead_m)
    steering.step()
    return due_s + steering.dt_s


def _draw_goal(scene: Any, goal_m: np.ndarray) -> None:
    """Put the goal on the floor."""
    import mujoco

    size, turn = np.full(3, GOAL_M), np.eye(3).ravel()
    colour = np.array((*REFERENCE, 1.0), np.float32)
    mujoco.mjv_initGeom(
        scene.geoms[0], mujoco.mjtGeom.mjGEOM_SPHERE, size, np.array([*goal_m, GOAL_M]), turn, colour
    )
    scene.ngeom = 1
