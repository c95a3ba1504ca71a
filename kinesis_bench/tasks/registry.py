"""The tasks by name. Nothing is loaded before a task is asked for.

A new task of trials is a module ``tasks/NAME.py`` with its class (``tasks.trials.MakeTask``), a module
``evaluation/tasks/NAME.py`` with its ``score`` (``evaluation.tasks.run.ScoreTrials``), and an entry here.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinesis_bench.errors import InputError, unknown_name

if TYPE_CHECKING:
    from kinesis_bench.tasks.trials import MakeTask

ALL_BODIES = ("legs", "legs_abs", "legs_back")

IMITATION = "imitation"
"""The task of clips; ``score`` and ``train-reference`` have ways of their own for it."""


@dataclass(frozen=True)
class TaskInfo:
    """A task, told without loading it.

    Attributes:
        name: on the command line.
        what: is asked of the policy, in a few words.
        protocol: name and version of its rules; results of different ones are never compared.
        module: in ``kinesis_bench.tasks`` and ``kinesis_bench.evaluation.tasks``.
        made_by: the class in the first.
        environment: Gymnasium id, without ``kinesis_bench/``.
        bodies: that it is for.
        trials: of a score.
        takes: other tasks whose policies may be scored on it; what such a policy sees means the same.
    """

    name: str
    what: str
    protocol: str
    module: str
    made_by: str
    environment: str
    bodies: tuple[str, ...] = ALL_BODIES
    trials: int = 1000
    takes: tuple[str, ...] = (IMITATION,)

    @property
    def make(self) -> MakeTask:
        """What makes the task."""
        made: MakeTask = getattr(importlib.import_module(f"kinesis_bench.tasks.{self.module}"), self.made_by)
        return made

    def refuse_body(self, body: str) -> None:
        """Refuse a body that the task is not for.

        Raises:
            InputError: it is none of ``bodies``.
        """
        if body not in self.bodies:
            problem = f"is {body}, and task {self.name} is for {', '.join(self.bodies)}"
            raise InputError("--body", problem, f"use --body {self.bodies[0]}")


TASKS: dict[str, TaskInfo] = {
    info.name: info
    for info in (
        TaskInfo(
            "target",
            "reach a goal within 1 m in either direction and stand there after 5 s",
            "target-1",
            "target",
            "Target",
            "Target-v1",
            takes=(IMITATION, "target-far"),
        ),
        TaskInfo(
            "target-far",
            "the same, with goals within 2 m",
            "target-far-1",
            "target",
            "TargetFar",
            "TargetFar-v1",
            takes=(IMITATION, "target"),
        ),
        TaskInfo(
            "direction",
            "walk in one of eight directions, and turn when another is commanded every 3 s",
            "direction-1",
            "direction",
            "Direction",
            "Direction-v1",
            trials=500,
            takes=(IMITATION, "target", "target-far"),
        ),
    )
}
"""Every task of trials."""


def task_info(name: str) -> TaskInfo:
    """A task of trials by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in TASKS:
        raise unknown_name("--task", name, (IMITATION, *TASKS))
    return TASKS[name]
