"""How good the built-in clips are, measured on the clips themselves; and the table of it on the data card.

``python -m kinesis_bench.motions.gait.report`` measures all clips and rewrites the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.files import content_dir, write_text
from kinesis_bench.motions.clip import SKILLS
from kinesis_bench.motions.gait.build import FPS, make
from kinesis_bench.motions.gait.geometry import GRAVITY, leg_length
from kinesis_bench.motions.gait.plan import TRAIN, ClipPlan, clip_plans
from kinesis_bench.motions.gait.pose import Walked
from kinesis_bench.motions.gait.speeds import run_bank, walk_bank
from kinesis_bench.motions.gait.tables import walk_table
from kinesis_bench.motions.retarget import SIDES, joint_angles
from kinesis_bench.motions.skeleton import ANKLE_SOLE_M, TOE_SOLE_M, mean_skeleton

JOINTS = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle")

MID_STANCE = (0.3, 0.5)
"""Part of a stance in which the foot's speed is measured; the heel rises soon after."""

MID_SWING = (0.25, 0.75)
"""Part of a swing in which the foot's height over the floor is measured."""

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Quality:
    """What was measured on one clip; figures that make no sense for it are None.

    Attributes:
        plan: the clip.
        duration_s: [s].
        foot_speed: largest horizontal speed of an ankle or toe joint in mid-stance [m/s].
        sole_m: lowest point of any sole over the floor, by TOE_SOLE_M and ANKLE_SOLE_M [m].
        clearance_m: lowest point of a swinging foot's sole in mid-swing [m].
        joint_speed: largest speed of a leg joint [rad/s].
        pelvis_rise_m: range of the pelvis's height [m].
        speed: mean speed of the pelvis on its path [m/s].
        speed_off, cadence_off, step_off: relative difference of speed, cadence and step length from the
            table at the planned speed; of steady clips on straight ways and arcs.
        rms_deg: joint → RMS difference from the table's curve [deg]; of steady straight clips.
    """

    plan: ClipPlan
    duration_s: float
    foot_speed: float
    sole_m: float
    clearance_m: float
    joint_speed: float
    pelvis_rise_m: float
    speed: float
    speed_off: float | None = None
    cadence_off: float | None = None
    step_off: float | None = None
    rms_deg: dict[str, float] | None = None


def measure(plan: ClipPlan, walked: Walked) -> Quality:
    """Measure one clip, from its joint rotations by forward kinematics."""
    skeleton = mean_skeleton()
    positions, _ = skeleton.forward_kinematics(
        Rotation.from_rotvec(walked.rotations.reshape(-1, 3)), walked.pelvis_position
    )
    slide, soles, clear = [], [], []
    for side, foot in walked.feet.items():
        toe = positions[:, skeleton.index(f"{side.upper()}_Toe")]
        ankle = positions[:, skeleton.index(f"{side.upper()}_Ankle")]
        speed = np.maximum(
            *(np.linalg.norm(np.gradient(joint[:, :2], 1 / FPS, axis=0), axis=1) for joint in (toe, ankle))
        )
        sole = np.minimum(toe[:, 2] - TOE_SOLE_M, ankle[:, 2] - ANKLE_SOLE_M)
        event = foot.event_phase
        slide.append(speed[(event > MID_STANCE[0]) & (event < MID_STANCE[1])])
        clear.append(sole[(event > 1 + MID_SWING[0]) & (event < 1 + MID_SWING[1])])
        soles.append(sole)
    angles = joint_angles(walked.rotations, walked.path.heading)
    fastest = max(
        float(np.abs(np.gradient(angles[f"{name}_{side}"], 1 / FPS)).max())
        for name in JOINTS
        for side in SIDES
    )
    duration = (len(walked.rotations) - 1) / FPS
    way = np.linalg.norm(np.diff(walked.path.position, axis=0), axis=1).sum()
    steady = plan.cell.pattern == "steady" and not plan.cell.turn_deg
    speed_off, cadence_off, step_off = _against_table(plan, walked) if steady else (None, None, None)
    return Quality(
        plan=plan,
        duration_s=duration,
        foot_speed=float(np.concatenate(slide).max()),
        sole_m=float(np.concatenate(soles).min()),
        clearance_m=float(np.concatenate(clear).min()),
        joint_speed=fastest,
        pelvis_rise_m=float(np.ptp(walked.pelvis_position[:, 2])),
        speed=float(way / duration),
        speed_off=speed_off,
        cadence_off=cadence_off,
        step_off=step_off,
        rms_deg=_rms(plan, walked, angles) if steady and not plan.cell.radius_m else None,
    )


def table_at(plan: ClipPlan) -> tuple[float, float]:
    """Cadence [steps/s] and step length [m] of the tables at a clip's planned speed."""
    speed = plan.course.speed
    if plan.cell.skill == "run":
        cadence = 2 * float(run_bank(plan.people).scalar("stride_hz", speed)[0])
        return cadence, speed / cadence
    table, length = walk_table(), leg_length()
    scaled = speed / np.sqrt(GRAVITY * length)
    place = int(np.clip(np.searchsorted(table.speed, scaled) - 1, 0, len(table.speed) - 2))
    part = (scaled - table.speed[place]) / (table.speed[place + 1] - table.speed[place])

    def read(values: np.ndarray) -> float:
        return float(values[place] + part * (values[place + 1] - values[place]))

    return read(table.cadence) * float(np.sqrt(GRAVITY / length)), read(table.step_length) * length


