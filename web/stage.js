// What happens on the first screen and on the picture. `element`, `trigger`, `upload` and `watch` come from gr.HTML.
let part = null; // of those to keep, the one that is drawn, moved or resized; its sides are its `box`
let drag = null;

const find = (selector) => element.querySelector(selector);
const limit = (value) => Math.min(1, Math.max(0, value));
const percent = (value) => `${100 * value}%`;
function busy() {
  document.body.classList.add("busy");
  const wait = find(".view .wait");
  if (wait) wait.textContent = wait.dataset.first;
}

// When the newest action was begun, in milliseconds: uploads and requests may overtake each other, and it must win.
let latest = 0;
const now = () => (latest = performance.now());
const send = (event, request, at = now()) => trigger(event, { ...request, at });

// What was asked for last stays in the address's history: back, forward and reload ask for it again.
let looked; // which entry of the history brought the picture; those of its lines keep its number
function ask(event, request, at) {
  busy();
  looked = history.state?.number;
  send(event, { ...request, fonts: location.search }, at);
}
function plain() {
  const address = new URL(location.href);
  for (const name of ["fonts", "text", "search", "tab"]) address.searchParams.delete(name);
  return address;
}
function begin(event, request, at) {
  history.pushState({ event, request, number: Date.now() }, "", plain());
  type(); // what was typed was about the picture before
  showTab();
  ask(event, request, at);
}
const field = () => document.querySelector("#words input");
const keep = () => history.replaceState({ ...history.state, typed: field()?.value }, "");
function type(text = "") {
  if (!field() || field().value === text) return;
  field().value = text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
}
document.addEventListener("input", ({ target }) => target === field() && keep());
function restore({ event, request } = history.state ?? {}) {
  if (event) return ask(event, request);
  if (new URLSearchParams(location.search).has("fonts")) return startAnew({ shared: true });
  if (find(".view") || document.querySelector("#answer .group")) startAnew();
}
function startAnew(request = { another: true }) {
  document.dispatchEvent(new Event("new-image"));
  ask("select", request);
}
window.addEventListener("popstate", () => {
  const family = document.querySelector("#family");
  if (family) family.remove();
  else if (history.state?.family) location.reload();
  else {
    showTab();
    if (!find(".view") || history.state?.number !== looked) return restore();
    keep();
    act({ line: history.state.line ?? -1 });
  }
});
// Back from a line leads to all of them.
function pick(line) {
  if (line < 0 && history.state?.line !== undefined) return history.back();
  const remember = history.state?.line === undefined ? "pushState" : "replaceState";
  if (line >= 0) history[remember]({ ...history.state, line }, "");
  act({ line });
}

// The tab that is looked at stays in the address, for a reload.
const tabs = () => [...document.querySelectorAll("[role=tab]")];
const nameOf = (tab) => tab.textContent.trim().toLowerCase();
document.addEventListener("click", ({ target }) => {
  const tab = target.closest?.("[role=tab]");
  if (!tab) return;
  const address = new URL(location.href);
  if (address.searchParams.get("tab") !== nameOf(tab)) address.searchParams.delete("search");
  if (tab === tabs()[0]) address.searchParams.delete("tab");
  else address.searchParams.set("tab", nameOf(tab));
  history.replaceState(history.state, "", address);
});
function showTab(name = new URLSearchParams(location.search).get("tab")) {
  const tab = tabs().find((one) => nameOf(one) === name) ?? tabs()[0];
  if (tab?.ariaSelected === "false") tab.click();
}
showTab();

// A small picture travels inside of its question, which saves a journey; larger ones are uploaded before.
const SMALL = 300_000; // bytes
const contentOf = (file) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1] ?? "");
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
async function take(file, several = false) {
  showTab(""); // where its answer will stand
  const at = now();
  busy();
  const shown = find(".drop .wait img");
  if (shown) Object.assign(shown, { src: URL.createObjectURL(file), hidden: false });
  let request;
  try {
    request = file.size < SMALL ? { content: await contentOf(file) } : { path: (await upload(file)).path };
  } catch (error) {
    request = { path: "", problem: String(error.message ?? error) };
  }
  if (at === latest) begin("upload", { ...request, several }, at);
}

