package embedded

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/internal/process"
)

const sequencesFile = "seq_windows.json"

// remembered is how many batches of a producer a broker knows again, as Kafka's
// ProducerStateEntry keeps them.
const remembered = 5

// window is what kfake keeps of a producer in a partition, in its own form.
type window struct {
	PID     int64             `json:"pid"`
	Topic   string            `json:"topic"`
	Part    int32             `json:"partition"`
	Entries [remembered]entry `json:"entries"`
	Count   uint8             `json:"count"`
	At      uint8             `json:"at"`
	Epoch   int16             `json:"epoch"`
	Seen    bool              `json:"seen"`
	NextSeq int32             `json:"next_seq"`
}

type entry struct {
	FirstSeq int32 `json:"first_seq"`
	NextSeq  int32 `json:"next_seq"`
	Offset   int64 `json:"offset"`
}

// restoreSequences notes which batches of idempotent producers are in the log
// below dir. kfake writes that down only as it ends in good order; after a
// SIGKILL it would take a batch that is sent again for another one, and refuse
// what a producer sends next where older notes lie there. A broker of Apache
// Kafka reads it from the log, too.
func restoreSequences(dir string) error {
	path := filepath.Join(dir, sequencesFile)
	if _, err := os.Stat(path); err == nil {
		return nil // it ended in good order
	}
	segments, err := filepath.Glob(filepath.Join(dir, "partitions", "*", "*.dat"))
	if err != nil || len(segments) == 0 {
		return err
	}
	slices.SortFunc(segments, func(a, b string) int {
		if d := strings.Compare(filepath.Dir(a), filepath.Dir(b)); d != 0 {
			return d
		}
		return int(min(max(baseOf(a)-baseOf(b), -1), 1))
	})
	var all []*window
	for part, files := range byFolder(segments) {
		of := map[int64]*window{}
		for _, path := range files {
			if err := readSegment(path, of); err != nil {
				return fmt.Errorf("reading what producers sent to %s: %w", part, err)
			}
		}
		cut := strings.LastIndexByte(part, '-')
		n, err := strconv.ParseInt(part[cut+1:], 10, 32)
		if cut < 0 || err != nil {
			continue // no partition's folder
		}
		for pid, w := range of {
			w.PID, w.Topic, w.Part = pid, part[:cut], int32(n)
			all = append(all, w)
		}
	}
	raw, err := json.Marshal(map[string]any{"version": 1, "windows": all})
	if err != nil {
		return fmt.Errorf("noting what producers sent: %w", err)
	}
	return process.WriteFile(path, raw, 0o600)
}

// forgetSequences has the next start read the log, unless this broker ends in
// good order and writes anew what it knows.
func forgetSequences(dir string) error {
	err := os.Remove(filepath.Join(dir, sequencesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func byFolder(segments []string) map[string][]string {
	all := map[string][]string{}
	for _, path := range segments {
		name := filepath.Base(filepath.Dir(path))
		all[name] = append(all[name], path)
	}
	return all
}

func baseOf(path string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".dat"), 10, 64)
	return n
}

// The head of a batch in Kafka's format 2, up to the records.
const (
	headLen     = 61
	lengthAt    = 8  // int32, of all that follows it
	crcAt       = 17 // uint32, CRC-32C of all that follows it
	attributeAt = 21
	producerAt  = 43
	epochAt     = 51
	sequenceAt  = 53
	countAt     = 57
	isControl   = 0x20
)

func readSegment(path string, of map[int64]*window) error {
	f, err := os.Open(path) //nolint:gosec // the broker's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return readBatches(bufio.NewReaderSize(f, 1<<20), info.Size(), of)
}

// readBatches reads to the end of what has that many bytes, or to a batch that
// was not wholly written.
func readBatches(r io.Reader, size int64, of map[int64]*window) error {
	table := crc32.MakeTable(crc32.Castagnoli)
	var batch []byte
	for {
		batch = slices.Grow(batch[:0], headLen)[:headLen]
		if _, err := io.ReadFull(r, batch); err != nil {
			return unlessEnd(err)
		}
		length := int64(int32(binary.BigEndian.Uint32(batch[lengthAt:]))) + lengthAt + 4 //nolint:gosec // as the format has it
		if length < headLen || length > size {
			return nil
		}
		size -= length
		batch = slices.Grow(batch, int(length)-headLen)[:length]
		if _, err := io.ReadFull(r, batch[headLen:]); err != nil {
			return unlessEnd(err)
		}
		if crc32.Checksum(batch[attributeAt:], table) != binary.BigEndian.Uint32(batch[crcAt:]) {
			return nil
		}
		note(batch, of)
	}
}

func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func note(batch []byte, of map[int64]*window) {
	pid := int64(binary.BigEndian.Uint64(batch[producerAt:])) //nolint:gosec // as the format has it
	if pid < 0 || binary.BigEndian.Uint16(batch[attributeAt:])&isControl != 0 {
		return
	}
	epoch := int16(binary.BigEndian.Uint16(batch[epochAt:])) //nolint:gosec // as the format has it
	w := of[pid]
	if w == nil || w.Epoch != epoch {
		w = &window{Epoch: epoch, Seen: true}
		of[pid] = w
	}
	first := int32(binary.BigEndian.Uint32(batch[sequenceAt:])) //nolint:gosec // as the format has it
	count := int64(binary.BigEndian.Uint32(batch[countAt:]))
	w.NextSeq = int32((int64(first) + count) % math.MaxInt32)
	w.Entries[w.At] = entry{FirstSeq: first, NextSeq: w.NextSeq, Offset: int64(binary.BigEndian.Uint64(batch))} //nolint:gosec // as the format has it
	w.At = (w.At + 1) % remembered
	w.Count = min(w.Count+1, remembered)
}
