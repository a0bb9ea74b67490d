// What the page says: the same sentences as the command line, from /texts/en.json and fr.json.
const OURS = { state: "state", command: "command", why: "cause", finding: "check", wanted: "wanted" };
let words = {};

export async function choose(language) {
  const known = language === "fr" ? "fr" : "en";
  words = await (await fetch(`/texts/${known}.json`)).json();
  document.documentElement.lang = known;
  localStorage.setItem("language", known);
}

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_whole, name) => {
    const known = `${OURS[name]}.${values[name]}`;
    return words[known] ? say(known, { ...values, [name]: "" }) : name === "calls" ? listed(values.calls) : name === "can" ? able(values.can) : values[name] ?? (name === "wanted" ? words["wanted.other"] : "…");
  });
}

// The commands an error lists, in the reader's words.
function able(can) { return String(can ?? "").split(" ").filter(Boolean).map((name) => words[`command.${name}`] ?? name).join(", ") || words["can.nothing"]; }

// The calls an error lists: each one's short number, state and party.
function listed(calls) {
  return String(calls ?? "…").split("\n").map((line) => {
    const [short, state, party, ...name] = line.split(" ");
    return `\n${[short, words[`state.${state}`] ?? state, words[`party.${party}`] ?? party, name.join(" ")].filter(Boolean).join(" ")}`;
  }).join("");
}

// An error as a person at a desk reads it: what is wrong, and what to do here.
// An interface says its own errors, and may say everybody's in its own words.
export function sayError({ code, params, interface: where }) {
  const [error, hint] = ["error", "hint"].map((what) => [`page.${what}.${code}`, `${where}/${what}.${code}`, `${what}.${code}`].find((key) => words[key]));
  if (error) return `${say(error, params)} ${hint ? say(hint, params) : ""}`.trim();
  return `${say("error.unknown_code", { where: where || "Offhook", code })} ${say("hint.unknown_code")}`;
}

export function translate(root) {
  for (const place of root.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);
  for (const place of root.querySelectorAll("[data-placeholder]")) place.placeholder = say(place.dataset.placeholder);
  for (const place of root.querySelectorAll("[data-label^='page.']")) {
    place.setAttribute("aria-label", say(place.dataset.label));
    place.title = say(place.dataset.label);
  }
}
