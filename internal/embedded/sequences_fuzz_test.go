package embedded

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

func FuzzBatches(f *testing.F) {
	whole := make([]byte, headLen+7)
	binary.BigEndian.PutUint32(whole[lengthAt:], headLen+7-lengthAt-4)
	binary.BigEndian.PutUint64(whole[producerAt:], 4711)
	binary.BigEndian.PutUint32(whole[countAt:], 3)
	binary.BigEndian.PutUint32(whole[crcAt:], crc32.Checksum(whole[attributeAt:], crc32.MakeTable(crc32.Castagnoli)))
	f.Add(whole)
	f.Add(bytes.Repeat(whole, 7))
	f.Add(whole[:headLen+1])
	f.Fuzz(func(t *testing.T, raw []byte) {
		of := map[int64]*window{}
		if err := readBatches(bytes.NewReader(raw), int64(len(raw)), of); err != nil {
			t.Fatal(err)
		}
		for pid, w := range of {
			if pid < 0 || !w.Seen || w.Count == 0 || w.Count > remembered || w.At >= remembered {
				t.Fatalf("producer %d: %+v", pid, w)
			}
		}
	})
}
