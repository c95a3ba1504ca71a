"""Archives and JSON of strangers: values or one line, whatever their bytes are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from damaged_files import refusals

from kinesis_bench.archives import json_object, number, numbers, read_npy, read_npz, read_zip
from kinesis_bench.errors import InputError


def refused(match: str, read, *given) -> None:
    with pytest.raises(InputError, match=match) as error:
        read(*given, "copy it again")
    assert str(error.value).endswith("copy it again")


def test_only_wanted_arrays_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(3), pickled=np.array([{}], dtype=object))
    assert read_npz(path, lambda name: name == "a", "")["a"].tolist() == [0, 1, 2]
    refused("pickled: cannot be read", read_npz, path, lambda name: True)


def test_what_is_no_array_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("q.npy", b"some text")
    refused(r"a\.npz: q: is no array", read_npz, tmp_path / "a.npz", lambda name: True)
    with (tmp_path / "b.npz").open("wb") as one:
        np.save(one, np.zeros(3))
    refused(r"b\.npz: archive: cannot be read", read_npz, tmp_path / "b.npz", lambda name: True)
    with (tmp_path / "c.npy").open("wb") as one:
        np.savez(one, a=np.zeros(3))
    refused(r"c\.npy: holds no array but an archive", read_npy, tmp_path / "c.npy")
    with pytest.raises(InputError, match="no such file"):
        read_npy(tmp_path / "absent.npy", "")


def test_an_unknown_compression_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(9))
    damaged = bytearray(path.read_bytes())
    damaged[8] = 97  # the method, in the member's own head and in the directory
    damaged[damaged.rindex(b"PK\x01\x02") + 10] = 97
    path.write_bytes(damaged)
    refused("a: cannot be read .*compression method is not supported", read_npz, path, lambda name: True)


@pytest.mark.parametrize("compressed", [True, False])
def test_damage_gives_nothing_but_one_line(tmp_path: Path, compressed: bool) -> None:
    path, rng = tmp_path / "a.npz", np.random.default_rng(0)
    save = np.savez_compressed if compressed else np.savez
    save(path, a=rng.integers(9, size=300), names=np.array(["root", "knee"]))
    said = refusals(path, lambda: read_npz(path, lambda name: True, ""), 200)
    assert len(said) > 100
    assert all(str(path) in line for line in said)
    assert len(refusals(path, lambda: read_zip(path, lambda name: True, ""), 200)) > 100


def test_damaged_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(9.0))
    assert len(refusals(tmp_path / "a.npy", lambda: read_npy(tmp_path / "a.npy", ""), 300)) > 100


def test_json_objects() -> None:
    assert json_object("f", b'{"a": 1}', "") == {"a": 1}
    for text, problem in (
        ("[1]", "f: is no JSON object but a list"),
        ("{", "f: is no JSON "),
        (b"\xff", "f: is no JSON "),
        ("[" * 100_000, "f: is no JSON "),
        ('{"a": {"b": 1, "c": 2, "b": 3}}', r"f: is no JSON \('b' stands there twice\)"),
    ):
        refused(problem, json_object, "f", text)


def test_numbers() -> None:
    assert number("f", np.array([[2]]), "") == 2.0
    for values, problem in (
        (np.array("1"), "f: holds <U1, no numbers"),
        (np.array([1, 2]), r"f: has shape \(2,\), it must be one number"),
        (np.array(np.nan), "f: holds NaN in row 0"),
    ):
        refused(problem, number, "f", values)
    refused("f: holds infinity in row 1", numbers, "f", np.array([[0, 1], [np.inf, 0]]))
    refused("f: holds complex128", numbers, "f", np.array([1j]))
