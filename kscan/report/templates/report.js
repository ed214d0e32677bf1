"use strict";
(() => {
  const form = document.getElementById("filters");
  const findings = [...document.querySelectorAll("details.finding")];
  const none = document.getElementById("none");

  // Evidence is plain text inside <noscript> until its finding is opened.
  const unfold = (finding) => {
    const held = finding.querySelector(":scope > noscript");
    if (!held) return;
    const shelf = document.createElement("template");
    shelf.innerHTML = held.textContent;
    held.replaceWith(shelf.content);
    finding.querySelectorAll("figure.graph").forEach(enliven);
  };
  findings.forEach((finding) =>
    finding.addEventListener("toggle", () => finding.open && unfold(finding)));

  // Paper has no folds: print opens the evidence, and closes it again.
  let folded = [];
  addEventListener("beforeprint", () => {
    findings.forEach(unfold);
    folded = [...document.querySelectorAll("details.finding, details.finding details:not(.more), details.reach")]
      .filter((part) => !part.open);
    folded.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => {
    folded.forEach((part) => { part.open = false; });
    folded = [];
  });

  // Filters
  const rows = findings.map((finding) => ({
    finding,
    text: `${finding.querySelector("summary").textContent} ${finding.dataset.functions}`.toLowerCase(),
    boards: "|" + finding.dataset.boards,
  }));
  const matches = (row, wanted) =>
    ["state", "severity", "rule", "driver"].every(
      (name) => !wanted[name] || row.finding.dataset[name] === wanted[name]) &&
    (!wanted.board || row.boards.includes("|" + wanted.board + "|")) &&
    wanted.words.every((word) => row.text.includes(word));
  const filter = () => {
    const wanted = Object.fromEntries(new FormData(form));
    wanted.words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const kept = matches(row, wanted);
      row.finding.hidden = !kept;
      shown += kept;
    }
    form.elements.shown.value = shown.toLocaleString("en");
    none.hidden = shown > 0;
  };
  if (form) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // A link to a finding opens it.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.matches("details.finding")) return;
    if (target.hidden) {
      form.reset();
      target.hidden = false;
    }
    unfold(target);
    target.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", follow);

  // Keys: / searches, j and k walk the findings.
  const walk = (by) => {
    const shown = findings.filter((finding) => !finding.hidden);
    const here = shown.findIndex((finding) => finding.contains(document.activeElement));
    const next = shown[here < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, here + by))];
    if (next) next.querySelector("summary").focus();
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    if (event.key === "/" && form) {
      form.elements.text.focus();
      event.preventDefault();
    } else if (event.key === "j" || event.key === "k") walk(event.key === "j" ? 1 : -1);
  });

  // Graphs pan by dragging or with the arrow keys, and zoom by buttons, + and -, or Ctrl and wheel.
  function enliven(figure) {
    const svg = figure.querySelector("svg");
    const whole = svg.getAttribute("viewBox").split(" ").map(Number);
    const room = figure.getBoundingClientRect().width;
    if (room && room < whole[2] * .6) return;  // a phone scrolls it, at full size
    let [x, y, w, h] = whole;
    const draw = () => {
      w = Math.min(whole[2], Math.max(whole[2] / 12, w));
      h = w * whole[3] / whole[2];
      x = Math.min(whole[2] - w / 2, Math.max(-w / 2, x));
      y = Math.min(whole[3] - h / 2, Math.max(-h / 2, y));
      if (w === whole[2]) [x, y] = [0, 0];
      svg.setAttribute("viewBox", [x, y, w, h].map((n) => n.toFixed(1)).join(" "));
      svg.classList.toggle("moved", w !== whole[2]);
    };
    const zoom = (by, cx = .5, cy = .5) => {
      const before = [w, h];
      w = Math.min(whole[2], Math.max(whole[2] / 12, w * by));
      h = w * whole[3] / whole[2];
      x += (before[0] - w) * cx;
      y += (before[1] - h) * cy;
      draw();
    };
    const fit = () => { [x, y, w, h] = whole; draw(); };
    const pan = (dx, dy) => { x += dx * w; y += dy * h; draw(); };

    const buttons = document.createElement("div");
    buttons.className = "zoom";
    for (const [sign, label, act] of [
      ["+", "Zoom in", () => zoom(.7)], ["\u2212", "Zoom out", () => zoom(1 / .7)], ["Fit", "Show all", fit]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      buttons.append(button);
    }
    figure.append(buttons);
    figure.classList.add("live");
    svg.setAttribute("tabindex", "0");

    const at = (event) => {
      const frame = svg.getBoundingClientRect();
      return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
    };
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? .85 : 1 / .85, ...at(event));
    }, { passive: false });
    let held = null;
    svg.addEventListener("pointerdown", (event) => { held = at(event); svg.setPointerCapture(event.pointerId); });
    svg.addEventListener("pointermove", (event) => {
      if (!held) return;
      const now = at(event);
      pan(held[0] - now[0], held[1] - now[1]);
      held = now;
    });
    const drop = () => { held = null; };
    svg.addEventListener("pointerup", drop);
    svg.addEventListener("pointercancel", drop);
    svg.addEventListener("keydown", (event) => {
      const act = {
        "+": () => zoom(.7), "=": () => zoom(.7), "-": () => zoom(1 / .7), "0": fit,
        ArrowLeft: () => pan(-.1, 0), ArrowRight: () => pan(.1, 0),
        ArrowUp: () => pan(0, -.1), ArrowDown: () => pan(0, .1),
      }[event.key];
      if (!act) return;
      act();
      event.preventDefault();
    });
  }
  document.querySelectorAll("figure.graph").forEach(enliven);
  follow();
})();
