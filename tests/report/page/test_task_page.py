"""The report of a task's score in a real browser: complete, legible, silent, true to the result."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scored_trials import RUNS, evaluated, target_run

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.schema import FatigueSetup, PolicyInfo
from kinesis_bench.evaluation.tasks.evaluate import TaskEvaluation, evaluate_task
from kinesis_bench.evaluation.tasks.figures import cell_map, named_figures
from kinesis_bench.evaluation.tasks.run import TrialJob
from kinesis_bench.files import sha256_of_file, write_text
from kinesis_bench.policies.load import load_policy
from kinesis_bench.report.page.bouts import bouts_section
from kinesis_bench.report.page.task import task_report_html, task_sentence, write_task_report
from kinesis_bench.report.page.words import interval, signed
from kinesis_bench.report.task_words import BETTER, meaning, words
from kinesis_bench.tasks.registry import TASKS

if TYPE_CHECKING:
    from browser import Browser

MIXED = "+-x+x-++--x+"

SECTIONS = {
    "target": ["figures", "map", "time", "endings", "reproduce"],
    "target-far": ["figures", "map", "time", "endings", "reproduce"],
    "direction": ["figures", "time", "paths", "endings", "reproduce"],
    "penalty-kick": ["figures", "time", "endings", "reproduce"],
    "tired direction": ["figures", "time", "paths", "endings", "fatigue", "reproduce"],
    "tired target": ["figures", "map", "time", "endings", "fatigue", "reproduce"],
}


@pytest.fixture(scope="module")
def evaluations() -> dict[str, TaskEvaluation]:
    setup = FatigueSetup("fatigue-1", 2, 0.0, observed=False)
    tired = {
        f"tired {task}": evaluate_task(
            load_policy("constant"), load_body("legs"), TrialJob(TASKS[task], 3, fatigue=setup), threads=1
        )
        for task in ("target", "direction")
    }
    return {task: evaluated(task) for task in RUNS} | tired


def html(evaluation: TaskEvaluation) -> str:
    return task_report_html(
        evaluation, "do it", "kinesis-bench score --task it", ["result.json", "trials.csv"]
    )


def section(page: str, name: str) -> str:
    return re.search(rf'<section id="{name}">(.*?)</section>', page, re.S)[1]  # type: ignore[index]


def plain(page: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


@pytest.mark.parametrize("name", SECTIONS)
def test_sound_in_a_browser(
    browser: Browser, evaluations: dict[str, TaskEvaluation], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "report.html"
    write_text(path, html(evaluations[name]))
    shown = browser.open(path, width=390, height=844)
    for dark, media in ((False, "screen"), (True, "screen"), (True, "print")):
        shown.emulate(dark=dark, media=media)
        if media == "print":
            shown.call("Emulation.clearDeviceMetricsOverride")
        assert shown.faults() == [], (dark, media)
    assert shown.evaluate("document.scripts.length + document.images.length") == 0
    shown.close()


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_is_there_and_nothing_is_left_open(
    evaluations: dict[str, TaskEvaluation], name: str
) -> None:
    page = html(evaluations[name])
    assert re.findall(r'<section id="(\w+)">', page) == SECTIONS[name]
    assert re.findall(r'<a href="#(\w+)">', page) == SECTIONS[name]
    assert not re.search(r"\bNone\b|\bnan\b|\binf\b|Undefined", plain(page))
    assert 'd="M"' not in page
    told = re.findall(r"<desc[^>]*>(.*?)</desc>", page, re.S)
    assert len(told) == page.count('role="img"') > 0
    assert all(re.search(r"\d", text) for text in told)


@pytest.mark.parametrize("task", RUNS)
def test_every_figure_is_there_with_its_meaning(evaluations: dict[str, TaskEvaluation], task: str) -> None:
    evaluation = evaluations[task]
    figures = evaluation.result.figures
    page = plain(section(html(evaluation), "figures"))
    for name, share in {"success": figures.success, **figures.proportions}.items():
        told = f"{words(name)} [%] {meaning(task, name)} {signed(share.pct, 1)} {interval(share.ci95, 1)}"
        assert meaning(task, name)
        assert f"{told} {share.count} of {share.trials}" in page
    for name in figures.means:
        assert meaning(task, name)
        assert f"{words(name)} {meaning(task, name)}" in page
    for groups in figures.groups.values():
        assert all(f" {name} " in page for name in groups)
    assert set(evaluation.headline) <= set(named_figures(figures))
    assert set(BETTER) >= {name for name in evaluation.headline if name != "excitation"} - {"mean_distance_m"}


def test_the_sentence_says_success_and_how_long_trials_last() -> None:
    evaluation = evaluated("target", target_run("+xx"))
    low, high = evaluation.result.figures.success.ci95 or (0.0, 0.0)
    assert task_sentence(evaluation).replace("\u00a0", " ") == (
        f"mine is within 0.1 m of the goal after 5 s, still standing, in 33.3 % [{low:.1f}–{high:.1f}] of 3 "
        "trials; on average a trial lasts 0.1 s of at most 0.166667 s."
    )


def test_what_a_reader_has_to_know_comes_first() -> None:
    privileged = PolicyInfo("mine", control="direct", privileged=True, needs=("state",))
    changed = evaluated(
        "target", policy=privileged, quick=True, diagnostic="pushed", options={"keeper": "static"}
    )
    head = plain(html(changed).partition("<main>")[0])
    for said in (
        *("zero-shot: the policy learned task imitation", "privileged: it sees more"),
        *("fewer trials than a score has", "pushed", "keeper static", "Asked: do it."),
    ):
        assert said in head
    assert "zero-shot" not in html(evaluated("target", policy_task="target"))


def test_cells_of_the_map_are_filled_by_their_success() -> None:
    x, y = np.array([0.3, 0.3, 0.3, -0.8]), np.array([0.1, 0.1, 0.1, -0.6])
    cells = cell_map(x, y, np.array([True, True, False, False]), 0.25, ("ahead [m]", "left [m]"))
    evaluation = evaluated("target")
    figures = replace(evaluation.result.figures, maps={"goal": cells})
    page = section(html(replace(evaluation, result=replace(evaluation.result, figures=figures))), "map")
    drawn = re.findall(
        r'<rect class="cell" x="([\d.]+)" y="([\d.]+)" .*?fill-opacity="(.*?)"><title>(.*?)</title>', page
    )
    assert {(part, told) for _, _, part, told in drawn} == {
        ("0.667", "2 of 3 trials"),
        ("0", "0 of 1 trials"),
    }
    left, right = sorted(drawn, key=lambda cell: float(cell[0]))
    assert left[3] == "2 of 3 trials", "the body's left is on the left"
    assert float(left[1]) < float(right[1]), "ahead is up"
    assert ">67</text>" in page
    assert "ahead 2 of 3; behind 0 of 1; to the left 2 of 3; to the right 0 of 1." in page


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_stand_out_from_full_cells(browser: Browser, tmp_path: Path, dark: bool) -> None:
    """The browser's own check compares text with the page, not with what is drawn under it."""
    path = tmp_path / "report.html"
    write_text(path, html(evaluated("target")))
    shown = browser.open(path, dark=dark)
    told = shown.evaluate(
        "[getComputedStyle(document.querySelector('.plot text.strong')).fill, "
        "getComputedStyle(document.querySelector('rect.cell')).fill]"
    )
    shown.close()
    light = []
    for colour in told:
        parts = np.array([int(part) for part in re.findall(r"\d+", colour)[:3]]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ (0.2126, 0.7152, 0.0722)))
    assert (max(light) + 0.05) / (min(light) + 0.05) >= 4.5


