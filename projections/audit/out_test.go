package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
)

// told is what an audit told of.
type told struct {
	records []string
	classes account.Tally
	letters []string
	refuse  error
}

func (o *told) Record(_ context.Context, c account.Class, e audit.Example) error {
	o.records = append(o.records, fmt.Sprintf("%s %s %d/%d %s", c, e.Key, e.Partition, e.Offset, strings.Join(e.Differ, "; ")))
	o.classes.Add(c, 1)
	return o.refuse
}

func (o *told) Letter(_ context.Context, d audit.Dead) error {
	o.letters = append(o.letters, fmt.Sprintf("%s %d of %d/%d %t %s", d.Class, d.Self.Offset, d.Of.Partition, d.Of.Offset, d.Resolved, d.Raw))
	return o.refuse
}

func (o *told) counts() map[string]int64 { return counts(o.classes) }

// TestEachRecordAndLetterIsToldOf whole and once, however many there are and
// however few are looked at at once.
func TestEachRecordAndLetterIsToldOf(t *testing.T) {
	w := &world{}
	var records, letters []string
	for i := range 100 {
		key := fmt.Sprint("k", i)
		at := w.send(int32(i%2), value(key, int64(i), 100))
		switch i % 4 {
		case 0:
			w.rows = append(w.rows, row{1, value(key, int64(i), 100)})
		case 1:
			raw := strings.Repeat("x", 5000+i)
			w.letters = append(w.letters, audit.Letter{At: at, Self: audit.Place{Offset: int64(i)}, Reason: "invalid", Raw: []byte(raw)})
			letters = append(letters, fmt.Sprintf("dead_lettered %d of %d/%d false %s", i, at.Partition, at.Offset, raw))
			records = append(records, fmt.Sprintf("dead_lettered %s %d/%d ", key, at.Partition, at.Offset))
		case 2:
			w.letters = append(w.letters, audit.Letter{At: audit.Place{Offset: -1}, Key: keyOf(key), Self: audit.Place{Offset: int64(i)}})
			w.rows = append(w.rows, row{1, value(key, int64(i), 100)})
			letters = append(letters, fmt.Sprintf("stored_and_dead_lettered %d of %d/%d true ", i, at.Partition, at.Offset))
			records = append(records, fmt.Sprintf("stored_and_dead_lettered %s %d/%d ", key, at.Partition, at.Offset))
		case 3:
			w.rows = append(w.rows, row{1, value(key, int64(i)+1, 100)})
			records = append(records, fmt.Sprintf("altered %s %d/%d n: sent %d, stored %d", key, at.Partition, at.Offset, i, i+1))
		}
	}
	w.letters = append(w.letters, audit.Letter{At: audit.Place{Offset: 1000}, Raw: []byte("of another window")})
	out := &told{}
	c := w.audit()
	c.Out = out
	r := run(t, c)
	assert.True(t, r.Conclusive(), r.Why())
	assert.ElementsMatch(t, records, out.records)
	assert.ElementsMatch(t, letters, out.letters)
	assert.Len(t, r.Examples[account.Altered], 10, "the report has examples all the same")
}

func TestAnAuditEndsWhereItMayNotTell(t *testing.T) {
	full := errors.New("the disk is full")
	for _, lettered := range []bool{true, false} {
		w := &world{}
		at := w.send(0, value("k", 1, 100))
		if lettered {
			w.letters = []audit.Letter{{At: at}}
			w.rows = append(w.rows, row{1, value("k", 1, 100)})
		}
		c := w.audit()
		c.Out = &told{refuse: full}
		_, err := audit.Run(t.Context(), c)
		require.ErrorIs(t, err, full)
		require.ErrorContains(t, err, "telling of ")
	}
}

// fading is a source of dead letters that loses one after it was read twice.
type fading struct {
	*world
	reads int
}

func (f *fading) Letters(ctx context.Context, each func(audit.Letter) error) error {
	if f.reads++; f.reads == 3 {
		f.letters = f.letters[1:]
	}
	return f.world.Letters(ctx, each)
}

func TestALetterThatGoesWhileItIsReadIsMissed(t *testing.T) {
	w := &world{}
	w.letters = []audit.Letter{{At: w.send(0, value("k", 1, 100))}, {At: w.send(0, value("l", 1, 100))}}
	c := w.audit()
	out := &told{}
	c.Group, c.Out, c.Letters = 100, out, []audit.Letters{&fading{world: w}}
	r := run(t, c)
	assert.Len(t, out.letters, 1)
	assert.Equal(t, "dead letters: 1 of them are no longer there", r.Why())
}

func TestAReasonOfAnyLengthIsCut(t *testing.T) {
	w := &world{}
	w.letters = []audit.Letter{{At: w.send(0, value("k", 1, 100)), Reason: strings.Repeat("é", 1<<20)}}
	r := run(t, w.audit())
	for why := range r.Reasons {
		assert.Less(t, len(why), 300)
		assert.Equal(t, audit.Reason(strings.Repeat("é", 1<<20)), why)
	}
	assert.Equal(t, "no reason given", audit.Reason(""))
}
