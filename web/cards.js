// What happens on the answer. `element`, `server` and `watch` come from gr.HTML, `WORDS` from web/words.py.
const SIZE = 100; // pixels of the letters that are measured
const LONGEST_SHARED = 60; // letters of a text in a link
const SURE = 0.45; // overlap below that: the text was misread, or it is another font
const BEYOND_LATIN = /[^\p{Script=Latin}\u0020-\u024f\u0300-\u036f\u2010-\u203a\u20a0-\u20bf\u2122]/u;
const OVERLAYS = [[225, 29, 72], [0, 90, 255]], CLEAR = 120; // red, unless it is as near to a colour of the picture
const fallback = document.createElement("textarea");
const find = (selector, all = element) => all.querySelector(selector);

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

function flash(clicked, text) {
  const menu = clicked.closest(".menu");
  if (menu) menu.open = false;
  const button = menu ? find("summary", menu) : clicked;
  button.dataset.before ??= button.textContent;
  button.style.minWidth = `${button.offsetWidth}px`; // its neighbours stay where they are
  button.textContent = text;
  say(text);
  setTimeout(() => (button.textContent = button.dataset.before), 1500);
}

const typed = (part = "#words") => document.querySelector(`${part} input`)?.value.trim() ?? "";

function drawTyped() {
  for (const specimen of document.querySelectorAll("#answer .specimen, #family .specimen")) {
    if (specimen.closest(".styles")) continue;
    specimen.dataset.own ??= specimen.textContent;
    const own = typed(specimen.closest("#family") ? "#family" : "#words");
    specimen.textContent = own || specimen.dataset.own;
    const lacking = find(".lacking", specimen.parentElement); // of the text that stood here before
    if (lacking) lacking.hidden = Boolean(own);
  }
  const note = document.querySelector("#words .note");
  if (note) note.hidden = !BEYOND_LATIN.test(typed());
  for (const group of element.querySelectorAll(".group")) matchPicture(group);
}

// --- how a font's letters lie on the picture's

const pen = document.createElement("canvas").getContext("2d");
const inkOf = ({ actualBoundingBoxLeft: left, actualBoundingBoxRight: right }) => [-left, right];

// Where each letter of a text stands and ends, kerned, in pixels at SIZE; and how far its ink reaches up and down.
function measure(family, text) {
  pen.font = `${SIZE}px '${family}'`;
  const letters = [...text].map((letter, index) => {
    const x = pen.measureText(text.slice(0, index + 1)).width - pen.measureText(letter).width;
    const [left, right] = inkOf(pen.measureText(letter));
    return { letter, x, middle: x + (left + right) / 2 };
  });
  const whole = pen.measureText(text);
  const [left, right] = inkOf(whole);
  return { letters, left, right, up: whole.actualBoundingBoxAscent, down: whole.actualBoundingBoxDescent };
}

// The ink of a crop (0-1 a pixel, by the distance from its ground), and both colours.
function inkIn(image, box) {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const rim = [];
  for (let x = 0; x < width; x++) rim.push(x * 4, ((height - 1) * width + x) * 4);
  for (let y = 0; y < height; y++) rim.push(y * width * 4, (y * width + width - 1) * 4);
  const median = (places) => [0, 1, 2].map((part) => {
    const counts = new Uint32Array(256);
    for (const at of places) counts[data[at + part]]++;
    let value = 0;
    for (let before = places.length >> 1; before >= counts[value]; value++) before -= counts[value];
    return value;
  });
  const ground = median(rim), [red, green, blue] = ground;
  const away = new Float32Array(width * height);
  const [left, top, right, bottom] = box; // beyond it there are parts of other lines
  let most = 1;
  for (let y = Math.max(0, Math.ceil(top - 1)); y <= Math.min(height - 1, bottom); y++) {
    for (let x = Math.max(0, Math.ceil(left - 1)); x <= Math.min(width - 1, right); x++) {
      const i = y * width + x;
      away[i] = Math.sqrt((data[4 * i] - red) ** 2 + (data[4 * i + 1] - green) ** 2 + (data[4 * i + 2] - blue) ** 2);
      if (away[i] > most) most = away[i];
    }
  }
  const inked = [];
  for (let i = 0; i < away.length; i++) if ((away[i] /= most) > 0.7) inked.push(4 * i);
  const colour = median(inked);
  const isClear = (one) => [colour, ground].every((other) => Math.hypot(...one.map((part, i) => part - other[i])) > CLEAR);
  const overlay = OVERLAYS.find(isClear) ?? OVERLAYS[0];
  return { ink: away, width, height, colour: `rgb(${colour})`, ground: `rgb(${ground})`, overlay: `rgb(${overlay})` };
}

