package rule

import (
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/often"
	"github.com/k2-platform/faultline/faults/params"
)

// selection are the parameters that say which requests a fault meets, and how
// many of them.
func selection() []faults.Parameter {
	return append([]faults.Parameter{
		params.New("method", "methods that it meets, by comma, such as GET,HEAD", "", params.List(method)),
		params.New("path", "what the path of a request that it meets begins with, such as /warehouse/", "", path),
	}, often.Parameters()...)
}

func selected(v params.Values, r *Rule) {
	r.Where = Where{Methods: params.Read(v, "method", params.List(method)), Path: params.Read(v, "path", path)}
	r.Often = often.Of(v)
}

func method(text string) (string, error) {
	if text == "" || strings.Trim(strings.ToUpper(text), "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return "", fmt.Errorf("%q is no method: write one such as GET", text)
	}
	return strings.ToUpper(text), nil
}

func path(text string) (string, error) {
	if !strings.HasPrefix(text, "/") || strings.ContainsAny(text, "? #") {
		return "", fmt.Errorf("%q: write a path as it is sent, from / on and without a query, such as /warehouse/", text)
	}
	return text, nil
}
