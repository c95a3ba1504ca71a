"""Labels that do what the teacher does with fewer muscles, and a student that comes to act like them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from synthetic import synthetic_motions  # noqa: E402
from warp_on_cpu import warp_engine  # noqa: E402

from kinesis_bench.bodies.contract import load_body  # noqa: E402
from kinesis_bench.physics.engines import MakeEngine, cpu_engine  # noqa: E402
from kinesis_bench.tasks.muscle import Muscles  # noqa: E402
from kinesis_bench.tasks.reference import Reference  # noqa: E402
from kinesis_bench.tasks.reward import RewardConfig  # noqa: E402
from kinesis_bench.tasks.static_optimisation import full_moment  # noqa: E402
from kinesis_bench.tasks.tracking import TrackingControl  # noqa: E402
from kinesis_bench.training.config import DistillationConfig, EpisodeConfig, NetworkConfig  # noqa: E402
from kinesis_bench.training.distillation import Distillation, Labels  # noqa: E402
from kinesis_bench.training.environment import ClipEnvironment  # noqa: E402
from kinesis_bench.training.networks import Actor  # noqa: E402
from kinesis_bench.training.tiring import Tiring  # noqa: E402

ROWS = 8
NETWORK = NetworkConfig(actor=(32,), exploration="gaussian")
ALL = np.zeros(3, int)
"""All clips are taught by the first teacher."""


def made(
    tiring: Tiring | None = None,
    make_engine: MakeEngine = cpu_engine,
    needs: tuple[str, ...] = ("muscle", "moment_arm"),
) -> tuple[ClipEnvironment, Actor, TrackingControl, Muscles]:
    torch.manual_seed(0)
    body = load_body("legs")
    reference = Reference.of(synthetic_motions(body), body)
    environment = ClipEnvironment(
        body,
        reference,
        np.array([0, 2]),
        control="direct",
        config=EpisodeConfig(environments=ROWS, steps=4, activation=None, push_m_s=0.05),
        reward=RewardConfig(),
        rng=np.random.default_rng(0),
        threads=1,
        make_engine=make_engine,
        needs=needs,
        tiring=tiring,
    )
    law = TrackingControl(body, reference)
    teacher = Actor(environment.observation_size, law.action_size, NETWORK)
    torch.nn.init.normal_(teacher.head.weight, std=0.2)
    return environment, teacher, law, Muscles(body.model)


def test_a_still_body_is_labelled_with_the_law_s_own_excitation():
    """Where muscles do not move, lengths over the step are those at its start: a mean by hand."""
    environment, teacher, law, muscles = made()
    environment.restart()
    rows = np.arange(ROWS)
    task = environment.task
    qpos, qvel, _ = task.state(rows)
    task.engine.set_state(rows, qpos, np.zeros_like(qvel), np.zeros((ROWS, 80)))
    observation = environment.observe()
    length = task.view(rows, ("muscle",))["muscle_length"]
    with torch.no_grad():
        action = teacher.act(observation).clamp(-1, 1).double().numpy()
    target = law.target(action, task.places(rows), task.places(rows, ahead=1))
    still = np.zeros_like(length)
    by_hand = [law.excitation(target, length, still, substep) for substep in range(5)]
    found = Labels([teacher], ALL, law, muscles, None)(environment)
    np.testing.assert_allclose(found, np.mean(by_hand, axis=0), atol=1e-9)


def test_sparing_labels_spend_less_for_about_the_same_torques():
    environment, teacher, law, muscles = made()
    environment.restart()
    full = Labels([teacher], ALL, law, muscles, None)(environment)
    seen = environment.task.view(np.arange(ROWS), ("muscle", "moment_arm"))
    moment = full_moment(seen["moment_arm"], muscles.gain(seen["muscle_length"], seen["muscle_velocity"]))
    torque = np.einsum("ndm,nm->nd", moment, full)
    missed, spent = [], []
    for slack_n_m in (0.5, 5.0):
        sparing = Labels([teacher], ALL, law, muscles, slack_n_m)(environment)
        assert ((sparing >= 0) & (sparing <= 1)).all()
        missed.append(np.abs(np.einsum("ndm,nm->nd", moment, sparing) - torque).mean())
        spent.append(np.square(sparing).sum(axis=1))
    assert (spent[0] < np.square(full).sum(axis=1)).all()
    assert (spent[1] <= spent[0] + 1e-9).all()
    assert missed[0] < missed[1] < 0.5 * np.abs(torque).mean()
    assert missed[0] < 0.1 * np.abs(torque).mean()


def test_sparing_labels_ask_no_fatigued_muscle_for_more_than_it_has_left():
    """And give about the torques that the teacher's excitation has on such muscles."""
    environment, teacher, law, muscles = made(Tiring.of("legs", "hidden", 1.0))
    environment.restart()
    rows = np.arange(ROWS)
    own, sparing = (Labels([teacher], ALL, law, muscles, slack_n_m)(environment) for slack_n_m in (None, 0.5))
    left = 1 - environment.task.fatigued(rows)
    assert (own > left).any()
    assert (sparing <= left + 1e-12).all()
    seen = environment.task.view(rows, ("muscle", "moment_arm"))
    moment = full_moment(seen["moment_arm"], muscles.gain(seen["muscle_length"], seen["muscle_velocity"]))
    wanted, got = (np.einsum("ndm,nm->nd", moment, part) for part in (np.minimum(own, left), sparing))
    assert np.abs(got - wanted).mean() < 0.1 * np.abs(wanted).mean()


