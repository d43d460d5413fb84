package pack_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/internal/pack"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, text := rapid.Uint64().Draw(t, "number"), rapid.String().Draw(t, "text")
		at := time.Unix(rapid.Int64().Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC()
		texts := rapid.SliceOf(rapid.StringMatching(`(aa?a?b?){0,200}`)).Draw(t, "texts")
		var w pack.Writer
		w.Number(n)
		w.Text(text)
		w.Time(at)
		w.Alike(text, texts)
		r := pack.Reader{Rest: string(w.Out)}
		require.Equal(t, n, r.Number())
		require.Equal(t, text, r.Text())
		require.Equal(t, at, r.Time())
		require.ElementsMatch(t, texts, r.Alike(text))
		require.True(t, r.Done())

		r = pack.Reader{Rest: string(w.Out[:rapid.IntRange(0, len(w.Out)-1).Draw(t, "cut")])}
		_, _, _, _ = r.Number(), r.Text(), r.Time(), r.Alike(text)
		require.False(t, r.Done(), "a torn end is seen")
	})
}

func TestWhatIsTooMuchIsSeen(t *testing.T) {
	var w pack.Writer
	w.Number(1 << 40)
	for name, read := range map[string]func(*pack.Reader){
		"text":  func(r *pack.Reader) { r.Text() },
		"count": func(r *pack.Reader) { r.Count() },
		"small": func(r *pack.Reader) { r.Small() },
		"alike": func(r *pack.Reader) { r.Alike("") },
	} {
		t.Run(name, func(t *testing.T) {
			r := pack.Reader{Rest: string(w.Out)}
			read(&r)
			require.False(t, r.Good())
		})
	}
}
