// Chat completions by the official OpenAI SDK.
import OpenAI from "openai";
import { citySchema, run, weather } from "./scenarios.mjs";

const sdk = new OpenAI({ maxRetries: 0 });
const finishes = { stop: "stop", length: "length", tool_calls: "tools" };

function messagesOf(turns) {
  return turns.flatMap((turn) => {
    if (turn.user) return [{ role: "user", content: turn.user }];
    if (turn.assistant) return [turn.assistant.raw];
    if (turn.results) return turn.results.map(({ id, text }) => ({ role: "tool", tool_call_id: id, content: text }));
    const url = `data:image/png;base64,${turn.image}`;
    return [{ role: "user", content: [{ type: "text", text: turn.text }, { type: "image_url", image_url: { url } }] }];
  });
}

// Deltas into one message: texts grow, entries of a list grow by their index, all else is as last said.
function grow(message, delta) {
  for (const [name, value] of Object.entries(delta)) {
    if (Array.isArray(value)) {
      message[name] ??= [];
      for (const entry of value) {
        const { index, ...fields } = entry;
        grow((message[name][index] ??= {}), fields);
      }
    } else if (typeof value === "string" && !["id", "role", "type", "format"].includes(name)) {
      message[name] = (message[name] ?? "") + value;
    } else if (value !== null && typeof value === "object") {
      grow((message[name] ??= {}), value);
    } else if (value !== null) {
      message[name] = value;
    }
  }
}

async function gather(chunks) {
  const message = {};
  let finish = null;
  let usage = null;
  for await (const chunk of chunks) {
    for (const choice of chunk.choices) {
      grow(message, choice.delta);
      finish = choice.finish_reason ?? finish;
    }
    usage = chunk.usage ?? usage;
  }
  return { message, finish, usage };
}

async function ask(model, turns, { system, tools, schema, think, stream }) {
  const body = { model, messages: messagesOf(turns), max_completion_tokens: 2000 };
  if (system) body.messages.unshift({ role: "system", content: system });
  if (tools) {
    const { name, description } = weather;
    body.tools = [{ type: "function", function: { name, description, parameters: weather.schema } }];
  }
  if (schema) {
    body.response_format = { type: "json_schema", json_schema: { name: "city", schema: citySchema, strict: true } };
  }
  if (think) body.reasoning_effort = "high";
  let answer;
  if (stream) {
    const options = { ...body, stream: true, stream_options: { include_usage: true } };
    answer = await gather(await sdk.chat.completions.create(options));
  } else {
    const { choices, usage } = await sdk.chat.completions.create(body);
    answer = { message: choices[0].message, finish: choices[0].finish_reason, usage };
  }
  const { message, finish, usage } = answer;
  return {
    text: message.content ?? "",
    thinking: message.reasoning_content ?? "",
    calls: (message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      arguments: JSON.parse(call.function.arguments),
    })),
    finish: finishes[finish],
    usage: {
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
    },
    raw: message,
  };
}

const refusalOf = (error) => ({
  type: error.constructor.name,
  status: error.status,
  message: error.message,
  retryAfter: error.headers?.get("retry-after"),
});

await run({ ask, refusalOf }, process.argv.slice(2));
