"""kill -9 of each part under load, and life without the control plane: afterwards the books are complete."""

import asyncio
import threading

import httpx
import openai
import pytest

from harness import Postgres, wait_until


class Load(threading.Thread):
    """Calls over all replicas until told to stop; remembers what each client saw."""

    def __init__(self, stack, concurrency=8, text="[[sim tokens=12 drip=20]] call {number}"):
        super().__init__()
        self.stack, self.concurrency, self.text = stack, concurrency, text
        self.stopping = threading.Event()
        self.completed, self.failed, self.number = [], [], 0

    def run(self):
        asyncio.run(self.call_in_parallel())

    async def call_in_parallel(self):
        clients = [self.stack.async_openai(replica) for replica in self.stack.replicas]
        await asyncio.gather(*(self.call(clients[worker % len(clients)]) for worker in range(self.concurrency)))
        for client in clients:
            await client.close()

    async def call(self, client):
        while not self.stopping.is_set():
            self.number += 1
            number, is_streaming = self.number, self.number % 2 == 0
            try:
                answer = await client.chat.completions.create(
                    model="gpt-4o-mini", messages=[{"role": "user", "content": self.text.format(number=number)}],
                    stream=is_streaming)
                if is_streaming:
                    async for _ in answer:
                        pass
                self.completed.append(number)
            except (openai.APIError, httpx.TransportError) as failure:
                self.failed.append(failure)
                await asyncio.sleep(0.01)  # a refused connection must not become a busy loop

    def wait_for(self, more):
        goal = len(self.completed) + more
        wait_until(lambda: len(self.completed) >= goal, f"{more} more calls to complete; failed: {self.failed[-3:]}")

    def finish(self):
        self.stopping.set()
        self.join(120)
        assert not self.is_alive()


@pytest.fixture
def load():
    running = []

    def start(stack, **options):
        made = Load(stack, **options)
        running.append(made)
        made.start()
        return made

    yield start
    for made in running:
        made.finish()


def assert_books_are_complete(stack, load):
    """Every call that a client saw complete is in the ledger as the provider billed it, and the accounts agree."""
    assert stack.books.assert_equal_to_the_provider(only_completed=True) >= len(load.completed) - 1
    booked = wait_until(lambda: [row for row in stack.books.records("outcome = 'completed'")], "records")
    assert len(booked) >= len(load.completed)
    stack.books.assert_no_gaps()
    stack.books.assert_accounts_equal_records()


def in_flight_when_cut(stack, before):
    """The provider's calls whose clients may have been cut off by a kill: those that are not booked as completed."""
    return frozenset(entry["request_id"] for entry in stack.provider.billed()[before:])


def test_a_killed_replica_ships_what_was_left_when_it_starts_again(make_stack, load):
    stack = make_stack(replicas=2)
    budget = stack.create_budget("100")
    running = load(stack)
    running.wait_for(50)
    stack.replicas[0].kill()
    running.wait_for(50)  # the other replica goes on
    stack.replicas[0].start()
    running.wait_for(50)
    running.finish()
    # A call that the kill cut off was billed by the provider and is booked as interrupted, without the provider's id.
    interrupted = wait_until(lambda: stack.books.records("outcome = 'interrupted'"), "the cut calls to be booked")
    assert all(record["is_estimated"] and record["cost_pusd"] > 0 for record in interrupted)
    stack.books.cut = frozenset(
        entry["request_id"] for entry in stack.provider.billed()
        if entry["request_id"] not in {record["provider_request_id"] for record in stack.books.records()})
    assert len(stack.books.cut) <= running.concurrency
    assert_books_are_complete(stack, running)
    wait_until(lambda: stack.api.show("budgets", budget["id"])["account"]["in_doubt"] in ("0", 0), "no lease to be in doubt")


