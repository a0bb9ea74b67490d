// The desk's stream (/v1/desk): comes back by itself, resumes where it stopped, asks each command once.
const SILENCE_MS = 25_000;
const ANSWER_MS = 15_000;

export function link(desk, on) {
  const asked = new Map();
  let socket = null, resume = null, quiet = 0, pause = 300, refused = 0;

  function start() {
    on.line("connecting");
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/desk?desk=${desk}`);
    let welcomed = false;
    socket.onopen = () => { socket.send(JSON.stringify({ hello: { version: "1.0", show: "calls", resume } })); alive(); };
    socket.onmessage = ({ data }) => { alive(); const message = JSON.parse(data); if (message.welcome) { welcomed = true; refused = 0; pause = 300; } take(message); };
    socket.onclose = () => {
      clearTimeout(quiet);
      refused = welcomed ? 0 : refused + 1;
      on.line(refused > 3 ? "out" : "lost");
      setTimeout(start, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, 5000);
    };
  }

  function alive() { clearTimeout(quiet); quiet = setTimeout(() => socket.close(), SILENCE_MS); }

  function take(message) {
    if (message.welcome) {
      const { log, seq, up, calls } = message.welcome;
      resume = { log, seq };
      if (up !== undefined) on.line(up ? "up" : "lost");
      if (calls) on.calls(calls);
      for (const text of asked.keys()) socket.send(asked.get(text).text);
    } else if (message.event) {
      if (message.seq <= resume.seq) return;
      resume.seq = message.seq;
      on.event(message);
    } else if (message.calls) {
      on.line(message.up ? "up" : "lost");
      on.calls(message.calls);
    } else if (message.answer) {
      asked.get(message.answer)?.done(message.error ?? null);
    } else if (message.error) on.problem(message.error);
  }

  // Resolves to null when done, else to the error. A lost answer is asked for again under the same id.
  function ask(command) {
    const id = crypto.randomUUID();
    const text = JSON.stringify({ ...command, id });
    return new Promise((resolve) => {
      const done = (error) => { clearTimeout(late); asked.delete(id); resolve(error); };
      const late = setTimeout(() => done({ code: "answer_lost", params: {} }), ANSWER_MS);
      asked.set(id, { text, done });
      if (socket?.readyState === WebSocket.OPEN) socket.send(text);
    });
  }

  return { start, ask };
}
