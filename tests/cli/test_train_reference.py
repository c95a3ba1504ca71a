"""What the command makes of its arguments, and what it refuses, in one line with exit code 2."""

from __future__ import annotations

import contextlib
import io
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import motions_file

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli import train_reference
from kinesis_bench.cli.main import COMMANDS, main
from kinesis_bench.cli.train_reference import TrainReference
from kinesis_bench.cli.usage import parse
from kinesis_bench.evaluation.replay import replay
from kinesis_bench.policies.load import load_policy
from kinesis_bench.rollouts.store import read_rollouts
from kinesis_bench.training.checkpoint import STATE, TENSORS, checkpoints
from kinesis_bench.training.config import TrainConfig
from kinesis_bench.training.presets import preset
from kinesis_bench.training.run_folder import CONFIG, read_config, stage_folder

TINY = (
    *("--preset", "laptop", "--method", "kinesis", "--threads", "1", "--stage", "expert-1"),
    *("--networks.actor", "16", "--networks.critic", "16", "--episodes.environments", "4"),
    *("--episodes.steps", "4", "--episodes.activation", "0", "--ppo.minibatch", "8"),
    *("--expert.max-steps", "64", "--expert.checkpoint-every", "2", "--expert.evaluate-every", "2"),
)


def parsed(*arguments: str) -> TrainReference:
    command = {"train-reference": TrainReference.with_defaults(["train-reference", *arguments])}
    made = parse(COMMANDS | command, ["train-reference", *arguments], "kinesis-bench", "", {})
    assert isinstance(made, TrainReference)
    return made


@pytest.fixture(scope="module")
def motions(tmp_path_factory) -> Path:
    return motions_file(tmp_path_factory.mktemp("motions") / "m.h5")


@pytest.fixture(scope="module")
def made(motions, tmp_path_factory) -> tuple[Path, str]:
    """A run of four updates, and what was printed."""
    run, out = tmp_path_factory.mktemp("made") / "run", io.StringIO()
    with contextlib.redirect_stdout(out):
        main(["train-reference", *TINY, "--motions", str(motions), "--out", str(run)])
    return run, out.getvalue()


@pytest.fixture
def run(made, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made[0], tmp_path / "run"))


@pytest.fixture
def refuse(capsys, tmp_path):
    """Run the command on arguments that must be refused; give the line on stderr."""

    def run(*arguments: object, command: str = "train-reference") -> str:
        before = contents(tmp_path)
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([command, *(str(argument) for argument in arguments)])
        captured = capsys.readouterr()
        assert stop.value.code == 2
        assert captured.err.count("\n") == 1, captured.err
        assert "Traceback" not in captured.err
        assert contents(tmp_path) == before, "the folder was changed"
        return captured.err

    return run


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["paper", "gpu", "laptop"])
@pytest.mark.parametrize("body", ["legs", "legs_back"])
@pytest.mark.parametrize("method", [None, "kinesis", "distilled"])
def test_preset_body_and_method_choose_the_defaults(name, body, method) -> None:
    flags = ["--preset", name, f"--body={body}", *(["--method", method] if method else [])]
    assert parsed(*flags).config == preset(name, body, method)


def test_no_flags_are_the_laptop_s() -> None:
    assert parsed().config == preset("laptop")


def test_every_number_is_a_typed_flag() -> None:
    made = parsed(
        *("--ppo.learning-rate", "1e-5", "--networks.actor", "64", "32", "--ppo.target-kl", "None"),
        *("--episodes.activation", "0.06", "--expert.energy", "0.3", "--networks.no-symmetric"),
    ).config
    assert made.ppo.learning_rate == 1e-5
    assert made.networks.actor == (64, 32)
    assert made.ppo.target_kl is None
    assert made.episodes.activation == 0.06
    assert made.expert.energy == 0.3
    assert not made.networks.symmetric
    assert made.ppo.epochs == preset("laptop").ppo.epochs


def test_help_names_sources_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom kinesis_bench.cli.main import main\n"
        "try: main(['train-reference', '--help'])\nexcept SystemExit: pass\n"
        "print({'torch', 'numpy', 'mujoco', 'pandas'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip().endswith("set()")
    for part in ("--ppo.learning-rate", "--gate.max-steps", "(paper, Table II)", "upstream's code"):
        assert part in out


