"""The rooms import one way only; a new arrow against it is a design question, not an import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "kinesis_bench"

MAY_IMPORT = {
    "motions": set(),
    "metrics": {"human"},
    "human": {"metrics"},
    "bodies": {"motions"},
    "physics": {"bodies"},
    "rollouts": {"bodies"},
    "tasks": {"physics", "bodies", "motions"},
    "policies": {"tasks", "bodies"},
    "prepare": {"bodies", "motions"},
    "evaluation": {
        "policies",
        "tasks",
        "physics",
        "rollouts",
        "bodies",
        "motions",
        "prepare",
        "metrics",
        "human",
    },
    "training": {"evaluation", "prepare", "policies", "tasks", "physics", "rollouts", "bodies", "motions"},
    "hub": {"policies", "motions"},
    "doctor": {"policies", "prepare", "physics", "bodies", "motions", "human"},
    "leaderboard": {
        "evaluation",
        "policies",
        "tasks",
        "physics",
        "rollouts",
        "bodies",
        "motions",
        "prepare",
        "metrics",
        "human",
    },
    "report": {"leaderboard", "evaluation", "rollouts", "bodies", "metrics", "human"},
}
"""Rooms that a room may import, besides itself and the files at the top of the package."""

TOP = {"archives", "errors", "files", "terminal", "time_tables"}


def imported_rooms(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "kinesis_bench":
                names |= {f"kinesis_bench.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    ours = {name.split(".")[1] for name in names if name.startswith("kinesis_bench.")}
    return ours - TOP - {"__version__"}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_imports_follow_the_arrows(room):
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert files, f"room {room} is empty"
    wrong = {
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in files
        for other in imported_rooms(path) - MAY_IMPORT[room] - {room}
    }
    assert not wrong


def test_every_room_is_known():
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(MAY_IMPORT) | {"cli"}


def test_help_loads_nothing_heavy():
    """`--help` stays quick because no command imports numpy, mujoco or pandas before it runs."""
    code = "import sys, kinesis_bench.cli.main; print({'numpy', 'mujoco', 'pandas'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_nothing_is_unpickled_or_executed():
    """In the package and in what ships beside it; of torch's files only tensors are read."""
    calls = {"eval", "exec", "pickle.load", "pickle.loads", "joblib.load", "torch.load", "yaml.load"}
    for path in (*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "baselines").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and not _reads_tensors_only(node):
                assert ast.unparse(node.func) not in calls, f"{path}:{node.lineno}"
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", f"{path}:{node.value.lineno}"


def _reads_tensors_only(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "torch.load" and any(
        word.arg == "weights_only" and ast.unparse(word.value) == "True" for word in call.keywords
    )
