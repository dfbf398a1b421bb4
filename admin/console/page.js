"use strict";

const DATA = "application/vnd.pocketfiles+json";
const PICTURE = /\.(jpe?g|png|gif|webp|avif|svg|bmp|ico)$/i;
const THUMBABLE = /\.(jpe?g|png|gif|webp)$/i;
const TEXT = /^(text\/|application\/(.*\+)?(json|xml|javascript)\b)/;
const TEXT_SHOWN_BYTES = 256 * 1024;
const GALLERY_PIXELS = 160; // a tile's width; a listed thumb at least this large is preferred
const POLL_MILLISECONDS = 1000;
const TYPING_MILLISECONDS = 250; // after the last letter, what was typed is looked for
const ROWS_KEPT = 200;
const RENEWED_BELOW = 0.2; // share of a token's life that is left when a new one is fetched
const ACCEPTS = [
  ["AVIF + WebP", "image/avif,image/webp,image/png,*/*;q=0.8"],
  ["WebP", "image/webp,image/png,*/*;q=0.8"],
  ["Neither", "image/png,image/*;q=0.8,*/*;q=0.5"],
];

const state = {
  overview: null,
  user: "",
  token: null,
  lifetime: 0, // of a token, in milliseconds
  expires: 0,
  renewal: null, // the promise of a new token, while one is fetched
  accept: ACCEPTS[0],
  files: [],
  gallery: null, // the gallery that was left for a file: to come back to
  live: [], // updates of what shows the token
  here: "", // the address of what is shown
  left: "", // and of what was shown before
  place: 0,
};
const LEFT = new Error("another place was chosen meanwhile");
const main = document.getElementById("main");

/* ---- Building blocks ---- */

/** What shows nothing or turns the direction of writing, except for line ends (Unicode §23). */
const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text with what is invisible escaped as in JavaScript: no name can pass for another one. */
const visible = (text) => text.replace(INVISIBLE, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);

/** An element with properties, attributes (`attr`), listeners (`on`) and children; texts become visible. */
function el(tag, props, ...children) {
  const { attr = {}, on = {}, ...rest } = props || {};
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attr)) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  const shown = children.flat().filter((child) => child !== null && child !== undefined);
  element.append(...shown.map((child) => (typeof child === "string" ? visible(child) : child)));
  return element;
}

const chip = (text, kind = "") => el("span", { className: `chip ${kind}` }, text);

function show(...children) {
  main.replaceChildren(...children.flat().filter(Boolean));
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  let size = count;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${count} B` : `${size.toFixed(size < 100 ? 1 : 0)} ${units[unit]}`;
}

function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = visible(text);
  box.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => box.classList.remove("shown"), 1800);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("The browser does not let this page copy");
  }
}

/* ---- Data ---- */

async function data(view, query = {}) {
  const address = `/?${new URLSearchParams({ view, ...query })}`;
  let answer;
  try {
    answer = await fetch(address, { headers: { Accept: DATA } });
  } catch {
    throw new Error("The service does not answer");
  }
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

/** The data of a view for the place that is shown. Throws `LEFT` when another was chosen meanwhile. */
async function dataHere(view, query) {
  const place = state.place;
  const [found] = await Promise.allSettled([data(view, query)]);
  if (place !== state.place) throw LEFT;
  if (found.status === "rejected") throw found.reason;
  return found.value;
}

/** Says that something failed, unless nobody waits for it any more. */
function complain(error) {
  if (error !== LEFT) toast(error.message);
}

const base = () => state.overview.base || location.origin;

function path(file) {
  const parts = [file.collection, file.record, file.name].map(encodeURIComponent);
  return `/api/files/${parts.join("/")}`;
}

/** The URL of a file, with its thumb's size and, where it is protected, the viewer's token. */
function address(file, size = "", more = {}) {
  const query = new URLSearchParams(more);
  if (size) query.set("thumb", size);
  if (file.protected && state.token) query.set("token", state.token);
  const text = query.toString();
  return base() + path(file) + (text ? `?${text}` : "");
}

/** Where this page shows a file. */
function place(file) {
  return `#/file/${[file.collection, file.record, file.name].map(encodeURIComponent).join("/")}`;
}