def test_a_run_prints_a_line_a_trial(made) -> None:
    run, out = made
    assert read_config(run).split == "synthetic/train"
    assert len(checkpoints(stage_folder(run, "expert-1"))) == 2
    told = ["expert-1: update 2, ", "expert-1: update 4, ", "expert-1 is done: 0."]
    assert [line[:20] for line in out.splitlines()] == told


def test_control_synergy_is_trained_exported_and_scored(motions, tmp_path) -> None:
    """The whole chain: 32 groups of muscles and 80 corrections, from the trainer to the result."""
    run = tmp_path / "run"
    whole = [flag for flag in TINY if flag not in ("--stage", "expert-1")]
    flags = ("--control", "synergy", "--max-experts", "1", "--motions", str(motions), "--out", str(run))
    main(["train-reference", *whole, *flags])
    policy = load_policy(str(run / "policy"))
    assert (policy.control, policy.action_size, policy.privileged) == ("synergy", 112, False)
    clips = read_rollouts(run / "score" / "rollouts.h5").clips
    assert {clip.control for clip in clips} == {"synergy"}
    for clip, (qpos, _) in zip(clips, replay(load_body("legs"), clips, threads=1), strict=True):
        np.testing.assert_array_equal(qpos, clip.qpos)
    assert json.loads((run / "score" / "result.json").read_text())["policy"]["control"] == "synergy"


def test_a_policy_that_sees_fatigue_is_trained_exported_and_scored(motions, tmp_path, refuse) -> None:
    """The whole chain; and a score that does not show what it saw is refused."""
    import onnx

    run = tmp_path / "run"
    whole = [flag for flag in TINY if flag not in ("--stage", "expert-1")]
    flags = ("--fatigue", "--observe-fatigue", "--max-experts", "1", "--motions", str(motions))
    main(["train-reference", *whole, *flags, "--out", str(run)])
    config = read_config(run)
    assert (config.fatigue, config.observe_fatigue) == (True, True)
    policy = run / "policy"
    held = {one.key: one.value for one in onnx.load(policy / "policy.onnx").metadata_props}
    assert held["kinesis_bench.fatigue"] == "fatigue-1, observed"
    assert json.loads(held["kinesis_bench.observation"])["parts"][-1] == ["fatigued", 80]
    told = json.loads((run / "score" / "fatigue.json").read_text())
    assert (told["fatigue"]["bouts"], told["fatigue"]["observed"]) == (5, True)
    asked = ("--policy", policy, "--motions", motions, "--out", tmp_path / "score")
    for more in ((), ("--fatigue",)):
        assert "use --fatigue --observe-fatigue" in refuse(*asked, *more, command="score")
    blind = (*TINY, "--start-from", policy, "--motions", motions, "--out", tmp_path / "blind")
    assert "use --fatigue --observe-fatigue" in refuse(*blind)
    line = refuse("--resume", run, "--no-observe-fatigue")
    assert "--observe-fatigue: cannot be changed in a run that has begun" in line
    line = refuse(*TINY, "--observe-fatigue", "--motions", motions, "--out", tmp_path / "no")
    assert "--observe-fatigue: means nothing where muscles do not tire; add --fatigue" in line


def test_settings_can_change_in_a_run_but_not_what_it_is(run, refuse) -> None:
    main(["train-reference", "--resume", str(run), "--stage", "expert-1", "--expert.max-steps", "96"])
    assert read_config(run).expert.max_steps == 96
    assert read_config(run).ppo.minibatch == 8
    for flags in (("--seed", "1"), ("--body", "legs_abs"), ("--preset", "paper"), ("--networks.actor", "8")):
        assert "cannot be changed in a run that has begun" in refuse("--resume", run, *flags)
    assert "--out: cannot be given with --resume" in refuse("--resume", run, "--out", run)


def test_ctrl_c_says_how_to_go_on(motions, tmp_path, monkeypatch, capsys) -> None:
    from kinesis_bench.training.log import StageLog

    def interrupt(self, progress) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StageLog, "__call__", interrupt)
    with pytest.raises(SystemExit) as stop:
        main(["train-reference", *TINY, "--motions", str(motions), "--out", str(tmp_path / "run")])
    assert stop.value.code == 130
    assert (
        f"go on with: kinesis-bench train-reference --resume {tmp_path / 'run'}\n" in capsys.readouterr().err
    )


