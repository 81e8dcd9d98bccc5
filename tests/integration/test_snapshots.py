"""Snapshots of a collection in a real node: taken, listed, restored as the docs say, deleted."""

import importlib.util
import json
import re
import shlex
import uuid
from itertools import pairwise

import orjson
import pytest
from elasticsearch import AuthorizationException, Elasticsearch
from support_index import ROOT
from support_ledger import publish
from typer.testing import CliRunner

from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster, Role, key_file
from pipeline.adapters.elastic.names import Names
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.ledger import open_ledger
from pipeline.cli.root import build
from pipeline.config import IndexSettings
from pipeline.devnode.settings import REPOSITORY
from pipeline.errors import AccessDenied, UsageError
from pipeline.index.document import build_document

pytestmark = [pytest.mark.elasticsearch, pytest.mark.slow, pytest.mark.timeout(300)]

SCRIPT = ROOT / "deploy" / "snapshot_repository.py"
A, B, C = (f"https://herald.example/{name}" for name in "abc")


class Desk:
    """A ledger, a collection with keys of its own, and the administrator of the node."""

    def __init__(self, folder, node, **settings):
        self.folder = folder
        self.settings = IndexSettings(
            **{
                "kind": "elasticsearch",
                "url": node.url,
                "name": f"s{uuid.uuid4().hex[:12]}",
                "keys": folder / "keys",
                "ca_file": node.ca_file,
                "snapshot_repository": REPOSITORY,
                "snapshot_keep": 2,
                **settings,
            }
        )
        admin = (node.user, node.password)
        self.admin = Elasticsearch(node.url, ca_certs=node.ca_file, basic_auth=admin)
        self.names = Names(self.settings.name)
        self.node = node
        self.init(self.settings.snapshot_repository)
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.config = folder / "pipeline.toml"
        self.write_config(self.settings.snapshot_repository)

    def init(self, repository):
        """Set the collection up, as `newsline index init` does."""
        settings = self.settings.model_copy(update={"snapshot_repository": repository})
        setup = Setup(settings, ROOT / "config", (self.node.user, self.node.password))
        setup.run()
        setup.close()

    def write_config(self, repository):
        self.config.write_text(
            f'[index]\nkind = "elasticsearch"\nurl = "{self.settings.url}"\n'
            f'name = "{self.settings.name}"\nkeys = "{self.settings.keys}"\n'
            f'ca_file = "{self.settings.ca_file}"\nsnapshot_repository = "{repository}"\n'
            f"snapshot_keep = {self.settings.snapshot_keep}\n",
            "utf-8",
        )

    def publish(self, *links):
        """Bring articles into ledger and index."""
        for link in links:
            publish(self.ledger, link, text=f"Text of {link}")
        index = ElasticIndex(Cluster(self.settings), at_once=True)
        works = [work for batch in self.ledger.all_indexed() for work in batch]
        index.write([build_document(work) for work in works], [])
        index.close()

    def ask(self, *words):
        """Return exit code and answer of a command."""
        words = [*words, "--data", str(self.folder), "--config", str(self.config), "--json"]
        done = CliRunner().invoke(build(words), words, catch_exceptions=False)
        return done.exit_code, orjson.loads(done.stdout)

    def client(self, role):
        key = key_file(self.settings.keys, role).read_text("ascii").strip()
        ca_file = str(self.settings.ca_file)
        return Elasticsearch(self.settings.url, ca_certs=ca_file, api_key=key)

    def held(self):
        """Names of all snapshots in the repository that are named like this collection's."""
        found = self.admin.snapshot.get(repository=REPOSITORY, snapshot=f"{self.settings.name}-*")
        return {one["snapshot"] for one in found["snapshots"]}

    def close(self):
        self.ledger.close()
        for name in self.held():
            self.admin.snapshot.delete(repository=REPOSITORY, snapshot=name)
        for index in self.admin.indices.get(index=f"{self.settings.name}-*").body:
            self.admin.indices.delete(index=index)
        self.admin.close()


