package sampling

import "time"

// SetWall gives a pool another wall clock.
func (p *Pool) SetWall(now func() time.Time) { p.wall = now }
