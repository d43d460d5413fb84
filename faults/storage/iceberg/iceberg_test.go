package iceberg_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/storage/iceberg"
)

// version makes metadata of a table with this line of snapshots, the newest
// last; "id" or "id@offset" of a writer that keeps its offsets in the table.
func version(t *testing.T, uuid string, line ...string) iceberg.Metadata {
	t.Helper()
	m, err := iceberg.Parse(text(uuid, line...))
	require.NoError(t, err)
	return m
}

func text(uuid string, line ...string) []byte {
	var all []string
	head, parent := "", ""
	for _, s := range line {
		id, mark, _ := strings.Cut(s, "@")
		summary := `"operation":"append"`
		if mark == "replace" {
			summary = `"operation":"replace"`
		} else if mark != "" {
			summary += fmt.Sprintf(`,"faultline.watermark":"{\"trades\":{\"0\":%s}}"`, mark)
		}
		all = append(all, fmt.Sprintf(`{"snapshot-id":%s%s,"manifest-list":"l%s","summary":{%s}}`, id, parent, id, summary))
		parent = `,"parent-snapshot-id":` + id
		head = `"current-snapshot-id":` + id + `,"refs":{"main":{"snapshot-id":` + id + `,"type":"branch"}},`
	}
	return []byte(`{"format-version":2,"table-uuid":"` + uuid + `","location":"l",` + head + `"snapshots":[` + strings.Join(all, ",") + `]}`)
}

func TestAVersionSucceedsAnother(t *testing.T) {
	for name, c := range map[string]struct {
		now, was []string
		lost     string
	}{
		"the same":                     {[]string{"1", "2"}, []string{"1", "2"}, ""},
		"grown":                        {[]string{"1", "2", "3"}, []string{"1", "2"}, ""},
		"grown out of nothing":         {[]string{"1"}, nil, ""},
		"grown, and the old expired":   {[]string{"3", "4"}, []string{"1", "2", "3"}, ""},
		"the version before":           {[]string{"1"}, []string{"1", "2"}, "those of snapshot 2"},
		"another after the one before": {[]string{"1", "3"}, []string{"1", "2"}, "those of snapshot 2"},
		"written again":                {[]string{"1@5", "3@9"}, []string{"1@5", "2@8"}, ""},
		"written again in part":        {[]string{"1@5", "3@7"}, []string{"1@5", "2@8"}, "its writer has not come so far"},
		"one of two writers again":     {[]string{"1@5", "4@9"}, []string{"1@5", "2", "3@8"}, "those of snapshot 2"},
		"a compaction is no rows":      {[]string{"1@5", "4@8"}, []string{"1@5", "2@8", "3@replace"}, ""},
		"empty":                        {nil, []string{"1@5"}, "those of snapshot 1"},
		"a mark that says nothing":     {[]string{"2@9"}, []string{"1@x"}, "those of snapshot 1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := version(t, "u", c.now...).Succeeds(version(t, "u", c.was...))
			if c.lost == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, iceberg.ErrLost)
			require.ErrorContains(t, err, c.lost)
		})
	}
	require.ErrorIs(t, version(t, "u", "1").Succeeds(version(t, "v", "1")), iceberg.ErrLost)
}

func TestAnOrphanLacksTheNewestSnapshot(t *testing.T) {
	const big = "9007199254740993" // no float holds it
	made, err := iceberg.Orphan(text("u", big, "2"))
	require.NoError(t, err)
	m, err := iceberg.Parse(made)
	require.NoError(t, err)
	head, ok := m.Head()
	require.True(t, ok)
	require.EqualValues(t, 9007199254740993, head.ID)
	require.Len(t, m.Snapshots, 1)
	require.Contains(t, string(made), `"main":{"snapshot-id":`+big)

	made, err = iceberg.Orphan(made)
	require.NoError(t, err)
	m, err = iceberg.Parse(made)
	require.NoError(t, err)
	_, ok = m.Head()
	require.False(t, ok)
	require.Contains(t, string(made), `"refs":{}`)
	_, err = iceberg.Orphan(made)
	require.ErrorContains(t, err, "there is none")
}

func TestPackedMetadataIsUnpacked(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(text("u", "7"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	m, err := iceberg.Parse(packed.Bytes())
	require.NoError(t, err)
	require.EqualValues(t, 7, *m.Current)
	_, err = iceberg.Parse(packed.Bytes()[:20])
	require.Error(t, err)
}

func TestWhatIsNoneOfATableIsRefused(t *testing.T) {
	for _, raw := range []string{"", "{}", "null", "[]", `{"location":`} {
		_, err := iceberg.Parse([]byte(raw))
		require.Error(t, err, raw)
		_, err = iceberg.Manifests(strings.NewReader(raw))
		require.Error(t, err, raw)
		_, err = iceberg.Files(strings.NewReader(raw))
		require.Error(t, err, raw)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(text("u", "1", "2@5"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := iceberg.Parse(raw)
		if err != nil {
			return
		}
		if err := m.Succeeds(m); err != nil && m.Current != nil {
			t.Errorf("a version does not succeed itself: %v", err)
		}
	})
}