// Gradio gives an element of the last answer to the next one: what was seen in it counts for its picture only.
function seeInk(crop, box) {
  if (crop.seen?.source !== crop.src) crop.seen = { ...inkIn(crop, box), source: crop.src };
}

// Draws the letters at their places: as they are set, scaled and moved as a whole, each a little on its own.
function drawLetters(context, family, measured, { size, tracking, x, y, moves }) {
  context.font = `${size}px '${family}'`;
  measured.letters.forEach(({ letter, x: place }, index) => {
    context.fillText(letter, x + (place * size) / SIZE + tracking * index + (moves?.[index] ?? 0), y);
  });
}

/**
 * How a font is laid over a crop: size, tracking and place that cover its ink best, beginning where the line's box and
 * the reader's letter places say, then each letter by itself, a tenth of the size at most, so that none leaves its place.
 */
function fit(family, text, seen, places) {
  const measured = measure(family, text);
  const [left, top, right, bottom] = places.box;
  const scale = Math.min(1, 36 / (bottom - top)); // what is compared needs no more pixels
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.ceil(seen.width * scale), height: Math.ceil(seen.height * scale),
  });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.scale(scale, scale);
  const wanted = new Float32Array(canvas.width * canvas.height);
  for (let i = 0; i < wanted.length; i++) {
    const x = Math.min(seen.width - 1, Math.round(((i % canvas.width) + 0.5) / scale));
    const y = Math.min(seen.height - 1, Math.round((((i / canvas.width) | 0) + 0.5) / scale));
    wanted[i] = seen.ink[y * seen.width + x];
  }
  const overlap = (how) => {
    context.clearRect(0, 0, seen.width, seen.height);
    drawLetters(context, family, measured, how);
    const drawn = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let both = 0, either = 1e-6;
    for (let i = 0; i < wanted.length; i++) {
      const one = drawn[4 * i + 3] / 255;
      both += Math.min(one, wanted[i]);
      either += Math.max(one, wanted[i]);
    }
    return both / either;
  };
  const count = Math.max(1, measured.letters.length - 1);
  const bySize = (size) => ({
    size,
    tracking: Math.max(-0.08 * size, (right - left - ((measured.right - measured.left) * size) / SIZE) / count),
    x: left - (measured.left * size) / SIZE,
    y: top + (measured.up * size) / SIZE,
  });
  const byHeight = bySize((SIZE * (bottom - top)) / (measured.up + measured.down));
  const byWidth = { ...bySize((SIZE * (right - left)) / (measured.right - measured.left)), tracking: 0 };
  byWidth.y = bottom - (measured.down * byWidth.size) / SIZE;
  let best = [byHeight, byWidth].map((how) => [overlap(how), how]).sort((a, b) => b[0] - a[0])[0];
  const attempt = (how) => {
    const value = overlap(how);
    if (value > best[0]) best = [value, how];
  };
  const middle = (left + right) / 2;
  for (let step = 0.06; step > 0.004; step /= 2) {
    for (let round = 0; round < 2; round++) {
      for (const sign of [-1, 1]) {
        const grown = 1 + sign * step;
        attempt({ ...best[1], size: best[1].size * grown, x: middle + (best[1].x - middle) * grown });
        attempt({ ...best[1], x: best[1].x + sign * step * best[1].size });
        attempt({ ...best[1], y: best[1].y + sign * step * best[1].size });
        const wider = (sign * step * best[1].size) / 4;
        attempt({ ...best[1], tracking: best[1].tracking + wider, x: best[1].x - (wider * count) / 2 });
      }
    }
  }
  if (places.centres.length === measured.letters.length) {
    const { size, tracking, x } = best[1];
    const moves = measured.letters.map((one, index) => {
      const apart = places.centres[index] * seen.width - (x + (one.middle * size) / SIZE + tracking * index);
      return one.letter === " " || Math.abs(apart) > 0.1 * size ? 0 : apart;
    });
    attempt({ ...best[1], moves });
  }
  const moves = best[1].moves ?? measured.letters.map(() => 0);
  for (const [index, { letter }] of measured.letters.entries()) {
    if (letter === " ") continue;
    for (const by of [-0.06, -0.03, -0.015, 0.015, 0.03, 0.06]) {
      const next = [...moves];
      next[index] = by * best[1].size;
      attempt({ ...best[1], moves: best[1].moves ? best[1].moves.with(index, next[index]) : next });
    }
  }
  return { measured, overlap: best[0], how: best[1] };
}

