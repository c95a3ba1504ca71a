"""Policies are found by name, file, class and folder; what cannot be used is said in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.policies import load
from kinesis_bench.policies.contract import Contract
from kinesis_bench.policies.interface import BLOCK_ROWS, Context, Policy
from kinesis_bench.policies.load import BUILT_IN, load_policy, reference_policies

CONTRACT = Contract(
    body="legs",
    model_sha256="ab" * 32,
    observation=(("height", 1), ("touch", 4)),
    segments=("pelvis", "tibia_l"),
    keypoints=("pelvis",),
    control="pd",
)
CONTEXT = Context(
    CONTRACT, action_size=3, muscle_names=("a", "b", "c"), dt_s=1 / 30, clip_keys=("k",) * BLOCK_ROWS
)
RNGS = [np.random.default_rng(i) for i in range(BLOCK_ROWS)]


def write_linear(
    path: Path, weight: np.ndarray, metadata: dict[str, str] | None = None, batch: int | str = "n"
) -> None:
    """An ONNX network a = o W."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    n, a = weight.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["observation", "W"], ["action"])],
        "linear",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, [batch, n])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, [batch, a])],
        [numpy_helper.from_array(weight.astype(np.float32), "W")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, str(path))


@pytest.mark.parametrize(
    ("name", "excitation", "deterministic"),
    [("zero", 0.0, True), ("constant", 0.05, True), ("random", None, False)],
)
def test_built_in(name: str, excitation: float | None, deterministic: bool) -> None:
    loaded = load_policy(name)
    assert (loaded.deterministic, loaded.control, loaded.privileged) == (deterministic, "direct", False)
    policy = loaded.make()
    assert isinstance(policy, Policy)
    policy.reset(CONTEXT, np.arange(BLOCK_ROWS))
    action = policy.act(np.zeros((BLOCK_ROWS, 5), np.float32), RNGS)
    assert action.shape == (BLOCK_ROWS, 3)
    if excitation is not None:
        np.testing.assert_allclose((action + 1) / 2, excitation)
    else:
        assert np.abs(action).max() <= 1
        assert len(np.unique(action)) == action.size


def test_muscle_pd_is_privileged_and_uses_pd() -> None:
    loaded = load_policy("muscle-pd")
    assert loaded.privileged
    assert loaded.control == "pd"


@pytest.mark.parametrize("batch", ["n", 1])
def test_onnx_runs_and_carries_its_contract(tmp_path: Path, batch: int | str) -> None:
    weight = np.arange(15.0).reshape(5, 3) / 10
    write_linear(tmp_path / "net.onnx", weight, CONTRACT.to_metadata(), batch)
    loaded = load_policy(str(tmp_path / "net.onnx"))
    assert loaded.contract == CONTRACT
    assert (loaded.control, loaded.deterministic, loaded.name, loaded.notes) == ("pd", True, "net", ())
    loaded.refuse_unless(CONTRACT, action_size=3)
    observation = np.random.default_rng(0).standard_normal((BLOCK_ROWS, 5)).astype(np.float32)
    np.testing.assert_allclose(
        loaded.make().act(observation, RNGS), observation @ weight, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("field", "value", "ours", "theirs"),
    [
        ("body", "legs_abs", "'legs'", "'legs_abs'"),
        ("model_sha256", "cd" * 32, "abababababab…", "cdcdcdcdcdcd…"),
        ("observation", (("touch", 4), ("height", 1)), "height 1, touch 4", "touch 4, height 1"),
        ("segments", ("pelvis", "tibia_r"), "tibia_l", "tibia_r"),
        ("control", "direct", "'pd'", "'direct'"),
    ],
)
def test_another_contract_is_refused_with_both_sides_shown(
    tmp_path: Path, field: str, value: Any, ours: str, theirs: str
) -> None:
    write_linear(tmp_path / "net.onnx", np.zeros((5, 3)), CONTRACT.to_metadata())
    loaded = load_policy(str(tmp_path / "net.onnx"))
    with pytest.raises(InputError) as error:
        loaded.refuse_unless(replace(CONTRACT, **{field: value}), action_size=3)
    assert f"net.onnx: {field}: the policy was made for" in str(error.value)
    assert ours in error.value.problem
    assert theirs in error.value.problem


def test_a_plain_onnx_is_accepted_where_sizes_fit_and_says_so(tmp_path: Path) -> None:
    write_linear(tmp_path / "net.onnx", np.zeros((5, 3)))
    loaded = load_policy(str(tmp_path / "net.onnx"))
    assert loaded.control == "direct"
    assert "sizes fit" in loaded.notes[0]
    assert "it has none" in loaded.notes[0]
    loaded.refuse_unless(replace(CONTRACT, control="direct"), action_size=3)
    with pytest.raises(InputError, match="has 3 numbers, body 'legs' has 80"):
        loaded.refuse_unless(CONTRACT, action_size=80)
    with pytest.raises(InputError, match="has 5 numbers, body 'legs' has 309"):
        loaded.refuse_unless(replace(CONTRACT, observation=(("all", 309),)), action_size=3)


