"""Scores of recordings whose answers are known."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from nulls import nulls_without_reason
from walking_rollouts import MUSCLES, cyclic, ring, walking, walking_clip

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import Provenance, evaluate_rollouts, read_recording
from kinesis_bench.evaluation.result import (
    SCHEMA_FILE,
    published_schema,
    read_result,
    write_clips,
    write_result,
)
from kinesis_bench.evaluation.schema import PROTOCOLS, MotionsInfo, PolicyInfo, Result
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.human.electrodes import ELECTRODES
from kinesis_bench.human.joint_angles import SCHWARTZ, human_joint_angles
from kinesis_bench.human.references import from_people
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import pearson, standardise
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.rollouts.store import read_rollouts, write_rollouts

HUMAN = human_emg()
Z_BAR = np.asarray(HUMAN.mean_of_standardised)
"""Group curves of nine people."""


def like_people(lag_s: float = 0.0) -> np.ndarray:
    """(11, 100) excitation: people's mean standardised curves, ``lag_s`` late in a cycle of 1.1 s."""
    curve = np.zeros((len(MUSCLES), 100))
    curve[: len(Z_BAR)] = 0.5 + 0.1 * np.roll(ring(HUMAN, Z_BAR), round(100 * lag_s / 1.1), axis=1)
    return curve


def schwartz_deg() -> np.ndarray:
    return np.asarray(human_joint_angles(SCHWARTZ, HUMAN.speed_m_s, 0.9).mean_deg)


def recording(lag_s: float = 0.0, offset_deg: float = 0.0, **changes: float) -> Rollouts:
    return walking(
        walking_clip(
            muscles=cyclic(like_people(lag_s)), joints_deg=cyclic(schwartz_deg() + offset_deg), **changes
        )
    )


def test_a_perfect_walk() -> None:
    result = evaluate_rollouts(recording(), HUMAN).result
    imitation = result.imitation
    assert imitation is not None
    assert (imitation.success_pct.mean, imitation.frame_coverage_pct.mean, imitation.mpjpe_mm.mean) == (
        100.0,
        100.0,
        0.0,
    )
    assert imitation.ik_floor_mm.mean == pytest.approx(10.0, abs=1e-5)
    assert result.emg.cycles == 5  # strikes at 0.3, 1.4 … 6.9 s, without the first cycle
    assert result.emg.cycle_s == pytest.approx(1.1, abs=1e-6)
    expected = float(np.mean(standardise(Z_BAR) * Z_BAR))
    assert result.emg.zero_lag_r == pytest.approx(expected, abs=2e-3)
    assert result.emg.lag_ms == 0
    assert result.joint_angles.ratio == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert result.emg_of_activation is not None
    assert result.emg_of_activation.zero_lag_r == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("lag_pct", [4, 8])
def test_a_common_lag_is_found_and_undone(lag_pct: int) -> None:
    emg = evaluate_rollouts(recording(lag_s=lag_pct * 0.011), HUMAN).result.emg
    prompt = evaluate_rollouts(recording(), HUMAN).result.emg
    assert emg.lag_pct == lag_pct
    assert emg.lag_ms == pytest.approx(11.0 * lag_pct, abs=1e-3)
    assert emg.mean_r == pytest.approx(prompt.zero_lag_r, abs=5e-3)
    assert emg.zero_lag_r is not None
    assert emg.mean_r is not None
    assert emg.zero_lag_r < emg.mean_r - 0.02


def test_known_errors() -> None:
    result = evaluate_rollouts(recording(error_m=0.03, offset_deg=5.0), HUMAN).result
    assert result.imitation is not None
    assert result.imitation.mpjpe_mm.mean == pytest.approx(30.0)
    assert result.imitation.root_relative_mpjpe_mm.mean == pytest.approx(0.0, abs=1e-6)
    for joint in result.joint_angles.per_joint.values():
        assert joint.offset_deg == pytest.approx(5.0, abs=0.1)


