// The one script of the end user's pages. It makes them nicer; nothing is missing without it.
// It finds its places by data- attributes and changes `hidden`, attributes and text only.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const form = document.querySelector("form[data-once]");
const words = JSON.parse(form?.dataset.words ?? "{}");
const locale = document.querySelector("[data-locale]")?.dataset.locale ?? "en-GB";

const filled = (id, values) =>
  (words[id] ?? "").replace(/\{([a-z]+)\}/g, (brace, name) => values[name] ?? brace);

const plural = (id, count) => {
  const exact = `${id}.${new Intl.PluralRules(locale).select(count)}`;
  return filled(exact in words ? exact : `${id}.other`, { count });
};

const say = (text) => {
  const region = document.querySelector("[data-say]");
  if (region) region.textContent = text;
};

const attribute = (element, name, value) => {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
};

// ---- times: in the person's own zone, which the server does not know

const looks = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  date: { dateStyle: "long" },
};

for (const time of all("time[data-time]")) {
  const look = new Intl.DateTimeFormat(locale, looks[time.dataset.time]);
  time.textContent = look.format(new Date(time.dateTime));
}

// ---- show and hide what is typed in a secret box

const reveal = (button, shown, aloud = true) => {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const { show, hide, showName, hideName } = button.dataset;
  attribute(input, "type", shown ? "text" : "password");
  attribute(button, "aria-pressed", String(shown));
  button.textContent = shown ? hide : show;
  if (showName) attribute(button, "aria-label", shown ? hideName : showName);
  const told = shown ? "passcode.shown" : "passcode.hidden";
  if (aloud) say(filled(told, { label: input.dataset.secret }));
};

for (const button of all("button[data-show]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    reveal(button, button.getAttribute("aria-pressed") !== "true");
  });
}

// ---- how long a new secret is by now, counted as the server does

for (const line of all("[data-count]")) {
  const input = document.getElementById(line.dataset.count);
  input.addEventListener("input", () => {
    const count = [...input.value.normalize("NFKC")].length;
    line.textContent = plural("passcode.count", count);
    line.hidden = count === 0;
  });
}

// ---- send once: a second press waits, and is let go if nothing comes back

const PATIENCE = 8000;
let release = null;

const hold = (button) => {
  const word = button.textContent;
  attribute(button, "aria-disabled", "true");
  button.textContent = words["frame.sending"];
  say(words["say.sending"]);
  const timer = setTimeout(() => release?.(), PATIENCE);
  release = () => {
    clearTimeout(timer);
    attribute(button, "aria-disabled", null);
    button.textContent = word;
    say("");
    release = null;
  };
};

form?.addEventListener("submit", (event) => {
  if (release) {
    event.preventDefault();
    return;
  }
  for (const button of all("button[data-show][aria-pressed=true]")) reveal(button, false, false);
  const main = form.querySelector(".actions button");
  const pressed = event.submitter?.matches(".unseen") ? main : event.submitter ?? main;
  if (pressed) hold(pressed);
});

addEventListener("pageshow", () => release?.());

// ---- the time limit: by the server's time, said at one minute and at twenty seconds

const SOON = 60;
const SOONER = 20;

const secondsLeft = ({ now, due }) => {
  const since = Math.max(performance.now(), Date.now() - performance.timeOrigin);
  return Math.ceil((Date.parse(due) - Date.parse(now) - since) / 1000);
};

const stageOf = (seconds) => {
  if (seconds <= 0) return "over";
  if (seconds <= SOONER) return "sooner";
  return seconds <= SOON ? "soon" : "early";
};

const limitWords = (stage, seconds) => {
  if (stage === "over") return words["limit.over.title"];
  const exact = seconds > SOON - 5;
  return exact ? words["limit.soon.minute"] : filled("limit.soon.seconds", { count: seconds });
};

