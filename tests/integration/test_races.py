"""Two replicas under ThreadSanitizer, while everything that their threads share changes: no two threads may race."""

import asyncio
import random
import subprocess
import threading

import httpx
import openai
import pytest

from harness import wait_until
from harness.process import ROOT

RACE_STATUS = 66
BUSY = ("budget_busy", "budget_exceeded")


@pytest.fixture(scope="module")
def dataplane_under_tsan():
    """The command that runs the tsan preset's data plane; the other programs are those of every test."""
    build = subprocess.run(
        ["bash", "-c", '. script/lib/common.sh && configure_and_build "$@"', "build", "tsan", "tollgate-dataplane"],
        cwd=ROOT, capture_output=True, text=True)
    assert build.returncode == 0, build.stdout[-5000:] + build.stderr
    command = [ROOT / "build" / "tsan" / "bin" / "tollgate-dataplane"]
    # GCC's ThreadSanitizer does not know the addresses that newer kernels choose at random. (A sandbox may forbid to ask for
    # others; then its kernel has to be one of those that need not be asked.)
    fixed_addresses = ["setarch", "--addr-no-randomize"]
    return fixed_addresses + command if subprocess.run([*fixed_addresses, "true"]).returncode == 0 else command


class Traffic(threading.Thread):
    """Clients of every kind over all replicas, until told to stop. A budget may refuse; nothing else may go wrong."""

    def __init__(self, stack, key):
        super().__init__()
        self.stack, self.key = stack, key
        self.stopping = threading.Event()
        self.done = {kind: 0 for kind in ("whole", "streamed", "clamped", "embedded", "left", "gave_up", "refused")}
        self.trouble = []

    def run(self):
        asyncio.run(self.work())

    async def work(self):
        clients = [(self.stack.async_openai(replica), self.stack.async_openai(replica, self.key))
                   for replica in self.stack.replicas]
        kinds = [self.whole, self.whole, self.streamed, self.streamed, self.clamped, self.clamped, self.embedded,
                 self.left, self.gave_up]
        await asyncio.gather(*(self.repeat(kind, *pair) for kind in kinds for pair in clients))
        for pair in clients:
            for client in pair:
                await client.close()

    async def repeat(self, kind, plain, clamping):
        while not self.stopping.is_set() and not self.trouble:
            try:
                await kind(clamping if kind == self.clamped else plain)
                self.done[kind.__name__] += 1
            except openai.RateLimitError as refusal:
                self.done["refused"] += 1
                if refusal.code not in BUSY:
                    self.trouble.append(refusal)
            except (openai.APIError, httpx.TransportError) as failure:
                self.trouble.append(failure)

    async def chat(self, client, directives, **fields):
        text = f"[[sim {directives}]] number {random.randrange(10**6)}"
        return await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": text}],
                                                    **fields)

    async def whole(self, client):
        await self.chat(client, "tokens=10 latency=5")

    async def streamed(self, client):
        async for _ in await self.chat(client, "tokens=10 drip=2", stream=True):
            pass

    async def clamped(self, client):
        await self.chat(client, "tokens=10 latency=5")

    async def embedded(self, client):
        await client.embeddings.create(model="text-embedding-3-small", input="some words")

    async def left(self, client):
        """Leaves a stream after its first chunk."""
        stream = await self.chat(client, "tokens=500 drip=20", stream=True)
        async for _ in stream:
            break
        await stream.close()

    async def gave_up(self, client):
        """Closes the connection before there is an answer."""
        try:
            await self.chat(client.with_options(timeout=0.1), "tokens=10 latency=60000")
        except openai.APITimeoutError:
            pass

    def wait_for_more(self, **counts):
        goals = {kind: self.done[kind] + more for kind, more in counts.items()}
        wait_until(lambda: self.trouble or all(self.done[kind] >= goal for kind, goal in goals.items()),
                   f"{goals}; so far {self.done}")
        assert not self.trouble, self.trouble[0]

    def finish(self):
        self.stopping.set()
        self.join(60)
        assert not self.is_alive()


def change_everything(stack, budget, number):
    """One round of changes, each of which replaces the snapshot that the workers are reading."""
    key = stack.create_key(f"short-lived-{number}")
    stack.wait_for_replicas()
    assert stack.openai(stack.replicas[number % 2], key=key["key"]).models.list().data
    stack.api.update("budgets", budget["id"], limit=f"0.1{number:03d}")
    extra = stack.create_budget("50", scope="project", scope_id=stack.project["id"], name=f"extra-{number}")
    stack.api.request("POST", stack.api.path("api-keys", key["id"], "revoke"))
    stack.api.delete("budgets", extra["id"])


def recalls(stack):
    lines = httpx.get(f"{stack.controlplane.url}/metrics", trust_env=False).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("tollgate_lease_recalls_total"))


def assert_no_report(replica):
    _, warning, report = replica.log.read_text().partition("WARNING: ThreadSanitizer")
    assert not warning, f"{replica.name}: {warning}{report[:6000]}"


def test_no_threads_of_a_replica_race_under_load_while_everything_changes(make_stack, dataplane_under_tsan, monkeypatch):
    monkeypatch.setenv("TSAN_OPTIONS", f"halt_on_error=0 exitcode={RACE_STATUS} second_deadlock_stack=1")
    stack = make_stack(replicas=2, dataplane_command=dataplane_under_tsan, dataplane_settings={"workers": 2})
    clamping = stack.create_key("clamping")
    stack.create_budget("100", scope="organization", scope_id=stack.api.organization)
    # Ten worst cases fit and more are always in flight: calls wait, and the replicas take turns with the leases.
    budget = stack.create_budget("0.1", max_wait_ms=20000)
    stack.create_budget("0.05", scope="api_key", scope_id=clamping["id"], contention="clamp")

    traffic = Traffic(stack, clamping["key"])
    traffic.start()
    try:
        traffic.wait_for_more(whole=10, streamed=10, clamped=10, embedded=10, left=4, gave_up=4)
        for number in range(12):
            change_everything(stack, budget, number)
        wait_until(lambda: recalls(stack) > 0, "a lease to be recalled")
        stack.controlplane.stop()
        stack.controlplane.start()
        stack.wait_for_replicas()
        change_everything(stack, budget, 12)
        traffic.wait_for_more(whole=10, streamed=10, clamped=10, embedded=10, left=4, gave_up=4)
    finally:
        traffic.finish()
    metrics = [replica.metrics() for replica in stack.replicas]
    assert all(each["tollgate_budget_waits_total"] > 0 for each in metrics)
    assert sum(each["tollgate_clamped_calls_total"] for each in metrics) > 0
    stack.books.assert_equal_to_the_provider(only_completed=True)
    stack.books.assert_accounts_equal_records()
    stack.books.assert_no_gaps()
    for replica in stack.replicas:
        assert_no_report(replica)
        stream = stack.openai(replica).chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "[[sim tokens=100 drip=10]] last words"}], stream=True)
        assert next(iter(stream)).choices
        replica.stop()  # drains first; fails if the status is not 0: RACE_STATUS, say
        assert [chunk.choices[0].finish_reason for chunk in stream][-1] == "stop"
        assert_no_report(replica)