/** The size that fits a tile best: the smallest listed one that fills it. */
function gallerySize(file) {
  const sizes = file.thumbs
    .map((size) => [size, ...size.split(/[x]/).map((part) => parseInt(part, 10))])
    .filter(([, width, height]) => Math.max(width, height) >= GALLERY_PIXELS)
    .filter(([, width, height]) => (width || 1e4) >= GALLERY_PIXELS && (height || 1e4) >= GALLERY_PIXELS)
    .sort((one, other) => Math.max(one[1], one[2]) - Math.max(other[1], other[2]));
  return sizes.length ? sizes[0][0] : "100x100";
}

/* ---- The viewer and their token ---- */

async function viewAs(user) {
  state.user = user;
  state.token = null;
  if (user) await fetchToken(user);
  tick();
}

async function fetchToken(user) {
  const { token, seconds } = await data("token", { user });
  if (state.user !== user) return; // another was chosen meanwhile
  state.token = token;
  state.lifetime = seconds * 1000;
  state.expires = Date.now() + state.lifetime;
  for (const update of state.live) update();
}

/** Fetches a new token where the present one ends soon. */
async function renew() {
  if (!state.token || state.expires - Date.now() > state.lifetime * RENEWED_BELOW) return;
  state.renewal ||= fetchToken(state.user).finally(() => { state.renewal = null; });
  await state.renewal;
}

/** Runs an update now, and again with each new token for as long as this place is shown. */
function live(update) {
  update();
  state.live.push(update);
}

function tick() {
  // Nobody looks at a hidden page, and it gets a new token when it is shown again.
  if (!document.hidden) renew().then(showLife, showLife);
  showLife();
}

function showLife() {
  const life = document.getElementById("life");
  life.hidden = !state.token;
  if (!state.token) return;
  const left = Math.max(0, Math.round((state.expires - Date.now()) / 1000));
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  life.textContent = left ? `token ${clock}` : "token ended";
  life.classList.toggle("ended", left === 0);
  life.title = left ? "How long the file token is good; then comes a new one" : "No new token came";
}

/* ---- Files ---- */

function collections() {
  return state.overview.collections.filter((each) => each.fields.length);
}

function sidebar(current) {
  const links = collections().map((each) =>
    el(
      "a",
      { href: `#/files/${encodeURIComponent(each.name)}`, attr: { "aria-current": each.name === current ? "page" : null } },
      each.name,
      each.fields.some((field) => field.protected) ? el("span", { className: "padlock", title: "has protected files" }) : null,
    ),
  );
  return el("aside", { className: "side", attr: { "aria-label": "Collections" } }, el("h2", {}, "Collections"), links);
}

/** Reads the collections and users again, which come and go; nobody waits for it. */
async function refresh(side, current) {
  const before = JSON.stringify(collections());
  setOverview(await dataHere("overview"));
  if (JSON.stringify(collections()) !== before) side.replaceWith(sidebar(current));
}

function tile(file) {
  const extension = (file.name.match(/\.(\w{1,8})$/) || ["", "file"])[1];
  const letters = () => el("span", { className: "kind" }, `.${extension}`);
  const box = el("div", { className: "tile" });
  if (THUMBABLE.test(file.name) && (!file.protected || state.token)) {
    const picture = el("img", {
      alt: "",
      loading: "lazy",
      decoding: "async",
      on: { error: () => picture.replaceWith(letters()) },
    });
    box.append(picture);
    // One that is far below is not loaded yet, and its token may end before it is.
    live(() => { if (picture.parentNode && !picture.naturalWidth) picture.src = address(file, gallerySize(file)); });
  } else {
    box.append(letters());
  }
  if (file.protected) box.append(el("span", { className: "lock" }, "protected"));
  return el(
    "li",
    {},
    el(
      "a",
      { href: place(file) },
      box,
      el("span", { className: "name", title: visible(file.name) }, file.name),
      el("span", { className: "under" }, file.record),
    ),
  );
}

