"""From a policy to a result: who, what, how often, and what broke."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.cli.score import Score
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import (
    Evaluation,
    default_split,
    evaluate_rollouts,
    read_recording,
    record_policy,
)
from kinesis_bench.evaluation.result import SCHEMA_FILE, read_result
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.files import whole_file
from kinesis_bench.human.sources import human_emg
from kinesis_bench.motions.motion_set import ClipIk, Motions
from kinesis_bench.motions.store import write_motions
from kinesis_bench.policies.load import load_policy
from kinesis_bench.rollouts.store import write_rollouts

HUMAN = human_emg()


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("legs")


@pytest.fixture(scope="module")
def motions(body: Body) -> Motions:
    return synthetic_motions(body, clips=12, frames=6)


def evaluate(
    policy: str, body: Body, motions: Motions, protocol: str = "kinesis-bench-1", **options: object
) -> Evaluation:
    rollouts = record_policy(load_policy(policy), body, motions, **options)  # type: ignore[arg-type]
    return evaluate_rollouts(rollouts, HUMAN, protocol=protocol)


def test_who_drove_what_after_which_motions(body: Body, motions: Motions) -> None:
    assert default_split(motions) == "synthetic/test"
    result = evaluate("muscle-pd", body, motions).result
    assert result.policy.name == "muscle-pd"
    assert result.policy.privileged
    assert result.policy.needs == ("reference",)
    assert result.body.model_sha256 == body.sha256
    assert result.motions.content_sha256 == motions.content_sha256
    assert (result.motions.split, result.motions.clips) == ("synthetic/test", 4)
    assert (result.runs, result.seed, result.quick, result.diagnostic) == (1, 0, False, "")
    assert result.imitation is not None
    assert result.imitation.clips == 4
    assert result.imitation.success_pct.sem is None
    assert result.realtime_factor is not None
    assert result.realtime_factor > 1
    assert result.versions["mujoco"]
    jsonschema.validate(to_json(result), json.loads(SCHEMA_FILE.read_text()))


def test_a_stochastic_policy_runs_three_times(body: Body, motions: Motions) -> None:
    result = evaluate("random", body, motions, split="synthetic/test").result
    assert result.runs == 3
    assert result.imitation is not None
    assert result.imitation.runs == 3
    assert result.imitation.mpjpe_mm.sem is not None
    assert result.imitation.mpjpe_mm.sem > 0


def test_quick_takes_ten_clips_and_says_so(body: Body, motions: Motions) -> None:
    quick = evaluate("constant", body, motions, split="all", quick=True)
    assert quick.result.quick
    assert quick.result.motions.clips == 10
    whole = evaluate("constant", body, motions, split="all")
    assert not whole.result.quick
    by_key = {clip.key: clip for clip in whole.rollouts.clips}
    for clip in quick.rollouts.clips:
        assert np.array_equal(np.asarray(clip.qpos), np.asarray(by_key[clip.key].qpos))
    assert not evaluate("constant", body, motions, split="synthetic/test", quick=True).result.quick


def test_a_finer_timestep_is_a_diagnostic(body: Body, motions: Motions) -> None:
    """As much time passes whatever the timestep, and the places after it converge."""
    refined = [evaluate("constant", body, motions, refine=n) for n in (1, 2, 4, 16)]
    assert "no score" in refined[1].result.diagnostic
    assert refined[0].result.diagnostic == ""
    after = [np.stack([np.asarray(c.keypoint_position)[2] for c in e.rollouts.clips]) for e in refined]
    start = np.stack(
        [motions.clip(motions.index(c.key)).pelvis_position[0] for c in refined[0].rollouts.clips]
    )
    fallen_m = [float((start - places[:, 0])[:, 2].mean()) for places in after]
    assert fallen_m[-1] > 0.01
    np.testing.assert_allclose(fallen_m, fallen_m[-1], rtol=0.25)
    off_m = [np.abs(places - after[-1]).mean() for places in after[:-1]]
    assert off_m[0] > 1.3 * off_m[1] > 1.3 * 1.3 * off_m[2] > 1e-6


def test_a_push_is_a_diagnostic_drawn_by_seed_run_and_clip(body: Body, motions: Motions) -> None:
    """Only the root's velocity at the start changes, otherwise in every run; the spread is what was asked."""
    plain, pushed = (evaluate("constant", body, motions, split="all", push_m_s=p) for p in (0.0, 0.2))
    again = evaluate("constant", body, motions, split="all", push_m_s=0.2)
    other = evaluate("constant", body, motions, split="all", push_m_s=0.2, seed=1)
    assert plain.result.diagnostic == ""
    assert pushed.result.diagnostic.startswith("pushed at the start by 0.2 m/s")
    starts = {clip.key: np.asarray(clip.start_qvel) for clip in plain.rollouts.clips}
    change = {
        e: np.stack([np.asarray(c.start_qvel) - starts[c.key] for c in run.rollouts.clips])
        for e, run in enumerate((pushed, again, other))
    }
    assert (len(plain.rollouts.clips), len(change[0])) == (len(starts), 3 * len(starts))
    np.testing.assert_array_equal(change[0][:, 3:], 0)
    np.testing.assert_array_equal(change[0], change[1])
    assert len(np.unique(change[0][:, 0])) == len(change[0])
    assert not np.isin(change[2][:, 0], change[0][:, 0]).any()
    drawn = change[0][:, :3].ravel()
    assert abs(drawn.std() - 0.2) < 4 * 0.2 / np.sqrt(2 * len(drawn))


