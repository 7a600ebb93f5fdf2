"""Writes a page and reads it as a browser would."""

import html.parser

from vadjax.report import page

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Reader(html.parser.HTMLParser):
    """Checks that every element is closed in its turn, and collects what the tests ask for."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.faults, self.ids, self.data, self.tags = [], [], [], {}, []
        self.text, self.scripts, self.urls = [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        if len(attributes) < len(pairs):
            self.faults.append(f"<{tag}> has an attribute twice: {pairs}")
        self.tags.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.urls += [attributes[k] for k in ("src", "href", "action", "srcset") if k in attributes]
        if tag == "data" and "data-key" in attributes:
            self.data.setdefault(attributes["data-key"], attributes["value"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, pairs):  # within svg only
        self.handle_starttag(tag, pairs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.text.append(data)

    def shown(self) -> str:
        return " ".join(" ".join(self.text).split())


def written(tmp_path, **arguments) -> tuple[str, Reader]:
    text = page.write_report(tmp_path / "report.html", **arguments).read_text("utf-8")
    return text, Reader(text)