/** Shows the gallery again that a file was opened from, as it was left. */
function comeBack() {
  const { split, live, top } = state.gallery;
  state.live = live;
  for (const update of live) update();
  show(split);
  refresh(split.querySelector(".side"), state.gallery.collection).catch(complain);
  scrollTo(0, top);
  const { left } = state;
  const link = [...split.querySelectorAll(".gallery a")].find((each) => each.getAttribute("href") === left);
  if (!link) return;
  link.focus({ preventScroll: true });
  link.scrollIntoView({ block: "nearest" }); // arrow keys may have led on to another file
}

/** The collection that is shown first: the one with most sizes of thumbs is likely one of pictures. */
function firstCollection() {
  const sizes = (each) => each.fields.reduce((count, field) => count + field.thumbs.length, 0);
  return collections().reduce((best, each) => (sizes(each) > sizes(best) ? each : best));
}

async function files(name) {
  const isKnown = collections().some((each) => each.name === name);
  if (!isKnown) setOverview(await dataHere("overview"));
  const all = collections();
  if (!all.length) return show(el("p", { className: "empty" }, "No collection has a file field."));
  const current = name ? all.find((each) => each.name === name) : firstCollection();
  if (!current) throw new Error(`No collection with files is called ${name}`);
  const list = el("ul", { className: "gallery" });
  const empty = el("p", { className: "empty", hidden: true });
  const more = el("button", { className: "more", hidden: true }, "Show more");
  const search = el("input", {
    type: "search",
    placeholder: "Find a file name or record id  ( / )",
    attr: { "aria-label": "Find a file name or record id", id: "search" },
  });
  const form = el("form", {}, search);
  const head = el(
    "div",
    { className: "head" },
    el(
      "div",
      {},
      el("h1", {}, current.name),
      el(
        "div",
        { className: "chips" },
        chip(current.type),
        current.fields.map((field) => chip(field.protected ? `${field.name} · protected` : field.name, field.protected ? "warn" : "")),
      ),
    ),
    form,
  );
  const side = sidebar(current.name);
  const split = el("div", { className: "split" }, side, el("div", {}, head, list, empty, more));
  state.gallery = { collection: current.name, user: state.user, split, live: state.live, top: 0 };
  show(split);
  if (isKnown) refresh(side, current.name).catch(complain);

  let listing; // what is listed: the text that is looked for, and after which record to go on
  async function next() {
    const mine = listing;
    if (mine.reading) return;
    mine.reading = true;
    let page;
    try {
      page = await dataHere("files", { collection: current.name, find: mine.find, after: mine.after });
    } finally {
      mine.reading = false;
    }
    if (mine !== listing) return; // something else is looked for meanwhile
    if (!mine.after) {
      state.files = [];
      state.live.length = 0;
      list.replaceChildren();
    }
    mine.after = page.next;
    state.files.push(...page.files);
    list.append(...page.files.map(tile));
    more.hidden = !page.next;
    empty.hidden = state.files.length > 0;
    empty.textContent = visible(nothingFound(mine));
  }

  /** Lists anew the files with a text in their name or in their record's id; the empty one is in all. */
  async function find(text) {
    listing = { find: text, after: "", reading: false };
    await next();
    watchEnd();
  }

  const observer = new IntersectionObserver(async (seen) => {
    if (!listing.after || !seen.some((each) => each.isIntersecting)) return;
    try {
      await next();
    } catch (error) {
      return complain(error); // the button asks again
    }
    watchEnd();
  }, { rootMargin: "600px" });

  /** Watches anew whether the end is near: it may have been so before, of which no change tells. */
  function watchEnd() {
    observer.unobserve(more);
    observer.observe(more);
  }

  function findTyped() {
    clearTimeout(findTyped.timer);
    const text = search.value.trim();
    if (split.isConnected && text !== listing.find) find(text).catch(complain);
  }

  more.addEventListener("click", () => next().catch(complain));
  search.addEventListener("input", () => {
    clearTimeout(findTyped.timer);
    findTyped.timer = setTimeout(findTyped, TYPING_MILLISECONDS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    findTyped();
  });
  await find("");
}

function nothingFound({ find, after }) {
  if (after) return `Looking for ${find} …`;
  return find ? `No file name and no record id contains ${find}.` : "No files here.";
}

/* ---- One file ---- */

/** A line to copy. `write` returns its text, which changes with the viewer's token. */
function snippet(write) {
  const code = el("code", {});
  live(() => { code.textContent = visible(write()); });
  return el("div", { className: "snippet" }, el("pre", {}, code), el("button", { on: { click: () => copy(write()) } }, "Copy"));
}

function snippets(file) {
  const size = file.sizes[1] || file.sizes[0];
  const thumb = THUMBABLE.test(file.name) ? size : "";
  const quoted = (text) => visible(JSON.stringify(text)).replaceAll("<", "\\u{3c}"); // also right inside HTML
  const collection = state.overview.collections.find((each) => each.name === file.collection);
  const options = [thumb ? `thumb: ${quoted(thumb)}` : "", file.protected ? "token" : ""].filter(Boolean).join(", ");
  const lines = [
    `const pb = new PocketBase(${quoted(base())});`,
    `const record = { id: ${quoted(file.record)}, collectionId: ${quoted(collection.id)} };`,
    ...(file.protected ? ["const token = await pb.files.getToken(); // after a login"] : []),
    `const url = pb.files.getURL(record, ${quoted(file.name)}${options ? `, { ${options} }` : ""});`,
  ];
  const quotedUrl = () => address(file, thumb).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return [
    snippet(() => `curl -OJ '${address(file).replaceAll("'", "%27")}'`),
    PICTURE.test(file.name) ? snippet(() => `<img src="${quotedUrl()}" alt="">`) : null,
    snippet(() => lines.join("\n")),
  ];
}

/** Fetches one form of a thumb as a client that accepts `state.accept`, and says what came. */
async function measure(file, size) {
  await renew();
  const started = performance.now();
  const answer = await fetch(address(file, size), { cache: "no-store", headers: { Accept: state.accept[1] } });
  const body = await answer.blob();
  return {
    size,
    ok: answer.ok,
    status: answer.status,
    body,
    milliseconds: performance.now() - started,
    type: (answer.headers.get("content-type") || "").split(";")[0],
    cache: answer.headers.get("cache-control") || "none",
  };
}

const storedNames = (file, size) =>
  file.stored.map((each) => each.name).filter((name) => name.startsWith(`${size}_${file.name}`));

function origin(before, after, size) {
  const known = new Set(storedNames(before, size));
  const now = storedNames(after, size);
  if (now.some((name) => !known.has(name))) return chip("made just now", "warn");
  return now.length ? chip("stored", "good") : chip("original", "");
}

function form(found, file, where) {
  const facts = el("dl", {},
    el("dt", {}, "Bytes"), el("dd", { className: "number" }, bytes(found.body.size), saved(found, file)),
    el("dt", {}, "Time"), el("dd", { className: "number" }, `${found.milliseconds.toFixed(0)} ms`),
    el("dt", {}, "Format"), el("dd", {}, found.type.replace("image/", "") || "unknown"),
    el("dt", {}, "Cache"), el("dd", {}, found.cache),
  );
  const inside = found.ok && found.type.startsWith("image/")
    ? el("img", { src: URL.createObjectURL(found.body), alt: `${file.name}, ${found.size}`, on: { load: (event) => URL.revokeObjectURL(event.target.src) } })
    : el("span", { className: "kind" }, found.ok ? found.type : `${found.status}`);
  return el("article", { className: "form" },
    el("div", { className: "frame" }, inside),
    el("div", { className: "facts" }, el("h3", {}, found.size, found.ok ? where : chip("refused", "bad")), facts));
}

function saved(found, file) {
  if (!file.original || !found.ok) return null;
  const ratio = found.body.size / file.original.bytes;
  return el("span", { className: "muted" }, `  ${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`);
}

async function forms(file, box) {
  const turn = (forms.turn = (forms.turn || 0) + 1);
  box.replaceChildren(el("p", { className: "muted" }, "Fetching each form …"));
  const origins = new Map();
  for (const size of file.sizes) {
    const found = await measure(file, size);
    if (turn !== forms.turn) return; // another choice was made meanwhile
    if (!origins.size) box.replaceChildren();
    const place = el("span", {}); // what the bucket had of it is known in the end
    box.append(form(found, file, place));
    origins.set(size, place);
  }
  const query = { collection: file.collection, record: file.record, name: file.name };
  const after = await dataHere("file", query);
  for (const [size, place] of origins) place.replaceWith(origin(file, after, size));
  file.stored = after.stored;
}

function choice(options, current, choose) {
  const box = el("div", { className: "switch", attr: { role: "group", "aria-label": "Formats the client accepts" } });
  box.append(...options.map((option) => el("button", {
    type: "button",
    attr: { "aria-pressed": String(option === current) },
    on: { click: (event) => {
      for (const button of box.children) button.setAttribute("aria-pressed", String(button === event.target));
      choose(option);
    } },
  }, option[0])));
  return box;
}

/** What the viewer is answered for the original, without its bytes. */
async function answered(file) {
  await renew();
  const answer = await fetch(address(file), { method: "HEAD", cache: "no-store" });
  return {
    ok: answer.ok,
    status: answer.status,
    type: (answer.headers.get("content-type") || "").split(";")[0],
    isDownload: /^attachment/i.test(answer.headers.get("content-disposition") || ""),
  };
}

/** The original as the browser shows it, or why there is nothing to see. */
function stage(file, answer) {
  const box = el("div", { className: "stage" });
  const letters = (text) => el("span", { className: "kind" }, text);
  if (!answer.ok) {
    box.append(el("div", { className: "refusal" }, letters(String(answer.status)), el("p", { className: "muted" }, refusal(file))));
    return box;
  }
  const failed = () => box.replaceChildren(letters(answer.type));
  const kind = answer.type.split("/")[0];
  if (kind === "image") box.append(el("img", { alt: file.name, src: address(file), on: { error: failed } }));
  else if (kind === "video" || kind === "audio") {
    box.append(el(kind, { controls: true, preload: "metadata", src: address(file), on: { error: failed } }));
  } else if (TEXT.test(answer.type) && file.original && file.original.bytes <= TEXT_SHOWN_BYTES) {
    fetch(address(file)).then((found) => (found.ok ? found.text() : Promise.reject())).then(
      (text) => box.replaceChildren(el("pre", { className: "text", tabIndex: 0 }, readable(text))), failed);
  } else failed();
  return box;
}

/** A file's text with line ends and tabs that are not shown as escapes. */
const readable = (text) => text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ");

function refusal(file) {
  if (!file.original) return "It is missing in the bucket.";
  if (!file.protected) return "It is not served.";
  return state.user ? "Not served to this viewer." : "Protected: choose whom to view it as, at the top.";
}

/** Links to the original, with the viewer's token. */
function links(file, answer) {
  const offered = [["Download", { download: "1" }]];
  if (!answer.isDownload) offered.unshift(["Open", {}]);
  return offered.map(([text, more]) => {
    const link = el("a", { className: "button", attr: { target: "_blank", rel: "noreferrer" } }, text);
    live(() => { link.href = address(file, "", more); });
    return link;
  });
}

async function file(collection, record, name) {
  const found = await dataHere("file", { collection, record, name });
  const place = state.place;
  const answer = await answered(found);
  if (place !== state.place) throw LEFT;
  const pictures = THUMBABLE.test(name) && (answer.ok || !found.protected);
  const original = found.original;
  const facts = el("dl", {},
    el("dt", {}, "Answer"), el("dd", {}, chip(String(answer.status), answer.ok ? "good" : "bad")),
    el("dt", {}, "Record"), el("dd", { className: "mono" }, record),
    el("dt", {}, "Field"), el("dd", {}, found.field),
    el("dt", {}, "Size"), el("dd", { className: "number" }, original ? bytes(original.bytes) : "missing in the bucket"),
    el("dt", {}, "Type"), el("dd", {}, original ? original.type : "–"),
    el("dt", {}, "Object"), el("dd", { className: "mono" }, found.key),
    el("dt", {}, "View rule"), el("dd", { className: "mono" }, found.protected ? rule(found.rule) : "does not apply: the field is not protected"),
  );
  const box = el("div", { className: "forms" });
  const explain = `#/explain?url=${encodeURIComponent(path(found))}`;
  show(
    el("a", { className: "back", href: `#/files/${encodeURIComponent(collection)}` }, `← ${collection}`),
    el("h1", {}, name),
    el("div", { className: "chips" },
      found.protected ? chip("protected", "warn") : chip("open to everybody", "good"),
      el("a", { className: "chip", href: explain }, answer.ok ? "why it is served →" : "why it is refused →")),
    el("div", { className: "file" }, stage(found, answer), el("div", {}, facts, answer.ok ? el("div", { className: "links" }, links(found, answer)) : null, el("h2", {}, "Use it"), snippets(found))),
    pictures ? el("div", { className: "bar" }, el("h2", {}, "Thumbs"),
      choice(ACCEPTS, state.accept, (option) => { state.accept = option; forms(found, box); })) : null,
    pictures ? box : null,
  );
  if (pictures) await forms(found, box);
}

/* ---- Explain ---- */

/** The URL in what somebody pasted: a curl line, or an address without its scheme or first slash. */
function pastedUrl(text) {
  const quoted = /^curl\s/.test(text) && text.match(/(['"])([^'"]*\/api\/files\/[^'"]*)\1/);
  const bare = /^curl\s/.test(text) && text.match(/\S*\/api\/files\/\S*/);
  const url = quoted ? quoted[2] : bare ? bare[0] : text;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || url.startsWith("/")) return url;
  if (url.startsWith("api/files/")) return `/${url}`;
  const start = url.indexOf("/api/files/");
  return start > 0 ? url.slice(start) : url;
}

