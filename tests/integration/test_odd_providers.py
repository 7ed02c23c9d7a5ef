"""Providers that answer otherwise than asked, or absurdly: the client gets what there is, and the books stay sane."""

import gzip
import json
import itertools

import httpx
import pytest

from harness import wait_until
from test_streaming import CHAT, DONE, RecordingProvider, add_model, http_answer

PROMPT = [{"role": "user", "content": "what is odd?"}]
NAMES = (f"odd-{number}" for number in itertools.count(1))


@pytest.fixture
def odd(stack):
    """ask(raw answer, **fields of the request) -> (the client's answer, the record of the call)."""
    made = []

    def ask(answer, timeout=30.0, **fields):
        """The providers made are in ask.made."""
        name = next(NAMES)
        provider = RecordingProvider(answer)
        made.append(provider)
        add_model(stack, name, provider)
        response = httpx.post(stack.replicas[0].root_url + CHAT, trust_env=False, timeout=timeout,
                              json={"model": name, "messages": PROMPT, "max_tokens": 100} | fields,
                              headers={"authorization": f"Bearer {stack.key['key']}"})
        record = wait_until(lambda: stack.books.query(
            "SELECT * FROM usage_records WHERE request_id = %s", [response.headers["x-request-id"]]), "the record")[0]
        return response, record

    ask.made = made
    yield ask
    for provider in made:
        provider.close()


def completion(usage):
    return json.dumps({"id": "c", "object": "chat.completion", "model": "m", "usage": usage, "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "x" * 40}, "finish_reason": "stop"}]}).encode()


def chunks(usage):
    text = {"id": "c", "object": "chat.completion.chunk", "model": "m",
            "choices": [{"index": 0, "delta": {"content": "x" * 40}}]}
    last = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [], "usage": usage}
    return b"data: %s\n\ndata: %s\n\n" % (json.dumps(text).encode(), json.dumps(last).encode()) + DONE


def is_booked_by_estimate(record):
    assert record["is_estimated"] and record["outcome"] == "completed", record
    assert record["input_tokens"] > 0 and 5 <= record["output_tokens"] <= 100 and record["cost_pusd"] > 0, record
    return True


ABSURD = [{"prompt_tokens": -5, "completion_tokens": -7, "total_tokens": -12},
          {"prompt_tokens": 5.5, "completion_tokens": 7.5},
          {"prompt_tokens": 1e30, "completion_tokens": 1e30},
          {"prompt_tokens": 2 ** 63 - 1, "completion_tokens": 2 ** 63 - 1, "total_tokens": 2 ** 63 - 1},
          {"prompt_tokens": 10 ** 40, "completion_tokens": 1},
          {"prompt_tokens": 5, "completion_tokens": -1},
          {"prompt_tokens": "5", "completion_tokens": "7"}, {}, []]


@pytest.mark.parametrize("usage", ABSURD, ids=json.dumps)
def test_absurd_usage_is_replaced_by_an_estimate(odd, usage):
    response, record = odd(http_answer(completion(usage)))
    assert response.content == completion(usage)
    assert is_booked_by_estimate(record)


def test_absurd_usage_of_a_stream_is_replaced_by_an_estimate_and_stays_hidden(odd):
    response, record = odd(http_answer(chunks(ABSURD[3]), "text/event-stream"), stream=True)
    assert b"usage" not in response.content and response.content.endswith(DONE)
    assert is_booked_by_estimate(record)


def test_more_cached_than_prompt_tokens_do_not_make_credit(odd):
    _, record = odd(http_answer(completion({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
                                            "prompt_tokens_details": {"cached_tokens": 10 ** 6}})))
    assert (record["input_tokens"], record["cached_input_tokens"], record["output_tokens"]) == (0, 9, 2)
    assert record["cost_pusd"] > 0


GOOD = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


def test_a_compressed_answer_that_nobody_asked_for_is_estimated(odd):
    packed = gzip.compress(completion(GOOD))
    answer = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
              b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(packed)) + packed
    response, record = odd(answer)
    assert response.json()["usage"] == GOOD
    assert is_booked_by_estimate(record)


def test_a_compressed_stream_that_nobody_asked_for_is_estimated(odd):
    packed = gzip.compress(chunks(GOOD))
    answer = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
              b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(packed)) + packed
    response, record = odd(answer, stream=True)
    assert response.content == chunks(GOOD)
    assert is_booked_by_estimate(record)


def test_interim_answers_are_not_passed_on(odd):
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    response, record = odd(b"HTTP/1.1 100 Continue\r\n\r\n" + interim * 3 + http_answer(completion(GOOD)))
    assert response.status_code == 200 and response.content == completion(GOOD)
    assert (record["input_tokens"], record["output_tokens"], record["is_estimated"]) == (9, 2, False)


