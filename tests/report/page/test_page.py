"""The report of all kinds of results, in a real browser: complete, legible, silent, true to the result."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_folders import GROUP, MOTIONS, PEOPLE, POLICY, recording
from walking_rollouts import MUSCLES, cyclic, walking, walking_clip

from kinesis_bench.cli.score import Score
from kinesis_bench.evaluation.evaluate import Evaluation, Provenance, evaluate_rollouts
from kinesis_bench.evaluation.fatigue import FIGURES as FATIGUE_FIGURES
from kinesis_bench.evaluation.fatigue import Bout, FatigueResult
from kinesis_bench.evaluation.schema import FatigueSetup
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.files import sha256_of_file, write_text
from kinesis_bench.human.joint_angles import SCHWARTZ, human_joint_angles
from kinesis_bench.human.references import HumanEmg, HumanJointAngles
from kinesis_bench.human.sources import human_emg
from kinesis_bench.report.page.words import headline, interval, signed
from kinesis_bench.report.page.write import report_html, write_report
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.tasks.fatigue import JointFatigue

if TYPE_CHECKING:
    from browser import Browser

SECTIONS = ["imitation", "error", "emg", "joints", "agreement", "ground", "clips", "failed", "reproduce"]

RUNNERS = human_emg("emg_run_santuz2020")


def without_reference(rollouts: Rollouts, **changes: object) -> Rollouts:
    clips = tuple(replace(clip, reference_keypoint_position=None, **changes) for clip in rollouts.clips)
    return replace(rollouts, clips=clips)


def prescribed() -> Rollouts:
    """Its ankle swings, as heel strikes are then told by it."""
    rollouts = without_reference(recording(), control="prescribed", touch=None)
    for clip in rollouts.clips:
        assert clip.keypoint_position is not None
        time = (np.arange(len(clip.keypoint_position)) + 1) / 30
        clip.keypoint_position[:, 1, 0] += 0.3 * np.sin(2 * np.pi * time / 1.1)
    return rollouts


def runners() -> Rollouts:
    muscles = cyclic(np.random.default_rng(0).random((len(MUSCLES), 100)))
    return walking(walking_clip(skill="run", speed_m_s=2.8, cycle_s=0.7, muscles=muscles))


def single_angles() -> HumanJointAngles:
    table = human_joint_angles(SCHWARTZ, 1.25, 0.9)
    curves = table.mean_deg + np.array([-4.0, 0.0, 5.0])[:, None, None]
    return replace(table, curves_deg=curves, people=3, names=("a", "b", "c"))


CASES: dict[str, tuple[Rollouts, HumanEmg, str]] = {
    "people": (recording(fails=(5,)), PEOPLE, "kinesis-bench-1"),
    "group only": (recording(noise=0.3, runs=2), GROUP, "kinesis-bench-1"),
    "falls at once": (recording(fails=tuple(range(6)), fails_at=2), GROUP, "kinesis-bench-1"),
    "foreign": (without_reference(recording()), PEOPLE, "kinesis-bench-1"),
    "prescribed": (prescribed(), GROUP, "kinesis-bench-1"),
    "protocol of 2025": (recording(), PEOPLE, "kinesis-2025"),
    "runners": (runners(), RUNNERS, "kinesis-bench-1"),
}


@pytest.fixture(scope="module")
def evaluations() -> dict[str, Evaluation]:
    return {
        name: evaluate_rollouts(
            rollouts, human, joint_angles=single_angles() if name == "people" else None, protocol=protocol
        )
        for name, (rollouts, human, protocol) in CASES.items()
    }


def html(evaluations: dict[str, Evaluation], name: str) -> str:
    angles = single_angles() if name == "people" else None
    return report_html(evaluations[name], CASES[name][1], angles, "kinesis-bench score")


def section(page: str, name: str) -> str:
    return re.search(rf'<section id="{name}">(.*?)</section>', page, re.S)[1]  # type: ignore[index]


def plain(page: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


@pytest.mark.parametrize("name", CASES)
def test_sound_in_a_browser(
    browser: Browser, evaluations: dict[str, Evaluation], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "report.html"
    write_text(path, html(evaluations, name))
    shown = browser.open(path, width=390, height=844)
    for dark, media in ((False, "screen"), (True, "screen"), (True, "print")):
        shown.emulate(dark=dark, media=media)
        if media == "print":
            shown.call("Emulation.clearDeviceMetricsOverride")
        assert shown.faults() == [], (dark, media)
    assert shown.evaluate("document.scripts.length") == 0
    assert shown.evaluate("document.querySelectorAll('svg.plot').length") >= (1 if name != "foreign" else 0)
    shown.close()


@pytest.mark.parametrize("name", CASES)
def test_every_section_is_there_in_order_and_says_something(
    evaluations: dict[str, Evaluation], name: str
) -> None:
    page = html(evaluations, name)
    assert re.findall(r'<section id="(\w+)">', page) == SECTIONS
    for one in SECTIONS:
        text = section(page, one)
        assert (
            "<svg" in text or "<table" in text or 'class="absent"' in text or one in ("failed", "reproduce")
        )
    visible = plain(page)
    assert not re.search(r"\bNone\b|\bnan\b|\binf\b|Undefined", visible)
    assert len(page.encode()) < 1_500_000


def test_figures_are_those_of_the_result(evaluations: dict[str, Evaluation]) -> None:
    page, result = html(evaluations, "people"), evaluations["people"].result
    assert result.imitation is not None
    assert result.imitation_by_skill is not None
    line = headline(result).replace("\u00a0", " ")
    coverage, emg, angles = result.imitation.frame_coverage_pct, result.emg, result.joint_angles
    assert f"covers {coverage.mean:.1f} % [{interval(coverage.ci95, 1)}] of the frames" in line
    assert f"r {emg.mean_r:.2f} [{interval(emg.ci95.mean_r, 2)}] at a lag of {emg.lag_ms:.0f} ms" in line
    assert f"{emg.ratio:.2f} [{interval(emg.ci95.ratio, 2)}] of the {emg.human_pairs_r:.2f}" in line
    assert f"by {angles.mpjae_deg:.1f}°, two people's from each other by {angles.human_deg:.1f}°" in line
    table = plain(section(page, "imitation"))
    for score in (*result.imitation_by_skill.values(), result.imitation):
        assert f"{score.clips} {signed(score.frame_coverage_pct.mean, 1)}" in table
    muscles = section(page, "emg")
    assert muscles.count('class="plot"') == len(emg.per_muscle) + 1
    assert muscles.count('class="line one"') == len(emg.per_muscle) * emg.human_people + 1  # and its key
    for name, one in emg.per_muscle.items():
        assert f"<strong>{name}</strong>: r {signed(one.r, 2)}, two people {one.human_pairs_r:.2f}" in muscles
    assert section(page, "joints").count('class="line one"') == 4 * 3 + 1
    assert "failed after 4.0 s of 9.7 s" in plain(section(page, "error"))
    assert "1 of 6 runs ended before their clip did." in page


def test_plots_tell_their_finding(evaluations: dict[str, Evaluation]) -> None:
    page, result = html(evaluations, "people"), evaluations["people"].result
    told = re.findall(r"<desc[^>]*>(.*?)</desc>", page, re.S)
    assert len(told) == page.count('role="img"')
    assert all(re.search(r"\d", text) for text in told)
    assert any(f"r is {result.emg.mean_r:.2f} at the best lag" in text for text in told)
    assert any(re.search(r"both feet bear for (19|20|21) % of the cycle, people.+s for 1", t) for t in told)


def test_what_is_absent_says_why(evaluations: dict[str, Evaluation]) -> None:
    lines = {
        "falls at once": [
            ("emg", "no gait cycle was completed"),
            ("joints", "no gait"),
            ("ground", "no gait"),
        ],
        "foreign": [
            ("imitation", "no keypoints beside"),
            ("error", "no keypoints"),
            ("clips", "no keypoints"),
        ],
        "prescribed": [("imitation", "nothing was simulated"), ("ground", "nothing was simulated")],
        "runners": [
            ("joints", "joint-angle table walk"),
            ("ground", "in the activity run"),
            ("emg", "each person"),
        ],
        "group only": [("emg", "Single people are not drawn")],
    }
    for name, told in lines.items():
        page = html(evaluations, name)
        for where, why in told:
            assert why in plain(section(page, where)), (name, where)
    alone = html(evaluations, "group only")
    assert "The model's r has none: needs the EMG of each person" in plain(alone)
    assert 'class="line one"' not in alone


def test_clips_of_prompts_are_told_with_their_prompts(evaluations: dict[str, Evaluation]) -> None:
    evaluation = evaluations["people"]
    prompts = {clip.key: f"a person walks {clip.key}" for clip in evaluation.rollouts.clips}
    motions = replace(evaluation.result.motions, prompts=prompts)
    prompted = replace(evaluation, result=replace(evaluation.result, motions=motions))
    page = report_html(prompted, PEOPLE, single_angles())
    told = plain(page)
    assert "Imitation by category" in told
    assert "MPJPE of each clip, by category" in told
    assert "skill" not in told
    for key, prompt in prompts.items():
        assert f"{key} {prompt}" in plain(section(page, "clips"))
    (failed,) = [clip.key for clip in evaluation.clips or () if not clip.success]
    assert f"{failed} {prompts[failed]}" in plain(section(page, "failed"))


def test_bouts_of_clips_have_a_section(evaluations: dict[str, Evaluation]) -> None:
    evaluation = evaluations["people"]
    bout = Bout(
        1,
        dict.fromkeys(FATIGUE_FIGURES, 50.0),
        {"success_pct": (40.0, 60.0)},
        fatigued_before_pct=0.0,
        fatigued_after_pct=1.5,
        fatigued_after_by_joint_pct={"hip": 1.0, "knee": 2.0},
        most_fatigued_pct={"soleus_l": 3.0},
        reasons={},
    )
    fatigue = FatigueResult(
        schema="",
        task="imitation",
        fatigue=FatigueSetup("fatigue-1", 2, 60.0, observed=True),
        policy=POLICY,
        body=evaluation.result.body,
        motions=MOTIONS,
        trials=None,
        runs=1,
        seed=0,
        joints={name: JointFatigue(0.01, 0.001, 15.0, "") for name in ("hip", "knee")},
        muscle_joints={},
        bouts=(bout, replace(bout, bout=2, fatigued_after_pct=2.5)),
        changes=(),
    )
    page = report_html(replace(evaluation, fatigue=fatigue), PEOPLE, single_angles())
    assert re.findall(r'<section id="(\w+)">', page) == [*SECTIONS[:-1], "fatigue", SECTIONS[-1]]
    told = plain(section(page, "fatigue"))
    assert "The same clips 2 times (fatigue-1), with 60 s of rest between two bouts; the policy sees" in told
    assert "2 2.50 1.00 2.00 soleus_l 3.0" in told


def test_runs_have_their_sem_and_are_told_apart(evaluations: dict[str, Evaluation]) -> None:
    page = html(evaluations, "group only")
    assert "mean over 2 runs ± SEM" in page
    assert "All 12 clips and runs" in page


HOSTILE = '"><script>document.title="owned"</script><img src=x onerror=alert(1)>&lt;\u202e' + "wide" * 60


def test_strangers_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    provenance = Provenance(
        replace(POLICY, name=HOSTILE, source=HOSTILE, notes=(HOSTILE,)),
        replace(MOTIONS, id=HOSTILE),
        1,
        0,
        False,
        HOSTILE,
        1.0,
    )
    clips = [
        walking_clip(key=HOSTILE, skill=HOSTILE, fails_at=30),
        replace(walking_clip(key="b", skill=HOSTILE), failure=HOSTILE),
        walking_clip(key="c"),
    ]
    rollouts = replace(walking(*clips, provenance=json.dumps(to_json(provenance))), body=HOSTILE)
    people = replace(PEOPLE, source=HOSTILE, cycle_zero=HOSTILE)
    evaluation = evaluate_rollouts(rollouts, people)
    path = tmp_path / "report.html"
    write_report(path, evaluation, people, command=f"kinesis-bench score --policy '{HOSTILE}'")
    shown = browser.open(path, width=390)
    assert shown.faults() == []
    assert shown.evaluate("document.title").startswith('"><script>')
    assert shown.evaluate("document.scripts.length + document.images.length") == 0
    assert shown.evaluate("document.querySelector('h1').textContent").startswith(HOSTILE[:40])
    assert HOSTILE in shown.evaluate("document.querySelector('pre').textContent")
    shown.close()


def test_reproduction_names_command_hashes_and_versions(
    tmp_path: Path, evaluations: dict[str, Evaluation]
) -> None:
    file = tmp_path / "result.json"
    file.write_text("{}")
    path = tmp_path / "report.html"
    command = "kinesis-bench score --policy mine"
    write_report(path, evaluations["people"], PEOPLE, command=command, files=[file, tmp_path / "absent"])
    told = plain(section(path.read_text(encoding="utf-8"), "reproduce"))
    for words in (command, sha256_of_file(file), "c" * 64, "5" * 64, "ab" * 32, "numpy", "seed 0"):
        assert words in told
    assert "absent" not in told


def test_the_command_gives_the_same_options_back() -> None:
    import shlex

    import tyro

    scores = [
        Score(),
        Score(
            policy="sb3=a b.zip",
            human=("emg_run_santuz2020", "wang2023=/da ta"),
            human_speed="matched",
            quick=True,
        ),
        Score(rollout=Path("x/rollouts.h5"), protocol="kinesis-2025", seed=3, human_speed=5.4),
        Score(
            policy="zero",
            push=0.2,
            timestep=1 / 600,
            runs=4,
            motions=Path("m.h5"),
            split="a/test",
            body="legs_abs",
        ),
    ]
    for score in scores:
        words = shlex.split(replace(score, out=Path("somewhere"), threads=1).command())
        assert words[:2] == ["kinesis-bench", "score"]
        again = tyro.cli(Score, args=words[2:])
        assert replace(again, policy=None if again.policy == "reference" else again.policy) == score


PARTS = (
    "action",
    "excitation",
    "activation",
    "keypoint_position",
    "reference_keypoint_position",
    "joint_angle",
)
MORE = ("pelvis_quaternion", "ik_error_m", "ground_force", "touch")


@settings(max_examples=25, deadline=None)
@given(
    st.sets(st.sampled_from((*PARTS, *MORE))), st.integers(0, 4), st.sampled_from(("", "out of range", "far"))
)
def test_any_part_of_a_recording_may_be_absent(absent: set[str], rows: int, failure: str) -> None:
    """And a clip may hold few rows, or none that is a number."""
    clips = [replace(walking_clip(key=key), **dict.fromkeys(absent)) for key in "ab"]
    short = walking_clip(key="c", fails_at=rows, skill="run")
    assert short.keypoint_position is not None
    short.keypoint_position[rows // 2 :] = np.nan
    rollouts = walking(*clips, replace(short, failure=failure, **dict.fromkeys(absent)))
    page = report_html(evaluate_rollouts(rollouts, GROUP), GROUP)
    assert re.findall(r'<section id="(\w+)">', page) == SECTIONS
    assert not re.search(r"\bNone\b|\bnan\b|\binf\b", plain(page))
    assert 'd="M"' not in page
