// What is chosen among the faces, and one's own fonts. `element`, `trigger` and `upload` come from gr.HTML.
const form = element.querySelector("form");
const clearing = (what) => element.querySelector(`[data-clear=${what}]`);
const all = [...form.querySelectorAll("fieldset:not(#own) input")];
let files = [];

function filter() {
  const chosen = (name) => all.filter((one) => one.name === name && one.checked).map((one) => one.value);
  const said = all.filter((one) => one.checked && one.value !== "any").map((one) => one.value);
  clearing("filters").hidden = !said.length;
  clearing("filters").querySelector("b").textContent = said.join(", ");
  return {
    categories: chosen("categories"), weights: chosen("weights").map(Number), slope: chosen("slope")[0], widths: chosen("widths"),
  };
}
function clearFilters() {
  for (const one of all) one.checked = one.value === "any";
  return filter();
}
function change(request) {
  document.body.classList.add("busy");
  trigger("change", request);
}
function use(sent) {
  document.body.classList.add("busy");
  files = sent;
  clearing("own").hidden = form.elements.alone.disabled = !files.length;
  if (!files.length) form.elements.alone.checked = false;
  trigger("upload", { files, alone: form.elements.alone.checked });
}
document.addEventListener("new-image", clearFilters);

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", async ({ target }) => {
  if (!target.closest("#own")) change(filter());
  else if (target.type !== "file") use(files);
  else use((await Promise.all([...target.files].map((file) => upload(file)))).map((one) => one.path));
});
element.addEventListener("click", ({ target }) => {
  const { clear, close } = target.closest("button")?.dataset ?? {};
  if (clear === "filters") change(clearFilters());
  else if (clear === "own") {
    form.querySelector("[type=file]").value = "";
    use([]);
  } else if (close !== undefined) {
    document.body.classList.remove("options");
    document.querySelector("#stage .menu summary")?.focus();
  }
});
