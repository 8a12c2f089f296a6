"""A document as a list of blocks, written as Markdown and as HTML: what the two say can't differ.

A block is a tuple: ("heading", level, text, anchor), ("text", text), ("warning", text), ("list", [text]), ("code", text),
("table", header, rows, fold), ("plot", name, title, svg). Texts may hold `code` and **strong**, nothing else.
"""

import html
import re

# Light, dark, printed and on a phone; wide tables are folded away, and verdicts need no colour.
STYLE = """
:root { color-scheme: light dark; --text: #222; --grid: #ddd; --ground: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #ddd; --grid: #444; --ground: #161616; } }
@media print { :root { --text: #000; --grid: #ddd; --ground: #fff; } }
body { color: var(--text); background: var(--ground); font: 15px/1.5 sans-serif; max-width: 60rem; margin: auto; padding: 1rem; }
figure { margin: 2rem 0; overflow-x: auto; break-inside: avoid; }
figure svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; } td, th { padding: .15rem .7rem; border-bottom: 1px solid var(--grid); text-align: right; }
td:first-child, th:first-child, .environment td, .environment th { text-align: left; }
.scroll { overflow-x: auto; } .warning { border-left: .3rem solid #D55E00; padding-left: .7rem; } code { overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; border-bottom: 2px solid var(--grid); } h3 { margin-top: 2rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .5rem; border: 1px solid var(--grid); font-size: 13px; }
td, th { vertical-align: top; } td { font-variant-numeric: tabular-nums; }
table.prose td, table.prose th { text-align: left; } td.short { white-space: nowrap; }
a { color: inherit; } summary { cursor: pointer; }
@media (max-width: 40rem) {
  figure svg { max-width: none; }
  table.prose, .prose tbody, .prose tr, .prose td { display: block; } .prose tr:first-child { display: none; }
  .prose td { border: none; padding: 0; } .prose tr { border-bottom: 1px solid var(--grid); padding: .5rem 0; }
}
@media print { details::details-content { content-visibility: visible; } h3, tr { break-inside: avoid; } body { max-width: none; } }
"""


def inline(text):
    escaped = html.escape(str(text), quote=False)
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", re.sub(r"`(.+?)`", r"<code>\1</code>", escaped))


def anchor_link(cell):
    """A cell of the form "#C1" is a link within the document."""
    cell = str(cell)
    return f'<a href="{cell.lower()}">{html.escape(cell[1:])}</a>' if re.fullmatch(r"#\w+", cell) else inline(cell)


def html_cell(tag, cell):
    short = ' class="short"' if re.match(r"[✓✗?–] [A-Z ]+$", str(cell)) else ""
    return f"<{tag}{short}>{anchor_link(cell)}</{tag}>"


def numeric(rows):
    """Whether the cells, but each row's first, are mostly numbers: then they stand to the right."""
    cells = [str(cell) for row in rows for cell in row[1:]]
    return sum(bool(re.match(r"[-+]?\d", cell)) or cell in ("", "-") for cell in cells) > len(cells) / 2


def html_table(header, rows, fold):
    def line(tag, cells):
        return "<tr>" + "".join(html_cell(tag, cell) for cell in cells) + "</tr>"

    kind = "" if numeric(rows) else ' class="prose"'
    table = f'<div class="scroll"><table{kind}>' + line("th", header) + "".join(line("td", row) for row in rows) + "</table></div>"
    return f"<details><summary>{inline(fold)}</summary>{table}</details>" if fold else table


def to_html(blocks):
    for kind, *rest in blocks:
        if kind == "heading":
            level, text, anchor = rest
            yield f'<h{level} id="{anchor}">{inline(text)}</h{level}>'
        elif kind == "text":
            yield f"<p>{inline(rest[0])}</p>"
        elif kind == "warning":
            yield f'<p class="warning">{inline(rest[0])}</p>'
        elif kind == "list":
            yield "<ul>" + "".join(f"<li>{inline(item)}</li>" for item in rest[0]) + "</ul>"
        elif kind == "code":
            yield f"<pre>{html.escape(rest[0])}</pre>"
        elif kind == "table":
            yield html_table(*rest)
        else:
            name, title, svg = rest
            yield f'<figure id="plot-{name}"><figcaption>{inline(title)}</figcaption>{svg}</figure>'


def markdown_table(header, rows, fold):
    def line(cells):
        return "| " + " | ".join(re.sub(r"^#(\w+)$", lambda m: f"[{m[1]}](#{m[1].lower()})", str(cell)).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    table = "\n".join([line(header), "|" + "---|" * len(header), *map(line, rows)])
    return f"<details><summary>{fold}</summary>\n\n{table}\n\n</details>" if fold else table


def to_markdown(blocks):
    for kind, *rest in blocks:
        if kind == "heading":
            level, text, anchor = rest
            yield f'<a id="{anchor}"></a>\n\n' + "#" * level + " " + text
        elif kind == "text":
            yield rest[0]
        elif kind == "warning":
            yield f"> **Note:** {rest[0]}"
        elif kind == "list":
            yield "\n".join(f"- {item}" for item in rest[0])
        elif kind == "code":
            yield "\n".join("    " + line for line in rest[0].splitlines())
        elif kind == "table":
            yield markdown_table(*rest)
        else:
            yield f"*Plot in report.html: {rest[1]}*"