@pytest.fixture
def desk(tmp_path, secure_elasticsearch):
    made = Desk(tmp_path, secure_elasticsearch)
    yield made
    made.close()


def in_the_docs(desk, snapshot):
    """Return (method, path, body) of each request by which docs/elasticsearch.md restores."""
    text = (ROOT / "docs" / "elasticsearch.md").read_text("utf-8")
    block = text.partition("**To restore**")[2].partition("```console\n")[2].partition("```")[0]
    requests = []
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "))
        if words[0] != "curl":
            continue
        given = dict(pairwise(words))
        path = words[-1].partition(":9200")[2]
        path = re.sub(r"news-\d+t\d+z-\w+", snapshot, path).replace("/backups/", f"/{REPOSITORY}/")
        path = path.replace("/news-v1", f"/{desk.settings.name}-v1")
        body = given.get("--json", "").replace("news-v", f"{desk.settings.name}-v")
        requests.append((given["--request"], path, json.loads(body) if body else None))
    return requests


def test_what_was_lost_is_restored_as_the_docs_say_and_the_ledger_repairs_the_rest(desk):
    desk.publish(A, B)
    code, taken = desk.ask("index", "snapshot")
    assert (code, taken["state"], taken["shards_failed"], taken["removed"]) == (0, "SUCCESS", 0, [])
    assert taken["indices"] == [desk.names.events_index(1), desk.names.index(1)]
    assert [one["name"] for one in desk.ask("index", "snapshots")[1]] == [taken["name"]]
    desk.publish(C)

    requests = in_the_docs(desk, taken["name"])
    assert [method for method, _, _ in requests] == ["DELETE", "POST"]
    headers = {"accept": "application/json", "content-type": "application/json"}
    for method, path, body in requests:
        desk.admin.perform_request(method, path, body=body, headers=headers)

    aliases = desk.admin.indices.get_alias(index=desk.names.pattern).body[desk.names.index(1)]
    assert set(aliases["aliases"]) == {desk.names.read, desk.names.write}
    desk.admin.indices.refresh(index=desk.names.read)
    status = desk.ask("index", "status")[1]
    assert (status["documents"], status["missing"]) == (2, 1)
    code, repaired = desk.ask("index", "verify", "--repair")
    assert (code, repaired["repaired"]) == (0, 1)
    desk.admin.indices.refresh(index=desk.names.read)
    assert desk.ask("index", "verify") == (0, {"differences": [], "repaired": 0})


def test_of_ours_the_oldest_go_and_what_others_took_stays(desk):
    desk.publish(A)
    names = [desk.ask("index", "snapshot")[1]["name"] for _ in range(2)]
    by_hand = f"{desk.settings.name}-before-the-upgrade"
    like_ours = f"{desk.settings.name}-20010101t000000z-abcdef"
    for name in (by_hand, like_ours):
        desk.admin.snapshot.create(
            repository=REPOSITORY, snapshot=name, indices=[desk.names.pattern],
            include_global_state=False, wait_for_completion=True,
        )  # fmt: skip
    code, third = desk.ask("index", "snapshot")
    assert (code, third["removed"]) == (0, names[:1])
    assert desk.held() == {names[1], third["name"], by_hand, like_ours}
    assert [one["name"] for one in desk.ask("index", "snapshots")[1]] == [names[1], third["name"]]


def test_failed_shards_are_named_and_nothing_is_deleted_for_such_a_snapshot(desk):
    good = [desk.ask("index", "snapshot")[1]["name"] for _ in range(2)]
    lost = desk.names.index(2)
    desk.admin.indices.create(
        index=lost, wait_for_active_shards=0,
        settings={"index.routing.allocation.require._name": "nobody"},
    )  # fmt: skip
    code, taken = desk.ask("index", "snapshot")
    assert code == 1
    assert taken["state"] == "PARTIAL"  # the others are in it
    assert taken["shards_failed"] == 1
    assert lost in taken["problem"]
    assert desk.held() == {*good, taken["name"]}


