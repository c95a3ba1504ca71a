"""Muscles that tire while a policy learns: how bodies begin, what is seen and judged, what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from synthetic import synthetic_motions  # noqa: E402
from tiny_runs import motions_file, tiny_config  # noqa: E402

from kinesis_bench.bodies.contract import load_body  # noqa: E402
from kinesis_bench.errors import InputError  # noqa: E402
from kinesis_bench.evaluation.tasks.target import score  # noqa: E402
from kinesis_bench.tasks.reference import Reference  # noqa: E402
from kinesis_bench.tasks.reward import RewardConfig  # noqa: E402
from kinesis_bench.tasks.target import Target  # noqa: E402
from kinesis_bench.training import trial as trial_module  # noqa: E402
from kinesis_bench.training.chain import train  # noqa: E402
from kinesis_bench.training.checkpoint import read_checkpoint  # noqa: E402
from kinesis_bench.training.config import EpisodeConfig, TrainConfig, check  # noqa: E402
from kinesis_bench.training.environment import ClipEnvironment, Environment, TrialEnvironment  # noqa: E402
from kinesis_bench.training.log import StageLog  # noqa: E402
from kinesis_bench.training.run_folder import read_config, stage_folder  # noqa: E402
from kinesis_bench.training.task_trial import TaskTrials  # noqa: E402
from kinesis_bench.training.tiring import Tiring  # noqa: E402
from kinesis_bench.training.trial import ClipTrials  # noqa: E402

ROWS = 4
OBSERVED = Tiring.of("legs", "observed", 1.0)
SEEN = slice(309, 389)


class Strong:
    """Asks nine tenths of every muscle."""

    def act(self, observation: torch.Tensor) -> torch.Tensor:
        return torch.full((len(observation), 80), 0.8)


def of_clips(tiring: Tiring | None = OBSERVED, seed: int = 0, clips: int = 3) -> ClipEnvironment:
    body = load_body("legs")
    return ClipEnvironment(
        body,
        Reference.of(synthetic_motions(body, clips=clips), body),
        np.arange(clips),
        control="direct",
        config=EpisodeConfig(environments=ROWS, steps=4, distance_m=0.02),
        reward=RewardConfig(),
        rng=np.random.default_rng(seed),
        threads=1,
        tiring=tiring,
    )


def of_trials(seed: int = 0) -> TrialEnvironment:
    task = Target(load_body("legs"), ROWS, threads=1, rewarded=True, fatigue="observed")
    return TrialEnvironment(task, push_m_s=0.0, rng=np.random.default_rng(seed), tiring=OBSERVED)


def test_the_most_is_what_full_load_comes_to() -> None:
    """F / (F + R), by hand: knee 0.015 / 0.01649, hip 0.0097 / 0.01061, ankle 0.00589 / 0.00647."""
    body = load_body("legs")
    for muscle, most in (("vaslat_r", 0.90964), ("psoas_l", 0.91423), ("soleus_l", 0.91036)):
        assert OBSERVED.most[body.muscles.index(muscle)] == pytest.approx(most, abs=5e-6)
        half = Tiring.of("legs", "hidden", 0.5).most
        assert half[body.muscles.index(muscle)] == pytest.approx(most / 2, abs=5e-6)


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1), count=st.integers(1, 5))
def test_no_muscle_begins_more_fatigued_than_the_most(seed, share, count) -> None:
    tiring = Tiring.of("legs", "hidden", share)
    drawn = tiring.draw(np.random.default_rng(seed), count)
    assert drawn.shape == (count, 80)
    assert ((drawn >= 0) & (drawn <= tiring.most)).all()
    assert (tiring.most <= share).all()


def test_bodies_begin_anywhere_from_fresh_to_tired_through_and_through() -> None:
    """A worst U and parts V of it, both even: mean 1/4, variance 1/9 - 1/16, of a body's mean 1/4 · 1/12."""
    drawn = OBSERVED.draw(np.random.default_rng(0), 20_000) / OBSERVED.most
    assert drawn.mean() == pytest.approx(1 / 4, abs=0.005)
    assert drawn.var() == pytest.approx(1 / 9 - 1 / 16, abs=0.002)
    worst = np.sort(drawn.max(axis=1) * 81 / 80)
    np.testing.assert_allclose(worst[::2000], np.arange(0, 1, 0.1), atol=0.02)


@pytest.mark.parametrize("make", [of_clips, of_trials])
def test_episodes_begin_fatigued_and_show_it(make) -> None:
    rows: Environment = make()
    rows.restart()
    begun = rows.observe().clone()
    fatigued = rows.task.fatigued(np.arange(ROWS))
    np.testing.assert_array_equal(begun[:, SEEN].numpy(), fatigued.astype(np.float32))
    assert ((fatigued > 0) & (fatigued < OBSERVED.most)).all()
    assert len(np.unique(fatigued.max(axis=1))) == ROWS
    again, other = make(), make(seed=1)
    for one in (again, other):
        one.restart()
    assert torch.equal(again.observe(), begun)
    assert not torch.equal(other.observe()[:, SEEN], begun[:, SEEN])


