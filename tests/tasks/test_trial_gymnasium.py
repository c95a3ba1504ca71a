"""Tasks of trials as Gymnasium environments: their checker, one row beside many, seeds, endings."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from kinesis_bench.tasks.target import TargetTrial

ID = "kinesis_bench/Target-v1"
TRIAL = TargetTrial(0.5, 0.3, -0.4)


def test_the_checker_has_no_complaint() -> None:
    with gymnasium.make(ID) as env:
        check_env(env.unwrapped, skip_render_check=True)


def test_one_row_is_the_first_of_many() -> None:
    one = gymnasium.make(ID)
    many = gymnasium.make_vec(ID, num_envs=2, threads=1)
    seen, _ = one.reset(options={"trial": TRIAL})
    all_seen, _ = many.reset(options={"trial": [TRIAL, TargetTrial(0.0, 1.0, 1.0)]})
    np.testing.assert_array_equal(seen, all_seen[0])
    rng = np.random.default_rng(0)
    for count in range(3):
        action = rng.uniform(-1, -0.8, (2, 80)).astype(np.float32)
        seen, reward, terminated, truncated, info = one.step(action[0])
        all_seen, rewards, *_, infos = many.step(action)
        np.testing.assert_array_equal(seen, all_seen[0])
        assert reward == rewards[0]
        assert (terminated, truncated) == (False, False)
        assert info["distance_m"] == infos["distance_m"][0]
        assert info["age"] == infos["age"][0] == count + 1
        assert infos["distance_m"][1] > 1.2
    one.close()
    many.close()


def test_a_fall_terminates_and_the_row_begins_anew() -> None:
    env = gymnasium.make_vec("kinesis_bench/TargetFar-v1", num_envs=2, threads=1)
    first, _ = env.reset(seed=3)
    again, _ = env.reset(seed=3)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(env.reset(seed=4)[0], first)
    limp = np.full((2, 80), -1.0, np.float32)
    for _ in range(10):
        _, _, terminated, truncated, infos = env.step(limp)
    assert terminated.all()
    assert not truncated.any()
    assert (infos["pelvis_height_m"] < 0.7).all()
    _, reward, terminated, _, infos = env.step(limp)
    assert not terminated.any()
    assert not reward.any()
    assert (infos["age"] == 0).all()
    env.close()


def test_a_body_that_the_task_is_not_for_is_refused() -> None:
    with pytest.raises(Exception, match="--body: is arms"):
        gymnasium.make(ID, body="arms")