def test_how_trials_ended_and_how_long_they_last() -> None:
    page = html(evaluated("target", target_run(MIXED)))
    assert re.search(r"lasted the whole time 9 75\.0 the body fell 3 25\.0", plain(section(page, "endings")))
    assert "9 of 12 last the whole" in section(page, "time")
    fallen = html(evaluated("target", target_run("xx")))
    assert "half of the trials are over after 0.07 s" in plain(section(fallen, "time"))


def test_paths_show_each_command_that_was_met(evaluations: dict[str, TaskEvaluation]) -> None:
    page = section(html(evaluations["direction"]), "paths")
    assert page.count('class="plot"') == 4
    plots = page.split('<svg class="plot"')[1:]
    assert [plot.count('class="line people"') for plot in plots] == [5, 5, 3, 1]
    assert [plot.count('class="line failed"') for plot in plots] == [0, 0, 1, 1]
    assert "Commands 0°, 90°, 45°, 225°, 90°" in plots[0]
    assert "the body fell after 7.0 s" in plain(page)


def test_bouts_are_shown_with_what_they_change(evaluations: dict[str, TaskEvaluation]) -> None:
    evaluation = evaluations["tired target"]
    assert evaluation.fatigue is not None
    first, last = evaluation.fatigue.bouts
    text = plain(section(html(evaluation), "fatigue"))
    for bout in (first, last):
        assert f"{bout.fatigued_after_pct:.2f}" in text
    assert "The same trials 2 times (fatigue-1), with no rest between two bouts" in text
    (pair,) = evaluation.fatigue.changes
    standing = next(one for one in pair.differences if one.figure == "standing_s")
    assert standing.difference == pytest.approx(last.figures["standing_s"] - first.figures["standing_s"])
    assert bouts_section(evaluation.fatigue, evaluation.headline).changes is not None


def test_reproduction_names_command_files_and_hashes(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text("{}")
    path = tmp_path / "report.html"
    write_task_report(path, evaluated("target"), "do it", command="kinesis-bench score", folder=tmp_path)
    told = plain(section(path.read_text(encoding="utf-8"), "reproduce"))
    for said in ("kinesis-bench score", sha256_of_file(file), "b" * 64, "numpy", "target-1", "all figures"):
        assert said in told
    assert "trials.csv" not in told


HOSTILE = '"><script>document.title="owned"</script><img src=x onerror=alert(1)>&lt;\u202e' + "wide" * 60


def test_strangers_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    policy = PolicyInfo(HOSTILE, source=HOSTILE, notes=(HOSTILE,))
    evaluation = evaluated(
        "penalty-kick",
        policy=policy,
        policy_task=HOSTILE,
        diagnostic=HOSTILE,
        endings={HOSTILE: 4},
        options={HOSTILE: HOSTILE},
    )
    path = tmp_path / "report.html"
    write_task_report(path, evaluation, HOSTILE, command=f"kinesis-bench score --policy '{HOSTILE}'")
    shown = browser.open(path, width=390)
    assert shown.faults() == []
    assert shown.evaluate("document.scripts.length + document.images.length") == 0
    assert shown.evaluate("document.querySelector('h1').textContent").startswith(HOSTILE[:40])
    assert HOSTILE in shown.evaluate("document.querySelector('pre').textContent")
    shown.close()
