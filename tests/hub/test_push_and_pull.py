"""Folders go to a stand-in of the hub and come back; what a hostile one offers does not arrive."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hub_stand_in import TOKEN
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli.main import main
from kinesis_bench.evaluation.result import read_result
from kinesis_bench.files import content_dir
from kinesis_bench.motions.motion_set import ClipIk
from kinesis_bench.motions.store import read_motions, write_motions

POLICY = {"policy.toml": b'policy = "policy.onnx"\n', "policy.onnx": b"a network", "README.md": b"# Mine\n"}
AT = "models/me/walker"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def motions() -> dict:
    body = load_body("legs")
    made = synthetic_motions(body, clips=3)
    ik = made.ik["legs"]
    solved = {
        key: ClipIk(ik.qpos[made.span(i)], ik.qvel[made.span(i)], ik.residual[made.span(i)])
        for i, key in enumerate(made.keys)
    }
    return {
        "clips": [made.clip(i) for i in range(len(made))],
        "id": "synthetic",
        "ik": {"legs": solved},
        "model_sha256": {"legs": body.sha256},
    }


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(content_dir("reference_policies") / "legs", tmp_path / "mine"))


def test_a_policy_comes_back_as_it_went_and_scores(hub, policy, motions, tmp_path, capsys):
    (policy / "checkpoint.pt").write_bytes(b"a pickle")
    (policy / "train.py").write_text("raise SystemExit")
    main(["push", str(policy), "me/walker"])
    said = capsys.readouterr().out
    assert "not sent: checkpoint.pt\nnot sent: train.py\n" in said
    commit = said.split("pull me/walker@")[1].strip()

    main(["pull", f"me/walker@{commit}", "--out", str(tmp_path / "theirs")])
    said = capsys.readouterr().out
    assert "refused" not in said
    got, sent = contents(tmp_path / "theirs"), contents(policy)
    record = json.loads(got.pop("pulled.json"))
    assert got == {name: data for name, data in sent.items() if name not in ("checkpoint.pt", "train.py")}
    assert record["revision"].startswith(commit)
    assert len(record["revision"]) == 40
    assert {name: one["sha256"] for name, one in record["files"].items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in got.items()
    }
    assert oct((tmp_path / "theirs").stat().st_mode & 0o777) == oct(0o777 & ~_umask())
    elsewhere = [token for method, path, token in hub.asked if path.startswith("/elsewhere/")]
    assert elsewhere == [False, False], "the token must not leave the hub"

    write_motions(tmp_path / "m.h5", **motions)
    score = ["--motions", str(tmp_path / "m.h5"), "--split", "all", "--out", str(tmp_path / "scored")]
    main(["score", "--policy", str(tmp_path / "theirs"), *score])
    assert (
        read_result(tmp_path / "scored" / "result.json").policy.sha256
        == record["files"]["policy.onnx"]["sha256"]
    )


def test_what_is_pushed_again_is_a_new_commit_and_the_old_one_can_be_had(hub, policy, tmp_path):
    main(["push", str(policy), "me/walker"])
    old = list(hub.repositories[AT].commits)[-1]
    (policy / "README.md").write_text("# Better\n")
    main(["push", str(policy), "me/walker"])
    for revision, card in (("", b"# Better\n"), (f"@{old}", None)):
        out = tmp_path / f"got{len(revision)}"
        main(["pull", f"me/walker{revision}", "--out", str(out)])
        shipped = (content_dir("reference_policies") / "legs" / "README.md").read_bytes()
        assert (out / "README.md").read_bytes() == (card or shipped)


def test_the_program_finds_endpoint_and_token_in_the_environment(hub, policy, tmp_path):
    environment = os.environ | {
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
    }
    for arguments in (["push", "mine", "me/walker", "--private"], ["pull", "me/walker"]):
        command = [sys.executable, "-m", "kinesis_bench", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert hub.repositories[AT].private
    assert f"me/walker at {hub.repositories[AT].find('main')[:12]}: policy, 3.2 MB in 8 files" in done.stdout
    assert "to use it: kinesis-bench score --policy ./walker" in done.stdout
    assert contents(policy).items() <= contents(tmp_path / "walker").items()


def test_motions_come_back_with_a_card(hub, motions, tmp_path, capsys):
    written = write_motions(tmp_path / "mine.h5", **motions, recipe={"sources": ["built-in"]})
    main(["push", str(tmp_path / "mine.h5"), "me/gait"])
    main(["pull", "me/gait", "--out", str(tmp_path / "got")])
    said = capsys.readouterr().out
    assert "data, " in said
    assert f"to use it: kinesis-bench score --motions {tmp_path / 'got' / 'mine.h5'}\n" in said
    assert read_motions(tmp_path / "got" / "mine.h5").content_sha256 == written.content_sha256
    card = (tmp_path / "got" / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["pretty_name"] == "synthetic"
    assert written.content_sha256 in card
    assert list(hub.repositories) == ["datasets/me/gait"]


def test_a_policy_without_a_card_gets_one(hub, policy, tmp_path):
    (policy / "README.md").unlink()
    main(["push", str(policy), "me/walker"])
    assert not (policy / "README.md").exists()
    card = next(reversed(hub.repositories[AT].commits.values()))["README.md"].decode()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front == {
        "library_name": "kinesis-bench",
        "pipeline_tag": "reinforcement-learning",
        "tags": ["kinesis-bench", "musculoskeletal", "locomotion"],
    }
    assert "| body | legs |\n" in card
    assert "kinesis-bench pull me/walker\n" in card


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (
            {"sources": ["joint angles", "amass"]},
            "was made of AMASS, whose licence does not let anyone pass it on",
        ),
        ({"sources": []}, "does not say what the motions were made of"),
        ({}, "does not say what the motions were made of"),
    ],
)
def test_motions_that_may_not_be_passed_on_stay_here(hub, motions, tmp_path, refused, recipe, said):
    (tmp_path / "set").mkdir()
    write_motions(tmp_path / "set" / "fine.h5", **motions, recipe={"sources": ["built-in"]})
    write_motions(tmp_path / "set" / "kit.h5", **motions, recipe=recipe)
    assert f"kit.h5: recipe: {said}; " in refused("push", tmp_path / "set", "me/gait")
    assert hub.asked == []


def test_what_cannot_be_pushed(hub, policy, tmp_path, refused):
    assert "no such file or folder" in refused("push", tmp_path / "absent", "me/walker")
    assert "holds no motion file (.h5) and no policy" in refused("push", tmp_path, "me/walker")
    assert "put it into a folder" in refused("push", policy / "policy.onnx", "me/walker")
    assert "names a revision" in refused("push", policy, "me/walker@main")
    for wrong in ("walker", "me/walker/3", "../walker", "me/-", "https://hub/me/walker"):
        assert f"repository {wrong!r}" in refused("push", policy, wrong)
    (policy / "policy.toml").write_text('policy = "train.py:Mine"\n')
    assert "names Python" in refused("push", policy, "me/walker")
    assert hub.asked == []
    (policy / "policy.toml").write_text('policy = "policy.onnx"\n')
    (policy / "README.md").write_text("---\nnonsense\n---\n")
    assert "front matter is no mapping" in refused("push", policy, "me/walker")
    assert next(reversed(hub.repositories[AT].commits.values())) == {}


def test_what_a_hub_refuses_is_one_line(hub, policy, tmp_path, refused, monkeypatch):
    hub.hold(AT, POLICY)
    pull = ("pull", "--out", tmp_path / "got")
    assert "has no revision 'v9'" in refused(*pull, "me/walker@v9")
    assert "no such repository, or it is private" in refused(*pull, "me/other")
    assert "is not yours to change or read (403: You don't have the rights" in refused(
        "push", policy, "others/walker"
    )
    hub.repositories[AT].gated = True
    assert "is gated" in refused(*pull, "me/walker")
    hub.repositories[AT].gated = False
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "does not accept who is asking (401: Invalid credentials" in refused(*pull, "me/walker")
    monkeypatch.delenv("HF_TOKEN")
    hub.repositories[AT].private = True
    assert "private; check the name; log in with `hf auth login`, or set HF_TOKEN" in refused(
        *pull, "me/walker"
    )
    assert "nobody is logged in" in refused("push", policy, "me/walker")
    for lie in (b"", b"<html>", b"[]", b"{}", b'{"id": 1, "siblings": [{}]}', b'{"id": "a", "sha": 3}'):
        hub.answer_lie = lie
        hub.repositories[AT].private = False
        assert "cannot be understood" in refused(*pull, "me/walker")


def test_no_way_to_the_hub_is_one_line(hub, policy, tmp_path, refused, monkeypatch):
    from huggingface_hub import constants

    with monkeypatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        assert "HF_HUB_OFFLINE is set; unset it" in refused("pull", "me/walker", "--out", tmp_path / "got")
    for endpoint in ("http://127.0.0.1:9", "nonsense", "http://[", "ftp://127.0.0.1"):
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        assert "HF_ENDPOINT" in refused("pull", "me/walker", "--out", tmp_path / "got")
        assert "HF_ENDPOINT" in refused("push", policy, "me/walker")


@pytest.mark.parametrize("error", [ConnectionError, TimeoutError])
def test_a_broken_upload_by_xet_is_one_line(error, hub, policy, refused, monkeypatch):
    from huggingface_hub import HfApi

    def broken(*_, **__):
        raise error("Network error: 404, domain: http://127.0.0.1")

    monkeypatch.setattr(HfApi, "create_commit", broken)
    assert "cannot be reached (Network error: 404" in refused("push", policy, "me/walker")


def test_a_policy_is_used_by_a_path_even_where_one_that_ships_has_its_name(
    hub, tmp_path, capsys, monkeypatch
):
    hub.hold("models/me/legs", POLICY)
    monkeypatch.chdir(tmp_path)
    main(["pull", "me/legs"])
    assert "kinesis-bench score --policy ./legs\n" in capsys.readouterr().out


def test_without_huggingface_hub_the_extra_is_named(tmp_path, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    line = "huggingface_hub: is not installed; pip install 'kinesis-bench[hub]'"
    assert line in refused("pull", "me/walker", "--out", tmp_path / "got")
    assert line in refused("push", tmp_path, "me/walker")


def test_code_and_pickles_are_named_and_not_fetched(hub, tmp_path, capsys):
    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'boom'}",)

    code = {
        "train.py": b"boom",
        "model.pkl": pickle.dumps(Bomb()),
        "model.pt": b"",
        "model.bin": b"",
        "a.sh": b"",
    }
    hub.hold(AT, POLICY | code | {"pulled.json": b"{}", "policy.onnx.py": b"boom"})
    main(["pull", "me/walker", "--out", str(tmp_path / "got")])
    said = capsys.readouterr().out
    assert all(f"refused, not a type that is fetched: {name}\n" in said for name in code)
    assert contents(tmp_path / "got").keys() == {*POLICY, "pulled.json"}
    record = json.loads((tmp_path / "got" / "pulled.json").read_text())
    assert {*code, "pulled.json", "policy.onnx.py"} == set(record["left_out"])
    assert not (tmp_path / "boom").exists()
    assert not [path for _, path, _ in hub.asked if path.endswith(tuple(code))]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "/tmp/evil.json",
        "a/../../evil.json",
        "..\\evil.json",
        "C:evil.json",
        "\x1b]0;evil\x07.json",
    ],
)
def test_names_that_lead_out_of_the_folder(hub, tmp_path, refused, name):
    hub.hold(AT, POLICY | {name: b"{}"})
    line = refused("pull", "me/walker", "--out", tmp_path / "got")
    assert "holds names that lead out of a folder" in line
    assert ascii(name) in line
    assert not [path for _, path, _ in hub.asked if "resolve" in path]


def test_what_is_too_large_is_not_fetched(hub, tmp_path, refused):
    hub.hold(AT, POLICY | {"big.csv": b"0" * 200_000})
    line = refused("pull", "me/walker", "--limit-mb", 0.1, "--out", tmp_path / "got")
    assert "holds 200.0 kB in 4 files, more than 0.1 MB; allow more with --limit-mb" in line
    hub.list_lie = lambda siblings: [one | {"size": 10**15} for one in siblings]
    assert "holds 3.0 PB in 4 files, more than 2000 MB" in refused(
        "pull", "me/walker", "--out", tmp_path / "got"
    )
    hub.list_lie = lambda siblings: [one | {"size": -1} for one in siblings]
    assert "cannot be understood" in refused("pull", "me/walker", "--out", tmp_path / "got")
    hub.list_lie = lambda siblings: siblings[:1]
    assert "holds nothing of a type that is fetched" in refused(
        "pull", "me/walker", "--out", tmp_path / "got"
    )
    hub.list_lie = lambda siblings: [siblings[-1]]
    assert "holds no policy (policy.toml or .onnx)" in refused("pull", "me/walker", "--out", tmp_path / "got")
    hub.list_lie = lambda siblings: [siblings[0] | {"rfilename": f"{i}.onnx"} for i in range(1001)]
    assert "holds 1001 files" in refused("pull", "me/walker", "--out", tmp_path / "got")
    assert "--limit-mb: is nan" in refused("pull", "me/walker", "--limit-mb", "nan")
    assert not [path for _, path, _ in hub.asked if "resolve" in path]


@pytest.mark.parametrize("lied", ["policy.onnx", "README.md"])
@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("other bytes", "has hash"),
        ("fewer", "is announced with"),
        ("announced too long", "is announced with '99999999999999' bytes"),
        ("endless", "came with more bytes than"),
        ("broken off", "came with 3 bytes instead of"),
    ],
)
def test_files_that_are_not_what_was_listed_are_not_kept(hub, tmp_path, refused, lied, lie, said):
    hub.hold(AT, POLICY)

    def body(name: str, data: bytes) -> bytes:
        if name != lied:
            return data
        match lie:
            case "other bytes":
                return b"x" * len(data)
            case "fewer" | "broken off":
                return data[:3]
            case "endless":
                return data * 1000
        return data

    hub.body_lie = body
    if lie in ("endless", "broken off"):
        hub.length_lie = lambda length: -1  # not announced
    elif lie == "announced too long":
        hub.length_lie = lambda length: 99999999999999
    line = refused("pull", "me/walker", "--out", tmp_path / "got")
    assert said in line
    assert "nothing was kept" in line


def test_a_line_that_breaks_is_one_line(hub, tmp_path, refused):
    hub.hold(AT, POLICY)
    hub.body_lie = lambda name, data: data[:-1] if name == "policy.onnx" else data
    hub.length_lie = lambda length: length + 1 if length == len(b"a networ") else length
    assert "cannot be reached" in refused("pull", "me/walker", "--out", tmp_path / "got")


def test_a_listing_without_hashes_is_no_listing(hub, tmp_path, refused):
    hub.hold(AT, POLICY)
    for lie in (
        {"blobId": None},
        {"blobId": "abc"},
        {"lfs": {"size": 3, "sha256": "../x", "pointerSize": 1}},
    ):
        hub.list_lie = lambda siblings, lie=lie: [one | lie for one in siblings]
        assert "cannot be understood" in refused("pull", "me/walker", "--out", tmp_path / "got")


def test_a_folder_that_is_there_is_not_touched(hub, tmp_path, refused):
    hub.hold(AT, POLICY)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for out in (tmp_path / "mine", tmp_path / "mine" / "notes.txt"):
        assert "is there already" in refused("pull", "me/walker", "--out", out)
    assert hub.asked == []
    (tmp_path / "empty").mkdir()
    main(["pull", "me/walker", "--out", str(tmp_path / "empty")])
    assert "policy.onnx" in contents(tmp_path / "empty")
    assert "cannot be written" in refused(
        "pull", "me/walker", "--out", tmp_path / "mine" / "notes.txt" / "in"
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
