package topic_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// world is a broker with a topic, and somebody else's admin client.
type world struct {
	*testing.T
	cluster *kfake.Cluster
	client  *kgo.Client
	admin   *kadm.Client
	topic   spec.Target
	brokers spec.Target
}

func newWorld(t *testing.T) world {
	t.Helper()
	return worldOf(t, 1, 2)
}

func worldOf(t *testing.T, brokers int, partitions int32) world {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.SeedTopics(partitions, orders))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.MetadataMinAge(10*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return world{
		t, c, cl, kadm.NewClient(cl),
		spec.Target{Topic: &spec.Topic{Brokers: c.ListenAddrs(), Name: orders}},
		spec.Target{Cluster: &spec.Cluster{Brokers: c.ListenAddrs()}},
	}
}

func (w world) plan(d faults.Driver, f spec.Fault, t spec.Target) faults.Receipt {
	w.Helper()
	f.Target = "orders"
	r, err := d.Plan(w.Context(), f, t)
	require.NoError(w, err)
	r.ID, r.Expires = "exp/step", ledger.Boottime()+time.Minute
	return r
}

func (w world) is(d faults.Driver, r faults.Receipt, want faults.Presence) {
	w.Helper()
	got, err := d.Probe(w.Context(), r)
	require.NoError(w, err)
	assert.Equal(w, want, got)
}

// overrides are the settings that the topic itself has.
func (w world) overrides() map[string]string {
	w.Helper()
	all, err := w.admin.DescribeTopicConfigs(w.Context(), orders)
	require.NoError(w, err)
	require.NoError(w, all[0].Err)
	out := map[string]string{}
	for _, c := range all[0].Configs {
		if c.Source.String() == "DYNAMIC_TOPIC_CONFIG" {
			out[c.Key] = c.MaybeValue()
		}
	}
	return out
}

func (w world) setRetention(value string) {
	w.Helper()
	all, err := w.admin.AlterTopicConfigs(w.Context(), []kadm.AlterConfig{{Name: "retention.ms", Value: &value}}, orders)
	require.NoError(w, err)
	require.NoError(w, all[0].Err)
}

func settingsFault(with map[string]string) (topic.Driver, spec.Fault) {
	return driver("topic.settings"), spec.Fault{Kind: "topic.settings", With: with}
}

func TestSettingsComeBackExactly(t *testing.T) {
	w := newWorld(t)
	w.setRetention("5000")
	before := w.overrides()
	d, f := settingsFault(map[string]string{"retention.ms": "1000", "max.message.bytes": "01234"})
	r := w.plan(d, f, w.topic)
	require.NoError(t, d.Inject(t.Context(), r))
	assert.Equal(t, map[string]string{"retention.ms": "1000", "max.message.bytes": "1234"}, w.overrides())
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, w.overrides(), "what had no value of its own has none again")
}

func TestASettingThatSomebodyElseChangedStays(t *testing.T) {
	w := newWorld(t)
	d, f := settingsFault(map[string]string{"retention.ms": "1000", "segment.ms": "2000"})
	r := w.plan(d, f, w.topic)
	require.NoError(t, d.Inject(t.Context(), r))
	w.setRetention("7000")
	w.is(d, r, faults.Present) // the other one is there
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, map[string]string{"retention.ms": "7000"}, w.overrides())
	w.is(d, r, faults.Absent)
}

func TestASettingThatChangedSinceThePlanIsNotBroken(t *testing.T) {
	w := newWorld(t)
	d, f := settingsFault(map[string]string{"retention.ms": "1000"})
	r := w.plan(d, f, w.topic)
	w.setRetention("7000")
	err := d.Inject(t.Context(), r)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "somebody made retention.ms 7000 since")
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, map[string]string{"retention.ms": "7000"}, w.overrides())
}

