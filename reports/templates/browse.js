// The browser of answers. Every text of a model or a data set enters the page as text (textContent), never as markup.
"use strict";
(async () => {
  const PAGE = 100;
  const place = document.getElementById("browser");
  const packed = Uint8Array.from(atob(document.getElementById("answers").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { methods, items } = JSON.parse(await new Response(stream).text());

  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const field = (name) => place.querySelector(`[name=${name}]`);
  const list = place.querySelector(".answers");
  const shown = place.querySelector(".shown");
  const status = place.querySelector("[role=status]");
  const [before, after] = place.querySelectorAll("button[data-page]");
  const number = (value) => value.toLocaleString("en-US");
  const percent = (value) => (value === null ? "—" : `${(100 * value).toFixed(0)} %`);
  const reading = (item) => item.readings.find(([method]) => method === field("method").value);
  const confidence = (item) => {
    const found = reading(item);
    return found ? found[1] : null;
  };
  const searched = (item) => {
    item.text ??= [
      item.id, item.question, ...item.choices, ...item.gold, item.answer, item.reasoning, item.response, item.detail,
      ...item.readings.map(([, , , raw]) => raw),
    ].filter((part) => part).join("\n").toLowerCase();
    return item.text;
  };

  const fill = (name, values) => field(name).append(...values.map((value) => element("option", value, { value })));
  const distinct = (of) => [...new Set(items.map(of))].sort();
  fill("task", distinct((item) => item.task));
  fill("outcome", distinct((item) => item.outcome));
  fill("method", methods);
  const ascending = (a, b, of) => {
    const [x, y] = [of(a), of(b)];
    return x === null ? (y === null ? 0 : 1) : y === null ? -1 : x - y; // what is not known stands last
  };
  const length = (item) => item.tokens ?? item.response.length + (item.reasoning ?? "").length;
  const SORTS = {
    key: null,
    surest: (a, b) => ascending(a, b, (item) => (confidence(item) === null ? null : -confidence(item))),
    unsurest: (a, b) => ascending(a, b, confidence),
    longest: (a, b) => ascending(a, b, (item) => -length(item)),
    shortest: (a, b) => ascending(a, b, length),
  };

  let found = [];
  let chosen = 0;

  const search = () => {
    const words = field("words").value.toLowerCase().trim();
    const [low, high] = [field("low").value / 100, field("high").value / 100];
    const all = low <= 0 && high >= 1;
    const [task, outcome] = [field("task").value, field("outcome").value];
    found = items.filter((item) => {
      const value = confidence(item);
      return (!task || item.task === task) && (!outcome || item.outcome === outcome)
        && (all || (value !== null && value >= low && value <= high)) && (!words || searched(item).includes(words));
    });
    const sort = SORTS[field("sort").value];
    if (sort) found.sort(sort);
    status.textContent = `${number(found.length)} of ${number(items.length)} answers`;
    chosen = 0;
    render();
  };

  const render = () => {
    const start = PAGE * Math.floor(chosen / PAGE);
    const rows = found.slice(start, start + PAGE).map((item, i) => {
      const row = element("div", null, {
        role: "option", id: `answer-${start + i}`, "aria-selected": String(start + i === chosen), class: item.outcome,
      });
      row.append(
        element("span", percent(confidence(item)), { class: "sure" }), element("span", item.outcome, { class: "what" }),
        element("span", item.question.replace(/\s+/g, " ").slice(0, 160), { class: "asked", dir: "auto" }),
      );
      row.addEventListener("click", () => choose(start + i));
      return row;
    });
    list.replaceChildren(...(rows.length ? rows : [element("p", "No answer is like that.")]));
    before.disabled = start === 0;
    after.disabled = start + PAGE >= found.length;
    place.querySelector(".which").textContent = found.length
      ? `${number(start + 1)} to ${number(Math.min(start + PAGE, found.length))}` : "";
    show();
  };

  const show = () => {
    const item = found[chosen];
    if (!item) {
      list.removeAttribute("aria-activedescendant");
      shown.replaceChildren();
      return;
    }
    list.setAttribute("aria-activedescendant", `answer-${chosen}`);
    const parts = [];
    const part = (title, texts, kind = "") => {
      const filled = texts.filter((text) => text !== null && text !== "");
      if (!filled.length) return;
      const body = element("dd");
      for (const text of filled) body.append(element("div", text, { class: `quote ${kind}`, dir: "auto" }));
      parts.push(element("dt", title), body);
    };
    part("Question", [item.question, ...item.choices]);
    part("Answer", [item.answer ?? "—"], item.outcome);
    part("Right answer", item.gold, "gold");
    part("Grading", [`${item.outcome}, by ${item.grader}`, item.detail]);
    if (item.readings.length) {
      const table = element("table");
      const head = element("tr");
      for (const title of ["Method", "Confidence", "Status", "Read from"]) head.append(element("th", title, { scope: "col" }));
      table.append(head);
      for (const [method, value, state, raw] of item.readings) {
        const row = element("tr");
        row.append(
          element("th", method, { scope: "row" }), element("td", value === null ? "—" : value.toFixed(3)),
          element("td", state), element("td", raw ?? "—", { class: "raw" }),
        );
        table.append(row);
      }
      const body = element("dd");
      body.append(table);
      parts.push(element("dt", "Confidence"), body);
    }
    part("Reasoning", [item.reasoning], "raw");
    part(item.reasoning ? "Output after it" : "Output", [item.response], "raw");
    const tokens = item.tokens === null ? "" : ` · ${number(item.tokens)} tokens`;
    const heading = element("h3", `${item.task} · ${item.id} · draw ${item.draw}${tokens}`);
    const texts = element("dl");
    texts.append(...parts);
    shown.replaceChildren(heading, texts);
    shown.scrollTop = 0;
  };

  const choose = (i) => {
    const wanted = Math.max(0, Math.min(i, found.length - 1));
    const turned = Math.floor(wanted / PAGE) !== Math.floor(chosen / PAGE);
    document.getElementById(`answer-${chosen}`)?.setAttribute("aria-selected", "false");
    chosen = wanted;
    if (turned) render();
    else show();
    const row = document.getElementById(`answer-${chosen}`);
    if (!row) return;
    row.setAttribute("aria-selected", "true");
    // Not scrollIntoView, which would also move the page.
    if (row.offsetTop < list.scrollTop) list.scrollTop = row.offsetTop;
    const end = row.offsetTop + row.offsetHeight - list.clientHeight;
    if (end > list.scrollTop) list.scrollTop = end;
  };

  list.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10, Home: -found.length, End: found.length };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    choose(chosen + steps[event.key]);
  });
  place.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input, select")) {
      event.preventDefault();
      field("words").focus();
    } else if (event.key === "Enter" && event.target === field("words")) {
      event.preventDefault();
      list.focus();
    }
  });
  before.addEventListener("click", () => choose(PAGE * Math.floor(chosen / PAGE) - PAGE));
  after.addEventListener("click", () => choose(PAGE * Math.floor(chosen / PAGE) + PAGE));
  const form = place.querySelector("form");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(search));
  form.addEventListener("input", search);
  search();
  place.hidden = false;
})();
