from __future__ import annotations

from pathlib import Path

import pytest

from emoir.errors import EmoirError
from emoir.web.tokens import cookie_value, kept_token


def test_a_token_is_made_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "token"
    token = kept_token(file)
    assert len(token) >= 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept_token(file) == token
    assert token not in cookie_value(token)


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", b"two words here\n", b"\xff" * 20, b"a" * 10 + b"\nb"])
def test_what_is_no_token_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(EmoirError, match="holds no token"):
        kept_token(file)


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    kept_token(file)
    file.chmod(0o640)
    with pytest.raises(EmoirError, match="chmod 600"):
        kept_token(file)
    with pytest.raises(EmoirError, match="--token-file"):
        kept_token(tmp_path / "token" / "below")
