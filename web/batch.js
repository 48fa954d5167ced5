// Many images are chosen or dropped, and all of them worked on. `element`, `trigger` and `upload` come from gr.HTML.
const title = element.querySelector("strong");
const before = title.textContent;

async function take(files) {
  const sent = { files: [] };
  for (const [index, file] of files.entries()) {
    title.textContent = `${index + 1} / ${files.length}`;
    try {
      sent.files.push((await upload(file)).path);
    } catch (error) {
      sent.problem = String(error.message ?? error);
    }
  }
  title.textContent = before;
  if (files.length) trigger("upload", sent);
}
document.addEventListener("batch", ({ detail }) => take(detail)); // dropped or pasted beside the zone
element.addEventListener("change", ({ target }) => take([...target.files]));
element.addEventListener("dragover", (event) => event.preventDefault());
element.addEventListener("drop", (event) => {
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
