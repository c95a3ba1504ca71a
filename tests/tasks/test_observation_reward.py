"""The observation part by part against one body at a time, and the reward worked out by hand."""

from __future__ import annotations

import itertools

import mujoco
import numpy as np
import pytest
from in_motion import moving, of, velocity
from scipy.spatial.transform import Rotation

from kinesis_bench.tasks.kinematics import BodyPoints, kinematics
from kinesis_bench.tasks.observation import observation_layout, observation_size, observe
from kinesis_bench.tasks.reward import (
    RewardConfig,
    correction_term,
    energy_term,
    reward_config,
    reward_terms,
    total_reward,
)
from kinesis_bench.tasks.termination import PROTOCOL, TRAINING


def test_sizes_are_the_designs(body):
    expected = {"legs": 309, "legs_abs": 363, "legs_back": 453}[body.name]
    layout = observation_layout(body)
    assert observation_size(body) == expected
    assert layout[0][1].start == 0
    assert all(one[1].stop == two[1].start for one, two in itertools.pairwise(layout))
    assert expected == 15 * len(body.segments) + 6 + 9 * len(body.keypoints)


def test_each_part_is_what_it_says(body):
    data = moving(body, seed=4)
    rng = np.random.default_rng(1)
    keypoints = len(body.keypoints)
    position, speed = rng.standard_normal((2, 1, keypoints, 3))
    touch = rng.uniform(0, 500, (1, 4))
    seen = observe(of(body, data), touch, position, speed)
    assert seen.dtype == np.float32
    assert seen.shape == (1, observation_size(body))
    pelvis = data.xmat[body.pelvis_id].reshape(3, 3)
    yaw = np.arctan2(pelvis[1, 0], pelvis[0, 0])
    to_local = Rotation.from_euler("z", -yaw)
    root = data.xpos[body.segment_ids[0]]
    frames = [data.xmat[i].reshape(3, 3) for i in body.segment_ids]
    axes = [
        axis
        for frame, forward, up in zip(frames, body.segment_forward, body.segment_up, strict=True)
        for axis in (frame @ forward, frame @ up)
    ]
    twists = [velocity(body, data, mujoco.mjtObj.mjOBJ_XBODY, i) for i in body.segment_ids]
    sites = body.keypoint_site_ids
    site_speed = [velocity(body, data, mujoco.mjtObj.mjOBJ_SITE, i)[1] for i in sites]
    _, pitch, roll = Rotation.from_matrix(
        pelvis @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # columns forward, left, up
    ).as_euler("ZYX")
    expected = {
        "pelvis_height": [data.xpos[body.pelvis_id, 2]],
        "pelvis_tilt": [np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch)],
        "segment_position": to_local.apply(data.xpos[body.segment_ids[1:]] - root),
        "segment_orientation": to_local.apply(axes),
        "segment_linear_velocity": to_local.apply([linear for _, linear in twists]),
        "segment_angular_velocity": to_local.apply([angular for angular, _ in twists]),
        "touch": touch,
        "reference_position_difference": to_local.apply(position[0] - data.site_xpos[sites]),
        "reference_velocity_difference": to_local.apply(speed[0] - site_speed),
        "reference_position": to_local.apply(position[0] - root),
    }
    for name, place in observation_layout(body):
        np.testing.assert_allclose(
            seen[0, place], np.ravel(expected[name]), rtol=2e-6, atol=2e-6, err_msg=name
        )