async function explain(url) {
  const input = el("input", {
    value: url,
    placeholder: "/api/files/photos/…  or a whole URL",
    attr: { "aria-label": "The URL to explain", spellcheck: "false" },
  });
  const result = el("div", {});
  async function run() {
    const asked = pastedUrl(input.value.trim());
    if (!asked) return result.replaceChildren();
    try {
      const found = await data("explain", { url: asked, user: state.user });
      const served = found.status === 200;
      result.replaceChildren(
        el("div", { className: `verdict ${served ? "good" : "bad"}`, attr: { role: "status" } },
          el("b", {}, String(found.status)), el("span", {}, served ? "Served" : found.reason)),
        el("ol", { className: "steps" }, found.steps.map(step)));
    } catch (error) {
      result.replaceChildren(el("p", { className: "empty" }, error.message));
    }
  }
  const submit = (event) => { event.preventDefault(); run(); };
  show(
    el("h1", {}, "Why is it served, or refused?"),
    el("p", { className: "muted" }, "Clients get the same 404 for every denial. Here is what the functions check, in their order, for the viewer chosen at the top."),
    el("form", { className: "ask", on: { submit } }, input, el("button", { className: "primary" }, "Explain")),
    result);
  await run();
  if (!url) input.focus();
}

function step(found) {
  const compared = found.comparisons.map((each) => [
    each.outcome === "" ? el("span", {}) : chip(each.outcome === "-" ? "not asked" : each.outcome, { true: "good", false: "bad", NULL: "warn" }[each.outcome] || ""),
    el("code", {}, each.text),
  ]);
  return el("li", {}, el("span", { className: "label" }, found.label),
    el("div", {}, el("span", { className: "text" }, found.text),
      compared.length ? el("div", { className: "compared" }, compared.flat()) : null));
}

