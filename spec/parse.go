// Package spec holds the documents that people write: the experiment, the
// platform that it is run on and the policy that lets it run. It reads and
// validates them; it knows no rule language, no driver and no I/O.
package spec

import "strconv"

// Parsed is a document with the places of its fields, by path
// ("hypothesis.steady_state[0]").
type Parsed struct {
	Document Document
	Places   map[string]Position
}

// Parse reads an experiment from YAML or JSON, strictly, and validates all
// that can be judged without a platform. The problems name the place and
// what to write instead; Problems.Err tells whether any of them refuses.
func Parse(source []byte) (Parsed, Problems) {
	var p Parsed
	var problems Problems
	p.Places, problems = read(source, &p.Document, (*validator).document)
	return p, problems
}

// At finds the place of a path, or of the nearest field around it.
func (p Parsed) At(path string) Position { return nearest(p.Places, path) }

// ParsedPlatform is a platform description with the places of its fields, by
// path ("books.trades.mapping.fields[0]").
type ParsedPlatform struct {
	Platform Platform
	Places   map[string]Position
}

// At finds the place of a path, or of the nearest field around it.
func (p ParsedPlatform) At(path string) Position { return nearest(p.Places, path) }

// ReadPlatform reads a platform description from YAML or JSON, strictly.
func ReadPlatform(source []byte) (ParsedPlatform, Problems) {
	var p ParsedPlatform
	var problems Problems
	p.Places, problems = read(source, &p.Platform, (*validator).platform)
	return p, problems
}

// read decodes into a document, strictly, and validates it where that refused
// nothing.
func read[T any](source []byte, into *T, validate func(*validator, T)) (map[string]Position, Problems) {
	places, problems := decode(source, into)
	if problems.Err() != nil {
		return places, problems.Sorted()
	}
	v := validator{places: places}
	validate(&v, *into)
	return places, append(problems, v.problems...).Sorted()
}

// ParsePlatform is ReadPlatform for who does not ask for places.
func ParsePlatform(source []byte) (Platform, Problems) {
	p, problems := ReadPlatform(source)
	return p.Platform, problems
}

func nearest(places map[string]Position, path string) Position {
	for {
		if at, ok := places[path]; ok {
			return at
		}
		cut := max(lastByte(path, '.'), lastByte(path, '['))
		if cut < 0 {
			return places[""]
		}
		path = path[:cut]
	}
}

func lastByte(s string, b byte) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == b {
			return i
		}
	}
	return -1
}

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