def test_what_is_not_steady_forward_walking_does_not_count() -> None:
    muscles = cyclic(like_people())
    slow = walking_clip(key="slow", speed_m_s=0.9, muscles=muscles)
    run = walking_clip(key="run", skill="run", muscles=muscles)
    fails = walking_clip(key="fails", fails_at=90, muscles=muscles)
    emg = evaluate_rollouts(walking(slow, run, fails), HUMAN).result.emg
    assert emg.cycles == 1
    assert emg.mean_r is None
    assert "1 steady gait cycle, 3 are needed (of 8" in emg.reasons["mean_r"]


def test_coverage_by_skill_and_failed_runs() -> None:
    fails = walking_clip(key="b", skill="run", frames=100, fails_at=50)
    breaks = replace(walking_clip(key="c", frames=100, fails_at=20), failure="policy raised ValueError: no")
    result = evaluate_rollouts(walking(walking_clip(key="a", frames=100), fails, breaks), HUMAN).result
    assert result.imitation is not None
    assert result.imitation_by_skill is not None
    assert result.imitation.frame_coverage_pct.mean == pytest.approx(100 * (100 + 50 + 20) / 300)
    assert result.imitation_by_skill["run"].frame_coverage_pct.mean == pytest.approx(50.0)
    assert [(run.key, run.reason) for run in result.failed_runs] == [("c", "policy raised ValueError: no")]


def test_what_a_recording_lacks_is_null_beside_a_reason() -> None:
    bare = replace(
        walking_clip(),
        keypoint_position=None,
        reference_keypoint_position=None,
        pelvis_quaternion=None,
        joint_angle=None,
        qpos=None,
        excitation=None,
        activation=None,
    )
    result = evaluate_rollouts(walking(bare), HUMAN).result
    assert result.imitation is None
    assert "keypoints" in result.reasons["imitation"]
    assert result.emg.mean_r is None
    assert "pelvis orientation" in result.emg.reasons["mean_r"]
    assert result.joint_angles.mpjae_deg is None
    assert result.joint_angles.reasons["mpjae_deg"]
    assert result.effort.mean_excitation is None
    assert result.effort.reasons["mean_excitation"]


def test_without_touch_forces_and_without_forces_kinematics_give_the_strikes() -> None:
    whole = recording().clips[0]
    by_force = evaluate_rollouts(walking(replace(whole, touch=None)), HUMAN).result.emg
    assert by_force.notes["cycles"] == "from left heel strike, by ground force"
    assert by_force.cycles == 5
    steps = len(np.asarray(whole.qpos))
    time = (np.arange(steps) + 1) / 30
    keypoints = np.array(whole.keypoint_position)
    keypoints[:, 1, 0] = keypoints[:, 0, 0] + 0.3 * np.cos(2 * np.pi * (time - 0.3) / 1.1)
    swinging = replace(whole, touch=None, ground_force=None, keypoint_position=keypoints)
    by_ankle = evaluate_rollouts(walking(swinging), HUMAN).result.emg
    assert by_ankle.notes["cycles"] == "from left heel strike, by ankle kinematics"
    assert by_ankle.cycles == 5
    assert by_ankle.lag_ms == pytest.approx(0.0, abs=12.0)


def test_protocol_2025_gives_per_clip_means() -> None:
    rollouts = walking(walking_clip(key="a", frames=100), walking_clip(key="b", frames=300, fails_at=150))
    ours = evaluate_rollouts(rollouts, HUMAN).result.imitation
    theirs = evaluate_rollouts(rollouts, HUMAN, protocol="kinesis-2025").result.imitation
    assert ours is not None
    assert theirs is not None
    assert ours.frame_coverage_pct.mean == pytest.approx(62.5)
    assert theirs.frame_coverage_pct.mean == pytest.approx(75.0)
    assert theirs.strict_success_pct.mean is None
    assert theirs.strict_success_pct.reasons["mean"]


