"""Motions that text-to-motion models write: joint positions or SMPL axis-angles, and the prompt.

What is read:

- ``.npy``: one array, or a dictionary saved by ``numpy.save`` such as MDM's ``results.npy``: ``motion``
  (n, 22, 3, T), ``text``, ``lengths``, ``num_samples``, ``num_repetitions``, as its ``sample/generate.py``
  writes them (github.com/GuyTevet/motion-diffusion-model, d4fd88c), repetition by repetition; frames behind
  a motion's length are padding and left out;
- ``.npz``: arrays by name;
- ``.pkl``: KINESIS's motion dictionaries, through ``restricted_pickle``.

An array is (T, 22 or 24, 3), or (T, 66 or 72), or a batch (B, T, 22 or 24, 3), or MDM's (B, 22 or 24, 3, T),
in SMPL's joint order; the two hands of 24 are left out. In a dictionary or archive it goes by one of
MOTION_NAMES.

Positions and axis-angles have the same shapes. They are told apart by the bones: distances between a joint
and its parent, if they are positions, hardly change in time and are proportioned like the mean skeleton's
bones. Positions are fitted to the mean skeleton (``position_fit``) and scaled by leg length.

Models of the HumanML3D family work at 20 frames per second with y up (Guo et al., CVPR 2022); the rate is
taken from the file where it states one, and the upward axis from the direction from ankles to head.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.archives import read_zip
from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file, sha256_of_file
from kinesis_bench.motions import restricted_pickle
from kinesis_bench.motions.clip import Recording
from kinesis_bench.motions.joint_angles.root import root_path
from kinesis_bench.motions.position_fit import rotations_from_positions
from kinesis_bench.motions.skeleton import BODY_JOINTS, FACING_X, mean_skeleton

SUFFIXES = (".npy", ".npz", ".pkl")
FPS = 20.0
"""Frames per second of HumanML3D and of the models trained on it [Hz]."""

SHORTEST_S = 1.0
"""Motions shorter than this are refused [s]; T frames at f Hz last T/f."""

MOTION_NAMES = ("pose_aa", "poses", "thetas", "motion", "joints", "positions", "xyz")
TRANSLATION_NAMES = ("root_trans_offset", "trans", "transl", "root_translation")
FPS_NAMES = ("fps", "mocap_framerate", "mocap_frame_rate")
TEXT_NAMES = ("text", "texts", "prompt", "caption", "captions")
"""Names that are known in dictionaries and archives, the first that is there is taken."""

JOINT_COUNTS = (22, 24)
BONES_CHANGE_AT_MOST = 0.15
BONES_DIFFER_AT_MOST = 0.3
"""Positions: the median bone varies less in time, and differs less from the mean skeleton's, as a share."""

SIZE_RANGE = (0.5, 2.0)
"""Body size over the mean skeleton's that positions in metres can have."""


@dataclass(frozen=True)
class _Motion:
    """One motion as the file holds it: (T, 22, 3) values, their rate, words, and the root's path if any."""

    where: str
    values: np.ndarray
    fps: float
    texts: tuple[str, ...]
    translation: np.ndarray | None


def read_text_to_motion(path: str | Path, refused: dict[str, str] | None = None) -> list[Recording]:
    """Read every motion of a file.

    A prompt is kept as text: the one in the file, else the lines of a text file of the same name
    (``walk.npy``, ``walk.txt``), of which each motion has its own where there are as many.

    Args:
        path: the file.
        refused: takes the key and the reason of each motion that cannot be used, where others can.

    Returns:
        one recording a motion; keys are the file's name, with a number where there are several.

    Raises:
        InputError: the file cannot be read, or holds no motion that is known; or one that is not finite, too
            short, not in metres or not upright, and ``refused`` is None or no motion is left.
    """
    source = Path(path)
    if source.suffix.lower() not in SUFFIXES:
        raise InputError(
            source, f"unknown kind of file {source.suffix!r}", f"give one of {', '.join(SUFFIXES)}"
        )
    require_file(source)
    motions = _motions(str(source), _content(source))
    words = _beside(source.with_suffix(".txt"), len(motions))
    digest = sha256_of_file(source)
    recordings, errors = [], {}
    for place, motion in enumerate(motions):
        key = f"{source.stem}_{place}" if len(motions) > 1 else source.stem
        try:
            recordings.append(_recording(motion, key, words[place], digest))
        except InputError as error:
            errors[key] = error
    if errors and (refused is None or not recordings):
        raise next(iter(errors.values()))
    if refused is not None:
        refused |= {key: str(error) for key, error in errors.items()}
    return recordings


