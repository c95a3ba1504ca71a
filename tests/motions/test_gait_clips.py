"""The built-in clips themselves: bounds, splits, form."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from kinesis_bench.files import content_dir
from kinesis_bench.motions.amass import read_amass
from kinesis_bench.motions.clip import SKILLS
from kinesis_bench.motions.gait.build import FPS, make, recording, splits, write_amass
from kinesis_bench.motions.gait.plan import TEST, TRAIN, Cell, clip_plans
from kinesis_bench.motions.gait.pose import Walked
from kinesis_bench.motions.gait.report import BEGIN, END, Quality, as_markdown, measure, write_card
from kinesis_bench.motions.pipeline import to_clip


@pytest.fixture(scope="module")
def walks() -> list[Walked]:
    return [make(plan) for plan in clip_plans()]


@pytest.fixture(scope="module")
def measured(walks: list[Walked]) -> list[Quality]:
    return [measure(plan, walked) for plan, walked in zip(clip_plans(), walks, strict=True)]


def test_more_people_make_each_training_clip_and_leave_all_else_as_it_is():
    one, three = clip_plans(), clip_plans(3)
    assert three[: len(one)] == one
    more = three[len(one) :]
    train = [plan for plan in one if plan.split == TRAIN]
    assert [plan.cell for plan in more] == [plan.cell for plan in train] * 2
    assert {plan.split for plan in more} == {TRAIN}
    assert [plan.side for plan in more] == [-p.side for p in train] + [p.side for p in train]
    assert len({plan.key for plan in three}) == len(three)
    assert len({plan.style for plan in three}) == len(three)


def test_there_are_enough_clips_of_every_skill_and_length() -> None:
    plans = clip_plans()
    assert len(plans) >= 60
    assert len({plan.key for plan in plans}) == len(plans)
    assert all(4.0 <= plan.course.duration_s <= 10.0 for plan in plans)
    for skill in SKILLS:
        for split in (TRAIN, TEST):
            assert sum(plan.cell.skill == skill and plan.split == split for plan in plans) >= 3
    walking = {plan.cell.speed for plan in plans if plan.cell.skill == "walk" and plan.split == TRAIN}
    assert len(walking) >= 5
    for skill in ("gradual_turn", "turn_in_place"):
        sides = {(plan.split, plan.side) for plan in plans if plan.cell.skill == skill}
        assert {(TRAIN, 1.0), (TRAIN, -1.0), (TEST, 1.0), (TEST, -1.0)} <= sides


def test_no_cell_is_in_both_splits() -> None:
    cells = {split: {plan.cell for plan in clip_plans() if plan.split == split} for split in (TRAIN, TEST)}
    assert not cells[TRAIN] & cells[TEST]
    assert all(round(plan.course.speed, 1) == plan.cell.speed for plan in clip_plans())


@pytest.mark.parametrize("skill", SKILLS)
def test_test_speeds_lie_between_training_speeds_and_one_outside(skill: str) -> None:
    train, test = (
        {plan.cell.speed for plan in clip_plans() if plan.cell.skill == skill and plan.split == split}
        for split in (TRAIN, TEST)
    )
    outside = [speed for speed in test if not min(train) < speed < max(train)]
    assert len(outside) == 1
    assert not train & test
    between = [
        any(low < speed < high for low, high in pairwise(sorted(train))) for speed in test - set(outside)
    ]
    assert all(between)
    assert between


def test_feet_neither_slide_nor_sink_and_clear_the_floor(measured: list[Quality]) -> None:
    for one in measured:
        turning = bool(one.plan.cell.radius_m or one.plan.cell.turn_deg)
        assert one.foot_speed < (0.25 if turning else 0.1), one.plan.key
        assert one.sole_m > -0.01, one.plan.key
        assert one.clearance_m > 0.01, one.plan.key


def test_feet_do_not_pass_through_each_other(walks: list[Walked]) -> None:
    for plan, walked in zip(clip_plans(), walks, strict=True):
        apart = np.linalg.norm(walked.feet["r"].ankle - walked.feet["l"].ankle, axis=1)
        closest = 0.05 if plan.cell.skill == "run" else 0.08
        assert apart.min() > closest, plan.key


def test_speed_cadence_and_step_length_are_the_tables(measured: list[Quality]) -> None:
    compared = [one for one in measured if one.speed_off is not None]
    assert len(compared) > 30
    for one in compared:
        for off in (one.speed_off, one.cadence_off, one.step_off):
            assert abs(off) < 0.05, one.plan.key


def test_joints_stay_near_the_tables(measured: list[Quality]) -> None:
    compared = [one for one in measured if one.rms_deg]
    assert {one.plan.cell.skill for one in compared} == {"walk", "backward", "run"}
    for one in compared:
        assert max(one.rms_deg.values()) < 6.0, (one.plan.key, one.rms_deg)


def test_nothing_moves_faster_than_people_do(measured: list[Quality], walks: list[Walked]) -> None:
    for one, walked in zip(measured, walks, strict=True):
        running = one.plan.cell.skill == "run"
        assert one.joint_speed < (20.0 if running else 13.0), one.plan.key
        acceleration = np.diff(walked.pelvis_position, 2, axis=0) * FPS**2
        assert np.abs(acceleration).max() < (20.0 if running else 9.0), one.plan.key
        assert np.abs(np.diff(acceleration, axis=0)).max() < (8.0 if running else 2.0), one.plan.key
        assert 0.015 < one.pelvis_rise_m < most_rise_m(one.plan.cell), one.plan.key


def most_rise_m(cell: Cell) -> float:
    """At constant speed as people's; the pelvis sinks further where it leans over feet that stand."""
    if cell.skill == "run":
        return 0.1
    at_constant_speed = cell.pattern == "steady" and not cell.turn_deg
    return 0.06 if at_constant_speed else 0.12


