// Responses by the official OpenAI SDK.
import OpenAI from "openai";
import { citySchema, run, weather } from "./scenarios.mjs";

const sdk = new OpenAI({ maxRetries: 0 });

function inputOf(turns) {
  return turns.flatMap((turn) => {
    if (turn.user) return [{ role: "user", content: turn.user }];
    if (turn.assistant) return turn.assistant.raw;
    if (turn.results) {
      return turn.results.map(({ id, text }) => ({ type: "function_call_output", call_id: id, output: text }));
    }
    const image = { type: "input_image", image_url: `data:image/png;base64,${turn.image}`, detail: "auto" };
    return [{ role: "user", content: [{ type: "input_text", text: turn.text }, image] }];
  });
}

async function ask(model, turns, { system, tools, schema, think, stream }) {
  const body = { model, input: inputOf(turns), max_output_tokens: 2000, store: false };
  if (system) body.instructions = system;
  if (tools) {
    const { name, description } = weather;
    body.tools = [{ type: "function", name, description, parameters: weather.schema, strict: false }];
  }
  if (schema) body.text = { format: { type: "json_schema", name: "city", schema: citySchema, strict: true } };
  if (think) {
    body.reasoning = { effort: "high", summary: "auto" };
    body.include = ["reasoning.encrypted_content"];
  }
  const answer = stream ? await sdk.responses.stream(body).finalResponse() : await sdk.responses.create(body);
  const calls = answer.output
    .filter((item) => item.type === "function_call")
    .map((item) => ({ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) }));
  return {
    text: answer.output_text,
    thinking: answer.output
      .filter((item) => item.type === "reasoning")
      .flatMap((item) => item.summary.map((part) => part.text))
      .join(""),
    calls,
    finish: calls.length > 0 ? "tools" : answer.status === "incomplete" ? "length" : "stop",
    usage: {
      input: answer.usage.input_tokens,
      output: answer.usage.output_tokens,
      cached: answer.usage.input_tokens_details.cached_tokens,
    },
    raw: answer.output.map(({ parsed_arguments, ...item }) => item),
  };
}

const refusalOf = (error) => ({
  type: error.constructor.name,
  status: error.status,
  message: error.message,
  retryAfter: error.headers?.get("retry-after"),
});

await run({ ask, refusalOf }, process.argv.slice(2));
