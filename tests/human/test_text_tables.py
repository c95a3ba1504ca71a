from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.text_tables import read_text_table

NAMES = ("time", "knee_angle_l", "ankle_angle_l")
DATA = np.array([[0.0, -1.5, 2e-3], [0.5, 4.0, -7.25], [1.0, -1.5, 2e-3]])


def write(path: Path, separator: str, header: str = "", end: str = "\n") -> Path:
    rows = [separator.join(f"{value!r}" for value in row) for row in DATA.tolist()]
    path.write_text(header + end.join(rows) + end)
    return path


@pytest.mark.parametrize("separator", ["\t", " ", "   ", ",", ", ", ";"])
def test_every_separator_with_names(tmp_path: Path, separator: str) -> None:
    table = read_text_table(write(tmp_path / "a.txt", separator, separator.join(NAMES) + "\n"))
    assert table.names == NAMES
    np.testing.assert_array_equal(table.data, DATA)


@pytest.mark.parametrize("header", ["", "\n\n"])
def test_without_names(tmp_path: Path, header: str) -> None:
    table = read_text_table(write(tmp_path / "a.txt", "\t", header, end="\t\r\n"))
    assert table.names == ()
    np.testing.assert_array_equal(table.data, DATA)


def test_last_line_before_the_numbers_names_the_columns(tmp_path: Path) -> None:
    header = "Averages\nversion=1\nnRows=3\n3\nendheader\n" + '"time"\t"Medial Gastrocnemius"\t"Soleus"\n'
    table = read_text_table(write(tmp_path / "a.txt", "\t", header))
    assert table.names == ("time", "Medial Gastrocnemius", "Soleus")
    assert len(table.data) == 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "holds no rows of numbers"),
        ("a b c\nd e f\n", "holds no rows of numbers"),
        ("a b\n1 2\n3\n", "row 2: holds 1 values where the first row holds 2"),
        ("a b\n1 2\n3 x\n", "row 2: holds something that is no number: '3 x'"),
        ("a b c\n1 2\n3 4\n", r"names 3 columns \(a, b, c\) but holds 2"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=complaint):
        read_text_table(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_text_table(tmp_path / "a.txt")
