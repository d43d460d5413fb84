package faults_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/k2-platform/faultline/faults"
)

// answers is a driver whose probe gives one answer after the other.
type answers struct {
	faults.Driver
	list  []faults.Presence
	fails error
	asked int
}

func (a *answers) Probe(context.Context, faults.Receipt) (faults.Presence, error) {
	a.asked++
	if a.asked <= len(a.list) {
		return a.list[a.asked-1], nil
	}
	return faults.Unseen, a.fails
}

func TestAwaitWaitsForThePresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &answers{list: []faults.Presence{faults.Unseen, faults.Absent, faults.Present}}
		if err := faults.Await(t.Context(), d, faults.Receipt{}, faults.Present); err != nil || d.asked != 3 {
			t.Errorf("asked %d times, %v; want 3", d.asked, err)
		}
	})
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("no probe")
		d := &answers{fails: broken}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := faults.Await(ctx, d, faults.Receipt{Kind: "k", Target: "x"}, faults.Absent)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, broken) || !strings.Contains(err.Error(), "k on x") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("it took %s, want 1m0s", took)
		}
		if d.asked > 300 {
			t.Errorf("asked %d times in a minute: no backoff", d.asked)
		}
	})
}

func TestWhatNobodySetIsNotTrusted(t *testing.T) {
	var p faults.Presence
	var k faults.Kind
	if p != faults.Unseen || k.Risk != faults.Dangerous {
		t.Errorf("zero values are %s and %s", p, k.Risk)
	}
}