const parts = () => [...element.querySelectorAll(".part")];
function place([x0, y0, x1, y1], suggested = false) {
  const [left, top, right, bottom] = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
  part.box = [left, top, right, bottom];
  Object.assign(part.style, {
    left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top),
  });
  part.classList.toggle("suggested", suggested);
  const whole = { left: 0, top: 0, width: "100%", height: "100%" };
  const rectangle = ({ left, top, width, height }, number) =>
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${number ? "#000" : "#fff"}"/>`;
  find("#shaded").innerHTML = [whole, ...parts().map(({ style }) => style)].map(rectangle).join("");
  find("[data-do=add]").disabled = suggested;
  find("[data-do=remove]").hidden = parts().length < 2;
}
// A frame that is moved stops at the picture's edge.
function moved(box, by) {
  const [x, y] = by.map((value, axis) => Math.min(1 - box[axis + 2], Math.max(-box[axis], value)));
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}
function choose(one) {
  for (const other of parts()) other.classList.toggle("chosen", other === one);
  part = one;
  part.focus({ preventScroll: true });
}
function add() {
  choose(find(".view").appendChild(part.cloneNode(true)));
  place([0.3, 0.3, 0.7, 0.7], true);
}
function remove() {
  if (parts().length < 2) return;
  part.remove();
  choose(parts().at(-1));
  place(part.box);
}
// What is done to the picture: "crop", "straighten", or "" once that is given up.
function setDoing(what) {
  find(".view").dataset.doing = what;
  for (const bar of element.querySelectorAll(".doing")) bar.hidden = bar.dataset.for !== what;
  for (const other of parts().slice(1)) other.remove();
  find(".part").hidden = what !== "crop";
  find(".tools .menu").open = false;
  find(".degrees").value = find(".degrees").defaultValue;
  turn();
  if (what === "straighten") find(".degrees").focus();
  if (what !== "crop") return;
  choose(find(".part"));
  place([0.04, 0.04, 0.96, 0.96], true);
}
const doing = () => find(".view")?.dataset.doing;
// The whole turned picture stays in sight, as it will when it comes back.
function turn() {
  const { value, defaultValue } = find(".degrees");
  const image = find(".view img"), { offsetWidth: width, offsetHeight: height } = image;
  const angle = ((value - defaultValue) * Math.PI) / 180, [cos, sin] = [Math.cos(angle), Math.abs(Math.sin(angle))];
  const scale = Math.min(width / (width * cos + height * sin), height / (width * sin + height * cos));
  image.style.transform = angle ? `rotate(${angle}rad) scale(${scale})` : "";
  find("output").value = `${value.replace("-", "−")}°`;
}
const act = (request) => (busy(), send("select", request));
const lineOf = ({ dataset, ariaPressed }) => (ariaPressed === "true" ? -1 : Number(dataset.line));

// Somebody who works by keys goes on where they were, once the picture is shown anew.
let next = "", left = null, shown = "";
const goOn = (then) => ((next = then), (left = document.activeElement));
const actByKey = (request, then) => (goOn(then), "line" in request ? pick(request.line) : act(request));
watch("value", () => {
  type(history.state?.typed);
  if (find(".view img")?.src !== shown) find(".place")?.scrollTo(0, 0); // another picture
  shown = find(".view img")?.src;
  if (next && [document.body, left].includes(document.activeElement)) find(next)?.focus();
});
document.addEventListener("pointerdown", () => (next = ""));

// Args: then: where somebody who works by keys goes on.
function apply(then) {
  const { value, defaultValue } = find(".degrees");
  const drawn = parts().filter((one) => !one.matches(".suggested")); // one that was added and left as it came is none
  if (doing() === "crop") actByKey({ crop: (drawn.length ? drawn : parts()).map(({ box }) => box) }, then);
  else if (value !== defaultValue) actByKey({ degrees: Number(value) }, then);
  else leave(then);
}
function leave(then) {
  setDoing("");
  if (then) find(then).focus();
}

