package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Quota is how much processor time a group may use in each period. The zero
// value has no limit.
type Quota struct {
	Max    time.Duration // 0: as much as there is
	Period time.Duration
}

// DefaultPeriod is the kernel's.
const DefaultPeriod = 100 * time.Millisecond

// Cores are how many processors the quota is worth; 0 where it has no limit.
func (q Quota) Cores() float64 {
	if q.Max <= 0 || q.Period <= 0 {
		return 0
	}
	return float64(q.Max) / float64(q.Period)
}

// String is what v2 has in cpu.max, in microseconds.
func (q Quota) String() string {
	if q.Max <= 0 {
		return fmt.Sprintf("max %d", q.Period.Microseconds())
	}
	return fmt.Sprintf("%d %d", q.Max.Microseconds(), q.Period.Microseconds())
}

// ParseQuota reads what String writes.
func ParseQuota(text string) (Quota, error) {
	high, period, ok := strings.Cut(text, " ")
	every, err := strconv.ParseInt(period, 10, 64)
	if !ok || err != nil || every <= 0 {
		return Quota{}, fmt.Errorf("reading the quota %q: it is not two numbers of microseconds", text)
	}
	q := Quota{Period: time.Duration(every) * time.Microsecond}
	if high == "max" {
		return q, nil
	}
	n, err := strconv.ParseInt(high, 10, 64)
	if err != nil || n <= 0 {
		return Quota{}, fmt.Errorf("reading the quota %q: it is not two numbers of microseconds", text)
	}
	q.Max = time.Duration(n) * time.Microsecond
	return q, nil
}

// The files of a quota.
const (
	maxV2    = "cpu.max"
	quotaV1  = "cpu.cfs_quota_us"
	periodV1 = "cpu.cfs_period_us"
)

// ErrNoQuota says that a group has no quota to set: it is the uppermost, or
// the controller is not turned on for it.
var ErrNoQuota = errors.New("the control group has no processor quota of its own")

// Quota reads the group's quota. ErrNoQuota.
func (g Group) Quota() (Quota, error) {
	if g.V2 {
		text, err := g.read(maxV2)
		if err == nil && text == "" {
			err = fmt.Errorf("reading control group %s: %w", g.Dir, ErrNoQuota)
		}
		if err != nil {
			return Quota{}, err
		}
		return ParseQuota(text)
	}
	period, ok, err := g.number(periodV1)
	var high int64
	if err == nil {
		high, _, err = g.number(quotaV1)
	}
	// The uppermost that is seen is the machine's, which has the file and takes no
	// quota; but in a container it is the container's own.
	if err == nil && (!ok || period <= 0 || g.Dir == g.Top && high <= 0) {
		err = fmt.Errorf("reading control group %s: %w", g.Dir, ErrNoQuota)
	}
	if err != nil {
		return Quota{}, err
	}
	return Quota{Max: time.Duration(max(0, high)) * time.Microsecond, Period: time.Duration(period) * time.Microsecond}, nil
}

// SetQuota sets the group's quota; on v1 the period stays as it is.
func (g Group) SetQuota(q Quota) error {
	file, text := maxV2, q.String()
	if !g.V2 {
		file, text = quotaV1, "-1"
		if q.Max > 0 {
			text = strconv.FormatInt(q.Max.Microseconds(), 10)
		}
	}
	if err := os.WriteFile(filepath.Join(g.Dir, file), []byte(text), 0o600); err != nil {
		return fmt.Errorf("setting the quota of a control group to %s: %w", text, err)
	}
	return nil
}

// MaySetQuota is an error that says why this process cannot set the quota. It
// changes nothing.
func (g Group) MaySetQuota() error {
	if g.V2 {
		return g.mayWrite(maxV2)
	}
	return g.mayWrite(quotaV1)
}

// Cores are how many processors the quotas of a group and of those above it
// leave it; 0 where none limits it.
func (g Group) Cores() (float64, error) {
	var least float64
	for _, level := range g.Levels() {
		q, err := level.Quota()
		if errors.Is(err, ErrNoQuota) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if c := q.Cores(); c > 0 && (least == 0 || c < least) {
			least = c
		}
	}
	return least, nil
}