const watch = (limit) => {
  let before = null;
  const look = () => {
    const seconds = secondsLeft(limit.dataset);
    const stage = stageOf(seconds);
    if (stage === before) return;
    before = stage;
    limit.hidden = stage === "early" && "extendable" in limit.dataset;
    if (stage === "early") return;
    limit.querySelector("[data-limit-left]").textContent = limitWords(stage, seconds);
    for (const part of all("[data-limit-more], [data-limit-offer]", limit)) part.hidden = stage === "over";
    limit.querySelector("[data-limit-over]").hidden = stage !== "over";
  };
  look();
  setInterval(look, 1000);
  addEventListener("visibilitychange", look);
};

all("[data-limit]").forEach(watch);

// ---- notices that can be put away

const LINGER = 5000;

for (const button of all("[data-close]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    button.parentElement.hidden = true;
    document.querySelector("main").focus();
  });
}

for (const notice of all("[data-timer]")) {
  let timer;
  const wait = () => clearTimeout(timer);
  const go = () => {
    wait();
    timer = setTimeout(() => { notice.hidden = true; }, LINGER);
  };
  for (const kind of ["pointerenter", "focusin"]) notice.addEventListener(kind, wait);
  for (const kind of ["pointerleave", "focusout"]) notice.addEventListener(kind, go);
  go();
}

// ---- a whole date pasted into one of its three boxes

for (const boxes of all("[data-date]")) {
  boxes.addEventListener("paste", (event) => {
    const found = /^\s*(\d{1,4})\D+(\d{1,2})\D+(\d{1,4})\.?\s*$/.exec(event.clipboardData.getData("text"));
    if (!found) return;
    event.preventDefault();
    const own = all("input", boxes);
    const year = (input) => input.id.endsWith("-year");
    const byYear = ["-year", "-month", "-day"].map((end) => own.find((input) => input.id.endsWith(end)));
    const order = found[1].length > 2 && !year(own[0]) ? byYear : own;
    order.forEach((input, place) => { input.value = found[place + 1]; });
    own.at(-1).focus();
  });
}

// ---- parts that depend on other answers: hidden and not sent; the server decides again

const numeral = (text) => (text.trim() === "" ? undefined : Number(text.trim().replace(",", ".")));

const wholeDate = (id) => {
  const [year, month, day] = ["year", "month", "day"].map((part) => document.getElementById(`${id}-${part}`)?.value);
  return year && month && day ? `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` : undefined;
};

// What is hidden has no answer, as at the server; conditions ask earlier parts, which are placed first.
const isHidden = (id) => [id, `${id}-day`].some((name) => document.getElementById(name)?.closest("[data-when][hidden]"));

const answer = (id) => {
  if (isHidden(id)) return undefined;
  const input = document.getElementById(id);
  if (!input) return wholeDate(id);
  if (input.type === "checkbox") return input.checked;
  if (input.type === "radio") return form.querySelector(`[name="${CSS.escape(id)}"]:checked`)?.value;
  const text = input.dataset.value ?? input.value; // what cannot be changed may be shown in words
  if ("number" in input.dataset) return numeral(text);
  return text === "" ? undefined : text;
};

const plain = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "!": (a) => !a,
  neg: (a) => -a,
  in: (a, b) => b.includes(a),
  list: (...items) => items,
  size: (a) => [...a].length,
  contains: (a, b) => a.includes(b),
  startsWith: (a, b) => a.startsWith(b),
  endsWith: (a, b) => a.endsWith(b),
};

// What is not known yet is undefined; `&&` and `||` are decided by the side that is known.
const decided = ([kind, ...rest]) => {
  if (kind === "lit") return rest[0];
  if (kind === "name") return answer(rest[0]);
  if (kind === "has") return answer(rest[0]) !== undefined;
  const values = rest.map((node) => decided(node));
  if (kind === "?:") return values[0] === undefined ? undefined : values[values[0] ? 1 : 2];
  if (kind === "&&" && values.includes(false)) return false;
  if (kind === "||" && values.includes(true)) return true;
  if (values.includes(undefined)) return undefined;
  if (kind === "&&" || kind === "||") return kind === "&&";
  return plain[kind](...values);
};

