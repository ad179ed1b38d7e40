// One official client: reads what to do from its first line, says what happens, a JSON line each.
import { createInterface } from "node:readline";

globalThis.self = globalThis; // the oldest one takes Node for a browser without it
const say = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));
const lines = createInterface({ input: process.stdin });
const told = await new Promise((resolve) => lines.once("line", resolve));
const { client, url, token, transport, protocol, targets, reconnects } = JSON.parse(told);
const loaded = await import(client);
const signalR = loaded.default ?? loaded;
let builder = new signalR.HubConnectionBuilder()
  .withUrl(url, { accessTokenFactory: () => token, transport })
  .configureLogging(signalR.LogLevel.None);
if (reconnects) builder = builder.withAutomaticReconnect([0, 100, 200, 500, 1000, 2000]);
if (protocol) {
  const { MessagePackHubProtocol } = await import(protocol);
  builder = builder.withHubProtocol(new MessagePackHubProtocol());
}
const connection = builder.build();
for (const target of targets) connection.on(target, (...given) => say("event", { target, given }));
connection.onclose((error) => say("closed", { error: error ? String(error) : null }));
connection.onreconnecting(() => say("reconnecting"));
connection.onreconnected(() => say("reconnected"));
lines.on("line", async (line) => {
  if (line === "stop") await connection.stop();
  if (line === "end") process.exit(0);
});
try {
  await connection.start();
  const used = (connection.connection ?? connection._connection).transport;
  say("started", { transport: used.constructor.name, binary: Boolean(protocol) });
} catch (error) {
  say("failed", { error: String(error) });
}
