"""What a schema registry says of a schema, by Confluent's API."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Mapping

from .errors import Refused


def text(schema: object) -> str:
    """A schema as text; a dict or a list is Avro as JSON."""
    return schema if isinstance(schema, str) else json.dumps(schema)


def fits(registry: Mapping[str, Any], schema: str) -> bool:
    """Whether the compatibility level lets the schema be the next version of the target's subject."""
    subject = registry.get("subject")
    if not subject:
        raise Refused("deploying a schema: the target is a whole registry; name a target with a subject, or use inject with one")
    url = f"{registry['url']}/compatibility/subjects/{urllib.parse.quote(subject, safe='')}/versions/latest"
    call = urllib.request.Request(url, json.dumps({"schema": schema}).encode(), {"Content-Type": "application/vnd.schemaregistry.v1+json"})
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return bool(json.load(answer)["is_compatible"])
    except urllib.error.HTTPError as e:
        raise Refused(f"asking the registry about a schema of {subject}: {e.code} {e.read(500).decode('utf-8', 'replace')}") from e
    except OSError as e:
        raise Refused(f"asking the registry about a schema of {subject} at {registry['url']}: {e}; does it run?") from e