def _beside(file: Path, count: int) -> list[tuple[str, ...]]:
    """The texts of each of ``count`` motions in a text file, if there is one."""
    if not file.is_file():
        return [()] * count
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(file, "is no text in UTF-8", "save the prompts in UTF-8, or move it away") from error
    return _shared([(line,) for line in lines if line], count)


def _content(source: Path) -> Any:
    suffix = source.suffix.lower()
    if suffix == ".npz":
        return {
            name.removesuffix(".npy"): restricted_pickle.load_npy(io.BytesIO(data), f"{source}: {name}")
            for name, data in read_zip(source, lambda _: True, "copy the file again").items()
        }
    with source.open("rb") as file:
        return (
            restricted_pickle.load_npy(file, source)
            if suffix == ".npy"
            else restricted_pickle.load(file, source)
        )


def _motions(where: str, content: Any) -> list[_Motion]:
    if isinstance(content, np.ndarray):
        arrays = _arrays(where, content)
        return [
            _Motion(_named(where, place, len(arrays)), values, FPS, (), None)
            for place, values in enumerate(arrays)
        ]
    if not isinstance(content, dict) or not content:
        raise InputError(
            where, f"holds a {type(content).__name__}, no motion", "give joint positions or rotations"
        )
    if all(isinstance(entry, dict) for entry in content.values()):
        return [motion for key, entry in content.items() for motion in _motions(f"{where}: {key}", entry)]
    name = next((name for name in MOTION_NAMES if name in content), None)
    if name is None:
        raise InputError(
            where,
            f"holds {', '.join(map(str, content))} but none of {', '.join(MOTION_NAMES)}",
            "name the joint positions 'joints' or the axis-angles 'poses'",
        )
    arrays = _arrays(f"{where}: {name}", np.asarray(content[name]))
    if "lengths" in content:
        arrays = _cut(f"{where}: lengths", arrays, content["lengths"])
    texts = _texts(content, len(arrays))
    translation = _first(content, TRANSLATION_NAMES)
    if translation is not None:
        translation = np.array(translation, float)
        if len(arrays) != 1 or translation.shape != (len(arrays[0]), 3):
            raise InputError(
                f"{where}: translation",
                f"has shape {translation.shape} for {len(arrays)} motions of {len(arrays[0])} frames",
                "give (T, 3)",
            )
    rate = _first(content, FPS_NAMES)
    fps = FPS if rate is None else float(np.ravel(rate)[0])
    if not (np.isfinite(fps) and fps > 0):
        raise InputError(f"{where}: fps", f"is {fps:g}", "give the frames per second")
    return [
        _Motion(_named(where, place, len(arrays)), values, fps, words, translation)
        for place, (values, words) in enumerate(zip(arrays, texts, strict=True))
    ]


def _named(where: str, place: int, count: int) -> str:
    return f"{where}: motion {place}" if count > 1 else where


