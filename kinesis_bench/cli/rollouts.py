"""``kinesis-bench rollouts``: look into recordings, and convert them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from kinesis_bench.rollouts.schema import ClipRollout, Rollouts

ENDINGS = (".h5", ".npz", ".sto")
"""What a recording can be written as: ours, mm-evalkit's, OpenSim's."""

NAMED = 12
"""How many names of a list are printed without ``--all``."""


@dataclass(frozen=True)
class Show:
    """Show a recording: clips, seconds, arrays, muscles, joints, and what scoring will lack and why.

    Args:
        file: a rollouts.h5, OpenSim's or SCONE's .sto, mm-evalkit's .npz, or a folder that holds a recording.
        all: name every muscle and joint.
    """

    file: tyro.conf.Positional[Path]
    all: bool = False

    def run(self) -> None:
        """Print the summary."""
        from kinesis_bench.evaluation.evaluate import evaluate_rollouts, read_recording
        from kinesis_bench.evaluation.recordings import lacks, summarise
        from kinesis_bench.human.sources import human_emg
        from kinesis_bench.terminal import console

        out = console()
        rollouts = read_recording(self.file)
        human = human_emg()
        for name, value in summarise(rollouts, names=10_000 if self.all else NAMED).items():
            out.print(f"{name:<12}{value}", soft_wrap=True)
        result = evaluate_rollouts(rollouts, human).result
        out.print(f"{'cycles':<12}{result.emg.cycles} steady at {human.speed_m_s:.2f} m/s", soft_wrap=True)
        for figure, why in lacks(rollouts, result, human).items():
            out.print(f"{'lacks':<12}{figure}: {why}", soft_wrap=True)


@dataclass(frozen=True)
class Convert:
    """Write a recording in another format, told by the ending: .h5 (ours), .npz (mm-evalkit), .sto (OpenSim).

    Args:
        source: what to read: any recording that `score --rollout` takes.
        out: what to write.
        clip: which clip, by its key; needed for .sto, which holds one, where the recording has several.
    """

    source: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]
    clip: str | None = None

    def run(self) -> None:
        """Read, write, and say what was written."""
        from dataclasses import replace

        from kinesis_bench.errors import InputError
        from kinesis_bench.evaluation.evaluate import read_recording
        from kinesis_bench.rollouts.mm_evalkit import write_mm_evalkit
        from kinesis_bench.rollouts.opensim_export import write_opensim
        from kinesis_bench.rollouts.store import write_rollouts
        from kinesis_bench.terminal import console

        ending = self.out.suffix.lower()
        if ending not in ENDINGS:
            raise InputError(self.out, f"unknown ending {ending!r}", f"give one of {', '.join(ENDINGS)}")
        if self.out.exists() and self.source.exists() and self.out.samefile(self.source):
            raise InputError(self.out, "is the recording itself", "give another name to write to")
        rollouts = read_recording(self.source)
        clips = self._chosen(rollouts)
        if ending == ".sto" and len(clips) > 1:
            problem = f"holds one clip, the recording has {len(clips)}"
            raise InputError(self.out, problem, f"name one with --clip, such as {clips[0].key!r}")
        chosen = replace(rollouts, clips=clips)
        if ending == ".sto":
            write_opensim(self.out, chosen, clips[0])
        elif ending == ".npz":
            write_mm_evalkit(self.out, chosen)
        else:
            write_rollouts(self.out, chosen)
        count = "1 clip" if len(clips) == 1 else f"{len(clips)} clips"
        console().print(f"written to {self.out} ({count})", soft_wrap=True)
        lost = _lost(clips[0], read_recording(self.out).clips[0])
        if lost:
            console().print(f"this format does not keep {', '.join(lost)}", soft_wrap=True)
        if ending == ".sto":
            console().print("excitations read from it are means over a control step: smoother")

    def _chosen(self, rollouts: Rollouts) -> tuple[ClipRollout, ...]:
        from kinesis_bench.errors import unknown_name

        if self.clip is None:
            return rollouts.clips
        chosen = tuple(clip for clip in rollouts.clips if clip.key == self.clip)
        if not chosen:
            raise unknown_name("--clip", self.clip, {clip.key for clip in rollouts.clips})
        return chosen


def _lost(written: ClipRollout, read: ClipRollout) -> list[str]:
    """Arrays that a recording had and its copy has not."""
    from dataclasses import fields

    return [
        field.name.replace("_", " ")
        for field in fields(written)
        if getattr(written, field.name) is not None and getattr(read, field.name) is None
    ]


@dataclass(frozen=True)
class RolloutsCommand:
    """Look into recordings, and convert them: show, convert.

    Args:
        action: what to do.
    """

    action: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Show, tyro.conf.subcommand("show")] | Annotated[Convert, tyro.conf.subcommand("convert")]
    ]

    def run(self) -> None:
        """Do it."""
        self.action.run()
