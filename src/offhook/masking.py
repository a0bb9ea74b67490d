"""Keeping secrets out of sight: a text with every secret in it replaced, whatever form it has there. No I/O."""

import json
from collections.abc import Iterable

MASK = "••••"


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every secret in it replaced by ``••••``, whatever form it has there."""
    forms = {form for secret in secrets if len(secret) > 1 for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _forms(secret: str) -> set[str]:
    """Return how a secret may be written: clear, base64, percent-encoded, in JSON, in XML."""
    import base64
    import re
    from html import escape
    from urllib.parse import quote, quote_plus

    data = secret.encode("utf-8", "replace")
    percent = {
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        quote(secret, errors="replace"),
    }
    plain = {
        secret,
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
        base64.b64encode(data).decode().rstrip("="),
    }
    in_json = {
        json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in plain for ascii_only in (True, False)
    }
    in_json |= {each.replace("/", "\\/") for each in in_json}
    in_json |= {
        re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), each) for each in in_json
    }
    in_json |= {re.sub(r"[<>&'+\"]", lambda found: f"\\u{ord(found[0]):04X}", secret)}  # as .NET writes it
    in_xml = {
        escape(secret),
        escape(secret, quote=False),
        escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    }
    in_xml |= {each.encode("ascii", "xmlcharrefreplace").decode() for each in in_xml}
    return {*plain, *percent, *(each.lower() for each in percent if "%" in each), *in_json, *in_xml}
