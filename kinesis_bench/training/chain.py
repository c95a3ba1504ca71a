"""The chain of stages, from nothing to a scored policy; it can be stopped anywhere and goes on where it was.

Method ``kinesis``: expert-1 learns all training clips; those that it fails are isolated, and expert-2 starts
from a copy of it and learns those; and so on, until none is left. A gate then learns which expert to take
(paper). Method ``distilled``: before that teachers learn in control ``tracking``, teacher-2 those clips that
teacher-1 fails and so on; and from all of them a student learns, and a second one that begins as the first
and is taught otherwise what that one fails. Expert-1 begins as the last student.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.training import stages
from kinesis_bench.training.config import TrainConfig
from kinesis_bench.training.distributed import joined, rank, wait_for_all
from kinesis_bench.training.log import tell_end
from kinesis_bench.training.run_folder import (
    CONFIG,
    ChainState,
    StageResult,
    begun,
    held,
    put_aside,
    read_chain,
    write_chain,
    write_config,
)
from kinesis_bench.training.setting import RunSetting, setting_of

TEACHER, STUDENT, EXPERT, GATE, EXPORT, SCORE = "teacher", "student", "expert", "gate", "export", "score"


def train(
    run: Path,
    config: TrainConfig,
    *,
    score: Callable[[RunSetting], None],
    only: str | None = None,
    new: bool = True,
) -> None:
    """Run a chain, or one stage of it; torchrun may have started several processes that do so together.

    Args:
        run: folder of the run.
        config: its settings.
        score: scores the policy that was exported.
        only: this stage; see ``Chain``.
        new: whether the run must not be there yet.

    Raises:
        InputError: the settings cannot be followed, another run is there, or training went wrong.
    """
    with joined():
        setting = setting_of(run, config)
        torch.set_num_threads(setting.threads)
        if new:
            setting.refuse_start()
        with held(run) if rank() == 0 else nullcontext():
            if rank() == 0 and new and (run / CONFIG).exists():
                raise InputError(run, "holds a run already", f"go on with --resume {run}")
            chain = Chain(setting, score)
            chain.refuse(only)
            if rank() == 0:
                write_config(run, setting.config)
            wait_for_all()
            chain.run(only)


class Chain:
    """Runs the stages that are not done.

    Args:
        setting: what they share.
        score: scores the policy that was exported.

    Attributes:
        state: what is done.

    Raises:
        InputError: the motions or the body are not those that the run began with.
    """

    def __init__(self, setting: RunSetting, score: Callable[[RunSetting], None]) -> None:
        self._setting, self._score = setting, score
        now = ChainState(setting.motions_sha256, setting.body.sha256)
        self.state = read_chain(setting.run) or now
        for name in ("motions_sha256", "model_sha256"):
            began, found = getattr(self.state, name), getattr(now, name)
            if began != found:
                problem = f"{name} was {began[:12]}… when the run began and is {found[:12]}… now"
                raise InputError(setting.run, problem, "begin a new run")

    def refuse(self, only: str | None) -> None:
        """Refuse a stage that cannot be run by itself now.

        Raises:
            InputError: there is none of that name, or another one comes first.
        """
        if only is None or only in self.state.stages:
            return
        config = self._setting.config
        names = [*_numbered(EXPERT, config.max_experts), GATE, EXPORT, SCORE]
        if config.method == "distilled":
            taught = *_numbered(TEACHER, config.max_teachers), *_numbered(STUDENT, config.max_students)
            names = [*taught, *names]
        if only not in names:
            raise unknown_name("--stage", only, names)
        following = next((stage for stage in self._all_stages() if stage not in self.state.stages), "nothing")
        if only != following:
            raise InputError("--stage", f"{only} cannot be run now, {following} is next", "leave out --stage")

    def run(self, only: str | None = None) -> None:
        """Run all stages that are not done, or one of them.

        Args:
            only: this stage; if it is done it is run again, and whatever was built on it is put aside.
        """
        if only in self.state.stages:
            done = list(self.state.stages)
            self._keep(done[: done.index(only)])
        before: list[str] = []
        for stage in self._all_stages():
            if stage not in self.state.stages:
                self._keep([*before, stage])
                found = self._run(stage)
                self._note({**self.state.stages, stage: found})
                if found.figures and rank() == 0:
                    tell_end(stage, found.steps, found.figures)
                if only is not None:
                    return
            before.append(stage)

    def _all_stages(self) -> Iterator[str]:
        """In order, done or not; what follows an expert depends on the clips that it failed."""
        config = self._setting.config
        if config.method == "distilled":
            yield from self._mined(TEACHER, config.max_teachers)
            yield from self._mined(STUDENT, config.max_students)
        yield from self._mined(EXPERT, config.max_experts)
        if len(self._done(EXPERT)) > 1:
            yield GATE
        yield from (EXPORT, SCORE)

    def _mined(self, kind: str, most: int) -> Iterator[str]:
        """A stage on all clips, and further ones as long as the one before fails any."""
        for stage in _numbered(kind, most):
            yield stage
            if not self.state.stages[stage].failed:
                return

    def _done(self, kind: str) -> dict[str, StageResult]:
        """The teachers, students or experts that are done."""
        return {stage: found for stage, found in self.state.stages.items() if stage.startswith(f"{kind}-")}

    def _run(self, stage: str) -> StageResult:
        setting = self._setting
        if stage.startswith(f"{TEACHER}-"):
            teaching = setting.teaching
            clips, start = self._mining(TEACHER, teaching)
            found = stages.learn(teaching, stage, clips, "tracking", setting.config.teacher, start)
            stages.export_teacher(teaching, stage, found)
            return found
        if stage.startswith(f"{STUDENT}-"):
            before = self._done(STUDENT)
            failed = {key for found in before.values() for key in found.failed}
            start = next(reversed(before), None)
            places = sorted(setting.places(tuple(failed)).tolist())
            return stages.distil(setting, stage, places, start, self._done(TEACHER))
        if stage == GATE:
            return stages.open_gate(setting, stage, list(self._done(EXPERT)))
        if stage == EXPORT:
            return stages.export(setting, list(self._done(EXPERT)), GATE, self.state)
        if stage == SCORE:
            if rank() == 0:
                self._score(setting)
            wait_for_all()
            return StageResult()
        clips, start = self._mining(EXPERT, setting)
        start = start or next(reversed(self._done(STUDENT)), None)
        return stages.learn(setting, stage, clips, setting.config.control, setting.config.expert, start)

    def _mining(self, kind: str, setting: RunSetting) -> tuple[np.ndarray, str | None]:
        """Clips that the next of a kind learns, and as which it begins: what the last failed, as the last."""
        before = list(self._done(kind).items())
        if not before:
            return setting.every_clip, None
        start, found = before[-1]
        return setting.places(found.failed), start

    def _note(self, done: dict[str, StageResult]) -> None:
        self.state = replace(self.state, stages=done)
        if rank() == 0:
            write_chain(self._setting.run, self.state)

    def _keep(self, stages: Sequence[str]) -> None:
        """Put all other stages aside, done or only begun, for they were built on what is no more.

        The record goes first, so that a stop in between loses nothing.
        """
        kept = {name: found for name, found in self.state.stages.items() if name in stages}
        if kept != self.state.stages:
            self._note(kept)
        if rank() == 0:
            for stage in begun(self._setting.run):
                if stage not in stages:
                    put_aside(self._setting.run, stage)
        wait_for_all()


def _numbered(kind: str, most: int) -> list[str]:
    """Names of stages of a kind, from 1."""
    return [f"{kind}-{number}" for number in range(1, most + 1)]
