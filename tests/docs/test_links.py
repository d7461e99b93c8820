"""Every link in the documentation leads somewhere, and every page can be reached."""

from __future__ import annotations

from tests.docs.reading import PAGES, ROOT, anchors, links

ENTRANCES = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/README.md"}


def test_every_relative_link_leads_to_a_file_and_a_heading_in_it() -> None:
    broken = []
    for link in links():
        path, _, anchor = link.text.partition("#")
        target = (link.page.parent / path).resolve() if path else link.page
        if not target.exists() or ROOT not in [target, *target.parents]:
            broken.append(f"{link}: no such file")
        elif anchor and anchor not in anchors(target):
            broken.append(f"{link}: no such heading; there are {sorted(anchors(target))}")
    assert not broken, "\n".join(broken)


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (link.page.parent / link.text.partition("#")[0]).resolve()
        for link in links()
        if link.text.partition("#")[0]
    }
    alone = {str(page.relative_to(ROOT)) for page in PAGES if page not in linked} - ENTRANCES
    assert not alone, f"nobody finds {sorted(alone)}: link them from docs/README.md"


def test_every_picture_is_shown_somewhere() -> None:
    shown = {(link.page.parent / link.text).resolve() for link in links()}
    unused = {path.name for path in (ROOT / "docs" / "pictures").iterdir()} - {
        path.name for path in shown
    }
    assert not unused
