package digest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/digest"
)

func TestFormsAreReadBack(t *testing.T) {
	noon := time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)
	forms := digest.AppendNull(nil)
	forms = digest.AppendBool(forms, true)
	forms = digest.AppendInt(forms, -7)
	forms = digest.AppendDouble(forms, 1.5)
	forms = digest.AppendDecimal(forms, -1, ^uint64(0)-11)
	forms = digest.AppendInstant(forms, noon.UnixMicro())
	forms = digest.AppendText(forms, "BHP")
	forms = digest.AppendBytes(forms, "\x00\x01")
	forms = digest.AppendInexact(forms, strings.Repeat("ä", 200))
	want := []string{"null", "true", "-7", "1.5", "-12", "2026-03-04T12:00:00.123456Z", "BHP", "0x0001", strings.Repeat("ä", 50) + "…"}
	for i, w := range want {
		one, err := digest.At(forms, i)
		require.NoError(t, err)
		assert.Equal(t, w, digest.Write(one))
		micros, ok := digest.Instant(one)
		assert.Equal(t, i == 5, ok)
		if ok {
			assert.Equal(t, noon.UnixMicro(), micros)
		}
	}
	_, err := digest.At(forms, len(want))
	require.ErrorIs(t, err, digest.ErrForm)
}

func TestWhatIsNoFormIsSaidToBeNone(t *testing.T) {
	for _, b := range []string{"", "\x63", "\x03\x00", "\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x07\x05ab", "\x07", "\x05123"} {
		_, _, err := digest.Next([]byte(b))
		require.ErrorIs(t, err, digest.ErrForm, "%q", b)
		assert.True(t, strings.HasPrefix(digest.Write([]byte(b)), "?"), "%q", b)
	}
}
