//go:build failpoint

package failpoint

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// DirVariable is the environment variable that names the folder in which the
// crash matrix arms points. Unset, nothing is armed.
const DirVariable = "FAULTLINE_FAILPOINTS"

// File is where a point is armed, reached or passed: the suffixes are "armed",
// "reached" and "go".
func File(dir string, p Point, suffix string) string {
	return filepath.Join(dir, strings.NewReplacer(" ", "-", ",", "").Replace(string(p))+"."+suffix)
}

// Reach holds the first process that comes to an armed point: it says who it
// is in the file "reached" and waits for the file "go". Who finds nothing armed
// goes on at once.
func Reach(p Point) {
	dir := os.Getenv(DirVariable)
	if dir == "" {
		return
	}
	if os.Rename(File(dir, p, "armed"), File(dir, p, "taken")) != nil {
		return
	}
	me := strconv.Itoa(os.Getpid())
	tmp := File(dir, p, "pid")
	if os.WriteFile(tmp, []byte(me), 0o600) != nil || os.Rename(tmp, File(dir, p, "reached")) != nil {
		return // no room in the folder: the matrix says that the point was not reached
	}
	for {
		if _, err := os.Stat(File(dir, p, "go")); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
