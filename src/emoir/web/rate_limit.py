"""RateLimit: how often one address may be refused before it is not even listened to."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

ADDRESSES = 4096


class RateLimit:
    """A token bucket for every address; the addresses that were quiet the longest are forgotten first.

    Args:
        burst: refusals that an address has at first.
        per_second: refusals that it gains.
        clock: seconds, for tests.

    Example:
        >>> limit = RateLimit(burst=2, per_second=1.0, clock=lambda: 0.0)
        >>> [limit.allows("198.51.100.7") for _ in range(3)]
        [True, True, False]
    """

    def __init__(self, *, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_second, self._clock = float(burst), per_second, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Count a refusal of an address; False if it has had too many."""
        address, now = _network(address), self._clock()
        left, since = self._buckets.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left), now
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed


def _network(address: str) -> str:
    """What one caller has at least: of IPv6 a network of 64 bits, whose addresses are all hers."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(known.ipv4_mapped or ipaddress.IPv6Network((int(known), 64), strict=False))
