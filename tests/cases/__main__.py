"""`python -m tests.cases FILE... [--json]`: run worked cases and report each; 1 on any failure."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import msgspec

from tests.cases.runner import Result, run

ORDER = ("pass", "fail", "not_ours", "unsupported")


def main() -> int:
    """Run the files of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    asked = parser.parse_args()
    try:
        results = {str(path): list(run(path)) for path in asked.files}
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(_as_json(results) if asked.json else _as_table(results))
    return int(any(one.status == "fail" for found in results.values() for one in found))


def _counts(found: list[Result]) -> dict[str, int]:
    counted = Counter[str](one.status for one in found)
    return {status: counted[status] for status in ORDER}


def _as_json(results: dict[str, list[Result]]) -> str:
    cases = [
        {"file": path, **msgspec.to_builtins(one)}
        for path, found in results.items()
        for one in found
    ]
    everything = [one for found in results.values() for one in found]
    document = {
        "summary": _counts(everything),
        "files": {path: _counts(found) for path, found in results.items()},
        "cases": cases,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _as_table(results: dict[str, list[Result]]) -> str:
    lines: list[str] = []
    for path, found in results.items():
        lines.append(path)
        for one in found:
            if one.status != "pass":
                lines.append(f"  {one.status:<12}{one.id}  [{one.topic}]")
            if one.reason:
                lines.append(f"{'':14}{one.reason}")
            for key, value in one.expected.items():
                lines.append(f"{'':14}{key}: expected {value}, got {one.got[key]}")
        counts = _counts(found)
        lines.append("  " + ", ".join(f"{counts[status]} {status}" for status in ORDER))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
