package often

// Pass says that the fault meets none of the next n candidates, which are then
// counted as seen: they need not be read. Otherwise it changes nothing, and Hit
// says which of them are met.
func (g *Gate) Pass(n int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	ahead := g.draw
	for i := 1; i <= n && g.often.Rate > 0; i++ {
		if g.lucky(&ahead, g.seen+i) {
			return false
		}
	}
	g.draw = ahead
	g.seen += n
	return true
}

// PassRecords is Pass for the records of a partition that stand at n offsets in
// a row, of which HitRecord says which are met.
func (g *Gate) PassRecords(topic string, partition int32, offset int64, n int) bool {
	if !g.passRecords(topic, partition, offset, n) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen += n
	return true
}

func (g *Gate) passRecords(topic string, partition int32, offset int64, n int) bool {
	if g.often.Rate <= 0 {
		return true
	}
	at := spotOf(topic, partition)
	for end := offset + int64(n); offset < end; offset++ {
		if g.often.record(at, offset) {
			return false
		}
	}
	return true
}
