package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// connect is the Apache Iceberg sink of Kafka Connect, one worker of its own.
func (b *bench) connect(dir, topic, table string) engine {
	return engine{name: "peer: Apache Iceberg sink of Kafka Connect", table: table, commits: coordinated, within: projectWithin, start: func(context.Context) (*child, error) {
		files := map[string]string{
			"worker.properties": b.connectWorker(dir),
			"sink.properties":   b.connectSink(topic, table),
			"log4j2.properties": connectLog,
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				return nil, fmt.Errorf("writing the settings of the peer: %w", err)
			}
		}
		return launch("Kafka Connect", filepath.Join(dir, "connect.log"), "java", "-Xms512m", "-Xmx1g", "-XX:+UseSerialGC",
			"-Dlog4j2.configurationFile="+filepath.Join(dir, "log4j2.properties"), "-cp", filepath.Join(b.peers, "connect", "*"),
			"org.apache.kafka.connect.cli.ConnectStandalone", filepath.Join(dir, "worker.properties"), filepath.Join(dir, "sink.properties"))
	}}
}

// connectWorker asks tasks for their commits once a second: a task that waits
// for records answers no sooner.
func (b *bench) connectWorker(dir string) string {
	return lines(
		"bootstrap.servers="+strings.Join(b.brokers, ","),
		"key.converter=org.apache.kafka.connect.storage.StringConverter",
		"value.converter=org.apache.kafka.connect.json.JsonConverter",
		"value.converter.schemas.enable=false",
		"offset.storage.file.filename="+filepath.Join(dir, "connect.offsets"),
		"listeners=http://127.0.0.1:0",
		"plugin.discovery=service_load",
		"offset.flush.interval.ms=1000",
		"consumer.max.poll.records=5000",
		"consumer.auto.offset.reset=earliest",
	)
}

func (b *bench) connectSink(topic, table string) string {
	return lines(
		"name=bench-"+table,
		"connector.class=org.apache.iceberg.connect.IcebergSinkConnector",
		fmt.Sprint("tasks.max=", b.tasks),
		"topics="+topic,
		"iceberg.tables="+benchNamespace+"."+table,
		"iceberg.tables.auto-create-enabled=true",
		"iceberg.control.topic="+controlTopic,
		fmt.Sprint("iceberg.control.commit.interval-ms=", connectInterval.Milliseconds()),
		"iceberg.catalog.type=rest",
		"iceberg.catalog.uri="+b.shelf.Catalog,
		"iceberg.catalog.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
		"iceberg.catalog.s3.endpoint="+b.shelf.S3,
		"iceberg.catalog.s3.access-key-id="+b.shelf.Key,
		"iceberg.catalog.s3.secret-access-key="+b.shelf.Secret,
		"iceberg.catalog.s3.path-style-access=true",
		"iceberg.catalog.client.region=us-east-1",
	)
}

const (
	controlTopic    = "control-iceberg"
	connectInterval = 5 * time.Second
	connectLog      = `status=error
rootLogger.level=info
appender.c.type=Console
appender.c.name=c
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d{UNIX_MILLIS} %m%n
rootLogger.appenderRef.c.ref=c
`
)

// coordinated reads how long the sink's commits took: from when its coordinator
// asks the tasks for what they have written until that is in the table.
func coordinated(log string) (out spread, err error) {
	begun := map[string]int64{}
	commits := regexp.MustCompile(`^(\d+) .* (initiated|completed) commit ([0-9a-f-]{36})(, committed to [1-9])?`)
	err = eachLine(log, func(line string) error {
		m := commits.FindStringSubmatch(line)
		if m == nil {
			return nil
		}
		at, err := strconv.ParseInt(m[1], 10, 64)
		switch {
		case m[2] == "initiated":
			begun[m[3]] = at
		case m[4] != "":
			out = append(out, time.Duration(at-begun[m[3]])*time.Millisecond)
		}
		return err
	})
	return out, err
}

func lines(all ...string) string { return strings.Join(all, "\n") + "\n" }