def test_kinesis_recording_gives_the_published_medians(shared: Path) -> None:
    people = human_emg(shared / "data" / "emg_wang2023")
    rollouts = read_recording(shared / "data" / "kinesis_recording")
    emg = evaluate_rollouts(rollouts, people, protocol="kinesis-2025").result.emg
    with (shared / "figures" / "kinesis_reported.csv").open(newline="") as file:
        rows = {
            row["metric"]: float(row["value"])
            for row in csv.DictReader(file)
            if row["policy"] == "KINESIS 2025 Legs"
        }
    assert emg.mean_r == pytest.approx(rows.pop("emg_r_mean"), abs=0.002)
    assert len(rows) == 9
    for name, value in rows.items():
        assert emg.per_muscle[name.removeprefix("emg_r_median_")].r == pytest.approx(value, abs=0.002)
    for figure, interval in (
        (emg.mean_r, emg.ci95.mean_r),
        (emg.human_pairs_r, emg.ci95.human_pairs_r),
        (emg.ratio, emg.ci95.ratio),
    ):
        assert figure is not None
        assert interval is not None
        assert interval[0] < figure < interval[1]
    assert emg.ci95.ratio == pytest.approx((0.43, 0.57), abs=0.03)
    assert emg.cycles == 23
    assert emg.human_pairs_r == pytest.approx(0.7314, abs=0.0005)
    assert emg.leave_one_out_r == pytest.approx(0.8212, abs=0.0005)


def test_a_kinesis_recording_under_the_default_protocol_is_sent_to_the_other(shared: Path) -> None:
    result = evaluate_rollouts(read_recording(shared / "data" / "kinesis_recording"), HUMAN).result
    emg = result.emg
    assert "--protocol" not in result.joint_angles.reasons["mpjae_deg"]
    assert emg.mean_r is None
    assert "no pelvis orientation" in emg.reasons["mean_r"]
    assert "--protocol kinesis-2025" in emg.reasons["mean_r"]


def test_cycles_of_one_length_are_said_to_be_left_out_by_upstream() -> None:
    """Strictly within mean ± 2 SD is nobody where SD is 0."""
    clip = walking_clip()
    left = np.arange(len(np.asarray(clip.excitation))) % 30 < 15
    regular = replace(clip, touch=None, ground_force=None, foot_contact=np.stack([~left, left], axis=1))
    emg = evaluate_rollouts(walking(regular), HUMAN, protocol="kinesis-2025").result.emg
    found = int(emg.notes["cycles"].split("; ")[1].split()[0])
    assert found > 1
    assert emg.cycles == 0
    for field in ("mean_r", "per_muscle.zero_lag_r", "ratio"):
        assert emg.reasons[field].startswith(
            f"{found} gait cycles found, none averaged: all are equally long"
        )


def test_people_at_hand_give_intervals_and_the_pairs(shared: Path) -> None:
    people = human_emg(shared / "data" / "emg_wang2023")
    emg = evaluate_rollouts(recording(), people).result.emg
    assert emg.human_pairs_r == pytest.approx(0.7314, abs=0.0005)
    assert emg.leave_one_out_r == pytest.approx(0.8352, abs=0.0005)
    assert emg.ci95.mean_r is not None
    assert emg.mean_r is not None
    assert emg.ci95.mean_r[0] < emg.mean_r < emg.ci95.mean_r[1]


def results() -> list[Result]:
    bare = replace(walking_clip(), keypoint_position=None)
    return [
        evaluate_rollouts(recording(error_m=0.02), HUMAN).result,
        evaluate_rollouts(recording(), HUMAN, protocol="kinesis-2025").result,
        evaluate_rollouts(walking(bare), HUMAN).result,
        evaluate_rollouts(recording(), human_emg("emg_run_santuz2020")).result,
    ]


def test_results_are_valid_and_read_back_the_same(tmp_path: Path) -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    for result in results():
        write_result(tmp_path / "result.json", result)
        jsonschema.validate(json.loads((tmp_path / "result.json").read_text()), schema)
        assert read_result(tmp_path / "result.json") == result


def test_the_published_schema_is_that_of_the_classes_and_has_the_promised_fields() -> None:
    assert SCHEMA_FILE.read_text() == published_schema()
    schema = json.loads(published_schema())
    promised = {
        "Result": "schema protocol policy body motions runs seed versions imitation imitation_by_skill emg "
        "joint_angles effort wall_s realtime_factor",
        "BodyInfo": "name model_sha256",
        "MotionsInfo": "id content_sha256 sources_sha256 split",
        "Imitation": "success_pct frame_coverage_pct mpjpe_mm",
        "Figure": "mean sem ci95 macro",
        "EmgScore": "mean_r lag_ms zero_lag_r lag_curve human_pairs_r leave_one_out_r ratio ci95 cycles "
        "per_muscle flaws without_flaws",
        "JointAngleScore": "mpjae_deg human_deg per_joint",
        "Effort": "mean_excitation co_contraction",
    }
    for name, fields in promised.items():
        assert set(fields.split()) <= set(schema["$defs"][name]["properties"]), name


