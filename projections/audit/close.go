package audit

import (
	"context"

	"github.com/k2-platform/faultline/projections/account"
)

// close puts the group's records into classes.
func (g *group) close(ctx context.Context, all *sums, table tableSums, found examples) error {
	bad, told := map[int32]bool{}, []int32(nil)
	for _, b := range g.buckets {
		if why := g.torn(b, table); why != "" {
			bad[int32(b)] = true //nolint:gosec // below 2^16
			if len(bad) == 1 {
				g.unread(Unread{Source: "log", Why: why + ": what was there may have been removed by retention"})
			}
		}
	}
	all.looked += int64(len(g.entries))
	all.others += g.others
	all.rows -= g.uncounted
	for i := range g.entries {
		e := &g.entries[i]
		all.rows += int64(e.Rows)
		all.both, all.repeats = all.both+both(*e), all.repeats+repeats(*e)
		all.letters += int64(e.lettered)
		e.Late = e.Rows > 0 && !e.onTime
		// What is stored as it was sent was read once more, unchanged.
		e.Corrupted = e.Corrupted || e.misread && (e.Differs || e.Rows == 0)
		c := g.classify(*e)
		if bad[e.bucket] || !g.certain(c) || g.unseen(*e, c) || e.lettered > 0 && e.Letters == 0 {
			all.unknown++
			continue
		}
		all.tally.Add(c, 1)
		if e.letter != 0 {
			g.report.Reasons[g.reasons[e.letter]]++
		}
		if c != account.StoredOnce {
			found.add(c, g.example(int32(i)), g.Examples)
			told = append(told, int32(i))
		}
	}
	if err := g.tell(ctx, told); err != nil {
		return err
	}
	return g.bury(ctx)
}

// classify is account.Classify, but for what the sink has not come to.
func (a *audit) classify(e entry) account.Class {
	c := account.Classify(e.Sighting)
	if next, ok := a.Window.Sink[e.at.Partition]; c == account.LostAcked && e.InLog > 0 && a.Window.Sink != nil && (!ok || e.at.Offset >= next) {
		return account.InFlight
	}
	return c
}

// both is 1 for a record that the log and a receipt have.
func both(e entry) int64 {
	if e.InLog > 0 && e.said > 0 {
		return 1
	}
	return 0
}

// repeats is how often the log and the receipts have a record again.
func repeats(e entry) int64 { return int64(max(e.InLog-1, 0)) + int64(max(e.said-1, 0)) }

// certain says that a class does not rest on what could not be read.
func (a *audit) certain(c account.Class) bool {
	switch c {
	case account.Phantom:
		return !a.state.Torn && !a.noReceipts
	case account.LostAcked:
		return !a.noLetters
	case account.InFlight, account.StoredOnce, account.StoredN, account.DeadLettered, account.StoredAndDeadLettered,
		account.DroppedAtSource, account.UnackedPresent, account.UnackedAbsent, account.CorruptedRejected,
		account.CorruptedAccepted, account.Late, account.Altered:
	}
	return true
}

// unseen says that a class rests on a receipt alone, where the record may stand in
// a part of the log that was not read: what it was is then not known, nor
// whether it has a dead letter. Of one that was acknowledged, has none and is
// not stored, though the sink has passed it, nothing more needs to be known.
func (a *audit) unseen(e entry, c account.Class) bool {
	if !a.state.Torn || e.InLog > 0 {
		return false
	}
	switch c {
	case account.LostAcked:
		next, ok := a.Window.Sink[e.at.Partition]
		return a.lettered.has(e.at) || a.Window.Sink != nil && (!ok || e.at.Offset >= next)
	case account.StoredOnce, account.Late, account.UnackedPresent, account.UnackedAbsent, account.DroppedAtSource:
		return true
	case account.InFlight, account.StoredN, account.DeadLettered, account.StoredAndDeadLettered, account.CorruptedRejected,
		account.CorruptedAccepted, account.Altered, account.Phantom:
	}
	return false
}

func (g *group) example(i int32) example {
	e := g.entries[i]
	out := example{Example: Example{Place: e.at, Key: e.key, Rows: e.Rows, Letters: e.Letters}, row: g.rowOf[i]}
	if e.letter != 0 {
		out.Reason = g.reasons[e.letter]
	}
	return out
}
