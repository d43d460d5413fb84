package chaostest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/chaostest"
	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	keepType    = "io.faultline.command.experiment.keep.v1"
	endStepType = "io.faultline.command.step.end.v1"
	abortType   = "io.faultline.command.experiment.abort.v1"
)

func TestLeavingRollsBackLastInFirstOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, cfg := start(t, nil)
		s.run(func() {
			c := chaostest.New(s, cfg)
			c.StopKafkaBroker("kafka")
			c.CreateNetworkPartition("ingestion-service", "storage-service", 0)
			require.True(t, c.Active())
		})
		assert.Empty(t, s.errors)
		assert.Equal(t, []string{"inject kafka", "inject wire", "undo wire", "undo kafka"}, p.did)
	})
}

func TestADocumentStaysUntilItIsEndedAndIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, cfg := start(t, nil)
		cfg.Lease, cfg.Timeout = spec.Duration(6*time.Second), spec.Duration(time.Minute)
		s.run(func() {
			f := chaostest.New(s, cfg).ConsumeMemory("ingestion-service", 90)
			assert.Zero(t, f.Document.Steps[0].For)
			assert.Equal(t, spec.Fault{Kind: "memory.fill", Target: "ingestion", With: map[string]string{"to": "90%"}}, f.Document.Steps[0].Fault)
			assert.Equal(t, spec.Limits{MaxFaultLife: cfg.Timeout, RecoveryTimeout: cfg.Timeout, PublisherLease: cfg.Lease}, f.Document.Limits)
			assert.Equal(t, []string{"kafka"}, f.Document.Hypothesis.Healthy)
			assert.Len(t, f.Document.Triggers, 2, "of the methodology's three the platform has two metrics")
			time.Sleep(6*time.Second + time.Millisecond)
			assert.Len(t, p.commands(keepType), 6, "a sixth of the lease apart")
		})
		kept := len(p.commands(keepType))
		time.Sleep(time.Minute)
		assert.Len(t, p.commands(keepType), kept, "nothing is said after the end")
	})
}

func TestADurationEndsTheFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, cfg := start(t, nil)
		s.run(func() {
			c := chaostest.New(s, cfg)
			c.SaturateCPU("ingestion-service", 30*time.Second)
			time.Sleep(29 * time.Second)
			assert.True(t, c.Active())
			time.Sleep(2 * time.Second)
			assert.False(t, c.Active())
		})
		assert.Len(t, p.commands(endStepType), 1, "leaving does not end it again")
		assert.Empty(t, s.errors)
	})
}

func TestTheMethodologysPairsEndWhatTheyBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, cfg := start(t, nil)
		s.run(func() {
			c := chaostest.New(s, cfg)
			c.StopKafkaBroker("kafka")
			c.StartKafkaBroker("kafka")
			f := c.EnableDataCorruption("kafka_to_iceberg", 0.1, "price_value_swap")
			assert.Equal(t, map[string]string{"type": "price_value_swap", "rate": "10%", "direction": "fetch", "topic": "trades"}, f.Document.Steps[0].Fault.With)
			c.DisableDataCorruption("kafka_to_iceberg")
			c.ConsumeMemory("ingestion", 80)
			c.ReleaseMemory("ingestion")
			assert.False(t, c.Active())
			c.ReleaseMemory("kafka")
		})
		assert.Equal(t, []string{"inject kafka", "undo kafka", "inject kafka-proxy", "undo kafka-proxy", "inject ingestion", "undo ingestion"}, p.did)
		require.Len(t, s.errors, 1)
		assert.Contains(t, s.errors[0], "this context did not inject it")
	})
}

func TestATestThatFailsRollsBackToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, cfg := start(t, nil)
		s.run(func() {
			chaostest.New(s, cfg).StopKafkaBroker("kafka")
			s.Fatalf("as the test says")
		})
		assert.Equal(t, []string{"as the test says"}, s.errors)
		assert.Equal(t, []string{"inject kafka", "undo kafka"}, p.did)
	})
}

func TestWhatGoesWrongIsToldByTheTest(t *testing.T) {
	for name, c := range map[string]struct {
		world world
		want  string
	}{
		"denied": {func(s experiment.State) commands.Command {
			if s.Phase == experiment.Scheduled {
				return commands.Deny{Reasons: []string{"not here"}}
			}
			return nil
		}, "denied: not here"},
		"no injection": {func(s experiment.State) commands.Command {
			if s.Phase == experiment.Injecting {
				return commands.ReportInjectionFailed{Step: "fault", Why: "no such process"}
			}
			return nil
		}, "the fault is not there: no such process"},
		"a broken baseline": {func(s experiment.State) commands.Command {
			if s.Phase == experiment.Baselining {
				return commands.CompleteBaseline{Windows: 2, Broken: 2}
			}
			return nil
		}, "the experiment ended before"},
		"stuck": {func(s experiment.State) commands.Command {
			if s.Phase == experiment.RollingBack {
				return commands.ReportStuck{Step: "fault", Why: "no right", Manual: "kill -CONT 1"}
			}
			return nil
		}, "cannot be undone: no right; run by hand: kill -CONT 1"},
		"no recovery": {func(s experiment.State) commands.Command {
			if s.Phase == experiment.Recovering {
				return commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Why: "query is not healthy"}}
			}
			return nil
		}, "the system failed to recover"},
		"a trigger": {func(s experiment.State) commands.Command {
			if s.Phase == experiment.Injected && s.Trigger == nil {
				return commands.Trigger{RollbackTriggered: events.RollbackTriggered{Rule: "error_rate > 0.20", Answer: events.Holds}}
			}
			return nil
		}, "rollback_trigger: error_rate > 0.20 was true"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _, cfg := start(t, c.world)
				s.run(func() { chaostest.New(s, cfg).StopKafkaBroker("kafka") })
				require.NotEmpty(t, s.errors)
				assert.Contains(t, s.errors[0], c.want)
			})
		})
	}
}

func TestAFaultThatNobodySawIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, cfg := start(t, nil)
		quiet := mute{p}
		cfg.Pipeline = quiet
		s.run(func() { chaostest.New(s, cfg).StopKafkaBroker("kafka") })
		require.NotEmpty(t, s.errors)
		assert.Contains(t, s.errors[0], "no answer within 20s; does the pipeline run?")
		assert.Equal(t, abortType, quiet.last(), "it is kept no longer")
	})
}