def falling(**changes: object) -> Rollouts:
    """A deterministic policy that falls at once, or after a few frames; one skill has a single clip."""
    clips = [
        walking_clip(key="a", fails_at=0),
        walking_clip(key="b", fails_at=5),
        walking_clip(key="c", skill="run", fails_at=0),
        walking_clip(key="d", skill="backward", fails_at=7),
    ]
    return walking(*(replace(clip, **changes) for clip in clips))


def with_provenance(rollouts: Rollouts) -> Rollouts:
    clips = len({clip.key for clip in rollouts.clips})
    policy = PolicyInfo("falls", control="direct", deterministic=True)
    told = Provenance(policy, MotionsInfo("some", "", "", "all", clips, 9), 1, 0, False, "", 2.0)
    return replace(rollouts, attributes={"provenance": json.dumps(to_json(told))})


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("people", ["table", "running table", "each person"])
def test_every_null_of_a_result_has_a_reason(tmp_path: Path, protocol: str, people: str) -> None:
    humans = {"table": HUMAN, "running table": human_emg("emg_run_santuz2020")}
    human = humans.get(people) or from_people(
        np.random.default_rng(0).random((4, 9, 100)), HUMAN.muscles, condition="walk-4.5", speed_m_s=1.25
    )
    recordings = [
        with_provenance(falling()),
        falling(),
        falling(excitation=None, activation=None, joint_angle=None, ik_error_m=None),
        falling(reference_keypoint_position=None, pelvis_quaternion=None),
        recording(),
        walking(replace(recording().clips[0], activation=None)),
        walking(walking_clip(skill="run", speed_m_s=2.8, cycle_s=0.7)),
    ]
    for rollouts in recordings:
        write_result(tmp_path / "result.json", evaluate_rollouts(rollouts, human, protocol=protocol).result)
        assert nulls_without_reason(json.loads((tmp_path / "result.json").read_text())) == []


def test_the_walk_over_nulls_finds_one_without_a_reason() -> None:
    content = to_json(evaluate_rollouts(falling(), HUMAN).result)
    assert nulls_without_reason(content) == []
    content["imitation_by_skill"]["run"]["success_pct"]["reasons"].pop("sem")
    content["emg"]["reasons"].pop("ci95.ratio")
    content["emg"]["reasons"]["per_muscle.r"] = ""
    content["emg"]["per_muscle"] = {"Soleus": content["emg"]["per_muscle"]["Soleus"]}
    assert nulls_without_reason(content) == [
        ".imitation_by_skill.run.success_pct.sem",
        ".emg.ci95.ratio",
        ".emg.per_muscle.Soleus.r",
    ]


def test_a_policy_that_falls_at_once_has_people_beside_it() -> None:
    result = evaluate_rollouts(with_provenance(falling()), HUMAN).result
    assert (
        result.joint_angles.human_deg == evaluate_rollouts(recording(), HUMAN).result.joint_angles.human_deg
    )
    assert result.joint_angles.mpjae_deg is None
    assert result.joint_angles.per_joint["knee_angle"].human_deg > 3.0
    assert result.imitation is not None
    assert "one run" in result.imitation.success_pct.reasons["sem"]
    assert result.imitation_by_skill is not None
    assert "two clips" in result.imitation_by_skill["backward"].mpjpe_mm.reasons["ci95"]


