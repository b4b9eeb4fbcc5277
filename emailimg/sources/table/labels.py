"""Labels that a table already has: 0 or 1, k of n, counts of emails, shares, or amounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from emailimg import taxonomy
from emailimg.sources.table import counts, rates, revenue
from emailimg.sources.table.columns import NOT_USED, REVENUE_AMOUNT
from emailimg.sources.table.counts import SUCCESSES, TRIALS, Count, Label
from emailimg.sources.table.problems import Problems

# Two columns may tell the same, one of them as a percentage without decimals.
_AGREE_WITHIN = 0.005

LABEL_COLUMNS = tuple(f"{target}_{part}" for target in taxonomy.TARGETS for part in "kn")


@dataclass
class Labels:
    """What a table says about the targets.

    columns: `{target}_k`, `{target}_n` float64 (N,), n = 0 where not observed, and
        `revenue_per_email_amount` float64 (N,), NaN where unknown, where the table has amounts.
    lines: (columns of the table, what they are taken for), for people. uses: our names of the
    columns in these lines. notes: on single rows, for people.
    """

    columns: dict[str, pd.Series] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def add(self, target: str, label: Label) -> None:
        """A target that is known in no row is left out: labels may then come from a rule."""
        self.uses.update(label.uses)
        if not label.known:
            self.lines.append((label.told_by, f"not used, {target} is known in no row"))
            return
        rows = len(label.n)
        some = "" if label.known == rows else f", known in {label.known} of {rows} rows"
        self.lines.append((label.told_by, f"{target} ({label.how}{some})"))
        self.columns |= {f"{target}_k": label.k, f"{target}_n": label.n}


@dataclass(frozen=True)
class _Table:
    """A table as the functions below see it: text, and counts, by our names."""

    cells: pd.DataFrame
    theirs: Mapping[str, str]
    counts: dict[str, Count]
    problems: Problems


def parse(
    cells: pd.DataFrame, theirs: Mapping[str, str], success_above: float, problems: Problems
) -> Labels:
    """All labels of a table; what is wrong with them goes to `problems`.

    cells: text under our names. theirs: our names to the table's. success_above: the amount of
    revenue above which an email was a success.
    """
    labels = Labels()
    table = _Table(cells, theirs, counts.read(cells, theirs, problems), problems)
    for target in taxonomy.TARGETS:
        label = _counted(labels, target, table)
        if target == revenue.TARGET:
            label = _revenue(labels, label, success_above, table)
        elif target in cells:
            label = _rate(labels, target, label, table)
        if label is not None:
            labels.add(target, label)
            _derive_opens(target, label, table)
    _check_all_used(labels, table)
    return labels


def _counted(labels: Labels, target: str, table: _Table) -> Label | None:
    """k of n as the table counts them, if it does: the target's own, or the emails'."""
    own, emails = _own_counts(target, table), _email_counts(target, table)
    if own is not None and emails is not None:
        _check_agreement(labels, own, emails.told_by, emails.uses, emails.shares, table)
    return own or emails


def _own_counts(target: str, table: _Table) -> Label | None:
    k, n = f"{target}_k", f"{target}_n"
    if k in table.cells and n in table.cells:
        successes, trials = (
            Count(
                table.theirs[name],
                counts.whole_numbers(table.cells[name], table.theirs[name], table.problems),
                (name,),
            )
            for name in (k, n)
        )
        return counts.label_of(successes, trials, table.problems)
    if k in table.cells or (n in table.cells and target not in table.cells):
        alone = table.theirs[k if k in table.cells else n]
        table.problems.add(f"{alone} is alone; give both {k} (successes) and {n} (emails)")
    return None


def _email_counts(target: str, table: _Table) -> Label | None:
    part, whole = table.counts.get(SUCCESSES.get(target, "")), _trials(target, table)
    if part is None or whole is None:
        return None
    return counts.label_of(part, whole, table.problems)


def _trials(target: str, table: _Table) -> Count | None:
    return table.counts.get(TRIALS.get(target, ""))


def _rate(labels: Labels, target: str, counted: Label | None, table: _Table) -> Label | None:
    """What the target's own column says; where counts say it too, they are more exact."""
    name, cells = table.theirs[target], table.cells[target]
    if counted is not None and counted.known:
        shares = rates.shares(name, cells, table.problems)
        _check_agreement(labels, counted, name, (target,), shares, table)
        return counted
    trials = _trials(target, table)
    own = f"{target}_n"
    if own in table.cells:
        values = counts.whole_numbers(table.cells[own], table.theirs[own], table.problems)
        trials = Count(table.theirs[own], values, (own,))
    label, notes = rates.read(name, target, cells, trials, table.problems)
    labels.notes += notes
    return label


def _revenue(
    labels: Labels, counted: Label | None, success_above: float, table: _Table
) -> Label | None:
    columns = revenue.columns(table.cells)
    names = [table.theirs[column] for column in columns]
    if len(columns) + (counted is not None) > 1:
        counts = [counted.told_by] if counted else []
        table.problems.add(
            f"several columns for revenue_per_email: {', '.join(counts + names)}; leave one out "
            f"with source.columns: {{{names[0]}: {NOT_USED}}}"
        )
    if not columns:
        return counted
    label, amounts = revenue.read(
        table.cells[columns[0]], names[0], columns[0], success_above, table.problems
    )
    if amounts is not None:
        labels.columns[REVENUE_AMOUNT] = amounts
    return label


def _check_agreement(
    labels: Labels,
    label: Label,
    name: str,
    uses: tuple[str, ...],
    shares: pd.Series,
    table: _Table,
) -> None:
    """A second column for the same must say the same; it is then not needed."""
    expected = label.shares
    table.problems.add_rows(
        f"{name} says something else than {label.told_by}",
        (shares - expected).abs() > _AGREE_WITHIN + 1e-9,
        {name: shares, label.told_by: expected},
        f"the same within {_AGREE_WITHIN:.1%}; or leave one out with source.columns, as {NOT_USED}",
    )
    labels.uses.update(uses)
    labels.lines.append((name, f"not used, agrees with {label.told_by}"))


def _derive_opens(target: str, label: Label, table: _Table) -> None:
    """How many were opened, for clicks of them, where only the rate of opening tells it."""
    if target == "open_rate" and "opens" not in table.counts and label.how != rates.BINARY:
        values = label.k.where(label.n > 0)
        table.counts["opens"] = Count(f"opens by {label.told_by}", values, label.uses)


def _check_all_used(labels: Labels, table: _Table) -> None:
    """Counts that say how often something happened, but not of how many emails."""
    for target, part in SUCCESSES.items():
        known = _trials(target, table) is not None or f"{target}_n" in labels.columns
        if part in table.cells and not known and part not in labels.uses:
            name = table.theirs[part]
            table.problems.add(
                f"{name} counts emails, and nothing says of how many; add a column "
                f"{rates.TRIALS_COLUMN[target]}, or leave it out with "
                f"source.columns: {{{name}: {NOT_USED}}}"
            )
