"""The headers of every answer: nothing from elsewhere is loaded, nothing inline is run."""

from __future__ import annotations

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
PAGE_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-cache", "Vary": "Cookie, Accept-Encoding"}
# Where people reach the platform over https only
STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
# Of what is for whoever asked: kept by their browser alone, and never shown unasked
FOR_ONE = {"Cache-Control": "private, no-cache"}