// --- Compare

async function lay(canvas, family, crop) {
  await document.fonts.load(`20px '${family}'`);
  await crop.decode().catch(() => {});
  const size = [crop.naturalWidth, crop.naturalHeight, crop.naturalWidth, crop.naturalHeight];
  const { box, centres } = JSON.parse(crop.dataset.places);
  const places = { box: box.map((value, side) => value * size[side]), centres };
  seeInk(crop, places.box);
  const text = crop.dataset.text || crop.closest(".group").dataset.text;
  let laid = fit(family, text, crop.seen, places);
  if (laid.overlap < SURE) {
    // where upper and lower case look alike, the reader may have taken one for the other
    const titled = text.toLowerCase().replace(/(^|\s)\S/g, (start) => start.toUpperCase());
    const others = [titled, text.toLowerCase()].map((other) => fit(family, other, crop.seen, places));
    laid = [laid, ...others].sort((a, b) => b.overlap - a.overlap)[0];
  }
  [canvas.width, canvas.height] = [2 * crop.naturalWidth, 2 * crop.naturalHeight];
  canvas.draw = (colour) => {
    const context = canvas.getContext("2d");
    context.setTransform(2, 0, 0, 2, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = colour;
    drawLetters(context, family, laid.measured, laid.how);
    const { size, tracking, x, y, moves } = laid.how;
    laid.measured.letters.forEach(({ letter, middle }, index) => {
      if (!canvas.telling?.includes(letter)) return;
      context.beginPath(); // a dot under the letter
      context.arc(x + (middle * size) / SIZE + tracking * index + (moves?.[index] ?? 0), y + 0.14 * size, 0.07 * size, 0, 7);
      context.fill();
    });
  };
  canvas.draw(canvas.className === "letters" ? crop.seen.overlay : crop.seen.colour);
  canvas.dataset.overlap = laid.overlap.toFixed(3);
  canvas.dataset.shift = Math.max(0, ...(laid.how.moves ?? []).map((by) => Math.abs(by) / laid.how.size)).toFixed(3);
}

async function compare(one, button) {
  const group = button.closest(".group"), menu = button.closest(".menu"), chosen = menu?.open;
  if (menu) menu.open = false;
  const panel = find(".compare", group);
  const again = panel.dataset.face === one.dataset.face && !panel.hidden;
  for (const other of group.querySelectorAll("[data-compare]")) other.setAttribute("aria-expanded", "false");
  panel.hidden = again;
  if (again) return;
  button.setAttribute("aria-expanded", "true");
  Object.assign(panel.dataset, { face: one.dataset.face, name: one.dataset.name });
  const crop = find(".crop", group);
  if (!crop) return (panel.textContent = WORDS.noPicture);
  const others = [...group.querySelectorAll("[data-name]")].filter((other) => other !== one && find("[data-drawn]", other));
  const modes = Object.entries(WORDS.modes).map(
    ([mode, name], index) => `<button type="button" data-mode="${mode}" aria-pressed="${!index}">${name}</button>`,
  );
  panel.innerHTML = `<div class="modes" role="group">${modes.join("")}<select></select></div>
    <div class="stack over"><img><canvas class="other" role="img" hidden></canvas><canvas class="letters" role="img"></canvas></div>`;
  find(".modes", panel).setAttribute("aria-label", WORDS.with);
  const against = find("select", panel);
  against.setAttribute("aria-label", WORDS.with);
  against.append(new Option(WORDS.yours, ""), ...others.map((other, index) => new Option(other.dataset.name, index)));
  panel.insertAdjacentHTML("beforeend", '<p class="note"></p><p class="note" role="status"></p>');
  const tell = panel.lastElementChild;
  const [image, other, letters] = find(".stack", panel).children;
  Object.assign(image, { src: crop.src, alt: WORDS.yours });
  letters.setAttribute("aria-label", one.dataset.name);
  setMode(find("[data-mode]", panel));
  if (chosen) find("[data-mode]", panel).focus({ preventScroll: true }); // what was chosen is folded away
  const laid = lay(letters, find("[data-drawn]", one)?.dataset.drawn, crop);
  against.addEventListener("change", async () => {
    await laid;
    const second = others[against.value];
    image.hidden = second !== undefined;
    other.hidden = !second;
    letters.telling = other.telling = "";
    tell.textContent = "";
    if (second) {
      const [first, next] = [one, second].map((row) => find("[data-drawn]", row).dataset.drawn);
      other.setAttribute("aria-label", second.dataset.name);
      letters.telling = other.telling = await server.telling({ first, second: next, text: crop.dataset.text });
      await lay(other, next, crop);
      tell.textContent = letters.telling ? `${WORDS.telling} ${[...letters.telling].join(", ")}` : WORDS.noneTelling;
    }
    setMode(find(`[data-mode="${second ? "beside" : "over"}"]`, panel));
  });
  await laid;
  if (Number(letters.dataset.overlap) < SURE) tell.insertAdjacentHTML("afterend", `<p class="note">${WORDS.misread}</p>`);
  find(".stack", panel).style.setProperty("--ground", crop.seen.ground);
  panel.insertAdjacentHTML("beforeend", await server.styles(one.dataset.face));
  const marked = find(".styles [aria-current]", panel);
  if (marked) marked.parentElement.scrollLeft = marked.offsetLeft - marked.parentElement.clientWidth / 2;
  await offer(panel, one.dataset.face);
  panel.scrollIntoView({ block: "nearest" });
}

// What takes the face that is compared, where it is not the card's own.
async function offer(panel, face) {
  const ways = face === panel.closest(".card").dataset.face ? "" : await server.using(face);
  find(".use", panel)?.remove();
  find(".stack", panel).insertAdjacentHTML("afterend", ways);
}

// Another weight or width of the family is laid over what the first one was.
async function layStyle(button) {
  const panel = button.closest(".compare"), letters = find(".letters", panel), chosen = button.closest("li");
  find(".styles [aria-current]", panel)?.removeAttribute("aria-current");
  chosen.setAttribute("aria-current", "true");
  letters.telling = "";
  letters.setAttribute("aria-label", `${panel.dataset.name} ${button.textContent}`);
  await lay(letters, find("[data-drawn]", chosen).dataset.drawn, find(".crop", panel.closest(".group")));
  setMode(find("[data-mode][aria-pressed=true]", panel));
  await offer(panel, find("[data-drawn]", chosen).dataset.drawn);
}

function setMode(button) {
  const panel = button.closest(".compare");
  for (const other of panel.querySelectorAll("[data-mode]")) other.setAttribute("aria-pressed", String(other === button));
  find(".stack", panel).className = `stack ${button.dataset.mode}`;
  const other = find("select", panel).selectedOptions[0];
  const against = other.value ? other.textContent : WORDS.yours.toLowerCase();
  find(".note", panel).textContent = WORDS.captions[button.dataset.mode]
    .replace("{letters}", find(".letters", panel).getAttribute("aria-label")).replace("{other}", against);
  const seen = find(".crop", panel.closest(".group")).seen;
  find(".letters", panel).draw?.(button.dataset.mode === "over" ? seen.overlay : seen.colour);
}

// --- the other buttons

async function similar(card, button) {
  const panel = find(".similar", card);
  button.closest(".menu").open = false;
  panel.hidden = !panel.hidden;
  button.setAttribute("aria-expanded", String(!panel.hidden));
  if (panel.hidden || panel.innerHTML) return;
  panel.innerHTML = await server.similar_fonts({ face: card.dataset.face, text: card.closest(".group").dataset.text });
  drawTyped();
}

async function download(card, button) {
  const file = await server.font_file(card.dataset.face);
  if (!file) return flash(button, WORDS.noFile);
  const link = document.createElement("a");
  link.href = `data:application/zip;base64,${file.content}`;
  link.download = file.name;
  link.click();
}

// An address that tells all fonts found with their texts, and nothing of the picture.
function addressOf() {
  const address = new URL(location.href);
  for (const name of ["fonts", "text", "tab", "search"]) address.searchParams.delete(name);
  for (const group of element.querySelectorAll(".group")) {
    const rows = [...group.querySelectorAll("[data-probability]")];
    address.searchParams.append("fonts", rows.map((row) => `${row.dataset.face}:${row.dataset.probability}`).join(","));
    address.searchParams.append("text", (typed() || group.dataset.text).slice(0, LONGEST_SHARED));
  }
  return address.href;
}

async function judge(card, button) {
  const model = await server.feedback(button.dataset.feedback);
  const { name, probability } = card.dataset;
  button.closest(".menu").open = false;
  find(".thanks", card)?.remove();
  const report = '<button type="button"></button>';
  find(".buttons", card).insertAdjacentHTML("afterend", `<p class="note thanks">${WORDS.thanks} ${report}</p>`);
  const offered = find(".thanks button", card);
  offered.textContent = WORDS.report;
  offered.dataset.copy = `fontid answered ${name} (${probability}), which is ${button.dataset.feedback}.\nThe right font: \nModel: ${model}`;
  say(WORDS.thanks);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("#answer button, #families button, #family button");
  const card = event.target.closest?.("#answer .pair")?.closest(".card");
  if (card && find(".crop", card)) return compare(card, find("[data-compare]", card));
  if (!button) return;
  const row = button.closest("[data-name]");
  const { copy: text, compare: comparing, mode, style, similar: alike, font, share, feedback, family } = button.dataset;
  if (text !== undefined) {
    await copy(text);
    flash(button, WORDS.copied);
  } else if (comparing !== undefined) await compare(row, button);
  else if (mode) setMode(button);
  else if (style !== undefined) await layStyle(button);
  else if (alike !== undefined) await similar(row, button);
  else if (font !== undefined) await download(row, button);
  else if (share !== undefined) {
    await copy(button.closest("#family") ? location.href : addressOf());
    flash(button, WORDS.linkCopied);
  } else if (feedback) await judge(row, button);
  else if (family) await openFamily(family);
});

