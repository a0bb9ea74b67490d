// The desk page: shows the calls the hub tells of and asks it for what a person wants.
// It keeps no call model of its own: the hub sends every call as it is now, with what can be asked of it.
// Names and numbers are hostile text: they only ever become text nodes.
import { link } from "./link.js";
import { choose, say, sayError, translate } from "./words.js";

const $ = (id) => document.getElementById(id);
const desk = location.pathname.split("/").pop();
const ACTIONS = [["Answer", "A"], ["Resume", "H"], ["Hold", "H"], ["CompleteTransfer", ""], ["CancelConsult", ""], ["Transfer", "T"], ["Park", ""], ["HangUp", "E"]];
const cards = new Map();
let calls = [];

// --- calls --------------------------------------------------------------------------------------

function showCalls(now) {
  const before = new Map(calls.map((call) => [call.id, call]));
  const focused = document.activeElement, own = focused?.closest(".call, #ringing");
  calls = now;
  for (const [id, card] of cards) if (!now.some((call) => call.id === id)) { inView.unobserve(card); card.remove(); cards.delete(id); }
  for (const call of now) {
    if (!cards.has(call.id)) { const card = newCard(call.id); cards.set(call.id, card); $("call-list").append(card); inView.observe(card); }
    showCall(cards.get(call.id), call);
    if (before.get(call.id)?.state !== call.state) announce(call);
  }
  $("no-calls").hidden = now.length > 0;
  const ringing = now.find((call) => call.state === "alerting");
  document.title = ringing ? `☎ ${caller(ringing)}` : `${desk} – Offhook`;
  showRinging();
  if (own && !(focused.isConnected && focused.checkVisibility())) refocus(own);
}

// Somebody who works with the keyboard keeps their place: the same card's next button, else another card's.
function refocus(own) {
  const next = [own, ...cards.values()].flatMap((card) => card.isConnected ? [...card.querySelectorAll("[data-do]")] : []);
  (next.find((button) => button.checkVisibility()) ?? $("calls")).focus();
  if (!own.isConnected) deafUntil = Date.now() + 1000;  // what is being typed for a call that has gone is no command
}

// For those who listen to the page: one sentence when a call changes, never the clock.
function announce(call) { $("announce").textContent = `${say(`state.${call.state ?? "null"}`)}, ${caller(call)}`; }

// A call that rings while its card is out of sight shows at the top, where it can be taken.
const hidden = new Set();
const inView = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) hidden[isIntersecting ? "delete" : "add"](target.dataset.call);
  showRinging();
});

function showRinging() {
  const call = calls.find((each) => each.state === "alerting" && hidden.has(each.id));
  $("ringing").hidden = !call;
  if (!call) return;
  $("ringing").dataset.call = call.id;
  put($("ringing"), "strong", caller(call));
}

for (const button of document.querySelectorAll("#ringing [data-do]"))
  button.addEventListener("click", () => act($("ringing").dataset.call, button.dataset.do));

function newCard(id) {
  const card = $("call-card").content.firstElementChild.cloneNode(true);
  card.dataset.call = id;
  card.setAttribute("aria-labelledby", `name-${id}`);
  card.querySelector(".name").id = `name-${id}`;
  translate(card);
  const actions = card.querySelector(".actions");
  for (const [name, key] of ACTIONS) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.do = name;
    if (key) button.setAttribute("aria-keyshortcuts", key);
    button.addEventListener("click", () => act(id, name));
    actions.append(button);
  }
  const form = card.querySelector("form.transfer");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const call = calls.find((each) => each.id === id);
    ask({ command: event.submitter.value, call: id, to: form.querySelector("input").value, record: event.submitter.value === "Transfer" ? recordOf(call) : undefined });
    closeForm(card);
  });
  form.querySelector("[value=Cancel]").addEventListener("click", () => closeForm(card));
  return card;
}

function closeForm(card) {
  const form = card.querySelector("form.transfer"), inside = form.contains(document.activeElement);
  form.hidden = true;
  if (inside) [...card.querySelectorAll("[data-do]")].find((button) => button.checkVisibility())?.focus();
}

