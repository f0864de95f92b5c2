// A character that is left alone reaches out by itself. Watch it happen: an hour of its life passes in a second.
//
//   MOLROO_TIME_SCALE=3600 make run
//   MOLROO_KEY=mk_test_... node examples/proactive.mjs      (or: proactive.mjs URL KEY)
//
// Every message of the way is printed: connect, set preferences, a turn, the socket is lost, the character reaches out,
// it comes back with backoff, what was missed, acknowledge.
// Node 22 has WebSocket built in; Node 20 has it with --experimental-websocket, or: npm install ws
const [url = process.env.MOLROO_URL ?? "http://127.0.0.1:8787", key = process.env.MOLROO_KEY] = process.argv.slice(2);
const Socket = globalThis.WebSocket ?? (await import("ws")).WebSocket;
const PATIENCE_MS = 300_000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function rest(method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${key}` },
    body: body && JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error.message);
  return said;
}

function open(session) {
  const heard = []; // messages that nobody has asked for yet
  const socket = new Socket(`${url.replace(/^http/, "ws")}/v1/ws/${session}?token=${key}&prompt_data=false`);
  let wake = () => {};
  return new Promise((opened, failed) => {
    socket.onmessage = ({ data }) => {
      console.log(`<- ${data.length < 400 ? data : `${data.slice(0, 400)} ...`}`);
      heard.push(JSON.parse(data));
      wake();
    };
    socket.onclose = socket.onerror = () => {
      failed(new Error("no connection")); // of no consequence once it was open
      heard.push({ type: "error", code: "CLOSED", message: "the connection is gone" });
      wake();
    };
    socket.onopen = () =>
      opened({
        say(message) {
          console.log(`-> ${JSON.stringify(message)}`);
          socket.send(JSON.stringify(message));
        },
        async hear(type) {
          for (;;) {
            while (heard.length === 0) await new Promise((done) => (wake = done));
            const message = heard.shift();
            if (message.type === "error") throw new Error(`${message.code}: ${message.message}`);
            if (message.type === type) return message;
          }
        },
        close() {
          socket.onclose = socket.onerror = null;
          socket.close();
        },
      });
  });
}

async function connect(session) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open(session);
    } catch (error) {
      const ms = Math.random() * Math.min(10_000, 200 * 2 ** attempt); // full jitter: no herd after a restart
      console.log(`   ${error.message}; again in ${(ms / 1000).toFixed(1)} s`);
      await sleep(ms);
    }
  }
}

const { sessionId: session } = await rest("POST", "/v1/persona", { preset: "cheerful_companion" });
let live = await connect(session);
await live.hear("connected");
live.say({ type: "set_proactive_prefs", preferences: { enabled: true, cooldown_hours: 0 } });
await live.hear("proactive_prefs");
live.say({ type: "turn", message: "I had a lovely evening with you. See you soon!" });
const { data } = await live.hear("turn_result");
live.close();
const afterMs = data.proactive_hint.next_check_after_ms;
console.log(`   the socket is gone; left alone, it will reach out in ${(afterMs / 1000).toFixed(1)} s`);

if (afterMs > PATIENCE_MS) throw new Error("that is too long to watch: start the server with MOLROO_TIME_SCALE=3600");
const until = Date.now() + PATIENCE_MS;
while ((await rest("GET", `/v1/proactive/${session}`)).length === 0) {
  if (Date.now() > until) throw new Error("it does not reach out: was the server started with MOLROO_TIME_SCALE=3600?");
  const state = await rest("GET", `/v1/state/${session}?prompt_data=false`);
  console.log(`   ${state.as_of}  closeness ${state.need_state.relatedness.toFixed(2)}  ${state.emotion_summary}`);
  await sleep(Math.min(5000, afterMs / 10));
}

live = await connect(session);
const missed = (await live.hear("missed_proactive")).data;
for (const action of missed) {
  console.log(`   ${action.reason}: "${action.message}"`);
  live.say({ type: "ack_proactive", action_id: action.action_id });
  await live.hear("ack");
}
live.close();

live = await connect(session);
await live.hear("connected");
live.say({ type: "ping" });
await live.hear("pong"); // and no missed_proactive before it: what is acknowledged never comes back
live.close();
const { length } = await rest("GET", `/v1/proactive/${session}`);
console.log(`acknowledged: ${missed.length}, pending: ${length}`);
