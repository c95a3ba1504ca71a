"""``kinesis-bench leaderboard``: hand results in, and verify what others have handed in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from kinesis_bench.cli.leaderboard_build import Build
from kinesis_bench.cli.progress import Progress
from kinesis_bench.cli.score import HUMAN

if TYPE_CHECKING:
    from kinesis_bench.human.sources import HumanSource
    from kinesis_bench.leaderboard.submission import Verification

BOARDS = Path("leaderboards")
"""Folder of all boards, in a checkout."""

LINES = 20
"""Most lines that say what does not fit in one submission."""


@dataclass(frozen=True)
class Submit:
    """Make a submission of a scored folder: check it, verify it, and write leaderboards/BOARD/DATE_NAME/.

    Nothing is uploaded. What an option leaves out stands as unknown on the board.

    Args:
        result: folder that `kinesis-bench score` has written.
        name: of the submission, such as legs-ppo: a-z, 0-9, single - or . between them.
        authors: one name each.
        code: address of the code that the policy and its training are in, or a folder of this project such as
            baselines/dep.
        paper: address of a paper on it.
        parameters: numbers in the network that acts; counted from its ONNX file where that is at hand and
            package onnx is installed.
        training_steps: control steps of simulation that it learned from, all stages together.
        device_hours: time of training on --device, all devices together [h].
        device: what it was trained on, such as "2 CPU cores" or "1 H100".
        rollout: the recording that was scored, where it is not in the folder.
        motions: file of the motions that it followed, where it is not among the prepared ones.
        human: people that it was scored against, as they were named to `score`.
        out: folder of all boards.
        threads: for physics; 0 takes all cores.
    """

    result: tyro.conf.Positional[Path]
    name: str
    authors: tuple[str, ...]
    code: str
    paper: str | None = None
    parameters: int | None = None
    training_steps: int | None = None
    device_hours: float | None = None
    device: str | None = None
    rollout: Path | None = None
    motions: Path | None = None
    human: tuple[str, ...] = HUMAN
    out: Path = BOARDS
    threads: int = 0

    def run(self) -> None:
        """Submit, and print what to do next.

        Raises:
            InputError: something is missing or does not fit, or the name is taken.
        """
        from kinesis_bench.human.sources import human_sources
        from kinesis_bench.leaderboard.submit import Said, submit
        from kinesis_bench.terminal import console

        said = Said(
            name=self.name,
            authors=self.authors,
            code_url=self.code,
            paper_url=self.paper,
            parameters=self.parameters,
            training_steps=self.training_steps,
            device_hours=self.device_hours,
            device=self.device,
        )
        with Progress(console(stderr=True), f"simulating {self.name} again", "steps") as progress:
            folder, verification = submit(
                self.result,
                said,
                human_sources(self.human),
                self.out,
                rollout=self.rollout,
                motions=self.motions,
                threads=self.threads,
                progress=progress.advance,
            )
        out = console()
        _print_verification(verification)
        size = sum(file.stat().st_size for file in folder.iterdir())
        out.print(f"written to {folder} ({size / 1e6:.2f} MB); nothing was uploaded. Next:", soft_wrap=True)
        out.print(f"  git add {folder}", soft_wrap=True)
        out.print(f'  git commit -m "Submit {self.name}"', soft_wrap=True)
        out.print("  and open a pull request, which verifies it again", soft_wrap=True)


@dataclass(frozen=True)
class Verify:
    """Verify submissions: digests, versions, a simulation of every second, and all figures.

    Exit code 2 if one does not verify; a line says what does not fit.

    Args:
        folders: of submissions, leaderboards/BOARD/DATE_NAME.
        all: every submission in ./leaderboards, or, where there is no such folder, of those that ship.
        motions: file of the motions that they followed, where it is not among the prepared ones.
        human: data sets of people that do not ship with us but that submissions were scored against,
            LAYOUT=PATH as for `score`.
        threads: for physics; 0 takes all cores.
    """

    folders: tyro.conf.Positional[tuple[Path, ...]] = ()
    all: bool = False
    motions: Path | None = None
    human: tuple[str, ...] = ()
    threads: int = 0

    def run(self) -> None:
        """Verify, print, and note what was found in each folder's verification.json.

        Raises:
            InputError: one does not verify, or cannot be verified here.
        """
        from kinesis_bench.errors import InputError
        from kinesis_bench.files import content_dir
        from kinesis_bench.human.sources import human_sources
        from kinesis_bench.leaderboard.folder import find_submissions
        from kinesis_bench.terminal import console, table

        if bool(self.folders) == self.all:
            problem = f"got {len(self.folders)} folders{' and --all' if self.all else ''}"
            raise InputError("leaderboard verify", problem, "give folders of submissions, or --all")
        root = BOARDS if BOARDS.is_dir() else content_dir(str(BOARDS))
        folders = find_submissions(root) if self.all else list(self.folders)
        if not folders:
            raise InputError(root, "holds no submission", "make one with `kinesis-bench leaderboard submit`")
        sources = human_sources((*HUMAN, *self.human))
        made = table(
            "", "submission", "status", "worst second\n[rad, m]", "whole clips\n[rad, m]", "runs,\ntrials"
        )
        failed = []
        for folder in folders:
            verification, wrong = self._one(folder, sources)
            if verification is None:
                failed.append(folder)
                for line in wrong[:LINES]:
                    console().print(f"{folder}: {line}", soft_wrap=True)
                if len(wrong) > LINES:
                    console().print(f"{folder}: … and {len(wrong) - LINES} more", soft_wrap=True)
                made.add_row(_short(folder), "REFUSED", "–", "–", "–")
                continue
            worst = verification.worst
            columns = [_deviation(worst.get(name)) for name in ("qpos after a second", "qpos in whole clips")]
            made.add_row(_short(folder), verification.status, *columns, str(verification.runs))
            if not self.all:
                _print_verification(verification)
        if self.all:
            console().print(made, crop=False)
            told = "largest deviation of qpos: a second after a recorded state, and over whole clips"
            console().print(told, soft_wrap=True)
        if failed:
            where = ", ".join(map(str, failed[:3])) + (" …" if len(failed) > 3 else "")
            remedy = "each line above says what does not fit"
            raise InputError(where, f"{len(failed)} of {len(folders)} did not verify", remedy)

    def _one(self, folder: Path, sources: list[HumanSource]) -> tuple[Verification | None, tuple[str, ...]]:
        """What a verification found, noted in the folder; one that does not verify loses its note."""
        from kinesis_bench.errors import InputError
        from kinesis_bench.leaderboard.folder import VERIFICATION
        from kinesis_bench.leaderboard.submission import write_verification
        from kinesis_bench.leaderboard.verify import verify
        from kinesis_bench.terminal import console

        try:
            with Progress(console(stderr=True), f"simulating {folder.name}", "steps") as progress:
                found = verify(
                    folder, sources, motions=self.motions, threads=self.threads, progress=progress.advance
                )
            if found.verification is not None:
                write_verification(folder / VERIFICATION, found.verification)
                return found.verification, ()
        except InputError as error:
            return None, (str(error).removeprefix(f"{folder}: "),)
        with suppress(OSError):  # a folder of that name is no note either
            (folder / VERIFICATION).unlink(missing_ok=True)
        return None, found.wrong


@dataclass(frozen=True)
class Leaderboard:
    """Hand results in to the leaderboards, verify them, and make the tables: submit, verify, build.

    Args:
        action: what to do.
    """

    action: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Submit, tyro.conf.subcommand("submit")]
        | Annotated[Verify, tyro.conf.subcommand("verify")]
        | Annotated[Build, tyro.conf.subcommand("build")]
    ]

    def run(self) -> None:
        """Do it."""
        self.action.run()


def _print_verification(verification: Verification) -> None:
    from kinesis_bench.terminal import console

    out = console()
    out.print(f"{verification.status}: {', '.join(verification.compared)}", soft_wrap=True)
    for name, worst in verification.worst.items():
        out.print(f"  largest deviation of {name}: {worst:.1e}", soft_wrap=True)
    for what in verification.self_reported:
        out.print(f"  self-reported: {what}", soft_wrap=True)


def _short(folder: Path) -> str:
    return "/".join(folder.resolve().parts[-2:])


def _deviation(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"
