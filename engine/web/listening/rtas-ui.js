// rtas-ui: what a page needs to listen to a registration or transaction, and to show it.
// One classic script, global `rtasui`: RTASBase connects, RTASUI shows as well. Text nodes only.
"use strict";

var rtasui = (() => {
  const END = "\u001e";
  const HANDSHAKE = `{"protocol":"json","version":1}${END}`;
  const DELAYS = [0, 2, 10, 30]; // seconds before each try to come again; the last one repeats
  const PING = 15000;
  const SILENCE = 30000;
  const POLL = 100000; // answered within 90 seconds
  const PAUSE = 1000;
  const STEADY = 5000;
  const GRACE = 5000; // what has happened in time may be told a little later
  const WRONG_DEVICE = 120000;
  const CALLS = [
    "Error", "ConnectionEstablished", "ConnectionClose", "ConnectionReconnecting", "ConnectionReconnected",
    "RegistrationPending", "RegistrationSuccess", "RegistrationExpired", "WrongDevice", "JourneyMoved",
    "TransactionPending", "TransactionAccepted", "TransactionDeclined", "TransactionExpired",
  ];
  const STATES = {
    registrationcreatedevent: ["Registration", "Pending"],
    registrationsuccessevent: ["Registration", "Success"],
    transactioncreatedevent: ["Transaction", "Pending"],
    transactiondecidedevent: ["Transaction", ""],
    transactionacceptedevent: ["Transaction", "Accepted"],
    transactiondeclinedevent: ["Transaction", "Declined"],
    transactionexpiredevent: ["Transaction", "Expired"],
  };
  const REFUSALS = { 401: "unauthorized", 403: "forbidden" }; // who comes again is refused again
  const DECIDED = { ACCEPTED: "Accepted", DECLINED: "Declined", EXPIRED: "Expired" };

  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  class Refused extends Error {
    constructor(status) {
      super(`The hub has answered ${status}.`);
      this.status = status;
    }
  }

  // ---- one line, by a socket or by polls --------------------------------------------------------

  class Line {
    constructor(base) {
      this.base = base;
      this.pending = "";
      this.mayReturn = true; // no Close for good
      this.heardAt = Date.now();
    }

    // Resolves when the line is over; rejects when that is before its handshake.
    live(way, url) {
      return new Promise((resolve, reject) => {
        this.end = (error = new Error("The line has ended.")) => {
          this.isOver = true;
          clearInterval(this.beat);
          if (this.stoodAt) resolve();
          else reject(error);
        };
        this[way](url);
      });
    }

    // Nobody answers the close of a line that is dead: it is over all the same.
    stop(error) {
      if (this.isOver) return;
      this.end(error);
      this.close();
    }

    socket(url) {
      url.protocol = url.protocol.replace("http", "ws");
      url.searchParams.set("access_token", this.base.token);
      const socket = new WebSocket(url);
      const send = (text) => socket.readyState === 1 && socket.send(text);
      this.close = () => socket.close();
      this.beat = setInterval(() => {
        if (Date.now() - this.heardAt > SILENCE) this.stop();
        else send(`{"type":6}${END}`);
      }, PING);
      socket.onopen = () => send(HANDSHAKE);
      socket.onmessage = (message) => this.take(message.data);
      socket.onclose = () => this.end();
    }

    async poll(url) {
      const ask = (method, ms, body) => this.base.fetch(url, { method, body }, ms);
      const next = async (ms) => {
        const answer = await ask("GET", ms);
        if (answer.status !== 200) throw new Refused(answer.status);
        return answer.text();
      };
      this.close = () => void ask("DELETE").catch(() => {});
      try {
        await next(); // answered at once: only then is there somebody to shake hands with
        ask("POST", SILENCE, HANDSHAKE).catch((error) => this.stoodAt || this.stop(error));
        while (!this.isOver) {
          const text = await next(this.stoodAt ? POLL : SILENCE);
          if (!text && !this.stoodAt) break;
          if (text) this.take(text);
          else await wait(PAUSE); // some answer without waiting
        }
        this.end();
      } catch (error) {
        this.end(error);
      }
    }

    // What cannot be understood ends the line, as what cannot be heard does.
    take(text) {
      this.heardAt = Date.now();
      const records = (this.pending + text).split(END);
      this.pending = records.pop();
      try {
        for (const record of records) if (!this.isOver) this.read(JSON.parse(record));
      } catch (error) {
        this.stop(error);
      }
    }

    read(message) {
      if (!this.stoodAt) {
        if (message.error || message.type) throw new Error(message.error);
        this.stoodAt = Date.now();
        this.base.stand();
      } else if (message.type === 1) {
        this.base.hear(message.target, message.arguments);
      } else if (message.type === 7) {
        this.mayReturn = message.allowReconnect === true;
        this.error = message.error;
        this.stop();
      }
    }

    // Whether it was good for something: it has brought news, or stood for a while.
    hasProved() {
      return this.hasNews || Date.now() - this.stoodAt > STEADY;
    }
  }

  // ---- the connection as pages use it -----------------------------------------------------------

  class RTASBase {
    constructor() {
      this.retries = 10;
      this.level = 6;
      this.state = "INIT";
      this.isAway = false; // it is told so from the first failure on
      this.ahead = 0; // how far this device's clock is ahead of the server's
    }

    setConnectionRetries(count) {
      this.retries = Math.min(10, Math.max(1, Math.trunc(count) || 10));
      return this;
    }

    setRegistrationType() {
      this.flow = "Registration";
      return this;
    }

    setTransactionType() {
      this.flow = "Transaction";
      return this;
    }

    build() {
      if (!this.token || !this.url) throw new Error("rtas-ui needs setToken and setUrl.");
      void this.run();
      return this;
    }

    call(name, ...given) {
      try {
        this[`on${name}`]?.(...given);
      } catch (error) {
        console.error("rtas-ui: a callback has failed", error); // the page's mistake, not ours
      }
    }

    // Line after line, until all is over. `turn` counts them since one has proved good: after those
    // that die young it waits ever longer, and then gives up.
    async run() {
      for (let turn = 0; ; turn += 1) {
        const error = await this.connect();
        const { line } = this;
        if (line?.hasProved()) turn = 0;
        if (this.isDone() || line?.mayReturn === false) return this.leave(line.error);
        if (REFUSALS[error?.status] || turn >= this.retries) return this.lose(error);
        this.turnAway(true);
        await wait(1000 * (DELAYS[turn] ?? DELAYS.at(-1)));
      }
    }

    // Gives why there was no line. A socket without handshake has used its id up: polls get their own.
    async connect() {
      this.line = null;
      try {
        const hub = await this.negotiate();
        try {
          await this.follow("socket", hub);
        } catch {
          if (this.level < 4) console.warn("rtas-ui: no WebSocket, polling instead");
          await this.follow("poll", await this.negotiate());
        }
      } catch (error) {
        return error;
      }
    }

    follow(way, hub) {
      this.line = new Line(this);
      return this.line.live(way, hub);
    }

    async negotiate() {
      const hub = new URL(this.url, document.baseURI);
      hub.pathname = hub.pathname.replace(/\/$/, "") || "/rtas";
      hub.searchParams.set("after", this.seen ?? "");
      const ask = new URL(hub);
      ask.pathname += "/negotiate";
      ask.searchParams.set("negotiateVersion", "1");
      const answer = await this.fetch(ask, { method: "POST" });
      if (answer.status !== 200) throw new Refused(answer.status);
      const now = Date.parse(answer.headers.get("Date"));
      if (now) this.ahead = Date.now() - now;
      const told = await answer.json();
      if (told.error) throw new Error(told.error);
      hub.searchParams.set("id", told.connectionToken);
      return hub;
    }

    fetch(url, more, ms = SILENCE) {
      const headers = { Authorization: `Bearer ${this.token}` };
      const signal = AbortSignal.timeout(ms);
      return fetch(url, { credentials: "omit", mode: "cors", cache: "no-store", headers, signal, ...more });
    }

    stand() {
      this.hasStood = true;
      this.turnAway(false);
      this.watch();
    }

    turnAway(isAway) {
      if (isAway === this.isAway) return;
      this.isAway = isAway;
      this.tell(isAway ? "offline" : "waiting");
      this.call(isAway ? "ConnectionReconnecting" : "ConnectionReconnected");
    }

    leave(error) {
      this.tell("stopped");
      this.call("ConnectionClose", error);
    }

    lose(error = new Error("The connection is lost.")) {
      const status = error.status ?? 0;
      this.turn("ERROR");
      this.call("Error", { code: REFUSALS[status] ?? "connection", message: error.message, status });
      if (this.hasStood) this.call("ConnectionClose", error);
    }

    hear(target, given) {
      const name = target.toLowerCase();
      const [data, sequence] = given;
      if (this.level < 2) console.debug("rtas-ui:", target);
      if (name === "connectionestablished") {
        if (typeof sequence === "number") this.seen ??= sequence; // behind it all is told
        this.call("ConnectionEstablished");
        return;
      }
      const [flow, known] = STATES[name] ?? [];
      if (typeof sequence === "number") {
        if (sequence <= (this.seen ?? 0)) return;
        this.seen = sequence;
        this.line.hasNews = true;
      }
      if (name === "journeymovedevent") this.call("JourneyMoved");
      if (!flow || (this.flow && flow !== this.flow)) return;
      const { status, ...shown } = data;
      const state = known || DECIDED[String(status).toUpperCase().replace(/^TRANSACTION_/, "")];
      if (state) this.arrive(flow, state, shown);
    }

    isDone() {
      return !["INIT", "PENDING"].includes(this.state);
    }

    arrive(flow, state, data) {
      if (this.isDone()) return; // replay may tell a thing twice
      this.data = data;
      clearTimeout(this.timer);
      this.turn(state.toUpperCase());
      this.call(`${flow}${state}`, data);
      this.watch();
    }

    left() {
      const until = this.data?.qr_code_expiration ?? this.data?.transaction_expiration;
      return until ? until * 1000 - (Date.now() - this.ahead) : null;
    }

    // Nobody tells that a code has run out: the script's own timer does. A success may have been in
    // time and still be on its way: Expired is shown and called after a grace in which a line stood,
    // and until then there is no code to scan. So one final state is told, once, and who was away
    // hears first what was told meanwhile.
    watch() {
      clearTimeout(this.timer);
      if (!this.data?.qr_code_expiration || this.isDone()) return;
      const left = this.left();
      const isOut = left <= 0;
      if (isOut) this.show("loading");
      const next = () => (isOut ? this.expire() : this.watch());
      this.timer = setTimeout(next, isOut ? GRACE : Math.min(left, 2 ** 31 - 1));
    }

    // A line that is silent since may be dead: a ping is waited for, else the next line tells all.
    expire() {
      if (this.isAway) return;
      const since = -this.left();
      if (Date.now() - this.line.heardAt > since) {
        if (since > PING + GRACE) this.line.stop();
        else this.timer = setTimeout(() => this.expire(), 1000);
        return;
      }
      const { application_name, user_display_name, user_id } = this.data;
      this.arrive("Registration", "Expired", { application_name, user_display_name, user_id });
      this.line.stop();
    }

    turn(state) {
      this.state = state;
    }

    // What a page shows is its own: RTASUI draws it.
    show() {}

    tell() {}
  }

  const offer = (kind, method, key) => {
    kind.prototype[method] = function set(value) {
      this[key] = value;
      return this;
    };
  };
  offer(RTASBase, "setToken", "token");
  offer(RTASBase, "setUrl", "url");
  offer(RTASBase, "setLogLevel", "level");
  for (const name of CALLS) offer(RTASBase, `setOn${name}Callback`, `on${name}`);

  // ---- what people see --------------------------------------------------------------------------

  const WORDS = {
    EN_US: {
      lang: "en",
      loading: "One moment",
      phone: "Add your phone",
      lede: "{app} will then ask this phone when something needs your approval.",
      open: "Open the app here",
      step1: "Open the app on your phone.",
      step2: "Choose to add an account and point the camera at the square code.",
      step3: "Confirm in the app. This page moves on by itself.",
      alt: "Square code for the app. On this device, use the button Open the app here instead.",
      left: "{left} left. The code works until {clock}.",
      waiting: "Waiting for your phone",
      offline: "No connection at the moment",
      stopped: "This page no longer moves on by itself. Please load it again.",
      success: "Your phone is ready",
      successLede: "From now on this phone can approve requests from {app}.",
      device: "Phone",
      expired: "This code has run out",
      expiredLede: "Codes work for a short time, to keep you safe. Load the page again for another.",
      wrong: "Not your phone?",
      wrongLede: "Somebody else may have scanned the code. Remove the phone now and it can approve nothing.",
      wrongGo: "This is not my phone",
      wrongLate: "To remove this phone now, contact {app}.",
      approve: "Approve on your phone",
      approveLede: "We sent a request to your phone. Check that it says the same as here.",
      notMine: "Did not ask for this? Decline it on the phone.",
      accepted: "Approved",
      declined: "Declined",
      over: "This request has run out",
      error: "Sorry, something went wrong",
      errorLede: "Please load this page again.",
    },
    PT_PT: {
      lang: "pt-PT",
      loading: "Um momento",
      phone: "Adicione o seu telemóvel",
      lede: "Depois disso, {app} pedirá a sua aprovação neste telemóvel, sempre que for precisa.",
      open: "Abrir a aplicação aqui",
      step1: "Abra a aplicação no telemóvel.",
      step2: "Escolha adicionar uma conta e aponte a câmara para o código quadrado.",
      step3: "Confirme na aplicação. Esta página avança sozinha.",
      alt: "Código quadrado para a aplicação. Neste dispositivo, use antes o botão Abrir a aplicação aqui.",
      left: "Tempo restante: {left}. O código é válido até às {clock}.",
      waiting: "À espera do seu telemóvel",
      offline: "Sem ligação de momento",
      stopped: "Esta página já não avança sozinha. Volte a carregá-la.",
      success: "O seu telemóvel está pronto",
      successLede: "A partir de agora, este telemóvel pode aprovar os pedidos que {app} lhe fizer.",
      device: "Telemóvel",
      expired: "Este código já não é válido",
      expiredLede: "Os códigos duram pouco tempo, para sua segurança. Carregue a página de novo para ter outro.",
      wrong: "Não é o seu telemóvel?",
      wrongLede: "Outra pessoa pode ter lido o código. Remova já o telemóvel e ele não poderá aprovar nada.",
      wrongGo: "Não é o meu telemóvel",
      wrongLate: "Para remover este telemóvel agora, contacte {app}.",
      approve: "Aprove no seu telemóvel",
      approveLede: "Enviámos um pedido para o seu telemóvel. Confirme que diz o mesmo que aqui.",
      notMine: "Não pediu isto? Recuse no telemóvel.",
      accepted: "Aprovado",
      declined: "Recusado",
      over: "Este pedido já não é válido",
      error: "Lamentamos, algo correu mal",
      errorLede: "Volte a carregar esta página.",
    },
  };

  const STYLE = `
.rtas{--ink:#14203a;--soft:#4a5873;--paper:#fff;--accent:#1d4b9e;--on:#fff;--line:#d0d9e8;--good:#1b6b45;--focus:#a65a00;
color:var(--ink);background:var(--paper);font:1rem/1.5 system-ui,sans-serif;max-width:34em;padding:1.25rem;border-radius:1rem;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){.rtas{--ink:#e9eef8;--soft:#b3bfd6;--paper:#151e33;--accent:#a9c4ff;--on:#0d1a36;--line:#31405f;--good:#86d9ab;--focus:#ffc857}}
.rtas *{box-sizing:border-box}.rtas h2{font-size:1.625rem;line-height:1.2;font-weight:680;margin:0 0 .5rem;text-wrap:balance}
.rtas p{margin:0 0 1rem}.rtas .rtas-soft{color:var(--soft)}.rtas ol{margin:0 0 1rem;padding-inline-start:1.5rem}
.rtas .rtas-button{display:inline-flex;align-items:center;justify-content:center;min-height:48px;padding:.5rem 1.25rem;border:2px solid var(--accent);border-radius:10px;background:var(--accent);color:var(--on);font:inherit;font-weight:620;text-decoration:none;cursor:pointer;width:100%;margin-bottom:1rem}
.rtas .rtas-second{background:none;color:var(--accent)}.rtas :focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.rtas .rtas-qr{background:#fff;padding:12px;border-radius:10px;border:1px solid var(--line);width:min(100%,15rem);margin:0 auto 1rem}
.rtas .rtas-qr img{display:block;width:100%;height:auto;image-rendering:pixelated}
.rtas [role=timer]{font-variant-numeric:tabular-nums}.rtas .rtas-good{color:var(--good)}
.rtas .rtas-live{margin:0}.rtas-live:not(:empty){border-top:1px solid var(--line);padding-top:1rem}.rtas-live:not(:empty)::before{content:"";display:inline-block;width:.6em;height:.6em;border:2px solid currentColor;border-radius:50%;background:currentColor;margin-inline-end:.5em}
.rtas-live.rtas-off::before{background:none}
.rtas h2:focus{outline:none}
@media (min-width:640px){.rtas .rtas-button{width:auto}.rtas .rtas-link{display:grid;grid-template-columns:1fr 15rem;gap:1.5rem}}`;

  const make = (name, attributes = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };
  // Only what leads to an app or a page; `javascript:` and its like lead nowhere.
  const safe = (link) => {
    const [, scheme = ""] = /^([a-z][a-z0-9+.-]*):/i.exec(link ?? "") ?? [];
    return scheme && !/^(javascript|data|vbscript|blob|file|about)$/i.test(scheme) ? link : null;
  };
  const wordsFor = (code) => {
    const spoken = String(code).slice(0, 2).toUpperCase();
    return WORDS[Object.keys(WORDS).find((known) => known.startsWith(spoken))];
  };
  let sheet;

  class RTASUI extends RTASBase {
    constructor() {
      super();
      this.fallback = "EN_US";
    }

    build() {
      this.place = document.querySelector(this.target ?? "#rtas");
      if (!this.place) throw new Error(`rtas-ui finds no element ${this.target ?? "#rtas"}.`);
      const mine = this.language ?? navigator.language;
      this.words = wordsFor(mine) ?? wordsFor(this.fallback) ?? WORDS.EN_US;
      if (!sheet) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync(STYLE);
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      }
      this.title = make("h2", { tabindex: "-1" });
      this.body = make("div");
      this.live = make("p", { class: "rtas-live", role: "status" });
      const frame = { class: "rtas", lang: this.words.lang };
      this.place.replaceChildren(make("section", frame, this.title, this.body, this.live));
      this.show("loading");
      return super.build();
    }

    say(id, values = {}) {
      const known = { app: this.data?.application_name ?? "", ...values };
      return this.words[id].replace(/\{([a-z]+)\}/g, (brace, name) => known[name] ?? brace);
    }

    text(id, look = "") {
      return make("p", { class: look }, this.say(id));
    }

    show(title, ...inside) {
      this.title.textContent = this.say(title);
      this.body.replaceChildren(...inside);
    }

    // A late message never takes the focus from what a finger is about to touch.
    turn(state) {
      super.turn(state);
      if (!this.place) return;
      this.live.textContent = "";
      const flow = this.flow === "Transaction" ? this.flow : "";
      const draw = this[`draw${flow}${state}`] ?? this[`draw${state}`];
      if (draw) draw.call(this);
      else this.show(state.toLowerCase());
      if (this.isDone()) this.title.focus({ preventScroll: true });
    }

    tell(id) {
      if (!this.live || this.isDone()) return;
      this.live.textContent = id === "waiting" && this.state === "INIT" ? "" : this.say(id);
      this.live.classList.toggle("rtas-off", id !== "waiting");
    }

    drawPENDING() {
      const { qr_code } = this.data;
      const steps = ["step1", "step2", "step3"].map((id) => make("li", {}, this.say(id)));
      const how = make("div", { class: "rtas-link" }, make("ol", {}, ...steps));
      if (/^[A-Za-z0-9+/=]+$/.test(qr_code ?? "")) {
        const src = `data:image/png;base64,${qr_code}`;
        how.append(make("div", { class: "rtas-qr" }, make("img", { src, alt: this.say("alt") })));
      }
      this.show("phone", ...this.led([this.text("lede", "rtas-soft"), how]), this.timeLeft());
      this.tell("waiting");
    }

    drawTransactionPENDING() {
      const parts = [this.text("approveLede", "rtas-soft"), this.text("notMine")];
      this.show("approve", ...this.led(parts), this.timeLeft());
      this.tell("waiting");
    }

    led(parts) {
      const href = safe(this.data.deeplink_url);
      if (!href) return parts;
      const button = make("a", { class: "rtas-button", href }, this.say("open"));
      const isPhone = matchMedia("(pointer: coarse), (max-width: 639px)").matches;
      return isPhone ? [parts[0], button, ...parts.slice(1)] : [...parts, button];
    }

    timeLeft() {
      const shown = make("p", { class: "rtas-soft", role: "timer", "aria-live": "off" });
      const tick = () => {
        const left = this.left();
        if (left === null) return;
        const seconds = Math.max(0, Math.floor(left / 1000));
        const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
        const until = new Date(Date.now() + left);
        const look = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
        const clock = new Intl.DateTimeFormat(this.words.lang, look).format(until);
        shown.textContent = this.say("left", { left: time, clock });
        setTimeout(() => shown.isConnected && tick(), 1000);
      };
      tick();
      return shown;
    }

    drawSUCCESS() {
      const info = this.data.device_info ?? {};
      const name = info.marketing_name || info.name || this.say("device");
      const device = make("p", {}, make("b", {}, make("bdi", {}, name)));
      this.show("success", this.text("successLede", "rtas-good"), device);
      const token = this.data.wrong_device_token;
      if (token && this.onWrongDevice) this.body.append(...this.wrongDevice(token));
    }

    wrongDevice(token) {
      const data = this.data;
      const button = make("button", { type: "button", class: "rtas-button rtas-second" });
      button.textContent = this.say("wrongGo");
      button.addEventListener("click", () => {
        button.disabled = true;
        this.call("WrongDevice", token, data);
      });
      setTimeout(() => button.replaceWith(this.text("wrongLate")), WRONG_DEVICE);
      return [make("h3", {}, this.say("wrong")), this.text("wrongLede"), button];
    }

    drawEXPIRED() {
      this.show("expired", this.text("expiredLede", "rtas-soft"));
    }

    drawTransactionEXPIRED() {
      this.show("over");
    }

    drawERROR() {
      this.show("error", this.text("errorLede", "rtas-soft"));
    }
  }

  offer(RTASUI, "setTargetElement", "target");
  offer(RTASUI, "setLanguage", "language");
  offer(RTASUI, "setFallbackLanguage", "fallback");
  return { RTASBase, RTASUI };
})();
