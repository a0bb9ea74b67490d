// What the page says: the same sentences as the command line, from /texts/en.json and fr.json.
const OURS = { state: "state", command: "command", why: "cause" };
let words = {};

export async function choose(language) {
  const known = language === "fr" ? "fr" : "en";
  words = await (await fetch(`/texts/${known}.json`)).json();
  document.documentElement.lang = known;
  localStorage.setItem("language", known);
}

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_whole, name) => words[`${OURS[name]}.${values[name]}`] ?? values[name] ?? "…");
}

// An error as a person at a desk reads it: what is wrong, and what to do here.
export function sayError({ code, params }) {
  const hint = words[`page.hint.${code}`] ? `page.hint.${code}` : `hint.${code}`;
  return words[`error.${code}`] ? `${say(`error.${code}`, params)} ${say(hint, params)}` : say("error.reply_unreadable", { source: code });
}

export function translate(root) {
  for (const place of root.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);
  for (const place of root.querySelectorAll("[data-placeholder]")) place.placeholder = say(place.dataset.placeholder);
  for (const place of root.querySelectorAll("[data-label^='page.']")) {
    place.setAttribute("aria-label", say(place.dataset.label));
    place.title = say(place.dataset.label);
  }
}