function showCall(card, call) {
  const contact = call.contacts?.[0];
  card.dataset.state = call.state ?? "null";
  card.dataset.since = call.connected_at ?? call.started_at ?? "";
  put(card, ".state-name", [say(`state.${call.state ?? "null"}`), call.consult_of && say(calls.some((each) => each.id === call.consult_of) ? "page.consulting" : "page.caller_left"), call.slot && `${say("page.slot")} ${call.slot}`].filter(Boolean).join(" · "));
  put(card, ".name", caller(call));
  put(card, ".detail", [contact?.name, contact?.city, shownNumber(call), contact?.kind, contact && contact.exact === false && say(contact.hint ? "page.hint" : "page.main_number")].filter(Boolean).join(" · "));
  put(card, ".note", contact?.note ?? "");
  put(card, ".asked", outcome(call));
  put(card, ".also", call.contacts?.length > 1 ? `${say("page.also")} ${call.contacts.slice(1, 4).map((each) => each.name || each.company || each.record.title).join(", ")}` : "");
  for (const button of card.querySelectorAll("[data-do]")) {
    const name = button.dataset.do;
    button.hidden = !call.can?.includes(name);
    const key = button.getAttribute("aria-keyshortcuts");
    const label = say(`page.${name === "HangUp" && call.state === "alerting" ? "Reject" : name}`);
    if (button.dataset.label !== label) {
      button.dataset.label = label;
      button.replaceChildren(label);
      if (key) { const hint = document.createElement("kbd"); hint.textContent = key; hint.ariaHidden = "true"; button.append(" ", hint); }
    }
  }
  if (!call.can?.includes("Transfer")) card.querySelector("form.transfer").hidden = true;
}

function caller(call) {
  const contact = call.contacts?.[0];
  return contact?.company || contact?.name || call.name || contact?.record.title || { hidden: say("page.hidden_caller"), unreadable: say("page.unreadable_caller") }[call.party]
    || (call.party === "internal" ? `${say("page.internal")} ${call.number}` : "") || (call.direction === "inbound" ? say("page.unknown_caller") : pretty(call.number));
}

function shownNumber(call) { return call.party === "hidden" ? "" : pretty(call.number ?? call.raw ?? "").replaceAll(" ", "\u00a0"); }

// French numbers in pairs, as people read them; others as they came.
function pretty(number) {
  const french = /^\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(number ?? "");
  return french ? `0${french.slice(1).join(" ")}`.replace(/^0(\d) /, "0$1 ") : number ?? "";
}

function recordOf(call) { const record = call?.record ?? call?.contacts?.[0]?.record; return record && { ...record }; }

function act(id, name) {
  if (name !== "Transfer") return ask({ command: name, call: id });
  const form = cards.get(id).querySelector("form.transfer");
  form.hidden = !form.hidden;
  if (!form.hidden) form.querySelector("input").focus();
}