def test_a_recording_carries_its_provenance(body: Body, motions: Motions, tmp_path: Path) -> None:
    evaluation = evaluate("random", body, motions, seed=5)
    write_rollouts(tmp_path / "rollouts.h5", evaluation.rollouts)
    again = evaluate_rollouts(read_recording(tmp_path), HUMAN, seed=1)
    assert again.result == evaluation.result


def test_an_unknown_split_protocol_or_speed(body: Body, motions: Motions) -> None:
    with pytest.raises(InputError, match="did you mean 'synthetic/train'"):
        evaluate("zero", body, motions, split="synthetic/trian")
    with pytest.raises(InputError, match="did you mean 'kinesis-2025'"):
        evaluate("zero", body, motions, protocol="kinesis-2024")


def write(path: Path, motions: Motions) -> None:
    """The motions as a file."""
    legs = motions.ik["legs"]
    spans = {key: motions.span(index) for index, key in enumerate(motions.keys)}
    solved = {
        key: ClipIk(legs.qpos[span], legs.qvel[span], legs.residual[span]) for key, span in spans.items()
    }
    write_motions(
        path,
        [motions.clip(index) for index in range(len(motions))],
        id=motions.id,
        ik={"legs": solved},
        model_sha256={"legs": legs.model_sha256},
    )


PLUGIN = """
class Breaks:
    deterministic = True
    def reset(self, context, rows):
        self.calls = 0
    def act(self, observation, rngs):
        self.calls += 1
        if self.calls == 2:
            raise ValueError("no idea")
        return observation[:, :80] * 0 - 0.9
"""


def test_the_command_writes_everything_and_survives_a_failing_policy(
    motions: Motions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "motions.h5", motions)
    (tmp_path / "mine.py").write_text(PLUGIN)
    out = tmp_path / "out"
    with pytest.raises(InputError, match="Breaks: no clip could be run: policy raised ValueError: no idea"):
        Score(policy=f"{tmp_path / 'mine.py'}:Breaks", motions=tmp_path / "motions.h5", out=out).run()
    result = read_result(out / "result.json")
    assert len(result.failed_runs) == 4
    assert result.failed_runs[0].reason == "policy raised ValueError: no idea"
    assert result.imitation is not None
    assert result.imitation.success_pct.mean == 0.0
    assert {path.name for path in out.iterdir()} == {
        "result.json",
        "clips.csv",
        "rollouts.h5",
        "coverage.png",
        "report.html",
    }
    printed = capsys.readouterr().out
    text = " ".join(printed.split())
    assert "4 runs broke off: synthetic/11: policy raised ValueError: no idea (and 3 more)" in text
    assert "Breaks: coverage" in text
    assert printed.splitlines()[-1] == f"report: {out / 'report.html'}"
    report = (out / "report.html").read_text(encoding="utf-8")
    assert report.count("policy raised ValueError: no idea") >= 4
    assert f"--policy {tmp_path / 'mine.py'}:Breaks" in report


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"runs": 0}, "--runs: is 0"),
        ({"threads": -1}, "--threads: is -1"),
        ({"human_speed": 0.0}, "--human-speed: is 0.0"),
        ({"timestep": 0.004}, "--timestep: is 0.004"),
        ({"timestep": 0.0}, "--timestep: is 0.0"),
        ({"timestep": 1e-30}, "--timestep: is 1e-30"),
        ({"timestep": 1e-320}, "--timestep: is 1e-320"),
        ({"timestep": 1 / (150 * 65)}, "--timestep: is"),
        ({"timestep": float("nan")}, "--timestep: is nan"),
        ({"timestep": float("inf")}, "--timestep: is inf"),
        ({"push": -0.1}, "--push: is -0.1; give 0 to 5 m/s"),
        ({"push": float("nan")}, "--push: is nan"),
        ({"human_speed": float("inf")}, "--human-speed: is inf"),
        ({"human_speed": float("nan")}, "--human-speed: is nan"),
        ({"human_speed": 1e9}, "--human-speed: is 1000000000.0"),
        ({"threads": 100_000}, "--threads: is 100000; give 0 to 1024"),
        ({"out": Path(__file__) / "x"}, "cannot be written (Not a directory)"),
        ({"rollout": Path("absent.h5")}, "absent.h5: no such file"),
        ({"human": ("emg_walk_wang",)}, "did you mean 'emg_walk_wang2023'"),
    ],
)
def test_bad_options_name_the_flag(options: dict, message: str) -> None:
    with pytest.raises(InputError) as error:
        Score(**options).run()
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("policy", "zero"),
        ("body", "legs"),
        ("motions", Path("m.h5")),
        ("split", "all"),
        ("runs", 3),
        ("quick", True),
        ("timestep", 1 / 150),
        ("push", 0.1),
        ("threads", 0),
    ],
)
def test_options_of_a_run_are_refused_beside_a_recording(option: str, value: object) -> None:
    with pytest.raises(InputError, match=f"cannot be given with --rollout, which runs nothing: --{option};"):
        Score(rollout=Path("absent.h5"), **{option: value}).run()  # type: ignore[arg-type]


