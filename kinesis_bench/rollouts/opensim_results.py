"""Reader of what OpenSim, Moco and SCONE write: muscle signals, coordinates and ground forces.

One ``.sto`` may hold all (SCONE, a Moco solution), or a folder holds one trial in several ``.sto`` and
``.mot`` files (CMC, static optimisation, forces beside them). What a column is, is told by its name:

================  =====================================================================================
excitation        ``soleus_r.excitation`` (SCONE, CMC), the Moco control ``/forceset/soleus_r``
activation        ``soleus_r.activation`` (SCONE, OpenSim 3), ``/forceset/soleus_r/activation``; plain
                  ``soleus_r`` in a file named ``…activation.sto`` (static optimisation)
coordinate        ``/jointset/knee_r/knee_angle_r/value``, or plain ``knee_angle_r``
vertical force    ``leg0_l.grf_y``, ``leg0_l.grf_norm_y`` (SCONE), ``ground_force_r_vy``,
                  ``ground_force_right_vy``, ``R_ground_force_vy`` (OpenCap), ``ground_force_calcn_r_vy``
                  (AddBiomechanics), and by OpenSim's own examples ``ground_force_vy`` (right) beside
                  ``1_ground_force_vy`` or ``l_ground_force_vy`` (left)
================  =====================================================================================

Files of velocities, accelerations, forces of muscles and tracking errors have the same column names. They are
told by the endings that OpenSim gives them, and passed over but for columns that can be nothing else than
ground forces or values of coordinates. ``Rollouts.attributes`` name the files that are read and passed over.

All is put on one even time grid of the recording's own median step, but 5 ms at the finest: excitation as
the mean over each step, all else at its end, as ``ClipRollout`` wants it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError
from kinesis_bench.rollouts.muscle_names import STANDS_FOR, counterparts, is_known, split_side
from kinesis_bench.rollouts.schema import FEET, ClipRollout, Rollouts
from kinesis_bench.time_tables import TimeTable, read_table, text_columns

SUFFIXES = (".sto", ".mot")

FINEST_S = 0.005
"""Smallest step of the grid: 200 Hz, far above what muscles do."""

PASSED_OVER = re.compile(
    r"_(u|dudt|accelerations?|pErr|ReactionLoads|positions?|velocities)(_\w+_bodies)?$"
    r"|_Actuation_(force|power|speed)$|StaticOptimization_force$"
    r"|_(pos|vel|acc)_(global|local)$"
    r"|_MuscleAnalysis_\w+$|_Moment(Arm)?_\w+$|_marker_(errors|locations)$|cost$",
    re.IGNORECASE,
)
"""Ends of the names of OpenSim's files whose columns bear names of coordinates or muscles, and are not.

Force, power, speed, length, moment and marker count only behind the name of an analysis: they also end the
names of trials and of force plates' files (``walk_fast_speed.mot``, ``trial1_ground_reaction_force.mot``)."""

PELVIS_TURNS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
PELVIS_PATH = ("pelvis_tx", "pelvis_ty", "pelvis_tz")
LUMBAR = ("lumbar_extension", "lumbar_bending", "lumbar_rotation")
LEG_ANGLES = (
    *("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle"),
    *("ankle_angle", "subtalar_angle", "mtp_angle"),
)
JOINT_NAMES = (*(f"{angle}_{side}" for side in FEET for angle in LEG_ANGLES), *LUMBAR)
"""Joint angles that are kept, in OpenSim's names; knee flexion positive, whatever the model."""

ANGLES = (*PELVIS_TURNS, *JOINT_NAMES)

