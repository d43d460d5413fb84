package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/spec"
)

func TestGivenServersBecomeTargetsByTheirAddresses(t *testing.T) {
	dir := t.TempDir()
	for name, addr := range map[string]string{"kafka-a": "127.0.0.1:1", "kafka-b": "127.0.0.1:2", "registry": "127.0.0.1:4", "s3": "127.0.0.1:5"} {
		require.NoError(t, process.Record{Name: name, Addr: addr}.Write(filepath.Join(dir, name+".json")))
	}
	f := givenFlags{kafka: "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", registry: "http://127.0.0.1:4/apis/ccompat/v7/", lower: "global", records: dir}
	require.NoError(t, f.check())
	given, err := f.find(settings.Lake{Kind: "rest", URI: "http://127.0.0.1:6", Properties: map[string]string{"s3.endpoint": "http://127.0.0.1:5"}})
	require.NoError(t, err)
	p := k2.Platform(k2.Addresses{Kafka: f.kafka, Given: given})

	assert.Equal(t, []spec.TargetName{"kafka-a", "kafka-b", "kafka-3"}, p.Targets["kafka"].Members)
	assert.Equal(t, filepath.Join(dir, "kafka-b.json"), p.Targets["kafka-b"].Process.Record)
	assert.Nil(t, p.Targets["kafka-3"].Process, "nobody recorded it, so nobody can break it")
	assert.Equal(t, "http://127.0.0.1:4/apis/ccompat/v7/subjects", p.Services["schema_registry"].HTTP)
	assert.Equal(t, filepath.Join(dir, "s3.json"), p.Targets["store"].Process.Record)
	assert.Equal(t, "http://127.0.0.1:6/v1/config", p.Targets["catalog"].Health.HTTP)
	assert.Len(t, p.Books["trades"].Brokers, 3)
	assert.Equal(t, spec.WatchedKind, p.Targets["kafka-3"].Kind())
	assert.Equal(t, &spec.Registry{URL: "http://127.0.0.1:4/apis/ccompat/v7", Subject: k2.TradesTopic + "-value", Lower: "global"}, p.Targets["trades-subject"].Registry)
	topic, _ := p.Target("trades-topic")
	assert.Equal(t, p.Kafka, topic.Topic.Brokers)

	written, err := json.Marshal(p)
	require.NoError(t, err)
	_, problems := spec.ParsePlatform(written)
	require.Empty(t, problems, "who reads the description takes it")

	one := givenFlags{kafka: "127.0.0.1:1", records: dir}
	given, err = one.find(settings.Lake{Kind: "sql"})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "kafka-a.json"), k2.Platform(k2.Addresses{Kafka: one.kafka, Given: given}).Targets["kafka"].Process.Record)

	_, err = (&givenFlags{records: t.TempDir()}).find(settings.Lake{})
	require.ErrorContains(t, err, "there are none")
	require.ErrorContains(t, (&givenFlags{registry: "127.0.0.1:4"}).check(), "write its URL")
	require.ErrorContains(t, (&givenFlags{registry: "http://127.0.0.1:4", lower: "all"}).check(), "write subject or global")
	require.ErrorContains(t, (&givenFlags{lower: "global"}).check(), "name it with --registry")
}
