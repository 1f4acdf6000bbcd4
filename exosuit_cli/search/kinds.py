"""What a file is for, by its language: code, documents or configuration."""

from __future__ import annotations

from typing import Final

CODE, DOCS, CONFIG = range(3)
KINDS: Final = ("code", "docs", "config")
"""The kinds by number."""

_MEMBERS: Final = {
    DOCS: (
        "Markdown,MDX,reStructuredText,AsciiDoc,Org,Text,TeX,BibTeX,Texinfo,Roff,Roff Manpage,Textile,Wikitext,"
        "MediaWiki,RDoc,Rich Text Format,Pod,Creole,Typst,Djot,HTML,Changelog,Gettext Catalog"
    ),
    CONFIG: (
        "JSON,JSON with Comments,JSON5,JSONLD,YAML,TOML,INI,XML,XML Property List,Java Properties,EditorConfig,"
        "Git Config,Git Attributes,Ignore List,Dotenv,CSV,TSV,SVG,Kickstart,Maven POM,NPM Config,HCL,OASv2-json,"
        "OASv3-json,OASv2-yaml,OASv3-yaml,Pip Requirements,Go Module,Go Checksums,desktop,Unity3D Asset,Checksums,"
        "Browserslist,Option List,CODEOWNERS,Nginx,ApacheConf,"
        "Cabal Config,CMake,Makefile,Meson,M4Sugar,RPM Spec,pkg-config"
    ),
}
_KIND_OF: Final = {name: kind for kind, names in _MEMBERS.items() for name in names.split(",")}


def kind_of(language: str | None) -> int:
    """The kind of a file by its language; one without a language is a document, as README and LICENSE are."""
    return DOCS if language is None else _KIND_OF.get(language, CODE)
