from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.csv_tables import read_columns, read_header, read_recording, sampling_rate_hz


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "some.csv"
    path.write_text("time,a,b\n1.00,5,NaN\n1.01,6,2\n1.02,7,3\n1.03,8,4\n")
    return path


def refused(action, *args) -> str:
    with pytest.raises(InputError) as caught:
        action(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_rate_and_columns_are_those_of_the_file(path: Path) -> None:
    recording = read_recording(path, ["a"])
    assert (recording.rows, recording.first_s) == (4, 1.0)
    assert recording.rate_hz == pytest.approx(100.0)
    assert recording.last_s == pytest.approx(1.03)
    np.testing.assert_array_equal(recording.table(["a"])[:, 0], [5, 6, 7, 8])


def test_a_part_has_the_rows_between_both_times(path: Path) -> None:
    part = read_recording(path, ["a"]).between(1.01, 1.02)
    assert part.first_s == pytest.approx(1.01)
    np.testing.assert_array_equal(part.columns["a"], [6, 7])
    assert "no rows from 3 to 4 s" in refused(read_recording(path, ["a"]).between, 3.0, 4.0)


def test_values_that_are_not_finite_are_refused_where_they_are_used(path: Path) -> None:
    recording = read_recording(path, ["a", "b"])
    assert "some.csv: b: 1 of 4 values are NaN or infinite, the first at 1.000 s" in refused(
        recording.table, ["a", "b"]
    )
    np.testing.assert_array_equal(recording.between(1.01, 1.03).table(["b"])[:, 0], [2, 3, 4])


def test_a_mark_at_the_start_of_the_file_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "bom.csv"
    path.write_bytes(b"\xef\xbb\xbftime, a \r\n0,1\r\n0.1,2\r\n")
    assert read_header(path) == ("time", "a")
    np.testing.assert_array_equal(read_columns(path, ["a"])["a"], [1, 2])


def test_rounded_times_are_even() -> None:
    assert sampling_rate_hz(np.round(np.arange(3000) / 1480.0, 4), "t") == pytest.approx(1480.0, rel=1e-3)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0.0, 0.1, 0.1, 0.2], "does not increase at line 4"),
        ([0.0, 0.1, 0.3, 0.2], "does not increase at line 5"),
        ([0.0, 0.1, 0.2, 0.4, 0.5], "uneven: a step of 0.2 s at line 5, usually 0.1 s"),
        ([0.0, 0.1, 0.2, 0.25, 0.35], "uneven"),
        ([0.0, float("nan"), 0.2], "holds NaN"),
        ([0.0], "1 rows"),
    ],
)
def test_uneven_times_are_refused(times: list[float], message: str) -> None:
    assert message in refused(sampling_rate_hz, np.array(times), "file: time")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no header row"),
        ("time,a\n", "holds no rows"),
        ("time,a\n0,1\n0.1,x\n", "no number"),
        ("time,a\n0,1\n0.1,\n", "no number"),
        ("time,a\n0,1\n0.1\n", "no number"),
        ("time,a,a\n0,1,1\n", "a: is the name of two columns"),
        ("t,a\n0,1\n0.1,2\n", "time: no such column"),
        ("time,b\n0,1\n0.1,2\n", "it has time, b"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(text)
    assert message in refused(read_recording, path, ["a"])


def test_absent_and_binary_files_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refused(read_recording, tmp_path / "none.csv", ["a"])
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    assert "cannot be read as text" in refused(read_recording, tmp_path / "binary.csv", ["a"])
