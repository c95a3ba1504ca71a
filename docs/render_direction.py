"""Draw a switch of direction: the path from above, and the body with the goal ahead of it before and after.

    python docs/render_direction.py RESULT_DIR [--trial 0] [--out docs/tasks/direction.jpg]

RESULT_DIR is what `kinesis-bench score --task direction` has written; the trial is one recorded in it.
A result of imitation shows what a switch looks like while no policy lasts until one: the policy follows CLIP,
which walks, turns in place by 135 degrees and walks on, and commands and goals are put beside it as the task
puts them, the new command when the clip begins to slow down. Draws by EGL unless MUJOCO_GL says otherwise.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.playback import choose_clip
from kinesis_bench.evaluation.tasks.direction import course
from kinesis_bench.evaluation.tasks.run import Trial
from kinesis_bench.metrics.direction import progress_m, seconds_to_turn
from kinesis_bench.metrics.gait_events import heading_rad
from kinesis_bench.report.figures import STYLE
from kinesis_bench.report.task_paths import draw_trial
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.caption import INK, font
from kinesis_bench.report.video.stage import Stage
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.rollouts.store import read_rollouts
from kinesis_bench.tasks.direction import COMMANDS, LEAD_M, DirectionTrial

CLIP, DIRECTIONS, SWITCH_S = "normative/turn_in_place_1.3_left_135deg_steady_68", (0, 3), 1.5
"""Of imitation: the clip, its directions in eighths of a turn, and when it begins to slow down [s]."""

BEFORE_AFTER_S = (-0.5, 0.5, 1.5, 2.5, 3.5, 5.0)
"""Times of the pictures against the switch [s]."""

CELL, FINER, PATH_PX = (330, 300), 2, 600
CAMERA = Camera(FINER * CELL[0], FINER * CELL[1], distance_m=6.5, elevation_deg=-28.0, fovy_deg=24.0)
AZIMUTH_DEG = 60.0

SHAFT_M = np.arange(0.25, LEAD_M, 0.06)
GOAL_M = 0.045 * np.array([[x, y, z] for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (0, 1, 2)])
"""Dots on the floor from the body towards its goal, and those that make up the goal [m]."""


def main() -> None:
    """Parse the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("--trial", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/tasks/direction.jpg"))
    args = parser.parse_args()

    rollouts = read_rollouts(args.result / "rollouts.h5")
    of_task = (rollouts.attributes or {}).get("task") == "direction"
    clip = choose_clip(rollouts, f"direction/{args.trial:04d}" if of_task else CLIP, 0)
    trial, switch = as_trial(rollouts, clip, of_task)
    sheet = Image.new("RGB", (PATH_PX + 3 * CELL[0], 2 * CELL[1]), "white")
    sheet.paste(path_picture(trial, clip.dt_s), (0, 0))
    draw = ImageDraw.Draw(sheet)
    body = load_body(rollouts.body)
    found = trial.measured
    with Stage(body, CAMERA) as stage:
        for place, after_s in enumerate(BEFORE_AFTER_S):
            step = switch + round(after_s / clip.dt_s)
            if not 0 <= step < trial.steps:
                continue
            pelvis = np.array([found["pelvis_x_m"][step], found["pelvis_y_m"][step]])
            command = found["command_rad"][step]
            along = np.array([np.cos(command), np.sin(command), 0.0])
            marks = np.array([*pelvis, 0.02]) + along * np.concatenate([SHAFT_M, [LEAD_M]])[:, None]
            marks = np.concatenate([marks, marks[-1] + GOAL_M])
            assert clip.qpos is not None
            assert clip.activation is not None
            picture = stage.picture(clip.qpos[step], clip.activation[step], None, AZIMUTH_DEG, pelvis, marks)
            corner = (PATH_PX + place % 3 * CELL[0], place // 3 * CELL[1])
            sheet.paste(Image.fromarray(picture).resize(CELL, Image.Resampling.LANCZOS), corner)
            said = f"{(step - switch) * clip.dt_s:+.1f} s, command {np.degrees(command):.0f}°"
            draw.text((corner[0] + 10, corner[1] + 6), said, INK, font(14))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(args.out, quality=88)
    one = course(trial, clip.dt_s)
    after = seconds_to_turn(one.travel_error_rad[switch:], clip.dt_s)
    print(f"{args.out}: {clip.key}, {trial.ending or 'whole'}, turned {after:.2f} s after the switch")


def as_trial(rollouts: Rollouts, clip: ClipRollout, of_task: bool) -> tuple[Trial, int]:
    """A recording as a trial that begins at the origin, and the step at which its direction switches."""
    assert clip.keypoint_position is not None
    assert clip.pelvis_quaternion is not None
    at = rollouts.keypoint_names.index("pelvis")
    path = clip.keypoint_position[:, at, :2]
    steps = len(path)
    if of_task:
        assert clip.reference_keypoint_position is not None
        begin = np.concatenate([np.zeros((1, 2)), path[:-1]])
        ahead = clip.reference_keypoint_position[:, at, :2] - begin
        command = np.arctan2(ahead[:, 1], ahead[:, 0])
        changes = np.flatnonzero(np.abs(np.diff(np.unwrap(command))) > 0.1)
        switch = int(changes[0]) + 1 if len(changes) else 0
    else:
        switch = round(SWITCH_S / clip.dt_s)
        command = np.pi / 4 * np.where(np.arange(steps) < switch, *DIRECTIONS)
    measured = {
        "pelvis_x_m": path[:, 0],
        "pelvis_y_m": path[:, 1],
        "heading_rad": heading_rad(clip.pelvis_quaternion),
        "command_rad": command,
        "progress_m": np.cumsum(progress_m(np.concatenate([np.zeros((1, 2)), path]), command)),
    }
    start = DirectionTrial(float(measured["heading_rad"][0]), (0,) * COMMANDS)
    return Trial(0, start, clip.failure, measured), switch


def path_picture(trial: Trial, dt_s: float) -> Image.Image:
    """The path from above."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(PATH_PX / 120, 2 * CELL[1] / 120), dpi=120, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axis = figure.subplots()
        draw_trial(axis, trial, dt_s)
        axis.set_title("from above", loc="left")
        axis.set_xlabel("x [m]")
        axis.set_ylabel("y [m]")
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3].copy())


if __name__ == "__main__":
    main()
