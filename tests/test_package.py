"""What is published: the wheel and the sdist hold what they must and nothing else, and the wheel works."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTENT = tuple(
    name for name in ("baselines", "datasets", "leaderboards", "reference_policies") if (ROOT / name).is_dir()
)


def build(source: Path, target: str, folder: Path) -> Path:
    """Path of the wheel or sdist that is built from a checkout or an unpacked sdist."""
    pytest.importorskip("hatchling", reason="hatchling is absent, which builds the package")
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


def test_the_wheel_holds_the_package_and_its_content(wheel: Path):
    wanted = {
        path.relative_to(ROOT).as_posix() if name == "kinesis_bench" else f"kinesis_bench/content/{place}"
        for name in ("kinesis_bench", *CONTENT)
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        for place in [path.relative_to(ROOT).as_posix()]
    }
    names = {name for name in content(wheel) if ".dist-info/" not in name}
    assert names == wanted
    assert "kinesis_bench/py.typed" in names
    assert "kinesis_bench/evaluation/result-1.schema.json" in names
    assert "kinesis_bench/content/reference_policies/legs/policy.onnx" in names


def test_the_sdist_holds_the_tests_and_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    assert (unpacked / "tests" / "test_package.py").is_file()
    assert not [path for path in (unpacked / "docs").rglob("*") if path.suffix in (".png", ".jpg")]
    assert content(build(unpacked, "wheel", tmp_path / "wheel")) == content(wheel)


def test_the_description_points_at_nothing_that_an_index_lacks(wheel: Path):
    (metadata,) = (data for name, data in content(wheel).items() if name.endswith("/METADATA"))
    message = email.message_from_bytes(metadata)
    text = message.get_payload()
    assert message["Description-Content-Type"] == "text/markdown"
    assert message["License-Expression"] == "Apache-2.0"
    assert text.startswith("# kinesis-bench")
    assert "## Two commands" in text
    assert re.findall(r"\]\((?!https?://|#)[^)]*\)", text) == []


@pytest.mark.slow
def test_the_wheel_scores_from_any_folder(wheel: Path, tmp_path: Path):
    """In an environment of its own, which borrows what it depends on, an empty folder and an empty home."""
    pytest.importorskip("pip", reason="pip is absent, which installs the package")
    made, home, folder = tmp_path / "env", tmp_path / "home", tmp_path / "empty"
    venv.create(made, with_pip=False, symlinks=True)
    home.mkdir()
    folder.mkdir()
    install = [sys.executable, "-m", "pip", "--python", str(made / "bin" / "python"), "install"]
    subprocess.run([*install, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(made)}))
    borrowed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    environment = {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [made / "bin" / "kinesis-bench", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "MPJPE" in run("score", "--policy", "muscle-pd")
    assert (folder / "results" / "muscle-pd-legs" / "result.json").is_file()
    assert list(home.rglob("*.h5")), "the built-in motions belong in the user's cache"
    assert not list(packages.rglob("*.h5"))
    assert "EMG r" in run("score", "--policy", "reference", "--quick")
    assert "EMG r" in run("score", "--policy", "dep", "--quick"), "a baseline with Python of its own"