@pytest.mark.parametrize("make", [of_clips, of_trials])
def test_rows_that_end_are_drawn_anew_and_the_others_tire_on(make) -> None:
    rows: Environment = make()
    rows.restart()
    ended = torch.zeros(ROWS, dtype=torch.bool)
    while not ended.any():
        before = rows.observe()[:, SEEN].clone()
        transition = rows.step(torch.zeros(ROWS, 80))
        ended = transition.failed | transition.cut_off
    change = (rows.observe()[:, SEEN] - before).abs().amax(dim=1)
    assert (change[ended] > 0.01).all()
    assert (change[~ended] < 0.001).all()


def test_without_fatigue_nothing_is_drawn_for_it() -> None:
    """The streams of runs without it are what they were."""
    rows = of_clips(tiring=None)
    rows.restart()
    tired = of_clips()
    tired.restart()
    assert torch.equal(rows.observe(), tired.observe()[:, : SEEN.start])
    assert rows.task.fatigued(np.arange(ROWS)) is None


def test_trials_judge_every_policy_on_bodies_as_fatigued(monkeypatch) -> None:
    body = load_body("legs")
    reference = Reference.of(synthetic_motions(body, clips=3, frames=24), body)

    def trials(tiring: Tiring | None) -> ClipTrials:
        return ClipTrials(body, reference, np.arange(3), control="direct", threads=1, tiring=tiring)

    judge = trials(OBSERVED)
    first, second = judge.run(Strong()), judge.run(Strong())
    assert first.figures() == second.figures() == trials(OBSERVED).run(Strong()).figures()
    assert first.excitation < trials(None).run(Strong()).excitation - 0.01
    parts: list[torch.Tensor] = []
    monkeypatch.setattr(trial_module, "processes", lambda: 2)
    monkeypatch.setattr(trial_module, "sum_over_processes", lambda sums: parts.append(sums) or sums)
    for rank in range(2):
        monkeypatch.setattr(trial_module, "rank", lambda rank=rank: rank)
        trials(OBSERVED).run(Strong())
    monkeypatch.setattr(trial_module, "sum_over_processes", lambda _: sum(parts))
    assert trials(OBSERVED).run(Strong()).excitation == pytest.approx(first.excitation, rel=1e-12)


def test_trials_of_a_task_do_too() -> None:
    def trials(tiring: Tiring | None) -> TaskTrials:
        mode = tiring.mode if tiring else None
        task = Target(load_body("legs"), 3, threads=1, rewarded=True, fatigue=mode)
        return TaskTrials(task, score, "target", tiring)

    judge = trials(OBSERVED)
    first = judge.run(Strong())
    assert first.figures() == judge.run(Strong()).figures()
    assert first.figures() != trials(None).run(Strong()).figures()


def tiring_config(motions: Path) -> TrainConfig:
    """Six updates, all of whose random streams matter."""
    return replace(tiny_config(motions), fatigue=True, observe_fatigue=True, max_experts=1)


def run_stage(run: Path, motions: Path) -> None:
    new = not (run / "config.json").exists()
    config = tiring_config(motions) if new else read_config(run)
    train(run, config, score=lambda _: None, only="expert-1", new=new)


def test_a_run_that_was_stopped_ends_in_the_same_bits(tmp_path, monkeypatch) -> None:
    motions = motions_file(tmp_path / "m.h5")
    run_stage(tmp_path / "whole", motions)
    shown = StageLog.__call__

    def interrupt(self, progress) -> None:
        shown(self, progress)
        if progress.update == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StageLog, "__call__", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_stage(tmp_path / "stopped", motions)
    run_stage(tmp_path / "stopped", motions)
    for name in ("checkpoint-000006", "best"):
        ours, our_state = read_checkpoint(stage_folder(tmp_path / "stopped", "expert-1") / name)
        theirs, their_state = read_checkpoint(stage_folder(tmp_path / "whole", "expert-1") / name)
        assert our_state == their_state
        assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())
    assert ours["actor.trunk.0.weight"].shape == (16, 389)
    assert (ours["actor.normaliser.mean"][SEEN] > 0).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"observe_fatigue": True},
            "--observe-fatigue: means nothing where muscles do not tire; add --fatigue",
        ),
        ({"fatigue": True, "episodes": EpisodeConfig(fatigued=1.5)}, r"--episodes\.fatigued: is 1\.5"),
        ({"fatigue": True, "episodes": EpisodeConfig(fatigued=-0.1)}, r"--episodes\.fatigued: is -0\.1"),
    ],
)
def test_settings_that_mean_nothing(change, said) -> None:
    with pytest.raises(InputError, match=said):
        check(replace(TrainConfig(), **change))


def test_bodies_may_all_begin_fresh() -> None:
    check(replace(TrainConfig(), fatigue=True, episodes=EpisodeConfig(fatigued=0.0)))
    assert not Tiring.of("legs", "hidden", 0.0).draw(np.random.default_rng(0), 5).any()