OPENSIM_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Turns OpenSim's ground axes (x forward, y up, z right) into the world's (x forward, y left, z up)."""

THIGH_M, SHANK_M = 0.245 * 1.75, 0.246 * 1.75
"""Hip to knee and knee to ankle of a person of 1.75 m (Winter, Biomechanics and Motor Control of Human
Movement, 4th ed. 2009, fig. 4.1). Only their ratio matters for when the ankle is farthest ahead."""

MEAN_MASS_KG = 75.0
"""Stands in where forces are in body weights; it cancels, because what is compared is a part of it."""

STAND_IN = "a stand-in: forces are in body weights"

BODY_WEIGHTS_AT_MOST = 20.0
"""No foot bears this many body weights, and a standing one bears more than as many newtons."""

GRAVITY_M_S2 = 9.81

LOADED_BODY_WEIGHTS = 0.05
"""Of the largest total force; samples below it are flight, or steps beside the plates."""

MOST_STEPS = 10**7
"""A recording has no more steps than this (14 h at 200 Hz); more is a wrong time in its first or last row."""

OUTSIDE = 0.05
"""Excitation and activation may overshoot 0 and 1 by this (splines, tolerances of a solver)."""

SAME = 0.02
"""Two files may differ by this where both hold one quantity [rad, m, or of full excitation]."""

_VALUE = re.compile(r"^(?:.*/)?([^/]+)/value$")
_ACTIVATION = re.compile(r"^(?:/?forceset/)?([^/.]+)[/.]activation$")
_EXCITATION = re.compile(r"^(?:/?forceset/)?([^/.]+)\.excitation$")
_CONTROL = re.compile(r"^/forceset/([^/.]+)$")
_SCONE_FORCE = re.compile(r"^leg\d+_([lr])\.grf_(norm_)?y$", re.IGNORECASE)
_SIDED_FORCE = re.compile(
    r"^(?:ground_force_(?:calcn_)?(?P<side>r|l|right|left)_vy|(?P<first>R|L)_ground_force_vy)$"
)
_PLAIN_FORCE = {"ground_force_vy": "r", "1_ground_force_vy": "l", "l_ground_force_vy": "l"}


@dataclass(frozen=True)
class _Signal:
    """One quantity as a file holds it, and where from; angles in radians."""

    time_s: np.ndarray
    values: np.ndarray
    source: str


@dataclass
class _Found:
    """Everything of a trial that is of use, by kind and name."""

    excitation: dict[str, _Signal] = field(default_factory=dict)
    activation: dict[str, _Signal] = field(default_factory=dict)
    coordinate: dict[str, _Signal] = field(default_factory=dict)
    force: dict[str, _Signal] = field(default_factory=dict)
    force_norm: dict[str, _Signal] = field(default_factory=dict)

    def kinds(self) -> tuple[dict[str, _Signal], ...]:
        return self.excitation, self.activation, self.coordinate, self.force, self.force_norm


def opensim_files(path: Path) -> list[Path]:
    """The tables of a trial: the file itself, or those of a folder that may be of use, sorted.

    Of use is what has no name of ``PASSED_OVER``, or has columns that tell by themselves what they are.
    """
    if not path.is_dir():
        return [path] if path.suffix.lower() in SUFFIXES else []
    return [
        file for file in _tables(path) if not _is_passed_over(file) or any(map(_tells, text_columns(file)))
    ]


def _tables(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())


def _is_passed_over(file: Path) -> bool:
    return PASSED_OVER.search(file.stem) is not None


def _tells(column: str) -> bool:
    """Whether a column is a ground force or a coordinate's value whatever the file's name."""
    patterns = (_VALUE, _SCONE_FORCE, _SIDED_FORCE)
    return column in _PLAIN_FORCE or any(pattern.match(column) for pattern in patterns)


def read_opensim_results(path: str | Path) -> Rollouts:
    """Read one trial of OpenSim, Moco or SCONE.

    Args:
        path: a ``.sto`` or ``.mot``, or a folder with the files of one trial.

    Returns:
        One clip, from the first time that all files have to the last, with the muscles that have both
            signals where there are both. Keypoints are the pelvis and, from hip and knee alone (a leg of
            mean proportions, turned with the pelvis), the ankles: good for events where there are no
            forces, and for nothing else.

    Raises:
        InputError: no muscle is found, files do not overlap or contradict each other, a used column holds
            NaN, the header contradicts the values.
    """
    path = Path(path)
    files = opensim_files(path)
    if not files:
        remedy = "give a .sto with muscle excitations or activations, or a folder with the files of one trial"
        raise InputError(path, "holds no .sto or .mot file of use", remedy)
    found, columns = _Found(), []
    for file in files:
        table = read_table(file)
        if path.is_dir() and _is_passed_over(file):
            told = {name: values for name, values in table.columns.items() if _tells(name)}
            table = replace(table, columns=told)
        columns += list(table.columns)
        _collect(table, found)
    _keep_muscles(path, found, columns)
    start, dt_s, steps = _grid(path, found)
    edges = start + dt_s * np.arange(steps + 1)
    names = counterparts(found.excitation or found.activation)
    angles = {name: _at(signal, edges[1:]) for name, signal in found.coordinate.items()}
    turn = _pelvis_turn(angles, steps)
    keypoints = _keypoints(angles, turn, steps)
    joints = tuple(name for name in JOINT_NAMES if name in angles)
    force, mass, how_mass = _forces(found, edges[1:])
    clip = ClipRollout(
        key=path.resolve().stem,
        run=0,
        skill="",
        frames=steps,
        dt_s=dt_s,
        excitation=_muscles(found.excitation, names, lambda signal: _mean_over(signal, edges)),
        activation=_muscles(found.activation, names, lambda signal: _at(signal, edges[1:])),
        joint_angle=np.stack([angles[name] for name in joints], axis=1) if joints else None,
        ground_force=force,
        pelvis_quaternion=None if turn is None else turn.as_quat(scalar_first=True),
        keypoint_position=None if keypoints is None else np.stack(list(keypoints.values()), axis=1),
    )
    attributes = {"source": str(path), "files": _named(path, files)}
    several = sorted({theirs for theirs in names.values() if list(names.values()).count(theirs) > 1})
    if several:
        attributes["stands_for_several"] = ", ".join(several)
    if force is not None:
        attributes["body_mass"] = how_mass
    return Rollouts(
        (clip,),
        body_mass_kg=mass,
        muscle_names=tuple(names),
        joint_names=joints,
        keypoint_names=tuple(keypoints or ()),
        attributes=attributes,
    )


def _named(path: Path, files: list[Path]) -> str:
    """The files that were read and, in a folder, those that were passed over."""
    rest = [file.name for file in _tables(path) if file not in files] if path.is_dir() else []
    passed = f"; passed over by their names: {', '.join(rest)}" if rest else ""
    return ", ".join(file.name for file in files) + passed


def _collect(table: TimeTable, found: _Found) -> None:
    """Sort the columns of a table into what they are."""
    plain = found.activation if table.source.stem.lower().endswith("activation") else None
    coordinates: dict[str, np.ndarray] = {}
    for column, values in table.columns.items():
        value, force = _VALUE.match(column), _SCONE_FORCE.match(column)
        sided = _SIDED_FORCE.match(column)
        name = value[1] if value else column
        if name in ANGLES or name in PELVIS_PATH:
            if name in coordinates:
                problem = "comes twice, with and without its path"
                raise InputError(f"{table.source}: {name}", problem, "remove one column")
            coordinates[name] = values
        elif match := _ACTIVATION.match(column):
            _put(found.activation, match[1], table, values)
        elif match := _EXCITATION.match(column) or _CONTROL.match(column):
            _put(found.excitation, match[1], table, values)
        elif force:
            _put(found.force_norm if force[2] else found.force, force[1].lower(), table, values)
        elif sided:
            _put(found.force, (sided["side"] or sided["first"])[0].lower(), table, values)
        elif column in _PLAIN_FORCE:
            _put(found.force, _PLAIN_FORCE[column], table, values)
        elif plain is not None and split_side(column)[1]:
            _put(plain, column, table, values)
    for name, values in _radians(table, coordinates).items():
        _put(found.coordinate, name, table, values)


def _put(kind: dict[str, _Signal], name: str, table: TimeTable, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values))) + 1
        remedy = "cut the recording or fill the gap"
        raise InputError(f"{table.source}: {name}", f"holds NaN in row {row}", remedy)
    signal = _Signal(table.time_s, np.asarray(values, float), str(table.source))
    other = kind.get(name)
    if other is None:
        kind[name] = signal
        return
    common = table.time_s[(table.time_s >= other.time_s[0]) & (table.time_s <= other.time_s[-1])]
    apart = np.abs(_at(signal, common) - _at(other, common)).max() if len(common) else np.inf
    if apart > SAME:
        problem = f"differs from the {name} of {Path(other.source).name} by up to {apart:.3g}"
        raise InputError(
            f"{table.source}: {name}", problem, "leave one of them, and one trial, in the folder"
        )


def _radians(table: TimeTable, coordinates: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Angles in radians, knee flexion positive."""
    degrees = _are_degrees(table, coordinates)
    turned = {
        name: np.deg2rad(values) if degrees and name in ANGLES else values
        for name, values in coordinates.items()
    }
    knees = [name for name in ("knee_angle_r", "knee_angle_l") if name in turned]
    bends = {name: 1.0 if turned[name].max() >= -turned[name].min() else -1.0 for name in knees}
    if len(set(bends.values())) > 1:
        remedy = "give both knees the same sign"
        raise InputError(f"{table.source}: knee_angle", "bends the other way on the left", remedy)
    return turned | {name: bends[name] * turned[name] for name in knees}


