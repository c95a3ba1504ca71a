"""The pose in which trials begin: upright, on the floor, facing +x, and the same elsewhere on the plane."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.tasks.standing import standing


def posed(name: str, qpos: np.ndarray) -> mujoco.MjData:
    body = load_body(name)
    data = mujoco.MjData(body.model)
    data.qpos[:] = qpos
    mujoco.mj_forward(body.model, data)
    return data


@pytest.mark.parametrize("name", BODIES)
def test_a_body_stands_on_its_soles_above_the_origin(name: str) -> None:
    body, pose = load_body(name), standing(name)
    data = posed(name, pose.qpos)
    pelvis = data.xpos[body.pelvis_id]
    np.testing.assert_allclose(pelvis, [0, 0, pose.pelvis_height_m], atol=1e-9)
    assert 0.92 < pose.pelvis_height_m < 0.96
    axes = data.xmat[body.pelvis_id].reshape(3, 3)
    np.testing.assert_allclose(axes[:, 0], [1, 0, 0], atol=0.06)  # within 3 degrees
    np.testing.assert_allclose(axes[:, 1], [0, 0, 1], atol=0.06)
    floor = body.model.geom("floor").id
    touching = [c.dist for c in data.contact if floor in (c.geom1, c.geom2)]
    assert touching
    assert min(touching) > -1e-3
    ankle, toe = (data.site(f"keypoint_l_{part}").xpos[0] for part in ("ankle", "toe"))
    assert ankle + 0.01 < data.subtree_com[0, 0] < toe - 0.01


def test_the_pose_elsewhere_is_the_pose_turned_and_moved() -> None:
    body, pose = load_body("legs"), standing("legs")
    at, heading = np.array([[0.3, -2.0], [0.0, 0.0]]), np.array([2.5, -0.7])
    here = posed("legs", pose.qpos).site_xpos[body.keypoint_site_ids]
    for qpos, place, angle in zip(pose.placed(at, heading), at, heading, strict=True):
        c, s = np.cos(angle), np.sin(angle)
        turned = here @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [*place, 0]
        np.testing.assert_allclose(posed("legs", qpos).site_xpos[body.keypoint_site_ids], turned, atol=1e-9)
