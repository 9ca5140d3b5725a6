"""Runs emoir in a network namespace without routes: ``python -m tests.offline ROOT COMMAND...``.

Prints a JSON object: the exit code of the command and how many packets or connections found no route.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Nothing can be looked up at this address (RFC 5737), so every look-up of a name finds no route.
NAMESERVER = "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n"


def without_route() -> int:
    """Packets and connections of this network namespace that found no route."""
    ipv4 = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:")]
    ipv6 = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return int(dict(zip(*ipv4, strict=True))["OutNoRoutes"]) + int(ipv6["Ip6OutNoRoutes"])


def main() -> None:
    """Run as a program, inside the namespace."""
    nameserver = Path(sys.argv[1]) / "resolv.conf"
    nameserver.write_text(NAMESERVER)
    subprocess.run(["mount", "--bind", str(nameserver), os.path.realpath("/etc/resolv.conf")], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    before = without_route()
    code = subprocess.run(sys.argv[2:], stdout=sys.stderr, check=False).returncode
    print(json.dumps({"code": code, "attempts": without_route() - before}))


if __name__ == "__main__":
    main()
