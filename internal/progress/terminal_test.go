package progress_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/k2-platform/faultline/internal/progress"
)

func TestTerminalIsWhatCanMoveItsCursor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatalf("opening a terminal: %v", err)
	}
	defer func() { _ = tty.Close() }()
	kind := func(term string) func(string) string {
		return func(string) string { return term }
	}
	if progress.Terminal(tty, kind("xterm-256color")) != tty {
		t.Error("a terminal is none")
	}
	for _, term := range []string{"", "dumb"} {
		if progress.Terminal(tty, kind(term)) != nil {
			t.Errorf("TERM=%q moves its cursor", term)
		}
	}
	if progress.Terminal(file, kind("xterm")) != nil || progress.Terminal(&bytes.Buffer{}, kind("xterm")) != nil {
		t.Error("a file or a buffer is a terminal")
	}
}
