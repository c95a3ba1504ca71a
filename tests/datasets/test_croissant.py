"""Every data set's Croissant metadata: up to date, valid, and readable by the format's own library."""

from __future__ import annotations

import csv
import json
import runpy
import shutil
import socket
from pathlib import Path

import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.files import sha256_of_file
from kinesis_bench.motions.store import read_motions
from kinesis_bench.prepare import default_motions

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path for path in (CHECKOUT / "datasets").iterdir() if path.is_dir())
SCRIPT = runpy.run_path(str(CHECKOUT / "docs" / "describe_datasets.py"))
describe, as_text = SCRIPT["describe"], SCRIPT["as_text"]

AT_HAND = {
    "ExperimentalData.mat": "falisse2019",
    "electromyography.sto": "opensim",
    "grf_walk.mot": "opensim",
    "coordinates.sto": "opensim",
}
"""Files that do not ship, by the folder of real recordings that holds them."""


@pytest.fixture
def copied(tmp_path):
    """A copy of a folder that tests may spoil."""
    return shutil.copytree(CHECKOUT / "datasets" / "emg_walk_falisse2019", tmp_path / "data")


@pytest.fixture
def without_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_file_is_what_the_script_writes(folder):
    """If this fails: python docs/describe_datasets.py."""
    assert (folder / "croissant.json").read_text(encoding="utf-8") == as_text(describe(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_mlcroissant_finds_nothing_wrong_and_reads_the_rows(folder, without_network, caplog):
    mlcroissant = pytest.importorskip(
        "mlcroissant", reason="mlcroissant is absent: pip install 'kinesis-bench[dev]'"
    )
    dataset = mlcroissant.Dataset(folder / "croissant.json")
    assert dataset.metadata.ctx.issues.report() == ""
    assert not caplog.records
    tables = {path.stem: path for path in folder.glob("*.csv")}
    assert {records.uuid for records in dataset.metadata.record_sets} == set(tables)
    for records in dataset.metadata.record_sets:
        with tables[records.uuid].open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert [field.name for field in records.fields] == header
        read = list(dataset.records(records.uuid))
        assert len(read) == len(rows)
        for row, seen in zip(rows, read, strict=True):
            for cell, value in zip(row, seen.values(), strict=True):
                if not cell:
                    assert value is None or value != value
                elif isinstance(value, bytes):
                    assert value.decode() == cell
                else:
                    assert value == float(cell)


def test_mlcroissant_refuses_a_file_that_was_changed(copied):
    mlcroissant = pytest.importorskip("mlcroissant")
    table = copied / "within_person.csv"
    table.write_text(table.read_text().replace("0.7377", "0.9377"))
    with pytest.raises(Exception, match="Download") as refused:
        list(mlcroissant.Dataset(copied / "croissant.json").records("within_person"))
    assert "is not identical with the reference" in str(refused.value.__cause__)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_set_that_ships_nothing_says_how_to_get_it(folder):
    made = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    assert made["citeAs"].startswith("@")
    assert all(url.startswith("https://") for url in (*made["license"], made["url"]))
    if not list(folder.glob("*.csv")):
        commands = [recipe["name"] for recipe in made["prov:wasGeneratedBy"]]
        assert any(command.startswith("kinesis-bench ") for command in commands)


def test_hashes_of_files_elsewhere_are_those_of_the_files_that_were_read(shared):
    stated = {
        file["name"]: (file["sha256"], file["contentSize"])
        for folder in FOLDERS
        for file in json.loads((folder / "croissant.json").read_text(encoding="utf-8"))["distribution"]
        if file["contentUrl"].startswith("https://")
    }
    paths = {name: shared / "data" / folder / name for name, folder in AT_HAND.items()}
    real = {name: (sha256_of_file(path), f"{path.stat().st_size} B") for name, path in paths.items()}
    assert stated == real


def test_the_built_in_sets_hash_of_sources_is_the_stated_one():
    motions = read_motions(default_motions(), bodies=())
    text = (CHECKOUT / "datasets" / "normative_gait" / "croissant.json").read_text(encoding="utf-8")
    assert motions.sources_sha256 in text
    assert f"kinesis-bench {motions.version}" in text


def test_a_changed_file_changes_the_description(copied):
    before = describe(copied)
    table = copied / "within_person.csv"
    table.write_text(table.read_text().replace("0.7377", "0.9377"))
    assert before["distribution"][0]["sha256"] != describe(copied)["distribution"][0]["sha256"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda d: (d / "within_person.csv").write_text("muscle,r,n\na,1,2\n"),
            "'n' is not described",
        ),
        (lambda d: (d / "within_person.csv").write_text("muscle\na\n"), "no column matches 'r'"),
        (lambda d: (d / "within_person.csv").write_text("muscle,r\na,1\na,2\n"), "the same muscle"),
        (lambda d: (d / "more.csv").write_text("a\n1\n"), "more.csv is not described"),
        (lambda d: (d / "within_person.csv").unlink(), "is described and is not there"),
        (lambda d: (d / "croissant.toml").unlink(), "has no croissant.toml"),
        (lambda d: _edit(d, "license =", "licence ="), "did you mean 'license'"),
        (lambda d: _edit(d, "dataUseCases", "dataUses"), "did you mean 'dataUseCases'"),
        (lambda d: _edit(d, 'version = "1.0.0"', 'version = ""'), "'version' is missing"),
    ],
)
def test_what_is_not_described_is_refused(copied, spoil, message):
    spoil(copied)
    with pytest.raises(InputError, match=message):
        describe(copied)


def _edit(folder, old, new):
    path = folder / "croissant.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
