package main

import "fmt"

// behind says what is not there yet though commands are taken: after a start
// without a checkpoint, rows of what the log held then. No verdict waits for
// them. It is empty once they are there, and before the log was folded.
func (p *pipeline) behind() string {
	if n := p.tables.Lacks(p.began); n > 0 {
		return fmt.Sprintf("tables are %d records behind the log; their rows are being written", n)
	}
	return ""
}