const rule = (text) => (text === null ? "none (superusers alone)" : text === "" ? "empty (everybody)" : text);

/* ---- Rules ---- */

function card(title, kind, label, ...body) {
  return el("article", { className: "card" }, el("h3", {}, title, chip(label, kind)), body);
}

async function rules() {
  setOverview(await dataHere("overview"));
  const { broken, undecided, unprotected } = state.overview;
  const names = (each) => each.fields.join(", ");
  const section = (title, about, cards) => [
    el("h2", {}, title), el("p", { className: "muted" }, about),
    cards.length ? el("div", { className: "cards" }, cards) : el("p", { className: "empty" }, "None.")];
  show(
    el("h1", {}, "Rules and open files"),
    section("Cannot be evaluated", "Such a rule denies everybody but superusers.", broken.map((each) =>
      card(each.collection, "bad", "denies", el("p", {}, each.reason), el("code", {}, each.rule)))),
    section("Protected, and no rule decides", "An empty view rule opens protected files to everybody; without one they are for superusers.", undecided.map((each) =>
      card(each.collection, each.locked ? "" : "warn", each.locked ? "superusers alone" : "open to everybody", el("p", { className: "muted" }, names(each))))),
    section("Not protected, whatever the view rule says", "The view rule of these collections does not apply to these fields: who knows the URL reads the file.", unprotected.map((each) =>
      card(each.collection, "warn", "open to everybody", el("p", { className: "muted" }, names(each)), el("p", {}, "View rule: ", el("code", {}, rule(each.rule)))))));
}

