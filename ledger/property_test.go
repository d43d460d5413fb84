package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
)

// model is what the ledger should hold.
type model struct {
	dir    string
	l      *ledger.Ledger
	live   []string // first in first
	buried map[string]bool
}

func (m *model) is(id string) bool { return slices.Contains(m.live, id) }

func (m *model) drop(id string) {
	m.live = slices.DeleteFunc(m.live, func(s string) bool { return s == id })
}

func (m *model) file(t *rapid.T, id string) string {
	all, err := filepath.Glob(filepath.Join(m.dir, "live", "*-id-"+id))
	if err != nil || len(all) != 1 {
		t.Fatalf("the files of %s: %q, %v", id, all, err)
	}
	return all[0]
}

// TestWhateverHappensNoReceiptIsLost also dies where a crash may: with half a
// file, with a file torn at any byte, between a tombstone and its note.
func TestWhateverHappensNoReceiptIsLost(t *testing.T) {
	root, runs := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		m := &model{dir: filepath.Join(root, strconv.Itoa(runs)), buried: map[string]bool{}}
		m.reopen(t)
		id := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		t.Repeat(map[string]func(*rapid.T){
			"":                 m.check,
			"reopen":           m.reopen,
			"put":              func(t *rapid.T) { m.put(t, id.Draw(t, "id")) },
			"undo":             func(t *rapid.T) { m.undo(t, id.Draw(t, "id"), rapid.Bool().Draw(t, "fails")) },
			"bury":             func(t *rapid.T) { m.bury(t, id.Draw(t, "id")) },
			"forestall":        func(t *rapid.T) { m.forestall(t, id.Draw(t, "id")) },
			"tear":             func(t *rapid.T) { m.tear(t, id.Draw(t, "id")) },
			"die in a put":     func(t *rapid.T) { m.dieInPut(t, id.Draw(t, "id")) },
			"die in a burying": func(t *rapid.T) { m.dieInBurying(t, id.Draw(t, "id")) },
		})
	})
}

func (m *model) check(t *rapid.T) {
	all, err := m.l.Live(context.Background())
	got := ids(all)
	slices.Reverse(got)
	if err != nil || !slices.Equal(got, append([]string{}, m.live...)) {
		t.Fatalf("live are %q, %v; want %q", got, err, m.live)
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		_, there, err := m.l.Tombstone(id)
		if err != nil || there != m.buried[id] || m.l.Buried(id) != m.buried[id] {
			t.Fatalf("tombstone of %s: %v, %v; want %v", id, there, err, m.buried[id])
		}
	}
}

func (m *model) reopen(t *rapid.T) {
	l, err := ledger.Open(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	m.l = l
	if left, _ := filepath.Glob(filepath.Join(m.dir, "*", ".tmp-*")); len(left) > 0 {
		t.Fatalf("left: %q", left)
	}
}

func (m *model) put(t *rapid.T, id string) {
	err := m.l.Put(context.Background(), receipt(id))
	if m.buried[id] != errors.Is(err, ledger.ErrBuried) || (err != nil) != m.buried[id] {
		t.Fatalf("put %s: %v, buried %v", id, err, m.buried[id])
	}
	if err == nil && !m.is(id) {
		m.live = append(m.live, id)
	}
}

func (m *model) undo(t *rapid.T, id string, fails bool) {
	calls, broken := 0, errors.New("broken")
	_, err := m.l.Undo(context.Background(), id, "abort", "me", func(context.Context, faults.Receipt) error {
		calls++
		if fails {
			return broken
		}
		return nil
	})
	switch {
	case m.is(id):
		if calls != 1 || errors.Is(err, broken) != fails {
			t.Fatalf("undo %s: %d calls, %v", id, calls, err)
		}
		if !fails {
			m.drop(id)
			m.buried[id] = true
		}
	case calls != 0 || errors.Is(err, ledger.ErrNoReceipt) == m.buried[id]:
		t.Fatalf("undo %s, which is not live: %d calls, %v", id, calls, err)
	}
}

func (m *model) bury(t *rapid.T, id string) {
	if err := m.l.Bury(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	m.drop(id)
	m.buried[id] = true
}

func (m *model) forestall(t *rapid.T, id string) {
	err := m.l.Forestall(context.Background(), id, "halt", "me")
	if errors.Is(err, ledger.ErrLive) != m.is(id) || (err != nil && !m.is(id)) {
		t.Fatalf("forestall %s: %v, live %v", id, err, m.is(id))
	}
	if err == nil {
		m.buried[id] = true
	}
}

// tear cuts a file at any byte: it is reported once, and hides no other.
func (m *model) tear(t *rapid.T, id string) {
	if !m.is(id) {
		return
	}
	path := m.file(t, id)
	raw, err := os.ReadFile(path)
	if err == nil {
		err = os.Truncate(path, int64(rapid.IntRange(0, len(raw)-1).Draw(t, "at")))
	}
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "found by undo") {
		_, err = m.l.Undo(context.Background(), id, "", "", nothing)
	} else {
		_, err = m.l.Live(context.Background())
	}
	if err == nil || !strings.Contains(err.Error(), "quarantine") {
		t.Fatalf("a torn receipt: %v", err)
	}
	m.drop(id)
}

func (m *model) dieInPut(t *rapid.T, id string) {
	half := filepath.Join(m.dir, "live", ".tmp-00000000000000000009-id-"+id+".1")
	if err := os.WriteFile(half, []byte("faultline-rec"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (m *model) dieInBurying(t *rapid.T, id string) {
	if !m.is(id) {
		return
	}
	if err := os.Rename(m.file(t, id), filepath.Join(m.dir, "buried", "id-"+id)); err != nil {
		t.Fatal(err)
	}
	m.drop(id)
	m.buried[id] = true
}
