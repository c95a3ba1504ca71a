"""Steady gait cycles of recorded clips, and the mean curves of muscles and joints over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from kinesis_bench.bodies.contract import TOUCH_SENSORS
from kinesis_bench.human.electrodes import ELECTRODES, HEADS, muscles_under, shares_under
from kinesis_bench.metrics.cycles import SteadyCycles, Walk, mean_curve, steady_cycles
from kinesis_bench.metrics.gait_events import (
    heading_rad,
    heel_strikes_from_force,
    heel_strikes_from_kinematics,
)
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.rollouts.schema import FEET, ClipRollout, Rollouts

SKILLS = {"walk": ("walk", ""), "run": ("run", ""), "backward": ("backward", "")}
"""Skills whose clips may hold what people do: steady gait; a recording may not know its skill."""

KNOWN = frozenset(
    f"{muscle}_{side}"
    for muscle in {*ELECTRODES.values(), *(head for heads in HEADS.values() for head in heads), "bfsh"}
    for side in "lr"
)
"""Names that are right, and so no misspelling of another."""

BY_TOUCH, BY_FORCE, BY_KINEMATICS = "touch at every substep", "ground force", "ankle kinematics"

OTHER_SPEED = (
    "; the pelvis goes at {speed:.2f} m/s, people at {people:.2f}: choose people by --human-speed matched, "
    "or, on a treadmill, add the belt's path to the pelvis (pelvis_tx)"
)


@dataclass(frozen=True)
class Gait:
    """The steady cycles of a recording, and what their mean curves are taken from.

    Attributes:
        clips: those whose skill is what the people do.
        walks: the same, as cycle selection sees them.
        cycles: those that count.
        events: how heel strikes were found, "" where there are no clips.
        reason: why there are no curves, "" if there are.
        side: the leg that is compared with people, ``l`` or ``r``.
    """

    clips: tuple[ClipRollout, ...]
    walks: tuple[Walk, ...]
    cycles: SteadyCycles
    events: str
    reason: str
    side: str

    @property
    def only_feet(self) -> bool:
        """Whether of what tells cycles the recording has nothing but which feet are on the ground."""
        return bool(self.clips) and not self.events and self.clips[0].foot_contact is not None

    def curves(
        self, name: str, shares: Mapping[str, np.ndarray], *, mean_over_step: bool
    ) -> dict[str, np.ndarray] | None:
        """Mean over the cycles (100,) of weighted columns of a recorded array; None where it is lacking.

        Args:
            name: of the recorded array.
            shares: name of a curve to the weight of each column.
            mean_over_step: see ``mean_curve``.
        """
        if self.reason or not shares or getattr(self.clips[0], name) is None:
            return None
        weights = np.stack(list(shares.values()))
        used = np.flatnonzero(weights.any(axis=0))

        def signal(index: int) -> np.ndarray:
            return np.asarray(getattr(self.clips[index], name))[:, used].astype(float) @ weights[:, used].T

        mean = mean_curve(self.cycles, self.walks, signal, mean_over_step=mean_over_step)
        return None if mean is None else dict(zip(shares, mean, strict=True))


def find_gait(rollouts: Rollouts, covered: Sequence[int], activity: str, speed_m_s: float, side: str) -> Gait:
    """Steady cycles of what people do at their speed, pooled over all clips of that skill.

    Args:
        rollouts: the recording.
        covered: frames before its failure, of each of the recording's clips.
        activity, speed_m_s: of the people [m/s].
        side: the leg that was measured on them.
    """
    along_m_s = -speed_m_s if activity == "backward" else speed_m_s
    clips = [i for i, clip in enumerate(rollouts.clips) if clip.skill in SKILLS.get(activity, ())]
    chosen = tuple(rollouts.clips[i] for i in clips)
    none = steady_cycles((), along_m_s)
    if not chosen:
        return Gait((), (), none, "", f"no clip of the skill {activity} was run", side)
    lacking = _lacking(chosen[0], rollouts, side)
    if lacking:
        why = f"the recording has no {lacking}, so steady cycles cannot be told"
        return Gait(chosen, (), none, "", why, side)
    walks = tuple(walk_of(rollouts.clips[i], rollouts, side, covered[i]) for i in clips)
    cycles = steady_cycles(walks, along_m_s)
    events, why = _events(chosen[0], rollouts, side), cycles.reason
    if why and cycles.other_speed:
        why += OTHER_SPEED.format(speed=_speed_m_s(walks), people=speed_m_s)
    return Gait(chosen, walks, cycles, events, why, side)


def under_electrodes(rollouts: Rollouts, electrodes: Sequence[str], side: str) -> dict[str, np.ndarray]:
    """Electrode name to the (M,) shares of the muscles in its signal, where the body has all of them.

    Several heads share by their maximum isometric forces, or evenly where the recording does not state them.
    """
    names = rollouts.muscle_names
    force_n = dict(zip(names, rollouts.muscle_force_n or [1.0] * len(names), strict=True))
    shares = {electrode: shares_under(electrode, side, force_n) for electrode in electrodes}
    return {
        electrode: np.array([share.get(name, 0.0) for name in names])
        for electrode, share in shares.items()
        if share
    }


def missing_muscles(rollouts: Rollouts, electrodes: Sequence[str], side: str) -> str:
    """In words, which electrodes have no muscle in a recording, and what looks like a misspelt name."""
    names = set(rollouts.muscle_names)
    told = []
    for electrode in electrodes:
        under = [f"{muscle}_{side}" for muscle in muscles_under(electrode)]
        lacking = [name for name in under if name not in names]
        near = [(like, name) for name in lacking for like in get_close_matches(name, names - KNOWN, 1, 0.8)]
        hints = [f"is {like!r} {name}?" for like, name in near]
        if lacking:
            told.append(f"{electrode} (no {', '.join([*lacking, *hints])})")
    return "; ".join(told)


def of_joints(rollouts: Rollouts, joints: Sequence[str], side: str) -> dict[str, np.ndarray]:
    """Joint name without side to the (J,) choice of its column, where the recording has it."""
    names = rollouts.joint_names
    found = [joint for joint in joints if f"{joint}_{side}" in names]
    return {joint: np.eye(len(names))[names.index(f"{joint}_{side}")] for joint in found}


def _lacking(clip: ClipRollout, rollouts: Rollouts, side: str) -> str:
    if clip.pelvis_quaternion is None:
        return "pelvis orientation"
    if clip.keypoint_position is None or "pelvis" not in rollouts.keypoint_names:
        return "pelvis position"
    return "" if _events(clip, rollouts, side) else "forces or ankle positions"


def _events(clip: ClipRollout, rollouts: Rollouts, side: str) -> str:
    """How heel strikes are found.

    Forces of inverse dynamics do not tell them: a foot that comes down is let push some 100 ms too early.
    """
    felt = rollouts.body_mass_kg is not None and clip.control != PRESCRIBED
    if felt and clip.touch is not None:
        return BY_TOUCH
    if felt and clip.ground_force is not None:
        return BY_FORCE
    return BY_KINEMATICS if f"{side}_ankle" in rollouts.keypoint_names else ""


def walk_of(clip: ClipRollout, rollouts: Rollouts, side: str, covered: int) -> Walk:
    """What cycle selection needs of a clip that holds the pelvis, and forces or ankles.

    Args:
        clip: of the recording.
        rollouts: the recording.
        side: the leg whose heel strikes count, ``l`` or ``r``.
        covered: frames before its failure.
    """
    keypoints = np.asarray(clip.keypoint_position, dtype=float)
    pelvis = keypoints[:, rollouts.keypoint_names.index("pelvis")]
    heading = heading_rad(np.asarray(clip.pelvis_quaternion))
    events = _events(clip, rollouts, side)
    if events == BY_KINEMATICS:
        ankle = keypoints[:, rollouts.keypoint_names.index(f"{side}_ankle")]
        strikes = heel_strikes_from_kinematics(ankle, pelvis, heading, clip.dt_s)
    else:
        force, dt_s = foot_force(clip, events, side)
        strikes = heel_strikes_from_force(force, dt_s, float(rollouts.body_mass_kg or 0.0))
    return Walk(f"{clip.key} run {clip.run}", clip.dt_s, strikes, covered, pelvis, heading)


def heel_strikes_s(clip: ClipRollout, rollouts: Rollouts, side: str) -> np.ndarray:
    """Heel strikes of a leg (strikes,) [s after the start], as for the EMG score; () where none can be told.

    Args:
        clip: of the recording.
        rollouts: the recording.
        side: the leg, ``l`` or ``r``.
    """
    if _lacking(clip, rollouts, side):
        return np.zeros(0)
    return walk_of(clip, rollouts, side, covered=clip.frames).strikes_s


def _speed_m_s(walks: Sequence[Walk]) -> float:
    """Mean speed of the pelvis along its path, start to end, over all clips [m/s]."""
    paths = [walk.pelvis_position[:, :2] for walk in walks if len(walk.pelvis_position)]
    gone = sum(float(np.linalg.norm(path[-1] - path[0])) for path in paths)
    return gone / sum(len(walk.pelvis_position) * walk.dt_s for walk in walks)


def foot_force(clip: ClipRollout, events: str, side: str) -> tuple[np.ndarray, float]:
    """Vertical force under a foot [N], and its sampling period [s].

    Args:
        clip: of a recording with forces.
        events: BY_TOUCH or BY_FORCE, where the force is taken from.
        side: ``l`` or ``r``.
    """
    if events == BY_TOUCH:
        touch = np.asarray(clip.touch, dtype=float)
        parts = [TOUCH_SENSORS.index(f"{side}_{part}") for part in ("foot", "toes")]
        return touch[:, :, parts].sum(axis=2).ravel(), clip.dt_s / touch.shape[1]
    return np.asarray(clip.ground_force, dtype=float)[:, FEET.index(side)], clip.dt_s
