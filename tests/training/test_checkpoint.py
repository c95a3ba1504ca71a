"""A checkpoint is there whole or not at all, and comes back bit for bit."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.errors import InputError  # noqa: E402
from kinesis_bench.files import DiskFull  # noqa: E402
from kinesis_bench.training import checkpoint  # noqa: E402
from kinesis_bench.training.checkpoint import (  # noqa: E402
    STATE,
    TENSORS,
    checkpoints,
    load_module,
    load_optimiser,
    module_tensors,
    optimiser_tensors,
    read_checkpoint,
    remove_old,
    write_checkpoint,
)

TENSOR = {"a": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(3, dtype=torch.int64)}


def test_comes_back_bit_for_bit(tmp_path) -> None:
    write_checkpoint(tmp_path / "one", TENSOR | {"t": TENSOR["a"].T}, {"best": -float("inf"), "rate": 0.1})
    tensors, state = read_checkpoint(tmp_path / "one")
    assert torch.equal(tensors["a"], TENSOR["a"])
    assert torch.equal(tensors["t"], TENSOR["a"].T)
    assert tensors["count"].dtype == torch.int64
    assert state == {"best": -float("inf"), "rate": 0.1}
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_takes_the_place_of_one_of_its_name(tmp_path) -> None:
    for value in (1.0, 2.0):
        write_checkpoint(tmp_path / "best", {"a": torch.tensor(value)}, {"value": value})
    tensors, state = read_checkpoint(tmp_path / "best")
    assert float(tensors["a"]) == state["value"] == 2.0


@pytest.mark.parametrize("damaged", [TENSORS, STATE])
@pytest.mark.parametrize("how", [lambda content: content[:10], lambda content: b"", lambda _: b"\xff" * 50])
def test_damaged_file_is_named(tmp_path, damaged, how) -> None:
    write_checkpoint(tmp_path / "one", TENSOR, {"a": 1})
    path = tmp_path / "one" / damaged
    path.write_bytes(how(path.read_bytes()))
    with pytest.raises(InputError, match=r"one: is a damaged checkpoint"):
        read_checkpoint(tmp_path / "one")


@pytest.mark.parametrize("missing", [TENSORS, STATE])
def test_missing_file_is_refused(tmp_path, missing) -> None:
    write_checkpoint(tmp_path / "one", TENSOR, {})
    (tmp_path / "one" / missing).unlink()
    with pytest.raises(InputError, match="one"):
        read_checkpoint(tmp_path / "one")


def test_full_disk_leaves_the_one_before(tmp_path, monkeypatch) -> None:
    write_checkpoint(tmp_path / "best", TENSOR, {"a": 1})

    def full(tensors, path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(DiskFull, match="the disk is full"):
        write_checkpoint(tmp_path / "best", TENSOR, {"a": 2})
    assert read_checkpoint(tmp_path / "best")[1] == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_the_last_few_are_kept_and_nothing_unfinished(tmp_path) -> None:
    for update in (5, 10, 100, 95, 20):
        write_checkpoint(tmp_path / f"checkpoint-{update:06d}", TENSOR, {})
    write_checkpoint(tmp_path / "best", TENSOR, {})
    (tmp_path / ".checkpoint-000110.x1y2").mkdir()
    remove_old(tmp_path)
    assert [int(path.name[-6:]) for path in checkpoints(tmp_path)] == [20, 95, 100]
    assert sorted(path.name for path in tmp_path.iterdir())[0] == "best"


def test_another_network_is_refused_with_both_shapes() -> None:
    tensors = module_tensors("actor", torch.nn.Linear(3, 2))
    with pytest.raises(InputError, match=r"actor\.weight: has shape \(2, 3\), this network's has \(2, 4\)"):
        load_module("actor", torch.nn.Linear(4, 2), tensors, "here")
    with pytest.raises(InputError, match=r"critic\.weight: is missing"):
        load_module("critic", torch.nn.Linear(3, 2), tensors, "here")


def test_optimiser_goes_on_as_if_it_had_never_stopped() -> None:
    def step(layer, optimiser) -> None:
        optimiser.zero_grad()
        layer(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()

    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.1)
    step(layer, optimiser)
    tensors = {k: v.clone() for k, v in optimiser_tensors("o", optimiser).items()}
    weights = {k: v.clone() for k, v in module_tensors("l", layer).items()}
    step(layer, optimiser)
    other = torch.nn.Linear(3, 2)
    resumed = torch.optim.Adam(other.parameters(), lr=0.1)
    load_module("l", other, weights, "here")
    load_optimiser("o", resumed, tensors)
    step(other, resumed)
    assert torch.equal(other.weight, layer.weight)
    assert torch.equal(other.bias, layer.bias)