// TestTwoFaultsOfOneSetting are undone last in, first out; where the first
// one is undone first, it is overtaken and leaves the second alone.
func TestTwoFaultsOfOneSetting(t *testing.T) {
	w := newWorld(t)
	d, one := settingsFault(map[string]string{"retention.ms": "1000"})
	_, two := settingsFault(map[string]string{"retention.ms": "2000"})
	first := w.plan(d, one, w.topic)
	require.NoError(t, d.Inject(t.Context(), first))
	second := w.plan(d, two, w.topic)
	require.NoError(t, d.Inject(t.Context(), second))
	w.is(d, first, faults.Absent)
	w.is(d, second, faults.Present)
	require.NoError(t, d.Rollback(t.Context(), second))
	w.is(d, first, faults.Present)
	require.NoError(t, d.Rollback(t.Context(), first))
	assert.Empty(t, w.overrides())
}

func TestATopicThatIsGoneTookTheFaultAlong(t *testing.T) {
	w := newWorld(t)
	d, f := settingsFault(map[string]string{"retention.ms": "1000"})
	r := w.plan(d, f, w.topic)
	require.NoError(t, d.Inject(t.Context(), r))
	_, err := w.admin.DeleteTopic(t.Context(), orders)
	require.NoError(t, err)
	w.is(d, r, faults.Absent)
	require.NoError(t, d.Rollback(t.Context(), r))
	require.ErrorIs(t, d.Inject(t.Context(), r), faults.ErrRefused)
	// One made anew by that name is another, even if it looks broken.
	_, err = w.admin.CreateTopic(t.Context(), 1, 1, map[string]*string{"retention.ms": new("1000")}, orders)
	require.NoError(t, err)
	w.is(d, r, faults.Absent)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, "1000", w.overrides()["retention.ms"])
}

func TestADamagedReceiptTouchesNothing(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		f    spec.Fault
		on   spec.Target
		keys []string
	}{
		{spec.Fault{Kind: "topic.settings", With: map[string]string{"retention.ms": "1000"}}, w.topic, []string{"was", "set", "brokers"}},
		{spec.Fault{Kind: "cluster.quota", With: map[string]string{"user": "u", "producer_byte_rate": "1"}}, w.brokers, []string{"was", "set", "entity", "brokers"}},
	} {
		d := driver(c.f.Kind)
		r := w.plan(d, c.f, c.on)
		require.NoError(t, d.Inject(t.Context(), r))
		for _, key := range c.keys {
			for _, damage := range []string{"", "{", "{}", "null", `{"segment.ms":"1"}`} {
				bad := r
				bad.Undo = maps.Clone(r.Undo)
				bad.Undo[key] = damage
				require.Error(t, d.Rollback(t.Context(), bad), "%s: %s %q", c.f.Kind, key, damage)
				_, err := d.Probe(t.Context(), bad)
				require.Error(t, err)
				w.is(d, r, faults.Present)
			}
		}
		require.NoError(t, d.Rollback(t.Context(), r))
	}
}

