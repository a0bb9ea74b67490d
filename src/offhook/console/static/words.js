// What the page says: the same sentences as the command line, from /texts/en.json and fr.json.
let words = {};

export async function choose(language) {
  const known = language === "fr" ? "fr" : "en";
  words = await (await fetch(`/texts/${known}.json`)).json();
  document.documentElement.lang = known;
  localStorage.setItem("language", known);
}

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_whole, name) => values[name] ?? "…");
}

export function translate(root) {
  for (const place of root.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);
  for (const place of root.querySelectorAll("[data-placeholder]")) place.placeholder = say(place.dataset.placeholder);
  for (const place of root.querySelectorAll("input[data-label], button[data-label^='page.']")) {
    place.setAttribute("aria-label", say(place.dataset.label));
    place.title = say(place.dataset.label);
  }
}
