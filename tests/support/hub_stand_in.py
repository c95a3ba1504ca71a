"""A stand-in for the Hugging Face hub: the part of its HTTP interface that huggingface_hub 2 calls for us.

Written after huggingface_hub's own code (hf_api.py, _commit_api.py, lfs.py): create a repository, check a
card, ask how files are uploaded, upload large ones by Git LFS, commit by NDJSON, list a revision with hashes,
and resolve a file, large ones by a redirect to another origin. It can lie, as a hostile hub would.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_stand_in"

LARGE = (".h5", ".npz", ".onnx", ".safetensors")

_REPOSITORY = r"(?P<id>[\w.-]+/[\w.-]+)"


@dataclass
class Kept:
    """A repository: its commits by hash, the newest last, each with its files."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: bool = False
    gated: bool = False

    def commit(self, files: dict[str, bytes]) -> str:
        newest = {**next(reversed(self.commits.values()), {}), **files}
        content = [(name, data.hex()) for name, data in sorted(newest.items())]
        sha = hashlib.sha1(json.dumps([len(self.commits), content]).encode()).hexdigest()
        self.commits[sha] = newest
        return sha

    def find(self, revision: str) -> str | None:
        if revision == "main":
            return next(reversed(self.commits), None)
        return next((sha for sha in self.commits if sha.startswith(revision)), None)


@dataclass
class StandIn:
    """What the stand-in holds, was asked, and how it lies.

    Attributes:
        endpoint: for HF_ENDPOINT.
        storage: where large files are, another origin.
        repositories: by ``models/owner/name`` or ``datasets/owner/name``.
        asked: method, path and whether a token came along, in order.
        list_lie: changes the siblings of a listing.
        body_lie: changes the bytes of a file that is resolved.
        length_lie: changes the length that is announced for them.
        answer_lie: if set, the bytes of every answer of the interface.
    """

    endpoint: str = ""
    storage: str = ""
    repositories: dict[str, Kept] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, bool]] = field(default_factory=list)
    list_lie: Callable[[list[dict]], list[dict]] = lambda siblings: siblings
    body_lie: Callable[[str, bytes], bytes] = lambda _, data: data
    length_lie: Callable[[int], int] = lambda length: length
    answer_lie: bytes | None = None

    def hold(self, place: str, files: dict[str, bytes]) -> str:
        """Put files there; returns the commit."""
        return self.repositories.setdefault(place, Kept()).commit(files)


