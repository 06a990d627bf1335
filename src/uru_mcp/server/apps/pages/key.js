// The card of the API key: the report of `uru_whoami`, and in `_meta` how the key was used.
"use strict";
const HOW = {
  told: "Uru says so",
  declared: "your setting says so",
  seen: "a call has shown it",
  refused: "Uru refused a call",
  ceiling: "your setting takes it away",
};
const ANSWER = { yes: ["Yes", "good"], no: ["No", "soft"], unknown: ["Not known", "warn"] };
const KINDS = [["done", "good", "done"], ["refused", "warn", "refused"], ["failed", "bad", "failed"]];
const ROTATE_AFTER = 90; // days, as Uru's guide advises

view.show = (result) => {
  const report = { ...result.structuredContent, ...result._meta?.[TOLD] }; // which is said for the person
  const card = result._meta?.["uru-mcp/card"] || {};
  if (!report.permissions) return render(plain(result));
  render(head(report), permissions(report), facts(report), notices(report, card), report.key.last4 ? use(card) : null, blocked(report.tools || {}));
};

function head({ state, workspace, key }) {
  const named = [key.name, key.last4 ? `…${key.last4}` : null].filter(Boolean).join(" ");
  const well = state === "ready";
  return el(
    "header",
    {},
    el(
      "div",
      {},
      el("h1", { text: workspace ? workspace.name || "Unnamed workspace" : "No workspace" }),
      el("p", { class: "quiet", text: named ? `API key ${named}` : "No API key" }),
    ),
    pill(well ? "Ready" : sentence(state), well ? "good" : "bad"),
  );
}

const sentence = (code) => String(code).replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

function permissions({ permissions }) {
  const tiles = ["read", "write", "execute"].map((name) => {
    const known = permissions[name] || {};
    const [word, tone] = ANSWER[known.answer] || ANSWER.unknown;
    return el(
      "div",
      { class: "tile" },
      el("span", { class: "quiet", text: sentence(name) }),
      el("strong", { class: tone, text: word }),
      el("p", { class: "quiet", text: HOW[known.how] || "nothing says so yet" }),
    );
  });
  return el("section", { class: "tiles", "aria-label": "Permissions" }, ...tiles);
}

function facts({ key, tools }) {
  const age = key.age_days;
  const left = ROTATE_AFTER - age;
  const rows = [
    ["Age", age === null ? "not told" : age < 1 ? "new" : age === 1 ? "1 day" : `${count(age)} days`],
    ["Rotation due", age === null ? "not known" : left > 0 ? day(Date.now() + left * 864e5) : "now", left <= 14],
    ["Expires", key.expires_at ? day(key.expires_at) : age === null ? "not told" : "never"],
    ["Tools allowed", count(tools?.allowed ?? 0)],
  ];
  const fact = ([name, value, urgent]) =>
    el("div", {}, el("dt", { text: name }), el("dd", { text: value, class: urgent && age !== null ? "warn" : null }));
  return el("dl", { class: "facts" }, ...rows.map(fact));
}

function notices({ problems = [], warnings = [] }, { elsewhere }) {
  const found = [
    ...problems.map((one) => notice("bad", one.message, one.fix)),
    elsewhere ? stolen(elsewhere) : null,
    ...warnings.map((one) => notice("warn", one.message, one.fix)),
  ].filter(Boolean);
  return found.length ? el("section", { class: "notices", "aria-label": "Problems" }, ...found) : null;
}

function stolen({ requests, since }) {
  return notice(
    "bad",
    `Uru counts ${count(requests)} more ${requests === 1 ? "request" : "requests"} with this key than the servers that write this machine's audit log sent since ${day(since)}.`,
    "If you use this key nowhere else, somebody else has it: delete it in Uru under Settings → API Keys and create a new one.",
  );
}

function use({ has_log, no_log, use, uru }) {
  const counted = uru ? uruCount(uru) : null;
  if (has_log === undefined) return null;
  if (!use) {
    const why = has_log ? "The audit log could not be read in time." : no_log;
    if (!why) return counted && el("section", {}, el("h2", { text: "Use of the key" }), counted);
    return el("section", {}, el("h2", { text: "Use of the key" }), el("p", { class: "quiet", text: why }), counted);
  }
  const sum = (kind) => use.days.reduce((total, one) => total + one[kind], 0);
  const legend = KINDS.map(([kind, tone, word]) => el("span", { class: tone }, el("b", { text: `${count(sum(kind))} ${word}` })));
  return el(
    "section",
    {},
    el("h2", { text: "Calls in the last 30 days" }),
    bars(use.days),
    el("div", { class: "scale" }, el("span", { text: dayMonth(use.days[0].day) }), el("span", { text: "today" })),
    el("div", { class: "legend number" }, ...legend),
    counted,
  );
}

const dayMonth = (date) => formatted(`${date}T12:00:00Z`, { day: "numeric", month: "short", timeZone: "UTC" });

function uruCount({ total, last_day }) {
  const said = [
    total === null ? null : `${count(total)} requests since the key was made`,
    last_day === null ? null : `${count(last_day)} in the last 24 hours`,
  ].filter(Boolean);
  return el("p", { class: "quiet", text: `Uru itself counts ${said.join(", ")}.` });
}

function bars(days) {
  const WIDTH = 10;
  const HEIGHT = 72;
  const most = Math.max(1, ...days.map((one) => one.done + one.refused + one.failed));
  const chart = drawn("svg", { class: "chart", viewBox: `0 0 ${days.length * WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const calls = days.reduce((total, one) => total + one.done + one.refused + one.failed, 0);
  chart.setAttribute("aria-label", `${calls} calls in ${days.length} days, at most ${most} on one day`);
  days.forEach((one, place) => {
    const group = drawn("g", {});
    const title = drawn("title", {});
    title.textContent = `${one.day}: ${one.done} done, ${one.refused} refused, ${one.failed} failed`;
    group.append(title, drawn("rect", { class: "soft", opacity: 0.15, x: place * WIDTH + 1, y: HEIGHT - 1, width: WIDTH - 2, height: 1 }));
    let y = HEIGHT;
    for (const [kind, tone] of KINDS) {
      const height = one[kind] ? Math.max(2, (one[kind] / most) * (HEIGHT - 6)) : 0;
      y -= height;
      if (height) group.append(drawn("rect", { class: tone, x: place * WIDTH + 1, y: Math.max(0, y), width: WIDTH - 2, height }));
    }
    chart.append(group);
  });
  return chart;
}

function blocked({ blocked = 0, missing = [], taken_away_by_user: taken, fix }) {
  const chosen = taken ? el("p", { class: "quiet", text: `${count(taken)} more are taken away by your own URU_TOOLS.` }) : null;
  if (!missing.length) return chosen;
  const rows = missing.map((one) => {
    const apps = Object.entries(one.apps).map(([app, tools]) => `${app} ${count(tools)}`);
    if (one.more_apps) apps.push(`${count(one.more_apps)} more apps`);
    return el(
      "li",
      {},
      el("span", { class: "name", text: `${sentence(one.permission)} is missing for ${count(one.tools)}` }),
      el("span", { class: "quiet", text: apps.join(", ") }),
    );
  });
  return el(
    "section",
    {},
    el("h2", { text: `${count(blocked)} ${blocked === 1 ? "tool is" : "tools are"} blocked` }),
    el("ul", { class: "rows" }, ...rows),
    fix ? el("p", { class: "quiet", text: fix }) : null,
    chosen,
  );
}

connect();
