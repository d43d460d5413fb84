package progress

import (
	"io"
	"sync"

	"github.com/charmbracelet/x/term"
)

// paper tells when the first frame is drawn. Bubble Tea knows the block's
// place only then: a line printed above it earlier overwrites what stood on
// the terminal before.
type paper struct {
	io.Writer
	once  *sync.Once
	drawn chan struct{}
}

func newPaper(out io.Writer) paper {
	return paper{Writer: out, once: &sync.Once{}, drawn: make(chan struct{})}
}

func (p paper) Write(b []byte) (int, error) {
	defer p.once.Do(func() { close(p.drawn) })
	return p.Writer.Write(b)
}

// terminalPaper is also what Bubble Tea takes for a terminal, whose size it
// may ask.
type terminalPaper struct {
	paper
	file term.File
}

func (p terminalPaper) Fd() uintptr                { return p.file.Fd() }
func (p terminalPaper) Read(b []byte) (int, error) { return p.file.Read(b) }
func (p terminalPaper) Close() error               { return nil } // it is the caller's
