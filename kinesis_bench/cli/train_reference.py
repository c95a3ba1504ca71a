"""``kinesis-bench train-reference``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import tyro

from kinesis_bench.cli.score import Score
from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.tasks.registry import CLIP_TASKS, IMITATION, TASKS
from kinesis_bench.training.config import BodyName, Method, Preset, TrainConfig, check
from kinesis_bench.training.presets import preset
from kinesis_bench.training.run_folder import CONFIG, POLICY, read_chain, read_config, stage_folder

if TYPE_CHECKING:
    from kinesis_bench.training.setting import RunSetting

PRESET: Preset = "laptop"

DEFAULTS = preset(PRESET)

RUNS = Path("runs")
"""Folder of the runs for which no other is named."""

KEPT = (
    *("preset", "method", "task", "body", "motions", "split", "control", "start_from"),
    *("fatigue", "observe_fatigue", "seed", "networks"),
)
"""Settings that a run keeps to its end."""

SAMPLED = "sampled.onnx"
"""A mixture's policy that draws its experts, as upstream's does."""

NEEDED = ("torch", "safetensors", "onnx")
"""Packages of the extra ``train`` that training cannot do without."""


@dataclass(frozen=True)
class TrainReference:
    """Train a policy: experts, their mixture, its export and its score; a run that stopped can go on.

    Args:
        out: folder of a new run; runs/METHOD-BODY if left out.
        resume: folder of a run to go on with; settings given beside it hold from then on.
        stage: run only this stage: teacher-1, student-1 and so on (distilled), expert-1 and so on, gate,
            export, score. One that is done is run again, and what was built on it is put aside.
        config: settings.
    """

    out: Path | None = None
    resume: Path | None = None
    stage: str | None = None
    config: Annotated[TrainConfig, tyro.conf.arg(name="")] = DEFAULTS

    @classmethod
    def with_defaults(cls, arguments: Sequence[str]) -> Callable[..., Any]:
        """The command with the defaults that its arguments choose: those of a run, or of a preset.

        Raises:
            InputError: the run cannot be read, or there is no such preset, body or method.
        """
        resume = _given(arguments, "--resume")
        if resume:
            return functools.partial(cls, config=read_config(Path(resume)))
        name = _given(arguments, "--preset", get_args(Preset)) or PRESET
        body = _given(arguments, "--body", get_args(BodyName)) or "legs"
        method = _given(arguments, "--method", get_args(Method))
        task = _given(arguments, "--task", (*CLIP_TASKS, *TASKS)) or IMITATION
        return functools.partial(cls, config=preset(name, body, method, task))  # type: ignore[arg-type]

    def run(self) -> None:
        """Train.

        Raises:
            InputError: what was given cannot be used, or the training went wrong.
        """
        check(self.config)
        self._check()
        what = self.config.method if self.config.task == IMITATION else self.config.task
        folder = self.resume or self.out or RUNS / f"{what}-{self.config.body}"
        from kinesis_bench.terminal import console
        from kinesis_bench.training.chain import train

        try:
            train(folder, self.config, score=_score, only=self.stage, new=self.resume is None)
        except KeyboardInterrupt:
            if (folder / CONFIG).exists():
                go_on = f"go on with: kinesis-bench train-reference --resume {folder}"
                console(stderr=True).print(go_on, soft_wrap=True)
            raise

    def _check(self) -> None:
        if missing := [name for name in NEEDED if find_spec(name) is None]:
            remedy = 'pip install "kinesis-bench[train]"'
            raise InputError("train-reference", f"needs {', '.join(missing)}", remedy)
        if self.resume is None:
            return
        if self.out is not None:
            raise InputError("--out", "cannot be given with --resume", "leave out one or the other")
        began = read_config(self.resume)
        for name in KEPT:
            if getattr(self.config, name) != getattr(began, name):
                raise InputError(
                    f"--{name.replace('_', '-')}",
                    "cannot be changed in a run that has begun",
                    "begin a new run",
                )


def _score(setting: RunSetting) -> None:
    """Draw a run's curve and score its policy on the test split, or on its task; a mixture both ways.

    Where muscles tired in training they do so in the score, bout after bout.
    """
    policy, config = setting.run / POLICY, setting.config
    _draw_curve(setting.run, policy, config.task)
    ways = {"score": policy}
    if (policy / SAMPLED).exists():
        ways["score-sampled"] = policy / SAMPLED
    for name, source in ways.items():
        Score(
            policy=str(source),
            task=config.task,
            body=config.body,
            motions=Path(config.motions) if config.motions else None,
            fatigue=config.fatigue,
            observe_fatigue=config.observe_fatigue,
            out=setting.run / name,
            threads=config.threads,
        ).run()


def _draw_curve(run: Path, policy: Path, task: str) -> None:
    """Beside the policy, if any stage was evaluated on the run's task; teachers are judged by imitation."""
    from kinesis_bench.report.training_curve import joined, write_training_curve
    from kinesis_bench.tasks.registry import IMITATION
    from kinesis_bench.training.chain import TEACHER
    from kinesis_bench.training.log import LOG

    chain = read_chain(run)
    stages = () if chain is None else tuple(chain.stages)
    if task != IMITATION:
        stages = tuple(stage for stage in stages if not stage.startswith(TEACHER))
    logs = {stage: stage_folder(run, stage) / LOG for stage in stages}
    logs = {stage: log for stage, log in logs.items() if log.exists()}
    if joined(logs):
        write_training_curve(policy, logs)


def _given(arguments: Sequence[str], flag: str, known: Sequence[str] = ()) -> str | None:
    """The value of a flag, before the arguments are parsed; None where it has none."""
    values = [argument.partition("=")[2] for argument in arguments if argument.startswith(f"{flag}=")]
    values += [after for name, after in pairwise(arguments) if name == flag]
    if not values:
        return None
    if known and values[-1] not in known:
        raise unknown_name(flag, values[-1], known)
    return values[-1]
