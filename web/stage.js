// What happens on the picture. `element`, `trigger` and `upload` come from gr.HTML.
let start = null;
let part = [0.1, 0.3, 0.9, 0.7];

const frame = () => element.querySelector(".part");
const limit = (value) => Math.min(1, Math.max(0, value));

function place() {
  const [left, top, right, bottom] = part.map((value) => 100 * value);
  Object.assign(frame().style, {
    left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%`,
  });
}

function setCropping(on) {
  element.querySelector("[data-crop]").setAttribute("aria-pressed", String(on));
  element.querySelector("[data-crop]").textContent = on ? "Cut out" : "Crop";
  element.querySelector(".view").classList.toggle("cropping", on);
  frame().hidden = !on;
  if (on) {
    part = [0.1, 0.3, 0.9, 0.7];
    place();
    frame().focus();
  }
}

const cropping = () => element.querySelector(".view.cropping") !== null;
const cut = () => trigger("select", { crop: part });

function pick(polygon) {
  trigger("select", { line: Number(polygon.dataset.line) });
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const polygon = event.target.closest("polygon");
  // the second click of a double one would undo the first
  if (polygon && !cropping() && event.detail < 2) pick(polygon);
  if (!button) return;
  if (button.dataset.turn) trigger("select", { turn: Number(button.dataset.turn) });
  else if (button.dataset.whole !== undefined) trigger("select", { whole: true });
  else if (button.dataset.another !== undefined) trigger("select", { another: true });
  else if (button.dataset.crop !== undefined) cropping() ? cut() : setCropping(true);
});

element.addEventListener("keydown", (event) => {
  const polygon = event.target.closest("polygon");
  if (polygon && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    pick(polygon);
  }
  if (!event.target.closest(".part")) return;
  const step = { ArrowLeft: [-0.02, 0], ArrowRight: [0.02, 0], ArrowUp: [0, -0.02], ArrowDown: [0, 0.02] }[event.key];
  if (step) {
    event.preventDefault();
    const [x, y] = step;
    part = event.shiftKey
      ? [part[0], part[1], limit(part[2] + x), limit(part[3] + y)]
      : [limit(part[0] + x), limit(part[1] + y), limit(part[2] + x), limit(part[3] + y)];
    place();
  } else if (event.key === "Enter") cut();
  else if (event.key === "Escape") setCropping(false);
});

function at(event) {
  const box = element.querySelector(".view").getBoundingClientRect();
  return [limit((event.clientX - box.left) / box.width), limit((event.clientY - box.top) / box.height)];
}

element.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".view") || !cropping()) return;
  event.preventDefault();
  start = at(event);
});
window.addEventListener("pointermove", (event) => {
  if (!start) return;
  const end = at(event);
  part = [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.max(start[0], end[0]), Math.max(start[1], end[1])];
  place();
});
window.addEventListener("pointerup", () => (start = null));

// Gradio gives the examples no names
const examples = ["a sign", "a page", "a poster", "a painted wall"];
new MutationObserver(() => {
  for (const [index, button] of document.querySelectorAll(".gallery-item").entries()) {
    if (!button.hasAttribute("aria-label")) button.setAttribute("aria-label", `Example: ${examples[index] ?? index + 1}`);
  }
}).observe(document.body, { childList: true, subtree: true });

// a picture pasted anywhere, or dropped onto the one that is shown
async function take(file) {
  const { path } = await upload(file);
  trigger("upload", { path });
}
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    take(file);
  }
});
element.addEventListener("dragover", (event) => event.preventDefault());
element.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
});
