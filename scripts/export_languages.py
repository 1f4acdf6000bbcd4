"""Write the tables of languages from linguist's data: python scripts/export_languages.py LINGUIST

LINGUIST is a checkout of github.com/github-linguist/linguist. The tables, `exosuit_cli/languages/table.py` and
`exosuit_cli/languages/modes.py`, are kept in the package: the language of a file must not depend on what is installed.
"""

from __future__ import annotations

import argparse
import pprint
import re
from collections import defaultdict
from pathlib import Path

LANGUAGES = {  # what linguist does not have: the kind, and the extensions
    "Devicetree": ("programming", ".dts .dtsi .dtso"),
    "Kconfig": ("programming", ".kconfig"),
}
EXTENSIONS = {  # of linguist's languages; they come first where others claim the extension too
    "C++": ".C .H",  # as compilers have it: the lower-case ones are another language
    "M4Sugar": ".ac",
    "Makefile": ".am",
    "PHP": ".module",
    "Shell": ".bash-completion",
    "Starlark": ".bazel",
    "Tcl": ".itcl .tk",
    "Text": ".text .log",
    "TypeScript": ".ets",
    "XML": ".drawio .entitlements .wxml",
    "CSS": ".wxss",
}
NAMES = {
    "Dockerfile": "containerfile dockerfile",
    "GDB": ".gdbinit",
    "INI": ".condarc setup.cfg tox.ini",
    "Ignore List": ".bazelignore .exosuitignore .gcloudignore .helmignore .hgignore .terraformignore",
    "Kconfig": "Kconfig Config.in",
    "Shell": "configure config.guess config.sub",
    "Text": "AUTHORS BUGS CHANGELOG CHANGES CONTRIBUTING CONTRIBUTORS COPYRIGHT CREDITS ChangeLog Changelog HACKING "
    "HISTORY LICENCE MAINTAINERS NOTICE PATENTS README ReadMe Readme THANKS TODO UNLICENSE VERSION readme",
    "YAML": ".prettierrc",
}
INTERPRETERS = {
    "C#": "dotnet",
    "Clojure": "babashka clj clojure",
    "Go": "go gorun",
    "Emacs Lisp": "emacs",
    "Haskell": "cabal stack",
    "JavaScript": "zx",
    "Java": "java jbang jshell",
    "Just": "just",
    "Kotlin": "kotlin",
    "Lua": "texlua",
    "MATLAB": "octave octave-cli",
    "Nix": "nix-shell",
    "OpenRC runscript": "runscript",
    "PHP": "php-cgi",
    "PowerShell": "powershell pwsh-preview",
    "Python": "hatch ipython micropython pdm pipx poetry uvx",
    "R": "littler r",
    "Raku": "perl6",
    "Rust": "cargo",
    "Sage": "sage",
    "Scala": "scala-cli",
    "Shell": "bats oksh posh rbash yash",
    "Swift": "swift",
    "Tcl": "expect",
    "TypeScript": "deno",
    "V": "v",
    "Vim script": "nvim vim",
    "Xonsh": "xonsh",
}
MODES = {  # file types of Vim and major modes of Emacs
    "BibTeX": "bib",
    "C#": "cs",
    "Debian Package Control File": "debcontrol",
    "Devicetree": "dts",
    "Emacs Lisp": "lisp-data lisp-interaction",
    "Fortran Free Form": "f90",
    "Git Commit": "gitcommit",
    "Groovy": "jenkinsfile",
    "HTML+ERB": "eruby",
    "INI": "cfg conf-unix systemd",
    "JavaScript": "javascriptreact js2",
    "Kconfig": "kconfig",
    "M4Sugar": "config",
    "Makefile": "automake makefile-automake makefile-bsdmake makefile-gmake makefile-makepp",
    "Objective-C++": "objcpp",
    "PostScript": "ps",
    "PowerShell": "ps1",
    "RPM Spec": "spec",
    "Ruby": "rspec",
    "SystemVerilog": "verilog_systemverilog",
    "TeX": "plain-tex plaintex",
    "XML": "nxml sgml",
    "reStructuredText": "rest",
}
SCRIPT = "made by scripts/export_languages.py; do not edit"


