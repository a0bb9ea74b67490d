// The settings page: the seed's "Paramètres CTI / Choix de l'interface".
// What a scope sets stands in the fields; what is inherited or locked is said beside them. All text is text nodes.
import { choose, say, sayError, translate } from "./words.js";

const $ = (id) => document.getElementById(id);
const desk = location.pathname.split("/").at(-2);
const SECTIONS = {
  prefix: ["outside_prefix", "international_prefix", "internal_numbers", "dial_format", "country", "incoming_strip", "emergency_numbers", "emergency_prefix"],
  desk: ["desk.extension", "desk.user", "desk.password", "desk.ident"],
  file: ["shared_folder"],
  guard: ["guard.countries", "guard.premium", "guard.barred", "guard.codes", "guard.per_minute"],
  tls: ["tls.ca", "tls.pin", "tls.certificate", "tls.key", "tls.insecure"],
};
let shown = { settings: [], interfaces: [], file: null };

const scope = () => document.querySelector("[name=scope]:checked").value;
const known = (name) => shown.settings.find((each) => each.name === name);

// --- showing ------------------------------------------------------------------------------------

function show() {
  $("own").replaceChildren(...ordered().map(ownSection));
  for (const [section, names] of Object.entries(SECTIONS)) fill(document.querySelector(`[data-section="${section}"]`), names);
  showInterfaces();
  showFile();
}

function fill(place, names) {
  place.querySelectorAll(".field").forEach((each) => each.remove());
  const before = place.querySelector(".hint");
  for (const name of names) place.insertBefore(field(known(name)), before);
}

// What a desk can telephone with first, what is not there yet last; switches between.
function ordered() {
  const rank = (each) => (later(each) ? 2 : 0) + (each.per_desk ? 0 : 1);
  return [...shown.interfaces].sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}

function later(found) { return found.error?.code === "interface_not_there_yet"; }

// An interface's own section: its settings, and what it would send.
function ownSection(found) {
  const root = $("interface").content.firstElementChild.cloneNode(true);
  root.dataset.section = found.name;
  root.querySelector("h2").textContent = titled(found.name);
  const hint = root.querySelector(".hint"), example = found.example;
  hint.textContent = later(found) ? say("page.settings.later") : found.error ? sayError(found.error)
    : example?.error ? sayError(example.error) : example ? say("page.settings.example", { text: example.sends.join("\n") }) : "";
  hint.hidden = !hint.textContent;
  fill(root, found.settings);
  root.hidden = !found.settings.length && !hint.textContent;
  return root;
}

function titled(name) { const own = say(`${name}/section`); return own === `${name}/section` ? called(name) : own; }
function called(name) { const own = say(`${name}/name`); return own === `${name}/name` ? name : own; }

function field(setting) {
  const root = $("field").content.firstElementChild.cloneNode(true);
  const input = inputFor(setting);
  input.id = `field-${setting.name}`;
  input.dataset.name = setting.name;
  input.setAttribute("aria-describedby", `origin-${setting.name}`);
  const label = root.querySelector("label");
  label.htmlFor = input.id;
  label.textContent = say(setting.text).replaceAll("`", "");
  label.after(input);
  const origin = root.querySelector(".origin");
  origin.id = `origin-${setting.name}`;
  origin.textContent = originOf(setting);
  root.dataset.locked = input.disabled;
  return root;
}

// A field is what the chosen scope sets itself; empty, it inherits, and the placeholder shows what.
function inputFor(setting) {
  const own = setting[scope()];
  const options = setting.kind === "flag" ? ["yes", "no"] : setting.kind === "choice" ? setting.choices.filter(Boolean) : null;
  const input = document.createElement(options ? "select" : "input");
  if (options) {
    input.append(option("", `${say("page.settings.inherit")} (${word(setting, setting.value)})`), ...options.map((each) => option(each, word(setting, each))));
    input.value = own ?? "";
  } else if (setting.secret) {
    input.type = "password";
    input.autocomplete = "new-password";
    input.placeholder = own ? `${own} ${say("page.settings.kept")}` : setting.value;
  } else {
    input.value = own ?? "";
    input.placeholder = own === null ? setting.value : "";
    input.spellcheck = false;
  }
  if (setting.name === "desk.user") input.autocomplete = "username";
  input.dataset.before = input.value;
  input.disabled = setting.locked || setting.elsewhere || (scope() === "machine" && desk !== shown.first);
  return input;
}

