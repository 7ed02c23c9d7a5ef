"""Google's generateContent, the provider's side."""

import base64
import json
import re
from urllib.parse import unquote

PATHS = (":generateContent", ":streamGenerateContent")
CONTENT_TYPE = "text/event-stream"
FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tools": "STOP", "stop_sequence": "STOP"}


def camel(value):
    """Google takes every name in both cases; what is the caller's own stays as it is."""
    own = {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}
    if isinstance(value, list):
        return [camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub("_([a-z])", lambda found: found[1].upper(), name): one for name, one in value.items()}
    return {name: one if name in own else camel(one) for name, one in named.items()}


def parts_of(content):
    parts = []
    for part in content.get("parts") or []:
        if "text" in part:
            if not part.get("thought"):
                parts.append(("text", part["text"]))
        elif "inlineData" in part:
            media_type = part["inlineData"]["mimeType"]
            kind = "image" if media_type.startswith("image/") else "document"
            parts.append((kind, media_type, base64.b64decode(part["inlineData"]["data"])))
        elif "functionCall" in part:
            call = part["functionCall"]
            parts.append(("tool_call", call.get("id"), call["name"], call.get("args") or {}))
        elif "functionResponse" in part:
            result = part["functionResponse"]
            answer = result["response"]
            text = answer.get("result", answer.get("output", answer.get("error", json.dumps(answer))))
            parts.append(("tool_result", result.get("id"), result["name"], text if isinstance(text, str) else json.dumps(text),
                          "error" in answer))
        elif "fileData" in part:
            parts.append(("image", "url", part["fileData"]["fileUri"].encode()))
        else:
            raise AssertionError(f"gemini knows no part like {list(part)}")
    return parts


def read(asked_type, path, body):
    body = camel(body)
    model = unquote(re.search(r"/models/(.+):", path)[1])
    asked = asked_type(model=model, is_streaming=":stream" in path)
    asked.system = [text for _, text in parts_of(body.get("systemInstruction") or {})]
    for content in body["contents"]:
        assert content.get("role", "user") in ("user", "model"), content
        asked.turns.append((content.get("role", "user"), parts_of(content)))
    for tool in body.get("tools") or []:
        for function in tool.get("functionDeclarations") or []:
            asked.tools[function["name"]] = function.get("parametersJsonSchema") or function.get("parameters")
        if "googleSearch" in tool:
            asked.hosted.append("web_search")
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    names = calling.get("allowedFunctionNames")
    asked.tool_choice = names[0] if names else (calling.get("mode") or "").lower() or None
    config = body.get("generationConfig") or {}
    asked.schema = config.get("responseJsonSchema") or config.get("responseSchema")
    asked.stops = config.get("stopSequences") or []
    asked.max_tokens = config.get("maxOutputTokens")
    asked.temperature = config.get("temperature")
    thinking = config.get("thinkingConfig") or {}
    asked.thinks = bool(thinking.get("includeThoughts") or thinking.get("thinkingBudget") or thinking.get("thinkingLevel"))
    asked.choices = config.get("candidateCount") or 1
    return asked


def usage(reply):
    u = reply.usage
    if reply.tells_usage != "yes":
        return {}
    return {"usageMetadata": {
        "promptTokenCount": u["input"], "cachedContentTokenCount": u["cached"], "thoughtsTokenCount": u["reasoning"],
        "candidatesTokenCount": u["output"] - u["reasoning"], "totalTokenCount": u["input"] + u["output"],
        "promptTokensDetails": details(u, "input"), "candidatesTokensDetails": details(u, "output")}}


def details(usage, side):
    counts = {kind: usage[f"{side}_{kind}"] for kind in ("audio", "image")}
    return [{"modality": kind.upper(), "tokenCount": count} for kind, count in counts.items() if count]


def answer(asked, reply, parts, finish=None):
    candidate = {"content": {"role": "model", "parts": parts}} | ({"finishReason": finish} if finish else {})
    return {"candidates": [candidate | {"index": index} for index in range(asked.choices)], "modelVersion": asked.model + "-001",
            "responseId": "resp-g"} | usage(reply)


def calls_of(reply):
    return [{"functionCall": {"id": id, "name": name, "args": arguments}, "thoughtSignature": "c2lnbmVk"} for id, name, arguments in reply.calls]


def whole(asked, reply):
    parts = [{"text": reply.thinking, "thought": True}] if reply.thinking else []
    if reply.text or not reply.calls:
        parts.append({"text": reply.text})
    return answer(asked, reply, parts + calls_of(reply), FINISH[reply.finish])


def stream(asked, reply):
    pieces = [[{"text": reply.thinking, "thought": True}]] if reply.thinking else []
    pieces += [[{"text": word}] for word in reply.words()] + [[call] for call in calls_of(reply)]
    answers = [answer(asked, reply, parts) for parts in pieces] + [answer(asked, reply, [{"text": ""}], FINISH[reply.finish])]
    for number, early in enumerate(answers[:-1], 1):  # so far
        if "usageMetadata" in early:
            early["usageMetadata"] |= {"candidatesTokenCount": number, "totalTokenCount": reply.usage["input"] + number,
                                       "thoughtsTokenCount": 0, "candidatesTokensDetails": []}
    return [b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in answers]


def error(status, message):
    names = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
    return {}, {"error": {"code": status, "message": message, "status": names.get(status, "INTERNAL")}}
