"""The policies that ship do what their cards say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli.score import HUMAN, SPEED_KMH
from kinesis_bench.evaluation.evaluate import evaluate_rollouts, record_policy
from kinesis_bench.evaluation.run import Job, run_policy
from kinesis_bench.evaluation.tasks.evaluate import evaluate_task
from kinesis_bench.evaluation.tasks.run import TrialJob
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.imitation import keypoint_error_m
from kinesis_bench.motions.store import read_motions
from kinesis_bench.policies.load import load_policy, reference_policies
from kinesis_bench.prepare import default_motions
from kinesis_bench.tasks.registry import task_info

FOLDERS = list(reference_policies().values())
LARGEST_MB = 40
CLIPS = 4


def expected(folder: Path) -> dict:
    return json.loads((folder / "expected.json").read_text())


def parametrized(folders: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("folder", folders, ids=[folder.name for folder in folders])


shipped = parametrized(FOLDERS)
imitating = parametrized([folder for folder in FOLDERS if "task" not in expected(folder)])
of_a_task = parametrized([folder for folder in FOLDERS if "task" in expected(folder)])


def test_the_reference_of_legs_ships():
    assert "legs" in {folder.name for folder in FOLDERS}


@shipped
def test_a_folder_holds_all_that_its_readme_names(folder):
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "README.md",
        "config.json",
        "weights.safetensors",
        "curve.csv",
        "curve.png",
        "expected.json",
    }
    assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST_MB * 1e6
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    for place in (b"/home/", b"/tmp/", b"/root/", str(Path(__file__).parents[2]).encode()):
        assert place not in content, "a path of the machine where it was trained"


@shipped
def test_the_stated_hash_is_that_of_the_policy(folder):
    assert load_policy(str(folder)).sha256 == expected(folder)["policy_sha256"]


@imitating
def test_a_few_clips_are_followed_as_closely_as_the_card_says(folder):
    """Clips that it follows to their end, spread over those of the split."""
    wanted = expected(folder)
    policy, motions = load_policy(str(folder)), read_motions(default_motions())
    assert motions.id == wanted["motions"]
    split = motions.select(wanted["split"])
    keys = list(wanted["mpjpe_mm_of_clips"])
    chosen = [keys[i] for i in np.linspace(0, len(keys) - 1, min(CLIPS, len(keys))).round().astype(int)]
    places = np.array(
        [list(split).index(motions.index(key)) for key in sorted(set(chosen), key=motions.index)]
    )
    rollouts = run_policy(policy, load_body(policy.contract.body), motions, Job(split, places, 1, 0))
    assert len(rollouts.clips) == len(places) > 0
    for clip in rollouts.clips:
        assert clip.failure == ""
        error = keypoint_error_m(
            np.asarray(clip.keypoint_position), np.asarray(clip.reference_keypoint_position)
        )
        assert 1000 * error.mean() == pytest.approx(
            wanted["mpjpe_mm_of_clips"][clip.key], abs=wanted["tolerance"]["mpjpe_mm"]
        )


@pytest.mark.slow
@imitating
def test_the_whole_split_scores_as_the_card_says(folder):
    wanted = expected(folder)
    policy, motions = load_policy(str(folder)), read_motions(default_motions())
    human = human_emg(HUMAN[0], SPEED_KMH)
    body = load_body(policy.contract.body)
    rollouts = record_policy(policy, body, motions, split=wanted["split"])
    found = evaluate_rollouts(rollouts, human).result.imitation
    for name, value in wanted["figures"].items():
        assert getattr(found, name).mean == pytest.approx(value, abs=wanted["tolerance"][name])


@of_a_task
def test_the_first_trials_succeed_as_often_as_the_card_says(folder):
    """Processors round otherwise: that decides a single trial, and hardly moves many."""
    wanted = expected(folder)
    successes, trials = wanted["successes_of_first"]
    policy, info = load_policy(str(folder)), task_info(wanted["task"])
    found = evaluate_task(policy, load_body(policy.contract.body), TrialJob(info, trials))
    assert found.result.figures.success.count == pytest.approx(successes, abs=0.15 * trials)


@pytest.mark.slow
@of_a_task
def test_all_trials_succeed_as_often_as_the_card_says(folder):
    wanted = expected(folder)
    policy, info = load_policy(str(folder)), task_info(wanted["task"])
    found = evaluate_task(policy, load_body(policy.contract.body), TrialJob(info, wanted["trials"]))
    assert found.result.figures.success.pct == pytest.approx(
        wanted["success_pct"], abs=wanted["tolerance_pct"]
    )
