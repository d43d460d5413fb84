package mapping

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// unit is how a number of them becomes microseconds. The zero value is none.
type unit struct{ times, over int64 }

func unitOf(name string) unit {
	switch name {
	case spec.UnitSeconds:
		return unit{1_000_000, 1}
	case spec.UnitMillis:
		return unit{1000, 1}
	case spec.UnitMicros:
		return unit{1, 1}
	case spec.UnitNanos:
		return unit{1, 1000}
	}
	return unit{}
}

func days() unit { return unit{24 * 3600 * 1_000_000, 1} }

// since appends the instant of a number since 1970; wall says that it counts
// what a clock showed somewhere.
func (t *target) since(to []byte, v int64, u unit, wall bool) ([]byte, error) {
	if v%u.over != 0 || v > math.MaxInt64/u.times || v < math.MinInt64/u.times {
		return digest.AppendInexact(to, strconv.FormatInt(v, 10)), nil
	}
	return t.instant(to, v*u.times/u.over, wall)
}

// instant appends a moment, or what a clock showed, as the column has it.
func (t *target) instant(to []byte, micros int64, wall bool) ([]byte, error) {
	switch zoned := t.column.Type.Zone; {
	case wall && zoned && t.zone == nil:
		return nil, unfit("it has no zone: write the zone that it was read in")
	case wall && zoned:
		at := time.UnixMicro(micros).UTC()
		micros = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), t.zone).UnixMicro()
	case !wall && !zoned && t.zone != nil:
		_, offset := time.UnixMicro(micros).In(t.zone).Zone()
		micros += int64(offset) * 1_000_000
	}
	return digest.AppendInstant(to, micros), nil
}

// instantText reads a time of RFC 3339, with a blank instead of the T or
// without a zone, too, or a date alone.
func (t *target) instantText(to []byte, text string) ([]byte, error) {
	const date, second = "2006-01-02", "2006-01-02T15:04:05"
	fraction, zone, layout := "", "", date
	at := text
	if len(text) > len(date) {
		if layout = second; len(text) < len(second) || (text[10] != 'T' && text[10] != ' ' && text[10] != 't') {
			return nil, unfit("it is no time")
		}
		at = text[:10] + "T" + text[11:len(second)]
		fraction = text[len(second):]
		if i := strings.IndexAny(fraction, "Zz+-"); i >= 0 {
			fraction, zone = fraction[:i], fraction[i:]
		}
	}
	parsed, err := time.Parse(layout, at)
	if err != nil {
		return nil, unfit("it is no time")
	}
	micros, exact, ok := fractionOf(fraction)
	if !ok {
		return nil, unfit("it is no time")
	}
	if !exact {
		return digest.AppendInexact(to, text), nil
	}
	micros += parsed.UnixMicro()
	if zone == "" {
		return t.instant(to, micros, true)
	}
	offset, ok := offsetOf(zone)
	if !ok {
		return nil, unfit("it is no time")
	}
	return t.instant(to, micros-offset*1_000_000, false)
}

// fractionOf reads what is behind the seconds; exact says that microseconds hold it.
func fractionOf(text string) (micros int64, exact, ok bool) {
	if text == "" {
		return 0, true, true
	}
	digits := strings.TrimRight(text[1:], "0")
	if (text[0] != '.' && text[0] != ',') || len(text) == 1 || !decimals(digits) {
		return 0, false, false
	}
	if len(digits) > 6 {
		return 0, false, true
	}
	micros, err := strconv.ParseInt((digits + "000000")[:6], 10, 64)
	return micros, true, err == nil
}

// offsetOf reads a zone in seconds east of UTC.
func offsetOf(zone string) (int64, bool) {
	if zone == "Z" || zone == "z" {
		return 0, true
	}
	hour, minute := zone[1:], "00"
	switch len(zone) {
	case len("+0700"):
		hour, minute = zone[1:3], zone[3:]
	case len("+07:00"):
		if zone[3] != ':' {
			return 0, false
		}
		hour, minute = zone[1:3], zone[4:]
	case len("+07"):
	default:
		return 0, false
	}
	h, herr := strconv.ParseUint(hour, 10, 8)
	m, merr := strconv.ParseUint(minute, 10, 8)
	if herr != nil || merr != nil || h > 23 || m > 59 {
		return 0, false
	}
	east := int64(h*3600 + m*60)
	if zone[0] == '-' {
		east = -east
	}
	return east, true
}
