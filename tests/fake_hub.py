"""As much of the Hugging Face hub as huggingface_hub's own client asks for when it pushes and fetches, on loopback.

Written from the client's requests. What it refuses it refuses as the hub does: no or an unknown token, a repository
that is private, gated or not there, a revision that is not there, a card whose description is too long.
"""

import base64
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of_the_tests"
TEXT_LIMIT = 10 * 2**20  # larger files, and binary ones, must not go into git
REPOSITORY = re.compile(r"/api/(model|dataset|space)s/([^/]+/[^/]+)/(\w+)(?:/(.+))?")
RESOLVE = re.compile(r"/(?:(dataset)s/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


class Repository:
    """Commits in order, each (id, {path: bytes}); `revisions` finds them by id, tag or branch."""

    def __init__(self) -> None:
        self.variables, self.guard, self.commits, self.revisions = {}, None, [], {}
        self.commit({})

    def commit(self, files: dict[str, bytes]) -> str:
        oid = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits.append(oid)
        self.revisions[oid] = self.revisions["main"] = (oid, files)
        return oid

    @property
    def files(self) -> dict[str, bytes]:
        return self.revisions["main"][1]


class FakeHub(ThreadingHTTPServer):
    """`repositories` by (kind, OWNER/NAME); `stored`: what came by the storage for large files; `asked`: requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.stored: dict[str, bytes] = {}
        self.asked: list[str] = []
        Thread(target=self.serve_forever, daemon=True).start()

    def add_model(self, name: str, files: dict[str, bytes], tag: str | None = None) -> str:
        repository = self.repositories["model", name] = Repository()
        oid = repository.commit(files)
        if tag:
            repository.revisions[tag] = repository.revisions[oid]
        return oid


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *_) -> None:
        pass

    def answer(self, status: int, body=b"", **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refuse(self, status: int, code: str, message: str) -> None:
        self.answer(status, {"error": message}, X_Error_Code=code, X_Error_Message=message)

    def handle_request(self) -> None:
        self.path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{self.command} {self.path}")
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shown = self.headers.get("Authorization")
        self.known = shown == f"Bearer {TOKEN}"
        if not self.known and (shown or self.command in ("POST", "DELETE")):  # PUT goes to the storage, signed
            self.refuse(401, "", "Invalid credentials in Authorization header")
        elif self.path == "/api/repos/create":
            self.create()
        elif self.path == "/api/validate-yaml":
            long = re.search(r"short_description: .{61}", json.loads(self.body)["content"])
            errors = [{"message": '"short_description" length must be less than or equal to 60'}] if long else []
            self.answer(400 if long else 200, {"errors": errors, "warnings": []})
        elif self.path.startswith("/lfs/"):
            self.server.stored[self.path.removeprefix("/lfs/")] = self.body
            self.answer(200)
        elif self.path.endswith(".git/info/lfs/objects/batch"):
            self.plan_storage()
        elif found := RESOLVE.fullmatch(self.path):
            kind, name, revision, path = found.groups()
            self.with_revision(kind or "model", name, revision, lambda oid, files: self.send_file(oid, files, path))
        elif found := REPOSITORY.fullmatch(self.path):
            kind, name, verb, rest = found.groups()
            if (kind, name) not in self.server.repositories:
                self.refuse(404, "RepoNotFound", "Repository not found")
            else:
                getattr(self, f"do_{verb}")(kind, name, self.server.repositories[kind, name], rest)
        else:
            self.refuse(404, "", f"The fake hub does not know {self.path}")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_request

    def with_revision(self, kind: str, name: str, revision: str, act) -> None:
        repository = self.server.repositories.get((kind, name))
        if repository is None or (repository.guard == "private" and not self.known):
            self.refuse(404 if self.known else 401, "RepoNotFound", "Repository not found")
        elif repository.guard == "gated":
            self.refuse(403, "GatedRepo", f"Access to model {name} is restricted")
        elif revision not in repository.revisions:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            act(*repository.revisions[revision])

    def create(self) -> None:
        wanted = json.loads(self.body)
        key = (wanted.get("type") or "model", f"{wanted['organization']}/{wanted['name']}")
        status = 409 if key in self.server.repositories else 200
        self.server.repositories.setdefault(key, Repository())
        url = f"{self.server.address}/{'' if key[0] == 'model' else f'{key[0]}s/'}{key[1]}"
        self.answer(status, {"url": url, "error": "You already created this repo"})

    def plan_storage(self) -> None:
        objects = json.loads(self.body)["objects"]
        for item in objects:
            if item["oid"] not in self.server.stored:
                item["actions"] = {"upload": {"href": f"{self.server.address}/lfs/{item['oid']}"}}
        self.answer(200, {"objects": objects, "transfer": "basic"})

    def send_file(self, oid: str, files: dict[str, bytes], path: str) -> None:
        if path not in files:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        etag = hashlib.sha1(files[path]).hexdigest()
        self.answer(200, files[path], X_Repo_Commit=oid, ETag=f'"{etag}"')

    def do_revision(self, kind: str, name: str, repository: Repository, revision: str) -> None:
        self.with_revision(kind, name, revision, lambda oid, _: self.answer(200, {"id": name, "sha": oid}))

    def do_tree(self, kind: str, name: str, repository: Repository, revision: str) -> None:
        def listing(_, files: dict[str, bytes]) -> None:
            rows = [{"type": "file", "path": p, "size": len(d), "oid": git_id(d)} for p, d in files.items()]
            self.answer(200, rows)

        self.with_revision(kind, name, revision, listing)

    def do_preupload(self, kind: str, name: str, repository: Repository, revision: str) -> None:
        rows = []
        for file in json.loads(self.body)["files"]:
            large = file["size"] > TEXT_LIMIT or b"\0" in base64.b64decode(file["sample"])
            old = repository.files.get(file["path"])
            oid = None if old is None else hashlib.sha256(old).hexdigest() if large else git_id(old)
            mode = "lfs" if large else "regular"
            rows.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self.answer(200, {"files": rows})

    def do_commit(self, kind: str, name: str, repository: Repository, revision: str) -> None:
        files = dict(repository.files)
        for line in self.body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.server.stored[value["oid"]]
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        self.answer(200, {"commitOid": repository.commit(files), "commitUrl": f"{self.server.address}/{name}"})

    def do_variables(self, kind: str, name: str, repository: Repository, _) -> None:
        if self.command == "POST":
            wanted = json.loads(self.body)
            repository.variables[wanted["key"]] = wanted["value"]
        elif self.command == "DELETE":
            del repository.variables[json.loads(self.body)["key"]]
        self.answer(200, {key: {"key": key, "value": value} for key, value in repository.variables.items()})


def git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
