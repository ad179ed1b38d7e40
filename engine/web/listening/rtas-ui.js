// rtas-ui: what a page needs to listen to a registration or transaction, and to show it.
// One classic script, global `rtasui`: RTASBase connects, RTASUI shows as well. Text nodes only.
"use strict";

var rtasui = (() => {
  const END = "\u001e";
  const DELAYS = [0, 2, 10, 30]; // seconds before each try to come again; the last one repeats
  const PING = 15000;
  const SILENCE = 30000;
  const POLL = 100000; // the server answers one within 90 seconds
  const WRONG_DEVICE = 120000;
  const FLOWS = {
    registration: ["Pending", "Success", "Expired"],
    transaction: ["Pending", "Accepted", "Declined", "Expired"],
  };
  const STATES = {
    registrationcreatedevent: ["registration", "Pending"],
    registrationsuccessevent: ["registration", "Success"],
    transactioncreatedevent: ["transaction", "Pending"],
    transactiondecidedevent: ["transaction", ""],
    transactionacceptedevent: ["transaction", "Accepted"],
    transactiondeclinedevent: ["transaction", "Declined"],
    transactionexpiredevent: ["transaction", "Expired"],
  };
  const DECIDED = { ACCEPTED: "Accepted", DECLINED: "Declined", EXPIRED: "Expired" };

  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const hubOf = (given) => {
    const url = new URL(given, document.baseURI);
    if (url.pathname === "/") url.pathname = "/rtas";
    url.pathname = url.pathname.replace(/\/$/, "");
    return url;
  };

  class Refused extends Error {
    constructor(status) {
      super(`The hub has answered ${status}.`);
      this.status = status;
    }
  }

  // ---- one connection: negotiate, then a socket, else polls -----------------------------------

  class Line {
    constructor(base) {
      this.base = base;
      this.pending = "";
      this.isShaken = false;
      this.isOver = false; // the server has said Close, for good or not
      this.mayReturn = true;
    }

    // A socket that did not come to its handshake has used its id up: polls ask for one of their own.
    async open() {
      const hub = await this.negotiate();
      try {
        await this.socket(hub);
      } catch (error) {
        if (this.base.log(3)) console.warn("rtas-ui: no WebSocket, polling instead");
        await this.poll(await this.negotiate());
      }
    }

    async negotiate() {
      const { base } = this;
      const hub = hubOf(base.url);
      const ask = new URL(hub);
      ask.pathname += "/negotiate";
      ask.searchParams.set("negotiateVersion", "1");
      ask.searchParams.set("after", base.seen ?? "");
      const answer = await this.fetch(ask, { method: "POST" });
      if (answer.status !== 200) throw new Refused(answer.status);
      const now = Date.parse(answer.headers.get("Date"));
      if (now) base.ahead = Date.now() - now;
      const told = await answer.json();
      if (told.error) throw new Error(told.error);
      hub.searchParams.set("id", told.connectionToken);
      hub.searchParams.set("after", base.seen ?? "");
      return hub;
    }

    fetch(url, more, ms = SILENCE) {
      const headers = { Authorization: `Bearer ${this.base.token}` };
      const signal = AbortSignal.timeout(ms);
      return fetch(url, { credentials: "omit", mode: "cors", cache: "no-store", headers, signal, ...more });
    }

    // Resolves once the handshake is done; `ended` is called once the line is.
    socket(url) {
      url.protocol = url.protocol.replace("http", "ws");
      url.searchParams.set("access_token", this.base.token);
      return new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        const over = () => {
          socket.onclose = null;
          clearInterval(this.beat);
          if (this.isShaken) this.end();
          else reject(new Error("no WebSocket"));
        };
        this.send = (text) => socket.readyState === 1 && socket.send(text);
        // Nobody answers the close of a line that is dead: it is over all the same.
        this.stop = () => {
          socket.close();
          over();
        };
        this.shaken = resolve;
        this.heardAt = Date.now();
        this.beat = setInterval(() => this.live(), PING);
        socket.onopen = () => this.send(`{"protocol":"json","version":1}${END}`);
        socket.onmessage = (message) => this.take(message.data);
        socket.onclose = over;
      });
    }

    async poll(url) {
      let goes = true;
      this.send = (text) => void this.fetch(url, { method: "POST", body: text }).catch(() => {});
      this.stop = () => {
        goes = false;
        void this.fetch(url, { method: "DELETE" }).catch(() => {});
      };
      const first = await this.fetch(url, { method: "GET" });
      if (first.status !== 200) throw new Refused(first.status);
      const shaken = new Promise((resolve) => (this.shaken = resolve));
      void (async () => {
        try {
          while (goes) {
            const answer = await this.fetch(url, { method: "GET" }, POLL);
            if (answer.status !== 200) break;
            this.take(await answer.text());
          }
        } catch {
          // the line is cut; below it ends
        }
        this.end();
      })();
      this.send(`{"protocol":"json","version":1}${END}`);
      await shaken;
    }

    take(text) {
      this.heardAt = Date.now();
      const records = (this.pending + text).split(END);
      this.pending = records.pop();
      for (const record of records) {
        const message = JSON.parse(record);
        if (!this.isShaken) {
          if (message.error) throw new Error(message.error);
          this.isShaken = true;
          this.shaken();
        } else if (message.type === 1) {
          this.base.hear(message.target, message.arguments);
        } else if (message.type === 7) {
          this.isOver = true;
          this.mayReturn = message.allowReconnect === true;
          this.error = message.error;
          this.stop();
        }
      }
    }

    live() {
      if (Date.now() - this.heardAt > SILENCE) this.stop();
      else this.send(`{"type":6}${END}`);
    }

    end() {
      if (!this.hasEnded) {
        this.hasEnded = true;
        this.base.cut(this);
      }
    }
  }

  // ---- the connection as pages use it -----------------------------------------------------------

  class RTASBase {
    constructor() {
      this.retries = 10;
      this.level = 6;
      this.calls = {};
      this.state = "INIT";
      this.ahead = 0; // how far this device's clock is ahead of the server's
    }

    setToken(token) {
      this.token = token;
      return this;
    }

    setUrl(url) {
      this.url = url;
      return this;
    }

    setLogLevel(level) {
      this.level = level;
      return this;
    }

    setConnectionRetries(count) {
      this.retries = Math.min(10, Math.max(1, Math.trunc(count) || 10));
      return this;
    }

    setRegistrationType() {
      this.flow = "registration";
      return this;
    }

    setTransactionType() {
      this.flow = "transaction";
      return this;
    }

    build() {
      if (!this.token || !this.url) throw new Error("rtas-ui needs setToken and setUrl.");
      void this.begin();
      return this;
    }

    log(level) {
      return level >= this.level;
    }

    call(name, ...given) {
      try {
        this.calls[name]?.(...given);
      } catch (error) {
        console.error("rtas-ui: a callback has failed", error); // the page's mistake, not ours
      }
    }

    async begin() {
      try {
        this.line = new Line(this);
        await this.line.open();
      } catch (error) {
        this.fail(error);
      }
    }

    fail(error) {
      const status = error.status ?? 0;
      const code = status === 401 ? "unauthorized" : status === 403 ? "forbidden" : "connection";
      this.turn("ERROR");
      this.call("Error", { code, message: error.message, status });
    }

    // A line is over: come again, unless the server has said that this was all.
    async cut(line) {
      if (line !== this.line) return;
      if ((line.isOver && !line.mayReturn) || this.isDone()) {
        this.away(false);
        this.call("ConnectionClose", line.error);
        return;
      }
      this.away(true);
      this.call("ConnectionReconnecting");
      for (let turn = 0; turn < this.retries; turn += 1) {
        await wait(1000 * DELAYS[Math.min(turn, DELAYS.length - 1)]);
        try {
          this.line = new Line(this);
          await this.line.open();
          this.away(false);
          this.call("ConnectionReconnected");
          return;
        } catch (error) {
          if (error instanceof Refused && [401, 403].includes(error.status)) {
            this.fail(error);
            return;
          }
        }
      }
      const error = new Error("The connection is lost.");
      this.fail(error);
      this.call("ConnectionClose", error);
    }

    hear(target, given) {
      const name = target.toLowerCase();
      const [data, sequence] = given;
      if (this.log(1)) console.debug("rtas-ui:", target);
      if (name === "connectionestablished") {
        if (typeof sequence === "number") this.seen ??= sequence; // behind it all is told
        this.call("ConnectionEstablished");
        return;
      }
      const [flow, known] = STATES[name] ?? [];
      if (typeof sequence === "number") {
        if (sequence <= (this.seen ?? 0)) return;
        this.seen = sequence;
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
      if (flow === "registration" && state === "Pending") this.watch(data);
      this.turn(state.toUpperCase());
      this.call(`${flow}${state}`, data);
    }

    left() {
      const until = this.data?.qr_code_expiration ?? this.data?.transaction_expiration;
      return until ? until * 1000 - (Date.now() - this.ahead) : null;
    }

    // Nobody tells that a code has run out: the script's own timer does.
    watch(data) {
      const left = this.left();
      if (left === null) return;
      this.timer = setTimeout(() => {
        if (this.left() > 0) return this.watch(data);
        const { application_name, user_display_name, user_id } = data;
        this.arrive("registration", "Expired", { application_name, user_display_name, user_id });
        this.line.stop();
      }, Math.min(Math.max(0, left), 2 ** 31 - 1));
    }

    turn(state) {
      this.state = state;
    }

    away() {}
  }

  const offer = (method, name) => {
    RTASBase.prototype[method] = function set(call) {
      this.calls[name] = call;
      return this;
    };
  };
  for (const name of ["Error", "ConnectionEstablished", "ConnectionClose", "WrongDevice", "JourneyMoved"]) {
    offer(`setOn${name}Callback`, name);
  }
  offer("setOnConnectionReconnectingCallback", "ConnectionReconnecting");
  offer("setOnConnectionReconnectedCallback", "ConnectionReconnected");
  for (const [flow, states] of Object.entries(FLOWS)) {
    const word = flow[0].toUpperCase() + flow.slice(1);
    for (const state of states) offer(`setOn${word}${state}Callback`, `${flow}${state}`);
  }

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
      success: "Your phone is ready",
      successLede: "From now on this phone can approve requests from {app}.",
      device: "Phone",
      expired: "This code has run out",
      expiredLede: "Codes work for a short time, to keep you safe.",
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
      errorLede: "Go back to {app} and try again.",
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
      success: "O seu telemóvel está pronto",
      successLede: "A partir de agora, este telemóvel pode aprovar os pedidos que {app} lhe fizer.",
      device: "Telemóvel",
      expired: "Este código já não é válido",
      expiredLede: "Os códigos duram pouco tempo, para sua segurança.",
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
      errorLede: "Volte a {app} e tente novamente.",
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
.rtas .rtas-qr{background:#fff;padding:12px;border-radius:10px;border:1px solid var(--line);width:min(100%,15rem);margin:0 0 1rem}
.rtas .rtas-qr img{display:block;width:100%;height:auto;image-rendering:pixelated}
.rtas [role=timer]{font-variant-numeric:tabular-nums}.rtas .rtas-good{color:var(--good)}
.rtas .rtas-live{border-top:1px solid var(--line);padding-top:1rem;margin:0}.rtas .rtas-live::before{content:"";display:inline-block;width:.6em;height:.6em;border:2px solid currentColor;border-radius:50%;background:currentColor;margin-inline-end:.5em}
.rtas .rtas-live.rtas-off::before{background:none}
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
  let sheet;

  class RTASUI extends RTASBase {
    constructor() {
      super();
      this.fallback = "EN_US";
    }

    setTargetElement(selector) {
      this.target = selector;
      return this;
    }

    setLanguage(code) {
      this.language = code;
      return this;
    }

    setFallbackLanguage(code) {
      this.fallback = code;
      return this;
    }

    build() {
      this.place = document.querySelector(this.target ?? "#rtas");
      if (!this.place) throw new Error(`rtas-ui finds no element ${this.target ?? "#rtas"}.`);
      const browser = String(navigator.language).toLowerCase().startsWith("pt") ? "PT_PT" : "EN_US";
      const mine = this.language ?? (navigator.language ? browser : null);
      this.words = WORDS[mine] ?? WORDS[this.fallback] ?? WORDS.EN_US;
      if (!sheet) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync(STYLE);
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      }
      this.title = make("h2", { tabindex: "-1" });
      this.body = make("div");
      this.live = make("p", { class: "rtas-live", role: "status" });
      const frame = make("section", { class: "rtas", lang: this.words.lang }, this.title, this.body);
      frame.append(this.live);
      this.place.replaceChildren(frame);
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
      clearInterval(this.clock);
      this.title.textContent = this.say(title);
      this.body.replaceChildren(...inside);
      this.live.hidden = true;
    }

    // A late message never takes the focus from what a finger is about to touch.
    turn(state) {
      super.turn(state);
      if (!this.place) return;
      const draw = this[`draw${this.flow === "transaction" ? "Transaction" : ""}${state}`];
      (draw ?? this[`draw${state}`])?.call(this);
      if (this.isDone()) this.title.focus({ preventScroll: true });
    }

    away(isAway) {
      if (!this.live || this.isDone()) return;
      this.live.hidden = false;
      this.live.textContent = this.say(isAway ? "offline" : "waiting");
      this.live.classList.toggle("rtas-off", isAway);
    }

    drawPENDING() {
      const data = this.data;
      const steps = ["step1", "step2", "step3"].map((id) => make("li", {}, this.say(id)));
      const how = make("div", { class: "rtas-link" }, make("ol", {}, ...steps));
      if (/^[A-Za-z0-9+/=]+$/.test(data.qr_code ?? "")) {
        const src = `data:image/png;base64,${data.qr_code}`;
        how.append(make("div", { class: "rtas-qr" }, make("img", { src, alt: this.say("alt") })));
      }
      this.show("phone", ...this.led([this.text("lede", "rtas-soft"), how]), this.timeLeft());
      this.away(false);
    }

    drawTransactionPENDING() {
      const parts = [this.text("approveLede", "rtas-soft"), this.text("notMine")];
      this.show("approve", ...this.led(parts), this.timeLeft());
      this.away(false);
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
      };
      clearInterval(this.clock);
      tick();
      setTimeout(() => {
        if (shown.isConnected) this.clock = setInterval(tick, 1000);
      });
      return shown;
    }

    drawSUCCESS() {
      const info = this.data.device_info ?? {};
      const name = info.marketing_name || info.name || this.say("device");
      const device = make("p", {}, make("b", {}, make("bdi", {}, name)));
      this.show("success", this.text("successLede", "rtas-good"), device);
      const token = this.data.wrong_device_token;
      if (token && this.calls.WrongDevice) this.body.append(...this.wrongDevice(token));
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

    drawACCEPTED() {
      this.show("accepted");
    }

    drawDECLINED() {
      this.show("declined");
    }

    drawERROR() {
      this.show("error", this.text("errorLede", "rtas-soft"));
    }
  }

  return { RTASBase, RTASUI };
})();
