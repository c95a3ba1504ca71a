"use strict";
{
  const said = document.getElementById("said");

  const known = cell => cell.dataset.sort !== undefined;
  const compare = (a, b) => isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;

  // Cells that hold nothing stay at the end; equal ones keep the order of the page.
  const sort = (table, column, descending) => {
    const rows = [...table.tBodies[0].rows];
    rows.sort((one, two) => {
      const [a, b] = [one.cells[column], two.cells[column]];
      if (!known(a) || !known(b)) return known(b) - known(a) || one.dataset.place - two.dataset.place;
      const order = compare(a.dataset.sort, b.dataset.sort);
      return (descending ? -order : order) || one.dataset.place - two.dataset.place;
    });
    table.tBodies[0].append(...rows);
  };

  for (const table of document.querySelectorAll("table.board")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = now ? { ascending: "descending", descending: "ascending" }[now] : head.dataset.first;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", next);
        sort(table, column, next === "descending");
        said.textContent = `sorted by ${button.textContent.trim()}, ${next}`;
      });
    });
  }

  const body = document.getElementById("body");
  const show = () => {
    for (const part of document.querySelectorAll("[data-body]"))
      part.hidden = body.value !== "" && part.dataset.body !== body.value;
  };
  body.addEventListener("change", show);
  body.closest("[hidden]").hidden = false;
  show();
}
