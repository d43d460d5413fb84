package audit

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/digest"
)

// entry is one record that is looked at.
type entry struct {
	account.Sighting
	sum      digest.Sum // of what the log has, the first time
	known    bool       // sum is of a record
	misread  bool       // a fault changed it for a reader
	onTime   bool       // a row came before the deadline
	said     int32      // receipts
	letter   int32      // of reasons, 0: none
	lettered int32      // places that have a letter
	bucket   int32
	at       Place
	key      string // for people
}

// group is the records of some buckets.
type group struct {
	*audit
	in      []bool // buckets
	buckets []int

	mu         sync.Mutex
	index      map[digest.Sum]int32 // by key
	entries    []entry
	claimed    map[Place]int32        // by receipts
	byPlace    map[Place]int32        // of records that have a dead letter
	more       map[int32][]digest.Sum // what the log has besides, of a key that it has twice
	rowOf      map[int32][]byte       // a row that differs
	reasons    []string
	reasonAt   map[string]int32
	log, table digest.Buckets
	others     int64 // rows of no record of the window
	uncounted  int64 // rows of records that the log does not have, which the first pass passed over
}

func newGroup(a *audit, buckets []int) *group {
	g := &group{
		audit: a, in: make([]bool, 1<<a.Power), buckets: buckets,
		index: map[digest.Sum]int32{}, claimed: map[Place]int32{}, byPlace: map[Place]int32{}, more: map[int32][]digest.Sum{}, rowOf: map[int32][]byte{},
		reasons: []string{""}, reasonAt: map[string]int32{},
		log: digest.NewBuckets(a.Power), table: digest.NewBuckets(a.Power),
	}
	for _, b := range buckets {
		g.in[b] = true
	}
	return g
}

// of is the entry of a key, which it makes where there is none.
func (g *group) of(key []byte, bucket int, whole bool) int32 {
	sum := digest.Of(key)
	if i, ok := g.index[sum]; ok {
		return i
	}
	i := int32(len(g.entries))                       //nolint:gosec // a group is bounded
	e := entry{at: nowhere(), bucket: int32(bucket)} //nolint:gosec // below 2^16
	if whole {
		e.key = keyText(key)
	}
	g.entries = append(g.entries, e)
	g.index[sum] = i
	return i
}

// shown is how much of a value is shown.
const shown = 100

// valueText is a value for people, cut where it is long.
func valueText(v digest.Value) string {
	text := v.String()
	if len(text) <= shown {
		return text
	}
	return strings.ToValidUTF8(text[:shown], "") + "…"
}

// keyText is a key for people.
func keyText(key []byte) string {
	var parts []string
	for len(key) > 0 {
		v, rest, err := digest.Next(key)
		if err != nil {
			break
		}
		parts, key = append(parts, valueText(v)), rest
	}
	return strings.Join(parts, ", ")
}

// fill reads all sources once more, and keeps what is of the group's buckets.
// Only an error of the table, or of ctx, ends it.
func (g *group) fill(ctx context.Context, snapshot int64) error {
	if g.Receipts != nil {
		if err := g.again(ctx, "receipts", g.Receipts.Receipts(ctx, g.receipt)); err != nil {
			return err
		}
	}
	if err := g.readLog(ctx); err != nil {
		return err
	}
	for _, letters := range g.Letters {
		if err := g.again(ctx, "dead letters", letters.Letters(ctx, g.letter)); err != nil {
			return err
		}
	}
	sums := make([]digest.Buckets, g.Workers)
	for i := range sums {
		sums[i] = digest.NewBuckets(g.Power)
	}
	err := g.readRows(ctx, snapshot, func(worker int, f Forms, late bool) { g.row(sums[worker], f, late) })
	for _, s := range sums {
		g.table.Merge(s)
	}
	return err
}

// again notes a source that could be read before and cannot now; one that
// could not be read before is noted already.
func (g *group) again(ctx context.Context, source string, err error) error {
	if err == nil || source == "receipts" && g.noReceipts || source == "dead letters" && g.noLetters {
		return ctx.Err()
	}
	return g.missed(ctx, source, err)
}

func (g *group) receipt(s Said) error {
	b := g.log.Of(s.Key)
	if !g.in[b] {
		return nil
	}
	i := g.of(s.Key, b, true)
	e := &g.entries[i]
	e.said++
	if e.Receipt == account.Unsaid || s.State == account.Acked {
		e.Receipt = s.State
	}
	if s.State == account.Acked && s.At.Offset >= 0 {
		if e.at.Offset < 0 {
			e.at = s.At
		}
		g.claimed[s.At] = i
	}
	return nil
}

