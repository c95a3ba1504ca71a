"""Draw the scene of the penalty kick and a kick that the leg is given by hand.

    python docs/render_kick.py [--out docs/tasks/penalty_kick.jpg]

The right leg is swung by hand (hip 15 rad/s, knee as fast the other way) and no muscle pulls: the ball ends
in the net, and as the body falls before, it is no goal. Draws by EGL unless MUJOCO_GL says otherwise.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.caption import INK, font
from kinesis_bench.report.video.stage import Stage
from kinesis_bench.tasks.kick.scene import GOAL_X_M
from kinesis_bench.tasks.penalty_kick import KickTrial, PenaltyKick

CELL, FINER = (640, 330), 2
NEAR = Camera(FINER * CELL[0], FINER * CELL[1], distance_m=6.0, elevation_deg=-8.0, fovy_deg=22.0)
FAR = Camera(FINER * CELL[0], FINER * CELL[1], distance_m=15.0, elevation_deg=-9.0, fovy_deg=22.0)
VIEWS = (
    (0.0, NEAR, 75.0, (39.9, 0.0)),
    (0.06, NEAR, 75.0, (39.9, 0.0)),
    (0.3, FAR, 20.0, None),
    (0.6, FAR, 20.0, None),
)
"""Time [s], camera, its way from world +x [deg], the place that it looks at [m]; None for the ball's."""

SWUNG = ("hip_flexion_r", "knee_angle_r")
KNEE_RAD, SWING_RAD_S, LIFT_M = 1.0, 15.0, 0.03


@dataclass(frozen=True)
class Frame:
    """What a picture shows: qpos of the scene, the keeper's y [m], and what was measured."""

    qpos: np.ndarray
    keeper_y: float
    measured: dict[str, float]


def main() -> None:
    """Simulate, draw, and say how the kick ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/tasks/penalty_kick.jpg"))
    args = parser.parse_args()
    task, frames = kick()
    sheet = Image.new("RGB", (2 * CELL[0], 2 * CELL[1]), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (time_s, camera, azimuth, aim) in enumerate(VIEWS):
        frame = frames[min(round(time_s / task.dt_s), len(frames) - 1)]
        with Stage(task.body, camera, squares=True) as stage:
            stage.place_mocap(np.array([[GOAL_X_M, frame.keeper_y, 0.0]]))
            ball = frame.qpos[task.nq : task.nq + 2]
            picture = stage.picture(frame.qpos, None, None, azimuth, ball if aim is None else np.array(aim))
        corner = (place % 2 * CELL[0], place // 2 * CELL[1])
        sheet.paste(Image.fromarray(picture).resize(CELL, Image.Resampling.LANCZOS), corner)
        speed = frame.measured.get("ball_speed_m_s", 0.0)
        draw.text((corner[0] + 12, corner[1] + 8), f"{time_s:.2f} s, ball {speed:.1f} m/s", INK, font(14))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(args.out, quality=88)
    ended = {name: round(frames[-1].measured[name], 2) for name in ("in_net", "fell", "goal")}
    print(f"{args.out}: {ended} after {(len(frames) - 1) * task.dt_s:.2f} s")


def kick() -> tuple[PenaltyKick, list[Frame]]:
    """The task and a frame for every control step of the kick, the start first."""
    body = load_body("legs_back")
    task, row = PenaltyKick(body, 1), np.array([0])
    task.start(row, [KickTrial("static", 0.4, 0.08, 1.4, 1.0, 0)])
    hip, knee = (body.model.joint(name) for name in SWUNG)
    qpos, qvel, activation = (np.array(task.engine.field(name)) for name in ("qpos", "qvel", "act"))
    qpos[0, 2] += LIFT_M
    qpos[0, hip.qposadr[0]], qpos[0, knee.qposadr[0]] = 0.0, KNEE_RAD
    qvel[0, hip.dofadr[0]], qvel[0, knee.dofadr[0]] = SWING_RAD_S, -SWING_RAD_S
    task.engine.set_state(row, qpos, qvel, activation)
    frames = [Frame(qpos[0], float(task.keeper_y[0]), {})]
    over = False
    while not over:
        step = task.step(row, np.full((1, task.action_size), -1.0))
        measured = {name: float(values[0]) for name, values in step.measured.items()}
        frames.append(Frame(np.array(task.engine.field("qpos")[0]), measured["keeper_y_m"], measured))
        over = bool(step.finished[0] or step.failed[0])
    return task, frames


if __name__ == "__main__":
    main()