def test_running_people_are_compared_with_running_clips() -> None:
    human = human_emg("emg_run_santuz2020")
    curve = np.full((len(MUSCLES), 100), 0.1)
    columns = [
        MUSCLES.index(f"{ELECTRODES[name]}_l") for name in human.muscles if f"{ELECTRODES[name]}_l" in MUSCLES
    ]
    shared_muscles = [name for name in human.muscles if f"{ELECTRODES[name]}_l" in MUSCLES]
    curve[columns] = np.roll(human.only(shared_muscles).mean, 5, axis=-1)
    gait = {"speed_m_s": 2.8, "cycle_s": 0.7, "muscles": cyclic(curve)}
    result = evaluate_rollouts(
        walking(walking_clip(key="run", skill="run", **gait), walking_clip(key="walk", **gait)), human
    ).result
    assert result.emg.cycles == 9  # of one clip of 8 s from 0.3 s, without the first
    assert result.emg.human_condition == "run-10.1"
    assert list(result.emg.per_muscle) == shared_muscles
    assert result.emg.group_mean_r == pytest.approx(1.0, abs=0.02)
    assert result.emg.group_mean_lag_ms == pytest.approx(35.0, abs=7.1)
    assert result.joint_angles.mpjae_deg is None
    assert "walk" in result.joint_angles.reasons["mpjae_deg"]
    none = evaluate_rollouts(walking(walking_clip(key="walk", **gait)), human).result.emg
    assert none.cycles == 0
    assert none.reasons["group_mean_r"] == "no clip of the skill run was run"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(schema="kinesis-bench-result-9"), "schema: is 'kinesis-bench-result-9'"),
        (lambda c: c["imitation"].pop("mpjpe_mm"), "imitation.mpjpe_mm is missing"),
        (lambda c: c["emg"].update(r2=1.0), "emg.r2 is unknown"),
        (lambda c: c.update(runs="three"), "runs is 'three', not a int"),
    ],
)
def test_a_wrong_result_names_the_field(tmp_path: Path, change: object, message: str) -> None:
    path = tmp_path / "result.json"
    write_result(path, evaluate_rollouts(recording(), HUMAN).result)
    content = json.loads(path.read_text())
    change(content)  # type: ignore[operator]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        read_result(path)
    assert message in str(error.value)


def test_a_recording_read_back_scores_the_same(tmp_path: Path) -> None:
    rollouts = recording(error_m=0.02)
    write_rollouts(tmp_path / "rollouts.h5", rollouts)
    assert (
        evaluate_rollouts(read_rollouts(tmp_path / "rollouts.h5"), HUMAN).result
        == evaluate_rollouts(rollouts, HUMAN).result
    )
    assert read_recording(tmp_path).body == "legs"
    with pytest.raises(InputError, match="holds no recording"):
        read_recording(tmp_path.parent)


