"""Every baseline that ships: a folder, a card, a name that is found, and a score on every body."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli.score import Score
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import record_policy
from kinesis_bench.human.sources import human_emg
from kinesis_bench.policies.load import BUILT_IN, baselines, load_policy
from kinesis_bench.tasks.termination import FAR

OURS = ("dep", "mean-human", "static-optimisation", "static-optimisation-prescribed")

ours = pytest.mark.parametrize("name", OURS)


@ours
def test_a_baseline_is_a_folder_with_a_card(name):
    folder = baselines()[name]
    content = tomllib.loads((folder / "policy.toml").read_text())
    assert content["name"] == name
    assert content["policy"].startswith("adapter.py:")
    card = (folder / "README.md").read_text()
    for heading in ("Source", "Licence", "How it was checked", "Expected score"):
        assert heading in card
    assert name in (Score.__doc__ or "")


@ours
def test_it_is_found_by_its_name_only(name):
    loaded = load_policy(name)
    assert (loaded.name, loaded.source) == (name, f"baselines/{name}")
    assert len(loaded.sha256) == 64
    assert loaded.privileged
    with pytest.raises(InputError, match=r"names Python \('adapter\.py:"):
        load_policy(str(baselines()[name]))


def test_names_do_not_clash_and_near_ones_are_suggested():
    assert not set(baselines()) & set(BUILT_IN)
    for wrong, right in (("dpe", "dep"), ("mean_human", "mean-human"), ("static_optimisation", OURS[2])):
        with pytest.raises(InputError, match=f"did you mean '{right}'"):
            load_policy(wrong)


@ours
def test_it_runs_and_says_so_in_numbers(name):
    body = load_body("legs")
    motions = synthetic_motions(body, clips=3, frames=8)
    rollouts = record_policy(load_policy(name), body, motions, split="all", people=lambda bare: human_emg())
    for clip in rollouts.clips:
        assert clip.failure in ("", FAR)
        assert clip.excitation is not None
        assert np.isfinite(clip.excitation).all()
        assert (clip.excitation >= 0).all()
        assert (clip.excitation <= 1).all()