/* ---- Requests ---- */

async function requests() {
  if (!state.overview.requests) {
    return show(el("h1", {}, "Requests"), el("p", { className: "empty" }, "This page does not see them. Those of make run are on its own page, those of a stack in its log: make logs"));
  }
  const rows = el("tbody", {});
  const empty = el("p", { className: "empty" }, "Nothing yet. Open a file, or run a client.");
  const head = el("tr", {}, ["Time", "Status", "Request", "Size", "Took", "Note"].map((text) =>
    el("th", { className: /Size|Took/.test(text) ? "right" : "", attr: { scope: "col" } }, text)));
  show(el("h1", {}, el("span", { className: "live", attr: { "aria-hidden": "true" } }), "Requests"), el("p", { className: "muted" }, "The last ones, as they come. A click explains one."), empty,
    el("table", { className: "log" }, el("thead", {}, head), rows));
  let after = 0;
  async function more() {
    const { requests: found } = await dataHere("requests", { after });
    for (const each of found) {
      rows.prepend(row(each));
      after = each.number;
    }
    while (rows.children.length > ROWS_KEPT) rows.lastChild.remove();
    empty.hidden = rows.children.length > 0;
  }
  await more();
  poll(more, () => rows.isConnected);
}

/** Does the work again and again for as long as it is wanted and somebody looks. */
async function poll(work, isWanted) {
  while (isWanted()) {
    await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
    if (document.hidden || !isWanted()) continue;
    try {
      await work();
    } catch (error) {
      complain(error);
    }
  }
}

