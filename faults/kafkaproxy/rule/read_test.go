package rule_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

// with reads "name=value name=value".
func with(text string) map[string]string {
	out := map[string]string{}
	for pair := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(pair, "=")
		out[name] = value
	}
	return out
}

func TestADocumentsFaultIsRead(t *testing.T) {
	produce, fetch := rule.Where{Direction: rule.Request}, rule.Where{Direction: rule.Response}
	for _, c := range []struct {
		kind, with string
		want       rule.Rule
	}{
		{"kafka.delay", "delay=200ms topic=orders", rule.Rule{
			Where: rule.Where{Topics: []string{"orders"}}, Bytes: &rule.Bytes{Do: rule.Delay, Delay: 200 * time.Millisecond},
		}},
		{"kafka.delay", "delay=1s jitter=1s topic=trades.*,o? partition=0,7 client_id=sink,c-* group=g api=produce,Fetch broker=1,2 direction=response rate=10% first=3 seed=9", rule.Rule{
			Where: rule.Where{
				Topics: []string{"trades.*", "o?"}, Partitions: []int32{0, 7}, Clients: []string{"sink", "c-*"}, Groups: []string{"g"},
				APIs: []int16{0, 1}, Brokers: []int32{1, 2}, Direction: rule.Response,
			},
			Often: often.Often{Rate: 0.1, First: 3, Seed: 9},
			Bytes: &rule.Bytes{Do: rule.Delay, Delay: time.Second, Jitter: time.Second},
		}},
		{"kafka.delay", "delay=10ms p99=200ms every=5", rule.Rule{
			Often: often.Often{Rate: 1, Every: 5}, Bytes: &rule.Bytes{Do: rule.Delay, Delay: 10 * time.Millisecond, P99: 200 * time.Millisecond},
		}},
		{"kafka.bandwidth", "bytes_per_second=1MiB", rule.Rule{Bytes: &rule.Bytes{Do: rule.Bandwidth, PerSecond: 1 << 20}}},
		{"kafka.bandwidth", "bytes_per_second=500KB/s direction=request", rule.Rule{Where: produce, Bytes: &rule.Bytes{Do: rule.Bandwidth, PerSecond: 500_000}}},
		{"kafka.bandwidth", "bytes_per_second=65536", rule.Rule{Bytes: &rule.Bytes{Do: rule.Bandwidth, PerSecond: 65536}}},
		{"kafka.reset", "rate=0", rule.Rule{Often: often.Often{Seed: 0}, Bytes: &rule.Bytes{Do: rule.Reset}}},
		{"kafka.black_hole", "broker=1", rule.Rule{Where: rule.Where{Brokers: []int32{1}}, Bytes: &rule.Bytes{Do: rule.BlackHole}}},
		{"kafka.slow_close", "delay=2s", rule.Rule{Bytes: &rule.Bytes{Do: rule.SlowClose, Delay: 2 * time.Second}}},
		{"kafka.partition", "client_id=sink", rule.Rule{Where: rule.Where{Clients: []string{"sink"}}, Bytes: &rule.Bytes{Do: rule.Partition}}},
		{"kafka.error", "code=not_enough_replicas api=Produce", rule.Rule{
			Where: rule.Where{APIs: []int16{0}}, Protocol: &rule.Protocol{Do: rule.Error, Code: 19, Before: true},
		}},
		{"kafka.error", "code=NOT_LEADER_OR_FOLLOWER when=after api=fetch topic=t", rule.Rule{
			Where: rule.Where{APIs: []int16{1}, Topics: []string{"t"}}, Protocol: &rule.Protocol{Do: rule.Error, Code: 6},
		}},
		{"kafka.error", "code=-1 api=EndTxn", rule.Rule{Where: rule.Where{APIs: []int16{26}}, Protocol: &rule.Protocol{Do: rule.Error, Code: -1, Before: true}}},
		{"kafka.lost_ack", "", rule.Rule{Where: rule.Where{APIs: []int16{0}}, Protocol: &rule.Protocol{Do: rule.LostAck}}},
		{"kafka.lost_ack", "how=code code=7 api=OffsetCommit", rule.Rule{
			Where: rule.Where{APIs: []int16{8}}, Protocol: &rule.Protocol{Do: rule.LostAck, How: rule.ByCode, Code: 7},
		}},
		{"kafka.lost_ack", "how=silence", rule.Rule{Where: rule.Where{APIs: []int16{0}}, Protocol: &rule.Protocol{Do: rule.LostAck, How: rule.BySilence}}},
		{"kafka.stale_metadata", "how=wrong_leader topic=t", rule.Rule{
			Where: rule.Where{Topics: []string{"t"}}, Protocol: &rule.Protocol{Do: rule.StaleMetadata, Stale: rule.WrongLeader},
		}},
		{"kafka.throttle", "time=2s api=Produce", rule.Rule{Where: rule.Where{APIs: []int16{0}}, Protocol: &rule.Protocol{Do: rule.Throttle, Time: 2 * time.Second}}},
		{"kafka.move_coordinator", "group=g", rule.Rule{Where: rule.Where{Groups: []string{"g"}}, Protocol: &rule.Protocol{Do: rule.MoveCoordinator}}},
		{"kafka.disconnect", "", rule.Rule{Protocol: &rule.Protocol{Do: rule.Disconnect, At: 0.5}}},
		{"kafka.disconnect", "at=100%", rule.Rule{Protocol: &rule.Protocol{Do: rule.Disconnect, At: 1}}},
		{"kafka.drop", "", rule.Rule{Where: fetch, Records: &rule.Records{Do: rule.Drop}}},
		{"kafka.drop", "direction=produce", rule.Rule{Where: produce, Records: &rule.Records{Do: rule.Drop}}},
		{"kafka.hold", "delay=3s", rule.Rule{Where: fetch, Records: &rule.Records{Do: rule.Hold, Delay: 3 * time.Second}}},
		{"kafka.swap_values", "", rule.Rule{Where: fetch, Records: &rule.Records{Do: rule.SwapValues}}},
		{"kafka.reorder", "", rule.Rule{Where: produce, Records: &rule.Records{Do: rule.Reorder}}},
		{"kafka.duplicate", "direction=produce", rule.Rule{Where: produce, Records: &rule.Records{Do: rule.Duplicate}}},
		{"kafka.corrupt", "type=price_value_swap", rule.Rule{Where: fetch, Corrupt: &rule.Corrupt{Do: rule.FieldSwap, Fields: []string{"price", "quantity"}, Bit: -1}}},
		{"kafka.corrupt", "type=field_swap fields=a.b,c direction=produce format=json", rule.Rule{
			Where: produce, Corrupt: &rule.Corrupt{Do: rule.FieldSwap, Fields: []string{"a.b", "c"}, Bit: -1, Format: rule.JSON},
		}},
		{"kafka.corrupt", "type=bit_flip bit=12 crc=broken", rule.Rule{Where: fetch, Corrupt: &rule.Corrupt{Do: rule.BitFlip, Bit: 12, BrokenCRC: true}}},
		{"kafka.corrupt", "type=timestamp_shift by=-1h", rule.Rule{Where: fetch, Corrupt: &rule.Corrupt{Do: rule.TimestampShift, By: -time.Hour, Bit: -1}}},
		{"kafka.corrupt", "type=wrong_type fields=price format=avro registry=http://r:8081/a", rule.Rule{
			Where: fetch, Corrupt: &rule.Corrupt{Do: rule.WrongType, Fields: []string{"price"}, Bit: -1, Format: rule.Avro, Registry: "http://r:8081/a"},
		}},
	} {
		t.Run(c.kind+" "+c.with, func(t *testing.T) {
			got, err := rule.Read("e/s", c.kind, with(c.with))
			require.NoError(t, err)
			c.want.ID, c.want.Fault = "e/s", c.kind
			if c.want.Often == (often.Often{}) && !strings.Contains(c.with, "rate=0") {
				c.want.Often = often.Always()
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// TestErrorsMeetWhatCarriesThem: with a topic, only requests that name topics.
func TestErrorsMeetWhatCarriesThem(t *testing.T) {
	all, err := rule.Read("r", "kafka.error", with("code=7"))
	require.NoError(t, err)
	assert.Subset(t, all.Where.APIs, []int16{0, 1, 3, 8, 10, 26})
	assert.NotContains(t, all.Where.APIs, int16(18), "ApiVersions is the proxy's own affair")
	some, err := rule.Read("r", "kafka.error", with("code=7 topic=t"))
	require.NoError(t, err)
	assert.Subset(t, some.Where.APIs, []int16{0, 1, 3, 8})
	assert.NotContains(t, some.Where.APIs, int16(10))
}

func TestAFaultIsRefusedWithWhatToWrite(t *testing.T) {
	for _, c := range []struct{ kind, with, want string }{
		{"kafka.dely", "", `a Kafka proxy has no fault "kafka.dely": did you mean kafka.delay?`},
		{"kafka.delay", "", "delay is missing: write delay: 200ms"},
		{"kafka.delay", "delay=200", "write a number and a unit"},
		{"kafka.delay", "delay=1us", "write 1ms to 1h0m0s"},
		{"kafka.delay", "delay=2h", "write 1ms to 1h0m0s"},
		{"kafka.delay", "delay=2s p99=1s", "p99 1s is shorter than delay, the median: write 2s or more"},
		{"kafka.delay", "delay=2s jitter=3s", "delay 2s is shorter than jitter"},
		{"kafka.delay", "delay=2s jitter=1s p99=4s", "write one of them"},
		{"kafka.delay", "delay=2s rate=0.1 every=3", "rate and every are two answers to how often"},
		{"kafka.delay", "delay=2s rate=1.1", "write a share from 0 to 1"},
		{"kafka.delay", "delay=2s rate=NaN", "write a share from 0 to 1"},
		{"kafka.delay", "delay=2s every=0", "write a whole number from 1 on"},
		{"kafka.delay", "delay=2s topic=a,,b", "a name is empty"},
		{"kafka.delay", "delay=2s topic=[a", "write a name, or * and ?"},
		{"kafka.delay", "delay=2s partition=-1", "write a whole number from 0 on"},
		{"kafka.delay", "delay=2s api=Prodice", "did you mean Produce?"},
		{"kafka.delay", "delay=2s api=Heartbeat topic=t", "Heartbeat carries no topic"},
		{"kafka.delay", "delay=2s direction=produce", "write one of both, request, response"},
		{"kafka.delay", "delay=2s seed=-1", "write a whole number from 0 on"},
		{"kafka.delay", "delay=2s late=1s", `has no parameter "late": write one of delay, jitter, p99, topic`},
		{"kafka.bandwidth", "bytes_per_second=0B", "such as 1MiB or 500KB"},
		{"kafka.bandwidth", "bytes_per_second=1MM", "such as 1MiB or 500KB"},
		{"kafka.bandwidth", "bytes_per_second=9e99GB", "such as 1MiB or 500KB"},
		{"kafka.slow_close", "delay=2s topic=t", "a close belongs to no request"},
		{"kafka.partition", "", "client_id is missing: write client_id: sink"},
		{"kafka.partition", "client_id=sink rate=0.1", "a partition is there or not"},
		{"kafka.error", "api=Produce", "code is missing: write code: NOT_ENOUGH_REPLICAS"},
		{"kafka.error", "code=0", "is no error"},
		{"kafka.error", "code=NOT_ENOUGH_REPLICA", "did you mean NOT_ENOUGH_REPLICAS?"},
		{"kafka.error", "code=99999", "no error code of Kafka"},
		{"kafka.error", "code=7 api=ApiVersions", "it means nothing to ApiVersions: write some of Produce, Fetch"},
		{"kafka.error", "code=7 when=later", "write one of before, after"},
		{"kafka.error", "code=7 direction=request", "it is an answer, which goes one way"},
		{"kafka.error", "code=7 topic=t api=EndTxn", "EndTxn carries no topic"},
		{"kafka.lost_ack", "api=Fetch", "it means nothing to Fetch: write some of Produce, OffsetCommit"},
		{"kafka.lost_ack", "how=code", "code is missing"},
		{"kafka.lost_ack", "code=7", "code is of how: code alone"},
		{"kafka.stale_metadata", "api=Metadata", "metadata alone tells leaders"},
		{"kafka.throttle", "", "time is missing"},
		{"kafka.throttle", "time=1s api=SaslHandshake", "it means nothing to SaslHandshake"},
		{"kafka.move_coordinator", "topic=t", "a coordinator has no topic"},
		{"kafka.disconnect", "at=2", "write a share from 0 to 1"},
		{"kafka.drop", "direction=both", "write one of produce, fetch"},
		{"kafka.drop", "direction=request", "write one of produce, fetch"},
		{"kafka.drop", "api=Fetch", "write direction: produce or direction: fetch"},
		{"kafka.hold", "", "delay is missing"},
		{"kafka.swap_values", "direction=produce", "write kafka.reorder"},
		{"kafka.reorder", "direction=fetch", "write kafka.swap_values"},
		{"kafka.duplicate", "direction=fetch", "clients skip a record that they have seen"},
		{"kafka.corrupt", "", "type is missing: write type: one of field_swap"},
		{"kafka.corrupt", "type=swap", "write one of field_swap, price_value_swap"},
		{"kafka.corrupt", "type=field_swap", "write fields: price,quantity"},
		{"kafka.corrupt", "type=field_swap fields=a,a", "changes nothing"},
		{"kafka.corrupt", "type=field_swap fields=a..b,c", "with dots between the levels"},
		{"kafka.corrupt", "type=field_swap fields=a,b format=raw", "needs to read the value"},
		{"kafka.corrupt", "type=wrong_type", "write fields: price"},
		{"kafka.corrupt", "type=truncate fields=a", "it is about no field"},
		{"kafka.corrupt", "type=truncate crc=broken", "crc means nothing to type truncate"},
		{"kafka.corrupt", "type=bit_flip format=json", "format means nothing to type bit_flip"},
		{"kafka.corrupt", "type=timestamp_shift", "by is missing"},
		{"kafka.corrupt", "type=timestamp_shift by=1ns", "in milliseconds"},
		{"kafka.corrupt", "type=null_value registry=r:1", "it is no URL of a registry"},
	} {
		t.Run(c.kind+" "+c.with, func(t *testing.T) {
			got, err := rule.Read("r", c.kind, with(c.with))
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
			assert.Zero(t, got)
		})
	}
}

func TestAllThatIsWrongIsTold(t *testing.T) {
	_, err := rule.Read("r", "kafka.delay", with("delay=x rate=x nothing=x"))
	require.ErrorContains(t, err, "parameter delay")
	require.ErrorContains(t, err, "parameter rate")
	require.ErrorContains(t, err, `"nothing"`)
	_, err = rule.Read("r", "kafka.error", with("rate=0.1 every=2"))
	require.ErrorContains(t, err, "code is missing")
	require.ErrorContains(t, err, "rate and every")
}

// TestTheTableHoldsTogether: what a kind says of itself is what Read takes.
func TestTheTableHoldsTogether(t *testing.T) {
	kinds := rule.Kinds()
	assert.True(t, slices.IsSortedFunc(kinds, func(a, b faults.Kind) int { return strings.Compare(a.Name, b.Name) }))
	assert.Len(t, kinds, 18)
	for _, k := range kinds {
		assert.NotEmpty(t, k.Summary, k.Name)
		seen := map[string]bool{}
		for _, p := range k.Parameters {
			assert.False(t, seen[p.Name], "%s has %s twice", k.Name, p.Name)
			seen[p.Name] = true
			assert.NotEmpty(t, p.Summary, "%s %s", k.Name, p.Name)
			assert.Empty(t, k.Without[p.Name], "%s has %s and lacks it", k.Name, p.Name)
			if p.Default != "" {
				require.NoError(t, p.Check(p.Default), "%s %s", k.Name, p.Name)
			}
			require.Error(t, p.Check(""), "%s takes an empty %s", k.Name, p.Name)
		}
	}
}
