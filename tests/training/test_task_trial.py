"""What trials say of a policy that learns a task: a decided trial has lasted, a broken step earns nothing."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.evaluation.tasks.run import TrialRun  # noqa: E402
from kinesis_bench.evaluation.tasks.schema import Proportion, TaskFigures  # noqa: E402
from kinesis_bench.tasks.trials import TrialStep  # noqa: E402
from kinesis_bench.training.task_trial import TaskTrials  # noqa: E402


class Scripted:
    """Four trials of ten steps: to the end, decided in the second step, a fall and broken physics in it."""

    size, steps, dt_s = 4, 10, 0.1
    failure = "the body fell"
    watched = ("distance_m",)
    reward_range = (-2.0, 2.0)

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.random())

    def start(self, rows: np.ndarray, trials: list[float], *, push_m_s: None = None) -> None:
        self.age = 0

    def observe(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), 1), np.float32)

    def step(self, rows: np.ndarray, action: torch.Tensor) -> TrialStep:
        self.age += 1
        second = self.age == 2
        broken = {3: "a velocity is not finite or huge"} if second else {}
        wild = np.isin(rows, list(broken))
        return TrialStep(
            rows=rows,
            failed=(rows == 2) & second,
            broken=broken,
            finished=(rows == 1) & second | (self.age == self.steps),
            reward=np.where(wild, 1e6, 1.0),
            reward_terms={},
            record=None,
            measured={"distance_m": np.where(wild, 1e6, 0.5)},
        )


class Still:
    def act(self, observation: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(observation), 1)


def test_figures_by_hand() -> None:
    def score(run: TrialRun, rng: np.random.Generator) -> TaskFigures:
        return TaskFigures(Proportion(1, len(run.trials), None, None))

    trial = TaskTrials(Scripted(), score, "scripted").run(Still())
    assert trial.success == 0.25
    assert trial.lasted == pytest.approx((10 + 10 + 2 + 2) / 40)
    assert trial.reward == pytest.approx((10 + 2 + 2 + 1) / 40 / 2.0)
    assert trial.watched == {"distance_m": 0.5}
