"""Excitations for the recorded motion itself: cycles, forces, torques, people's mean, and what is refused."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.bodies.inverse_dynamics import InverseDynamics
from kinesis_bench.cli.main import main
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import Evaluation, evaluate_rollouts, record_policy
from kinesis_bench.evaluation.result import SCHEMA_FILE
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import standardise
from kinesis_bench.metrics.emg_references import pairs_r_of_group
from kinesis_bench.motions.clip import FPS
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions
from kinesis_bench.policies.load import load_policy
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.prepare import default_motions
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.rollouts.store import read_rollouts, write_rollouts
from kinesis_bench.tasks.muscle import Muscles
from kinesis_bench.tasks.static_optimisation import full_moment

HUMAN = human_emg()
BODY = load_body("legs")
WHY = "prescribed: nothing was simulated"
GRAVITY_M_S2 = 9.81


@cache
def motions() -> Motions:
    return read_motions(default_motions(), bodies=["legs"])


def record(policy: LoadedPolicy, quick: bool = False) -> Rollouts:
    return record_policy(policy, BODY, motions(), quick=quick, people=lambda bare: HUMAN)


@cache
def evaluation(policy: str) -> Evaluation:
    return evaluate_rollouts(record(load_policy(policy)), HUMAN)


def test_people_s_mean_scores_what_it_is_worth():
    """r of the group's mean with the people is mean(z of the mean · z̄); the nine are in that mean, so it is
    more than the 1.14 of leave-one-out. It was put on the motion's cycles at 30 Hz, and read off again."""
    assert HUMAN.mean_of_standardised is not None
    by_muscle = (standardise(HUMAN.mean) * HUMAN.mean_of_standardised).mean(axis=1)
    pairs = pairs_r_of_group(HUMAN.mean_of_standardised, HUMAN.people).mean()
    emg = evaluation("mean-human").result.emg
    for muscle, expected in zip(HUMAN.muscles, by_muscle, strict=True):
        assert emg.per_muscle[muscle].r == pytest.approx(expected, abs=0.01)
    assert emg.lag_pct == 0
    assert emg.ratio == pytest.approx(by_muscle.mean() / pairs, abs=0.005)
    assert emg.ratio == pytest.approx(1.167, abs=0.005)
    assert emg.leave_one_out_r is not None
    assert emg.leave_one_out_r / pairs == pytest.approx(1.142, abs=0.001)


@pytest.mark.parametrize("policy", ["mean-human", "static-optimisation-prescribed"])
def test_a_result_says_that_nothing_was_simulated(policy):
    result = evaluation(policy).result
    assert (result.policy.control, result.policy.privileged, result.runs) == ("prescribed", True, 1)
    assert result.policy.deterministic
    assert result.policy.notes[-1].startswith("prescribed: ")
    assert result.imitation is None
    assert result.imitation_by_skill is None
    assert result.realtime_factor is None
    assert {result.reasons[name] for name in ("imitation", "imitation_by_skill", "realtime_factor")} == {WHY}
    assert result.wall_s is not None
    assert result.emg.cycles >= 3
    assert result.joint_angles.mpjae_deg is not None
    jsonschema.validate(to_json(result), json.loads(SCHEMA_FILE.read_text()))


def test_what_is_no_excitation_has_no_effort():
    scores = evaluation("mean-human").result
    assert scores.effort.mean_excitation is None
    assert "unit of people's EMG" in scores.effort.reasons["mean_excitation"]
    assert scores.emg_of_activation is None
    assert evaluation("static-optimisation-prescribed").result.effort.mean_excitation == pytest.approx(
        0.05, abs=0.02
    )


@pytest.mark.parametrize("protocol", ["kinesis-bench-1", "kinesis-2025"])
def test_a_recording_of_it_scores_the_same(tmp_path: Path, protocol):
    done = evaluation("mean-human")
    write_rollouts(tmp_path / "rollouts.h5", done.rollouts)
    again = evaluate_rollouts(read_rollouts(tmp_path / "rollouts.h5"), HUMAN, protocol=protocol).result
    assert again.reasons["imitation"] == WHY
    assert again.effort.mean_excitation is None
    if protocol == "kinesis-bench-1":
        assert again.emg == done.result.emg
    else:  # whose cycles are told by the feet on the ground
        assert again.emg.mean_r is None
        assert again.emg.cycles == 0


def test_the_ground_carries_the_body():
    """Mean vertical force of every walk within 2 % of body weight, recorded under two feet."""
    weight = BODY.mass_kg * GRAVITY_M_S2
    walks = [clip for clip in evaluation("mean-human").rollouts.clips if clip.skill == "walk"]
    assert len(walks) == 7
    for clip in walks:
        assert np.asarray(clip.ground_force).sum(axis=1).mean() == pytest.approx(weight, rel=0.02)
        assert (np.asarray(clip.ground_force).max(axis=0) > 0.8 * weight).all()


