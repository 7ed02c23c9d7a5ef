"""A child process that is ready when it says so, and the one way to wait for something."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def binary(name):
    """The program under test: from TOLLGATE_BIN, else from the dev build."""
    folder = Path(os.environ.get("TOLLGATE_BIN", ROOT / "build" / "dev" / "bin"))
    path = folder / name
    assert path.exists(), f"{path} is missing: build it first (cmake --build --preset dev)"
    return str(path)


def free_port():
    """A port that was free a moment ago; the programs say so plainly if somebody took it since."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, timeout_s=60.0, interval_s=0.02):
    """Returns the first true value of `condition()`. `what` completes the sentence 'waited for …'."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s for {what}"
        pause.wait(interval_s)


class Process:
    """Starts `arguments`, keeps its log in a file, and knows when it printed `ready_event`."""

    def __init__(self, name, arguments, log, env=None, ready=None, user=None):
        self.name = name
        self.arguments = [str(argument) for argument in arguments]
        self.log = Path(log)
        self.env = env or {}
        self.ready = ready or self.printed_ready_event
        self.user = user
        self.child = None
        self.log_start = 0

    def start(self, timeout_s=60.0):
        assert self.child is None, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.log_start = out.tell()
            self.child = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=clean_environment() | self.env,
                user=self.user,
                start_new_session=True,
            )

        def ready_or_dead():
            if self.child.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.child.returncode} at start:\n{self.tail()}")
            return self.ready()

        wait_until(ready_or_dead, f"{self.name} to be ready; its log:\n{self.tail()}", timeout_s)
        return self

    def printed_ready_event(self):
        return any(line.get("event") == "ready" for line in self.log_lines())

    def log_lines(self):
        """The JSON lines that this run of the process logged."""
        lines = []
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            for line in log.read().splitlines():
                if line.startswith(b"{"):
                    try:
                        lines.append(json.loads(line))
                    except ValueError:
                        pass  # the last line may still be being written
        return lines

    def tail(self, lines=25):
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def kill(self):
        """kill -9: no goodbye, no flush."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.child = None

    def pause(self):
        self.child.send_signal(signal.SIGSTOP)

    def resume(self):
        self.child.send_signal(signal.SIGCONT)

    def stop(self, timeout_s=60.0):
        """A clean stop; a non-zero exit (a sanitizer's report, say) fails the test."""
        if self.child is None:
            return
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            code = self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            self.child = None
            raise AssertionError(f"{self.name} did not stop within {timeout_s:g} s:\n{self.tail()}") from None
        self.child = None
        assert code == 0, f"{self.name} ended with {code}:\n{self.tail(60)}"

    def resident_bytes(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no VmRSS for {self.name}")


def clean_environment():
    """The environment without anything that would configure our programs or an SDK from outside."""
    dropped = ("TOLLGATE_", "OPENAI_", "PG")
    return {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
