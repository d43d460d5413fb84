"""How a number is written as a value: alone, or as a trade in Confluent's framing. ../shape_test.go is the same in Go."""

import struct

TRADED_AT = 1767323045000  # 2026-01-02T03:04:05Z


def value(args, n):
    if args.values == "numbers":
        return str(n).encode()
    frame = struct.pack(">bI", 0, args.schema_id)
    if args.values == "avro":
        return frame + varint(2 * n) + struct.pack("<dd", n + 1.5, n + 2) + varint(2 * TRADED_AT)
    if args.values == "protobuf":  # the first message of its file
        return frame + b"\0\x08" + varint(n) + struct.pack("<bdbd", 0x11, n + 1.5, 0x19, n + 2) + b"\x20" + varint(TRADED_AT)
    return frame + f'{{"n": {n}, "price": {n + 1}.5, "quantity": {n + 2}, "at": "2026-01-02T03:04:05Z"}}'.encode()


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])
