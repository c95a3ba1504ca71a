"""Verification: a real submission is accepted, and every way to tamper with it has its own refusal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from submissions import SAID, SOURCES, in_json, in_record, scored, submitted, two_clips

from kinesis_bench.errors import InputError
from kinesis_bench.leaderboard import record, submit
from kinesis_bench.leaderboard.folder import (
    FILES,
    current_verification,
    find_submissions,
    read_submitted,
    write_sums,
)
from kinesis_bench.leaderboard.submission import write_verification
from kinesis_bench.leaderboard.verify import Found, verify


@pytest.fixture(scope="module", autouse=True)
def short_seconds() -> Iterator[None]:
    """Seconds of eight steps, so that short clips have several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "PERIOD", 8)
        yield


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return submitted(tmp_path_factory.mktemp("honest"), "muscle-pd")


@pytest.fixture
def copy(honest: tuple[Path, Path], tmp_path: Path) -> Path:
    folder = tmp_path / honest[0].parent.name / honest[0].name
    shutil.copytree(honest[0], folder)
    return folder


@pytest.fixture
def check(honest: tuple[Path, Path]) -> Callable[[Path], Found]:
    return lambda folder: verify(folder, SOURCES, motions=honest[1])


def test_a_real_run_is_simulated_again_and_every_figure_computed_anew(
    honest: tuple[Path, Path], check: Callable[[Path], Found]
) -> None:
    folder, _ = honest
    assert folder.parent.name == "imitation_synthetic_all"
    assert folder.name.endswith("_mine")
    assert {path.name for path in folder.iterdir()} == {*FILES, "SHA256SUMS", "verification.json"}
    found = check(folder)
    assert found.wrong == ()
    assert found.verification is not None
    assert found.verification == current_verification(folder)
    assert found.verification.status == "re-simulated"
    worst = found.verification.worst
    assert worst["qpos after a second"] < 1e-7
    assert worst["qpos in whole clips"] == 0.0
    figures = found.verification.figures
    told = read_submitted(folder).scored.result
    assert told.imitation is not None
    assert figures.frame_coverage_pct == told.imitation.frame_coverage_pct.mean
    assert figures.mpjpe_mm == pytest.approx(told.imitation.mpjpe_mm.mean, abs=1e-3)
    assert f"| frame coverage | {figures.frame_coverage_pct:.1f} % [" in (folder / "card.md").read_text()


