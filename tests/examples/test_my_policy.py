"""The policy in Python drives every body, and its reflex answers a pelvis that sinks."""

from __future__ import annotations

import numpy as np
import pytest
from example_scripts import EXAMPLES, example
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.evaluate import record_policy
from kinesis_bench.evaluation.run import context_of
from kinesis_bench.policies.load import load_policy
from kinesis_bench.tasks.observation import observation_layout


@pytest.mark.parametrize("name", ["legs", "legs_back"])
def test_it_drives_a_body(name):
    body = load_body(name)
    policy = load_policy(f"{EXAMPLES / 'my_policy.py'}:Reflex", name)
    rollouts = record_policy(policy, body, synthetic_motions(body), split="all")
    assert (policy.deterministic, policy.privileged) == (True, False)
    assert {clip.run for clip in rollouts.clips} == {0}
    assert all(np.isfinite(clip.excitation).all() for clip in rollouts.clips)


def test_extensors_work_harder_the_farther_the_pelvis_sinks():
    script, body = example("my_policy"), load_body("legs")
    policy = script.Reflex()
    policy.reset(context_of(body, "direct"), np.arange(3))
    places = dict(observation_layout(body))["reference_position_difference"]
    observation = np.zeros((3, places.stop + 21), np.float32)
    observation[:, places.start + 2] = 0.0, 0.04, -0.04
    excitation = (policy.act(observation, ()) + 1) / 2
    soleus, front = body.muscles.index("soleus_l"), body.muscles.index("tibant_l")
    np.testing.assert_allclose(excitation[:, soleus], [0.02, 0.02 + 5.0 * 0.04, 0.02], atol=1e-6)
    np.testing.assert_allclose(excitation[:, front], 0.02, atol=1e-6)
