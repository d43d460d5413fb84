package iceberg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/storage/iceberg"
)

func TestColumnsOfTheCurrentSchema(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []iceberg.Column
	}{
		"of several": {
			`{"location":"/t","current-schema-id":2,"schemas":[
			{"schema-id":1,"fields":[{"id":1,"name":"old","type":"string","required":false}]},
			{"schema-id":2,"fields":[{"id":1,"name":"price","type":"decimal(18, 8)","required":false},{"id":2,"name":"tags","type":{"type":"list","element":"string"}}]}]}`,
			[]iceberg.Column{{Name: "price", Type: "decimal(18, 8)"}, {Name: "tags"}},
		},
		"of version 1":        {`{"location":"/t","schema":{"fields":[{"id":1,"name":"id","type":"long"}]}}`, []iceberg.Column{{Name: "id", Type: "long"}}},
		"of one that is gone": {`{"location":"/t","current-schema-id":2,"schemas":[{"schema-id":1,"fields":[]}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := iceberg.Parse([]byte(c.text))
			require.NoError(t, err)
			require.Equal(t, c.want, m.Columns())
		})
	}
}
