"""The generated pages: every key, every command, every run file, as the program tells them."""

import json
import re
import subprocess

# Sections of a sweep file whose keys are those of other sections, and the page that explains them.
FREE = {
    "grid": "Keys are those of the other sections, each with a list of values; ",
    "search": "Keys are `trials` (how often values are drawn), `method` (random, tpe or halving), "
    "`seed` (what draws follow from), `keep_one_in` and `epochs` (of halving), and those of "
    "the other sections, each with a range or a list; ",
}
EXPLAINED = "[Many fits](../sweeps.md#the-sweep-file) explains it.\n"
HEAD = ["| key | what it does | values | default |", "|---|---|---|---|"]
PLAIN = re.compile(r"[|<>*_]")


def pages(strf, root):
    """The text of each generated page by its path in the repository."""
    return {
        "docs/reference/run-file.md": run_file(strf),
        "docs/reference/front-ends.md": front_ends(strf),
        "docs/reference/commands.md": commands(strf),
        "docs/reference/examples.md": examples(root),
    }


def told(strf, *words):
    """What the program prints."""
    done = subprocess.run([strf, *words], check=True, capture_output=True, text=True)
    return done.stdout


def cell(text):
    """A text that Markdown shows as it is in a cell of a table."""
    return PLAIN.sub(lambda found: "\\" + found[0], " ".join(text.split()))


def sentence(text):
    """A text with a capital and a full stop."""
    return cell(text[0].upper() + text[1:]) + ".\n"


def table(rows):
    """Keys with what they do, their values and their defaults."""
    lines = [
        f"| `{name}` | " + " | ".join(cell(text) for text in texts) + " |" for name, *texts in rows
    ]
    return "\n".join(HEAD + lines) + "\n"


def parts(description):
    """What a key does, its values and its default, out of `does; values; default ...`."""
    body, mark, default = description.rpartition("; default")
    if mark:
        default = default.removeprefix(":").strip()
    else:
        body, default = description, ""
        if body.endswith("; required"):
            body, default = body.removesuffix("; required"), "required"
    does, mark, values = body.rpartition("; ")
    return (does, values, default) if mark else (body, "", default)


def properties(section):
    """A row for each key that says what it does."""
    keys = section["properties"].items()
    return [(name, *parts(key["description"])) for name, key in keys if "description" in key]


def of_parts(name, section):
    """A section whose `type` decides which keys it has: a heading and a table for each."""
    out = []
    for part in section["oneOf"]:
        word = part["properties"]["type"]["enum"][0]
        keys = [row for row in properties(part) if row[0] != "type"]
        out.append(f'### `{name}` `type = "{word}"`\n')
        if "description" in part:
            out.append(sentence(part["description"]))
        out.append(table(keys) if keys else "It has no further keys.\n")
    return out


def run_file(strf):
    """Every section and key, out of the schema that editors use too."""
    schema = json.loads(told(strf, "schema"))
    out = [
        "# Run files and sweep files\n",
        "Every section and key, what it does, the values that it takes, and the value that holds "
        "where it is left out. `strf schema` prints the same for editors, `strf init` a run file "
        "to start from.\n",
    ]
    for name, section in schema["properties"].items():
        out.append(f"## `[{name}]`\n")
        out.append(sentence(section["description"]))
        section = next((way for way in section.get("anyOf", []) if "oneOf" in way), section)
        if "oneOf" in section:
            out += of_parts(name, section)
        elif "properties" in section:
            out.append(table(properties(section)))
        else:
            out.append(FREE[name] + EXPLAINED)
    return "\n".join(out)


def front_ends(strf):
    """The keys of `[frontend]`, out of `strf list frontends`."""
    out = [
        "# Front ends\n",
        "What stands below `[frontend]` of the file that `strf import --config` takes, or behind "
        "`--set frontend.KEY=VALUE`. [Front ends](../front-ends.md) has the formulas.\n",
    ]
    for part in json.loads(told(strf, "list", "frontends", "--json"))["frontends"]:
        out.append(f'## `type = "{part["name"]}"`\n')
        out.append(sentence(part["summary"]))
        out.append(cell(part["source"]) + ".\n")
        columns = ("name", "doc", "expected", "default")
        out.append(table([[key[column] or "" for column in columns] for key in part["keys"]]))
    return "\n".join(out)


def commands(strf):
    """The help of every command, those below others behind theirs."""
    out = [
        "# Commands\n",
        "What `strf COMMAND --help` prints. `strf man FOLDER` writes it as manual pages.\n",
    ]
    out.append(f"```text\n{told(strf, '--help').strip()}\n```\n")
    out += below(strf, [])
    return "\n".join(out)


def below(strf, words):
    """A heading and the help of every command that stands below these words."""
    out = []
    for name in names_of_commands(told(strf, *words, "--help")):
        path = [*words, name]
        text = told(strf, *path, "--help")
        out.append(f"{'#' * (len(path) + 1)} `strf {' '.join(path)}`\n")
        out.append(f"```text\n{text.strip()}\n```\n")
        out += below(strf, path)
    return out


def names_of_commands(text):
    """The names below `Commands:` in a help."""
    section = re.search(r"^Commands:\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    names = re.findall(r"^  (\S+)", section[1], re.MULTILINE) if section else []
    return [name for name in names if name != "help"]


def examples(root):
    """The run files of the repository, one behind the other."""
    out = [
        "# Run files to start from\n",
        "What lies in `configs/`; [every key](run-file.md) has its own page.\n",
    ]
    for path in sorted((root / "configs").rglob("*.toml")):
        name = path.relative_to(root).as_posix()
        if name != "configs/reference.toml":
            out.append(f"## `{name}`\n\n```toml\n{path.read_text(encoding='utf-8').strip()}\n```\n")
    return "\n".join(out)
