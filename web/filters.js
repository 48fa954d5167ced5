// What is chosen among the faces, and one's own fonts. `element`, `trigger` and `upload` come from gr.HTML.
const form = element.querySelector("form");
let files = [];

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", async ({ target }) => {
  document.body.classList.add("busy");
  if (!target.closest("#own")) {
    const chosen = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((one) => one.value);
    return trigger("change", {
      categories: chosen("categories"), weights: chosen("weights").map(Number), slope: chosen("slope")[0], widths: chosen("widths"),
    });
  }
  if (target.type === "file") files = (await Promise.all([...target.files].map((file) => upload(file)))).map((one) => one.path);
  trigger("upload", { files, alone: form.elements.alone.checked });
});