def test_metadata_under_other_names_is_said_not_to_be_read(tmp_path: Path) -> None:
    write_linear(tmp_path / "net.onnx", np.zeros((5, 3)), {"body": "legs", "author": "me"})
    (note,) = load_policy(str(tmp_path / "net.onnx")).notes
    assert "keys author, body are not read" in note
    assert "kinesis_bench.body, kinesis_bench.model_sha256" in note


def test_damaged_and_odd_onnx_files(tmp_path: Path) -> None:
    metadata = CONTRACT.to_metadata()
    path = tmp_path / "net.onnx"
    write_linear(path, np.zeros((5, 3)), {k: v for k, v in metadata.items() if not k.endswith("body")})
    with pytest.raises(InputError, match=r"metadata: lacks kinesis_bench\.body"):
        load_policy(str(path))
    write_linear(path, np.zeros((5, 3)), metadata | {"kinesis_bench.observation": "{"})
    with pytest.raises(InputError, match=r"kinesis_bench\.observation: cannot be read"):
        load_policy(str(path))
    for layout in ('{"parts": [["all", Infinity]]}', "[" * 100_000):
        write_linear(path, np.zeros((5, 3)), metadata | {"kinesis_bench.observation": layout})
        with pytest.raises(InputError, match=r"kinesis_bench\.observation: cannot be read"):
            load_policy(str(path))
    (tmp_path / "policy.toml").write_text("policy = " + "[" * 100_000)
    with pytest.raises(InputError, match=r"policy\.toml: is not valid TOML"):
        load_policy(str(tmp_path))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"net\.onnx: is not a readable ONNX file"):
        load_policy(str(path))


PLUGIN = """
import numpy as np
class Half:
    deterministic = True
    control = "pd"
    def __init__(self, level=0.5):
        self.level = level
    def reset(self, context, rows):
        self.shape = (len(context.clip_keys), context.action_size)
    def act(self, observation, rngs):
        return np.full(self.shape, self.level)
class NoAct:
    def reset(self, context, rows): ...
class BadNeeds(Half):
    needs = "state"
class Raises(Half):
    def __init__(self):
        raise OSError("no weights")
class Leaves(Half):
    def __init__(self):
        raise SystemExit(3)
"""


def test_plugin_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN)
    loaded = load_policy(f"{path}:Half")
    assert (loaded.name, loaded.control, loaded.deterministic) == ("Half", "pd", True)
    assert len(loaded.sha256) == 64
    policy = loaded.make()
    policy.reset(CONTEXT, np.arange(BLOCK_ROWS))
    assert policy.act(np.zeros((BLOCK_ROWS, 5), np.float32), RNGS)[0].tolist() == [0.5] * 3


