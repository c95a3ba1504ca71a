"""Bouts on muscles that tire: run, recorded, scored, told apart from scores, refused where need be."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli.score import Score
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import evaluate_rollouts, read_recording, record_policy
from kinesis_bench.evaluation.fatigue import SCHEMA, SCHEMA_FILE, published_schema
from kinesis_bench.evaluation.replay import replay
from kinesis_bench.evaluation.run import Job, context_of, run_policy
from kinesis_bench.evaluation.schema import FatigueSetup
from kinesis_bench.evaluation.tasks.evaluate import evaluate_task
from kinesis_bench.evaluation.tasks.run import TrialJob, run_trials
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.human.sources import human_emg
from kinesis_bench.leaderboard.statements import no_score
from kinesis_bench.motions.motion_set import ClipIk
from kinesis_bench.motions.store import write_motions
from kinesis_bench.policies.load import load_policy
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.rollouts.store import read_rollouts, write_rollouts
from kinesis_bench.tasks.fatigue import VERSION, fatigability
from kinesis_bench.tasks.registry import task_info

THREE = FatigueSetup(VERSION, 3, 20.0, False)


class Strong:
    """Every muscle at three quarters."""

    deterministic = True

    def reset(self, context, rows):
        self.size = context.action_size

    def act(self, observation, rngs):
        return np.full((len(observation), self.size), 0.5)


STRONG = LoadedPolicy("strong", Strong, deterministic=True, control="direct")


@pytest.fixture(scope="module")
def body():
    return load_body("legs")


@pytest.fixture(scope="module")
def motions(body):
    return synthetic_motions(body, clips=12, frames=8)


@pytest.fixture(scope="module")
def recorded(body, motions):
    return record_policy(STRONG, body, motions, fatigue=THREE)


def write(path, motions):
    """The motions as a file."""
    legs = motions.ik["legs"]
    spans = {key: motions.span(index) for index, key in enumerate(motions.keys)}
    solved = {key: ClipIk(legs.qpos[s], legs.qvel[s], legs.residual[s]) for key, s in spans.items()}
    clips = [motions.clip(index) for index in range(len(motions))]
    write_motions(path, clips, id=motions.id, ik={"legs": solved}, model_sha256={"legs": legs.model_sha256})


def of_clip(rollouts, key):
    return [next(c for c in rollouts.of_bout(bout).clips if c.key == key) for bout in (1, 2, 3)]


def test_fatigue_is_carried_from_bout_to_bout_and_rests_in_between(recorded, body):
    assert recorded.bouts == 3
    assert [clip.bout for clip in recorded.clips] == [1] * 4 + [2] * 4 + [3] * 4
    for key in {clip.key for clip in recorded.clips}:
        bouts = of_clip(recorded, key)
        assert not bouts[0].start_fatigued.any()
        for before, after in pairwise(bouts):
            rested = fatigability("legs").rested(before.fatigued[-1], 20.0)
            np.testing.assert_array_equal(after.start_fatigued, rested)
            assert (rested < before.fatigued[-1]).all()
            assert (np.diff(before.fatigued, axis=0) > 0).all()
        resting = 1 - bouts[2].excitation_last - bouts[2].fatigued
        assert ((resting >= 0) & (resting <= 1)).all()


def test_the_first_bout_of_muscles_that_hardly_tire_is_the_run_without_fatigue(body, motions, recorded):
    plain = record_policy(STRONG, body, motions)
    assert plain.clips[0].fatigued is None
    for ours, theirs in zip(recorded.of_bout(1).clips, plain.clips, strict=True):
        np.testing.assert_array_equal(ours.start_qpos, theirs.start_qpos)
        np.testing.assert_array_equal(ours.qpos, theirs.qpos)  # at 0.75 nothing is cut yet


def test_threads_and_batches_change_no_bit(body, motions):
    job = Job(motions.select(), np.arange(5), 2, 0)
    policy = load_policy("random")
    whole = run_policy(policy, body, motions, job, fatigue=THREE)
    small = run_policy(policy, body, motions, job, fatigue=THREE, threads=1, batch_rows=3)
    for bout in (1, 2, 3):
        for ours, theirs in zip(whole.of_bout(bout).clips, small.of_bout(bout).clips, strict=True):
            assert (ours.key, ours.run) == (theirs.key, theirs.run)
            np.testing.assert_array_equal(ours.fatigued, theirs.fatigued)
            np.testing.assert_array_equal(ours.qpos, theirs.qpos)
    one, two = (whole.of_bout(bout).clips[0] for bout in (1, 2))
    np.testing.assert_array_equal(one.action[0], two.action[0])  # the same chance in every bout


def test_a_recording_read_back_replays_to_the_bit(recorded, body, tmp_path):
    write_rollouts(tmp_path / "rollouts.h5", recorded)
    back = read_rollouts(tmp_path / "rollouts.h5")
    assert [clip.bout for clip in back.clips] == [clip.bout for clip in recorded.clips]
    last = back.of_bout(3).clips
    for clip, (qpos, _) in zip(last, replay(body, last), strict=True):
        np.testing.assert_array_equal(qpos, clip.qpos)
    fresh = [replace(clip, start_fatigued=np.full(80, 0.5)) for clip in last]
    assert not np.array_equal(replay(body, fresh)[0][0], last[0].qpos)


def test_a_recording_without_fatigue_is_written_as_before(body, motions, tmp_path):
    import h5py

    write_rollouts(tmp_path / "rollouts.h5", record_policy(STRONG, body, motions))
    with h5py.File(tmp_path / "rollouts.h5") as file:
        assert "bout" not in file["clips"]
        assert not [name for group in ("steps", "start") for name in file[group] if "fatigued" in name]


def test_a_result_with_fatigue_is_of_its_own_kind(recorded):
    evaluation = evaluate_rollouts(recorded, human_emg())
    result, fatigue = evaluation.result, evaluation.fatigue
    assert VERSION in result.diagnostic
    assert "no score" in no_score(result)
    assert len(evaluation.rollouts.clips) == len(evaluation.clips) == 4
    assert fatigue.schema == SCHEMA
    assert [bout.bout for bout in fatigue.bouts] == [1, 2, 3]
    assert [pair.b for pair in fatigue.changes] == ["bout 2", "bout 3"]
    ends = [bout.fatigued_after_pct for bout in fatigue.bouts]
    assert 0 < ends[0] < ends[1] < ends[2]
    assert fatigue.bouts[0].fatigued_before_pct == 0
    expected = 100 * np.mean([clip.fatigued[-1] for clip in recorded.of_bout(3).clips])
    assert ends[2] == pytest.approx(expected)
    by_joint = fatigue.bouts[2].fatigued_after_by_joint_pct
    assert by_joint["knee"] > by_joint["hip"] > by_joint["ankle"]
    assert list(fatigue.joints) == ["hip", "knee", "ankle"]
    first = fatigue.bouts[0]
    assert first.figures["success_pct"] == result.imitation.success_pct.mean
    assert first.figures["emg_mean_r"] is None
    assert first.reasons["figures.emg_mean_r"]
    coverage = next(one for one in fatigue.changes[1].differences if one.figure == "frame_coverage_pct")
    assert coverage.a == first.figures["frame_coverage_pct"]
    assert coverage.over == "clips"
    assert coverage.units == 4
    jsonschema.validate(to_json(fatigue), json.loads(SCHEMA_FILE.read_text()))


def test_the_published_schema_is_that_of_the_classes():
    assert SCHEMA_FILE.read_text() == published_schema()


def test_one_bout_has_nothing_to_change(body, motions):
    rollouts = record_policy(STRONG, body, motions, fatigue=replace(THREE, bouts=1))
    fatigue = evaluate_rollouts(rollouts, human_emg()).fatigue
    assert len(fatigue.bouts) == 1
    assert fatigue.changes == ()


def test_a_recording_that_lost_a_bout_is_refused(recorded):
    lost = replace(recorded, clips=tuple(clip for clip in recorded.clips if clip.bout != 2))
    blank = replace(recorded, clips=tuple(replace(clip, fatigued=None) for clip in recorded.clips))
    for damaged in (lost, blank):
        with pytest.raises(InputError, match="do not hold 3 bouts"):
            evaluate_rollouts(damaged, human_emg())


def test_policies_that_see_fatigue_and_such_as_do_not_are_told_apart(body, motions):
    seeing = context_of(body, "direct", fatigue="observed").contract
    blind = context_of(body, "direct").contract
    assert (seeing.observation_size, blind.observation_size) == (389, 309)
    again = type(seeing).from_metadata(seeing.to_metadata(), "policy.onnx")
    assert again == seeing
    observed = replace(THREE, observed=True)
    for contract, fatigue, remedy in (
        (seeing, None, "use --fatigue --observe-fatigue"),
        (seeing, THREE, "use --fatigue --observe-fatigue"),
        (blind, observed, "leave out --observe-fatigue"),
    ):
        with pytest.raises(InputError, match=remedy):
            record_policy(replace(STRONG, contract=contract), body, motions, fatigue=fatigue)
    for contract, fatigue in ((seeing, observed), (blind, THREE), (blind, None)):
        record_policy(replace(STRONG, contract=contract), body, motions, fatigue=fatigue)


def test_the_command_writes_all_and_scores_the_recording_again(body, motions, tmp_path, capsys):
    write(tmp_path / "motions.h5", motions)
    out = tmp_path / "out"
    Score(policy="constant", motions=tmp_path / "motions.h5", out=out, fatigue=True, bouts=2).run()
    shown = capsys.readouterr().out
    assert "2 bouts on muscles that tire" in shown
    assert (out / "fatigue.png").stat().st_size > 1000
    told = json.loads((out / "fatigue.json").read_text())
    assert told["fatigue"] == {"version": VERSION, "bouts": 2, "rest_s": 0.0, "observed": False}
    assert "no score" in json.loads((out / "result.json").read_text())["diagnostic"]
    with (out / "bouts.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["bout"] for row in rows] == ["1"] * 4 + ["2"] * 4
    assert float(rows[0]["fatigued_before"]) == 0 < float(rows[0]["fatigued_after"])
    assert rows[4]["fatigued_before"] == rows[0]["fatigued_after"]
    again = tmp_path / "again"
    Score(rollout=out, out=again).run()
    assert json.loads((again / "fatigue.json").read_text()) == told
    assert read_recording(out).bouts == 2


def test_trials_of_another_task_in_bouts(tmp_path, capsys):
    out = tmp_path / "out"
    Score(task="target", policy="zero", trials=3, fatigue=True, bouts=2, rest_s=5.0, out=out).run()
    assert "2 bouts on muscles that tire" in capsys.readouterr().out
    told = json.loads((out / "fatigue.json").read_text())
    jsonschema.validate(told, json.loads(SCHEMA_FILE.read_text()))
    assert (told["task"], told["trials"], told["motions"]) == ("target", 3, None)
    assert [bout["figures"]["fell_pct"] for bout in told["bouts"]] == [100.0, 100.0]
    assert "no score" in json.loads((out / "result.json").read_text())["diagnostic"]
    assert read_rollouts(out / "rollouts.h5").clips[0].fatigued is not None


def test_trials_carry_their_fatigue_and_rest(body):
    job = TrialJob(task_info("target"), 3, fatigue=replace(THREE, bouts=2))
    run, _ = run_trials(STRONG, body, job)
    rested = fatigability("legs").rested(run.fatigued_after, 20.0)
    small, _ = run_trials(STRONG, body, job, threads=1, batch_rows=1, recorded=1)
    np.testing.assert_array_equal(small.fatigued_after, run.fatigued_after)
    again, kept = run_trials(STRONG, body, job, fatigued=rested)
    np.testing.assert_array_equal(again.fatigued_before, rested)
    np.testing.assert_array_equal(kept.clips[0].start_fatigued, rested[0])
    fatigue = evaluate_task(STRONG, body, job).fatigue
    assert fatigue.bouts[1].fatigued_before_pct == pytest.approx(100 * rested.mean())
    assert fatigue.bouts[1].fatigued_after_pct == pytest.approx(100 * again.fatigued_after.mean())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"bouts": 3}, "--bouts: means nothing where muscles do not tire"),
        ({"rest_s": 3.0}, "--rest-s: means nothing"),
        ({"observe_fatigue": True}, "--observe-fatigue: means nothing"),
        ({"fatigue": True, "bouts": 0}, "--bouts: is 0"),
        ({"fatigue": True, "bouts": 1000}, "--bouts: is 1000"),
        ({"fatigue": True, "rest_s": -1.0}, "--rest-s: is -1"),
        ({"fatigue": True, "rest_s": float("nan")}, "--rest-s: is nan"),
        ({"fatigue": True, "policy": "static-optimisation-prescribed"}, "no fatigue"),
        ({"fatigue": True, "rollout": Path("somewhere")}, "--fatigue"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, told, tmp_path, motions):
    write(tmp_path / "motions.h5", motions)
    if "rollout" not in options:
        options = options | {"motions": tmp_path / "motions.h5"}
    with pytest.raises(InputError, match=told):
        Score(out=tmp_path / "out", **options).run()
    assert not (tmp_path / "out").exists()
