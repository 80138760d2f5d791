// The status page: one snapshot, then the event stream. Text only through textContent, so nothing
// that a device or partner says can become markup.
import { words } from "./words.js";

let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh-CN" : "en");
let view = null;

const at = (id) => document.getElementById(id);
const t = (key) => words[language][key] ?? key;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function chip(code, shown) {
  return make("span", shown ?? t(code), `chip ${code}`);
}

function row(...cells) {
  const line = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    if (cell instanceof Node) td.append(cell);
    else td.textContent = cell ?? "";
    line.append(td);
  }
  return line;
}

function button(label, action, className) {
  const element = make("button", label, className);
  element.type = "button";
  // A property and no listener: what is patched in place takes the new action over.
  element.onclick = action;
  return element;
}

function keyed(key, element) {
  element.dataset.key = key;
  return element;
}

// Shows these elements and no others. What is known by its key is changed in place, so that whoever
// stands on a button of it still stands there; only what moved is put elsewhere.
function show(parent, fresh) {
  const focused = document.activeElement;
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const kept = fresh.map((element) => {
    const old = known.get(element.dataset.key);
    if (!old) return element;
    known.delete(element.dataset.key);
    patch(old, element);
    return old;
  });
  for (const gone of known.values()) gone.remove();
  kept.forEach((element, place) => {
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
  });
  while (parent.children.length > kept.length) parent.lastElementChild.remove();
  if (focused !== document.activeElement && focused.isConnected) focused.focus();
}

// Makes an element what a fresh one is, touching only what differs.
function patch(old, fresh) {
  if (old.className !== fresh.className) old.className = fresh.className;
  old.onclick = fresh.onclick;
  const [was, is] = [[...old.childNodes], [...fresh.childNodes]];
  is.forEach((node, place) => {
    const before = was[place];
    if (!before) old.append(node);
    else if (before.nodeName !== node.nodeName || before.dataset?.key !== node.dataset?.key) before.replaceWith(node);
    else if (node.nodeType === Node.TEXT_NODE) setText(before, node.textContent);
    else patch(before, node);
  });
  for (const gone of was.slice(is.length)) gone.remove();
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A click is a press and a release on the same element, so nothing is exchanged under a pressed
// finger; what came meanwhile is shown right after it.
let pressed = false;
let waiting = false;

function requestRender() {
  waiting = pressed;
  if (!pressed) render();
}

function released() {
  pressed = false;
  // After the click that this release may still become.
  setTimeout(() => { if (waiting && !pressed) requestRender(); }, 0);
}

addEventListener("pointerdown", () => { pressed = true; }, true);
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, released, true);

const clock = (time) => (time ? time.slice(11, 19) : "");
const day = (time) => (time ? `${time.slice(5, 10)} ${clock(time)}` : "");

function fillWords() {
  document.documentElement.lang = language;
  at("language").textContent = language === "en" ? "中文" : "English";
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
}

const modeWord = (mode) => t(["EMERGENCY", "UNKNOWN"].includes(mode) ? `MODE_${mode}` : mode);

// Gates in another mode than the park's, by mode: three of each by name.
function gateModes() {
  const gates = {};
  for (const lane of view.lanes.filter((it) => it.mode)) (gates[lane.mode] ??= new Set()).add(lane.gate_name);
  return Object.entries(gates).map(([mode, names]) => {
    const more = names.size > 3 ? ` +${names.size - 3}` : "";
    return `${modeWord(mode)}: ${[...names].slice(0, 3).join(", ")}${more}`;
  });
}

function gate(lane) {
  const cell = make("div", lane.gate_name);
  if (lane.mode) cell.append(make("div", modeWord(lane.mode), "quiet"));
  return cell;
}

