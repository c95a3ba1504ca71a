from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from angle_files import in_degrees, walk, with_paths, write_mat, write_npz, write_simm, write_sto
from damaged_files import refusals

from kinesis_bench.errors import InputError
from kinesis_bench.motions.joint_angles.conventions import coordinates
from kinesis_bench.time_tables import TimeTable, read_table


@pytest.mark.parametrize("kind", ["sto", "simm", "mat", "npz"])
def test_every_kind_of_file_gives_the_same_numbers(tmp_path: Path, kind: str) -> None:
    columns = walk()
    path = {
        "sto": lambda: write_sto(tmp_path / "a.sto", columns, None),
        "simm": lambda: write_simm(tmp_path / "a.mot", columns),
        "mat": lambda: write_mat(tmp_path / "a.mat", columns),
        "npz": lambda: write_npz(tmp_path / "a.npz", columns),
    }[kind]()
    table = read_table(path)
    np.testing.assert_allclose(table.time_s, columns["time"], atol=1e-8)
    assert set(table.columns) == set(columns) - {"time"}
    for name, values in table.columns.items():
        np.testing.assert_allclose(values, columns[name], atol=1e-8)
    assert table.degrees is (False if kind == "npz" else None)


def test_golden_file(tmp_path: Path) -> None:
    path = tmp_path / "golden.mot"
    path.write_text("walk\nversion=1\nnRows=2\nnColumns=3\ninDegrees=yes\nendheader\ntime\tknee_angle_r\tx\n"
                    "0\t-3.94\t1\n0.02\t-6.66\t2\n")  # fmt: skip
    table = read_table(path)
    assert table.degrees is True
    assert table.time_s.tolist() == [0.0, 0.02]
    assert table.columns["knee_angle_r"].tolist() == [-3.94, -6.66]


def test_stated_number_of_columns_may_be_wrong(tmp_path: Path) -> None:
    path = write_sto(tmp_path / "a.sto", walk(), False)
    path.write_text(path.read_text().replace("nColumns=11", "nColumns=40"))
    assert len(read_table(path).columns) == 10


def _edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("nRows=200", "nRows=201", "nRows: states 201 rows but it holds 200"),
        ("nRows=200", "nRows=" + "9" * 5000, "nRows: states 999"),
        ("endheader", "end", "no line 'endheader'"),
        ("inDegrees=no", "inDegrees=maybe", "inDegrees: is 'maybe'"),
        ("time\t", "t\t", "no column 'time'"),
        ("knee_angle_r", "knee_angle_l", "knee_angle_l: is the name of two columns"),
        ("\n0.02\t", "\n0.01\t", "does not increase at row 3"),
        ("\n0.02\t", "\n0.02\t0.1\t", "row 3: holds 12 values for 11 columns"),
        ("\n0.02\t", "\nabc\t", "no number"),
        ("\n0.02\t", "\nnan\t", "time: holds NaN"),
    ],
)
def test_damaged_text_table(tmp_path: Path, before: str, after: str, says: str) -> None:
    path = write_sto(tmp_path / "a.sto", walk(), False)
    _edit(path, before, after)
    with pytest.raises(InputError, match=says) as error:
        read_table(path)
    assert "a.sto" in str(error.value)


