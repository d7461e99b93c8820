"""The customer tokens that the guide's code signs are the ones that the server takes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.reading import FENCE, ROOT
from usance.domain.api_keys.customer_tokens import customer_of, customer_token
from usance.domain.api_keys.scopes import Access as To
from usance.domain.api_keys.scopes import Area, KeyScope, needed_for
from usance.flows.runtime import world_clock

PAGE = (ROOT / "docs/guides/keys.md").read_text("utf-8")
CODE = {fence[1]: fence[2] for fence in FENCE.finditer(PAGE)}
PYTHON = """
print(customer_token("a secret", "acme:eu"))
print(expiring_token("a secret", "acme:eu"))
"""
JAVASCRIPT = """
console.log(customerToken("a secret", "acme:eu"));
console.log(expiringToken("a secret", "acme:eu"));
"""


def check(lines: str) -> None:
    """The two tokens that were printed."""
    forever, expiring = lines.split("\n")[:2]
    assert forever == customer_token("a secret", "acme:eu")
    assert expiring.startswith("HMAC-SHA256-EXPIRING acme:eu:")
    assert customer_of(expiring, ["a secret"], at=world_clock()) == "acme:eu"


def test_tokens_signed_in_python_are_good(tmp_path: Path) -> None:
    file = tmp_path / "tokens.py"
    file.write_text(CODE["python"] + PYTHON, "utf-8")
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True)
    check(done.stdout)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_tokens_signed_in_javascript_are_good(tmp_path: Path) -> None:
    file = tmp_path / "tokens.mjs"
    file.write_text(CODE["js"] + JAVASCRIPT, "utf-8")
    done = subprocess.run(["node", file], capture_output=True, text=True, check=True)
    check(done.stdout)


def test_the_guide_names_every_scope() -> None:
    named = set(re.findall(r"`([A-Z_]+)`", PAGE)) | set(re.findall(r"`([A-Z]+_)…`", PAGE))
    for area in Area:
        scopes = {needed_for(area, access).value for access in To}
        assert f"{area}_" in named or scopes <= named, area
    assert {KeyScope.FULL_ACCESS.value, KeyScope.READ_ONLY.value} <= named
