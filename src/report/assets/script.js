"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const theme = document.documentElement;

  document.getElementById("theme").addEventListener("click", () => {
    const dark = theme.dataset.theme
      ? theme.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    theme.dataset.theme = dark ? "light" : "dark";
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());

  // ---- numbers and colours

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  // As the program's pictures have them: RdBu of ColorBrewer, reversed, white in its middle.
  const STOPS = [[5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240], [255, 255, 255],
    [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43], [103, 0, 31]];
  const NOT_A_NUMBER = [176, 176, 176];
  const COLOURS = Array.from({ length: 255 }, (_, i) => {
    const at = (i / 254) * 10, below = Math.min(9, Math.floor(at)), share = at - below;
    return STOPS[below].map((from, j) => Math.round(from + (STOPS[below + 1][j] - from) * share));
  });
  /** The colour of a weight from -127 to 127; -128 is none. */
  const colour = (weight) => (weight === -128 ? NOT_A_NUMBER : COLOURS[weight + 127]);

  const written = (value, digits = 3) => {
    if (value === null || value === undefined) return "–";
    if (Number.isInteger(value)) return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2).replace("-", "−");
    return value.toFixed(digits).replace("-", "−");
  };

  /** Round values between two. */
  const ticks = (low, high, most) => {
    const least = (high - low) / most || 1;
    const power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least * (1 - 1e-9));
    const first = Math.ceil(low / step - 1e-9), found = [];
    for (let i = first; i * step <= high + step * 1e-9; i += 1) found.push(Number((i * step).toPrecision(6)));
    return found;
  };

  // ---- receptive fields

  const unpack = (fields) => {
    if (fields && !fields.weights) fields.weights = new Int8Array(bytes(fields.data).buffer);
    return fields;
  };
  /** Cells of one receptive field: weight at channel, band and lag. */
  const cell = (fields, row, channel, band, lag) =>
    fields.weights[((row * fields.channels.length + channel) * fields.bands + band) * fields.lags + lag];

  /** One pixel a weight, time before now to the left, frequency upward, channels side by side. */
  const thumb = (canvas, fields, row) => {
    const { bands, lags, channels } = fields, gap = channels.length > 1 ? 1 : 0;
    const width = channels.length * lags + gap * (channels.length - 1);
    canvas.width = width;
    canvas.height = bands;
    const paper = canvas.getContext("2d"), image = paper.createImageData(width, bands);
    for (let channel = 0; channel < channels.length; channel += 1) {
      for (let band = 0; band < bands; band += 1) {
        for (let lag = 0; lag < lags; lag += 1) {
          const x = channel * (lags + gap) + lags - 1 - lag, y = bands - 1 - band;
          image.data.set([...colour(cell(fields, row, channel, band, lag)), 255], 4 * (y * width + x));
        }
      }
    }
    paper.putImageData(image, 0, 0);
  };

  /** A canvas of a size in screen pixels, crisp on any screen. */
  const paperOf = (canvas, width, height) => {
    const dense = Math.max(1, Math.min(3, window.devicePixelRatio || 1));
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    canvas.style.width = `${width}px`;
    const paper = canvas.getContext("2d");
    paper.scale(dense, dense);
    const style = getComputedStyle(document.body);
    const variable = (name) => {
      const probe = document.createElement("span");
      probe.style.color = `var(${name})`;
      document.body.append(probe);
      const found = getComputedStyle(probe).color;
      probe.remove();
      return found;
    };
    paper.font = `12px ${style.fontFamily}`;
    return { paper, ink: variable("--ink"), quiet: variable("--quiet"), variable };
  };

  const upward = (paper, text, x, y) => {
    paper.save();
    paper.translate(x, y);
    paper.rotate(-Math.PI / 2);
    paper.textAlign = "center";
    paper.fillText(text, 0, 0);
    paper.restore();
  };

  /** Where a frequency lies among the bands, in bands; null beyond them. */
  const bandOf = (hz, frequency) => {
    const above = hz.findIndex((centre) => centre >= frequency);
    if (above === -1) return null;
    if (above === 0) return hz[0] === frequency ? 0 : null;
    return above - 1 + (frequency - hz[above - 1]) / (hz[above] - hz[above - 1]);
  };

  /** A receptive field with its axes. */
  const drawField = (canvas, fields, row, room) => {
    const { channels, bandStep, lagStep, allBands, allLags, dtMs, hz } = fields;
    const left = 58, top = 26, foot = 48, gap = 26, bar = 74, height = 240;
    const each = Math.max(60, Math.min(300, (room - left - bar - gap * channels.length) / channels.length));
    const width = left + channels.length * (each + gap) + bar;
    const { paper, ink, quiet } = paperOf(canvas, width, top + height + foot);
    channels.forEach((name, channel) => {
      const x0 = left + channel * (each + gap);
      const x = (lag) => x0 + each * (1 - lag / allLags), y = (band) => top + height * (1 - band / allBands);
      for (let band = 0; band < fields.bands; band += 1) {
        for (let lag = 0; lag < fields.lags; lag += 1) {
          const [low, high] = [band * bandStep, Math.min((band + 1) * bandStep, allBands)];
          const [from, to] = [lag * lagStep, Math.min((lag + 1) * lagStep, allLags)];
          paper.fillStyle = `rgb(${colour(cell(fields, row, channel, band, lag)).join(" ")})`;
          const [a, b] = [Math.round(x(to)), Math.round(x(from))], [c, d] = [Math.round(y(high)), Math.round(y(low))];
          paper.fillRect(a, c, b - a, d - c);
        }
      }
      paper.strokeStyle = quiet;
      paper.strokeRect(x0 - 0.5, top - 0.5, each + 1, height + 1);
      paper.fillStyle = quiet;
      paper.textAlign = "center";
      for (const ms of ticks(0, (allLags - 1) * dtMs, Math.max(2, each / 60))) {
        const at = x(ms / dtMs + 0.5);
        paper.fillRect(at, top + height + 1, 1, 4);
        paper.fillText(String(ms), at, top + height + 17);
      }
      paper.fillStyle = ink;
      paper.fillText("time before now (ms)", x0 + each / 2, top + height + 36);
      if (channels.length > 1) paper.fillText(name, x0 + each / 2, top - 9);
      if (channel > 0) return;
      const marks = hz
        ? [125, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000].map((f) => [String(f / 1000), bandOf(hz, f)])
        : ticks(0, allBands - 1, 6).map((band) => [String(band), band]);
      let free = Infinity;
      paper.textAlign = "right";
      for (const [label, band] of marks) {
        if (band === null || y(band + 0.5) > free) continue;
        const at = y(band + 0.5);
        free = at - 15;
        paper.fillStyle = quiet;
        paper.fillRect(x0 - 5, at, 4, 1);
        paper.fillText(label, x0 - 8, at + 4);
      }
      paper.fillStyle = ink;
      upward(paper, hz ? "frequency (kHz)" : "band", 14, top + height / 2);
    });
    const x = width - bar, peak = fields.peaks[row];
    for (let line = 0; line < height; line += 1) {
      paper.fillStyle = `rgb(${colour(Math.round(127 - (254 * line) / (height - 1))).join(" ")})`;
      paper.fillRect(x, top + line, 12, 1);
    }
    paper.strokeStyle = quiet;
    paper.strokeRect(x - 0.5, top - 0.5, 13, height + 1);
    paper.fillStyle = quiet;
    paper.textAlign = "left";
    const short = Number(peak.toPrecision(2)).toString();
    [[short, 0], ["0", 0.5], [`−${short}`, 1]].forEach(([label, share]) =>
      paper.fillText(label, x + 17, top + height * share + 4));
  };

  // ---- predictions

  const drawTrace = (canvas, traces, neuron, room) => {
    const { bins, dtMs } = traces, left = 58, top = 26, foot = 48, height = 190, width = Math.min(900, room);
    const { paper, ink, quiet, variable } = paperOf(canvas, width, top + height + foot);
    const right = width - 14, low = traces.low[neuron], high = traces.high[neuron];
    const x = (bin) => left + ((right - left) * bin) / Math.max(1, bins - 1);
    const y = (value) => top + height * (1 - (high > low ? (value - low) / (high - low) : 0.5));
    paper.strokeStyle = paper.fillStyle = quiet;
    for (const value of ticks(low, high, 4)) {
      paper.fillRect(left - 5, y(value), 4, 1);
      paper.textAlign = "right";
      paper.fillText(String(value).replace("-", "−"), left - 8, y(value) + 4);
    }
    for (const seconds of ticks(0, ((bins - 1) * dtMs) / 1000, Math.max(2, (right - left) / 90))) {
      const at = x((seconds * 1000) / dtMs);
      paper.fillRect(at, top + height + 1, 1, 4);
      paper.textAlign = "center";
      paper.fillText(String(seconds), at, top + height + 17);
    }
    paper.fillRect(left - 1, top, 1, height + 1);
    paper.fillRect(left - 1, top + height, right - left + 1, 1);
    paper.fillStyle = ink;
    paper.fillText("time (s)", (left + right) / 2, top + height + 36);
    upward(paper, traces.unit, 14, top + height / 2);
    let legend = left;
    for (const [name, values, stroke] of [["PSTH", traces.psthBytes, variable("--psth")],
      ["prediction", traces.predictionBytes, variable("--prediction")]]) {
      paper.strokeStyle = stroke;
      paper.lineWidth = 1.5;
      paper.beginPath();
      let down = false;
      for (let bin = 0; bin < bins; bin += 1) {
        const value = values[neuron * bins + bin];
        if (value === 255) { down = false; continue; }
        const at = [x(bin), top + height * (1 - value / 254)];
        if (down) paper.lineTo(...at); else paper.moveTo(...at);
        down = true;
      }
      paper.stroke();
      paper.fillStyle = stroke;
      paper.fillRect(legend, 10, 22, 2);
      paper.fillStyle = ink;
      paper.textAlign = "left";
      paper.fillText(name, legend + 28, 15);
      legend += 46 + paper.measureText(name).width;
    }
  };

  // ---- one neuron on request

  const dialog = document.getElementById("neuron");
  let open = null;

  const show = (run, row) => {
    open = { run, row };
    const n = Number(row.dataset.n), body = dialog.querySelector(".body");
    dialog.querySelector("h3").textContent = run.neurons[n];
    body.replaceChildren();
    const say = (tag, text, parent = body) => {
      const element = document.createElement(tag);
      element.textContent = text;
      parent.append(element);
      return element;
    };
    if (!dialog.open) dialog.showModal();
    const room = body.clientWidth;
    const at = run.fields ? run.fields.of.indexOf(n) : -1;
    if (at >= 0) {
      const canvas = say("canvas", "");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `receptive field of ${run.neurons[n]}`);
      drawField(canvas, unpack(run.fields), at, Math.min(room, 760));
      say("p", run.fields.caption).className = "quiet";
    } else if (run.noField) {
      say("p", run.noField).className = "quiet";
    }
    if (run.traces) {
      const traces = run.traces;
      traces.psthBytes ||= bytes(traces.psth);
      traces.predictionBytes ||= bytes(traces.prediction);
      const canvas = say("canvas", "");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `prediction over PSTH of ${run.neurons[n]}`);
      drawTrace(canvas, traces, n, room);
      say("p", traces.caption).className = "quiet";
    } else if (run.noTraces) {
      say("p", run.noTraces).className = "quiet";
    }
    const wrap = say("div", "");
    wrap.className = "scroll";
    const table = say("table", "", wrap), head = say("tr", "", say("thead", "", table));
    for (const name of ["", "value", "unit", "meaning"]) say("th", name, head).className = name === "meaning" ? "words" : "";
    const rows = say("tbody", "", table);
    for (const column of run.columns) {
      const line = say("tr", "", rows);
      say("td", column.name, line);
      say("td", written(column.values[n], 4), line);
      say("td", column.unit, line);
      say("td", column.meaning, line).className = "words";
    }
    dialog.scrollTop = 0;
  };

  const shownRows = (row) => by("tbody tr", row.closest("table")).filter((other) => !other.hidden);
  const step = (by) => {
    const rows = shownRows(open.row), at = rows.indexOf(open.row);
    const next = rows[(at + by + rows.length) % rows.length];
    if (next) show(open.run, next);
  };
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { if (open) open.row.querySelector("a").focus(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });

  // ---- the tables of neurons

  /** What a search asks of a neuron: parts of its name, and conditions such as cc>0.3. */
  const asked = (text, run) => text.trim().split(/\s+/).filter(Boolean).map((word) => {
    const found = word.match(/^([a-z_]+)(>=|<=|>|<)(-?[\d.]+(?:e-?\d+)?)$/i);
    const column = found && run.columns.find((column) => column.name === found[1].toLowerCase());
    if (!column) return (n) => run.neurons[n].toLowerCase().includes(word.toLowerCase());
    const limit = Number(found[3]);
    const holds = { ">": (v) => v > limit, "<": (v) => v < limit, ">=": (v) => v >= limit, "<=": (v) => v <= limit }[found[2]];
    return (n) => column.values[n] !== null && holds(column.values[n]);
  });

  const setUp = (run, section) => {
    const table = section.querySelector("table.sortable"), body = table.tBodies[0];
    const count = section.querySelector(".count"), search = section.querySelector("input");
    const filter = () => {
      const tests = asked(search.value, run);
      let shown = 0;
      for (const row of body.rows) {
        row.hidden = !tests.every((holds) => holds(Number(row.dataset.n)));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = `${shown} of ${run.neurons.length}`;
    };
    search.addEventListener("input", filter);
    filter();

    const collator = new Intl.Collator(undefined, { numeric: true });
    by("th[data-column]", table).forEach((head) => {
      head.querySelector("button").addEventListener("click", () => {
        const name = head.dataset.column, column = run.columns.find((column) => column.name === name);
        const first = column ? "descending" : "ascending", other = column ? "ascending" : "descending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        by("th", table).forEach((head) => head.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const compare = (a, b) => {
          if (!column) return sign * collator.compare(run.neurons[a], run.neurons[b]);
          const [left, right] = [column.values[a], column.values[b]];
          // What is not defined comes last either way.
          if (left === null || right === null) return (left === null) - (right === null) || a - b;
          return sign * (left - right) || a - b;
        };
        const rows = Array.from(body.rows, (row) => [Number(row.dataset.n), row]);
        rows.sort(([a], [b]) => compare(a, b));
        // Moved apart from the page, thousands of rows are laid out once.
        body.remove();
        body.append(...rows.map(([, row]) => row));
        table.append(body);
      });
    });

    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row) return;
      event.preventDefault();
      show(run, row);
    });
  };

  const drawAll = (run, section) => {
    by("canvas.thumb", section).forEach((canvas) => thumb(canvas, unpack(run.fields), Number(canvas.dataset.row)));
    by("canvas.hidden-unit", section).forEach((canvas) => thumb(canvas, unpack(run.hidden), Number(canvas.dataset.row)));
  };
  const redraw = () => { if (dialog.open) show(open.run, open.row); };

  by("section.run").forEach((section, at) => {
    setUp(data[at], section);
    drawAll(data[at], section);
  });
  addEventListener("beforeprint", () => by("details").forEach((details) => { details.open = true; }));
  document.documentElement.dataset.ready = "true";
})();