const TOOLS = {
  crop: () => setDoing("crop"), straighten: () => setDoing("straighten"), apply, cancel: leave, add, remove,
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const line = event.target.closest("[data-line]");
  // the second click of a double one would undo the first
  if (line && !doing() && event.detail < 2) pick(lineOf(line));
  if (!button) return;
  const { act: request, example, another, do: what, options } = button.dataset;
  if (request) actByKey(JSON.parse(request), event.detail ? "" : ".tools .menu summary");
  else if (example) begin("select", { example });
  else if (another !== undefined) {
    history.pushState(null, "", plain());
    startAnew();
  } else if (what) TOOLS[what]();
  else if (options !== undefined) {
    button.setAttribute("aria-expanded", String(document.body.classList.toggle("options")));
    find(".tools .menu").open = false;
  }
});
element.addEventListener("focusin", ({ target }) => {
  if (target.matches(".part:not(.chosen)")) choose(target);
});
element.addEventListener("input", (event) => {
  if (event.target.matches(".degrees")) turn();
});
element.addEventListener("change", (event) => {
  if (event.target.type === "file" && event.target.files[0]) take(event.target.files[0]);
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = event.target.querySelector("input").value.trim();
  if (event.target.id === "reading") act({ text: typed });
  else if (typed) begin("select", { url: typed });
});
element.addEventListener("keydown", (event) => {
  if (find(".start") && ["Enter", " "].includes(event.key)) goOn("[data-another]"); // it is answered by a picture
  const line = event.target.closest("[data-line]");
  if (line && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    actByKey({ line: lineOf(line) }, line.ariaPressed === "true" ? `[data-line="${line.dataset.line}"]` : "#reading input");
  }
  if (!event.target.matches(".part, .degrees")) return;
  const step = { ArrowLeft: [-0.02, 0], ArrowRight: [0.02, 0], ArrowUp: [0, -0.02], ArrowDown: [0, 0.02] }[event.key];
  if (step && doing() === "crop") {
    event.preventDefault();
    place(event.shiftKey ? part.box.map((value, side) => (side < 2 ? value : limit(value + step[side % 2]))) : moved(part.box, step));
  } else if (event.key === "Delete" || event.key === "Backspace") remove();
  else if (event.key === "Enter") apply(".tools .menu summary");
  else if (event.key === "Escape") {
    event.stopPropagation(); // a line that was picked stays
    leave(".tools .menu summary");
  }
});

// A corner resizes, the inside moves; outside of it, or before anything was chosen, a new part is drawn.
function at(event) {
  const box = find(".view").getBoundingClientRect();
  return [limit((event.clientX - box.left) / box.width), limit((event.clientY - box.top) / box.height)];
}
element.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".view") || doing() !== "crop") return;
  event.preventDefault();
  const sides = event.target.dataset.side?.split(" ").map(Number);
  const inside = event.target.closest(".part:not(.suggested)");
  choose(inside ?? part);
  drag = { from: at(event), was: [...part.box], sides, inside };
});
// A picture that is taller than its place moves along there, from some pixels before an edge.
function follow({ clientY }, edge = 24) {
  const { top, bottom } = find(".place").getBoundingClientRect();
  find(".place").scrollTop += Math.max(0, clientY - bottom + edge) - Math.max(0, top + edge - clientY);
}
window.addEventListener("pointermove", (event) => {
  if (!drag) return;
  follow(event);
  const [x, y] = at(event);
  const { from, was, sides, inside } = drag;
  if (sides) place(was.map((value, side) => (sides.includes(side) ? [x, y][side % 2] : value)));
  else if (inside) place(moved(was, [x - from[0], y - from[1]]));
  else place([...from, x, y]);
});
window.addEventListener("pointerup", () => (drag = null));

// A font's row and its boxes show each other.
function link(event) {
  const group = event.target.closest?.("#stage [data-group], #answer [data-group]")?.dataset.group;
  for (const one of document.querySelectorAll("[data-group]")) {
    one.classList.toggle("linked", group !== undefined && one.dataset.group === group);
  }
}
for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, link);

// The whole window takes drops and pastes.
const imageIn = (data) => [...(data?.files ?? [])].find((file) => !data.types.includes("text/html") || file.type.startsWith("image/"));
const elsewhere = (event) => event.target.closest?.("#batch, #own");
function takeAll(files) {
  if (document.querySelector("#batch")?.checkVisibility()) document.dispatchEvent(new CustomEvent("batch", { detail: files }));
  else if (files[0]) take(files[0], files.length > 1);
}
document.addEventListener("paste", (event) => {
  const file = imageIn(event.clipboardData);
  if (file?.type.startsWith("image/")) {
    event.preventDefault();
    takeAll([file]);
  }
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (elsewhere(event)) return;
    event.preventDefault();
    document.body.classList.toggle("dragging", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") takeAll([...event.dataTransfer.files]);
  });
}
// A picture of the batch.
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.(".thumbnails tr")?.querySelector("[data-open]");
  if (button) begin("upload", JSON.parse(button.dataset.open));
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
// A menu at the end of the window opens upwards.
document.addEventListener("toggle", ({ target }) => {
  if (!target.matches("details.menu[open]")) return;
  target.classList.remove("up");
  target.classList.toggle("up", target.querySelector("div").getBoundingClientRect().bottom > innerHeight);
}, true);
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.matches("input")) find("[data-act*=undo]:enabled")?.click();
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
    return;
  }
  const picked = find("[data-line][aria-pressed=true]");
  if (picked && !doing() && !event.target.closest?.("#answer .compare")) {
    actByKey({ line: -1 }, `[data-line="${picked.dataset.line}"]`);
  }
});
restore();
