// More families are fetched while somebody scrolls. `element`, `server` and `watch` come from gr.HTML.
const coming = new IntersectionObserver(async ([{ isIntersecting, target }]) => {
  if (!isIntersecting) return;
  coming.disconnect();
  const rest = JSON.parse(target.dataset.rest);
  const cards = await server.more(rest);
  if (!cards || !target.isConnected) return;
  const shown = target.previousElementSibling;
  shown.insertAdjacentHTML("beforeend", cards);
  target.dataset.rest = JSON.stringify({ ...rest, begin: shown.children.length });
  coming.observe(target);
}, { rootMargin: "600px" });
watch("value", () => {
  coming.disconnect();
  const rest = element.querySelector("[data-rest]");
  if (rest) coming.observe(rest);
});
