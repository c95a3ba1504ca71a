"""The compact record of a submission, ``record.npz``: all that its figures follow from, in little.

Of what was simulated it holds the applied actions as whole steps of 1/255, which is exact by the protocol,
and the body's state once a second and at the end, in double precision: the reference policy, restarted from
single precision, is off by up to 0.66 rad after a second (direct control is an open loop, and errors grow 1e3
to 1e7 times), from double precision by up to 5e-4. A second of simulated time takes 3.6 kB for 80 muscles and
12 kB for 290, and packs to about 85 % of that.

Of what was not simulated it holds the arrays that figures are computed from: excitation and activation as
multiples of 1/65535 of each muscle's range, an error of at most 1/131070 of it, the others in single
precision.

It holds all runs, or the first alone. An archive of plain arrays; text is in ``about``, the bytes of a JSON
object. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kinesis_bench.archives import json_object, numbers, read_npz, unreadable
from kinesis_bench.bodies.contract import TOUCH_SENSORS
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.typed_json import from_json, to_json
from kinesis_bench.files import require_file, whole_file
from kinesis_bench.motions.clip import FPS
from kinesis_bench.rollouts.schema import FEET, ClipRollout, Rollouts
from kinesis_bench.tasks.control import ACTION_STEPS, CONTROLS

SCHEMA = "kinesis-bench-record-1"

PERIOD = round(FPS)
"""Control steps between two recorded states: a second."""

Kind = Literal["simulated", "recorded"]
"""Whether a record holds actions and states, or the arrays that figures are computed from."""

MOST_UNPACKED = 64 << 20
"""Bytes of arrays above which an archive is not unpacked [B]; 8 MiB of actions and states unpack to less."""

LEVELS = 65535
"""Steps of a muscle's range in which excitation and activation are kept."""

LEAST_STEP_S = 1e-4
"""Control steps are no shorter than this [s]; those of recordings are 1 ms and more."""

_STATE = ("qpos", "qvel", "activation")
_SIGNALS = ("excitation", "activation")
_ANY = -1
_FIGURES = {
    "excitation": (_ANY,),
    "activation": (_ANY,),
    "keypoint_position": (_ANY, 3),
    "reference_keypoint_position": (_ANY, 3),
    "pelvis_quaternion": (4,),
    "joint_angle": (_ANY,),
    "ik_error_m": (),
    "ground_force": (len(FEET),),
    "foot_contact": (len(FEET),),
    "touch": (_ANY, len(TOUCH_SENSORS)),
}
"""Arrays that figures are computed from, and their shapes after the steps."""
_REMEDY = "submit the result anew with this version"


@dataclass(frozen=True)
class RecordedClip:
    """What a record says of a run of a clip; meanings as in ``ClipRollout``, ``steps`` are its T."""

    key: str
    run: int
    skill: str
    frames: int
    steps: int
    dt_s: float
    failure: str


@dataclass(frozen=True)
class About:
    """What a record says of all its clips.

    Attributes:
        schema: SCHEMA.
        kind: ``simulated``: actions and states; ``recorded``: the arrays of figures.
        control: law under which the actions acted, of CONTROLS; as the recording says where it is
            ``recorded``.
        body, model_sha256: as in ``Rollouts``.
        body_mass_kg, leg_length_m, muscle_names, muscle_force_n, joint_names, keypoint_names, attributes: as
            there too; left empty where it is ``simulated``, for the body says so.
        clips: one entry a clip and run.
    """

    schema: str
    kind: Kind
    control: str
    body: str
    model_sha256: str
    body_mass_kg: float | None
    leg_length_m: float | None
    muscle_names: tuple[str, ...]
    muscle_force_n: tuple[float, ...]
    joint_names: tuple[str, ...]
    keypoint_names: tuple[str, ...]
    attributes: dict[str, str]
    clips: tuple[RecordedClip, ...]