def test_no_run_to_resume(refuse, tmp_path) -> None:
    assert "holds no run (no config.json)" in refuse("--resume", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "holds no run" in refuse("--resume", tmp_path / "empty")


def test_a_folder_that_holds_a_run(refuse, run, motions) -> None:
    line = refuse(*TINY, "--motions", motions, "--out", run)
    assert f"holds a run already; go on with --resume {run}" in line


def test_unknown_key_in_a_config(refuse, run) -> None:
    path = run / CONFIG
    path.write_text(path.read_text().replace('"gae_lambda"', '"gea_lambda"'))
    line = refuse("--resume", run)
    assert "ppo.gea_lambda is unknown" in line
    assert CONFIG in line


@pytest.mark.parametrize("file", [TENSORS, STATE])
def test_damaged_checkpoint(refuse, run, file) -> None:
    (run / "chain.json").unlink()
    last = checkpoints(stage_folder(run, "expert-1"))[-1]
    (last / file).write_bytes((last / file).read_bytes()[:50])
    line = refuse("--resume", run, "--stage", "expert-1")
    assert f"{last.name}: is a damaged checkpoint" in line


def test_checkpoint_of_another_body(refuse, run, tmp_path) -> None:
    """Another body has other muscles: the first tensor that differs is named with both shapes."""
    (run / "chain.json").unlink()
    other = motions_file(tmp_path / "other.h5", "legs_abs")
    path = run / CONFIG
    text = path.read_text().replace('"legs"', '"legs_abs"')
    path.write_text(text.replace(read_config(run).motions, str(other)))
    line = refuse("--resume", run, "--stage", "expert-1")
    assert "has shape (80,), this network's has (86,)" in line


def test_motions_that_cannot_be_used(refuse, motions, tmp_path) -> None:
    out = ("--out", tmp_path / "run")
    assert "no IK" in refuse(*TINY, "--body", "legs_abs", "--motions", motions, *out)
    assert "no such file" in refuse(*TINY, "--motions", tmp_path / "none.h5", *out)
    (tmp_path / "text.h5").write_text("no motions")
    assert "text.h5" in refuse(*TINY, "--motions", tmp_path / "text.h5", *out)
    assert "did you mean 'synthetic/" in refuse(
        *TINY, "--motions", motions, "--split", "synthetic/trian", *out
    )


def test_a_gpu_engine_without_a_gpu(refuse, motions, tmp_path, monkeypatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    line = refuse(*TINY, "--motions", motions, "--engine", "gpu", "--out", tmp_path / "run")
    assert "--engine gpu: no CUDA device is found; use --engine cpu" in line


def test_torch_is_not_installed(refuse, motions, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(train_reference, "find_spec", lambda name: None if name == "torch" else name)
    line = refuse(*TINY, "--motions", motions, "--out", tmp_path / "run")
    assert 'needs torch; pip install "kinesis-bench[train]"' in line


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--preset", "desktop"), "desktop"),
        (("--body", "arms"), "arms"),
        (("--ppo.discount", "2"), "--ppo.discount: is 2.0; give a number above 0, below 1"),
        (("--ppo.epochs", "0"), "--ppo.epochs: is 0; give a number above 0"),
        (("--ppo.epochs", "many"), "--ppo.epochs"),
        (("--ppo.epoch", "3"), "--ppo.epochs"),
        (("--stage", "expert"), "did you mean 'expert-"),
        (("--networks.actor",), "--networks.actor"),
    ],
)
def test_flags_that_mean_nothing(refuse, motions, tmp_path, flags, named) -> None:
    assert named in refuse("--motions", motions, *flags, "--out", tmp_path / "run")


def test_an_out_that_cannot_be_a_folder(refuse, motions, tmp_path) -> None:
    (tmp_path / "file").touch()
    assert "file" in refuse(*TINY, "--motions", motions, "--out", tmp_path / "file")


def test_full_disk(run, tmp_path) -> None:
    """A limit on the size of files stands for the disk; what was there can be gone on with."""
    (run / "chain.json").unlink()
    before = checkpoints(stage_folder(run, "expert-1"))
    code = "import sys; from kinesis_bench.cli.main import main; main(sys.argv[1:])"
    flags = ["train-reference", "--resume", str(run), "--stage", "expert-1", "--expert.max-steps", "128"]
    full = subprocess.run(
        [sys.executable, "-c", code, *flags],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert full.returncode == 2, full.stderr
    assert full.stderr.count("\n") == 1
    assert "the disk is full" in full.stderr
    assert checkpoints(stage_folder(run, "expert-1")) == before
    main(flags)
    assert len(checkpoints(stage_folder(run, "expert-1"))) == 3


def test_paper_is_the_default_of_the_classes() -> None:
    assert preset("paper") == TrainConfig()
