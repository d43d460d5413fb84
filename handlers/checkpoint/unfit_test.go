package checkpoint

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/handlers"
)

// refuses checks that the checkpoint in dir is left alone, with one line that
// says why, and that the whole log is folded then.
func refuses(t require.TestingT, k *Keeper, said interface{ String() string }, l *fakeLog, why string) {
	log, whole := &handlers.Log{Lean: true}, &handlers.Log{Lean: true}
	s, ok := k.Resume(context.Background(), log)
	require.False(t, ok)
	require.Empty(t, s)
	require.Empty(t, log.Next(), "the log is as new")
	require.Equal(t, 1, strings.Count(said.String(), "\n"), said.String())
	require.Contains(t, said.String(), why)
	l.fold(t, log)
	l.fold(t, whole)
	require.Equal(t, whole.All(), log.All())
}

func TestACheckpointThatDoesNotFitIsLeftAlone(t *testing.T) {
	other := "it begins elsewhere, or holds other records"
	for name, c := range map[string]struct {
		change func(*fakeLog, *Keeper)
		why    string
	}{
		"another fold":      {func(_ *fakeLog, k *Keeper) { k.Fold = "that" }, "a program that folds the log otherwise wrote it"},
		"no fold":           {func(_ *fakeLog, k *Keeper) { k.Fold = "" }, "cannot tell how it folds"},
		"another log":       {func(l *fakeLog, _ *Keeper) { l.identity = "cluster/other" }, "it is of another log"},
		"its tail was lost": {func(l *fakeLog, _ *Keeper) { l.records[0] = l.records[0][:2] }, "holds offsets 0 to 2, and not the one before 3"},
		"its head was cut":  {func(l *fakeLog, _ *Keeper) { l.start[0], l.records[0] = 1, l.records[0][1:] }, other},
		"all was cut":       {func(l *fakeLog, _ *Keeper) { l.start[1], l.records[1] = 2, nil }, "holds offsets 2 to 2, and not the one before 2"},
		"another tail":      {func(l *fakeLog, _ *Keeper) { l.records[0][2].Value = l.records[1][0].Value }, other},
		"another key":       {func(l *fakeLog, _ *Keeper) { l.records[1][1].Key = []byte("k") }, other},
		"a partition more":  {func(l *fakeLog, _ *Keeper) { l.start[2], l.records[2] = 0, nil }, other},
		"a partition less":  {func(l *fakeLog, _ *Keeper) { delete(l.start, 1); delete(l.records, 1) }, "the log is not as it was"},
	} {
		t.Run(name, func(t *testing.T) {
			l, dir := short(t), t.TempDir()
			save(t, l, dir)
			k, said := keeper(l, dir)
			c.change(l, k)
			refuses(t, k, said, l, c.why)
		})
	}
}

// TestADamagedCheckpointIsLeftAlone: torn anywhere, or with any byte changed.
func TestADamagedCheckpointIsLeftAlone(t *testing.T) {
	l, dir := short(t), t.TempDir()
	save(t, l, dir)
	file := filepath.Join(dir, "checkpoint")
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		text, at := []byte(string(whole)), rapid.IntRange(0, len(whole)-1).Draw(t, "at")
		switch rapid.IntRange(0, 2).Draw(t, "damage") {
		case 0:
			text = text[:at]
		case 1:
			text[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		case 2:
			text = append(text, text[:at+1]...)
		}
		require.NoError(t, os.WriteFile(file, text, 0o600))
		k, said := keeper(l, dir)
		refuses(t, k, said, l, "leaving the checkpoint alone")
	})
}

func TestNoFileIsNoNews(t *testing.T) {
	k, said := keeper(short(t), t.TempDir())
	_, ok := k.Resume(t.Context(), &handlers.Log{Lean: true})
	assert.False(t, ok)
	assert.Empty(t, said.String())
}

func TestALogThatHasBegunIsNotRestored(t *testing.T) {
	l, dir := short(t), t.TempDir()
	log := save(t, l, dir)
	all := log.All()
	k, said := keeper(l, dir)
	_, ok := k.Resume(t.Context(), log)
	assert.False(t, ok)
	assert.Contains(t, said.String(), "applied to it already")
	assert.Equal(t, all, log.All())
}

func TestNothingIsSavedOfALogThatWasMadeAnew(t *testing.T) {
	l, dir := short(t), t.TempDir()
	k, _ := keeper(l, dir)
	log := &handlers.Log{Lean: true}
	k.Resume(t.Context(), log)
	l.fold(t, log)
	l.identity = "cluster/anew"
	require.ErrorContains(t, k.Save(t.Context(), log, nothingElse), "was made anew")
	assert.NoFileExists(t, k.Path)
}

func TestNothingIsSavedThatOthersLack(t *testing.T) {
	l, dir := short(t), t.TempDir()
	save(t, l.until(1), dir)
	k, _ := keeper(l, dir)
	log := &handlers.Log{Lean: true}
	k.Resume(t.Context(), log)
	l.fold(t, log)
	away := errors.New("catalog away")
	require.ErrorIs(t, k.Save(t.Context(), log, func(context.Context, map[int32]int64) error { return away }), away)
	s, ok := k.Resume(t.Context(), &handlers.Log{Lean: true})
	assert.True(t, ok, "the older one is still good")
	assert.Equal(t, int64(1), s.Records())
}

func TestWhatIsTooLongIsNotWritten(t *testing.T) {
	b := &bounded{to: &strings.Builder{}, left: 3}
	_, err := b.Write([]byte("abc"))
	require.NoError(t, err)
	_, err = b.Write([]byte("d"))
	require.ErrorIs(t, err, errTooLong)
}

// FuzzRead: what passed the checksum may still be anything.
func FuzzRead(f *testing.F) {
	log := &handlers.Log{Lean: true}
	l := short(f)
	l.fold(f, log)
	o, err := originOf(f.Context(), l, topic, log.Next())
	require.NoError(f, err)
	var out strings.Builder
	require.NoError(f, content{o, "this", log.Snapshot()}.write(&out))
	f.Add(out.String())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := read(text)
		if err != nil {
			return
		}
		fresh := &handlers.Log{Lean: true}
		if fresh.Restore(c.snapshot) != nil {
			if fresh.Next() != nil || len(fresh.All()) > 0 {
				t.Fatal("a log that was not restored is not as new")
			}
			return
		}
		var again strings.Builder
		if err := (content{c.origin, c.fold, c.snapshot}).write(&again); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := read(again.String()); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
