"""DEP-RL's actor from its checkpoint: action for action, and nothing else comes out of the files."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="checkpoints are tensors: pip install 'kinesis-bench[train]'")
pytest.importorskip("yaml", reason="deprl's config is YAML: pip install 'kinesis-bench[myosuite]'")

import torch
from foreign_checkpoints import CONFIG, write_deprl

from kinesis_bench.errors import InputError
from kinesis_bench.policies.foreign import load_foreign
from kinesis_bench.policies.load import load_policy

OBSERVATION = np.random.default_rng(0).normal(0, 2, (7, 12)).astype(np.float32)


def expected(actor) -> np.ndarray:
    with torch.no_grad():
        return actor(torch.as_tensor(OBSERVATION)).numpy()


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("actor_only", [False, True])
def test_the_mean_action_of_the_actor(tmp_path: Path, normalised: bool, actor_only: bool) -> None:
    actor = write_deprl(tmp_path, normalised=normalised, actor_only=actor_only)
    policy = load_foreign(f"deprl={tmp_path}")
    actions = np.stack([policy.act(row) for row in OBSERVATION])
    np.testing.assert_allclose(actions, expected(actor), atol=1e-6)
    assert actions.std() > 0.05
    assert (policy.observation_size, policy.action_size, policy.action_range) == (12, 5, (-1.0, 1.0))
    assert ("normalised by the actor" in policy.notes[0]) == normalised


def test_the_last_checkpoint_unless_one_is_named(tmp_path: Path) -> None:
    early, late = write_deprl(tmp_path, step=900), write_deprl(tmp_path, step=10_000)
    for given, actor in ((tmp_path, late), (tmp_path / "checkpoints/step_900.pt", early)):
        policy = load_foreign(f"deprl={given}")
        np.testing.assert_allclose(policy.act(OBSERVATION[0]), expected(actor)[0], atol=1e-6)


class Bomb:
    """What a malicious file would hold."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


NORMALISER = "encoder.observation_normalizer"


def change(folder: Path, name: str, how) -> None:
    """Put another tensor in the place of one of a checkpoint."""
    path = folder / "checkpoints/step_1000.pt"
    tensors = torch.load(path, weights_only=True)
    torch.save(tensors | {name: how(tensors[name].detach())}, path)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda f: (f / "config.yaml").unlink(), "config.yaml: no such file"),
        (lambda f: (f / "config.yaml").write_text("a: [1"), "is no plain YAML"),
        (lambda f: (f / "config.yaml").write_text("x: !!python/name:os.system ''"), "is no plain YAML"),
        (lambda f: (f / "config.yaml").write_text("tonic: 3"), "has no part 'tonic'"),
        (
            lambda f: (f / "config.yaml").write_text((CONFIG % 16).replace("MPO", "SAC")),
            "give the checkpoint of an",
        ),
        (lambda f: shutil.rmtree(f / "checkpoints"), "holds no step_*.pt"),
        (
            lambda f: (f / "checkpoints/step_1000.pt").write_bytes(b"PK no zip"),
            "is not a readable file of tensors",
        ),
        (
            lambda f: torch.save({"a": torch.zeros(2)}, f / "checkpoints/step_1000.pt"),
            "has no tensor head.loc",
        ),
        (lambda f: torch.save([1], f / "checkpoints/step_1000.pt"), "no named tensors"),
        (lambda f: (f / "config.yaml").write_text("tonic: !!bool perhaps"), "is no plain YAML"),
        (lambda f: change(f, "actor.torso.model.0.bias", torch.Tensor.to_sparse), "is a sparse_coo tensor"),
        (
            lambda f: change(f, f"actor.{NORMALISER}._std", lambda values: values[1:]),
            "_std: has shape (11,), the actor takes 12 numbers",
        ),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, spoil, problem: str) -> None:
    write_deprl(tmp_path, normalised=True)
    spoil(tmp_path)
    with pytest.raises(InputError) as error:
        load_foreign(f"deprl={tmp_path}")
    assert problem in str(error.value)


def test_nothing_is_executed(tmp_path: Path) -> None:
    write_deprl(tmp_path)
    mark = tmp_path / "ran"
    torch.save({"actor.head.loc_layer.0.weight": Bomb(mark)}, tmp_path / "checkpoints/step_1000.pt")
    with pytest.raises(InputError, match="is not a readable file of tensors"):
        load_foreign(f"deprl={tmp_path}")
    assert not mark.exists()
    pickle.loads(pickle.dumps(Bomb(mark)))
    assert mark.exists(), "the bomb is one"


def test_it_is_no_policy_of_our_bodies() -> None:
    for given, path in (("deprl=somewhere", "somewhere"), ("deprl", "PATH")):
        with pytest.raises(InputError, match=f"kinesis-bench record --policy deprl={path}, then score"):
            load_policy(given)


DEPRL_SCRIPT = """
import sys, types
for name in ("myosuite", "myosuite.utils"):  # named by the config's header, not needed to load
    sys.modules[name] = types.ModuleType(name)
sys.modules["myosuite.utils"].gym = None
import deprl, gym, numpy as np, yaml

class Spaces:
    observation_space = gym.spaces.Box(-np.inf, np.inf, (403,), dtype=np.float32)
    action_space = gym.spaces.Box(-1, 1, (80,), dtype=np.float32)

folder = sys.argv[1]
config = yaml.safe_load(open(folder + "/config.yaml"))
agent = eval(config["tonic"]["agent"])
agent.set_params(**config["mpo_args"])
agent.initialize(Spaces.observation_space, Spaces.action_space, seed=0)
rng = np.random.default_rng(0)
agent.model.observation_normalizer.record(rng.normal(3, 2, (50, 403)).astype(np.float32))
agent.model.observation_normalizer.update()
agent.save(folder + "/checkpoints/step_100", full_save=False)
again = deprl.load(folder + "/", Spaces)
observation = rng.normal(0, 1, (20, 403)).astype(np.float32)
np.savez(folder + "/actions.npz", observation=observation, action=np.stack([again(o) for o in observation]))
"""
"""Makes an agent as deprl does, lets deprl save it, load it and act."""


@pytest.mark.slow
def test_action_for_action_as_deprl_itself(tmp_path: Path) -> None:
    """deprl 0.3.2 wants Python below 3.12 and numpy below 2: it gets an environment of its own."""
    if sys.version_info >= (3, 12):
        pytest.skip("deprl 0.3.2 needs a Python below 3.12")
    python = tmp_path / "venv/bin/python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    wanted = (
        "deprl==0.3.2",
        "gym==0.13.1",
        "numpy<2",
        f"torch=={torch.__version__.split('+')[0]}",
    )
    made = subprocess.run([*install, *wanted], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"deprl cannot be installed here: {made.stderr.splitlines()[-1]}")
    (tmp_path / "config.yaml").write_text(CONFIG % 1024)
    subprocess.run([python, "-c", DEPRL_SCRIPT, tmp_path], check=True, capture_output=True)
    policy = load_foreign(f"deprl={tmp_path}")
    with np.load(tmp_path / "actions.npz") as told:
        actions = np.stack([policy.act(row) for row in told["observation"]])
        np.testing.assert_allclose(actions, told["action"], atol=1e-6)
        assert told["action"].std() > 0.02
