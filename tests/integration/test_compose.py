"""The deployment is what it says: the files are valid and hardened, and every service of compose.yaml works here."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import yaml
from django.core.management import get_commands
from packaging.specifiers import SpecifierSet
from psycopg import sql

from tests import compose
from tests.compose import CHECKOUT, Service
from tests.services import free_port, postgres
from workers.management.commands.worker import KINDS

OPERATIONS = CHECKOUT / "docs" / "operations.md"
OURS = {"migrate", "web", "worker-pages", "worker-publish", "worker-translate", "beat"}
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
services = compose.load()["services"]


def blocks(language: str) -> list[str]:
    """The code blocks of the operators' guide in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def settings_variables() -> set[str]:
    """Every environment variable that the configuration reads."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "config").glob("*.py"))
    found = re.findall(r"""(?:read(?:_bool|_list|_seconds|_count)?|environ\.get)\(\s*"([A-Z_]+)\"""", code)
    return set(found)


def validate(*files: Path) -> None:
    """Hold files against the schema of the Compose specification, which comes with check-jsonschema."""
    checker = Path(sys.executable).parent / "check-jsonschema"
    command = [checker, "--builtin-schema", "vendor.compose-spec", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# The files


def test_compose_yaml_and_the_examples_of_the_guide_are_valid(tmp_path):
    """By the Compose schema; an example that adds to a service is a file of its own."""
    examples = []
    for number, block in enumerate(blocks("yaml")):
        examples.append(tmp_path / f"{number}.yaml")
        examples[-1].write_text(block, encoding="utf-8")
        assert yaml.safe_load(block)["services"].keys() <= services.keys()
    assert examples
    validate(compose.FILE, *examples)


@pytest.mark.parametrize("name", sorted(services))
def test_a_service_can_do_no_more_than_it_must(name):
    """Not root, nothing writable but its volumes, no capabilities; it comes back after a crash, and says how it is."""
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name in OURS or service["user"] not in {"root", "0"}
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert service["healthcheck"] == {"disable": True} if name == "migrate" else service["healthcheck"]["test"]
    assert compose.seconds(service["stop_grace_period"]) > 0


def test_only_the_web_can_be_reached_and_only_from_this_machine():
    """A proxy with TLS belongs in front of it."""
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8200:8200"]}


def test_every_service_of_ours_waits_for_the_ledgers_tables():
    """A worker must not meet a table that is not there yet."""
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"]["database"] == {"condition": "service_healthy"}


def test_every_lane_has_a_worker():
    """What no service serves would wait for ever."""
    commands = [service["command"] for name, service in services.items() if name.startswith("worker-")]
    served = [lane for command in commands for lane in command[command.index("--lanes") + 1].split(",")]
    assert sorted(served) == sorted(KINDS)


def test_secrets_are_files_and_each_is_declared():
    """No password in the environment, where every child process and docker inspect would show it."""
    declared = compose.load()["secrets"]
    for name, service in services.items():
        assert set(service.get("secrets", [])) <= declared.keys()
        for variable, value in service.get("environment", {}).items():
            secret = re.search("PASSWORD|SECRET|URL", variable) and variable != "SECTIONWIRE_URL"  # the desk's address
            assert not secret or variable.endswith("_FILE"), f"{name}: {variable}"
            if variable.endswith("_FILE") and value.startswith("/run/secrets/"):
                assert Path(value).name in service["secrets"]


def test_every_variable_of_compose_yaml_is_one_that_the_settings_read():
    """A misspelt one would change nothing and say nothing."""
    known = settings_variables()
    for name in OURS:
        given = {*services[name]["environment"], *compose.image_environment()}
        ours = {variable for variable in given if variable.startswith(("SECTIONWIRE_", "DATABASE_"))}
        assert {"SECTIONWIRE_HOME", "DATABASE_URL_FILE"} <= ours
        assert [each for each in ours if each not in known and each.removesuffix("_FILE") not in known] == []


def test_the_example_env_names_all_that_can_be_set_with_its_default():
    """Copying it changes nothing."""
    text = (CHECKOUT / "config" / "compose.env.example").read_text(encoding="utf-8")
    assert dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)) == compose.variables()