def _are_degrees(table: TimeTable, coordinates: dict[str, np.ndarray]) -> bool:
    """The unit of a table's angles: by the header, else by their size.

    No angle but ``pelvis_rotation``, which counts whole turns, passes 180°; so what passes pi is in degrees.
    Hip, knee or ankle within pi are in radians: a leg that moves so little in degrees stands still. A pelvis
    or trunk that stays within pi may be either.

    Raises:
        InputError: the header contradicts a joint angle, or neither tells.
    """
    reach = {
        name: float(np.abs(coordinates[name]).max())
        for name in ANGLES
        if name in coordinates and name != "pelvis_rotation" and np.isfinite(coordinates[name]).all()
    }
    if table.degrees is not None:
        joint = max((name for name in reach if name in JOINT_NAMES), key=reach.__getitem__, default=None)
        if not table.degrees and joint is not None and reach[joint] > np.pi:
            problem = f"says radians, but {joint} reaches {reach[joint]:.1f}"
            remedy = "write inDegrees=yes if the angles are degrees"
            raise InputError(f"{table.source}: inDegrees", problem, remedy)
        return table.degrees
    if max(reach.values(), default=0.0) > np.pi:
        return True
    if any(size > 0 for name, size in reach.items() if name.startswith(("hip_", "knee_", "ankle_"))):
        return False
    unclear = [name for name in ANGLES if name in coordinates and np.any(coordinates[name])]
    if unclear:
        problem = f"is not stated, and {', '.join(unclear)} may be degrees or radians by their size"
        remedy = "add the line inDegrees=yes (or inDegrees=no) to its header"
        raise InputError(f"{table.source}: inDegrees", problem, remedy)
    return False


