"""Let axe look at pages, by the rules of WCAG 2.2, levels A and AA, contrast included."""

from __future__ import annotations

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


def faults(page, inside: str | None = None) -> list[str]:
    """Let axe look at a page, or at one part of it; return its findings, one line each."""
    found = axe.Axe().run(page, context=inside, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:300]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
