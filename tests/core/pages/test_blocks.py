"""Blocks of pages: names and headings are escaped, texts become paragraphs. How they look: test_html.py."""

from __future__ import annotations

import dataclasses
import typing

from markupsafe import Markup

from terranova.pages import blocks
from terranova.pages.blocks import Block, Paragraph, name, paragraphs, titled


def test_every_block_has_a_macro_of_its_own() -> None:
    kinds = typing.get_args(Block)
    macros = [kind.macro for kind in kinds]
    assert len(set(macros)) == len(kinds)
    assert all(dataclasses.is_dataclass(kind) for kind in kinds)


def test_names_and_headings_are_markup_of_what_is_not() -> None:
    assert name("<b>") == Markup('<span class="name">&lt;b&gt;</span>')
    assert titled("<b>", "&") == Markup('&lt;b&gt;<span class="soft"> / &amp;</span>')
    assert isinstance(blocks.name("a"), Markup)


def test_a_paragraph_for_each_text() -> None:
    assert paragraphs(["a", "b"], "soft") == [Paragraph("a", "soft"), Paragraph("b", "soft")]
