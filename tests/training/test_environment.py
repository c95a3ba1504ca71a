"""Rows that start anew where they end, and what they do when physics breaks."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from synthetic import synthetic_motions  # noqa: E402

from kinesis_bench.bodies.contract import load_body  # noqa: E402
from kinesis_bench.tasks.demonstration import Demonstration  # noqa: E402
from kinesis_bench.tasks.reference import Reference  # noqa: E402
from kinesis_bench.tasks.reward import RewardConfig  # noqa: E402
from kinesis_bench.training import environment as module  # noqa: E402
from kinesis_bench.training.config import EpisodeConfig  # noqa: E402
from kinesis_bench.training.environment import ClipEnvironment  # noqa: E402

ROWS = 4


def rows(
    *,
    seed: int = 0,
    distance_m: float = 0.15,
    activation: float | None = 0.0,
    push: float = 0.0,
    whole_share: float = 0.0,
    **more,
) -> ClipEnvironment:
    body = load_body("legs")
    config = EpisodeConfig(
        environments=ROWS,
        steps=4,
        distance_m=distance_m,
        push_m_s=push,
        activation=activation,
        whole_share=whole_share,
    )
    return ClipEnvironment(
        body,
        Reference.of(synthetic_motions(body), body),
        np.array([0, 2]),
        control="direct",
        config=config,
        reward=RewardConfig(),
        rng=np.random.default_rng(seed),
        threads=1,
        **more,
    )


def relaxed(size: int) -> torch.Tensor:
    return torch.full((ROWS, size), -1.0)


def test_same_seed_same_numbers_and_another_seed_others() -> None:
    def run(seed: int) -> list[torch.Tensor]:
        environment = rows(seed=seed, push=0.1)
        environment.restart()
        seen = []
        for _ in range(6):
            seen.append(environment.observe().clone())
            seen.append(environment.step(relaxed(environment.action_size)).reward)
        return seen

    first = run(0)
    assert all(torch.equal(a, b) for a, b in zip(first, run(0), strict=True))
    assert not torch.equal(first[0], run(1)[0])


def test_only_the_given_clips_are_drawn() -> None:
    environment = rows()
    environment.restart()
    drawn = set()
    for _ in range(20):
        environment.step(relaxed(environment.action_size))
        drawn |= set(environment.task.clip.tolist())
    assert drawn == {0, 2}


def test_a_row_that_is_cut_off_shows_its_last_state_and_begins_anew() -> None:
    environment = rows(distance_m=100.0)
    environment.restart()
    length = environment.task.reference.length
    environment.task.frame[1:3] = length[environment.task.clip[1:3]] - 4  # two rows end at once
    seen, begin_anew = [], environment._begin_anew

    def begin_anew_after_a_look(rows) -> None:
        seen.append(environment.observe())
        begin_anew(rows)

    environment._begin_anew = begin_anew_after_a_look
    together = 0
    for _ in range(60):
        left = length[environment.task.clip] - 1 - environment.task.frame
        before = environment.task.frame.copy()
        transition = environment.step(relaxed(environment.action_size))
        assert torch.equal(transition.cut_off, torch.from_numpy(left == 1))
        assert not transition.failed.any()
        assert len(transition.final_observation) == int(transition.cut_off.sum())
        goes_on = ~transition.cut_off.numpy()
        assert (environment.task.frame[goes_on] == before[goes_on] + 1).all()
        if transition.cut_off.any():
            assert torch.equal(transition.final_observation, seen[-1][transition.cut_off])
            assert not torch.equal(transition.final_observation, environment.observe()[transition.cut_off])
            together = max(together, int(transition.cut_off.sum()))
    assert together > 1


def test_an_episode_fails_beyond_the_distance_and_is_counted() -> None:
    environment = rows(distance_m=0.02)
    environment.restart()
    for _ in range(10):
        failed = environment.step(relaxed(environment.action_size)).failed
        assert not (failed & (torch.from_numpy(environment.task.frame - environment._start) > 0)).any()
    assert environment.lengths
    assert all(length >= 1 for length in environment.lengths)
    assert (environment.sampler.failing > 0.5).any()


def test_broken_physics_is_kept_counted_and_begun_anew(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "KEPT_BROKEN", 2)
    environment = rows(broken_folder=tmp_path / "broken")
    environment.restart()
    qpos, qvel, activation = environment.task.state(np.arange(ROWS))
    action = relaxed(environment.action_size)
    action[1] = torch.nan
    transition = environment.step(action)
    assert transition.failed.tolist() == [False, True, False, False]
    assert transition.reward[1] == 0
    assert torch.isfinite(transition.reward).all()
    assert torch.isfinite(environment.observe()).all()
    assert environment.broken == 1
    (file,) = (tmp_path / "broken").iterdir()
    with np.load(file, allow_pickle=False) as kept:
        assert np.array_equal(kept["qpos"], qpos[1])
        assert np.array_equal(kept["qvel"], qvel[1])
        assert np.array_equal(kept["activation"], activation[1])
        assert np.isnan(kept["action"]).all()
        assert "finite" in str(kept["reason"])
    for _ in range(3):
        environment.step(torch.full((ROWS, environment.action_size), torch.nan))
    assert environment.broken == 1 + 3 * ROWS
    assert len(list((tmp_path / "broken").iterdir())) == 2


@pytest.mark.parametrize("activation", [0.0, 0.3])
def test_muscles_start_as_asked(activation) -> None:
    environment = rows(activation=activation)
    environment.restart()
    assert np.all(environment.task.state(np.arange(ROWS))[2] == activation)


def test_muscles_start_at_a_share_of_the_feed_forward() -> None:
    environment = rows(activation=None)
    environment.restart()
    task = environment.task
    most = environment._tracking.feed_forward(task.reference.offset[task.clip] + task.frame)
    activation = task.state(np.arange(ROWS))[2]
    share = activation.sum(axis=1) / most.sum(axis=1)
    assert np.allclose(activation, share[:, None] * most, atol=1e-6)
    assert ((share >= 0) & (share <= 1)).all()
    assert len(np.unique(share)) == ROWS


def test_what_is_known_of_the_clips_is_put_back() -> None:
    environment, other = rows(distance_m=0.02), rows()
    environment.restart()
    for _ in range(5):
        environment.step(relaxed(environment.action_size))
    other.load_state(environment.state())
    assert np.array_equal(other.sampler.weight, environment.sampler.weight)
    assert not np.array_equal(other.sampler.weight, rows().sampler.weight)


def test_a_share_of_the_episodes_begins_as_the_protocol_s_do() -> None:
    for share, whole in ((0.0, False), (1.0, True)):
        environment = rows(activation=0.5, whole_share=share)
        environment.restart()
        assert (environment.task.frame == 0).all() == whole
        assert (environment.task.state(np.arange(ROWS))[2] == 0).all() == whole


def test_without_that_share_no_random_number_is_spent_on_it() -> None:
    """So runs that know nothing of it draw the starts and pushes that they always drew."""
    environment, rng = rows(seed=3, push=0.1), np.random.default_rng(3)
    environment.restart()
    _, frame = environment.sampler.draw(ROWS, rng)
    rng.normal(0, 0.1, (ROWS, 3))
    assert np.array_equal(environment.task.frame, frame)
    assert environment.rng.bit_generator.state == rng.bit_generator.state


def test_somebody_who_sees_the_clips_sees_them_whatever_the_rows_see() -> None:
    plain, hidden = rows(), rows(make_task=Demonstration)
    for environment in (plain, hidden):
        environment.restart()
    assert torch.equal(plain.observe_clips(), plain.observe())
    assert torch.equal(hidden.observe_clips(), plain.observe())
    assert not torch.equal(hidden.observe(), plain.observe())
