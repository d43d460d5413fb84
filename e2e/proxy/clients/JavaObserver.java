import java.io.File;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.serialization.*;

/** The loop of JavaClient --mode observe: writes numbers, reads them, and prints one JSON line for whatever happens. */
class JavaObserver {
  private final JavaClient client;
  private final double seconds, interval;
  private final int burst, timeout;
  private final String producer;
  private final JavaShape shape;
  private final String protocol; // of the group
  private final File stop, renew;
  private final long began = System.nanoTime();
  private final AtomicLong sent = new AtomicLong(), acked = new AtomicLong();
  private long received;
  private volatile boolean wrote;
  private volatile double last; // when it wrote or read

  JavaObserver(JavaClient client, Map<String, String> options) {
    this.client = client;
    seconds = Double.parseDouble(options.get("--seconds"));
    interval = Double.parseDouble(options.get("--interval-ms")) / 1e3;
    burst = Integer.parseInt(options.get("--burst"));
    timeout = Integer.parseInt(options.get("--timeout-ms"));
    producer = options.get("--producer");
    shape = new JavaShape(options.get("--values"), Integer.parseInt(options.get("--schema-id")));
    protocol = options.get("--group-protocol");
    renew = new File(options.get("--renew-file"));
    stop = new File(options.get("--stop-file"));
  }

  void run() throws Exception {
    var topic = client.name("observe");
    try {
      client.topic("observe");
    } catch (Exception e) {
      tell("error", "call", "create topic", "error", "" + e.getCause());
    }
    var writer = new Thread(() -> { if (producer.equals("transactional")) writeTransactions(topic); else write(topic); });
    writer.start();
    var own = config(Map.of("group.id", topic, "auto.offset.reset", "earliest", "auto.commit.interval.ms", 300, "group.protocol", protocol,
        "isolation.level", producer.equals("transactional") ? "read_committed" : "read_uncommitted"));
    if (protocol.equals("classic")) own.putAll(Map.of("heartbeat.interval.ms", 500, "session.timeout.ms", 6000)); // with the other one the broker says how often
    while (more()) {
      try (var c = new KafkaConsumer<>(own, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        c.subscribe(List.of(topic));
        while (more() && !renew.delete() && receive(c)) {} // whoever takes the file away leaves, and another one joins
      }
    }
    writer.join();
    tell("end", "sent", sent.get(), "acked", acked.get(), "received", received);
  }

  /** What is acknowledged is read, too, unless it is not to be had. */
  private boolean more() { return !wrote || received < acked.get() && passed() < last + 8; }

  /** Says whether this consumer is of any more use: a batch that it cannot take it gives up only when it is closed. */
  private boolean receive(KafkaConsumer<byte[], byte[]> c) {
    try {
      for (var r : c.poll(Duration.ofMillis(200))) {
        received++;
        last = passed();
        tell("received", "partition", r.partition(), "offset", r.offset(), "value", r.value(), "timestamp", r.timestamp());
      }
    } catch (KafkaException e) {
      tell("error", "call", "consume", "error", e.toString());
      return !("" + e.getMessage()).contains("seek past");
    }
    return true;
  }

  private Map<String, Object> config(Map<String, Object> more) {
    var c = client.config(more);
    c.put("metadata.max.age.ms", 1000);
    if (timeout > 0) c.put("request.timeout.ms", timeout);
    return c;
  }

  private KafkaProducer<String, byte[]> producer(Map<String, Object> more) {
    var c = config(Map.of("acks", "all", "linger.ms", burst > 1 ? 10 : 0, "enable.idempotence", !producer.equals("plain")));
    if (producer.equals("plain")) c.put("max.in.flight.requests.per.connection", 1);
    c.putAll(more);
    return new KafkaProducer<>(c, new StringSerializer(), new ByteArraySerializer());
  }

  /** Numbers to write, some at each interval. */
  private void bursts(Consumer<List<Long>> write) throws InterruptedException {
    for (double due = passed(); passed() < seconds && !stop.exists(); due = Math.max(due + interval, passed() - interval)) {
      var all = new ArrayList<Long>();
      for (int i = 0; i < burst; i++) all.add(sent.getAndIncrement());
      write.accept(all);
      Thread.sleep(Math.max(0, (long) ((due + interval - passed()) * 1e3)));
    }
  }

  private void write(String topic) {
    try (var p = producer(Map.of())) {
      bursts(all -> {
        for (long n : all) {
          double at = passed();
          p.send(record(topic, n), (m, e) -> written(n, at, m, e));
        }
      });
    } catch (InterruptedException | KafkaException e) {
      tell("error", "call", "produce", "error", e.toString());
    }
    wrote = true;
  }

  private void writeTransactions(String topic) {
    var p = new AtomicReference<KafkaProducer<String, byte[]>>();
    try {
      bursts(all -> {
        try {
          if (p.get() == null) {
            p.set(producer(Map.of("transactional.id", topic, "transaction.timeout.ms", 60000)));
            p.get().initTransactions();
          }
          transaction(p.get(), topic, all);
        } catch (KafkaException | ExecutionException | InterruptedException e) {
          tell("error", "call", "transaction", "error", (e instanceof ExecutionException ? e.getCause() : e).toString());
          over(p);
        }
      });
    } catch (InterruptedException e) {
      tell("error", "call", "transaction", "error", e.toString());
    }
    if (p.get() != null) p.get().close();
    wrote = true;
  }

  /** Goes on with the producer, or without it. */
  private void over(AtomicReference<KafkaProducer<String, byte[]>> p) {
    try {
      p.get().abortTransaction();
    } catch (KafkaException | IllegalStateException e) {
      tell("error", "call", "transaction", "error", e.toString());
      p.getAndSet(null).close(Duration.ofSeconds(1));
    }
  }

  /** Writes some numbers and commits them with an offset, as one. */
  private void transaction(KafkaProducer<String, byte[]> p, String topic, List<Long> all) throws ExecutionException, InterruptedException {
    p.beginTransaction();
    double at = passed();
    var sends = new LinkedHashMap<Long, Future<RecordMetadata>>();
    for (long n : all) sends.put(n, p.send(record(topic, n)));
    p.sendOffsetsToTransaction(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(all.get(0))), new ConsumerGroupMetadata(topic + "-tx"));
    p.commitTransaction();
    for (var s : sends.entrySet()) written(s.getKey(), at, s.getValue().get(), null);
  }

  private ProducerRecord<String, byte[]> record(String topic, long n) { return new ProducerRecord<>(topic, "" + n % 10, shape.value(n)); }

  private void written(long n, double at, RecordMetadata m, Exception e) {
    long took = Math.round((passed() - at) * 1e3);
    if (e != null) {
      tell("error", "call", "produce", "n", n, "took_ms", took, "error", e.toString());
      return;
    }
    acked.incrementAndGet();
    last = passed();
    tell("acked", "n", n, "took_ms", took, "partition", m.partition(), "offset", m.offset());
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
