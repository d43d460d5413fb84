"""How the rows of any engine are written down: as text, the same for the same value."""

import datetime
import decimal
import time


def cell(value):
    """One value as text. Nine digits of a double: engines add and interpolate in an order of their own."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "%.9g" % value
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return value.isoformat() + "Z"
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return str(value)


def result(name, ask):
    """The result of one query; ask returns its columns and rows. What it raises is the result, too."""
    began = time.monotonic()
    try:
        columns, rows = ask()
        said = {"columns": list(columns), "rows": [[cell(v) for v in row] for row in rows]}
    except Exception as e:  # whatever it is, the next query may do better
        # An engine's plans and suggestions, which come in further lines, help nobody here.
        first = (str(e).splitlines() or [""])[0]
        said = {"error": f"{type(e).__name__}: {first}"}
    return {"name": name, "seconds": time.monotonic() - began} | said
