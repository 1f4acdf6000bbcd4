"""The language of a file, by its name, its extension or its shebang."""

from exosuit_cli.languages.registry import LANGUAGES, language_of_name, language_of_shebang

__all__ = ["LANGUAGES", "language_of_name", "language_of_shebang"]
