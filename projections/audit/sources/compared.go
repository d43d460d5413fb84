package sources

import (
	"context"
	"sync"

	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/checks"
)

// Compared is a window of log and table as the integrity checks read it. What
// is accounted for elsewhere, one by one, is on neither side: records that have
// a dead letter, and those that a fault changed. So are records that cannot be
// read: no row can be held against them. The rest has to be the same on both.
//
// It is safe for concurrent use; make one with Compare.
type Compared struct {
	*Platform
	Window audit.Window

	truth audit.Truth
	mu    sync.Mutex
	out   *leftOut
}

// Compare is a window whose snapshot is known. truth is what faults changed;
// nil: nothing.
func (p *Platform) Compare(w audit.Window, truth audit.Truth) *Compared {
	return &Compared{Platform: p, Window: w, truth: truth}
}

// Records is at most how many records the log has in the window.
func (c *Compared) Records() int64 {
	var n int64
	for _, r := range c.Window.Log {
		n += r.To - r.From
	}
	return n
}

// Input is what checks read of the window. The caller adds what is not of its
// records.
func (c *Compared) Input() checks.Input {
	in := checks.Input{
		Name: c.Books.Namespace + "." + c.Books.Table, Key: c.Books.Mapping.Key,
		Log: logSide{c}, Rows: rowSide{c, false}, All: rowSide{c, true},
	}
	if c.Books.Mapping.Registry != "" {
		in.Registry = registry{c}
	}
	for _, name := range c.columns {
		in.Columns = append(in.Columns, checks.Column{Name: name, Type: c.types[name].String(), Scale: c.types[name].Scale})
	}
	return in
}

// leave learns once what is on neither side. After an error it tries again.
func (c *Compared) leave(ctx context.Context) (*leftOut, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out == nil {
		out, err := c.learn(ctx)
		if err != nil {
			return nil, err
		}
		c.out = out
	}
	return c.out, nil
}
