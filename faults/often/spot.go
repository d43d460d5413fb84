package often

// spot is the beginning of the hash of where a record stands: of its topic and
// its partition.
type spot uint64

const (
	fnvOffset = 0xCBF29CE484222325
	fnvPrime  = 0x100000001B3
)

func spotOf(topic string, partition int32) spot {
	s := spot(fnvOffset)
	for i := range len(topic) {
		s = (s ^ spot(topic[i])) * fnvPrime
	}
	return s.with(uint64(uint32(partition)), 4) //nolint:gosec // its bits
}

// with takes the last bytes of a number, the greatest first.
func (s spot) with(n uint64, bytes int) spot {
	for shift := 8 * (bytes - 1); shift >= 0; shift -= 8 {
		s = (s ^ spot(n>>shift&0xFF)) * fnvPrime
	}
	return s
}

// share draws a number from 0 to 1 for an offset: FNV-1a, and the finalizer of
// SplitMix64, since FNV hardly spreads what differs in its last bytes.
func (s spot) share(offset int64, seed uint64) float64 {
	z := uint64(s.with(uint64(offset), 8).with(seed, 8)) //nolint:gosec // its bits
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return float64((z^z>>31)>>11) / (1 << 53)
}
