"""What is put into one table, what into another, and who stands where."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import made_boards
import pytest
from made_boards import submitted
from scored_folders import GROUP, MOTIONS, POLICY, recording, write_scored

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.comparison import Difference
from kinesis_bench.evaluation.schema import BodyInfo, MotionsInfo
from kinesis_bench.files import write_text
from kinesis_bench.leaderboard.folder import place_of, write_sums
from kinesis_bench.leaderboard.ranks import beyond_chance
from kinesis_bench.leaderboard.table import Table
from kinesis_bench.leaderboard.tables import read_all, tables

ALL = (0, 1, 2, 3, 4, 5)


def made(root: Path, kind: str) -> list[Table]:
    """Tables of submissions, of a kind."""
    return [table for table in tables(read_all(root)) if table.kind == kind and table.rows]


def ranked(table: Table, figure: str) -> dict[str, int | None]:
    return {row.submitted.submission.name: row.cells[figure].rank for row in table.rows}


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored folder."""
    return write_scored(tmp_path_factory.mktemp("scored") / "walk", recording())


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five submissions to one board, and one without a reference motion."""
    root = tmp_path_factory.mktemp("boards") / "leaderboards"
    submitted(root, "good", recording(), status="re-simulated")
    submitted(root, "alike", recording(error_m=0.04, fails=(1,), fails_at=200, noise=0.3))
    submitted(root, "fallen", recording(fails=ALL, fails_at=20))
    submitted(root, "fallen-later", recording(fails=ALL, fails_at=120, noise=2.0))
    submitted(root, "group", recording(), human=GROUP)  # of nine others
    mean = replace(POLICY, name="mean-human", source="baselines/mean-human", control="prescribed")
    submitted(root, "people-mean", recording(told={"policy": mean}), code_url="baselines/mean-human")
    return root


def test_who_is_alike_shares_a_rank_and_who_is_better_stands_before(board: Path) -> None:
    (table,) = made(board, "imitation")
    assert (table.units, table.data, table.split, table.body) == (6, "some-motions", "some/test", "legs")
    coverage = [row.cells["frame_coverage_pct"].value for row in table.rows]
    assert coverage == sorted(coverage, reverse=True)
    assert ranked(table, "frame_coverage_pct") == {
        **{"good": 1, "group": 1, "people-mean": 1, "alike": 1},
        **{"fallen-later": 5, "fallen": 6},
    }
    # All clips against none: resampling changes nothing, so that the test alone tells them apart, p = 2 / 64.
    assert ranked(table, "success_pct") == {
        **{"good": 1, "group": 1, "people-mean": 1, "alike": 1},
        **{"fallen-later": 5, "fallen": 5},
    }
    assert set(ranked(table, "mpjpe_mm").values()) == {None}
    assert table.references == ()


def test_emg_is_over_all_of_the_same_people_with_these_to_read_it_against(board: Path) -> None:
    others, table = sorted(made(board, "emg"), key=lambda table: -table.units)
    assert list(ranked(others, "emg_mean_r")) == ["group"]
    assert (table.data, table.units, table.source) == ("walk-4.5", 6, "six people")
    ranks = ranked(table, "emg_mean_r")
    assert "fallen" not in ranks  # no gait cycle before it falls
    assert "people-mean" not in ranks  # a reference
    assert ranks["good"] == 1
    assert ranks["fallen-later"] > 1
    result = next(
        row for row in table.rows if row.submitted.submission.name == "good"
    ).submitted.scored.result
    pairs, one_out, mean, kinesis = table.references
    assert pairs.cells["emg_mean_r"].value == result.emg.human_pairs_r
    assert pairs.cells["emg_mean_r"].ci95 == result.emg.ci95.human_pairs_r
    assert pairs.cells["emg_ratio"].value == 1.0
    assert one_out.cells["emg_zero_lag_r"].value == result.emg.leave_one_out_r
    assert one_out.cells["emg_ratio"].value == pytest.approx(
        result.emg.leave_one_out_r / result.emg.human_pairs_r
    )
    assert mean.submitted is not None
    assert mean.submitted.submission.name == "people-mean"
    assert {name: cell.value for name, cell in kinesis.cells.items()} == {"emg_zero_lag_r": 0.362}
    assert [one.kind for one in table.references] == ["people", "people", "people", "published"]


def test_group_figures_leave_nothing_to_rank(tmp_path: Path) -> None:
    root = tmp_path / "leaderboards"
    for name, noise in (("one", 0.0), ("two", 2.0)):
        submitted(root, name, recording(noise=noise), human=GROUP)
    (table,) = made(root, "emg")
    assert ranked(table, "emg_mean_r") == {"one": None, "two": None}
    assert [row.submitted.submission.name for row in table.rows] == ["one", "two"]


def test_the_papers_figures_wait_for_submissions(board: Path) -> None:
    waiting = [table for table in tables(read_all(board)) if not table.rows]
    assert [(table.body, table.data, table.split) for table in waiting] == [
        (body, "kit-locomotion-v1", "kinesis-2026/test") for body in ("legs", "legs_abs", "legs_back")
    ]
    direct, pd = waiting[0].references
    assert direct.name == "KINESIS Legs-Direct"
    assert {name: (cell.value, cell.sem, cell.rank) for name, cell in direct.cells.items()} == {
        "frame_coverage_pct": (97.99, 0.35, None),
        "success_pct": (94.14, 0.91, None),
        "mpjpe_mm": (43.04, 0.42, None),
    }
    assert pd.cells["mpjpe_mm"].value == 48.76


def test_a_submission_on_the_papers_data_stands_over_its_figures(walk: Path, tmp_path: Path) -> None:
    kit = replace(MOTIONS, id="kit-locomotion-v1", split="kinesis-2026/test")
    submitted(tmp_path / "leaderboards", "mine", walk, motions=kit)
    found = [one for one in tables(read_all(tmp_path / "leaderboards")) if one.kind == "imitation"]
    assert [(one.body, len(one.rows), len(one.references)) for one in found] == [
        *[("legs", 1, 2), ("legs_abs", 0, 1), ("legs_back", 0, 1)]
    ]


UNLIKE = {
    "protocol": {"protocol": "kinesis-2025"},
    "body": {"body": BodyInfo("legs_abs", "ab" * 32)},
    "physics of the body": {"body": BodyInfo("legs", "cd" * 32)},
    "split": {"motions": replace(MOTIONS, split="some/train")},
    "data set": {"motions": replace(MOTIONS, id="others")},
    "version of the data set": {"motions": replace(MOTIONS, sources_sha256="6" * 64)},
}


@pytest.mark.parametrize("unlike", UNLIKE)
def test_unlike_submissions_are_never_in_one_table(unlike: str, walk: Path, tmp_path: Path) -> None:
    root = tmp_path / "leaderboards"
    submitted(root, "one", walk)
    submitted(root, "two", walk)
    assert [len(table.rows) for table in made(root, "imitation")] == [2]
    submitted(root, "three", recording() if unlike == "protocol" else walk, **UNLIKE[unlike])
    assert sorted(len(table.rows) for table in made(root, "imitation")) == [1, 2]


def test_the_same_people_hold_an_emg_table_together_whatever_was_followed(walk: Path, tmp_path: Path) -> None:
    root = tmp_path / "leaderboards"
    submitted(root, "one", walk)
    submitted(root, "two", walk, motions=replace(MOTIONS, id="others"))
    assert [len(table.rows) for table in made(root, "emg")] == [2]


def test_other_clips_of_the_same_name_are_refused(walk: Path, tmp_path: Path) -> None:
    root = tmp_path / "leaderboards"
    submitted(root, "one", walk)
    other = recording()
    clips = (replace(other.clips[0], key="another"), *other.clips[1:])
    submitted(root, "two", replace(other, clips=clips))
    with pytest.raises(InputError, match=r"two: its clips are not those of .*_one, .*another") as refused:
        tables(read_all(root))
    assert "verify" in refused.value.remedy


def test_tables_do_not_depend_on_the_order_of_submissions(board: Path) -> None:
    found = read_all(board)

    def summary(order: list[int]) -> list[object]:
        return [
            (table.kind, table.data, table.body, [(place_of(row.submitted), row.cells) for row in table.rows])
            for table in tables([found[place] for place in order])
        ]

    first = summary(list(range(len(found))))
    for order in itertools.islice(itertools.permutations(range(len(found))), 1, None, 143):
        assert summary(list(order)) == first


def test_the_status_is_of_exactly_these_files(walk: Path, tmp_path: Path) -> None:
    folder = submitted(tmp_path / "leaderboards", "mine", walk, status="re-simulated")

    def status() -> str | None:
        (found,) = read_all(tmp_path / "leaderboards")
        return found.verification and found.verification.status

    assert status() == "re-simulated"
    write_text(folder / "card.md", "another card")
    with pytest.raises(InputError, match=r"card\.md: its digest is not the one in SHA256SUMS"):
        status()
    write_sums(folder)
    assert status() is None


def test_a_submission_in_the_wrong_place_is_refused(walk: Path, tmp_path: Path) -> None:
    folder = submitted(tmp_path / "leaderboards", "mine", walk)
    folder.rename(folder.with_name("2026-11-26_yours"))
    with pytest.raises(InputError, match="says 2026-11-26_mine"):
        read_all(tmp_path / "leaderboards")


@pytest.mark.parametrize(
    ("ci95", "p", "expected"),
    [
        ((0.1, 2.0), 0.01, True),
        ((-2.0, -0.1), 0.01, True),
        ((-0.1, 2.0), 0.01, False),  # nought inside the interval
        ((0.0, 2.0), 0.01, False),
        ((0.1, 2.0), 0.06, False),  # an interval that few clips made too narrow
        (None, 0.03, True),  # all clips against none
        (None, 0.25, False),
        ((0.1, 2.0), None, True),  # a protocol without a test
        (None, None, False),  # nothing to test with
    ],
)
def test_what_is_more_than_chance(ci95: tuple[float, float] | None, p: float | None, expected: bool) -> None:
    found = Difference("success_pct", 1.0, 2.0, 1.0, ci95, p, p, p and True, "clips", 6, {})
    assert beyond_chance(found) is expected


def test_ranks_keep_their_promises_on_figures_too(board: Path) -> None:
    (table,) = made(board, "imitation")
    for figure in ("frame_coverage_pct", "success_pct", "strict_success_pct"):
        for one, other in itertools.permutations(table.rows, 2):
            a, b = one.cells[figure], other.cells[figure]
            assert a.value is not None
            assert b.value is not None
            assert a.rank is not None
            assert b.rank is not None
            assert a.rank <= b.rank or a.value < b.value


def test_references_of_their_own_are_no_board(tmp_path: Path) -> None:
    """Recordings of other tools bring their references, which nobody else has followed."""
    root = tmp_path / "leaderboards"
    for name, error_m in (("one", 0.03), ("two", 0.04)):
        own = recording(error_m=error_m, told={"motions": MotionsInfo("", "", "", "", 6, 1440)})
        clips = tuple(replace(clip, key=f"{name} {clip.key}") for clip in own.clips)
        submitted(root, name, replace(own, clips=clips))
    assert made(root, "imitation") == []
    (table,) = made(root, "emg")
    assert len(table.rows) == 2


def test_a_name_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "leaderboards"
    submitted(root, "mine", recording())
    monkeypatch.setattr(made_boards, "DATE", "2026-11-27")
    submitted(root, "mine", recording())
    with pytest.raises(InputError, match=r"2026-11-27_mine: has the name of \S+/2026-11-26_mine"):
        read_all(root)


def test_a_copy_is_not_ranked_beside_what_it_copies(tmp_path: Path) -> None:
    root = tmp_path / "leaderboards"
    first, second = (submitted(root, name, recording()) for name in ("first", "second"))
    shutil.copyfile(first / "record.npz", second / "record.npz")
    write_sums(second)
    with pytest.raises(InputError, match=r"_second: has the recording of \S+_first; take one of them away"):
        read_all(root)
