"""A regulator written on Python zeep that asks for entries the park no longer keeps: it reads from the fault from which
entry on they are kept and the chain hash before it, goes on there, follows the chain to the head that the hub says,
and prints what it saw as JSON.

usage: zeep_behind_gone.py BASE_URL CERT_DIR CA_PEM OUT_DIR
"""

import hashlib
import re
import sys

from zeep.exceptions import Fault

import zeep_client
from zeep_regulator import leaf_of

# The form that docs/reference/exchange.md states.
GONE = re.compile(r"the first entry kept is (\d+), the chain hash before it is ([0-9a-f]{64})")


def refused(port, after):
    """Code and words of the fault that is answered."""
    try:
        port.GetMessages(After=after)
    except Fault as fault:
        words = [text for text in fault.detail.itertext() if text.strip()]
        return words[0], " ".join(words)
    sys.exit(f"what comes after {after} was told")


def follow(port, number, chain):
    """Follows the chain to the head; how many entries that were, and the first."""
    count, first = 0, None
    while True:
        page = port.GetMessages(After=number, Limit=1000)
        if str(page.PreviousChainHash) != chain.hex():
            sys.exit(f"another chain hash before {number + 1} than the fault said")
        for entry in page.Entry:
            number += 1
            if entry.Number != number:
                sys.exit(f"entry {entry.Number} stands where {number} should")
            chain = hashlib.sha256(b"\2" + chain + leaf_of(number, entry.Record)).digest()
            if chain.hex() != str(entry.ChainHash):
                sys.exit(f"the chain breaks at {number}")
            count, first = count + 1, first or number
        if not page.More:
            if chain.hex() != str(page.HeadChainHash):
                sys.exit("the chain does not lead to the head")
            return {"entries": count, "first": first}


def talk(port, transport, out, name):
    code, words = refused(port, 0)
    found = GONE.search(words)
    if not found:
        sys.exit(f"no entry to go on from in: {words}")
    first, chain = int(found[1]), bytes.fromhex(found[2])
    before = refused(port, first - 2)
    return {"port": name, "code": code, "same": GONE.search(before[1])[0] == found[0], **follow(port, first - 1, chain)}


if __name__ == "__main__":
    zeep_client.main("regulator", talk)
