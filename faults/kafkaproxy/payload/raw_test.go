package payload_test

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/kafkaproxy/payload"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestBytesAreCorrupted(t *testing.T) {
	c := payload.New(nil, "", 1)
	for name, tc := range map[string]struct {
		in   []byte
		how  rule.Corrupt
		want []byte
		err  string
	}{
		"first bit":          {in: []byte{0, 1}, how: rule.Corrupt{Do: rule.BitFlip}, want: []byte{0x80, 1}},
		"last bit":           {in: []byte{0, 1}, how: rule.Corrupt{Do: rule.BitFlip, Bit: 15}, want: []byte{0, 0}},
		"no such bit":        {in: []byte{0, 1}, how: rule.Corrupt{Do: rule.BitFlip, Bit: 16}, want: []byte{0, 1}, err: "the value has 16"},
		"no bit in nothing":  {in: []byte{}, how: rule.Corrupt{Do: rule.BitFlip, Bit: -1}, want: []byte{}},
		"no bit in null":     {how: rule.Corrupt{Do: rule.BitFlip, Bit: -1}},
		"truncate":           {in: []byte{9}, how: rule.Corrupt{Do: rule.Truncate}, want: []byte{}},
		"truncate nothing":   {in: []byte{}, how: rule.Corrupt{Do: rule.Truncate}, want: []byte{}},
		"null":               {in: []byte{}, how: rule.Corrupt{Do: rule.NullValue}},
		"null already":       {how: rule.Corrupt{Do: rule.NullValue}},
		"id without a frame": {in: []byte("abcdef"), how: rule.Corrupt{Do: rule.WrongSchemaID}, want: []byte("abcdef"), err: "framing"},
		"nothing known":      {in: []byte{1}, want: []byte{1}, err: "none that is known"},
	} {
		t.Run(name, func(t *testing.T) {
			out, changed, err := corrupt(t, c, tc.in, tc.how)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tc.want, out)
			require.Equal(t, (tc.in == nil) != (tc.want == nil) || string(tc.in) != string(tc.want), changed)
		})
	}
}

func TestDrawsFollowTheSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "value")
		c := payload.New(nil, "", rapid.Uint64().Draw(t, "seed"))
		flipped, changed, err := c.Corrupt(t.Context(), "", value, rule.Corrupt{Do: rule.BitFlip, Bit: -1})
		require.NoError(t, err)
		require.True(t, changed)
		turned := 0
		for i := range value {
			turned += bits.OnesCount8(value[i] ^ flipped[i])
		}
		require.Equal(t, 1, turned)
		short, changed, err := c.Corrupt(t.Context(), "", value, rule.Corrupt{Do: rule.Truncate})
		require.NoError(t, err)
		require.True(t, changed)
		require.Less(t, len(short), len(value))
		require.Equal(t, value[:len(short)], short)
	})
	seen := map[int]bool{}
	for seed := range uint64(100) {
		out, _, err := payload.New(nil, "", seed).Corrupt(t.Context(), "", make([]byte, 64), rule.Corrupt{Do: rule.Truncate})
		require.NoError(t, err)
		seen[len(out)] = true
	}
	require.Greater(t, len(seen), 30, "seeds hardly matter")
}
