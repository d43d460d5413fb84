package spec

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxDocumentBytes = 1 << 20
	maxNodes         = 20_000
	maxDepth         = 64
)

// scalarReader is a struct that a document may also write as plain text.
type scalarReader interface{ readScalar(string) }

// decoder fills Go values from YAML (and so from JSON), strictly: what it
// does not know it refuses, with the place and what to write instead.
type decoder struct {
	problems Problems
	places   map[string]Position
	nodes    int
}

// decode reads one document into out, which points to a struct with yaml tags.
func decode(source []byte, out any) (map[string]Position, Problems) {
	d := &decoder{places: map[string]Position{}}
	if len(source) > maxDocumentBytes {
		d.report(nil, "", fmt.Sprintf("the document has more than %d bytes", maxDocumentBytes), "split it")
		return nil, d.problems
	}
	var root yaml.Node
	if err := yaml.Unmarshal(source, &root); err != nil {
		d.problems = append(d.problems, syntaxProblem(err))
		return nil, d.problems
	}
	if len(root.Content) == 0 {
		d.report(nil, "", "the document is empty", "see experiments/ for examples")
		return nil, d.problems
	}
	d.value("", root.Content[0], reflect.ValueOf(out).Elem(), 0)
	return d.places, d.problems
}

func (d *decoder) report(n *yaml.Node, path, message, hint string) {
	p := Problem{Path: path, Message: message, Hint: hint}
	if n != nil {
		p.Position = Position{n.Line, n.Column}
	}
	d.problems = append(d.problems, p)
}

func (d *decoder) value(path string, n *yaml.Node, v reflect.Value, depth int) {
	d.nodes++
	if d.nodes > maxNodes || depth > maxDepth {
		if d.nodes <= maxNodes+1 {
			d.report(n, path, "the document is too large once its anchors are expanded", "write the values out, with fewer anchors")
			d.nodes = maxNodes + 1
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.places[path] = Position{n.Line, n.Column}
	if n.Tag == "!!null" {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(path, n, v.Elem(), depth+1)
		return
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		d.text(path, n, u)
		return
	}
	if u, ok := reflect.TypeAssert[scalarReader](v.Addr()); ok && n.Kind == yaml.ScalarNode {
		u.readScalar(n.Value)
		return
	}
	switch v.Kind() { //nolint:exhaustive // documents hold only these kinds; a test walks every type
	case reflect.Struct:
		d.structure(path, n, v, depth)
	case reflect.Map:
		d.mapping(path, n, v, depth)
	case reflect.Slice:
		d.sequence(path, n, v, depth)
	default:
		d.scalar(path, n, v)
	}
}

func (d *decoder) text(path string, n *yaml.Node, u encoding.TextUnmarshaler) {
	if n.Kind != yaml.ScalarNode {
		d.report(n, path, "found "+kindName(n)+" where one value belongs", "write one value")
		return
	}
	if err := u.UnmarshalText([]byte(n.Value)); err != nil {
		d.report(n, path, err.Error(), "")
	}
}

func (d *decoder) structure(path string, n *yaml.Node, v reflect.Value, depth int) {
	if n.Kind != yaml.MappingNode {
		d.report(n, path, "found "+kindName(n)+" where fields belong", "write "+strings.Join(fieldNames(v.Type()), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			d.report(key, path, "field "+strconv.Quote(key.Value)+" stands twice", "remove one")
			continue
		}
		seen[key.Value] = true
		f, ok := fieldByTag(v, key.Value)
		if !ok {
			d.report(key, path, "unknown field "+strconv.Quote(key.Value), DidYouMean(key.Value, fieldNames(v.Type())))
			continue
		}
		d.value(child(path, key.Value), val, f, depth+1)
	}
}

func (d *decoder) mapping(path string, n *yaml.Node, v reflect.Value, depth int) {
	if n.Kind != yaml.MappingNode {
		d.report(n, path, "found "+kindName(n)+" where names and values belong", "write name: value")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		k := reflect.New(v.Type().Key()).Elem()
		k.SetString(key.Value)
		if v.MapIndex(k).IsValid() {
			d.report(key, path, "name "+strconv.Quote(key.Value)+" stands twice", "remove one")
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(child(path, key.Value), val, e, depth+1)
		v.SetMapIndex(k, e)
	}
}

func (d *decoder) sequence(path string, n *yaml.Node, v reflect.Value, depth int) {
	if n.Kind != yaml.SequenceNode {
		d.report(n, path, "found "+kindName(n)+" where a list belongs", "write [ … ] or lines that begin with a dash")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.value(fmt.Sprintf("%s[%d]", path, i), item, v.Index(i), depth+1)
	}
}

func (d *decoder) scalar(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.report(n, path, "found "+kindName(n)+" where one value belongs", "write one value")
		return
	}
	switch v.Kind() { //nolint:exhaustive // see value
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		d.set(n, path, err, "write true or false", func() { v.SetBool(b) })
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
		d.set(n, path, err, "write a whole number", func() { v.SetInt(i) })
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		d.set(n, path, err, "write a number", func() { v.SetFloat(f) })
	default:
		d.report(n, path, "this field cannot be written in a document", "remove it")
	}
}

func (d *decoder) set(n *yaml.Node, path string, err error, hint string, assign func()) {
	if err != nil {
		d.report(n, path, fmt.Sprintf("%q does not fit here", n.Value), hint)
		return
	}
	assign()
}

// fieldByTag finds a field by its yaml tag, through embedded structs.
func fieldByTag(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.Anonymous && tag == "" {
			if inner, ok := fieldByTag(v.Field(i), name); ok {
				return inner, true
			}
		}
		if f.IsExported() && tag == name && tag != "" && tag != "-" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func fieldNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.Anonymous && tag == "" {
			names = append(names, fieldNames(f.Type)...)
		} else if f.IsExported() && tag != "" && tag != "-" {
			names = append(names, tag)
		}
	}
	return names
}

func child(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "fields"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return "the value " + strconv.Quote(n.Value)
	case yaml.DocumentNode, yaml.AliasNode:
		return "a document"
	}
	return "nothing"
}

// syntaxProblem takes the place out of the YAML library's error text, the only
// place where it gives one.
func syntaxProblem(err error) Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	p := Problem{Message: "reading YAML: " + text, Hint: "check indentation, quotes and colons"}
	if m := regexp.MustCompile(`^line (\d+): (.*)`).FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column = 1
		p.Message = "reading YAML: " + m[2]
	}
	if te, ok := errors.AsType[*yaml.TypeError](err); ok {
		p.Message = "reading YAML: " + strings.Join(te.Errors, "; ")
	}
	return p
}