/** A target without the token, which is not kept: what is explained is the chosen viewer's request. */
const withoutToken = (target) => target.replace(/([?&])token=[^&]*&?/gi, "$1").replace(/[?&]$/, "");

function row(each) {
  const kind = each.status >= 500 ? "bad" : each.status >= 400 ? "warn" : each.status >= 300 ? "" : "good";
  const isRead = each.method === "GET" || each.method === "HEAD"; // no other request is for a file
  const link = `#/explain?url=${encodeURIComponent(withoutToken(each.target))}`;
  const target = isRead ? el("a", { href: link }, each.target) : el("span", {}, each.target);
  return el("tr", {},
    el("td", { className: "number muted" }, each.time),
    el("td", {}, chip(String(each.status), kind)),
    el("td", { className: "target" }, `${each.method} `, target),
    el("td", { className: "right number" }, bytes(each.bytes)),
    el("td", { className: "right number" }, `${each.milliseconds.toFixed(0)} ms`),
    el("td", { className: "muted" }, each.note));
}

/* ---- Where we are ---- */

/** A part of the address as text; as it stands where somebody mistyped an escape. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Whether a place is the gallery from which the file was opened that was shown until now. */
function isBack(parts) {
  const { gallery, left } = state;
  if (!gallery || !left.startsWith("#/file/") || gallery.user !== state.user) return false;
  if (parts[0] && parts[0] !== "files") return false;
  return gallery.collection === (parts[1] || firstCollection().name);
}

