"""Markdown that reads well as plain text too: tables whose columns line up, and lists."""

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 0) -> str:
    """words: the column that holds words, on the left; the others hold figures, on the right."""
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(heads, *rows, strict=True)]
    ruler = ["-" * (width - 1) + ":" for width in widths]
    ruler[words] = "-" * widths[words]
    return "\n".join(_line(cells, widths, words) for cells in (heads, ruler, *rows))


def bullets(lines: Sequence[str]) -> str:
    """A list, an item a line."""
    return "\n".join(f"- {line}" for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], words: int) -> str:
    padded = [
        cell.ljust(width) if column == words else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"
