"""script/server as a newcomer meets it: it prints what to paste, the pasted commands work, Ctrl-C leaves nothing behind."""

import csv
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import openai
import pytest

from harness import Provider, free_port, wait_until
from harness.process import ROOT, binary, clean_environment

PORTS = ("GATEWAY", "API", "STREAM", "REPLICA", "SIMULATOR")


class Server:
    """One start of script/server on a folder of its own."""

    def __init__(self, folder, ports=None, **environment):
        self.var = folder / "var"
        self.ports = ports or {name: free_port() for name in PORTS}
        self.output = folder / "output"
        self.environment = clean_environment() | {
            "TOLLGATE_VAR_DIR": str(self.var),
            "TOLLGATE_BUILD_DIR": str(Path(binary("tollgate")).parents[1]),
        } | {f"TOLLGATE_{name}_PORT": str(port) for name, port in self.ports.items()} | environment

    def start(self):
        with self.output.open("wb") as output:
            # As a shell starts it in the background: with SIGINT ignored, which must not make it deaf to Ctrl-C.
            self.process = subprocess.Popen([ROOT / "script" / "server"], stdout=output, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, env=self.environment, start_new_session=True,
                                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        return self

    def wait_until_ready(self):
        def ready():
            assert self.process.poll() is None, self.said()
            return "Ctrl-C stops everything" in self.said()
        wait_until(ready, "script/server to be ready", timeout_s=120)
        return self

    def said(self):
        return self.output.read_text()

    def facts(self):
        """What a shell knows after `. var/server.env`."""
        shell = subprocess.run(["bash", "-c", '. "$1"; env -0', "-", self.var / "server.env"], check=True,
                               capture_output=True, text=True, env={})
        return dict(line.split("=", 1) for line in shell.stdout.split("\0") if "=" in line)

    def commands(self):
        """The lines to paste, each below its numbered heading."""
        lines = self.said().splitlines()
        return [lines[index + 1] for index, line in enumerate(lines) if line[:3] in ("1. ", "2. ", "3. ")]

    def children(self):
        """The command lines of the processes that the script started, by process id."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except (FileNotFoundError, ProcessLookupError):
                pass  # it ended while we looked
        return found

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture
def make_server(tmp_path):
    made = []

    def make(**options):
        made.append(Server(tmp_path, **options).start())
        return made[-1]

    yield make
    for server in made:
        if server.process.poll() is None:
            server.interrupt()


def paste(command):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, env=clean_environment())


def is_alive(pid):
    """Whether a process runs: one that ended but that nobody has waited for yet (an orphan in a container) does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_printed_commands_work_when_pasted_and_both_calls_are_charged(make_server):
    server = make_server().wait_until_ready()
    call, streamed, export = server.commands()
    answer = paste(call)
    assert answer.returncode == 0 and '"choices"' in answer.stdout, answer
    stream = paste(streamed)
    assert stream.returncode == 0 and stream.stdout.rstrip().endswith("data: [DONE]"), stream

    def both_charged():
        exported = paste(export)
        assert exported.returncode == 0, exported
        rows = list(csv.DictReader(exported.stdout.splitlines()))
        return rows if len(rows) == 2 else None
    rows = wait_until(both_charged, "both calls in the export")
    assert all(float(row[next(column for column in row if column.startswith("cost"))]) > 0 for row in rows)


def test_server_env_is_private_and_all_that_an_sdk_needs(make_server):
    server = make_server().wait_until_ready()
    assert stat.S_IMODE((server.var / "server.env").stat().st_mode) == 0o600
    facts = server.facts()
    assert {"OPENAI_BASE_URL", "OPENAI_API_KEY", "TOLLGATE_URL", "TOLLGATE_TOKEN", "TOLLGATE_SIMULATOR_LOG"} <= facts.keys()
    client = openai.OpenAI(base_url=facts["OPENAI_BASE_URL"], api_key=facts["OPENAI_API_KEY"])
    assert [model.id for model in client.models.list()] == ["demo"]


def test_ctrl_c_stops_everything_in_good_order(make_server):
    server = make_server().wait_until_ready()
    children = server.children()
    for program in ("postgres", "tollgate-controlplane", "tollgate-dataplane", "tollgate-provider-simulator"):
        assert any(program in command for command in children.values()), children
    assert server.interrupt() == 130
    assert not [pid for pid in children if is_alive(pid)]
    assert not (server.var / "server.env").exists()
    assert "database system is shut down" in (server.var / "log" / "postgres.log").read_text()
    assert "did not stop" not in server.said()


def test_kill_9_of_the_script_leaves_no_server_behind_and_the_next_start_finds_its_data(make_server):
    first = make_server().wait_until_ready()
    key, children = first.facts()["OPENAI_API_KEY"], first.children()
    first.process.kill()
    first.process.wait()
    wait_until(lambda: not [pid for pid in children if is_alive(pid)], "the servers to end")
    (first.var / "server.env").unlink()
    second = make_server(ports=first.ports).wait_until_ready()
    assert second.facts()["OPENAI_API_KEY"] == key
    assert paste(second.commands()[0]).returncode == 0


def test_a_server_that_dies_is_named_and_takes_the_others_with_it(make_server):
    server = make_server().wait_until_ready()
    children = server.children()
    victim = next(pid for pid, command in children.items() if "tollgate-dataplane" in command)
    os.kill(victim, signal.SIGKILL)
    assert server.process.wait(60) == 1
    assert "dataplane ended unexpectedly with status 137" in server.said()
    assert not [pid for pid in children if is_alive(pid)]
    assert not (server.var / "server.env").exists()


@pytest.mark.parametrize("name", PORTS)
def test_a_taken_port_is_named_with_what_changes_it(make_server, name):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = make_server(ports={other: free_port() for other in PORTS} | {name: port})
        assert server.process.wait(60) == 1
        assert f"port {port}" in server.said() and f"--{name.lower()}-port" in server.said()
        assert f"TOLLGATE_{name}_PORT" in server.said()


def test_a_second_server_on_the_same_folder_is_refused(make_server):
    first = make_server().wait_until_ready()
    first.output = first.output.rename(first.output.with_name("first-output"))
    second = make_server()
    assert second.process.wait(60) == 1
    assert f"another script/server runs on {second.var} (process {first.process.pid})" in second.said()
    assert (first.var / "server.env").exists()


def test_a_real_provider_is_used_when_there_is_a_key_for_it(make_server, tmp_path):
    provider = Provider(tmp_path)
    provider.start()
    try:
        server = make_server(OPENAI_API_KEY=provider.key, TOLLGATE_PROVIDER_URL=provider.base_url,
                             TOLLGATE_PROVIDER_MODEL="some-model").wait_until_ready()
        assert not any("tollgate-provider-simulator" in command for command in server.children().values())
        assert server.facts()["TOLLGATE_SIMULATOR_LOG"] == ""
        assert paste(server.commands()[0]).returncode == 0
        assert [entry["model"] for entry in provider.billed()] == ["some-model"]
    finally:
        provider.stop()


def test_a_shell_that_read_server_env_does_not_mistake_the_gateway_for_a_provider(make_server):
    first = make_server().wait_until_ready()
    facts = first.facts()
    assert first.interrupt() == 130
    second = make_server(ports=first.ports, OPENAI_API_KEY=facts["OPENAI_API_KEY"], OPENAI_BASE_URL=facts["OPENAI_BASE_URL"])
    second.wait_until_ready()
    assert "Provider: Tollgate's simulator" in second.said()
