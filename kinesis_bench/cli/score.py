"""``kinesis-bench score``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kinesis_bench.cli.progress import Progress
from kinesis_bench.cli.whole_folder import whole_folder
from kinesis_bench.tasks.registry import CLIP_TASKS, IMITATION, TEXT_TO_CONTROL

if TYPE_CHECKING:
    from kinesis_bench.evaluation.evaluate import Evaluation
    from kinesis_bench.evaluation.schema import FatigueSetup
    from kinesis_bench.human.references import HumanEmg, HumanJointAngles
    from kinesis_bench.motions.motion_set import Motions
    from kinesis_bench.rollouts.schema import Rollouts

SCORES = Path("results")
"""Folder of the results for which no other is named."""

FILES = (
    *("rollouts.h5", "clips.csv", "emg.png", "emg_lag.png", "joint_angles.png", "coverage.png"),
    *("fatigue.json", "bouts.csv", "fatigue.png", "report.html", "result.json"),
)
"""What a result's folder may hold; the result itself is put there last."""

HUMAN, SPEED_KMH = ("emg_walk_wang2023", "emg_run_santuz2020"), 4.5

PROTOCOL: Literal["kinesis-bench-1"] = "kinesis-bench-1"

POLICY = "reference"

STOCHASTIC_RUNS = 3

MOST_TRIALS = 100_000

FINEST = 64
"""Most physics steps in one of the protocol's."""

FASTEST_KMH = 45
"""About the fastest that anybody has run."""

HARDEST_PUSH_M_S = 5
"""Beyond this a push at the start says nothing about walking."""

BOUTS = 5

MOST_BOUTS = 50
"""Their recordings fill the memory: some 15 MB a bout of the built-in test clips."""

LONGEST_REST_S = 86_400
"""After a day nothing of the fatigue is left."""

OF_NO_NUMBER = ("out", "threads")
"""Options that no number depends on, and so no part of the command that reproduces a result."""

OF_A_RUN = (
    *("policy", "task", "body", "motions", "split", "runs", "quick", "timestep", "push", "threads"),
    *("fatigue", "bouts", "rest_s", "observe_fatigue"),
)
"""Options that mean nothing for a recording."""

OF_CLIPS = ("motions", "split", "human", "human_speed", "runs", "protocol", "rollout")
"""Options that mean nothing for a task of trials."""

OF_TRIALS = ("trials", "keeper")
"""Options that mean nothing for a task of clips."""


