"""docker-compose.yml, Dockerfile and deploy/ keep to what docs/deployment.md says of them."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
import typer

from pipeline.cli import root
from pipeline.config import load
from pipeline.devnode.artifacts import SERVER

#: PyYAML comes with Airflow; `make test-fast` does without both.
pytestmark = pytest.mark.airflow

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
#: Variables of the command line; the others are settings of pipeline.toml.
OF_THE_COMMAND = {"NEWSLINE_CONFIG", "NEWSLINE_CONFIG_DIR", "NEWSLINE_DATA", "NEWSLINE_FEEDS"}


@pytest.fixture(scope="module")
def read_yaml():
    import yaml  # noqa: PLC0415 - comes with Airflow, as the two below

    return lambda path: yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def stack(read_yaml):
    return read_yaml(ROOT / "docker-compose.yml")


@pytest.fixture(scope="module")
def services(stack):
    return stack["services"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A checkout in which deploy/make-secrets was run."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "deploy").mkdir()
    shutil.copy2(DEPLOY / "make-secrets", folder / "deploy")
    subprocess.run([folder / "deploy" / "make-secrets"], check=True, capture_output=True)
    return folder


def once(service):
    """Whether a service ends when its work is done."""
    return service["restart"] != "unless-stopped"


def mounts(service):
    """Source → target of every volume and bind mount."""
    return dict(entry.split(":")[:2] for entry in service.get("volumes", []))


def networks(service):
    return set(service.get("networks", []))


# --- what every service keeps to ------------------------------------------------------------------


def test_every_service_is_an_ordinary_user_without_capabilities_on_a_read_only_system(services):
    for name, service in services.items():
        assert service["user"].startswith("${NEWSLINE_UID:?"), name
        assert service["user"].endswith("}:0"), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_every_service_has_limits(services):
    for name, service in services.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert 0 < service["pids_limit"] <= 2048, name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        sizes = [entry for entry in service["tmpfs"] if "size=" not in entry]
        assert not sizes, f"{name}: memory without a bound"


def test_what_lasts_has_a_health_check_and_what_ends_has_none(services):
    for name, service in services.items():
        assert once(service) != ("healthcheck" in service), name


def test_whoever_is_waited_for_is_waited_for_in_the_way_that_suits_it(services):
    wanted = {True: "service_completed_successfully", False: "service_healthy"}
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == wanted[once(services[other])], f"{name} on {other}"


def test_ports_are_open_to_this_machine_only(services):
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_images_are_pinned_and_elasticsearch_is_the_version_that_is_tested(services):
    images = {name: service["image"] for name, service in services.items()}
    foreign = {n: image for n, image in images.items() if not image.startswith("newsline:")}
    for name, image in foreign.items():
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", image), name
    assert foreign["elasticsearch"].endswith(f":{SERVER.version}")
    assert foreign["kibana"].endswith(f":{SERVER.version}")


# --- secrets --------------------------------------------------------------------------------------


def test_no_environment_variable_holds_a_secret(services):
    telling = re.compile("PASSWORD|SECRET|TOKEN|FERNET|BROKER_URL|RESULT_BACKEND")
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if telling.search(variable):
                assert variable.endswith(("_FILE", "_CMD")), f"{name}: {variable}"
                assert str(value).removeprefix("cat ").startswith("/"), f"{name}: {variable}"
            assert not re.search(r"://[^/@\s]*:[^/@\s]+@", str(value)), f"{name}: {variable}"


def test_every_file_under_run_secrets_is_given_to_the_service_that_reads_it(services):
    for name, service in services.items():
        told = json.dumps([service.get(key) for key in ("command", "environment", "healthcheck")])
        read = set(re.findall(r"/run/secrets/([a-z_.]+)", told))
        assert read <= set(service.get("secrets", [])), name


def test_make_secrets_makes_exactly_the_files_that_compose_names(stack, made):
    named = {Path(secret["file"]) for secret in stack["secrets"].values()}
    found = {path.relative_to(made) for path in (made / "deploy" / "secrets").iterdir()}
    assert found == named
    used = {
        secret for service in stack["services"].values() for secret in service.get("secrets", [])
    }
    assert used == set(stack["secrets"])


def test_secrets_are_readable_by_their_owner_only_and_stay_when_made_again(made):
    def contents():
        return {path.name: path.read_bytes() for path in (made / "deploy" / "secrets").iterdir()}

    before = contents()
    again = subprocess.run([made / "deploy" / "make-secrets"], check=True, capture_output=True)
    assert contents() == before
    assert again.stdout == b""
    modes = {path.stat().st_mode & 0o777 for path in (made / "deploy" / "secrets").iterdir()}
    assert modes == {0o600}


def test_the_containers_run_as_the_owner_of_the_secrets_and_never_as_root(made):
    line = (made / ".env").read_text("ascii")
    uid = int(line.removeprefix("NEWSLINE_UID="))
    assert uid == (made / "deploy" / "secrets" / "elastic_password").stat().st_uid
    assert uid != 0
    assert uid == (os.getuid() or 1000)


def test_secrets_have_the_form_that_their_reader_wants(made):
    folder = made / "deploy" / "secrets"
    assert len(urlsafe_b64decode((folder / "airflow_fernet_key").read_bytes())) == 32
    users = json.loads((folder / "airflow_users.json").read_text("ascii"))
    assert set(users) == {"admin", "operator", "viewer"}
    assert len(set(users.values())) == 3
    for name in ("airflow", "newsline"):
        line = (folder / f"{name}_pgpass").read_text("ascii")
        assert re.fullmatch(rf"postgres:5432:{name}:{name}:[0-9a-f]{{48}}", line)
    # Airflow takes what `cat` prints as it is.
    assert not (folder / "airflow_jwt_secret").read_bytes().endswith(b"\n")


def test_git_and_the_image_never_see_secrets():
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored.index("deploy/secrets") > ignored.index("!deploy")
    assert "!.env" not in ignored


# --- who reaches what -----------------------------------------------------------------------------


def test_fetch_workers_share_no_network_with_elasticsearch_or_kibana(services):
    fetching = networks(services["worker-fetch"])
    assert not fetching & networks(services["elasticsearch"])
    assert not fetching & networks(services["kibana"])
    assert fetching == {"outside", "control", "ledger"}


def test_fetch_workers_hold_no_key_but_those_of_ledger_and_broker(services):
    worker = services["worker-fetch"]
    assert set(worker["secrets"]) == {
        "airflow_broker_url", "airflow_result_backend", "newsline_pgpass",
    }  # fmt: skip
    held = set(mounts(worker))
    assert not held & {"index_keys", "reader_keys", "authority", "authority_private"}


def test_only_fetch_workers_and_what_is_published_have_a_way_out(stack, services):
    open_ones = {name for name, network in stack["networks"].items() if not network.get("internal")}
    assert open_ones == {"outside", "edge"}
    out = {name for name, service in services.items() if networks(service) & open_ones}
    assert out == {"worker-fetch", "api-server", "kibana", "serve"}


def test_whoever_only_searches_has_the_readers_key_only(services):
    assert "reader_keys" in mounts(services["api-server"])
    assert "reader_keys" in mounts(services["serve"])
    with_all = {name for name, service in services.items() if "index_keys" in mounts(service)}
    assert with_all == {"set-up-newsline", "worker-index", "newsline"}


def test_the_authoritys_key_is_mounted_where_certificates_are_made_and_nowhere_else(services):
    holders = [name for name, service in services.items() if "authority_private" in mounts(service)]
    assert holders == ["certificates"]


def test_every_queue_of_the_dags_has_its_workers(services):
    rules = (ROOT / "dags" / "news_rules.py").read_text("utf-8")
    fetch, index = re.search(r'FETCH_QUEUE, INDEX_QUEUE = "(\w+)", "(\w+)"', rules).groups()

    def queues(name):
        command = services[name]["command"]
        return command[command.index("--queues") + 1].split(",")

    assert queues("worker-fetch") == [fetch]
    assert queues("worker-index") == [index, "default"]


# --- nothing that is named is missing -------------------------------------------------------------


def test_every_volume_and_file_that_is_mounted_is_there_and_every_volume_is_used(stack, services):
    sources = {source for service in services.values() for source in mounts(service)}
    files = {source for source in sources if source.startswith("./")}
    assert [source for source in files if not (ROOT / source).exists()] == []
    assert sources - files == set(stack["volumes"])
    used = {network for service in services.values() for network in networks(service)}
    assert used == set(stack["networks"])


def test_every_variable_of_ours_is_a_setting(services, tmp_path):
    ca_file = tmp_path / "ca.crt"
    ca_file.touch()
    for service in services.values():
        told = {
            k: v for k, v in service.get("environment", {}).items() if k.startswith("NEWSLINE_")
        }
        if "NEWSLINE_INDEX__CA_FILE" in told:
            told["NEWSLINE_INDEX__CA_FILE"] = str(ca_file)
        load(None, {key: value for key, value in told.items() if key not in OF_THE_COMMAND})


def test_every_variable_of_airflows_is_a_setting_and_commands_stand_for_sensitive_ones(
    services, read_yaml
):
    from airflow.config_templates import __path__ as templates  # noqa: PLC0415
    from airflow.providers.celery.get_provider_info import get_provider_info  # noqa: PLC0415

    known = read_yaml(Path(templates[0]) / "config.yml") | get_provider_info()["config"]
    told = {
        key: value
        for service in services.values()
        for key, value in service.get("environment", {}).items()
        if key.startswith("AIRFLOW__")
    }
    told |= dict.fromkeys(
        re.findall(r"AIRFLOW__\w+(?==)", (ROOT / "Dockerfile").read_text("utf-8"))
    )
    for variable in told:
        _, section, option = variable.lower().split("__")
        described = known[section]["options"][option.removesuffix("_cmd")]
        assert not option.endswith("_cmd") or described["sensitive"], variable


def test_snapshots_go_into_a_volume_of_their_own_that_the_node_may_write(services, read_yaml):
    node = services["elasticsearch"]
    settings = read_yaml(DEPLOY / "elasticsearch" / "elasticsearch.yml")
    assert settings["path.repo"] == [mounts(node)["snapshots"]]
    assert mounts(node)["snapshots"] != mounts(node)["elasticsearch"]
    # A volume is made as the first image has the folder: ours, before Elasticsearch starts.
    first = services["certificates"]
    assert node["depends_on"]["certificates"]["condition"] == "service_completed_successfully"
    assert mounts(first)["snapshots"] in (ROOT / "Dockerfile").read_text("utf-8")
    takers = ("worker-index", "newsline", "serve", "set-up-newsline")
    named = {services[one]["environment"]["NEWSLINE_INDEX__SNAPSHOT_REPOSITORY"] for one in takers}
    assert len(named) == 1
    set_up = (DEPLOY / "set-up-newsline").read_text("utf-8")
    assert set_up.index("deploy/snapshot_repository.py") < set_up.index("newsline index init")


def test_every_command_of_ours_exists(services):
    commands = [
        service["command"][1:]
        for service in services.values()
        if (service.get("command") or [""])[0] == "newsline"
    ]
    script = (DEPLOY / "set-up-newsline").read_text("utf-8")
    commands += [line.split()[1:] for line in script.splitlines() if line.startswith("newsline ")]
    assert len(commands) == 4
    for words in commands:
        command, rest = typer.main.get_command(root.build([])), list(words)
        while hasattr(command, "commands"):
            command = command.commands[rest.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, words


def test_every_script_that_is_named_is_there_and_can_be_run(services):
    named = set()
    for service in services.values():
        told = json.dumps([service.get(key) for key in ("command", "healthcheck")])
        named |= set(re.findall(r"deploy/[\w./-]+", told))
    assert len(named) == 5
    for name in named:
        assert (ROOT / name).is_file(), name
        assert name.endswith(".py") or os.access(ROOT / name, os.X_OK), name
    for script in ("make-secrets", "elasticsearch/start", "postgres/make-databases.sh"):
        assert os.access(DEPLOY / script, os.X_OK), script


# --- the image ------------------------------------------------------------------------------------


def instructions():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", text))
    return [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]


def test_the_image_installs_nothing_without_a_hash():
    installs = [
        step
        for word, rest in instructions()
        if word == "RUN"
        for step in rest.split("&&")
        if re.search(r"pip\S* .*install |pip install ", step) and "uninstall" not in step
    ]
    assert len(installs) == 3
    assert all("--require-hashes" in step or "--no-index" in step for step in installs)


def test_the_image_is_pinned_ends_as_an_ordinary_user_and_copies_what_is_there():
    steps = instructions()
    assert ["ARG", "PYTHON_IMAGE=python:3.11.14-slim-bookworm"] in steps
    assert [rest for word, rest in steps if word == "USER"] == ["1000:0"]
    sent = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for rest in (rest for word, rest in steps if word == "COPY" and "--from" not in rest):
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}" in sent, source


# --- Kubernetes -----------------------------------------------------------------------------------


def test_the_charts_values_agree_with_the_stack(read_yaml, services):
    values = read_yaml(DEPLOY / "kubernetes" / "airflow-values.yaml")
    lock = (ROOT / "requirements" / "airflow.txt").read_text("utf-8")
    assert f"apache-airflow=={values['airflowVersion']} " in lock
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert values["defaultAirflowTag"] == project["version"]
    sets = {one["name"]: one for one in values["workers"]["celery"]["sets"]}
    for name in ("fetch", "index"):
        command = services[f"worker-{name}"]["command"]
        assert sets[name]["queue"] == command[command.index("--queues") + 1]
    mounted = {volume["name"] for volume in sets["fetch"]["extraVolumes"]}
    assert mounted == {"archive"}
    policy = read_yaml(DEPLOY / "kubernetes" / "network-policy.yaml")
    assert policy["spec"]["podSelector"]["matchLabels"] == sets["fetch"]["labels"]
