"""The export of what was used: complete, in order, and never quietly short."""

import json
import uuid
from contextlib import ExitStack

import httpx
import pytest

from harness import wait_until

RECORDS = 20_000


@pytest.fixture(scope="module")
def long_books(stack):
    """Many calls that began in the same few milliseconds, as if booked."""
    boots = sorted((uuid.uuid4() for _ in range(2)), key=lambda boot: boot.bytes)
    with stack.postgres.connect(stack.database) as connection:
        connection.execute("SELECT ensure_usage_partition(now())")
        connection.execute(
            "INSERT INTO usage_records (organization_id, started_at, boot_id, sequence, request_id, duration_ms,"
            " first_byte_ms, replica, endpoint, model_name, upstream_model, provider_request_id, is_streaming,"
            " is_estimated, is_clamped, outcome, http_status, error_code, input_tokens, cached_input_tokens,"
            " output_tokens, reasoning_tokens, cost_pusd, snapshot_revision, charge_budget_ids, charge_window_starts,"
            " charge_amounts) "
            "SELECT %s, date_trunc('hour', now()) + n %% 3 * interval '1 ms', (%s::uuid[])[1 + n %% 2], n,"
            " gen_random_uuid(), 1, 1, 'replica-1', '/v1/chat/completions', 'm', 'm', 'p', false, false, false,"
            " 'completed', 200, '', 1, 0, 1, 0, 1, 1, '{}', '{}', '{}' FROM generate_series(1, %s) n",
            [stack.api.organization, boots, RECORDS])
    return stack


@pytest.fixture
def client(long_books):
    """Without the harness's look at whole answers: these are read in pieces, or are for HEAD, which is not described."""
    with httpx.Client(base_url=long_books.api.base_url, trust_env=False,
                      headers={"authorization": f"Bearer {long_books.api.token}"}) as made:
        yield made


@pytest.fixture
def lose_the_books(long_books):
    """Call it, and the control plane may not read usage records any more."""
    with long_books.postgres.connect(long_books.database) as connection:
        yield lambda: connection.execute("REVOKE SELECT ON usage_records FROM tollgate_tenant")
        connection.execute("GRANT SELECT ON usage_records TO tollgate_tenant")


def export_url(stack, format="jsonl"):
    return f"{stack.api.path('usage', 'export')}?from=2000-01-01&to=2100-01-01&format={format}"


def test_every_record_is_exported_once_and_in_order_though_thousands_began_in_one_millisecond(long_books):
    records = [json.loads(line) for line in long_books.api.export().splitlines()]
    order = [(record["started_at"], uuid.UUID(record["boot_id"]).bytes, record["sequence"]) for record in records]
    assert len(order) == RECORDS == len(set(order))
    assert order == sorted(order)


def test_an_export_that_fails_halfway_is_cut_and_not_ended(long_books, client, lose_the_books):
    with client.stream("GET", export_url(long_books)) as response:
        assert response.status_code == 200
        lose_the_books()
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in response.iter_raw():
                pass


def test_asking_for_the_head_of_an_export_reads_no_books(long_books, client, lose_the_books):
    lose_the_books()
    answer = client.head(export_url(long_books))
    assert answer.status_code == 200 and answer.content == b""
    assert answer.headers["content-type"] == "application/jsonl"
    assert client.head(export_url(long_books, "xml")).status_code == 400
    assert client.get(export_url(long_books)).status_code == 500


def test_clients_that_read_their_exports_slowly_leave_workers_to_everybody_else(long_books, client):
    with ExitStack() as slow:
        answers = [slow.enter_context(client.stream("GET", export_url(long_books))) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 503, 503]  # there are four workers
        assert answers[2].headers["retry-after"]
        assert client.get("/readyz").status_code == 200
    wait_until(lambda: client.get(export_url(long_books)).status_code == 200, "the places to be free again")
