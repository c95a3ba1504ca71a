"""MuscleMimic's rollout archives, as its evaluation kit mm-evalkit reads them, read and written.

The format as of mm-evalkit 0.1.0 and of the exporter in musclemimic 0.1.0 (both Apache-2.0, on PyPI; Li et
al., arXiv:2603.25544): an ``.npz`` with ``n_episodes``, ``dt`` (0.01 s), ``joint_names`` and, per episode i,
``episode_i_traj_id``, ``_traj_length``, ``_traj_qpos`` (F, nq), ``_joint_positions`` (T, nq),
``_muscle_activations`` (T, M), ``_touch_observations`` (T, 4) and, from the exporter only,
``_muscle_commands`` (T, M). nq is that of MuscleMimic's body MyoFullBody without fingers: the free root
(metres, quaternion w, x, y, z), then one coordinate a joint [rad]. Touch is newtons under right foot, right
toes, left foot, left toes. Row i of positions and touch is the state before control step i; of commands, what
acts during it (-1 to 1: MuJoCo's muscles take what is below 0 for 0, and so does this reader); of
activations, the state before it or after it, as ``activation_sample_phase`` says (``pre_step`` or
``post_step``; after it where nothing is said).

Muscles have no names in it: their order is that of MyoFullBody. Its trunk and legs are our ``legs_back``,
muscle for muscle and joint for joint, with 32 muscles of either arm between them. Trunk and arms are left
out here, because nothing is compared of them: reading gives the legs, writing puts zeros in their places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from kinesis_bench.archives import number, numbers, read_npz
from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.files import whole_file
from kinesis_bench.rollouts.muscle_names import LEG_MUSCLES
from kinesis_bench.rollouts.schema import FEET, ClipRollout, Rollouts

DT_S = 0.01
"""Control period of MuscleMimic [s]; mm-evalkit takes no other."""

MASS_KG = 84.27
"""Mass of MyoFullBody (musclemimic-models 1.0.6, compiled), for archives without ``model_mass_kg``."""

OUR_MASS = "body_mass_kg"
"""Where the mass is written: beside ``model_mass_kg`` mm-evalkit would want joint torques too."""

LEG_NAMES = tuple(f"{muscle}_{side}" for side in ("r", "l") for muscle in LEG_MUSCLES)
"""The last 80 muscles of MyoFullBody, in its order."""

MUSCLES = 354
"""Muscles of MyoFullBody without fingers: 210 of the trunk, 64 of the arms, 80 of the legs."""

_SPINE = tuple(
    f"{level}_{axis}" for level in ("L4_L5", "L3_L4", "L2_L3", "L1_L2") for axis in ("FE", "LB", "AR")
)
_TRUNK = ("flex_extension", "lat_bending", "axial_rotation", "Abs_t1", "Abs_t2", "Abs_r3", *_SPINE)
_ARM = (
    *("sternoclavicular_r2", "sternoclavicular_r3", "unrotscap_r3", "unrotscap_r2"),
    *("acromioclavicular_r2", "acromioclavicular_r3", "acromioclavicular_r1"),
    *("unrothum_r1", "unrothum_r3", "unrothum_r2", "elv_angle", "shoulder_elv", "shoulder1_r2"),
    *("shoulder_rot", "elbow_flex", "pro_sup", "deviation", "flexion"),
)
_LEG = (
    *("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle_translation2", "knee_angle_translation1"),
    *("knee_angle", "knee_angle_rotation2", "knee_angle_rotation3", "ankle_angle", "subtalar_angle"),
    *("mtp_angle", "knee_angle_beta_translation2", "knee_angle_beta_translation1"),
    "knee_angle_beta_rotation1",
)
JOINTS = (
    "root",
    *_TRUNK,
    *(f"{joint}_{side}" for group in (_ARM, _LEG) for side in ("r", "l") for joint in group),
)
"""Joints of MyoFullBody without fingers, in its order; the root takes seven coordinates."""

ANGLES = tuple(
    f"{angle}_{side}"
    for side in ("r", "l")
    for angle in (
        *("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle"),
        *("ankle_angle", "subtalar_angle", "mtp_angle"),
    )
)
"""Joint angles that are read, in OpenSim's names and signs: those of the joints, but mtp turned round."""

