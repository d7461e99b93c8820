"""docs/guides/deals.md, written by playing its deals: `python -m tests.docs.deals.page --write`.

The words stand in `deals.md.jinja` beside this file; every figure comes from a PostgreSQL on which
the commands of the guide have been run.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from tests.docs.deals.outcome import Outcome, Sums, played
from tests.docs.reading import ROOT
from tests.store.embedded_homes import wait_until_stopped
from usance.domain.invoicing.invoice import DocumentType, InvoiceLine
from usance.domain.money import Money
from usance.domain.rating.working import Working
from usance.store.embedded.cluster import attach
from usance.store.invoice_rows import StoredInvoice
from usance.store.migrate import migrate

DEALS = ROOT / "examples" / "deals"
DOCUMENT = ROOT / "docs" / "guides" / "deals.md"
TEMPLATE = Path(__file__).with_name("deals.md.jinja")

HEAD = """\
| issued | document | line | days of service | quantity | price | amount | net | tax | total |
|---|---|---|---|---:|---:|---:|---:|---:|---:|"""


@dataclass(slots=True)
class Page:
    """The functions of the template. A deal is played once, when it is first asked for."""

    url: str
    home: Path
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def outcome(self, deal: str) -> Outcome:
        """What came of the deal in that folder."""
        if deal not in self.outcomes:
            self.outcomes[deal] = played(DEALS / deal, self.url, self.home)
        return self.outcomes[deal]

    def file(self, deal: str, name: str) -> str:
        """A file of a deal, as it is."""
        language = {".sh": "sh", ".yaml": "yaml"}.get(Path(name).suffix, "")
        return f"```{language}\n{(DEALS / deal / name).read_text('utf-8').strip()}\n```"

    def documents(self, deal: str) -> str:
        """Every document, line by line."""
        rows = (row for each in self.outcome(deal).documents for row in _rows(each))
        return "\n".join([HEAD, *rows])

    def sums(self, deal: str) -> str:
        """That they add up. Raises AssertionError where they do not."""
        columns = self.outcome(deal).sums
        problems = [problem for each in columns.values() for problem in each.problems()]
        assert not problems, f"{deal}: {problems}"
        return "\n".join(_sums(list(columns.values())))

    def net(self, deal: str, number: str, name: str, days: str = "") -> str:
        """What a line comes to, without its sign."""
        return _plain(self.outcome(deal).line(number, name, days).net).removeprefix("−")

    def working(self, deal: str, number: str, name: str, days: str = "") -> str:
        """How a line came about, unfolded."""
        outcome = self.outcome(deal)
        numbers = {str(each.id): str(each.number) for each in outcome.documents}
        line = outcome.line(number, name, days)
        steps = "\n".join(_steps(line.working, numbers))
        return f"```output\n{number}, {name}: {_amount(line.net)}\n{steps}\n```"

    def text(self) -> str:
        """The whole page. None of the deals may have been played on the database before."""
        environment = Environment(
            autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True
        )
        functions: dict[str, Callable[..., str]] = {
            each.__name__: each
            for each in (self.file, self.documents, self.sums, self.net, self.working)
        }
        return environment.from_string(TEMPLATE.read_text("utf-8")).render(**functions)


def _rows(stored: StoredInvoice) -> Iterator[str]:
    draft = stored.draft
    kind = "credit note" if draft.type is DocumentType.CREDIT_NOTE else "invoice"
    head = (str(stored.issued_on), f"{stored.number}<br>{kind}")
    sums = (_plain(draft.net), _plain(draft.tax), _amount(draft.gross))
    for place, line in enumerate(draft.lines):
        first = place == 0
        cells = (*(head if first else ("", "")), *_cells(line), *(sums if first else ("", "", "")))
        yield "| " + " | ".join(cells) + " |"


def _cells(line: InvoiceLine) -> Iterator[str]:
    days = line.service_period
    yield line.description
    yield f"{days.start} to {days.last_day}" if days.days > 1 else f"{days.start}"
    yield f"{line.quantity.normalize():,f}" if line.quantity else ""
    yield "" if line.unit_amount is None else f"{line.unit_amount:f}"
    yield _plain(line.net)


def _sums(columns: list[Sums]) -> Iterator[str]:
    yield f"| | {' | '.join(str(each.net.currency) for each in columns)} |"
    yield "|---|" + "---:|" * len(columns)
    yield _row("Charged", (each.charged for each in columns))
    yield _row("Given back", (each.given_back for each in columns))
    yield _row("**All documents, net**", (each.net for each in columns))
    yield _row("Value of the contract as it is in the end", (each.committed for each in columns))
    yield _row("Usage beyond it", (each.timeline - each.committed for each in columns))
    yield _row("**What the timeline says**", (each.timeline for each in columns))
    yield _row("Tax", (each.tax for each in columns))
    yield _row("**All documents, total**", (each.gross for each in columns))
    yield _row("Paid", (each.paid for each in columns))
    yield _row("Refunded", (each.refunded for each in columns))
    yield _row("**Open in the books at the end**", (each.open for each in columns))


def _row(name: str, amounts: Iterable[Money]) -> str:
    return f"| {name} | {' | '.join(_plain(each) for each in amounts)} |"


def _steps(step: Working, numbers: dict[str, str], depth: int = 0) -> Iterator[str]:
    facts = (f"{name} {numbers.get(str(fact), fact)}" for name, fact in step.facts.items())
    yield f"{'  ' * depth}{step.rule}: {', '.join(facts)}"
    for part in step.parts:
        yield from _steps(part, numbers, depth + 1)


def _plain(amount: Money) -> str:
    return f"{amount.amount:,}".replace("-", "−")


def _amount(amount: Money) -> str:
    return f"{_plain(amount)} {amount.currency}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with attach(home / "postgresql", durable=False) as cluster:
            migrate(cluster.url)
            written = Page(cluster.url, home).text()
        wait_until_stopped(home / "postgresql")
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(written, encoding="utf-8")
    else:
        sys.stdout.write(written)
