"""How many requests each route answers, how, and in what time: what `/metrics` tells of the information API."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from madang.meters import SECONDS, Family, Histogram, Sample, label

_CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")


class Meter:
    """Of one method of one route. statuses: answers by the first digit of their status."""

    __slots__ = ("labels", "seconds", "statuses")

    def __init__(self, method: str, route: str) -> None:
        self.labels = f"{label('method', method)},{label('route', route)}"
        self.statuses = [0] * 6
        self.seconds = Histogram()

    def add(self, status: int, seconds: float) -> None:
        self.statuses[status // 100] += 1
        # As Histogram.add does, without the call: this is on the way of every request
        taken = self.seconds
        taken.counts[bisect_left(SECONDS, seconds)] += 1
        taken.total += seconds


class Traffic:
    """The meters of all routes; `nowhere` is for requests that no route takes, `pages` for all that is no API."""

    def __init__(self) -> None:
        self.nowhere = Meter("any", "none")
        self.pages = Meter("any", "pages")
        self._meters = [self.nowhere, self.pages]

    def meter(self, method: str, route: str) -> Meter:
        """A new meter. route: a template such as /entities/{entityId}, never the path of a request."""
        made = Meter(method, route)
        self._meters.append(made)
        return made

    def families(self) -> list[Family]:
        used = [meter for meter in self._meters if any(meter.statuses)]
        return [
            Family(
                "madang_http_requests_total",
                "counter",
                "Requests answered, by route and class of status.",
                tuple(
                    Sample(n, f"{meter.labels},{label('status', _CLASSES[place - 1])}")
                    for meter in used
                    for place, n in enumerate(meter.statuses)
                    if n
                ),
            ),
            Family(
                "madang_http_request_duration_seconds",
                "histogram",
                "Time from a request's arrival to the end of its answer.",
                tuple(Sample(meter.seconds, meter.labels) for meter in used),
            ),
        ]