PELVIS_IN_ROOT = Rotation.from_matrix([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""Pelvis axes (x forward, y up, z right) to those of the root body, whose forward axis is its -y; the two
bodies share their origin."""

ENDED_EARLY = "the episode ended before its reference"

UNIT_WITHIN = 0.1
"""A root's quaternion may differ from length 1 by this; MuJoCo's do by rounding alone."""

MOST_ROWS = 10**8
"""No episode has this many steps, and no archive so many episodes: more is damage."""

_OF_ALL = (
    *("n_episodes", "dt", "joint_names", "activation_sample_phase", "model_mass_kg", OUR_MASS),
    "env_name",
)
_REQUIRED = ("traj_id", "traj_length", "joint_positions", "muscle_activations", "touch_observations")
_PARTS = (*_REQUIRED, "muscle_commands")
_DAMAGED = "export it again from MuscleMimic"


def is_mm_evalkit(path: Path) -> bool:
    """Whether a file is an archive of the kind, by its ending."""
    return path.suffix.lower() == ".npz"


def read_mm_evalkit(path: str | Path) -> Rollouts:
    """Read an archive; each episode of at least two rows becomes a clip, its first row its start.

    Returns:
        Excitation (where the exporter wrote commands), activation, leg angles, touch (T, 1, 4), the same as
            forces, pelvis. Muscles and angles that are zero throughout count as not recorded.

    Raises:
        InputError: the file is missing or damaged, lacks an array, has other joints or another number of
            muscles than MyoFullBody without fingers, or holds NaN.
    """
    path = Path(path)
    arrays = read_npz(path, _is_read, _DAMAGED)
    _require(path, arrays, ("n_episodes", "dt", "joint_names"))
    joints = [str(name) for name in np.atleast_1d(arrays["joint_names"])]
    lacking = [angle for angle in ANGLES if angle not in joints]
    if lacking or joints[0] != "root":
        raise InputError(
            f"{path}: joint_names", "are not those of MyoFullBody", "only its archives can be read"
        )
    post = str(arrays.get("activation_sample_phase", "post_step"))
    if post not in ("pre_step", "post_step"):
        raise unknown_name(f"{path}: activation_sample_phase", post, ("pre_step", "post_step"))
    dt_s = number(f"{path}: dt", arrays["dt"], _DAMAGED)
    mass = next((name for name in ("model_mass_kg", OUR_MASS) if name in arrays), None)
    mass_kg = MASS_KG if mass is None else number(f"{path}: {mass}", arrays[mass], _DAMAGED)
    for name, value in (("dt", dt_s), (mass, mass_kg)):
        if value <= 0:
            raise InputError(f"{path}: {name}", f"is {value:g}", _DAMAGED)
    columns = [6 + joints.index(angle) for angle in ANGLES]
    clips: list[ClipRollout] = []
    for episode in range(_count(path, arrays, "n_episodes")):
        parts = _episode(path, arrays, episode, len(joints) + 6)
        if len(parts["joint_positions"]) < 2:
            continue
        key = f"trajectory {number(f'{path}: episode_{episode}_traj_id', parts['traj_id'], _DAMAGED):g}"
        run = sum(clip.key == key for clip in clips)
        clips.append(_clip(parts, key, run, dt_s, columns, post_step=post == "post_step"))
    if not clips:
        raise InputError(path, "holds no episode of two rows", _DAMAGED)
    if len({clip.excitation is None for clip in clips}) > 1:
        raise InputError(path, "only some of its episodes have muscle_commands", _DAMAGED)
    muscles = _recorded([clip.activation for clip in clips])
    angles = _recorded([clip.joint_angle for clip in clips])
    return Rollouts(
        tuple(_picked(clip, muscles, angles) for clip in clips),
        body_mass_kg=mass_kg,
        muscle_names=tuple(LEG_NAMES[place] for place in muscles),
        joint_names=tuple(ANGLES[place] for place in angles),
        keypoint_names=("pelvis",),
        attributes={"source": str(path), "environment": str(arrays.get("env_name", ""))},
    )


def write_mm_evalkit(path: str | Path, rollouts: Rollouts) -> None:
    """Write an archive that mm-evalkit takes, whole or not at all.

    Signals are put on its 100 Hz by interpolation, touch by the nearest sample. An episode begins with a
    clip's first recorded state. Joints and muscles that the recording lacks are zero; so is the whole
    reference (``traj_qpos``), because a recording holds no poses of it: what mm-evalkit compares with the
    reference then means nothing. ``traj_id`` is the place of the clip.

    Raises:
        InputError: the recording lacks pelvis, joint angles, activation or contacts, or the file cannot be
            written.
    """
    pelvis = rollouts.keypoint_names.index("pelvis") if "pelvis" in rollouts.keypoint_names else None
    arrays: dict[str, np.ndarray] = {
        "n_episodes": np.array(len(rollouts.clips)),
        "dt": np.array(DT_S),
        "joint_names": np.array(JOINTS),
        "activation_sample_phase": np.array("pre_step"),
    }
    if rollouts.body_mass_kg is not None:
        arrays[OUR_MASS] = np.array(rollouts.body_mass_kg)
    for episode, clip in enumerate(rollouts.clips):
        lacking = {
            "pelvis position": clip.keypoint_position is None or pelvis is None,
            "pelvis orientation": clip.pelvis_quaternion is None,
            "joint angles": clip.joint_angle is None,
            "activation": clip.activation is None,
            "contacts": clip.touch is None and clip.ground_force is None and clip.foot_contact is None,
        }
        for what, absent in lacking.items():
            if absent:
                remedy = "record it again, or write .h5, which takes whatever there is"
                raise InputError(f"clip {clip.key}", f"has no {what}, which mm-evalkit needs", remedy)
        parts = _parts_of(clip, rollouts, int(pelvis or 0))
        parts |= {"traj_id": np.array(episode), "traj_length": np.array(len(parts["traj_qpos"]))}
        arrays |= {f"episode_{episode}_{name}": values for name, values in parts.items()}
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _require(path: Path, arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in arrays]
    if missing:
        remedy = "give a rollout archive of MuscleMimic (mm-evalkit)"
        raise InputError(path, f"holds no array {', '.join(missing)}", remedy)


def _is_read(name: str) -> bool:
    """Whether an array is looked at; ``episode_metadata`` is a pickle."""
    return name in _OF_ALL or name.endswith(tuple(f"_{part}" for part in _PARTS))


def _count(path: Path, arrays: Mapping[str, np.ndarray], name: str) -> int:
    value = number(f"{path}: {name}", arrays[name], _DAMAGED)
    if value != int(value) or not 0 <= value <= MOST_ROWS:
        raise InputError(f"{path}: {name}", f"is {value:g}", _DAMAGED)
    return int(value)


def _episode(path: Path, arrays: Mapping[str, np.ndarray], episode: int, nq: int) -> dict[str, np.ndarray]:
    """The arrays of an episode by their short names, checked."""
    prefix = f"episode_{episode}_"
    _require(path, arrays, tuple(prefix + name for name in _REQUIRED))
    parts = {name: arrays[prefix + name] for name in _PARTS if prefix + name in arrays}
    _count(path, arrays, f"{prefix}traj_length")
    steps = len(np.atleast_1d(parts["joint_positions"]))
    widths = {"joint_positions": nq, "muscle_activations": MUSCLES, "muscle_commands": MUSCLES}
    for name, width in {**widths, "touch_observations": 4}.items():
        values = parts.get(name)
        if values is None:
            continue
        if values.shape != (steps, width):
            problem = f"has shape {values.shape}, not {(steps, width)}"
            raise InputError(f"{path}: {prefix}{name}", problem, "only MyoFullBody without fingers is read")
        numbers(f"{path}: {prefix}{name}", values, _DAMAGED)
    length = np.linalg.norm(parts["joint_positions"][:, 3:7], axis=1)
    odd = np.abs(length - 1) > UNIT_WITHIN
    if odd.any():
        row = int(odd.argmax())
        problem = f"the root's quaternion in row {row} has length {length[row]:.3g}, not 1"
        raise InputError(f"{path}: {prefix}joint_positions", problem, _DAMAGED)
    return parts


def _clip(
    parts: Mapping[str, np.ndarray], key: str, run: int, dt_s: float, columns: list[int], *, post_step: bool
) -> ClipRollout:
    qpos = parts["joint_positions"].astype(float)
    activation = parts["muscle_activations"][:, -len(LEG_NAMES) :]
    commands = parts.get("muscle_commands")
    signs = np.array([-1.0 if angle.startswith("mtp") else 1.0 for angle in ANGLES])
    root = Rotation.from_quat(qpos[1:, 3:7], scalar_first=True)
    touch = parts["touch_observations"][1:, None, :].astype(float)
    frames = max(int(np.ravel(parts["traj_length"])[0]), len(qpos)) - 1
    return ClipRollout(
        key=key,
        run=run,
        skill="",
        frames=frames,
        dt_s=dt_s,
        failure="" if len(qpos) >= frames else ENDED_EARLY,  # as mm-evalkit counts it: one row may lack
        excitation=None if commands is None else np.clip(commands[:-1, -len(LEG_NAMES) :], 0.0, 1.0),
        activation=(activation[:-1] if post_step else activation[1:]).astype(float),
        joint_angle=signs * qpos[1:, columns],
        touch=touch,
        ground_force=touch[:, 0].reshape(-1, 2, 2).sum(axis=2),
        pelvis_quaternion=(root * PELVIS_IN_ROOT).as_quat(scalar_first=True),
        keypoint_position=qpos[1:, None, :3],
    )


def _recorded(arrays: Sequence[np.ndarray | None]) -> list[int]:
    """Columns that are not zero throughout; all of them where every one is."""
    known = [array for array in arrays if array is not None]
    used = np.any([(array != 0).any(axis=0) for array in known], axis=0)
    return np.flatnonzero(used if used.any() else ~used).tolist()


def _picked(clip: ClipRollout, muscles: list[int], angles: list[int]) -> ClipRollout:
    assert clip.activation is not None
    assert clip.joint_angle is not None
    return replace(
        clip,
        excitation=None if clip.excitation is None else clip.excitation[:, muscles],
        activation=clip.activation[:, muscles],
        joint_angle=clip.joint_angle[:, angles],
    )


def _parts_of(clip: ClipRollout, rollouts: Rollouts, pelvis: int) -> dict[str, np.ndarray]:
    """The arrays of a clip on the archive's rows, which begin with the clip's first state."""
    assert clip.keypoint_position is not None
    assert clip.joint_angle is not None
    assert clip.activation is not None
    states = clip.dt_s * (np.arange(len(clip.joint_angle)) + 1)
    rows = int((states[-1] - states[0]) / DT_S + 1e-6) + 1
    time = states[0] + DT_S * np.arange(rows)

    def onto(values: np.ndarray, at: np.ndarray, clock: np.ndarray = states) -> np.ndarray:
        return np.stack([np.interp(at, clock, column) for column in np.asarray(values, float).T], axis=1)

    qpos = np.zeros((rows, len(JOINTS) + 6))
    qpos[:, :3] = onto(clip.keypoint_position[:, pelvis], time)
    turns = Rotation.from_quat(np.asarray(clip.pelvis_quaternion), scalar_first=True) * PELVIS_IN_ROOT.inv()
    held = np.minimum(time, states[-1])
    turned = Slerp(states, turns)(held) if len(states) > 1 else turns
    qpos[:, 3:7] = turned.as_quat(scalar_first=True)
    angles = onto(clip.joint_angle, time)
    for place, name in enumerate(rollouts.joint_names):
        if name in ANGLES:
            sign = -1.0 if name.startswith("mtp") else 1.0
            qpos[:, 6 + JOINTS.index(name)] = sign * angles[:, place]
    reference = max(rows, round((clip.frames - 1) * clip.dt_s / DT_S) + 1)
    parts = {
        "joint_positions": qpos,
        "traj_qpos": np.zeros((reference, qpos.shape[1])),
        "muscle_activations": _legs(onto(clip.activation, time), rollouts),
        "touch_observations": _touch(clip, time, states),
    }
    if clip.excitation is not None:
        during = onto(clip.excitation, time + DT_S / 2, states - clip.dt_s / 2)
        parts["muscle_commands"] = _legs(during, rollouts)
    return parts


def _legs(values: np.ndarray, rollouts: Rollouts) -> np.ndarray:
    """(T, MUSCLES) with the leg muscles of the recording in their places."""
    placed = np.zeros((len(values), MUSCLES))
    for column, name in enumerate(rollouts.muscle_names):
        if name in LEG_NAMES:
            placed[:, MUSCLES - len(LEG_NAMES) + LEG_NAMES.index(name)] = values[:, column]
    return placed


def _touch(clip: ClipRollout, time: np.ndarray, states: np.ndarray) -> np.ndarray:
    """(T, 4) by the nearest sample: a mean of two would put load under a foot before it lands."""
    if clip.touch is not None:
        substeps = clip.touch.shape[1]
        clock = clip.dt_s / substeps * (np.arange(len(states) * substeps) + 1)
        return clip.touch.reshape(-1, 4)[_nearest(clock, time)].astype(float)
    feet = clip.ground_force if clip.ground_force is not None else clip.foot_contact
    sensors = np.zeros((len(time), 4))
    sensors[:, [0, 2]] = np.maximum(np.asarray(feet, float)[_nearest(states, time)], 0.0)
    assert FEET == ("r", "l")
    return sensors


def _nearest(clock: np.ndarray, time: np.ndarray) -> np.ndarray:
    after = np.clip(np.searchsorted(clock, time), 1, len(clock) - 1)
    return after - (time - clock[after - 1] < clock[after] - time - 1e-9)
