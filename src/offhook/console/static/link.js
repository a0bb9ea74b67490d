// The desk's stream (/v1/desk): comes back by itself, resumes where it stopped, asks each command once.
const SILENCE_MS = 25_000;
const ANSWER_MS = 15_000;
const LONGEST_PAUSE_MS = 5000;
const REMEMBERED = 1000;  // events had, by their seq

export function link(desk, on) {
  const asked = new Map(), had = new Set();
  let socket = null, live = false, resume = null, quiet = 0, pause = 300;

  function start() {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/desk?desk=${desk}`);
    socket.onopen = () => { socket.send(JSON.stringify({ hello: { version: "2.0", show: "calls", resume } })); alive(); };
    socket.onmessage = ({ data }) => { alive(); take(JSON.parse(data)); };
    socket.onclose = async () => {
      clearTimeout(quiet);
      on.line(live || await letIn() ? "lost" : "out");
      live = false;
      setTimeout(start, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    };
  }

  // A hub that does not answer is a lost line; only one that answers and refuses means the login is gone.
  async function letIn() {
    try { return (await fetch(`/v1/desk/calls?desk=${desk}`)).status !== 401; } catch { return true; }
  }

  function alive() { clearTimeout(quiet); quiet = setTimeout(() => socket.close(), SILENCE_MS); }

  function take(message) {
    if (message.welcome) welcome(message.welcome);
    else if (message.event) event(message);
    else if (message.calls) { on.line(message.up ? "up" : "lost"); on.calls(message.calls); }
    else if (message.answer) asked.get(message.answer)?.done(message.error ?? null, message.ext);
    else if (message.error) on.problem(message.error);
  }

  function welcome({ seq, up, calls }) {
    live = true;
    pause = 300;
    resume = seq;
    on.line(up ? "up" : "lost");
    on.calls(calls);
    for (const { text } of asked.values()) socket.send(text);  // what went out and was not answered
  }

  function event(message) {
    if (message.seq === resume || had.has(message.seq)) return;
    if (message.after !== resume) { socket.close(); return; }  // something was missed: resume
    resume = message.seq;
    had.add(resume);
    if (had.size > REMEMBERED) had.delete(had.values().next().value);
    on.event(message);
  }

  // Resolves to null when done, else to the error. A lost answer is asked for again under the same id; what
  // cannot be sent now is not sent later behind the person's back.
  function ask(command) {
    if (!live) return Promise.resolve({ code: "line_lost", params: {} });
    const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const text = JSON.stringify({ ...command, id });
    return new Promise((resolve) => {
      const done = (error, ext) => { clearTimeout(late); asked.delete(id); if (ext) on.ext(ext); resolve(error); };
      const late = setTimeout(() => done({ code: "answer_lost", params: {} }), ANSWER_MS);
      asked.set(id, { text, done });
      socket.send(text);
    });
  }

  return { start, ask };
}