def test_the_guide_lists_the_variables_that_the_settings_read():
    """All of them, and no other."""
    table = re.findall(r"^\| `([A-Z_]+)` \|", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(settings_variables())


def test_the_guide_names_commands_and_services_that_exist():
    """An operator at night types what stands there."""
    guide = OPERATIONS.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`|exec (?:-T )?[a-z-]+\s)sectionwire ([a-z]+)\b", guide, re.MULTILINE)
    assert set(named) >= {"status", "doctor", "publish", "models", "up", "sweep"}
    assert set(named) <= get_commands().keys()
    assert {*re.findall(r"docker compose exec (?:-T )?([a-z-]+)", guide)} <= services.keys()
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\|.*\|.*\|$", guide, re.MULTILINE)
    assert sorted(rows) == sorted(services)


def test_what_the_dockerfile_copies_exists_and_reaches_the_builder():
    """A source that .dockerignore holds back would fail the build."""
    ignore = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        source
        for word, rest in compose.instructions()
        if word == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]
    assert {"pyproject.toml", "requirements.lock", *PROJECT["license-files"], PROJECT["readme"]} <= set(sources)
    for source in sources:
        assert (CHECKOUT / source).exists(), source
        assert _sent(source, ignore), f"{source} is held back by .dockerignore"
    assert not any(_sent(path, ignore) for path in ("var/secrets/secret-key", ".env", ".git", ".venv", "tests"))


def _sent(path: str, ignore: list[str]) -> bool:
    sent = True
    for line in ignore:
        if line and not line.startswith("#") and fnmatch(path, line.removeprefix("!")):
            sent = line.startswith("!")
    return sent or ("/" in path and _sent(path.rpartition("/")[0], ignore))


def test_the_image_runs_as_a_user_with_a_fixed_number():
    """Which owns what lies in the volumes: it must not change between versions."""
    words = dict(compose.last_stage())
    assert words["USER"] == "10001:10001"
    assert words["ENTRYPOINT"] == '["sectionwire"]'
    targets = {volume.split(":")[1] for name in OURS for volume in services[name].get("volumes", [])}
    made = next(rest for word, rest in compose.last_stage() if word == "RUN").split()
    for target in targets - {"/etc/sectionwire"}:
        assert target in made, f"a new volume at {target} would belong to root"


def test_the_image_has_a_python_that_we_support():
    """And the lock was made for it."""
    base = next(rest for word, rest in compose.instructions() if word == "ARG").removeprefix("BASE=")
    version = re.fullmatch(r"python:(\d+\.\d+)-slim-\w+", base)[1]
    assert version in SpecifierSet(PROJECT["requires-python"])
    assert {rest.split()[0] for word, rest in compose.instructions() if word == "FROM"} == {"${BASE}"}


# The services


class Stack:
    """The services of compose.yaml on this machine, in a folder of their own."""

    def __init__(self, root: Path, database: str) -> None:
        self.root = root
        self.ports = {"broker": free_port(), "web": free_port()}
        self._make_secrets(database)
        directory = parse_qs(urlsplit(database).query)["host"][0]
        web = {"8200": str(self.ports["web"]), "0.0.0.0": "127.0.0.1"}
        places = {"web": web, "database": {"127.0.0.1": directory}}
        arguments = {"broker": ["--port", str(self.ports["broker"]), "--bind", "127.0.0.1"]}
        self.services = {
            name: Service(name, spec, root, places.get(name, {}), arguments.get(name, ()))
            for name, spec in services.items()
        }
        self["beat"].extra = {"SECTIONWIRE_SWEEP_SECONDS": "2"}  # else its first bell takes ten

    def _make_secrets(self, database: str) -> None:
        """As the guide says; then the hosts become sockets and ports of this machine."""
        (recipe,) = [block for block in blocks("sh") if "var/secrets" in block and "umask" in block]
        subprocess.run(["/bin/sh", "-eu", "-c", recipe], cwd=self.root, check=True)
        secrets = self.root / "var" / "secrets"
        assert secrets.stat().st_mode & 0o777 == 0o700
        query = urlsplit(database).query
        self._replace(secrets / "database-url", "@database:5432/sectionwire", f"@/sectionwire?{query}")
        self._replace(secrets / "broker-url", "@broker:6379/", f"@127.0.0.1:{self.ports['broker']}/")
        password = (secrets / "database-password").read_text(encoding="utf-8")
        with psycopg.connect(database, autocommit=True) as connection:
            role = sql.SQL("CREATE ROLE sectionwire LOGIN PASSWORD {}").format(sql.Literal(password))
            connection.execute(role)
            connection.execute("CREATE DATABASE sectionwire OWNER sectionwire")

    @staticmethod
    def _replace(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.chmod(0o644)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def wait(self, condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
        """Wait for something; fails with the logs."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(f"== {service.name}\n{service.log}" for service in self.services.values())
                pytest.fail(f"{what}: not within {within:.0f} s\n{logs}")
            time.sleep(0.2)

    def broker_answers(self) -> bool:
        """The broker's health check. The wheel brings no valkey-cli: the server's own answer stands for its output."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports["broker"]), timeout=2) as connection:
                connection.sendall(b"PING\r\n")
                answer = connection.recv(200).decode().strip("-+\r\n")
        except OSError:
            return False
        _, check = services["broker"]["healthcheck"]["test"]
        assert check.startswith("valkey-cli ping | ")
        check = check.replace("valkey-cli ping", f"echo '{answer}'", 1)
        return subprocess.run(["/bin/sh", "-c", check], check=False).returncode == 0


@contextmanager
def running_stack() -> Iterator[Stack]:
    """The services with a real PostgreSQL; none is started yet, and none is left."""
    root = Path(tempfile.mkdtemp(prefix="sw-compose-"))
    with postgres() as url:
        stack = Stack(root, url)
        try:
            yield stack
        finally:
            for service in stack.services.values():
                service.kill()
            shutil.rmtree(root)


@pytest.mark.slow
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="it has a PostgreSQL of its own: once is enough")
def test_the_services_start_report_healthy_publish_an_article_and_stop():
    """Each service's own command and health check, on a real Valkey and a real PostgreSQL; and all of them together."""
    running = sorted(OURS - {"migrate"})
    with running_stack() as stack:
        assert not stack.broker_answers()
        stack["broker"].start()
        stack.wait(stack.broker_answers, "the broker is healthy")
        assert stack["database"].healthy()
        stack["migrate"].run()
        assert not any(stack[name].healthy() for name in running)
        for name in running:
            stack[name].start()
        article = (CHECKOUT / "examples" / "river-gauges.html").read_text(encoding="utf-8")
        stack["web"].run("submit", "-", "--key", "gauges", "--source-language", "en", text=article)
        for name in running:
            within = compose.seconds(services[name]["healthcheck"]["start_period"])
            stack.wait(stack[name].healthy, f"{name} is healthy", within)
        sites = stack.root / "volumes" / "outputs"
        # English as it was written, and translated: every lane has been served.
        for page in ("united-states/en-us/*/*/index.html", "brazil/pt-br/*/*/index.html", "brazil/index.html"):
            stack.wait(lambda page=page: any(sites.glob(page)), f"{page} is published")
        assert "gauges" in stack["web"].run("status")

        for name in running:
            assert stack[name].process.poll() is None, stack[name].log
        for name in [*running, "broker"]:
            stack[name].terminate()
        for name in [*running, "broker"]:
            assert stack[name].ended() == 0, stack[name].log
