"""The official SDKs behind one face: each asks the same things in its own dialect and tells what came back.

A conversation is a list of turns: ("user", text), ("image", media type, bytes, text), ("assistant", Got) and
("tools", [(call id, name, text, is_error)])."""

import base64
import json
from dataclasses import dataclass, field

import anthropic
import boto3
import botocore.exceptions
import openai
from botocore.config import Config
from google import genai
from google.genai import errors as genai_errors
from google.genai import types as genai_types

CITY_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
               "required": ["city", "degrees"], "additionalProperties": False}
WEATHER_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "note": {"type": "string"}}, "required": ["city"]}
DESCRIPTION = "The weather in a city"


@dataclass
class Got:
    text: str = ""
    thinking: str = ""
    calls: list = field(default_factory=list)  # (id, name, arguments)
    finish: str = ""
    usage: dict = field(default_factory=dict)  # input, output: all of each
    raw: object = None  # what the SDK wants back as the assistant's turn


@dataclass
class Refused(Exception):
    status: int
    message: str
    retry_after: str | None = None


class Chat:
    name = "chat"
    finishes = {"stop": "stop", "length": "length", "tool_calls": "tools"}

    def __init__(self, url, key, model):
        self.sdk = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=60)
        self.model = model

    def messages(self, turns, system):
        messages = [{"role": "system", "content": system}] if system else []
        for kind, *what in turns:
            if kind == "user":
                messages.append({"role": "user", "content": what[0]})
            elif kind == "image":
                url = f"data:{what[0]};base64,{base64.b64encode(what[1]).decode()}"
                messages.append({"role": "user", "content": [{"type": "text", "text": what[2]},
                                                             {"type": "image_url", "image_url": {"url": url}}]})
            elif kind == "assistant":
                messages.append(what[0].raw)
            else:
                messages += [{"role": "tool", "tool_call_id": id, "content": text} for id, _, text, _ in what[0]]
        return messages

    def ask(self, turns, system=None, tools=False, schema=False, think=False, stop=None, max_tokens=2000, stream=False):
        options = {"model": self.model, "messages": self.messages(turns, system), "max_completion_tokens": max_tokens}
        if tools:
            options["tools"] = [{"type": "function", "function": {"name": "get_weather", "description": DESCRIPTION,
                                                                  "parameters": WEATHER_SCHEMA}}]
        if schema:
            options["response_format"] = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY_SCHEMA, "strict": True}}
        if think:
            options["reasoning_effort"] = "high"
        if stop:
            options["stop"] = [stop]
        try:
            if not stream:
                answer = self.sdk.chat.completions.create(**options)
            else:
                with self.sdk.chat.completions.stream(**options, stream_options={"include_usage": True}) as events:
                    for _ in events:
                        pass
                    answer = events.get_final_completion()
        except openai.LengthFinishReasonError as cut:  # the SDK's word for an answer that reached its maximum
            answer = cut.completion
        except openai.APIStatusError as error:
            raise Refused(error.status_code, error.message, error.response.headers.get("retry-after")) from error
        message, usage = answer.choices[0].message, answer.usage
        calls = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
        raw = {"role": "assistant", "content": message.content}
        if calls:
            raw["tool_calls"] = [{"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}}
                                 for call in message.tool_calls]
        if getattr(message, "reasoning_details", None):
            raw["reasoning_details"] = message.reasoning_details
        return Got(message.content or "", getattr(message, "reasoning_content", None) or "", calls,
                   self.finishes[answer.choices[0].finish_reason],
                   {"input": usage.prompt_tokens, "output": usage.completion_tokens,
                    "cached": usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0}, raw)


class Responses:
    name = "responses"

    def __init__(self, url, key, model):
        self.sdk = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=60)
        self.model = model

    def items(self, turns):
        items = []
        for kind, *what in turns:
            if kind == "user":
                items.append({"role": "user", "content": what[0]})
            elif kind == "image":
                url = f"data:{what[0]};base64,{base64.b64encode(what[1]).decode()}"
                items.append({"role": "user", "content": [{"type": "input_text", "text": what[2]},
                                                          {"type": "input_image", "image_url": url, "detail": "auto"}]})
            elif kind == "assistant":
                items += what[0].raw
            else:
                items += [{"type": "function_call_output", "call_id": id, "output": text} for id, _, text, _ in what[0]]
        return items

    def ask(self, turns, system=None, tools=False, schema=False, think=False, stop=None, max_tokens=2000, stream=False):
        assert stop is None, "responses has no stop sequences"
        options = {"model": self.model, "input": self.items(turns), "max_output_tokens": max_tokens, "store": False}
        if system:
            options["instructions"] = system
        if tools:
            options["tools"] = [{"type": "function", "name": "get_weather", "description": DESCRIPTION,
                                 "parameters": WEATHER_SCHEMA, "strict": False}]
        if schema:
            options["text"] = {"format": {"type": "json_schema", "name": "city", "schema": CITY_SCHEMA, "strict": True}}
        if think:
            options |= {"reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
        try:
            if not stream:
                answer = self.sdk.responses.create(**options)
            else:
                with self.sdk.responses.stream(**options) as events:
                    for event in events:
                        if event.type == "response.incomplete":
                            break
                    answer = event.response if event.type == "response.incomplete" else events.get_final_response()
        except openai.APIStatusError as error:
            raise Refused(error.status_code, error.message, error.response.headers.get("retry-after")) from error
        calls = [(item.call_id, item.name, json.loads(item.arguments)) for item in answer.output if item.type == "function_call"]
        thinking = "".join(part.text for item in answer.output if item.type == "reasoning" for part in item.summary)
        finish = "tools" if calls else "length" if answer.status == "incomplete" else "stop"
        return Got(answer.output_text, thinking, calls, finish,
                   {"input": answer.usage.input_tokens, "output": answer.usage.output_tokens,
                    "cached": answer.usage.input_tokens_details.cached_tokens if answer.usage.input_tokens_details else 0},
                   [item.model_dump(exclude_none=True, exclude={"parsed_arguments", "parsed"}) for item in answer.output])


class Messages:
    name = "messages"
    finishes = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tools", "stop_sequence": "stop"}

    def __init__(self, url, key, model):
        self.sdk = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=60)
        self.model = model

    def messages(self, turns):
        messages = []
        for kind, *what in turns:
            if kind == "user":
                messages.append({"role": "user", "content": what[0]})
            elif kind == "image":
                source = {"type": "base64", "media_type": what[0], "data": base64.b64encode(what[1]).decode()}
                messages.append({"role": "user", "content": [{"type": "text", "text": what[2]}, {"type": "image", "source": source}]})
            elif kind == "assistant":
                messages.append({"role": "assistant", "content": what[0].raw})
            else:
                messages.append({"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": id, "content": text, "is_error": is_error} for id, _, text, is_error in what[0]]})
        return messages

    def ask(self, turns, system=None, tools=False, schema=False, think=False, stop=None, max_tokens=2000, stream=False):
        options = {"model": self.model, "messages": self.messages(turns), "max_tokens": max_tokens}
        if system:
            options["system"] = system
        if tools:
            options["tools"] = [{"name": "get_weather", "description": DESCRIPTION, "input_schema": WEATHER_SCHEMA}]
        if schema:
            options["output_config"] = {"format": {"type": "json_schema", "schema": CITY_SCHEMA}}
        if think:
            options["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if stop:
            options["stop_sequences"] = [stop]
        try:
            if not stream:
                answer = self.sdk.messages.create(**options)
            else:
                with self.sdk.messages.stream(**options) as events:
                    answer = events.get_final_message()
        except anthropic.APIStatusError as error:
            raise Refused(error.status_code, error.message, error.response.headers.get("retry-after")) from error
        usage = answer.usage
        cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        return Got("".join(block.text for block in answer.content if block.type == "text"),
                   "".join(block.thinking for block in answer.content if block.type == "thinking"),
                   [(block.id, block.name, block.input) for block in answer.content if block.type == "tool_use"],
                   self.finishes[answer.stop_reason],
                   {"input": usage.input_tokens + cached + written, "output": usage.output_tokens, "cached": cached},
                   [block.model_dump(exclude_none=True) for block in answer.content])


class Gemini:
    name = "gemini"

    def __init__(self, url, key, model):
        self.sdk = genai.Client(api_key=key, http_options=genai_types.HttpOptions(base_url=url, timeout=60000))
        self.model = model

    def contents(self, turns):
        contents = []
        for kind, *what in turns:
            if kind == "user":
                contents.append(genai_types.UserContent(what[0]))
            elif kind == "image":
                contents.append(genai_types.UserContent([what[2], genai_types.Part.from_bytes(data=what[1], mime_type=what[0])]))
            elif kind == "assistant":
                contents.append(what[0].raw)
            else:
                contents.append(genai_types.Content(role="user", parts=[
                    genai_types.Part(function_response=genai_types.FunctionResponse(
                        id=id, name=name, response={"error" if is_error else "result": text})) for id, name, text, is_error in what[0]]))
        return contents

    def ask(self, turns, system=None, tools=False, schema=False, think=False, stop=None, max_tokens=2000, stream=False):
        config = genai_types.GenerateContentConfig(max_output_tokens=max_tokens, system_instruction=system)
        if tools:
            config.tools = [genai_types.Tool(function_declarations=[genai_types.FunctionDeclaration(
                name="get_weather", description=DESCRIPTION, parameters_json_schema=WEATHER_SCHEMA)])]
            config.automatic_function_calling = genai_types.AutomaticFunctionCallingConfig(disable=True)
        if schema:
            config.response_mime_type, config.response_json_schema = "application/json", CITY_SCHEMA
        if think:
            config.thinking_config = genai_types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
        if stop:
            config.stop_sequences = [stop]
        try:
            if stream:
                answers = list(self.sdk.models.generate_content_stream(model=self.model, contents=self.contents(turns), config=config))
            else:
                answers = [self.sdk.models.generate_content(model=self.model, contents=self.contents(turns), config=config)]
        except genai_errors.APIError as error:
            raise Refused(error.code, error.message, error.response.headers.get("retry-after") if error.response is not None else None) from error
        parts = [part for answer in answers for candidate in answer.candidates or [] if candidate.content
                 for part in candidate.content.parts or []]
        calls = [(part.function_call.id, part.function_call.name, part.function_call.args) for part in parts if part.function_call]
        reason = [candidate.finish_reason for answer in answers for candidate in answer.candidates or [] if candidate.finish_reason][-1]
        usage = [answer.usage_metadata for answer in answers if answer.usage_metadata][-1]
        return Got("".join(part.text for part in parts if part.text and not part.thought),
                   "".join(part.text for part in parts if part.text and part.thought), calls,
                   "tools" if calls else {"STOP": "stop", "MAX_TOKENS": "length"}[reason.name],
                   {"input": usage.prompt_token_count, "cached": usage.cached_content_token_count or 0,
                    "output": (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)},
                   genai_types.Content(role="model", parts=parts))


class Converse:
    name = "converse"
    finishes = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tools", "stop_sequence": "stop"}

    def __init__(self, url, key, model):
        # The SDK signs with keys that the gateway cannot know; its bearer token is the gateway's key.
        self.sdk = boto3.client("bedrock-runtime", endpoint_url=url + "/bedrock", region_name="us-east-1",
                                aws_access_key_id="none", aws_secret_access_key="none",
                                config=Config(retries={"max_attempts": 0}, read_timeout=60))
        self.sdk.meta.events.register("before-send.bedrock-runtime.*", self.authorize)
        self.key, self.model = key, model

    def authorize(self, request, **_):
        request.headers["Authorization"] = f"Bearer {self.key}"

    def messages(self, turns):
        messages = []
        for kind, *what in turns:
            if kind == "user":
                messages.append({"role": "user", "content": [{"text": what[0]}]})
            elif kind == "image":
                image = {"format": what[0].removeprefix("image/"), "source": {"bytes": what[1]}}
                messages.append({"role": "user", "content": [{"text": what[2]}, {"image": image}]})
            elif kind == "assistant":
                messages.append({"role": "assistant", "content": what[0].raw})
            else:
                messages.append({"role": "user", "content": [{"toolResult": {
                    "toolUseId": id, "content": [{"text": text}], "status": "error" if is_error else "success"}} for id, _, text, is_error in what[0]]})
        return messages

    def ask(self, turns, system=None, tools=False, schema=False, think=False, stop=None, max_tokens=2000, stream=False):
        options = {"modelId": self.model, "messages": self.messages(turns), "inferenceConfig": {"maxTokens": max_tokens}}
        if system:
            options["system"] = [{"text": system}]
        if tools:
            options["toolConfig"] = {"tools": [{"toolSpec": {"name": "get_weather", "description": DESCRIPTION,
                                                             "inputSchema": {"json": WEATHER_SCHEMA}}}]}
        if schema:
            options["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {
                "jsonSchema": {"schema": json.dumps(CITY_SCHEMA), "name": "city"}}}}
        if think:
            options["additionalModelRequestFields"] = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
        if stop:
            options["inferenceConfig"]["stopSequences"] = [stop]
        try:
            if not stream:
                answer = self.sdk.converse(**options)
                blocks, reason, usage = answer["output"]["message"]["content"], answer["stopReason"], answer["usage"]
            else:
                blocks, reason, usage = self.gather(self.sdk.converse_stream(**options)["stream"])
        except botocore.exceptions.ClientError as error:
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
            raise Refused(error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"],
                          headers.get("retry-after")) from error
        thinking = "".join(block["reasoningContent"]["reasoningText"]["text"] for block in blocks
                           if "reasoningText" in block.get("reasoningContent", {}))
        return Got("".join(block.get("text", "") for block in blocks), thinking,
                   [(block["toolUse"]["toolUseId"], block["toolUse"]["name"], block["toolUse"]["input"]) for block in blocks if "toolUse" in block],
                   self.finishes[reason],
                   {"input": usage["inputTokens"] + usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0),
                    "output": usage["outputTokens"], "cached": usage.get("cacheReadInputTokens", 0)}, blocks)

    def gather(self, events):
        blocks, reason, usage = {}, None, None
        for event in events:
            if "contentBlockStart" in event:
                start = event["contentBlockStart"]
                blocks[start["contentBlockIndex"]] = {"toolUse": start["start"]["toolUse"] | {"input": ""}} if "toolUse" in start["start"] else {}
            elif "contentBlockDelta" in event:
                block = blocks.setdefault(event["contentBlockDelta"]["contentBlockIndex"], {})
                delta = event["contentBlockDelta"]["delta"]
                if "text" in delta:
                    block["text"] = block.get("text", "") + delta["text"]
                elif "toolUse" in delta:
                    block["toolUse"]["input"] += delta["toolUse"]["input"]
                elif "redactedContent" in delta["reasoningContent"]:
                    reasoning = block.setdefault("reasoningContent", {})
                    reasoning["redactedContent"] = reasoning.get("redactedContent", b"") + delta["reasoningContent"]["redactedContent"]
                else:
                    reasoning = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
                    for name, text in delta["reasoningContent"].items():
                        reasoning[name] = reasoning.get(name, "") + text
            elif "messageStop" in event:
                reason = event["messageStop"]["stopReason"]
            elif "metadata" in event:
                usage = event["metadata"]["usage"]
        for block in blocks.values():
            if "toolUse" in block:
                block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
        return [blocks[index] for index in sorted(blocks)], reason, usage


CLIENTS = {client.name: client for client in (Chat, Responses, Messages, Gemini, Converse)}
