// generateContent by the official Google SDK. GEMINI_BASE_URL is where the gateway is.
import { GoogleGenAI } from "@google/genai";
import { citySchema, run, weather } from "./scenarios.mjs";

const sdk = new GoogleGenAI({
  apiKey: process.env.GEMINI_API_KEY,
  httpOptions: { baseUrl: process.env.GEMINI_BASE_URL, retryOptions: { attempts: 1 } },
});

function contentsOf(turns) {
  return turns.map((turn) => {
    if (turn.user) return { role: "user", parts: [{ text: turn.user }] };
    if (turn.assistant) return { role: "model", parts: turn.assistant.raw };
    if (turn.results) {
      const parts = turn.results.map(({ id, name, text }) => ({ functionResponse: { id, name, response: { result: text } } }));
      return { role: "user", parts };
    }
    return { role: "user", parts: [{ text: turn.text }, { inlineData: { mimeType: "image/png", data: turn.image } }] };
  });
}

async function ask(model, turns, { system, tools, schema, think, stream }) {
  const config = { maxOutputTokens: 2000 };
  if (system) config.systemInstruction = system;
  if (tools) {
    const { name, description } = weather;
    config.tools = [{ functionDeclarations: [{ name, description, parametersJsonSchema: weather.schema }] }];
  }
  if (schema) Object.assign(config, { responseMimeType: "application/json", responseJsonSchema: citySchema });
  if (think) config.thinkingConfig = { includeThoughts: true, thinkingBudget: 1024 };
  const request = { model, contents: contentsOf(turns), config };
  const answers = [];
  if (stream) {
    for await (const answer of await sdk.models.generateContentStream(request)) answers.push(answer);
  } else {
    answers.push(await sdk.models.generateContent(request));
  }
  const candidates = answers.flatMap((answer) => answer.candidates ?? []);
  const parts = candidates.flatMap((candidate) => candidate.content?.parts ?? []);
  const calls = parts
    .filter((part) => part.functionCall)
    .map(({ functionCall }) => ({ id: functionCall.id, name: functionCall.name, arguments: functionCall.args }));
  const reason = candidates.map((candidate) => candidate.finishReason).filter(Boolean).at(-1);
  const usage = answers.map((answer) => answer.usageMetadata).filter(Boolean).at(-1);
  const said = (isThought) =>
    parts.filter((part) => part.text && Boolean(part.thought) === isThought).map((part) => part.text).join("");
  return {
    text: said(false),
    thinking: said(true),
    calls,
    finish: calls.length > 0 ? "tools" : { STOP: "stop", MAX_TOKENS: "length" }[reason],
    usage: {
      input: usage.promptTokenCount,
      output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
      cached: usage.cachedContentTokenCount ?? 0,
    },
    raw: parts,
  };
}

const countTokens = async (model, turns) =>
  (await sdk.models.countTokens({ model, contents: contentsOf(turns) })).totalTokens;

const refusalOf = (error) => ({ type: error.constructor.name, status: error.status, message: error.message });

await run({ ask, countTokens, refusalOf }, process.argv.slice(2));
