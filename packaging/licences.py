#!/usr/bin/env python3
"""Everything that is linked into strf, with its licence: THIRD-PARTY.md.

    python3 packaging/licences.py THIRD-PARTY.md

Asks cargo, without a network, what a build with default features links on the platforms that wheels are made for, and takes the
texts of the licences out of the packages. What is in Cargo.lock and not in the program is listed by name, so that a test can hold
the file against Cargo.lock. Needs no package.
"""
import json
import pathlib
import re
import subprocess
import sys

# Those of .github/workflows/release.yml.
PLATFORMS = {
    "x86_64-unknown-linux-gnu": "Linux",
    "aarch64-unknown-linux-gnu": "Linux",
    "x86_64-apple-darwin": "macOS",
    "aarch64-apple-darwin": "macOS",
    "x86_64-pc-windows-msvc": "Windows",
}
# C sources and fonts that packages carry, and whose licence Cargo.toml does not name.
CARRIED = {
    "hdf5-metno-src": [
        ("HDF5 (C library)", r"^#define H5_VERS_(?:MAJOR|MINOR|RELEASE)\s+([0-9]+)", "ext/hdf5/src/H5public.h",
         "BSD-3-Clause", "ext/hdf5/LICENSE"),
    ],
    "libz-sys": [
        ("zlib (C library)", r'ZLIB_VERSION "([0-9.]+)', "src/zlib/zlib.h", "Zlib", "src/zlib/LICENSE"),
    ],
    "dejavu": [
        ("DejaVu fonts", r'^version = "([0-9.]+)', "Cargo.toml", "Bitstream-Vera AND LicenseRef-DejaVu-public-domain", "assets/dejavu-fonts-ttf-2.37/LICENSE"),
    ],
}
# What licences of packages are called that name none of SPDX.
UNNAMED = {"hdf5-metno-src": "BSD-3-Clause"}
TEXTS = re.compile(r"^(licen[cs]e|copying|notice|unlicense|copyright)", re.IGNORECASE)


def metadata(platform):
    """What cargo knows of a build for a platform."""
    command = ["cargo", "metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", platform]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def linked(graph):
    """Ids of the packages that become part of the program: no tests, no build scripts, no macros."""
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    packages = {package["id"]: package for package in graph["packages"]}
    is_macro = {
        name: any("proc-macro" in target["kind"] for target in package["targets"]) for name, package in packages.items()
    }
    found, left = set(), [graph["resolve"]["root"]]
    while left:
        package = left.pop()
        if package in found or is_macro[package]:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    return found - {graph["resolve"]["root"]}


def texts(folder, licence):
    """The licences in a package, by name of the file; of several to choose from, the one of MIT."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and TEXTS.match(file.name)]
    for inner in sorted(folder.glob("LICENSES")):
        files += sorted(file for file in inner.iterdir() if file.is_file())
    chosen = [file for file in files if "MIT" in file.name.upper()]
    if " OR " in licence and " AND " not in licence and chosen:
        others = re.compile(r"apache|unlicense|zlib|bsd|boost|bsl|cc0", re.IGNORECASE)
        files = [file for file in files if file in chosen or not others.search(file.name)]
    return [(file.name, file.read_text(encoding="utf-8", errors="replace").strip()) for file in files]


def carried(package, folder):
    """What a package carries that is not written in Rust: rows as of the table, and texts."""
    rows, found = [], []
    for name, version, where, licence, text in CARRIED.get(package["name"], []):
        source = folder / where
        if not source.is_file():
            sys.exit(f"{source}: there is no such file; packaging/licences.py names it for {name}")
        parts = re.findall(version, source.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        if not parts:
            sys.exit(f"{source}: found no version of {name}; change packaging/licences.py")
        rows.append((name, ".".join(parts), licence, f"in {package['name']}"))
        if text:
            found.append((name, (folder / text).read_text(encoding="utf-8", errors="replace").strip()))
    return rows, found


def locked(root):
    """Names and versions in Cargo.lock, of packages of others."""
    text = (root / "Cargo.lock").read_text(encoding="utf-8")
    return re.findall(r'\[\[package\]\]\nname = "([^"]+)"\nversion = "([^"]+)"\nsource', text)


def collect():
    """Packages by name and version: the platforms, the licence, the folder."""
    found = {}
    for platform, system in PLATFORMS.items():
        graph = metadata(platform)
        packages = {package["id"]: package for package in graph["packages"]}
        for package in (packages[name] for name in linked(graph)):
            systems = found.setdefault((package["name"], package["version"]), (package, set()))[1]
            systems.add(system)
    return found


def written(root):
    """The text of the file."""
    found = collect()
    everywhere = set(PLATFORMS.values())
    rows, by_text, without = [], {}, []
    for (name, version), (package, systems) in sorted(found.items()):
        licence = package["license"] or UNNAMED.get(name)
        if licence is None:
            sys.exit(f"{name} {version} names no licence; look at it, and name it in packaging/licences.py")
        folder = pathlib.Path(package["manifest_path"]).parent
        where = "" if systems == everywhere else ", ".join(sorted(systems)) + " only"
        licence = licence.replace("/", " OR ")
        rows.append((name, version, licence, where))
        own = texts(folder, licence)
        more, others = carried(package, folder)
        rows += more
        if not own:
            without.append(f"{name} {version}")
        for file, text in own + others:
            key = re.sub(r"\s+", " ", text)
            by_text.setdefault(key, (text, []))[1].append(f"{name} {version} ({file})")
    lines = [
        "# What is linked into the program",
        "",
        "Every package that a build of `strf` with default features links, on Linux, macOS and Windows, and the C sources and fonts that",
        "packages carry; behind the table the texts of their licences, of those to choose from MIT's. The Rust standard library is linked too (MIT OR Apache-2.0).",
        "`make licences` writes this file. Sources of packages under MPL-2.0 are those of the package registry, unchanged.",
        "",
        "| package | version | licence | |",
        "|---|---|---|---|",
    ]
    lines += [f"| {name} | {version} | {licence} | {where} |" for name, version, licence, where in rows]
    not_linked = sorted(set(locked(root)) - set(found))
    lines += ["", "## Not in the program", ""]
    lines.append("Packages of `Cargo.lock` that only tests, build scripts, macros, other platforms or features that are off need:")
    lines.append("")
    lines += [f"{name} {version}" + ("," if at + 1 < len(not_linked) else "") for at, (name, version) in enumerate(not_linked)]
    lines += ["", "## Packages without a text", ""]
    lines.append("Their licence is named in their `Cargo.toml`, and its text is in other packages below: " + ", ".join(without) + ".")
    lines += ["", "## Texts"]
    for text, owners in sorted(by_text.values(), key=lambda entry: entry[1][0]):
        fence = "````" if "```" in text else "```"
        lines += ["", "Of " + ", ".join(owners) + ":", "", fence + "text", text.replace("\r\n", "\n"), fence]
    return "\n".join(lines) + "\n"


def main():
    """Writes the file that the first argument names."""
    if len(sys.argv) != 2:
        sys.exit("usage: licences.py THIRD-PARTY.md")
    root = pathlib.Path(__file__).resolve().parent.parent
    pathlib.Path(sys.argv[1]).write_text(written(root), encoding="utf-8")


main()
