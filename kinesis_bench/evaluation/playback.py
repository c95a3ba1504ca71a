"""A recorded clip made ready to be looked at: what was recorded, beside the reference that it followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.evaluation.evaluate import provenance_of
from kinesis_bench.evaluation.score import covered_frames, score_clips
from kinesis_bench.evaluation.walking import heel_strikes_s, under_electrodes
from kinesis_bench.human.electrodes import WANG_ELECTRODES
from kinesis_bench.metrics.imitation import keypoint_error_m
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.rollouts.schema import UNIT, ClipRollout, Rollouts

SIDE = "l"
"""The leg whose muscles are shown: the one that Wang et al. (2023) measured."""


@dataclass(frozen=True)
class Playback:
    """One run of one clip; T recorded states, of which state t is that after control step t + 1.

    Attributes:
        body: that was driven.
        policy: name of what drove it, "" where the recording does not say.
        clip: as recorded.
        reference_qpos: (T, nq) poses of the motions' inverse kinematics; None where unknown, and where the
            body was not simulated but is itself so posed.
        error_m: (T,) mean keypoint error [m]; None where the recording has no reference.
        covered: states before the failure, T where there was none.
        signal: (T, M) activation of the body's muscles, or excitation where no activation was recorded; 0 for
            a muscle of which nothing was.
        signal_name: which of the two.
        excitation: electrode to (T,) mean excitation over each control step, 0 to 1; {} where not recorded.
        unit: what 1 stands for where excitation was recorded in another unit, and scaled; else "".
        strikes_s: heel strikes of the same leg, as for the EMG score [s after the start].
    """

    body: Body
    policy: str
    clip: ClipRollout
    reference_qpos: np.ndarray | None
    error_m: np.ndarray | None
    covered: int
    signal: np.ndarray
    signal_name: str
    excitation: dict[str, np.ndarray]
    unit: str
    strikes_s: np.ndarray

    @property
    def qpos(self) -> np.ndarray:
        """Poses (T, nq)."""
        assert self.clip.qpos is not None
        return self.clip.qpos

    @property
    def simulated(self) -> bool:
        """Whether the body moved by itself, or was posed as the recorded motion is."""
        return self.clip.control != PRESCRIBED

    @property
    def failed_s(self) -> float | None:
        """When the clip failed [s after the start]; None where it did not."""
        return (self.covered + 1) * self.clip.dt_s if self.clip.failure else None


def body_of(where: str, rollouts: Rollouts) -> Body:
    """The body that a recording moved.

    Args:
        where: the recording, for the error.
        rollouts: the recording.

    Raises:
        InputError: it is none of ours, or not as it was when recorded.
    """
    if rollouts.body not in BODIES:
        told = f"moves body {rollouts.body!r}" if rollouts.body else "does not say which body it moved"
        raise InputError(where, told, f"give a recording of {', '.join(BODIES)}, as `score` writes it")
    body = load_body(rollouts.body)
    if rollouts.model_sha256 != body.sha256:
        problem = (
            f"was made with body {body.name} {rollouts.model_sha256[:12]}, here it is {body.sha256[:12]}"
        )
        raise InputError(f"{where}: model_sha256", problem, "score the policy anew with this version")
    return body


def choose_clip(rollouts: Rollouts, key: str, run: int) -> ClipRollout:
    """A run of a clip.

    Raises:
        InputError: there is none of that key or number.
    """
    runs = {clip.run: clip for clip in rollouts.clips if clip.key == key}
    if not runs:
        raise unknown_name("--clip", key, {clip.key for clip in rollouts.clips})
    if run not in runs:
        raise InputError("--run", f"is {run}", f"give one of {', '.join(map(str, sorted(runs)))}")
    return runs[run]


def followed(rollouts: Rollouts) -> tuple[str, str]:
    """Id and hash of the sources of the motions that a recording followed; "" where it does not say."""
    told = provenance_of(rollouts)
    return (told.motions.id, told.motions.sources_sha256) if told else ("", "")


def play(where: str, rollouts: Rollouts, clip: ClipRollout, motions: Motions | None) -> Playback:
    """What there is to see of a clip.

    Args:
        where: the recording, for errors.
        rollouts: the recording.
        clip: one of its clips.
        motions: that were followed, with inverse kinematics of the body; None where they are not at hand.

    Raises:
        InputError: the recording is of another body or has no poses, or the motions are others.
    """
    body = body_of(where, rollouts)
    if clip.qpos is None or not len(clip.qpos):
        raise InputError(f"{where}: {clip.key}", "has no poses", "record it with `kinesis-bench score`")
    alone = Rollouts((clip,), keypoint_names=rollouts.keypoint_names)
    told = provenance_of(rollouts)
    shares: dict[str, np.ndarray] = {}
    if clip.excitation is not None:
        shares = under_electrodes(rollouts, tuple(WANG_ELECTRODES), SIDE)
    unit = (rollouts.attributes or {}).get(UNIT, "")
    highest = float(np.max(clip.excitation, initial=0.0)) if unit and clip.excitation is not None else 0.0
    excitation = clip.excitation if clip.excitation is None else clip.excitation / (highest or 1.0)
    name, signal = "activation", clip.activation
    if signal is None and excitation is not None:
        name, signal = "excitation", excitation
    error_m = None
    if clip.keypoint_position is not None and clip.reference_keypoint_position is not None:
        error_m = keypoint_error_m(clip.keypoint_position, clip.reference_keypoint_position).mean(axis=1)
    return Playback(
        body=body,
        policy=told.policy.name if told else "",
        clip=clip,
        reference_qpos=None if motions is None else _reference_qpos(rollouts, clip, motions),
        error_m=error_m,
        covered=covered_frames(alone, score_clips(alone))[0],
        signal=_on_muscles(body, rollouts.muscle_names, signal, len(clip.qpos)),
        signal_name=name,
        excitation={electrode: excitation @ share for electrode, share in shares.items()},
        unit=f"{highest:.2g} in {unit}" if unit else "",
        strikes_s=heel_strikes_s(clip, rollouts, SIDE),
    )


def _on_muscles(body: Body, names: tuple[str, ...], signal: np.ndarray | None, steps: int) -> np.ndarray:
    """Columns in the order of the body's muscles, of which a recording may have only some."""
    placed = np.zeros((steps, len(body.muscles)))
    if signal is not None:
        known = [column for column, name in enumerate(names) if name in body.muscles]
        placed[:, [body.muscles.index(names[column]) for column in known]] = signal[:, known]
    return placed


def _reference_qpos(rollouts: Rollouts, clip: ClipRollout, motions: Motions) -> np.ndarray | None:
    id, sources = followed(rollouts)
    if sources != motions.sources_sha256:
        problem = f"is {motions.id} {motions.sources_sha256[:12]}, the recording followed {id} {sources[:12]}"
        raise InputError("--motions", problem, "give the file that the policy was scored with")
    if clip.control == PRESCRIBED:
        return None
    ik = motions.ik[rollouts.body]
    span = motions.span(motions.index(clip.key))
    assert clip.qpos is not None
    return ik.qpos[span][1 : 1 + len(clip.qpos)]
