from __future__ import annotations

import io
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib_files import joblib_dump

from kinesis_bench.errors import InputError
from kinesis_bench.motions import restricted_pickle


def _load(data: bytes) -> Any:
    return restricted_pickle.load(io.BytesIO(data), "motion.pkl")


PLAIN = {
    "pose_aa": np.arange(12.0).reshape(3, 4),
    "columns_first": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "single": np.float32(2.5),
    "count": np.int64(7),
    "words": np.array(["walk", "run"]),
    "ragged": np.array([np.zeros(2), np.ones(3), {"a": np.arange(2)}], dtype=object),
    "big_endian": np.arange(3, dtype=">f4"),
    "flags": np.array([True, False]),
    "nested": [1, 2.0, ("a", None), {"b": True}],
    "empty": np.zeros((0, 3)),
}


def _same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        for x, y in zip(a.ravel(), b.ravel(), strict=True):
            _same(x, y)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            _same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        for x, y in zip(a, b, strict=True):
            _same(x, y)
    else:
        assert a == b


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_content_in_every_protocol(protocol: int) -> None:
    if protocol < 3:  # bytes go through _codecs.encode there, which is not known
        with pytest.raises(InputError, match=r"_codecs\.encode"):
            _load(pickle.dumps(PLAIN, protocol))
        return
    _same(_load(pickle.dumps(PLAIN, protocol)), PLAIN)


def test_numpy_1_names_and_shared_arrays() -> None:
    shared = np.arange(3.0)
    data = pickle.dumps(OrderedDict(a=shared, b=shared), 4)
    old = data.replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
    assert old != data
    # The frame is one byte shorter now.
    old = old[:2] + b"\x95" + struct.pack("<Q", struct.unpack("<Q", data[3:11])[0] - 1) + old[11:]
    for one in (data, old):
        read = _load(one)
        np.testing.assert_array_equal(read["a"], shared)
        np.testing.assert_array_equal(read["b"], shared)


class _Attack:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_pickle_does_not_run(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "ran"
    for attack in (
        _Attack(os.system, f"touch {mark}"),
        _Attack(eval, f"open({str(mark)!r}, 'w')"),
        _Attack(np.save, str(mark), 1),
        _Attack(getattr, "walk", "upper"),
    ):
        data = pickle.dumps({"pose_aa": np.zeros(3), "beta": attack}, protocol)
        with pytest.raises(InputError, match=r"motion\.pkl: its pickle asks for .*; save it as plain arrays"):
            _load(data)
        with pytest.raises(InputError):
            _load(pickle.dumps(np.array([attack], dtype=object), protocol))
    assert not mark.exists()
    with pytest.raises(InputError, match=r"asks for posix\.system|asks for nt\.system"):
        _load(pickle.dumps(_Attack(os.system, f"touch {mark}"), 4))


def test_opcodes_that_call_by_other_ways_do_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    command = f"touch {mark}".encode()
    attacks = {
        "INST": b"(S'" + command + b"'\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS'" + command + b"'\no.",
        "NEWOBJ": b"\x80\x02cbuiltins\neval\nS'1'\n\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04cos\nsystem\n)}\x92.",
        "PERSID": b"Psystem\n.",
        "EXT1": b"\x80\x02\x82\x01.",
        "dotted": b"\x80\x04\x8c\x05numpy\x8c\x0dndarray.dumps\x93.",
        "BUILD on a mark": b"\x80\x02cnumpy\nndarray\n}U\x01aK\x01sb.",
        "BUILD on a list": b"\x80\x02]}U\x01aK\x01sb.",
        "a mark by itself": b"\x80\x02cnumpy\nndarray\n.",
        "call of a string": b"\x80\x02U\x01a)R.",
        "ndarray of any size": b"\x80\x02cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85R.",
    }
    for name, data in attacks.items():
        with pytest.raises(InputError, match=r"motion\.pkl"):
            print(name, _load(data))
    assert not mark.exists()


def test_damaged_pickles() -> None:
    data = pickle.dumps(PLAIN, 4)
    for broken in (b"", b"hello", data[:-40], data[: len(data) // 2], b"\x80\x04" + b"\xff" * 20):
        with pytest.raises(InputError):
            _load(broken)
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(InputError, match="contains itself"):
        _load(pickle.dumps(itself, 4))


def test_npy_of_objects(tmp_path: Path) -> None:
    np.save(tmp_path / "results.npy", {"motion": np.arange(6.0).reshape(2, 3), "text": ["a", "b"]})
    with (tmp_path / "results.npy").open("rb") as file:
        _same(
            restricted_pickle.load_npy(file, "results.npy"),
            {"motion": np.arange(6.0).reshape(2, 3), "text": ["a", "b"]},
        )
    mark = tmp_path / "ran"
    np.save(tmp_path / "bad.npy", np.array([_Attack(os.system, f"touch {mark}")], dtype=object))
    with (tmp_path / "bad.npy").open("rb") as file, pytest.raises(InputError, match=r"asks for \w+\.system"):
        restricted_pickle.load_npy(file, "bad.npy")
    assert not mark.exists()
    with pytest.raises(InputError, match=r"not a readable \.npy"):
        restricted_pickle.load_npy(io.BytesIO(b"nothing"), "bad.npy")


def test_joblib_arrays() -> None:
    content = {"a": np.arange(6.0).reshape(2, 3), "gender": "neutral", "b": np.arange(4, dtype=np.float32)}
    data = joblib_dump(content)
    _same(_load(data), content)
    with pytest.raises(InputError):
        _load(data[:-20])


def torch_bytes(values: np.ndarray) -> bytes:
    """A torch storage as ``torch.save`` wrote it before its zip files."""
    parts = [
        0x1950A86A20F9469CFC6C,
        1001,
        {"protocol_version": 1001, "little_endian": True, "type_sizes": {}},
    ]
    stored = b"".join(pickle.dumps(part, 2) for part in parts)
    stored += (
        b"\x80\x02(X\x07\x00\x00\x00storagectorch\nDoubleStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    )
    stored += b"K" + bytes([values.size]) + b"NtQ."
    return stored + pickle.dumps(["0"], 2) + struct.pack("<q", values.size) + values.astype("<f8").tobytes()


def test_torch_tensors() -> None:
    values = np.arange(6.0)
    raw = torch_bytes(values)
    head = b"\x80\x04ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\n"
    head += b"B" + struct.pack("<I", len(raw)) + raw + b"\x85R"
    tail = b"\x89ccollections\nOrderedDict\n)RtR."
    np.testing.assert_array_equal(
        _load(head + b"K\x00K\x02K\x03\x86K\x03K\x01\x86" + tail), values.reshape(2, 3)
    )
    np.testing.assert_array_equal(
        _load(head + b"K\x00K\x03K\x02\x86K\x01K\x03\x86" + tail), values.reshape(2, 3).T
    )
    with pytest.raises(InputError):  # beyond the storage
        _load(head + b"K\x00K\x09K\x03\x86K\x03K\x01\x86" + tail)


def test_kinesis_motion_dictionaries(shared: Path) -> None:
    for path in sorted((shared / "data" / "text_to_motion").glob("*.pkl")):
        with path.open("rb") as file:
            (motion,) = restricted_pickle.load(file, path).values()
        assert motion["pose_aa"].shape == (66, 72)
        assert motion["root_trans_offset"].shape == (66, 3)
        assert motion["fps"] == 20.0
        # Two ways in which the file holds the same path: a joblib array and a torch tensor.
        moved = motion["root_trans_offset"] - motion["trans_orig"]
        assert np.ptp(moved, axis=0).max() < 0.1
