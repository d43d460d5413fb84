package progress

import (
	"io"
	"os"

	"github.com/charmbracelet/x/term"
)

// Terminal is out as a terminal on which the block can stand, or nil: where
// it is a file or a pipe, or cannot move its cursor.
func Terminal(out io.Writer, getenv func(string) string) *os.File {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(file.Fd()) {
		return nil
	}
	if kind := getenv("TERM"); kind == "" || kind == "dumb" {
		return nil
	}
	return file
}

func size(file *os.File) (columns, rows int) {
	if columns, rows, err := term.GetSize(file.Fd()); err == nil && columns > 0 && rows > 0 {
		return columns, rows
	}
	return 80, 24
}
