"""``kinesis-bench score``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

    from kinesis_bench.evaluation.evaluate import Evaluation
    from kinesis_bench.human.references import HumanEmg
    from kinesis_bench.motions.motion_set import Motions

SCORES = Path("results")
"""Folder of the results for which no other is named."""


@dataclass(frozen=True)
class Score:
    """Say how human a policy moves: movement, joint angles and muscles, each beside people.

    Args:
        policy: what to score: zero, random, constant, muscle-pd, an ONNX file, file.py:Class,
            package.module:Class, or a folder with policy.toml.
        body: legs (80 muscles), legs_abs (86) or legs_back (290).
        motions: a motion file from prepare-data; the built-in one, made when first needed, if left out.
        split: of the motion file; its test split if left out, `all` for every clip.
        human: people's EMG: emg_walk_wang2023, emg_run_santuz2020, or a folder of one file a person.
        human_speed: walking speed of the people to compare with [km/h]; the nearest at hand is taken.
        runs: how often a stochastic policy runs; a deterministic one runs once.
        seed: of the policy's random numbers and of the intervals.
        out: folder for result.json, clips.csv, rollouts.h5 and figures; results/POLICY-BODY if left out.
        protocol: kinesis-bench-1, or the definitions of KINESIS's code of 2025.
        quick: only ten clips, for a first look; marked as such.
        rollout: score this recording instead of running a policy: a rollouts.h5, or a folder that holds one
            or what KINESIS records (gait.npy, muscle_controls.npy, muscle_names.npy).
        timestep: physics timestep [s], a whole fraction of 1/150; a diagnostic, marked as no score.
        threads: for physics; 0 takes all cores. No number depends on it.
    """

    policy: str = "muscle-pd"
    body: str = "legs"
    motions: Path | None = None
    split: str | None = None
    human: str = "emg_walk_wang2023"
    human_speed: float = 4.5
    runs: int = 3
    seed: int = 0
    out: Path | None = None
    protocol: Literal["kinesis-bench-1", "kinesis-2025"] = "kinesis-bench-1"
    quick: bool = False
    rollout: Path | None = None
    timestep: float = 1 / 150
    threads: int = 0

    def run(self) -> None:
        """Run or read, score, print, and write the files."""
        from rich.console import Console

        from kinesis_bench.human.emg import human_emg
        from kinesis_bench.report.tables import print_result

        self._check()
        console = Console(highlight=False)
        human = human_emg(self.human, self.human_speed)
        if self.out is not None:
            _claim(self.out)
        if self.rollout is not None:
            from kinesis_bench.evaluation.evaluate import evaluate_rollouts, read_recording

            evaluation = evaluate_rollouts(
                read_recording(self.rollout), human, protocol=self.protocol, seed=self.seed
            )
        else:
            evaluation = self._run_policy(human)
        folder = self.out or SCORES / _file_name(evaluation)
        _write(folder, evaluation, with_rollouts=self.rollout is None)
        print_result(evaluation.result, console)
        console.print(f"written to {folder}", markup=False, soft_wrap=True)

    def _check(self) -> None:
        from kinesis_bench.errors import InputError

        for name, least in (("runs", 1), ("seed", 0), ("threads", 0)):
            if getattr(self, name) < least:
                raise InputError(f"--{name}", f"is {getattr(self, name)}", f"give at least {least}")
        if not self.human_speed > 0:
            raise InputError("--human-speed", f"is {self.human_speed}", "give a speed above 0 km/h")
        refine = 1 / 150 / self.timestep if self.timestep > 0 else 0.0
        if round(refine) < 1 or abs(refine - round(refine)) > 1e-3 * refine:
            remedy = "give a whole fraction of 1/150 s, such as 0.0016667 (1/600)"
            raise InputError("--timestep", f"is {self.timestep}", remedy)

    def _run_policy(self, human: HumanEmg) -> Evaluation:
        from rich.console import Console

        from kinesis_bench.bodies.contract import load_body
        from kinesis_bench.evaluation.evaluate import evaluate_policy
        from kinesis_bench.policies.load import load_policy

        policy = load_policy(self.policy)
        body = load_body(self.body)
        motions = self._motions()
        with _Progress(Console(stderr=True), f"{policy.name} on {body.name}") as progress:
            return evaluate_policy(
                policy,
                body,
                motions,
                human,
                split=self.split,
                protocol=self.protocol,
                runs=self.runs,
                seed=self.seed,
                quick=self.quick,
                threads=self.threads,
                refine=round(1 / 150 / self.timestep),
                progress=progress.advance,
            )

    def _motions(self) -> Motions:
        from kinesis_bench.motions.store import read_motions

        if self.motions is not None:
            return read_motions(self.motions, bodies=[self.body])
        from kinesis_bench.prepare import default_motions

        return read_motions(default_motions(), bodies=[self.body])


class _Progress:
    """A bar on stderr with rate and time left; nothing where stderr is no terminal."""

    def __init__(self, console: Console, what: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} frames, {task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=None, rate="…")

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def advance(self, frames: int, total: int) -> None:
        """Note that some of the frames are done."""
        task = self._bar.tasks[0]
        rate = f"{task.speed:.0f}/s" if task.speed else "…"
        self._bar.update(self._task, advance=frames, total=total, rate=rate)


def _file_name(evaluation: Evaluation) -> str:
    """Policy and body as a folder name."""
    result = evaluation.result
    name = "-".join(part for part in (result.policy.name, result.body.name) if part)
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


def _claim(folder: Path) -> None:
    """Make the folder and see that it can be written to, before time is spent."""
    import tempfile

    from kinesis_bench.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(folder, f"cannot be written to ({error.strerror})", "give another --out") from error


def _write(folder: Path, evaluation: Evaluation, *, with_rollouts: bool) -> None:
    from kinesis_bench.evaluation.result import write_clips, write_result
    from kinesis_bench.report.figures import write_figures
    from kinesis_bench.rollouts.store import write_rollouts

    if with_rollouts:
        write_rollouts(folder / "rollouts.h5", evaluation.rollouts)
    write_clips(folder / "clips.csv", evaluation.rollouts, evaluation.clips)
    write_result(folder / "result.json", evaluation.result)
    write_figures(folder, evaluation.result)