def test_cycles_start_where_the_foot_comes_down_in_front():
    """By the ankle, since inverse dynamics loads a foot before it lands; the stride is the recording's."""
    result = evaluation("mean-human").result
    assert "ankle kinematics" in result.emg.notes["cycles"]
    assert result.emg.cycle_s == pytest.approx(0.96, abs=0.03)


def test_the_activations_give_the_torques_that_the_motion_needs():
    """With MuJoCo's moment arms, and the muscles' passive forces; the toes' joint may give way."""
    clip = next(c for c in evaluation("static-optimisation-prescribed").rollouts.clips if c.skill == "walk")
    span = motions().span(motions().index(clip.key))
    ik = motions().ik["legs"]
    asked = InverseDynamics(BODY.model)(ik.qpos[span], ik.qvel[span], 1 / FPS)
    muscles = Muscles(BODY.model)
    gain = muscles.gain(asked.muscle_length, asked.muscle_velocity)[1:]
    force = gain * np.asarray(clip.activation, float) + muscles.bias(asked.muscle_length)[1:]
    error = np.abs(full_moment(asked.moment_arm[1:], force).sum(axis=2) - asked.torque[1:])
    firm = [not name.startswith("mtp") for name in coupling(BODY.model).names]
    assert np.quantile(error[:, firm], 0.99) < 1.0
    assert np.abs(asked.torque[:, firm]).max() > 80


def test_the_excitations_make_the_activations():
    """Put through MuJoCo's activation dynamics in fine steps, from the first frame to the last of a walk."""
    clip = next(c for c in evaluation("static-optimisation-prescribed").rollouts.clips if c.skill == "walk")
    wanted = np.asarray(clip.activation, float)
    rise_s, fall_s = BODY.model.actuator_dynprm[0, :2]
    reached, activation = [], wanted[0].copy()
    for excitation in np.asarray(clip.excitation, float)[1:]:
        for _ in range(20):
            slowing = 0.5 + 1.5 * activation
            time_constant_s = np.where(excitation > activation, rise_s * slowing, fall_s / slowing)
            activation = activation + clip.dt_s / 20 * (excitation - activation) / time_constant_s
        reached.append(activation)
    error = np.array(reached) - wanted[1:]
    assert np.sqrt(np.square(error).mean()) < 0.15 * np.sqrt(np.square(wanted).mean())
    assert np.quantile(np.abs(error), 0.9) < 0.01


PLUGIN = """
import numpy as np
from kinesis_bench.evaluation.prescribed import Excitations
class Good:
    control = "prescribed"
    def prescribe(self, motion):
        return Excitations(motion.body.muscles, np.full((len(motion.qpos) - 1, 80), 0.1))
class Raises(Good):
    def prescribe(self, motion):
        raise OSError("no weights")
class Short(Good):
    def prescribe(self, motion):
        return Excitations(motion.body.muscles, np.zeros((3, 80)))
class NotFinite(Good):
    def prescribe(self, motion):
        return Excitations(("soleus_l",), np.full((len(motion.qpos) - 1, 1), np.nan))
class Stranger(Good):
    def prescribe(self, motion):
        return Excitations(("biceps_l",), np.zeros((len(motion.qpos) - 1, 1)))
class Nothing(Good):
    def prescribe(self, motion):
        pass
class Changes(Good):
    count = 0
    def prescribe(self, motion):
        self.count += 1
        names = motion.body.muscles[:self.count]
        return Excitations(names, np.zeros((len(motion.qpos) - 1, self.count)))
class Lacks:
    control = "prescribed"
    def act(self, observation, rngs): ...
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Raises", "raised OSError for normative/"),
        ("Short", "prescribed an array of shape (3, 80)"),
        ("NotFinite", "a number that is not finite"),
        ("Stranger", "prescribed muscles that body 'legs' lacks"),
        ("Nothing", "raised AttributeError"),
        ("Changes", "other muscles for some motions"),
        ("Lacks", "has no method prescribe"),
    ],
)
def test_one_s_own_is_refused_in_one_line(tmp_path: Path, name, message):
    (tmp_path / "mine.py").write_text(PLUGIN)
    with pytest.raises(InputError) as error:
        record(load_policy(f"{tmp_path / 'mine.py'}:{name}"), quick=True)
    assert message in str(error.value)


def test_one_s_own_is_scored(tmp_path: Path):
    (tmp_path / "mine.py").write_text(PLUGIN)
    policy = load_policy(f"{tmp_path / 'mine.py'}:Good")
    result = evaluate_rollouts(record(policy, quick=True), HUMAN).result
    assert result.effort.mean_excitation == pytest.approx(0.1)
    assert all(muscle.flat for muscle in result.emg.per_muscle.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--push", "0.1"), "nothing is simulated"),
        (("--timestep", "0.0016667"), "leave out --timestep, --push and --fatigue"),
        (("--rollout", "rollouts.h5"), "cannot be given with --rollout"),
    ],
)
def test_options_of_a_simulation_are_refused(tmp_path: Path, capsys, arguments, said):
    with pytest.raises(SystemExit) as stop:
        main(["score", "--policy", "mean-human", "--out", str(tmp_path / "out"), *arguments])
    assert stop.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