def test_a_snapshot_without_an_index_of_articles_failed_and_pushes_no_good_one_out(desk):
    desk.publish(A)
    good = [desk.ask("index", "snapshot")[1]["name"] for _ in range(2)]
    desk.admin.indices.delete(index=desk.names.index(1))
    for _ in range(2):
        code, taken = desk.ask("index", "snapshot")
        assert (code, taken["problem"]) == (1, "no index of articles was there")
        assert taken["removed"] == []
    desk.init(REPOSITORY)
    again = desk.ask("index", "snapshot")[1]
    assert again["removed"] == good[:1]
    assert good[1] in desk.held()


def test_only_the_maintainer_takes_snapshots_and_not_even_it_restores(desk):
    mine = {"repository": REPOSITORY, "snapshot": f"{desk.settings.name}-try"}
    place = {"type": "fs", "settings": {"location": "elsewhere"}}
    for role in (Role.WRITER, Role.READER):
        with desk.client(role) as client:
            for refused in (client.snapshot.create, client.snapshot.get, client.snapshot.delete):
                with pytest.raises(AuthorizationException):
                    refused(**mine)
    with desk.client(Role.MAINTAINER) as client:
        client.snapshot.create(**mine, indices=[desk.names.pattern], wait_for_completion=True)
        assert len(client.snapshot.get(**mine)["snapshots"]) == 1
        for refused, given in (
            (client.snapshot.restore, mine),
            (client.snapshot.create_repository, {"name": "another", "repository": place}),
            (client.snapshot.delete_repository, {"name": REPOSITORY}),
            (client.snapshot.get_repository, {}),
            (client.snapshot.cleanup_repository, {"name": REPOSITORY}),
        ):
            with pytest.raises(AuthorizationException):
                refused(**given)
        client.snapshot.delete(**mine)


def test_without_a_repository_in_the_settings_the_maintainers_key_takes_none(
    tmp_path, secure_elasticsearch
):
    desk = Desk(tmp_path, secure_elasticsearch, snapshot_repository="")
    try:
        with pytest.raises(UsageError, match="names no repository"):
            desk.ask("index", "snapshot")
        desk.write_config(REPOSITORY)  # named later, the keys are as they were
        with pytest.raises(AccessDenied, match="take a snapshot"):
            desk.ask("index", "snapshot")
        keys = {role: key_file(desk.settings.keys, role).read_bytes() for role in Role}
        desk.init(REPOSITORY)
        renewed = {
            role for role in Role if key_file(desk.settings.keys, role).read_bytes() != keys[role]
        }
        assert renewed == {Role.MAINTAINER}
        assert desk.ask("index", "snapshot")[0] == 0
    finally:
        desk.close()


def test_the_stacks_set_up_registers_a_repository_again_and_again(desk, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("registers", SCRIPT)
    registers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(registers)
    (tmp_path / "elastic_password").write_text(f"{desk.node.password}\n", "ascii")
    monkeypatch.setattr(registers, "SECRETS", tmp_path)
    monkeypatch.setenv("NEWSLINE_INDEX__URL", desk.settings.url)
    monkeypatch.setenv("NEWSLINE_INDEX__CA_FILE", str(desk.settings.ca_file))
    monkeypatch.setenv("NEWSLINE_INDEX__SNAPSHOT_REPOSITORY", "stack")
    registers.main()
    taken = desk.ask("index", "snapshot")[1]["name"]
    registers.main()
    monkeypatch.delenv("NEWSLINE_INDEX__SNAPSHOT_REPOSITORY")
    try:
        held = desk.admin.snapshot.get(repository="stack", snapshot=taken)["snapshots"]
        assert [one["state"] for one in held] == ["SUCCESS"]
    finally:
        desk.admin.snapshot.delete(repository="stack", snapshot=taken)
        desk.admin.snapshot.delete_repository(name="stack")


def test_a_repository_that_is_not_there_is_said_to_be(desk):
    desk.write_config("nowhere")
    for command in ("snapshot", "snapshots"):
        with pytest.raises(UsageError, match=r"\[nowhere\] missing"):
            desk.ask("index", command)
