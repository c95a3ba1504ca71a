"""The environments as Gymnasium sees them."""

from __future__ import annotations

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from kinesis_bench.envs import ImitationVectorEnv
from kinesis_bench.errors import InputError
from kinesis_bench.tasks.control import action_size

NAME = "kinesis_bench/Imitation-v1"


def vector(motions, num_envs=4, **options):
    return gymnasium.make_vec(
        NAME,
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        motions=motions,
        threads=1,
        **options,
    )


@pytest.mark.parametrize("order", ["kinesis_bench, gymnasium", "gymnasium, kinesis_bench"])
def test_importing_registers_without_loading_anything_heavy(order):
    code = (
        f"import sys, {order}; assert gymnasium.spec('{NAME}').vector_entry_point; "
        "print({'mujoco', 'h5py', 'scipy'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_importing_alone_does_not_load_gymnasium():
    code = "import sys, kinesis_bench; print({'numpy', 'gymnasium'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


@pytest.mark.parametrize("control", ["direct", "pd", "synergy"])
def test_gymnasiums_checker_passes(body, motions, control):
    env = gymnasium.make(NAME, body=body.name, motions=motions, control=control)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*infinity.*")  # said of every unbounded observation
        check_env(env.unwrapped)
    assert env.observation_space.shape == ({"legs": 309, "legs_abs": 363, "legs_back": 453}[body.name],)
    assert env.action_space.shape == (action_size(control, body),)


def test_motions_may_be_a_file(legs, legs_motions, tmp_path):
    from kinesis_bench.motions.motion_set import ClipIk
    from kinesis_bench.motions.store import write_motions

    ik = legs_motions.ik["legs"]
    per_clip = {
        key: ClipIk(*(values[legs_motions.span(i)] for values in (ik.qpos, ik.qvel, ik.residual)))
        for i, key in enumerate(legs_motions.keys)
    }
    path = tmp_path / "motions.h5"
    write_motions(
        path, [legs_motions.clip(i) for i in range(len(legs_motions))], id="synthetic", ik={"legs": per_clip}
    )
    env = gymnasium.make(NAME, motions=path)
    assert env.reset(seed=0)[0].shape == (309,)
    with pytest.raises(InputError, match="legs_abs"):
        gymnasium.make(NAME, body="legs_abs", motions=path)


def test_the_vector_environment_is_the_batch(legs, legs_motions):
    envs = vector(legs_motions)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert envs.unwrapped.model is legs.model
    assert envs.observation_space.shape == (4, 309)
    observation, info = envs.reset(seed=3)
    assert observation.shape == (4, 309)
    assert observation.dtype == np.float32
    assert set(info["clip"]) <= set(legs_motions.select("synthetic/train"))
    assert len(np.unique(info["frame"])) > 1


def test_an_ended_row_starts_in_the_next_step(legs_motions):
    """Its last observation is seen, the step that starts it has no reward, and the others go on."""
    envs = vector(legs_motions)
    envs.reset(seed=0, options={"clip": [0, 0, 1, 1], "frame": [0, int(legs_motions.length[0]) - 2, 4, 5]})
    act = np.full((4, 80), -0.9)
    final, reward, terminated, truncated, info = envs.step(act)
    np.testing.assert_array_equal(truncated, [False, True, False, False])
    assert not terminated.any()
    assert reward[1] > 0
    assert info["frame"][1] == legs_motions.length[0] - 1
    observation, reward, terminated, truncated, info = envs.step(act)
    assert reward[1] == 0
    assert (reward[[0, 2, 3]] > 0).all()
    assert not truncated[1]
    np.testing.assert_array_equal(info["_position"], [True, False, True, True])
    place = info["frame"][1], info["clip"][1]
    assert (observation[1] != final[1]).any()
    fresh = vector(legs_motions, num_envs=1)
    expected, _ = fresh.reset(options={"clip": place[1], "frame": place[0]})
    np.testing.assert_array_equal(observation[1], expected[0])
    *_, info = envs.step(act)
    assert info["frame"][1] == place[0] + 1


def test_one_row_of_many_is_the_single_environment(legs_motions):
    envs, env = vector(legs_motions), gymnasium.make(NAME, motions=legs_motions)
    many, _ = envs.reset(seed=0, options={"clip": 1, "frame": 4})
    one, _ = env.reset(seed=0, options={"clip": "synthetic/1", "frame": 4})
    np.testing.assert_array_equal(many[2], one)
    rng = np.random.default_rng(0)
    for _ in range(3):
        act = rng.uniform(-1, -0.7, (4, 80)).astype(np.float32)
        many, rewards, *_ = envs.step(act)
        one, reward, _, _, info = env.step(act[2])
        np.testing.assert_array_equal(many[2], one)
        assert rewards[2] == reward
    assert info["frame"] == 7
    assert set(info) >= {"position", "velocity", "energy", "upright", "keypoint_error_m"}


def test_a_seed_decides_everything(legs_motions):
    def history(seed):
        envs = vector(legs_motions)
        seen = [envs.reset(seed=seed)[0]]
        for _ in range(12):
            seen.append(envs.step(np.full((4, 80), 0.2))[0])
        return np.array(seen)

    np.testing.assert_array_equal(history(1), history(1))
    assert (history(1) != history(2)).any()


def test_a_row_whose_physics_breaks_ends_without_reward(legs_motions):
    envs = vector(legs_motions)
    envs.reset(seed=0, options={"clip": 0, "frame": 3})
    act = np.full((4, 80), -0.9)
    envs.unwrapped.task.engine.field("qvel")[1, 0] = np.nan
    observation, reward, terminated, _, info = envs.step(act)
    np.testing.assert_array_equal(terminated, [False, True, False, False])
    assert reward[1] == 0
    assert np.isfinite(reward).all()
    assert np.isfinite(observation).all()
    np.testing.assert_array_equal(info["_failure"], terminated)
    assert "velocity is not finite" in info["failure"][1]
    *_, info = envs.step(np.full((4, 80), -0.9))
    assert "failure" not in info


def test_gymnasiums_wrappers_work(legs_motions):
    envs = gymnasium.wrappers.vector.NormalizeObservation(
        gymnasium.wrappers.vector.RecordEpisodeStatistics(vector(legs_motions))
    )
    envs.reset(seed=0)
    episodes = 0
    for _ in range(20):
        *_, info = envs.step(envs.action_space.sample())
        episodes += int(info.get("_episode", np.zeros(1)).sum())
    assert episodes > 4


def test_a_start_outside_the_clip_is_refused(legs_motions):
    env = gymnasium.make(NAME, motions=legs_motions)
    with pytest.raises(ValueError, match="start frame"):
        env.reset(options={"clip": 0, "frame": int(legs_motions.length[0]) - 1})
    with pytest.raises(InputError, match="synthetic/1"):
        env.reset(options={"clip": "synthetic/11"})


def test_actions_of_a_wrong_shape_or_that_are_no_numbers_are_refused(legs_motions):
    envs, env = vector(legs_motions), gymnasium.make(NAME, motions=legs_motions).unwrapped
    length = int(legs_motions.length[0])
    envs.reset(seed=0, options={"clip": 0, "frame": [0, length - 2, 4, 5]})
    env.reset(seed=0)
    for wrong in ((80,), (4, 79), (3, 80), (5, 80)):
        with pytest.raises(ValueError, match=r"have shape \(.*\); this environment takes \(4, 80\)"):
            envs.step(np.zeros(wrong))
    with pytest.raises(ValueError, match=r"have shape \(1, 80\); this environment takes \(80,\)"):
        env.step(np.zeros((1, 80)))
    act = np.full((4, 80), -0.9)
    assert envs.step(act)[3][1]
    act[1] = np.nan
    envs.step(act)
    act[1], act[2, 5] = -0.9, np.nan
    with pytest.raises(ValueError, match="action 5 in row 2 is nan"):
        envs.step(act)
    with pytest.raises(ValueError, match="action 5 in row 0 is nan"):
        env.step(act[2])


def test_arguments_that_cannot_be_used(legs_motions):
    with pytest.raises(InputError, match="did you mean 'legs'"):
        gymnasium.make(NAME, body="legz", motions=legs_motions)
    with pytest.raises(ValueError, match="threads is -1"):
        ImitationVectorEnv(2, motions=legs_motions, threads=-1)
    with pytest.raises(ValueError, match="num_envs is 0"):
        ImitationVectorEnv(0, motions=legs_motions)
