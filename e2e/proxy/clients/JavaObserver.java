import java.io.File;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.*;

/** The loop of JavaClient --mode observe: writes numbers, reads them, and prints one JSON line for whatever happens. */
class JavaObserver {
  private final JavaClient client;
  private final double seconds, interval;
  private final File stop;
  private final long began = System.nanoTime();
  private final AtomicLong sent = new AtomicLong(), acked = new AtomicLong();
  private long received;
  private volatile boolean wrote;

  JavaObserver(JavaClient client, Map<String, String> options) {
    this.client = client;
    seconds = Double.parseDouble(options.get("--seconds"));
    interval = Double.parseDouble(options.get("--interval-ms")) / 1e3;
    stop = new File(options.get("--stop-file"));
  }

  void run() throws Exception {
    var topic = client.name("observe");
    try {
      client.topic("observe");
    } catch (Exception e) {
      tell("error", "call", "create topic", "error", "" + e.getCause());
    }
    var writer = new Thread(() -> write(topic));
    writer.start();
    var own = client.config(Map.of("group.id", topic, "auto.offset.reset", "earliest"));
    try (var c = new KafkaConsumer<>(own, new ByteArrayDeserializer(), new StringDeserializer())) {
      c.subscribe(List.of(topic));
      // What is acknowledged is read, too, unless it is not to be had.
      while ((!wrote || received < acked.get()) && passed() < seconds + 30) receive(c);
    }
    writer.join();
    tell("end", "sent", sent.get(), "acked", acked.get(), "received", received);
  }

  private void receive(KafkaConsumer<byte[], String> c) {
    try {
      for (var r : c.poll(Duration.ofMillis(200))) {
        received++;
        tell("received", "partition", r.partition(), "offset", r.offset(), "value", r.value());
      }
    } catch (KafkaException e) {
      tell("error", "call", "consume", "error", e.toString());
    }
  }

  private void write(String topic) {
    var config = client.config(Map.of("acks", "all", "enable.idempotence", true, "linger.ms", 0));
    try (var p = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (double due = passed(); passed() < seconds && !stop.exists(); due += interval) {
        long n = sent.getAndIncrement();
        p.send(new ProducerRecord<>(topic, "" + n % 10, "" + n), (m, e) -> written(n, m, e));
        Thread.sleep(Math.max(0, (long) ((due - passed()) * 1e3)));
      }
    } catch (InterruptedException | KafkaException e) {
      tell("error", "call", "produce", "error", e.toString());
    }
    wrote = true;
  }

  private void written(long n, RecordMetadata m, Exception e) {
    if (e != null) {
      tell("error", "call", "produce", "n", n, "error", e.toString());
      return;
    }
    acked.incrementAndGet();
    tell("acked", "n", n, "partition", m.partition(), "offset", m.offset());
  }

  private double passed() { return (System.nanoTime() - began) / 1e9; }

  private void tell(String event, Object... pairs) {
    var line = new LinkedHashMap<String, Object>();
    line.put("at_ms", Math.round(passed() * 1e3));
    line.put("event", event);
    for (int i = 0; i < pairs.length; i += 2) line.put((String) pairs[i], pairs[i + 1]);
    JavaClient.print(line);
  }
}
