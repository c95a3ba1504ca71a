"""The tasks by name. Nothing is loaded before a task is asked for.

A new task of trials is a module ``tasks/NAME.py`` with its class (``tasks.trials.MakeTask``), a module
``evaluation/tasks/NAME.py`` with its ``score``, its figures trial by trial (``by_trial``) and their
``HEADLINE``, a line for each figure in ``report/task_words.py``, and an entry here.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinesis_bench.errors import InputError, unknown_name

if TYPE_CHECKING:
    from kinesis_bench.tasks.trials import MakeTask

ALL_BODIES = ("legs", "legs_abs", "legs_back")

IMITATION, TEXT_TO_CONTROL = "imitation", "text-to-control"

FATIGUE = "fatigue"
"""Taken for a task by who reads of it among them."""

CLIP_TASKS = {
    IMITATION: "follow clips of motions",
    TEXT_TO_CONTROL: "follow, zero-shot, motions made of prompts; scored by the prompts' categories",
}
"""The tasks of clips and what each asks; ``score`` and ``train-reference`` have ways of their own for them.
The second is the first in all but the names of its clips' skills, and nothing is trained for it."""


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
        appended: what a policy may ask to have appended to its observation: the need, and names and sizes of
            the parts.
        options: of the class's own arguments, those that ``score`` has flags for.
        demonstrations: id of built-in motions that end where a row's goal is, for teachers; "" for none.
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
    appended: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    options: tuple[str, ...] = ()
    demonstrations: str = ""

    def appended_parts(self, needs: Collection[str]) -> tuple[tuple[str, int], ...]:
        """Names and sizes of the parts that an observation of the task ends with, by a policy's needs."""
        return tuple(part for need, parts in self.appended if need in needs for part in parts)

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
            demonstrations="normative-gait-goals-v1",
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
            "penalty-kick",
            "shoot the ball past a keeper into the net, and stay on both feet",
            "penalty-kick-1",
            "penalty_kick",
            "PenaltyKick",
            "PenaltyKick-v1",
            bodies=("legs_back",),
            takes=(IMITATION, "target", "target-far"),
            appended=(
                (
                    "ball",
                    (
                        ("ball_position", 3),
                        ("ball_velocity", 3),
                        ("goal_position", 3),
                        ("keeper_position", 3),
                    ),
                ),
            ),
            options=("keeper",),
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
        InputError: there is none of that name, it is zero-shot, or it is the modifier of tasks.
    """
    if name == TEXT_TO_CONTROL:
        remedy = "train imitation, on motions of your own with --motions"
        raise InputError("--task", f"is {name}, which is zero-shot: nothing is trained for it", remedy)
    if name == FATIGUE:
        raise InputError(
            "--task", f"is {name}, which is no task but comes on top of one", "add --fatigue to any"
        )
    if name not in TASKS:
        raise unknown_name("--task", name, (*CLIP_TASKS, *TASKS))
    return TASKS[name]
