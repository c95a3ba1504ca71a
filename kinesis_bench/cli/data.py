"""``kinesis-bench data``: look into motion files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from rich.console import Console

    from kinesis_bench.motions.difference import Difference
    from kinesis_bench.motions.inspect import Summary

NAMED = 20
"""How many keys of a list are printed without ``--all``."""


_VERDICT = {True: "ok", False: "FAILED", None: "not checked"}


@dataclass(frozen=True)
class Ls:
    """List motion files: clips, minutes, skills, splits, bodies and hash.

    Args:
        folder: a folder or file; what `prepare-data` has built if left out.
    """

    folder: tyro.conf.Positional[Path | None] = None

    def run(self) -> None:
        """Print a line a file."""
        from kinesis_bench.files import cache_dir
        from kinesis_bench.motions.inspect import list_files
        from kinesis_bench.terminal import console, table

        place = self.folder or cache_dir()
        columns = ("clips", "minutes", "skills", "splits", "IK", "hash")
        made = table(f"Motion files in {place}", "file, data set", *columns)
        for listing in list_files(place):
            motions = listing.motions
            if motions is None:
                made.add_row(f"{listing.path.name}\n{listing.problem}")
                continue
            made.add_row(
                f"{listing.path.name}\n{motions.id}",
                str(len(motions)),
                f"{motions.minutes:.1f}",
                str(len(set(motions.skill) - {""})),
                str(len(motions.split_names)),
                "\n".join(listing.bodies) or "none",
                motions.content_sha256[:8],
            )
        console().print(made, crop=False)


@dataclass(frozen=True)
class Show:
    """Show a motion file: clips and minutes by skill and split, IK residuals, what is in quarantine.

    Args:
        file: the motion file.
        all: name every clip of a list, however long.
    """

    file: tyro.conf.Positional[Path]
    all: bool = False

    def run(self) -> None:
        """Print the summary."""
        from kinesis_bench.motions.inspect import summarise
        from kinesis_bench.terminal import console

        _print_summary(console(), summarise(self.file), self.all)


@dataclass(frozen=True)
class Verify:
    """Recompute a motion file's hashes and check its numbers; exit code 2 if it is not sound.

    Args:
        file: the motion file.
    """

    file: tyro.conf.Positional[Path]

    def run(self) -> None:
        """Print a line a check."""
        from kinesis_bench.motions.inspect import require, verify
        from kinesis_bench.terminal import console

        checks = verify(self.file)
        for check in checks:
            console().print(f"{_VERDICT[check.passed]:<11}  {check.name}: {check.detail}", soft_wrap=True)
        require(checks, self.file)


@dataclass(frozen=True)
class Diff:
    """Compare two motion files, or two splits of one; clips that cross train and test are named.

    Args:
        files: two motion files, or one and `--splits`.
        splits: two splits of the one file, for example kinesis-2025/train kinesis-2026/test.
        all: name every clip of a list, however long.
    """

    files: tyro.conf.Positional[tuple[Path, ...]]
    splits: tuple[str, str] | None = None
    all: bool = False

    def run(self) -> None:
        """Print what differs."""
        from kinesis_bench.errors import InputError
        from kinesis_bench.motions.difference import diff_files, diff_splits
        from kinesis_bench.terminal import console

        if len(self.files) != (1 if self.splits else 2):
            raise InputError(
                "data diff", f"got {len(self.files)} files", "give two files, or one and --splits A B"
            )
        compared = diff_splits(self.files[0], *self.splits) if self.splits else diff_files(*self.files)
        _print_difference(console(), compared, self.all)


@dataclass(frozen=True)
class Data:
    """Look into motion files: ls, show, verify, diff.

    Args:
        action: what to do.
    """

    action: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Ls, tyro.conf.subcommand("ls")]
        | Annotated[Show, tyro.conf.subcommand("show")]
        | Annotated[Verify, tyro.conf.subcommand("verify")]
        | Annotated[Diff, tyro.conf.subcommand("diff")]
    ]

    def run(self) -> None:
        """Do it."""
        self.action.run()


def _print_summary(console: Console, summary: Summary, everything: bool) -> None:
    from kinesis_bench.motions.inspect import reason_of
    from kinesis_bench.prepare.report import clips_table

    motions = summary.motions
    console.print(f"{motions.id}  ({summary.path})")
    console.print(f"content {motions.content_sha256}\nsources {motions.sources_sha256}", soft_wrap=True)
    console.print(f"time base {motions.time_base}, made by kinesis-bench {motions.version}")
    texts, subjects = sum(map(bool, motions.texts)), len(set(motions.subject) - {""})
    console.print(f"{subjects} people, {texts} clips with texts, {len(motions.quarantine)} in quarantine")
    console.print(clips_table(summary.counts), crop=False)
    for body, (median, high, most) in summary.residual_mm.items():
        console.print(f"IK of {body}: residual median {median:.1f}, 95 % {high:.1f}, largest {most:.1f} mm")
    for leak in summary.leaks:
        shared = f"{len(leak.related)} of {leak.tests} clips share person and motion name"
        console.print(f"{leak.test}: {shared} with {leak.train}")
        _print_keys(console, "in training and test", leak.crossing, everything)
    left_out = [f"{key}: {reason_of(key, reason)}" for key, reason in motions.quarantine.items()]
    _print_keys(console, "quarantine", left_out, everything)


def _print_difference(console: Console, difference: Difference, everything: bool) -> None:
    a, b = difference.a, difference.b
    both = difference.same + len(difference.changed)
    console.print(f"A = {a}\nB = {b}")
    console.print(
        f"{both} clips in both ({len(difference.changed)} changed), "
        f"{len(difference.only_a)} only in A, {len(difference.only_b)} only in B"
    )
    crossing = [f"{key}: {one} | {other}" for key, (one, other) in difference.crossing.items()]
    _print_keys(console, "crossing train and test", crossing, True)
    _print_keys(console, "only in A", difference.only_a, everything)
    _print_keys(console, "only in B", difference.only_b, everything)
    changed = [f"{key}: {'; '.join(what)}" for key, what in difference.changed.items()]
    _print_keys(console, "changed", changed, everything)
    console.print(f"{len(difference.related)} clips of B share person and motion name with clips of A")


def _print_keys(console: Console, title: str, keys: list[str] | tuple[str, ...], everything: bool) -> None:
    if not keys:
        return
    shown = keys if everything else keys[:NAMED]
    console.print(f"{title} ({len(keys)}):")
    for key in shown:
        console.print(f"  {key}", soft_wrap=True)
    if len(shown) < len(keys):
        console.print(f"  … and {len(keys) - len(shown)} more (--all)")
