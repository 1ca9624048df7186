"""Lays out what mdBook reads: the pages of the repository where they lie in it, and generated ones.

    python3 docs/book/assemble.py STRF FOLDER

Pages keep their places, so that the links between them hold as they are. docs/SUMMARY.md gives the
order; files that pages link to are copied; a link to a folder or to configs/reference.toml leads to
the generated page that shows it.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import reference

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
FENCE = re.compile(r"\s*(```|~~~)")
# What stands in a generated page too, and is better read there.
SHOWN_IN = {
    "configs": "docs/reference/examples.md",
    "configs/zebra_finch": "docs/reference/examples.md",
    "configs/reference.toml": "docs/reference/run-file.md",
}


def outside_of_code(text, change):
    """The text with `change` applied to every line that stands in no block of code."""
    lines, in_code = [], False
    for line in text.split("\n"):
        if FENCE.match(line):
            in_code = not in_code
        lines.append(line if in_code else change(line))
    return "\n".join(lines)


def is_elsewhere(link):
    """Whether a link leads out of the repository."""
    return re.match(r"[a-z]+:", link) is not None


class Source:
    """The folder that mdBook reads, laid out as the repository is."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, text):
        """Puts a text into its place."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def page(self, name):
        """Takes over a page of the repository with the files that it links to."""
        text = (ROOT / name).read_text(encoding="utf-8")
        here = os.path.dirname(name)

        def follow(match):
            link, _, anchor = match[2].partition("#")
            if is_elsewhere(match[2]) or not link:
                return match[0]
            target = os.path.normpath(os.path.join(here, link))
            if target in SHOWN_IN:
                link = os.path.relpath(SHOWN_IN[target], here or ".")
            elif not target.endswith(".md"):
                self.copy(name, target)
            return match[1] + link + ("#" + anchor if anchor else "") + match[3]

        self.write(name, outside_of_code(text, lambda line: LINK.sub(follow, line)))

    def copy(self, page, name):
        """Takes over a file that a page links to."""
        if not (ROOT / name).is_file():
            sys.exit(f"{page}: links to {name}, which is no file")
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, self.folder / name)


def main(strf, folder):
    """Writes pages, summary and settings into a folder, which is made anew."""
    if folder.exists():
        shutil.rmtree(folder)
    source = Source(folder / "src")
    summary = (ROOT / "docs/SUMMARY.md").read_text(encoding="utf-8")
    generated = reference.pages(strf, ROOT)

    def place(match):
        name = os.path.normpath(os.path.join("docs", match[2]))
        if name in generated:
            source.write(name, generated.pop(name))
        else:
            source.page(name)
        return match[1] + name + match[3]

    source.write("SUMMARY.md", LINK.sub(place, summary))
    if generated:
        sys.exit(f"docs/SUMMARY.md: has no place for {', '.join(generated)}")
    shutil.copyfile(ROOT / "docs/book/book.toml", folder / "book.toml")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
