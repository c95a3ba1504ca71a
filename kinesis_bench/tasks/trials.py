"""Tasks of trials: each begins anew from a few drawn numbers, lasts a fixed time, and is judged alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.physics.engines import MakeEngine
from kinesis_bench.tasks.control import ControlLaw
from kinesis_bench.tasks.observation import FatigueMode
from kinesis_bench.tasks.rows import Step


@dataclass(frozen=True)
class TrialStep(Step):
    """What a control step of trials led to; a row is ``finished`` when its time is up or it is decided.

    Attributes:
        measured: name -> (n,) what the score is made of, with the unit in the name, such as ``distance_m``.
    """

    measured: dict[str, Any]


class TrialTask(Protocol):
    """What scoring, the trainer and the Gymnasium environments need of a task of trials.

    ``rows`` and arrays are as in ``tasks.rows.BodyRows``, which such a task is made from.

    Attributes:
        body, law, fatigue, size, observation_size, action_size, dt_s: as there.
        steps: control steps of a whole trial.
        failure: what ``Step.failed`` means, in a few words, such as ``the body fell``.
        watched: what of ``measured`` is worth seeing while a policy learns.
        sums: what of ``measured`` adds up from the start, and so begins at 0 where a trial is resumed.
        resumable: whether a trial can be resumed from the body's state alone.
        reward_range: least and most reward of a step, for the trainer.
    """

    body: Body
    law: ControlLaw
    fatigue: FatigueMode | None
    dt_s: float
    steps: int
    failure: str
    watched: tuple[str, ...]
    sums: tuple[str, ...]
    resumable: bool

    @property
    def reward_range(self) -> tuple[float, float]:
        """See above."""

    @property
    def size(self) -> int:
        """Number of rows."""

    @property
    def observation_size(self) -> int:
        """N."""

    @property
    def action_size(self) -> int:
        """A."""

    def draw(self, rng: np.random.Generator) -> Any:
        """What distinguishes a trial: a frozen dataclass of numbers and texts, its columns in trials.csv."""

    def start(self, rows: Any, trials: Sequence[Any], *, push_m_s: Any = None) -> None:
        """Begin trials, one a row; ``push_m_s`` (n, 3) is added to the root's velocity [m/s]."""

    def resume(
        self, rows: Any, trials: Sequence[Any], age: Any, qpos: Any, qvel: Any, activation: Any
    ) -> None:
        """Put rows (n,) into trials that began ``age`` (n,) control steps ago, in states as of ``state``."""

    def observe(self, rows: Any) -> Any:
        """Observations (n, N) float32."""

    def step(self, rows: Any, action: Any) -> TrialStep:
        """One control step with actions (n, A) in [-1, 1]."""

    def state(self, rows: Any) -> tuple[Any, Any, Any]:
        """Copies of qpos (n, nq), qvel (n, nv) and activation (n, M)."""

    def tire(self, rows: Any, fatigued: Any) -> None:
        """Say how fatigued the muscles (n, M) of rows are; a start makes them fresh."""

    def fatigued(self, rows: Any) -> Any:
        """A copy of the same (n, M); None where muscles do not tire."""

    def view(self, rows: Any, needs: Iterable[str]) -> dict[str, Any]:
        """What a privileged policy sees."""


class RowOptions(TypedDict, total=False):
    """The options of ``MakeTask``, for a task that hands them on."""

    control: str
    threads: int
    make_engine: MakeEngine
    rewarded: bool
    record: bool
    needs: Iterable[str]
    refine: int
    fatigue: FatigueMode | None


class MakeTask(Protocol):
    """What makes a task of trials: its class.

    Attributes:
        steps, dt_s: as of the task.
    """

    steps: int
    dt_s: float

    def __call__(
        self,
        body: Body,
        rows: int,
        *,
        control: str = "direct",
        threads: int = 0,
        make_engine: MakeEngine = ...,
        rewarded: bool = False,
        record: bool = False,
        needs: Iterable[str] = (),
        refine: int = 1,
        fatigue: FatigueMode | None = None,
    ) -> TrialTask:
        """A task.

        Args:
            body: the body.
            rows: how many.
            control: of ``tasks.control.CONTROLS``.
            threads: for physics; 0 for all cores.
            make_engine: of ``physics.engines``.
            rewarded: whether steps have a reward.
            record: whether they have a ``Record``.
            needs: what ``view`` will be asked for.
            refine: physics steps in one substep.
            fatigue: whether muscles tire, and whether the observation says how much.

        Raises:
            InputError: the control law needs a reference motion, which the task has not.
        """
