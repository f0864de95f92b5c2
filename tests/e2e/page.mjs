// Runs the script of a page in Node, with the few corners of a browser's DOM that it touches.
//
//   node [--experimental-websocket] tests/e2e/page.mjs PAGE QUERY
//
// Lines on stdin are typed into #text and submitted with #say. Every text that a person would see
// change is printed as `#id: text`, and each new line of the log as `log CLASS: text`.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { runInThisContext } from "node:vm";

const [page, query] = process.argv.slice(2);
const html = readFileSync(page, "utf8");
const elements = new Map();

class Element {
  #text = "";
  constructor(name) {
    Object.assign(this, { name, listeners: {}, value: "", style: { setProperty() {} } });
  }
  get textContent() { return this.#text; }
  set textContent(text) {
    this.#text = String(text);
    if (this.name.startsWith("#")) console.log(`${this.name}: ${this.#text}`);
  }
  append(child) { console.log(`log ${child.className}: ${child.textContent}`); }
  addEventListener(type, listener) { this.listeners[type] = listener; }
  submit() { this.listeners.submit({ preventDefault() {} }); }
  focus() {}
}

function byId(id) {
  if (!html.includes(`id="${id}"`)) throw new Error(`the page has no #${id}`);
  if (!elements.has(id)) elements.set(id, new Element(`#${id}`));
  return elements.get(id);
}

globalThis.document = {
  documentElement: new Element("html"),
  getElementById: byId,
  createElement: (tag) => new Element(tag),
};
globalThis.location = new URL(`file:///chat.html?${query}`);

const script = html.match(/<script>([^]*)<\/script>/)[1];
runInThisContext(script, { filename: page });

createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (byId("text").disabled) throw new Error("a person could not type now");
    byId("text").value = line;
    byId("say").submit();
  })
  .on("close", () => process.exit(0));