document.addEventListener("keydown", ({ key, target }) => {
  const panel = target.closest?.("#answer .compare");
  if (key !== "Escape" || !panel) return;
  panel.hidden = true;
  const button = find("[data-compare][aria-expanded=true]", panel.closest(".group"));
  button.setAttribute("aria-expanded", "false");
  (find("summary", button.closest(".menu")?.parentElement ?? panel) ?? button).focus();
});

// A family's page lies over whatever is looked at, at an address of its own: Back closes it, and closing it goes back.
async function openFamily(name, linked = false) {
  const dialog = Object.assign(document.createElement("dialog"), { id: "family" });
  dialog.innerHTML = `<form method="dialog"><button>${WORDS.close}</button></form>${await server.family(name)}`;
  const address = new URL(location.href);
  address.searchParams.set("family", name);
  if (!linked) history.pushState({ ...history.state, family: name }, "", address);
  address.searchParams.delete("family");
  dialog.addEventListener("close", () => {
    if (!linked) return history.back(); // `stage.js` removes it then
    history.replaceState({ ...history.state, family: undefined }, "", address);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}
document.addEventListener("family", ({ detail }) => openFamily(detail)); // from the map
const asked = new URLSearchParams(location.search).get("family");
if (asked) openFamily(asked, true);

// The specimen is drawn as large as the picture's letters, in their colours.
async function matchPicture(group) {
  const crop = find(".crop", group), specimen = find(".pair .specimen", group);
  if (!crop || !specimen) return;
  await Promise.all([crop.decode(), document.fonts.load(`20px '${specimen.dataset.drawn}'`)]).catch(() => {});
  const { box } = JSON.parse(crop.dataset.places);
  const size = [crop.naturalWidth, crop.naturalHeight, crop.naturalWidth, crop.naturalHeight];
  seeInk(crop, box.map((value, side) => value * size[side]));
  const { left, right } = measure(specimen.dataset.drawn, crop.dataset.text || group.dataset.text);
  const shown = crop.getBoundingClientRect().width;
  const font = Math.min(160, Math.max(8, (SIZE * (box[2] - box[0]) * shown) / (right - left)));
  pen.font = `${font}px '${specimen.dataset.drawn}'`;
  const ink = pen.measureText(specimen.textContent);
  const [above, below] = [ink.fontBoundingBoxAscent, ink.fontBoundingBoxDescent]; // of the line; what holds no ink is cut
  Object.assign(specimen.style, {
    fontSize: `${font}px`, lineHeight: `${above + below}px`, color: crop.seen.colour,
    padding: `0 8px 0 ${box[0] * shown}px`,
    margin: `${8 + ink.actualBoundingBoxAscent - above}px 0 ${8 + ink.actualBoundingBoxDescent - below}px`,
    whiteSpace: typed() ? "normal" : "",
  });
  find(".pair", group).style.background = crop.seen.ground;
}

function show() {
  drawTyped();
  if (find(".crop") && find(".verdict")) history.replaceState(history.state, "", addressOf());
}
document.addEventListener("input", (event) => {
  if (event.target.closest("#words, #family")) drawTyped();
});
watch("value", show);