def test_the_card_tells_what_is_measured(measured: list[Quality], tmp_path) -> None:
    card = content_dir("datasets") / "normative_gait" / "README.md"
    printed = card.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    fresh = as_markdown(measured)
    number = r"-?\d+\.?\d*"
    assert re.sub(number, "#", printed).split() == re.sub(number, "#", fresh).split()
    told = [float(value) for value in re.findall(number, printed)]
    assert told == pytest.approx([float(value) for value in re.findall(number, fresh)], rel=0.02, abs=0.11)

    copy = tmp_path / "README.md"
    copy.write_text(f"a\n{BEGIN}\nold\n{END}\nb\n", encoding="utf-8")
    write_card(measured, copy)
    assert copy.read_text(encoding="utf-8") == f"a\n{BEGIN}\n{fresh}\n{END}\nb\n"
    copy.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks the marks"):
        write_card(measured, copy)


def test_recordings_go_through_the_pipeline_unchanged_in_height(walks: list[Walked]) -> None:
    for plan, walked in list(zip(clip_plans(), walks, strict=True))[::15]:
        item = recording(plan, walked)
        clip = to_clip(item)
        assert clip.skill == plan.cell.skill
        assert clip.texts == plan.texts
        assert clip.pelvis_position[0] == pytest.approx(item.pelvis_position[0], abs=1e-6)
        assert splits([item]) == {plan.key: (plan.split,)}


def test_the_same_call_gives_the_same_recording(walks: list[Walked]) -> None:
    plan, walked = clip_plans()[7], walks[7]
    assert recording(plan, make(plan)).source_sha256 == recording(plan, walked).source_sha256
    assert recording(plan, walked).source_sha256 != recording(clip_plans()[8], walks[8]).source_sha256


def test_written_as_amass_it_reads_back_as_amass(walks: list[Walked], tmp_path) -> None:
    plan, walked = clip_plans()[8], walks[8]
    item = recording(plan, walked)
    path = tmp_path / f"{plan.key}_poses.npz"
    write_amass(item, path)
    back = read_amass(path)
    assert back.fps == FPS
    assert back.rotations == pytest.approx(item.rotations)
    assert back.pelvis_position == pytest.approx(item.pelvis_position)
    direct, read = to_clip(item), to_clip(back)
    shift = read.keypoint_position - direct.keypoint_position
    assert np.abs(shift[..., :2]).max() < 1e-6
    assert np.ptp(shift[..., 2]) < 1e-6
    assert abs(shift[0, 0, 2]) < 0.01


def test_backward_clips_go_backwards_and_face_forwards(walks: list[Walked]) -> None:
    for plan, walked in zip(clip_plans(), walks, strict=True):
        heading = np.stack([np.cos(walked.path.heading), np.sin(walked.path.heading)], axis=1)
        velocity = np.gradient(walked.path.position, axis=0) * FPS
        forward = np.sum(velocity * heading, axis=1).mean()
        assert (forward < -0.2) == (plan.cell.skill == "backward"), plan.key