@dataclass(frozen=True)
class Simulated:
    """Actions and states of C runs of clips.

    Attributes:
        about: of kind ``simulated``.
        action: of each clip, (T, A) in [-1, 1].
        state: of each clip, name to (S, …): qpos, qvel and activation at steps 0, 30, 60 … and T.
    """

    about: About
    action: tuple[np.ndarray, ...]
    state: tuple[dict[str, np.ndarray], ...]


@dataclass(frozen=True)
class Recorded:
    """A recording that nothing is simulated from."""

    about: About
    rollouts: Rollouts


def state_steps(steps: int) -> np.ndarray:
    """Steps (S,) after which a state of a clip of so many is recorded: each second, and the last."""
    return np.unique(np.append(np.arange(0, steps, PERIOD), steps))


def compact(rollouts: Rollouts, runs: int) -> Simulated | Recorded:
    """The compact record of a recording's first runs.

    Args:
        rollouts: the recording.
        runs: how many are kept.

    Raises:
        InputError: its states are not in double precision, or its actions not the protocol's.
    """
    clips = tuple(clip for clip in rollouts.clips if clip.run < runs)
    about = _about(rollouts, clips)
    if about.kind == "recorded":
        return Recorded(about, replace(rollouts, clips=clips))
    return Simulated(
        about,
        tuple(_exact_action(clip) for clip in clips),
        tuple({name: _states(clip, name) for name in _STATE} for clip in clips),
    )


def write_record(path: Path, record: Simulated | Recorded) -> None:
    """Write ``record.npz``, whole or not at all; the same record gives the same bytes."""
    arrays = _simulated_arrays(record) if isinstance(record, Simulated) else _recorded_arrays(record)
    about = json.dumps(to_json(record.about), ensure_ascii=False, allow_nan=False)
    arrays["about"] = np.frombuffer(about.encode(), np.uint8)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_record(path: Path) -> Simulated | Recorded:
    """Read ``record.npz``; that it holds what really happened is not checked here.

    Raises:
        InputError: it is missing, no such archive, too large, or its parts do not fit each other.
    """
    _refuse_bomb(path)
    arrays = read_npz(path, lambda name: True, _REMEDY)
    if "about" not in arrays or arrays["about"].dtype != np.uint8 or arrays["about"].ndim != 1:
        raise InputError(path, "holds no text named about", _REMEDY)
    content = json_object(f"{path}: about", arrays.pop("about").tobytes(), _REMEDY)
    if content.get("schema") != SCHEMA:
        problem = f"is {content.get('schema')!r}, this version reads {SCHEMA!r}"
        raise InputError(f"{path}: schema", problem, _REMEDY)
    try:
        about = from_json(About, content)
        to_json(about)  # refuses numbers that are not finite
    except ValueError as error:
        raise InputError(f"{path}: about", str(error), _REMEDY) from error
    _check_clips(path, about)
    for name, values in arrays.items():
        if values.dtype.kind != "b":
            numbers(f"{path}: {name}", values, _REMEDY)
    reader = _read_simulated if about.kind == "simulated" else _read_recorded
    return reader(path, about, arrays)


def is_simulated(rollouts: Rollouts) -> bool:
    """Whether a recording can be simulated again: one of ours, on one of our bodies, after known motions."""
    clip = rollouts.clips[0]
    has_all = all(
        getattr(clip, name) is not None for name in ("action", *_STATE, *(f"start_{name}" for name in _STATE))
    )
    told = {"provenance", "task"} & set(rollouts.attributes or {})
    return bool(told) and has_all and bool(rollouts.model_sha256) and clip.control in CONTROLS


def _about(rollouts: Rollouts, clips: Sequence[ClipRollout]) -> About:
    simulated = is_simulated(rollouts)
    told = (
        Rollouts((), rollouts.body, rollouts.model_sha256) if simulated else rollouts
    )  # the body says the rest
    kept = {field.name: getattr(told, field.name) for field in fields(Rollouts)}
    attributes = dict(kept.pop("attributes") or {})
    attributes.pop("provenance", None)  # the result says the same
    rows = [
        RecordedClip(clip.key, clip.run, clip.skill, clip.frames, _steps(clip), clip.dt_s, clip.failure)
        for clip in clips
    ]
    return About(
        schema=SCHEMA,
        kind="simulated" if simulated else "recorded",
        control=clips[0].control,
        **kept | {"attributes": attributes, "clips": tuple(rows)},
    )