func (g *group) readLog(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(g.Workers)
	for _, r := range g.slices() {
		group.Go(func() error {
			log := digest.NewBuckets(g.Power)
			// What is missing now was missing before, or the sums differ below.
			err := g.readRange(ctx, g.Formers(), r, func(s seen) { g.record(log, s) }, func(Unread) {})
			g.mu.Lock()
			defer g.mu.Unlock()
			g.log.Merge(log)
			return err
		})
	}
	return group.Wait()
}

// record adds a place of the log to its record.
func (g *group) record(log digest.Buckets, s seen) {
	if g.byReceipt(s) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if i, ok := g.claimed[s.at]; ok { // else of another group
			e := &g.entries[i]
			e.InLog, e.at = e.InLog+1, s.at
			e.Corrupted, e.misread = e.Corrupted || g.changed.has(s.at), e.misread || g.fetched.has(s.at)
			g.expect(i, s.at)
		}
		return
	}
	b := log.Of(s.key)
	if !g.in[b] {
		return
	}
	sum := digest.OfRecord(s.key, s.forms.Values)
	log[b].Add(sum)
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.of(s.key, b, s.whole)
	e := &g.entries[i]
	if e.InLog == 0 || s.at.Partition < e.at.Partition || s.at.Partition == e.at.Partition && s.at.Offset < e.at.Offset {
		e.at = s.at
	}
	e.InLog++
	e.Corrupted, e.misread = e.Corrupted || g.changed.has(s.at), e.misread || g.fetched.has(s.at)
	switch {
	case !s.whole:
	case !e.known:
		e.sum, e.known = sum, true
	case e.sum != sum:
		g.more[i] = append(g.more[i], sum)
	}
	g.expect(i, s.at)
}

// expect takes up the dead letters of a place, where it has some.
func (g *group) expect(i int32, at Place) {
	if g.lettered.has(at) {
		g.entries[i].lettered++
		g.byPlace[at] = i
	}
}

// recordOf is the record that a letter is of; false for one of another group, or
// of no record of the window.
func (g *group) recordOf(l Letter) (i int32, ok bool) {
	if l.At.Offset >= 0 {
		i, ok = g.byPlace[l.At]
	} else if len(l.Key) > 0 && g.in[g.log.Of(l.Key)] {
		i, ok = g.index[digest.Of(l.Key)]
	}
	return i, ok
}

func (g *group) letter(l Letter) error {
	i, ok := g.recordOf(l)
	if !ok {
		return nil
	}
	e := &g.entries[i]
	e.Letters++
	if e.letter == 0 {
		e.letter = g.reason(l.Reason)
	}
	return nil
}

const (
	// mostReasons is how many are told apart.
	mostReasons = 100
	// longestReason bounds one: they come from others.
	longestReason = 200
)

// Reason is why a letter is dead as reports have it: bounded, and never empty.
func Reason(why string) string {
	if len(why) > longestReason {
		why = strings.ToValidUTF8(why[:longestReason], "") + "…"
	}
	return cmp.Or(why, "no reason given")
}

func (g *group) reason(why string) int32 {
	why = Reason(why)
	if i, ok := g.reasonAt[why]; ok {
		return i
	}
	if len(g.reasons) > mostReasons {
		why = "another reason"
	}
	if i, ok := g.reasonAt[why]; ok {
		return i
	}
	i := int32(len(g.reasons)) //nolint:gosec // a hundred
	g.reasons, g.reasonAt[why] = append(g.reasons, why), i
	return i
}

// mostRows is how many rows that differ are kept, to say in what.
const mostRows = 1000

func (g *group) row(table digest.Buckets, f Forms, late bool) {
	b := table.Of(f.Key)
	if !g.in[b] {
		return
	}
	sum, key := digest.OfRecord(f.Key, f.Values), digest.Of(f.Key)
	counted := g.Window.Alone || g.twice.maybe(key)
	if counted {
		table[b].Add(sum)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	i, ok := g.index[key]
	if !ok && !g.Window.Alone {
		if counted {
			g.others++
		}
		return
	}
	if !ok {
		i = g.of(f.Key, b, true)
	}
	e := &g.entries[i]
	e.Rows++
	if !counted {
		g.uncounted++
	}
	e.onTime = e.onTime || !late
	if e.known && sum != e.sum && !slices.Contains(g.more[i], sum) {
		e.Differs = true
		if len(g.rowOf) < mostRows {
			g.rowOf[i] = append([]byte(nil), f.Values...)
		}
	}
}
