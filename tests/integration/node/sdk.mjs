// The official OpenAI SDK for Node, unmodified, through the gateway. Prints one JSON object of what it saw; the test
// that runs it (test_sdk_node.py) does the judging.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const model = "gpt-4o-mini";
const say = (content) => [{ role: "user", content }];
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
];

const seen = {};

const whole = await client.chat.completions.create({ model, messages: say("tell me more") });
seen.chat = { content: whole.choices[0].message.content, finish: whole.choices[0].finish_reason, usage: whole.usage };

let content = "";
let chunksWithoutChoices = 0;
for await (const chunk of await client.chat.completions.create({ model, messages: say("tell me more"), stream: true })) {
  if (chunk.choices.length === 0) chunksWithoutChoices += 1;
  content += chunk.choices[0]?.delta?.content ?? "";
}
seen.stream = { content, chunksWithoutChoices };

const messages = say("call get_weather for Berlin");
const asked = await client.chat.completions.create({ model, messages, tools });
const call = asked.choices[0].message.tool_calls[0];
const answered = await client.chat.completions.create({
  model,
  tools,
  messages: [...messages, asked.choices[0].message, { role: "tool", tool_call_id: call.id, content: '{"celsius": 21}' }],
});
seen.tool = {
  name: call.function.name,
  arguments: JSON.parse(call.function.arguments),
  finish: answered.choices[0].finish_reason,
};

const streamed = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion();
seen.streamedTool = { name: streamed.choices[0].message.tool_calls[0].function.name };

const embedding = await client.embeddings.create({ model: "text-embedding-3-small", input: ["one", "two words"] });
seen.embeddings = { count: embedding.data.length, dimensions: embedding.data[0].embedding.length };

seen.models = (await client.models.list()).data.map((listed) => listed.id).sort();

const failure = async (promise) => {
  try {
    await promise;
    return null;
  } catch (error) {
    return { type: error.constructor.name, status: error.status, code: error.code, message: error.message };
  }
};
seen.unknownModel = await failure(client.chat.completions.create({ model: "no-such-model", messages: say("hi") }));
seen.unknownKey = await failure(
  new OpenAI({ apiKey: "sk-wrong", maxRetries: 0 }).chat.completions.create({ model, messages: say("hi") }),
);

console.log(JSON.stringify(seen));
