"""Bounds of quarantine, on clips that are changed just enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.motions.clip import Clip
from kinesis_bench.motions.motion_set import ClipIk
from kinesis_bench.prepare import bounds
from kinesis_bench.prepare.bounds import out_of_bounds


def still(frames: int = 30) -> tuple[Clip, ClipIk]:
    zero = np.zeros((frames, 3))
    keypoints = np.zeros((frames, 8, 3))
    clip = Clip("still", keypoints, keypoints, zero, np.tile([1.0, 0, 0, 0], (frames, 1)), zero, zero)
    model = load_body("legs").model
    return clip, ClipIk(np.tile(model.qpos0, (frames, 1)), np.zeros((frames, model.nv)), np.zeros(frames))


def test_a_still_clip_is_within_bounds():
    clip, ik = still()
    assert out_of_bounds(clip, load_body("legs"), ik) == ""


def test_each_bound_names_what_when_and_how_much():
    clip, ik = still()
    body = load_body("legs")
    residual = ik.residual.copy()
    residual[15] = bounds.RESIDUAL_M + 0.001
    reason = out_of_bounds(clip, body, replace(ik, residual=residual))
    assert reason == "legs stays 101 mm from the keypoints at 0.50 s, more than 100 mm"
    qvel = ik.qvel.copy()
    qvel[3, body.model.joint("knee_angle_l").dofadr[0]] = -36.0
    assert "knee_angle_l of legs moves at 36 rad/s at 0.10 s" in out_of_bounds(
        clip, body, replace(ik, qvel=qvel)
    )
    fast = np.zeros((30, 3))
    fast[6] = (9.0, 9.0, 0.0)
    assert "pelvis speed 12.7 m/s at 0.20 s" in out_of_bounds(
        replace(clip, pelvis_linear_velocity=fast), body, ik
    )
    fast[6] = (0.0, 0.0, 21.0)
    turned = replace(clip, pelvis_angular_velocity=fast)
    assert "pelvis turning speed 21.0 rad/s" in out_of_bounds(turned, body, ik)
