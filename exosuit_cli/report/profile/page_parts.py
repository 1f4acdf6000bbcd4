"""The style of a profile's page, and the script with which a reader looks into a part of the time."""

from __future__ import annotations

from typing import Final

COLOURS: Final = (
    "#4c78a8", "#f58518", "#54a24b", "#e45756", "#b39ae6", "#2aa9a1", "#d6a90e", "#d6409f", "#7b5bd6", "#1f9ad6",
    "#a3c644", "#9d755d", "#5b6bbf", "#e69a8d", "#3f8f6b",
)  # fmt: skip
"""Of stages and lines, in turn; each can be told from the paper in light and in dark."""

STYLE: Final = (
    """
body{max-width:86rem}
.answer{font-size:1.35rem;line-height:1.35;margin:.4rem 0 1rem}.answer b{color:var(--mark)}
.facts{display:flex;flex-wrap:wrap;gap:.6rem;padding:0;margin:0 0 1rem;list-style:none}
.facts li{border:1px solid var(--line);border-radius:.5rem;padding:.4rem .8rem;min-width:6rem}
.facts b{display:block;font-size:1.15rem;font-variant-numeric:tabular-nums}
.facts span{color:var(--dim);font-size:.85rem}
.warning{color:var(--mid)}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.4rem 0;padding:0;list-style:none;font-size:.9rem}
.swatch{display:inline-block;width:.8em;height:.8em;border-radius:.15em;margin-right:.4em;vertical-align:-.05em}
#time{display:grid;grid-template-columns:minmax(6rem,15rem) minmax(0,1fr);gap:3px .8rem;align-items:center;
font-size:.9rem}
#time .label{overflow-wrap:anywhere;line-height:1.25}#time .label small{color:var(--dim);display:block}
svg.row{display:block;width:100%;background:var(--track);cursor:crosshair;touch-action:pan-y}
svg.spans{height:34px}.fine,#time.close .coarse{display:none}#time.close .fine{display:inline}
svg.lines{height:64px}
svg.lines polyline{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke;
stroke-linejoin:round;stroke-linecap:round}
.spans path{stroke:none}
.axis{display:flex;justify-content:space-between;color:var(--dim);font-size:.8rem;font-variant-numeric:tabular-nums}
#time h3{grid-column:1/-1;font-size:1rem;margin:.8rem 0 .1rem}
.plot{position:relative}.chosen{position:absolute;top:0;bottom:0;background:var(--band);pointer-events:none}
.tools button{font:inherit;color:inherit;background:var(--track);border:1px solid var(--line);border-radius:.3rem;
padding:.1rem .6rem;margin-right:.3rem;cursor:pointer}
.wide table{font-size:.85rem}
.wide td{white-space:nowrap;padding:.25rem .55rem}.wide th{vertical-align:bottom;padding:.25rem .55rem}
.bar{display:inline-block;width:3.5rem;margin-left:.5rem;text-align:left}
.bar i{display:inline-block;height:.7em;background:var(--mark);border-radius:.15em;min-width:1px}
.notes td:last-child,.notes th:last-child{text-align:left}
.notes td:first-child,.notes td:last-child{white-space:normal;overflow-wrap:anywhere}
.wait{fill:var(--wait)}.swatch.wait{background:var(--wait)}
:root{--track:#f1f3f6;--wait:#c3c9d2}
@media(prefers-color-scheme:dark){:root{--track:#1e2329;--wait:#49515c}}
"""
    + "".join(
        f".c{number}{{fill:{colour};stroke:{colour}}}.swatch.c{number}{{background:{colour}}}"
        for number, colour in enumerate(COLOURS)
    )
    + "\n"
)

SCRIPT: Final = """
(() => {
  const time = document.getElementById("time");
  if (!time) return;
  const wall = Number(time.dataset.wall);
  let low = 0, high = 1, from = null, mark = null;
  const show = () => {
    time.classList.toggle("close", high - low < 0.25);
    for (const row of time.querySelectorAll("svg.row")) {
      const columns = Number(row.dataset.columns);
      row.setAttribute("viewBox", `${low * columns} 0 ${(high - low) * columns} ${row.dataset.height}`);
    }
    for (const axis of time.querySelectorAll(".axis")) {
      const ticks = [...axis.children];
      ticks.forEach((tick, place) => {
        const at = (low + (high - low) * place / (ticks.length - 1)) * wall;
        tick.textContent = `${at.toFixed(wall * (high - low) < 0.1 ? 4 : wall * (high - low) < 10 ? 2 : 1)} s`;
      });
    }
  };
  const view = (one, other) => {
    const size = Math.min(1, Math.max(other - one, 1e-3));
    low = Math.min(Math.max(one, 0), 1 - size);
    high = low + size;
    show();
  };
  const place = (plot, event) => {
    const box = plot.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  for (const plot of time.querySelectorAll(".plot")) {
    plot.addEventListener("pointerdown", (event) => {
      from = place(plot, event);
      plot.setPointerCapture(event.pointerId);
      mark = plot.appendChild(document.createElement("div"));
      mark.className = "chosen";
    });
    plot.addEventListener("pointermove", (event) => {
      if (mark === null) return;
      const to = place(plot, event);
      mark.style.left = `${Math.min(from, to) * 100}%`;
      mark.style.width = `${Math.abs(to - from) * 100}%`;
    });
    const end = (event) => {
      if (mark === null) return;
      mark.remove();
      mark = null;
      const to = place(plot, event), size = high - low;
      if (Math.abs(to - from) > 0.01) view(low + Math.min(from, to) * size, low + Math.max(from, to) * size);
    };
    plot.addEventListener("pointerup", end);
    plot.addEventListener("pointercancel", () => { if (mark !== null) { mark.remove(); mark = null; } });
    plot.addEventListener("dblclick", () => view(0, 1));
  }
  const move = {
    whole: () => view(0, 1),
    closer: () => view(low + (high - low) / 4, high - (high - low) / 4),
    wider: () => view(low - (high - low) / 2, high + (high - low) / 2),
    back: () => view(low - (high - low) / 2, high - (high - low) / 2),
    on: () => view(low + (high - low) / 2, high + (high - low) / 2),
  };
  for (const button of document.querySelectorAll(".tools button"))
    button.addEventListener("click", () => move[button.dataset.move]());
  for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;
})();
"""
"""Drag over a stretch of the time to see only that; the buttons do the same from the keyboard."""
