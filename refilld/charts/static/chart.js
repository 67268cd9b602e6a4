// Zooming of charts: enhances every <figure data-chart-url="…"> that holds a drawn chart.
//
// data-chart-url answers with the JSON of `chart_data`; with ?start=…&end=… (seconds since 1970) for a part.
// data-chart-zoom, data-chart-back and data-chart-failed are the words of the button and of a failure.
// Needs uPlot. Works under `script-src 'self'; style-src 'self'`: no HTML from text, no inline style sheet.
"use strict";
(() => {
  const DAY = 86400;
  const HEIGHT = 320;
  const MARK_DISTANCE = 8;
  const MOST_MARKS = 40; // of one kind; more would hide the counts
  const NARROWEST_BAND = 2; // pixels
  const LEVELS = ["line", "opens", "floor"];
  const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();
  const DASHES = { opens: [7, 4], floor: [2, 4] };

  const utc = (seconds) => new Date(seconds * 1000).toISOString();
  const shortTimes = (_, times, __, ___, step) =>
    times.map((at) => (step >= DAY || at % DAY === 0 ? utc(at).slice(5, 10) : utc(at).slice(11, 16)));
  const number = (value) => (value == null ? "–" : value.toLocaleString(document.documentElement.lang || "en"));

  // a constant count is in the middle; beyond 1e12 a step of 1 would be lost in a float
  const countRange = (_, low, high) =>
    low !== null && low === high && high < 1e12 ? [low - 1, high + 1] : uPlot.rangeNum(low ?? 0, high ?? 1, 0.1, true);

  class Zoom {
    constructor(figure) {
      this.figure = figure;
      this.words = figure.dataset;
      this.button = this.add("button", "chart-zoom");
      this.button.type = "button";
      this.button.addEventListener("click", () => (this.box ? this.close() : this.open()));
      this.note = this.add("p", "chart-note");
      this.note.setAttribute("role", "status");
      addEventListener("resize", () => this.plot?.setSize({ width: figure.clientWidth, height: HEIGHT }));
      this.close();
    }

    add(tag, name) {
      const made = document.createElement(tag);
      made.className = name;
      this.figure.append(made);
      return made;
    }

    close() {
      this.plot?.destroy();
      this.box?.remove();
      this.plot = this.box = null;
      this.note.textContent = "";
      this.figure.classList.remove("zoomed");
      this.button.textContent = this.words.chartZoom || "Zoom";
      this.button.setAttribute("aria-expanded", "false");
    }

    async open() {
      this.box = this.add("div", "chart-box");
      this.box.tabIndex = 0;
      this.box.addEventListener("keydown", (event) => this.key(event));
      this.box.addEventListener("dblclick", () => this.load());
      this.button.textContent = this.words.chartBack || "Back";
      this.button.setAttribute("aria-expanded", "true");
      await this.load();
    }

    async load(start, end) {
      const url = new URL(this.words.chartUrl, location.href);
      if (start !== undefined) {
        url.searchParams.set("start", Math.floor(start));
        url.searchParams.set("end", Math.ceil(end));
      }
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const data = await answer.json();
        if (this.box) this.draw(data);
      } catch {
        this.close();
        this.note.textContent = this.words.chartFailed || "The data of the chart could not be loaded.";
      }
    }

    key(event) {
      const { start, end } = this.data || {};
      const part = (end - start) / 4;
      const moves = { "+": [part, -part], "-": [-2 * part, 2 * part], ArrowLeft: [-part, -part], ArrowRight: [part, part] };
      const move = moves[event.key];
      if (event.key === "0" || event.key === "Home") this.load();
      else if (event.key === "Escape") this.close();
      else if (move && start < end) this.load(start + move[0], end + move[1]);
      else return;
      event.preventDefault();
    }

    colour(name) {
      const probe = document.createElement("span");
      probe.className = name;
      this.probes ||= this.add("span", "chart");
      this.probes.replaceChildren(probe);
      const colour = getComputedStyle(probe).color;
      this.probes.replaceChildren();
      return colour;
    }

    draw(data) {
      this.data = data;
      this.figure.classList.add("zoomed"); // only now: the drawn chart stays while the data are loaded
      this.plot?.destroy();
      this.plot = new uPlot(this.options(data), uPlot.join([data.counts, data.levels]), this.box);
    }

    options(data) {
      const text = getComputedStyle(this.figure).color;
      const axis = { stroke: text, grid: { stroke: this.colour("grid"), width: 1 }, ticks: { show: false } };
      const size = 20 + 7 * number(Math.max(1000, ...data.counts[1], ...data.levels[1])).length;
      const room = data.start === data.end ? 1800 : 0;
      return {
        width: this.figure.clientWidth,
        height: HEIGHT,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        scales: { x: { range: [data.start - room, data.end + room] }, y: { range: countRange } },
        cursor: { drag: { setScale: false, x: true, y: false } },
        series: [{ label: "UTC", value: (_, at) => (at == null ? "–" : utc(at).slice(0, 16).replace("T", " ")) }, ...this.series(data)],
        axes: [{ ...axis, values: shortTimes }, { ...axis, size, incrs: WHOLE, values: (_, counts) => counts.map(number) }],
        hooks: {
          drawClear: [(plot) => this.bands(plot)],
          draw: [(plot) => this.marks(plot)],
          setSelect: [(plot) => this.select(plot)],
          setCursor: [(plot) => this.tell(plot)],
        },
      };
    }

    series(data) {
      const paths = uPlot.paths.stepped({ align: 1 });
      const one = (name) => ({ label: data.words[name], stroke: this.colour(name), width: 1.5, dash: DASHES[name], paths, points: { show: false }, value: (_, count) => number(count) });
      const counts = data.counts[1].filter((count) => count !== null);
      const lowest = Math.min(...counts), floor = Math.min(...data.levels[3].filter((count) => count !== null));
      const far = lowest - floor > Math.max(...counts) - lowest;
      const levels = LEVELS.map((name) => ({ ...one(name), show: name !== "floor" || !far }));
      return [{ ...one("count"), width: 2, points: { show: counts.length === 1 } }, ...levels];
    }

    bands({ ctx, bbox, valToPos }) {
      ctx.save();
      ctx.globalAlpha = 0.15;
      for (const band of this.data.bands.filter(({ kind }) => kind !== "guarantee" && kind !== "drop")) {
        const from = valToPos(band.start, "x", true);
        const width = valToPos(band.end, "x", true) - from;
        if (width < NARROWEST_BAND) continue;
        ctx.fillStyle = this.colour(band.kind.replace("_", "-"));
        ctx.fillRect(from, bbox.top, width, bbox.height);
      }
      ctx.restore();
    }

    marks({ ctx, bbox, valToPos }) {
      ctx.save();
      ctx.setLineDash([2, 4]);
      const alike = (mark) => this.data.marks.filter(({ kind }) => kind === mark.kind).length;
      for (const mark of this.data.marks.filter((mark) => alike(mark) <= MOST_MARKS)) {
        ctx.strokeStyle = this.colour(mark.kind);
        const x = valToPos(mark.at, "x", true);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.restore();
    }

    select(plot) {
      const { left, width } = plot.select;
      if (width > 4) this.load(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
    }

    tell(plot) {
      const distance = ({ at }) => Math.abs(plot.valToPos(at, "x") - plot.cursor.left);
      const near = this.data.marks.filter((mark) => distance(mark) < MARK_DISTANCE).slice(-3);
      this.note.textContent = near.map((mark) => `${utc(mark.at).slice(0, 16).replace("T", " ")}: ${mark.text}`).join("; ");
    }
  }

  document.querySelectorAll("figure[data-chart-url]").forEach((figure) => new Zoom(figure));
})();
