// The card of an automation or a run: the answer of `uru_show_run` as a layered drawing, and its events in order.
"use strict";
const STATES = {
  done: ["Done", "good"],
  waiting: ["Waits", "warn"],
  rejected: ["Rejected", "bad"],
  failed: ["Failed", "bad"],
  cancelled: ["Cancelled", "soft"],
  pending: ["To come", "soft"],
  "not reached": ["Not reached", "soft"],
};
const RUNS = {
  running: ["Running", "blue"],
  waiting_for_approval: ["Waits for a person", "warn"],
  completed: ["Completed", "good"],
  failed: ["Failed", "bad"],
  cancelled: ["Cancelled", "soft"],
};
const TYPES = { human_approval: "Approval" };
const REACHED = ["done", "waiting", "rejected", "failed", "cancelled"];

view.show = (result) => {
  const shown = result.structuredContent;
  if (!Array.isArray(shown?.nodes)) return render(plain(result));
  const steps = graph(shown.nodes, shown.edges || [], shown.run);
  const log = events(shown);
  render(head(shown), waits(shown.waits_for || []), log ? el("div", { class: steps.querySelector(".node:nth-last-child(n+4)") ? "rows-only" : "columns" }, steps, log) : steps);
};

const words = (name) => String(name).replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

function head({ automation, run }) {
  const [word, tone] = run ? RUNS[run.status] || [words(run.status || "State not told"), "soft"] : [words(automation.status || "Automation"), "soft"];
  const ended = run?.finished_at ? `, ended ${time(run.finished_at)}` : "";
  const below = run ? `Run of ${time(run.started_at) || "an unknown time"}${ended}` : automation.description;
  return el(
    "header",
    {},
    el("div", {}, el("h1", { text: automation.name || "Automation" }), below ? el("p", { class: "quiet", text: below }) : null),
    pill(word, tone),
  );
}

function waits(found) {
  if (!found.length) return null;
  const boxes = found.map((one) => {
    const step = one.step ? `“${one.step}”` : "a step";
    const who = one.meant_for ? ` by ${one.meant_for}` : "";
    return notice("warn", `Waits for a decision${who} at ${step}.`, one.question);
  });
  return el("section", { class: "notices", "aria-label": "Waits for" }, ...boxes);
}

// The layer of each node: one below the lowest of those that lead to it. An edge that leads back is left out of account.
function layered(nodes, edges) {
  const next = new Map(nodes.map(({ id }) => [id, []]));
  for (const edge of edges) next.get(edge.from)?.push(edge.to);
  const layer = new Map();
  const open = new Set();
  const order = [];
  const seen = new Set();
  const visit = (id) => {
    seen.add(id);
    open.add(id);
    next.set(id, next.get(id).filter((to) => !open.has(to) && next.has(to)));
    for (const to of next.get(id)) if (!seen.has(to)) visit(to);
    open.delete(id);
    order.unshift(id);
  };
  nodes.forEach(({ id }) => seen.has(id) || visit(id));
  for (const id of order) layer.set(id, layer.get(id) || 0), next.get(id).forEach((to) => layer.set(to, Math.max(layer.get(to) || 0, layer.get(id) + 1)));
  return { layer, next };
}

