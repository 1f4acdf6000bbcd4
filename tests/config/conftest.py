from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.config import LoadedSettings, load_settings
from exosuit_cli.model.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Home:
    """A home directory with its own settings file, and one more file to name with --config."""

    def __init__(self, root: str) -> None:
        self.environ = {"HOME": os.path.join(root, "home"), "XDG_CONFIG_HOME": os.path.join(root, "xdg")}
        self.user = os.path.join(root, "xdg", "exosuit", "token-upgrade-config.json")
        self.file = os.path.join(root, "other.json")
        os.makedirs(os.path.dirname(self.user))

    def load(
        self,
        user: object = None,
        file: object = None,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, object] | None = None,
    ) -> LoadedSettings:
        """Write what is given to the files, as JSON unless it is bytes, and load all layers."""
        for path, content in ((self.user, user), (self.file, file)):
            if content is not None:
                with open(path, "wb") as stream:
                    stream.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        config = None if file is None else self.file
        return load_settings(config, flags, {**self.environ, **(environ or {})})

    def refuses(self, *words: str, **layers: Any) -> str:
        """Load, expect a refusal with exit code 2, and check that its one line holds these words."""
        with pytest.raises(ConfigError) as caught:
            self.load(**layers)
        message = str(caught.value)
        assert caught.value.exit_code is ExitCode.USAGE
        assert message.isprintable()
        for word in words:
            assert word in message
        return message


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(str(tmp_path))


@pytest.fixture(scope="session")
def home_at() -> type[Home]:
    """For properties, which need a fresh home for every example."""
    return Home
