package bytarget_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/bytarget"
	"github.com/k2-platform/faultline/spec"
)

// called is a driver that answers everything with its own name.
type called string

func (c called) Error() string { return "by " + string(c) }

func (c called) Plan(context.Context, spec.Fault, spec.Target) (faults.Receipt, error) {
	return faults.Receipt{ID: "r", Undo: map[string]string{"by": string(c)}}, nil
}
func (c called) Inject(context.Context, faults.Receipt) error   { return c }
func (c called) Rollback(context.Context, faults.Receipt) error { return c }
func (c called) Probe(context.Context, faults.Receipt) (faults.Presence, error) {
	return faults.Present, c
}

// kept is one whose faults are to be kept, and leave something.
type kept struct{ called }

func (k kept) Keep(context.Context, faults.Receipt) error { return k.called }
func (kept) KeepEvery() time.Duration                     { return time.Second }
func (kept) Stays(context.Context, faults.Receipt) ([]string, error) {
	return []string{"an id"}, nil
}

func network() spec.Target { return spec.Target{Network: &spec.Network{}} }
func link() spec.Target    { return spec.Target{Link: &spec.Link{}} }

func both() bytarget.Driver {
	return bytarget.Driver{spec.NetworkKind: kept{"network"}, spec.LinkKind: called("link")}
}

func TestAReceiptGoesToTheDriverThatMadeIt(t *testing.T) {
	d := both()
	for name, target := range map[string]spec.Target{"network": network(), "link": link()} {
		r, err := d.Plan(t.Context(), spec.Fault{Kind: "f"}, target)
		require.NoError(t, err)
		assert.Equal(t, name, r.Undo["by"])
		require.ErrorIs(t, d.Inject(t.Context(), r), called(name))
		require.ErrorIs(t, d.Rollback(t.Context(), r), called(name))
		_, err = d.Probe(t.Context(), r)
		require.ErrorIs(t, err, called(name))
	}
}

func TestAReceiptOfBeforeThereWereOthersIsOfTheFirst(t *testing.T) {
	r, err := both().Plan(t.Context(), spec.Fault{Kind: "f"}, network())
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"by": "network"}, r.Undo, "such a receipt is written to this day")
	require.ErrorIs(t, both().Rollback(t.Context(), faults.Receipt{ID: "old"}), called("network"))
	processes := bytarget.Driver{spec.ProcessKind: called("process"), spec.ContainerKind: called("container")}
	require.ErrorIs(t, processes.Rollback(t.Context(), faults.Receipt{ID: "old"}), called("process"))
}

func TestOnlyWhatIsToBeKeptIsKept(t *testing.T) {
	d := both()
	assert.Equal(t, time.Second, d.KeepEvery(), "the shortest")
	r, err := d.Plan(t.Context(), spec.Fault{}, link())
	require.NoError(t, err)
	require.NoError(t, d.Keep(t.Context(), r))
	assert.Empty(t, faults.Stays(t.Context(), d, r))
	require.ErrorIs(t, d.Keep(t.Context(), faults.Receipt{}), called("network"))
	assert.Equal(t, []string{"an id"}, faults.Stays(t.Context(), d, faults.Receipt{}))
}

func TestAKindThatNobodyBreaksIsRefused(t *testing.T) {
	_, err := both().Plan(t.Context(), spec.Fault{Kind: "f", Target: "x"}, spec.Target{Registry: &spec.Registry{}})
	require.ErrorIs(t, err, faults.ErrRefused)
	r, err := both().Plan(t.Context(), spec.Fault{}, link())
	require.NoError(t, err)
	fewer := bytarget.Driver{spec.NetworkKind: kept{"network"}}
	require.ErrorContains(t, fewer.Rollback(t.Context(), r), "use the one that made it")
	require.ErrorContains(t, fewer.Inject(t.Context(), r), "use the one that made it")
	got, err := fewer.Probe(t.Context(), r)
	require.Error(t, err)
	assert.Equal(t, faults.Unseen, got)
}
