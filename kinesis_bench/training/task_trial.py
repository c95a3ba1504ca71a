"""How good a policy is at a task of trials at present, without noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from kinesis_bench.evaluation.tasks.run import ScoreTrials, TrialRun, roll_out
from kinesis_bench.policies.blocks import generator
from kinesis_bench.tasks.arrays import on_host
from kinesis_bench.tasks.trials import TrialStep, TrialTask
from kinesis_bench.training.networks import ActorLike
from kinesis_bench.training.tiring import Tiring


@dataclass(frozen=True)
class TaskTrial:
    """Figures over some trials.

    Attributes:
        success: share of the trials, by the task's score.
        lasted: share of their time that trials last.
        reward: mean over the control steps of whole trials, none after an early end, in parts of the most
            that a step can have.
        watched: name -> mean of a measured quantity at the end of the trials.
    """

    success: float
    lasted: float
    reward: float
    watched: dict[str, float] = field(default_factory=dict)

    @property
    def merit(self) -> float:
        """Success, and reward where success says nothing yet."""
        return self.success + self.lasted + self.reward

    @property
    def failed(self) -> dict[str, np.ndarray]:
        """Trials are drawn anew each time, so that none is learned apart."""
        return dict.fromkeys(("protocol", "training"), np.zeros(0, bool))

    def figures(self) -> dict[str, float]:
        """For logs."""
        return {
            "success": self.success,
            "lasted": self.lasted,
            "trial_reward": self.reward,
            **self.watched,
        }


class TaskTrials:
    """Keeps the rows that trials are run on; every process runs all of them.

    Args:
        task: with a reward, a row a trial.
        score: of the task.
        name: of the task, which the trials are drawn by; none of them is one of a score's.
        tiring: how muscles tire; each trial then begins as fatigued every time. None: they do not.
    """

    def __init__(self, task: TrialTask, score: ScoreTrials, name: str, tiring: Tiring | None = None) -> None:
        self._task, self._score = task, score
        draws = (generator(0, 0, f"trainer's trial {number} of {name}") for number in range(task.size))
        self._starts = [task.draw(rng) for rng in draws]
        self._fatigued = tiring.draw(np.random.default_rng(0), task.size) if tiring else None
        self.figures = ("success", "lasted", "trial_reward", *task.watched)

    @torch.no_grad()
    def run(self, actor: ActorLike) -> TaskTrial:
        """Every trial once."""
        task, rewards = self._task, 0.0

        def act(live: np.ndarray) -> torch.Tensor:
            return actor.act(torch.as_tensor(task.observe(live))).clamp(-1, 1)

        def after(live: np.ndarray, step: TrialStep) -> None:
            nonlocal rewards
            assert step.reward is not None
            rewards += float(np.nan_to_num(on_host(step.reward)).sum())

        trials = roll_out(task, self._starts, act, fatigued=self._fatigued, after=after)
        run = TrialRun(tuple(trials), task.dt_s, task.steps)
        success = self._score(run, np.random.default_rng(0)).success
        whole = task.size * task.steps
        return TaskTrial(
            success=success.count / success.trials,
            lasted=sum(trial.steps for trial in run.trials) / whole,
            reward=rewards / whole / task.reward_range[1],
            watched={name: float(run.measured(name)[:, -1].mean()) for name in task.watched},
        )
