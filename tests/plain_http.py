"""What clients of plain addresses need of TLS: nothing. httpx would read all authorities anew for each, 50 ms a client."""

from __future__ import annotations

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `verify=`: it trusts nobody."""
