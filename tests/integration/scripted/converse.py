"""Amazon Bedrock's Converse, the provider's side."""

import base64
import json
import re
import struct
import zlib
from urllib.parse import unquote

PATHS = ("/converse", "/converse-stream")
CONTENT_TYPE = "application/vnd.amazon.eventstream"
FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "stop_sequence": "stop_sequence"}


def parts_of(blocks, names):
    parts = []
    for block in blocks:
        kind = next(iter(block))
        if kind == "text":
            parts.append(("text", block["text"]))
        elif kind in ("image", "document"):
            parts.append((kind, f"{'image' if kind == 'image' else 'application'}/{block[kind]['format']}",
                          base64.b64decode(block[kind]["source"]["bytes"])))
        elif kind == "toolUse":
            assert isinstance(block[kind]["input"], dict), block
            names[block[kind]["toolUseId"]] = block[kind]["name"]
            parts.append(("tool_call", block[kind]["toolUseId"], block[kind]["name"], block[kind]["input"]))
        elif kind == "toolResult":
            result = block[kind]
            text = "".join(part.get("text") or json.dumps(part.get("json")) for part in result["content"])
            parts.append(("tool_result", result["toolUseId"], names[result["toolUseId"]], text, result.get("status") == "error"))
        elif kind == "reasoningContent":
            assert block[kind]["reasoningText"]["signature"] == "c2lnbmVk", block
        else:
            assert kind == "cachePoint", f"converse knows no block {kind}"
    return parts


def read(asked_type, path, body):
    asked = asked_type(model=unquote(re.search(r"/model/(.+)/converse", path)[1]), is_streaming=path.endswith("-stream"))
    asked.system = [block["text"] for block in body.get("system") or [] if "text" in block]
    names, last = {}, None
    for message in body["messages"]:
        assert message["role"] in ("user", "assistant") and message["role"] != last, message
        last = message["role"]
        asked.turns.append((message["role"], parts_of(message["content"], names)))
    config = body.get("toolConfig") or {}
    for tool in config.get("tools") or []:
        if "toolSpec" in tool:
            asked.tools[tool["toolSpec"]["name"]] = tool["toolSpec"]["inputSchema"]["json"]
    choice = config.get("toolChoice") or {}
    asked.tool_choice = choice["tool"]["name"] if "tool" in choice else next(iter(choice), None)
    inference = body.get("inferenceConfig") or {}
    form = ((body.get("outputConfig") or {}).get("textFormat") or {})
    if form.get("type") == "json_schema":
        asked.schema = json.loads(form["structure"]["jsonSchema"]["schema"])
    asked.stops = inference.get("stopSequences") or []
    asked.max_tokens = inference.get("maxTokens")
    asked.temperature = inference.get("temperature")
    more = body.get("additionalModelRequestFields") or {}
    asked.thinks = (more.get("thinking") or more.get("reasoning_config") or {}).get("type") in ("enabled", "adaptive")
    return asked


def usage(reply):
    u = reply.usage
    if reply.tells_usage != "yes":
        return {}
    by_lifetime = [{"ttl": "5m", "inputTokens": u["cache_write"] - u["cache_write_1h"]}, {"ttl": "1h", "inputTokens": u["cache_write_1h"]}]
    return {"usage": {"inputTokens": u["input"] - u["cached"] - u["cache_write"], "outputTokens": u["output"],
            "totalTokens": u["input"] + u["output"], "cacheReadInputTokens": u["cached"], "cacheWriteInputTokens": u["cache_write"],
            **({"cacheDetails": by_lifetime} if u["cache_write_1h"] else {})}}


def blocks_of(reply):
    blocks = []
    if reply.thinking:
        blocks.append({"reasoningContent": {"reasoningText": {"text": reply.thinking, "signature": "c2lnbmVk"}}})
    if reply.text or not reply.calls:
        blocks.append({"text": reply.text})
    return blocks + [{"toolUse": {"toolUseId": id, "name": name, "input": arguments}} for id, name, arguments in reply.calls]


def whole(asked, reply):
    return {"metrics": {"latencyMs": 12}, "output": {"message": {"role": "assistant", "content": blocks_of(reply)}},
            "stopReason": FINISH[reply.finish]} | usage(reply)


def frame(kind, payload, message_type="event"):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the framing."""
    named = {"event": ":event-type", "exception": ":exception-type"}[message_type]
    headers = b""
    for name, value in ((named, kind), (":content-type", "application/json"), (":message-type", message_type)):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 12 + len(headers) + len(body) + 4, len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def stream(asked, reply):
    events = [frame("messageStart", {"role": "assistant"})]
    for index, block in enumerate(blocks_of(reply)):
        def delta(what):
            events.append(frame("contentBlockDelta", {"contentBlockIndex": index, "delta": what}))
        if "toolUse" in block:
            use = block["toolUse"]
            events.append(frame("contentBlockStart", {"contentBlockIndex": index, "start": {
                "toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}}))
            text = json.dumps(use["input"])
            for at in range(0, len(text), 7):
                delta({"toolUse": {"input": text[at:at + 7]}})
        elif "text" in block:
            for word in reply.words():
                delta({"text": word})
        else:
            delta({"reasoningContent": {"text": reply.thinking}})
            delta({"reasoningContent": {"signature": "c2lnbmVk"}})
        events.append(frame("contentBlockStop", {"contentBlockIndex": index}))
    events.append(frame("messageStop", {"stopReason": FINISH[reply.finish]}))
    return events + [frame("metadata", {"metrics": {"latencyMs": 12}} | usage(reply))]


def error(status, message):
    names = {400: "ValidationException", 429: "ThrottlingException", 503: "ServiceUnavailableException"}
    return {"x-amzn-requestid": "req-converse", "x-amzn-errortype": names.get(status, "InternalServerException")}, {"message": message}
