// What happens on the answer's cards. `element`, `server`, `watch` and `trigger` come from gr.HTML.
const fallback = document.createElement("textarea");

function say(text) {
  let region = document.getElementById("said");
  if (!region) {
    region = document.createElement("div");
    region.id = "said";
    region.className = "unseen";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = text;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    fallback.value = text;
    document.body.append(fallback);
    fallback.select();
    document.execCommand("copy");
    fallback.remove();
  }
}

function flash(button, text) {
  const before = button.textContent;
  button.textContent = text;
  say(text);
  setTimeout(() => (button.textContent = before), 1500);
}

function typed() {
  return document.querySelector("#words textarea, #words input")?.value.trim() ?? "";
}

function drawTyped() {
  const text = typed();
  for (const specimen of document.querySelectorAll("#answer .specimen")) {
    specimen.dataset.own ??= specimen.textContent;
    specimen.textContent = text || specimen.dataset.own;
  }
}

// The reading drawn over the crop: the same ink height, and letters spread to the same width.
function drawOver(card, crop, canvas) {
  const specimen = card.querySelector(".specimen");
  if (!specimen || !crop.naturalWidth) return;
  const text = specimen.dataset.own ?? specimen.textContent;
  const family = `'${specimen.dataset.face}'`;
  const source = document.createElement("canvas");
  source.width = crop.naturalWidth;
  source.height = crop.naturalHeight;
  const sourceContext = source.getContext("2d");
  sourceContext.drawImage(crop, 0, 0);
  const box = inkBox(sourceContext.getImageData(0, 0, source.width, source.height));
  canvas.width = source.width;
  canvas.height = source.height;
  const context = canvas.getContext("2d");
  context.font = `100px ${family}`;
  const whole = context.measureText(text);
  const high = whole.actualBoundingBoxAscent + whole.actualBoundingBoxDescent;
  context.font = `${(100 * (box.bottom - box.top)) / high}px ${family}`;
  context.fillStyle = "#e11d48";
  const baseline = box.top + context.measureText(text).actualBoundingBoxAscent;
  const words = text.split(/\s+/).filter(Boolean);
  for (const [index, [left, right]] of wordsIn(box, words.length).entries()) {
    context.letterSpacing = "0px";
    const ink = context.measureText(words[index]);
    const wide = ink.actualBoundingBoxLeft + ink.actualBoundingBoxRight;
    if (words[index].length > 1) context.letterSpacing = `${(right - left - wide) / (words[index].length - 1)}px`;
    context.fillText(words[index], left + ink.actualBoundingBoxLeft, baseline);
  }
}

// Where so many words stand: between the widest gaps of the ink.
function wordsIn({ left, right, columns }, count) {
  const gaps = [];
  for (let x = left; x < right; x++) {
    if (columns[x]) continue;
    const begin = x;
    while (x < right && !columns[x]) x++;
    gaps.push([begin, x]);
  }
  const widest = gaps.sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, count - 1);
  if (widest.length < count - 1) return [[left, right]];
  const edges = [left, ...widest.sort((a, b) => a[0] - b[0]).flat(), right];
  return Array.from({ length: count }, (_, index) => [edges[2 * index], edges[2 * index + 1]]);
}

// The box around what differs from the ground, which is the median of the rim.
function inkBox({ data, width, height }) {
  const rim = [];
  for (let x = 0; x < width; x++) rim.push(x * 4, ((height - 1) * width + x) * 4);
  for (let y = 0; y < height; y++) rim.push(y * width * 4, (y * width + width - 1) * 4);
  const ground = [0, 1, 2].map((part) => rim.map((at) => data[at + part]).sort((a, b) => a - b)[rim.length >> 1]);
  let most = 0;
  const away = new Float32Array(width * height);
  for (let i = 0; i < away.length; i++) {
    away[i] = Math.hypot(data[4 * i] - ground[0], data[4 * i + 1] - ground[1], data[4 * i + 2] - ground[2]);
    most = Math.max(most, away[i]);
  }
  const box = { left: width, right: 0, top: height, bottom: 0, columns: new Uint8Array(width) };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (away[y * width + x] > 0.45 * most) {
        box.columns[x] = 1;
        box.left = Math.min(box.left, x);
        box.right = Math.max(box.right, x + 1);
        box.top = Math.min(box.top, y);
        box.bottom = Math.max(box.bottom, y + 1);
      }
  return box.right ? box : { left: 0, right: width, top: 0, bottom: height, columns: box.columns.fill(1) };
}

