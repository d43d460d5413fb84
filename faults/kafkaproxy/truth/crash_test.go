package truth

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// victim names the folder of a test process that is killed.
const victim = "FAULTLINE_TEST_TRUTH_DIR"

// writeForEver writes from many goroutines and says on its output which
// entries it was told are on disk.
func writeForEver(dir string) error {
	j, err := Open(dir, Options{SegmentBytes: 16 << 10})
	if err != nil {
		return err
	}
	var writers sync.WaitGroup
	var out sync.Mutex
	for w := range 8 {
		writers.Go(func() {
			for i := 0; ; i++ {
				one := []Entry{produced(fmt.Sprintf("r%d", w), uint64(w*1_000_000+i+1), 0)}
				if err := j.Write(one); err != nil {
					return
				}
				out.Lock()
				fmt.Printf("%s %s %d\n", one[0].Run, one[0].Receipt, one[0].Seq)
				out.Unlock()
			}
		})
	}
	writers.Wait()
	return errors.New("writing ended")
}

// TestNothingAcknowledgedIsLostByAKill kills the writer at some moment, time
// and again on the same folder.
func TestNothingAcknowledgedIsLostByAKill(t *testing.T) {
	dir := t.TempDir()
	acked := map[string]bool{}
	for life := range 6 {
		child := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test
		child.Env = append(os.Environ(), victim+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		said := bufio.NewScanner(out)
		for n := 0; said.Scan(); n++ {
			acked[said.Text()] = true
			if n == 150+70*life {
				require.NoError(t, child.Process.Kill())
			}
		}
		require.Error(t, child.Wait(), "it was killed")
	}
	j := open(t, dir, Options{})
	seqs, waits := map[string]uint64{}, map[batchKey]bool{}
	have := map[string]bool{}
	for _, l := range lines(t, j) {
		if e := l.Entry; e != nil {
			seqs[e.Run]++
			require.Equal(t, seqs[e.Run], e.Seq, "seq has no gap within a run")
			have[fmt.Sprintf("%s %s %d", e.Run, e.Receipt, e.Seq)] = true
			waits[e.batch()] = true
		}
		if l.Settled != nil {
			delete(waits, l.Settled.batchKey)
		}
	}
	assert.Len(t, seqs, 6)
	for a := range acked {
		if strings.Count(a, " ") == 2 {
			assert.True(t, have[a], "lost %s", a)
		}
	}
	assert.Greater(t, len(acked), 6*150)
	assert.Empty(t, waits, "offsets of the dead are unknown")
}

// TestATornEndIsCutOff cuts the last segment at every byte of its last group.
func TestATornEndIsCutOff(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	require.NoError(t, j.Write([]Entry{fetched("x", "r", 1)}))
	whole := j.sizes[1]
	require.NoError(t, j.Write([]Entry{fetched("x", "r", 2), fetched("x", "r", 3)}))
	require.NoError(t, j.Shut())
	text, err := os.ReadFile(segmentPath(dir, 1))
	require.NoError(t, err)
	for cut := whole; cut < int64(len(text)); cut += 7 {
		torn := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.Mkdir(torn, 0o700))
		require.NoError(t, os.WriteFile(segmentPath(torn, 1), text[:cut], 0o600))
		again, err := Open(torn, Options{})
		require.NoError(t, err)
		n := again.Counts("r")
		assert.GreaterOrEqual(t, n, uint64(1))
		require.NoError(t, again.Write([]Entry{fetched("x", "r", 4)}))
		assert.Equal(t, n+1, uint64(len(told(lines(t, again)))))
		require.NoError(t, again.Shut())
		third, err := Open(torn, Options{})
		require.NoError(t, err, "what was cut off stays off")
		assert.Equal(t, n+1, third.Counts("r"))
		require.NoError(t, third.Shut())
	}
	// The pages of one group reach the disk in any order.
	holed := bytes.Clone(text)
	copy(holed[whole:], "zzzz")
	require.NoError(t, os.WriteFile(segmentPath(dir, 1), holed, 0o600))
	assert.Equal(t, uint64(1), open(t, dir, Options{}).Counts("r"))
}

func TestAFirstLineThatIsTornWasNeverThere(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	require.NoError(t, j.Write([]Entry{fetched("x", "r", 1)}))
	require.NoError(t, j.Shut())
	require.NoError(t, os.WriteFile(segmentPath(dir, 2), []byte("0123"), 0o600))
	assert.Equal(t, uint64(1), open(t, dir, Options{}).Counts("r"))
}

func TestWhatIsGoneFromDiskIsTold(t *testing.T) {
	for name, damage := range map[string]func(dir string, text []byte) error{
		"a segment between": func(dir string, _ []byte) error { return os.Remove(segmentPath(dir, 2)) },
		"a line of a sealed": func(dir string, text []byte) error {
			text[len(text)-9] ^= 1
			return os.WriteFile(segmentPath(dir, 2), text, 0o600)
		},
		"the end of one": func(dir string, text []byte) error {
			return os.WriteFile(segmentPath(dir, 2), text[:len(text)-30], 0o600)
		},
		"lines of the last": func(dir string, _ []byte) error {
			last, err := os.ReadFile(segmentPath(dir, 3))
			if err != nil {
				return err
			}
			last[bytes.IndexByte(last, '\n')+4] ^= 1
			return os.WriteFile(segmentPath(dir, 3), last, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir, Options{SegmentBytes: 3 << 10})
			for i := 0; j.number < 3 || j.sizes[3] < 2<<10; i++ {
				require.NoError(t, j.Write([]Entry{fetched("x", "r", int64(i))}))
			}
			require.NoError(t, j.Shut())
			text, err := os.ReadFile(segmentPath(dir, 2))
			require.NoError(t, err)
			require.NoError(t, damage(dir, text))
			_, err = Open(dir, Options{})
			require.ErrorIs(t, err, ErrDamaged)
			assert.ErrorContains(t, err, "move the folder away")
		})
	}
}

func TestLinesAreReadBackOrRefused(t *testing.T) {
	one := fetched("x", "r", 1)
	one.At = time.Unix(1, 0).UTC()
	text, err := line{Entry: &one}.write(nil, 3)
	require.NoError(t, err)
	back, group, err := readLine(text[:len(text)-1])
	require.NoError(t, err)
	assert.Equal(t, one, *back.Entry)
	assert.Equal(t, uint64(3), group)
	for i := range len(text) - 1 {
		bad := bytes.Clone(text[:len(text)-1])
		bad[i] ^= 1
		_, _, err := readLine(bad)
		require.Error(t, err, "byte %d", i)
	}
}

func FuzzScan(f *testing.F) {
	one := fetched("x", "r", 1)
	text, err := line{Entry: &one}.write(nil, 1)
	require.NoError(f, err)
	f.Add(text)
	f.Add(append(text, "0000 1 {}\n"...))
	f.Fuzz(func(t *testing.T, text []byte) {
		size, err := scan(text, func(line) {})
		if size < 0 || size > int64(len(text)) {
			t.Fatalf("%d of %d bytes", size, len(text))
		}
		if err != nil {
			return
		}
		again, err := scan(text[:size], func(line) {})
		if err != nil || again != size {
			t.Fatalf("what is whole stays whole: %d, %v", again, err)
		}
	})
}
