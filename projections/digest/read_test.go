package digest_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/projections/digest"
)

func TestFormsAreReadBack(t *testing.T) {
	forms := digest.AppendNull(nil)
	forms = digest.AppendBool(forms, true)
	forms = digest.AppendInt(forms, -7)
	forms = digest.AppendDouble(forms, 1.5)
	forms = digest.AppendDecimal(forms, -1, math.MaxUint64)
	forms = digest.AppendInstant(forms, 1_000_001)
	forms = digest.AppendText(forms, "ASX")
	forms = digest.AppendBytes(forms, "\x00\xff")
	forms = digest.AppendInexact(forms, "0.0000001")
	var got []string
	var all []digest.Value
	for len(forms) > 0 {
		v, after, err := digest.Next(forms)
		require.NoError(t, err)
		forms, got, all = after, append(got, v.String()), append(all, v)
	}
	assert.Equal(t, []string{"null", "true", "-7", "1.5", "-1", "1970-01-01T00:00:01.000001Z", "ASX", "00ff", "0.0000001"}, got)
	assert.True(t, all[0].Null())
	n, ok := all[2].Int()
	assert.True(t, ok)
	assert.EqualValues(t, -7, n)
	_, ok = all[3].Int()
	assert.False(t, ok, "a double is no whole number")
	at, ok := all[5].Instant()
	assert.True(t, ok)
	assert.EqualValues(t, 1_000_001, at)
	said, ok := all[6].Text()
	assert.True(t, ok)
	assert.Equal(t, "ASX", string(said))
	assert.True(t, all[8].Inexact())
	assert.Empty(t, digest.Value{}.String())
}

func TestWhatIsNoFormIsAnError(t *testing.T) {
	whole := digest.AppendText(digest.AppendDecimal(digest.AppendInt(nil, 5), 1, 2), "long enough")
	rapid.Check(t, func(rt *rapid.T) {
		forms := append([]byte{}, whole[:rapid.IntRange(0, len(whole)).Draw(rt, "cut")]...)
		if len(forms) > 0 {
			forms[rapid.IntRange(0, len(forms)-1).Draw(rt, "place")] = rapid.Byte().Draw(rt, "byte")
		}
		for len(forms) > 0 {
			v, after, err := digest.Next(forms)
			if err != nil {
				require.ErrorIs(rt, err, digest.ErrForm)
				return
			}
			_ = v.String()
			require.Less(rt, len(after), len(forms), "reading goes on")
			forms = after
		}
	})
	_, _, err := digest.Next(nil)
	require.ErrorIs(t, err, digest.ErrForm)
}