def test_place_and_direction_in_the_world_do_not_matter(body):
    turn, shift = Rotation.from_euler("z", 2.1), np.array([5.0, -3.0, 0.0])
    here = moving(body, seed=2)
    there = mujoco.MjData(body.model)
    there.qpos[:], there.qvel[:] = here.qpos, here.qvel
    there.qpos[:3] = turn.apply(here.qpos[:3]) + shift
    root = Rotation.from_quat(here.qpos[3:7], scalar_first=True)
    there.qpos[3:7] = (turn * root).as_quat(scalar_first=True)
    there.qvel[:3] = turn.apply(here.qvel[:3])
    mujoco.mj_forward(body.model, there)
    rng = np.random.default_rng(0)
    position, speed = rng.standard_normal((2, len(body.keypoints), 3))
    touch = np.zeros((1, 4))
    one = observe(of(body, here), touch, position[None], speed[None])
    other = observe(of(body, there), touch, (turn.apply(position) + shift)[None], turn.apply(speed)[None])
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
def test_other_array_libraries_see_the_same(body, library):
    """The standard's strict library shows that nothing here is numpy's alone; torch, where it is."""
    other = pytest.importorskip(library)
    datas = [moving(body, seed) for seed in range(3)]
    arrays = [np.stack([getattr(d, n) for d in datas]) for n in ("xpos", "xmat", "cvel", "subtree_com")]
    rng = np.random.default_rng(0)
    position, speed = rng.standard_normal((2, 3, len(body.keypoints), 3))
    touch, excitation = rng.uniform(0, 1, (3, 4)), rng.uniform(0, 1, (3, 80))

    def everything(convert):
        now = kinematics(BodyPoints(body, convert(arrays[0])), *map(convert, arrays))
        terms = reward_terms(
            RewardConfig(),
            now,
            convert(position),
            convert(speed),
            energy_term(RewardConfig().energy_rate, convert(excitation)),
        )
        error = convert(np.abs(position[..., 0]))
        seen = observe(now, convert(touch), convert(position), convert(speed))
        return seen, total_reward(RewardConfig(), terms), TRAINING.too_far(error), PROTOCOL.too_far(error)

    for ours, theirs in zip(everything(np.asarray), everything(other.asarray), strict=True):
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-6, atol=1e-6)


def test_reward_by_hand(legs):
    """Keypoints 43 mm off along one axis, 0.3 m/s too slow; 0.2 rad of pitch; muscles at 0.3 and 0.4."""
    now = of(legs, moving(legs))
    tilt = np.array([[1.0, 0.0, np.cos(0.2), np.sin(0.2)]])
    now = type(now)(**{**vars(now), "tilt": tilt})
    config = RewardConfig()
    excitation = np.zeros((1, 80))
    excitation[0, :2] = 0.3, 0.4
    energy = energy_term(config.energy_rate, excitation)
    assert energy[0] == pytest.approx(np.exp(-0.05 * (0.7 + 0.5)))
    terms = reward_terms(
        config,
        now,
        now.keypoint_position + np.array([0.043, 0, 0]),
        now.keypoint_velocity + np.array([0, 0.3, 0]),
        energy,
    )
    assert terms["position"][0] == pytest.approx(np.exp(-200 * 0.043**2 / 3))
    assert terms["position"][0] == pytest.approx(0.884, abs=5e-4)
    assert terms["velocity"][0] == pytest.approx(np.exp(-5 * 0.09 / 3))
    assert terms["upright"][0] == pytest.approx(np.exp(-3 * 0.04))
    by_hand = 0.6 * 0.8840 + 0.2 * np.exp(-0.15) + 0.1 * np.exp(-0.06) + 0.1 * np.exp(-0.12)
    assert total_reward(config, terms)[0] == pytest.approx(by_hand, abs=1e-4)


def test_small_corrections_pay_by_their_mean_square():
    action = np.array([[0.3, -0.1], [0.0, 0.0], [-1.0, 1.0]])
    np.testing.assert_allclose(correction_term(6.0, action), [np.exp(-0.3), 1.0, np.exp(-6.0)])
    config = RewardConfig(correction_weight=0.5)
    assert config.largest == pytest.approx(1.5)
    assert total_reward(config, {"energy": 1.0, "correction": 0.4}) == pytest.approx(0.1 + 0.2)


def test_bodies_with_trunk_muscles_trade_uprightness_for_energy():
    assert reward_config("legs") == RewardConfig(0.6, 0.2, 0.1, 0.1, 200, 5, 0.05, 3)
    for name in ("legs_abs", "legs_back"):
        assert reward_config(name) == RewardConfig(0.6, 0.2, 0.2, 0.0, 200, 5, 0.05, 3)


def test_termination_by_any_keypoint_or_by_their_mean():
    error = np.array([[0.151, 0.0], [0.149, 0.149], [0.9, 0.11], [0.9, 0.09], [0.5, 0.5]])
    np.testing.assert_array_equal(TRAINING.too_far(error), [True, False, True, True, True])
    np.testing.assert_array_equal(PROTOCOL.too_far(error), [False, False, True, False, False])
