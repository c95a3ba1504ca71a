"""Which results can be compared, and on which figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.comparison import OF_CLIPS
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.evaluation.scored_folder import Clips, Scored

SAME_PEOPLE = 1e-3
"""Curves of people are the same if they differ by less than this part of their largest value: tables and
single people are rounded differently."""

REMEDY = "score all of them with the same options (--protocol, --motions, --split, --body, --human, --quick)"


def refuse_unlike(first: Scored, other: Scored) -> None:
    """Refuse two results that cannot be compared.

    Motions and body may differ where one of them followed no reference.

    Raises:
        InputError: protocol, people or condition differ, or motions or body, or one is no full score; the
            message names all that differs, with both sides.
    """
    a, b = first.result, other.result
    sides = {
        "protocol": (a.protocol, b.protocol),
        "quick": (f"{a.quick} ({a.motions.clips} clips)", f"{b.quick} ({b.motions.clips} clips)")
        if a.quick != b.quick
        else ("", ""),
        "diagnostic": (a.diagnostic or "none", b.diagnostic or "none"),
        "human condition": (a.emg.human_condition, b.emg.human_condition),
        "people": unlike_people(a, b),
    }
    if first.clips is not None and other.clips is not None:
        sides |= {
            "body": (_hashed(a.body.name, a.body.model_sha256), _hashed(b.body.name, b.body.model_sha256)),
            "motions": (
                _hashed(a.motions.id, a.motions.sources_sha256),
                _hashed(b.motions.id, b.motions.sources_sha256),
            ),
            "split": (a.motions.split or "unknown", b.motions.split or "unknown"),
            "clips": unlike_clips(first.clips, other.clips),
        }
    unlike = [f"{what}: {one} against {two}" for what, (one, two) in sides.items() if one != two]
    if unlike:
        problem = f"cannot be compared with {first.folder}, as these differ (first against this one): "
        raise InputError(other.folder, problem + "; ".join(unlike), REMEDY)


def _hashed(name: str, sha256: str) -> str:
    return f"{name or 'unknown'} ({sha256[:12] or 'no hash'})"


def unlike_people(a: Result, b: Result) -> tuple[str, str]:
    """Both sides where the EMG is of other people (number, names, mean curves), else two empty strings."""
    names = [list(result.emg.by_person or ()) for result in (a, b)]
    both = [name for name in a.curves.muscles if name in b.curves.muscles]
    means = [[result.curves.muscles[name].human_mean for name in both] for result in (a, b)]
    same_curves = all(_alike(one, two) for one, two in zip(*means, strict=True))
    same_names = not all(names) or names[0] == names[1]
    if a.emg.human_people == b.emg.human_people and same_names and same_curves:
        return "", ""
    one, two = (
        f"{result.emg.human_people}, {result.emg.human_source}" + (f" ({', '.join(own)})" if own else "")
        for result, own in zip((a, b), names, strict=True)
    )
    return one, f"{two}, with other curves" if one == two else two


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    return bool(np.allclose(one, other, rtol=0.0, atol=SAME_PEOPLE * float(np.max(np.abs(one)))))


def unlike_clips(a: Clips, b: Clips) -> tuple[str, str]:
    """Both sides where the clips or their lengths differ, else two empty strings."""
    lengths = [
        dict(zip(clips.keys, clips.frames[:, 0].astype(int).tolist(), strict=True)) for clips in (a, b)
    ]
    if lengths[0] == lengths[1]:
        return "", ""
    example = next(key for key in sorted({*a.keys, *b.keys}) if lengths[0].get(key) != lengths[1].get(key))
    one, two = (
        f"{len(side)} clips, {example} {f'of {side[example]} frames' if example in side else 'absent'}"
        for side in lengths
    )
    return one, two


def why_left_out(figure: str, first: Scored, other: Scored, name_a: str, name_b: str) -> str:
    """Why a figure that both may have is still not compared; "" if it is.

    Args:
        figure: one of FIGURES.
        first, other: that ``refuse_unlike`` lets pass.
        name_a, name_b: how they are called.
    """
    a, b = first.result, other.result
    if figure in OF_CLIPS:
        for scored, name in ((first, name_a), (other, name_b)):
            if scored.clips is None:
                return f"{name} followed no reference: its motions, and so its clips, are its own"
    elif figure == "mpjae_deg":
        both = [joint for joint in a.joint_angles.per_joint if joint in b.joint_angles.per_joint]
        of_people = [[result.curves.joints[joint].human_mean_deg for joint in both] for result in (a, b)]
        same_people = all(_alike(one, two) for one, two in zip(*of_people, strict=True))
        if not same_people or set(a.joint_angles.per_joint) != set(b.joint_angles.per_joint):
            sides = (f"{one.human_source}, {one.human_condition}" for one in (a.joint_angles, b.joint_angles))
            return "other joints, or other people: {} against {}".format(*sides)
    elif set(a.emg.per_muscle) != set(b.emg.per_muscle):
        lacking = [
            f"{name} lacks {', '.join(m for m in mine if m not in its)}"
            for name, its, mine in (
                (name_a, a.emg.per_muscle, b.emg.per_muscle),
                (name_b, b.emg.per_muscle, a.emg.per_muscle),
            )
            if set(mine) - set(its)
        ]
        return f"not of the same muscles: {'; '.join(lacking)}"
    return ""
