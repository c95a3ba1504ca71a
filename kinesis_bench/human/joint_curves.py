"""From a source's joint angles over the gait cycle to the project's: degrees, and knee flexion positive.

The sources of joint angles with readers of their own (Wang, Scherpereel, Falisse, OpenSim) all come out of
OpenSim's inverse kinematics. Its models agree on hip flexion, hip adduction and ankle dorsiflexion being
positive, but not on the knee: flexion is negative in gait2392 (Delp et al., IEEE Trans Biomed Eng 37:757,
1990) and positive in Rajagopal's model (IEEE Trans Biomed Eng 63:2068, 2016). No file says which, so the
knee's own curve decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.references import HumanJointAngles
from kinesis_bench.human.settings import in_settings, require_known
from kinesis_bench.metrics.curves import SAMPLES, is_flat

RADIANS_AT_MOST = np.pi
"""No hip, knee or ankle turns by more than this [rad]; curves beyond it are degrees."""

SWING = (0.5, 0.95)
"""The knee's swing peak lies between these phases of a cycle that starts at the foot's strike.

It comes at 0.72 to 0.76 in walking at five speeds (Schwartz et al., J Biomech 41:1639, 2008), and at 0.66 to
0.69 in running (Fukuchi et al., PeerJ 2017).
"""


def in_project_signs(
    source: str | Path, angles: np.ndarray, names: Sequence[str], *, degrees: bool | None = None
) -> tuple[np.ndarray, str]:
    """Degrees with knee flexion positive, and in words what was decided and how.

    The knee's largest angle over the cycle is its peak of flexion in swing, in walking and running alike: a
    knee flexes by 40° and more there and hardly extends beyond straight. The angle's sign at that peak is
    that of flexion. A peak outside swing says that the cycle starts elsewhere or that columns are mixed up.

    Args:
        source: named in errors.
        angles: (N, J, 100) of N people, in the order of ``JOINTS``; the cycle starts at the foot's strike.
        names: of the N people, for errors.
        degrees: what the file says of its unit; None where it says nothing, then the range decides.

    Raises:
        InputError: an angle is constant, the knee's peak is outside swing, or people's knees differ in sign.
    """
    if degrees is None:
        degrees = bool(np.abs(angles).max() > RADIANS_AT_MOST)
    curves = angles if degrees else np.degrees(angles)
    flat = is_flat(curves)
    if flat.any():
        person, joint = np.argwhere(flat)[0]
        raise InputError(
            f"{source}: {JOINTS[joint]}",
            f"a constant curve of person {names[person]}",
            "take this person away",
        )
    knee = curves[:, JOINTS.index("knee_angle")]
    at = np.argmax(np.abs(knee), axis=-1)
    for name, sample in zip(names, at, strict=True):
        if not SWING[0] <= sample / SAMPLES <= SWING[1]:
            raise InputError(
                f"{source}: knee_angle",
                f"the largest angle of person {name} lies at {sample} % of the cycle, not in swing",
                "check that the cycle starts at the foot's strike and that the column is the knee's",
            )
    peaks = knee[np.arange(len(knee)), at]
    if peaks.min() < 0.0 < peaks.max():
        low, high = int(peaks.argmin()), int(peaks.argmax())
        raise InputError(
            f"{source}: knee_angle",
            f"reaches {peaks[low]:.0f}° in person {names[low]} and {peaks[high]:.0f}° in {names[high]}",
            "give all people the same sign, or take one away",
        )
    flexion = 1.0 if peaks[0] > 0.0 else -1.0
    signs = np.array([flexion if joint == "knee_angle" else 1.0 for joint in JOINTS])
    found = "positive" if flexion > 0 else "negative, turned round here"
    words = f"{'degrees' if degrees else 'radians'} in the file; knee flexion was {found} (swing peak)"
    return signs[:, None] * curves, words


def require_signs(signs: Mapping[str, float]) -> None:
    """Refuse a setting ``signs`` with a joint that is not compared, or with anything but 1 and -1.

    Raises:
        InputError: there is one.
    """
    for joint, sign in signs.items():
        require_known("signs", (joint,), dict.fromkeys(JOINTS))
        if sign not in (1.0, -1.0):
            raise InputError(f"signs: {joint}", f"is {sign:g}", "it must be 1 or -1")


def check_signs(mean_deg: np.ndarray, activity: str, source: str | Path, layout: str) -> None:
    """Refuse mean curves that contradict what every gait does, and so have another sign than was thought.

    Args:
        mean_deg: (J, 100) in the order of ``JOINTS`` and the project's signs [deg].
        activity: what the people do.
        source: named in errors.
        layout: whose setting ``[signs]`` turns a joint.

    Raises:
        InputError: a joint moves the other way.
    """
    curve = dict(zip(JOINTS, mean_deg, strict=True))
    hip, ankle, adduction = curve["hip_flexion"], curve["ankle_angle"], curve["hip_adduction"]
    half = SAMPLES // 2
    right = {"hip_flexion": hip[0] < hip[half] if activity == "backward" else hip[0] > hip[half]}
    if activity == "walk":
        # Dorsiflexed late in stance, plantar flexed around toe-off; adducted in stance, abducted in swing.
        right["ankle_angle"] = ankle[30:55].max() > ankle[60:72].mean()
        right["hip_adduction"] = adduction[10:40].mean() > adduction[60:80].mean()
    for joint, fine in right.items():
        if not fine:
            raise InputError(
                f"{source}: {joint}",
                "moves against the sign that was expected",
                f"turn it {in_settings(layout, f'[signs] {joint} = -1')}",
            )


def angles_of_people(
    curves_deg: np.ndarray,
    names: Sequence[str],
    *,
    condition: str,
    speed_m_s: float,
    cycle_zero: str,
    source: str,
    frame: str,
    side: str,
) -> HumanJointAngles:
    """A HumanJointAngles from each person's curves; one person alone has an SD of 0.

    Args:
        curves_deg: (N, J, 100) in the order of ``JOINTS`` and the project's signs, sample i at phase i/100
            [deg].
        names: of the N people, as the EMG of the same source names them.
        condition, speed_m_s, cycle_zero, source, frame, side: as in HumanJointAngles.
    """
    people = len(curves_deg)
    return HumanJointAngles(
        condition=condition,
        speed_m_s=speed_m_s,
        joints=JOINTS,
        people=people,
        mean_deg=curves_deg.mean(axis=0),
        sd_deg=curves_deg.std(axis=0, ddof=1) if people > 1 else np.zeros(curves_deg.shape[1:]),
        curves_deg=curves_deg,
        cycle_zero=cycle_zero,
        source=source,
        frame=frame,
        side=side,
        names=tuple(names),
    )