def _cut(where: str, arrays: list[np.ndarray], lengths: Any) -> list[np.ndarray]:
    """Each motion's own frames, the padding behind them left out."""
    counts = np.ravel(np.asarray(lengths))
    if len(counts) != len(arrays):
        raise InputError(where, f"holds {len(counts)} for {len(arrays)} motions", "repair it")
    frames = len(arrays[0])
    if counts.dtype.kind not in "iu" or not ((counts >= 0) & (counts <= frames)).all():
        raise InputError(where, f"is not of whole frames from 0 to {frames}", "repair it")
    return [values[:count] for values, count in zip(arrays, counts, strict=True)]


def _first(content: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((content[name] for name in names if name in content), None)


def _texts(content: dict[str, Any], count: int) -> list[tuple[str, ...]]:
    """The texts of each of ``count`` motions."""
    found = _first(content, TEXT_NAMES)
    if found is None:
        return [()] * count
    entries = (
        [found]
        if isinstance(found, str)
        else list(np.ravel(found))
        if isinstance(found, np.ndarray)
        else list(found)
    )
    texts = [tuple(map(str, entry)) if isinstance(entry, list) else (str(entry),) for entry in entries]
    return _shared(texts, count)


def _shared(texts: list[tuple[str, ...]], count: int) -> list[tuple[str, ...]]:
    """One entry for each of ``count`` motions where there are as many, else all for every one."""
    if len(texts) == count:
        return texts
    return [tuple(text for entry in texts for text in entry)] * count


def _arrays(where: str, array: np.ndarray) -> list[np.ndarray]:
    """The motions (T, 22, 3) of an array, a batch of several or a single one."""
    shape = array.shape
    if array.dtype.kind not in "fiu":
        raise InputError(where, f"holds {array.dtype}, no numbers", "give joint positions or rotations")
    if array.ndim == 4 and shape[1] in JOINT_COUNTS and shape[2] == 3 and shape[3] != 3:
        array = np.moveaxis(array, 3, 1)
    elif array.ndim == 3 and shape[1] == 3 and shape[0] in JOINT_COUNTS and shape[2] not in JOINT_COUNTS:
        array = np.moveaxis(array, 2, 0)
    elif array.ndim == 2 and shape[1] in (66, 72):
        array = array.reshape(len(array), -1, 3)
    if array.ndim == 3:
        array = array[None]
    if array.ndim != 4 or array.shape[2] not in JOINT_COUNTS or array.shape[3] != 3:
        remedy = "give (T, 22, 3) or (T, 24, 3)"
        if shape[-1:] == (263,):
            remedy = "these are HumanML3D features: recover the joint positions (T, 22, 3) first"
        elif shape[-1:] in ((156,), (165,)):
            remedy = "this is AMASS data: give its folder with --amass"
        raise InputError(where, f"has shape {shape}", remedy)
    if not len(array):
        raise InputError(where, f"has shape {shape}, no motion", "give at least one")
    return [np.array(motion[:, :BODY_JOINTS], float) for motion in array]


def _recording(motion: _Motion, key: str, words: tuple[str, ...], digest: str) -> Recording:
    values, where = motion.values, motion.where
    if len(values) / motion.fps < SHORTEST_S - 1e-6:
        raise InputError(
            where, f"lasts {len(values) / motion.fps:.2f} s", f"give at least {SHORTEST_S:.0f} s"
        )
    for name, array in (("the motion", values), ("the translation", motion.translation)):
        if array is not None and not np.isfinite(array).all():
            raise InputError(where, f"{name} holds NaN or infinity", "leave the file out or repair it")
    _, length = _bones(values)
    if not length.any():
        raise InputError(
            where, "is no body: all bone lengths are zero", "give joint positions in metres or axis-angles"
        )
    if is_positions(values):
        what = "joint positions"
        rotations, position = _from_positions(where, values, motion.fps)
    else:
        what = "axis-angles"
        rotations, position = _from_rotations(where, values, motion.translation, motion.fps)
    return Recording(
        key=key,
        fps=motion.fps,
        rotations=rotations,
        pelvis_position=position,
        source=f"text-to-motion, {what}, {Path(where.split(': ')[0]).name}",
        source_sha256=digest,
        texts=motion.texts or words,
    )


def is_positions(values: np.ndarray) -> bool:
    """Whether (T, 22, 3) values are joint positions, in any unit, rather than axis-angles.

    Positions keep their bone lengths (the median bone's coefficient of variation is below
    BONES_CHANGE_AT_MOST) and have the mean skeleton's proportions (after scaling by the median ratio, the
    median bone differs by less than BONES_DIFFER_AT_MOST).
    """
    rest, length = _bones(values)
    mean = length.mean(axis=0)
    if not (mean > 0).all():
        return False
    ratio = mean / rest
    change, differ = np.median(length.std(axis=0) / mean), np.median(np.abs(ratio / np.median(ratio) - 1.0))
    return bool(change < BONES_CHANGE_AT_MOST and differ < BONES_DIFFER_AT_MOST)


def _bones(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bone lengths: (21,) of the mean skeleton [m], and (T, 21) of (T, 22, 3) positions, in their unit."""
    skeleton = mean_skeleton()
    child, parent = np.arange(1, BODY_JOINTS), skeleton.parents[1:]
    rest = np.linalg.norm(skeleton.rest[child] - skeleton.rest[parent], axis=1)
    return rest, np.linalg.norm(values[:, child] - values[:, parent], axis=2)


def _from_positions(where: str, values: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    positions = values @ _to_z_up(where, values).T
    size = _leg_length(positions) / _leg_length(mean_skeleton().rest[None])
    if not SIZE_RANGE[0] < size < SIZE_RANGE[1]:
        raise InputError(
            where, f"has legs {size:.3g} times as long as a person's", "give positions in metres"
        )
    return rotations_from_positions(positions, fps), positions[:, 0] / size


def _from_rotations(
    where: str, values: np.ndarray, translation: np.ndarray | None, fps: float
) -> tuple[np.ndarray, np.ndarray]:
    if np.linalg.norm(values, axis=2).max() > 2 * np.pi + 1e-3:
        raise InputError(
            where, "holds neither joint positions nor axis-angles", "give positions in metres or radians"
        )
    skeleton = mean_skeleton()
    posed, _ = skeleton.forward_kinematics(
        Rotation.from_rotvec(values.reshape(-1, 3)), np.zeros((len(values), 3))
    )
    turn = _to_z_up(where, posed)
    rotations = values.copy()
    rotations[:, 0] = (Rotation.from_matrix(turn) * Rotation.from_rotvec(values[:, 0])).as_rotvec()
    if translation is not None:
        return rotations, translation @ turn.T
    return rotations, root_path(rotations, {}, {}, fps).pelvis_position


def _leg_length(positions: np.ndarray) -> float:
    """Thigh and shank, mean over time and sides [m]."""
    skeleton = mean_skeleton()
    bones = (("Hip", "Knee"), ("Knee", "Ankle"))
    lengths = [
        np.linalg.norm(
            positions[:, skeleton.index(side + far)] - positions[:, skeleton.index(side + near)], axis=1
        ).mean()
        for side in ("L_", "R_")
        for near, far in bones
    ]
    return float(np.sum(lengths) / 2)


def _to_z_up(where: str, positions: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) to the world's axes from axes in which ankles-to-head points along y or z."""
    skeleton = mean_skeleton()
    ankles = positions[:, [skeleton.index("L_Ankle"), skeleton.index("R_Ankle")]].mean(axis=1)
    direction = (positions[:, skeleton.index("Head")] - ankles).mean(axis=0)
    up = direction / np.linalg.norm(direction)
    if up[2] > 0.8:
        return np.eye(3)
    if up[1] > 0.8:
        return FACING_X
    raise InputError(
        where,
        f"is upright along neither y nor z (ankles to head: {np.round(up, 2).tolist()})",
        "give an upright motion with y or z up",
    )
