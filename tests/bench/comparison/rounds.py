"""What one figure was in each of several rounds."""

import statistics

NOISY = 0.15  # the middle half of the rounds lies further apart than this share of the median


class Rounds:
    """The figures of a sample or a ratio, one a round. The median is what is told."""

    def __init__(self, values):
        self.values = list(values)

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def spread(self):
        """The interquartile range as a share of the median: one bad round of five does not count."""
        if len(self.values) < 2 or not self.median:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return (high - low) / abs(self.median)

    @property
    def noisy(self):
        return self.spread > NOISY

    def as_json(self):
        return {"median": self.median, "spread": self.spread, "noisy": self.noisy, "rounds": self.values}


def combined(function, *columns):
    """Round by round, so that what disturbed a whole round cancels out."""
    return Rounds(function(*row) for row in zip(*columns))
