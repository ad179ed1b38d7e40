// Many listeners in one process, rtas-ui.js itself or the official client: what each hears, a JSON
// line each. Reads what to do from its first line; with `polls` rtas-ui.js
// has no WebSocket.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import vm from "node:vm";
import WebSocket from "ws";

globalThis.self = globalThis; // the oldest client takes Node for a browser without it
const FASTER = 20; // times that a page waits are so many times shorter
const say = (who, what, more = {}) => console.log(JSON.stringify({ who, what, ...more }));
const lines = createInterface({ input: process.stdin });
const told = await new Promise((resolve) => lines.once("line", resolve));
const { client, transport, polls, script, listeners, targets } = JSON.parse(told);
lines.on("close", () => process.exit(0));

// In a browser a socket's error that nobody listens to is none of the program's.
class Quiet extends WebSocket {
  constructor(url) {
    super(url);
    this.on("error", () => {});
  }
}

// What a page behind a proxy that knows none has of sockets.
class Refused {
  constructor() {
    setTimeout(() => this.onclose(), 0);
  }
}

function page() {
  const room = {
    WebSocket: polls ? Refused : Quiet, fetch, URL, console,
    document: { baseURI: "http://127.0.0.1/" },
    setTimeout: (work, ms) => setTimeout(work, ms / FASTER),
    clearTimeout, setInterval, clearInterval,
  };
  vm.runInNewContext(`${readFileSync(script, "utf8")}\nglobalThis.rtasui = rtasui;`, room);
  return room.rtasui.RTASBase;
}

function ours(RTASBase, who, { url, token }) {
  const base = new RTASBase().setUrl(url).setToken(token).setRegistrationType();
  const hear = base.hear.bind(base);
  base.hear = (target, given) => {
    say(who, "heard", { target, given });
    hear(target, given);
  };
  const shown = (state) => (data) => say(who, "shown", { state, name: data.application_name });
  base
    .setOnRegistrationPendingCallback(shown("pending"))
    .setOnRegistrationSuccessCallback(shown("success"))
    .setOnConnectionCloseCallback((error) => {
      if (error) say(who, "lost", { error: String(error) });
      else say(who, "closed");
    })
    .setOnErrorCallback(({ code, message }) => say(who, "error", { error: `${code}: ${message}` }))
    .build();
}

async function official(signalR, who, { url, token }) {
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(url, { accessTokenFactory: () => token, transport })
    .configureLogging(signalR.LogLevel.None)
    .withAutomaticReconnect([0, 50, 100, 200, 500, ...Array(30).fill(1000)])
    .build();
  for (const target of targets) {
    connection.on(target, (...given) => say(who, "heard", { target, given }));
  }
  connection.onclose((error) => {
    if (error) say(who, "lost", { error: String(error) });
    else say(who, "closed");
  });
  // A start that fails is not tried again by the client: its documentation leaves that to the page.
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      return await connection.start();
    } catch (error) {
      if (tries === 2) say(who, "error", { error: String(error) });
    }
  }
}

if (client === "rtas-ui") {
  const RTASBase = page();
  listeners.forEach((one, who) => ours(RTASBase, who, one));
} else {
  const loaded = await import(client);
  const signalR = loaded.default ?? loaded;
  listeners.forEach((one, who) => void official(signalR, who, one));
}