def test_plugin_module() -> None:
    loaded = load_policy("kinesis_bench.policies.builtin:Constant")
    assert loaded.name == "Constant"
    assert loaded.deterministic


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("mine.py:Halve", "did you mean 'Half'"),
        ("mine.py:NoAct", "has no method act"),
        ("mine.py:BadNeeds", "needs: is 'state'"),
        ("mine.py:Raises", "raised OSError: no weights"),
        ("mine.py:Leaves", "Leaves() raised SystemExit: 3"),
        ("leaves.py:Half", "cannot be imported (SystemExit: 3)"),
        ("mine.py", "names no class; write mine.py:Class"),
        ("absent.py:Half", "absent.py: no such file"),
        ("broken.py:Half", "cannot be imported (SyntaxError"),
        ("no_such_package.x:Half", "no module named 'no_such_package'"),
        ("muscle_pd", "did you mean 'muscle-pd'"),
        ("absent.onnx", "absent.onnx: no such file"),
        ("model.pkl", "nothing is unpickled"),
        ("absent/folder", "no such file or folder"),
    ],
)
def test_what_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(PLUGIN)
    (tmp_path / "broken.py").write_text("class Half(\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(InputError) as error:
        load_policy(reference)
    assert message in str(error.value)


def test_folder(tmp_path: Path) -> None:
    write_linear(tmp_path / "net.onnx", np.zeros((5, 3)))
    (tmp_path / "policy.toml").write_text('name = "mine"\npolicy = "net.onnx"\ncontrol = "pd"\n')
    loaded = load_policy(str(tmp_path))
    assert (loaded.name, loaded.control, loaded.source) == ("mine", "pd", str(tmp_path))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("mine.py:Half", "use --policy {folder}/mine.py:Half"),
        ("mine:Half", "use --policy mine:Half"),
        ("../net.onnx", "lies outside the folder"),
        ("{parent}/net.onnx", "lies outside the folder"),
        ("link.onnx", "lies outside the folder"),
    ],
)
def test_a_folder_names_neither_python_nor_files_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, message: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n" + PLUGIN)
    write_linear(tmp_path / "net.onnx", np.zeros((5, 3)))
    (folder / "link.onnx").symlink_to(tmp_path / "net.onnx")
    (folder / "policy.toml").write_text(f"policy = '{policy.format(parent=tmp_path)}'\n")
    with pytest.raises(InputError) as error:
        load_policy(str(folder))
    assert message.format(folder=folder) in str(error.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("policies = 'x'", "did you mean 'policy'"),
        ("policy = 3", "policy: is 3; make it a str"),
        ("name = 'x'", "policy: is missing"),
        ("policy = 'net.onnx'", "no such file net.onnx"),
        ("policy = 'net.zip'", "is 'net.zip'; name an .onnx file"),
        ("policy =", "is not valid TOML"),
        (None, "holds no policy.toml"),
    ],
)
def test_bad_folder(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "policy.toml").write_text(content)
    with pytest.raises(InputError) as error:
        load_policy(str(tmp_path))
    assert message in str(error.value)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of reference policies with one for ``legs`` and another one."""
    for name in ("legs", "legs-other", "unfinished"):
        (tmp_path / "shipped" / name).mkdir(parents=True)
        write_linear(tmp_path / "shipped" / name / "policy.onnx", np.zeros((5, 3)), CONTRACT.to_metadata())
        if name != "unfinished":
            (tmp_path / "shipped" / name / "policy.toml").write_text('policy = "policy.onnx"\n')
    folders = {"reference_policies": tmp_path / "shipped", "baselines": tmp_path / "none"}
    monkeypatch.setattr(load, "content_dir", folders.__getitem__)
    return tmp_path / "shipped"


def test_reference_policies_go_by_their_names(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(reference_policies()) == ["legs", "legs-other"]
    assert load_policy("legs-other").source == "reference_policies/legs-other"
    assert load_policy("reference", "legs").source == "reference_policies/legs"
    own = tmp_path / "legs"
    own.mkdir()
    write_linear(own / "net.onnx", np.zeros((5, 3)))
    (own / "policy.toml").write_text('name = "mine"\npolicy = "net.onnx"\n')
    monkeypatch.chdir(tmp_path)
    assert (load_policy("legs").name, load_policy("./legs").name) == ("legs", "mine")


def test_a_body_without_a_reference_policy_is_named(shipped: Path) -> None:
    with pytest.raises(
        InputError, match="reference: there is none for body 'legs_abs'; give another --policy"
    ):
        load_policy("reference", "legs_abs")
    with pytest.raises(InputError, match="did you mean 'legs-other'"):
        load_policy("legs_other")


def test_the_checkout_holds_a_folder_of_reference_policies() -> None:
    for folder in reference_policies().values():
        assert load_policy(str(folder)).contract is not None


def write_sampling(path: Path, name: str = "uniform", width: int = 1) -> None:
    """Action 0 gets observation 0 plus the random number."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["observation", "W"], ["o"]),
            helper.make_node("Add", ["o", name], ["action"]),
        ],
        "sampling",
        [
            helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["n", 5]),
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]),
        ],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.eye(5, 1, dtype=np.float32), "W")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def test_a_network_that_samples_takes_each_row_s_generator(tmp_path: Path) -> None:
    write_sampling(tmp_path / "net.onnx")
    loaded = load_policy(str(tmp_path / "net.onnx"))
    assert not loaded.deterministic
    observation = np.arange(5.0 * BLOCK_ROWS, dtype=np.float32).reshape(BLOCK_ROWS, 5)
    rngs, same = ([np.random.default_rng(i) for i in range(BLOCK_ROWS)] for _ in range(2))
    for _ in range(2):
        drawn = np.array([rng.random(dtype=np.float32) for rng in same], np.float32)
        action = loaded.make().act(observation, rngs)
        assert np.array_equal(action[:, 0], observation[:, 0] + drawn)


@pytest.mark.parametrize(("name", "width"), [("noise", 1), ("uniform", 3)])
def test_other_second_inputs_are_refused(tmp_path: Path, name: str, width: int) -> None:
    write_sampling(tmp_path / "net.onnx", name, width)
    with pytest.raises(InputError, match=rf"inputs: has observation .* {name} .*or also uniform \(n, 1\)"):
        load_policy(str(tmp_path / "net.onnx"))


def test_built_in_names() -> None:
    assert set(BUILT_IN) == {"zero", "random", "constant", "muscle-pd"}
