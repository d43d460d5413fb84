package checkpoint

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/k2-platform/faultline/internal/process"
)

// maxSize bounds a checkpoint: some two million experiments. A longer log is
// read whole.
const maxSize = 256 << 20

var errTooLong = fmt.Errorf("it would be longer than %d MiB", maxSize>>20)

// writeFile replaces the checkpoint at path, and returns once it is on disk.
// Its end is the checksum of all before.
func writeFile(path string, c content) error {
	return process.ReplaceFile(path, 0o600, func(w io.Writer) error {
		sum := sha256.New()
		out := bufio.NewWriterSize(&bounded{io.MultiWriter(w, sum), maxSize - sha256.Size}, 1<<16)
		if err := errors.Join(c.write(out), out.Flush()); err != nil {
			return err
		}
		_, err := w.Write(sum.Sum(nil))
		return err
	})
}

// bounded refuses what does not fit.
type bounded struct {
	to   io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooLong
	}
	return b.to.Write(p)
}

// readFile reads what writeFile wrote, or says what is wrong with it.
func readFile(path string) (content, error) {
	f, err := os.Open(path) //nolint:gosec // the folder is the operator's
	if err != nil {
		return content{}, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return content{}, err
	}
	size := info.Size() - sha256.Size
	if size < 0 || info.Size() > maxSize {
		return content{}, fmt.Errorf("it has %d bytes", info.Size())
	}
	var text strings.Builder // what is read shares its memory
	text.Grow(int(size))
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(&text, sum), f, size); err != nil {
		return content{}, err
	}
	end := make([]byte, sha256.Size)
	if _, err := io.ReadFull(f, end); err != nil {
		return content{}, err
	}
	if string(end) != string(sum.Sum(nil)) {
		return content{}, errors.New("its checksum is wrong: it is torn or damaged")
	}
	return read(text.String())
}
