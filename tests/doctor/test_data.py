from __future__ import annotations

import json
import shutil

import h5py
import pytest

from kinesis_bench.bodies.contract import PUBLISHED_SHA256
from kinesis_bench.doctor import data, policies
from kinesis_bench.files import content_dir


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An empty home, and no shared folder."""
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KINESIS_BENCH_SHARED", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def figures(monkeypatch, tmp_path):
    """A copy of datasets/ that tests may spoil."""
    copy = shutil.copytree(content_dir("datasets"), tmp_path / "datasets")
    monkeypatch.setattr(data, "content_dir", lambda _name: copy)
    return copy


def motion_file(path, *, id="kit-locomotion-v1", sha256=PUBLISHED_SHA256["legs"]):
    with h5py.File(path, "w") as file:
        file.attrs.update(id=id, content_sha256="ab" * 32)
        file["clips/key"] = [b"a", b"b"]
        file.create_group("ik/legs").attrs["model_sha256"] = sha256


def test_shipped_figures_are_as_published(figures):
    (check,) = data.shipped()
    assert (check.mark, check.needed) == ("ok", True)
    assert check.says.endswith("people: emg_walk_wang2023, emg_run_santuz2020")


def test_a_changed_and_a_lost_figure_are_named(figures):
    with (figures / "emg_walk_wang2023" / "group.csv").open("a") as file:
        file.write("\n")
    (figures / "kit_locomotion" / "rules.toml").unlink()
    (check,) = data.shipped()
    assert (check.mark, check.needed) == ("broken", True)
    assert check.says == "changed or gone: emg_walk_wang2023/group.csv, kit_locomotion/rules.toml"
    assert check.remedy.startswith("pip install")


def test_without_any_description_nothing_is_called_fine(figures):
    shutil.rmtree(figures)
    figures.mkdir()
    assert next(data.shipped()).mark == "broken"


def test_an_empty_home_names_the_commands(home):
    built_in, kit = data.motions()
    assert (built_in.mark, kit.mark) == ("missing", "missing")
    assert built_in.remedy.startswith("kinesis-bench prepare-data")
    assert kit.remedy == "kinesis-bench prepare-data --amass DIR"
    assert "kit_locomotion" in kit.says
    assert not built_in.needed, "score makes it"
    assert not kit.needed


def test_built_in_motions_of_this_version_and_of_another(home, monkeypatch):
    (home / "normative-gait-v2.h5").write_bytes(b"")
    built_in = next(data.motions())
    assert built_in.mark == "missing"
    assert "another version" in built_in.says
    monkeypatch.setattr(data, "is_current", lambda _path: True)
    assert next(data.motions()).mark == "ok"


def test_motion_files_by_their_attributes(home):
    motion_file(home / "kit-locomotion-v1.h5")
    motion_file(home / "joint-angles.h5", id="joint-angles", sha256="0" * 64)
    (home / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\nand no more")
    _, cut, angles, kit = data.motions()
    assert (kit.name, kit.mark) == ("KIT-Locomotion", "ok")
    assert kit.says.startswith("kit-locomotion-v1, 2 clips, content abababababab")
    assert angles.mark == "broken"
    assert angles.says.endswith("posed on other versions of legs")
    assert cut.mark == "broken"
    assert "cannot be read" in cut.says


def test_people_that_are_named_and_not_there(home):
    (check,) = data.people(["wang2023=/nowhere"])
    assert (check.mark, check.needed) == ("broken", False)
    assert "/nowhere" in check.says
    (check,) = data.people(["wang=/nowhere"])
    assert check.remedy == "did you mean 'wang2023'?"


def test_nobody_named(home):
    (check,) = data.people([])
    assert check.mark == "missing"
    assert check.remedy == "kinesis-bench doctor --human wang2023=DIR"


def test_people_in_the_shared_folder(home, shared, monkeypatch):
    monkeypatch.setenv("KINESIS_BENCH_SHARED", str(shared))
    found = {check.says.partition("=")[0]: check for check in data.people([])}
    assert {"wang2023", "falisse2019", "opensim", "santuz_raw"} <= set(found)
    assert {check.mark for check in found.values()} == {"ok"}
    assert found["wang2023"].says.endswith(": walk")


def test_reference_policies_are_as_published():
    checks = tuple(policies.references())
    assert {"policy legs", "policy legs-teacher"} <= {check.name for check in checks}
    assert {(check.mark, check.needed) for check in checks} == {("ok", True)}


@pytest.fixture
def changed_policy(monkeypatch, tmp_path):
    """The reference of legs, to be spoilt."""
    folder = shutil.copytree(content_dir("reference_policies") / "legs", tmp_path / "legs")
    monkeypatch.setattr(policies, "reference_policies", lambda: {"legs": folder})
    monkeypatch.setattr("kinesis_bench.policies.load.reference_policies", lambda: {"legs": folder})
    return folder


def test_another_policy_than_the_published_one_is_broken(changed_policy):
    path = changed_policy / "expected.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"policy_sha256": "0" * 64}))
    (check,) = policies.references()
    assert (check.mark, check.needed) == ("broken", True)
    assert check.says.endswith("not 000000000000")


def test_a_cut_policy_is_broken(changed_policy):
    path = changed_policy / "policy.onnx"
    path.write_bytes(path.read_bytes()[:1000])
    (check,) = policies.references()
    assert (check.name, check.mark, check.needed) == ("policy legs", "broken", True)


def test_a_policy_of_another_body_is_broken(changed_policy, monkeypatch):
    monkeypatch.setattr(policies, "PUBLISHED_SHA256", {"legs": "0" * 64})
    (check,) = policies.references()
    assert check.says == "was made for another version of body legs"


def test_no_policy_at_all_is_broken(monkeypatch):
    monkeypatch.setattr(policies, "reference_policies", dict)
    (check,) = policies.references()
    assert (check.mark, check.needed) == ("broken", True)
