// Messages by the official Anthropic SDK.
import Anthropic from "@anthropic-ai/sdk";
import { citySchema, run, weather } from "./scenarios.mjs";

const sdk = new Anthropic({ maxRetries: 0 });
const finishes = { end_turn: "stop", max_tokens: "length", tool_use: "tools", stop_sequence: "stop" };

function messagesOf(turns) {
  return turns.map((turn) => {
    if (turn.user) return { role: "user", content: turn.user };
    if (turn.assistant) return { role: "assistant", content: turn.assistant.raw };
    if (turn.results) {
      const content = turn.results.map(({ id, text }) => ({ type: "tool_result", tool_use_id: id, content: text }));
      return { role: "user", content };
    }
    const source = { type: "base64", media_type: "image/png", data: turn.image };
    return { role: "user", content: [{ type: "text", text: turn.text }, { type: "image", source }] };
  });
}

async function ask(model, turns, { system, tools, schema, think, stream }) {
  const body = { model, messages: messagesOf(turns), max_tokens: 2000 };
  if (system) body.system = system;
  if (tools) {
    const { name, description } = weather;
    body.tools = [{ name, description, input_schema: weather.schema }];
  }
  if (schema) body.output_config = { format: { type: "json_schema", schema: citySchema } };
  if (think) body.thinking = { type: "enabled", budget_tokens: 1024 };
  const answer = stream ? await sdk.messages.stream(body).finalMessage() : await sdk.messages.create(body);
  const blocks = (type) => answer.content.filter((block) => block.type === type);
  const cached = answer.usage.cache_read_input_tokens ?? 0;
  const written = answer.usage.cache_creation_input_tokens ?? 0;
  return {
    text: blocks("text").map((block) => block.text).join(""),
    thinking: blocks("thinking").map((block) => block.thinking).join(""),
    calls: blocks("tool_use").map((block) => ({ id: block.id, name: block.name, arguments: block.input })),
    finish: finishes[answer.stop_reason],
    usage: { input: answer.usage.input_tokens + cached + written, output: answer.usage.output_tokens, cached },
    raw: answer.content,
  };
}

const countTokens = async (model, turns) =>
  (await sdk.messages.countTokens({ model, messages: messagesOf(turns) })).input_tokens;

const refusalOf = (error) => ({
  type: error.constructor.name,
  status: error.status,
  message: error.message,
  retryAfter: error.headers?.get("retry-after"),
});

await run({ ask, countTokens, refusalOf }, process.argv.slice(2));