function render() {
  if (!view) return;
  at("park").textContent = `${view.park_name} · ${view.park_code}`;
  at("mode").textContent = [modeWord(view.mode), ...gateModes()].join(" · ");
  const condition = view.figures.condition;
  const stalled = condition.stalled_ms !== null;
  at("condition").hidden = condition.mode === "normal" && !stalled;
  at("condition").className = `condition ${stalled ? "emergency" : condition.mode}`;
  // It is read aloud when it changes, so it is not written again while it says the same.
  setText(at("condition"), [
    stalled ? t("stalled") : "",
    condition.mode === "normal" ? "" : t(`disk_${condition.mode}`),
    condition.since ? `${t("stands_since")} ${day(condition.since)}` : "",
    condition.spooled_in_memory ? t("disk_memory") : "",
    condition.mode === "low" && condition.disk_used_percent !== null ? `(${condition.disk_used_percent} %)` : "",
  ].filter(Boolean).join(" "));
  showLink();
  const tiles = [
    ["t_entries", view.entries ?? "–"], ["t_in_park", view.in_park ?? "–"], ["t_opened", view.opened ?? "–"], ["t_denied", view.denied ?? "–"],
    ["t_alarms", view.open_alarms ?? "–"], ["t_refused", view.refused ?? "–"], ["t_misread", Object.values(view.figures.misread).reduce((sum, count) => sum + count, 0)], ["t_reports", view.reports ?? "–"], ["t_p99", view.decision_p99_ms ?? "–"],
  ];
  show(at("tiles"), tiles.map(([key, value]) => {
    const tile = make("div", null, "tile");
    tile.append(make("b", value), make("span", t(key)));
    return keyed(key, tile);
  }));
  show(at("gates"), view.lanes.map((lane) => keyed(lane.lane, row(
    gate(lane), t(lane.gate_class), lane.lane, barrier(lane), `${lane.passed_in ?? "–"} / ${lane.passed_out ?? "–"}`,
    actions(lane),
  ))));
  show(at("decisions"), view.decisions.map((decision, place) => keyed(place, row(
    clock(decision.time), decision.lane, decision.plate, t(decision.kind), t(decision.direction), chip(decision.outcome),
    reason(decision),
  ))));
  renderAlarms();
  at("expiring-panel").hidden = view.expiring.length === 0;
  show(at("expiring"), view.expiring.map((paper) => keyed(`${paper.kind} ${paper.name} ${paper.serial}`, row(
    t(`paper_${paper.kind}`), paper.name,
    chip(paper.seconds_left < 0 ? "RED" : "ORANGE", paper.seconds_left < 0 ? t("over") : String(Math.floor(paper.seconds_left / 86400))),
    paper.until, paper.remedy,
  ))));
  show(at("devices"), view.devices.map((device) => keyed(device.device, row(device.device, chip(device.state), device.reason))));
  show(at("messages"), Object.entries(view.messages).map(([type, count]) => {
    const line = row(type, String(count));
    line.lastChild.className = "number";
    return keyed(type, line);
  }));
}

// Each update of the page carries the most urgent alarms; the others are asked for when wanted, and
// again whenever something was written since.
let others = [];
let wantsOthers = false;

function renderAlarms() {
  const shown = new Set(view.alarms.map((alarm) => alarm.id));
  const rest = wantsOthers ? others.filter((alarm) => !shown.has(alarm.id)) : [];
  show(at("alarms"), [...view.alarms, ...rest].map((alarm) => keyed(alarm.id, row(
    day(alarm.time), chip(alarm.level), alarm.code, alarm.place, alarmState(alarm), alarm.description, alarmStep(alarm),
  ))));
  const hidden = (view.open_alarms ?? 0) - view.alarms.length;
  at("no-alarms").hidden = view.open_alarms !== 0;
  at("more-alarms").hidden = hidden <= 0 || wantsOthers;
  at("more-alarms-count").textContent = `${t("more_alarms")} ${hidden}`;
  if (hidden <= 0) wantsOthers = false;
}

