package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

func join(reasons []string) string { return strings.Join(reasons, "; ") }

func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

// shortType is the part of a wire name that people use.
func shortType(t string) string {
	return strings.TrimSuffix(strings.TrimPrefix(t, "io.faultline."), ".v1")
}

func values(all map[string]float64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, name+" = "+Number(all[name]))
	}
	return strings.Join(out, ", ")
}

// Number writes a reading with as many digits as people use.
func Number(v float64) string {
	if math.Abs(v) >= 1000 || v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// Clock is a time since the start, as in +1:05.
func Clock(d time.Duration) string {
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	s := int(d.Seconds())
	return fmt.Sprintf("%s%d:%02d", sign, s/60, s%60)
}
