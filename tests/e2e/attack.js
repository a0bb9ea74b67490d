// What a hostile page tries on every path of the hub: read, or make something happen.
async ({ hub, paths, dial }) => {
  const got = [];
  const body = JSON.stringify(dial);
  const late = (after) => new Promise((resolve) => setTimeout(() => resolve("late"), after));
  // the browser makes WebSockets to one host wait for each other
  const attempt = (name, work) =>
    Promise.race([work().catch(() => "refused"), late(name.startsWith("socket") ? 60_000 : 2500)]).then((result) => got.push([name, result]));
  const told = async (answer) => answer.type === "opaque" ? "opaque" : `${answer.status} ${await answer.text()}`;

  const ask = async (path, method, mode) =>
    told(await fetch(hub + path, { method, mode, credentials: "include", body: method === "POST" ? body : undefined }));

  const askJson = async (path) => {
    const headers = { "Content-Type": "application/json" };
    return told(await fetch(hub + path, { method: "POST", credentials: "include", headers, body }));
  };

  const load = (kind, path) => new Promise((resolve) => {
    const node = document.createElement(kind);
    node.onload = () => resolve("loaded");
    node.onerror = () => resolve("refused");
    node.src = hub + path;
    document.body.append(node);
  });

  const frame = (path) => new Promise((resolve) => {
    const node = document.createElement("iframe");
    node.onload = () => {
      try { resolve(node.contentDocument ? `read ${node.contentDocument.body.textContent}` : "closed"); } catch { resolve("closed"); }
    };
    node.src = hub + path;
    document.body.append(node);
  });

  const socket = (path) => new Promise((resolve) => {
    const link = new WebSocket(`${hub.replace("http", "ws")}${path}?desk=1001`);
    link.onopen = () => link.send(JSON.stringify({ hello: { version: "2.0" } }));
    link.onmessage = ({ data }) => resolve(`read ${data}`);
    link.onerror = () => resolve("refused");
  });

  // a form cannot send JSON, but text that happens to be JSON
  const form = (path) => new Promise((resolve) => {
    const node = document.createElement("form");
    Object.assign(node, { method: "POST", action: hub + path, enctype: "text/plain", target: "sink" });
    const input = document.createElement("input");
    Object.assign(input, { name: `${body.slice(0, -1)}, "x": "`, value: '"}' });
    node.append(input);
    document.body.append(node);
    node.submit();
    setTimeout(() => resolve("sent"), 300);
  });

  const work = [];
  for (const path of paths) {
    for (const mode of ["cors", "no-cors"])
      for (const method of ["GET", "POST"]) work.push(attempt(`fetch ${mode} ${method} ${path}`, () => ask(path, method, mode)));
    work.push(attempt(`json ${path}`, () => askJson(path)));
    for (const kind of ["img", "script"]) work.push(attempt(`${kind} ${path}`, () => load(kind, path)));
    work.push(attempt(`frame ${path}`, () => frame(path)));
    work.push(attempt(`socket ${path}`, () => socket(path)));
    work.push(attempt(`form ${path}`, () => form(path)));
  }
  await Promise.all(work);
  return got;
}
