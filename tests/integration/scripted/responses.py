"""OpenAI responses, the provider's side."""

import base64
import json

PATHS = ("/responses",)
CONTENT_TYPE = "text/event-stream"
HOSTED = ("web_search", "tool_search")


def parts_of(content):
    if isinstance(content, str):
        return [("text", content)]
    parts = []
    for part in content:
        kind = part["type"]
        if kind in ("input_text", "output_text", "text"):
            parts.append(("text", part["text"]))
        elif kind == "input_image":
            url = part["image_url"]
            head, _, data = url.partition(",")
            parts.append(("image", head[5:].split(";")[0], base64.b64decode(data)) if url.startswith("data:") else ("image", "url", url.encode()))
        elif kind == "input_file":
            head, _, data = part["file_data"].partition(",")
            parts.append(("document", head[5:].split(";")[0], base64.b64decode(data)))
        else:
            raise AssertionError(f"responses knows no part of type {kind}")
    return parts


def read(asked_type, path, body):
    asked = asked_type(model=body["model"], is_streaming=body.get("stream") or False)
    if body.get("instructions"):
        asked.system.append(body["instructions"])
    items = body["input"]
    names = {}
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        kind = item.get("type", "message")
        if kind == "message" and item["role"] in ("system", "developer"):
            asked.system += [text for _, text in parts_of(item["content"])]
        elif kind == "message":
            asked.turns.append((item["role"], parts_of(item["content"])))
        elif kind == "function_call":
            names[item["call_id"]] = item["name"]
            asked.turns.append(("assistant", [("tool_call", item["call_id"], item["name"], json.loads(item["arguments"]))]))
        elif kind == "custom_tool_call":
            names[item["call_id"]] = item["name"]
            asked.turns.append(("assistant", [("tool_call", item["call_id"], item["name"], item["input"])]))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            output = item["output"]
            text = output if isinstance(output, str) else "".join(p[1] for p in parts_of(output))
            part = ("tool_result", item["call_id"], names[item["call_id"]], text, False)
            if asked.turns and asked.turns[-1][0] == "tool":
                asked.turns[-1][1].append(part)
            else:
                asked.turns.append(("tool", [part]))
        elif kind == "reasoning":
            assert item.get("encrypted_content"), "reasoning without its signature is worth nothing"
        else:
            raise AssertionError(f"responses knows no item of type {kind}")
    for tool in body.get("tools") or []:
        if tool["type"] in HOSTED:
            asked.hosted.append(tool["type"])
            continue
        for one in tool["tools"] if tool["type"] == "namespace" else [tool]:
            assert one["type"] in ("function", "custom"), one
            asked.tools[one["name"]] = one.get("parameters") if one["type"] == "function" else None
    choice = body.get("tool_choice")
    asked.tool_choice = choice["name"] if isinstance(choice, dict) else {"required": "any"}.get(choice, choice)
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        asked.schema = form["schema"]
    asked.max_tokens = body.get("max_output_tokens")
    asked.temperature = body.get("temperature")
    asked.thinks = (body.get("reasoning") or {}).get("effort") not in (None, "none")
    return asked


def items_of(reply):
    items = []
    if reply.thinking:
        items.append({"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": reply.thinking}],
                      "encrypted_content": "c2lnbmVk"})
    if reply.text or not reply.calls:
        items.append({"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
                      "content": [{"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}]})
    for index, (id, name, arguments) in enumerate(reply.calls):
        item = {"id": f"fc_{index}", "type": "function_call", "status": "completed", "call_id": id, "name": name}
        if isinstance(arguments, str):
            items.append(item | {"type": "custom_tool_call", "input": arguments})
        else:
            items.append(item | {"arguments": json.dumps(arguments)})
    return items


def response(asked, reply, status, items):
    u = reply.usage
    ends_short = status == "incomplete"
    return {"id": "resp_1", "object": "response", "created_at": 1700000000, "status": status, "background": False, "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if ends_short else None, "instructions": None,
            "max_output_tokens": asked.max_tokens, "model": asked.model + "-2026", "output": items, "parallel_tool_calls": True,
            "previous_response_id": None, "reasoning": {"effort": None, "summary": None}, "store": False, "temperature": 1.0,
            "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled",
            "usage": None if status == "in_progress" or reply.tells_usage != "yes" else {
                "input_tokens": u["input"], "input_tokens_details": {"cached_tokens": u["cached"]},
                "output_tokens": u["output"], "output_tokens_details": {"reasoning_tokens": u["reasoning"]},
                "total_tokens": u["input"] + u["output"]},
            "user": None, "metadata": {}}


def status_of(reply):
    return "incomplete" if reply.finish == "length" else "completed"


def whole(asked, reply):
    return response(asked, reply, status_of(reply), items_of(reply))


def stream(asked, reply):
    events, number = [], iter(range(10 ** 6))

    def event(kind, **fields):
        data = {"type": kind, "sequence_number": next(number)} | fields
        events.append(f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode())

    event("response.created", response=response(asked, reply, "in_progress", []))
    event("response.in_progress", response=response(asked, reply, "in_progress", []))
    for at, item in enumerate(items_of(reply)):
        where = {"item_id": item["id"], "output_index": at}
        if item["type"] == "reasoning":
            event("response.output_item.added", output_index=at, item=item | {"summary": []})
            event("response.reasoning_summary_part.added", summary_index=0, part={"type": "summary_text", "text": ""}, **where)
            event("response.reasoning_summary_text.delta", summary_index=0, delta=reply.thinking, **where)
            event("response.reasoning_summary_text.done", summary_index=0, text=reply.thinking, **where)
            event("response.reasoning_summary_part.done", summary_index=0, part=item["summary"][0], **where)
        elif item["type"] == "message":
            event("response.output_item.added", output_index=at, item=item | {"content": [], "status": "in_progress"})
            event("response.content_part.added", content_index=0, part=item["content"][0] | {"text": ""}, **where)
            for word in reply.words():
                event("response.output_text.delta", content_index=0, delta=word, logprobs=[], **where)
            event("response.output_text.done", content_index=0, text=reply.text, logprobs=[], **where)
            event("response.content_part.done", content_index=0, part=item["content"][0], **where)
        elif item["type"] == "custom_tool_call":
            event("response.output_item.added", output_index=at, item=item | {"input": "", "status": "in_progress"})
            for begin in range(0, len(item["input"]), 7):
                event("response.custom_tool_call_input.delta", delta=item["input"][begin:begin + 7], **where)
            event("response.custom_tool_call_input.done", input=item["input"], **where)
        else:
            event("response.output_item.added", output_index=at, item=item | {"arguments": "", "status": "in_progress"})
            for begin in range(0, len(item["arguments"]), 7):
                event("response.function_call_arguments.delta", delta=item["arguments"][begin:begin + 7], **where)
            event("response.function_call_arguments.done", arguments=item["arguments"], **where)
        event("response.output_item.done", output_index=at, item=item)
    event(f"response.{status_of(reply)}", response=whole(asked, reply))
    return events


def error(status, message):
    return {"x-request-id": "req-responses"}, {"error": {"message": message, "type": "server_error" if status >= 500 else "invalid_request_error",
                                                         "param": None, "code": "scripted"}}