@contextmanager
def hub_stand_in() -> Iterator[StandIn]:
    """Serve on two free ports of this machine until the block ends."""
    held = StandIn()
    handler = type("Handler", (_Handler,), {"held": held})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    held.endpoint, held.storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield held
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    held: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._route(
            (rf"/api/(?P<type>models|datasets)/{_REPOSITORY}(/revision/(?P<revision>[^/]+))?", self._info),
            (rf"/(?P<type>datasets/)?{_REPOSITORY}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", self._resolve),
            (r"/elsewhere/(?P<oid>[0-9a-f]{64})/(?P<name>.+)", self._elsewhere),
        )

    def do_POST(self) -> None:
        self._route(
            (r"/api/repos/create", self._create),
            (r"/api/validate-yaml", self._validate),
            (rf"/api/(?P<type>models|datasets)/{_REPOSITORY}/preupload/(?P<revision>\w+)", self._preupload),
            (rf"/(?P<type>datasets/)?{_REPOSITORY}\.git/info/lfs/objects/batch", self._batch),
            (r"/verify", self._verify),
            (rf"/api/(?P<type>models|datasets)/{_REPOSITORY}/commit/(?P<revision>\w+)", self._commit),
        )

    def do_PUT(self) -> None:
        self._route((r"/upload/(?P<oid>[0-9a-f]{64})", self._upload))

    def _route(self, *routes: tuple[str, Callable[..., None]]) -> None:
        path = unquote(urlsplit(self.path).path)
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.held.asked.append((self.command, path, bool(self._token)))
        if self._token not in ("", TOKEN):
            self._refuse(401, "", "Invalid credentials in Authorization header")
            return
        for pattern, answer in routes:
            match = re.fullmatch(pattern, path)
            if match:
                answer(**match.groupdict())
                return
        self._refuse(404, "", f"no such path {path}")

    def _answer(self, content: Any, code: int = 200) -> None:
        data = self.held.answer_lie if self.held.answer_lie is not None else json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, code: int, error: str, message: str) -> None:
        self.send_response(code)
        if error:
            self.send_header("X-Error-Code", error)
        self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _find(self, type: str | None, id: str, revision: str | None) -> tuple[Kept, str] | None:
        """The repository and the commit, or None after a refusal in the hub's words."""
        kept = self.held.repositories.get(f"{(type or 'models').rstrip('/')}/{id}")
        if kept is None or (kept.private and not self._token):
            code = 404 if self._token else 401  # the hub does not tell strangers what exists
            self._refuse(code, "RepoNotFound", "Repository not found")
            return None
        if kept.gated:
            self._refuse(403, "GatedRepo", f"Access to model {id} is restricted")
            return None
        commit = kept.find(revision or "main")
        if commit is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return kept, commit

    def _info(self, type: str, id: str, revision: str | None) -> None:
        found = self._find(type, id, revision)
        if found is None:
            return
        kept, commit = found
        siblings = []
        for name, data in {".gitattributes": b"*.onnx filter=lfs\n", **kept.commits[commit]}.items():
            sibling: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": git_sha1(data)}
            if name.endswith(LARGE):
                sha256 = hashlib.sha256(data).hexdigest()
                sibling["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 134}
                sibling["blobId"] = "0" * 40
            siblings.append(sibling)
        listing = self.held.list_lie(siblings)
        self._answer({"id": id, "sha": commit, "private": kept.private, "tags": [], "siblings": listing})

    def _resolve(self, type: str | None, id: str, revision: str, name: str) -> None:
        found = self._find(type, id, revision)
        if found is None:
            return
        kept, commit = found
        data = kept.commits[commit].get(name)
        if data is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        if not name.endswith(LARGE):
            self._send(name, data, {"ETag": f'"{git_sha1(data)}"', "X-Repo-Commit": commit})
            return
        oid = hashlib.sha256(data).hexdigest()
        self.held.large[oid] = data
        self.send_response(302)
        self.send_header("Location", f"{self.held.storage}/elsewhere/{oid}/{name}")
        self.send_header("X-Linked-Etag", f'"{oid}"')
        self.send_header("X-Linked-Size", str(len(data)))
        self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _elsewhere(self, oid: str, name: str) -> None:
        self._send(name, self.held.large[oid], {"ETag": f'"{oid}"'})

    def _send(self, name: str, data: bytes, headers: dict[str, str]) -> None:
        data = self.held.body_lie(name, data)
        self.send_response(200)
        for key, value in headers.items():
            self.send_header(key, value)
        length = self.held.length_lie(len(data))
        if length >= 0:
            self.send_header("Content-Length", str(length))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if length >= 0:
            self.wfile.write(data)
        else:
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
        if length > len(data):
            self.close_connection = True

    def _create(self) -> None:
        if not self._token:
            self._refuse(401, "", "Unauthorized")
            return
        asked = json.loads(self._body)
        if asked["organization"] == "others":
            self._refuse(403, "", "You don't have the rights to create a model under this namespace")
            return
        id = f"{asked['organization']}/{asked['name']}"
        prefix = "datasets" if asked.get("type") == "dataset" else "models"
        there = f"{prefix}/{id}" in self.held.repositories
        kept = self.held.repositories.setdefault(f"{prefix}/{id}", Kept())
        if not there:
            kept.private = asked.get("visibility") == "private"
            kept.commit({})
        url = f"{self.held.endpoint}/{'datasets/' if prefix == 'datasets' else ''}{id}"
        self._answer({"url": url, "id": id, "name": id}, 409 if there else 200)

    def _validate(self) -> None:
        asked = json.loads(self._body)
        front = re.match(r"---\n(.*?)\n---\n", asked["content"], re.DOTALL)
        wrong = [] if not front or ":" in front[1] else [{"message": "front matter is no mapping"}]
        self._answer({"errors": wrong, "warnings": []}, 400 if wrong else 200)

    def _preupload(self, type: str, id: str, revision: str) -> None:
        if self._find(type, id, revision):
            files = json.loads(self._body)["files"]
            modes = {file["path"]: "lfs" if file["path"].endswith(LARGE) else "regular" for file in files}
            self._answer(
                {
                    "files": [
                        {"path": name, "uploadMode": mode, "shouldIgnore": False}
                        for name, mode in modes.items()
                    ]
                }
            )

    def _batch(self, type: str | None, id: str) -> None:
        if self._find(type, id, None):
            objects = json.loads(self._body)["objects"]
            for one in objects:
                if one["oid"] not in self.held.large:
                    upload = {"href": f"{self.held.endpoint}/upload/{one['oid']}"}
                    one["actions"] = {"upload": upload, "verify": {"href": f"{self.held.endpoint}/verify"}}
            self._answer({"transfer": "basic", "objects": objects})

    def _upload(self, oid: str) -> None:
        if hashlib.sha256(self._body).hexdigest() != oid:
            self._refuse(400, "", "the content has another hash")
            return
        self.held.large[oid] = self._body
        self._answer({})

    def _verify(self) -> None:
        asked = json.loads(self._body)
        there = len(self.held.large.get(asked["oid"], b"")) == asked["size"]
        self._answer({}, 200 if there else 404)

    def _commit(self, type: str, id: str, revision: str) -> None:
        found = self._find(type, id, revision)
        if found is None:
            return
        header, *lines = map(json.loads, self._body.splitlines())
        assert header["key"] == "header"
        files = {}
        for line in lines:
            value = line["value"]
            files[value["path"]] = (
                base64.b64decode(value["content"]) if line["key"] == "file" else self.held.large[value["oid"]]
            )
        commit = found[0].commit(files)
        self._answer({"commitUrl": f"{self.held.endpoint}/{id}/commit/{commit}", "commitOid": commit})
