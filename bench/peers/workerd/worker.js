// The same job on Durable Objects: per message one row, one state row read and updated, about 1 KB answered.
// There is no engine in it: what is measured is the runtime and its durability.

import { DurableObject } from "cloudflare:workers";

const NUMBERS = ["goal_relevance", "goal_congruence", "expectedness", "controllability", "agency", "norm_compatibility"];

export class Character extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`CREATE TABLE IF NOT EXISTS turn (seq INTEGER PRIMARY KEY, at_ms INTEGER, input TEXT, state TEXT);
      CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, seq INTEGER, value TEXT);
      INSERT OR IGNORE INTO state VALUES (1, 0, '{"V":0,"A":0,"D":0}')`);
  }

  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const bytes = Number(searchParams.get("bytes")) || 1024;
    if (request.method === "POST") return new Response(this.turn(await request.text(), bytes));
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment(bytes);
    server.send('{"type":"connected"}');
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, text) {
    socket.send(this.turn(text, socket.deserializeAttachment()));
  }

  turn(text, bytes) {
    const message = JSON.parse(text);
    const { seq, value } = this.sql.exec("SELECT seq, value FROM state WHERE id = 1").one();
    const state = JSON.parse(value);
    if (message.appraisal) {
      for (const name of NUMBERS) state[name] = 0.9 * (state[name] ?? 0) + 0.1 * message.appraisal[name];
    } else {
      state.words = (state.words ?? 0) + message.message.length;
    }
    const after = JSON.stringify(state);
    this.sql.exec("INSERT INTO turn VALUES (?, ?, ?, ?)", seq + 1, Date.now(), text, after);
    this.sql.exec("UPDATE state SET seq = ?, value = ? WHERE id = 1", seq + 1, after);
    const answer = { type: "turn_result", seq: seq + 1, own: true, reply_to: message.id, data: { state, filled: "" } };
    answer.data.filled = "x".repeat(Math.max(0, bytes - JSON.stringify(answer).length));
    return JSON.stringify(answer);
  }

  webSocketClose(socket, code) {
    socket.close(code);
  }
}

export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    return env.CHARACTER.getByName(searchParams.get("n") ?? "0").fetch(request);
  },
};
