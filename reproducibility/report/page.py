"""A document as a list of blocks, written as Markdown and as HTML: what the two say can't differ.

A block is a tuple: its kind, a key of HTML, and what that takes. Texts may hold `code`, **strong**, ~small~ and [links](target). A cell
may be a pair of a text and a drawing; a row of one cell is a heading of those below it. Verdicts (MARKS) become badges.
"""

import html
import re

# Symbol and word beside the colour: told apart in print and without colour vision.
MARKS = {
    "FAIL": "✗ FAIL",
    "PASS": "✓ PASS",
    "leans to FAIL": "? leans to FAIL",
    "leans to PASS": "? leans to PASS",
    "INCONCLUSIVE": "? INCONCLUSIVE",
    "BY CONSTRUCTION": "= BY CONSTRUCTION",
    "NOT RUN": "– NOT RUN",
}
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><title>SID: reproducibility report</title>
<style>{style}</style></head><body>
{body}
</body></html>
"""


def table(rows, kind):
    """A block of dicts, one or more, whose keys are the header."""
    return "table", list(rows[0]), [list(row.values()) for row in rows], kind


def inline(text):
    text = html.escape(str(text), quote=False)
    for pattern, tag in ((r"`(.+?)`", "code"), (r"\*\*(.+?)\*\*", "strong"), (r"~(.+?)~", "small")):
        text = re.sub(pattern, rf"<{tag}>\1</{tag}>", text)
    for mark in MARKS.values():
        text = text.replace(mark, f'<span class="badge {mark[2:]}">{mark}</span>')
    return re.sub(r"\[([^][]+)\]\(([^)\s]+)\)", r'<a href="\2">\1</a>', text)


def html_table(header, rows, kind):
    def line(row):
        if len(row) == 1:
            return f'<tr class="group"><th colspan="{len(header)}">{inline(row[0])}</th></tr>'
        cells = [(name, *(cell if isinstance(cell, tuple) else (cell, ""))) for name, cell in zip(header, row)]
        return "<tr>" + "".join(f'<td data-of="{name}">{drawing}{inline(text)}</td>' for name, text, drawing in cells) + "</tr>"

    head = '<tr class="head">' + "".join(f"<th>{inline(name)}</th>" for name in header) + "</tr>"
    return f'<div class="scroll"><table class="{kind}">' + "\n".join([head, *map(line, rows)]) + "</table></div>"


def to_html(blocks):
    return "\n".join(HTML[kind](*parts) for kind, *parts in blocks)


HTML = {
    "heading": lambda level, text, anchor: f'<h{level} id="{anchor}">{inline(text)}</h{level}>',
    "text": lambda text: f"<p>{inline(text)}</p>",
    "note": lambda text: f'<p class="note">{inline(text)}</p>',
    "list": lambda texts: "<ul>" + "".join(f"<li>{inline(text)}</li>" for text in texts) + "</ul>",
    "code": lambda text: f"<pre>{html.escape(text)}</pre>",
    "table": html_table,
    "plots": lambda plots: '<div class="plots">'
    + "\n".join(
        f'<figure id="plot-{name}"><figcaption>{inline(title)}<small>{inline(legend)}</small></figcaption>{svg}</figure>'
        for name, title, legend, svg in plots
    )
    + "</div>",
    # A link opens what its target lies in.
    "fold": lambda summary, anchor, blocks: f'<details><summary>{inline(summary)}</summary><div{f" id={anchor}" if anchor else ""}>{to_html(blocks)}</div></details>',
    "screen": lambda blocks: f'<div class="screen">{to_html(blocks)}</div>',  # neither in print nor in Markdown
}


def markdown_table(header, rows, _):
    full = [header, ["---"] * len(header), *(row if len(row) > 1 else [f"**{row[0]}**", *[""] * (len(header) - 1)] for row in rows)]
    return "\n".join(
        "| " + " | ".join(str(cell[0] if isinstance(cell, tuple) else cell).replace("~", "").replace("|", "\\|") for cell in row) + " |"
        for row in full
    )


def to_markdown(blocks):
    return "\n\n".join(MARKDOWN[kind](*parts) for kind, *parts in blocks if kind in MARKDOWN)


MARKDOWN = {
    "heading": lambda level, text, anchor: f'<a id="{anchor}"></a>\n\n{"#" * level} {text}',
    "text": lambda text: text.replace("~", ""),
    "note": lambda text: f"> **Note:** {text}",
    "list": lambda texts: "\n".join(f"- {text}" for text in texts),
    "code": lambda text: "\n".join("    " + line for line in text.splitlines()),
    "table": markdown_table,
    "fold": lambda summary, anchor, blocks: (f'<a id="{anchor}"></a>\n\n' if anchor else "")
    + f"<details><summary>{summary}</summary>\n\n{to_markdown(blocks)}\n\n</details>",
}
