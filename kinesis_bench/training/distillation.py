"""From teachers that see the reference to a student that does not, with fewer muscles at work.

DAgger (Ross, Gordon, Bagnell 2011): the student acts, a teacher says what it would have done in the states
that the student comes to, and the student learns that from all states so far. The teacher's answer is not its
own excitation but the most sparing one with about the same joint torques, where that is enough.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from array_api_compat import array_namespace
from torch import Tensor

from kinesis_bench.bodies.build import TIMESTEP_S
from kinesis_bench.physics.engine import SUBSTEPS
from kinesis_bench.tasks.arrays import like
from kinesis_bench.tasks.muscle import Muscles
from kinesis_bench.tasks.static_optimisation import full_moment, sparing_excitation
from kinesis_bench.tasks.tracking import TrackingControl
from kinesis_bench.training.config import DistillationConfig
from kinesis_bench.training.distributed import average_gradients, processes
from kinesis_bench.training.environment import ClipEnvironment
from kinesis_bench.training.networks import Actor


class Labels:
    """What teachers would do in the states of an environment that another policy drives.

    Args:
        teachers: act in control law ``tracking``.
        taught_by: (C,) which of them each of the reference's clips is taught by.
        law: that law, over the environment's reference.
        muscles: of the body.
        slack_n_m: torque error that costs as much as one muscle at full excitation [N·m], of all independent
            joint coordinates or (D,) of each, on the CPU engine only; None: the teachers' own excitations are
            the labels.
        not_sparing: clips whose labels are the teachers' own excitations in any case.
    """

    def __init__(
        self,
        teachers: Sequence[Actor],
        taught_by: np.ndarray,
        law: TrackingControl,
        muscles: Muscles,
        slack_n_m: np.ndarray | float | None,
        not_sparing: Sequence[int] = (),
    ) -> None:
        self._teachers, self._not_sparing = tuple(teachers), not_sparing
        self._taught_by = torch.from_numpy(taught_by)
        self._law, self._muscles, self._slack_n_m = law, muscles, slack_n_m

    @torch.no_grad()
    def __call__(self, environment: ClipEnvironment) -> Any:
        """Excitations (E, M), to be held over the coming control step, in arrays of the engine's kind.

        The teacher's law answers to the muscles' lengths at every substep. They are taken to change with
        their present velocity, and its answers are averaged. Where muscles tire, the torques are those that
        its excitation would really have, and sparing labels take a share of what each muscle has left.
        """
        task, observation = environment.task, environment.observe_clips()
        seen = task.view(np.arange(task.size), ("muscle",))
        length, velocity = seen["muscle_length"], seen["muscle_velocity"]
        rows = like(np.arange(task.size), length)
        actions = torch.stack([teacher.act(observation).clamp(-1, 1) for teacher in self._teachers])
        taught_by = self._taught_by.to(actions.device)[task.clip]
        action = like(actions[taught_by, rows], length)
        target = self._law.target(action, task.places(rows), task.places(rows, ahead=1))
        excitation = array_namespace(length).zeros_like(length)
        for substep in range(SUBSTEPS):
            later = length + velocity * (substep * TIMESTEP_S)
            excitation += self._law.excitation(target, later, velocity, substep)
        excitation /= SUBSTEPS
        if self._slack_n_m is None:
            return excitation
        left = 1 - task.fatigued(rows) if task.fatigue else np.ones_like(length)
        arm = task.view(rows, ("moment_arm",))["moment_arm"]
        moment = full_moment(arm, self._muscles.gain(length, velocity))
        torque = (moment @ np.minimum(excitation, left)[:, :, None])[:, :, 0]
        spared = ~np.isin(task.clip, self._not_sparing)
        moment, left = left[spared, None, :] * moment[spared], left[spared]
        excitation[spared] = left * sparing_excitation(moment, torque[spared], self._slack_n_m)
        return excitation


@dataclass(frozen=True)
class DistillationProgress:
    """What is told after every round.

    Attributes:
        round: from 1.
        samples: labelled so far.
        error: root mean square difference of the student's excitations from the labels, over all of them.
        teaching_excitation: mean of the latest labels.
        wall_s: that the round took [s].
    """

    round: int
    samples: int
    error: float
    teaching_excitation: float
    wall_s: float

    @property
    def figures(self) -> dict[str, float]:
        """What of it is told by name."""
        return {
            "samples": self.samples,
            "error": self.error,
            "teaching_excitation": self.teaching_excitation,
        }


class Distillation:
    """Rounds of acting, labelling and learning; of several processes each acts, and all learn one student.

    Args:
        student: learns to act in control law ``direct``; its normaliser learns too.
        labels: the teacher's.
        environment: in control law ``direct``, with ``muscle`` among its needs, and ``moment_arm`` if labels
            are to be sparing.
        config: hyperparameters.
        generator: of the noise and the samples' order, on the student's device.
        progress: told after every round.
    """

    def __init__(
        self,
        student: Actor,
        labels: Labels,
        environment: ClipEnvironment,
        config: DistillationConfig,
        generator: torch.Generator,
        progress: Callable[[DistillationProgress], None] = lambda _: None,
    ) -> None:
        self.student, self._labels, self._environment = student, labels, environment
        self._config, self._generator, self._progress = config, generator, progress
        self._parameters = [*student.trunk.parameters(), *student.head.parameters()]
        self._optimiser = torch.optim.Adam(self._parameters, lr=config.learning_rate)
        self._observation: list[Tensor] = []
        self._action: list[Tensor] = []

    def run(self) -> None:
        """All rounds. The first is driven by the labels themselves, for states worth learning from."""
        self._environment.restart()
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimiser, self._config.rounds)
        for number in range(1, self._config.rounds + 1):
            began = time.perf_counter()
            taught = self._act(student_share=0.0 if number == 1 else 1.0)
            error = self._learn()
            falling.step()
            samples = sum(len(part) for part in self._action)
            wall_s = time.perf_counter() - began
            self._progress(DistillationProgress(number, samples, error, taught, wall_s))

    @torch.no_grad()
    def _act(self, student_share: float) -> float:
        """Drive the rows and label their states; mean excitation of the labels."""
        environment, config = self._environment, self._config
        taught, seen = [], []
        for _ in range(config.steps):
            observation = environment.observe()
            label = torch.as_tensor(self._labels(environment)).float()
            action = 2 * label - 1
            seen.append(observation)
            self._action.append(action)
            taught.append(float(label.mean()))
            driven = self.student.act(observation) if student_share else action
            noise = torch.randn(driven.shape, generator=self._generator, device=driven.device)
            environment.step(driven + config.noise * noise)
        self._observation += seen
        self.student.normaliser.learn(torch.cat(seen))
        return float(np.mean(taught))

    def _learn(self) -> float:
        config = self._config
        keep = -(-config.memory // len(self._action[0]))
        self._observation, self._action = self._observation[-keep:], self._action[-keep:]
        observation, action = torch.cat(self._observation), torch.cat(self._action)
        errors = []
        for _ in range(config.epochs):
            order = torch.randperm(len(action), generator=self._generator, device=action.device)
            for chosen in order.split(max(1, config.minibatch // processes())):
                loss = (self.student(observation[chosen]) - action[chosen]).square().mean()
                self._optimiser.zero_grad()
                loss.backward()
                average_gradients(self._parameters)
                self._optimiser.step()
                errors.append(loss.detach())
        return 0.5 * float(torch.stack(errors).double().mean().sqrt())