function tick() {
  const now = Date.now();
  for (const card of cards.values()) {
    const since = Date.parse(card.dataset.since);
    const seconds = Number.isNaN(since) ? 0 : Math.max(0, Math.floor((now - since) / 1000));
    put(card, ".timer", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  }
}

// --- history ------------------------------------------------------------------------------------

// A call that is over tells its own story: the hub sends every call as it is after its end, too.
// What became of a consultation stays on the card of the one it was about, until somebody else is asked.
const consulted = new Map();

function remember({ event, at, reason, snapshot }) {
  const about = snapshot?.consult_of;
  if (event === "Dialling" && about) consulted.delete(about);
  if (event !== "Ended") return;
  addHistory(snapshot, { at, reason });
  consulted.delete(snapshot.id);
  if (about) consulted.set(about, { call: snapshot, reason: `reason.${reason ?? "unknown"}` });
}

function outcome(call) {
  const last = consulted.get(call.id);
  return last ? say("page.asked", { who: caller(last.call), reason: say(last.reason) }) : "";
}

function addHistory(known, event) {
  const missed = known.rang && !known.connected_at && !["answered_elsewhere", "rejected"].includes(event.reason);
  const row = document.createElement("li");
  const what = document.createElement("span");
  what.className = missed ? "what missed" : "what";
  const time = new Date(event.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  const way = say(missed ? "page.missed" : known.rang ? "page.in" : "page.out");
  what.textContent = `${time} · ${way} · ${caller(known)} · ${say(`reason.${event.reason ?? "unknown"}`)}`;
  row.append(what);
  if (known.number) row.append(numberButton(known.number));
  $("history").prepend(row);
  while ($("history").children.length > 30) $("history").lastElementChild.remove();
  $("no-history").hidden = true;
}

// --- contacts and dialling ----------------------------------------------------------------------

let searching = 0;

async function search() {
  const mine = ++searching;
  const text = $("search").value.trim();
  const contacts = await found(text);
  if (mine !== searching) return;
  const at = $("contacts").contains(document.activeElement) ? document.activeElement.dataset.number : null;
  $("contacts").replaceChildren(...contacts.map(contactRow));
  $("no-contacts").hidden = contacts.length > 0;
  if (at !== null) ($("contacts").querySelector(`[data-number="${CSS.escape(at)}"]`) ?? $("contacts").querySelector("button"))?.focus();
}

async function found(text) {
  try {
    const answer = await fetch(`/v1/contacts?desk=${desk}&q=${encodeURIComponent(text)}`);
    return answer.ok ? (await answer.json()).contacts : [];
  } catch { return []; }
}

function contactRow(contact) {
  const row = $("contact-row").content.firstElementChild.cloneNode(true);
  put(row, ".company", contact.company || contact.name || contact.record.title || "");
  put(row, ".kind", contact.kind || "");
  row.querySelector(".kind").hidden = !contact.kind;
  put(row, ".person", [contact.company && contact.name, contact.city].filter(Boolean).join(" · "));
  row.querySelector(".numbers").append(...(contact.numbers ?? []).map(numberButton));
  return row;
}

function numberButton(number) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "number";
  button.dataset.number = number;
  button.textContent = pretty(number);
  button.setAttribute("aria-label", `${say("page.call")} ${pretty(number)}`);
  button.addEventListener("click", () => ask({ command: "Dial", number }));
  return button;
}

// --- asking the hub -----------------------------------------------------------------------------

async function ask(command) {
  $("problem").hidden = true;
  const error = await hub.ask(command);
  if (error) problem(sayError(error));
  if (error?.code === "number_several") offer(String(error.params?.numbers ?? "").split(" | "), command);
}

// Two numbers in one text: the person chooses which is meant.
function offer(numbers, command) {
  for (const number of numbers) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = number;
    button.addEventListener("click", () => ask({ ...command, ["number" in command ? "number" : "to"]: number }));
    $("problem").append(" ", button);
  }
}

function problem(text) { $("problem").textContent = text; $("problem").hidden = false; }

function showLine(state) {
  if (state === "out") problem(sayError({ code: "login_refused" }));
  if (state === "up" && $("line").dataset.state === "lost") { search(); $("problem").hidden = true; }
  if (state !== "up" && calls.length) showCalls(calls.map((call) => ({ ...call, can: [] })));  // nothing can be asked now
  $("line").dataset.state = state;
  $("line").textContent = say({ up: "page.line_up", lost: "page.line_lost", out: "page.signed_out" }[state] ?? "page.connecting");
}

const hub = link(desk, { calls: showCalls, event: remember, line: showLine, problem: (error) => problem(sayError(error)), ext: (ext) => problem(say("page.ext", { ext })) });

// --- training: the outside world of a pretend exchange --------------------------------------------

const CALLERS = {
  known: [{ number: "0388202020" }], unknown: [{ number: "0199009988" }], hidden: [{ number: "" }],
  two: [{ number: "0388202020" }, { number: "0353011010", late_name: "M. Oberlé" }],
};