def test_what_differs_from_the_defaults_has_its_own_folder(
    motions: Motions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "m.h5", motions)
    monkeypatch.chdir(tmp_path)
    expected = {
        "zero-legs-m": {"split": "synthetic/test"},
        "zero-legs-m-synthetic_train-seed3-kinesis-2025-quick": {
            **{"split": "synthetic/train", "seed": 3, "protocol": "kinesis-2025", "quick": True}
        },
        "zero-legs-m-emg_run_santuz2020-6kmh-runs2-timestep0.00333-push0.2": {
            **{"human": ("emg_run_santuz2020",), "human_speed": 6.0, "runs": 2, "timestep": 1 / 300},
            **{"push": 0.2},
        },
    }
    for options in expected.values():
        Score(policy="zero", motions=Path("m.h5"), **options).run()  # type: ignore[arg-type]
    Score(rollout=Path("results/zero-legs-m")).run()
    Score(rollout=Path("results/zero-legs-m/rollouts.h5"), seed=1).run()
    made = {path.name for path in Path("results").iterdir()}
    assert made == {*expected, "zero-legs-m-rollout", "zero-legs-m-seed1-rollout"}


@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_is_left_as_it_was_when_writing_stops(
    motions: Motions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: BaseException,
    existing: bool,
) -> None:
    """The recording and clips.csv are written by the time that the result cannot be."""
    write(tmp_path / "m.h5", motions)
    out = tmp_path / "new" / "out"
    if existing:
        Score(policy="zero", motions=tmp_path / "m.h5", out=out).run()
    before = {path: path.read_bytes() if path.is_file() else b"" for path in tmp_path.rglob("*")}

    def fail(path: Path, result: object) -> None:
        assert (path.parent / "rollouts.h5").stat().st_size > 1000
        with whole_file(path):
            raise stop

    monkeypatch.setattr("kinesis_bench.evaluation.result.write_result", fail)
    with pytest.raises((InputError, KeyboardInterrupt)) as caught:
        Score(policy="constant", motions=tmp_path / "m.h5", out=out).run()
    if isinstance(stop, OSError):
        assert str(caught.value).startswith(f"{out / 'result.json'}: the disk is full")
    assert {path: path.read_bytes() if path.is_file() else b"" for path in tmp_path.rglob("*")} == before


def test_one_failing_clip_is_no_failure_of_the_run(motions: Motions, tmp_path: Path) -> None:
    write(tmp_path / "m.h5", motions)
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "class One:\n"
        "    deterministic = True\n"
        "    def reset(self, context, rows): ...\n"
        "    def act(self, observation, rngs):\n"
        "        action = np.full((len(observation), 80), -0.9)\n"
        "        action[0] = np.nan\n"
        "        return action\n"
    )
    Score(policy=f"{tmp_path / 'mine.py'}:One", motions=tmp_path / "m.h5", out=tmp_path / "out").run()
    assert len(read_result(tmp_path / "out" / "result.json").failed_runs) == 1