async function compare(card, button) {
  const panel = card.querySelector(".compare");
  panel.hidden = !panel.hidden;
  button.setAttribute("aria-expanded", String(!panel.hidden));
  if (panel.hidden) return;
  const crop = card.closest(".group").querySelector(".crop");
  if (!crop) {
    panel.textContent = "There is no picture to compare with: a shared address never carries one.";
    return;
  }
  panel.innerHTML = `<div class="modes" role="group" aria-label="How to compare">
      <button type="button" data-mode="beside" aria-pressed="true">Side by side</button>
      <button type="button" data-mode="over" aria-pressed="false">Overlay</button>
      <button type="button" data-mode="flicker" aria-pressed="false">Flicker</button></div>
    <div class="stack beside"><img alt="Your picture"><canvas role="img" aria-label="The same words in this font"></canvas></div>`;
  panel.querySelector("img").src = crop.src;
  await document.fonts.load(`20px '${card.querySelector(".specimen")?.dataset.face}'`);
  await crop.decode().catch(() => {});
  drawOver(card, crop, panel.querySelector("canvas"));
}

function setMode(button) {
  const panel = button.closest(".compare");
  for (const other of panel.querySelectorAll("[data-mode]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  panel.querySelector(".stack").className = `stack ${button.dataset.mode}`;
}

async function similar(card, button) {
  const panel = card.querySelector(".similar");
  panel.hidden = !panel.hidden;
  button.setAttribute("aria-expanded", String(!panel.hidden));
  if (panel.hidden || panel.innerHTML) return;
  const specimen = card.querySelector(".specimen");
  panel.innerHTML = await server.similar_fonts({
    face: card.dataset.face,
    text: specimen?.dataset.own ?? specimen?.textContent ?? "",
  });
  drawTyped();
}

async function download(card, button) {
  const file = await server.font_file(card.dataset.face);
  if (!file) return flash(button, "Does not ship");
  const link = document.createElement("a");
  link.href = `data:application/zip;base64,${file.content}`;
  link.download = file.name;
  link.click();
}

async function share(button) {
  const cards = [...element.querySelector(".group").querySelectorAll(".card")];
  const fonts = cards.map((card) => `${card.dataset.face}:${card.dataset.probability}`).join(",");
  const text = typed() || (element.querySelector(".specimen")?.dataset.own ?? "");
  const address = new URL(location.href);
  address.search = new URLSearchParams({ fonts, text }).toString();
  await copy(address.href);
  flash(button, "Address copied");
}

element.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  const card = event.target.closest(".card");
  if (!button) return;
  if (button.dataset.copy !== undefined) {
    await copy(button.dataset.copy);
    flash(button, "Copied");
  } else if (button.dataset.compare !== undefined) await compare(card, button);
  else if (button.dataset.mode) setMode(button);
  else if (button.dataset.similar !== undefined) await similar(card, button);
  else if (button.dataset.font !== undefined) await download(card, button);
  else if (button.dataset.share !== undefined) await share(button);
});

document.addEventListener("input", (event) => {
  if (event.target.closest("#words")) drawTyped();
});
watch("value", drawTyped);

// a shared address carries its ranked list
const asked = new URLSearchParams(location.search);
if (asked.has("fonts")) trigger("load", { fonts: asked.get("fonts"), text: asked.get("text") ?? "" });
