"""Figures of several rounds: their median, and how far they spread."""

import statistics


def quartiles(values):
    """(lower, upper); of fewer than four values the least and the greatest, which is all that there is."""
    if len(values) < 4:
        return min(values), max(values)
    lower, _, upper = statistics.quantiles(values, n=4)
    return lower, upper


def margin_of_median(values):
    """About how far the median of so many rounds may be from the true one (a standard error, by the middle half)."""
    lower, upper = quartiles(values)
    return 0.93 * (upper - lower) / len(values) ** 0.5


def percentile(values, percent):
    """The value that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def with_spread(values, form="%.1f"):
    """"2.3 (1.9 to 2.8)": the median, and between what the middle half of the rounds lies; all of fewer than four."""
    if not values:
        return "-"
    lower, upper = quartiles(values)
    return "%s (%s to %s)" % (form % statistics.median(values), form % lower, form % upper)


def of_rates(values):
    """The same of samples a second, with thousands set apart."""
    if not values:
        return "-"
    lower, upper = quartiles(values)
    return "%s (%s to %s)" % (count(statistics.median(values)), count(lower), count(upper))


def count(value):
    """12,300: three digits that count; 79.9 below a hundred."""
    if value < 99.95:
        return "%.1f" % value
    digits = max(0, len(str(int(value))) - 3)
    return "{:,}".format(int(round(value, -digits)))


def times(ratio):
    """5.3x, 120x"""
    return "-" if ratio is None else "%sx" % count(ratio)


def ratio(values, others):
    """Of the medians; None where there is nothing to compare."""
    if not values or not others or not statistics.median(others):
        return None
    return statistics.median(values) / statistics.median(others)
