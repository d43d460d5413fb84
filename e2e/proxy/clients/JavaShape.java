import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** How a number is written as a value: alone, or as a trade in Confluent's framing. ../shape_test.go is the same in Go. */
record JavaShape(String values, int schema) {
  private static final long TRADED_AT = 1767323045000L; // 2026-01-02T03:04:05Z

  byte[] value(long n) {
    var out = ByteBuffer.allocate(128);
    if (!values.equals("numbers")) out.put((byte) 0).putInt(schema);
    out.order(ByteOrder.LITTLE_ENDIAN);
    switch (values) {
      case "avro" -> varint(varint(out, 2 * n).putDouble(n + 1.5).putDouble(n + 2), 2 * TRADED_AT);
      case "protobuf" -> { // the first message of its file
        varint(out.put((byte) 0).put((byte) 0x08), n).put((byte) 0x11).putDouble(n + 1.5).put((byte) 0x19).putDouble(n + 2);
        varint(out.put((byte) 0x20), TRADED_AT);
      }
      case "json" -> out.put(text("{\"n\": " + n + ", \"price\": " + (n + 1) + ".5, \"quantity\": " + (n + 2) + ", \"at\": \"2026-01-02T03:04:05Z\"}"));
      default -> out.put(text("" + n));
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  private static ByteBuffer varint(ByteBuffer out, long n) {
    for (; n > 127; n >>= 7) out.put((byte) (n & 127 | 128));
    return out.put((byte) n);
  }

  private static byte[] text(String s) { return s.getBytes(StandardCharsets.UTF_8); }
}
