"""The score of the penalty kick, from trials made by hand and from trials that were run."""

from __future__ import annotations

import numpy as np
import pytest
from made_kicks import kick

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.penalty_kick import score
from kinesis_bench.evaluation.tasks.run import TrialJob, TrialRun, run_trials
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.tasks.penalty_kick import BALL_PARTS, PenaltyKick
from kinesis_bench.tasks.registry import task_info


def test_figures_in_all_and_by_keeper():
    trials = (
        kick(0, "static", ("touched", "on_target", "in_net", "goal"), (0.0, 20.0, 12.0)),
        kick(1, "static", ("touched", "on_target", "in_net", "fell"), (0.0, 10.0, 4.0)),
        kick(2, "static", ("fell",), (0.003, 0.003, 0.003)),
        kick(3, "tracking", ("touched", "on_target"), (0.0, 6.0, 1.0), (3.0, 0.5, 4.0)),
    )
    run = TrialRun(trials, dt_s=0.01, steps=1000)
    figures = score(run, np.random.default_rng(0))
    assert (figures.success.count, figures.success.trials) == (1, 4)
    counts = {name: share.count for name, share in figures.proportions.items()}
    assert counts == {"on_target": 3, "in_net": 2, "ball_contact": 3, "fell": 2}
    assert figures.means["ball_speed_m_s"].mean == pytest.approx(12.0)
    assert figures.means["ball_speed_m_s"].trials == 3
    assert figures.means["contact_s"].mean == pytest.approx(0.02)
    assert figures.means["least_distance_m"].mean == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert figures.means["trial_s"].mean == pytest.approx(0.03)
    keepers = figures.groups["keeper"]
    assert list(keepers) == ["static", "tracking"]
    assert [keepers["static"].proportions[name].count for name in ("goal", "in_net", "fell")] == [1, 2, 2]
    assert keepers["static"].proportions["goal"].trials == 3
    assert keepers["static"].means["ball_speed_m_s"].mean == pytest.approx(15.0)
    assert keepers["tracking"].means["ball_speed_m_s"].reason == "there is one trial"
    low, high = figures.success.ci95
    assert (low, high) == pytest.approx((4.559, 69.936), abs=1e-3), "Wilson, 1 of 4"


class Seer:
    """Does nothing, and keeps what it saw."""

    deterministic = True
    needs = ("ball",)
    seen: list[np.ndarray] = []  # noqa: RUF012

    def reset(self, context, rows):
        self.parts, self.size = context.contract.observation, context.action_size

    def act(self, observation, rngs):
        Seer.seen.append(observation)
        return np.full((len(observation), self.size), -1.0)


def test_a_policy_that_asks_sees_the_ball_and_is_not_privileged():
    policy = LoadedPolicy("seer", Seer, True, "direct", Seer.needs)
    info, body = task_info("penalty-kick"), load_body("legs_back")
    assert not policy.privileged
    job = TrialJob(info, 2, options={"keeper": "static"})
    run, rollouts = run_trials(policy, body, job)
    assert [one.ending for one in run.trials] == ["the body fell"] * 2
    first, start = Seer.seen[0][1], run.trials[1].start
    assert first.shape == (453 + 12,)
    expected = [start.behind_m, -start.aside_m, 10 + start.behind_m, start.keeper_y_m - start.aside_m]
    np.testing.assert_allclose(first[[453, 454, 459, 463]], expected, atol=6e-3)
    assert info.appended_parts(("ball",)) == tuple((name, 3) for name in BALL_PARTS)
    clip = rollouts.clips[1]
    assert clip.qpos.shape == (len(run.trials[1].measured["goal"]), 53)
    assert clip.dt_s == run.dt_s == pytest.approx(0.01)
    alone = PenaltyKick(body, 1, keeper="static")
    alone.start(np.array([0]), [start])
    np.testing.assert_array_equal(clip.start_qpos, alone.state(np.array([0]))[0][0])


def test_the_ball_is_not_to_be_seen_elsewhere():
    policy = LoadedPolicy("seer", Seer, True, "direct", Seer.needs)
    with pytest.raises(InputError, match="asks to see the ball, and task target does not show it"):
        run_trials(policy, load_body("legs_back"), TrialJob(task_info("target"), 1))
