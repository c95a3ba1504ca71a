"""The pictures of a clip, one a control step: body and reference above, EMG strip below, text on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kinesis_bench.evaluation.playback import Playback
from kinesis_bench.report.video.camera import Camera, follow
from kinesis_bench.report.video.caption import Caption
from kinesis_bench.report.video.stage import Stage
from kinesis_bench.report.video.strip import Strip

STRIP_PX = 330
"""Height of the strip."""

BESIDE_DEG = 110.0
"""The camera looks at the body's right side, a little from ahead: its azimuth against the first heading."""

HOLD_S = 1.0
"""A clip that failed stays on its last picture for so long, so that one can read why."""


@dataclass(frozen=True)
class Film:
    """What a clip's video consists of.

    Attributes:
        playback: the clip.
        camera: that looks at the body.
    """

    playback: Playback
    camera: Camera

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures [pixels]."""
        return self.camera.width, self.camera.height + STRIP_PX

    @property
    def fps(self) -> float:
        """Pictures a second: the recorded states, none left out and none between them."""
        return 1.0 / self.playback.clip.dt_s

    def __len__(self) -> int:
        held = round(HOLD_S * self.fps) if self.playback.clip.failure else 0
        return len(self.playback.qpos) + held

    def pictures(self) -> Iterator[np.ndarray]:
        """Draw the pictures (height, width, 3) uint8, one after the other.

        Raises:
            InputError: there is no OpenGL to draw with.
        """
        play, clip = self.playback, self.playback.clip
        strip = Strip(play, self.camera.width, STRIP_PX)
        whose = f"{play.policy} on {play.body.name}" if play.policy else f"body {play.body.name}"
        run = f", run {clip.run}" if clip.run else ""
        posed = "" if play.simulated else ", posed as the recorded motion: nothing was simulated"
        caption = Caption(
            clip.key,
            whose + run + posed,
            f"muscle {play.signal_name}",
            reference=play.reference_qpos is not None,
        )
        azimuth, aims = point_camera(play)
        picture = np.empty((0, 0, 3), np.uint8)
        with Stage(play.body, self.camera) as stage:
            for step in range(len(play.qpos)):
                seen = stage.picture(
                    play.qpos[step],
                    play.signal[step],
                    None if play.reference_qpos is None else play.reference_qpos[step],
                    azimuth,
                    aims[step],
                )
                seen = caption.write(seen, state_line(play, step), failure_line(play, step))
                picture = np.concatenate([seen, strip.picture((step + 1) * clip.dt_s)])
                yield picture
        for _ in range(len(self) - len(play.qpos)):
            yield picture


def point_camera(playback: Playback) -> tuple[float, np.ndarray]:
    """Azimuth [deg] and the (T, 2) points on the floor that the camera looks at [m]."""
    import mujoco

    body = playback.body
    data = mujoco.MjData(body.model)
    path = []
    facing = 0.0
    for step, pose in enumerate(playback.qpos):
        data.qpos[:] = pose
        mujoco.mj_kinematics(body.model, data)
        path.append(data.xpos[body.pelvis_id].copy())
        if step == 0:
            forward = data.xmat[body.pelvis_id].reshape(3, 3)[:, 0]
            facing = float(np.degrees(np.arctan2(forward[1], forward[0])))
    return facing + BESIDE_DEG, follow(np.array(path), playback.clip.dt_s)


def state_line(playback: Playback, step: int) -> str:
    """Time and error after a control step, in words."""
    time_s = f"{(step + 1) * playback.clip.dt_s:.2f} s"
    if playback.error_m is None:
        return time_s
    return f"{time_s}     error {1000.0 * playback.error_m[step]:.0f} mm"


def failure_line(playback: Playback, step: int) -> str:
    """Why the clip has failed by a control step, in words; "" where it has not."""
    if playback.failed_s is None or step < playback.covered:
        return ""
    return f"FAILED after {playback.failed_s:.2f} s: {playback.clip.failure}"