def test_clips_csv(tmp_path: Path) -> None:
    evaluation = evaluate_rollouts(
        walking(
            walking_clip(key="a", error_m=0.03, muscles=lambda phase: np.full((*phase.shape, 11), 0.25)),
            walking_clip(key="b", fails_at=0),
        ),
        HUMAN,
    )
    write_clips(tmp_path / "clips.csv", evaluation.rollouts, evaluation.clips)
    with (tmp_path / "clips.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["key"], first["success"], first["mpjpe_mm"]) == ("a", "1", "30.000")
    assert (first["mean_excitation"], second["mean_excitation"]) == ("0.250000", "")
    assert (second["covered"], second["mpjpe_mm"], second["failure"]) == ("0", "", "far from the reference")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_figures_of_single_people_average_to_those_of_all(protocol: str) -> None:
    people = np.random.default_rng(0).random((4, 9, 100))
    human = from_people(
        people, HUMAN.muscles, condition="walk-4.5", speed_m_s=1.25, names=("p", "q", "r", "s")
    )
    emg = evaluate_rollouts(long_recording(), human, protocol=protocol).result.emg
    assert emg.by_person is not None
    assert emg.pairs_r is not None
    assert list(emg.by_person) == ["p", "q", "r", "s"]
    assert np.mean([one.r for one in emg.by_person.values()]) == pytest.approx(emg.mean_r)
    assert np.mean([one.zero_lag_r for one in emg.by_person.values()]) == pytest.approx(emg.zero_lag_r)
    assert np.mean(emg.pairs_r) == pytest.approx(emg.human_pairs_r)
    first_with_third = np.mean(pearson(people[0], people[2]))
    assert emg.pairs_r[1] == pytest.approx(first_with_third)


def long_recording() -> Rollouts:
    """Whose cycles differ in length by a frame, as upstream's definitions demand."""
    muscles = cyclic(like_people())
    return walking(
        walking_clip(key="a", muscles=muscles, frames=400, cycle_s=1.1),
        walking_clip(key="b", muscles=muscles, frames=400, cycle_s=1.14),
    )


def test_a_recording_is_scored_without_the_simulator(tmp_path: Path) -> None:
    write_rollouts(tmp_path / "rollouts.h5", recording())
    code = (
        "import sys; from pathlib import Path; from kinesis_bench.cli.score import Score;"
        f"Score(rollout=Path({str(tmp_path)!r}), out=Path({str(tmp_path / 'out')!r})).run();"
        "assert not {'mujoco', 'onnxruntime', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    files = {path.name for path in (tmp_path / "out").iterdir()}
    figures = {"emg.png", "emg_lag.png", "joint_angles.png", "coverage.png"}
    assert files == {"result.json", "report.html", "clips.csv", *figures}


def test_people_measured_on_the_right_are_compared_with_the_right_leg() -> None:
    left = recording()
    clip = left.clips[0]
    mirrored = replace(
        left,
        clips=(replace(clip, touch=clip.touch[..., [2, 3, 0, 1]], ground_force=clip.ground_force[:, ::-1]),),
        muscle_names=tuple(name.replace("_l", "_r") for name in MUSCLES),
        joint_names=tuple(name.replace("_l", "_r") for name in left.joint_names),
    )
    right = replace(HUMAN, side="r")
    assert evaluate_rollouts(mirrored, HUMAN).result.emg.mean_r is None
    result = evaluate_rollouts(mirrored, right).result
    same = evaluate_rollouts(left, HUMAN).result
    assert result.emg.mean_r == same.emg.mean_r
    assert result.emg.notes["cycles"].startswith("from right heel strike")
    assert result.joint_angles.mpjae_deg == same.joint_angles.mpjae_deg


def test_walking_backwards_is_compared_with_people_who_do() -> None:
    backward = replace(HUMAN, condition="backward-4.5")
    clip = walking_clip(skill="backward", speed_m_s=-1.25, muscles=cyclic(like_people()))
    result = evaluate_rollouts(walking(clip), backward).result
    assert result.emg.cycles == 5  # of seven strikes in 8 s, without the first cycle
    assert result.emg.zero_lag_r == pytest.approx(evaluate_rollouts(recording(), HUMAN).result.emg.zero_lag_r)
    forward = walking_clip(skill="backward", muscles=cyclic(like_people()))
    assert "at another speed" in evaluate_rollouts(walking(forward), backward).result.emg.reasons["mean_r"]


def test_several_heads_under_an_electrode_share_by_force() -> None:
    turn = 2 * np.pi * np.arange(100) / 100
    heads = 0.5 + 0.3 * np.stack([np.sin(turn), np.cos(turn), np.sin(turn + 0.7)])
    forces = (1.0, 2.0, 5.0)
    names = ("glmed1_l", "glmed2_l", "glmed3_l")
    wanted = np.average(heads, axis=0, weights=forces)
    people = from_people(
        np.stack([wanted, wanted + 0.01 * heads[0]])[:, None],
        ["Gluteus Medius"],
        condition="walk-4.5",
        speed_m_s=1.25,
    )
    walk = walking(walking_clip(muscles=cyclic(heads), cycle_s=1.0))
    scored = evaluate_rollouts(replace(walk, muscle_names=names, muscle_force_n=forces), people).result
    known = scored.curves.muscles["Gluteus Medius"].excitation
    assert known is not None
    assert known == pytest.approx(wanted, abs=5e-3)
    even = evaluate_rollouts(replace(walk, muscle_names=names), people).result
    assert even.curves.muscles["Gluteus Medius"].excitation == pytest.approx(heads.mean(axis=0), abs=5e-3)
    missing = replace(walk, muscle_names=("glmed1_l", "glmed2_l", "other_l"), muscle_force_n=forces)
    assert evaluate_rollouts(missing, people).result.emg.mean_r is None


def test_protocol_2025_refuses_one_person_and_the_right_leg() -> None:
    one = from_people(Z_BAR[None] + 1, HUMAN.muscles, condition="walk-4.5", speed_m_s=1.25)
    for people in (one, replace(HUMAN, side="r")):
        with pytest.raises(InputError, match="compares the left leg with two people or more"):
            evaluate_rollouts(recording(), people, protocol="kinesis-2025")
