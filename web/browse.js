// Families are searched while somebody types, and more of them fetched while somebody scrolls. `element` and `server`
// come from gr.HTML.
const form = element.querySelector("form");
const results = element.querySelector(".results");
let newest = 0;

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

async function search() {
  const mine = ++newest;
  const found = await server.browse(Object.fromEntries(new FormData(form)));
  if (mine !== newest) return;
  coming.disconnect();
  results.innerHTML = found;
  const rest = results.querySelector("[data-rest]");
  if (rest) coming.observe(rest);
}
form.addEventListener("submit", (event) => event.preventDefault());
function remember() {
  const address = new URL(location.href);
  address.searchParams.set("search", form.elements.search.value);
  history.replaceState(history.state, "", address);
}
form.elements.search.value = new URLSearchParams(location.search).get("search") ?? "";
form.addEventListener("input", () => {
  remember();
  search();
});
search();