for (const button of document.querySelectorAll("[data-train]")) button.addEventListener("click", async () => {
  for (const who of CALLERS[button.dataset.train]) {
    const body = JSON.stringify({ do: "Incoming", to: desk, patience_s: 60, ...who });
    try {
      const answer = await fetch(`/v1/training?desk=${desk}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      if (!answer.ok) problem(sayError((await answer.json()).error));
    } catch { problem(sayError({ code: "line_lost" })); }
  }
});

// --- keyboard, language, theme --------------------------------------------------------------------

const KEYS = { a: ["Answer"], e: ["HangUp"], h: ["Hold", "Resume"], t: ["Transfer"] };
const AGAIN_MS = 700;
let deafUntil = 0;
let last = { key: "", call: "", until: 0 };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "Escape" && typing) { event.target.blur(); for (const card of cards.values()) closeForm(card); return; }
  if (typing || $("keys-help").open) return;
  if (event.key === "/") { event.preventDefault(); $("search").focus(); $("search").select(); return; }
  if (event.key === "?") { $("keys-help").showModal(); return; }
  if (!$("single-keys").checked || Date.now() < deafUntil) return;
  for (const name of KEYS[event.key.toLowerCase()] ?? []) {
    const able = calls.filter((each) => each.can?.includes(name));
    if (!able.length) continue;
    event.preventDefault();
    const call = name === "HangUp" ? onlyOne(able) : able.sort((one, other) => order(one, name) - order(other, name))[0];
    if (!call) return;
    const hasty = last.key === event.key && last.call !== call.id && Date.now() < last.until;
    if (hasty) return;  // a second press in haste was not meant for another call
    last = { key: event.key, call: call.id, until: Date.now() + AGAIN_MS };
    act(call.id, name);
    return;
  }
});

// What destroys never guesses: a call that talks or rings before one that waits; of several, the person chooses.
function onlyOne(able) {
  const lively = able.filter((each) => !["held", "parked"].includes(each.state));
  const meant = lively.length ? lively : able;
  if (meant.length > 1) problem(say("page.which", { who: meant.map(caller).join(", ") }));
  return meant.length > 1 ? null : meant[0];
}

// What another key acts on among several calls: the one ringing longest, the one being spoken on, else the newest.
function order(call, name) {
  if (name === "Answer") return calls.indexOf(call);
  return (call.state === "connected" ? 0 : 1) - calls.indexOf(call) / 1000;
}

$("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = $("search").value.trim();
  const words = /[a-z]{3}/i.test(number.replace(/^(tel|callto|sips?|skype):/i, ""));  // "Portable : 06 …" is a number as well
  if (/\d/.test(number) && (!words || number.replace(/\D/g, "").length >= 6)) ask({ command: "Dial", number });
  else $("contacts").querySelector("button")?.focus();
});
$("search").addEventListener("input", search);
$("single-keys").checked = localStorage.getItem("single-keys") !== "off";
$("single-keys").addEventListener("change", () => localStorage.setItem("single-keys", $("single-keys").checked ? "on" : "off"));
$("keys").addEventListener("click", () => $("keys-help").showModal());
$("language").addEventListener("click", () => redraw(document.documentElement.lang === "fr" ? "en" : "fr"));
$("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme(dark ? "light" : "dark");
});

function theme(name) { document.documentElement.dataset.theme = name; localStorage.setItem("theme", name); }

async function redraw(language) {
  await choose(language);
  translate(document);
  if ($("line").dataset.state) showLine($("line").dataset.state);
  showCalls(calls);
  search();
}

function put(root, selector, text) { const place = root.querySelector(selector); if (place.textContent !== text) place.textContent = text; }

if (localStorage.getItem("theme")) theme(localStorage.getItem("theme"));
await redraw(new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("language") ?? (navigator.language.startsWith("fr") ? "fr" : "en"));
$("desk").textContent = desk;
$("settings").href = `/desk/${desk}/settings`;
setInterval(tick, 500);
hub.start();
const about = await (await fetch("/v1/about")).json();
$("training").hidden = !about.training;
$("training").open = about.training;
