"""How figures look."""

from __future__ import annotations

from terranova.figures.style import line_style, new_figure


def test_many_lines_can_be_told_apart() -> None:
    looks = [line_style(i) for i in range(24)]
    assert len({(look["color"], look["linestyle"]) for look in looks}) == 24
    assert len({look["color"] for look in looks[:8]}) == 8


def test_a_new_figure_is_unknown_to_pyplot() -> None:
    from matplotlib import _pylab_helpers

    assert tuple(new_figure(3.0, 2.0).get_size_inches()) == (3.0, 2.0)
    assert not _pylab_helpers.Gcf.figs
