"""Anthropic messages, the provider's side."""

import base64
import json

PATHS = ("/messages",)
CONTENT_TYPE = "text/event-stream"
FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "stop_sequence": "stop_sequence"}

HOSTED = {"web_search_20250305": "web_search"}
TAKE_LATE_SYSTEM = ("claude-opus-4-8",)  # …/build-with-claude/mid-conversation-system-messages


def parts_of(content, names):
    if isinstance(content, str):
        return [("text", content)]
    parts = []
    for block in content:
        kind = block["type"]
        if kind == "text":
            parts.append(("text", block["text"]))
        elif kind in ("image", "document"):
            source = block["source"]
            if source["type"] == "base64":
                parts.append((kind, source["media_type"], base64.b64decode(source["data"])))
            else:
                parts.append((kind, source["type"], source["url"].encode()))
        elif kind == "tool_use":
            assert isinstance(block["input"], dict), block
            names[block["id"]] = block["name"]
            parts.append(("tool_call", block["id"], block["name"], block["input"]))
        elif kind == "tool_result":
            text = "".join(part[1] for part in parts_of(block.get("content") or [], names))
            parts.append(("tool_result", block["tool_use_id"], names[block["tool_use_id"]], text, block.get("is_error", False)))
        elif kind == "thinking":
            assert block["signature"] == "c2lnbmVk", block
        else:
            raise AssertionError(f"messages knows no block of type {kind}")
    return parts


def read(asked_type, path, body):
    asked = asked_type(model=body["model"], is_streaming=body.get("stream") or False)
    system = body.get("system") or []
    asked.system = [system] if isinstance(system, str) else [block["text"] for block in system]
    names, last = {}, None
    for message in body["messages"]:
        if message["role"] == "system":
            assert asked.model in TAKE_LATE_SYSTEM and last == "user", message
            asked.system += [part[1] for part in parts_of(message["content"], names)]
            continue
        assert message["role"] in ("user", "assistant"), message
        assert message["role"] != last, "roles must alternate"
        last = message["role"]
        asked.turns.append((message["role"], parts_of(message["content"], names)))
    assert asked.turns[0][0] == "user", "the first message is the user's"
    for tool in body.get("tools") or []:
        if tool.get("type", "custom") in HOSTED:
            asked.hosted.append(HOSTED[tool["type"]])
        else:
            asked.tools[tool["name"]] = tool["input_schema"]
    choice = body.get("tool_choice") or {}
    asked.tool_choice = choice.get("name") or choice.get("type")
    form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    if form.get("type") == "json_schema":
        asked.schema = form["schema"]
    asked.stops = body.get("stop_sequences") or []
    asked.max_tokens = body["max_tokens"]
    asked.temperature = body.get("temperature")
    assert asked.temperature is None or asked.temperature <= 1
    asked.thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    return asked


def usage(reply):
    u = reply.usage
    hour = u["cache_write_1h"]
    return {"input_tokens": u["input"] - u["cached"] - u["cache_write"], "cache_read_input_tokens": u["cached"],
            "cache_creation_input_tokens": u["cache_write"],
            "cache_creation": {"ephemeral_5m_input_tokens": u["cache_write"] - hour, "ephemeral_1h_input_tokens": hour},
            "output_tokens": u["output"], "service_tier": "standard"}


def blocks_of(reply):
    blocks = []
    if reply.thinking:
        blocks.append({"type": "thinking", "thinking": reply.thinking, "signature": "c2lnbmVk"})
    if reply.text or not reply.calls:
        blocks.append({"type": "text", "text": reply.text})
    return blocks + [{"type": "tool_use", "id": id, "name": name, "input": arguments} for id, name, arguments in reply.calls]


def whole(asked, reply):
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": asked.model + "-20260101",
            "content": blocks_of(reply), "stop_reason": FINISH[reply.finish], "stop_sequence": reply.stop_sequence,
            **({} if reply.tells_usage == "none" else {"usage": usage(reply)})}


def stream(asked, reply):
    events = []

    def event(kind, **fields):
        events.append(f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode())

    begun = whole(asked, reply) | {"content": [], "stop_reason": None, "stop_sequence": None}
    if "usage" in begun:
        begun["usage"]["output_tokens"] = 1
    event("message_start", message=begun)
    event("ping")
    for index, block in enumerate(blocks_of(reply)):
        empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}[block["type"]]
        event("content_block_start", index=index, content_block=block | empty)
        if block["type"] == "thinking":
            event("content_block_delta", index=index, delta={"type": "thinking_delta", "thinking": block["thinking"]})
            event("content_block_delta", index=index, delta={"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] == "text":
            for word in reply.words():
                event("content_block_delta", index=index, delta={"type": "text_delta", "text": word})
        else:
            text = json.dumps(block["input"])
            for at in range(0, len(text), 7):
                event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": text[at:at + 7]})
        event("content_block_stop", index=index)
    told = {"usage": usage(reply)} if reply.tells_usage == "yes" else {}
    event("message_delta", delta={"stop_reason": FINISH[reply.finish], "stop_sequence": reply.stop_sequence}, **told)
    event("message_stop")
    return events


def error(status, message):
    kinds = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}
    return {"request-id": "req-messages"}, {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": message},
                                            "request_id": "req-messages"}
