// Many listeners in one process, each rtas-ui.js itself or an official client: what each hears, a
// JSON line each. Reads what to do from its first line; where rtas-ui.js is to poll it has no
// WebSocket. Times that a page of ours waits are so many times shorter as `faster` says; with `hurries`
// all times are, those of silence too.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import vm from "node:vm";
import WebSocket from "ws";

globalThis.self = globalThis; // the oldest client takes Node for a browser without it
const TRIES = 10;
const say = (who, what, more = {}) => console.log(JSON.stringify({ who, what, ...more }));
const lines = createInterface({ input: process.stdin });
const told = await new Promise((resolve) => lines.once("line", resolve));
const { script, listeners, targets, faster, hurries } = JSON.parse(told);
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

const pace = hurries ? faster : 1;
const begun = Date.now();
class Hasty extends Date {
  static now() {
    return begun + (Date.now() - begun) * pace;
  }
}

function page(polls) {
  const room = {
    WebSocket: polls ? Refused : Quiet, fetch, URL, console, Date: Hasty,
    AbortSignal: { timeout: (ms) => AbortSignal.timeout(ms / pace) },
    document: { baseURI: "http://127.0.0.1/" },
    setTimeout: (work, ms) => setTimeout(work, ms / faster),
    setInterval: (work, ms) => setInterval(work, ms / pace),
    clearTimeout, clearInterval,
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

async function official(signalR, who, { url, token, transport }) {
  class Client extends signalR.DefaultHttpClient {
    send(request) {
      if (!hurries) return super.send(request);
      const { timeout = 100000 } = request; // the oldest would wait for its id for ever
      return super.send({ ...request, timeout: timeout / pace });
    }
  }
  const httpClient = new Client(signalR.NullLogger.instance);
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(url, { accessTokenFactory: () => token, transport, httpClient })
    .configureLogging(signalR.LogLevel.None)
    .withAutomaticReconnect([0, 50, 100, 200, 500, ...Array(30).fill(1000)])
    .build();
  connection.serverTimeoutInMilliseconds /= pace;
  connection.keepAliveIntervalInMilliseconds /= pace;
  for (const target of targets) {
    connection.on(target, (...given) => say(who, "heard", { target, given }));
  }
  connection.onclose((error) => {
    if (error) say(who, "lost", { error: String(error) });
    else say(who, "closed");
  });
  // A start that fails is not tried again by the client: its documentation leaves that to the page.
  for (let tries = 1; tries <= TRIES; tries += 1) {
    try {
      return await connection.start();
    } catch (error) {
      if (tries === TRIES) say(who, "error", { error: String(error) });
    }
  }
}

const pages = { 1: page(false), 4: page(true) };
listeners.forEach(async (one, who) => {
  if (one.client === "rtas-ui") return ours(pages[one.transport], who, one);
  const loaded = await import(one.client);
  return official(loaded.default ?? loaded, who, one);
});
