// One call by npm's @openai/agents-realtime: node call.mjs URL SECRET PCM_FILE (s16le, 24 kHz). Prints one JSON line.
// It interrupts the answer when INTERRUPT_FILE is given, once so many milliseconds of it have come.
import { readFile } from "node:fs/promises";
import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket, tool } from "@openai/agents-realtime";

const [url, secret, question, interruption] = process.argv.slice(2);
const FRAME = 960; // 20 ms of 24 kHz
const heard = { audio_bytes: 0, transcripts: [], answers: [], interrupted: 0, errors: [], tools: [], first_audio_ms: null };

const handOff = tool({
  name: "hand_off",
  description: "Called when the customer wants a person.",
  parameters: { type: "object", properties: { reason: { type: "string" }, said: { type: "string" } }, required: [], additionalProperties: true },
  strict: false,
  execute: async (args) => { heard.tools.push(args); return "transferred"; },
});
const orderStatus = tool({
  name: "order_status",
  description: "Where an order is.",
  parameters: {
    type: "object",
    properties: { question: { type: "string", description: "The customer's question" }, order_number: { type: "string" } },
    required: ["question"],
    additionalProperties: false,
  },
  strict: false,
  execute: async (args) => {
    heard.tools.push(args);
    await sleep(300);
    if (process.env.KEFU_TOOL === "broken") throw new Error("the warehouse is away");
    return "包裹在宁波的仓库，星期六送到。";
  },
});
// KEFU_TOOL: order_status is offered; "broken": it throws.
const tools = process.env.KEFU_TOOL ? [handOff, orderStatus] : [handOff];
const agent = new RealtimeAgent({ name: "kefu", instructions: "unused", tools });
const transport = new OpenAIRealtimeWebSocket({ url });
const session = new RealtimeSession(agent, { transport, model: "kefu", config: { audio: { input: { transcription: { model: "kefu-asr" } } } } });

let endOfSpeech = 0, done = 0, failed;
session.on("audio", (event) => {
  heard.first_audio_ms ??= Math.round(performance.now() - endOfSpeech);
  heard.audio_bytes += event.data.byteLength;
});
session.on("audio_interrupted", () => { heard.interrupted += 1; });
session.on("error", (event) => { heard.errors.push(String(event.error?.error?.message ?? event.error?.message ?? JSON.stringify(event))); });
transport.on("*", (event) => {
  if (event.type === "response.done") done += 1;
  if (event.type === "conversation.item.input_audio_transcription.completed") heard.transcripts.push(event.transcript);
  if (event.type === "response.output_audio_transcript.done") heard.answers.push(event.transcript);
});

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function say(file) {
  const pcm = await readFile(file);
  for (let at = 0, due = performance.now(); at < pcm.length; at += FRAME, due += 20) {
    session.sendAudio(Uint8Array.from(pcm.subarray(at, at + FRAME)).buffer);
    await sleep(Math.max(0, due - performance.now()));
  }
  endOfSpeech = performance.now();
}
async function silence(until, limitMs) {
  const quiet = new Uint8Array(FRAME).buffer;
  for (let passed = 0; passed < limitMs && !until(); passed += 20) {
    session.sendAudio(quiet);
    await sleep(20);
  }
}

try {
  await session.connect({ apiKey: secret });
  await say(question);
  const told = () => heard.answers.length > 1 && done > 2; // the call, its bridge, its output
  await silence(() => (process.env.KEFU_TOOL ? told() : interruption ? heard.audio_bytes > 24 * 2 * 600 : done > 0), 20000);
  if (interruption) {
    const before = done;
    await say(interruption);
    await silence(() => done > before + 1, 20000);
  }
} catch (error) { failed = String(error?.stack ?? error); }
session.close();
console.log(JSON.stringify({ ...heard, responses: done, failed: failed ?? null }));
process.exit(failed ? 1 : 0);