func TestAQuotaComesBackExactly(t *testing.T) {
	w := newWorld(t)
	entity := kadm.ClientQuotaEntity{{Type: "client-id", Name: new("sink")}}
	set := func(key string, value float64) {
		_, err := w.admin.AlterClientQuotas(t.Context(), []kadm.AlterClientQuotaEntry{{Entity: entity, Ops: []kadm.AlterClientQuotaOp{{Key: key, Value: value}}}})
		require.NoError(t, err)
	}
	quotas := func() map[string]float64 {
		out := map[string]float64{}
		all, err := w.admin.DescribeClientQuotas(t.Context(), false, nil)
		require.NoError(t, err)
		for _, q := range all {
			for _, v := range q.Values {
				out[q.Entity.String()+v.Key] = v.Value
			}
		}
		return out
	}
	set("consumer_byte_rate", 5000)
	before := quotas()
	d := driver("cluster.quota")
	r := w.plan(d, spec.Fault{Kind: d.Kind, With: map[string]string{"client_id": "sink", "consumer_byte_rate": "10", "request_percentage": "0.5"}}, w.brokers)
	require.NoError(t, d.Inject(t.Context(), r))
	assert.Len(t, quotas(), 2)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, quotas())

	require.NoError(t, d.Inject(t.Context(), r))
	set("consumer_byte_rate", 7000)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, map[string]float64{"{client-id=sink}consumer_byte_rate": 7000}, quotas(), "what somebody else set stays")
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.setRetention("5000")
	missing := spec.Target{Topic: &spec.Topic{Brokers: w.topic.Topic.Brokers, Name: "nothing"}}
	for name, c := range map[string]struct {
		kind string
		with map[string]string
		on   spec.Target
		want string
	}{
		"no setting":              {"topic.settings", nil, w.topic, "it sets nothing; write a setting"},
		"an unknown setting":      {"topic.settings", map[string]string{"retention": "1"}, w.topic, `no parameter "retention"`},
		"a setting's unit":        {"topic.settings", map[string]string{"retention.ms": "1s"}, w.topic, "without a unit"},
		"what is so already":      {"topic.settings", map[string]string{"retention.ms": "5000"}, w.topic, "retention.ms of topic orders is 5000 already"},
		"the cluster's value":     {"topic.settings", map[string]string{"min.insync.replicas": "1"}, w.topic, "is 1 already"},
		"no topic":                {"topic.settings", map[string]string{"retention.ms": "1"}, missing, "Kafka has no topic nothing"},
		"a quota of nobody":       {"cluster.quota", map[string]string{"producer_byte_rate": "1"}, w.brokers, "nothing says whom it limits"},
		"a quota of nothing":      {"cluster.quota", map[string]string{"user": "u"}, w.brokers, "nothing says what it limits"},
		"a percentage over 100":   {"cluster.quota", map[string]string{"user": "u", "request_percentage": "101"}, w.brokers, "up to 100"},
		"no percentage":           {"cluster.quota", map[string]string{"user": "u", "request_percentage": "NaN"}, w.brokers, "above 0"},
		"nobody else to lead":     {"topic.move_leader", nil, w.topic, "no other replica is in sync"},
		"a partition of another":  {"topic.move_leader", map[string]string{"partition": "7"}, w.topic, "has no partition 7; it has 2"},
		"nowhere to go":           {"topic.reassign", nil, w.topic, "each of the brokers [0] has a replica"},
		"a broker that is none":   {"topic.reassign", map[string]string{"to": "9"}, w.topic, "there is no broker 9; there are [0]"},
		"where it is already":     {"topic.reassign", map[string]string{"to": "0"}, w.topic, "is there already"},
		"a broker twice":          {"topic.reassign", map[string]string{"to": "0,0"}, w.topic, "0 stands twice"},
		"poison of no kind":       {"topic.poison", map[string]string{"what": "arsenic"}, w.topic, "write one of garbage"},
		"another's schema":        {"topic.poison", map[string]string{"schema_id": "4"}, w.topic, "for what: unknown_schema alone"},
		"another's size":          {"topic.poison", map[string]string{"size": "4"}, w.topic, "for what: oversize alone"},
		"more than a topic takes": {"topic.poison", map[string]string{"what": "oversize", "size": "2000000"}, w.topic, "takes no value of 2000000 bytes"},
		"nothing to cut short":    {"topic.poison", map[string]string{"what": "truncated"}, w.topic, "produce one first"},
	} {
		t.Run(name, func(t *testing.T) {
			var d faults.Driver = driver(c.kind)
			if strings.HasSuffix(c.kind, "poison") {
				d = topic.Poison{Dir: t.TempDir()}
			}
			_, err := d.Plan(t.Context(), spec.Fault{Kind: c.kind, Target: "orders", With: c.with}, c.on)
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestKafkaThatIsAwayIsNoAnswer: what nobody can see is neither there nor gone.
func TestKafkaThatIsAwayIsNoAnswer(t *testing.T) {
	w := newWorld(t)
	d, f := settingsFault(map[string]string{"retention.ms": "1000"})
	r := w.plan(d, f, w.topic)
	require.NoError(t, d.Inject(t.Context(), r))
	w.cluster.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	require.Error(t, d.Rollback(ctx, r))
	got, err := d.Probe(ctx, r)
	require.Error(t, err)
	assert.Equal(t, faults.Unseen, got)
}
