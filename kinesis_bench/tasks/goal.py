"""Rows whose pelvis is to come to a goal on the plane: what target reaching and its kin share.

A row sees what it sees in imitation, with every reference keypoint where the body's own is and as fast, but
for the pelvis's position, which is at the goal, as high as the standing body's. So a policy that learned to
imitate can be asked at once. KINESIS's code does the same in ``myolegs_pointgoal.py`` but lets reference and
body share one array, so that the difference is always zero and only the third task input shows the goal; here
both do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import Body
from kinesis_bench.errors import InputError
from kinesis_bench.physics.engines import MakeEngine, cpu_engine
from kinesis_bench.tasks.arrays import like
from kinesis_bench.tasks.control import PRIVILEGED_CONTROLS, control_law
from kinesis_bench.tasks.kinematics import Kinematics
from kinesis_bench.tasks.observation import FatigueMode, observe
from kinesis_bench.tasks.reward import energy_over_substeps, reward_config, upright_term
from kinesis_bench.tasks.rows import BodyRows
from kinesis_bench.tasks.standing import standing
from kinesis_bench.tasks.trials import TrialStep

FALLEN_M = 0.7
"""A body has fallen when its pelvis is lower [m] (KINESIS's code)."""

FASTEST_M = 0.2
"""More than a pelvis moves in a control step while the body stands [m]: 6 m/s. It bounds the rewards that the
trainer expects, and changes none."""


@dataclass(frozen=True)
class GoalReward:
    """Weights and rates of the reward of goals.

    Attributes:
        progress_weight: of the progress term (KINESIS's code: what energy and uprightness leave).
        progress_per_m: the progress term for each metre that the goal came nearer (KINESIS's code).
        arrival: added while the pelvis is within ``arrival_m``. KINESIS's code has 100.
        arrival_m: [m] (paper).
        energy_weight, upright_weight, energy_rate, upright_rate: as in ``RewardConfig``.
    """

    progress_weight: float = 0.8
    progress_per_m: float = 20.0
    arrival: float = 20.0
    arrival_m: float = 0.1
    energy_weight: float = 0.1
    upright_weight: float = 0.1
    energy_rate: float = 0.05
    upright_rate: float = 3.0

    @property
    def range(self) -> tuple[float, float]:
        """Least and most reward of a step."""
        fastest = self.progress_weight * self.progress_per_m * FASTEST_M
        return -fastest, fastest + self.arrival + self.energy_weight + self.upright_weight


def goal_reward(body: str) -> GoalReward:
    """The reward of a body: energy and uprightness weigh what they weigh in imitation."""
    of = reward_config(body)
    return GoalReward(
        energy_weight=of.energy_weight,
        upright_weight=of.upright_weight,
        energy_rate=of.energy_rate,
        upright_rate=of.upright_rate,
    )


def goal_reference(body: Body, now: Kinematics, goal_m: Any) -> Any:
    """Keypoints to come to (n, K, 3) [m]: the body's own, but the pelvis's at the goal, as high as standing.

    Args:
        body: the body.
        now: of n rows.
        goal_m: (n, 2) goals, world axes.
    """
    xp = array_namespace(now.position)
    own, at = now.keypoint_position, body.keypoints.index("pelvis")
    height = xp.zeros_like(own[:, at, 2:]) + standing(body.name).pelvis_height_m
    goal = xp.concat((goal_m, height), axis=-1)[:, None, :]
    return xp.concat((own[:, :at, :], goal, own[:, at + 1 :, :]), axis=1)


class GoalRows(BodyRows):
    """Rows of a body, each with a goal; a task says where goals are, how long a trial lasts, how it begins.

    Args: as ``tasks.trials.MakeTask``.

    Attributes:
        goal: (rows, 2) of each row, world axes [m]; a task writes to it.
        age: (rows,) control steps since the row's start.
        steps: control steps of a whole trial; a task states it.
        sums, resumable: as of ``tasks.trials.TrialTask``.
    """

    steps: int
    sums: tuple[str, ...] = ()
    resumable = True
    failure = "the body fell"
    watched: tuple[str, ...] = ("distance_m",)

    def __init__(
        self,
        body: Body,
        rows: int,
        *,
        control: str = "direct",
        threads: int = 0,
        make_engine: MakeEngine = cpu_engine,
        rewarded: bool = False,
        record: bool = False,
        needs: Iterable[str] = (),
        refine: int = 1,
        fatigue: FatigueMode | None = None,
    ) -> None:
        if control in PRIVILEGED_CONTROLS:
            problem = f"{control} follows a reference motion, and this task has none"
            raise InputError("control", problem, "use a policy in control direct, pd or synergy")
        super().__init__(
            body,
            rows,
            control_law(control, body),
            make_engine=make_engine,
            threads=threads,
            record=record,
            needs=needs,
            refine=refine,
            fatigue=fatigue,
        )
        self._reward = goal_reward(body.name) if rewarded else None
        self._standing = standing(body.name)
        self._pelvis = body.keypoints.index("pelvis")
        self._pose = like(np.tile(self._standing.qpos, (rows, 1)), self._like)
        self._distance = like(np.zeros(rows), self._like)
        self.goal = like(np.zeros((rows, 2)), self._like)
        self.age = like(np.zeros(rows, np.int64), self._like)

    @property
    def reward_range(self) -> tuple[float, float]:
        """Least and most reward of a step."""
        return goal_reward(self.body.name).range

    def stand(self, rows: Any, heading_rad: np.ndarray, goal_m: np.ndarray, push_m_s: Any = None) -> None:
        """Put rows into the standing pose at the plane's origin, at rest, muscles without activation.

        Args:
            rows: (n,) which.
            heading_rad: (n,) where the pelvis looks.
            goal_m: (n, 2), world axes [m].
            push_m_s: (n, 3) added to the root's velocity, world axes [m/s].
        """
        rows, count = like(rows, self._like), len(heading_rad)
        qpos = self._standing.placed(np.zeros((count, 2)), heading_rad)
        qvel = np.zeros((count, self.engine.field("qvel").shape[1]))
        if push_m_s is not None:
            qvel[:, :3] += push_m_s
        self._pose[rows] = like(qpos, self._like)
        self.age[rows] = 0
        self._set_state(rows, qpos, qvel, np.zeros((count, self.engine.field("act").shape[1])))
        self._aim(rows, goal_m)

    def resume(
        self, rows: Any, trials: Sequence[Any], age: Any, qpos: Any, qvel: Any, activation: Any
    ) -> None:
        """Put rows into trials that have begun, in given states; nothing else of the past is carried over.

        Args:
            rows: (n,) which.
            trials: (n,) of the task.
            age: (n,) control steps since each one's start.
            qpos, qvel, activation: (n, nq), (n, nv), (n, M).
        """
        self.start(rows, trials)
        rows = like(rows, self._like)
        self.age[rows] = like(age, self._like)
        self._set_state(rows, qpos, qvel, activation)
        self._aim(rows, self.goal[rows])

    def start(self, rows: Any, trials: Sequence[Any], *, push_m_s: Any = None) -> None:
        """Begin trials, one a row."""
        raise NotImplementedError

    def observe(self, rows: Any) -> Any:
        """Observations (n, N) float32, see ``observation_layout`` and above."""
        rows = like(rows, self._like)
        now = self._seen(rows)
        reference, tired = self._reference(rows, now), self._seen_fatigue(rows)
        return observe(now, self._touched(rows), reference, now.keypoint_velocity, tired)

    def step(self, rows: Any, action: Any) -> TrialStep:
        """Apply actions for one control step.

        ``measured``: ``distance_m`` of the pelvis from the goal on the plane, ``pelvis_x_m``, ``pelvis_y_m``,
        ``pelvis_height_m``, and ``excitation``, the mean over muscles and substeps.

        Args:
            rows: (n,) which; the others stay as they are and cost nothing.
            action: (n, A) in [-1, 1], as it is applied: ``quantise_action`` is the caller's. A row with an
                action that is not finite breaks.
        """
        rows, action = like(rows, self._like), like(action, self._like)
        driven = self._drive(rows, self.law.target(action, None, None))
        self.age[rows] += 1
        self._refresh(rows)
        now = self._seen(rows)
        xp = array_namespace(now.position)
        before, distance = self._distance[rows], self._distances(rows, now)
        self._distance[rows] = distance
        terms: dict[str, Any] = {}
        reward = None
        if self._reward is not None:
            config = self._reward
            arrived = xp.astype(distance < config.arrival_m, distance.dtype)
            terms = {
                "progress": config.progress_per_m * (before - distance),
                "arrival": arrived,
                "energy": energy_over_substeps(config.energy_rate, driven.excitation),
                "upright": upright_term(config.upright_rate, now),
            }
            reward = config.progress_weight * terms["progress"] + config.arrival * arrived
            reward = reward + config.energy_weight * terms["energy"]
            reward = reward + config.upright_weight * terms["upright"]
        pelvis = now.keypoint_position[:, self._pelvis, :]
        excitation = xp.mean(xp.stack([xp.mean(part, axis=-1) for part in driven.excitation]), axis=0)
        return TrialStep(
            rows=rows,
            failed=pelvis[:, 2] < FALLEN_M,
            broken=self.engine.failures(rows),
            finished=self.age[rows] >= self.steps,
            reward=reward,
            reward_terms=terms,
            record=self._recorded(rows, action, driven, now, self._reference(rows, now)),
            measured={
                "distance_m": distance,
                "pelvis_x_m": pelvis[:, 0],
                "pelvis_y_m": pelvis[:, 1],
                "pelvis_height_m": pelvis[:, 2],
                "excitation": excitation,
            },
        )

    def _aim(self, rows: Any, goal_m: Any) -> None:
        """Give rows, indices of the engine's kind, goals (n, 2); progress is counted from here."""
        self.goal[rows] = like(goal_m, self._like)
        self._distance[rows] = self._distances(rows, self._seen(rows))

    def _distances(self, rows: Any, now: Kinematics) -> Any:
        """(n,) from the pelvis to the goal, on the plane [m]."""
        xp = array_namespace(now.position)
        apart = now.keypoint_position[:, self._pelvis, :2] - self.goal[rows]
        return xp.sqrt(xp.sum(apart**2, axis=-1))

    def _reference(self, rows: Any, now: Kinematics) -> Any:
        """(n, K, 3) what the rows are to come to, see ``goal_reference``."""
        return goal_reference(self.body, now, self.goal[rows])

    def _reference_poses(self, rows: Any) -> tuple[Any, Any]:
        """The standing pose in which the row began: all that a task without motions can ask for."""
        return self._pose[rows], self._pose[rows]