function word(setting, value) { return setting.kind === "flag" ? say(`page.settings.${value || "no"}`) : value; }

function option(value, text) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  return made;
}

function originOf(setting) {
  if (setting.elsewhere || (scope() === "machine" && desk !== shown.first)) return say("page.settings.only_at", { desk: shown.first });
  if (setting.place === "options") return say("page.settings.by_hub");
  if (setting.place === "environment") return say("page.settings.by_environment", { where: setting.origin });
  if (setting.locked) return say("page.settings.locked", { where: setting.origin });
  const own = setting[scope()];
  if (own !== null && setting.place !== scope()) return say("page.settings.other", { value: setting.value, where: setting.origin });
  if (own !== null) return say("page.settings.set_here");
  return setting.origin === "default" ? say("page.settings.default") : say("page.settings.inherited", { where: setting.origin });
}

function showInterfaces() {
  const setting = known("interface"), own = setting[scope()], locked = setting.locked || (scope() === "machine" && desk !== shown.first);
  const names = ordered().filter((each) => each.per_desk).map((each) => each.name);
  $("interfaces").replaceChildren(...["", ...names].map((name) => {
    const found = shown.interfaces.find((each) => each.name === name);
    const label = document.createElement("label"), radio = document.createElement("input");
    label.className = "tick interface";
    Object.assign(radio, { type: "radio", name: "interface", value: name, checked: (own ?? "") === name });
    radio.disabled = locked || (desk !== shown.first && found && !found.by_page) || (found && ["interface_not_there_yet", "interface_broken"].includes(found.error?.code));
    const text = document.createElement("span");
    text.textContent = name ? called(name) : `${say("page.settings.inherit")} (${called(setting.value)})`;
    label.append(radio, text);
    if (found?.error) {
      const why = document.createElement("small");
      why.textContent = found.error.code === "interface_not_there_yet" ? say("page.settings.later") : sayError(found.error);
      label.append(why);
    }
    return label;
  }));
  const origin = document.createElement("p");
  origin.className = "origin";
  origin.textContent = originOf(setting);
  $("interfaces").append(origin);
  showBox();
}

// The tick box is the user's own, whatever the scope shown.
function showBox() {
  const setting = known("use_user_settings");
  const label = document.createElement("label"), box = document.createElement("input"), text = document.createElement("span");
  label.className = "tick";
  Object.assign(box, { type: "checkbox", id: "use-user-settings", checked: setting.value === "yes", disabled: setting.locked });
  text.textContent = say("page.settings.box");
  label.append(box, text);
  if (setting.locked) { const why = document.createElement("small"); why.textContent = originOf(setting); label.append(why); }
  $("box-place").replaceChildren(label);
}

function showFile() {
  const file = shown.file;
  $("file").hidden = !file?.lines.length;
  $("file-name").textContent = !file ? say("page.settings.no_file") : file.error ? sayError(file.error) : `${file.name} – ${file.findings.length ? "" : say("page.settings.clean")}`;
  $("file").replaceChildren(...(file?.lines ?? []).map((line, index) => {
    const row = document.createElement("li"), code = document.createElement("code");
    code.textContent = line || " ";
    row.append(code);
    for (const finding of file.findings.filter((each) => each.line === index + 1)) {
      const note = document.createElement("p");
      note.className = `finding ${finding.level}`;
      note.textContent = `${say(`check.level.${finding.level}`)}: ${say(`check.${finding.code}`, finding.params)}`;
      row.append(note);
    }
    if (line.startsWith(";")) row.className = "comment";
    return row;
  }));
  const first = $("file").querySelector(".finding");
  if (first) $("file").scrollTop = first.parentElement.offsetTop - $("file").offsetTop - 40;
}

