package mapping

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestStringsAreQuotedAsTheLibraryDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("a\"\\<>&\b\f\n\r\t\x00\x1f\x7fé\u2028\u2029\U0001F600")))).Draw(t, "text")
		want, err := json.Marshal(text)
		require.NoError(t, err)
		require.Equal(t, string(want), string(appendQuoted(nil, []byte(text))))
	})
}