def _steps(clip: ClipRollout) -> int:
    return next(len(values) for name in _FIGURES if (values := getattr(clip, name)) is not None)


def _exact_action(clip: ClipRollout) -> np.ndarray:
    action = np.asarray(clip.action)
    if not np.array_equal(_action(_action_steps(action)), action):
        problem = f"the actions of {clip.key} are not whole steps of 1/{ACTION_STEPS}, as the protocol has it"
        raise InputError("rollouts", problem, "score the policy anew with this version")
    return action


def _action_steps(action: np.ndarray) -> np.ndarray:
    return np.rint((action + 1) * (ACTION_STEPS / 2)).astype(np.uint8)


def _action(steps: np.ndarray) -> np.ndarray:
    return np.asarray(steps * (2 / ACTION_STEPS) - 1)


def _states(clip: ClipRollout, name: str) -> np.ndarray:
    values = np.asarray(getattr(clip, name))
    if values.dtype != np.float64:
        problem = f"{name} is in single precision, too coarse to take the simulation up again"
        raise InputError("rollouts", problem, "score the policy anew with this version")
    every = np.concatenate([np.asarray(getattr(clip, f"start_{name}"), float)[None], values])
    return every[state_steps(len(values))]


def _simulated_arrays(record: Simulated) -> dict[str, np.ndarray]:
    states = {name: np.concatenate([state[name] for state in record.state]) for name in _STATE}
    return {"action": _action_steps(np.concatenate(record.action)), **states}


def _recorded_arrays(record: Recorded) -> dict[str, np.ndarray]:
    clips, arrays = record.rollouts.clips, dict[str, np.ndarray]()
    for name in _FIGURES:
        if getattr(clips[0], name) is None:
            continue
        values = np.concatenate([np.asarray(getattr(clip, name)) for clip in clips])
        if name in _SIGNALS:
            low, range_ = _range(values)
            scaled = (values - low) / np.where(range_ > 0, range_, 1.0)
            arrays[name] = np.rint(scaled * LEVELS).astype(np.uint16)
            arrays[f"{name}_low"], arrays[f"{name}_range"] = low, range_
        else:
            arrays[name] = values if values.dtype.kind == "b" else values.astype(np.float32)
    return arrays


