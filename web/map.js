// The map is dragged and zoomed. `element` comes from gr.HTML.
let from = null;
const map = () => element.querySelector(".map");

element.addEventListener("pointerdown", (event) => {
  if (!map()?.contains(event.target) || event.pointerType === "touch") return; // fingers scroll by themselves
  event.preventDefault();
  from = [event.clientX + map().scrollLeft, event.clientY + map().scrollTop];
});
window.addEventListener("pointermove", (event) => from && map()?.scrollTo(from[0] - event.clientX, from[1] - event.clientY));
window.addEventListener("pointerup", () => (from = null));
element.addEventListener("wheel", (event) => {
  const image = event.target.closest(".map img");
  if (!image) return;
  event.preventDefault();
  const box = map().getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const before = image.width;
  image.style.width = `${Math.min(8000, Math.max(box.width, before * 1.002 ** -event.deltaY))}px`;
  const grown = image.width / before;
  map().scrollTo((map().scrollLeft + x) * grown - x, (map().scrollTop + y) * grown - y);
}, { passive: false });
