package reaper

import (
	"bytes"
	"io"
	"sync/atomic"
)

// What goes over the pipe: one byte each time.
const (
	beat  byte = 'b' // the agent is well
	holds byte = 'h' // it is, and a fault is in place or about to be
	bye   byte = 'q' // it ends in order
)

// pulse is what the pipe tells.
type pulse struct {
	beats chan struct{} // of several one is told
	end   chan bool     // once: whether the agent said bye
	holds atomic.Bool   // what the last beat said; set before that is told
}

// listen never holds the agent up, and ends with the pipe.
func listen(pipe io.Reader) *pulse {
	p := &pulse{beats: make(chan struct{}, 1), end: make(chan bool, 1)}
	go func() {
		buf := make([]byte, 512)
		for {
			n, err := pipe.Read(buf)
			if said := bytes.IndexByte(buf[:n], bye) >= 0; said || err != nil {
				p.end <- said
				return
			}
			p.holds.Store(bytes.HasSuffix(buf[:n], []byte{holds}))
			select {
			case p.beats <- struct{}{}:
			default:
			}
		}
	}()
	return p
}
