"""Two instances of the control plane on one database: equal, and sharing nothing else."""

from decimal import Decimal

import openai
import pytest

from harness import ControlPlane, DataPlane, wait_until


@pytest.fixture
def pair(make_stack):
    """A stack whose first replica is at the first instance, and a second of each beside them."""
    stack = make_stack()
    stack.second = ControlPlane(stack.folder / "second", stack.postgres, stack.database, stack.certificates)
    for shared in ("SEAL_KEY_FILE", "ADMIN_TOKEN_FILE"):
        name = f"TOLLGATE_CONTROLPLANE_{shared}"
        stack.second.configuration[name] = stack.controlplane.configuration[name]
    stack.replicas.append(DataPlane(stack.folder / "replica-2", "replica-2", stack.second.stream_port, stack.certificates))
    try:
        stack.second.start()
        stack.replicas[1].start()
        stack.wait_for_replicas()
        yield stack
    finally:
        stack.replicas[1].stop()
        stack.second.stop()


def ask(stack, number, **options):
    return stack.openai(stack.replicas[number], **options).chat.completions.create(
        model="gpt-4o-mini", max_tokens=10, messages=[{"role": "user", "content": "[[sim tokens=10]] hello"}])


def test_a_change_at_one_instance_is_live_at_the_replicas_of_the_other_also_after_the_database_dropped_everybody(pair):
    for name in ("before", "after"):
        key = pair.create_key(name)["key"]
        pair.wait_for_replicas()
        assert ask(pair, 0, key=key) and ask(pair, 1, key=key)
        pair.books.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                         " WHERE datname = current_database() AND pid <> pg_backend_pid()")


def test_what_lies_idle_at_a_replica_of_one_instance_is_lent_to_a_replica_of_the_other(pair):
    budget = pair.create_budget("0.0005", max_wait_ms=30000)
    ask(pair, 0)
    with pytest.raises(openai.RateLimitError) as refusal:
        for _ in range(500):
            ask(pair, 1)
    assert refusal.value.code == "budget_exceeded"

    def account():
        return pair.api.show("budgets", budget["id"])["account"]
    worst = (110 * Decimal("0.15") + 10 * Decimal("0.60")) / 10**6
    wait_until(lambda: Decimal(account()["limit"]) - Decimal(account()["settled"]) < worst, f"the last to be spent: {account()}")
    pair.books.assert_accounts_equal_records()


def test_what_was_lent_by_an_instance_that_died_is_seen_to_be_in_doubt_and_is_kept(pair):
    budget = pair.create_budget("1")
    ask(pair, 1)
    pair.replicas[1].kill()
    pair.second.kill()  # neither says goodbye
    pair.books.query("UPDATE replicas SET last_seen_at = now() - interval '61 s' WHERE name = 'replica-2' RETURNING name")

    def account():
        return pair.api.show("budgets", budget["id"])["account"]
    wait_until(lambda: Decimal(account()["in_doubt"]) > 0, f"the lease to be in doubt: {account()}")
    assert account()["in_doubt"] == account()["leased"]
    pair.second.start()
    pair.replicas[1].start()
    wait_until(lambda: Decimal(account()["in_doubt"]) == 0, f"the books to be settled: {account()}")
    pair.books.assert_equal_to_the_provider()
    pair.books.assert_accounts_equal_records()