function graph(nodes, edges, run) {
  if (!nodes.length) return el("p", { class: "quiet", text: "Uru does not tell the steps of this automation." });
  const { layer, next } = layered(nodes, edges);
  const rows = Array.from({ length: Math.max(...layer.values()) + 1 }, () => []);
  const boxes = new Map();
  for (const node of nodes) {
    boxes.set(node.id, box(node));
    rows[layer.get(node.id)].push(boxes.get(node.id));
  }
  // An edge over several layers goes through a gap in each of them, so that it crosses no node.
  const lines = edges
    .filter((edge) => boxes.has(edge.from) && boxes.has(edge.to))
    .map((edge) => {
      const down = next.get(edge.from).includes(edge.to);
      const gaps = [];
      for (let row = layer.get(edge.from) + 1; down && row < layer.get(edge.to); row += 1) {
        gaps.push(el("div", { class: "gap", "aria-hidden": "true" }));
        rows[row].unshift(gaps.at(-1));
      }
      return { edge, down, stops: [boxes.get(edge.from), ...gaps, boxes.get(edge.to)] };
    });
  const states = new Map(nodes.map((node) => [node.id, node.state]));
  const picture = drawn("svg", { "aria-hidden": "true" });
  const figure = el("figure", { class: "graph", "aria-label": "Steps" }, picture, ...rows.map((row) => el("div", { class: "layer" }, ...row)));
  const labels = lines.map(({ edge }) => (edge.branch ? el("span", { class: "branch", text: edge.branch }) : null));
  figure.append(...labels.filter(Boolean));
  const taken = ({ from, to }) => run && states.get(from) === "done" && REACHED.includes(states.get(to));
  new ResizeObserver(() => draw(figure, picture, lines, labels, taken)).observe(figure);
  return figure;
}

function box({ name, type, state }) {
  const [word, tone] = STATES[state] || ["", ""];
  return el(
    "div",
    { class: `node ${state ? tone : ""}` },
    el("div", { class: "kind" }, el("span", { text: TYPES[type] || words(type || "Step") }), state ? el("span", { class: tone, text: word }) : null),
    el("p", { text: name }),
  );
}

function draw(figure, picture, lines, labels, taken) {
  const frame = figure.getBoundingClientRect();
  const at = (element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return { x: (left + right) / 2 - frame.left, top: top - frame.top, bottom: bottom - frame.top, right: right - frame.left };
  };
  picture.replaceChildren();
  lines.forEach(({ edge, down, stops }, number) => {
    const places = stops.map(at);
    const [start, end] = [places[0], places.at(-1)];
    const tone = taken(edge) ? "taken" : "";
    let path;
    if (!down) path = `M ${start.right} ${start.top + 16} H ${Math.min(frame.width - 2, Math.max(start.right, end.right) + 9)} V ${end.top + 16} H ${end.right + 5}`;
    else {
      path = `M ${start.x} ${start.bottom}`;
      let from = { x: start.x, y: start.bottom };
      for (const stop of places.slice(1)) {
        const last = stop === end;
        const y = last ? stop.top - 5 : stop.top;
        path += ` C ${from.x} ${from.y + 16}, ${stop.x} ${y - 16}, ${stop.x} ${y}`;
        if (!last) path += ` V ${stop.bottom}`;
        from = { x: stop.x, y: stop.bottom };
      }
    }
    picture.append(drawn("path", { d: path, class: tone }));
    const head = down ? `M ${end.x - 4} ${end.top - 6} h 8 l -4 6 z` : `M ${end.right + 6} ${end.top + 12} v 8 l -6 -4 z`;
    picture.append(drawn("path", { class: `head ${tone}`, d: head }));
    const label = labels[number];
    if (!label) return;
    // Above where the edge goes first, as several edges with labels leave one node more often than they reach one.
    const { x, top } = down ? places[1] : { x: start.right, top: start.top + 27 };
    label.style.left = `${Math.max(0, Math.min(frame.width - label.offsetWidth, x - label.offsetWidth / 2))}px`;
    label.style.top = `${top - 9 - label.offsetHeight}px`;
  });
}

function events({ nodes, events = [], more_events }) {
  if (!events.length) return null;
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  const rows = events.map(({ time: moment, node, type, detail }) =>
    el(
      "li",
      {},
      el("time", { class: "quiet", datetime: moment, title: time(moment), text: formatted(moment, { timeStyle: "medium" }) }),
      el("div", {}, el("span", { text: [node ? names.get(node) || node : null, words(type).toLowerCase()].filter(Boolean).join(": ") }), detail ? el("p", { class: "quiet", text: detail }) : null),
    ),
  );
  const title = more_events ? `The newest ${count(events.length)} of ${count(events.length + more_events)} events` : `${count(events.length)} ${events.length === 1 ? "event" : "events"}`;
  return el("details", { open: "" }, el("summary", { text: title }), el("ol", { class: "events", tabindex: 0, "aria-label": "Events" }, ...rows));
}

connect();
