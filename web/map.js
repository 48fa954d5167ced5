// The map is dragged, zoomed and searched; a name on it opens the family's page. Enlarged, it is drawn sharply.
// `element`, `server` and `watch` come from gr.HTML.
let from = null;
let start = null; // where the pointer went down: a click does not move
const map = () => element.querySelector(".map");

element.addEventListener("pointerdown", (event) => {
  if (!map()?.contains(event.target) || event.pointerType === "touch") return; // fingers scroll by themselves
  event.preventDefault();
  start = [event.clientX, event.clientY];
  from = [event.clientX + map().scrollLeft, event.clientY + map().scrollTop];
});
window.addEventListener("pointermove", (event) => from && map()?.scrollTo(from[0] - event.clientX, from[1] - event.clientY));
window.addEventListener("pointerup", () => (from = null));
// Args: x, y: of the window, what stays in its place; without, the map's middle does.
function zoom(factor, x, y) {
  const box = map().getBoundingClientRect(), image = element.querySelector(".map img"), before = image.width;
  const [right, down] = [x === undefined ? box.width / 2 : x - box.left, y === undefined ? box.height / 2 : y - box.top];
  image.style.width = `${Math.min(8000, Math.max(box.width, before * factor))}px`;
  const grown = image.width / before;
  map().scrollTo((map().scrollLeft + right) * grown - right, (map().scrollTop + down) * grown - down);
}
element.addEventListener("wheel", (event) => {
  if (!event.target.closest(".map img")) return;
  event.preventDefault();
  zoom(1.002 ** -event.deltaY, event.clientX, event.clientY);
}, { passive: false });
let apart = 0; // pixels between two fingers
element.addEventListener("touchmove", (event) => {
  if (event.touches.length !== 2 || !map()?.contains(event.target)) return;
  event.preventDefault();
  const [{ clientX: x0, clientY: y0 }, { clientX: x1, clientY: y1 }] = event.touches;
  const now = Math.hypot(x1 - x0, y1 - y0);
  if (apart) zoom(now / apart, (x0 + x1) / 2, (y0 + y1) / 2);
  apart = now;
}, { passive: false });
element.addEventListener("touchend", () => (apart = 0));

// The squares of the enlarged map that are in sight, the nearest to the middle first; none where it is not enlarged.
function inSight() {
  const image = element.querySelector(".map img"), { tile, scales } = element.querySelector(".sheet").dataset;
  const enlarged = (image.width * devicePixelRatio) / image.naturalWidth;
  if (!(enlarged > 1.05)) return []; // less is not seen
  const scale = JSON.parse(scales).find((one, n, all) => one >= enlarged || n === all.length - 1);
  const across = (scale * image.naturalWidth) / tile, side = image.width / across;
  const { scrollLeft, scrollTop, clientWidth, clientHeight } = map();
  const middle = [scrollLeft + clientWidth / 2, scrollTop + clientHeight / 2].map((place) => place / side - 0.5);
  const numbers = (begin, length) => Array.from({ length: across }, (_, n) => n)
    .filter((n) => n < (begin + length) / side && n + 1 > begin / side);
  const squares = numbers(scrollTop, clientHeight).flatMap((row) =>
    numbers(scrollLeft, clientWidth).map((column) => ({ scale, column, row, size: 100 / across })));
  const away = ({ column, row }) => Math.hypot(column - middle[0], row - middle[1]);
  return squares.sort((one, other) => away(one) - away(other));
}
let newest = 0, waiting;
async function sharpen() {
  const mine = ++newest, shown = new Set();
  for (const { size, ...square } of inSight()) {
    const id = JSON.stringify(square);
    if (!element.querySelector(`.map [data-square='${id}']`)) {
      const address = await server.sharp(square);
      if (mine !== newest || !address) return;
      const drawn = Object.assign(new Image(), { alt: "", src: address });
      drawn.dataset.square = id;
      await drawn.decode();
      if (mine !== newest) return;
      const [left, top] = [square.column, square.row].map((number) => `${number * size}%`);
      Object.assign(drawn.style, { left, top, width: `${size}%`, height: `${size}%` });
      element.querySelector(".here").before(drawn);
    }
    shown.add(id);
  }
  for (const one of element.querySelectorAll(".map [data-square]")) if (!shown.has(one.dataset.square)) one.remove();
}
function soon() {
  newest++;
  clearTimeout(waiting);
  waiting = setTimeout(sharpen, 150);
}
element.addEventListener("scroll", soon, true);
const sizes = new ResizeObserver(soon);

watch("value", async () => {
  const image = element.querySelector(".map img");
  await image.decode();
  map().scrollTo((map().scrollWidth - map().clientWidth) / 2, (map().scrollHeight - map().clientHeight) / 2);
  sizes.disconnect();
  [image, map()].forEach((one) => sizes.observe(one));
});

const boxOf = (option) => JSON.parse(option.dataset.box);
const open = (option) => document.dispatchEvent(new CustomEvent("family", { detail: option.dataset.family }));

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (button) return zoom(Number(button.dataset.zoom));
  if (!event.target.closest(".sheet") || (start && Math.hypot(event.clientX - start[0], event.clientY - start[1]) > 4)) return;
  const image = element.querySelector(".map img");
  const scale = image.naturalWidth / image.width, seen = image.getBoundingClientRect();
  const x = (event.clientX - seen.left) * scale, y = (event.clientY - seen.top) * scale;
  const option = [...element.querySelectorAll("option")].find((one) => {
    const [left, top, width, height] = boxOf(one);
    return x >= left && x <= left + width && y >= top && y <= top + height;
  });
  if (option) open(option);
});

function sought() {
  const text = element.querySelector("input").value.trim().toLowerCase();
  const options = text ? [...element.querySelectorAll("option")] : [];
  const by = (test) => options.find((one) => test(one.textContent.toLowerCase()));
  return by((name) => name === text) ?? by((name) => name.startsWith(text)) ?? by((name) => name.includes(text));
}
element.addEventListener("input", () => {
  const option = sought(), here = element.querySelector(".here"), image = element.querySelector(".map img");
  here.hidden = !option;
  element.querySelector(".none").hidden = Boolean(option || !element.querySelector("input").value.trim());
  if (!option) return;
  const [left, top, width, height] = boxOf(option).map((value) => (100 * value) / image.naturalWidth);
  Object.assign(here.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
  image.style.width = `${Math.max(image.width, 1.5 * image.naturalWidth)}px`;
  const side = image.width / 100;
  map().scrollTo((left + width / 2) * side - map().clientWidth / 2, (top + height / 2) * side - map().clientHeight / 2);
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  if (sought()) open(sought());
});