def _range(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least value and range (M,) of each muscle."""
    wide = values.astype(np.float64)
    low = wide.min(axis=0)
    return low, wide.max(axis=0) - low


def _refuse_bomb(path: Path) -> None:
    """Refuse an archive whose members say that they unpack to more than they may; more is never unpacked."""
    require_file(path, _REMEDY)
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except Exception as error:  # zipfile raises many kinds on a damaged directory
        raise unreadable(str(path), error, _REMEDY) from error
    if total > MOST_UNPACKED:
        raise InputError(path, f"unpacks to {total >> 20} MiB, more than {MOST_UNPACKED >> 20}", _REMEDY)


def _check_clips(path: Path, about: About) -> None:
    if not about.clips:
        raise InputError(f"{path}: clips", "there are none", _REMEDY)
    for clip in about.clips:
        if not 1 <= clip.steps <= clip.frames or not LEAST_STEP_S <= clip.dt_s < 1:
            problem = f"{clip.key} has {clip.steps} of {clip.frames} steps of {clip.dt_s:g} s"
            raise InputError(f"{path}: clips", problem, _REMEDY)


def _read_simulated(path: Path, about: About, arrays: dict[str, np.ndarray]) -> Simulated:
    steps = [clip.steps for clip in about.clips]
    states = [len(state_steps(count)) for count in steps]
    expected = {"action": (sum(steps), np.uint8), **dict.fromkeys(_STATE, (sum(states), np.float64))}
    _check_arrays(path, arrays, expected)
    actions = np.split(_action(arrays["action"]), np.cumsum(steps)[:-1])
    parts = {name: np.split(arrays[name], np.cumsum(states)[:-1]) for name in _STATE}
    each = tuple({name: parts[name][place] for name in _STATE} for place in range(len(steps)))
    return Simulated(about, tuple(actions), each)


def _read_recorded(path: Path, about: About, arrays: dict[str, np.ndarray]) -> Recorded:
    steps = [clip.steps for clip in about.clips]
    expected: dict[str, tuple[int | None, Any]] = {}
    for name in (name for name in _FIGURES if name in arrays):
        of_bool = arrays[name].dtype == np.bool_
        kind = np.uint16 if name in _SIGNALS else np.bool_ if of_bool else np.float32
        expected[name] = (sum(steps), kind)
        widths = arrays[name].shape[1:]
        shape = tuple(
            own if own != _ANY else width for own, width in zip(_FIGURES[name], widths, strict=False)
        )
        if widths != shape:
            raise InputError(f"{path}: {name}", f"has shape {arrays[name].shape}", _REMEDY)
        if name in _SIGNALS:
            width = len(about.muscle_names)
            expected |= {f"{name}_low": (width, np.float64), f"{name}_range": (width, np.float64)}
    _check_arrays(path, arrays, expected)
    _check_widths(path, about, arrays)
    values: dict[str, np.ndarray] = {}
    for name in (name for name in _FIGURES if name in arrays):
        values[name] = arrays[name]
        if name in _SIGNALS:
            with np.errstate(over="ignore"):
                share = arrays[name] / LEVELS * arrays[f"{name}_range"] + arrays[f"{name}_low"]
                values[name] = numbers(f"{path}: {name}", share.astype(np.float32), _REMEDY)
    parts = {name: np.split(array, np.cumsum(steps)[:-1]) for name, array in values.items()}
    clips = tuple(
        ClipRollout(
            key=clip.key,
            run=clip.run,
            skill=clip.skill,
            frames=clip.frames,
            dt_s=clip.dt_s,
            failure=clip.failure,
            control=about.control,
            bout=1,
            **{name: parts[name][place] for name in parts},
        )
        for place, clip in enumerate(about.clips)
    )
    shared = {field.name: getattr(about, field.name) for field in fields(Rollouts) if field.name != "clips"}
    return Recorded(about, Rollouts(clips=clips, **shared))


def _check_widths(path: Path, about: About, arrays: dict[str, np.ndarray]) -> None:
    """Refuse arrays that do not have a column for each name."""
    for names, those in (
        (about.muscle_names, _SIGNALS),
        (about.keypoint_names, ("keypoint_position", "reference_keypoint_position")),
        (about.joint_names, ("joint_angle",)),
    ):
        for name in those:
            if name in arrays and arrays[name].shape[1] != len(names):
                problem = f"has {arrays[name].shape[1]} columns, but {len(names)} names"
                raise InputError(f"{path}: {name}", problem, _REMEDY)
    if about.muscle_force_n and len(about.muscle_force_n) != len(about.muscle_names):
        raise InputError(f"{path}: muscle_force_n", "is not one a muscle", _REMEDY)
    if not all(force > 0 for force in about.muscle_force_n):
        raise InputError(f"{path}: muscle_force_n", "holds a force that is not above 0", _REMEDY)


def _check_arrays(path: Path, arrays: dict[str, np.ndarray], expected: dict[str, tuple[Any, Any]]) -> None:
    if set(arrays) != set(expected):
        problem = f"holds {', '.join(sorted(arrays))}, not {', '.join(sorted(expected))}"
        raise InputError(path, problem, _REMEDY)
    for name, (rows, kind) in expected.items():
        values = arrays[name]
        if values.ndim < 1 or len(values) != rows or values.dtype != kind:
            shape = f"{values.dtype} {values.shape}"
            raise InputError(f"{path}: {name}", f"is {shape}, not {np.dtype(kind)} of {rows} rows", _REMEDY)