def test_a_killed_control_plane_loses_nothing(make_stack, load):
    stack = make_stack()
    stack.create_budget("100")
    running = load(stack)
    running.wait_for(50)
    stack.controlplane.kill()
    running.wait_for(100)
    stack.controlplane.start()
    running.wait_for(50)
    running.finish()
    assert not running.failed, running.failed[0]
    assert_books_are_complete(stack, running)


@pytest.fixture
def mortal_postgres():
    """A Postgres that may be killed. Ask for it before make_stack: the stack must end first."""
    server = Postgres(settings=("fsync=off",))  # the tests kill processes, not the machine
    yield server
    server.destroy()


def test_a_killed_postgres_loses_nothing(mortal_postgres, make_stack, load):
    stack = make_stack(postgres=mortal_postgres)
    stack.create_budget("100")
    running = load(stack)
    running.wait_for(50)
    mortal_postgres.kill()
    running.wait_for(100)
    wait_until(lambda: not httpx.get(f"{stack.controlplane.url}/readyz", trust_env=False).is_success,
               "the control plane to say that it is not ready")
    mortal_postgres.start()
    running.wait_for(50)
    running.finish()
    assert not running.failed, running.failed[0]
    assert_books_are_complete(stack, running)


def test_without_the_control_plane_traffic_goes_on_and_a_restarted_replica_serves_from_its_disk(make_stack):
    stack = make_stack()
    replica = stack.replicas[0]
    stack.openai().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "before"}])
    stack.controlplane.stop()
    stack.openai().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "while away"}])
    replica.kill()
    replica.start()
    answer = stack.openai().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "from disk"}])
    assert answer.choices
    stack.controlplane.start()
    assert stack.books.assert_equal_to_the_provider() == 3
    stack.books.assert_no_gaps()


def test_the_snapshot_on_disk_holds_no_secret_in_the_clear(make_stack):
    stack = make_stack()
    replica = stack.replicas[0]
    replica.stop()
    needles = [stack.provider.key.encode(), stack.key["key"].encode(), b"gpt-4o-mini"]
    files = [path for path in replica.state.rglob("*") if path.is_file()]
    assert files
    snapshots = [path for path in files if "snapshot" in path.name]
    assert snapshots
    for path in files:
        content = path.read_bytes()
        assert needles[0] not in content and needles[1] not in content, path
    for path in snapshots:
        assert needles[2] not in path.read_bytes(), "the snapshot is sealed as a whole"


def test_a_budget_that_denies_stops_when_its_lease_is_spent_and_one_that_allows_goes_on_and_is_reported(make_stack):
    stack = make_stack()
    deny = stack.create_key("deny")
    allow = stack.create_key("allow")
    stack.create_budget("1", scope="api_key", scope_id=deny["id"], name="denies", max_wait_ms=200, outage="deny")
    stack.create_budget("1", scope="api_key", scope_id=allow["id"], name="allows", max_wait_ms=200, outage="allow_and_report")
    stack.controlplane.kill()
    ask = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": "hi"}])
    with pytest.raises(openai.RateLimitError) as caught:
        for _ in range(200):
            stack.openai(key=deny["key"]).chat.completions.create(**ask)
    assert "control plane" in caught.value.body["message"]
    for _ in range(5):
        assert stack.openai(key=allow["key"]).chat.completions.create(**ask).choices
    stack.controlplane.start()
    stack.books.assert_equal_to_the_provider()
    stack.books.assert_accounts_equal_records()


def test_no_secret_and_no_prompt_is_in_any_log(make_stack):
    stack = make_stack()
    prompt = "the quick brown fox of the prompt"
    stack.openai().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}])
    with pytest.raises(openai.APIError):
        stack.openai(key="tg-a-mistyped-key-000").chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}])
    logs = [stack.controlplane.log, *(replica.log for replica in stack.replicas)]
    for needle in (prompt, stack.key["key"], stack.provider.key, stack.controlplane.token, "tg-a-mistyped-key-000"):
        for log in logs:
            assert needle not in log.read_text(), (needle, log)
