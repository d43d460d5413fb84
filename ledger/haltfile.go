package ledger

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// HaltFileName is the file in the state folder that halts everything while it
// is there: the way that is left where nothing answers any more.
const HaltFileName = "HALT"

const longestWhy = 500

// HaltFile is the halt that a file asks for by being there; what it says is
// why. The same file always gives the same halt, whoever looks. One that cannot
// be looked at counts as there.
func HaltFile(path string) (Halt, bool) {
	var st unix.Stat_t
	err := unix.Lstat(path, &st)
	if errors.Is(err, unix.ENOENT) {
		return Halt{}, false
	}
	h := Halt{ID: "file-unseen", By: "the file " + path, Why: "the file is there"}
	if err != nil {
		h.Why = fmt.Sprintf("looking for the file: %v", err)
		return h, true
	}
	h.ID = fmt.Sprintf("file-%d-%d", st.Ino, st.Mtim.Nano())
	h.At = time.Unix(st.Mtim.Unix()).UTC()
	if text, err := os.ReadFile(path); err == nil && len(text) > 0 { //nolint:gosec // the operator's own folder
		h.Why = strings.TrimSpace(string(text[:min(len(text), longestWhy)]))
	}
	return h, true
}