def _keep_muscles(path: Path, found: _Found, columns: list[str]) -> None:
    """Drop actuators that are no muscles; refuse a trial without any muscle, or with signals that are none.

    A muscle is in the table of names, or has a side and an activation between 0 and 1.
    """
    own = {
        name
        for name, signal in found.activation.items()
        if split_side(name)[1]
        and "reserve" not in name
        and signal.values.min() >= -OUTSIDE
        and signal.values.max() <= 1 + OUTSIDE
    }
    listed = sorted({*found.excitation, *found.activation})
    for kind in (found.excitation, found.activation):
        for name in [name for name in kind if not is_known(name) and name not in own]:
            del kind[name]
    if not any(is_known(name) for name in (*found.excitation, *found.activation)):
        raise _no_muscles(path, listed, columns)
    if found.excitation and found.activation:
        both = found.excitation.keys() & found.activation.keys()
        if not both:
            problem = "its excitations and activations are of different muscles"
            raise InputError(path, problem, "give the files of one model")
        for kind in (found.excitation, found.activation):
            for name in kind.keys() - both:
                del kind[name]
    for kind, what in ((found.excitation, "excitation"), (found.activation, "activation")):
        for name, signal in kind.items():
            low, high = float(signal.values.min()), float(signal.values.max())
            if low < -OUTSIDE or high > 1 + OUTSIDE:
                problem = f"{what} goes from {low:.3g} to {high:.3g}"
                remedy = f"give {what} from 0 to 1, not forces or per cent"
                raise InputError(f"{signal.source}: {name}", problem, remedy)


def _no_muscles(path: Path, listed: list[str], columns: list[str]) -> InputError:
    for name in listed:
        stem, side = split_side(name)
        near = difflib.get_close_matches(stem, STANDS_FOR, n=1, cutoff=0.7)
        if near:
            suggestion = f"{near[0]}_{side}" if side else f"{near[0]}_r or {near[0]}_l"
            return InputError(path, f"unknown muscle {name!r}", f"did you mean {suggestion}?")
    shown = ", ".join(columns[:6]) + (" …" if len(columns) > 6 else "")
    remedy = (
        "add the file with excitations or activations (soleus_r.excitation, /forceset/soleus_r/activation)"
    )
    return InputError(path, f"holds no signal of a muscle that is known (columns {shown})", remedy)


def _grid(path: Path, found: _Found) -> tuple[float, float, int]:
    """Start [s], step [s] and number of steps of what all signals have in common."""
    signals = [signal for kind in found.kinds() for signal in kind.values()]
    spans = {signal.source: (signal.time_s[0], signal.time_s[-1]) for signal in signals}
    start = max(first for first, _ in spans.values())
    end = min(last for _, last in spans.values())
    muscles = [*found.excitation.values(), *found.activation.values()]
    step = max(FINEST_S, min(_step(signal.time_s) for signal in muscles))
    steps = int((end - start) / step + 1e-6)
    if steps > MOST_STEPS:
        problem = f"its clock runs from {start:g} to {end:g} s in steps of {step:g} s"
        raise InputError(path, problem, "give time in seconds, without a wrong value at either end")
    if steps < 2:
        told = ", ".join(f"{Path(name).name} {a:.2f} to {b:.2f} s" for name, (a, b) in spans.items())
        problem = f"its files have no time in common ({told})"
        raise InputError(path, problem, "give the files of one trial, on one clock")
    return start, step, steps