function alarmState(alarm) {
  const parts = [t(alarm.state)];
  if (alarm.escalation) parts.push(`${t("ESCALATED")} ${alarm.escalation}`);
  if (alarm.repeats) parts.push(`${t("repeats")} ${alarm.repeats}`);
  return parts.join(" · ");
}

async function fetchOthers() {
  if (!wantsOthers) return;
  const all = [];
  let after = "";
  do {
    const answer = await fetch(`/api/alarms?limit=1000${after}`);
    if (!answer.ok) return;
    const page = await answer.json();
    all.push(...page.alarms);
    after = page.next ? `&after=${encodeURIComponent(page.next)}` : "";
  } while (after);
  others = all;
  requestRender();
}

at("show-more-alarms").addEventListener("click", () => {
  wantsOthers = true;
  fetchOthers();
});

// The list of dead letters is asked for by itself: each line costs the hub a look into its journal.
const LETTERS = 20;
const LETTERS_EVERY = 5000;
let letters = { dead_letters: [], next: null };
let lettersAt = "";

function renderLetters() {
  show(at("letters"), letters.dead_letters.map((letter) => keyed(letter.id, row(
    day(letter.time), letter.id, letter.target, letter.kind, letter.reason,
    button(t("send_again"), () => sendAgain(letter.id)),
  ))));
  at("no-letters").hidden = letters.dead_letters.length > 0;
  at("more-letters").hidden = !letters.next;
}

async function fetchLetters() {
  try {
    const answer = await fetch(`/outbox?limit=${LETTERS}`);
    if (!answer.ok) return;
    letters = await answer.json();
    renderLetters();
  } catch {
    // The chip at the top says already that the connection is lost.
  }
}

// Asks again when something was written since, and not for every change.
function lookAtLetters() {
  const now = view ? `${view.entries} ${view.figures.dead_letters}` : "";
  if (document.hidden || now === lettersAt) return;
  lettersAt = now;
  fetchLetters();
  fetchOthers().catch(() => {});
}

async function sendAgain(id) {
  await post(`/outbox/${encodeURIComponent(id)}/rerun`, {}, "sent_again");
  await fetchLetters();
}

function alarmStep(alarm) {
  // A button that became another one is not pressed by who stood on the first.
  if (alarm.state === "RAISED") return keyed("acknowledge", button(t("acknowledge"), () => acknowledge(alarm.id)));
  return keyed("close", button(t("close_alarm"), () => askClosing(alarm)));
}

function reason(decision) {
  const cell = make("span");
  cell.append(make("span", decision.code ? t(decision.code) : decision.grant || ""));
  const rules = decision.rules.map((rule) => `${rule.id} [${rule.clause}]`).join(", ");
  cell.append(make("div", rules, "quiet"));
  return cell;
}

let asked = null;

function barrier(lane) {
  const cell = make("span");
  cell.append(chip(lane.barrier));
  if (lane.held) cell.append(make("div", t("held"), "quiet"));
  if (lane.held && lane.recalled) cell.append(make("div", t("recalled"), "quiet"));
  if (lane.held === null) cell.append(make("div", t("held_unknown"), "quiet"));
  if (lane.unrecorded) cell.append(make("div", t("unrecorded"), "quiet"));
  return cell;
}

// What can be ordered of a lane: the emergency gate is opened, a barrier that is not down is lowered or
// released. Without a journal only openings and their releases are carried out.
function actions(lane) {
  const cell = document.createElement("span");
  if (lane.gate_class === "EMERGENCY") cell.append(keyed("open", button(t("emergency_open"), () => askEmergency(lane, false), "danger")));
  if (!lane.has_barrier || lane.barrier === "CLOSED") return cell;
  if (view.figures.condition.mode === "emergency") {
    cell.append(keyed("gate", button(t("release_gate"), () => askEmergency(lane, true))));
    cell.append(make("div", t("release_only"), "quiet"));
    return cell;
  }
  cell.append(keyed("lower", button(t("lower"), () => askBarrier(lane, "lower"))));
  cell.append(keyed("release", button(t("release"), () => askBarrier(lane, "release"))));
  return cell;
}

