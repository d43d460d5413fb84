import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.*;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.AppInfoParser;

/** Kafka's own client: does the list of ../README.md and prints what it saw, one JSON line a step. */
public class JavaClient {
  static final int RECORDS = 300, MORE = 30, PARTITIONS = 3;
  static final Duration PATIENCE = Duration.ofSeconds(30);
  static final ObjectMapper JSON = new ObjectMapper();

  interface Step { Object run() throws Exception; }
  interface Check { boolean holds() throws Exception; }

  final String prefix;
  final Map<String, Object> common;
  final Admin admin;

  JavaClient(String bootstrap, String prefix) {
    this.prefix = prefix;
    common = Map.of("bootstrap.servers", bootstrap, "client.id", prefix);
    admin = Admin.create(common);
  }

  public static void main(String[] args) throws Exception {
    var o = new HashMap<>(Map.of("--mode", "conform", "--seconds", "10", "--interval-ms", "20", "--stop-file", "",
      "--burst", "1", "--values", "numbers", "--producer", "idempotent", "--timeout-ms", "0"));
    o.putAll(Map.of("--schema-id", "0", "--group-protocol", "classic", "--renew-file", ""));
    for (int i = 0; i + 1 < args.length; i += 2) o.put(args[i], args[i + 1]);
    var c = new JavaClient(o.get("--bootstrap"), o.get("--prefix"));
    if (o.get("--mode").equals("observe")) new JavaObserver(c, o).run();
    else c.steps().forEach(JavaClient::tell);
    c.admin.close();
  }

  static void tell(String step, Step run) {
    var line = new LinkedHashMap<String, Object>(Map.of("step", step));
    try {
      line.put("saw", run.run());
    } catch (Exception e) { // one step that fails must not hide the others
      line.put("error", e.toString());
    }
    print(line);
  }

  static synchronized void print(Object line) {
    try {
      System.out.println(JSON.writeValueAsString(line));
    } catch (Exception e) {
      throw new IllegalStateException("writing a line", e);
    }
  }

