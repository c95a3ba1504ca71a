"""Write `croissant.json` of every data set (Croissant 1.1): what machines read beside the card.

    python docs/describe_datasets.py            # write what is out of date
    python docs/describe_datasets.py --check    # write nothing; exit code 1 if something is out of date

What only people know stands in the folder's `croissant.toml`; hashes, sizes, columns and their types are
taken from the files beside it. A file or column that is not described is refused, and so is a description of
nothing.
The format: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.files import sha256_of_file, write_text

DATASETS = Path(__file__).resolve().parent.parent / "datasets"
PEOPLES, MACHINES = "croissant.toml", "croissant.json"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The specification's own context, with W3C's provenance vocabulary."""

CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]

FORMATS = {".csv": "text/csv", ".toml": "application/toml"}

REQUIRED = (
    *("name", "description", "version", "published", "license", "url"),
    *("creators", "keywords", "cite_as"),
)
OPTIONAL = ("from", "recipes", "elsewhere", "files", "responsible")
"""Keys of `croissant.toml`: what every data set states, and what some have."""

RESPONSIBLE = (
    *("dataCollection", "dataCollectionRawData", "dataCollectionMissingData", "dataPreprocessingProtocol"),
    *("dataUseCases", "dataLimitations", "dataBiases", "personalSensitiveInformation"),
)
"""Properties of the responsible-AI vocabulary that are used: https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html"""


def describe(folder: Path) -> dict[str, Any]:
    """The Croissant metadata of a data set's folder, as JSON.

    Raises:
        InputError: `croissant.toml` is missing, lacks something or describes what is not there.
    """
    where = folder / PEOPLES
    if not where.is_file():
        raise InputError(folder, f"has no {PEOPLES}", "write one after those of the other data sets")
    said = tomllib.loads(where.read_text(encoding="utf-8"))
    _expect_keys(str(where), said, REQUIRED, OPTIONAL)
    _expect_keys(f"{where}: responsible", said.get("responsible", {}), (), RESPONSIBLE)
    described = said.get("files", {})
    for name in sorted({path.name for path in data_files(folder)} ^ set(described)):
        problem = "is not described" if name not in described else "is described and is not there"
        raise InputError(f"{where}: files", f"{name} {problem}", f'mend [files."{name}"]')
    made = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "@id": folder.name,
        "name": said["name"],
        "description": _one_line(said["description"]),
        "conformsTo": CONFORMS_TO,
        "version": said["version"],
        "datePublished": said["published"],
        "license": said["license"],
        "url": said["url"],
        "creator": [{"@type": "sc:Person", "name": name} for name in said["creators"]],
        "publisher": {"@type": "sc:Organization", "name": "The kinesis-bench developers"},
        "keywords": said["keywords"],
        "inLanguage": "en",
        "citeAs": said["cite_as"].strip(),
    }
    if "from" in said:
        made["prov:wasDerivedFrom"] = said["from"]
    if "recipes" in said:
        made["prov:wasGeneratedBy"] = [_recipe(f"{where}: recipes", recipe) for recipe in said["recipes"]]
    made |= {f"rai:{key}": _text(value) for key, value in said.get("responsible", {}).items()}
    made["distribution"] = [_file(folder / name, described[name]) for name in sorted(described)]
    made["distribution"] += [_elsewhere(f"{where}: elsewhere", file) for file in said.get("elsewhere", ())]
    made["recordSet"] = [
        _records(folder / name, described[name], f"{where}: files.{name}")
        for name in sorted(described)
        if name.endswith(".csv")
    ]
    return made


def data_files(folder: Path) -> list[Path]:
    """The files of a data set: all but its card and its descriptions."""
    return sorted(path for path in folder.iterdir() if path.name not in (PEOPLES, MACHINES, "README.md"))


def as_text(made: dict[str, Any]) -> str:
    """The text of a `croissant.json`."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _file(path: Path, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "name": path.name,
        "description": _one_line(said["description"]),
        "contentUrl": path.name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": FORMATS[path.suffix],
        "sha256": sha256_of_file(path),
    }


def _elsewhere(where: str, said: dict[str, Any]) -> dict[str, Any]:
    """A file that does not ship with us but whose content is known."""
    _expect_keys(where, said, ("name", "url", "format", "bytes", "sha256", "description"), ())
    return {
        "@type": "cr:FileObject",
        "@id": said["name"],
        "name": said["name"],
        "description": _one_line(said["description"]),
        "contentUrl": said["url"],
        "contentSize": f"{said['bytes']} B",
        "encodingFormat": said["format"],
        "sha256": said["sha256"],
    }


def _recipe(where: str, said: dict[str, Any]) -> dict[str, Any]:
    """A command that makes or reads the data, and from what."""
    _expect_keys(where, said, ("command", "description"), ("uses",))
    made = {"@type": "prov:Activity", "name": said["command"], "description": _one_line(said["description"])}
    return made | ({"prov:used": said["uses"]} if "uses" in said else {})


def _records(path: Path, said: dict[str, Any], where: str) -> dict[str, Any]:
    """The rows of a CSV file: a field a column, described by the first pattern that its name matches."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    patterns, used, fields = said["columns"], set(), []
    for place, column in enumerate(header):
        matches = ((pattern, re.fullmatch(pattern, column)) for pattern in patterns)
        pattern, match = next(((p, m) for p, m in matches if m), ("", None))
        if match is None:
            raise InputError(where, f"column {column!r} is not described", "add it to its columns")
        used.add(pattern)
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"{path.stem}/{_identifier(column)}",
                "name": column,
                "description": match.expand(patterns[pattern]),
                "dataType": _data_type([row[place] for row in rows]),
                "source": {"fileObject": {"@id": path.name}, "extract": {"column": column}},
            }
        )
    if unused := set(patterns) - used:
        raise InputError(where, f"no column matches {min(unused)!r}", "correct or remove it")
    made = {
        "@type": "cr:RecordSet",
        "@id": path.stem,
        "name": path.stem,
        "description": _one_line(said["description"]),
    }
    if keys := said.get("key"):
        made["key"] = [{"@id": f"{path.stem}/{_identifier(column)}"} for column in keys]
        places = [header.index(column) for column in keys]
        if len({tuple(row[place] for place in places) for row in rows}) < len(rows):
            raise InputError(where, f"several rows have the same {', '.join(keys)}", "name another key")
    return made | {"field": fields}


def _identifier(column: str) -> str:
    return re.sub(r"\W+", "_", column).strip("_")


def _data_type(values: Sequence[str]) -> str:
    """The narrowest type that all values have which are there."""
    casts: tuple[tuple[str, Callable[[str], Any]], ...] = (("sc:Integer", int), ("sc:Float", float))
    for name, cast in casts:
        try:
            for value in values:
                if value:
                    cast(value)
        except ValueError:
            continue
        return name
    return "sc:Text"


def _expect_keys(where: str, said: dict[str, Any], required: Sequence[str], optional: Sequence[str]) -> None:
    for key in said:
        if key not in (*required, *optional):
            raise unknown_name(f"{where}: key", key, (*required, *optional))
    for key in required:
        if not said.get(key):
            raise InputError(where, f"{key!r} is missing", "add it")


def _text(value: str | list[str]) -> str | list[str]:
    return _one_line(value) if isinstance(value, str) else [_one_line(item) for item in value]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = 0
    for folder in sorted(path for path in DATASETS.iterdir() if path.is_dir()):
        text, path = as_text(describe(folder)), folder / MACHINES
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale += 1
            print(f"{path}: {'is out of date' if check else 'written'}")
            if not check:
                write_text(path, text)
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