let order = null;

function askBarrier(lane, action) {
  order = { lane: lane.lane, action };
  at("barrier-order").textContent = `${t(action)}: ${lane.gate_name} ${lane.lane}`;
  at("barrier-who").value = "";
  at("barrier-why").value = "";
  at("barrier").returnValue = "cancel";
  at("barrier").showModal();
}

at("barrier").addEventListener("close", () => {
  if (at("barrier").returnValue !== "order" || !order) return;
  post("/api/barrier", { ...order, ordered_by: at("barrier-who").value, reason: at("barrier-why").value }, "ordered");
});

function askEmergency(lane, release) {
  asked = { gate: lane.gate, release };
  at("emergency-title").dataset.t = release ? "release_title" : "emergency_title";
  at("emergency-now").dataset.t = release ? "release_now" : "open_now";
  fillWords();
  at("emergency-gate").textContent = `${lane.gate_name} (${lane.gate})`;
  at("emergency-who").value = "";
  at("emergency-why").value = "";
  at("emergency").returnValue = "cancel";
  at("emergency").showModal();
}

at("emergency").addEventListener("close", () => {
  const order = asked;
  asked = null;
  if (at("emergency").returnValue !== "open" || !order) return;
  post("/api/emergency-open", { ...order, ordered_by: at("emergency-who").value, reason: at("emergency-why").value }, order.release ? "released" : "opened");
});

let closing = null;

function askClosing(alarm) {
  closing = alarm;
  at("closing-alarm").textContent = `${alarm.code}: ${alarm.description}`;
  at("closing-note").value = "";
  at("closing").returnValue = "cancel";
  at("closing").showModal();
}

at("closing").addEventListener("close", () => {
  if (at("closing").returnValue !== "close" || !closing) return;
  post("/api/close", { alarm: closing.id, note: at("closing-note").value }, "alarm_closed");
});

function acknowledge(id) {
  post("/api/acknowledge", { alarm: id }, "acknowledged");
}

// Every click is an act with an id of its own: sent twice on a bad line, it is done once.
function actId() {
  return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-");
}

for (const button of document.querySelectorAll("dialog .cancel")) {
  button.addEventListener("click", () => button.closest("dialog").close("cancel"));
}

async function post(path, body, done) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-cordon-console": "1" },
      body: JSON.stringify({ ...body, act: actId() }),
    });
    if (answer.ok) notice(t(done), true);
    else notice(t("failed") + (await answer.text()), false);
  } catch (error) {
    notice(t("failed") + error.message, false);
  }
}

function notice(text, good) {
  const bar = at("notice");
  bar.textContent = text;
  bar.className = good ? "good" : "";
  bar.hidden = false;
  setTimeout(() => { bar.hidden = true; }, 5000);
}

at("language").addEventListener("click", () => {
  language = language === "en" ? "zh-CN" : "en";
  localStorage.setItem("language", language);
  fillWords();
  render();
  renderLetters();
});

function connect() {
  const stream = new EventSource("/events");
  stream.addEventListener("open", () => setLink("good", "live"));
  stream.addEventListener("error", () => {
    setLink("off", "lost");
    // A browser gives up for good when the hub answered that it is still starting.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
  stream.addEventListener("view", (event) => {
    view = JSON.parse(event.data);
    requestRender();
  });
}

let link = ["off", "connecting"];

function setLink(className, key) {
  link = [className, key];
  showLink();
}

// Figures that stand still are not live, however good the connection is.
function showLink() {
  const stands = link[1] === "live" && view?.figures.condition.since;
  const [className, key] = stands ? ["off", "stands"] : link;
  at("link").className = `chip ${className}`;
  at("link").dataset.t = key;
  setText(at("link"), t(key));
}

fillWords();
connect();
fetchLetters();
setInterval(lookAtLetters, LETTERS_EVERY);
