// What each SDK is made to do, the same for all, against one model. A client is one face of an SDK (see the other files):
// ask(model, turns, options) answers {text, thinking, calls, finish, usage, raw} or throws what refusalOf() can read.
//
// A conversation is a list of turns: {user}, {image, text}, {assistant: an earlier answer} and {results: [{id, name, text}]}.

export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==";
export const weather = {
  name: "get_weather",
  description: "The weather in a city",
  schema: {
    type: "object",
    properties: { city: { type: "string" }, note: { type: "string" } },
    required: ["city"],
  },
};
export const citySchema = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
};

const question = [{ user: "what is “new”?\n\t☕ 😀" }];

async function useTools(ask) {
  const turns = [{ user: "the weather in Paris and Rome, please" }];
  const called = await ask(turns, { tools: true });
  const results = called.calls.map((call, i) => ({ id: call.id, name: call.name, text: ["sunny", "rainy"][i] }));
  const answered = await ask([...turns, { assistant: called }, { results }], { tools: true });
  return { called, answered };
}

async function think(ask) {
  const turns = [{ user: "the weather in Oslo" }];
  const options = { tools: true, think: true };
  const called = await ask(turns, options);
  const results = [{ id: called.calls[0].id, name: "get_weather", text: "rain" }];
  return { called, answered: await ask([...turns, { assistant: called }, { results }], options) };
}

async function refusal(client, ask, status) {
  try {
    return { answered: await ask([{ user: `[[status=${status}]]` }], {}) };
  } catch (error) {
    return client.refusalOf(error);
  }
}

async function converse(client, model, stream) {
  const ask = (turns, options) => client.ask(model, turns, { ...options, stream });
  const seen = {};
  seen.question = await ask(question, { system: "be kind" });
  seen.cached = await ask([{ user: "[[cached=4]] hello" }], {});
  seen.tools = await useTools(ask);
  seen.image = await ask([{ image: PNG, text: "what is this?" }], {});
  seen.schema = await ask([{ user: "where?" }], { schema: true });
  seen.thinking = await think(ask);
  seen.refusals = {};
  for (const status of [400, 429, 503]) {
    seen.refusals[status] = await refusal(client, ask, status);
  }
  return seen;
}

// Prints {model: {whole, streamed, tokens}} as JSON. Models come as arguments; the test that runs it judges.
export async function run(client, models) {
  const seen = {};
  for (const model of models) {
    const whole = await converse(client, model, false);
    const streamed = await converse(client, model, true);
    let tokens = null;
    if (client.countTokens) {
      tokens = await client.countTokens(model, question).catch((error) => client.refusalOf(error));
    }
    seen[model] = { whole, streamed, tokens };
  }
  console.log(JSON.stringify(seen, (key, value) => (key === "raw" ? undefined : value)));
}
