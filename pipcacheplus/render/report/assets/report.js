"use strict";
(function () {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const DAY = 864e5, PER_PAGE = 50, MOST_TILES = 160;
  const at = (id) => document.getElementById(id);

  // Every node is made here, and text is only ever text: names come from a cache, and may be anything.
  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  function say(text) { at("status").textContent = text; }
  function number(count, noun) {
    const said = count.toLocaleString("en-US");
    return said + " " + (count === 1 ? noun : noun.endsWith("y") ? noun.slice(0, -1) + "ies" : noun + "s");
  }
  function size(bytes) {
    for (const [unit, power] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6]]) {
      if (bytes >= power * 0.99995) return (bytes / power).toFixed(1) + " " + unit;
    }
    if (bytes > 1e4) return Math.floor(bytes / 1e3) + " kB";
    return bytes > 1e3 ? (bytes / 1e3).toFixed(1) + " kB" : bytes === 1 ? "1 byte" : bytes + " bytes";
  }
  function day(count) {
    return count === null || Math.abs(count) > 9e7 ? "" : new Date(count * DAY).toISOString().replace(/T.*/, "");
  }

  // ---- entries -------------------------------------------------------------------------------------------------
  const pick = (list, place) => (place < 0 ? "" : list[place]);
  const kindWord = (place) => facts.kinds[place][1];
  const entries = [];
  let last = "";
  for (const row of facts.rows) {
    const [common, rest, project, version, kind, target, host, bytes, written, used, reasons, label, word] = row;
    const id = last.slice(0, common) + rest;
    const goal = target < 0 ? ["", ""] : facts.targets[target];
    entries.push({
      id, kind, bytes, written, used, reasons, count: 1, place: entries.length,
      project, version: version || "", host: pick(facts.hosts, host),
      target: goal[0], interpreter: goal[1], label: label || "",
      word: word === undefined ? id : word || null,
    });
    last = id;
  }
  const users = facts.users || [];
  const sums = facts.rest.map(([project, kind, target, host, count, bytes, user]) => ({
    kind, bytes, count, place: -1, reasons: 0, word: null, version: "", label: "", id: "",
    project: project === 1 ? "other projects" : project,
    interpreter: target < 0 ? "" : facts.targets[target][1], host: pick(facts.hosts, host), user: pick(users, user === undefined ? -1 : user),
  }));
  const all = entries.concat(sums);
  const name = (one) => one.project ? (one.version ? one.project + " " + one.version : one.project) : one.label || one.id;
  function haystack(one) {
    if (one.text === undefined) {
      one.text = [one.project, one.version, one.label, kindWord(one.kind), one.target, one.interpreter, one.host, one.id]
        .join(" ").toLowerCase();
    }
    return one.text;
  }
  function fits(one, words) { return words.every((word) => haystack(one).includes(word)); }
  const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

  // Colours go to the kinds that take most; the others share the last one.
  const byKind = new Map();
  for (const one of all) byKind.set(one.kind, (byKind.get(one.kind) || 0) + one.bytes);
  const kinds = [...byKind.keys()].sort((a, b) => byKind.get(b) - byKind.get(a));
  const color = (kind) => "k" + Math.min(kinds.indexOf(kind), 7);

  // ---- selection -----------------------------------------------------------------------------------------------
  const selected = new Set();
  function toggle(one, isOn) {
    if (one.word === null) return;
    if (isOn) selected.add(one); else selected.delete(one);
  }
  function commands() {
    const [before, after] = facts.remove;
    const lines = [];
    let line = "";
    for (const one of selected) {
      if (line && before.length + line.length + one.word.length + after.length > facts.most) {
        lines.push(before + line + after);
        line = "";
      }
      line += (line ? " " : "") + one.word;
    }
    if (line) lines.push(before + line + after);
    return lines;
  }
  function showSelection() {
    let bytes = 0;
    for (const one of selected) bytes += one.bytes;
    const lines = commands();
    const message = selected.size ? number(selected.size, "entry") + " selected (" + size(bytes) + ")" : "Nothing is selected.";
    at("chosen").textContent = lines.length > 1 ? message + "; one command would be too long for some shells, so there are " + lines.length : message;
    at("command").value = lines.join("\n");
    at("command-box").hidden = !lines.length;
    say(message);
  }

  // ---- tiles ---------------------------------------------------------------------------------------------------
  const LEVELS = {
    project: ["project", "kind"], kind: ["kind", "project"], interpreter: ["interpreter", "project"], host: ["host", "project"], user: ["user", "project"],
  };
  const UNKNOWN = { project: "no project", interpreter: "any interpreter", host: "unknown host", user: "unknown user" };
  // A step of the path is a group by its title, or leads on to what comes behind the tiles that there is room for.
  const tree = { by: users.length ? "user" : "project", path: [], words: [] };
  const groups = (path) => path.filter((step) => !step.skips);
  const key = (one, level) => (level === "kind" ? kindWord(one.kind) : one[level] || UNKNOWN[level]);
  function isWithin(one, place) {
    const levels = LEVELS[place.by];
    return groups(place.path).every((step, at) => key(one, levels[at]) === step.title) && fits(one, place.words);
  }
  function children() {
    const depth = groups(tree.path).length, level = LEVELS[tree.by][depth];
    const end = tree.path[tree.path.length - 1], skipped = end && end.skips ? end.skips : 0;
    const found = new Map();
    for (const one of all) {
      if (!isWithin(one, tree)) continue;
      const title = level ? key(one, level) : one.place < 0 ? "smaller entries" : name(one);
      const group = level || one.place < 0 ? title : one;
      let node = found.get(group);
      if (!node) {
        node = { title, bytes: 0, count: 0, kinds: new Map(), entry: level || one.place < 0 ? null : one,
          to: level ? { title } : null };
        found.set(group, node);
      }
      node.bytes += one.bytes;
      node.count += one.count;
      node.kinds.set(one.kind, (node.kinds.get(one.kind) || 0) + one.bytes);
    }
    const nodes = [...found.values()].sort((a, b) => b.bytes - a.bytes).slice(skipped);
    if (nodes.length <= MOST_TILES + 1) return nodes;
    const title = (nodes.length - MOST_TILES).toLocaleString("en-US") + " smaller";
    const more = { title, bytes: 0, count: 0, kinds: new Map(), entry: null, to: { title: "smaller", skips: skipped + MOST_TILES } };
    for (const node of nodes.slice(MOST_TILES)) {
      more.bytes += node.bytes;
      more.count += node.count;
      for (const [kind, bytes] of node.kinds) more.kinds.set(kind, (more.kinds.get(kind) || 0) + bytes);
    }
    return [...nodes.slice(0, MOST_TILES), more];
  }
  function mainKind(node) {
    let found = kinds.length ? kinds[0] : 0, most = -1;
    for (const [kind, bytes] of node.kinds) if (bytes > most) [found, most] = [kind, bytes];
    return found;
  }
  function drawTree(focuses) {
    const box = at("tree"), nodes = children();
    const total = nodes.reduce((sum, node) => sum + node.bytes, 0);
    const root = d3.hierarchy({ children: nodes }).sum((node) => (node.children ? 0 : Math.max(node.bytes, 1)));
    d3.treemap().tile(d3.treemapSquarify).size([box.clientWidth, box.clientHeight]).paddingInner(2).round(true)(root);
    box.replaceChildren(...(nodes.length ? root.leaves().map((leaf, at) => tile(leaf, at, total)) : [make("p", { class: "hint" }, "Nothing fits.")]));
    const crumbs = [["All", 0], ...tree.path.map((step, at) => [step.title, at + 1])];
    at("crumbs").replaceChildren(...crumbs.map(([part, depth]) => {
      if (depth === tree.path.length) return make("li", {}, make("span", { "aria-current": "location" }, part));
      const button = make("button", { type: "button" }, part);
      button.addEventListener("click", () => go(tree.path.slice(0, depth)));
      return make("li", {}, button);
    }));
    if (focuses && box.firstElementChild && box.firstElementChild.focus) box.firstElementChild.focus();
    return total;
  }
  function tile(leaf, at, total) {
    const node = leaf.data, width = leaf.x1 - leaf.x0, height = leaf.y1 - leaf.y0;
    const share = total ? Math.round((node.bytes / total) * 1000) / 10 : 0;
    const more = [share + " %", number(node.count, "entry"), kindWord(mainKind(node))].join(", ");
    const isPicked = node.entry ? String(selected.has(node.entry)) : null;
    const button = make("button", {
      type: "button", class: "tile " + color(mainKind(node)), tabindex: at ? "-1" : "0",
      title: [node.title, size(node.bytes), more].join(", "),
      "aria-pressed": isPicked, "aria-disabled": node.to || (node.entry && node.entry.word !== null) ? null : "true",
    });
    // What there is no room for is there for whoever listens.
    const shows = (needed) => (width > 36 && height > needed ? null : "hidden");
    button.append(make("span", { class: shows(18) }, node.title), " ", make("span", { class: shows(38) }, size(node.bytes)), " ",
      make("span", { class: "hidden" }, more));
    // In parts of the whole, so that paper, which is narrower, has all of it.
    const box = document.getElementById("tree"), part = (length, all) => (100 * length) / (all || 1) + "%";
    Object.assign(button.style, {
      left: part(leaf.x0, box.clientWidth), top: part(leaf.y0, box.clientHeight),
      width: part(width, box.clientWidth), height: part(height, box.clientHeight),
    });
    button.addEventListener("click", () => {
      if (node.to) go([...tree.path, node.to], true);
      else if (node.entry && node.entry.word !== null) {
        toggle(node.entry, !selected.has(node.entry));
        button.setAttribute("aria-pressed", String(selected.has(node.entry)));
        showSelection();
        drawRows();
      }
    });
    return button;
  }
  function go(path, focuses) {
    tree.path = path;
    const total = drawTree(focuses);
    say((path.length ? path.map((step) => step.title).join(", ") : "All") + ": " + size(total));
  }
  at("tree").addEventListener("keydown", (event) => {
    const tiles = [...at("tree").querySelectorAll(".tile")];
    const here = tiles.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    let to = -1;
    if (step) to = here + step;
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = tiles.length - 1;
    else if ((event.key === "Backspace" || event.key === "Escape") && tree.path.length) {
      event.preventDefault();
      go(tree.path.slice(0, -1), true);
      return;
    } else return;
    event.preventDefault();
    if (here < 0 || to < 0 || to >= tiles.length) return;
    tiles[here].tabIndex = -1;
    tiles[to].tabIndex = 0;
    tiles[to].focus();
  });
  at("by").addEventListener("change", () => { tree.by = at("by").value; go([]); });
  at("tree-search").addEventListener("input", () => {
    tree.words = wordsOf(at("tree-search").value);
    say(size(drawTree(false)) + " fit");
  });
  at("tree-list").addEventListener("click", () => {
    list.scope = { by: tree.by, path: tree.path.slice(), words: tree.words.slice() };
    refilter();
    at("entries").scrollIntoView();
    at("filter").focus();
  });
  at("legend").replaceChildren(...kinds.slice(0, 8).map((kind, place) => {
    const said = place === 7 && kinds.length > 8 ? "other kinds" : kindWord(kind);
    return make("li", {}, make("span", { class: "swatch " + color(kind), "aria-hidden": "true" }), said);
  }));

  // ---- charts --------------------------------------------------------------------------------------------------
  const NAMES = ["1 d", "7 d", "30 d", "3 m", "6 m", "1 y", "2 y", "longer"];
  function canvas(box, height, message) {
    const width = Math.max(box.clientWidth, 280);
    box.replaceChildren();
    return [d3.select(box).append("svg").attr("viewBox", "0 0 " + width + " " + height).attr("role", "img").attr("aria-label", message), width];
  }
  function drawSpans(id, what) {
    const parts = Object.values(facts.summary[id] || {});
    const box = at(id), height = 220, left = 64, bottom = 24;
    const message = what + ": " + parts.map((part, place) => NAMES[place] + " " + size(part.disk_bytes)).join("; ");
    const [svg, width] = canvas(box, height, message);
    const x = d3.scaleBand(NAMES, [left, width - 4]).padding(0.15);
    const y = d3.scaleLinear([0, d3.max(parts, (part) => part.disk_bytes) || 1], [height - bottom, 16]).nice(4);
    svg.append("g").attr("transform", "translate(0," + (height - bottom) + ")").call(d3.axisBottom(x).tickSizeOuter(0));
    svg.append("g").attr("transform", "translate(" + left + ",0)").call(d3.axisLeft(y).ticks(4).tickFormat(size));
    svg.selectAll(".bar").data(parts).join("rect").attr("class", "bar").attr("x", (_, place) => x(NAMES[place]))
      .attr("width", x.bandwidth()).attr("y", (part) => y(part.disk_bytes)).attr("height", (part) => height - bottom - y(part.disk_bytes))
      .append("title").text((part, place) => NAMES[place] + ": " + number(part.entries, "entry") + ", " + size(part.disk_bytes));
  }
  function drawHistory() {
    const box = at("history");
    if (!box) return;
    const days = new Map(), sorts = new Map();
    for (const one of facts.summary.history || []) {
      if (!days.has(one.day)) days.set(one.day, { day: new Date(one.day + "T00:00:00Z") });
      days.get(one.day)[one.kind] = one.disk_bytes;
      sorts.set(one.kind, Math.max(sorts.get(one.kind) || 0, one.disk_bytes));
    }
    const rows = [...days.values()].sort((a, b) => a.day - b.day);
    const keys = [...sorts.keys()].sort((a, b) => sorts.get(b) - sorts.get(a));
    const layers = d3.stack().keys(keys).value((row, kind) => row[kind] || 0)(rows);
    const sum = (row) => keys.reduce((total, kind) => total + (row[kind] || 0), 0);
    const height = 260, left = 64, bottom = 24;
    const message = "Size on disk from " + day(rows[0].day / DAY) + " (" + size(sum(rows[0])) + ") to " + day(rows[rows.length - 1].day / DAY)
      + " (" + size(sum(rows[rows.length - 1])) + ")";
    const [svg, width] = canvas(box, height, message);
    const x = d3.scaleUtc([rows[0].day, new Date(+rows[rows.length - 1].day + DAY)], [left, width - 4]);
    const y = d3.scaleLinear([0, d3.max(rows, sum) || 1], [height - bottom, 16]).nice(4);
    const shape = d3.area().curve(d3.curveStepAfter).x((one) => x(one.data.day)).y0((one) => y(one[0])).y1((one) => y(one[1]));
    const words = new Map(facts.kinds.map(([kind, word], place) => [kind, [word, color(place)]]));
    svg.selectAll(".layer").data(layers).join("path").attr("class", (one) => "layer " + (words.get(one.key) || ["", "k7"])[1])
      .attr("d", (one) => shape([...one, Object.assign([one[one.length - 1][0], one[one.length - 1][1]], { data: { day: x.domain()[1] } })]))
      .append("title").text((one) => (words.get(one.key) || [one.key])[0]);
    svg.append("g").attr("transform", "translate(0," + (height - bottom) + ")").call(d3.axisBottom(x).ticks(6));
    svg.append("g").attr("transform", "translate(" + left + ",0)").call(d3.axisLeft(y).ticks(4).tickFormat(size));
  }

  // ---- list ----------------------------------------------------------------------------------------------------
  const reasonsOf = (one) => facts.reasons.filter((_, bit) => (one.reasons >> bit) & 1).join(", ").replaceAll("-", " ");
  const COLUMNS = [
    ["Name", (one) => name(one), ""], ["Kind", (one) => kindWord(one.kind), ""], ["For", (one) => one.target, ""],
    ["Host", (one) => one.host, ""], ["On disk", (one) => one.bytes, "n", (one) => size(one.bytes)],
    ["Written", (one) => one.written ?? -Infinity, "date", (one) => day(one.written)],
    ["Last used", (one) => one.used ?? -Infinity, "date", (one) => day(one.used)], ["Reason to remove", reasonsOf, ""],
  ];
  const list = { found: entries, page: 0, column: 4, isDown: true, scope: null };
  const natural = new Intl.Collator("en", { numeric: true });
  function refilter() {
    const words = wordsOf(at("filter").value), kind = at("kind").value, reason = at("reason").value;
    const only = at("only-selected").checked, scope = list.scope;
    list.found = entries.filter((one) => fits(one, words)
      && (!kind || String(one.kind) === kind) && (!reason || (one.reasons >> Number(reason)) & 1) && (!only || selected.has(one))
      && (!scope || isWithin(one, scope)));
    const value = COLUMNS[list.column][1], sign = list.isDown ? -1 : 1;
    const order = typeof value(entries[0] || { bytes: 0 }) === "number" && list.column > 3
      ? (a, b) => value(a) - value(b) || 0 : (a, b) => natural.compare(value(a), value(b));
    list.found.sort((a, b) => sign * order(a, b) || a.place - b.place);
    list.page = 0;
    const button = at("scope");
    button.hidden = !scope;
    if (scope) button.textContent = "Not only " + ([...groups(scope.path).map((step) => step.title), ...scope.words].join(", ") || "all");
    drawRows();
  }
  function drawHeads() {
    const heads = COLUMNS.map(([title, , sort], column) => {
      const isSorted = column === list.column;
      const arrow = make("span", { "aria-hidden": "true" }, isSorted ? (list.isDown ? " \u25BC" : " \u25B2") : "");
      const button = make("button", { type: "button" }, title, arrow);
      button.addEventListener("click", () => {
        list.isDown = isSorted ? !list.isDown : sort !== "";
        list.column = column;
        drawHeads();
        refilter();
        at("heads").querySelectorAll("button")[column].focus();
      });
      return make("th", { scope: "col", class: sort || null, "aria-sort": isSorted ? (list.isDown ? "descending" : "ascending") : null }, button);
    });
    at("heads").replaceChildren(make("th", { scope: "col" }, make("span", { class: "hidden" }, "Selected")), ...heads);
  }
  function drawRows() {
    const pages = Math.max(Math.ceil(list.found.length / PER_PAGE), 1);
    list.page = Math.min(Math.max(list.page, 0), pages - 1);
    const first = list.page * PER_PAGE, shown = list.found.slice(first, first + PER_PAGE);
    at("rows").replaceChildren(...shown.map((one) => {
      const box = make("input", { type: "checkbox", "aria-label": "Select " + name(one) + ", " + kindWord(one.kind) });
      box.checked = selected.has(one);
      box.disabled = one.word === null;
      const row = make("tr", { class: box.checked ? "picked" : null }, make("td", {}, box));
      box.addEventListener("change", () => {
        toggle(one, box.checked);
        row.className = box.checked ? "picked" : "";
        showSelection();
        if (!LEVELS[tree.by][groups(tree.path).length]) drawTree(false);
      });
      COLUMNS.forEach(([, value, sort, shows], column) => {
        const text = (shows || value)(one);
        row.append(make(column ? "td" : "th", { scope: column ? null : "row", class: sort || null, title: column ? null : one.id }, String(text)));
      });
      return row;
    }));
    at("range").textContent = shown.length
      ? "Rows " + (first + 1) + " to " + (first + shown.length) + " of " + list.found.length.toLocaleString("en-US") : "No entry fits.";
    at("first").disabled = at("previous").disabled = list.page === 0;
    at("next").disabled = at("last").disabled = list.page >= pages - 1;
  }
  function turn(page) { list.page = page; drawRows(); say(at("range").textContent); }
  at("first").addEventListener("click", () => turn(0));
  at("previous").addEventListener("click", () => turn(list.page - 1));
  at("next").addEventListener("click", () => turn(list.page + 1));
  at("last").addEventListener("click", () => turn(Infinity));
  at("select-all").addEventListener("click", () => { for (const one of list.found) toggle(one, true); showSelection(); drawRows(); });
  at("select-none").addEventListener("click", () => { selected.clear(); showSelection(); drawRows(); });
  at("scope").addEventListener("click", () => { list.scope = null; refilter(); at("filter").focus(); });
  for (const [id, event] of [["filter", "input"], ["kind", "change"], ["reason", "change"], ["only-selected", "change"]]) {
    at(id).addEventListener(event, () => { refilter(); say(at("range").textContent); });
  }
  facts.kinds.forEach(([, word], place) => at("kind").append(make("option", { value: String(place) }, word)));
  facts.reasons.forEach((reason, bit) => at("reason").append(make("option", { value: String(bit) }, reason.replaceAll("-", " "))));
  if (sums.length) {
    const rest = sums.reduce((found, one) => [found[0] + one.count, found[1] + one.bytes], [0, 0]);
    at("cut").hidden = false;
    at("cut").textContent = "Of " + number(entries.length + rest[0], "entry") + ", the largest " + entries.length.toLocaleString("en-US")
      + " are listed. The other " + rest[0].toLocaleString("en-US") + " (" + size(rest[1]) + ") are added up in the tiles above, by project, kind, interpreter and host.";
  }

  // ---- copying -------------------------------------------------------------------------------------------------
  async function copy(source, button) {
    const text = source.value === undefined ? source.textContent : source.value;
    let isDone = false;
    try {
      await navigator.clipboard.writeText(text);
      isDone = true;
    } catch {
      const range = document.createRange(), selection = getSelection();
      if (source.select) source.select();
      else { range.selectNodeContents(source); selection.removeAllRanges(); selection.addRange(range); }
      isDone = document.execCommand("copy");
    }
    say(isDone ? "Copied" : "Selected: copy it with the keyboard");
    button.textContent = isDone ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }
  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", () => copy(at(button.dataset.copy), button));
  }

  for (const node of document.querySelectorAll(".scripted")) node.hidden = false;
  if (users.length) {
    at("entries").hidden = at("tree-list").hidden = true;
    at("by").prepend(make("option", { value: "user", selected: true }, "user"));
  }
  function draw() { drawTree(false); drawSpans("by_age", "Written"); drawSpans("by_last_use", "Last used"); drawHistory(); }
  draw();
  drawHeads();
  refilter();
  let width = innerWidth, waiting = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(draw);
  });
})();