def test_some_clips_are_labelled_with_the_teacher_s_own_excitations():
    environment, teacher, law, muscles = made()
    environment.restart()
    clip = environment.task.clip
    assert set(clip) == {0, 2}
    own, sparing, mixed = (
        Labels([teacher], ALL, law, muscles, slack_n_m, not_sparing)(environment)
        for slack_n_m, not_sparing in ((None, ()), (5.0, ()), (5.0, (2,)))
    )
    np.testing.assert_array_equal(mixed, np.where((clip == 2)[:, None], own, sparing))
    assert np.abs(own - sparing).max() > 0.01


def test_each_clip_has_its_teacher():
    environment, teacher, law, muscles = made()
    other = Actor(environment.observation_size, law.action_size, NETWORK)
    torch.nn.init.normal_(other.head.weight, std=0.2)
    environment.restart()
    clip = environment.task.clip
    assert set(clip) == {0, 2}
    alone = [Labels([one], ALL, law, muscles, 5.0)(environment) for one in (teacher, other)]
    both = Labels([teacher, other], np.array([0, 0, 1]), law, muscles, 5.0)(environment)
    np.testing.assert_array_equal(both, np.where((clip == 2)[:, None], alone[1], alone[0]))
    assert np.abs(alone[1] - alone[0]).max() > 0.01


def test_the_gpu_engine_has_the_same_labels_and_students_learn_from_them():
    pytest.importorskip("mujoco_warp", reason="MuJoCo Warp is not installed: kinesis-bench[gpu]")
    labels, environments = [], []
    for make_engine in (cpu_engine, warp_engine):
        environment, teacher, law, muscles = made(make_engine=make_engine, needs=("muscle",))
        environment.restart()
        environment.step(torch.full((ROWS, 80), -0.8))
        environments.append(environment)
        labels.append(Labels([teacher], ALL, law, muscles, None))
    on_cpu, on_device = (label(environment) for label, environment in zip(labels, environments, strict=True))
    assert isinstance(on_device, torch.Tensor)
    np.testing.assert_allclose(on_device.numpy(), on_cpu, atol=2e-3)
    errors = []
    student = Actor(environment.observation_size, environment.action_size, NETWORK)
    Distillation(
        student,
        labels[1],
        environments[1],
        DistillationConfig(rounds=4, steps=8, memory=600, epochs=8, minibatch=64, learning_rate=3e-3),
        torch.Generator().manual_seed(2),
        lambda progress: errors.append(progress.error),
    ).run()
    assert errors[-1] < 0.8 * errors[0]


def test_the_student_comes_to_act_like_the_labels_and_the_same_again():
    def run() -> tuple[list[float], Actor]:
        environment, teacher, law, muscles = made()
        torch.manual_seed(1)
        student = Actor(environment.observation_size, environment.action_size, NETWORK)
        told = []
        Distillation(
            student,
            Labels([teacher], ALL, law, muscles, 5.0),
            environment,
            DistillationConfig(rounds=12, steps=8, memory=600, epochs=8, minibatch=64, learning_rate=3e-3),
            torch.Generator().manual_seed(2),
            told.append,
        ).run()
        assert [progress.samples for progress in told] == [min(64 * (i + 1), 600) for i in range(12)]
        return [progress.error for progress in told], student

    errors, student = run()
    again, other = run()
    assert errors == again
    assert all(map(torch.equal, student.parameters(), other.parameters()))
    assert errors[-1] < 0.5 * errors[0]