def test_an_answer_without_content_is_passed_on_and_estimated(odd):
    response, record = odd(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    assert response.status_code == 204 and response.content == b""
    assert record["is_estimated"] and record["input_tokens"] > 0 and record["http_status"] == 204


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n%sConnection: close\r\n\r\n", b"HTTP/1.0 200 OK\r\n%s\r\n"])
def test_an_answer_without_content_type_or_length_is_read_until_the_close(odd, head):
    response, record = odd(head % b"" + completion(GOOD))
    assert response.content == completion(GOOD)
    assert (record["input_tokens"], record["output_tokens"], record["is_estimated"]) == (9, 2, False)


def test_a_whole_answer_to_a_streamed_request_is_passed_on_and_booked(odd):
    response, record = odd(http_answer(completion(GOOD)), stream=True)
    assert response.content == completion(GOOD) and response.headers["content-type"] == "application/json"
    assert (record["input_tokens"], record["output_tokens"], record["is_estimated"]) == (9, 2, False)


def test_a_stream_as_answer_to_a_whole_request_is_passed_on_and_booked(odd):
    response, record = odd(http_answer(chunks(GOOD), "text/event-stream"))
    assert response.content == chunks(GOOD) and response.headers["content-type"] == "text/event-stream"
    assert (record["input_tokens"], record["output_tokens"], record["is_estimated"]) == (9, 2, False)


@pytest.mark.parametrize("fields", [b"X-Large: %s\r\n" % (b"a" * 200_000), b"X-A: b\r\n" * 500])
def test_an_answer_with_a_huge_head_is_a_502(odd, fields):
    response, record = odd(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 2\r\n\r\n{}")
    assert response.status_code == 502 and response.json()["error"]["code"] == "provider_unavailable"
    assert record["outcome"] == "provider_failed" and record["is_estimated"]


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"HTTP/1.1 999 What\r\n\r\n", b"ICY 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", b"\x00" * 100, b""])
def test_an_answer_that_is_no_http_is_a_502(odd, answer):
    response, record = odd(answer)
    assert response.status_code == 502 and response.json()["error"]["code"] == "provider_unavailable"
    assert record["outcome"] == "provider_failed"


@pytest.mark.parametrize("status", [301, 304, 400, 404, 418, 429, 500, 599])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":{"message":"no"}}'])
def test_any_other_status_is_an_error_at_no_cost(odd, status, body):
    body = b"" if status == 304 else body
    response, record = odd(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nContent-Type: application/json\r\n"
                           b"Location: http://127.0.0.1:1/\r\nSet-Cookie: a=b\r\n\r\n" % (status, len(body)) + body)
    is_passed = body.startswith(b"{") and status >= 400
    assert response.status_code == (502 if status < 400 or (status >= 500 and not is_passed) else status)
    assert response.content == body if is_passed else response.json()["error"]["code"] == "provider_error"
    assert not {"location", "set-cookie"} & set(response.headers)
    assert record["outcome"] == "provider_error" and record["cost_pusd"] == 0


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_budgeted_call_is_not_sent_with_a_larger_maximum_than_was_reserved(stack, odd, field):
    budget = stack.create_budget("10")
    try:
        stack.wait_for_replicas()
        odd(http_answer(completion(GOOD)), **{"max_tokens": None, field: 2 ** 63 - 1})
        assert json.loads(odd.made[-1].received[0][1])[field] == 16384  # the model's own
    finally:
        stack.api.delete("budgets", budget["id"])
        stack.wait_for_replicas()
    odd(http_answer(completion(GOOD)), **{"max_tokens": None, field: 20000})
    assert json.loads(odd.made[-1].received[0][1])[field] == 20000  # nothing was reserved


@pytest.mark.parametrize("output, is_estimated", [(0, True), (4, False)])
def test_usage_that_came_early_is_not_the_last_word_of_a_stream_that_broke_off(odd, output, is_estimated):
    early = {"prompt_tokens": 9, "completion_tokens": output, "total_tokens": 9 + output}
    body = chunks(early).removesuffix(DONE)
    answer = http_answer(body, "text/event-stream").replace(b"Content-Length: ", b"Content-Length: 9")
    response, record = odd(answer, stream=True)
    assert b'"provider_broke_off"' in response.content
    assert (record["outcome"], record["is_estimated"]) == ("provider_failed", is_estimated)
    assert record["output_tokens"] == (5 if is_estimated else output)  # forty times x, counted


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_is_told_to_the_operator_and_its_words_not_to_the_client(stack, odd, status):
    body = b'{"error":{"message":"Incorrect API key provided: sk-ups*****cret","code":"invalid_api_key"}}'
    response, record = odd(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (
        status, len(body)) + body)
    assert response.status_code == 502 and response.json()["error"]["code"] == "provider_refused_credential"
    assert "sk-" not in response.text and record["cost_pusd"] == 0
    log = stack.replicas[0].log.read_text()
    line = next(json.loads(line) for line in log.splitlines() if response.headers["x-request-id"] in line)
    assert (line["event"], line["status"], line["provider"]) == ("upstream_refused_credential", status, record["model_name"])
    assert stack.key["key"] not in log and "sk-upstream-secret" not in log and PROMPT[0]["content"] not in log


def test_more_usage_than_was_reserved_is_booked_whole_and_ends_the_budget(stack, odd):
    budget = stack.create_budget("0.02")
    try:
        stack.wait_for_replicas()
        tokens = 2 ** 31 - 1
        _, record = odd(http_answer(completion({"prompt_tokens": tokens, "completion_tokens": tokens})))
        assert (record["input_tokens"], record["output_tokens"]) == (tokens, tokens)
        assert record["charge_amounts"] == [record["cost_pusd"]] == [tokens * 150_000 + tokens * 600_000]
        refusal, record = odd(b"")
        assert refusal.status_code == 429 and refusal.json()["error"]["code"] == "budget_exceeded"
        window_end = stack.api.show("budgets", budget["id"])["account"]["window_end"]
        assert f"Its window ends at {window_end}." in refusal.json()["error"]["message"]
        assert record["cost_pusd"] == 0
    finally:
        stack.api.delete("budgets", budget["id"])
        stack.wait_for_replicas()