@dataclass(frozen=True)
class Score:
    """Say how human a policy moves: movement, joint angles and muscles, each beside people.

    Args:
        policy: what to score: reference (trained for the body, where there is one; if left out), another
            policy that ships by its name, a baseline (zero, random, constant, muscle-pd, dep or
            static-optimisation; without simulation, on the recorded motion itself: mean-human or
            static-optimisation-prescribed), an ONNX file, sb3=FILE.zip, file.py:Class,
            package.module:Class, or a folder with policy.toml and an ONNX file.
        task: imitation of motions, or another of `kinesis-bench tasks`, with its own score; a policy that
            learned imitation may be asked for any.
        body: legs (80 muscles; if left out), legs_abs (86) or legs_back (290).
        motions: a motion file from prepare-data; the built-in one, made when first needed, if left out:
            for text-to-control, what the built-in gait makes of the listed prompts.
        split: of the motion file; its test split if left out, `all` for every clip.
        human: people to compare with, the headline's first: emg_walk_wang2023, emg_run_santuz2020, or
            LAYOUT=PATH with a data set that you have: wang2023, scherpereel2023, falisse2019, opensim or
            santuz_raw; LAYOUT=PATH,SETTINGS.toml where its files are named or made otherwise (see its card).
            What else they do (run, walk backwards) is compared too.
        human_speed: speed of the headline's people [km/h]; the nearest at hand is taken. `matched` takes
            that at which the policy has most steady cycles.
        trials: of a task other than imitation; those of a full score if left out.
        keeper: of the penalty kick: static, brownian or tracking; one is drawn for each trial if left out.
        runs: how often a stochastic policy runs, 3 if left out; a deterministic one runs once.
        seed: of the policy's random numbers and of the intervals.
        out: folder for report.html, result.json, clips.csv, rollouts.h5 and figures; results/POLICY-BODY if
            left out, with what else differs from the defaults, as in POLICY-BODY-quick.
        protocol: kinesis-bench-1, or the definitions of KINESIS's code of 2025.
        quick: only ten clips, or 64 trials, for a first look; marked as such.
        rollout: score this recording instead of running a policy: a rollouts.h5, a result of OpenSim, Moco
            or SCONE (.sto), a rollout archive for mm-evalkit (.npz), or a folder that holds a rollouts.h5,
            what KINESIS records (gait.npy, muscle_controls.npy, muscle_names.npy) or one trial's .sto and
            .mot files. Options of a run are refused beside it.
        timestep: physics timestep [s], a whole fraction of 1/150 down to 1/9600; a diagnostic, marked as
            no score.
        push: standard deviation of a velocity added to the body along each axis when a clip starts [m/s],
            drawn by the seed; a diagnostic of how brittle a policy is, marked as no score.
        fatigue: muscles tire (the 3CC-r model), and the clips or trials are run bout after bout with the
            fatigue carried over; also writes fatigue.json and fatigue.png, of clips bouts.csv too. Marked as
            no score.
        bouts: how often with --fatigue, 5 if left out.
        rest_s: rest between two bouts [s], none if left out.
        observe_fatigue: the policy sees the fatigued part of each muscle, for policies made for it.
        threads: for physics; 0, or left out, takes all cores. No number depends on it.
    """

    policy: str | None = None
    task: str = IMITATION
    body: str | None = None
    motions: Path | None = None
    split: str | None = None
    human: tuple[str, ...] = HUMAN
    human_speed: float | Literal["matched"] = SPEED_KMH
    trials: int | None = None
    keeper: str | None = None
    runs: int | None = None
    seed: int = 0
    out: Path | None = None
    protocol: Literal["kinesis-bench-1", "kinesis-2025"] = PROTOCOL
    quick: bool = False
    rollout: Path | None = None
    timestep: float | None = None
    push: float | None = None
    fatigue: bool = False
    bouts: int | None = None
    rest_s: float | None = None
    observe_fatigue: bool = False
    threads: int | None = None

    def run(self) -> None:
        """Run or read, score, print, and write the files.

        Raises:
            InputError: what was given cannot be used, or the policy failed by itself in every clip; in that
                case all files are there and the result is printed.
        """
        if not self._of_clips:
            from kinesis_bench.cli.score_task import score_task

            self._check()
            score_task(self)
            return
        from rich.console import Console

        from kinesis_bench.evaluation.evaluate import evaluate_rollouts
        from kinesis_bench.evaluation.people import headline_people, people_besides
        from kinesis_bench.human.sources import human_sources
        from kinesis_bench.report.fatigue import print_fatigue
        from kinesis_bench.report.tables import print_result

        self._check()
        sources = human_sources(self.human)
        speed_kmh = None if isinstance(self.human_speed, str) else self.human_speed

        def people(rollouts: Rollouts) -> HumanEmg:
            return headline_people(sources[0], rollouts, speed_kmh)

        name, record = self._policy(people) if self.rollout is None else self._recording()
        folder = self.out or SCORES / "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        self.refuse_other_recording(folder)
        with whole_folder(folder, FILES) as temporary:
            rollouts = record()
            human = people(rollouts)
            angles = sources[0].joint_angles(human.activity, human.speed_m_s * 3.6)
            evaluation = evaluate_rollouts(
                rollouts,
                human,
                joint_angles=angles,
                besides=people_besides(sources, rollouts, human),
                protocol=self.protocol,
                seed=self.seed,
            )
            self._write(temporary, evaluation, rollouts, human, angles)
        console = Console(highlight=False)
        print_result(evaluation.result, console)
        if evaluation.fatigue is not None:
            print_fatigue(evaluation.fatigue, console)
        console.print(f"written to {folder}", markup=False, soft_wrap=True)
        console.print(f"report: {folder / 'report.html'}", markup=False, soft_wrap=True)
        if self.rollout is None:
            _refuse_if_none_ran(evaluation)

    def _check(self) -> None:
        from kinesis_bench.errors import InputError

        clips = self._of_clips
        others = OF_TRIALS if clips else OF_CLIPS
        for options, beside in (
            (OF_A_RUN if self.rollout is not None else (), "--rollout, which runs nothing"),
            (others, f"--task {self.task}, which has {'clips' if clips else 'no motions'}"),
        ):
            if given := self._given(options):
                problem = f"cannot be given with {beside}: {', '.join(given)}"
                raise InputError("arguments", problem, "leave out one or the other")
        for name, least, most in (
            ("runs", 1, 1000),
            ("trials", 1, MOST_TRIALS),
            ("seed", 0, math.inf),
            ("threads", 0, 1024),
        ):
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                remedy = f"give {least} to {most}" if most < math.inf else f"give at least {least}"
                raise InputError(f"--{name}", f"is {value}", remedy)
        self._check_fatigue()
        if not self.human:
            raise InputError("--human", "names nobody", f"leave it out, or give {HUMAN[0]} or LAYOUT=PATH")
        if not isinstance(self.human_speed, str) and not 0 < self.human_speed <= FASTEST_KMH:
            remedy = f"give a speed above 0 and up to {FASTEST_KMH} km/h"
            raise InputError("--human-speed", f"is {self.human_speed}", remedy)
        if self.push is not None and not 0 <= self.push <= HARDEST_PUSH_M_S:
            raise InputError("--push", f"is {self.push}", f"give 0 to {HARDEST_PUSH_M_S} m/s")
        if self.timestep is not None:
            refine = 1 / 150 / self.timestep if self.timestep > 1e-9 else 0.0
            if not 1 <= round(refine) <= FINEST or abs(refine - round(refine)) > 1e-3 * refine:
                remedy = (
                    f"give a whole fraction of 1/150 s, such as 0.0016667 (1/600), down to 1/{150 * FINEST}"
                )
                raise InputError("--timestep", f"is {self.timestep}", remedy)

    @property
    def _of_clips(self) -> bool:
        return self.task in CLIP_TASKS

    def _check_fatigue(self) -> None:
        from kinesis_bench.errors import InputError

        if not self.fatigue:
            for name in ("bouts", "rest_s", "observe_fatigue"):
                if getattr(self, name) is not self.__dataclass_fields__[name].default:
                    option = f"--{name.replace('_', '-')}"
                    raise InputError(option, "means nothing where muscles do not tire", "add --fatigue")
        if self.bouts is not None and not 1 <= self.bouts <= MOST_BOUTS:
            raise InputError("--bouts", f"is {self.bouts}", f"give 1 to {MOST_BOUTS}")
        if self.rest_s is not None and not 0 <= self.rest_s <= LONGEST_REST_S:
            raise InputError("--rest-s", f"is {self.rest_s}", f"give 0 to {LONGEST_REST_S} s")

    def fatigue_setup(self) -> FatigueSetup | None:
        """How muscles tire, None if they do not."""
        from kinesis_bench.evaluation.schema import FatigueSetup
        from kinesis_bench.tasks.fatigue import VERSION

        if not self.fatigue:
            return None
        return FatigueSetup(VERSION, self.bouts or BOUTS, self.rest_s or 0.0, self.observe_fatigue)

    def fatigue_name(self) -> list[str]:
        """Parts of a folder's name."""
        parts = {
            "fatigue": self.fatigue,
            f"bouts{self.bouts}": self.bouts not in (None, BOUTS),
            f"rest{self.rest_s or 0:g}s": bool(self.rest_s),
            "observed": self.observe_fatigue,
        }
        return [part for part, present in parts.items() if present]

    def _given(self, options: tuple[str, ...]) -> list[str]:
        """Flags among some that differ from their defaults."""
        default = {name: self.__dataclass_fields__[name].default for name in options}
        return [f"--{name.replace('_', '-')}" for name in options if getattr(self, name) is not default[name]]

    def refuse_other_recording(self, folder: Path) -> None:
        """A recording that is no older result's is not overwritten, nor another's result put beside it."""
        from kinesis_bench.errors import InputError

        there = folder / "rollouts.h5"
        if not there.exists():
            return
        if self.rollout is None:
            ours = (folder / FILES[-1]).exists()
        else:
            given = self.rollout.expanduser()
            ours = any(path.exists() and path.samefile(there) for path in (given, given / "rollouts.h5"))
        if not ours:
            raise InputError(folder, "holds another rollouts.h5", "choose another folder with --out")

    @property
    def _speed_name(self) -> str:
        return self.human_speed if isinstance(self.human_speed, str) else f"{self.human_speed:g}kmh"

    @property
    def refine(self) -> int:
        """Physics steps in one of the protocol's."""
        return 1 if self.timestep is None else round(1 / 150 / self.timestep)

    def _name(self, *parts: str, split: str = "") -> str:
        """A folder's name: what is scored, and all that differs from the defaults."""
        differs = {
            self.motions.stem if self.motions else "": self.motions is not None,
            split: bool(split),
            self.task: self.task != IMITATION,
            "-".join(Path(text).name for text in self.human): self.human != HUMAN,
            self._speed_name: self.human_speed != SPEED_KMH,
            f"runs{self.runs}": self.runs not in (None, STOCHASTIC_RUNS),
            f"seed{self.seed}": self.seed != 0,
            self.protocol: self.protocol != PROTOCOL,
            "quick": self.quick,
            f"timestep{1 / (150 * self.refine):.3g}": self.refine != 1,
            f"push{self.push or 0:g}": bool(self.push),
            "-".join(self.fatigue_name()): self.fatigue,
            "rollout": self.rollout is not None,
        }
        return "-".join([*parts, *(part for part, present in differs.items() if present)])

    def _recording(self) -> tuple[str, Callable[[], Rollouts]]:
        from kinesis_bench.errors import InputError
        from kinesis_bench.evaluation.evaluate import read_recording

        assert self.rollout is not None
        rollouts = read_recording(self.rollout)
        if task := (rollouts.attributes or {}).get("task"):
            problem = f"holds trials of task {task}, whose score is made while they run"
            raise InputError(self.rollout, problem, f"score the policy with --task {task}")
        path = self.rollout.expanduser().resolve()
        if path.name == "rollouts.h5":
            path = path.parent
        return self._name(path.stem if path.is_file() else path.name), lambda: rollouts

    def _policy(self, people: Callable[[Rollouts], HumanEmg]) -> tuple[str, Callable[[], Rollouts]]:
        from rich.console import Console

        from kinesis_bench.bodies.contract import load_body
        from kinesis_bench.evaluation.evaluate import default_split, record_policy
        from kinesis_bench.policies.load import load_policy

        body = load_body("legs" if self.body is None else self.body)
        policy = load_policy(POLICY if self.policy is None else self.policy, body.name)
        motions = self._motions(body.name)
        split = default_split(motions) if self.split is None else self.split
        usual = split == default_split(motions)

        def record() -> Rollouts:
            with Progress(Console(stderr=True), f"{policy.name} on {body.name}", "frames") as progress:
                return record_policy(
                    policy,
                    body,
                    motions,
                    split=split,
                    runs=self.runs,
                    seed=self.seed,
                    quick=self.quick,
                    threads=self.threads or 0,
                    refine=self.refine,
                    push_m_s=self.push or 0.0,
                    by_prompt=self.task == TEXT_TO_CONTROL,
                    fatigue=self.fatigue_setup(),
                    people=people,
                    progress=progress.advance,
                )

        return self._name(policy.name, body.name, split="" if usual else split), record

    def _write(
        self,
        folder: Path,
        evaluation: Evaluation,
        rollouts: Rollouts,
        human: HumanEmg,
        angles: HumanJointAngles | None,
    ) -> None:
        from kinesis_bench.evaluation.fatigue import write_bouts, write_fatigue
        from kinesis_bench.evaluation.result import write_clips, write_result
        from kinesis_bench.report.fatigue import draw_bouts
        from kinesis_bench.report.figures import write_figures
        from kinesis_bench.report.page.write import write_report
        from kinesis_bench.rollouts.store import write_rollouts

        recording = folder / "rollouts.h5" if self.rollout is None else self.rollout.expanduser()
        if self.rollout is None:
            write_rollouts(recording, rollouts)
        if evaluation.fatigue is not None:
            write_fatigue(folder / "fatigue.json", evaluation.fatigue)
            write_bouts(folder / "bouts.csv", rollouts)
            draw_bouts(folder / "fatigue.png", evaluation.fatigue)
        prompts = evaluation.result.motions.prompts
        write_clips(folder / "clips.csv", evaluation.rollouts, evaluation.clips, prompts)
        write_result(folder / "result.json", evaluation.result)
        write_figures(folder, evaluation.result)
        write_report(
            folder / "report.html",
            evaluation,
            human,
            joint_angles=angles,
            command=self.command(),
            files=[folder / "result.json", folder / "clips.csv", recording, recording / "rollouts.h5"],
        )

    def command(self) -> str:
        """The command line that gives the same result: the policy, and all that differs from the defaults."""
        import shlex

        words = ["kinesis-bench", "score"]
        if self.rollout is None and self.policy is None:
            words += ["--policy", POLICY]
        for name, field in self.__dataclass_fields__.items():
            value = getattr(self, name)
            if name in OF_NO_NUMBER or value == field.default:
                continue
            values = value if isinstance(value, tuple) else () if value is True else (value,)
            words += [f"--{name.replace('_', '-')}", *map(str, values)]
        return shlex.join(words)

    def _motions(self, body: str) -> Motions:
        from kinesis_bench.motions.store import read_motions

        if self.motions is not None:
            return read_motions(self.motions, bodies=[body])
        from kinesis_bench.motions.gait.build import DATASET
        from kinesis_bench.motions.prompts import DATASET as PROMPTS
        from kinesis_bench.prepare import default_motions

        return read_motions(
            default_motions(PROMPTS if self.task == TEXT_TO_CONTROL else DATASET), bodies=[body]
        )


def _refuse_if_none_ran(evaluation: Evaluation) -> None:
    from kinesis_bench.errors import InputError
    from kinesis_bench.policies.blocks import BLAME

    reasons = [clip.failure for clip in evaluation.rollouts.clips]
    if all(reason.startswith(BLAME) for reason in reasons):
        name = evaluation.result.policy.name
        raise InputError(f"policy {name}", f"no clip could be run: {reasons[0]}", "correct the policy")