def _against_table(plan: ClipPlan, walked: Walked) -> tuple[float, float, float]:
    """Relative differences of speed, cadence and step length: steps by where and when the feet stand."""
    times, places = [], []
    for foot in walked.feet.values():
        for hold in np.unique(foot.hold):
            stand = np.flatnonzero((foot.hold == hold) & foot.stance)
            middle = stand[
                (foot.event_phase[stand] > MID_STANCE[0]) & (foot.event_phase[stand] < MID_STANCE[1])
            ]
            whole = len(stand) and stand.min() > 0 and stand.max() < len(foot.stance) - 1
            if whole and len(middle):
                times.append((stand.min() + stand.max()) / 2 / FPS)
                frame = middle[len(middle) // 2]
                ahead = np.array([np.cos(walked.path.heading[frame]), np.sin(walked.path.heading[frame])])
                places.append((foot.ankle[frame, :2] - walked.path.position[frame]) @ ahead)
    order = np.argsort(times)
    when, beside = np.array(times)[order], np.array(places)[order]
    gone = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(walked.path.position, axis=0), axis=1))])
    frames = (when * FPS).astype(int)
    steps = len(when) - 1
    lasted = when[-1] - when[0]
    travelled = (gone[frames[-1]] + beside[-1]) - (gone[frames[0]] + beside[0])
    cadence, step = table_at(plan)
    own_cadence, own_step = steps / lasted, abs(travelled) / steps
    return own_cadence * own_step / plan.course.speed - 1, own_cadence / cadence - 1, own_step / step - 1


def _rms(plan: ClipPlan, walked: Walked, angles: dict[str, np.ndarray]) -> dict[str, float]:
    bank = run_bank(plan.people) if plan.cell.skill == "run" else walk_bank()
    compared = ("hip_flexion", "knee_angle", "ankle_angle") if plan.cell.skill == "run" else JOINTS
    off = {}
    for name in compared:
        square = [
            np.mean((angles[f"{name}_{side}"] - bank.leg(name, walked.path.speed, foot.event_phase)) ** 2)
            for side, foot in walked.feet.items()
        ]
        off[name] = float(np.degrees(np.sqrt(np.mean(square))))
    return off


def measure_all() -> tuple[Quality, ...]:
    """Measure every clip of the data set."""
    return tuple(measure(plan, make(plan)) for plan in clip_plans())


def as_markdown(measured: Sequence[Quality]) -> str:
    """The card's tables: worst figures by skill, and RMS against the tables by joint."""
    lines = [
        "| skill | clips (train, test) | seconds | foot speed in mid-stance [m/s] | lowest sole [mm] "
        "| swing clearance [mm] | speed, cadence, step length off the table [%] | joint speed [rad/s] |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for skill in SKILLS:
        own = [one for one in measured if one.plan.cell.skill == skill]
        train = sum(one.plan.split == TRAIN for one in own)
        off = [_worst(getattr(one, name) for one in own) for name in ("speed_off", "cadence_off", "step_off")]
        offs = ", ".join(f"{100 * value:.1f}" for value in off if value is not None) or "-"
        lines.append(
            f"| {skill} | {len(own)} ({train}, {len(own) - train}) "
            f"| {sum(one.duration_s for one in own):.0f} "
            f"| {max(one.foot_speed for one in own):.3f} "
            f"| {1000 * min(one.sole_m for one in own):.1f} "
            f"| {1000 * min(one.clearance_m for one in own):.1f} "
            f"| {offs} | {max(one.joint_speed for one in own):.1f} |"
        )
    lines += [
        "",
        "| RMS change against the table [deg], worst clip | " + " | ".join(JOINTS) + " |",
        "|---|" + "---|" * len(JOINTS),
    ]
    for skill in ("walk", "backward", "run"):
        worst = [
            _worst(one.rms_deg.get(joint) for one in measured if one.plan.cell.skill == skill and one.rms_deg)
            for joint in JOINTS
        ]
        cells = " | ".join("-" if value is None else f"{value:.1f}" for value in worst)
        lines.append(f"| {skill} | {cells} |")
    return "\n".join(lines)


def write_card(measured: Sequence[Quality], path: FilePath | None = None) -> None:
    """Put the tables between the marks of the data card.

    Raises:
        ValueError: the card lacks the marks.
    """
    card = path or content_dir("datasets") / "normative_gait" / "README.md"
    text = card.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{card} lacks the marks {BEGIN} and {END}")
    write_text(card, f"{head}{BEGIN}\n{as_markdown(measured)}\n{END}{tail}")


def _worst(values: Iterable[float | None]) -> float | None:
    """The value furthest from zero, its size; None if there is none."""
    sizes = [abs(value) for value in values if value is not None]
    return max(sizes, default=None)


if __name__ == "__main__":
    write_card(measure_all())