def test_cut_and_empty_files(tmp_path: Path) -> None:
    text = write_sto(tmp_path / "a.sto", walk(), False).read_text()
    for name, content, says in (
        ("cut.sto", text[: len(text) // 2], "values for|states 200 rows"),
        ("none.sto", text[: text.index("\n0\t") + 1], "zero frames"),
        ("one.sto", "nRows=1\nendheader\ntime\tx\n0\t1\n", "holds 1 frames"),
        ("empty.sto", "", "endheader"),
        ("bad.mat", "no mat", "not a readable MATLAB file"),
        ("bad.npz", "no npz", "archive: cannot be read"),
        ("a.csv", "time", "unknown kind of file"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=says):
            read_table(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "absent.mot")


def test_mat_without_a_table(tmp_path: Path) -> None:
    from scipy.io import savemat

    savemat(tmp_path / "a.mat", {"x": np.zeros(3)})
    with pytest.raises(InputError, match="holds 0 OpenSim tables"):
        read_table(tmp_path / "a.mat")


def test_npz_needs_velocities_for_its_rate_and_refuses_pickles(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown frame rate"):
        read_table(write_npz(tmp_path / "a.npz", walk(), velocities=False))
    np.savez(tmp_path / "b.npz", q_knee_angle_r=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="q_knee_angle_r: cannot be read"):
        read_table(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", poses=np.zeros(3))
    with pytest.raises(InputError, match="q_<coordinate>"):
        read_table(tmp_path / "c.npz")


def test_npz_of_something_else_than_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", q_knee_angle_r=np.array(["a"] * 9), dq_knee_angle_r=np.ones(9))
    with pytest.raises(InputError, match="q_knee_angle_r: holds <U1, no numbers"):
        read_table(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", q_knee_angle_r=np.arange(9) / 100, dq_knee_angle_r=np.ones(9, bool))
    with pytest.raises(InputError, match="dq_knee_angle_r: holds bool"):
        read_table(tmp_path / "a.npz")


@pytest.mark.parametrize("kind", ["npz", "mat", "sto"])
def test_damaged_bytes_are_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path = {"npz": write_npz, "mat": write_mat, "sto": lambda path, columns: write_sto(path, columns, None)}[
        kind
    ](tmp_path / f"a.{kind}", walk(0.2))
    if kind == "npz":
        with np.load(path) as archive:
            np.savez_compressed(path, **dict(archive))
    said = refusals(path, lambda: read_table(path))
    assert len(said) > 10
    assert all(f"a.{kind}" in line for line in said)


@pytest.mark.parametrize("rate", [100.0, 500.0, 333.0])
def test_npz_rate_comes_from_the_velocities(tmp_path: Path, rate: float) -> None:
    table = read_table(write_npz(tmp_path / "a.npz", walk(fps=rate)))
    assert np.diff(table.time_s).mean() == pytest.approx(1 / rate, rel=1e-3)


def _table(columns: dict[str, np.ndarray], degrees: bool | None = None) -> TimeTable:
    angles = dict(columns)
    return TimeTable(angles.pop("time"), angles, degrees, Path("a.sto"))


def test_units_by_header_else_by_range() -> None:
    columns = walk()
    for given, degrees, unit in (
        (columns, False, "radians (stated by the file)"),
        (in_degrees(columns), True, "degrees (stated by the file)"),
        (columns, None, "radians (hip"),
        (in_degrees(columns), None, "degrees (hip"),
    ):
        read = coordinates(_table(given, degrees))
        assert read.unit.startswith(unit)
        np.testing.assert_allclose(read.angles["knee_angle_r"], columns["knee_angle_r"])
        np.testing.assert_allclose(read.translations["pelvis_tx"], columns["pelvis_tx"])
    with pytest.raises(InputError, match=r"inDegrees: says radians, but hip, knee or ankle reach"):
        coordinates(_table(in_degrees(columns), False))


def test_other_columns_do_not_decide_the_unit() -> None:
    columns = walk()
    columns["knee_angle_r_beta"] = np.full_like(columns["time"], 72.0)
    columns["pelvis_rotation"] = np.full_like(columns["time"], 6.0)
    assert coordinates(_table(columns)).unit.startswith("radians")


def test_knee_sign_by_values() -> None:
    columns = walk()
    negative = columns | {name: -columns[name] for name in ("knee_angle_r", "knee_angle_l")}
    for given, sign in ((columns, "positive"), (negative, "negative")):
        read = coordinates(_table(given))
        assert read.knee_sign.startswith(f"flexion {sign}")
        np.testing.assert_allclose(read.angles["knee_angle_l"], columns["knee_angle_l"])
    with pytest.raises(InputError, match="give both knees the same sign"):
        coordinates(_table(columns | {"knee_angle_r": -columns["knee_angle_r"]}))


def test_a_knee_that_also_hyperextends_keeps_its_sign() -> None:
    columns = walk()
    columns |= {name: columns[name] - 0.25 for name in ("knee_angle_r", "knee_angle_l")}
    assert coordinates(_table(columns)).knee_sign.startswith("flexion positive")


def test_names_with_and_without_path_are_the_same() -> None:
    columns = walk()
    plain, paths = coordinates(_table(columns)), coordinates(_table(with_paths(columns)))
    assert plain.angles.keys() == paths.angles.keys()
    assert plain.absent == paths.absent
    both = columns | {"/jointset/hip_r/hip_flexion_r/value": columns["hip_flexion_r"]}
    with pytest.raises(InputError, match="hip_flexion_r: comes twice"):
        coordinates(_table(both))
    speeds = columns | {"/jointset/hip_r/hip_flexion_r/speed": columns["hip_flexion_r"]}
    assert coordinates(_table(speeds)).angles.keys() == plain.angles.keys()


def test_absent_coordinates_are_named_and_required_ones_refused() -> None:
    columns = walk()
    absent = coordinates(_table(columns)).absent
    assert {"hip_adduction_r", "subtalar_angle_l", "mtp_angle_r", "lumbar_extension", "elbow_flex_l"} <= set(
        absent
    )
    assert not {"hip_flexion_r", "pelvis_tx", "pelvis_tilt"} & set(absent)
    del columns["ankle_angle_l"]
    with pytest.raises(InputError, match="lacks the column ankle_angle_l; hip flexion, knee and ankle"):
        coordinates(_table(columns))


def test_nan_in_a_used_column_is_refused_and_elsewhere_passed_over() -> None:
    columns = walk()
    columns["R.ASIS_tx"] = np.full_like(columns["time"], np.nan)
    coordinates(_table(columns))
    columns["hip_flexion_l"] = columns["hip_flexion_l"].copy()
    columns["hip_flexion_l"][7] = np.nan
    with pytest.raises(InputError, match="hip_flexion_l: holds NaN in row 8"):
        coordinates(_table(columns))


def test_the_last_frame_written_twice_counts_once(tmp_path: Path) -> None:
    """As OpenSim's analyses leave it, with other digits in the second."""
    path = tmp_path / "q.sto"
    path.write_text("q\nversion=1\nnRows=3\nnColumns=2\nendheader\ntime\tx\n0\t1\n1\t2\n1\t2.1\n")
    table = read_table(path)
    assert table.time_s.tolist() == [0, 1]
    assert table.columns["x"].tolist() == [1, 2]
