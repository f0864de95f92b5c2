// A chat in the terminal that survives lost connections and restarts of the server.
//
//   MOLROO_KEY=mk_test_... node examples/chat.mjs      (or: chat.mjs URL KEY [SESSION])
//
// Node 22 has WebSocket built in; Node 20 has it with --experimental-websocket, or: npm install ws
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";

const [url = process.env.MOLROO_URL ?? "http://127.0.0.1:8787", key = process.env.MOLROO_KEY, given] =
  process.argv.slice(2);
const Socket = globalThis.WebSocket ?? (await import("ws")).WebSocket;

const waiting = new Map(); // turns without an answer, by the id that makes repeating them harmless
const FINAL = [4401, 4404]; // a key or a session that is not known will not be known in a second
let socket, session, lastSeq, epoch, attempt = 0, ended = false;

async function makeCharacter() {
  const answer = await fetch(`${url}/v1/persona`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}` },
    body: JSON.stringify({ preset: "playful_trickster" }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error.message);
  return body.sessionId;
}

function connect() {
  const resume = epoch === undefined ? "" : `&last_seq=${lastSeq}&epoch=${encodeURIComponent(epoch)}`;
  socket = new Socket(`${url.replace(/^http/, "ws")}/v1/ws/${session}?token=${encodeURIComponent(key)}${resume}`);
  socket.onmessage = ({ data }) => handle(JSON.parse(data));
  let over = false;
  socket.onclose = socket.onerror = ({ code = 1006, reason }) => {
    if (over) return; // a failed attempt is reported as an error, as a close, or as both
    over = true;
    if (FINAL.includes(code)) return leave(`closed: ${reason}`, 1);
    const seconds = Math.random() * Math.min(30, 0.5 * 2 ** attempt++); // full jitter: no herd after a restart
    console.log(`(away, code ${code}; again in ${seconds.toFixed(1)} s)`);
    setTimeout(connect, seconds * 1000);
  };
}

function handle(message) {
  if (message.type === "connected") {
    attempt = 0;
    epoch = message.epoch;
    if (message.recovered !== true) lastSeq = message.seq; // otherwise the replays bring it up to there
    console.log(`(connected, ${message.recovered === true ? "recovered" : "fresh"}, at ${message.seq})`);
    for (const [id, text] of waiting) sendTurn(id, text);
  } else if (message.type === "state") {
    show(message);
  } else if (message.type === "turn_result") {
    if (message.seq > lastSeq) show(message); // a repeat's answer may have come as a replay already
    lastSeq = Math.max(lastSeq, message.seq);
    waiting.delete(message.reply_to);
    if (ended && waiting.size === 0) leave("bye", 0);
  } else if (message.type === "error") {
    console.log(`(${message.code}: ${message.message})`);
    const text = waiting.get(message.reply_to);
    if (text === undefined) return;
    if (message.retry_after_s === undefined) waiting.delete(message.reply_to);
    else setTimeout(() => sendTurn(message.reply_to, text), message.retry_after_s * 1000);
  }
}

function show({ seq, data }) {
  const { discrete_emotion: feeling, body_budget: budget, soul_stage: stage } = data;
  console.log(`#${seq} ${feeling}, energy ${Math.round(budget.energy * 100)}%, ${stage.name}`);
}

function sendTurn(id, text) {
  waiting.set(id, text);
  if (socket.readyState === 1) socket.send(JSON.stringify({ type: "turn", id, message: text }));
}

function leave(words, code) {
  console.log(words);
  process.exit(code);
}

session = given ?? (await makeCharacter());
console.log(`session ${session}`);
connect();
const lines = createInterface({ input: process.stdin });
lines.on("line", (text) => text.trim() && sendTurn(randomUUID(), text));
lines.on("close", () => {
  ended = true;
  if (waiting.size === 0) leave("bye", 0);
});
