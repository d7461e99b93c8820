"""docs/guides/provisioning.md is a program: its blocks print what stands below them."""

from __future__ import annotations

import contextlib
import io

import pytest

from tests.api.conftest import Desk, desk, server
from tests.docs.reading import FENCE, ROOT

__all__ = ["desk", "server"]
pytestmark = pytest.mark.postgres

PAGE = (ROOT / "docs" / "guides" / "provisioning.md").read_text("utf-8")


def test_the_guide_prints_what_it_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGG_BASE_URL", str(desk.http.base_url))
    monkeypatch.setenv("STIGG_API_KEY", desk.http.headers["x-api-key"])
    names: dict[str, object] = {}
    printed = ""
    for fence in FENCE.finditer(PAGE):
        kind, text = fence[1], fence[2]
        if kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(text, names)
            printed = out.getvalue()
        elif kind == "output":
            assert printed == text
            printed = ""
    assert printed == "", "all that is printed is shown"