async function route() {
  state.place += 1;
  state.live = [];
  if (state.gallery && state.gallery.split.isConnected) state.gallery.top = scrollY;
  state.left = state.here;
  state.here = location.hash;
  const [shown, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = shown.split("/").map(decoded);
  const section = parts[0] === "file" ? "files" : parts[0] || "files";
  for (const link of document.querySelectorAll("#sections a")) {
    const isCurrent = link.getAttribute("href") === `#/${section}`;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = visible(`${parts[parts.length - 1] || "Files"} · PocketFiles`);
  try {
    if (isBack(parts)) comeBack();
    else {
      scrollTo(0, 0);
      await renew();
      await showPlace(parts, section, query);
    }
  } catch (error) {
    if (error === LEFT) return;
    show(el("p", { className: "empty" }, error.message));
  }
  document.body.dataset.shown = state.here;
}

async function showPlace(parts, section, query) {
  if (parts[0] === "file") await file(...parts.slice(1));
  else if (section === "explain") await explain(new URLSearchParams(query).get("url") || "");
  else if (section === "rules") await rules();
  else if (section === "requests") await requests();
  else await files(parts[1]);
}

/** Shows the file before (-1) or after (1) this one in the gallery. */
function neighbour(step) {
  const [, collection, record, name] = location.hash.slice(2).split("/").map(decoded);
  const at = state.files.findIndex(
    (each) => each.collection === collection && each.record === record && each.name === name,
  );
  const to = at < 0 ? null : state.files[at + step];
  if (to) location.hash = place(to);
}

/** Arrow keys walk through the gallery, and from file to file; Escape goes back; / searches. */
function keys(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA|VIDEO)$/.test(event.target.tagName)) return;
  const isFile = location.hash.startsWith("#/file/");
  if (event.key === "/" && document.getElementById("search")) {
    event.preventDefault();
    document.getElementById("search").focus();
  } else if (event.key === "Escape" && isFile) {
    location.hash = document.querySelector(".back").getAttribute("href");
  } else if (isFile && event.key === "ArrowLeft") neighbour(-1);
  else if (isFile && event.key === "ArrowRight") neighbour(1);
  else if (event.key.startsWith("Arrow")) walk(event);
}

function walk(event) {
  const links = [...document.querySelectorAll(".gallery a")];
  const at = links.indexOf(document.activeElement);
  if (!links.length || (at < 0 && document.activeElement !== document.body && document.activeElement !== main)) return;
  const top = links[0].getBoundingClientRect().top;
  const columns = links.filter((link) => link.getBoundingClientRect().top === top).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  const next = links[at < 0 ? 0 : at + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

/** Keeps what is served, and offers its users as viewers. */
function setOverview(overview) {
  state.overview = overview;
  const select = document.getElementById("user");
  const options = overview.users.map((each) =>
    el("option", { value: each.user }, `${each.label} · ${each.user.split("/")[0]}`));
  select.replaceChildren(select.options[0], ...options);
  select.value = state.user;
}

async function start() {
  try {
    setOverview(await data("overview"));
  } catch (error) {
    return show(el("p", { className: "empty" }, error.message));
  }
  document.getElementById("where").textContent = `${state.overview.title} · ${base().replace(/^https?:\/\//, "")}`;
  const select = document.getElementById("user");
  select.addEventListener("change", async () => {
    try {
      await viewAs(select.value);
    } catch (error) {
      toast(error.message);
    }
    route();
  });
  history.scrollRestoration = "manual"; // a place is drawn anew before it can be scrolled
  addEventListener("hashchange", () => {
    main.focus({ preventScroll: true }); // what had the focus goes away
    route();
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address says which place is shown
    main.focus();
  });
  document.addEventListener("visibilitychange", tick);
  addEventListener("keydown", keys);
  setInterval(tick, 1000);
  await route();
}

start();
