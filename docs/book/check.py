"""Says every link of a built book that leads nowhere; the exit status is 1 where there is one.

python3 docs/book/check.py target/book
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page and the links on it."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Notes what a tag names, and where it leads."""
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in ("href", "src") and value and tag != "base":
                self.links.append((self.getpos()[0], value))

    def has(self, anchor):
        """Whether a link to this place of the page, or to the page, leads somewhere."""
        return not anchor or anchor in self.anchors


def main(folder):
    """Follows the links of every page."""
    paths = sorted(folder.rglob("*.html"))
    pages = {path.resolve(): Page(path) for path in paths}
    links, dead = 0, []
    for path, page in pages.items():
        for line, link in page.links:
            parts = urlsplit(link)
            # 404.html stands for any address: its links start at the root of a server.
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            links += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = f"{path.relative_to(folder.resolve())}:{line}: {link}"
            if not target.is_file():
                dead.append(f"{place}: no such file")
            elif target in pages and not pages[target].has(unquote(parts.fragment)):
                dead.append(f"{place}: no such heading")
    told = f"{folder}: {len(pages)} pages, {links} links, all of them lead somewhere"
    if not links:
        sys.exit(f"{folder}: no links")
    print("\n".join(dead) or told)
    sys.exit(1 if dead else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
