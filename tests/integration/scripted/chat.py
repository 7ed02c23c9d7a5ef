"""OpenAI chat completions, the provider's side."""

import base64
import json

PATHS = ("/chat/completions",)
CONTENT_TYPE = "text/event-stream"
FINISH = {"stop": "stop", "length": "length", "tools": "tool_calls", "stop_sequence": "stop"}


def parts_of(content):
    if content is None:
        return []
    if isinstance(content, str):
        return [("text", content)]
    parts = []
    for part in content:
        if part["type"] == "text":
            parts.append(("text", part["text"]))
        elif part["type"] == "image_url":
            url = part["image_url"]["url"]
            if url.startswith("data:"):
                head, _, data = url.partition(",")
                parts.append(("image", head[5:].split(";")[0], base64.b64decode(data)))
            else:
                parts.append(("image", "url", url.encode()))
        elif part["type"] == "file":
            head, _, data = part["file"]["file_data"].partition(",")
            parts.append(("document", head[5:].split(";")[0], base64.b64decode(data)))
        else:
            raise AssertionError(f"chat knows no part of type {part['type']}")
    return parts


def read(asked_type, path, body):
    asked = asked_type(model=body["model"], is_streaming=body.get("stream") or False)
    names = {}
    for message in body["messages"]:
        role = message["role"]
        if role in ("system", "developer"):
            asked.system += [text for _, text in parts_of(message["content"])]
        elif role == "tool":
            content = parts_of(message["content"])
            part = ("tool_result", message["tool_call_id"], names[message["tool_call_id"]],
                    "".join(p[1] for p in content), False)
            if asked.turns and asked.turns[-1][0] == "tool":
                asked.turns[-1][1].append(part)
            else:
                asked.turns.append(("tool", [part]))
        else:
            parts = parts_of(message.get("content"))
            for call in message.get("tool_calls") or []:
                what = call[call["type"]]
                names[call["id"]] = what["name"]
                parts.append(("tool_call", call["id"], what["name"],
                              what["input"] if call["type"] == "custom" else json.loads(what["arguments"])))
            asked.turns.append((role, parts))
    for tool in body.get("tools") or []:
        assert tool["type"] in ("function", "custom"), tool
        asked.tools[tool[tool["type"]]["name"]] = tool["function"].get("parameters") if tool["type"] == "function" else None
    if body.get("web_search_options") is not None:
        asked.hosted.append("web_search")
    choice = body.get("tool_choice")
    asked.tool_choice = choice["function"]["name"] if isinstance(choice, dict) else {"required": "any"}.get(choice, choice)
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        asked.schema = form["json_schema"]["schema"]
    stop = body.get("stop") or []
    asked.stops = [stop] if isinstance(stop, str) else stop
    asked.max_tokens = body.get("max_completion_tokens") or body.get("max_tokens")
    asked.temperature = body.get("temperature")
    asked.thinks = body.get("reasoning_effort") not in (None, "none")
    asked.wants_usage = not asked.is_streaming or (body.get("stream_options") or {}).get("include_usage", False)
    asked.choices = body.get("n") or 1
    return asked


def usage(reply):
    u = reply.usage
    if reply.tells_usage != "yes":
        return {}
    return {"usage": {"prompt_tokens": u["input"], "completion_tokens": u["output"], "total_tokens": u["input"] + u["output"],
            "prompt_tokens_details": {"cached_tokens": u["cached"], "audio_tokens": u["input_audio"], "image_tokens": u["input_image"]},
            "completion_tokens_details": {"reasoning_tokens": u["reasoning"], "audio_tokens": u["output_audio"],
                                          "image_tokens": u["output_image"]}}}


def call_of(id, name, arguments):
    if isinstance(arguments, str):
        return {"id": id, "type": "custom", "custom": {"name": name, "input": arguments}}
    return {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def whole(asked, reply):
    message = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = [call_of(*call) for call in reply.calls]
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": asked.model + "-0613",
            "choices": [{"index": index, "message": message, "logprobs": None, "finish_reason": FINISH[reply.finish]}
                        for index in range(asked.choices)]} | usage(reply)


def stream(asked, reply):
    def chunk(choices, **more):
        return b"data: " + json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
                                       "model": asked.model + "-0613", "choices": choices} | more).encode() + b"\n\n"

    def delta(finish=None, **fields):
        """The same for all choices, which take turns."""
        return b"".join(chunk([{"index": index, "delta": fields, "logprobs": None, "finish_reason": finish}])
                        for index in range(asked.choices))

    events = [delta(role="assistant", content="")]
    events += [delta(reasoning_content=piece) for piece in ([reply.thinking] if reply.thinking else [])]
    events += [delta(content=word) for word in reply.words()]
    for index, call in enumerate(call_of(*one) for one in reply.calls):
        kind, takes = call["type"], "input" if call["type"] == "custom" else "arguments"
        text = call[kind][takes]
        events.append(delta(tool_calls=[call | {"index": index, kind: call[kind] | {takes: ""}}]))
        events += [delta(tool_calls=[{"index": index, kind: {takes: text[at:at + 7]}}]) for at in range(0, len(text), 7)]
    events.append(delta(FINISH[reply.finish]))
    if asked.wants_usage and usage(reply):
        events.append(chunk([], **usage(reply)))
    return events + [b"data: [DONE]\n\n"]


def error(status, message):
    return {"x-request-id": "req-chat"}, {"error": {"message": message, "type": "server_error" if status >= 500 else "invalid_request_error",
                                                    "param": None, "code": "scripted"}}
