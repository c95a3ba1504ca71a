"""The workflow that verifies a pull request: its steps, run on a small repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kinesis_bench.cli.leaderboard_build import Build

yaml = pytest.importorskip("yaml", reason="reading the workflow needs pyyaml")

WORKFLOW = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "leaderboard.yml"


def steps() -> dict[str, dict[str, object]]:
    job = yaml.safe_load(WORKFLOW.read_text())["jobs"]["verify"]
    return {step.get("name", step.get("uses", "")): step for step in job["steps"]}


def git(folder: Path, *arguments: str) -> str:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    environment = {**os.environ, **identity, "GIT_COMMITTER_EMAIL": "a@b"}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / "leaderboards" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.read_text() + "more\n" if path.exists() else f"{name}\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Three submissions; then one is added, one is changed in one file, and one is taken away."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for name in ("kept", "changed", "gone"):
        put(tmp_path, f"emg/2026-11-26_{name}/submission.json", f"emg/2026-11-26_{name}/card.md")
    put(tmp_path, "README.md", "index.html")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=base")
    git(tmp_path, "checkout", "--quiet", "-b", "proposed")
    put(
        tmp_path, "imitation_a_test/2026-11-27_new/submission.json", "imitation_a_test/2026-11-27_new/card.md"
    )
    put(tmp_path, "emg/2026-11-26_changed/card.md", "README.md")
    git(tmp_path, "rm", "--quiet", "-r", "leaderboards/emg/2026-11-26_gone")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=proposed")
    return tmp_path


def changed(repository: Path, base: str) -> list[str]:
    environment = {**os.environ, "BASE": base, "RUNNER_TEMP": str(repository)}
    script = str(steps()["Which submissions were added or changed"]["run"])
    command = ["bash", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=repository, check=True, capture_output=True, text=True, env=environment
    ).stdout.split()


def test_added_and_changed_submissions_are_verified(repository: Path) -> None:
    assert changed(repository, git(repository, "rev-parse", "main")) == [
        "leaderboards/emg/2026-11-26_changed",
        "leaderboards/imitation_a_test/2026-11-27_new",
    ]


def test_started_by_hand_it_verifies_all(repository: Path) -> None:
    assert [Path(folder).name for folder in changed(repository, "")] == [
        *["2026-11-26_changed", "2026-11-26_kept", "2026-11-27_new"]
    ]


def test_a_change_of_the_tables_alone_verifies_nothing(repository: Path) -> None:
    put(repository, "README.md")
    git(repository, "commit", "--quiet", "--all", "--message=tables")
    assert changed(repository, git(repository, "rev-parse", "HEAD~1")) == []


def test_a_link_is_refused(repository: Path) -> None:
    """The list of what was changed does not name it, and the tables would follow it."""
    script = str(steps()["No links, which could lead to what is not verified"]["run"])

    def run() -> int:
        command = ["bash", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=repository, capture_output=True).returncode

    assert run() == 0
    (repository / "leaderboards" / "emg" / "2026-11-27_link").symlink_to("2026-11-26_kept")
    assert run() == 1


def test_tables_that_were_not_made_from_the_submissions_are_found(repository: Path, tmp_path: Path) -> None:
    script = str(steps()["The tables are those of the submissions"]["run"])
    tools = tmp_path / "tools"
    tools.mkdir()

    def run(built: str) -> int:
        for name, text in (
            ("pip", "exit 0"),
            ("kinesis-bench", f"printf '{built}' > leaderboards/README.md"),
        ):
            (tools / name).write_text(f"#!/bin/sh\n{text}\n")
            (tools / name).chmod(0o755)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        command = ["bash", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=repository, capture_output=True, env=environment).returncode

    assert run("README.md\\nmore\\n") == 0
    assert run("other\\n") == 1
    git(repository, "rm", "--quiet", "--cached", "leaderboards/README.md")
    assert run("README.md\\nmore\\n") == 1


def test_the_command_builds_what_the_workflow_compares() -> None:
    assert Build().folder == Path("leaderboards")
    assert "kinesis-bench leaderboard build\n" in WORKFLOW.read_text()