def result(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """Something done to ``result.json``, with digests, submission and card that fit."""

    def done(folder: Path) -> None:
        in_json(folder / "result.json", change)
        write_sums(folder)

    return done


def cell(column: int, value: str) -> Callable[[Path], None]:
    """Another value in the first line of ``clips.csv``."""

    def done(folder: Path) -> None:
        lines = (folder / "clips.csv").read_text().splitlines()
        cells = lines[1].split(",")
        cells[column] = value
        (folder / "clips.csv").write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
        write_sums(folder)

    return done


def recorded(change: Callable[[dict[str, np.ndarray], dict[str, Any]], None]) -> Callable[[Path], None]:
    """Something done to the record, with digests that fit."""
    return lambda folder: in_record(folder, change)


def moved(name: str, row: int, by: float) -> Callable[[Path], None]:
    """One number of one recorded state is another."""

    def change(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
        arrays[name][row, 6] += by

    return recorded(change)


def without_last_clip(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    gone = about["clips"].pop()
    states = len(record.state_steps(gone["steps"]))
    arrays["action"] = arrays["action"][: -gone["steps"]]
    for name in ("qpos", "qvel", "activation"):
        arrays[name] = arrays[name][:-states]


def dropped(folder: Path) -> None:
    """The last clip is in no file any more."""
    in_record(folder, without_last_clip)
    lines = (folder / "clips.csv").read_text().splitlines()
    (folder / "clips.csv").write_text("\n".join(lines[:-1]) + "\n")

    def fewer(content: dict[str, Any]) -> None:
        content["imitation"]["clips"] = 1
        content["imitation"]["frame_coverage_pct"]["mean"] = 100.0

    in_json(folder / "result.json", fewer)
    write_sums(folder)


def other_action(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["action"][3] = 255 - arrays["action"][3]


def clips_swapped(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    first, second = about["clips"]
    first["key"], second["key"] = second["key"], first["key"]
    first["frames"], second["frames"] = second["frames"], first["frames"]


def twice(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["clips"][1]["key"] = about["clips"][0]["key"]


def other_law(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["control"] = "tracking"


def no_failure(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["clips"][0]["failure"] = "far from the reference"


def slower(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["clips"][0]["dt_s"] = 0.02


def nan(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["qpos"][1, 0] = np.nan


def narrower(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["action"] = arrays["action"][:, :-1]


def other_body(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["body"] = "legs_abs"


def hidden_behind_praise(folder: Path) -> None:
    """The card's own figures stand in a comment that no reader sees."""
    card = folder / "card.md"
    card.write_text(f"# The best\n\nCoverage: 100 %\n\n<!--\n{card.read_text()}\n-->\n")
    write_sums(folder)


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (cell(8, "1.234"), "clips.csv: synthetic/0 run 0: mpjpe_mm is 1.234, computed anew it is"),
        (
            result(lambda c: c["imitation"]["mpjpe_mm"].update(mean=1.0)),
            "result.json: imitation.mpjpe_mm.mean is 1, computed anew it is",
        ),
        (recorded(other_action), "qpos is"),
        (moved("qpos", 1, 1e-3), "qpos is 0.001 off after steps 0 to 8"),
        (dropped, "record.npz: clip synthetic/1 of the split is missing"),
        (moved("qvel", 1, 0.1), "qvel is 0.1 off after steps 0 to 8"),
        (moved("activation", 2, 0.03), "activation is 0.03 off after steps 8 to 16"),
        (moved("qpos", 0, 1e-3), "synthetic/0 does not begin as the protocol says: qpos is 0.001 off"),
        (moved("activation", 0, 1e-3), "does not begin as the protocol says: activation is 0.001 off"),
        (recorded(clips_swapped), "does not begin as the protocol says"),
        (recorded(twice), "does not hold every run of every clip once"),
        (recorded(other_law), "record.npz: control law is tracking, not pd"),
        (recorded(other_body), "record.npz: body is legs_abs, not legs"),
        (recorded(no_failure), "synthetic/0 is said to be too far off at step 19"),
        (recorded(slower), "a control step is not 0.033333 s"),
        (recorded(narrower), "action has rows of shape (79,), legs under pd has (80,)"),
        (result(lambda c: c.update(quick=True)), "is no full score: only a few clips were run (quick)"),
        (result(lambda c: c["policy"].update(privileged=False)), "policy.privileged is false"),
        (result(lambda c: c["emg"].update(human_pairs_r=0.1)), "emg.human_pairs_r is 0.1, computed anew"),
        (result(lambda c: c["emg"].update(mean_r=0.9)), "emg.mean_r is 0.9, computed anew it is None"),
        (result(lambda c: c["effort"].update(mean_excitation=float("nan"))), "nan has no place in a result"),
        (result(lambda c: c["body"].update(model_sha256="0" * 64)), "result.json: body hash is 0000"),
        (
            result(lambda c: c["motions"].update(sources_sha256="2" * 64)),
            "result.json: motions hash is 2222",
        ),
        (lambda folder: in_json(folder / "submission.json", lambda c: c.update(name="other")), "_other (da"),
        (
            lambda folder: (folder / "card.md").write_text("# The best\n"),
            "card.md: is not what submission.json and result.json say",
        ),
        (hidden_behind_praise, "card.md: is not what submission.json and result.json say"),
        (lambda folder: (folder / "more.md").write_text("!"), "more.md: does not belong into a submission"),
        (lambda folder: (folder / "card.md").unlink(), "card.md: is missing"),
    ],
)
def test_what_was_tampered_with_is_refused_and_named(
    tamper: Callable[[Path], None], said: str, copy: Path, check: Callable[[Path], Found]
) -> None:
    tamper(copy)
    found = check(copy)
    assert found.verification is None
    assert any(said in line for line in found.wrong), found.wrong


@pytest.mark.parametrize("name", ["clips.csv", "result.json", "record.npz", "SHA256SUMS"])
def test_a_file_that_is_missing_is_one_line(name: str, copy: Path, check: Callable[[Path], Found]) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=name):
        check(copy)


def test_links_are_refused(copy: Path, tmp_path: Path, check: Callable[[Path], Found]) -> None:
    """Whoever reviews a change of the boards does not see what lies behind them."""
    link = tmp_path / "boards" / copy.parent.name / copy.name
    link.parent.mkdir(parents=True)
    link.symlink_to(copy)
    assert f"{copy.name}: is a link, not a folder" in check(link).wrong
    link.unlink()
    link.parent.rmdir()
    link.parent.symlink_to(copy.parent)
    assert f"{copy.parent.name}: is a link, not a folder" in check(link).wrong
    for name in ("card.md", "SHA256SUMS", "verification.json"):
        (copy / name).rename(tmp_path / name)
        (copy / name).symlink_to(tmp_path / name)
    wrong = check(copy).wrong
    assert {"card.md: is missing, or a link", "SHA256SUMS: is a link", "verification.json: is a link"} <= {
        *wrong
    }


@pytest.mark.parametrize("wall_s", [1e-320, -1.0])
def test_no_time_that_a_run_took_stops_it(wall_s: float, copy: Path, check: Callable[[Path], Found]) -> None:
    result(lambda content: content.update(wall_s=wall_s))(copy)
    assert check(copy).wrong == ()


def test_a_number_too_large_is_one_line(copy: Path, check: Callable[[Path], Found]) -> None:
    result(lambda content: content["emg"].update(human_pairs_r=10**400))(copy)
    with pytest.raises(InputError, match=r"emg\.human_pairs_r is a whole number of more than 308 digits"):
        check(copy)


def test_digests_alone_tell_that_a_file_was_changed(copy: Path, check: Callable[[Path], Found]) -> None:
    in_json(copy / "submission.json", lambda content: content.update(authors=["Somebody Else"]))
    assert "submission.json: its digest is not the one in SHA256SUMS" in check(copy).wrong
    assert current_verification(copy) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [(nan, "qpos: holds NaN"), (lambda arrays, about: arrays.pop("qvel"), "record.npz: holds")],
)
def test_a_record_that_is_none_is_one_line(
    change: Callable[..., Any], said: str, copy: Path, check: Callable[[Path], Found]
) -> None:
    in_record(copy, change)
    with pytest.raises(InputError, match=said):
        check(copy)


def test_small_nudges_are_few(copy: Path, check: Callable[[Path], Found]) -> None:
    """Of few seconds one may be off, as a rare contact makes it; a nudge with seconds after it is two."""
    moved("qpos", 3, 5e-4)(copy)
    assert check(copy).wrong == ()
    moved("qpos", 3, -5e-4)(copy)
    assert check(copy).wrong == ()
    moved("qpos", 1, 5e-4)(copy)
    assert any("(2 of 5 seconds by more than 1e-05)" in line for line in check(copy).wrong)


def test_on_a_machine_that_rounds_otherwise_the_seconds_decide(
    copy: Path, check: Callable[[Path], Found]
) -> None:
    def rounded(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
        for name in ("qpos", "qvel"):
            arrays[name] *= 1 + 1e-9 * np.random.default_rng(0).uniform(-1, 1, arrays[name].shape)

    in_record(copy, rounded)
    found = check(copy)
    assert found.wrong == ()
    assert found.verification is not None
    assert 0 < found.verification.worst["qpos after a second"] < 1e-5


def test_a_law_that_follows_the_reference_is_simulated_with_it(tmp_path: Path) -> None:
    folder, motions = submitted(tmp_path, "legs-teacher")
    told = read_submitted(folder)
    assert told.scored.result.policy.control == "tracking"
    assert told.submission.costs.parameters is None or told.submission.costs.parameters > 100_000
    found = verify(folder, SOURCES, motions=motions)
    assert found.verification is not None
    assert found.verification.worst["qpos in whole clips"] == 0.0


def test_all_runs_are_verified_or_the_first_is_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    motions = tmp_path / "motions.h5"
    folder = scored(tmp_path / "scored", two_clips(motions), "random", runs=2)
    boards = tmp_path / "boards"
    _, whole = submit.submit(folder, SAID, SOURCES, boards, motions=motions)
    assert whole.runs == 2
    assert not any(line.startswith("runs") for line in whole.self_reported)
    size = find_submissions(boards)[0].joinpath("record.npz").stat().st_size
    assert size < 2**20
    monkeypatch.setattr(submit, "_write_record", lambda path, rollouts, runs: first_run(path, rollouts))
    place, first = submit.submit(folder, replace(SAID, name="first"), SOURCES, boards, motions=motions)
    assert first.runs == 1
    assert "runs 2 to 2, and so every figure over all runs" in first.self_reported
    assert first.figures != whole.figures

    def better(content: dict[str, Any]) -> None:
        content["imitation"]["mpjpe_mm"]["mean"] -= 5.0

    in_json(place / "result.json", better)
    write_sums(place)
    found = verify(place, SOURCES, motions=motions)
    assert any("result.json beside clips.csv: imitation.mpjpe_mm.mean" in line for line in found.wrong)


def first_run(path: Path, rollouts: Any) -> None:
    record.write_record(path, record.compact(rollouts, 1))


def test_a_note_of_other_files_does_not_count(copy: Path, check: Callable[[Path], Found]) -> None:
    found = check(copy)
    assert found.verification is not None
    write_verification(copy / "verification.json", replace(found.verification, sums_sha256="0" * 64))
    assert current_verification(copy) is None


def test_a_note_that_cannot_be_read_does_not_keep_anyone_from_verifying(
    copy: Path, check: Callable[[Path], Found]
) -> None:
    (copy / "verification.json").write_text('{"schema": "kinesis-bench-verification-0"}')
    assert current_verification(copy) is None
    assert check(copy).verification is not None


def test_what_does_not_verify_is_not_submitted(
    honest: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = honest[0].parent.parent.parent / "scored"
    cheated = tmp_path / "scored"
    shutil.copytree(folder, cheated)
    in_json(cheated / "result.json", lambda content: content["imitation"]["mpjpe_mm"].update(mean=1.0))
    with pytest.raises(InputError, match=r"would not verify: result\.json: imitation\.mpjpe_mm\.mean is 1"):
        submit.submit(cheated, SAID, SOURCES, tmp_path / "boards", motions=honest[1])
    assert list((tmp_path / "boards").iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"refine": 2}, r"\w+ is \S+ off after steps"),
        ({"push_m_s": 0.3}, "does not begin as the protocol says"),
    ],
)
def test_a_diagnostic_without_its_label_is_refused(
    changed: dict[str, Any], said: str, tmp_path: Path
) -> None:
    motions = tmp_path / "motions.h5"
    folder = scored(tmp_path / "scored", two_clips(motions), "muscle-pd", runs=1, **changed)
    in_json(folder / "result.json", lambda content: content.update(diagnostic=""))
    with pytest.raises(InputError, match=f"would not verify: .*{said}"):
        submit.submit(folder, SAID, SOURCES, tmp_path / "boards", motions=motions)


def test_other_versions_are_named_as_a_possible_reason(copy: Path, check: Callable[[Path], Found]) -> None:
    result(lambda content: content["versions"].update(mujoco="3.0.0"))(copy)
    moved("qpos", 1, 1.0)(copy)
    assert "result.json: was scored with mujoco 3.0.0 (here" in check(copy).wrong[-1]


def test_submission_holds_what_was_said(honest: tuple[Path, Path]) -> None:
    content = json.loads((honest[0] / "submission.json").read_text())
    assert content["authors"] == ["A. Author", "B. Author"]
    assert content["costs"]["training_steps"] == 1000
    assert content["costs"]["device_hours"] is None
    assert content["human"] == ["emg_walk_wang2023", "emg_run_santuz2020"]
