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
  if (!files.length) return;
  history.replaceState({ ...history.state, batch: sent }, "");
  trigger("upload", sent);
}
// After a reload, also after one on the way back, the files are worked on again, as long as they are kept.
function restore() {
  if (history.state?.batch && !document.querySelector("#batch-rows tr")) trigger("upload", history.state.batch);
}
window.addEventListener("popstate", restore);
restore();
document.addEventListener("batch", ({ detail }) => take(detail)); // dropped or pasted beside the zone
element.addEventListener("change", ({ target }) => take([...target.files]));
element.addEventListener("dragover", (event) => event.preventDefault());
element.addEventListener("drop", (event) => {
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
