package archtest_test

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

const root = "../.."

// TestEveryLinkLeadsSomewhere follows the relative links of every page of the
// project: to a file, and to the heading that an anchor names.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	seen := 0
	for _, path := range pages(t) {
		for _, link := range links(read(t, path)) {
			seen++
			if why := follow(t, path, link); why != "" {
				t.Errorf("%s links to %s: %s", strings.TrimPrefix(path, root+"/"), link, why)
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d links were found: the pages are elsewhere, or are read wrongly", seen)
	}
}

func TestALinkToNothingIsFound(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	text := "# Two words, and `code`\n## The same\n## The same\n```\n# no heading [no](link)\n```\n`[no](link)` [a](#two-words-and-code) [b](#the-same-1)\n" +
		"[c](#the-same-2) [d](none.md) [e](page.md#no-heading) ![f](none.svg) [g](https://example.com/none) [h](<page.md>)\n[i]: none.txt\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, link := range links(read(t, page)) {
		if follow(t, page, link) != "" {
			broken = append(broken, link)
		}
	}
	if got := strings.Join(broken, " "); got != "#the-same-2 none.md page.md#no-heading none.svg none.txt" {
		t.Errorf("broken are %s", got)
	}
}

// pages are all that people read: folders that begin with a dot, or that the
// build makes, hold none.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "node_modules") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			all = append(all, path)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("looking for pages: %v", err)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("reading a page: %v", err)
	}
	return string(text)
}

// lines are those outside blocks of code.
func lines(text string) []string {
	var out []string
	code := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		} else if !code {
			out = append(out, line)
		}
	}
	return out
}

// links are where a page's links lead, in order, but those to other machines.
func links(text string) []string {
	span, link := regexp.MustCompile("`+[^`]*`+"), regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s+(\S+)`)
	var out []string
	for _, line := range lines(text) {
		for _, m := range link.FindAllStringSubmatch(span.ReplaceAllString(line, "code"), -1) {
			if to := m[1] + m[2]; !strings.Contains(to, "://") && !strings.HasPrefix(to, "mailto:") {
				out = append(out, to)
			}
		}
	}
	return out
}

// follow says why a link leads nowhere; "" where it leads somewhere.
func follow(t *testing.T, page, link string) string {
	t.Helper()
	to, err := url.Parse(link)
	if err != nil {
		return err.Error()
	}
	path := page
	if to.Path != "" {
		path = filepath.Join(filepath.Dir(page), filepath.FromSlash(to.Path))
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "there is no such file"
	}
	if to.Fragment != "" && filepath.Ext(path) == ".md" && !headings(read(t, path))[to.Fragment] {
		return "there is no such heading"
	}
	return ""
}

// headings are the anchors of a page, by the rule of
// https://docs.github.com/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
func headings(text string) map[string]bool {
	heading, link := regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*\s*$`), regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	out := map[string]bool{}
	for _, line := range lines(text) {
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := anchor(link.ReplaceAllString(m[1], "$1"))
		for n, once := 1, name; out[name]; n++ {
			name = once + "-" + strconv.Itoa(n)
		}
		out[name] = true
	}
	return out
}

func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}