  Map<String, Step> steps() {
    var out = new LinkedHashMap<String, Step>();
    out.put("client", () -> "Java " + AppInfoParser.getVersion());
    out.put("brokers", this::cluster);
    for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) out.put("produce " + codec, () -> compressed(codec));
    out.put("transactions", this::transactions);
    out.put("exactly once", this::exactlyOnce);
    out.put("group classic", () -> group("classic"));
    out.put("group consumer", () -> group("consumer"));
    out.put("group share", this::share);
    out.put("admin", this::administer);
    return out;
  }

  String name(String what) { return prefix + "-" + what; }

  String topic(String what, int partitions, Map<String, String> config) throws Exception {
    admin.createTopics(List.of(new NewTopic(name(what), partitions, (short) 3).configs(config))).all().get();
    return name(what);
  }

  String topic(String what) throws Exception { return topic(what, PARTITIONS, Map.of()); }

  Map<String, Object> config(Map<String, Object> more) {
    var out = new HashMap<>(common);
    out.putAll(more);
    return out;
  }

  KafkaProducer<String, String> producer(Map<String, Object> more) {
    var c = config(Map.of("acks", "all", "enable.idempotence", true, "linger.ms", 5));
    c.putAll(more);
    return new KafkaProducer<>(c, new StringSerializer(), new StringSerializer());
  }

  KafkaConsumer<String, String> consumer(String group, Map<String, Object> more) {
    var c = config(Map.of("group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", false, "metadata.max.age.ms", 1000));
    c.putAll(more);
    if (!"consumer".equals(more.get("group.protocol"))) c.put("heartbeat.interval.ms", 500); // otherwise the broker says how often
    return new KafkaConsumer<>(c, new StringDeserializer(), new StringDeserializer());
  }

  List<ConsumerRecord<String, String>> read(String topic, int n, String isolation) {
    try (var c = consumer(name("nobody"), Map.of("isolation.level", isolation))) {
      var all = IntStream.range(0, PARTITIONS).mapToObj(p -> new TopicPartition(topic, p)).toList();
      c.assign(all);
      c.seekToBeginning(all);
      return take(List.of(c), n);
    }
  }

  /** n records, and any that come soon after. */
  static List<ConsumerRecord<String, String>> take(List<KafkaConsumer<String, String>> consumers, int n) {
    var out = new ArrayList<ConsumerRecord<String, String>>();
    for (long end = System.nanoTime() + PATIENCE.toNanos(); System.nanoTime() < end; ) {
      for (var c : consumers) c.poll(Duration.ofMillis(50)).forEach(out::add);
      if (out.size() == n) end = Math.min(end, System.nanoTime() + 300_000_000L);
    }
    return out;
  }

  void produce(String topic, int n, String codec) throws Exception {
    try (var p = producer(Map.of("compression.type", codec))) {
      var sent = new ArrayList<Future<RecordMetadata>>();
      for (int i = 0; i < n; i++) {
        var r = new ProducerRecord<>(topic, "" + i % 10, i + " " + "value ".repeat(20));
        r.headers().add("n", ("" + i).getBytes());
        sent.add(p.send(r));
      }
      for (var s : sent) s.get();
    }
  }

  static List<String> texts(List<ConsumerRecord<String, String>> all) { return all.stream().map(ConsumerRecord::value).sorted().toList(); }

  Object compressed(String codec) throws Exception {
    var topic = topic(codec);
    produce(topic, RECORDS, codec);
    var all = read(topic, RECORDS, "read_uncommitted");
    var last = new HashMap<Integer, Integer>();
    boolean ordered = true;
    for (var r : all) {
      int n = Integer.parseInt(r.value().split(" ")[0]);
      Integer before = last.put(r.partition(), n);
      ordered &= (before == null || n > before) && new String(r.headers().lastHeader("n").value()).equals("" + n);
    }
    return Map.of("received", all.size(), "distinct", new HashSet<>(texts(all)).size(), "ordered", ordered);
  }

  Object transactions() throws Exception {
    var topic = topic("tx");
    try (var p = producer(Map.of("transactional.id", name("tx")))) {
      p.initTransactions();
      for (var batch : List.of("a", "b", "c")) {
        p.beginTransaction();
        for (int i = 0; i < 5; i++) p.send(new ProducerRecord<>(topic, "" + i, batch + i));
        p.flush();
        if (batch.equals("b")) p.abortTransaction();
        else p.commitTransaction();
      }
    }
    return Map.of("committed", texts(read(topic, 10, "read_committed")), "uncommitted", read(topic, 15, "read_uncommitted").size());
  }

  /** Takes what was committed, writes it elsewhere and commits both as one; the first try is aborted. */
  Object exactlyOnce() throws Exception {
    var out = topic("out");
    boolean kept = false;
    for (boolean commit : List.of(false, true)) {
      try (var c = consumer(name("eos"), Map.of("isolation.level", "read_committed")); var p = producer(Map.of("transactional.id", name("eos")))) {
        c.subscribe(List.of(name("tx")));
        p.initTransactions();
        p.beginTransaction();
        for (var r : take(List.of(c), 10)) p.send(new ProducerRecord<>(out, r.key(), "out-" + r.value()));
        var positions = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (var tp : c.assignment()) positions.put(tp, new OffsetAndMetadata(c.position(tp)));
        p.sendOffsetsToTransaction(positions, c.groupMetadata());
        if (commit) p.commitTransaction();
        else p.abortTransaction();
        kept = c.committed(c.assignment()).equals(positions);
      }
    }
    return Map.of("out", texts(read(out, 10, "read_committed")), "committed", kept);
  }

  Object group(String protocol) throws Exception {
    var topic = topic(protocol);
    var group = name(protocol);
    var own = Map.<String, Object>of("group.protocol", protocol);
    var members = List.of(consumer(group, own), consumer(group, own));
    for (var c : members) c.subscribe(List.of(topic));
    until("a group of two", () -> {
      for (var c : members) c.poll(Duration.ofMillis(100));
      return members.stream().noneMatch(c -> c.assignment().isEmpty()) && members.stream().mapToInt(c -> c.assignment().size()).sum() == PARTITIONS;
    });
    produce(topic, RECORDS, "none");
    var all = take(members, RECORDS);
    var seen = new TreeMap<String, Object>(Map.of("received", all.size(), "distinct", new HashSet<>(texts(all)).size()));
    seen.put("members", members.stream().filter(c -> !c.assignment().isEmpty()).count());
    for (var c : members) {
      c.commitSync();
      c.close();
    }
    produce(topic, MORE, "none");
    try (var c = consumer(group, own)) {
      c.subscribe(List.of(topic));
      seen.put("resumed", take(List.of(c), MORE).size());
      c.commitSync();
      var d = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
      seen.put("described", List.of(d.groupState().toString().toLowerCase(), d.members().size()));
    }
    seen.put("listed", listed(group));
    seen.put("committed", admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values().stream().mapToLong(OffsetAndMetadata::offset).sum());
    admin.deleteConsumerGroups(List.of(group)).all().get();
    seen.put("gone", !listed(group));
    return seen;
  }

  boolean listed(String group) throws Exception { return admin.listGroups().all().get().stream().anyMatch(g -> g.groupId().equals(group)); }

  /** A share group (KIP-932), whose fetches carry addresses of their own. */
  Object share() throws Exception {
    var topic = topic("share");
    var group = new ConfigResource(ConfigResource.Type.GROUP, name("share"));
    var earliest = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
    admin.incrementalAlterConfigs(Map.of(group, List.of(earliest))).all().get();
    produce(topic, RECORDS, "none");
    var values = new ArrayList<String>();
    try (var c = new KafkaShareConsumer<>(config(Map.of("group.id", name("share"))), new StringDeserializer(), new StringDeserializer())) {
      c.subscribe(List.of(topic));
      until("all records of a share group", () -> {
        c.poll(Duration.ofMillis(100)).forEach(r -> values.add(r.value()));
        return values.size() >= RECORDS;
      });
      c.commitSync();
    }
    return Map.of("received", values.size(), "distinct", new HashSet<>(values).size());
  }

  Object administer() throws Exception {
    var seen = new TreeMap<String, Object>();
    var topic = topic("admin", 2, Map.of("retention.ms", "60000"));
    var first = new TopicPartition(topic, 0);
    seen.put("again", code(() -> topic("admin")));
    until("a retention", () -> retention(topic).equals("60000"));
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "120000"), AlterConfigOp.OpType.SET)))).all().get();
    until("another retention", () -> retention(topic).equals("120000"));
    seen.put("retention", List.of("60000", "120000"));
    admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(PARTITIONS))).all().get();
    until("a third partition", () -> admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size() == PARTITIONS);
    try (var p = producer(Map.of())) {
      for (int i = 0; i < 5; i++) p.send(new ProducerRecord<>(topic, 0, "", "" + i)).get();
    }
    seen.put("offsets", List.of(offset(first, OffsetSpec.earliest()), offset(first, OffsetSpec.latest())));
    admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(2))).all().get();
    until("records that are gone", () -> offset(first, OffsetSpec.earliest()) == 2);
    seen.put("unknown", code(() -> admin.describeTopics(List.of(name("nothing"))).allTopicNames().get()));
    var entry = new AccessControlEntry("User:a", "*", AclOperation.READ, AclPermissionType.ALLOW);
    var acl = new AclBinding(new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL), entry);
    seen.put("acls", code(() -> admin.createAcls(List.of(acl)).all().get()));
    seen.put("cluster", cluster());
    admin.deleteTopics(List.of(topic)).all().get();
    until("a topic that is gone", () -> !admin.listTopics().names().get().contains(topic));
    return seen;
  }

  Object cluster() throws Exception { return admin.describeCluster().nodes().get().stream().map(n -> n.host() + ":" + n.port()).sorted().toList(); }

  String retention(String topic) throws Exception {
    var r = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return admin.describeConfigs(List.of(r)).all().get().get(r).get("retention.ms").value();
  }

  long offset(TopicPartition tp, OffsetSpec at) throws Exception { return admin.listOffsets(Map.of(tp, at)).all().get().get(tp).offset(); }

  /** Kafka's code of a call's error; 0 for none. */
  static int code(Step call) throws Exception {
    try {
      call.run();
      return 0;
    } catch (ExecutionException e) {
      return Errors.forException(e.getCause()).code();
    }
  }

  /** Waits for something that becomes true: one broker may know later than another, and says so by an error. */
  static void until(String what, Check check) throws Exception {
    Exception last = null;
    for (long end = System.nanoTime() + PATIENCE.toNanos(); System.nanoTime() < end; Thread.sleep(50)) {
      try {
        if (check.holds()) return;
      } catch (ExecutionException e) {
        last = e;
      }
    }
    throw new IllegalStateException(what + " did not come to be", last);
  }
}