def _step(time_s: np.ndarray) -> float:
    """Median step [s]; of an even clock the mean, which the digits of printed times hardly move."""
    steps = np.diff(time_s)
    median, mean = float(np.median(steps)), float(steps.mean())
    return mean if abs(mean - median) < 1e-3 * median else median


def _at(signal: _Signal, time_s: np.ndarray) -> np.ndarray:
    """Values (N,) at given times."""
    return np.interp(time_s, signal.time_s, signal.values)


def _mean_over(signal: _Signal, edges_s: np.ndarray) -> np.ndarray:
    """Mean (N - 1,) of the piecewise linear signal between neighbouring edges: exact."""
    time = np.union1d(signal.time_s, edges_s)
    values = np.interp(time, signal.time_s, signal.values)
    area = np.concatenate([[0.0], np.cumsum(np.diff(time) * (values[1:] + values[:-1]) / 2)])
    return np.diff(np.interp(edges_s, time, area)) / np.diff(edges_s)


def _muscles(
    kind: dict[str, _Signal], names: dict[str, str], sample: Callable[[_Signal], np.ndarray]
) -> np.ndarray | None:
    """(T, M) in the order of ``names``; None where there is nothing of the kind."""
    if not kind:
        return None
    return np.stack([np.clip(sample(kind[theirs]), 0.0, 1.0) for theirs in names.values()], axis=1)


def _pelvis_turn(angles: dict[str, np.ndarray], steps: int) -> Rotation | None:
    """Pelvis axes to world; a planar model has tilt alone."""
    if not any(name in angles for name in PELVIS_TURNS):
        return None
    turns = np.stack([angles.get(name, np.zeros(steps)) for name in PELVIS_TURNS], axis=1)
    return Rotation.from_matrix(OPENSIM_WORLD) * Rotation.from_euler("ZXY", turns)


def _keypoints(
    angles: dict[str, np.ndarray], turn: Rotation | None, steps: int
) -> dict[str, np.ndarray] | None:
    """Pelvis (T, 3) and, where hip and knee are known, ankles [m]."""
    if "pelvis_tx" not in angles:
        return None
    zero = np.zeros(steps)
    path = np.stack([angles.get(name, zero) for name in PELVIS_PATH], axis=1) @ OPENSIM_WORLD.T
    keypoints = {"pelvis": path}
    for side in ("l", "r") if turn is not None else ():
        hip, knee = angles.get(f"hip_flexion_{side}"), angles.get(f"knee_angle_{side}")
        if hip is not None and knee is not None and turn is not None:
            thigh = np.stack([np.sin(hip), -np.cos(hip), zero], axis=1)
            shank = np.stack([np.sin(hip - knee), -np.cos(hip - knee), zero], axis=1)
            keypoints[f"{side}_ankle"] = path + turn.apply(THIGH_M * thigh + SHANK_M * shank)
    return keypoints


def _forces(found: _Found, time_s: np.ndarray) -> tuple[np.ndarray | None, float | None, str]:
    """Vertical force (T, 2) under FEET [N], the mass [kg] that goes with it, and how that was had.

    SCONE's ratio of newtons to body weights gives the mass; else the mean total force while there is any,
    which is off by some per cent, as is then the threshold of a heel strike: by less than a millisecond.
    """
    newtons, parts = (
        {foot: kind[foot] for foot in FEET} if set(FEET) <= set(kind) else {}
        for kind in (found.force, found.force_norm)
    )

    def under_feet(kind: dict[str, _Signal]) -> np.ndarray:
        return np.stack([_at(kind[foot], time_s) for foot in FEET], axis=1)

    if not any(signal.values.max() > 0 for signal in (*newtons.values(), *parts.values())):
        return None, None, ""
    if newtons and max(float(signal.values.max()) for signal in newtons.values()) < BODY_WEIGHTS_AT_MOST:
        newtons, parts = {}, parts or newtons  # SCONE's older files: body weights, by the name of newtons
    if not newtons:
        return MEAN_MASS_KG * GRAVITY_M_S2 * under_feet(parts), MEAN_MASS_KG, STAND_IN
    force = under_feet(newtons)
    total = force.sum(axis=1)
    if parts and (weights := under_feet(parts).sum()) > 0:
        return force, float(total.sum() / weights) / GRAVITY_M_S2, "force in newtons over body weights"
    weight = float(total[total > LOADED_BODY_WEIGHTS * total.max()].mean()) if total.max() > 0 else 0.0
    return force, weight / GRAVITY_M_S2, "mean total force, while there is any"
