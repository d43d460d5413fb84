package plot

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The layout, in pixels.
const (
	width  = 860.0
	left   = 205.0 // names stand left of it
	right  = width - 60
	line   = 16.0
	top    = 30.0
	band   = 44.0
	gap    = 12.0
	letter = 6.6 // of a small text, about
)

// style follows what the reader's system prefers.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}.b{font-weight:600;font-size:14px}.s{font-size:11px;fill:#57606a}
.l{fill:none;stroke:#0969da;stroke-width:1.4}.d{fill:#0969da}.g{stroke:#d0d7de}.f{fill:#cf222e;fill-opacity:.12}.m{stroke:#57606a;stroke-dasharray:3 3}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.l{stroke:#58a6ff}.d{fill:#58a6ff}.g{stroke:#3d444d}.f{fill:#f85149;fill-opacity:.2}.m{stroke:#9198a1}}
</style>
`

// SVG draws the chart. It has no background of its own, and colours that can
// be read on a light one and on a dark one.
func (c Chart) SVG() []byte {
	d := drawing{chart: c, length: max(c.Length, time.Second)}
	labels := d.labels()
	d.from = top + 2*line + float64(len(labels))*line
	d.to = d.from + float64(len(c.Series))*(band+gap)
	high := d.to + 2*line
	fmt.Fprintf(&d.out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s\">\n", num(width), num(high), html.EscapeString(c.Title))
	d.out.WriteString(style)
	d.text(10, top-8, "b", "", c.Title)
	d.text(10, top+line-6, "s", "", c.Subtitle)
	for _, s := range c.Spans {
		x := d.x(s.From)
		fmt.Fprintf(&d.out, "<rect class=\"f\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>\n", num(x), num(d.from), num(max(1, d.x(s.To)-x)), num(d.to-d.from))
	}
	for i, m := range labels {
		x, y := d.x(m.At), top+2*line+float64(i)*line
		fmt.Fprintf(&d.out, "<path class=\"m\" d=\"M%s %sV%s\"/>\n", num(x), num(y-3), num(d.to))
		if x+letter*float64(len(m.Label)) > width {
			d.text(x-4, y, "s", "end", m.Label)
		} else {
			d.text(x+4, y, "s", "", m.Label)
		}
	}
	for i, s := range c.Series {
		d.series(s, d.from+float64(i)*(band+gap))
	}
	d.clock()
	d.out.WriteString("</svg>\n")
	return d.out.Bytes()
}

// drawing is one SVG in the making.
type drawing struct {
	chart    Chart
	length   time.Duration
	from, to float64 // the bands, from above to below
	out      bytes.Buffer
}

// labels are the marks and what the spans begin with, in order of time, each on
// a line of its own.
func (d *drawing) labels() []Mark {
	out := make([]Mark, 0, len(d.chart.Marks)+len(d.chart.Spans))
	for _, s := range d.chart.Spans {
		out = append(out, Mark{s.Label, s.From})
	}
	out = append(out, d.chart.Marks...)
	slices.SortStableFunc(out, func(a, b Mark) int { return cmp.Compare(a.At, b.At) })
	return out
}

func (d *drawing) x(at time.Duration) float64 {
	share := float64(max(0, min(at, d.length))) / float64(d.length)
	return left + share*(right-left)
}

func (d *drawing) text(x, y float64, class, anchor, text string) {
	if text == "" {
		return
	}
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	fmt.Fprintf(&d.out, "<text class=\"%s\" x=\"%s\" y=\"%s\"%s>%s</text>\n", class, num(x), num(y), anchor, html.EscapeString(text))
}

// series is one band. Its scale begins at zero, where nothing is below.
func (d *drawing) series(s Series, y float64) {
	foot := y + band
	d.text(10, y+line, "", "", s.Name)
	d.text(10, y+2*line, "s", "", s.Unit)
	fmt.Fprintf(&d.out, "<path class=\"g\" d=\"M%s %sH%s\"/>\n", num(left), num(foot), num(right))
	low, high := 0.0, 0.0
	for _, p := range s.Points {
		if usable(p, d.length) {
			low, high = min(low, p.Value), max(high, p.Value)
		}
	}
	d.text(right+4, foot, "s", "", figure(low))
	if high == low {
		high = low + 1
	} else {
		d.text(right+4, y+8, "s", "", figure(high))
	}
	var path strings.Builder
	pen := "M"
	for i, p := range s.Points {
		if !usable(p, d.length) {
			pen = "M" // a hole stays one
			continue
		}
		if i > 0 && p.At-s.Points[i-1].At > hole {
			pen = "M"
		}
		fmt.Fprintf(&path, "%s%s %s", pen, num(d.x(p.At)), num(foot-(p.Value-low)/(high-low)*band))
		pen = "L"
	}
	if path.Len() == 0 {
		d.text(left+6, foot-4, "s", "", "no reading")
		return
	}
	fmt.Fprintf(&d.out, "<path class=\"l\" d=\"%s\"/>\n", path.String())
}

// hole is from how long on no line is drawn between two readings.
const hole = 5 * time.Second

func usable(p Point, length time.Duration) bool {
	return p.At >= 0 && p.At <= length && !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0)
}

// clock is the scale of time, in steps that leave room for their words.
func (d *drawing) clock() {
	step := 5 * time.Second
	for d.length/step > 12 {
		step *= 2
	}
	for at := time.Duration(0); at <= d.length; at += step {
		d.text(d.x(at), d.to+line, "s", "middle", fmt.Sprintf("%d:%02d", int(at.Minutes()), int(at.Seconds())%60))
	}
}

func num(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func figure(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