def read_languages(path: Path) -> dict[str, dict[str, list[str]]]:
    """What languages.yml has of each language: its lists, and its `type` as a list of one.

    The file has names at the margin, `key: value` two columns in, and the items of lists behind dashes; that much of
    YAML is read, and anything else is refused.
    """
    languages: dict[str, dict[str, list[str]]] = {}
    items: list[str] = []
    for line in path.read_text().splitlines():
        if not line or line.startswith(("#", "---")):
            continue
        if found := re.fullmatch(r"(\S.*):", line):
            own = languages[found[1].strip("\"'")] = {}
        elif found := re.fullmatch(r"  (\w+):(?: (.*))?", line):
            items = own[found[1]] = [found[2].strip("\"'")] if found[2] else []
        elif found := re.fullmatch(r" *- (.*)", line):
            items.append(found[1].strip("\"'"))
        else:
            raise SystemExit(f"{path}: cannot read the line {line!r}")
    return languages


def tables(linguist: Path) -> dict[str, str]:
    """The text of each module, by its file name."""
    data = linguist / "lib" / "linguist"
    version = (data / "VERSION").read_text().strip()
    languages = read_languages(data / "languages.yml")
    for name, (kind, extensions) in LANGUAGES.items():
        languages[name] = {"type": [kind], "extensions": extensions.split()}
    claims = {
        "extensions": _claims(languages, "extensions", EXTENSIONS),
        "filenames": _claims(languages, "filenames", NAMES),
        "interpreters": _claims(languages, "interpreters", INTERPRETERS),
    }
    modes = {name.lower().replace(" ", "-"): name for name in languages}
    for name, own in languages.items():
        for alias in own.get("aliases", []):
            modes.setdefault(alias.lower().replace(" ", "-"), name)
    modes |= {mode: name for name, more in MODES.items() for mode in more.split()}
    return {
        "table.py": _module(
            f"Languages, and the file names and interpreters that tell of them, {SCRIPT}.\n\n"
            "Source: linguist (github.com/github-linguist/linguist), with additions of our own. An extension is in\n"
            "lower case unless another one stands beside it. Where several languages claim one, `rules` decides.",
            LINGUIST_VERSION=version,
            LANGUAGES=("", *sorted(languages)),
            EXTENSIONS=_keyed(claims["extensions"]),
            NAMES=_keyed(claims["filenames"]),
            INTERPRETERS=_keyed(claims["interpreters"]),
        ),
        "modes.py": _module(
            f"What editors call languages, and which are for programs, {SCRIPT}.\n\n"
            "Source: linguist (github.com/github-linguist/linguist), with additions of our own. Loaded where needed.",
            MODES={mode.encode(): name for mode, name in sorted(modes.items())},
            PROGRAMMING=tuple(sorted(name for name, own in languages.items() if own["type"] == ["programming"])),
        ),
    }


def _claims(languages: dict[str, dict[str, list[str]]], of: str, more: dict[str, str]) -> dict[str, list[str]]:
    claims: defaultdict[str, list[str]] = defaultdict(list)
    for name, keys in more.items():
        for key in keys.split():
            claims[key].append(name)
    for name, own in languages.items():
        for key in own.get(of, []):
            shown = key.lower() if of == "extensions" else key
            if name not in claims[shown]:
                claims[shown].append(name)
    return claims


def _keyed(claims: dict[str, list[str]]) -> dict[bytes, str | tuple[str, ...]]:
    return {key.encode(): own[0] if len(own) == 1 else tuple(own) for key, own in sorted(claims.items())}


def _module(docstring: str, **values: object) -> str:
    text = f'"""{docstring}\n"""\n'
    for name, value in values.items():
        text += f"\n{name} = {pprint.pformat(value, width=118)}\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("linguist", type=Path)
    room = Path(__file__).resolve().parent.parent / "exosuit_cli" / "languages"
    for name, text in tables(parser.parse_args().linguist).items():
        (room / name).write_text(text)


if __name__ == "__main__":
    main()