// --- changing -----------------------------------------------------------------------------------

function changes() {
  const sets = {};
  for (const input of document.querySelectorAll("#settings [data-name]"))
    if (!input.disabled && input.value !== input.dataset.before) sets[input.dataset.name] = input.value === "" ? null : input.value;
  const chosen = document.querySelector("[name=interface]:checked")?.value;
  if (chosen !== undefined && chosen !== (known("interface")[scope()] ?? "")) sets.interface = chosen || null;
  return sets;
}

async function save() {
  problem("problem");
  $("said").textContent = "";  // what was saved before is not what is being saved now
  const sets = changes(), box = $("use-user-settings").checked;
  const boxed = box !== (known("use_user_settings").value === "yes");
  let path = "";
  try {
    if (boxed) path = await post({ scope: "user", set: { use_user_settings: box ? "yes" : "no" } });
    if (Object.keys(sets).length) path = await post({ scope: scope(), set: sets });
  } catch (error) {
    problem("problem", error);
    return;
  }
  show();
  $("said").textContent = path ? say("page.settings.saved", { path }) : say("page.settings.nothing");
}

async function post(asked) {
  shown = await fetched("/v1/settings", asked);
  return shown.path;
}

async function fetched(path, body) {
  const how = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try { answer = await (await fetch(`${path}?desk=${desk}`, how)).json(); }
  catch { throw { code: "hub_unreachable", params: { url: location.origin } }; }
  if (answer.error && !("sent" in answer)) throw answer.error;
  return answer;
}

function problem(id, error) {
  $(id).hidden = !error;
  $(id).textContent = error ? sayError(error) : "";
  if (error) { $("said").textContent = ""; $(id).scrollIntoView({ block: "nearest" }); }
}

async function testDial(dial) {
  problem("test-problem");
  $("exchange").replaceChildren();
  try {
    const found = await fetched("/v1/test-dial", { number: $("number").value, dial });
    const parts = dial && found.wire.length ? found.wire : found.sent;
    $("exchange").replaceChildren(...parts.flatMap((text, index) => part(dial ? (index % 2 && found.wire.length ? "answered" : "sent") : "would", text)));
    if (dial && !found.error) $("exchange").append(...part("answered", say("page.settings.accepted")));
    problem("test-problem", found.error);
  } catch (error) { problem("test-problem", error); }
}

function part(kind, text) {
  const title = document.createElement("h3"), body = document.createElement("pre");
  title.textContent = say(`page.settings.${kind}`);
  body.textContent = text;
  return [title, body];
}

// --- the page -----------------------------------------------------------------------------------

$("settings").addEventListener("submit", (event) => { event.preventDefault(); save(); });
$("settings").addEventListener("reset", (event) => { event.preventDefault(); show(); $("said").textContent = say("page.settings.nothing"); });
for (const radio of document.querySelectorAll("[name=scope]")) radio.addEventListener("change", show);
$("test-dial").addEventListener("submit", (event) => { event.preventDefault(); testDial(event.submitter.value === "dial"); });
$("language").addEventListener("click", () => redraw(document.documentElement.lang === "fr" ? "en" : "fr"));
$("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme(dark ? "light" : "dark");
});

function theme(name) { document.documentElement.dataset.theme = name; localStorage.setItem("theme", name); }

async function redraw(language) {
  await choose(language);
  translate(document);
  document.title = `${say("page.settings.title")} ${desk} – Offhook`;
  show();
}

if (localStorage.getItem("theme")) theme(localStorage.getItem("theme"));
$("desk").textContent = desk;
$("back").href = `/desk/${desk}`;
try { shown = await fetched("/v1/settings"); } catch (error) { await choose(localStorage.getItem("language")); problem("problem", error); throw error; }
await redraw(new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("language") ?? (navigator.language.startsWith("fr") ? "fr" : "en"));
