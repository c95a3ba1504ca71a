"""``kinesis-bench compare``: its files, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from scored_folders import recording, write_scored

from kinesis_bench.cli.compare import FILES
from kinesis_bench.cli.main import main


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("results")
    write_scored(place / "a", recording())
    write_scored(place / "b", recording(fails=(2,), noise=1.0))
    write_scored(place / "other", recording(), protocol="kinesis-2025")
    return place


def test_files_go_to_the_folder_named_after_the_results(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["compare", str(results / "a"), str(results / "b")])
    folder = tmp_path / "results" / "compare-a-b"
    assert {path.name for path in folder.iterdir()} == set(FILES)
    out = capsys.readouterr().out
    assert "b against a: " in out
    assert "written to results/compare-a-b" in out


def test_one_result_beside_kinesis(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    main(["compare", str(results / "a"), "--against-kinesis", "--out", str(out)])
    assert "a beside KINESIS" in capsys.readouterr().out
    names = {path.name for path in out.iterdir()}
    assert names == {"comparison.json", "differences.csv", "emg_by_policy.png", "angles_and_emg.png"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a",), "1 result folder given; give two or more, or one and --against-kinesis"),
        (("a", "a"), "is given twice"),
        (("a", "absent"), "no such folder"),
        (("a", "."), "holds no result.json"),
        (("a", "b", "other"), "protocol: kinesis-bench-1 against kinesis-2025"),
        ((), "arguments"),
        (("a", "b", "--out", ""), "--out: is empty"),
        (("a", "b", "--against-kineses"), "did you mean --against-kinesis?"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_leaves_nothing(
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = ("--out", "")
    given = [one if one.startswith("--") or one in flags else str(results / one) for one in arguments]
    with pytest.raises(SystemExit) as stop:
        main(["compare", *given])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert list(tmp_path.iterdir()) == []