const place = (part, shown) => {
  part.hidden = !shown;
  for (const input of all("input, select", part)) attribute(input, "disabled", shown ? null : "");
};

const depending = all("[data-when]").map((part) => [part, JSON.parse(part.dataset.when)]);

const settle = () => {
  for (const [part, when] of depending) place(part, decided(when) === true);
};

for (const [part, when] of depending) {
  // What the server found a problem in, it found shown: it stays until an answer changes.
  place(part, decided(when) === true || part.querySelector("[aria-invalid]") !== null);
}
if (depending.length) form.addEventListener("input", settle);

// ---- times that run out: counted by the server's time, and looked at anew once they have

const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

for (const line of all("[data-left]")) {
  const { left, due, then, press } = line.dataset;
  const clock = new Intl.DateTimeFormat(locale, looks.clock).format(new Date(due));
  const bar = line.parentElement.querySelector("[data-bar]");
  const tick = () => {
    const seconds = Math.max(0, secondsLeft(line.dataset));
    line.textContent = filled(left, { left: minutes(seconds), clock });
    if (bar) bar.value = seconds;
    if (seconds > 0) return;
    clearInterval(timer);
    if (press) form.requestSubmit(document.getElementById(press));
    else setTimeout(() => location.replace(then), 500);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

// ---- a page that listens: whatever happens elsewhere, it asks where the visit stands

const RENEW = 60000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const looked = () => new Promise((resolve) => {
  const look = () => {
    if (document.hidden) return;
    removeEventListener("visibilitychange", look);
    resolve();
  };
  addEventListener("visibilitychange", look);
  look();
});

// Whether the server gives a page that has something to say; without network, or busy, it does not.
const canCome = async (path) => {
  const answer = await fetch(path).catch(() => null);
  return answer !== null && answer.status !== 429 && answer.status < 500;
};

for (const place of all("[data-listen]")) {
  const { listen, token, after, flow, path } = place.dataset;
  const live = document.querySelector("[data-live]");
  const begun = performance.now();
  const waiting = live.textContent; // for a phone, or for whoever gives its link
  let isLeaving = false;
  let isDeaf = false;
  const again = () => {
    isLeaving = true;
    location.replace(path);
  };
  const tell = (id) => {
    if (isLeaving) return;
    attribute(live, "class", id === "phone.waiting" ? "live" : "live off");
    live.textContent = id === "phone.waiting" ? waiting : words[id];
  };
  // Nothing comes any more: a page anew has a fresh token. Where that is refused too, pages must not
  // follow each other without end: each is a minute old first, and somebody looks at it. And a page
  // that can be read is not left for one that cannot.
  const deaf = async (id) => {
    if (isDeaf) return;
    isDeaf = true;
    tell(id);
    for (let since = begun; !isLeaving; since = performance.now()) {
      await pause(since + RENEW - performance.now());
      await looked();
      if (await canCome(path)) again();
    }
  };
  if (!globalThis.rtasui) continue; // the script was not let in: Check again is there
  for (const part of all("[data-scripted]")) part.hidden = false;
  for (const part of all("[data-unscripted]")) part.hidden = true;
  const base = new rtasui.RTASBase().setUrl(new URL(listen, location.href).href).setToken(token);
  base.seen = Number(after);
  if (flow === "registration") base.setRegistrationType();
  else base.setTransactionType();
  for (const name of ["RegistrationSuccess", "TransactionAccepted", "TransactionDeclined", "JourneyMoved"]) {
    base[`setOn${name}Callback`](again);
  }
  base.setOnConnectionReconnectingCallback(() => tell("offline.title"));
  base.setOnConnectionReconnectedCallback(() => tell("phone.waiting"));
  base.setOnErrorCallback(({ code }) => deaf(code === "connection" ? "offline.title" : "live.stopped"));
  base.setOnConnectionCloseCallback(() => deaf("live.stopped"));
  base.build();
}
